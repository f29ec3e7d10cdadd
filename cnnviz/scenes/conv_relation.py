"""Convolution and its transpose: what the one shrinks, the other gives its size back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.limits import MAX_SIDE
from cnnviz.notation import digits_for, number, size_text
from cnnviz.ops.convolution import conv2d, conv_transpose2d, pad2d
from cnnviz.parameters import Size, param
from cnnviz.scenes._map_and_kernel import MapAndKernel
from cnnviz.scenes._sliding import (
    COVERING,
    CROWDED_SIDE,
    SIZES,
    Cover,
    Place,
    check_fit,
    check_side,
    check_steps,
    dot_product,
    fits_band,
    lost_of,
    map_shade,
    math_size,
    outline,
    outline_off,
    positions,
    reached,
    reading_beats,
    settings_text,
    shade_for,
    window,
    words_size,
)
from cnnviz.scenes._stamps import Stamper, stamped
from cnnviz.storyboard import Cell, Change, Grid, Mark, Relabel, Sign, Step, Storyboard, Values

if TYPE_CHECKING:
    from cnnviz.operation import Operation

_MANY_COLUMNS = 22
_BACK, _COMPARED = "by the transposed one", "same size, other values"


@dataclass(frozen=True, kw_only=True)
class ConvRelation(MapAndKernel):
    """A convolution and the transposed convolution of the same kernel, stride and padding.

    The first gathers each window of the input in one cell; the second stamps each such cell back over its window. So
    the size comes back, the values do not. Where the stride does not divide i + 2p − k, the rest is the output padding.
    Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning", relationships 6 and 14.
    """

    examples: ClassVar = (
        "cnnviz conv-relation --i 5 --k 3 --s 2 --p 1",
        "cnnviz conv-relation --i 6 --k 3 --s 2",
        "cnnviz conv-relation --i 4 --k 3 --kernel laplacian",
    )

    s: Size = param(2, alias="stride", help="Stride of both.", lo=1, hi=MAX_SIDE, always_named=True)
    p: Size = param(0, alias="padding", help="Padding of both.", lo=0, hi=MAX_SIDE, always_named=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fit(self._size, self._k, self.p)
        check_side((self._padded.shape[0], self._padded.shape[1]), "the padded input", "use a smaller --p or --i")
        check_steps(self._count, "this figure", self._k)

    @property
    def _out(self) -> Size:
        return self._convolved.shape[0], self._convolved.shape[1]

    @property
    def _count(self) -> int:
        return 2 * self._out[0] * self._out[1] + 1

    @property
    def _rest(self) -> Size:
        """What strides leave over of the padded input: the output padding that gives its size back."""
        rows, columns = (
            (i + 2 * p - k) % s for i, p, k, s in zip(self._size, self.p, self._k, self.s, strict=True)
        )  # fmt: skip
        return rows, columns

    @cached_property
    def _padded(self) -> Values:
        return np.asarray(pad2d(self._map.values, self.p), np.float64)

    @cached_property
    def _convolved(self) -> Values:
        weight = self._kernel.values[None, None]
        return np.asarray(conv2d(self._map.values[None], weight, None, self.s, self.p)[0], np.float64)

    @cached_property
    def _back(self) -> Values:
        weight = self._kernel.values[None, None]
        back = conv_transpose2d(self._convolved[None], weight, None, self.s, self.p, self._rest)
        return np.asarray(back[0], np.float64)

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The vectorised convolution and, of its output, the vectorised transposed convolution."""
        return {"output": self._convolved, "back": self._back}

    def operation(self) -> Operation:
        """Both convolutions."""
        from cnnviz.scenes._operations import there_and_back

        return there_and_back(self._map.values, self._kernel.values, self._out, self.s, self.p, self._rest)

    def storyboard(self) -> Storyboard:
        """One step for each output cell on the way there, one for each on the way back, and a comparison."""
        settings = [("kernel", math_size("k", self._k)), ("stride", math_size("s", self.s)),
                    ("padding", math_size("p", self.p))]  # fmt: skip
        if any(rows != columns for rows, columns in (self._k, self.s, self.p)):
            # Beside this title there is room for the words of one size each.
            settings = [("", value) for _, value in settings]
        return Storyboard(
            scene="conv-relation",
            parameters=self.public(),
            title="Convolution and its transpose",
            settings=settings_text(*settings).strip(),
            formula=self._formula(),
            convention=f"output padding $a$ = {words_size(self._rest)}" if self._rest != (0, 0) else "",
            alt=self._alt(),
            rows=((self._input_panel(), Sign(name="times", text="∗"), self._kernel_panel(),
                   Sign(name="equals", text="="), self._map_panel("output", "Output", self._convolved),
                   Sign(name="back-to", text="→"), self._back_panel()),),
            steps=self._steps,
            count=self._count,
            step_roles=("kernel", "kernel_on_padding", "overlap", "output"),
            symbols=(*SIZES, "a"),
        )  # fmt: skip

    @property
    def _crowded(self) -> bool:
        return max(self._size) >= CROWDED_SIDE

    @cached_property
    def _digits(self) -> dict[str, int]:
        x, w, y, most = self._map.values, self._kernel.values, self._convolved, self._most()
        products = np.multiply.outer(np.unique(y)[:64], np.unique(w))
        shown = {"input": x, "kernel": w, "output": y, "back": self._back, "product": products}
        lost = {"output": lost_of(x, w), "back": lost_of(y, w)}
        return {
            "bias": 0,
            **{name: digits_for(values, most=most, above=lost.get(name, 0)) for name, values in shown.items()},
        }

    def _roles(self) -> npt.NDArray[np.str_]:
        is_map = pad2d(np.ones(self._size), self.p) == 1
        seen = reached((is_map.shape[0], is_map.shape[1]), self._k, self.s, (1, 1), self._out)
        return np.select([is_map & seen, is_map, seen], ["input", "unreached", "padding"], "padding_unreached")

    def _input_panel(self) -> Grid:
        label, roles = f"Input {size_text(*self._size)}", self._roles()
        label += f", padding {words_size(self.p)}" if self.p != (0, 0) else ""
        if any(str(role).endswith("unreached") for role in np.unique(roles)):
            label += "\nhatched: never reached"
        boundary = Mark(name="map", role="boundary", row=self.p[0], column=self.p[1], rows=self._size[0],
                        columns=self._size[1])  # fmt: skip
        return Grid(
            name="input", label=label, values=self._padded, roles=roles, padding=self.p, digits=self._digits["input"],
            numbers=not self._crowded, shade=map_shade(self._map, crowded=self._crowded), notes=True,
            marks=((boundary,) if self.p != (0, 0) else ()) + (Mark(name="window", role="window"),),
        )  # fmt: skip

    def _kernel_panel(self) -> Grid:
        values = self._kernel.values
        columns = self._padded.shape[1] + self._out[1] + self._size[1]
        return Grid(
            name="kernel", label=f"Kernel {size_text(*self._k)}", values=values, roles=np.full(values.shape, "kernel"),
            digits=self._digits["kernel"], enlarge=columns >= _MANY_COLUMNS,
            shade=shade_for(values, picture=False, always=False),
        )  # fmt: skip

    def _map_panel(self, name: str, label: str, values: Values) -> Grid:
        picture = self._map.source == "image"
        return Grid(
            name=name, label=f"{label} {size_text(values.shape[0], values.shape[1])}",
            values=np.full(values.shape, np.nan), roles=np.full(values.shape, "pending"), digits=self._digits[name],
            numbers=not self._crowded, shade=shade_for(values, picture=picture, always=picture or self._crowded),
            marks=(Mark(name="current", role="result"),),
        )  # fmt: skip

    def _back_panel(self) -> Grid:
        panel = self._map_panel("back", "Back to", self._back)
        weights = np.abs(self._kernel.values)
        # No sum on the way is larger than that of the absolute products.
        maps = np.abs(self._convolved)[None], weights[None, None]
        most = float(conv_transpose2d(*maps, None, self.s, self.p, self._rest).max())
        signed = min(self._convolved.min(), 0) < 0 or self._kernel.values.min() < 0
        shade = shade_for(np.array([-most if signed else 0, most]), picture=self._map.source == "image",
                          always=bool(panel.shade and panel.shade.always))  # fmt: skip
        return Grid(
            name="back", label=panel.label + f"\n{_BACK}", values=panel.values,
            roles=panel.roles, digits=panel.digits, numbers=panel.numbers, shade=shade, notes=True,
            marks=(Mark(name="window", role="window"),),
        )  # fmt: skip

    def _steps(self) -> Iterator[Step]:
        label = self._back_panel().label.partition("\n")[0]
        cover = Cover("input", self._roles(), COVERING)
        for caption, changes in self._there(cover):
            yield Step(caption=caption, changes=tuple(changes))
        stamper = Stamper("back", self._size, self.p, self._kernel.values, self.s, (1, 1))
        uncovered = list(cover.move({}))
        for caption, changes in self._and_back(stamper):
            yield Step(caption=caption, changes=(*uncovered, *changes))
            uncovered = []
        changes = [*stamper.rest(), outline_off("input"), outline_off("output", "current")]
        changes.append(Relabel(panel="back", label=f"{label}\n{_COMPARED if self._differing else 'same values'}"))
        yield Step(caption=self._comparison(), changes=tuple(changes), beats=reading_beats(self._count))

    def _there(self, cover: Cover) -> Iterator[tuple[str, list[Change]]]:
        """The convolution."""
        notes = [f"×{number(w, self._digits['kernel'])}" for w in self._kernel.values.ravel()]
        for row, column in positions(self._out):
            cells = window((row, column), self._k, self.s, (1, 1))
            covered = {(int(r), int(c)): note for (r, c), note in zip(cells.reshape(-1, 2), notes, strict=True)}
            value = float(self._convolved[row, column])
            changes: list[Change] = [
                *cover.move(covered),
                *self._windows((row, column)),
                Cell(panel="output", row=row, column=column, role="output", value=value),
            ]
            pixels = self._padded[cells[..., 0], cells[..., 1]]
            name = f"$y_{{{row + 1},{column + 1}}}$"
            yield dot_product(name, pixels, self._kernel.values, value, self._digits), changes

    def _and_back(self, stamper: Stamper) -> Iterator[tuple[str, list[Change]]]:
        """The transposed convolution."""
        for row, column in positions(self._out):
            value = float(self._convolved[row, column])
            changes = [*stamper.stamp((row, column), value, self._digits["product"]), *self._windows((row, column))]
            said = stamped("y", (row, column), value, self._digits["output"])
            if stamper.hit:
                said += f"; {stamper.arithmetic(max(self._digits['back'], self._digits['product']))}"
            yield said, changes

    def _windows(self, position: Place) -> Iterator[Change]:
        """The outlines of an output cell and of its window in the padded input."""
        (row, column), (top, left) = position, (position[0] * self.s[0], position[1] * self.s[1])
        yield from outline("input", (top, left), (top + self._k[0], left + self._k[1]))
        yield from outline("output", (row, column), (row + 1, column + 1), "current")

    @cached_property
    def _differing(self) -> list[list[int]]:
        """The cells that do not hold again what they held before."""
        before, weights = self._map.values, self._kernel.values
        # What sums of products on the way there and back may lose, and no more.
        lost = 1e-12 * float(abs(before).max()) * float(abs(weights).sum()) ** 2
        return np.argwhere(~np.isclose(before, self._back, rtol=1e-9, atol=lost)).tolist()

    def _comparison(self) -> str:
        size, before = size_text(*self._size), self._map.values
        if not self._differing:
            return f"{size} again, and with this kernel even the values agree: **{before.size}** of {before.size}"
        row, column = self._differing[0]
        was = number(float(before[row, column]), self._digits["input"])
        now = number(float(self._back[row, column]), self._digits["back"])
        count = f"{len(self._differing)} of {before.size} values are others"
        return f"{size} again, but {count}: at row {row + 1}, column {column + 1} it was {was} and is **{now}**"

    def _formula(self) -> str:
        (i0, i1), (k0, k1), (o0, o1) = self._size, self._k, self._out
        there, back = r"o=\lfloor(i+2p-k)/s\rfloor+1", "(o-1)s+k-2p"
        extra = "+a" if self._rest != (0, 0) else ""
        s, p, a = self.s[0], self.p[0], f"+{self._rest[0]}" if extra else ""
        filled = (
            rf"${there}=\lfloor({i0}+2\cdot{p}-{k0})/{s}\rfloor+1={o0}$    "
            rf"back ${back}{extra}=({o0}-1)\cdot{s}+{k0}-2\cdot{p}{a}={i0}$"
        )
        if (i0, k0, s, p) == (i1, k1, self.s[1], self.p[1]) and fits_band(filled):
            return filled
        sizes = rf"${i0}\to{o0}\to{i0}$"
        if (i0, o0) != (i1, o1):
            sizes = rf"rows {sizes}, columns ${i1}\to{o1}\to{i1}$"
        return f"${there}$    back ${back}{extra}$    {sizes}"

    def _alt(self) -> str:
        sizes = f"a {size_text(*self._k)} kernel, stride {words_size(self.s)}, padding {words_size(self.p)}"
        extra = f" and output padding {words_size(self._rest)}" if self._rest != (0, 0) else ""
        back = f"gives a {size_text(*self._size)} map of other values"
        if not self._differing:
            back = f"gives the {size_text(*self._size)} map back, with this kernel even its values"
        return (
            f"Animation of a convolution and its transpose: {sizes}, makes a {size_text(*self._out)} output of a "
            f"{size_text(*self._size)} input; the transposed convolution with the same parameters{extra} stamps each "
            f"output cell back over its window and {back}."
        )
