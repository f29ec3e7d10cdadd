"""Convolutions there and back: maps, partial sums, the windows that captions write out, sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from cnnviz.check.claims._claim import (
    BESIDE,
    MOST_EXACT,
    Claim,
    captions,
    formula,
    linear,
    noted,
    reckoned,
    sizes,
    whole,
    written,
)
from cnnviz.check.engine import Array, Engine, Size
from cnnviz.check.subject import Subject, Values
from cnnviz.check.words import numbers

ONE, NONE = (1, 1), (0, 0)
_AT_ONCE = 2.0**22
"""Cells of partial sums that are computed together."""


def windows(engine: Engine, x: Values, size: Size, stride: Size, padding: Size = NONE, dilation: Size = ONE) -> Array:
    """What lies under each cell of a window at each position, (cells, rows, columns): convolutions that pick one."""
    picks = np.eye(size[0] * size[1]).reshape(-1, 1, *size)
    return np.asarray(engine.conv(x[None, None], picks, np.zeros(len(picks)), stride, padding, dilation)[0])


def padded(engine: Engine, x: Values, padding: Size) -> Array:
    """A map with zeros around, by a convolution with 1 and that padding."""
    return np.asarray(engine.conv(x[None, None], np.ones((1, 1, 1, 1)), np.zeros(1), ONE, padding, ONE)[0, 0])


def conv(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """A convolution."""
    given, x, w = figure.parameters, figure.operand("input"), figure.operand("kernel")
    w = w[::-1, ::-1] if given.get("flip") else w
    bias = float(given.get("bias", 0.0))
    s, p, d = figure.size("s"), figure.size("p"), (figure.size("d") if "d" in given else ONE)
    claim = linear("output", figure, x, w, np.array([bias]), lambda x, v, b: engine.conv(x, v, b, s, p, d))
    yield claim
    yield written(figure, claim)
    yield from sizes(figure, {"input": x.shape, "kernel": w.shape, "output": claim.theirs.shape})
    yield Claim("input", figure.result("input"), padded(engine, x, p), abs(x).max(), what=BESIDE)
    seen = windows(engine, x, _shape(w), s, p, d)
    yield from dot_products(figure, seen, w, figure.result("output"), bias)
    places = windows(engine, np.arange(float(figure.result("input").size)).reshape(figure.result("input").shape),
                     _shape(w), s, NONE, d)  # fmt: skip
    yield noted(figure, "input", factors(w, places, figure.result("input").shape[1]))
    if figure.board.scene == "conv":
        yield from reckoned(figure)
        yield from formula(figure, letters(figure, claim.theirs.shape))


def letters(figure: Subject, out: Sequence[int]) -> list[dict[str, float]]:
    """The letters of formulas for rows and for columns, with the output's size as the engine has it."""
    names = {"a": "output_padding", **{name: name for name in "ikspd"}}
    known = {letter: figure.size(name) for letter, name in names.items() if figure.parameters.get(name) is not None}
    return [{"o": float(out[axis]), **{k: float(v[axis]) for k, v in known.items()}} for axis in (0, 1)]


def _shape(values: Values) -> Size:
    rows, columns = values.shape
    return rows, columns


def dot_products(
    figure: Subject, seen: Array, w: Values, results: Array, bias: float = 0, first: int = 0, real: Array | None = None
) -> Iterator[Claim]:
    """Captions with one output cell's products each, from the step `first` on; only `real` cells are written out."""
    rows, columns = results.shape
    expected = {}
    for place, (row, column) in enumerate(np.ndindex(rows, columns)):
        values: list[float] = []
        for cell, weight in enumerate(w.ravel()):
            if weight != 0 and (real is None or real[cell, row, column] != 0):
                values += [float(seen[cell, row, column]), float(weight)]
        # Where there is no product, the bias may be the result as it is written.
        alone = not values and len(numbers(figure.captions[first + place])) == len(("row", "column", "result"))
        values += [bias] if bias and not alone else []
        expected[first + place] = [row + 1, column + 1, *values, float(results[row, column])]
    yield from captions(figure, expected)


def factors(w: Values, places: Array, width: int, first: int = 0) -> Callable[[int, tuple[int, ...]], float]:
    """The weight that lies on a cell in a step."""
    columns = places.shape[2]

    def at(step: int, place: tuple[int, ...]) -> float:
        row, column = divmod(step - first, columns)
        under = np.flatnonzero(places[:, row, column] == place[0] * width + place[1])
        return float(w.ravel()[under[0]]) if len(under) else np.nan

    return at


