"""What the letters of a figure's formulas stand for, and what an expression in them comes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnviz.operation import Operation
from cnnviz.storyboard import Storyboard
from cnnviz.words import Defined, Expression, Filled, Symbol, evaluate, walk
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

_ARGUMENTS = {"negative_slope": "alpha"}
"""Arguments and the parameters that they are, where these have another name."""


def letters_of(board: Storyboard) -> dict[str, Any]:
    """What letters stand for: numbers, or pairs of them for rows and columns.

    They are parameters, and what the formula puts in and gets.
    """
    given = board.parameters
    found = {name: value for name, value in given.items() if not isinstance(value, str) and value is not None}
    for letter, name in _PARAMETERS.items():
        if name in found:
            found.setdefault(letter, found[name])
    formula = list(walk(board.formula))
    for part in formula:
        if isinstance(part, Filled) and len(part.values) == 2:
            rows, columns = part.environment(0), part.environment(1)
            names = {name: (number.value, columns[name].value) for name, number in rows.items()}
            found = {**names, part.left.name: tuple(each.value for each in part.results), **found}
    for part in formula:
        if isinstance(part, Defined):
            sizes = [value_of(part.sides[0], found, axis) for axis in (0, 1)]
            if None not in sizes:
                name = name_of(part.left)
                found = {name: tuple(sizes), f"-{name}": tuple(-each for each in sizes), **found}
    return found


def choices_of(operation: Operation | None) -> dict[str, list[float]]:
    """What parameters that were left out have become: an argument of one call or several."""
    found: dict[str, list[float]] = {}
    for call in operation.calls if operation else ():
        for name, value in call.options.items():
            found.setdefault(_ARGUMENTS.get(name, name), []).append(value)
    return found | {letter: found[name] for letter, name in _PARAMETERS.items() if name in found}


def value_of(side: Expression, letters: Mapping[str, Any], axis: int = 0) -> Any:
    """What a side comes to along an axis; None where a letter of it is not known."""
    own = {letter for letter in leaves(side) if isinstance(letter, Symbol)}
    known = {letter.name: letters.get(name_of(letter)) for letter in own if not letter.index}
    if len(known) < len(own) or any(value is None for name, value in known.items() if name != "e"):
        return None
    return evaluate(side, {name: along(value, axis) for name, value in known.items() if value is not None})


def name_of(letter: Any) -> str:
    """A letter without the backslash of mathtext."""
    return letter.name.removeprefix("\\") if isinstance(letter, Symbol) else ""


def along(value: Any, axis: Any = 0) -> Any:
    """One of a pair for rows and columns; a number as it is."""
    return value[axis] if isinstance(value, list | tuple) else value
