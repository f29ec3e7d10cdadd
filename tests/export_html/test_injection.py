"""Texts that would run in a browser, given as title, caption, section, file name, theme and title of a page."""

from pathlib import Path

import pytest

from cnnviz.cli import main

RUNS = (
    "</title></style></script></textarea></noscript><script>hit=1</script><img src=x onerror=hit=2>"
    "<svg onload=hit=3></svg>\"'><iframe srcdoc='<script>top.hit=4</script>'></iframe> --> ]]> ${hit=5} {{hit=6}} "
    "`${hit=7}` [a](javascript:hit=8) <a href=javascript:hit=9>b</a> \\u003cscript>hit=10\\u003c/script> &lt;b"
)
NAME = "\"'><img src=x onerror=hit=11>.csv"
THEME = "\"'><svg onload=hit=12>.toml"
PAGES = ("out/x.html", "out/x.svg", "all.svg", "out/index.html", "deck.html")
SET = """
[[figure]]
scene = "conv"
name = "x"
format = ["gif", "html", "svg"]
width = 320
tween = 0
k = 2
title = {text}
caption = {text}
section = {text}
input = {name}
theme = {theme}
"""


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Every page that can show these texts."""
    folder = tmp_path_factory.mktemp("evil")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path(NAME).write_text("1 2 3\n4 5 6\n7 8 9")
        Path(THEME).write_text('extends = "dark"')
        text = SET.format(text=quoted(RUNS), name=quoted(NAME), theme=quoted(THEME))
        Path("s.toml").write_text(text, encoding="utf-8")
        for words in (
            ["render", "s.toml", "--out", "out", "-q"],
            ["gallery", "out", "--title", RUNS],
            ["deck", "s.toml", "-o", "deck.html", "--title", RUNS, "-q"],
            ["conv", "--input", NAME, "--k", "2", "--title", RUNS, "--frame", "all", "-o", "all.svg", "-q"],
        ):
            with pytest.raises(SystemExit) as left:
                main(words)
            assert left.value.code == 0, words
    return folder


def test_no_text_runs_in_a_browser(folder, chromium):
    troubles, page = [], chromium.new_page()
    own = ("file:", "data:", "blob:", "about:")
    page.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda asked: None if asked.url.startswith(own) else troubles.append(asked.url))
    page.on("requestfailed", lambda asked: troubles.append(asked.url))
    for name in PAGES:
        page.goto((folder / name).as_uri())
        page.wait_for_timeout(100)
        assert "onerror=hit" in page.content(), f"{name} shows none of the texts"
        for frame in page.frames:
            assert frame.evaluate("typeof hit") == "undefined", name
            found = "[onerror], [onload], [src=x], a[href^='javascript'], iframe[srcdoc*='top.hit=4']"
            assert frame.locator(found).count() == 0, name
    assert troubles == []
