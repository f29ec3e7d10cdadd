"""Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning": its relationships by number.

Each is tried with every small size that its side conditions allow: by the functions of sizes, by the shapes that the
operations and an engine give, and by the figures that show it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from cnnviz import ops
from cnnviz.check.engine import load_engine
from cnnviz.scene import Scene
from cnnviz.storyboard import Grid
from tests.properties.arithmetic import sides
from tests.properties.draws import scene_of


class Sizes(NamedTuple):
    """Along one axis; of a transposed convolution those of the convolution that it transposes."""

    i: int
    k: int
    s: int
    p: int
    d: int = 1

    @property
    def room(self) -> int:
        """Cells beside the kernel on the padded input, i + 2p − k."""
        return self.i + 2 * self.p - (self.d * (self.k - 1) + 1)


class Relation(NamedTuple):
    """When it holds, and the size that it gives."""

    holds: Callable[[Sizes], bool]
    gives: Callable[[Sizes], int]


CONVOLUTIONS = {
    1: Relation(lambda c: (c.s, c.p, c.d) == (1, 0, 1), lambda c: (c.i - c.k) + 1),
    2: Relation(lambda c: (c.s, c.d) == (1, 1), lambda c: (c.i - c.k) + 2 * c.p + 1),
    3: Relation(lambda c: c.k % 2 == 1 and (c.s, c.p, c.d) == (1, c.k // 2, 1), lambda c: c.i),
    4: Relation(lambda c: (c.s, c.p, c.d) == (1, c.k - 1, 1), lambda c: c.i + (c.k - 1)),
    5: Relation(lambda c: (c.p, c.d) == (0, 1), lambda c: (c.i - c.k) // c.s + 1),
    6: Relation(lambda c: c.d == 1, lambda c: math.floor((c.i + 2 * c.p - c.k) / c.s) + 1),
    15: Relation(lambda c: True, lambda c: math.floor((c.i + 2 * c.p - c.k - (c.k - 1) * (c.d - 1)) / c.s) + 1),
}  # fmt: skip
POOLINGS = {7: Relation(lambda c: (c.p, c.d) == (0, 1), lambda c: math.floor((c.i - c.k) / c.s) + 1)}


class Transposed(NamedTuple):
    """When it holds, the size that it gives of the input i', and what the equal convolution has: z, p' and a."""

    holds: Callable[[Sizes], bool]
    gives: Callable[[Sizes, int], int]
    frame: Callable[[Sizes], int]


def rest(c: Sizes) -> int:
    """What the strides leave over, a = (i + 2p − k) mod s."""
    return c.room % c.s


TRANSPOSED = {
    8: Transposed(lambda c: (c.s, c.p) == (1, 0), lambda c, i: i + (c.k - 1), lambda c: c.k - 1),
    9: Transposed(lambda c: c.s == 1, lambda c, i: i + (c.k - 1) - 2 * c.p, lambda c: c.k - c.p - 1),
    10: Transposed(lambda c: c.k % 2 == 1 and (c.s, c.p) == (1, c.k // 2), lambda c, i: i, lambda c: c.p),
    11: Transposed(lambda c: (c.s, c.p) == (1, c.k - 1), lambda c, i: i - (c.k - 1), lambda c: 0),
    12: Transposed(lambda c: c.p == 0 and rest(c) == 0, lambda c, i: c.s * (i - 1) + c.k, lambda c: c.k - 1),
    13: Transposed(lambda c: rest(c) == 0, lambda c, i: c.s * (i - 1) + c.k - 2 * c.p, lambda c: c.k - c.p - 1),
    14: Transposed(lambda c: True, lambda c, i: c.s * (i - 1) + rest(c) + c.k - 2 * c.p, lambda c: c.k - c.p - 1),
}  # fmt: skip

EVERY = [
    Sizes(i, k, s, p, d)
    for i in range(1, 9) for k in range(1, 6) for s in range(1, 5) for p in range(5) for d in (1, 2, 3)
    if Sizes(i, k, s, p, d).room >= 0
]  # fmt: skip
UNDILATED = [c for c in EVERY if c.d == 1]
ENGINE, PAIRS = load_engine("onnxruntime"), 8


def some(sizes: list[Sizes], most: int) -> list[Sizes]:
    """A part of many, spread over all of them."""
    return sizes[:: max(1, len(sizes) // most)]


def pairs(sizes: list[Sizes], most: int) -> list[tuple[Sizes, Sizes]]:
    """Rows and columns of different sizes."""
    return list(zip(some(sizes, most), some(sizes[::-1], most), strict=True))


def both(rows: Sizes, columns: Sizes) -> dict[str, tuple[int, int]]:
    """The sizes of two axes as the parameters of a figure."""
    return {name: (getattr(rows, name), getattr(columns, name)) for name in "ikspd"}


def shape(scene: str, panel: str, **given: object) -> tuple[int, ...]:
    """The size of a figure's panel, which its label tells too."""
    board = _scene(scene, **given).storyboard()
    found = board.panel(panel)
    assert isinstance(found, Grid)
    assert f" {found.shape[0]}×{found.shape[1]}" in found.label
    return found.shape


