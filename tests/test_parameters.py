"""How values of any origin become a parameter's own type, and the whole message where they cannot."""

from __future__ import annotations

import dataclasses
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
    parameters_of,
    quote,
    suggest,
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


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("count", 4, 4),
        ("count", "4", 4),
        ("count", " 4 ", 4),
        ("count", 4.0, 4),
        ("count", np.int64(4), 4),
        ("count", np.uint8(4), 4),
        ("count", np.float32(4), 4),
        ("count", np.array(4), 4),
        ("rate", 1, 1.0),
        ("rate", "1", 1.0),
        ("rate", "-.5e0", -0.5),
        ("rate", np.float32(0.25), 0.25),
        ("rate", Fraction(1, 4), 0.25),
        ("size", 3, (3, 3)),
        ("size", "3", (3, 3)),
        ("size", "3x2", (3, 2)),
        ("size", "3 X 2", (3, 2)),
        ("size", "3×2", (3, 2)),
        ("size", "3*2", (3, 2)),
        ("size", (3, 2), (3, 2)),
        ("size", [3, 2], (3, 2)),
        ("size", np.int64(3), (3, 3)),
        ("size", (np.int64(3), 2), (3, 2)),
        ("size", np.array([3, 2]), (3, 2)),
        ("size", np.zeros((3, 2)).shape, (3, 2)),
        ("maybe", None, None),
        ("maybe", "7x1", (7, 1)),
        ("flip", True, True),
        ("flip", np.bool_(True), True),
        ("long_name", "", ""),
        ("kind", "avg", "avg"),
    ],
)
def test_values_are_converted(name, value, result):
    given = value_of(name, value)
    assert given == result
    parts = zip(given, result, strict=True) if isinstance(result, tuple) else [(given, result)]
    assert all(type(one) is type(other) for one, other in parts)


def test_defaults_are_converted_too():
    assert Everything().size == (2, 2)


NO_SIZE = "is not a size: give a whole number such as 3, or rows x columns such as 3x2"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("count", "three", "--count 'three' is not a whole number: give one such as 3"),
        ("count", "", "--count '' is not a whole number: give one such as 3"),
        ("count", "2.5", "--count '2.5' is not a whole number: give one such as 3"),
        ("count", 2.5, "--count 2.5 is not a whole number: give one such as 3"),
        ("count", np.float32(2.5), "--count 2.5 is not a whole number: give one such as 3"),
        ("count", True, "--count True is not a whole number: give one such as 3"),
        ("count", None, "--count None is not a whole number: give one such as 3"),
        ("count", float("nan"), "--count nan is not a whole number: give one such as 3"),
        ("count", float("inf"), "--count inf is not a whole number: give one such as 3"),
        ("count", b"3", "--count b'3' is not a whole number: give one such as 3"),
        ("count", [3], "--count [3] is not a whole number: give one such as 3"),
        ("count", 0, "--count 0 is too small: use 1 or more"),
        ("count", 10, "--count 10 is too large: use 9 or less"),
        ("rate", "fast", "--rate 'fast' is not a number: give one such as 0.5"),
        ("rate", "inf", "--rate 'inf' is not a number: give one such as 0.5"),
        ("rate", "nan", "--rate 'nan' is not a number: give one such as 0.5"),
        ("rate", 10**400, f"--rate 1{'0' * 49}…000000 is not a number: give one such as 0.5"),
        ("rate", False, "--rate False is not a number: give one such as 0.5"),
        ("rate", None, "--rate None is not a number: give one such as 0.5"),
        ("rate", 1j, "--rate 1j is not a number: give one such as 0.5"),
        ("rate", -1.25, "--rate -1.25 is too small: use -1 or more"),
        ("rate", 2, "--rate 2 is too large: use 1.5 or less"),
        ("size", "3x", f"--size '3x' {NO_SIZE}"),
        ("size", "x3", f"--size 'x3' {NO_SIZE}"),
        ("size", "3x2x1", f"--size '3x2x1' {NO_SIZE}"),
        ("size", "3,2", f"--size '3,2' {NO_SIZE}"),
        ("size", "three", f"--size 'three' {NO_SIZE}"),
        ("size", "-1x2", f"--size '-1x2' {NO_SIZE}"),
        ("size", 3.5, f"--size 3.5 {NO_SIZE}"),
        ("size", [3], f"--size [3] {NO_SIZE}"),
        ("size", [3, 2, 1], f"--size [3, 2, 1] {NO_SIZE}"),
        ("size", [3, 2.0], f"--size [3, 2.0] {NO_SIZE}"),
        ("size", [3, True], f"--size [3, True] {NO_SIZE}"),
        ("size", ["3", "2"], f"--size ['3', '2'] {NO_SIZE}"),
        ("size", True, f"--size True {NO_SIZE}"),
        ("size", None, f"--size None {NO_SIZE}"),
        ("size", 0, "--size 0 is too small: use 1 or more"),
        ("size", "-3", "--size -3 is too small: use 1 or more"),
        ("size", (3, 0), "--size 0 is too small: use 1 or more"),
        ("size", "3x65", "--size 65 is too large: use 64 or less"),
        ("maybe", 0, "--maybe 0 is too small: use 1 or more"),
        ("flip", 1, "--flip 1 is neither true nor false"),
        ("flip", "yes", "--flip 'yes' is neither true nor false"),
        ("long_name", 3, "--long-name 3 is not a text"),
        ("kind", "mx", "kind 'mx' is not known: did you mean max?"),
        ("kind", "Q", "kind 'Q' is not known: choose from max, avg"),
        ("kind", 3, "kind 3 is not a text"),
    ],
)
def test_messages_say_what_is_wrong_and_what_would_work(name, value, message):
    with pytest.raises(UsageError) as error:
        value_of(name, value)
    assert str(error.value) == message


