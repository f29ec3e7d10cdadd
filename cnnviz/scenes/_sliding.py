"""What scenes with a sliding window share: the cells it covers, its arithmetic in words, the words for sizes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from cnnviz.data import Data
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_COVERED, MAX_SIDE, MAX_STEPS
from cnnviz.notation import digits_for, number, scaled, size_text, written
from cnnviz.parameters import Size
from cnnviz.storyboard import Cell, Change, MoveMark, Shade, Values

CROWDED_SIDE = 20
"""Cells a side from which a map shows colours instead of numbers."""

_LOST = 1e-12

_CAPTION_LETTERS = 80
_BAND_LETTERS = 74

_MOST_WORDS = 3
_MOST_TOLD = 9
_COMMAND = re.compile(r"\\(?:[a-zA-Z]+|.) ?")

Place = tuple[int, int]


SIZES = ("i", "k", "s", "p", "d", "o")
"""The article's symbols in a scene's formulas, for another notation to find."""

COVERING = MappingProxyType(
    {
        "input": "kernel", "unreached": "kernel", "zero": "kernel_on_padding", "padding": "kernel_on_padding",
        "padding_unreached": "kernel_on_padding",
    }
)  # fmt: skip
"""What becomes of a cell's role where the window covers it."""

INPUT_HELP = 'Input: an image, .npy, .csv or .txt file, a literal such as "1 2; 3 4", random, arange, ones or zeros.'
KERNEL_HELP = (
    "Kernel: a file, a literal, or a name: sobel-x, sobel-y, laplacian, sharpen, box, gaussian, identity, random, …"
)


class Cover:
    """The cells of a panel that the window covers; knows what to change when it moves on."""

    def __init__(self, panel: str, roles: npt.NDArray[np.str_], covering: Mapping[str, str]) -> None:
        self._panel, self._roles, self._covering = panel, roles, covering
        self._covered: dict[Place, tuple[str, str]] = {}

    def move(self, cells: Mapping[Place, str], special: Mapping[Place, str] | None = None) -> Iterator[Change]:
        """Uncover what `cells` leaves out, cover the rest; `cells` holds the note of each covered cell.

        `special` gives single covered cells a role of their own.
        """
        for row, column in self._covered:
            if (row, column) not in cells:
                yield Cell(panel=self._panel, row=row, column=column, role=str(self._roles[row, column]), note="")
        before, self._covered = self._covered, {}
        for place, note in cells.items():
            role = (special or {}).get(place) or self._covering[str(self._roles[place])]
            self._covered[place] = role, note
            if before.get(place) != (role, note):
                yield Cell(panel=self._panel, row=place[0], column=place[1], role=role, note=note)


def outline(panel: str, first: Place, end: Place, mark: str = "window") -> Iterator[Change]:
    """Put a mark around the cells from `first` up to `end`; hide it where there are none."""
    rows, columns = end[0] - first[0], end[1] - first[1]
    if rows < 1 or columns < 1:
        yield outline_off(panel, mark)
    else:
        yield MoveMark(panel=panel, mark=mark, row=first[0], column=first[1], rows=rows, columns=columns)


def outline_off(panel: str, mark: str = "window") -> Change:
    """Hide a mark."""
    return MoveMark(panel=panel, mark=mark, row=0, column=0, rows=0, columns=0)


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


def check_steps(count: int, what: str, window: Size = (1, 1)) -> None:
    """Refuse a figure of more steps, or more cells under its window, than anybody watches; raises UsageError."""
    if count > MAX_STEPS:
        raise UsageError(f"{what} would take {count} steps, more than {MAX_STEPS}: use a larger stride or less input")
    covered = count * window[0] * window[1]
    if covered > MAX_COVERED:
        raise UsageError(
            f"{what} would cover {covered} cells in {count} steps, more than {MAX_COVERED}: use a larger stride, a "
            "smaller window or less input"
        )


def reading_beats(count: int) -> float:
    """Beats of a step that is read rather than followed: more where many steps are to go by fast."""
    return min(30.0, max(2.0, count / 16))


def lost_of(values: Values, weights: Values | float = 1.0) -> float:
    """What floats may leave of 0 where values are added up with weights."""
    return _LOST * float(abs(values).max() * np.abs(weights).sum())


def factor(value: float, digits: int) -> str:
    """A number as a factor or summand after another: in parentheses where negative."""
    text = number(value, digits)
    return f"({text})" if value < 0 and text[0] not in "0123456789" else text


def dot_product(
    name: str, pixels: Values, weights: Values, result: float, digits: Mapping[str, int], bias: float = 0
) -> str:
    """The arithmetic of one output cell, such as `$y_{2,3}$ = 0·1 + 1·2 = **2**`; zero weights are left out.

    Without a term the result is written once, and so is a bias alone that needs no rounding.
    """
    pairs = [(a, w) for a, w in zip(pixels.ravel(), weights.ravel(), strict=True) if w != 0]
    final = f"**{number(result, digits['output'])}**"
    if not pairs and written(bias, digits["bias"]) == written(result, digits["output"]):
        return f"{name} = {final}"
    if not pairs:
        return f"{name} = {number(bias, digits['bias'])} ≈ {final}"
    terms = [f"{factor(a, digits['input'])}·{factor(w, digits['kernel'])}" for a, w in pairs]
    if bias:
        terms.append(factor(bias, digits["bias"]))
    products = sum(scaled(a, digits["input"]) * scaled(w, digits["kernel"]) for a, w in pairs)
    shown = Fraction(products, 10 ** (digits["input"] + digits["kernel"])) + written(bias, digits["bias"])
    sign = equals(shown, result, digits["output"])
    return f"{name} = {summed(terms)} {sign} {final}"


