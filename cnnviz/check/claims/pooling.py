"""Pooling and unpooling: maps, the windows that captions write out, where maxima stand, what is spread."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from cnnviz.check.claims._claim import (
    BESIDE,
    MOST_EXACT,
    Claim,
    captions,
    formula,
    reckoned,
    sizes,
    told,
    whole,
    written,
)
from cnnviz.check.claims.convolution import NONE, ONE, letters, windows
from cnnviz.check.engine import Array, Engine, Size
from cnnviz.check.subject import Subject, Values
from cnnviz.check.words import evaluate, numbers


def pool(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """Max, average, adaptive and global pooling."""
    given, x = figure.parameters, figure.operand("input")
    batch, maximum = x[None, None], given["kind"] == "max"
    if given["output_size"] is not None:
        theirs = engine.adaptive_pool(batch, figure.size("output_size"), given["kind"])
    elif maximum:
        k, s, p, d = (figure.size(name) for name in "kspd")
        theirs = engine.max_pool(batch, k, s, p, d, given["ceil_mode"])
    else:
        k, s, p = (figure.size(name) for name in "ksp")
        theirs = engine.avg_pool(batch, k, s, p, given["ceil_mode"], given["count_include_pad"])
    claim = Claim("output", figure.result("output"), theirs[0, 0], float(abs(x).max()), exact=maximum)
    yield claim
    yield written(figure, claim)
    yield from sizes(figure, {"input": x.shape, "output": claim.theirs.shape})
    yield _surroundings(figure, x)
    if given["output_size"] is not None:
        found = _shares(x, figure.size("output_size"))
    else:
        found = _windows(figure, engine, x, claim.theirs.shape)
    expected = {}
    for step, (place, (values, divisor)) in enumerate(zip(np.ndindex(*claim.theirs.shape), found, strict=True)):
        row, column = place
        more = [] if maximum else [float(divisor)]
        # The cell, which is held against the engine's: a mean of large values that cancel is not the same in float32.
        expected[step] = [row + 1, column + 1, *values, *more, float(claim.shown[place])]
    yield from captions(figure, expected)
    yield from reckoned(figure)
    if given["output_size"] is None:
        yield from formula(figure, letters(figure, claim.theirs.shape))
    else:
        yield from _of_size(figure, x.shape)


def _of_size(figure: Subject, size: Size | tuple[int, ...]) -> Iterator[Claim]:
    """A formula that names one window's size, or which cells each of several windows covers."""
    text = figure.board.formula
    ranges = re.findall(r"\$([^$]*)\\leq x<([^$]*)\$", text)
    if not ranges:
        yield told("the formula", text, size)
        return
    out = figure.size("output_size")
    head, _, rest = text.partition(" covers ")
    yield told("the windows of the formula", head, [0, 1, *(out[:1] if " of " in head else [])])
    told_apart = "rows" in rest and "columns" in rest
    for axis, (length, count) in enumerate(zip(size, out, strict=True)):
        first, end = ranges[axis if told_apart else 0]
        places = [{"r": float(place)} for place in range(count)]
        found = [sum_.value if sum_ else np.nan for at in places for sum_ in (evaluate(first, at), evaluate(end, at))]
        ends = [float(end) for place in range(count) for end in _share(place, length, count)]
        yield Claim("windows of the formula at", np.array(found), np.array(ends), exact=True, what=BESIDE)


def _surroundings(figure: Subject, x: Values) -> Claim:
    """Around the map there is nothing but zeros, or nothing."""
    panel, (rows, columns) = figure.panels["input"], x.shape
    (top, left), shown = panel.padding if hasattr(panel, "padding") else NONE, figure.result("input")
    around = np.ones(shown.shape, bool)
    around[top : top + rows, left : left + columns] = False
    known = shown[around & ~np.isnan(shown)]
    return Claim("padding", known, np.zeros(known.shape), exact=True, what=BESIDE)


