"""What a figure shows, read off its storyboard: operands at the start, results at the end, and all between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from cnnviz.parameters import Size
from cnnviz.playback import GridState, place_of
from cnnviz.storyboard import (
    Block,
    Cell,
    Grid,
    MoveDot,
    MoveMark,
    Plot,
    SetCurve,
    SetStation,
    Step,
    Storyboard,
)

Values = npt.NDArray[np.float64]
_Kind = TypeVar("_Kind")


class Write(NamedTuple):
    """A number that a step puts into a cell; steps are counted from 0."""

    step: int
    place: tuple[int, ...]
    value: float


@dataclass(frozen=True, eq=False)
class Subject:
    """A storyboard played to its end."""

    board: Storyboard
    steps: list[Step] = field(default_factory=list)
    _states: dict[str, GridState] = field(default_factory=dict)
    _by_panel: dict[tuple[type[Any], str], list[tuple[int, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._states.update({p.name: GridState.of(p) for p in self.board.panels() if isinstance(p, Grid | Block)})
        self.steps.extend(self.board.steps())
        for number, step in enumerate(self.steps):
            for change in step.changes:
                if isinstance(change, Cell | MoveMark):
                    self._states[change.panel].apply(change)
                self._by_panel.setdefault((type(change), change.panel), []).append((number, change))

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The scene's, as its storyboard tells them."""
        return self.board.parameters

    def size(self, name: str) -> Size:
        """A parameter of rows and columns."""
        rows, columns = self.parameters[name]
        return rows, columns

    @cached_property
    def panels(self) -> dict[str, Grid | Block]:
        """The grids and blocks as they stand before the first step."""
        return {panel.name: panel for panel in self.board.panels() if isinstance(panel, Grid | Block)}

    def changes(self, kind: type[_Kind], panel: str) -> list[tuple[int, _Kind]]:
        """All changes of a kind to a panel, each with its step."""
        return self._by_panel.get((kind, panel), [])

    @cached_property
    def captions(self) -> list[str]:
        """What the steps say."""
        return [step.caption for step in self.steps]

    def operand(self, name: str) -> Values:
        """What a panel shows at the start, without padding."""
        panel = self.panels[name]
        if isinstance(panel, Block):
            return panel.values
        (top, left), values = panel.padding, panel.values
        if (top, left) != (0, 0):
            rows, columns = self.size("i")
            return values[top : top + rows, left : left + columns]
        if "empty" in panel.roles:
            own = np.isin(panel.roles, ["input", "unreached"])
            return np.asarray(values[own].reshape(self.size("i")))
        return values

    def result(self, name: str) -> Values:
        """What a panel shows at the end."""
        return self._states[name].values

    def writes(self, panel: str) -> list[Write]:
        """The numbers that steps put into a panel's cells."""
        return [
            Write(step, place_of(cell), cell.value)
            for step, cell in self.changes(Cell, panel)
            if cell.value is not None
        ]

    def notes(self, panel: str) -> list[tuple[int, tuple[int, ...], str]]:
        """The notes that steps put into a panel's cells: the step, the place and the text."""
        return [(step, place_of(cell), cell.note) for step, cell in self.changes(Cell, panel) if cell.note]

    def points(self, panel: str, dot: str) -> tuple[Values, Values]:
        """The places x of a dot, and y there, step by step; of one that stays, where it is."""
        found = [(move.x, move.y) for _, move in self.changes(MoveDot, panel) if move.dot == dot]
        if not found:
            found = [(each.x, each.y) for each in self.plot(panel).dots if each.name == dot]
        x, y = zip(*found, strict=True)
        return np.array(x), np.array(y)

    def plot(self, name: str) -> Plot:
        """A panel of axes."""
        panel = self.board.panel(name)
        assert isinstance(panel, Plot)
        return panel

    def curve(self, panel: str, name: str) -> tuple[Values, Values]:
        """The points of a curve as it stands at the start."""
        return next((curve.x, curve.y) for curve in self.plot(panel).curves if curve.name == name)

    def curves(self, panel: str, name: str) -> list[tuple[int, Values, Values]]:
        """What steps make of a curve."""
        return [(step, set_.x, set_.y) for step, set_ in self.changes(SetCurve, panel) if set_.curve == name]

    def station(self, name: str) -> list[Values]:
        """What a station of maps shows, in order."""
        panels = [panel.name for panel in self.board.panels()]
        return [
            set_.values for panel in panels for _, set_ in self.changes(SetStation, panel)
            if set_.station == name and set_.values is not None
        ]  # fmt: skip

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every text that steps bring, and what to call it."""
        for number, step in enumerate(self.steps, 1):
            yield f"the caption of step {number}", step.caption
            for change in step.changes:
                text = getattr(change, "text", None) or getattr(change, "label", None)
                if text:
                    yield f"the text of {change.panel} in step {number}", text