def _scene(name: str, **given: object) -> Scene:
    return scene_of(name)(**given)


@pytest.mark.parametrize("number", CONVOLUTIONS)
def test_of_a_convolution(number):
    relation = CONVOLUTIONS[number]
    here = [c for c in EVERY if relation.holds(c)]
    assert len(here) >= 20
    for c in here:
        assert ops.conv_output_size(*c) == relation.gives(c), c
    for rows, columns in pairs(here, PAIRS):
        g, expected = both(rows, columns), (relation.gives(rows), relation.gives(columns))
        x, w = np.ones((1, 1, *g["i"])), np.ones((1, 1, *g["k"]))
        assert ops.conv2d(x, w, None, g["s"], g["p"], g["d"]).shape[2:] == expected
        assert ENGINE.conv(x, w, np.zeros(1), g["s"], g["p"], g["d"]).shape[2:] == expected
        assert shape("output-size", "output", **g) == expected
        assert shape("conv", "output", **g) == expected
        if rows.d == columns.d == 1:
            assert shape("conv-relation", "output", **{n: g[n] for n in "iksp"}) == expected


@pytest.mark.parametrize("number", POOLINGS)
def test_of_a_pooling(number):
    relation = POOLINGS[number]
    here = [c for c in EVERY if relation.holds(c)]
    for c in here:
        assert ops.pool_output_size(c.i, c.k, c.s) == relation.gives(c), c
    for rows, columns in pairs(here, PAIRS):
        g, expected = both(rows, columns), (relation.gives(rows), relation.gives(columns))
        x, how = np.ones((1, 1, *g["i"])), (g["k"], g["s"], (0, 0))
        assert ops.max_pool2d(x, *how).shape[2:] == ops.avg_pool2d(x, *how).shape[2:] == expected
        assert ENGINE.max_pool(x, *how, (1, 1), False).shape[2:] == expected
        for kind in ("max", "avg"):
            given = {"kind": kind, **{n: g[n] for n in "iks"}}
            assert shape("pool", "output", **given) == shape("unpool", "pooled", **given) == expected


@pytest.mark.parametrize("number", TRANSPOSED)
def test_of_a_transposed_convolution(number):
    """Its input i' is the output of the convolution, whose own input comes back: o' = i."""
    relation = TRANSPOSED[number]
    here = [c for c in UNDILATED if relation.holds(c)]
    assert len(here) >= 20
    for c in here:
        small = ops.conv_output_size(*c)
        assert ops.conv_transpose_output_size(small, c.k, c.s, c.p, rest(c)) == relation.gives(c, small) == c.i, c
    for rows, columns in pairs(here, PAIRS):
        check_transposed(relation, rows, columns)


