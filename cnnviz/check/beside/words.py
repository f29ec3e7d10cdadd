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
    yield Claim(f"{where} in other words", shown, known, exact=True, what=BESIDE)


def _counted(text: str) -> Counter[tuple[str, ...]]:
    """The numbers of a text: each alone, or those of a formula, or of strong words, as one."""
    found = [tuple(_NUMBER.findall(part)) for part in _CLOSED.findall(text)]
    found += [(number,) for number in _NUMBER.findall(_CLOSED.sub(" ", text))]
    return Counter(part for part in found if part)


def _shortened(text: str, other: str) -> bool:
    """Whether a formula has been cut to its ends: what is left is a part of what was there, from its end on."""
    rest = iter(_NUMBER.findall(text))
    return all(number in rest for number in _NUMBER.findall(other)) and len(text) > _LONG
