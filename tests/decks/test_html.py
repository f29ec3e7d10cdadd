"""HTML decks, as text and as a browser runs them."""

import re

import pytest
from playwright.sync_api import expect

from tests.decks.conftest import FIGURES
from tests.pages import Page

LOCAL = ("file:", "data:", "about:")
# Slides of the set: title, section, two figures, section, figure.
FIRST, SECOND, COUNT = 3, 4, 6


def test_it_is_one_file_that_loads_nothing_and_texts_cannot_break_out(deck_of):
    path = deck_of("deck.html")
    assert [file.name for file in path.parent.iterdir()] == ["deck.html"]
    text = path.read_text(encoding="utf-8")
    elements = Page(text).elements
    images = elements["img"]
    assert len(images) == 3
    assert all(given["src"].startswith("data:image/png;base64,") for given in images)
    assert images[0]["alt"] == FIGURES[0].storyboard().alt
    assert not elements["link"]
    assert not re.search(r"(?:href|src)=\"?https?:|@import|url\(", text)
    policy = next(given["content"] for given in elements["meta"] if "http-equiv" in given)
    assert policy.startswith("default-src 'none'")
    assert len(elements["b"]) == len(re.findall("<p><b>(?:Convention|Formula|Command):</b>", text))
    assert (len(elements["section"]), len(elements["script"])) == (COUNT, 4)


@pytest.fixture(scope="module")
def browser(chromium):
    page = chromium.new_page(viewport={"width": 800, "height": 450})
    page.troubles = []
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.on("console", lambda said: page.troubles.append(said.text) if said.type == "error" else None)
    page.on("request", lambda one: None if one.url.startswith(LOCAL) else page.troubles.append(one.url))
    return page


@pytest.fixture
def opened(browser, deck_of):
    """Open the deck at a slide; every error and every request fails the test."""

    def open_deck(slide: int | None = None, *, calm: bool = False):
        browser.emulate_media(reduced_motion="reduce" if calm else "no-preference")
        browser.goto("about:blank")
        browser.goto(deck_of("deck.html").as_uri() + (f"#{slide}" if slide else ""))
        return browser

    yield open_deck
    assert browser.troubles == []


def at(page, slide: int) -> None:
    """The page shows that slide, and no other."""
    # The page's own word: the browser tells its address later.
    assert page.evaluate("location.hash") == f"#{slide}"
    shown = page.evaluate(
        "[...document.querySelectorAll('.slide')].filter(s => s.offsetParent !== null || "
        "getComputedStyle(s).display !== 'none').map(s => s.id)"
    )
    assert shown == [f"s{slide}"]
    assert page.text_content("#number") == f"{slide} / {COUNT}"


def player(page):
    """The one player, when it has loaded."""
    expect(page.locator("iframe")).to_have_count(1)
    frame = page.frame_locator("iframe")
    expect(frame.locator("#counter")).to_be_visible()
    return frame


def test_keys_go_from_slide_to_slide(opened):
    page = opened(calm=True)
    at(page, 1)
    keys = "ArrowRight 2 PageDown 3 Space 4 ArrowDown 5 ArrowLeft 4 PageUp 3 Shift+Space 2 ArrowUp 1 ArrowLeft 1 End 6"
    words = iter(f"{keys} ArrowRight 6 Home 1".split())
    for key, place in zip(words, words, strict=True):
        page.keyboard.press(key)
        at(page, int(place))
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    at(page, 4)
    page.click("#next")
    at(page, 5)
    page.click("#previous")
    at(page, 4)


def test_only_the_slide_that_is_shown_has_a_player_and_it_starts_anew(opened):
    page = opened(calm=True)
    expect(page.locator("iframe")).to_have_count(0)
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    counter = player(page).locator("#counter")
    for key in "lljl":
        page.keyboard.press(key)
    expect(counter).to_have_text("step 3 of 5")
    page.keyboard.press("ArrowRight")
    at(page, SECOND)
    player(page)
    page.keyboard.press("ArrowLeft")
    expect(player(page).locator("#counter")).to_have_text("step 1 of 5")
    page.keyboard.press("PageUp")
    expect(page.locator("iframe")).to_have_count(0)


def test_in_a_player_the_arrows_are_its_own_and_page_keys_the_decks(opened):
    page = opened(FIRST, calm=True)
    frame = player(page)
    frame.locator("#next").click()
    page.keyboard.press("ArrowRight")
    at(page, FIRST)
    expect(frame.locator("#counter")).to_have_text("step 3 of 5")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    at(page, SECOND)
    player(page).locator("#next").click()
    page.keyboard.press("PageDown")
    at(page, 5)


def test_paper_gets_a_page_for_each_slide_with_the_last_step(opened, tmp_path):
    pypdf = pytest.importorskip("pypdf")
    page = opened(FIRST, calm=True)
    player(page)
    page.pdf(path=tmp_path / "deck.pdf", prefer_css_page_size=True, print_background=True)
    pages = pypdf.PdfReader(tmp_path / "deck.pdf").pages
    assert len(pages) == COUNT
    assert [len(one.images) for one in pages] == [0, 0, 1, 1, 0, 1]
    assert "Max pooling" in pages[SECOND - 1].extract_text()
    assert float(pages[0].mediabox.width) / float(pages[0].mediabox.height) == pytest.approx(16 / 9, rel=1e-3)
