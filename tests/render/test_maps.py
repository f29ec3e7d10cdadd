"""Stations as drawn: where they stand, that nothing overlaps, which colours show, and steps that leave no traces."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.render.canvas import Box
from cnnviz.render.panels._station_bodies import text_width
from cnnviz.render.panels._stations import arrange_stations
from cnnviz.storyboard import Key, LayerView, Maps, SetLayerView, Shade
from tests.render.shown import THEME, fit_of, shown

STAGE = (880, 386)
LEFT, TOP = 20, 10
GRAY = Shade(scale="gray", lo=0, hi=1, always=True)
BLUE = Shade(scale="sequential", lo=0, hi=1, always=True)


def station(name, shape, title, group="", **more):
    values = np.full(shape, np.nan)
    size = "×".join(map(str, shape))
    return LayerView(name=name, title=title, size=size, values=values, shade=BLUE, group=group, **more)


def network(*hidden, classes=10):
    """An input, stations for maps of these shapes and titles, then scores, probabilities and the loss."""
    side = max([28, *(max(shape[1:]) for shape, *_ in hidden if len(shape) == 3)])
    picture = np.zeros((1, side, side))
    stations = [LayerView(name="input", title="input", size=f"1×{side}×{side}", values=picture, shade=GRAY)]
    for place, (shape, title, group) in enumerate(hidden):
        stations.append(station(f"h{place}", shape, title, group))
    names = tuple(map(str, range(classes)))
    stations += [
        station("scores", (classes,), f"fc {classes}", "output", form="numbers"),
        station("softmax", (classes,), "softmax", "output", form="bars", lines=names, marked=1),
        station("loss", (1,), "loss −ln p", form="total", widest="was 2.45"),
    ]
    key = Key(scale="sequential", text="value", ends=("low", "high")), Key(scale="diverging", text="slope", ends="−+")
    return Maps(name="net", stations=tuple(stations), key=key)


SMALL = network(
    ((4, 26, 26), "conv 4@3×3", "block 1"),
    ((4, 13, 13), "maxpool 2", "block 1"),
    ((16, 11, 11), "conv 16@3×3", "block 2"),
    ((32,), "fc 32", "block 3"),
)


def drawn(panel):
    """A painter, its canvas, and a reader of the canvas in colours."""
    canvas = shown(panel, STAGE, (LEFT, TOP))
    return canvas.painter, canvas, canvas.colors


def seats_of(panel, unit=1.0, numbers=True):
    size = round(STAGE[0] * unit), round(STAGE[1] * unit)
    arrangement = arrange_stations(panel, *size, fit_of(unit, numbers))
    return arrangement, dict(zip((s.name for s in panel.stations), arrangement.seats, strict=True)), size


def text_boxes(seat, size, fit):
    for text, baseline in (*seat.texts, (size, seat.baseline)):
        wide = min(text_width(text, fit), seat.room)
        yield Box(seat.centre - wide / 2, baseline - fit.tx(11), seat.centre + wide / 2, baseline)


words = st.sampled_from(["conv 4@3×3", "conv 16@3×3 p1 s2", "batchnorm", "relu", "leaky-relu 0.1", "maxpool 2"])
sides = st.integers(1, 32)
shapes = st.one_of(st.tuples(st.integers(1, 40), sides, sides), st.tuples(st.integers(1, 600)))
hidden = st.lists(st.tuples(shapes, words, st.sampled_from(["block 1", "block 2"])), max_size=15)


@settings(deadline=None, derandomize=True, max_examples=12)
@given(hidden, st.integers(2, 50), st.sampled_from([1.0, 2 / 3, 2.0]), st.booleans())
def test_nothing_overlaps_and_all_stays_on_the_stage(stations, classes, unit, numbers):
    panel = network(*sorted(stations, key=lambda entry: entry[2]), classes=classes)
    arrangement, seats, (width, height) = seats_of(panel, unit, numbers)
    assert list(seats) == [s.name for s in panel.stations]
    boxes = []
    for seat, station in zip(seats.values(), panel.stations, strict=True):
        box = seat.box
        assert Box(0, 0, width, height).holds(box)
        assert seat.baseline <= height
        assert box.bottom <= seat.texts[0][1] - 10 * unit
        boxes.append([box, *text_boxes(seat, station.size, arrangement.fit)])
    for ours, others in combinations(boxes, 2):
        assert not any(a.meets(b) for a in ours for b in others)
    for path in arrangement.paths:
        assert all(0 <= x <= width and 0 <= y <= height for x, y in path)
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(path))


def tile(panel, name, number):
    """The corner and the size of a map's picture on the canvas."""
    seat = seats_of(panel)[1][name]
    row, column = divmod(number, seat.body.columns)
    tall, wide = seat.body.tile
    return LEFT + seat.area.left + column * (wide + 3), TOP + seat.area.top + row * (tall + 3), wide, tall


def test_every_cell_of_every_map_has_the_colour_of_its_value():
    _painter, canvas, colors = drawn(SMALL)
    pending = THEME.cell("pending").fill
    values = np.random.default_rng(0).choice([0.0, 1.0], (4, 13, 13))
    for place in range(4):
        x, y, wide, tall = tile(SMALL, "h1", place)
        assert (colors()[y : y + tall, x : x + wide] == pending).all()
    canvas.apply([SetLayerView(panel="net", station="h1", values=values, shade=BLUE)])
    ends = THEME.scale("sequential")[[0, -1]]
    for place in range(4):
        x, y, wide, tall = tile(SMALL, "h1", place)
        zoom = wide // 13
        assert (wide, tall) == (13 * zoom, 13 * zoom)
        shown = colors()[y : y + tall, x : x + wide]
        expected = ends[values[place].astype(int)].repeat(zoom, axis=0).repeat(zoom, axis=1)
        np.testing.assert_array_equal(shown, expected)


def test_a_picture_is_tinted_as_strongly_as_its_values():
    values, picture = np.array([[[0.0, 1.0]]]), np.array([[1.0, 1.0]])
    panel = Maps(name="net", stations=(LayerView(name="a", title="a", size="", values=values, picture=picture),))
    _painter, _canvas, colors = drawn(panel)
    x, y, wide, tall = tile(panel, "a", 0)
    plain, tinted = (colors()[y + tall // 2, x + wide * part // 4].astype(int) for part in (1, 3))
    np.testing.assert_array_equal(plain, THEME.scale("gray")[-1])
    tint = np.array(THEME.line("gradient"))
    assert np.abs(tinted - tint).sum() < np.abs(plain - tint).sum() / 3
