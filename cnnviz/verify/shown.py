"""What a storyboard shows once it has been played: the numbers of each panel, and every word that it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.playback import GridState
from cnnviz.storyboard import Block, Cell, Grid, Maps, MoveDot, Plot, SetCurve, SetStation, Storyboard
from cnnviz.words import Phrase

Values = npt.NDArray[np.float64]


class Shown:
    """The numbers of a storyboard by where they stand, at the start and at the end, and its words.

    A place is the name of a panel of cells or of a station, or a panel with the name of a curve or dot behind a slash:
    `plot/point`. A dot's numbers are its heights, one for each place at which it stops; a surface's are (n, 2).
    """

    def __init__(self, board: Storyboard) -> None:
        self.board = board
        self.start: dict[str, Values] = {}
        self.end: dict[str, Values] = {}
        self.words: list[tuple[str, Phrase]] = []
        self._cells: dict[str, GridState] = {}
        self._points: dict[str, list[tuple[float, float]]] = {}
        for name in ("title", "settings", "formula", "convention", "alt"):
            self._read(f"the {name}", getattr(board, name))
        for panel in board.panels():
            self._read(f"panel {panel.name}", panel)
            self._begin(panel)
        for number, step in enumerate(board.steps(), 1):
            self._read(f"step {number}", step.caption)
            for change in step.changes:
                self._read(f"{change.panel} in step {number}", change)
                self._change(change)
        self.end |= {name: state.values for name, state in self._cells.items()}
        self.end |= {name: np.array(points) for name, points in self._points.items()}

    def _begin(self, panel: Any) -> None:
        if isinstance(panel, Grid | Block):
            self.start[panel.name] = panel.values
            self._cells[panel.name] = GridState.of(panel)
        elif isinstance(panel, Plot):
            for curve in panel.curves:
                self.start[f"{panel.name}/{curve.name}"] = np.stack([curve.x, curve.y], axis=-1)
        elif isinstance(panel, Maps):
            self.start |= {station.name: station.values for station in panel.stations}
            self.end |= self.start

    def _change(self, change: Any) -> None:
        match change:
            case Cell():
                self._cells[change.panel].apply(change)
            case MoveDot():
                self._points.setdefault(f"{change.panel}/{change.dot}", []).append((change.x, change.y))
            case SetCurve() if change.extend:
                found = self._points.setdefault(f"{change.panel}/{change.curve}", [])
                found.extend(zip(change.x.tolist(), change.y.tolist(), strict=True))
            case SetStation() if change.values is not None:
                self.end[change.station] = change.values

    def _read(self, where: str, thing: Any) -> None:
        self.words.extend((where, phrase) for phrase in _phrases(thing))


def _phrases(thing: Any) -> Iterator[Phrase]:
    if isinstance(thing, Phrase):
        yield thing
    elif isinstance(thing, tuple):
        for part in thing:
            yield from _phrases(part)
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from _phrases(getattr(thing, field.name))
