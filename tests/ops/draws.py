"""Random parameters that fit together, shared by the comparisons with ONNX Runtime, torch and SciPy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from tests.drawing import steady as steady

seeds = st.integers(0, 2**32 - 1)


def whole_numbers(seed: int, *shapes: tuple[int, ...], dtype: Any = np.float32) -> list[np.ndarray]:
    """Small whole numbers: their sums of products are exact in any precision, and they hold many ties."""
    rng = np.random.default_rng(seed)
    return [rng.integers(-6, 7, shape).astype(dtype) for shape in shapes]


def fractions(seed: int, *shapes: tuple[int, ...], dtype: Any = np.float64) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


class Axis(NamedTuple):
    i: int
    k: int
    s: int
    p: int
    d: int


@st.composite
def conv_axis(draw: st.DrawFn) -> Axis:
    k, s, d = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    p = draw(st.integers(0, 3))
    low = max(1, d * (k - 1) + 1 - 2 * p)
    return Axis(draw(st.integers(low, low + 5)), k, s, p, d)


@st.composite
def pool_axis(draw: st.DrawFn, dilated: bool = True) -> Axis:
    k, s = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    d = draw(st.integers(1, 3)) if dilated else 1
    p = draw(st.integers(0, k // 2))
    low = max(d * (k - 1) + 1 - 2 * p, p + 1 if d == 1 else d * k)
    return Axis(draw(st.integers(low, low + 6)), k, s, p, d)


class Case(NamedTuple):
    """Shapes and options of an operation with windows, and a seed for its numbers."""

    x: tuple[int, ...]
    w: tuple[int, ...]
    out: int
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    seed: int
    output_padding: tuple[int, ...] = ()
    ceil_mode: bool = False


@st.composite
def conv_cases(draw: st.DrawFn) -> Case:
    rows, cols = draw(conv_axis()), draw(conv_axis())
    groups, depth, wide = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    return Case(
        (draw(st.integers(1, 2)), groups * depth, rows.i, cols.i),
        (groups * wide, depth, rows.k, cols.k),
        groups * wide,
        (rows.s, cols.s),
        (rows.p, cols.p),
        (rows.d, cols.d),
        groups,
        draw(seeds),
    )


def on_axes(case: Case, axes: int) -> Case:
    """The same along its rows alone, or of three axes: of three slices with kernels of two."""

    def cells(value: tuple[int, ...], first: int) -> tuple[int, ...]:
        return value[:1] if axes == 1 else (first, *value)

    x, w = ((*shape[:2], *cells(shape[2:], n)) for shape, n in ((case.x, 3), (case.w, 2)))
    step, border, gap = cells(case.stride, 2), cells(case.padding, 1), cells(case.dilation, 1)
    return case._replace(x=x, w=w, stride=step, padding=border, dilation=gap)


@st.composite
def transpose_cases(draw: st.DrawFn) -> Case:
    """With output padding below the stride, as ONNX wants it."""
    axes = []
    for _ in range(2):
        k, s, d, i = (draw(st.integers(1, high)) for high in (4, 3, 3, 5))
        a = draw(st.integers(0, s - 1))
        full = (i - 1) * s + d * (k - 1) + 1 + a
        axes.append((i, k, s, draw(st.integers(0, min(3, (full - 1) // 2))), a, d))
    (i, k, s, p, a, d) = zip(*axes, strict=True)
    groups, depth, wide = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    x, w = (draw(st.integers(1, 2)), groups * depth, *i), (groups * depth, wide, *k)
    return Case(x, w, groups * wide, s, p, d, groups, draw(seeds), output_padding=a)


@st.composite
def pool_cases(draw: st.DrawFn, dilated: bool = True) -> Case:
    rows, cols = draw(pool_axis(dilated)), draw(pool_axis(dilated))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 3)), rows.i, cols.i)
    pairs = [(rows[n], cols[n]) for n in (1, 2, 3, 4)]
    kernel, stride, padding, dilation = pairs
    return Case(shape, kernel, 0, stride, padding, dilation, 1, draw(seeds), ceil_mode=draw(st.booleans()))
