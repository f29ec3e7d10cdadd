"""The values of letters in a figure's formulas, and of expressions with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cnnviz.operation import Operation
from cnnviz.storyboard import Storyboard
from cnnviz.words import Assigned, Defined, Equation, Expression, Filled, Number, Symbol, evaluate, walk
from cnnviz.words.arithmetic import leaves

_PARAMETERS = {
    "a": "output_padding",
    "o": "output_size",
    r"\eta": "lr",
    "y": "label",
    "N": "batch",
    "m": "batch",
    "C": "channels",
    "G": "groups",
}
"""Letters of parameters with a different name."""

_ARGUMENTS = {"negative_slope": "alpha", "size": "n"}
"""Arguments of parameters with a different name."""

Letters = Mapping[str, Sequence[Any]]
"""What letters and names may stand for, the most likely first: numbers, or pairs of them for rows and columns."""


def letters_of(board: Storyboard, operation: Operation) -> Letters:
    """The values of letters: parameters, arguments of calls, and sizes in the formula."""
    found, arguments = defaultdict[str, list[Any]](list), defaultdict[str, list[Any]](list)
    for call in operation.calls:
        for name, value in call.options.items():
            arguments[_ARGUMENTS.get(name, name)].append(value)
    # An argument that differs between calls has no value.
    agreed = {name: each for name, (each, *others) in arguments.items() if all(other == each for other in others)}
    for given in (board.parameters, agreed):
        for name, value in given.items():
            found[name] += [] if value is None or isinstance(value, str) else [value]
    for letter, name in _PARAMETERS.items():
        # With several calls, y may not be the label.
        if len(operation.calls) == 1 or board.parameters.get(name) is not None:
            found[letter] += found[name]
    for part in walk(board.formula):
        if isinstance(part, Filled) and len(part.values) == 2:
            rows, columns = part.environment(0), part.environment(1)
            for name, number in rows.items():
                found[name].append((number.value, columns[name].value))
            found[part.left.name].append(tuple(each.value for each in part.results))
    for part in walk(board.formula):
        if isinstance(part, Defined):
            sizes = tuple(value_of(part.sides[0], found, axis) for axis in (0, 1))
            found[name_of(part.left)] += [] if None in sizes else [sizes]
    return {name: values for name, values in found.items() if values}


def bindings(parts: Iterable[Any]) -> Letters:
    """The values of letters that equations set, such as `x = 2`."""
    found = defaultdict[str, set[float]](set)
    for part in parts:
        match part:
            case Equation(left=Symbol() as letter, sides=(Number(value=value),)) | Assigned(
                letter, Number(value=value)
            ):
                found[name_of(letter)].add(value)
    return {name: tuple(values) for name, values in found.items() if len(values) == 1}


def value_of(side: Expression, letters: Letters, axis: int = 0) -> Any:
    """The value of an expression along an axis; None if a letter has no value."""
    known = {}
    for letter in leaves(side):
        if isinstance(letter, Symbol):
            found = letters.get(name_of(letter))
            if letter.index or not (found or letter.name == "e"):
                return None
            if found:
                known[letter.name] = along_axis(found[0], axis)
    return evaluate(side, known)


def name_of(letter: Any) -> str:
    """The name of a letter without mathtext's backslash."""
    return letter.name.removeprefix("\\") if isinstance(letter, Symbol) else ""


def along_axis(value: Any, axis: Any = 0) -> Any:
    """The element of a pair for rows and columns, or the number itself."""
    return value[axis] if isinstance(value, list | tuple) else value
