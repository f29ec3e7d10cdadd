"""How numbers and sizes are written."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.notation import digits_for, number, written


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (3, 0, "3"), (-3, 0, "−3"), (0.5, 1, "0.5"), (-0.004, 2, "0.00"), (-0.0, 0, "0"), (-0.4, 0, "0"),
        (-1.25, 2, "−1.25"), (1e6, 0, "1000000"), (0.00001, 6, "0.000010"), (3e-9, 9, "3e−9"), (-1.2e-8, 9, "−1.2e−8"),
        (3e-9, 10, "3.0e−9"), (0, 9, "0"), (1e-10, 9, "0"), (0.5, 9, "0.500000000"),
    ],
)  # fmt: skip
def test_numbers(value, digits, text):
    assert number(value, digits) == text


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_written_number_is_the_nearest_of_its_decimals(value, digits):
    text = number(value, digits)
    assert abs(float(text.replace("−", "-")) - value) <= 0.5 * 10.0**-digits + 1e-6
    assert "-" not in text


@pytest.mark.parametrize(
    ("values", "digits"), [([1, 2, -3], 0), ([0.5, 1], 1), ([0.25], 2), ([1 / 3], 2), ([np.nan, 2], 0), ([], 0)]
)
def test_decimals_that_show_every_value(values, digits):
    assert digits_for(np.array(values)) == digits


@pytest.mark.parametrize(
    ("values", "above", "digits"),
    [
        ([1e-9, 2e-9], 0, 9), ([1.5e-9, 0], 0, 10), ([1e-3 / 3], 0, 5), ([0.001, 0.004], 0, 3), ([0.004, 0.005], 0, 2),
        ([1e-9, 1], 0, 2), ([1e-17], 1e-12, 2), ([0, 0], 0, 0), ([1e-9], math.inf, 2),
    ],
)  # fmt: skip
def test_values_that_are_all_tiny_have_decimals_that_show_them(values, above, digits):
    assert digits_for(np.array(values), above=above) == digits
    assert digits_for(np.array(values), most=1, above=above) <= 1


def test_halves_are_rounded_up_as_at_school():
    values = (0.125, 2), (-0.125, 2), (2.675, 2), (0.5, 0), (1.25, 1), (0.1249, 2)
    assert [number(*value) for value in values] == ["0.13", "−0.13", "2.68", "1", "1.3", "0.12"]
    assert written(0.125, 2) == Fraction(13, 100)
