"""Receptive field: one output cell opens backwards through the layers, down to the input that it sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.network.layers import Layer
from cnnviz.parameters import param
from cnnviz.scene import Scene
from cnnviz.scenes._layer_list import Slide, field_growth, name_of, read_list, slide_of
from cnnviz.scenes._paths import answer, open_field, record_paths, seen_of
from cnnviz.story import WINDOW, Cells, Graph, Story, input_size
from cnnviz.storyboard import Shade, Step
from cnnviz.words import Math, Number, Shape, Strong, Symbol, Text, equation, evaluate, total

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
    def chain(self) -> tuple[Layer, ...]:
        """The layers as they are read."""
        return read_list(self.layers, ("conv", "maxpool", "avgpool"))

    @cached_property
    def _slides(self) -> list[Slide]:
        return list(map(slide_of, self.chain))

    @cached_property
    def field(self) -> int:
        """How many cells a side the output cell sees, padding included."""
        return 1 + int(sum(evaluate(each) for each in field_growth(self._slides)))

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
            sizes.append(layer.slid(sizes[-1]))
        graph = Graph()
        paths = record_paths(graph, self._slides, sizes)
        story = Story(self, Text("Receptive field"), graph)
        story.show_setting("layers", "L", len(layers))
        story.show_setting("input", "i", Number(sizes[0]))
        names = ["input", *(f"layer{n}" for n in range(1, len(sizes)))]
        labels = ["Input {size}", *["Map {size}"] * (len(layers) - 1), "Output {size}"]
        maps = []
        for name, label, tensor, last in zip(names, labels, reversed(paths), [None, *layers], strict=True):
            shade = Shade(scale="sequential", lo=0, hi=float(tensor.values.max()), always=True)
            more: dict[str, Any] = {
                "shade": shade,
                "marks": (WINDOW,),
                "first": np.full(tensor.values.shape[2:], np.nan),
            }
            below = name_of(last) if last else None
            maps.append(story.cells(name, label, tensor, axes=2, pending=True, digits=0, below=below, **more))
        r, seen = Shape((self.field,) * 2), Shape(seen_of(maps[0])[1])
        whole = "One output cell sees {r} of the input, but not all of it alike"
        cut = "One output cell sees {r}, {seen} in the input"
        story.point = Text(whole if r == seen else cut, r=Strong(r), seen=seen)
        return story.play(
            lambda: self._steps(story, maps),
            1 + len(layers),
            maps,
            answer=answer(maps[0]),
            alt=Text("a cell opening backwards through {layers}: it sees {r} of the input", layers=self.layers, r=r),
            formula=equation(
                Math(r"r=1+\Sigma\,(k-1)\cdot d\cdot j"), total([Number(1), *field_growth(self._slides)]), self.field
            ),
            convention=Text("j: the product of all strides before a layer"),
        )

    def _steps(self, story: Story, maps: list[Cells]) -> Iterator[Step]:
        output = maps[-1]
        middle, _ = seen_of(output)
        asked = Text("How much of the input does this output cell see?")
        yield story.step(asked, output.ask(middle), output.mark("window", middle), beats=2)
        width = 1
        for layer, below, above in reversed(list(zip(self.chain, maps, maps[1:], strict=False))):
            k, s, _, d = slide_of(layer)
            wide = (Number(width) - 1) * s + d * (Number(k) - 1) + 1
            width = (width - 1) * s + d * (k - 1) + 1
            caption = Text(
                "{layer}: {size} cells a side", layer=name_of(layer), size=equation(Symbol("r"), wide, width)
            )
            one = [output.set(middle, role="output", value=1.0)] if above is output else []
            yield story.step(caption, one, open_field(below, above), beats=2)