def check_transposed(relation, rows, columns):
    g, a = both(rows, columns), (rest(rows), rest(columns))
    small = ops.conv_output_size(*rows), ops.conv_output_size(*columns)
    rng = np.random.default_rng(rows.i)
    x, w = (rng.integers(-5, 6, (1, 1, *size)).astype(float) for size in (small, g["k"]))
    expected = relation.gives(rows, small[0]), relation.gives(columns, small[1])
    ours = ops.conv_transpose2d(x, w, None, g["s"], g["p"], a)
    assert ours.shape[2:] == expected == g["i"]
    theirs = ENGINE.conv_transpose(x, w, g["s"], g["p"], a, (1, 1))
    np.testing.assert_array_equal(ours, theirs)
    # The equal convolution: of the input with s − 1 zeros between its cells, in a frame of p', with stride 1; for a, as
    # many cells more below and on the right.
    frame = relation.frame(rows), relation.frame(columns)
    if min(frame) >= 0:
        stretched = np.zeros((1, 1, *((n - 1) * s + 1 for n, s in zip(small, g["s"], strict=True))))
        stretched[..., :: g["s"][0], :: g["s"][1]] = x
        framed = np.pad(stretched, [(0, 0), (0, 0), *((p, p + more) for p, more in zip(frame, a, strict=True))])
        direct = ENGINE.conv(framed, w[..., ::-1, ::-1], np.zeros(1), (1, 1), (0, 0), (1, 1))
        np.testing.assert_array_equal(direct, theirs)
    check_figures(g, small, a, frame)


def check_figures(g, small, a, frame):
    sizes = {name: g[name] for name in "ksp"}
    for view in ("convolution", "scatter", "overlap"):
        given = {"i": small, **sizes, "output_padding": a, "view": view}
        assert shape("transposed-conv", "output", **given) == g["i"]
    board = _scene("transposed-conv", **given | {"view": "convolution"}).storyboard()
    told = next(step.caption for step in board.steps() if step.caption.startswith("$p'"))
    assert [n for n in frame if f"**{n}**".replace("-", "−") not in told] == []
    # There and back, the figure finds the output padding itself.
    assert shape("conv-relation", "back", i=g["i"], **sizes) == g["i"]
    convention = _scene("conv-relation", i=g["i"], **sizes).storyboard().convention
    written = f"{a[0]}" if a[0] == a[1] else f"{a[0]}×{a[1]}"
    assert convention == (f"output padding $a$ = {written}" if a != (0, 0) else "")


def test_torch_gives_the_same_shapes():
    torch = pytest.importorskip("torch")
    for number, relation in CONVOLUTIONS.items():
        for c in some([c for c in EVERY if relation.holds(c)], 8):
            x, w = torch.ones(1, 1, c.i, c.i), torch.ones(1, 1, c.k, c.k)
            y = torch.nn.functional.conv2d(x, w, None, c.s, c.p, c.d)
            assert y.shape[2:] == (relation.gives(c),) * 2, f"relationship {number}: {c}"
    for number, relation in TRANSPOSED.items():
        for c in some([c for c in UNDILATED if relation.holds(c)], 8):
            small = ops.conv_output_size(*c)
            x, w = torch.ones(1, 1, small, small), torch.ones(1, 1, c.k, c.k)
            y = torch.nn.functional.conv_transpose2d(x, w, None, c.s, c.p, rest(c))
            assert y.shape[2:] == (relation.gives(c, small),) * 2 == (c.i,) * 2, f"relationship {number}: {c}"


def test_several_inputs_have_one_output_and_a_tells_them_apart():
    """Relationship 14: s sizes of the input give the same output; each comes back with its own a."""
    for c in UNDILATED:
        same = [i for i in range(1, 20) if Sizes(i, *c[1:]).room >= 0
                and ops.conv_output_size(i, *c[1:]) == ops.conv_output_size(*c)]  # fmt: skip
        rests = [rest(Sizes(i, *c[1:])) for i in same]
        assert len(set(rests)) == len(same) <= c.s


@pytest.mark.parametrize("wrong", [
    lambda c: (c.i - c.k) // c.s + 2 * c.p + 1, lambda c: (c.i + 2 * c.p - c.k) // c.s,
    lambda c: -(-(c.i + 2 * c.p - c.k) // c.s) + 1, lambda c: (c.i + c.p - c.k) // c.s + 1,
])  # fmt: skip
def test_well_known_mistakes_are_told_from_it(wrong):
    assert any(wrong(c) != ops.conv_output_size(*c) for c in UNDILATED)


def test_formulas_in_figures_are_the_relationships():
    for c in some(EVERY, 25):
        board = _scene("output-size", **both(c, c)).storyboard()
        found = sides(board.formula.strip("$"), {**c._asdict(), "o": ops.conv_output_size(*c)})
        assert len(found) == 4
        assert set(found) == {CONVOLUTIONS[15].gives(c)}
