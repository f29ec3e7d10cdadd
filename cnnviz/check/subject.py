"""What a figure shows, read off its storyboard: operands at the start, results at the end, moving points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.parameters import Size
from cnnviz.playback import GridState
from cnnviz.storyboard import Block, Cell, Grid, MoveDot, MoveMark, SetStation, Storyboard

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Subject:
    """A storyboard played to its end."""

    board: Storyboard
    _states: dict[str, GridState] = field(default_factory=dict)
    _dots: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)
    _stations: dict[str, list[Values]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._states.update({p.name: GridState.of(p) for p in self.board.panels() if isinstance(p, Grid | Block)})
        for step in self.board.steps():
            for change in step.changes:
                if isinstance(change, Cell | MoveMark):
                    self._states[change.panel].apply(change)
                elif isinstance(change, MoveDot):
                    self._dots.setdefault((change.panel, change.dot), []).append((change.x, change.y))
                elif isinstance(change, SetStation) and change.values is not None:
                    self._stations.setdefault(change.station, []).append(change.values)

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
            return np.asarray(values[panel.roles == "input"].reshape(self.size("i")))
        return values

    def result(self, name: str) -> Values:
        """What a panel shows at the end."""
        return self._states[name].values

    def points(self, panel: str, dot: str) -> tuple[Values, Values]:
        """The places x of a dot, and y there, step by step."""
        x, y = zip(*self._dots[panel, dot], strict=True)
        return np.array(x), np.array(y)

    def station(self, name: str) -> list[Values]:
        """What a station of maps shows, in order."""
        return self._stations[name]
