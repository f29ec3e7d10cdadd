"""HTML decks, as text and as a browser runs them."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser

import pytest
from playwright.sync_api import expect

from tests.decks.conftest import FIGURES

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it")
LOCAL = ("file:", "data:", "about:")
# Slides of the set: title, section, two figures, section, figure.
FIRST, SECOND, THIRD, COUNT = 3, 4, 6, 6


class Page(HTMLParser):
    """What a page holds: elements with their attributes, and the texts of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.elements and self.elements[-1][0] == "script":
            self.scripts.append(data)

    def all(self, tag):
        return [given for name, given in self.elements if name == tag]


@pytest.fixture(scope="module")
def text(deck_of):
    return deck_of("deck.html").read_text(encoding="utf-8")


def test_it_is_one_file_that_loads_nothing(text, deck_of):
    assert [file.name for file in deck_of("deck.html").parent.iterdir()] == ["deck.html"]
    page = Page(text)
    sources = [given["src"] for given in page.all("img")]
    assert len(sources) == 3
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not page.all("link")
    assert not re.search(r"(?:href|src)=\"?https?:|@import|url\(", text)
    policy = next(given["content"] for given in page.all("meta") if "http-equiv" in given)
    assert policy.startswith("default-src 'none'")


def test_texts_cannot_break_out(text):
    page = Page(text)
    assert len(page.all("b")) == len(re.findall("<p><b>(?:Convention|Formula|Command):</b>", text))
    assert len(page.all("section")) == COUNT
    assert len(page.all("script")) == 4
    alts = [given["alt"] for given in page.all("img")]
    assert alts[0] == FIGURES[0].storyboard().alt


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        started = engine.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = started.new_page(viewport={"width": 800, "height": 450})
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda said: page.troubles.append(said.text) if said.type == "error" else None)
        page.on("request", lambda one: None if one.url.startswith(LOCAL) else page.troubles.append(one.url))
        yield page
        started.close()


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
    shown = page.evaluate("[...document.querySelectorAll('.slide')].filter(s => s.offsetParent !== null || "
                          "getComputedStyle(s).display !== 'none').map(s => s.id)")  # fmt: skip
    assert shown == [f"s{slide}"]
    assert page.text_content("#number") == f"{slide} / {COUNT}"


def player(page):
    """The one player, when it has loaded."""
    expect(page.locator("iframe")).to_have_count(1)
    frame = page.frame_locator("iframe")
    expect(frame.locator("#counter")).to_be_visible()
    return frame


@needs_browser
def test_keys_go_from_slide_to_slide(opened):
    page = opened(calm=True)
    at(page, 1)
    for place, key in enumerate(["ArrowRight", "PageDown", " ", "ArrowDown"], start=2):
        page.keyboard.press(key)
        at(page, place)
    for place, key in zip((4, 3, 2, 1), ["ArrowLeft", "PageUp", "Shift+ ", "ArrowUp"], strict=True):
        page.keyboard.press(key)
        at(page, place)
    page.keyboard.press("ArrowLeft")
    at(page, 1)
    page.keyboard.press("End")
    at(page, COUNT)
    page.keyboard.press("ArrowRight")
    at(page, COUNT)
    page.keyboard.press("Home")
    at(page, 1)
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    at(page, 4)
    page.click("#next")
    at(page, 5)
    page.click("#previous")
    at(page, 4)


@needs_browser
def test_only_the_slide_that_is_shown_has_a_player_and_it_starts_anew(opened):
    page = opened(calm=True)
    expect(page.locator("iframe")).to_have_count(0)
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    counter = player(page).locator("#counter")
    page.keyboard.press("l")
    page.keyboard.press("l")
    page.keyboard.press("j")
    page.keyboard.press("l")
    expect(counter).to_have_text("step 3 of 4")
    page.keyboard.press("ArrowRight")
    at(page, SECOND)
    player(page)
    page.keyboard.press("ArrowLeft")
    expect(player(page).locator("#counter")).to_have_text("step 1 of 4")
    page.keyboard.press("PageUp")
    expect(page.locator("iframe")).to_have_count(0)


@needs_browser
def test_in_a_player_the_arrows_are_its_own_and_page_keys_the_decks(opened):
    page = opened(FIRST, calm=True)
    frame = player(page)
    frame.locator("#next").click()
    assert page.evaluate("document.activeElement.tagName") == "IFRAME"
    page.keyboard.press("ArrowRight")
    at(page, FIRST)
    expect(frame.locator("#counter")).to_have_text("step 3 of 4")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    page.keyboard.press("ArrowRight")
    at(page, SECOND)
    player(page).locator("#next").click()
    page.keyboard.press("PageDown")
    at(page, 5)
    page.keyboard.press("ArrowRight")
    at(page, THIRD)


@needs_browser
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
