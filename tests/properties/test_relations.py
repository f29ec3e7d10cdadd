"""Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning": its relationships by number.

Each is tried with every small size that its side conditions allow: by the functions of sizes, by the shapes that the
operations give, and by the figures that show it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from cnnviz import ops
from cnnviz.pipeline import make


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


# When each holds, and the output size that it gives.
CONVOLUTIONS = {
    1: (lambda c: (c.s, c.p, c.d) == (1, 0, 1), lambda c: (c.i - c.k) + 1),
    2: (lambda c: (c.s, c.d) == (1, 1), lambda c: (c.i - c.k) + 2 * c.p + 1),
    3: (lambda c: c.k % 2 == 1 and (c.s, c.p, c.d) == (1, c.k // 2, 1), lambda c: c.i),
    4: (lambda c: (c.s, c.p, c.d) == (1, c.k - 1, 1), lambda c: c.i + (c.k - 1)),
    5: (lambda c: (c.p, c.d) == (0, 1), lambda c: (c.i - c.k) // c.s + 1),
    6: (lambda c: c.d == 1, lambda c: (c.i + 2 * c.p - c.k) // c.s + 1),
    15: (lambda c: True, lambda c: (c.i + 2 * c.p - c.k - (c.k - 1) * (c.d - 1)) // c.s + 1),
}
# Of a transposed convolution: the size that it gives of the input i', and the padding p' of the equal convolution.
TRANSPOSED = {
    8: (lambda c: (c.s, c.p) == (1, 0), lambda c, i: i + (c.k - 1), lambda c: c.k - 1),
    9: (lambda c: c.s == 1, lambda c, i: i + (c.k - 1) - 2 * c.p, lambda c: c.k - c.p - 1),
    10: (lambda c: c.k % 2 == 1 and (c.s, c.p) == (1, c.k // 2), lambda c, i: i, lambda c: c.p),
    11: (lambda c: (c.s, c.p) == (1, c.k - 1), lambda c, i: i - (c.k - 1), lambda c: 0),
    12: (lambda c: c.p == 0 and rest(c) == 0, lambda c, i: c.s * (i - 1) + c.k, lambda c: c.k - 1),
    13: (lambda c: rest(c) == 0, lambda c, i: c.s * (i - 1) + c.k - 2 * c.p, lambda c: c.k - c.p - 1),
    14: (lambda c: True, lambda c, i: c.s * (i - 1) + rest(c) + c.k - 2 * c.p, lambda c: c.k - c.p - 1),
}
EVERY = [
    Sizes(i, k, s, p, d)
    for i in range(1, 9)
    for k in range(1, 6)
    for s in range(1, 5)
    for p in range(5)
    for d in (1, 2, 3)
    if Sizes(i, k, s, p, d).room >= 0
]
UNDILATED = [c for c in EVERY if c.d == 1]


def rest(c: Sizes) -> int:
    """What the strides leave over, a = (i + 2p − k) mod s."""
    return c.room % c.s


def pairs(sizes: list[Sizes], most: int = 8) -> list[tuple[Sizes, Sizes]]:
    """Rows and columns of different sizes, a few of many."""
    some = sizes[:: max(1, len(sizes) // most)]
    return list(zip(some, reversed(some), strict=True))


def both(rows: Sizes, columns: Sizes) -> dict[str, tuple[int, int]]:
    """The sizes of two axes as the parameters of a figure."""
    return {name: (getattr(rows, name), getattr(columns, name)) for name in "ikspd"}


def shape(scene: str, panel: str = "output", **given: object) -> tuple[int, ...]:
    return make(scene, **given).storyboard().panel(panel).shape


@pytest.mark.parametrize("number", CONVOLUTIONS)
def test_of_a_convolution(number):
    holds, gives = CONVOLUTIONS[number]
    here = [c for c in EVERY if holds(c)]
    assert len(here) >= 20
    assert all(ops.conv_output_size(*c) == gives(c) for c in here)
    for rows, columns in pairs(here):
        g, expected = both(rows, columns), (gives(rows), gives(columns))
        x, w = np.ones((1, 1, *g["i"])), np.ones((1, 1, *g["k"]))
        assert ops.conv2d(x, w, None, g["s"], g["p"], g["d"]).shape[2:] == expected
        assert shape("output-size", **g) == shape("conv", **g) == expected
        if number == 5:
            # Relationship 7: a pooling is a convolution without padding.
            g = {name: g[name] for name in "iks"}
            assert shape("pool", **g) == shape("unpool", "pooled", **g) == expected


@pytest.mark.parametrize("number", TRANSPOSED)
def test_of_a_transposed_convolution(number):
    """Its input i' is the output of the convolution, whose own input comes back: o' = i."""
    holds, gives, frame = TRANSPOSED[number]
    here = [c for c in UNDILATED if holds(c)]
    assert len(here) >= 20
    for c in here:
        small = ops.conv_output_size(*c)
        assert ops.conv_transpose_output_size(small, c.k, c.s, c.p, rest(c)) == gives(c, small) == c.i, c
    for axes in pairs(here):
        g, a = both(*axes), tuple(map(rest, axes))
        small = tuple(ops.conv_output_size(*c) for c in axes)
        rng = np.random.default_rng(axes[0].i)
        x, w = (rng.integers(-5, 6, (1, 1, *size)).astype(float) for size in (small, g["k"]))
        y = ops.conv_transpose2d(x, w, None, g["s"], g["p"], a)
        assert y.shape[2:] == g["i"]
        # The equal convolution: of the input with s − 1 zeros between its cells, in a frame of p', with stride 1; for
        # a, as many cells more below and on the right.
        p = tuple(map(frame, axes))
        if min(p) >= 0:
            stretched = np.zeros((1, 1, *((n - 1) * s + 1 for n, s in zip(small, g["s"], strict=True))))
            stretched[..., :: g["s"][0], :: g["s"][1]] = x
            framed = np.pad(stretched, [(0, 0), (0, 0), *((n, n + more) for n, more in zip(p, a, strict=True))])
            np.testing.assert_array_equal(ops.conv2d(framed, w[..., ::-1, ::-1]), y)
        sizes = {name: g[name] for name in "ksp"}
        for view in ("convolution", "scatter", "overlap"):
            assert shape("transposed-conv", i=small, output_padding=a, view=view, **sizes) == g["i"]
        # There and back, the figure finds the output padding itself.
        assert shape("conv-relation", "back", i=g["i"], **sizes) == g["i"]


def test_several_inputs_have_one_output_and_a_tells_them_apart():
    """Relationship 14: s sizes of the input give the same output; each comes back with its own a."""
    for c in UNDILATED:
        same = [Sizes(i, *c[1:]) for i in range(1, 20)]
        same = [o for o in same if o.room >= 0 and ops.conv_output_size(*o) == ops.conv_output_size(*c)]
        assert len({rest(one) for one in same}) == len(same) <= c.s
