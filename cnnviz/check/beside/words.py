"""A figure's words in another language or notation: the numbers of each text are those of the checked one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from cnnviz.check.claims._claim import BESIDE, Claim
from cnnviz.check.subject import Subject
from cnnviz.storyboard import Cell, MoveMark, SetCurve, Storyboard

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_CLOSED = re.compile(r"\$[^$]+\$|\*\*.+?\*\*", re.DOTALL)
_LETTERS = {"H_{out}": "o", "W_{out}": "o", "H": "i", "W": "i", "K": "k", "S": "s", "P": "p", "D": "d", "A": "a",
            "Z": "z"}  # fmt: skip
"""What the frameworks' letters are the article's of."""

_OTHERS = re.compile(r"(?<![A-Za-z\\])(?:[HW]_\{out\}|[HWKSPDAZ])(?![a-z])")
_FORMULA = re.compile(r"\$([^$]+)\$")
_OF_AXIS = re.compile(r"\b(row|column)s? \$([^$]+)\$")
_FOREIGN = {"row": r"W(?![a-z])", "column": r"H(?![a-z])"}
_SIZES = {"H_{out}": r"W(?![a-z_])", "W_{out}": r"H(?![a-z_])"}

_LONG = 40
"""Signs of a formula that may be too many for another notation."""

_SILENT = Cell, MoveMark, SetCurve
"""Changes that bring no words."""

_TEXTS = ("settings", "formula", "convention", "alt")


def reworded(figure: Subject, shown: Storyboard | None) -> Iterator[Claim]:
    """Every text that is another than the one that was checked; nothing where there is no other storyboard."""
    if shown is None:
        return
    board = figure.board
    for name in _TEXTS:
        yield from _text(f"the {name}", getattr(board, name), getattr(shown, name))
    for panel, other in zip(board.panels(), shown.panels(), strict=True):
        yield from _thing(panel.name, panel, other)
    for number, (step, its) in enumerate(zip(figure.steps, shown.steps(), strict=True), 1):
        yield from _text(f"the caption of step {number}", step.caption, its.caption)
        for change, other_ in zip(step.changes, its.changes, strict=True):
            if change is not other_ and not isinstance(change, _SILENT):
                yield from _thing(f"{change.panel} in step {number}", change, other_)


def _thing(where: str, thing: Any, other: Any) -> Iterator[Claim]:
    """The texts of a panel, a change or a part of one."""
    if isinstance(thing, str):
        yield from _text(f"a text of {where}", thing, other)
    elif isinstance(thing, tuple):
        for part, its in zip(thing, other, strict=True):
            yield from _thing(where, part, its)
    elif is_dataclass(thing):
        for each in fields(thing):
            yield from _thing(where, getattr(thing, each.name), getattr(other, each.name))


def _text(where: str, text: str, other: str) -> Iterator[Claim]:
    """The numbers of a text in other words: in any order, but those of a formula and of what is strong together."""
    if text == other:
        return
    ours, theirs = _counted(other), _counted(text)
    if ours != theirs and where == "the formula" and _shortened(text, other):
        theirs = ours
    lost, come = (list((a - b).elements()) for a, b in ((theirs, ours), (ours, theirs)))
    if not lost and not come:
        lost = come = list(ours.elements())
    shown, known = (np.array([float(number) for part in parts for number in part]) for parts in (come, lost))
    yield Claim(f"{where} in other words", shown, known, exact=True, what=BESIDE, by="the checked text")
    yield from _symbols(where, text, other)


def _counted(text: str) -> Counter[tuple[str, ...]]:
    """The numbers of a text: each alone, or those of a formula, or of strong words, as one."""
    found = [tuple(_NUMBER.findall(part)) for part in _CLOSED.findall(text)]
    found += [(number,) for number in _NUMBER.findall(_CLOSED.sub(" ", text))]
    return Counter(part for part in found if part)


def _shortened(text: str, other: str) -> bool:
    """Whether a formula has been cut to its ends: what is left is a part of what was there, from its end on."""
    rest = iter(_NUMBER.findall(text))
    return all(number in rest for number in _NUMBER.findall(other)) and len(text) > _LONG


def _symbols(where: str, text: str, other: str) -> Iterator[Claim]:
    """Formulas with the frameworks' letters, which must come to those of the article where these are put back."""
    before = [_canonical(formula) for formula in _FORMULA.findall(text)]
    found = [formula for formula in _FORMULA.findall(other) if _OTHERS.search(formula) and formula not in text]
    right = sum(any(_part_of(_canonical(formula), whole) for whole in before) for formula in found)
    # Of rows and columns each has a letter of its own.
    wrong = [axis for axis, formula in _OF_AXIS.findall(other) if re.search(_FOREIGN[axis], formula)]
    wrong += [f for f in found if any(mark in f and re.search(bare, f) for mark, bare in _SIZES.items())]
    if found:
        shown, known = np.array([float(right), float(len(wrong))]), np.array([float(len(found)), 0.0])
        named = f"the symbols of {where.removeprefix('the ')}"
        yield Claim(named, shown, known, exact=True, what=BESIDE, by="the checked text")


def _canonical(formula: str) -> list[str]:
    """What stands between the signs of a formula in the article's letters, each side once."""
    plain = _OTHERS.sub(lambda match: _LETTERS[match[0]], formula).replace(" ", "").replace(r"i\timesi", "i")
    sides = plain.split("=")
    return [side for place, side in enumerate(sides) if not place or side != sides[place - 1]]


def _part_of(sides: list[str], whole: list[str]) -> bool:
    """Whether all sides follow one another in the whole, up to its end; numbers alone may have the output's letter."""
    rest = iter(["o", *whole] if "o" not in whole else whole)
    return sides[-1] == whole[-1] and all(side in rest for side in sides)
