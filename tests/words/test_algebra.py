"""Algebra on trees: derivatives against the complex step, numbers put in for letters."""

import numpy as np
import pytest

from cnnviz.words import (
    Cases,
    Condition,
    Negative,
    Number,
    Printer,
    Sum,
    Symbol,
    call,
    derivative,
    evaluate,
    substitute,
)

X, Y = Symbol("x"), Symbol("y")


TREES = [
    (1 - X) ** 2 + 100 * (Y - X**2) ** 2,
    (X + Y) / (1 + X**2),
    call("exp", -X * Y) * call("ln", X),
    call("tanh", call("softplus", 2 * X)),
    call("σ", X) * call("Φ", X) + call("expm1", X / Y),
    call("abs", Y - X) * call("max", 0, X),
    Cases(((X**2, (Condition((X, Y), ("<",)),)), (2 * X, ()))),
]


@pytest.mark.parametrize("tree", TREES)
def test_a_derivative_is_the_slope(tree):
    at, h = {"x": np.array([0.3, 0.9, 1.7, 2.6]), "y": 1.3}, 1e-6
    for name, value in at.items():
        ends = [evaluate(tree, at | {name: value + step}) for step in (h, -h)]
        slope = evaluate(derivative(tree, name), at) * np.ones(4)
        np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2 * h), rtol=1e-6, atol=1e-7)


def test_a_derivative_is_written_short():
    assert derivative(X, "x") == Number(1, None)
    assert derivative(Y**2 + 3, "x") == Number(0, None)
    assert derivative(3 * X**2, "x") == Number(6, None) * X
    assert derivative(X * call("Φ", X), "x") == call("Φ", X) + X * call("φ", X)


def test_at_a_kink_the_derivative_is_the_outer_one():
    at = {"x": np.array([-1.0, 0.0, 1.0])}
    trees = (call("min", call("max", -1, X), 1), call("max", 0, X), call("abs", X))
    assert [evaluate(derivative(tree, "x"), at).tolist() for tree in trees] == [[0, 1, 0], [0, 0, 1], [-1, 0, 1]]


def test_numbers_take_the_place_of_letters():
    two = {"x": Number(-2, 2)}
    assert substitute(-X, two) == Number(2, 2), "−(−2) is 2"
    assert substitute(1 - X, two) == Sum((Number(1, None), Negative(Number(-2, 2)))), "but 1 − (−2) is worked out"
    assert Printer()(substitute((1 - X) ** 2 * call("exp", -X), two)) == "(1 − (−2.00))²·exp(2.00)"
