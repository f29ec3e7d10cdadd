"""Padding: zeros, mirrored, repeated or circular values around a map, and which outputs differ."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cnnviz.parameters import ArrayLike, Sides, Size
from cnnviz.scenes import _padding
from cnnviz.story import (
    Cells,
    Graph,
    MapAndKernel,
    Sliding,
    Story,
    input_map,
    input_size,
    kernel_values,
    padding,
    raise_if,
    stride,
)
from cnnviz.storyboard import Change, Step
from cnnviz.words import Number, Shape, Text, Words, equation, joined, total

_MOST_TERMS = 2
_POINT = "Only outputs whose window reaches beyond the edge differ"


@dataclass(frozen=True, kw_only=True)
class Padding(MapAndKernel):
    """The four padding modes of torch.nn.Conv2d around one map, side by side, and the same convolution of each."""

    examples: ClassVar = ("cnnviz padding --i 3 --k 3 --p 1", "cnnviz padding --input ramp --kernel ones")

    default_size: ClassVar[Size] = (3, 3)

    i: Size | None = input_size(shown_default="3, or the data's own")
    s: Size = stride()
    p: Sides = padding("same", help="Padding: a number, before and after as in 0,1, or same: the size stays.")
    input: ArrayLike = input_map("random")
    kernel: ArrayLike = kernel_values("ones")

    def prepare(self) -> None:
        """As for a convolution; raises UsageError where there is no padding to compare."""
        super().prepare()
        self.fill_in(p=_padding.sides(self.p, self.map.values.shape, self.weights.values.shape, self.s, (1, 1)))
        raise_if({"without padding there is nothing to compare: use --p 1 or more": not any(self.p)})
        size, most = min(self.map.values.shape), max(self.p)
        small = f"reflected padding {most} needs more than {most} cells, but the input has {size}"
        raise_if({f"{small}: use --i {most + 1} or more": size <= most})

    def story(self) -> Story:
        """One step for each output cell, in all modes at once, and one that says which cells differ."""
        x, w, graph = self.map.values, self.weights.values, Graph()
        pixels, kernel = graph.map("x", x), graph.kernel("w", w)
        slides = [Sliding(i=x.shape, k=w.shape, s=self.s, p=self.p, mode=mode) for mode in _padding.MODES]
        windows = slides[0].windows
        padded = [slide.pad(graph, pixels, f"x_{slide.mode}") for slide in slides]
        options = {"stride": self.s, "padding": (0, 0), "dilation": (1, 1)}
        found = [
            graph.compute("conv2d", each, kernel, result=f"y_{slide.mode}", **options)
            for slide, each in zip(slides, padded, strict=True)
        ]
        story = Story(self, Text("Padding modes"), graph, point=Text(_POINT))
        story.check_limits(windows, "this comparison")
        story.show_sizes(k=w.shape, s=self.s, p=self.p)
        outputs = np.array([each.values[0, 0] for each in found])
        differ = np.ptp(outputs, axis=0) > found[0].rounding_error
        panel_options: dict[str, Any] = {"pending": True, "under": True, "shade": story.shade(outputs)}
        W = story.cells("kernel", "Kernel {size}", kernel, role="kernel", below=self.kernel_name)
        pairs = list[tuple[Cells, Cells]]()
        for mode, filled, y in zip(_padding.MODES, padded, found, strict=True):
            X = story.cells(mode, Text(mode), pixels, windows=windows, fill=filled.values[0, 0], data=self.map)
            pairs.append((X, story.cells(f"output {mode}", "Output {size}", y, **panel_options)))
        # Of a kernel that adds up one or two cells the sums are written out.
        added = np.flatnonzero(w)
        summed = len(added) <= _MOST_TERMS and (w.ravel()[added] == 1).all()

        def steps() -> Iterator[Step]:
            for at in windows.positions():
                cells, equations, changes = windows.cells(at), list[Words](), list[Change]()
                for X, Y in pairs:
                    y = equation(None, total(X.read(cells[n] for n in added)), Y[at]) if summed else Y[at]
                    equations.append(Text(f"{X.name} {{y}}", y=y))
                    changes += [*X.move_window(windows, at), *Y.write(at)]
                caption = Text("{y}: {values}", y=pairs[0][1].symbol("y", at), values=joined(equations))
                yield story.step(caption, changes)
            alike = np.where(differ, "output", "forward")
            differing = "{n} of {every} outputs differ, those whose window meets padding"
            caption = Text(differing, n=Number(int(differ.sum())), every=Number(windows.count))
            yield story.answer(caption, *(Y.set_roles(alike) for _, Y in pairs))

        return story.play(
            steps,
            windows.count + 1,
            [*itertools.chain(*pairs), W],
            alt=Text(
                "a {i} map with {p} in four modes (zeros, reflect, replicate, circular) and the {o} output of one {k} "
                "kernel over each: outputs at the edges differ, those inside do not",
                i=Shape(x.shape),
                p=story.settings_text("kernel", "stride"),
                k=Shape(w.shape),
                o=Shape(windows.out),
            ),
            step_roles=("kernel", "kernel_on_padding", "output", "forward"),
            formula=slides[0].formula("output zeros"),
        )
