"""Windows and dots that glide: where they are on the way, what time it takes, and that nothing of it stays behind."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest

from cnnviz.pipeline import make
from cnnviz.render.frames import settled
from cnnviz.render.theme import load_theme
from tests.figures import all_figures, make_figure, named

# Each scene once, in its quickest figure.
FIGURES = [figure for figure in all_figures() if not figure[1] and figure[0] != "gradient-descent"]
FIGURES += [("gradient-descent", {"optimizer": "adam", "frames": 8}), ("conv-relation", {"i": "6x7", "s": "2x1"})]
SMALL = {"width": 480, "values": False}


def pictures(film):
    return ((frame, film.palette.colors[frame.pixels]) for frame in film)


def outline(rgb, color):
    """The box of all pixels of a colour, and how many there are."""
    rows, columns = np.nonzero((rgb == color).all(axis=2))
    return (rows.min(), columns.min(), rows.max(), columns.max()), len(rows)


def test_the_window_glides_from_where_it_stood_to_where_it_goes():
    color = load_theme("article").mark("window")
    shown = list(pictures(make("conv", i=6, k=3, s=3, tween=5, **SMALL).film()))
    assert [frame.settled for frame, _ in shown] == ([True] + [False] * 5) * 3 + [True]
    boxes, counts = zip(*(outline(rgb, color) for _, rgb in shown), strict=True)
    assert len(set(counts)) == 1, "an outline is whole, and alone"
    sizes = {(bottom - top, right - left) for top, left, bottom, right in boxes}
    assert len(sizes) == 1
    for start in range(0, 18, 6):
        way = np.array([box[:2] for box in boxes[start : start + 7]], float)
        share = (way - way[0]) @ (way[-1] - way[0]) / ((way[-1] - way[0]) ** 2).sum()
        steps = np.diff(share)
        assert (steps > 0).all(), "it does not turn back"
        assert steps[0] < steps[2] > steps[-1], "slow at both ends"
        # Smoothstep at sixths of the way, to a pixel.
        np.testing.assert_allclose(share[1:-1], [2 / 27, 7 / 27, 1 / 2, 20 / 27, 25 / 27], atol=0.02)


def test_only_outlines_change_on_the_way():
    film = make("conv", i=6, k=3, s=3, tween=4, width=480).film()
    place, before = film.layout.places["input"], None
    for frame, rgb in pictures(film):
        if frame.settled:
            before = rgb
            continue
        differs = (rgb != before).any(axis=2)
        assert not differs[place.y + place.height + 6 :, : place.x + place.width].any(), "the label and the band wait"
        # Two rings of three cells a side, two pixels wide.
        assert differs.sum() <= 2 * 4 * 2 * (3 * place.cell + place.cell + 4)


@pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))
def test_settled_pictures_are_those_of_a_film_that_jumps(figure):
    scene, given = figure
    jumping, gliding = (make(scene, **given, tween=tween, width=320).film() for tween in (0, 3))
    pixels = None
    for frame, wanted in zip(settled(gliding), jumping, strict=True):
        # What a reader of the settled pictures alone is told to have changed is all that has.
        if pixels is None:
            pixels = np.zeros_like(frame.pixels)
        pixels[frame.changed.slices] = frame.pixels[frame.changed.slices]
        np.testing.assert_array_equal(pixels, wanted.pixels)
        assert (frame.milliseconds, frame.settled) == (wanted.milliseconds, True)


def test_every_step_lands_when_it_would_without_gliding():
    def landings(tween):
        time, found = 0, []
        for frame in make("transposed-conv", step=0.37, width=320, tween=tween).film():
            if frame.settled:
                found.append(time)
            time += frame.milliseconds
        return [*found, time]

    assert landings(6) == landings(0)


@pytest.mark.parametrize(
    ("step", "times"),
    [
        (1.0, [760] + 6 * [40]),
        (0.24, [40] + 5 * [40]),
        (0.1, [20, 40, 40]),
        (0.05, [50]),
        (0.06, [20, 40]),
    ],
)
def test_short_steps_have_fewer_pictures_and_none_is_too_short(step, times):
    film = make("conv", i=20, k=1, s=10, step=step, hold=1, tween=6, width=320).film()
    found = [frame.milliseconds for frame in film][1 if step < 0.17 else 0 :]
    if step < 0.17:
        # The first picture stays longer: see flashes.
        found = found[found.index(40) + 1 :] if 40 in times else found
        while found and found[0] == 40:
            found.pop(0)
    assert found[: len(times)] == times
    assert min(found) >= 20


def test_what_appears_or_stays_does_not_glide():
    # The first step brings the window; one cell has nowhere to go.
    assert len(list(make("conv", i=3, k=3, tween=6, width=320).film())) == 1
    assert all(frame.settled for frame in make("norm", kind="compare", tween=6, width=320).film())


def test_a_dot_glides_with_its_tangent():
    film = make("loss", tween=4, **SMALL).film()
    color, place = load_theme("article").line("tangent"), film.layout.places["plot"]
    at = []
    for _, rgb in islice(pictures(film), 5, 11):
        stage = rgb[place.y : place.y + place.height, place.x : place.x + place.width]
        rows, columns = np.nonzero((stage == color).all(axis=2))
        at.append((columns.mean(), rows.mean()))
    assert all(a[0] < b[0] for a, b in pairwise(at)), "both go right"


def test_a_figure_counts_its_steps_not_its_pictures(tmp_path):
    written = make("conv", i=4, k=3, tween=3, width=320, step=0.5, hold=1).save(tmp_path / "x.gif")
    assert (written.steps, written.milliseconds) == (4, 2500)


@pytest.mark.parametrize("name", ["png", "zip"])
def test_stills_are_settled_pictures(name, tmp_path):
    for tween in (0, 4):
        make_figure(
            (
                "conv",
                {"i": 4, "k": 3, "width": 320, "tween": tween, "frame": "2"}
                if name == "png"
                else {"i": 4, "k": 3, "width": 320, "tween": tween},
            )
        ).save(tmp_path / f"{tween}.{name}")
    if name == "png":
        from PIL import Image

        one, other = (np.asarray(Image.open(tmp_path / f"{tween}.png").convert("RGB")) for tween in (0, 4))
        np.testing.assert_array_equal(one, other)
    else:
        import zipfile

        # Those who want a folder for their video editor have the way as well, where they ask for it.
        counts = [len(zipfile.ZipFile(tmp_path / f"{tween}.zip").namelist()) - 1 for tween in (0, 4)]
        assert counts == [4, 4 + 3 * 4]
