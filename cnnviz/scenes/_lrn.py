"""What is said of local response normalization, its formula and its arithmetic, and how its channels stand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_VALUE
from cnnviz.notation import digits_for
from cnnviz.story import Cells, Story, check_squares, check_steps, filling
from cnnviz.words import Math, Number, Shape, Text, Words, equation, exact, joined, total

if TYPE_CHECKING:
    from cnnviz.scenes.lrn import Lrn

TITLES = {"inter": Text("LRN across channels"), "intra": Text("LRN within a channel")}
POINTS = {
    "inter": Text("A value is damped where nearby channels are strong at the same pixel"),
    "intra": Text("A value is damped where the pixels around it are strong"),
}
_SUM_LETTERS = 30
_LONGEST_ROW = 12
"""Cells up to which all channels stand side by side."""


def check(scene: Lrn) -> None:
    """Refuse an input, or constants, that no arithmetic can be written for; raises UsageError."""
    check_squares(scene.maps.values)
    check_steps(scene.windows.count, "this normalization", scene.windows.covered)
    if scene.k == 0 and not (scene.alpha and all(_squares(scene, at) for at in scene.windows.places())):
        raise UsageError("k 0 leaves nothing to divide by where α, or all neighbours, are 0: use --k above 0")


def rows_of_channels(channels: int, columns: int) -> int:
    """In how many rows the channels stand."""
    return 1 if channels * columns <= _LONGEST_ROW else math.ceil(math.sqrt(channels / 2))


def divided(scene: Lrn, story: Story, X: Cells, Y: Cells, at: tuple[int, ...]) -> Words:
    """The value over its neighbours' squares, over their sum, and over what that comes to."""
    # Cells beyond an edge count as neighbours, as in torch and Caffe.
    shares = scene.n ** (1 if scene.kind == "inter" else 2) if scene.alpha_over_n else 1
    k, alpha, beta = map(story.number, ("k", "alpha", "beta"))
    weight, squares = alpha / Number(shares) if scene.alpha_over_n else alpha, _squares(scene, at)
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


def _squares(scene: Lrn, at: tuple[int, ...]) -> float:
    """Σ a² around a cell."""
    return sum(float(scene.maps.values[cell]) ** 2 for cell in scene.windows.cells(at))


def texts(scene: Lrn) -> dict[str, Any]:
    """The answer, the alt text, the formula, and whose division of α it is; PyTorch has none within a channel."""
    damped = scene.alpha and scene.beta and scene.windows.count > 1
    answer = Text("The stronger its neighbours, the more a value was damped") if damped else ""
    as_in = "{alpha} as in PyTorch and Caffe" if scene.kind == "inter" else "{alpha} as in Caffe"
    convention = Text(as_in, alpha=Math(_share(scene))) if scene.alpha_over_n else ""
    alt = Text(
        "{kind}: each value of a {size} input is divided by a power of the sum of squares around it; {steps} the "
        "output",
        kind=TITLES[scene.kind],
        size=Shape(scene.maps.values.shape, "input"),
        steps=filling(scene.windows.count),
    )
    return {"answer": answer, "alt": alt, "formula": _definition(scene), "convention": convention}


def _share(scene: Lrn) -> str:
    """α over what it may be divided by, in mathtext."""
    return r"\alpha/n" if scene.kind == "inter" else r"\alpha/n^2"


def _definition(scene: Lrn) -> Words:
    """The formula, and over which neighbours its sum goes."""
    alpha = rf"({_share(scene)})" if scene.alpha_over_n else r"\alpha"
    if scene.kind == "intra":
        formula = Math(rf"b=a\,/\,(k+{alpha}\,\Sigma\,a^2)^\beta")
        size = Shape((scene.n, scene.n), "n")
        return Text("{formula}   sum over {size} pixels of the same channel", formula=formula, size=size)
    before, after = scene.n // 2, (scene.n - 1) // 2
    near = Math(rf"j=\max(1,\,i-{before})\,\ldots\,\min({scene.channels},\,i+{after})")
    return joined((Math(rf"b_i=a_i\,/\,(k+{alpha}\,\Sigma_j\,a_j^2)^\beta"), near), "   ")