def conv_relation(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """A convolution and the transposed one behind it."""
    yield from conv(figure, engine)
    size, k, s, p = (figure.size(name) for name in "iksp")
    rest = ((size[0] + 2 * p[0] - k[0]) % s[0], (size[1] + 2 * p[1] - k[1]) % s[1])
    x, y, w = figure.operand("input"), figure.result("output"), figure.operand("kernel")
    claim = linear("back", figure, y, w, np.zeros(1), lambda x, w, _: engine.conv_transpose(x, w, s, p, rest, ONE))
    yield claim
    stamps = Stamped(figure, engine, "back", y, w, (s, p, rest, ONE), first=y.size)
    yield from stamps.claims(claim)
    yield from sizes(figure, {"back": size})
    back = figure.result("back")
    lost = 1e-12 * float(abs(x).max()) * float(abs(w).sum()) ** 2
    others = np.argwhere(~np.isclose(x, back, rtol=1e-9, atol=lost))
    last = [*size, len(others), x.size] if len(others) else [*size, x.size, x.size]
    if len(others):
        row, column = others[0]
        last += [row + 1, column + 1, x[row, column], back[row, column]]
    yield from captions(figure, {2 * y.size: last})
    yield from formula(
        figure, [{**axis, "a": float(a)} for axis, a in zip(letters(figure, y.shape), rest, strict=True)]
    )
    yield from reckoned(figure)


class Stamped:
    """A sum that grows stamp by stamp, each a pixel times the kernel: what is known after each of them."""

    def __init__(
        self, figure: Subject, engine: Engine, panel: str, x: Values, w: Values,
        how: tuple[Size, Size, Size, Size], bias: float = 0.0, first: int = 0,
    ) -> None:  # fmt: skip
        self._figure, self._panel, self._x, self._bias, self._first = figure, panel, x, bias, first
        self._engine, self._w, self._how = engine, w, how
        whole_sums = whole(x, w, np.array(bias))
        self._exact = whole_sums and float(abs(x).max() * abs(w).sum() + abs(bias)) < MOST_EXACT

    def stamps(self, x: Values, w: Values) -> Iterator[Array]:
        """Each stamp on a map of its own, in the order of the pixels."""
        one = self._engine.conv_transpose(x[None, None] * 0, w[None, None], *self._how)[0, 0].size
        chunk = max(1, int(_AT_ONCE // one))
        for start in range(0, x.size, chunk):
            count = min(chunk, x.size - start)
            alone = np.zeros((count, 1, x.size))
            alone[range(count), 0, range(start, start + count)] = x.ravel()[start : start + count]
            yield from self._engine.conv_transpose(alone.reshape(count, 1, *x.shape), w[None, None], *self._how)[:, 0]

    def claims(self, claim: Claim, counting: bool = False) -> Iterator[Claim]:
        """Every number that a step puts there, the notes on it, and the captions but the last."""
        stamps = list(self.stamps(self._x, self._w))
        total, counts = np.full(claim.theirs.shape, self._bias), np.zeros(claim.theirs.shape)
        ones = self.stamps(np.ones_like(self._x), np.ones_like(self._w)) if counting else None
        expected: dict[int, list[float]] = {}
        for step, (place, stamp) in enumerate(zip(np.ndindex(*self._x.shape), stamps, strict=True), self._first):
            before, total = total, total + stamp
            counts = counts if ones is None else counts + next(ones)
            expected[step] = self._words(step, place, (before, stamp, total), counts if counting else None)
        yield from self.sums(claim)
        # Of float32's sums and ours the last digits are others.
        single = claim.theirs.dtype == np.float32
        lost = 2.0**-22 * len(stamps) * max(float(abs(stamp).max()) for stamp in stamps) if single else 0.0
        yield from captions(self._figure, expected, lost)
        yield noted(self._figure, self._panel, lambda step, at: float(stamps[step - self._first][at]))

    def sums(self, claim: Claim) -> Iterator[Claim]:
        """Every number that a step puts there."""
        stamps, total, last = self.stamps(self._x, self._w), np.full(claim.theirs.shape, self._bias), self._first - 1
        shown, theirs = list[float](), list[float]()
        for write in self._figure.writes(self._panel):
            while last < min(write.step, self._first + self._x.size - 1):
                total, last = total + next(stamps), last + 1
            shown.append(write.value)
            theirs.append(float(total[write.place]))
        yield Claim(f"{self._panel}, on its way,", np.array(shown), np.array(theirs).astype(claim.theirs.dtype),
                    float(np.max(claim.scale)), self._exact, BESIDE)  # fmt: skip

    def _words(self, step: int, place: Sequence[int], sums: Sequence[Array], counts: Array | None) -> list[float]:
        """What a caption must tell; of which cell it tells is its own choice."""
        x = float(self._x[tuple(place)])
        said: list[float] = [place[0] + 1, place[1] + 1, x, x]
        _, found, rest = self._figure.captions[step].partition(" row ")
        if not found:
            return said
        row, column = (int(number.value) for number in numbers(rest)[:2] if number)
        if not (0 < row <= sums[0].shape[0] and 0 < column <= sums[0].shape[1]):
            return [*said, np.nan]
        at = row - 1, column - 1
        return [*said, row, column, *(float(values[at]) for values in (sums if counts is None else [counts]))]