def _windows(figure: Subject, engine: Engine, x: Values, out: tuple[int, ...]) -> Iterator[tuple[list[float], float]]:
    """The values that each window holds and what their sum is divided by; one may hang over the edge."""
    given = figure.parameters
    k, s, p = (figure.size(name) for name in "ksp")
    d = figure.size("d") if given["kind"] == "max" else ONE
    counted = given["kind"] == "avg" and given["count_include_pad"]
    spans = [(o - 1) * step + gap * (size - 1) + 1 for o, step, gap, size in zip(out, s, d, k, strict=True)]
    hangs = [(q, max(0, span - n - q)) for q, span, n in zip(p, spans, x.shape, strict=True)]
    real = np.pad(np.ones(x.shape), [(q, q) for q in p], constant_values=float(counted))
    real = np.pad(real, [(0, max(0, after - q)) for (_, after), q in zip(hangs, p, strict=True)])
    values = np.pad(np.pad(x, [(q, q) for q in p]), [(0, real.shape[n] - x.shape[n] - 2 * p[n]) for n in (0, 1)])
    seen, there = (windows(engine, each, k, s, NONE, d) for each in (values, real))
    for row, column in np.ndindex(*out):
        inside = there[:, row, column] != 0
        yield [float(value) for value in seen[inside, row, column]], float(inside.sum())


def _shares(x: Values, size: Size) -> Iterator[tuple[list[float], float]]:
    """The windows of adaptive pooling, which share the map out as evenly as they can."""
    for row, column in np.ndindex(*size):
        (top, below), (left, right) = (
            _share(place, length, count) for place, length, count in zip((row, column), x.shape, size, strict=True)
        )
        cells = x[top:below, left:right].ravel()
        yield [float(value) for value in cells], float(cells.size)


def _share(place: int, length: int, count: int) -> tuple[int, int]:
    """From which cell on and up to which one such a window covers a side."""
    return place * length // count, -(-(place + 1) * length // count)