def equals(shown: Fraction | float, result: float, digits: int) -> str:
    """The sign between arithmetic with the numbers `shown` and a result written with `digits` decimals: = or ≈.

    Where these numbers are rational the arithmetic shall be exact, for floats may be off by more than a last decimal.
    """
    exact = written(result, digits)
    same = shown == exact if isinstance(shown, Fraction) else math.isclose(shown, exact, rel_tol=1e-12)
    return "=" if same else "≈"


def summed(terms: Sequence[str], letters: int = _CAPTION_LETTERS, between: str = " + ") -> str:
    """The terms with plus signs between; the middle gives way to an ellipsis where they are too many to read."""
    whole = between.join(terms)
    if len(whole) <= letters:
        return whole
    last = terms[-1]
    first: list[str] = []
    for term in terms:
        if len(between.join([*first, term, "…", last])) > letters:
            break
        first.append(term)
    return between.join([*first[: len(terms) - 2], "…", last])


def check_fit(i: Size, k: Size, p: Size | None = None, d: Size = (1, 1)) -> None:
    """Refuse a kernel larger than the padded input, without `p` than the input; raises UsageError."""
    for size, kernel, padding, dilation in zip(i, k, p or (0, 0), d, strict=True):
        span, padded = dilation * (kernel - 1) + 1, size + 2 * padding
        if span <= padded:
            continue
        if p is None:
            less = f"use --k {size} or less, or --i {kernel} or more"
            raise UsageError(f"kernel {kernel} does not fit the input {size}: {less}")
        rows = ", or give more rows: data has ; between them" if i[0] == 1 < i[1] and size == 1 else ""
        spread = f" with dilation {dilation} spans {span}, which" if dilation > 1 else ""
        less = f", --d {(padded - 1) // (kernel - 1)} or less" if dilation > 1 and padded >= kernel else ""
        raise UsageError(
            f"kernel {kernel}{spread} does not fit the padded input {padded} (= {size} + 2·{padding}): use --p "
            f"{-(-(span - size) // 2)} or more{less}, or --k {(padded - 1) // dilation + 1} or less{rows}"
        )


def check_side(shape: Size, what: str, instead: str) -> None:
    """Refuse a map of more cells a side than are drawn; raises UsageError."""
    if max(shape) > MAX_SIDE:
        raise UsageError(f"{what} has {size_text(*shape)} cells, more than {MAX_SIDE} a side: {instead}")


def map_shade(data: Data, *, crowded: bool) -> Shade:
    """How a map's values become colours: always where it is a picture or crowded, greys 0 to 255 for a picture."""
    picture = data.source == "image"
    if picture and data.values.min() >= 0:
        return Shade(scale="gray", lo=0, hi=255, always=True)
    return shade_for(data.values, picture=picture, always=picture or crowded)


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


def by_axis(left: str, filled: Sequence[str], most: int = _BAND_LETTERS) -> str:
    """A formula with numbers put in, in mathtext: once, or for rows and for columns where these differ.

    Where that has more than `most` letters, too many for the band, only what it comes to is put in.
    """
    if filled[0] == filled[1]:
        return f"${left}={filled[0]}$"
    whole = f"${left}$    rows ${filled[0]}$    columns ${filled[1]}$"
    if fits_band(whole, most):
        return whole
    rows, columns = (text.rpartition("=")[2] for text in filled)
    return f"${left}$    rows $o={rows}$    columns $o={columns}$"


def fits_band(formula: str, most: int = _BAND_LETTERS) -> bool:
    """Whether a formula is short enough for its line of the band, counted in signs seen."""
    return len(_COMMAND.sub("x", formula).replace("$", "")) <= most


def each_axis(texts: Sequence[str]) -> str:
    """A text for both axes: once, or for rows and for columns where these differ."""
    return texts[0] if texts[0] == texts[1] else f"rows {texts[0]}, columns {texts[1]}"


def settings_text(*settings: tuple[str, str]) -> str:
    """The parameters at the top right, each a word and its value in mathtext; of many the words are left out."""
    if len(settings) > _MOST_WORDS:
        return "   ".join(value for _, value in settings)
    return "     ".join(f"{word} {value}" for word, value in settings)


def words_size(size: Size) -> str:
    """A parameter's value in words: `2`, `2×1`."""
    return str(size[0]) if size[0] == size[1] else size_text(*size)


def fills(count: int) -> str:
    """The steps of a figure with their verb, for a sentence about them."""
    return "1 step fills" if count == 1 else f"{count} steps fill"


def told(values: Values, lost: float) -> str:
    """A result of few numbers as one more sentence, for those who do not see it; nothing where they are many.

    `lost` is how much floats may have left of 0.
    """
    if values.size > _MOST_TOLD:
        return ""
    digits = digits_for(values, above=lost)
    rows = "; ".join(", ".join(number(float(value), digits) for value in row) for row in values)
    return f" The output, row by row: {rows}."


__all__ = [
    "COVERING", "CROWDED_SIDE", "INPUT_HELP", "KERNEL_HELP", "SIZES", "Cover", "Place", "by_axis", "check_fit",
    "check_side", "check_steps", "digits_for", "dot_product", "each_axis", "equals", "factor", "fills", "fits_band",
    "lost_of", "map_shade", "math_size", "outline", "outline_off", "positions", "reached", "reading_beats",
    "settings_text", "shade_for", "summed", "told", "window", "words_size",
]  # fmt: skip
