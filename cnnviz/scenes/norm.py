"""Normalization layers: which values share a mean and a variance; LRN vs. BN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_SIDE
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes._comparison import comparison
from cnnviz.scenes._statistics import Statistics, needs_double
from cnnviz.story import (
    Axis,
    Cells,
    Graph,
    Maps,
    Story,
    Windows,
    check_squares,
    load_maps,
    short_digits,
    side_by_side,
)
from cnnviz.storyboard import Mark, Sign, Step
from cnnviz.words import Assigned, Math, Number, Shape, Symbol, Text, Words, counted, equation, joined

_SIZE = 2, 2
_STEPS_PER_GROUP = 3


class _Kind(NamedTuple):
    """What a normalization is called, one of its groups, and what such a group is."""

    title: str
    name: str
    group: str
    shared: str


_KINDS = MappingProxyType(
    {
        "batch": _Kind(
            "Batch normalization",
            "batch normalization",
            "channel {part}",
            "{formula}    {statistics} per channel, over all samples: {n} values",
        ),
        "layer": _Kind(
            "Layer normalization",
            "layer normalization",
            "sample {sample}",
            "{formula}    {statistics} per sample, over all channels: {n} values",
        ),
        "instance": _Kind(
            "Instance normalization",
            "instance normalization",
            "sample {sample}, channel {part}",
            "{formula}    {statistics} per channel of each sample: {n} values",
        ),
        "group": _Kind(
            "Group normalization",
            "group normalization",
            "sample {sample}, group {part}",
            "{formula}    {statistics} per sample, over {channels} channels: {n} values",
        ),
    }
)


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
        "batch",
        help="Which normalization, or the table that compares them.",
        choices=("batch", "layer", "instance", "group", "compare"),
        positional=True,
        always_named=True,
    )
    batch: int = param(3, alias="batch-size", help="Samples in the batch.", lo=1, hi=MAX_SIDE)
    channels: int = param(4, help="Channels of a sample.", lo=1, hi=4096)
    i: Size | None = param(
        None, alias="input-size", help="Size of a channel.", lo=1, hi=MAX_SIDE, shown_default="2, or the data's own"
    )
    groups: int = param(2, help="Groups of channels, for the kind `group`.", lo=1, hi=4096)
    eps: float = param(1e-5, help="ε, added to the variance.", lo=1e-12, hi=1)
    input: ArrayLike = param(
        "random",
        group="Data",
        help="Input: a file or a literal with all channels of all samples one below the other, random (0 to 9), "
        "arange, ones, zeros.",
    )

    @cached_property
    def maps(self) -> Maps:
        """The channels of all samples, one after the other."""
        sheets = self.batch * self.channels
        return load_maps(
            self.input,
            sheets,
            self.i,
            seed=self.seed,
            default=(sheets, _SIZE),
            what="maps",
            option="--batch times --channels",
        )

    def prepare(self) -> None:
        """The maps are loaded, and their size becomes `i`."""
        if self.kind == "group" and self.channels % self.groups:
            fits = " or ".join(str(g) for g in range(1, self.channels + 1) if self.channels % g == 0)
            raise UsageError(f"groups {self.groups} do not divide {self.channels} channels: use --groups {fits}")
        if self.kind == "compare":
            self.fill_in(i=self.i or _SIZE)
            return
        self.fill_in(i=self.maps.values.shape[1:])
        check_squares(self.maps.values)

    @property
    def _groups(self) -> Windows:
        """The samples and channels of every group."""
        samples = Axis.all(self.batch) if self.kind == "batch" else Axis.each(self.batch)
        return Windows((samples, Axis.adaptive(self.channels, self._parts())))

    def story(self) -> Story:
        """Three steps for each group: its mean, its variance, its values normalized; or the table row by row."""
        size = self.i or _SIZE
        if self.kind == "compare":
            return comparison(self, self.batch, self.channels, size)
        kind, shape, parts = _KINDS[self.kind], (self.batch, self.channels, *size), self._parts()
        groups = self._groups
        count = len(groups.cells((0, 0))) * size[0] * size[1]
        if count == 1:
            raise UsageError(f"{self.kind} normalization of one value a group leaves nothing but 0: use --i 2 or more")

        values = self.maps.values.reshape(shape)
        graph = Graph(double=needs_double(values, self.eps))
        x = graph.map("x", values)
        y = graph.compute(f"{self.kind}_norm", x, **self._options(shape), eps=self.eps)
        story = Story(self, Text(kind.title), graph)
        story.settings += [
            ("", Text("samples {value}", value=_assigned("N", self.batch))),
            ("", Text("channels {value}", value=_assigned("C", self.channels))),
            ("", Text("pixels {value}", value=Shape(size))),
        ]
        if self.kind == "group":
            story.settings.append(("", Text("groups {value}", value=_assigned("G", self.groups))))
        more: dict[str, Any] = {
            "axes": 4,
            "size": Shape(shape),
            "columns": self.channels,
            "captions": tuple(f"n={n + 1}, c={c + 1}" for n, c in np.ndindex(shape[:2])),
        }
        X = story.cells(
            "input", "Input $x$, {size}", x, data=self.maps, marks=_outlines("window", len(self.maps.values)), **more
        )
        Y = story.cells(
            "output",
            "Output $\\hat{{x}}$, {size}",
            y,
            pending=True,
            marks=_outlines("result", len(self.maps.values)),
            digits=short_digits(y.values, self.digits),
            **more,
        )

        beside = side_by_side(self.channels * size[1], self.batch * size[0])
        return story.play(
            lambda: self._steps(story, X, Y),
            _STEPS_PER_GROUP * groups.count,
            *([(X, Sign(name="to", text="→"), Y)] if beside else [(X,), (Y,)]),
            alt=self._alt(groups.count, count),
            step_roles=("selected", "output"),
            formula=Text(
                kind.shared,
                formula=Math(r"\hat{x}=(x-\mu)/\sqrt{\sigma^2+\epsilon}"),
                statistics=joined((Math(r"\mu"), Math(r"\sigma^2"))),
                channels=self.channels // parts,
                n=count,
            ),
            convention=Text("biased variance"),
        )

    def _steps(self, story: Story, X: Cells, Y: Cells) -> Iterator[Step]:
        kind, size = _KINDS[self.kind], X.values.shape[1:]
        before: list[int] = []
        for at in self._groups.places():
            name = Text(kind.group, sample=at[0] + 1, part=at[1] + 1)
            sheets = [n * self.channels + c for n, c in self._groups.cells(at)]
            cells = [(sheet, *pixel) for sheet in sheets for pixel in np.ndindex(size)]
            numbers = Statistics(X.read(cells), self.eps, self.most())
            yield story.step(
                Text("{group}:   {equation}", group=name, equation=numbers.mean_equation()),
                (panel.hide(f"sheet {sheet}") for panel in (X, Y) for sheet in before),
                X.cover(cells, special=dict.fromkeys(cells, "selected")),
                (X.mark(f"sheet {sheet}", (sheet, 0, 0), size) for sheet in sheets),
            )
            yield story.step(Text("{group}:   {equation}", group=name, equation=numbers.variance_equation()))
            first = equation(None, (X[cells[0]] - numbers.mean) / numbers.deviation, Y[cells[0]])
            yield story.step(
                Text("{group}, first value:   {equation}", group=name, equation=first),
                (change for cell in cells for change in Y.write(cell, mark="")),
                (Y.mark(f"sheet {sheet}", (sheet, 0, 0), size) for sheet in sheets),
            )
            before = sheets

    def _parts(self) -> int:
        """Groups that the channels of a sample fall into."""
        return {"layer": 1, "group": self.groups}.get(self.kind, self.channels)

    def _options(self, shape: tuple[int, ...]) -> dict[str, Any]:
        """The arguments of the layer's own."""
        own: dict[str, dict[str, Any]] = {
            "batch": {"training": True},
            "layer": {"normalized_shape": shape[1:]},
            "instance": {},
            "group": {"num_groups": self.groups},
        }
        return own[self.kind]

    def _alt(self, groups: int, count: int) -> Words:
        return Text(
            "{kind} of {samples} with {channels} of {size} pixels: {groups}, {n} values each, the cells that share a "
            "mean and a variance light up; then the output shows each value minus the mean, divided by √(σ² + ε)",
            kind=Text(_KINDS[self.kind].name),
            samples=counted(self.batch, "{n} sample", "{n} samples"),
            channels=counted(self.channels, "{n} channel", "{n} channels"),
            size=Shape(self.i or _SIZE),
            groups=counted(groups, "as one group", "in {n} groups"),
            n=count,
        )


def _assigned(letter: str, count: int) -> Assigned:
    return Assigned(Symbol(letter), Number(count))


def _outlines(role: str, sheets: int) -> tuple[Mark, ...]:
    return tuple(Mark(name=f"sheet {sheet}", role=role, channel=sheet) for sheet in range(sheets))
