"""The state of grids and blocks while the steps of a storyboard are applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from cnnviz.storyboard import Block, Cell, Grid, Mark, MoveMark, Step, Storyboard, Values


@dataclass
class GridState:
    """A grid or block while steps are applied; notes are by (row, column) or (channel, row, column)."""

    values: Values
    roles: npt.NDArray[np.object_]
    notes: dict[tuple[int, ...], str] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)

    @classmethod
    def of(cls, panel: Grid | Block) -> GridState:
        """The state before the first step."""
        # As objects, because an array of fixed-width strings would truncate longer role names.
        marks = {mark.name: mark for mark in panel.marks}
        return cls(panel.values.copy(), panel.roles.astype(object), {}, marks)

    def apply(self, change: Cell | MoveMark) -> None:
        """Apply one change."""
        if isinstance(change, MoveMark):
            self.marks[change.mark] = moved(self.marks[change.mark], change)
            return
        place = place_of(change)
        if change.role is not None:
            self.roles[place] = change.role
        if change.value is not None:
            self.values[place] = change.value
        if change.note is not None:
            self.notes[place] = change.note


def moved(mark: Mark, change: MoveMark) -> Mark:
    """The mark after a change."""
    return replace(
        mark, row=change.row, column=change.column, rows=change.rows, columns=change.columns, channel=change.channel
    )


def place_of(cell: Cell) -> tuple[int, ...]:
    """The index of a cell in its panel's arrays."""
    return (cell.row, cell.column) if cell.channel is None else (cell.channel, cell.row, cell.column)


def play(storyboard: Storyboard) -> Iterator[tuple[Step, dict[str, GridState]]]:
    """Yield each step with the states of all grids and blocks after it; the same state objects are reused."""
    states = {p.name: GridState.of(p) for p in storyboard.panels() if isinstance(p, Grid | Block)}
    for step in storyboard.steps():
        for change in step.changes:
            if isinstance(change, Cell | MoveMark):
                states[change.panel].apply(change)
        yield step, states
