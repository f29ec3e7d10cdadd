"""The gallery page, as text and as a browser runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cnnviz.batch import render_sets
from cnnviz.errors import CnnvizError
from cnnviz.gallery import write_gallery

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SET = """
[[figure]]
scene = "conv"
name = "first"
section = "One & <two>"
caption = "A caption with <b>signs</b> & \\"quotes\\""
title = "<script>document.title='broken'</script>"
width = 320
i = 3
k = 2

[[figure]]
scene = "conv"
name = "second"
section = "Three"
width = 320
i = 3
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("gallery")
    (home / "set.toml").write_text(SET, encoding="utf-8")
    assert render_sets([home / "set.toml"], home / "out", jobs=1, force=False, quiet=True) == 0
    write_gallery(home / "out", "All <figures>")
    return home / "out"


def browse(page: Path, profile: Path, *flags: str) -> str:
    """The page's document after its scripts have run."""
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={profile}", "--virtual-time-budget=3000", *flags, "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.figures: list[str] = []
        self.headings: list[str] = []
        self.scripts = 0
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._in = tag
        if tag == "img":
            self.images.append(given)
        elif tag == "figure":
            self.figures.append(given.get("class") or "")
        self.scripts += tag == "script"

    def handle_data(self, data):
        if self._in in ("h2", "h3", "code") and data.strip():
            self.headings.append(data.strip())


def test_the_page_shows_every_figure_with_words_and_command(folder):
    page = Page((folder / "index.html").read_text(encoding="utf-8"))
    assert [image["src"] for image in page.images] == ["first.gif", "second.gif"]
    assert all(image["alt"].startswith("Animation of a convolution") for image in page.images)
    assert "One & <two>" in page.headings
    assert "<script>document.title='broken'</script>" in page.headings
    assert "cnnviz conv --i 3 --k 3 --width 320" in page.headings
    assert page.scripts == 1


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it")
def test_a_browser_plays_it_and_stills_it_for_those_who_ask_for_calm(folder, tmp_path):
    text = browse(folder / "index.html", tmp_path / "a")
    assert Page(text).figures == ["", ""]
    assert re.search(r"<title>All &lt;figures&gt;</title>", text), "a user's text ran as a script"
    calm = browse(folder / "index.html", tmp_path / "b", "--force-prefers-reduced-motion")
    assert Page(calm).figures == ["paused", "paused"]
    assert 'id="all" aria-pressed="true">Play all<' in calm


def test_figures_of_several_formats_show_what_a_page_can_show(tmp_path):
    entries = (("a", '["json", "gif"]'), ("b", '"mp4,zip"'), ("c", '"zip"'))
    text = "".join(
        f'[[figure]]\nscene = "conv"\nname = "{name}"\nformat = {formats}\nwidth = 320\ni = 3\n'
        for name, formats in entries
    )
    (tmp_path / "set.toml").write_text(text, encoding="utf-8")
    assert render_sets([tmp_path / "set.toml"], tmp_path / "out", jobs=1, force=False, quiet=True) == 0
    write_gallery(tmp_path / "out", "All")
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert [(image["src"], image["width"]) for image in Page(text).images] == [("a.gif", "320")]
    assert re.findall(r'<video src="([^"]+)" aria-label="Animation', text) == ["b.mp4"]
    assert re.findall(r'<a href="([^"]+)">', text) == ["a.json", "a.gif", "b.mp4", "b.zip"]
    assert "2 figures" in text


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(CnnvizError, match=r"holds no figures: run `cnnviz render` first$"):
        write_gallery(tmp_path, "x")
