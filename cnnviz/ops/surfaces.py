"""Loss surfaces over two weights, with their gradients: where an optimiser's path can be seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, floating

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Surface:
    """One surface z = f(x, y).

    Attributes
    ----------
    name, title : str
        The key in `SURFACES`, and the name that a reader knows.
    f : callable
        (x, y), arrays of one shape, to z of that shape.
    gradient : callable
        (x, y), arrays of one shape, to (∂f/∂x, ∂f/∂y) of shape (2, ...).
    equation : str
        The right-hand side of f(x, y) = in mathtext; a thin space stands for a product.
    minima : tuple of (x, y)
        Where f is least, 0 in every case; empty for the saddle, which has no least value.
    domain : ((x from, x to), (y from, y to))
        What to plot.
    start : (x, y)
        Where a descent begins that shows the surface's difficulty.
    """

    name: str
    title: str
    f: Callable[[npt.ArrayLike, npt.ArrayLike], Array]
    gradient: Callable[[npt.ArrayLike, npt.ArrayLike], Array]
    equation: str
    minima: tuple[Point, ...]
    domain: tuple[Point, Point]
    start: Point


def _beale(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    x, y = floating(x), floating(y)
    return np.asarray((1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2)


def _beale_gradient(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    x, y = floating(x), floating(y)
    first, second, third = 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3
    along_x = 2 * (first * (y - 1) + second * (y**2 - 1) + third * (y**3 - 1))
    return np.stack([along_x, 2 * x * (first + 2 * second * y + 3 * third * y**2)])


def _saddle(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    return np.asarray(floating(x) ** 2 - floating(y) ** 2)


def _saddle_gradient(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    return np.stack([2 * floating(x), -2 * floating(y)])


def _rosenbrock(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    x, y = floating(x), floating(y)
    return np.asarray((1 - x) ** 2 + 100 * (y - x**2) ** 2)


def _rosenbrock_gradient(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    x, y = floating(x), floating(y)
    return np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])


def _himmelblau(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    x, y = floating(x), floating(y)
    return np.asarray((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2)


def _himmelblau_gradient(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    x, y = floating(x), floating(y)
    first, second = x**2 + y - 11, x + y**2 - 7
    return np.stack([4 * x * first + 2 * second, 2 * first + 4 * y * second])


def _bowl(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    return np.asarray((floating(x) ** 2 + 10 * floating(y) ** 2) / 2)


def _bowl_gradient(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    return np.stack([floating(x), 10 * floating(y)])


def _booth(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    x, y = floating(x), floating(y)
    return np.asarray((x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2)


def _booth_gradient(x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    x, y = floating(x), floating(y)
    first, second = x + 2 * y - 7, 2 * x + y - 5
    return np.stack([2 * first + 4 * second, 4 * first + 2 * second])


_ENTRIES = (
    Surface(
        name="beale",
        title="Beale",
        f=_beale,
        gradient=_beale_gradient,
        equation=r"(1.5 - x + x\,y)^{2} + (2.25 - x + x\,y^{2})^{2} + (2.625 - x + x\,y^{3})^{2}",
        minima=((3.0, 0.5),),
        domain=((-4.5, 4.5), (-4.5, 4.5)),
        start=(1.0, 1.5),
    ),
    Surface(
        name="saddle",
        title="Saddle",
        f=_saddle,
        gradient=_saddle_gradient,
        equation=r"x^{2} - y^{2}",
        minima=(),
        domain=((-1.5, 1.5), (-1.5, 1.5)),
        start=(1.2, 0.01),
    ),
    Surface(
        name="rosenbrock",
        title="Rosenbrock",
        f=_rosenbrock,
        gradient=_rosenbrock_gradient,
        equation=r"(1 - x)^{2} + 100\,(y - x^{2})^{2}",
        minima=((1.0, 1.0),),
        domain=((-2.0, 2.0), (-1.0, 3.0)),
        start=(-1.2, 1.0),
    ),
    Surface(
        name="himmelblau",
        title="Himmelblau",
        f=_himmelblau,
        gradient=_himmelblau_gradient,
        equation=r"(x^{2} + y - 11)^{2} + (x + y^{2} - 7)^{2}",
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
        title="Elongated bowl",
        f=_bowl,
        gradient=_bowl_gradient,
        equation=r"\frac{1}{2}\,(x^{2} + 10\,y^{2})",
        minima=((0.0, 0.0),),
        domain=((-10.0, 10.0), (-4.0, 4.0)),
        start=(-9.0, 2.5),
    ),
    Surface(
        name="booth",
        title="Booth",
        f=_booth,
        gradient=_booth_gradient,
        equation=r"(x + 2\,y - 7)^{2} + (2\,x + y - 5)^{2}",
        minima=((1.0, 3.0),),
        domain=((-10.0, 10.0), (-10.0, 10.0)),
        start=(-8.0, -6.0),
    ),
)


SURFACES: Mapping[str, Surface] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
"""Every loss surface by name."""
