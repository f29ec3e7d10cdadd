"""Stations as drawn: where they stand, that nothing overlaps, which colours show, and steps that leave no traces."""

from __future__ import annotations

import dataclasses
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.render.canvas import Look
from cnnviz.render.palette import build_palette
from cnnviz.render.panels._station_bodies import text_width, wrapped, zooms
from cnnviz.render.panels._stations import arrange_stations
from cnnviz.render.panels.base import Fit, Place
from cnnviz.render.panels.maps import PAINTER
from cnnviz.render.text import Typesetter
from cnnviz.render.theme import load_theme
from cnnviz.storyboard import Maps, MoveDot, SetStation, Shade, Station
from tests.render.shown import Shown

THEME = load_theme("article")
TYPESETTER = Typesetter()
STAGE = (880, 386)
LEFT, TOP = 20, 10
GRAY = Shade(scale="gray", lo=0, hi=1, always=True)
BLUE = Shade(scale="sequential", lo=0, hi=1, always=True)
BOTH = Shade(scale="diverging", lo=-1, hi=1, always=True)


def fit_of(unit=1.0, numbers=True):
    return Fit(typesetter=TYPESETTER, unit=unit, height=round(STAGE[1] * unit), numbers=numbers)


def station(name, shape, title, group="", **more):
    values = np.full(shape, np.nan)
    size = "×".join(map(str, shape))
    return Station(name=name, title=title, size=size, values=values, shade=BLUE, group=group, **more)


def network(*hidden, classes=10):
    """An input, stations for maps of these shapes and titles, then scores, probabilities and the loss."""
    side = max([28, *(max(shape[1:]) for shape, *_ in hidden if len(shape) == 3)])
    picture = np.zeros((1, side, side))
    stations = [Station(name="input", title="input", size=f"1×{side}×{side}", values=picture, shade=GRAY)]
    for place, (shape, title, group) in enumerate(hidden):
        widest = "∂W 0.087" if title.startswith(("conv", "fc")) else ""
        stations.append(station(f"h{place}", shape, title, group, widest=widest))
    names = tuple(map(str, range(classes)))
    stations += [
        station("scores", (classes,), f"fc {classes}", "output", form="numbers", widest="∂W 0.087"),
        station("softmax", (classes,), "softmax", "output", form="bars", lines=names, marked=1),
        station("loss", (1,), "loss −ln p", form="total", widest="was 2.45"),
    ]
    return Maps(name="net", stations=tuple(stations), scales=("sequential", "diverging"))


SMALL = network(
    ((4, 26, 26), "conv 4@3×3", "block 1"),
    ((4, 13, 13), "maxpool 2", "block 1"),
    ((16, 11, 11), "conv 16@3×3", "block 2"),
    ((32,), "fc 32", "block 3"),
)


def drawn(panel, numbers=True, size=STAGE):
    """A painter, its canvas after `paint`, and a reader of the canvas in colours."""
    fit = fit_of(numbers=numbers)
    colors = PAINTER.colors(panel, 46, fit, THEME, ())
    page = [THEME.page[key] for key in ("ground", "band", "ink", "muted", "result")]
    look = Look(theme=THEME, palette=build_palette([*page, *colors.solid], colors.ramps), typesetter=TYPESETTER, unit=1)
    painter = PAINTER(panel, Place(x=LEFT, y=TOP, width=size[0], height=size[1], cell=46), look, fit)
    canvas = Shown(painter, look, (size[0] + 2 * LEFT, size[1] + 2 * TOP))
    return painter, canvas, lambda: look.palette.colors[canvas.pixels]


def seats_of(panel, unit=1.0, numbers=True):
    size = round(STAGE[0] * unit), round(STAGE[1] * unit)
    arrangement = arrange_stations(panel, *size, fit_of(unit, numbers))
    return arrangement, dict(zip((s.name for s in panel.stations), arrangement.seats, strict=True)), size


def text_boxes(seat, unit):
    fit = fit_of(unit)
    for text, baseline in seat.texts:
        wide = min(text_width(text, fit), seat.room)
        yield seat.centre - wide / 2, baseline - 11 * unit, seat.centre + wide / 2, baseline


def apart(a, b):
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


words = st.sampled_from(["conv 4@3×3", "conv 16@3×3 p1 s2", "batchnorm", "relu", "leaky-relu 0.1", "maxpool 2"])
sides = st.integers(1, 32)
shapes = st.one_of(st.tuples(st.integers(1, 40), sides, sides), st.tuples(st.integers(1, 600)))
hidden = st.lists(st.tuples(shapes, words, st.sampled_from(["block 1", "block 2"])), max_size=15)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(hidden, st.integers(2, 50), st.sampled_from([1.0, 2 / 3, 2.0]), st.booleans())
def test_nothing_overlaps_and_all_stays_on_the_stage(stations, classes, unit, numbers):
    panel = network(*sorted(stations, key=lambda entry: entry[2]), classes=classes)
    arrangement, seats, (width, height) = seats_of(panel, unit, numbers)
    assert list(seats) == [s.name for s in panel.stations]
    boxes = []
    for seat in seats.values():
        box = seat.box
        assert 0 <= box.left < box.right <= width
        assert 0 <= box.top < box.bottom <= height
        assert seat.note_baseline <= height
        assert box.bottom <= seat.texts[0][1] - 10 * unit
        boxes.append([(box.left, box.top, box.right, box.bottom), *text_boxes(seat, unit)])
    for ours, others in combinations(boxes, 2):
        assert all(apart(a, b) for a in ours for b in others)
    for path in arrangement.paths:
        assert all(0 <= x <= width and 0 <= y <= height for x, y in path)
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(path))


