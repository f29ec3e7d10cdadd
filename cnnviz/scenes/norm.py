"""Normalization layers: which values share a mean and a variance; LRN vs. BN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
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
from cnnviz.storyboard import Change, Mark, Step
from cnnviz.words import Assigned, Math, Number, Shape, Symbol, Text, counted, equation, joined

_SIZE = 2, 2


class _Kind(NamedTuple):
    """What a normalization is called, one of its groups, and which values share a mean and a variance."""

    title: str
    group: str
    point: str


_KINDS = MappingProxyType(
    {
        "batch": _Kind(
            "Batch normalization", "channel {part}", "Each channel has one mean and variance, over all samples"
        ),
        "layer": _Kind(
            "Layer normalization", "sample {sample}", "Each sample has one mean and variance, over all its channels"
        ),
        "instance": _Kind(
            "Instance normalization",
            "sample {sample}, channel {part}",
            "Each channel of each sample has a mean and variance of its own",
        ),
        "group": _Kind(
            "Group normalization",
            "sample {sample}, group {part}",
            "Each group of channels of a sample has one mean and variance",
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class Norm(Scene):
    """Normalization layers: the values that share a mean and a variance light up, group after group.

    Batch (Ioffe and Szegedy 2015), layer (Ba, Kiros and Hinton 2016), instance (Ulyanov, Vedaldi and Lempitsky 2016)
    and group normalization (Wu and He 2018, whose figure 2 is `all`); `compare` is the article's table of local
    response against batch normalization.
    """

    examples: ClassVar = (
        "cnnviz norm batch --batch 3 --channels 4",
        "cnnviz norm group --groups 2",
        "cnnviz norm all",
        "cnnviz norm compare",
    )

    kind: str = param(
        "batch",
        help="Which normalization, all four, or the table of LRN and batch normalization.",
        choices=("batch", "layer", "instance", "group", "all", "compare"),
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
        if self.kind in ("group", "all") and self.channels % self.groups:
            fits = " or ".join(str(g) for g in range(1, self.channels + 1) if self.channels % g == 0)
            raise UsageError(f"groups {self.groups} do not divide {self.channels} channels: use --groups {fits}")
        if self.kind in ("all", "compare"):
            self.fill_in(i=self.i or _SIZE)
            return
        self.fill_in(i=self.maps.values.shape[1:])
        check_squares(self.maps.values)

    def _groups(self, kind: str) -> Windows:
        """The samples and channels of every group."""
        parts = {"layer": 1, "group": self.groups}.get(kind, self.channels)
        samples = Axis.all(self.batch) if kind == "batch" else Axis.each(self.batch)
        return Windows((samples, Axis.adaptive(self.channels, parts)))

    def story(self) -> Story:
        """Group after group its mean, its variance, its values normalized; or four in one, or the table row by row."""
        size = self.i or _SIZE
        if self.kind == "compare":
            return comparison(self, self.batch, self.channels, size)
        if self.kind == "all":
            return self._all(size)
        kind, shape, groups = _KINDS[self.kind], (self.batch, self.channels, *size), self._groups(self.kind)
        count = len(groups.cells((0, 0))) * size[0] * size[1]
        if count == 1:
            raise UsageError(f"{self.kind} normalization of one value a group leaves nothing but 0: use --i 2 or more")
        values = self.maps.values.reshape(shape)
        graph = Graph(double=needs_double(values, self.eps))
        x = graph.map("x", values)
        y = graph.compute(f"{self.kind}_norm", x, **self._options(shape), eps=self.eps)
        story = self._started(kind.title, kind.point, size, graph)
        sheets = len(self.maps.values)
        more: dict[str, Any] = {
            "axes": 4,
            "size": Shape(shape),
            "columns": self.channels,
            "captions": ("",) * sheets,
            "below": Text("rows: samples, columns: channels"),
        }
        X = story.cells("input", "Input $x$, {size}", x, data=self.maps, marks=_outlines("window", sheets), **more)
        digits, marks = short_digits(y.values, self.digits), _outlines("result", sheets)
        Y = story.cells("output", "Output $\\hat{{x}}$, {size}", y, pending=True, marks=marks, digits=digits, **more)
        beside = side_by_side(self.channels * size[1], self.batch * size[0])
        return story.play(
            lambda: self._steps(story, X, Y, groups),
            groups.count + 2,
            *([(X, "→", Y)] if beside else [(X,), (Y,)]),
            alt=Text(
                "{kind} of {samples} with {channels}: {groups}, {n} values each, the cells that share a mean and a "
                "variance light up and are normalized",
                kind=Text(f"{self.kind} normalization"),
                samples=counted(self.batch, "{n} sample", "{n} samples"),
                channels=counted(self.channels, "{n} channel", "{n} channels"),
                groups=counted(groups.count, "as one group", "in {n} groups"),
                n=count,
            ),
            step_roles=("selected", "output"),
            formula=Text(
                "{formula}    {n} values share {statistics}",
                formula=Math(r"\hat{x}=(x-\mu)/\sqrt{\sigma^2+\epsilon}"),
                statistics=joined((Math(r"\mu"), Math(r"\sigma^2"))),
                n=count,
            ),
            convention=Text("biased variance"),
        )

    def _started(self, title: str, point: str, size: Size, graph: Graph | None = None) -> Story:
        story = Story(self, Text(title), graph, point=Text(point))
        story.settings += [
            ("", Text("samples {value}", value=_assigned("N", self.batch))),
            ("", Text("channels {value}", value=_assigned("C", self.channels))),
            ("", Text("pixels {value}", value=Shape(size))),
        ]
        if self.kind in ("group", "all"):
            story.settings.append(("", Text("groups {value}", value=_assigned("G", self.groups))))
        return story

    def _steps(self, story: Story, X: Cells, Y: Cells, groups: Windows) -> Iterator[Step]:
        """Mean, variance and result of the first group in steps of their own, of each later one in one."""
        size = X.values.shape[1:]
        before: list[int] = []
        for at in groups.places():
            name = Text(_KINDS[self.kind].group, sample=at[0] + 1, part=at[1] + 1)
            sheets = [n * self.channels + c for n, c in groups.cells(at)]
            cells = [(sheet, *pixel) for sheet in sheets for pixel in np.ndindex(size)]
            numbers = Statistics(X.read(cells), self.eps, self.most())
            lit = [
                *(panel.hide(f"sheet {sheet}") for panel in (X, Y) for sheet in before),
                *X.cover(cells, special=dict.fromkeys(cells, "selected")),
                *(X.mark(f"sheet {sheet}", (sheet, 0, 0), size) for sheet in sheets),
            ]
            if not before:
                for worked in (numbers.mean_equation(), numbers.variance_equation()):
                    yield story.step(Text("{group}:   {equation}", group=name, equation=worked), lit)
            first = equation(None, (X[cells[0]] - numbers.mean) / numbers.deviation, Y[cells[0]])
            yield story.step(
                Text("{group}, first value:   {equation}", group=name, equation=first),
                lit,
                (change for cell in cells for change in Y.write(cell, mark="")),
                (Y.mark(f"sheet {sheet}", (sheet, 0, 0), size) for sheet in sheets),
            )
            before = sheets

    def _all(self, size: Size) -> Story:
        """The four side by side, a cell for a channel of a sample: their groups light up in turn."""
        text = "The same batch, normalized in four ways: the values within an outline share a mean and a variance"
        story = self._started("Normalization layers", text, size)
        windows = {kind: self._groups(kind) for kind in _KINDS}
        panels = {kind: self._overview(story, kind, groups, size) for kind, groups in windows.items()}
        count = self.batch * self.channels

        def steps() -> Iterator[Step]:
            turns = zip_longest(*(groups.places() for groups in windows.values()))
            for turn in turns:
                lit = [(kind, at) for kind, at in zip(windows, turn, strict=True) if at is not None]
                names = (
                    Text("{kind}: {group}", kind=Text(kind), group=Text(_KINDS[kind].group, sample=n + 1, part=c + 1))
                    for kind, (n, c) in lit
                )
                yield story.step(
                    joined(names, "     "),
                    (change for kind in windows if kind not in dict(lit) for change in panels[kind].cover(())),
                    (change for kind, at in lit for change in self._lit(panels[kind], windows[kind], at)),
                )

        return story.play(
            steps,
            count,
            tuple(panels.values()),
            alt=Text(
                "batch, layer, instance and group normalization side by side, each as a grid of samples and channels: "
                "the cells that share a mean and a variance light up together"
            ),
            step_roles=("selected", "output"),
            formula=Text("each row a sample, each column a channel, each cell {size} pixels", size=Shape(size)),
        )

    def _overview(self, story: Story, kind: str, groups: Windows, size: Size) -> Cells:
        cells = np.zeros((self.batch, self.channels))
        values = len(groups.cells((0, 0))) * size[0] * size[1]
        shared = Text(
            "{groups} of {values}",
            groups=counted(groups.count, "{n} group", "{n} groups"),
            values=counted(values, "{n} value", "{n} values"),
        )
        marks = tuple(Mark(name=f"group {n}", role="result") for n in range(groups.count))
        return story.cells(
            kind,
            Text(kind),
            cells,
            below=shared,
            numbers=False,
            marks=marks,
            shade=None,
        )

    def _lit(self, panel: Cells, groups: Windows, at: tuple[int, ...]) -> Iterator[Change]:
        cells = groups.cells(at)
        for cell in cells:
            panel.set(cell, role="output")
        yield from panel.cover(cells, special=dict.fromkeys(cells, "selected"))
        number = int(np.ravel_multi_index(at, groups.out))
        yield panel.mark(f"group {number}", *groups.outline(at))

    def _options(self, shape: tuple[int, ...]) -> dict[str, Any]:
        """The arguments of the layer's own."""
        own: dict[str, dict[str, Any]] = {
            "batch": {"training": True},
            "layer": {"normalized_shape": shape[1:]},
            "group": {"num_groups": self.groups},
        }
        return own.get(self.kind, {})


def _assigned(letter: str, count: int) -> Assigned:
    return Assigned(Symbol(letter), Number(count))


def _outlines(role: str, sheets: int) -> tuple[Mark, ...]:
    return tuple(Mark(name=f"sheet {sheet}", role=role, channel=sheet) for sheet in range(sheets))
