"""The story of local response normalization: its arithmetic, its formula, and how its channels stand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_VALUE
from cnnviz.notation import digits_for
from cnnviz.story import Graph, Index, Story, check_steps, sheet_marks, short_digits, steps_fill, two_panel_stage
from cnnviz.storyboard import Mark, Step
from cnnviz.words import Math, Number, Shape, Text, Words, exact, joined, total

if TYPE_CHECKING:
    from cnnviz.scenes.lrn import Lrn

_SUM_LETTERS = 30
_LONGEST_ROW = 12
"""Cells up to which all channels stand side by side."""


def normalized(scene: Lrn) -> Story:
    """One step for each value: pixel by pixel through the channels, or channel by channel."""
    values, inter, windows, graph = scene.maps.values, scene.kind == "inter", scene.windows, Graph()
    check_steps(windows.count, "this normalization", windows.covered)
    x, constants = graph.map("x", values), ("alpha", "beta", "k", "alpha_over_n")
    norm = "local_response_norm" if inter else "local_response_norm_within"
    squares = {at: sum(float(values[cell]) ** 2 for cell in windows.cells(at)) for at in windows.positions()}
    if scene.k == 0 and not (scene.alpha and all(squares.values())):
        raise UsageError("k 0 leaves nothing to divide by where α, or all neighbours, are 0: use --k above 0")
    b = graph.compute(norm, x, size=scene.n, **{name: getattr(scene, name) for name in constants})
    if (most := float(np.abs(b.values).max())) > MAX_VALUE:
        raise UsageError(f"the output reaches {most:.2g}, too large to write: use a larger --k or a smaller --beta")
    title = Text("LRN across channels" if inter else "LRN within a channel")
    near = "A value is damped where nearby channels are strong at the same pixel"
    around = "A value is damped where the pixels around it are strong"
    story = Story(scene, title, graph, point=Text(near if inter else around))
    for symbol, name in (("n", "n"), ("k", "k"), (r"\alpha", "alpha"), (r"\beta", "beta")):
        story.show_parameter(name, symbol)

    channels, rows, columns = values.shape
    down = 1 if channels * columns <= _LONGEST_ROW else math.ceil(math.sqrt(channels / 2))
    across = math.ceil(channels / down)
    options: dict[str, Any] = {"axes": 3, "columns": across, "held": inter, "captions": ("",) if channels == 1 else ()}
    marks = (*sheet_marks("window", channels, "window"), Mark(name="centre", role="result", channel=0))
    X = story.cells("input", "Input $a$, {size}", x, data=scene.maps, marks=marks, **options)
    # A link between blocks one above the other would run through their rows and captions.
    result = Mark(name="result" if inter else "current", role="result")
    options |= {"pending": True, "digits": short_digits(b.values, scene.digits), "marks": (result,)}
    Y = story.cells("output", "Output $b$, {size}", b, **options)

    k, alpha, beta = map(story.number, ("k", "alpha", "beta"))
    # Cells beyond an edge count as neighbours, as in torch and Caffe.
    shares = scene.n ** (1 if inter else 2) if scene.alpha_over_n else 1
    weight = alpha / Number(shares) if scene.alpha_over_n else alpha

    def divided(at: Index) -> Words:
        """The value over its neighbours' squares, over their sum, and over what that comes to."""
        rounded = Number(squares[at], digits_for(squares[at], most=scene.max_decimals(4)))
        sides = [X[at] / (k + weight * total([X[cell] ** 2 for cell in windows.cells(at)])) ** beta]
        sides.append(X[at] / (k + weight * rounded) ** beta)
        below = float(scene.k + scene.alpha / shares * squares[at]) ** scene.beta
        if below < MAX_VALUE:
            usual = scene.max_decimals(2 if below < 100 else 0)
            decimals = usual if below >= 0.1 or round(below, usual) else 2 - math.floor(math.log10(below))
            sides.append(X[at] / Number(below, decimals))
        # Where so little is divided by that it is written as 0, that says nothing.
        kept = [side for side in sides if np.isfinite(float(exact(side)))]
        return Y.equals(at, *kept, letter="b", letters=_SUM_LETTERS)

    def steps() -> Iterator[Step]:
        for at in sorted(windows.positions(), key=lambda at: (at[1:], at[0]) if inter else at):
            roles = dict.fromkeys(windows.cells(at), "neighbour") | {at: "selected"}
            seen = X.move_windows(windows, at, roles), X.mark("centre", at)
            yield story.step(divided(at), *seen, Y.write(at, result.name))

    share = r"\alpha/n" if inter else r"\alpha/n^2"
    letter = f"({share})" if scene.alpha_over_n else r"\alpha"
    formula: Words = Text(
        "{formula}   sum over {size} pixels of the same channel",
        formula=Math(rf"b=a\,/\,(k+{letter}\,\Sigma\,a^2)^\beta"),
        size=Shape((scene.n, scene.n), "n"),
    )
    if inter:
        before, behind = scene.n // 2, (scene.n - 1) // 2
        indices = Math(rf"j=\max(1,\,i-{before})\,\ldots\,\min({channels},\,i+{behind})")
        formula = joined((Math(rf"b_i=a_i\,/\,(k+{letter}\,\Sigma_j\,a_j^2)^\beta"), indices), "   ")
    damped = scene.alpha and scene.beta and windows.count > 1
    # PyTorch has none within a channel.
    as_in = "{alpha} as in PyTorch and Caffe" if inter else "{alpha} as in Caffe"
    return story.play(
        steps,
        windows.count,
        *two_panel_stage(X, Y, across * columns, down * rows),
        step_roles=("neighbour", "selected", "output"),
        answer=Text("The stronger its neighbours, the more a value was damped") if damped else "",
        alt=Text(
            "{kind}: each value of a {size} input is divided by a power of the sum of squares around it; {steps} the "
            "output",
            kind=title,
            size=Shape(values.shape, "input"),
            steps=steps_fill(windows.count),
        ),
        formula=formula,
        convention=Text(as_in, alpha=Math(share)) if scene.alpha_over_n else "",
    )