@pytest.mark.parametrize("panel", [SMALL, network(), network(((2, 26, 26), "conv 2@3×3", "block 1"), classes=3)])
def test_arrows_lead_from_each_station_to_the_next(panel):
    arrangement, _, _ = seats_of(panel)
    for a, b, path in zip(arrangement.seats, arrangement.seats[1:], arrangement.paths, strict=False):
        assert 0 < path[0][0] - a.box.right <= 4
        assert 0 < b.box.left - path[-1][0] <= 4
        assert a.box.top < path[0][1] < a.box.bottom
        assert b.box.top < path[-1][1] < b.box.bottom


def test_texts_are_whole_where_the_network_is_not_too_long():
    for seat in seats_of(SMALL)[1].values():
        assert all(text_width(text, fit_of()) <= seat.room for text, _ in seat.texts)


def test_groups_stand_on_grounds_that_hold_their_stations():
    arrangement, seats, _ = seats_of(SMALL)
    assert [ground.text for ground in arrangement.grounds] == ["block 1", "block 2", "block 3", "output"]
    for ground, names in zip(arrangement.grounds, [("h0", "h1"), ("h2",), ("h3",), ("scores", "softmax")], strict=True):
        for name in names:
            box = seats[name].box
            assert ground.box.left < box.left < box.right < ground.box.right
            assert ground.box.top < box.top < box.bottom < ground.box.bottom
    for a, b in combinations(arrangement.grounds, 2):
        assert apart(a.box, b.box)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.lists(st.integers(1, 64), min_size=1, max_size=6), st.integers(4, 150))
def test_smaller_maps_are_drawn_smaller_and_in_whole_pixels_where_they_can_be(sides, largest):
    panel = [station(str(side), (1, side, side), "relu") for side in sides]
    found = zooms(panel, largest)
    drawn_sides = [found[side] * side for side in sorted(set(sides), reverse=True)]
    assert all(a >= b - 1e-9 for a, b in pairwise(drawn_sides))
    assert all(zoom == round(zoom) for zoom in found.values() if zoom >= 1)


def test_titles_break_where_the_lines_are_shortest():
    assert wrapped("conv 4@3×3 p1", 1, fit_of()) == ("conv 4@3×3 p1",)
    assert wrapped("conv 4@3×3 p1", 2, fit_of()) == ("conv", "4@3×3 p1")
    assert wrapped("relu", 3, fit_of()) == ("relu",)


def tile(panel, name, number):
    """The corner and the size of a map's picture on the canvas."""
    seat = seats_of(panel)[1][name]
    row, column = divmod(number, seat.body.columns)
    tall, wide = seat.body.tile
    return LEFT + seat.x + column * (wide + 3), TOP + seat.y + row * (tall + 3), wide, tall


def test_every_cell_of_every_map_has_the_colour_of_its_value():
    _painter, canvas, colors = drawn(SMALL)
    pending = THEME.cell("pending").fill
    values = np.random.default_rng(0).choice([0.0, 1.0], (4, 13, 13))
    for place in range(4):
        x, y, wide, tall = tile(SMALL, "h1", place)
        assert (colors()[y : y + tall, x : x + wide] == pending).all()
    canvas.apply([SetStation(panel="net", station="h1", values=values, shade=BLUE)])
    ends = THEME.scale("sequential")[[0, -1]]
    for place in range(4):
        x, y, wide, tall = tile(SMALL, "h1", place)
        zoom = wide // 13
        assert (wide, tall) == (13 * zoom, 13 * zoom)
        shown = colors()[y : y + tall, x : x + wide]
        expected = ends[values[place].astype(int)].repeat(zoom, axis=0).repeat(zoom, axis=1)
        np.testing.assert_array_equal(shown, expected)


def test_a_middle_zero_is_neither_of_the_two_hues():
    _painter, canvas, colors = drawn(SMALL)
    values = np.zeros((4, 13, 13))
    values[1], values[2] = -1, 1
    canvas.apply([SetStation(panel="net", station="h1", values=values, shade=BOTH)])
    corners = [tile(SMALL, "h1", number)[:2] for number in (0, 1, 2)]
    zero, low, high = (colors()[y + 2, x + 2].astype(int) for x, y in corners)
    np.testing.assert_array_equal(zero, THEME.scales["diverging"][2])
    assert low[2] > low[0] + 40
    assert high[0] > high[2] + 40


