"""The player page in a browser: driven by keys, pointer and scrubber, it shows what the operation gives."""

import math

import numpy as np
import pytest

from cnnviz.export import Job
from cnnviz.export.html import TWEEN, document
from cnnviz.notation import in_cell
from cnnviz.pipeline import Figure, make
from cnnviz.render.frames import Film
from cnnviz.render.panels._fitted import Fitted
from cnnviz.render.theme import contrast, theme_names
from cnnviz.storyboard import Block, Grid
from cnnviz.words.plain import spoken
from tests.figures import make_figure, named, usual_figures

CELLS = """name => [...document.querySelectorAll(`[data-panel="${name}"] > g`)].map(cell =>
    cell.querySelector('text') ? cell.querySelector('text').textContent : '')"""
STAGE = """() => {
    let sum = 0;
    for (const sign of document.getElementById('stage').innerHTML) sum = (31 * sum + sign.codePointAt(0)) % 4294967291;
    return sum;
}"""


def page_of(figure: Figure, *, once: bool = False, film: Film | None = None) -> str:
    film = film or figure.film(tween=TWEEN)
    job = Job(storyboard=film.storyboard, film=lambda tween: film, command=figure.command(), once=once)
    return document(job, film)


@pytest.fixture(scope="module")
def browser(chromium):
    return chromium.new_page(viewport={"width": 960, "height": 620})


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page; every error and every request beyond the file fails the test."""
    troubles: list[str] = []
    heard = {
        "pageerror": lambda error: troubles.append(str(error)),
        "console": lambda said: troubles.append(said.text) if said.type == "error" else None,
        "request": lambda asked: None if asked.url.startswith(("file:", "data:")) else troubles.append(asked.url),
    }
    for name, hear in heard.items():
        browser.on(name, hear)

    def open_page(text: str, *, calm: bool = True, ready: str = "[data-ready]"):
        file = tmp_path / "figure.html"
        file.write_text(text, encoding="utf-8")
        browser.emulate_media(reduced_motion="reduce" if calm else "no-preference")
        browser.mouse.move(5, 5)
        browser.goto(file.as_uri())
        browser.wait_for_selector(ready)
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
    layout, panels = film.layout, {panel.name: panel for panel in film.storyboard.panels()}
    found = {}
    for name, values in figure.scene.expected().items():
        panel = panels.get(name)
        # Where a window moves, numbers lie above it, apart from their cells.
        if not isinstance(panel, Grid | Block) or any(mark.role == "window" for mark in panel.marks):
            continue
        if Fitted.of(panel, layout.cell, layout.fit).numbers:
            flat = np.asarray(values, np.float64).ravel().tolist()
            found[name] = ["" if math.isnan(value) else in_cell(value, panel.digits) for value in flat]
    return found


@pytest.mark.parametrize("figure", usual_figures()[::3], ids=named)
def test_the_last_step_shows_the_operations_result_and_the_way_back_restores(opened, figure):
    figure = make_figure(figure)
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


def test_it_plays_unless_the_viewer_asked_for_calm(opened):
    text = page_of(make("pool", step=0.02, hold=0.02), once=True)
    calm = opened(text)
    assert calm.text_content("#play") == "Play"
    calm.wait_for_timeout(150)
    assert calm.text_content("#counter") == "step 1 of 5"
    assert calm.get_attribute("#say", "aria-live") == "polite"
    calm.keyboard.press(" ")
    becomes(calm, "#counter", "step 5 of 5")
    becomes(calm, "#play", "Play")
    # Out of sight it waits.
    moving = opened(text.replace("<body>", '<body><div style="height:3000px"></div>'), calm=False)
    moving.wait_for_timeout(200)
    assert moving.text_content("#counter") == "step 1 of 5"
    assert moving.text_content("#play") == "Pause"
    assert moving.get_attribute("#say", "aria-live") == "off"
    moving.evaluate("scrollTo(0, 3000)")
    becomes(moving, "#counter", "step 5 of 5")


def test_a_result_cell_shows_the_step_that_wrote_it_and_every_control_has_a_name(opened):
    figure = make("conv")
    captions = [spoken(step.caption) for step in figure.storyboard().steps()]
    page = opened(page_of(figure))
    page.keyboard.press("End")
    last = page.evaluate(STAGE)
    cell = page.locator('[data-panel="output"] > g').nth(4)
    cell.hover()
    assert page.text_content("#say").startswith(captions[4])
    assert page.text_content("#counter") == "step 5 of 10"
    page.mouse.move(5, 5)
    assert page.evaluate(STAGE) == last
    cell.click()
    page.mouse.move(5, 5)
    assert page.text_content("#counter") == "step 5 of 10"
    page.focus("#scrub")
    page.keyboard.press("ArrowRight")
    assert page.text_content("#counter") == "step 6 of 10"
    assert page.get_attribute("#scrub", "aria-valuetext").startswith("step 6 of 10: y 2,3 = ")
    tree = page.locator("#controls").aria_snapshot()
    for control in (
        'button "First"',
        'button "Back"',
        'button "Play"',
        'button "Next"',
        'button "Last"',
        'slider "Step"',
        'combobox "Speed"',
    ):
        assert control in tree
    assert page.get_attribute("#figure", "aria-label") == figure.storyboard().alt


def test_a_browser_that_cannot_unpack_a_page_says_so(opened):
    figure = make("pool")
    text = page_of(figure).replace("<body>", "<body><script>delete window.DecompressionStream</script>")
    page = opened(text, ready="#trouble")
    assert "use one of 2023 or later" in page.text_content("#trouble")
    assert page.locator("#about span").first.text_content() == figure.storyboard().alt
    assert page.locator("#about").bounding_box()["height"] > 15
    assert not page.is_visible("#controls")


def test_without_scripts_it_tells_what_it_would_show(chromium, tmp_path):
    make("pool").save(tmp_path / "figure.html")
    page = chromium.new_page(java_script_enabled=False)
    page.goto((tmp_path / "figure.html").as_uri())
    assert page.locator("#about").bounding_box()["height"] > 15
    assert not page.is_visible("#controls")
    assert page.inner_text("#player").endswith("The player needs JavaScript.")
    page.close()


# Gliding

WAYS = """() => document.getAnimations().map(motion => {
    const {delay, duration} = motion.effect.getTiming();
    motion.pause();
    motion.currentTime = delay + duration / 2;
    const ends = motion.effect.getKeyframes().map(frame => frame.transform.match(/-?[0-9.]+/g).map(Number));
    const now = new DOMMatrix(getComputedStyle(motion.effect.target).transform);
    const flies = motion.effect.target.closest('#flights') !== null;
    return {ends, now: [now.e, now.f], lasts: duration, waits: delay, flies};
})"""
CORNERS = """() => [['input', 7 + 3], ['output', 1]].map(([name, place]) => {
    const layer = document.querySelector(`[data-panel="${name}"]`), cell = layer.children[place];
    const [at, own] = [layer, cell].map(part => part.transform.baseVal.consolidate()?.matrix ?? {e: 0, f: 0});
    return [at.e + own.e, at.f + own.f];
})"""
ARRIVE = "document.getAnimations().forEach(motion => motion.finish())"


def at_first(page):
    page.click("#play")
    page.keyboard.press("Home")
    return page


def test_a_window_glides_to_the_next_place_before_the_step_is_shown(opened):
    page = at_first(opened(page_of(make("conv", k=3, s=2, p=1, step=600, tween=30)), calm=False))
    first = page.evaluate(CELLS, "output")
    page.keyboard.press("ArrowRight")
    ways = page.evaluate(WAYS)
    # The window's fill, weights and outline go on by the stride of two cells, the one around the result by a cell.
    pitch = page.evaluate("document.querySelectorAll('[data-panel=\"input\"] > g')[1].transform.baseVal[0].matrix.e")
    glides = [way["ends"][1][0] - way["ends"][0][0] for way in ways if not way["flies"]]
    assert sorted(glides) == [pitch] + [2 * pitch] * 3
    # Then the result flies from the middle of the window to its cell.
    (flight,) = (way for way in ways if way["flies"])
    assert flight["waits"] == 1200
    for end, spot in zip(flight["ends"], page.evaluate(CORNERS), strict=True):
        assert end == pytest.approx(spot, abs=1)
    for way in ways:
        (left, top), (right, bottom) = way["ends"]
        assert way["now"] == pytest.approx([(left + right) / 2, (top + bottom) / 2])
        assert way["lasts"] == 1200
    assert page.text_content("#counter") == "step 1 of 10"
    assert page.evaluate(CELLS, "output") == first
    page.evaluate(ARRIVE)
    becomes(page, "#counter", "step 2 of 10")
    assert page.evaluate(CELLS, "output") != first
    assert page.evaluate(WAYS) == []


def test_cells_slide_apart_zeros_grow_and_the_kernel_turns(opened):
    page = at_first(opened(page_of(make("transposed-conv", step=600, tween=30)), calm=False))
    moved, grown = [], []
    for number in range(2, 6):
        page.keyboard.press("ArrowRight")
        ways = page.evaluate(WAYS)
        moved.append(sum(way["ends"][0] != way["ends"][-1] for way in ways if len(way["ends"][0]) == 2))
        grown.append(sum(len(way["ends"][0]) == 1 for way in ways))
        page.evaluate(ARRIVE)
        becomes(page, "#counter", f"step {number} of 55")
    # The middle one of 3×3 cells stays where it is, the outline grows.
    assert moved == [8 + 1, 0, 0, 8]
    # A 3×3 input becomes 5×5 and, with its border, 9×9.
    assert grown == [0, 16, 56, 0]


def test_a_figure_that_plays_begins_with_the_question(opened):
    figure = make("conv", i=4, k=3, p=1, step=600)
    asking = page_of(figure, film=figure.film(tween=30, opening=True))
    # It does not go on by itself.
    page = opened(asking.replace("</head>", "<script>setTimeout = () => 0</script></head>"), calm=False)
    assert "?" in page.text_content("#stage")
    assert page.text_content("#line") == ""
    page.keyboard.press("ArrowRight")
    # The padding of a 4×4 input grows around it.
    assert sum(len(way["ends"][0]) == 1 for way in page.evaluate(WAYS)) == 20
    page.evaluate(ARRIVE)
    becomes(page, "#flights", "")
    page.wait_for_selector("text=y")
    assert "?" not in page.text_content("#stage")
    assert page.text_content("#counter") == "step 1 of 17"
    assert page.text_content("#line") != ""


def test_it_never_flashes_however_fast_it_is_played(chromium, tmp_path):
    # Cells of 56 pixels, nine of them under the window: more than a quarter of the ten degrees that WCAG names.
    make("conv", step=0.02, tween=0).save(tmp_path / "figure.html")
    page = chromium.new_page()
    page.clock.install(time=0)
    page.goto((tmp_path / "figure.html").as_uri())
    page.wait_for_selector("[data-ready]")
    page.clock.pause_at(3_600_000)
    page.select_option("#speed", "4")
    page.keyboard.press("Home")
    page.click("#play")
    for step in range(1, 4):
        page.clock.run_for(160)
        assert page.text_content("#counter") == f"step {step} of 10"
        page.clock.run_for(7)
        assert page.text_content("#counter") == f"step {step + 1} of 10"
    page.close()


# Words, looks, sizes


def test_controls_can_be_read_in_every_theme(opened):
    colors = """selector => {
        const style = getComputedStyle(document.querySelector(selector));
        return [style.color, style.backgroundColor, style.borderColor, style.outlineColor].map(
            color => color.match(/[0-9]+/g).slice(0, 3).map(Number));
    }"""
    for theme in theme_names():
        page = opened(page_of(make("pool", theme=theme)))
        page.focus("#scrub")
        page.keyboard.press("Tab")
        ground = page.evaluate(colors, "body")[1]
        for control in ("#first", "#play", "#speed"):
            text, fill, edge, outline = page.evaluate(colors, control)
            assert contrast(tuple(text), tuple(fill)) >= 4.5
            assert contrast(tuple(edge), tuple(ground)) >= 3
        # The last one has the focus.
        assert contrast(tuple(outline), tuple(ground)) >= 3
        assert contrast(tuple(page.evaluate(colors, "label")[0]), tuple(ground)) >= 4.5