def test_bounds_themselves_are_allowed():
    for name, low, high in (("count", 1, 9), ("rate", -1.0, 1.5), ("size", (1, 1), (64, 64))):
        assert value_of(name, low) == low
        assert value_of(name, high) == high


def test_parameters_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Everything().count = 4


# Data


def test_an_array_is_copied_since_its_owner_may_change_it():
    array, rows = np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]
    from_array, from_rows = value_of("data", array), value_of("data", rows)
    array[0, 0] = rows[0][0] = 9
    assert jsonable(from_array) == jsonable(from_rows) == [[1, 2], [3, 4]]


class Table:
    """What NumPy can read but is no array, as data frames are."""

    def __array__(self, dtype=None, copy=None):
        return np.array([[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([[1, 2], [3, 4]], "1 2; 3 4"),
        (((1, 2), (3, 4)), "1 2; 3 4"),
        ([(1, 2.5), [-3, 1e-9]], "1 2.5; -3 1e-09"),
        ([1, 2, 3], "1 2 3"),
        ((1, 2), "1 2"),
        ([[1], [2]], "1; 2"),
        ([[[1, 2], [3, 4]]], "1 2; 3 4"),
        (np.array([[1, 2], [3, 4]], np.uint8), "1 2; 3 4"),
        (np.array([1, 2, 3]), "1 2 3"),
        (np.arange(4.0).reshape(1, 1, 2, 2), "0 1; 2 3"),
        (np.array([[True, False]]), "1 0"),
        ([np.array([1, 2]), np.array([3, 4])], "1 2; 3 4"),
        ([[np.float64(0.1), np.int8(2)]], "0.1 2"),
        (Table(), "1 2; 3 4"),
        ("sobel-x", "sobel-x"),
        (Path("a") / "b.csv", "a/b.csv"),
    ],
)
def test_data_is_written_as_the_command_line_takes_it(value, text):
    kept = value_of("data", value)
    assert to_cli(kept) == text
    if not isinstance(value, str | Path):
        for form in (value, kept, jsonable(kept)):
            np.testing.assert_array_equal(load_map(text, None, seed=0).values, load_map(form, None, seed=0).values)


class Tensor:
    """What a framework trains: NumPy gets it once it is let go, near at hand, and of a kind of number that it has."""

    def __init__(self, *lacking):
        self.lacking = set(lacking)

    def __getattr__(self, step):
        if step not in ("detach", "cpu", "float"):
            raise AttributeError(step)
        return lambda: Tensor(*self.lacking - {step})

    def __array__(self, dtype=None, copy=None):
        if {"detach", "cpu"} & self.lacking:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if self.lacking:
            raise TypeError(f"Got unsupported\n{self.lacking}")
        return np.array([[1.5, 2]])


@pytest.mark.parametrize("lacking", [(), ("detach", "cpu"), ("float",)])
def test_a_tensor_is_its_numbers(lacking):
    kept = value_of("data", Tensor(*lacking))
    assert (type(kept), to_cli(kept)) == (np.ndarray, "1.5 2")


def test_what_gives_no_numbers_is_told_in_a_line():
    with pytest.raises(UsageError) as error:
        value_of("data", Tensor("other"))
    why = "Got unsupported {'other'}"
    assert str(error.value) == f"data is a Tensor that gives no numbers: give a NumPy array ({why})"


def test_what_is_masked_is_not_shown():
    grid = np.ma.masked_array([[1, 2], [3, 4]], mask=[[False, False], [False, True]])
    with pytest.raises(UsageError) as error:
        value_of("data", grid)
    assert str(error.value) == "data masks some of its values: fill them in, as its .filled(0) does"
    assert to_cli(value_of("data", grid.filled(0))) == "1 2; 3 0"
    assert to_cli(value_of("data", grid[:1])) == "1 2"


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=2), min_size=1))
def test_numbers_survive_being_written(rows):
    text = to_cli(value_of("data", np.array(rows)))
    assert load_map(shlex.split(shlex.quote(text))[0], None, seed=0).values.tolist() == rows


