"""Receptive field: one output cell opens backwards through the layers, down to the input that it sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.parameters import param
from cnnviz.scene import Scene
from cnnviz.scenes._layer_list import LayerText, field_growth, read_layers, record_paths
from cnnviz.story import Cells, Graph, Story, input_size
from cnnviz.storyboard import Change, Mark, Shade, Step
from cnnviz.words import Number, Shape, Strong, Text, Words, equation, evaluate, total

_MOST_CELLS = 64


@dataclass(frozen=True, kw_only=True)
class ReceptiveField(Scene):
    """What part of the input one output cell depends on, and on how many paths it does.

    The field grows by (k − 1)·d·j with each layer, where j is the product of all strides before it; paths are counted
    with all weights 1, so that they are the gradient of the cell. Araujo, Norris and Sim (2019), "Computing receptive
    fields of convolutional neural networks", equation 2; Luo et al. (2016), arXiv:1701.04128, §2.
    """

    examples: ClassVar = (
        'cnnviz receptive-field --layers "conv 3, conv 3 s2, pool 2, conv 3 d2"',
        'cnnviz receptive-field --layers "conv 3, conv 3, conv 3"',
    )

    layers: str = param(
        "conv 3, conv 3 s2, conv 3", help="Layers: conv SIZE or pool SIZE, and where wanted s2, p1, d2."
    )
    i: int | None = input_size(hi=_MOST_CELLS, shown_default="as much as the output cell sees")

    @cached_property
    def chain(self) -> list[LayerText]:
        """The layers as they are read."""
        return read_layers(self.layers, ("conv", "pool"))

    @cached_property
    def field(self) -> int:
        """How many cells a side the output cell sees, padding included."""
        return 1 + int(sum(evaluate(each) for each in field_growth(self.chain)))

    def prepare(self) -> None:
        """The input becomes as large as the field, unless its size is given; raises UsageError."""
        if self.field > _MOST_CELLS:
            raise UsageError(
                f"--layers see {self.field} cells a side, more than {_MOST_CELLS}: use fewer or smaller ones"
            )
        self.fill_in(i=self.i or self.field)

    def story(self) -> Story:
        """A step for each layer, from the output back to the input."""
        layers, sizes = self.chain, [self.i or self.field]
        for layer in layers:
            sizes.append(layer.out(sizes[-1]))
        graph = Graph()
        paths = record_paths(graph, layers, sizes)
        story = Story(self, Text("Receptive field"), graph)
        r = Shape((self.field,) * 2)
        seen = Shape(tuple(map(int, np.ptp(np.argwhere(paths[-1].values[0, 0]), axis=0) + 1)))
        whole = "One output cell sees {r} of the input, but not all of it alike"
        cut = "One output cell sees {r}, {seen} in the input"
        story.point = Text(whole if r == seen else cut, r=Strong(r), seen=seen)
        story.set("layers", "L", Number(len(layers)), size=False)
        story.set("input", "i", Number(sizes[0]))
        names = [("input", Text("Input")), *((f"layer{n}", layer.text) for n, layer in enumerate(layers, 1))]
        marks = (Mark(name="window", role="window"), Mark(name="current", role="result"))
        maps = []
        for (name, said), tensor in zip(names, reversed(paths), strict=True):
            shade = Shade(scale="sequential", lo=0, hi=float(tensor.values.max()), always=True)
            more: dict[str, Any] = {"shade": shade, "marks": marks, "first": np.full(tensor.values.shape[2:], np.nan)}
            label: Words = Text("{layer} {size}", layer=said, size=Shape(tensor.values.shape[2:], name))
            maps.append(story.cells(name, label, tensor, axes=2, pending=True, digits=0, **more))
        return story.play(
            lambda: self._steps(story, maps),
            2 + len(layers),
            maps,
            alt=Text("a cell opens backwards through {layers}: it sees {r} of the input", layers=self.layers, r=r),
            formula=equation("r = 1 + Σ (k − 1)·d·j", total([Number(1), *field_growth(layers)]), self.field),
            convention=Text("j: the product of all strides before a layer"),
        )

    def _steps(self, story: Story, maps: list[Cells]) -> Iterator[Step]:
        yield story.step(Text("How much of the input does this output cell see?"), _open(maps[-1]), beats=2)
        width = 1
        for layer, below in reversed(list(zip(self.chain, maps, strict=False))):
            wide = (Number(width) - 1) * layer.s + layer.d * (Number(layer.k) - 1) + 1
            width = (width - 1) * layer.s + layer.d * (layer.k - 1) + 1
            said = Text("{layer}: {size} cells a side", layer=layer.text, size=equation("r", wide, width))
            yield story.step(said, _open(below), beats=2)
        found = maps[0].values
        most, least = (
            tuple(map(int, np.argwhere(found == value)[0])) for value in (found.max(), found[found > 0].min())
        )
        differ = "{most} paths lead to the darkest cell, {least} to the palest: the effective field is smaller"
        seen = np.argwhere(found > 0)
        gaps = int(np.prod(np.ptp(seen, axis=0) + 1)) - len(seen)
        said = Text("{gaps} cells between are never seen: the kernels step over them", gaps=gaps)
        said = (
            said
            if gaps
            else Text(
                differ if found[most] > found[least] else "As many paths lead to every cell: {most}",
                most=maps[0][most],
                least=maps[0][least],
            )
        )
        yield story.step(said, maps[0].mark("current", most), beats=2)


def _open(cells: Cells) -> Iterator[Change]:
    """What the cell sees of a map, with the number of paths there."""
    for place, value in np.ndenumerate(cells.values):
        yield cells.set(place, role="output" if value else "pending", value=float(value))
    seen = np.argwhere(cells.values > 0)
    yield cells.mark("window", tuple(map(int, seen.min(axis=0))), tuple(map(int, np.ptp(seen, axis=0) + 1)))