def unpool(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """The way down and the way back."""
    x, k, s = figure.operand("input"), figure.size("k"), figure.size("s")
    batch, most = x[None, None], float(abs(x).max())
    maximum = figure.parameters["kind"] == "max"
    theirs = (
        engine.max_pool(batch, k, s, NONE, ONE, False) if maximum else engine.avg_pool(batch, k, s, NONE, False, True)
    )
    pooled = Claim("pooled", figure.result("pooled"), theirs[0, 0], most, exact=maximum)
    yield pooled
    yield written(figure, pooled)
    back = engine.max_unpool(batch, k, s)[0, 0] if maximum else _spread(engine, theirs, k, s, x)
    exact = maximum and whole(x) and most < MOST_EXACT
    claim = Claim("output", figure.result("output"), back, most, exact=exact)
    yield claim
    yield from sizes(figure, {"input": x.shape, "pooled": theirs.shape[2:], "output": x.shape})
    seen = windows(engine, x, k, s)
    indices = np.arange(float(x.size)).reshape(x.shape)
    places = windows(engine, indices, k, s).astype(int)
    if maximum:
        won = engine.max_pool_places(batch, k, s)[0, 0]
        yield from _put_back(figure, seen, theirs[0, 0], won)
        yield _so_far(figure, theirs[0, 0], won)
    else:
        yield from _means(figure, seen, places, np.asarray(pooled.shown), claim)
    yield from formula(figure, letters(figure, pooled.theirs.shape))
    yield told("the unpooled size", figure.board.formula.rpartition("unpooled")[2], x.shape)
    yield from reckoned(figure)


def _spread(engine: Engine, pooled: Array, k: Size, s: Size, x: Values) -> Array:
    """Every pooled value laid over its window, by how many of them lie on a cell."""
    ones = np.ones((1, 1, *k))
    rest = tuple(min((i - w) % step, step - 1) for i, w, step in zip(x.shape, k, s, strict=True))
    laid = [engine.conv_transpose(y, ones, s, NONE, (rest[0], rest[1]), ONE)[0, 0] for y in (pooled, pooled * 0 + 1)]
    return np.asarray(laid[0] / np.maximum(laid[1], 1))


def _put_back(figure: Subject, seen: Array, pooled: Array, won: Values) -> Iterator[Claim]:
    """Captions of the way down, which name where each maximum stands, and of the way back."""
    expected: dict[int, list[float]] = {}
    columns = figure.operand("input").shape[1]
    for step, (row, column) in enumerate(np.ndindex(*pooled.shape)):
        down, across = divmod(int(won[row, column]), columns)
        there, value = [down + 1.0, across + 1.0], float(pooled[row, column])
        expected[step] = [row + 1, column + 1, *map(float, seen[:, row, column]), value, *there]
        expected[pooled.size + step] = [row + 1, column + 1, *there, value]
    size, kept = figure.operand("input").shape, len(np.unique(won))
    total = size[0] * size[1]
    expected[2 * pooled.size] = [*size, kept, total, kept, total - kept, 0]
    yield from captions(figure, expected)


def _so_far(figure: Subject, pooled: Array, won: Values) -> Claim:
    """What cells hold after each value has gone back: it, or 0 until a window over them finds its maximum there."""
    writes, width = figure.writes("output"), figure.operand("input").shape[1]
    theirs = []
    for write in writes:
        gone = won.ravel()[: write.step - pooled.size + 1]
        back = np.flatnonzero(gone == write.place[0] * width + write.place[1])
        theirs.append(float(pooled.ravel()[back[-1]]) if len(back) else 0.0)
    shown = np.array([write.value for write in writes])
    return Claim("output, on its way,", shown, np.array(theirs, pooled.dtype), abs(pooled).max(), what=BESIDE)


def _means(figure: Subject, seen: Array, places: Values, pooled: Array, claim: Claim) -> Iterator[Claim]:
    """What the cells of overlapping windows hold after each of them, and the captions."""
    parts: list[list[float]] = [[] for _ in range(figure.operand("input").size)]
    expected: dict[int, list[float]] = {}
    shown, theirs = list[float](), list[float]()
    writes: dict[int, list[tuple[tuple[int, ...], float]]] = {}
    for write in figure.writes("output"):
        writes.setdefault(write.step, []).append((write.place, write.value))
    width = figure.operand("input").shape[1]
    for step, (row, column) in enumerate(np.ndindex(*pooled.shape)):
        value, way = float(pooled[row, column]), pooled.size + step
        for cell in places[:, row, column]:
            parts[cell].append(value)
        for place, put in writes.get(way, []):
            held = parts[place[0] * width + place[1]]
            shown.append(put)
            theirs.append(float(np.mean(held)) if held else np.nan)
        expected[step] = [row + 1, column + 1, *map(float, seen[:, row, column]), len(seen), value]
        expected[way] = [row + 1, column + 1, *_spread_words(figure.captions[way], value, len(seen), parts, width)]
    for place, put in writes.get(2 * pooled.size, []):
        shown.append(put)
        theirs.append(float(claim.theirs[place]))
    yield Claim("output, on its way,", np.array(shown), np.array(theirs, claim.theirs.dtype), claim.scale, what=BESIDE)
    size, rest = figure.operand("input").shape, sum(not held for held in parts)
    expected[2 * pooled.size] = [*size, *([rest, 0] if rest else [])]
    yield from captions(figure, expected)


def _spread_words(caption: str, value: float, cells: int, parts: list[list[float]], width: int) -> list[float]:
    """What a caption tells of a window's value; of which cell with several windows it tells is its own choice."""
    _, found, rest = caption.partition(" row ")
    if not found:
        return [cells, value]
    row, column = (int(number.value) for number in numbers(rest)[:2] if number)
    place = (row - 1) * width + column - 1
    held = parts[place] if 0 <= place < len(parts) else []
    return [value, row, column, *held, len(held), float(np.mean(held)) if held else np.nan]
