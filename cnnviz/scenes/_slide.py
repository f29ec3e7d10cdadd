"""A transposed convolution as a convolution: in some phases the input is stretched, then the turned kernel slides."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress, pairwise
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.scenes._scatter import MANY_COLUMNS
from cnnviz.scenes._stretch import Phase, Stretch
from cnnviz.story import Cells, Story, Tensor, Windows, lost_of, reading_beats, times
from cnnviz.storyboard import Mark, Step
from cnnviz.words import Fitting, Number, Shape, Text, Words, dot, equation, joined, size

if TYPE_CHECKING:
    from cnnviz.scenes.transposed_conv import TransposedConv


def slide(scene: TransposedConv, story: Story, y: Tensor, windows: Windows) -> Story:
    """The input is stretched in some phases, then the turned kernel slides over it."""
    x, w, out = scene.map.values, scene.weights.values, windows.out
    stretch = Stretch(x, windows, (w.shape[0], w.shape[1]), scene.s, scene.p, scene.output_padding, scene.d)
    first = (phases := stretch.phases())[0]
    X = story.cells(
        "input",
        "Input {size}",
        np.nan_to_num(phases[-1].values),
        first=first.values,
        roles=first.roles,
        data=scene.map,
        notes=True,
        size=Shape(x.shape, "input"),
        below=phases[-1].below,
        marks=(Mark(name="map", role="boundary"), Mark(name="window", role="window")),
    )
    story.graph.show_input("input", first.values, x.shape)
    W = story.cells(
        "kernel",
        "Kernel {size}",
        w[::-1, ::-1],
        first=w,
        role="kernel",
        below=Text("rotated by 180°"),
        enlarge=windows.drawn[1] + out[1] >= MANY_COLUMNS,
    )
    Y = story.cells("output", "Output {size}", y, pending=True, lost=lost_of(x, w))
    count = len(phases) + 1 + windows.count
    formula: Words = scene.size_formula(out)
    if len(set(zip(x.shape, w.shape, scene.s, scene.p, scene.output_padding, scene.d, strict=True))) == 1:
        formula = Fitting((joined((formula, *stretch.formulas()), "    "), formula))
    what = Text(
        "a transposed convolution, {sizes}: a {i} input is pulled apart with zeros and framed, then the {k} kernel, "
        "rotated by 180°, slides over it with stride 1 and fills the {o} output, each cell the sum of products under "
        "the kernel{bias}",
        sizes=scene.sizes_text(),
        i=Shape(x.shape),
        k=Shape(w.shape),
        o=Shape(out),
        bias=Text(", plus a bias") if scene.bias else "",
    )
    roles = (
        "empty",
        "input",
        "zero",
        "padding",
        "unreached",
        "padding_unreached",
        "kernel",
        "kernel_on_padding",
        "output",
    )
    return story.play(
        lambda: _steps(story, stretch, phases, (X, W, Y), Number(scene.bias, None, ("bias",)), reading_beats(count)),
        count,
        (X, "∗", W, "=", Y),
        alt=what,
        step_roles=roles,
        formula=formula,
        convention=Text("kernel rotated by 180°: the transpose of the convolution"),
    )


def _steps(
    story: Story, stretch: Stretch, phases: list[Phase], panels: tuple[Cells, Cells, Cells], added: Number, beats: float
) -> Iterator[Step]:
    """The phases, the kernel's turn, then one step for each output cell."""
    (X, W, Y), windows = panels, stretch.windows
    weights = W.read(list(np.ndindex(W.values.shape)))
    labels = X.relabel(phases[0].below), W.relabel(Text("as given"))
    yield story.step(phases[0].caption, labels, beats=beats)
    for before, phase in pairwise(phases):
        boundary = [X.mark("map", *stretch.boundary())] if "padding" in phase.roles else []
        changes = phase.changes(X, before), X.relabel(phase.below), boundary
        yield story.step(phase.caption, *changes, beats=beats)
    said = Text(
        "Rotate the kernel by 180°, then slide it with stride {s}",
        s=equation(size("s'"), Number(1)),
    )
    cells = [W.set(place, value=float(value)) for place, value in np.ndenumerate(W.values)]
    yield story.step(said, cells, W.relabel(Text("rotated by 180°")), beats=beats)
    for at in windows.places():
        real = [X.role(cell) == "input" for cell in windows.cells(at)]
        pixels, used = X.read(list(compress(windows.cells(at), real))), list(compress(weights, real))
        caption = equation(Y.symbol("y", at), dot(pixels, used, added, Y[at]), Y[at])
        yield story.step(caption, X.window(windows, at, times(weights)), Y.write(at))
