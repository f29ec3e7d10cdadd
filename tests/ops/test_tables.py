"""The tables of activations, losses and surfaces: the printed equations are what the functions compute."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser
from scipy import optimize

from cnnviz import ops
from cnnviz.ops.surfaces import SURFACES

from . import mathtext

X = np.concatenate([np.linspace(-9, 9, 361), [-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0]])


def settings(table: Any) -> list[tuple[str, float | None]]:
    """Every entry with its default, and those with a parameter with two values of it more."""
    return [(name, value) for name, f in table.items() for value in ((None, 0.3, 2.0) if f.parameter else (None,))]


def symbols(entry: Any, parameter: float | None) -> dict[str, float]:
    if entry.parameter is None:
        return {}
    return {entry.parameter.symbol.removeprefix("\\"): entry.parameter.default if parameter is None else parameter}


@pytest.mark.parametrize(("name", "parameter"), settings(ops.ACTIVATIONS))
def test_activations_are_their_equations(name: str, parameter: float | None) -> None:
    entry = ops.ACTIVATIONS[name]
    values: dict[str, Any] = {"x": X, **symbols(entry, parameter)}
    expected = mathtext.piecewise(entry.equation, X.shape, **values)
    ours = entry.value(X, parameter)
    # SELU's constants are printed to four decimals.
    close = {"rtol": 3e-5, "atol": 1e-9} if name == "selu" else {"rtol": 1e-9, "atol": 1e-12}
    np.testing.assert_allclose(ours, expected, **close)
    slopes = mathtext.piecewise(entry.derivative_equation, X.shape, **values, f=lambda x: entry.value(x, parameter))
    np.testing.assert_allclose(entry.slope(X, parameter), slopes, **close)


@pytest.mark.parametrize("name", ops.ACTIVATIONS)
def test_the_printed_range_is_what_the_function_reaches(name: str) -> None:
    entry = ops.ACTIVATIONS[name]
    opening, low, high, closing = re.fullmatch(r"([\[(])(.*), (.*)([\])])", entry.range).groups()
    bounds = [mathtext.compute(text, **symbols(entry, None)) for text in (low, high)]
    y = entry.value(np.linspace(-50, 50, 200001))
    for bound, reached, closed, side in zip(
        bounds, (y.min(), y.max()), (opening == "[", closing == "]"), (-1, 1), strict=True
    ):
        if np.isinf(bound):
            assert side * reached > 0.4 * (50 if name != "leaky_relu" or side > 0 else 0.5)
            assert not closed
        else:
            assert reached == pytest.approx(bound, abs=6e-4)
            assert side * reached <= side * bound + 6e-4
    if name in {"elu", "tanh", "sigmoid", "softplus"}:
        assert opening == "("
        moderate = entry.value(np.linspace(-15, 15, 301))
        assert moderate.min() > bounds[0]
        assert moderate.max() < bounds[1]
    elif np.isfinite(bounds[0]) and name != "selu":
        assert opening == "["


def estimates_and_labels(entry: Any) -> tuple[np.ndarray, np.ndarray]:
    spots = {
        "real": np.linspace(-3, 3, 49),
        "probability": np.linspace(0.02, 0.98, 49),
        "sign": np.array([-1.0, 1.0]),
    }
    return tuple(grid.ravel() for grid in np.meshgrid(spots[entry.estimate], spots[entry.label]))


@pytest.mark.parametrize(("name", "parameter"), settings(ops.LOSSES))
def test_losses_are_their_equations(name: str, parameter: float | None) -> None:
    entry = ops.LOSSES[name]
    estimate, label = estimates_and_labels(entry)
    values: dict[str, Any] = {"estimate": estimate, "y": label, **symbols(entry, parameter)}
    expected = mathtext.piecewise(entry.equation, estimate.shape, **values)
    np.testing.assert_allclose(entry.value(estimate, label, parameter), expected, rtol=1e-9, atol=1e-12)
    slopes = mathtext.piecewise(entry.derivative_equation, estimate.shape, **values)
    np.testing.assert_allclose(entry.slope(estimate, label, parameter), slopes, rtol=1e-9, atol=1e-12)


def every_text() -> list[str]:
    texts = [entry.range for entry in ops.ACTIVATIONS.values()] + [entry.equation for entry in SURFACES.values()]
    for entry in [*ops.ACTIVATIONS.values(), *ops.LOSSES.values()]:
        texts += [part for line in (*entry.equation, *entry.derivative_equation) for part in line if part]
        texts += [entry.parameter.symbol] if entry.parameter else []
    return sorted(set(texts))


def test_matplotlib_can_typeset_every_text() -> None:
    parser = MathTextParser("path")
    for text in every_text():
        assert parser.parse(f"${text}$").width > 0, text


@pytest.mark.parametrize("name", SURFACES)
def test_surfaces_are_their_equations(name: str) -> None:
    surface = SURFACES[name]
    x, y = np.random.default_rng(4).uniform(-3, 3, (2, 200))
    np.testing.assert_allclose(surface.f(x, y), mathtext.compute(surface.equation, x=x, y=y), rtol=1e-12)
    assert surface.f(1, 2).shape == ()
    assert surface.gradient(x.reshape(20, 10), y.reshape(20, 10)).shape == (2, 20, 10)


@pytest.mark.parametrize("name", SURFACES)
def test_surface_gradients_against_scipys_finite_differences(name: str) -> None:
    surface = SURFACES[name]
    for point in np.random.default_rng(5).uniform(-2, 2, (20, 2)):
        error = optimize.check_grad(lambda p: surface.f(*p), lambda p: surface.gradient(*p), point)
        assert error < 1e-5 * max(1, np.abs(surface.gradient(*point)).max())


@pytest.mark.parametrize("name", SURFACES)
def test_surface_minima_domain_and_start(name: str) -> None:
    surface = SURFACES[name]
    (left, right), (bottom, top) = surface.domain
    for x, y in (*surface.minima, surface.start):
        assert left <= x <= right
        assert bottom <= y <= top
    grid = surface.f(*np.meshgrid(np.linspace(left, right, 201), np.linspace(bottom, top, 201)))
    for minimum in surface.minima:
        assert surface.f(*minimum) == pytest.approx(0, abs=1e-20)
        np.testing.assert_allclose(surface.gradient(*minimum), 0, atol=1e-12)
        assert grid.min() >= 0
        found = optimize.minimize(lambda p: surface.f(*p), np.add(minimum, 0.05), tol=1e-12).x
        np.testing.assert_allclose(found, minimum, atol=1e-5)
    if not surface.minima:
        assert name == "saddle"
        assert grid.min() < 0 < grid.max()
    assert np.abs(surface.gradient(*surface.start)).max() > 0


def test_rosenbrock_is_scipys() -> None:
    surface = SURFACES["rosenbrock"]
    for point in np.random.default_rng(6).uniform(-2, 2, (20, 2)):
        assert surface.f(*point) == pytest.approx(optimize.rosen(point), rel=1e-12)
        np.testing.assert_allclose(surface.gradient(*point), optimize.rosen_der(point), rtol=1e-10, atol=1e-10)
