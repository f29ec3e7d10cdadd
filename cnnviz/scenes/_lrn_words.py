"""What is said of local response normalization: its formula, and its arithmetic at a value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.limits import MAX_VALUE
from cnnviz.notation import digits_for
from cnnviz.story import Cells, Story, filling
from cnnviz.words import Math, Number, Shape, Text, Words, equation, exact, joined, total

if TYPE_CHECKING:
    from cnnviz.scenes.lrn import Lrn

TITLES = {"inter": Text("LRN across channels"), "intra": Text("LRN within a channel")}
POINTS = {
    "inter": Text("A value is damped where nearby channels are strong at the same pixel"),
    "intra": Text("A value is damped where the pixels around it are strong"),
}
_SUM_LETTERS = 46


def divided(scene: Lrn, story: Story, X: Cells, Y: Cells, at: tuple[int, ...]) -> Words:
    """The value over its neighbours' squares, over their sum, and over what that comes to."""
    # Cells beyond an edge count as neighbours, as in torch and Caffe.
    shares = scene.n ** (1 if scene.kind == "inter" else 2) if scene.alpha_over_n else 1
    k, alpha, beta = map(story.number, ("k", "alpha", "beta"))
    weight, squares = alpha / Number(shares) if scene.alpha_over_n else alpha, scene.strength(at)
    cells = total([X[cell] ** 2 for cell in scene.windows.cells(at)])
    rounded = Number(squares, digits_for(squares, most=scene.most(4)))
    sides = [X[at] / (k + weight * each) ** beta for each in (cells, rounded)]
    below = float(scene.k + scene.alpha / shares * squares) ** scene.beta
    if below < MAX_VALUE:
        usual = scene.most(2 if below < 100 else 0)
        decimals = usual if below >= 0.1 or round(below, usual) else 2 - math.floor(math.log10(below))
        sides.append(X[at] / Number(below, decimals))
    # Where so little is divided by that it is written as 0, that says nothing.
    kept = [side for side in sides if np.isfinite(float(exact(side)))]
    return equation(Y.symbol("b", at), *kept, Y[at], letters=_SUM_LETTERS)


def subject(scene: Lrn) -> Words:
    """What the figure shows, for those who do not see it."""
    return Text(
        "{kind}: each value of a {size} input is divided by a power of the sum of squares around it; {steps} the output",
        kind=TITLES[scene.kind],
        size=Shape(scene.maps.values.shape),
        steps=filling(scene.windows.count),
    )


def convention(scene: Lrn) -> Words:
    """Whose division of α it is; PyTorch has no neighbourhood within a channel."""
    as_in = "{alpha} as in PyTorch and Caffe" if scene.kind == "inter" else "{alpha} as in Caffe"
    return Text(as_in, alpha=Math(_share(scene))) if scene.alpha_over_n else ""


def _share(scene: Lrn) -> str:
    """α over what it may be divided by, in mathtext."""
    return r"\alpha/n" if scene.kind == "inter" else r"\alpha/n^2"


def definition(scene: Lrn) -> Words:
    """The formula, and over which neighbours its sum goes."""
    alpha = rf"({_share(scene)})" if scene.alpha_over_n else r"\alpha"
    if scene.kind == "intra":
        formula = Math(rf"b=a\,/\,(k+{alpha}\,\Sigma\,a^2)^\beta")
        size = Shape((scene.n, scene.n))
        return Text("{formula}   sum over {size} pixels of the same channel", formula=formula, size=size)
    before, after = scene.n // 2, (scene.n - 1) // 2
    near = Math(rf"j=\max(1,\,i-{before})\,\ldots\,\min({scene.channels},\,i+{after})")
    return joined((Math(rf"b_i=a_i\,/\,(k+{alpha}\,\Sigma_j\,a_j^2)^\beta"), near), "   ")
