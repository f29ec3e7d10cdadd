"""What scenes with a sliding window share: the cells it covers, its arithmetic in words, the words for sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_STEPS
from cnnviz.notation import digits_for, number, size_text
from cnnviz.parameters import Size
from cnnviz.storyboard import Cell, Change, Shade, Values

CROWDED_SIDE = 20
"""Cells a side from which a map shows colours instead of numbers."""

_CAPTION_LETTERS = 80

Place = tuple[int, int]


class Cover:
    """The cells of a panel that the window covers; knows what to change when it moves on."""

    def __init__(self, panel: str, roles: npt.NDArray[np.str_], covering: Mapping[str, str]) -> None:
        self._panel, self._roles, self._covering = panel, roles, covering
        self._covered: dict[Place, str] = {}

    def move(self, cells: Mapping[Place, str]) -> Iterator[Change]:
        """Uncover what `cells` leaves out, cover the rest; `cells` holds the note of each covered cell."""
        for row, column in self._covered.keys() - cells.keys():
            yield Cell(panel=self._panel, row=row, column=column, role=str(self._roles[row, column]), note="")
        for (row, column), note in cells.items():
            if self._covered.get((row, column)) != note:
                role = self._covering[str(self._roles[row, column])]
                yield Cell(panel=self._panel, row=row, column=column, role=role, note=note)
        self._covered = dict(cells)


def window(position: Place, kernel: Size, stride: Size, dilation: Size) -> npt.NDArray[np.intp]:
    """The cells under a kernel at an output position: (kernel rows, kernel columns, 2) rows and columns."""
    rows = position[0] * stride[0] + np.arange(kernel[0]) * dilation[0]
    columns = position[1] * stride[1] + np.arange(kernel[1]) * dilation[1]
    return np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)


def positions(size: Size) -> Iterator[Place]:
    """Every cell of a map in reading order."""
    for row in range(size[0]):
        for column in range(size[1]):
            yield row, column


def reached(shape: Size, kernel: Size, stride: Size, dilation: Size, output: Size) -> npt.NDArray[np.bool_]:
    """Which cells of the padded input some position of the kernel covers."""
    axes = []
    for axis in range(2):
        along = np.zeros(shape[axis], bool)
        starts = np.arange(output[axis]) * stride[axis]
        along[np.add.outer(starts, np.arange(kernel[axis]) * dilation[axis]).ravel()] = True
        axes.append(along)
    return np.logical_and.outer(axes[0], axes[1])


def check_steps(count: int, what: str) -> None:
    """Refuse a figure of more steps than anybody watches; raises UsageError."""
    if count > MAX_STEPS:
        raise UsageError(f"{what} would take {count} steps, more than {MAX_STEPS}: use a larger stride or less input")


def factor(value: float, digits: int) -> str:
    """A number as a factor or summand after another: in parentheses where negative."""
    text = number(value, digits)
    return f"({text})" if value < 0 and text[0] not in "0123456789" else text


def dot_product(
    name: str, pixels: Values, weights: Values, result: float, digits: Mapping[str, int], bias: float = 0
) -> str:
    """The arithmetic of one output cell, such as `$y_{2,3}$ = 0·1 + 1·2 = **2**`; zero weights are left out."""
    pairs = [(a, w) for a, w in zip(pixels.ravel(), weights.ravel(), strict=True) if w != 0]
    terms = [f"{factor(a, digits['input'])}·{factor(w, digits['kernel'])}" for a, w in pairs]
    if bias:
        terms.append(factor(bias, digits["bias"]))
    shown = sum(round(a, digits["input"]) * round(w, digits["kernel"]) for a, w in pairs) + round(bias, digits["bias"])
    sign = "=" if abs(shown - round(result, digits["output"])) < 1e-9 * max(1, abs(result)) else "≈"
    return f"{name} = {summed(terms or ['0'])} {sign} **{number(result, digits['output'])}**"


def summed(terms: Sequence[str], letters: int = _CAPTION_LETTERS) -> str:
    """The terms with plus signs between; the middle gives way to an ellipsis where they are too many to read."""
    whole = " + ".join(terms)
    if len(whole) <= letters:
        return whole
    last = terms[-1]
    first: list[str] = []
    for term in terms:
        if len(" + ".join([*first, term, "…", last])) > letters:
            break
        first.append(term)
    return " + ".join([*first[: len(terms) - 2], "…", last])


def shade_for(values: Values, *, picture: bool, always: bool) -> Shade:
    """How values become colours: greys for a picture, one hue for a map, two from a middle zero where signs differ."""
    lo, hi = float(values.min()), float(values.max())
    if lo < 0:
        most = max(-lo, hi)
        return Shade(scale="diverging", lo=-most, hi=most, always=always)
    return Shade(scale="gray" if picture else "sequential", lo=min(lo, 0.0), hi=hi if hi > 0 else 1.0, always=always)


def math_size(symbol: str, size: Size) -> str:
    """A parameter with its value in mathtext: `$k=3$`, `$k=3\\times5$`."""
    return f"${symbol}={size[0]}$" if size[0] == size[1] else f"${symbol}={size[0]}\\times{size[1]}$"


def words_size(size: Size) -> str:
    """A parameter's value in words: `2`, `2×1`."""
    return str(size[0]) if size[0] == size[1] else size_text(*size)


__all__ = [
    "CROWDED_SIDE", "Cover", "check_steps", "digits_for", "dot_product", "factor", "math_size", "positions", "reached",
    "shade_for", "summed", "window", "words_size",
]  # fmt: skip
