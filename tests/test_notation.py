"""How numbers and sizes are written."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.notation import digits_for, number, written

NUMBERS = {
    "3": (3, 0),
    "−3": (-3, 0),
    "0.5": (0.5, 1),
    "0.00": (-0.004, 2),
    "0": (-0.4, 0),
    "−1.25": (-1.25, 2),
    "1000000": (1e6, 0),
    "0.000010": (0.00001, 6),
    "3e−9": (3e-9, 9),
    "−1.2e−8": (-1.2e-8, 9),
    "3.0e−9": (3e-9, 10),
    "0.500000000": (0.5, 9),
    # Halves are rounded up, as at school.
    "0.13": (0.125, 2),
    "−0.13": (-0.125, 2),
    "2.68": (2.675, 2),
    "1": (0.5, 0),
    "0.12": (0.1249, 2),
}


def test_numbers():
    assert {text: number(*value) for text, value in NUMBERS.items()} == {text: text for text in NUMBERS}
    assert number(1e-10, 9) == number(0, 9) == "0"
    assert written(0.125, 2) == Fraction(13, 100)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_written_number_is_the_nearest_of_its_decimals(value, digits):
    text = number(value, digits)
    assert abs(float(text.replace("−", "-")) - value) <= 0.5 * 10.0**-digits + 1e-6
    assert "-" not in text


DIGITS = {
    "1 2 -3": 0,
    "0.5 1": 1,
    "0.3333333": 2,
    "nan 2": 0,
    "": 0,
    # Values that are all tiny get what shows them.
    "1e-9 2e-9": 9,
    "1.5e-9 0": 10,
    "3.333333e-4": 5,
    "0.001 0.004": 3,
    "0.004 0.005": 2,
    "1e-9 1": 2,
}


def test_decimals_that_show_every_value():
    arrays = {text: np.array(text.split(), float) for text in DIGITS}
    assert {text: digits_for(values, above=0) for text, values in arrays.items()} == DIGITS
    assert all(digits_for(values, most=1, above=0) <= 1 for values in arrays.values())
    assert digits_for(np.array([1e-17]), above=1e-12) == digits_for(np.array([1e-9]), above=math.inf) == 2
