"""SVG stills, sheets and animations: read again as XML, compared with the operations' results, played in a browser."""

import io
from itertools import accumulate
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from cnnviz.export import module_for
from cnnviz.notation import number
from cnnviz.pipeline import Figure, make

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
SMALL = {"i": 4, "k": 3, "width": 480}
WINDOW = """() => Math.max(...[...document.querySelectorAll('path[stroke-width="2"]')].filter(path =>
    getComputedStyle(path).visibility === 'visible' && path.getBoundingClientRect().width > 40 && !path.closest('defs')
).map(path => path.getBoundingClientRect().left))"""
FLYING = """() => [...document.documentElement.children].filter(element =>
    /h[0-9]+n[0-9]+$/.test(element.getAttribute('class')) &&
    getComputedStyle(element).visibility === 'visible').length"""
SEEN = """milliseconds => {
    for (const animation of document.getAnimations()) {
        animation.pause();
        animation.currentTime = milliseconds;
    }
    const texts = element => [element, ...element.querySelectorAll('*')].filter(e => e.localName === 'text');
    const shown = element => getComputedStyle(element).visibility === 'visible';
    const svg = document.documentElement, found = [];
    for (const element of svg.querySelectorAll('text, use')) {
        if (element.closest('defs') || !shown(element)) continue;
        const used = element.getAttribute('xlink:href');
        const drawn = used ? svg.getElementById(used.slice(1)) : element;
        found.push(...texts(drawn).map(text => text.textContent));
    }
    return found.sort();
}"""


def written(figure: Figure, extension: str = "svg") -> bytes:
    file = io.BytesIO()
    module_for(Path(f"x.{extension}")).write(figure.job(), file)
    return file.getvalue()


def read(figure: Figure) -> ElementTree.Element:
    return ElementTree.fromstring(written(figure))


def texts(root: ElementTree.Element) -> list[str]:
    """What stands in the picture."""
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def test_a_still_is_named_and_told_and_shows_the_operations_result_as_text():
    figure = make("conv", k=3, s=2, p=1)
    root = read(figure)
    shown, wanted = texts(root), figure.scene.expected()["output"]
    for value in np.unique(wanted):
        assert shown.count(number(float(value), 0)) >= np.count_nonzero(wanted == value)
    assert {"Convolution", "Kernel 3×3", "kernel", "stride"} <= set(shown)
    assert root.get("role") == "img"
    title, desc = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text == "Convolution"
    last = [step.caption for step in figure.storyboard().steps()][-1]
    assert desc.text.strip(".").endswith(last)
    assert {"k=3", "s=2", "p=1"} <= {use.get("aria-label") for use in root.iter(f"{SVG}use")}


def test_two_pictures_can_stand_in_one_page():
    names = [
        {node.get("id") for node in read(figure).iter() if node.get("id")}
        for figure in (make("conv", **SMALL), make("conv", **SMALL, theme="dark"))
    ]
    assert names[0]
    assert not names[0] & names[1]


@pytest.fixture(scope="module")
def browser(chromium):
    return chromium.new_page(viewport={"width": 480, "height": 270})


@pytest.mark.parametrize(("scene", "given"), [("conv", SMALL), ("pool", {"width": 480, "step": 0.1})])
def test_an_animation_shows_each_step_at_the_films_time(browser, tmp_path, scene, given):
    figure = make(scene, **given, frame="all")
    figure.save(tmp_path / "x.svg")
    browser.emulate_media(reduced_motion="no-preference")
    browser.goto((tmp_path / "x.svg").as_uri())
    # Before the first step stands the question.
    opening = round(1000 * figure.film().timing.opening)
    assert "?" in browser.evaluate(SEEN, opening / 2)
    lasts = [frame.milliseconds for frame in figure.film()]
    begins = list(accumulate(lasts, initial=opening))
    for place in (0, len(lasts) - 1):
        wanted = texts(read(make(scene, **given, frame=place + 1)))
        for share in (0.1, 0.9):
            shown = browser.evaluate(SEEN, begins[place] + share * lasts[place])
            assert [text for text in shown if text.startswith("step ")] == [f"step {place + 1} of {len(lasts)}"]
            assert set(shown) == set(wanted)
    # Who wants no motion sees the last step.
    browser.emulate_media(reduced_motion="reduce")
    browser.reload()
    assert browser.evaluate("document.getAnimations().length") == 0
    assert sorted(browser.evaluate(SEEN, 0)) == sorted(wanted)


def test_a_still_looks_like_the_pixels(browser, tmp_path):
    """Hatches, windows, numbers: over areas of 10×10, so that the edges of letters count for what they cover."""
    for extension in ("svg", "png"):
        make("conv", s=2, p=1, width=480, theme="print").save(tmp_path / f"x.{extension}")
    browser.goto((tmp_path / "x.svg").as_uri())
    shown, wanted = (
        np.asarray(Image.open(file).convert("RGB")).astype(float).reshape(27, 10, 48, 10, 3).mean(axis=(1, 3))
        for file in (io.BytesIO(browser.screenshot()), tmp_path / "x.png")
    )
    assert np.abs(shown - wanted).max() < 40
    assert np.abs(shown - wanted).mean() < 2


@pytest.mark.parametrize(("tween", "glides"), [(0, False), (6, True)])
def test_a_window_glides_to_its_next_place(browser, tmp_path, tween, glides):
    make("conv", **SMALL, frame="all", tween=tween, step=1.0).save(tmp_path / "x.svg")
    browser.emulate_media(reduced_motion="no-preference")
    browser.goto((tmp_path / "x.svg").as_uri())
    seen = []
    # Half of the way there, then the result flies.
    for time in (1500, 1640, 1880, 2500):
        browser.evaluate(SEEN, time)
        seen.append((browser.evaluate(WINDOW), browser.evaluate(FLYING)))
    (before, between, _, after), flying = zip(*seen, strict=True)
    assert flying == (0, 0, int(glides), 0)
    # Two columns of a cell's width: from the first to the second.
    assert after > before
    assert between == (pytest.approx((before + after) / 2, abs=0.2 * (after - before)) if glides else before)
