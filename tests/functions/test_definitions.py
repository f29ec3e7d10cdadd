"""Activations, losses and surfaces: one tree gives the value, the printed derivative, the slope and the range."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.functions.losses import LOSSES
from cnnviz.functions.surfaces import SURFACES
from cnnviz.words import ByCases, Printer, Symbol, evaluate

X = np.concatenate([np.linspace(-9, 9, 361), [-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0]])


def every(table):
    """Each entry with its default, and those with a parameter with two other values."""
    return [(name, value) for name, f in table.items() for value in ((None, 0.3, 2.0) if f.parameter else (None,))]


def pairs(loss):
    """Predictions and labels that a loss can take, none at a corner."""
    spots = {"real": np.linspace(-3, 3, 50), "probability": np.linspace(0.02, 0.98, 49), "sign": np.array([-1.0, 1.0])}
    grids = np.meshgrid(spots[loss.prediction], spots[loss.label])
    return grids[0].ravel() + 0.00123, grids[1].ravel()


def rise(f, x, h=1e-6):
    return (f(x + h) - f(x - h)) / (2 * h)


@pytest.mark.parametrize(("name", "parameter"), every(ACTIVATIONS))
def test_an_activation_is_what_is_printed_of_it(name, parameter):
    entry = ACTIVATIONS[name]
    value, slope = entry.value(X, parameter=parameter), entry.slope(X, parameter=parameter)
    letters = {"x": X, "f(x)": value, **entry.chosen(parameter)}
    np.testing.assert_allclose(value, evaluate(entry.body, letters), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(slope, evaluate(entry.derivative, letters) * np.ones_like(X), rtol=1e-9, atol=1e-12)
    inside = np.min(np.abs(X[:, None] - [-6, -3, -1, 0, 1, 3, 6]), axis=1) > 1e-3
    np.testing.assert_allclose(
        slope[inside], rise(lambda x: entry.value(x, parameter=parameter), X[inside]), rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize(("name", "parameter"), every(LOSSES))
def test_a_loss_is_what_is_printed_of_it(name, parameter):
    entry = LOSSES[name]
    prediction, label = pairs(entry)
    value, slope = (of(prediction, label, parameter=parameter) for of in (entry.value, entry.slope))
    letters = {r"\hat{y}": prediction, "y": label, **entry.chosen(parameter)}
    np.testing.assert_allclose(value, evaluate(entry.body, letters), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(slope, evaluate(entry.derivative, letters), rtol=1e-9, atol=1e-12)
    found = rise(lambda x: entry.value(x, label, parameter=parameter), prediction)
    np.testing.assert_allclose(slope, found, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["l1_loss", "huber_loss", "smooth_l1_loss", "hinge_loss"])
def test_at_its_corner_a_loss_has_the_slope_that_is_printed(name):
    entry, label = LOSSES[name], np.array(float("hinge" in name))
    letters = {r"\hat{y}": np.array([-1.0, 0.0, 1.0]), "y": label}
    expected = evaluate(entry.derivative, {**letters, **entry.chosen()})
    np.testing.assert_array_equal(entry.slope(*letters.values()), expected)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_printed_range_is_what_the_function_reaches(name):
    entry = ACTIVATIONS[name]
    ends = {r"\infty": np.inf, **entry.chosen()}
    y = entry.value(np.linspace(-50, 50, 200001))
    for end, closed, reached, side in zip(
        (entry.range.low, entry.range.high), entry.range.closed, (y.min(), y.max()), (-1, 1), strict=True
    ):
        bound = float(evaluate(end, ends))
        if np.isinf(bound):
            assert side * reached > 0.4
            assert not closed
        else:
            assert reached == pytest.approx(bound, abs=6e-4)
    assert (entry.group == "bounded") == bool(np.isfinite(evaluate(entry.range.high, ends)))
    assert (entry.group == "parametric") == (entry.parameter is not None)


@pytest.mark.parametrize("name", SURFACES)
def test_a_surface_and_its_gradient(name):
    surface = SURFACES[name]
    x, y = np.random.default_rng(4).uniform(-2, 2, (2, 20))
    along = surface.gradient(x, y)
    np.testing.assert_allclose(along[0], rise(lambda x: surface.f(x, y), x), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(along[1], rise(lambda y: surface.f(x, y), y), rtol=1e-5, atol=1e-4)
    derived = [evaluate(tree, {"x": x, "y": y}) * np.ones_like(x) for tree in surface.derived]
    np.testing.assert_allclose(along, derived, rtol=1e-9, atol=1e-9)
    ends = np.transpose(surface.domain)
    for point in (*surface.minima, surface.start):
        assert (ends[0] <= point).all()
        assert (point <= ends[1]).all()
    for minimum in surface.minima:
        assert surface.f(*minimum) == pytest.approx(0, abs=1e-20)
        np.testing.assert_allclose(surface.gradient(*minimum), 0, atol=1e-12)
    grid = surface.f(*np.meshgrid(*(np.linspace(*each, 201) for each in surface.domain)))
    assert (grid.min() < 0) == (not surface.minima)


def test_matplotlib_can_typeset_every_formula():
    parser, printer = MathTextParser("path"), Printer()
    for entry in (*ACTIVATIONS.values(), *LOSSES.values()):
        for tree in (entry.body, entry.derivative):
            for stacked in (True, False):
                for part in printer(ByCases(Symbol("f"), tree, stacked)).split("$")[1::2]:
                    assert parser.parse(f"${part}$").width > 0


def test_a_parameter_that_a_function_has_not_is_refused():
    with pytest.raises(UsageError, match=r"relu has no parameter to set to 2\.0"):
        ACTIVATIONS["relu"].value(1.0, parameter=2.0)
