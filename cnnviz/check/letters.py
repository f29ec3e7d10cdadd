"""What the letters of a figure's formulas stand for, and what an expression in them comes to."""

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
"""Letters and the parameters that they stand for, where these have another name."""

_ARGUMENTS = {"negative_slope": "alpha", "size": "n"}
"""Arguments and the parameters that they are, where these have another name."""

Letters = Mapping[str, Sequence[Any]]
"""What letters and names may stand for, the likeliest first: numbers, or pairs of them for rows and columns."""


def letters_of(board: Storyboard, operation: Operation) -> Letters:
    """They are parameters, arguments of calls where those were left out, and what the formula puts in and gets."""
    found, arguments = defaultdict[str, list[Any]](list), defaultdict[str, list[Any]](list)
    for call in operation.calls:
        for name, value in call.options.items():
            arguments[_ARGUMENTS.get(name, name)].append(value)
    # A letter that is one number here and another there is not known.
    agreed = {name: each for name, (each, *others) in arguments.items() if all(other == each for other in others)}
    for given in (board.parameters, agreed):
        for name, value in given.items():
            found[name] += [] if value is None or isinstance(value, str) else [value]
    for letter, name in _PARAMETERS.items():
        # The label of one call of several may be another letter than y.
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


def bound_by(parts: Iterable[Any]) -> Letters:
    """What letters stand for where one number is said of them: `x = 2`."""
    found = defaultdict[str, set[float]](set)
    for part in parts:
        match part:
            case Equation(left=Symbol() as letter, sides=(Number(value=value),)) | Assigned(
                letter, Number(value=value)
            ):
                found[name_of(letter)].add(value)
    return {name: tuple(values) for name, values in found.items() if len(values) == 1}


def value_of(side: Expression, letters: Letters, axis: int = 0) -> Any:
    """What a side comes to along an axis; None where a letter of it is not known."""
    known = {}
    for letter in leaves(side):
        if isinstance(letter, Symbol):
            found = letters.get(name_of(letter))
            if letter.index or not (found or letter.name == "e"):
                return None
            if found:
                known[letter.name] = along(found[0], axis)
    return evaluate(side, known)


def name_of(letter: Any) -> str:
    """A letter without the backslash of mathtext."""
    return letter.name.removeprefix("\\") if isinstance(letter, Symbol) else ""


def along(value: Any, axis: Any = 0) -> Any:
    """One of a pair for rows and columns; a number as it is."""
    return value[axis] if isinstance(value, list | tuple) else value
