"""Where windows stand, which cells lie under them, which win, which none reaches: from sizes alone, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from cnnviz.check.beside.places import PLACES
from cnnviz.check.beside.stepping import Cells, Expected
from cnnviz.check.claims._claim import BESIDE, Claim
from cnnviz.check.subject import Subject
from cnnviz.playback import place_of
from cnnviz.storyboard import Block, Cell, Grid, Mark, MoveMark

Rect = tuple[float, ...]

UNDER = frozenset({"kernel", "kernel_on_padding", "overlap"})
KINDS: Mapping[str, Callable[[str], bool]] = {
    "under": lambda role: role in UNDER, "hatched": lambda role: role.endswith("unreached") or role == "cut",
    "winner": lambda role: role == "winner", "selected": lambda role: role == "selected",
    "neighbour": lambda role: role == "neighbour",
}  # fmt: skip
"""What roles say of a cell."""


@dataclass
class _Stage:
    """Marks and cells of one kind, panel by panel, while steps go by."""

    marks: dict[tuple[str, str], Rect] = field(default_factory=dict)
    cells: dict[tuple[str, str], Cells] = field(default_factory=dict)

    @classmethod
    def of(cls, panels: Mapping[str, Grid | Block]) -> _Stage:
        """Before the first step."""
        stage = cls()
        for name, panel in panels.items():
            for mark in panel.marks:
                stage.marks[name, mark.name] = _rect(mark)
            for kind, holds in KINDS.items():
                stage.cells[name, kind] = set()
                for role in np.unique(panel.roles):
                    if holds(str(role)):
                        stage.cells[name, kind] |= set(map(tuple, np.argwhere(panel.roles == role).tolist()))
        return stage

    def apply(self, change: object) -> None:
        """Bring a change in."""
        if isinstance(change, MoveMark):
            self.marks[change.panel, change.mark] = _rect(change)
        elif isinstance(change, Cell) and change.role is not None:
            for kind, holds in KINDS.items():
                cells = self.cells[change.panel, kind]
                (cells.add if holds(change.role) else cells.discard)(place_of(change))


def _rect(mark: Mark | MoveMark) -> Rect:
    """Place and size, and the channel where there are several; hidden where it has no cells."""
    channel = mark.channel
    place = (mark.row, mark.column, mark.rows, mark.columns, *(() if channel is None else (channel,)))
    return tuple(map(float, place)) if mark.rows and mark.columns else ()


def marks(figure: Subject) -> Iterator[Claim]:
    """Marks and cells after every step, of those for which there is an expectation."""
    if figure.board.scene not in PLACES:
        return
    stage, shown, theirs = _Stage.of(figure.panels), list[float](), list[float]()
    expected = PLACES[figure.board.scene](figure)
    for number, (step, known) in enumerate(zip(figure.steps, expected, strict=True), 1):
        for change in step.changes:
            stage.apply(change)
        for where, a, b in _compared(stage, known):
            if a == b:
                shown += a
                theirs += b
            else:
                yield Claim(f"{where} in step {number},", np.array(a), np.array(b), exact=True, what=BESIDE)
    yield Claim("marks and cells under them", np.array(shown), np.array(theirs), exact=True, what=BESIDE)


def _compared(stage: _Stage, known: Expected) -> Iterator[tuple[str, list[float], list[float]]]:
    for (panel, mark), rect in known.marks.items():
        if (panel, mark) in stage.marks:
            yield f"mark {mark} of {panel}", list(stage.marks[panel, mark]), [float(v) for v in rect]
    for (panel, kind), cells in known.cells.items():
        found = stage.cells[panel, kind]
        if found == cells:
            # Many cells are one number: how many they are.
            yield "", [float(len(found))], [float(len(cells))]
        else:
            yield f"cells {kind} in {panel}", _flat(found - cells), _flat(cells - found)


def _flat(cells: Cells) -> list[float]:
    return [float(at) for cell in sorted(cells) for at in cell]
