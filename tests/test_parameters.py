"""How values of any origin become a parameter's own type, and the whole message where they cannot."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.parameters import (
    ArrayLike,
    Parameters,
    Size,
    changed,
    jsonable,
    normalise,
    param,
    to_cli,
)


@dataclass(frozen=True, kw_only=True)
class Everything(Parameters):
    """One parameter of each kind."""

    kind: str = param("max", help="A kind.", choices=("max", "avg"), positional=True)
    count: int = param(3, help="A count.", lo=1, hi=9)
    rate: float = param(0.5, help="A rate.", lo=-1, hi=1.5)
    size: Size = param(2, alias="kernel-size", help="A size.", lo=1, hi=64)
    maybe: Size | None = param(None, help="A size, perhaps.", lo=1, shown_default="the data's own")
    flip: bool = param(False, help="Turn it.")
    long_name: str = param("a b", help="A text.", alias="longer-name")
    data: ArrayLike = param("random", help="Data.")


def value_of(name, value):
    return getattr(Everything(**{name: value}), name)


CONVERTED = {
    "count": {" 4 ": 4, 4.0: 4, np.uint8(4): 4, 9: 9},
    "rate": {"-.5e0": -0.5, Fraction(1, 4): 0.25},
    "size": {"3": (3, 3), "3 X 2": (3, 2), "3×2": (3, 2), (3, 2): (3, 2), np.int64(3): (3, 3), 64: (64, 64)},
    "maybe": {None: None},
    "flip": {np.bool_(True): True},
}
REFUSED = {
    "count": {
        "such as 3": ["three", "", "2.5", 2.5, True, None, float("nan"), float("inf"), b"3", [3]],
        "use 1 or more": [0],
        "use 9 or less": [10],
    },
    "rate": {"such as 0.5": ["fast", "nan", 10**400, False, 1j], "use -1 or more": [-1.25]},
    "size": {
        "such as 3x2": ["3x", "x3", "3x2x1", "3,2", 3.5, [3], [3, 2.0], [3, True], ["3", "2"], True, None],
        "use 1 or more": [0, (3, 0)],
        "use 64 or less": ["3x65"],
    },
    "flip": {"true nor false": [1, "yes"]},
    "long_name": {"not a text": [3]},
    "kind": {"did you mean max?": ["mx"], "max, avg": ["Q"]},
}


@pytest.mark.parametrize("name", CONVERTED)
def test_values_are_converted(name):
    for value, result in CONVERTED[name].items():
        given = value_of(name, value)
        assert given == result
        parts = zip(given, result, strict=True) if isinstance(result, tuple) else [(given, result)]
        assert all(type(one) is type(other) for one, other in parts)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_parameter_and_value_and_what_would_work(name):
    for hint, values in REFUSED[name].items():
        for value in values:
            with pytest.raises(UsageError) as error:
                value_of(name, value)
            message = str(error.value)
            assert message.startswith(("kind", f"--{name.replace('_', '-')} "))
            assert hint in message
            assert len(message) < 150


# Data


class Table:
    """What NumPy can read but is no array, as data frames are."""

    def __array__(self, dtype=None, copy=None):
        return np.array([[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([(1, 2.5), [-3, 1e-9]], "1 2.5; -3 1e-09"),
        ([[[1, 2], [3, 4]]], "1 2; 3 4"),
        (np.arange(4.0).reshape(1, 1, 2, 2), "0 1; 2 3"),
        (Table(), "1 2; 3 4"),
    ],
)
def test_data_is_written_as_the_command_line_takes_it(value, text):
    kept = value_of("data", value)
    assert to_cli(kept) == text
    for form in (value, kept, jsonable(kept)):
        np.testing.assert_array_equal(load_map(text, None, seed=0).values, load_map(form, None, seed=0).values)
    assert to_cli(value_of("data", Path("a") / "b.csv")) == "a/b.csv"


class Tensor:
    """What a framework trains: NumPy gets it once it is let go, near at hand, and of a kind of number that it has."""

    def __init__(self, *lacking):
        self.lacking = set(lacking)
        self.dtype = "bfloat16" if "float" in lacking else "float32"

    def __getattr__(self, step):
        if step not in ("detach", "cpu", "float"):
            raise AttributeError(step)
        return lambda: Tensor(*self.lacking - {step})

    def __array__(self, dtype=None, copy=None):
        if self.lacking:
            raise (TypeError if self.lacking == {"float"} else RuntimeError)(self.lacking)
        return np.array([[1.5, 2]])


def test_a_tensor_is_its_numbers():
    for lacking in ((), ("detach", "cpu"), ("float",)):
        kept = value_of("data", Tensor(*lacking))
        assert (type(kept), to_cli(kept)) == (np.ndarray, "1.5 2")


def test_what_is_masked_is_not_shown():
    grid = np.ma.masked_equal([[1, 2], [3, 4]], 4)
    with pytest.raises(UsageError, match=r"as its \.filled\(0\) does"):
        value_of("data", grid)
    assert to_cli(value_of("data", grid.filled(0))) == "1 2; 3 0"
    assert to_cli(value_of("data", grid[:1])) == "1 2"


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=2), min_size=1))
def test_numbers_survive_being_written(rows):
    text = to_cli(value_of("data", np.array(rows)))
    assert load_map(shlex.split(shlex.quote(text))[0], None, seed=0).values.tolist() == rows


# What is asked of parameters as a whole


def test_aliases_become_names_and_unknown_keys_stay_and_a_parameter_is_given_once():
    named = {"size": 3, "long_name": "x", "other": 1}
    assert normalise(Everything, {"kernel-size": 3, "longer_name": "x", "other": 1}) == named
    for one, other in {"size": "kernel_size", "kernel-size": "kernel_size", "long_name": "long-name"}.items():
        with pytest.raises(UsageError, match=f"^{other} is given twice: "):
            normalise(Everything, {one: 1, other: 1})


def test_what_differs_from_the_defaults():
    assert changed(Everything()) == {}
    assert changed(Everything(size=2, count="3", rate=0.5, long_name="a b")) == {}
    given = Everything(data=[[1]], flip=True, size="2x1", maybe=4)
    assert list(changed(given).items()) == [("size", (2, 1)), ("maybe", (4, 4)), ("flip", True), ("data", [[1]])]
