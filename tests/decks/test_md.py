"""Markdown decks, read again by a Markdown library."""

import re

import pytest
from markdown_it import MarkdownIt
from PIL import Image

from cnnviz.decks import plan
from cnnviz.decks.md import FLAVORS
from cnnviz.talk import read_entries, to_part
from tests.decks.conftest import EVIL, FIGURES
from tests.pages import Page


@pytest.fixture(scope="module")
def planned(figure_set):
    return plan([to_part(entry) for entry in read_entries([figure_set])], "My talk", sections=True)


@pytest.fixture(params=tuple(FLAVORS))
def flavor(request):
    return request.param


@pytest.fixture
def text(planned, flavor):
    return FLAVORS[flavor](planned, "deck_figures")


def pages_of(text, flavor):
    """The slides' Markdown, as each program parts it; the front matter first."""
    if flavor == "quarto":
        front, _, rest = text.removeprefix("---\n").partition("\n---\n")
        return [front, *re.split(r"^(?=#{1,2} )", rest, flags=re.MULTILINE)[1:]]
    return [part.strip() for part in re.split(r"^---$", text, flags=re.MULTILINE)[1:]]


def shown(markdown):
    return Page(MarkdownIt("commonmark").render(markdown))


def test_the_pictures_lie_beside_the_text(deck_of, planned):
    path = deck_of("deck.md")
    assert path.read_text(encoding="utf-8") == FLAVORS["marp"](planned, "deck_figures")
    folder = path.with_name("deck_figures")
    assert sorted(file.name for file in folder.iterdir()) == ["first.one.gif", "second.gif", "third.gif"]
    with Image.open(folder / "first.one.gif") as picture:
        assert picture.n_frames == 1 + 5  # the question, and a frame a step


def test_each_flavour_has_all_slides_and_their_pictures(text, flavor):
    found = [image for page in pages_of(text, flavor) for image in shown(page).elements["img"]]
    assert [image["src"].removeprefix("./") for image in found] == [
        f"deck_figures/{name}.gif" for name in ("first.one", "second", "third")
    ]
    assert [image["alt"].replace("\u2060", "") for image in found] == [each.storyboard().alt for each in FIGURES]
    headings = [match for page in pages_of(text, flavor) for match in re.findall(r"^#{1,2} (.*)", page, re.MULTILINE)]
    titles = ["One \\& \\<two\\>", "Max pooling", "Three", "Max unpooling"]
    assert [one for one in headings if one in titles] == titles
    assert len(headings) == (5 if flavor == "quarto" else 6)


def test_texts_are_shown_sign_by_sign(text, flavor):
    pages = pages_of(text, flavor)
    shows = shown(next(page for page in pages if "first.one.gif" in page))
    said = "".join(shows.texts["p"])
    assert EVIL in said.replace("\u2060", "")
    # Slidev would take two braces for a program.
    assert flavor != "slidev" or "{{" not in said
    assert shows.elements.keys() <= {"h1", "h2", "p", "img", "code"}
    second = shown(next(page for page in pages if "second.gif" in page))
    assert "1. Not a list, 3 × 4 → x̂." in second.texts["p"]


def test_notes_are_comments_or_in_quarto_blocks(text, flavor):
    if flavor == "quarto":
        notes = re.findall(r"^::: \{\.notes\}\n(.*?)^:::$", text, re.MULTILINE | re.DOTALL)
        assert "<!--" not in re.sub(r"\\<!--", "", text)
    else:
        pages = [page for page in pages_of(text, flavor) if ".gif" in page]
        assert all(page.endswith("-->") for page in pages)
        notes = [shown(page).comments[0] for page in pages]
    assert len(notes) == 3
    assert FIGURES[1].storyboard().alt in notes[1]
    assert re.search("Command: `?cnnviz pool .*--width 320 --tween 0 --once", notes[1])