# What is asked of parameters as a whole


def test_declarations_are_read_in_order():
    found = {p.name: p for p in parameters_of(Everything)}
    assert list(found) == ["kind", "count", "rate", "size", "maybe", "flip", "long_name", "data"]
    assert [p.option for p in found.values()][-2:] == ["--long-name", "--data"]
    assert (found["kind"].label, found["long_name"].label) == ("kind", "--long-name")
    assert (found["maybe"].type, found["maybe"].optional) == (Size, True)
    assert (found["size"].type, found["size"].optional) == (Size, False)
    shown = {name: p.shown_default for name, p in found.items()}
    assert shown["maybe"] == "the data's own"
    assert (shown["rate"], shown["size"], shown["data"]) == ("0.5", "2", "random")


def test_aliases_become_names_and_unknown_keys_stay():
    assert normalise(Everything, {"kernel-size": 3, "longer_name": "x", "other": 1}) == {
        "size": 3, "long_name": "x", "other": 1,
    }  # fmt: skip


@pytest.mark.parametrize("pair", [("size", "kernel_size"), ("kernel-size", "kernel_size"), ("long_name", "long-name")])
def test_a_parameter_is_given_once(pair):
    name = normalise(Everything, {pair[0]: 1}).popitem()[0]
    with pytest.raises(UsageError) as error:
        normalise(Everything, dict.fromkeys(pair, 1))
    assert str(error.value) == f"{pair[1]} is given twice: {name} and its long form mean the same"


def test_what_differs_from_the_defaults():
    assert changed(Everything()) == {}
    assert changed(Everything(size=2, count="3", rate=0.5, long_name="a b")) == {}
    given = Everything(data=[[1]], flip=True, size="2x1", maybe=4)
    assert list(changed(given).items()) == [("size", (2, 1)), ("maybe", (4, 4)), ("flip", True), ("data", [[1]])]


@pytest.mark.parametrize(
    ("value", "text"),
    [((3, 3), "3"), ((3, 2), "3x2"), (0.5, "0.5"), (2.0, "2"), (-0.5, "-0.5"), (1e-07, "1e-07"), ("x y", "x y")],
)
def test_plain(value, text):
    assert to_cli(value) == text


def test_jsonable():
    assert jsonable((3, 2)) == [3, 2]
    assert jsonable(((1, np.int64(2)), [np.array([3.0])])) == [[1, 2], [[3.0]]]
    assert (jsonable(None), jsonable("a"), jsonable(Path("a/b"))) == (None, "a", "a/b")


def test_quotes_are_short_and_on_one_line():
    assert quote("a\nb") == "'a\\nb'"
    assert quote("x" * 58) == repr("x" * 58)
    assert quote("x" * 59) == "'" + "x" * 49 + "…" + "x" * 5 + "'"
    assert "\n" not in quote(np.eye(2))


def test_a_choice_is_suggested_where_one_is_near():
    assert suggest("sobelx", ("sobel-x", "box")) == "did you mean sobel-x?"
    assert suggest("zzz", ("sobel-x", "box")) == "choose from sobel-x, box"