def test_bars_are_as_long_as_their_values():
    _painter, canvas, colors = drawn(SMALL)
    values = np.linspace(0, 1, 10)
    canvas.apply([SetStation(panel="net", station="softmax", values=values)])
    seat = seats_of(SMALL)[1]["softmax"]
    tall = seat.body.tile[0]
    lengths = []
    for place in range(10):
        row = colors()[TOP + seat.y + place * tall + 4, LEFT + seat.x : LEFT + seat.x + seat.body.width]
        fill = THEME.line("result") if place == 1 else THEME.cell("output").fill
        lengths.append((row == fill).all(axis=1).sum())
    full = lengths[-1]
    assert full > 40
    np.testing.assert_allclose(lengths, values * full, atol=1)


def head_side(panel, colors, place, role):
    """On which end of an arrow its head is: where it is tallest."""
    (x0, y), (x1, _) = seats_of(panel)[0].paths[place]
    area = colors()[TOP + y - 8 : TOP + y + 9, LEFT + x0 : LEFT + x1]
    inked = (area == THEME.line(role)).all(axis=2).sum(axis=0)
    assert inked.max() >= 8, "there is no head"
    return "forward" if inked.argmax() > len(inked) / 2 else "back"


def test_an_arrow_turns_round_on_the_way_back():
    _painter, canvas, colors = drawn(SMALL)
    roles = [("idle", "forward", "edge"), ("active", "forward", "forward"), ("gradient", "forward", "forward")]
    for role, way, line in roles:
        canvas.apply([SetStation(panel="net", station="h0", role=role)])
        assert head_side(SMALL, colors, 0, line) == way
    assert head_side(SMALL, colors, 1, "gradient") == "back"
    canvas.apply([SetStation(panel="net", station="input", role="gradient")])
    assert head_side(SMALL, colors, 0, "gradient") == "back"
    canvas.apply([SetStation(panel="net", station=name, role="done") for name in ("input", "h0", "h1")])
    assert [head_side(SMALL, colors, place, "forward") for place in (0, 1)] == ["forward"] * 2


def test_an_outline_is_thick_and_whole_ahead_and_dashed_on_the_way_back():
    _painter, canvas, colors = drawn(SMALL)
    seat = seats_of(SMALL)[1]["h1"]
    box = seat.box

    def upper_edge(role):
        area = colors()[TOP + box.top - 3 : TOP + box.top + 4, LEFT + box.left + 3 : LEFT + box.right - 3]
        return (area == THEME.line(role)).all(axis=2)

    canvas.apply([SetStation(panel="net", station="h1", role="active")])
    assert upper_edge("forward").sum(axis=0).min() >= 4
    canvas.apply([SetStation(panel="net", station="h1", role="done")])
    assert 1 <= upper_edge("forward").sum(axis=0).max() <= 2
    canvas.apply([SetStation(panel="net", station="h1", role="gradient")])
    covered = upper_edge("gradient").sum(axis=0)
    assert covered.max() >= 4
    assert covered.min() == 0
    assert not upper_edge("forward").any()


def test_steps_leave_no_traces():
    rng = np.random.default_rng(1)
    known = [s for s in SMALL.stations if s.name != "input"]
    _painter, canvas, colors = drawn(SMALL)
    changed = np.zeros(colors().shape[:2], bool)
    before = colors()
    for role in ("active", "gradient", "returned", "updated"):
        for one in known:
            values = rng.random(one.values.shape)
            change = SetStation(panel="net", station=one.name, role=role, values=values, shade=BLUE, note="∂W 0.087")
            boxes = canvas.apply([change])
            changed[:] = False
            for box in boxes:
                changed[box.slices] = True
            after = colors()
            assert not (after != before).any(axis=2)[~changed].any(), "a change outside of the boxes it names"
            before = after
    last = {}
    rng = np.random.default_rng(1)
    for _ in range(4):
        last = {one.name: rng.random(one.values.shape) for one in known}
    final = tuple(
        dataclasses.replace(s, values=last[s.name], role="updated", note="∂W 0.087") if s.name in last else s
        for s in SMALL.stations
    )
    np.testing.assert_array_equal(before, drawn(dataclasses.replace(SMALL, stations=final))[2]())


def test_without_numbers_there_are_pictures_but_no_numbers():
    panel = dataclasses.replace(
        SMALL,
        stations=tuple(
            dataclasses.replace(s, values=np.full(s.values.shape, 0.5), note="∂W 0.1") for s in SMALL.stations
        ),
    )
    seat = dict(
        zip((s.name for s in panel.stations), arrange_stations(panel, *STAGE, fit_of(numbers=False)).seats, strict=True)
    )["loss"]
    for numbers in (True, False):
        colors = drawn(panel, numbers)[2]()
        assert (colors == THEME.line("result")).all(axis=2).any()
    inner = colors[TOP + seat.y : TOP + seat.y + seat.body.height, LEFT + seat.x : LEFT + seat.x + seat.body.width]
    assert (inner == THEME.page["ground"]).all()


def test_another_panels_change_is_refused():
    _painter, canvas, _ = drawn(SMALL)
    with pytest.raises(TypeError, match="cannot take MoveDot"):
        canvas.apply([MoveDot(panel="net", dot="d", x=0, y=0)])
