"""Normalization layers: which values share a mean and a variance; LRN against BN."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_SIDE
from cnnviz.notation import digits_for, size_text
from cnnviz.ops.normalization import batch_norm, group_norm, instance_norm, layer_norm
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._blocks import Maps, check_squares, in_rows, load_maps, short_digits, side_by_side
from cnnviz.scenes._comparison import comparison
from cnnviz.scenes._sliding import CROWDED_SIDE, check_steps, shade_for
from cnnviz.scenes._statistics import Statistics
from cnnviz.storyboard import Block, Cell, Change, Mark, MoveMark, Step, Storyboard, Values

if TYPE_CHECKING:
    from cnnviz.operation import Operation

_SIZE = 2, 2
_STEPS_A_GROUP = 3


@dataclass(frozen=True)
class _Group:
    """The sheets that share one mean and variance, and what they are called."""

    name: str
    sheets: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Norm(Scene):
    """Normalization layers: the values that share a mean and a variance light up, group after group.

    Batch (Ioffe and Szegedy 2015), layer (Ba, Kiros and Hinton 2016), instance (Ulyanov, Vedaldi and Lempitsky 2016)
    and group normalization (Wu and He 2018, whose figure 2 this is); `compare` is the article's table of local
    response against batch normalization.
    """

    examples: ClassVar = (
        "cnnviz norm batch --batch 3 --channels 4",
        "cnnviz norm group --groups 2",
        "cnnviz norm compare",
    )

    kind: str = param(
        "batch", help="Which normalization, or the table that compares them.",
        choices=("batch", "layer", "instance", "group", "compare"), positional=True, always_named=True,
    )
    batch: int = param(3, alias="batch-size", help="Samples in the batch.", lo=1, hi=MAX_SIDE)
    channels: int = param(4, help="Channels of a sample.", lo=1, hi=4096)
    i: Size | None = param(
        None, alias="input-size", help="Size of a channel.", lo=1, hi=MAX_SIDE, shown_default="2, or the data's own"
    )
    groups: int = param(2, help="Groups of channels, for the kind `group`.", lo=1, hi=4096)
    eps: float = param(1e-5, help="ε, added to the variance.", lo=1e-12, hi=1)
    input: ArrayLike = param(
        "random", group="Data",
        help="Input: a file or a literal with all channels of all samples one below the other, random (0 to 9), "
        "arange, ones, zeros.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind == "group" and self.channels % self.groups:
            fits = " or ".join(str(g) for g in range(1, self.channels + 1) if self.channels % g == 0)
            raise UsageError(f"groups {self.groups} do not divide {self.channels} channels: use --groups {fits}")
        if self.kind == "compare":
            object.__setattr__(self, "i", self.i or _SIZE)
            return
        rows, columns = self._values.shape[1:]
        object.__setattr__(self, "i", (rows, columns))
        check_squares(self._values)
        if len(self._groups[0].sheets) * rows * columns == 1:
            raise UsageError(
                f"{self.kind} normalization of one value a group leaves nothing but 0: use --i 2 or more"
            )
        check_steps(_STEPS_A_GROUP * len(self._groups), "this normalization")

    @cached_property
    def _maps(self) -> Maps:
        sheets = self.batch * self.channels
        return load_maps(self.input, sheets, self.i, seed=self.seed, default=(sheets, _SIZE), what="maps",
                         option="--batch times --channels")  # fmt: skip

    @property
    def _values(self) -> Values:
        return self._maps.values

    @cached_property
    def _result(self) -> Values:
        """All maps normalised, γ = 1 and β = 0."""
        size = self._values.shape[1:]
        x = self._values.reshape(self.batch, self.channels, *size)
        normalise: dict[str, Callable[[], Values]] = {
            "batch": lambda: batch_norm(x, None, None, training=True, eps=self.eps),
            "layer": lambda: layer_norm(x, (self.channels, *size), eps=self.eps),
            "instance": lambda: instance_norm(x, eps=self.eps),
            "group": lambda: group_norm(x, self.groups, eps=self.eps),
        }
        return normalise[self.kind]().reshape(self._values.shape)

    @property
    def _groups(self) -> tuple[_Group, ...]:
        samples, channels = range(self.batch), range(self.channels)
        if self.kind == "batch":
            return tuple(_Group(f"channel {c + 1}", tuple(n * len(channels) + c for n in samples)) for c in channels)
        parts = {"layer": 1, "instance": self.channels, "group": self.groups}[self.kind]
        size = self.channels // parts
        names = {"layer": "", "instance": ", channel {}", "group": ", group {}"}[self.kind]
        return tuple(
            _Group(f"sample {n + 1}" + names.format(g + 1),
                   tuple(range(n * len(channels) + g * size, n * len(channels) + (g + 1) * size)))
            for n in samples for g in range(parts)
        )  # fmt: skip

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The vectorised normalization; the table has no numbers to hold against one."""
        return {} if self.kind == "compare" else {"output": self._result}

    def operation(self) -> Operation | None:
        """The normalization; the table computes nothing."""
        from cnnviz.scenes._operations import normalization

        if self.kind == "compare":
            return None
        x = self._values.reshape(self.batch, self.channels, *self._values.shape[1:])
        return normalization(x, self.kind, self.groups, self.eps)

    def storyboard(self) -> Storyboard:
        """Three steps a group: its mean, its variance, its values normalised; or a step for each row of the table."""
        if self.kind == "compare":
            return comparison(self.public(), self.batch, self.channels, self.i or _SIZE)
        rows, columns = self._values.shape[1:]
        settings = f"samples $N={self.batch}$     channels $C={self.channels}$     pixels ${rows}\\times{columns}$"
        if self.kind == "group":
            settings += f"     groups $G={self.groups}$"
        count = len(self._groups[0].sheets) * rows * columns
        across, down = self.channels * columns, self.batch * rows
        source, result = self._panel("input", "Input $x$"), self._panel("output", r"Output $\hat{x}$")
        return Storyboard(
            scene="norm",
            parameters=self.public(),
            title=f"{self.kind.capitalize()} normalization",
            settings=settings,
            formula=r"$\hat{x}=(x-\mu)/\sqrt{\sigma^2+\epsilon}$" + f"    {self._sharing()}: {count} values",
            convention="biased variance",
            alt=self._alt(count),
            rows=in_rows(source, result, beside=side_by_side(across, down)),
            steps=self._steps,
            count=_STEPS_A_GROUP * len(self._groups),
            step_roles=("selected", "output"),
        )

    def _sharing(self) -> str:
        """What one mean and variance are taken over."""
        group = f"{self.channels // self.groups} channels of a sample"
        return "$\\mu$, $\\sigma^2$ over " + {
            "batch": "a channel in all samples", "layer": "all channels of a sample",
            "instance": "a channel of a sample", "group": group,
        }[self.kind]  # fmt: skip

    def _panel(self, name: str, label: str) -> Block:
        values = self._values if name == "input" else self._result
        shape, crowded = values.shape, max(values.shape[1:]) >= CROWDED_SIDE
        size = size_text(self.batch, self.channels, *shape[1:])
        captions = [f"n={n + 1}, c={c + 1}" for n in range(self.batch) for c in range(self.channels)]
        known = name == "input"
        return Block(
            name=name, label=f"{label}, {size}", values=values if known else np.full(shape, np.nan),
            roles=np.full(shape, "input" if known else "pending"), numbers=not crowded,
            digits=digits_for(values, most=self._most()) if known else short_digits(values, self.digits),
            captions=tuple(captions),
            shade=shade_for(values, picture=self._maps.picture and known, always=self._maps.picture or crowded),
            columns=self.channels,
            marks=tuple(Mark(name=f"sheet {s}", role="window" if known else "result", channel=s)
                        for s in range(shape[0])),
        )  # fmt: skip

    def _steps(self) -> Iterator[Step]:
        before: tuple[int, ...] = ()
        digits, out_digits = digits_for(self._values, most=self._most()), short_digits(self._result, self.digits)
        for group in self._groups:
            first = group.sheets[0]
            numbers = Statistics(self._values[list(group.sheets)], self.eps, digits, self._most())
            lit = [*self._paint("input", before, "input"), *self._outline("input", before, shown=False),
                   *self._outline("output", before, shown=False), *self._paint("input", group.sheets, "selected"),
                   *self._outline("input", group.sheets, shown=True)]  # fmt: skip
            yield Step(caption=f"{group.name}:   {numbers.mean_words()}", changes=tuple(lit))
            yield Step(caption=f"{group.name}:   {numbers.variance_words()}")
            value, result = float(self._values[first, 0, 0]), float(self._result[first, 0, 0])
            words = numbers.normalised_words(value, result, out_digits)
            filled = *self._paint("output", group.sheets, "output"), *self._outline("output", group.sheets, shown=True)
            yield Step(caption=f"{group.name}, first value:   {words}", changes=filled)
            before = group.sheets

    def _paint(self, panel: str, sheets: tuple[int, ...], role: str) -> Iterator[Change]:
        """Every cell of some sheets in one role; those of the output with their values."""
        for sheet in sheets:
            for row, column in np.ndindex(*self._values.shape[1:]):
                value = float(self._result[sheet, row, column]) if panel == "output" else None
                yield Cell(panel=panel, channel=sheet, row=row, column=column, role=role, value=value)

    def _outline(self, panel: str, sheets: tuple[int, ...], *, shown: bool) -> Iterator[Change]:
        rows, columns = self._values.shape[1:] if shown else (0, 0)
        for sheet in sheets:
            yield MoveMark(panel=panel, mark=f"sheet {sheet}", channel=sheet, row=0, column=0, rows=rows,
                           columns=columns)  # fmt: skip

    def _alt(self, count: int) -> str:
        samples = f"{self.batch} sample{'s' if self.batch > 1 else ''}"
        channels = f"{self.channels} channel{'s' if self.channels > 1 else ''}"
        names = "as one group" if len(self._groups) == 1 else f"in {len(self._groups)} groups"
        return (
            f"Animation of {self.kind} normalization of {samples} with {channels} of "
            f"{size_text(*self._values.shape[1:])} pixels: {names}, {count} values each, the cells that share a mean "
            "and a variance light up; then each value less the mean, divided by √(σ² + ε), appears in the output."
        )
