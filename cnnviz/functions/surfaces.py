"""Loss surfaces over two weights, with the gradients that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from cnnviz.ops import Array, floating
from cnnviz.words import Expression, Number, Symbol, Text, Words, derivative, evaluate

Point = tuple[float, float]

X, Y = Symbol("x"), Symbol("y")


@dataclass(frozen=True, kw_only=True)
class Surface:
    """A surface z = f(x, y), and what a descent on it needs.

    `minima` are where f is least, 0 in every case, and none for the saddle; `domain` is the part to plot, from and to
    along x and y; `start` shows the surface's difficulty. `title` names it within a sentence. `factored` is the
    gradient in a shorter form, where the one that follows from `body` is long.
    """

    name: str
    title: Words
    body: Expression
    minima: tuple[Point, ...]
    domain: tuple[Point, Point]
    start: Point
    factored: tuple[Expression, Expression] | None = None

    def f(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
        """Compute f(x, y) for arrays of one shape."""
        return np.asarray(evaluate(self.body, {"x": floating(x), "y": floating(y)}))

    def gradient(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
        """Compute (∂f/∂x, ∂f/∂y) of shape (2, ...) for arrays of one shape."""
        values = {"x": floating(x)[()], "y": floating(y)[()]}
        return np.stack([np.asarray(evaluate(tree, values)) for tree in self._slopes])

    @cached_property
    def _slopes(self) -> tuple[Expression, Expression]:
        return self.factored or self.derived

    @property
    def derived(self) -> tuple[Expression, Expression]:
        """The gradient as it follows from `body`."""
        return derivative(self.body, "x"), derivative(self.body, "y")


_HALF = Number(1, None) / 2
_A, _B, _C = 1.5 - X + X * Y, 2.25 - X + X * Y**2, 2.625 - X + X * Y**3

_ENTRIES = (
    Surface(
        name="beale",
        title=Text("Beale's function"),
        body=_A**2 + _B**2 + _C**2,
        factored=(
            2 * (_A * (Y - 1) + _B * (Y**2 - 1) + _C * (Y**3 - 1)),
            2 * X * (_A + 2 * _B * Y + 3 * _C * Y**2),
        ),
        minima=((3.0, 0.5),),
        domain=((-4.5, 4.5), (-4.5, 4.5)),
        start=(1.0, 1.5),
    ),
    Surface(
        name="saddle",
        title=Text("a saddle"),
        body=X**2 - Y**2,
        minima=(),
        domain=((-1.5, 1.5), (-1.5, 1.5)),
        start=(1.2, 0.01),
    ),
    Surface(
        name="rosenbrock",
        title=Text("Rosenbrock's valley"),
        body=(1 - X) ** 2 + 100 * (Y - X**2) ** 2,
        minima=((1.0, 1.0),),
        domain=((-2.0, 2.0), (-1.0, 3.0)),
        start=(-1.2, 1.0),
    ),
    Surface(
        name="himmelblau",
        title=Text("Himmelblau's function"),
        body=(X**2 + Y - 11) ** 2 + (X + Y**2 - 7) ** 2,
        minima=(
            (3.0, 2.0),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.283185991286170),
            (3.584428340330492, -1.848126526964404),
        ),
        domain=((-5.0, 5.0), (-5.0, 5.0)),
        start=(0.0, 0.0),
    ),
    Surface(
        name="bowl",
        title=Text("an elongated bowl"),
        body=_HALF * (X**2 + 10 * Y**2),
        minima=((0.0, 0.0),),
        domain=((-10.0, 10.0), (-4.0, 4.0)),
        start=(-9.0, 2.5),
    ),
    Surface(
        name="booth",
        title=Text("Booth's function"),
        body=(X + 2 * Y - 7) ** 2 + (2 * X + Y - 5) ** 2,
        minima=((1.0, 3.0),),
        domain=((-10.0, 10.0), (-10.0, 10.0)),
        start=(-9.0, 0.0),
    ),
)

SURFACES: Mapping[str, Surface] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
"""Every loss surface by name."""
