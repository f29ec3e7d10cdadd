"""Transposed convolutions: the input pulled apart and slid over, or stamped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cnnviz.check.claims._claim import (
    BESIDE,
    Claim,
    captions,
    formula,
    linear,
    noted,
    once,
    reckoned,
    sizes,
    told,
    written,
)
from cnnviz.check.claims.convolution import NONE, ONE, Stamped, dot_products, factors, letters, windows
from cnnviz.check.engine import Array, Engine, Size
from cnnviz.check.subject import Subject, Values
from cnnviz.storyboard import Relabel


def plus(y: Array, bias: Array) -> Array:
    """A bias added in the precision of the rest."""
    return (y + bias).astype(y.dtype)


def transposed_conv(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """A transposed convolution in any of its views."""
    s, p, a, d = (figure.size(name) for name in ("s", "p", "output_padding", "d"))
    x, w, bias = figure.operand("input"), figure.operand("kernel"), float(figure.parameters["bias"])

    def apply(x: Array, w: Array, b: Array) -> Array:
        return plus(engine.conv_transpose(x, w, s, p, a, d), b)

    claim = linear("output", figure, x, w, np.array([bias]), apply)
    yield claim
    yield from sizes(figure, {"input": x.shape, "kernel": w.shape, "output": claim.theirs.shape})
    yield from reckoned(figure)
    yield from formula(figure, [
        {**axis, "z": axis["s"] - 1, "P": axis["d"] * (axis["k"] - 1) - axis["p"], "S": 1.0}
        for axis in letters(figure, claim.theirs.shape)
    ])  # fmt: skip
    if figure.parameters["view"] == "convolution":
        yield from _slid(figure, engine, claim, (s, p, a, d))
    else:
        yield from _stamped(figure, engine, claim, (s, p, a, d))


def _slid(figure: Subject, engine: Engine, claim: Claim, how: tuple[Size, Size, Size, Size]) -> Iterator[Claim]:
    """The view in which the kernel slides over the input, pulled apart and framed."""
    s, p, a, d = how
    x, turned = figure.operand("input"), figure.operand("kernel")[::-1, ::-1]
    yield written(figure, claim)
    yield Claim("kernel", figure.result("kernel"), turned, exact=True, what=BESIDE)
    pixel = np.ones((1, 1))
    apart, real = (
        engine.conv_transpose(each[None, None], pixel[None, None], s, NONE, NONE, ONE)[0, 0]
        for each in (x, np.ones_like(x))
    )
    rows, columns = turned.shape
    frame = d[0] * (rows - 1) - p[0], d[1] * (columns - 1) - p[1]
    drawn, start = _framed(apart, frame, a), (max(0, -frame[0]), max(0, -frame[1]))
    shown = figure.result("input")
    same = np.where(np.isnan(shown), np.nan, drawn)
    yield Claim("input", np.nan_to_num(shown, nan=-0.5), np.nan_to_num(same, nan=-0.5), abs(x).max(), what=BESIDE)
    yield Claim("zeros of input", _known(shown, start, frame, a), np.zeros(0), what=BESIDE)
    yield from _phases(figure, x, drawn)
    for where, label in [("at the start", figure.board.panel("input").label), *(
        (f"in step {step + 1}", change.label) for step, change in figure.changes(Relabel, "input")
    )]:  # fmt: skip
        yield told(f"the label of input {where}", label.partition("\n")[2], _below(label, s, frame))
    slid = _cut(drawn, frame, a), _cut(_framed(real, frame, a), frame, a)
    seen, there = (windows(engine, each, turned.shape, ONE, NONE, d) for each in slid)
    first = len(figure.steps) - claim.theirs.size
    results, bias = figure.result("output"), float(figure.parameters["bias"])
    yield from dot_products(figure, seen, turned, results, bias, first, there)
    index = np.arange(float(drawn.size)).reshape(drawn.shape)
    places = windows(engine, _cut(index, frame, a), turned.shape, ONE, NONE, d)
    yield noted(figure, "input", factors(turned, places, drawn.shape[1], first))
    size = [x.shape[0], x.shape[1], *([s[0]] if s[0] == s[1] else s)]
    yield from captions(figure, {0: [*size, 1, 0] if s == ONE else size})


def _below(label: str, s: Size, frame: Size) -> list[float]:
    """The zeros between and around that a label counts, as far as it does."""
    between = once((s[0] - 1, s[1] - 1)) if " between" in label else []
    around: Sequence[float] = []
    if "cut off" in label:
        around = once((-frame[0], -frame[1]))
    elif " around" in label and "none" not in label and "no zeros" not in label:
        around = once(frame)
    return [*between, *around]


def _framed(values: Values, frame: Size, more: Size) -> Values:
    """With zeros around where the frame is not negative, and output padding at the ends."""
    ends = [(max(0, f), max(0, f + a)) for f, a in zip(frame, more, strict=True)]
    return np.pad(values, ends)


def _cut(values: Values, frame: Size, more: Size) -> Values:
    """Without what a negative frame cuts off."""
    (top, left), (below, right) = (
        (max(0, -f) for f in frame),
        (max(0, -f - a) for f, a in zip(frame, more, strict=True)),
    )
    return values[top : values.shape[0] - below, left : values.shape[1] - right]


def _known(shown: Values, start: Size, frame: Size, more: Size) -> Values:
    """What is left blank of what the kernel slides over: nothing may be."""
    inner = _cut(shown, frame, more)
    return inner[np.isnan(inner)]


def _phases(figure: Subject, x: Values, drawn: Values) -> Iterator[Claim]:
    """While the input is pulled apart its cells are blank, zeros, or where they end up; at the start it is compact."""
    start = figure.panels["input"]
    compact = np.sort(figure.operand("input").ravel())
    yield Claim("input at the start", np.sort(start.values[~np.isnan(start.values)]), compact, exact=True, what=BESIDE)
    writes = [write for write in figure.writes("input") if not np.isnan(write.value)]
    shown = np.array([write.value for write in writes])
    theirs = np.array([drawn[write.place] for write in writes], drawn.dtype)
    yield Claim("input, on its way,", shown, theirs, abs(x).max(), what=BESIDE)


def _stamped(figure: Subject, engine: Engine, claim: Claim, how: tuple[Size, Size, Size, Size]) -> Iterator[Claim]:
    """The views in which every pixel stamps the kernel."""
    s, p, a, d = how
    x, w, bias = figure.operand("input"), figure.operand("kernel"), float(figure.parameters["bias"])
    grown, panel, counting = claim, "output", "overlap" in figure.panels
    if "sum" in figure.panels:
        grown = linear("sum", figure, x, w, np.array([bias]),
                       lambda x, w, b: plus(engine.conv_transpose(x, w, s, NONE, a, d), b))
        panel, how = "sum", (s, NONE, a, d)
        yield grown
        yield written(figure, claim)
        yield from sizes(figure, {"sum": grown.theirs.shape})
    yield from Stamped(figure, engine, panel, x, w, how, bias).claims(grown, counting)
    counts = linear("overlap" if counting else panel, figure, np.ones_like(x), np.ones_like(w), np.zeros(1),
                    lambda x, w, _: engine.conv_transpose(x, w, *how))  # fmt: skip
    if counting:
        yield counts
        yield from Stamped(figure, engine, "overlap", np.ones_like(x), np.ones_like(w), how).sums(counts)
    yield from captions(figure, {x.size: _end(figure, counts.theirs, grown.theirs, counting, (s, p))})


def _end(figure: Subject, counts: Array, grown: Array, counting: bool, how: tuple[Size, Size]) -> list[float]:
    """What the last caption tells."""
    (s, p), x, w = how, figure.operand("input"), figure.operand("kernel")
    if counting:
        low, high = float(counts.min()), float(counts.max())
        if low == high:
            return [low]
        said = " kernel " in figure.captions[-1]
        return [low, high, *([w.shape[0], s[0]] if said else [])]
    missed = int((counts == 0).sum())
    none: list[float] = [missed, figure.parameters["bias"]] if missed else []
    if "sum" not in figure.panels:
        return [*none, x.size, *grown.shape]
    size = [p[0]] if p[0] == p[1] else [*p]
    sides = [[full, 2, q, full - 2 * q] for full, q in zip(grown.shape, p, strict=True)]
    return [*none, *size, *(sides[0] if sides[0] == sides[1] else [*sides[0], *sides[1]])]
