"""The player page in a browser: driven by keys, pointer and scrubber, it shows what the operation gives."""

from __future__ import annotations

import dataclasses
import io
import math
import re
import shutil

import numpy as np
import pytest

from cnnviz.discovery import find_scenes
from cnnviz.errors import CnnvizError
from cnnviz.export import Job
from cnnviz.export.html import document, write
from cnnviz.notation import number
from cnnviz.pipeline import Figure, make
from cnnviz.render.frames import Film
from cnnviz.render.panels import painter_class
from cnnviz.render.panels._cells import CellsPainter
from cnnviz.render.panels.base import Painter
from cnnviz.storyboard import Block, Grid
from cnnviz.wording import spoken

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it")
CELLS = """name => [...document.querySelectorAll(`[data-panel="${name}"] > g`)].map(cell =>
    cell.querySelector('text') ? cell.querySelector('text').textContent : '')"""
STAGE = """() => {
    let sum = 0;
    for (const sign of document.getElementById('stage').innerHTML) sum = (31 * sum + sign.codePointAt(0)) % 4294967291;
    return sum;
}"""
SCENES = sorted(find_scenes())


def page_of(figure: Figure, *, once: bool = False, film: Film | None = None) -> str:
    film = film or figure.film()
    job = Job(storyboard=film.storyboard, film=lambda tween: film, command=figure.command(), once=once)
    return document(job, film)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        started = engine.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started.new_page(viewport={"width": 960, "height": 620})
        started.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page; every error and every request beyond the file fails the test."""
    troubles: list[str] = []
    trouble = troubles.append
    heard = {
        "pageerror": lambda error: trouble(str(error)),
        "console": lambda said: trouble(said.text) if said.type == "error" else None,
        "request": lambda asked: None if asked.url.startswith(("file:", "data:")) else trouble(asked.url),
    }
    for name, hear in heard.items():
        browser.on(name, hear)

    def open_page(text: str, *, calm: bool = True):
        file = tmp_path / "figure.html"
        file.write_text(text, encoding="utf-8")
        browser.emulate_media(reduced_motion="reduce" if calm else "no-preference")
        browser.mouse.move(5, 5)
        browser.goto(file.as_uri())
        return browser

    yield open_page
    for name, hear in heard.items():
        browser.remove_listener(name, hear)
    assert troubles == []


def becomes(page, selector: str, text: str) -> None:
    from playwright.sync_api import expect

    expect(page.locator(selector)).to_have_text(text, timeout=10_000)


def shown_numbers(figure: Figure, film: Film) -> dict[str, list[str]]:
    """The final texts of all grids and blocks that show numbers, from the vectorised operation."""
    board, layout = film.storyboard, film.layout
    found = {}
    for name, values in figure.scene.expected().items():
        panel = next((p for p in board.panels() if p.name == name and isinstance(p, Grid | Block)), None)
        if panel is None:
            continue
        painter = painter_class(panel.kind)
        assert issubclass(painter, CellsPainter)
        if painter.fitted(panel, layout.cell, layout.fit).numbers:
            flat = np.asarray(values, np.float64).ravel().tolist()
            found[name] = ["" if math.isnan(value) else number(value, panel.digits) for value in flat]
    return found


@needs_browser
@pytest.mark.parametrize("scene", SCENES)
def test_the_last_step_shows_the_operations_result_and_the_way_back_restores(opened, scene):
    figure = make(scene)
    film = figure.film()
    page = opened(page_of(figure, film=film))
    first = page.evaluate(STAGE)
    page.keyboard.press("ArrowRight")
    second = page.evaluate(STAGE)
    page.keyboard.press("End")
    for name, texts in shown_numbers(figure, film).items():
        assert page.evaluate(CELLS, name) == texts
    last = page.evaluate(STAGE)
    count = film.storyboard.count
    assert page.text_content("#counter") == f"step {count} of {count}"
    page.keyboard.press("Home")
    assert page.evaluate(STAGE) == first
    page.keyboard.press("ArrowRight")
    assert page.evaluate(STAGE) == second
    page.keyboard.press("End")
    assert page.evaluate(STAGE) == last
    assert len({first, second, last}) > 1


def test_results_of_several_scenes_are_compared():
    figures = [make(scene) for scene in ("conv", "fully-connected", "lrn", "pool", "transposed-conv", "unpool")]
    assert all(shown_numbers(figure, figure.film()) for figure in figures)


@needs_browser
def test_every_step_back_equals_the_step_forward(opened):
    page = opened(page_of(make("transposed-conv", view="scatter", i=2)))
    forward = [page.evaluate(STAGE)]
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        forward.append(page.evaluate(STAGE))
    for before in reversed(forward[:-1]):
        page.keyboard.press("ArrowLeft")
        assert page.evaluate(STAGE) == before


@needs_browser
def test_it_plays_unless_the_viewer_asked_for_calm(opened):
    text = page_of(make("pool", step=0.02, hold=0.02), once=True)
    calm = opened(text)
    assert calm.text_content("#play") == "Play"
    calm.wait_for_timeout(150)
    assert calm.text_content("#counter") == "step 1 of 4"
    assert calm.get_attribute("#say", "aria-live") == "polite"
    calm.keyboard.press(" ")
    becomes(calm, "#counter", "step 4 of 4")
    becomes(calm, "#play", "Play")
    moving = opened(page_of(make("pool", step=600)), calm=False)
    assert moving.text_content("#play") == "Pause"
    assert moving.get_attribute("#say", "aria-live") == "off"
    moving.click("#play")
    assert moving.text_content("#play") == "Play"


@needs_browser
def test_without_once_it_starts_again(opened):
    page = opened(page_of(make("pool", step=0.3, hold=0.02)))
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.click("#play")
    becomes(page, "#counter", "step 1 of 4")
    assert page.text_content("#play") == "Pause"


@needs_browser
def test_a_result_cell_shows_the_step_that_wrote_it(opened):
    figure = make("conv")
    captions = [spoken(step.caption) for step in figure.storyboard().steps()]
    page = opened(page_of(figure))
    page.keyboard.press("End")
    last = page.evaluate(STAGE)
    cells = page.locator('[data-panel="output"] > g')
    cells.nth(4).hover()
    assert page.text_content("#say").startswith(captions[4])
    assert page.text_content("#counter") == "step 5 of 9"
    page.mouse.move(5, 5)
    assert page.evaluate(STAGE) == last
    cells.nth(4).click()
    page.mouse.move(5, 5)
    assert page.text_content("#counter") == "step 5 of 9"
    page.keyboard.press("ArrowRight")
    assert page.text_content("#counter") == "step 6 of 9"


@needs_browser
def test_result_cells_are_reached_and_left_by_keys(opened):
    page = opened(page_of(make("conv")))
    page.keyboard.press("Tab")
    focused = "() => document.activeElement.getAttribute('aria-label') || document.activeElement.id"
    assert page.evaluate(focused) == "output, row 1, column 1: step 1"
    assert page.is_visible("#ring")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == "output, row 2, column 2: step 5"
    assert page.text_content("#counter") == "step 5 of 9"
    page.keyboard.press("Escape")
    assert page.evaluate(focused) == "play"
    assert not page.is_visible("#ring")
    assert page.text_content("#counter") == "step 1 of 9"
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    assert page.evaluate(focused) == "output, row 2, column 2: step 5"
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.text_content("#counter") == "step 5 of 9"


@needs_browser
def test_the_scrubber_and_every_control_have_names(opened):
    figure = make("conv")
    page = opened(page_of(figure))
    page.focus("#scrub")
    page.keyboard.press("ArrowRight")
    assert page.text_content("#counter") == "step 2 of 9"
    assert page.get_attribute("#scrub", "aria-valuetext").startswith("step 2 of 9: y 1,2 = ")
    tree = page.locator("#controls").aria_snapshot()
    for control in ("button \"First\"", "button \"Back\"", "button \"Play\"", "button \"Next\"", "button \"Last\"",
                    "slider \"Step\"", "combobox \"Speed\""):  # fmt: skip
        assert control in tree
    assert page.get_attribute("#figure", "aria-label") == figure.storyboard().alt


@needs_browser
def test_a_title_cannot_run_as_a_script(opened):
    title = "</script><script>document.title='broken'</script><img src=x onerror=document.title='broken'><!-- $<b>$"
    page = opened(page_of(make("conv", title=title)))
    assert page.title() == title.replace("$", "")
    assert page.locator("script").count() == 2
    assert page.locator("#player img").count() == 0
    assert "</script><script>" in page.locator("#figure").text_content()


@needs_browser
def test_a_caption_cannot_run_as_a_script(opened):
    figure = make("conv")
    board, evil = figure.storyboard(), "<img src=x onerror=document.title='broken'></script><!--<script>"
    steps = [dataclasses.replace(step, caption=evil) for step in board.steps()]
    board = dataclasses.replace(board, steps=lambda: iter(steps), alt=f'"><script>{evil}', formula=evil)
    job = Job(storyboard=board, film=lambda tween: figure.film(), command=evil, once=False)
    page = opened(document(job, figure.film(board)))
    assert page.title() == "Convolution"
    assert page.locator("img").count() == 0
    assert page.text_content("#say") == f"{evil}; step 1 of 9"


@needs_browser
def test_without_values_no_number_is_shown_or_said(opened):
    page = opened(page_of(make("conv", values=False)))
    page.keyboard.press("End")
    assert set(page.evaluate(CELLS, "output")) == {""}
    assert page.text_content("#say") == "step 9 of 9"


def test_the_file_is_small_and_asks_for_nothing():
    file, figure = io.BytesIO(), make("conv")
    board = figure.storyboard()
    written = write(Job(storyboard=board, film=lambda tween: figure.film(), command=figure.command(), once=False), file)
    text = file.getvalue().decode("utf-8")
    assert len(file.getvalue()) <= 60 * 1024
    assert not re.search(r"https?://|\bsrc=|@import|url\(", text)
    assert (written.size, written.steps, written.milliseconds) == ((960, 540), 9, 10_000)
    assert "cnnviz conv" in text


def test_a_panel_that_it_cannot_draw_is_an_error(monkeypatch):
    figure = make("pool")
    real = painter_class("sign")

    class Other(Painter):
        measure, label = real.measure, real.label

        def __init__(self, *_):
            pass

    # Layout and palette know the kind, the vectors do not.
    found = {"sign": Other, "grid": painter_class("grid")}
    monkeypatch.setattr("cnnviz.render.scenery.painter_class", found.__getitem__)
    with pytest.raises(CnnvizError, match=r"^\.html cannot show a sign panel yet: use \.gif$"):
        page_of(figure)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$y_{1,1}$ = 0·1 + 2 = **7**", "y 1,1 = 0·1 + 2 = 7"),
        (r"$\hat{y}$ and $\frac{a}{b}$", "hat y and ab"),
        ("**plain**", "plain"),
    ],
)
def test_formulas_become_words(text, said):
    assert spoken(text) == said
