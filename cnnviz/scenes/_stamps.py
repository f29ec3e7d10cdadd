"""Stamps of a kernel: each cell of an input adds its multiple of the kernel to a panel, and overlaps add up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnnviz.ops import conv_transpose2d
from cnnviz.parameters import Size
from cnnviz.scenes._channels import FIRST_AND_LAST, describe_weights, drawn, kernels, sheets
from cnnviz.story import WINDOW, Axis, Cells, Graph, Index, Story, Tensor, Windows, check_steps, raise_if, sheet_marks
from cnnviz.storyboard import Change, Mark, Operator, Shade, Step, Values
from cnnviz.words import (
    Assigned,
    Extent,
    Filled,
    Joined,
    Number,
    PerAxis,
    Shape,
    Strong,
    Symbol,
    Text,
    Words,
    counted,
    equation,
    joined,
    size,
)

if TYPE_CHECKING:
    from cnnviz.scenes.transposed_conv import TransposedConv

_HATCHED = Text("hatched: cut off")
_POINT = "Each channel has one kernel per map: {w} weights, channels × maps × rows × columns"
_GROUPED = "A channel stamps only on the {n} maps of its group: {c} channels, {g} groups"


class Stamps:
    """Adds multiples of kernels to a panel; `added` is what the cells get that the last one has reached.

    The panel is as large as all stamps, or as what is left where their padding is cut off. `maps` are the numbers of
    its maps where it has several.
    """

    def __init__(
        self, panel: Cells, windows: Windows, decimals: int, bias: float | Values = 0.0, maps: Sequence[int] = ()
    ) -> None:
        self.panel, self.maps = panel, maps
        self.sums: Values = np.zeros(panel.values.shape) + bias
        self.counts = np.zeros(panel.values.shape, np.int64)
        self.added: dict[Index, float] = {}
        self._windows, self._decimals = windows, decimals
        self._cut = panel.values.shape[-2:] != windows.drawn

    def stamp(self, at: Index, value: float, kernels: Mapping[Index, Values]) -> Iterator[Change]:
        """Add `value` times a kernel for a cell of the input, by () to the panel, or by (n,) to each of its maps."""
        self.added = {
            (*sheet, *cell): value * weight
            for sheet, kernel in kernels.items()
            for cell, weight in self._reached(at, kernel)
        }
        roles = {cell: "overlap" if self.counts[cell] else "kernel" for cell in self.added}
        for cell in self.added:
            self.counts[cell] += 1
        yield from self._written()
        noted = getattr(self.panel.panel, "notes", False)
        notes = [self._note(added) for added in self.added.values()] if noted else ()
        yield from self.panel.cover(list(self.added), notes, roles)
        if () in kernels:
            yield self.panel.mark("window", *self.outline(at))
        else:
            yield from self.panel.outline_sheets([n for (n,) in kernels], *self.outline(at), name="window")

    def outline(self, at: Index) -> tuple[Index, Index]:
        """The part of a stamp that is seen."""
        return self._windows.outline_inside(at) if self._cut else self._windows.outline(at)

    def uncover(self) -> Iterator[Change]:
        """The last stamp is taken off, and cells that none has reached come in."""
        yield from self.add(self.counts == 0, np.zeros(self.sums.shape))

    def add(self, where: npt.NDArray[np.bool_], values: Values) -> Iterator[Change]:
        """The last stamp is taken off, and values are added to cells all at once."""
        self.added = {cell: float(values[cell]) for cell in map(tuple, np.argwhere(where).tolist())}
        yield from self.panel.uncover()
        yield from self._written()

    def _written(self) -> Iterator[Change]:
        for cell, added in self.added.items():
            self.sums[cell] += added
            yield self.panel.set(cell, role="output", value=float(self.sums[cell]))

    @property
    def example(self) -> Index:
        """Of the cells just reached the one most often reached, rather one whose sum has changed."""
        return max(self.added, key=lambda cell: (self.counts[cell], self.added[cell] != 0))

    def addition(self) -> Words:
        """The last addition to that cell: `at row 1, column 3: 2 + 3 = 5`."""
        digits = max(self.panel.decimals, self._decimals)
        result, added = float(self.sums[self.example]), self.added[self.example]
        terms = Number(result - added, digits) + Number(added, digits)
        found = equation(None, terms, Number(result, digits, self.panel.ref(self.example)))
        *sheet, row, column = (at + 1 for at in self.example)
        if sheet:
            template = "in map {map}, row {row}, column {column}: {sum}"
            return Text(template, map=self.maps[sheet[0] - 1] + 1, row=row, column=column, sum=found)
        return Text("at row {row}, column {column}: {sum}", row=row, column=column, sum=found)

    def caption(self, symbol: Symbol, value: Number) -> Words:
        """The last stamp and its last addition, if any cell was reached."""
        return joined((stamping(symbol, value), self.addition() if self.added else None), "; ")

    def _reached(self, at: Index, kernel: Values) -> Iterator[tuple[Index, float]]:
        top, left = self._windows.padding if self._cut else (0, 0)
        for cell, weight in zip(self._windows.cells(at), kernel.ravel().tolist(), strict=True):
            if not self._cut or self._windows.is_inside(cell):
                yield (cell[0] - top, cell[1] - left), weight

    def _note(self, added: float) -> Words:
        note = Number(added, self._decimals)
        return note if note.exact() < 0 else Joined(("+", note), "")


def stamping(symbol: Symbol, value: Number) -> Words:
    """The words for a stamp: `x₁₂ = 3 stamps 3 × kernel`."""
    return Text("{equation} stamps {value} × kernel", equation=equation(symbol, value, strong=False), value=value)


def shade_of_sums(story: Story, x: Values, w: Values, bias: float = 0.0, **sizes: Any) -> Shade:
    """For every sum on the way: none goes beyond that of its positive or of its negative products alone."""
    total, size = conv_transpose2d(x, w, **sizes), conv_transpose2d(np.abs(x), np.abs(w), **sizes)
    least, most = (total - size).min() / 2, (total + size).max() / 2
    return story.shade(np.array([least + min(0, bias), most + max(0, bias)]))


def product_decimals(story: Story, x: Values, w: Values) -> int:
    """Decimals of products of some values and weights."""
    return story.decimals(np.multiply.outer(np.unique(x)[:64], np.unique(w)))


def scatter(
    scene: TransposedConv,
    story: Story,
    pixels: Tensor,
    kernel: Tensor,
    y: Tensor,
    windows: Windows,
    formula: Filled,
    bias: Number,
) -> Story:
    """One stamp for each input pixel, then what is left to do; the view `overlap` counts the stamps of each cell."""
    x, w, counting = scene.map.values, scene.weights.values, scene.view == "overlap"
    cropped = not counting and any(scene.p)
    X = story.cells("input", "Input {size}", pixels, data=scene.map, marks=(WINDOW,))
    W = story.cells("kernel", "Kernel {size}", kernel, role="kernel", below=scene.kernel_name, enlarge=True)
    shade = shade_of_sums(story, pixels.values, kernel.values, bias.value, **scene.sizes)
    more: dict[str, Any] = {"pending": True, "shade": shade, "marks": (WINDOW, Mark(name="kept", role="result"))}
    more["digits"] = story.decimals(y.values, rounding_error=y.rounding_error)
    stage: list[Cells | Operator | str] = [X, "∗", W, "="]
    if cropped:
        whole = conv_transpose2d(pixels.values, kernel.values, **{**scene.sizes, "padding": (0, 0)})[0, 0]
        sums = story.cells("sum", "Sum of stamps {size}", whole, below=_HATCHED, notes=True, **more)
        stage += [sums, Operator(name="crop", text="→")]
    Y = story.cells("output", "Output {size}", y, notes=not cropped, **more)
    counts = _counts(scene, story) if counting else None
    stage += [Y, counts] if counts else [Y]

    def steps() -> Iterator[Step]:
        stamps = Stamps(sums if cropped else Y, windows, product_decimals(story, x, w), bias.value)
        label = [sums.relabel()] if cropped else []
        for at in np.ndindex(x.shape):
            changes = [*stamps.stamp(at, float(x[at]), {(): w}), *X.cover([at]), X.mark("window", at)]
            caption = stamps.caption(X.symbol("x", at), X[at])
            if counts:
                changes += [counts.set(cell, role="output", value=float(stamps.counts[cell])) for cell in stamps.added]
                changes.append(counts.mark("window", *stamps.outline(at)))
                if stamps.added:
                    caption = joined((stamping(X.symbol("x", at), X[at]), _stamped(stamps)), "; ")
            yield story.step(caption, changes, label)
            label = []
        last = [*stamps.uncover(), *X.uncover()]
        if counts:
            last += [counts.set(cell, role="output", value=0.0) for cell in stamps.added]
            caption, last = _evenness(scene, stamps.counts), [*last, *counts.uncover()]
        elif cropped:
            caption, last = _cut_off(scene.p, windows), [*last, *_crop(windows, sums, Y)]
        else:
            n, shape = Number(x.size, 0, ("input", "size")), Strong(Shape(stamps.sums.shape, "output"))
            caption = Text("All {n} stamps added up: {shape}", n=n, shape=shape)
        yield story.step(caption, last, beats=2)

    what = Text(
        "a transposed convolution with {settings}: each cell of a {i} input stamps its multiple of the {k} kernel, and "
        "the stamps add up to the {o} output{counts}",
        settings=story.settings_text("kernel"),
        i=Shape(x.shape),
        k=Shape(w.shape),
        o=Shape(Y.values.shape),
        counts=Text("; beside it each cell counts its stamps") if counting else "",
    )
    return story.play(
        steps,
        x.size + 1,
        stage,
        alt=what,
        formula=formula,
        step_roles=("input", "kernel", "overlap", "output", "cut"),
        convention=Text("kernel not rotated: each pixel stamps it as given"),
    )


def _counts(scene: TransposedConv, story: Story) -> Cells:
    """How many stamps reach each cell: the same operation of ones."""
    graph = story.graph
    ones = graph.map("one", np.ones(scene.map.values.shape)), graph.kernel("stamp", np.ones(scene.weights.values.shape))
    counts = graph.compute("conv_transpose2d", *ones, result="stamps", **scene.sizes)
    shade = Shade(scale="sequential", lo=0, hi=max(1.0, float(counts.values.max())), always=True)
    return story.cells("overlap", "Stamps per cell", counts, pending=True, shade=shade, marks=(WINDOW,))


def _stamped(stamps: Stamps) -> Words:
    """How many stamps the cell has now that most stamps have reached."""
    row, column = stamps.example
    times = Strong(_times(int(stamps.counts[row, column]), row, column))
    return Text("row {row}, column {column} has {times}", row=row + 1, column=column + 1, times=times)


def _evenness(scene: TransposedConv, counts: Any) -> Words:
    low, high = int(counts.min()), int(counts.max())
    if low == high:
        return Text("Every cell gets {times}", times=Strong(_times(low, "min")))
    k, s = scene.weights.values.shape, scene.s
    uneven = scene.d == (1, 1) and k[0] % s[0] and (k[0], s[0]) == (k[1], s[1])
    why = Text(": uneven, because {s} does not divide {k} (checkerboard)", k=k[0], s=s[0]) if uneven else ""
    most = Strong(_times(high, "max"))
    return Text("{low} to {times} per cell{why}", low=Number(low, 0, ("overlap", "min")), times=most, why=why)


def _cut_off(p: Size, windows: Windows) -> Words:
    sides = PerAxis(*(equation(None, Number(axis.drawn) - Number(2) * axis.before, axis.size) for axis in windows.axes))
    template = "Padding {p} is cut off on each side: {sides}"
    return Text(template, p=Assigned(size("p"), Extent(p)), sides=sides)


def _crop(windows: Windows, S: Cells, Y: Cells) -> Iterator[Change]:
    """What is left within the padding becomes the output, the rest is hatched."""
    for cell in np.ndindex(windows.drawn):
        if windows.is_inside(cell):
            yield from Y.write(tuple(at - cut for at, cut in zip(cell, windows.padding, strict=True)), mark="")
        else:
            yield S.set(cell, role="cut")
    yield S.relabel(_HATCHED)
    yield S.mark("kept", windows.padding, Y.values.shape)


def _times(count: int, *of: int | str) -> Text:
    """The stamps of a cell, or the least or most of any."""
    return counted(Number(count, 0, ("overlap", *of)), "{n} stamp", "{n} stamps")


def stamp_maps(scene: TransposedConv) -> Story:
    """One step for each cell of each channel, one for all channels that are not drawn, and one for the result."""
    view = f"--view {scene.view} shows one channel and one map: use --view scatter"
    raise_if({view: scene.view not in (None, "scatter")})
    x, w, offsets, groups = scene.maps.values, scene.weight.values, scene.offsets, scene.groups
    (channels, seen), filters, graph = w.shape[:2], scene.count, Graph()
    shown, maps = drawn(channels, filters, groups)
    options, windows = {**scene.sizes, "groups": groups}, scene.windows(Axis.transposed)
    count = len(shown) * x[0].size + (len(shown) < channels) + 1
    check_steps(count, "this transposed convolution", count * w[0].size)
    pixels, weight = graph.map("x", x), graph.kernel("w", w)
    added = graph.input("b", offsets) if offsets.any() else None
    y = graph.compute("conv_transpose2d", pixels, weight, added, **options)

    point = Text(_GROUPED if groups > 1 else _POINT, w=Shape(w.shape), n=seen, c=channels, g=groups)
    story = Story(scene, Text("Transposed convolution"), graph, point=point)
    story.show_sizes(
        C=channels, F=filters, g=groups, k=w.shape[2:], s=scene.s, p=scene.p, a=scene.output_padding, d=scene.d
    )
    panel_options = sheets(shown, channels, "channel {n}", "{n} of {every} channels drawn")
    X = story.cells("input", "", pixels, data=scene.maps, marks=(WINDOW,), **panel_options)
    W = kernels(story, "kernels", "Kernels {n}: {size}", w, shown)
    panel_options = sheets(maps, filters, "map {n}", "{n} of {every} maps drawn")
    panel_options["marks"] = sheet_marks("window", len(maps), "window")
    panel_options["shade"] = shade_of_sums(story, pixels.values, weight.values, float(np.abs(offsets).max()), **options)
    Y = story.cells("output", "", y, pending=True, **panel_options)
    others = np.where(np.isin(np.arange(channels), shown)[:, None, None], 0, x)

    def steps() -> Iterator[Step]:
        decimals, bias = product_decimals(story, x, w), offsets[list(maps), None, None]
        stamps = Stamps(Y, windows, decimals, bias, maps)
        for n, c in enumerate(shown):
            if n and c > shown[n - 1] + 1:
                rest = conv_transpose2d(others[None], w, **options)[0, maps]
                changes = [*stamps.add(np.ones(rest.shape, bool), rest), *X.uncover()]
                caption = Text("Channels {first} to {last} stamp too", first=2, last=c)
                yield story.step(joined((caption, stamps.addition()), "; "), changes, beats=2)
            first = c * groups // channels * seen
            reached: dict[Index, Values] = {
                (at,): w[c, f - first] for at, f in enumerate(maps) if first <= f < first + seen
            }
            used = [
                change for m, each in enumerate(W) for change in each.set_roles("kernel" if m == n else "neighbour")
            ]
            for row, column in np.ndindex(x.shape[1:]):
                at = n, row, column
                changes = [*stamps.stamp((row, column), float(X.values[at]), reached), *X.cover([at])]
                symbol = Symbol("x", (c + 1, row + 1, column + 1))
                yield story.step(stamps.caption(symbol, X[at]), used, changes, X.mark("window", at))
                used = []
        caption = Text("All {n} stamps added up: {shape}", n=Number(x.size), shape=Strong(Shape(y.values.shape[1:])))
        yield story.answer(caption, stamps.uncover(), *(each.reset() for each in W))

    alt = Text(
        "a transposed convolution of {i} with {w}: each cell of a channel stamps its multiple of that one's kernels, "
        "one for every map, and the stamps add up to {o}",
        i=Shape(x.shape),
        w=Shape(w.shape),
        o=Shape(y.values.shape[1:]),
    )
    return story.play(
        steps,
        count,
        (X, "→", Y),
        ([*W[:1], "…", *W[1:]] if len(shown) < channels else W),
        alt=alt if (len(shown), len(maps)) == (channels, filters) else joined((alt, FIRST_AND_LAST)),
        formula=describe_weights(w, filters, offsets, x.size),
        step_roles=("input", "kernel", "overlap", "output", "neighbour"),
        convention=Text("kernel not rotated: each pixel stamps it as given"),
    )
