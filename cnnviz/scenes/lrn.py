"""Local response normalization: each value is divided by the strength of its neighbours."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_KERNEL, MAX_VALUE
from cnnviz.notation import as_given, as_given_exactly, assigned, digits_for, number, size_text, written
from cnnviz.ops.normalization import local_response_norm, local_response_norm_within
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._blocks import Maps, check_squares, in_rows, load_maps, settings_line, short_digits, side_by_side
from cnnviz.scenes._sliding import CROWDED_SIDE, check_steps, equals, factor, fills, shade_for, summed
from cnnviz.storyboard import Block, Cell, Change, Mark, MoveMark, Step, Storyboard, Values

if TYPE_CHECKING:
    from cnnviz.operation import Operation

_DEFAULTS: dict[str, tuple[int, Size]] = {"inter": (4, (3, 3)), "intra": (2, (4, 4))}
_LONGEST_ROW = 24
"""Cells up to which all channels stand side by side."""

_SUM_LETTERS, _CONSTANT_LETTERS = 50, 15
"""Letters of a sum of squares beside constants that have so many together."""

Place = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Lrn(Scene):
    """Local response normalization: b = a / (k + α·Σ a²)^β, the sum over a value's neighbourhood.

    Between channels the neighbourhood is the same pixel in nearby channels (Krizhevsky, Sutskever and Hinton 2012,
    "ImageNet classification with deep convolutional neural networks", §3.3, with n = 5, k = 2, α = 0.0001, β = 0.75);
    within a channel it is an n×n window (Caffe's WITHIN_CHANNEL).
    """

    examples: ClassVar = (
        "cnnviz lrn inter --n 3 --channels 4",
        "cnnviz lrn intra --n 3 --i 5 --channels 1 --k 2",
        "cnnviz lrn inter --n 5 --k 2 --alpha 1e-4 --beta 0.75 --channels 6",
    )

    kind: str = param(
        "inter", help="Neighbours in nearby channels, or within one.", choices=("inter", "intra"), positional=True,
        always_named=True,
    )
    n: int = param(
        3, alias="neighbours", help="Neighbourhood: n channels, or n×n pixels.", lo=1, hi=MAX_KERNEL, always_named=True
    )
    k: float = param(1.0, help="Constant k of the denominator.", lo=0, hi=1e6)
    alpha: float = param(0.1, help="Constant α, the weight of the neighbours.", lo=0, hi=1e6)
    beta: float = param(0.75, help="Exponent β.", lo=0, hi=4)
    alpha_over_n: bool = param(False, help="Divide α by the number of neighbours, as torch and Caffe do.")
    i: Size | None = param(
        None, alias="input-size", help="Size of a channel.", lo=1, hi=64, shown_default="3, for intra 4"
    )
    channels: int | None = param(None, help="Number of channels.", lo=1, hi=64, shown_default="4, for intra 2")
    input: ArrayLike = param(
        "random", group="Data",
        help="Input: a file or a literal with the channels one below the other, random (0 to 9), arange, ones, zeros.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        channels, *size = self._values.shape
        object.__setattr__(self, "channels", channels)
        object.__setattr__(self, "i", tuple(size))
        check_squares(self._values)
        if self.k == 0 and self.alpha == 0:
            raise UsageError("k 0 and alpha 0 leave nothing to divide by: use --k above 0, such as 1")
        if self.k == 0 and float(self._sums.min()) == 0:
            raise UsageError("k 0 leaves nothing to divide by where all neighbours are 0: use --k above 0, such as 1")
        if (most := float(np.abs(self._result).max())) > MAX_VALUE:
            raise UsageError(f"the output reaches {most:.2g}, too large to write: use a larger --k or a smaller --beta")
        check_steps(self._values.size, "this normalization", (self.n, self.n if self.kind == "intra" else 1))

    @cached_property
    def _maps(self) -> Maps:
        return load_maps(self.input, self.channels, self.i, seed=self.seed, default=_DEFAULTS[self.kind])

    @property
    def _values(self) -> Values:
        return self._maps.values

    @cached_property
    def _result(self) -> Values:
        normalise = local_response_norm if self.kind == "inter" else local_response_norm_within
        block = normalise(self._values[None], self.n, self.alpha, self.beta, self.k, alpha_over_n=self.alpha_over_n)
        return np.asarray(block[0], np.float64)

    @cached_property
    def _sums(self) -> Values:
        """Σ a² of every cell."""
        shape = self._values.shape
        squares = [float((self._values[self._window((c, y, x))] ** 2).sum()) for c, y, x in np.ndindex(shape)]
        return np.array(squares).reshape(shape)

    def _window(self, place: Place) -> tuple[slice, slice, slice]:
        """The neighbourhood of a cell, cut off at the edges; of an even n one more before than after."""
        before, after = self.n // 2, (self.n - 1) // 2
        spread = (0,) if self.kind == "inter" else (1, 2)
        found = [
            slice(max(0, at - before), min(end, at + after + 1)) if axis in spread else slice(at, at + 1)
            for axis, (at, end) in enumerate(zip(place, self._values.shape, strict=True))
        ]
        return found[0], found[1], found[2]

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The vectorised normalization."""
        return {"output": self._result}

    def operation(self) -> Operation:
        """The normalization."""
        from cnnviz.scenes._operations import response_norm

        options = {"size": self.n, "alpha": self.alpha, "beta": self.beta, "k": self.k,
                   "alpha_over_n": self.alpha_over_n}  # fmt: skip
        return response_norm(self._values, self.kind == "intra", options)

    def storyboard(self) -> Storyboard:
        """One step for each value: pixel by pixel through the channels, or channel by channel."""
        constants = [("k", self.k), (r"\alpha", self.alpha), (r"\beta", self.beta)]
        settings = [f"{self.kind}-channel", f"$n={self.n}$"]
        settings += [assigned(symbol, as_given(value)) for symbol, value in constants]
        across, down = self._sheets
        beside = side_by_side(across * self._values.shape[2], down * self._values.shape[1])
        return Storyboard(
            scene="lrn",
            parameters=self.public(),
            title="Local response normalization",
            settings=settings_line(settings),
            formula=self._formula(),
            convention=self._convention(),
            alt=self._alt(),
            rows=in_rows(self._input_panel(), self._output_panel(), beside=beside),
            steps=self._steps,
            count=self._values.size,
            step_roles=("neighbour", "selected", "output"),
        )

    @property
    def _sheets(self) -> tuple[int, int]:
        """How many channels stand side by side, and in how many rows."""
        channels, _, columns = self._values.shape
        down = 1 if channels * columns <= _LONGEST_ROW else math.ceil(math.sqrt(channels / 2))
        across = math.ceil(channels / down)
        return across, math.ceil(channels / across)

    def _input_panel(self) -> Block:
        channels = self._values.shape[0]
        windows = [Mark(name=f"window {c}", role="window", channel=c) for c in range(channels)]
        return self._panel(
            "input", "Input $a$", self._values, "input", (*windows, Mark(name="centre", role="result", channel=0))
        )

    def _output_panel(self) -> Block:
        return self._panel("output", "Output $b$", self._result, "pending", (Mark(name="current", role="result"),))

    def _panel(self, name: str, label: str, values: Values, role: str, marks: tuple[Mark, ...]) -> Block:
        crowded = max(values.shape[1:]) >= CROWDED_SIDE
        shade = shade_for(values, picture=self._maps.picture, always=self._maps.picture or crowded)
        known = role != "pending"
        return Block(
            name=name, label=f"{label}, {size_text(*values.shape)}", roles=np.full(values.shape, role),
            values=values if known else np.full(values.shape, np.nan), numbers=not crowded,
            digits=self._digits(values, known=known), shade=shade, marks=marks,
            columns=self._sheets[0],
        )  # fmt: skip

    def _digits(self, values: Values, *, known: bool) -> int:
        """Decimals of the input, which is known, or of the output."""
        return digits_for(values, most=self._most()) if known else short_digits(values, self.digits)

    def _divisor(self, below: float) -> str:
        """What is divided by, as it is written: never as 0."""
        if self.digits is None:
            return number(below, 2 if below < 100 else 0) if 0.1 <= below < MAX_VALUE else f"{below:.3g}"
        text = number(below, self.digits)
        return text if float(text) and below < MAX_VALUE else f"{below:.{self.digits or 0}e}"

    def _order(self) -> Iterator[Place]:
        channels, rows, columns = self._values.shape
        if self.kind == "intra":
            yield from ((c, y, x) for c, y, x in np.ndindex(channels, rows, columns))
        else:
            yield from ((c, y, x) for y, x, c in np.ndindex(rows, columns, channels))

    def _steps(self) -> Iterator[Step]:
        covered: dict[Place, str] = {}
        for place in self._order():
            window = self._window(place)
            cells = dict.fromkeys(_cells(window), "neighbour") | {place: "selected"}
            changes: list[Change] = [_cell("input", at, "input") for at in covered.keys() - cells.keys()]
            changes += [_cell("input", at, role) for at, role in cells.items() if covered.get(at) != role]
            changes += self._moves(place, window)
            channel, row, column = place
            value = float(self._result[place])
            changes.append(Cell(panel="output", channel=channel, row=row, column=column, role="output", value=value))
            yield Step(caption=self._caption(place, window), changes=tuple(changes))
            covered = cells

    def _moves(self, place: Place, window: tuple[slice, slice, slice]) -> Iterator[Change]:
        """The outlines: on each channel the part of the neighbourhood that lies there, and the cell itself."""
        channels, rows, columns = window
        for c in range(self._values.shape[0]):
            inside = channels.start <= c < channels.stop
            size = (rows.stop - rows.start, columns.stop - columns.start) if inside else (0, 0)
            yield MoveMark(panel="input", mark=f"window {c}", channel=c, row=rows.start, column=columns.start,
                           rows=size[0], columns=size[1])  # fmt: skip
        for panel, mark in (("input", "centre"), ("output", "current")):
            yield MoveMark(panel=panel, mark=mark, channel=place[0], row=place[1], column=place[2], rows=1, columns=1)

    @property
    def _shares(self) -> int:
        """What α is divided by: cells beyond an edge count, as in torch and Caffe."""
        if not self.alpha_over_n:
            return 1
        return self.n if self.kind == "inter" else self.n**2

    def _caption(self, place: Place, window: tuple[slice, slice, slice]) -> str:
        digits, out_digits = self._digits(self._values, known=True), self._digits(self._result, known=False)
        a, total, result = (float(array[place]) for array in (self._values, self._sums, self._result))
        top = number(a, digits)
        total_digits = digits_for(total, most=self._most(4))
        k, beta = as_given(self.k), as_given(self.beta)
        weight = as_given(self.alpha) + (f"/{self._shares}" if self.alpha_over_n else "")
        more = len(k) + len(weight) + len(beta) - _CONSTANT_LETTERS
        letters = _SUM_LETTERS - 4 * len(top) - 2 * max(0, more)
        squares = summed([f"{factor(v, digits)}²" for v in self._values[window].ravel()], letters)
        divisor = self._divisor((self.k + self.alpha / self._shares * total) ** self.beta)
        first, second = self._same(place, window, digits, total_digits, divisor)
        power = f"$^{{{beta}}}$"
        name = "$b_{" + ",".join(str(at + 1) for at in place) + "}$"
        end = (
            f"{top} / {divisor} "
            f"{equals(written(a, digits) / Fraction(divisor), result, out_digits)} **{number(result, out_digits)}**"
        )
        if not first:
            return f"{name} = {end}"
        return (
            f"{name} = {top} / ({k} + {weight}·({squares})){power} "
            f"{first} "
            f"{top} / ({k} + {weight}·{number(total, total_digits)}){power} "
            f"{second} {end}"
        )

    def _same(
        self, place: Place, window: tuple[slice, slice, slice], digits: int, total_digits: int, divisor: str
    ) -> tuple[str, str]:
        """The signs between a caption's quotients: of the squares, of their sum, and of what that comes to.

        Empty where so little is divided by that as written it would be 0.
        """
        squares = sum((written(value, digits) ** 2 for value in self._values[window].ravel()), Fraction(0))
        k, alpha, beta = (float(as_given_exactly(value)) for value in (self.k, self.alpha, self.beta))
        sums = float(squares), float(written(float(self._sums[place]), total_digits))
        below = [*((k + alpha / self._shares * total) ** beta for total in sums), float(divisor)]
        if self.beta and not all(k + alpha * total for total in sums):
            return "", ""
        if not written(float(self._values[place]), digits):
            return "=", "="
        first, second = ("=" if math.isclose(a, b, rel_tol=1e-12) else "≈" for a, b in pairwise(below))
        return first, second

    def _formula(self) -> str:
        alpha = rf"({self._divided})" if self.alpha_over_n else r"\alpha"
        if self.kind == "intra":
            return (
                rf"$b=a\,/\,(k+{alpha}\,\Sigma\,a^2)^\beta$"
                f"   over {size_text(self.n, self.n)} pixels of the same channel"
            )
        before, after, channels = self.n // 2, (self.n - 1) // 2, self._values.shape[0]
        return (
            rf"$b_i=a_i\,/\,(k+{alpha}\,\Sigma_j\,a_j^2)^\beta$   "
            rf"$j=\max(1,\,i-{before})\,\ldots\,\min({channels},\,i+{after})$"
        )

    def _convention(self) -> str:
        if not self.alpha_over_n:
            return rf"$\alpha$ as in the paper, not ${self._divided}$"
        # torch has no neighbourhood within a channel.
        return f"${self._divided}$ as " + ("torch, Caffe" if self.kind == "inter" else "Caffe")

    @property
    def _divided(self) -> str:
        """α over what it may be divided by, in mathtext."""
        return r"\alpha/n" if self.kind == "inter" else r"\alpha/n^2"

    def _alt(self) -> str:
        where = "the same pixel in nearby channels" if self.kind == "inter" else "nearby pixels of the same channel"
        neighbours = f"{self.n}" if self.kind == "inter" else size_text(self.n, self.n)
        alpha = "α" if not self.alpha_over_n else "(α/n)" if self.kind == "inter" else "(α/n²)"
        return (
            f"Animation of {self.kind}-channel local response normalization: each value of a "
            f"{size_text(*self._values.shape)} block is divided by (k + {alpha}·Σa²)^β, the sum of squares over up to "
            f"{neighbours} cells, {where}; n = {self.n}, k = {as_given(self.k)}, α = {as_given(self.alpha)}, "
            f"β = {as_given(self.beta)}; {fills(self._values.size)} the output."
        )


def _cells(window: tuple[slice, slice, slice]) -> Iterator[Place]:
    for c in range(window[0].start, window[0].stop):
        for y in range(window[1].start, window[1].stop):
            for x in range(window[2].start, window[2].stop):
                yield c, y, x


def _cell(panel: str, place: Place, role: str) -> Cell:
    return Cell(panel=panel, channel=place[0], row=place[1], column=place[2], role=role)
