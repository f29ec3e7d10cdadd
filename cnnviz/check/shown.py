"""The numbers and words that a storyboard shows while it is played."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from cnnviz.playback import GridState, place_of
from cnnviz.storyboard import (
    Block,
    Cell,
    Grid,
    Maps,
    MoveDot,
    Plot,
    SetCurve,
    SetLayerView,
    SetNode,
    Storyboard,
    Values,
)
from cnnviz.words import Number, Phrase, walk


class Shown:
    """The numbers of a storyboard: `now` are the current ones, by the name of a panel, station or node.

    `curves` are the points of curves, by panel and name, `cells` the states of panels of cells, and `before` the
    previous values of cells that have just changed.
    """

    def __init__(self, board: Storyboard) -> None:
        self.board = board
        self.curves: dict[str, Values] = {}
        self._dots = defaultdict[str, list[float]](list)
        self._station_values = defaultdict[str, list[Values]](list)
        self.before: dict[tuple[str, tuple[int, ...]], float] = {}
        self.cells = {panel.name: GridState.of(panel) for panel in board.panels() if isinstance(panel, Grid | Block)}
        self.now = {name: state.values for name, state in self.cells.items()}
        for panel in board.panels():
            if isinstance(panel, Plot):
                for curve in panel.curves:
                    self.curves[f"{panel.name}/{curve.name}"] = np.stack([curve.x, curve.y], axis=-1)
            elif isinstance(panel, Maps):
                self.now |= {station.name: station.values for station in panel.stations}

    def play(self) -> Iterator[tuple[str, Any]]:
        """Yield each panel, step (after its changes) and text of the figure, with a description of where it is."""
        for panel in self.board.panels():
            yield f"panel {panel.name}", panel
        for number, step in enumerate(self.board.steps(), 1):
            self.before.clear()
            for change in step.changes:
                self._change(change)
            yield f"step {number}", step
        for name in ("title", "point", "settings", "formula", "convention", "alt"):
            yield f"the {name}", getattr(self.board, name)

    def take(self, name: str) -> Values:
        """The values of a panel or node, the next values of a station, or the heights of a plot's dots."""
        if self._station_values[name]:
            return self._station_values[name].pop(0)
        return self.now[name] if name in self.now else np.array(self._dots[name])

    def _change(self, change: Any) -> None:
        match change:
            case Cell():
                cell = place_of(change)
                if change.value is not None:
                    self.before.setdefault((change.panel, cell), float(self.now[change.panel][cell]))
                self.cells[change.panel].apply(change)
            case MoveDot():
                self._dots[change.panel if change.dot == "point" else change.dot].append(change.y)
            case SetCurve():
                place, points = f"{change.panel}/{change.curve}", np.stack([change.x, change.y], axis=-1)
                self.curves[place] = np.concatenate([self.curves[place], points]) if change.extend else points
            case SetNode(text=Number(value=value)):
                self.now[change.node] = np.array(value)
            case SetLayerView() if change.values is not None:
                self.now[change.station] = change.values
                self._station_values[change.station].append(change.values)


def parts(thing: Any) -> Iterator[Any]:
    """Every part of a part of a storyboard, words included."""
    if isinstance(thing, tuple):
        for part in thing:
            yield from parts(part)
    elif isinstance(thing, Phrase):
        yield from walk(thing)
    elif is_dataclass(thing):
        yield thing
        for field in fields(thing):
            if field.name != "widest":  # measured and never shown
                yield from parts(getattr(thing, field.name))
