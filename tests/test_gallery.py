"""The gallery page, as text and as a browser shows it."""

import re

import pytest

import cnnviz
from cnnviz.batch import render_sets
from cnnviz.errors import CnnvizError
from cnnviz.gallery import write_gallery
from tests.pages import Page

BOXES = """[...document.querySelectorAll('.figures')].map(
    grid => [...grid.children].map(figure => figure.getBoundingClientRect().toJSON()))"""
FIGURE = '[[figure]]\nscene = "conv"\nname = "{name}"\nsection = "{section}"\nwidth = 320\ntween = 0\ni = 3\nk = {k}\n'
ESCAPED = (
    FIGURE.format(name="first", section="One & <two>", k=2)
    + """
caption = "A caption with <b>signs</b> & \\"quotes\\""
title = "<script>document.title='broken'</script>"
"""
)


def gallery(folder, text):
    """A folder with the figures of a set and their page."""
    (folder / "set.toml").write_text(text, encoding="utf-8")
    assert render_sets([folder / "set.toml"], folder / "out", jobs=1, force=False, quiet=True) == 0
    return write_gallery(folder / "out", "All <figures>")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Four sections of one, two, three and four figures."""
    figures = [
        FIGURE.format(name=f"n{n}-{k}", section=n, k=k % 3 + 1) + f"bias = {k}\n" for n in range(1, 5) for k in range(n)
    ]
    return gallery(tmp_path_factory.mktemp("gallery"), ESCAPED + "\n".join(figures))


def test_the_page_shows_every_figure_with_words_and_command(page, tmp_path, monkeypatch):
    found = Page(page.read_text(encoding="utf-8"))
    assert [image["src"] for image in found.elements["img"]][:2] == ["first.gif", "n1-0.gif"]
    assert all(image["alt"].startswith("Animation of a convolution") for image in found.elements["img"])
    assert found.texts["h2"] == ["One & <two>", "1", "2", "3", "4"]
    assert found.texts["h3"][0] == "<script>document.title='broken'</script>"
    assert len(found.texts["h3"]) == len(set(found.texts["h3"])) == 11
    assert found.texts["p"] == ['A caption with <b>signs</b> & "quotes"']
    assert len(found.texts["script"]) == 1
    # The Python line makes the figure.
    monkeypatch.chdir(tmp_path)
    eval(found.texts["code"][3], {"cnnviz": cnnviz})
    assert (tmp_path / "n1-0.gif").read_bytes() == (page.parent / "n1-0.gif").read_bytes()


def test_every_row_is_full(chromium, page):
    seen = chromium.new_page()
    seen.goto(page.as_uri())
    assert seen.title() == "All <figures>", "a user's text ran as a script"
    for width, columns in {400: 1, 1280: 2, 1920: 3}.items():
        seen.set_viewport_size({"width": width, "height": 900})
        assert seen.evaluate("document.documentElement.scrollWidth") == width
        most = 0
        for figures in seen.evaluate(BOXES):
            whole = max(box["right"] for box in figures) - min(box["left"] for box in figures)
            for top in {round(box["top"]) for box in figures}:
                widths = [box["width"] for box in figures if round(box["top"]) == top]
                assert sum(widths) + 24 * (len(widths) - 1) == pytest.approx(whole, abs=2)
                most = max(most, len(widths))
        assert most == columns
    seen.close()


def stills(seen):
    return seen.eval_on_selector_all("figure", "all => all.map(figure => figure.classList.contains('still'))")


def test_figures_play_where_they_are_seen(chromium, page):
    seen = chromium.new_page(viewport={"width": 400, "height": 700})
    seen.goto(page.as_uri())
    seen.wait_for_selector("figure:not(.still)")
    last = seen.locator("figure").last
    assert "still" in last.get_attribute("class")
    last.scroll_into_view_if_needed()
    seen.wait_for_function("[...document.querySelectorAll('figure')].at(-1).matches(':not(.still)')")
    assert stills(seen)[0]
    last.get_by_role("button", name="Pause").click()
    assert "still" in last.get_attribute("class")
    seen.close()


def test_nothing_moves_for_those_who_ask_for_calm(chromium, page):
    seen = chromium.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    seen.goto(page.as_uri())
    seen.wait_for_function("document.querySelector('canvas').width == 320")
    assert all(stills(seen))
    seen.locator("figure").first.get_by_role("button", name="Play").click()
    assert stills(seen).count(False) == 1
    seen.close()


def test_the_command_is_copied(chromium, page):
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    seen = context.new_page()
    seen.goto(page.as_uri())
    seen.get_by_role("button", name="Copy the command").nth(1).click()
    seen.wait_for_selector("text=Copied")
    assert seen.evaluate("navigator.clipboard.readText()").startswith("cnnviz conv --i 3 --k 1")
    context.close()


def test_figures_of_several_formats_show_what_a_page_can_show(tmp_path):
    entries = {"a": '["json", "gif"]', "b": '"mp4,zip"', "c": '"zip"'}
    figures = (FIGURE.format(name=name, section="", k=3) + f"format = {kinds}\n" for name, kinds in entries.items())
    written = gallery(tmp_path, "".join(figures))
    text = written.read_text(encoding="utf-8")
    assert [(image["src"], image["width"]) for image in Page(text).elements["img"]] == [("a.gif", "320")]
    assert re.findall(r'<video src="([^"]+)" aria-label="Animation', text) == ["b.mp4"]
    assert re.findall(r'<a href="([^"#]+)">', text) == ["a.json", "a.gif", "b.mp4", "b.zip"]
    assert "2 figures" in text


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(CnnvizError, match="render"):
        write_gallery(tmp_path, "x")
