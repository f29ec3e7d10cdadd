"""What a storyboard shows while it is played: the numbers of each panel, and every word that it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.playback import GridState
from cnnviz.storyboard import Block, Cell, Grid, Maps, MoveDot, Plot, SetCurve, SetNode, SetStation, Storyboard
from cnnviz.words import Number, Phrase, walk

Values = npt.NDArray[np.float64]


class Shown:
    """The numbers of a storyboard by where they stand: `start`, and `now` after what has been played.

    A place is the name of a panel of cells or of a station. `dots` and `curves` are the points, (n, 2), at which a dot
    has stopped or through which a curve goes, by panel and name: `plot/point`; `told` is what a station got, one after
    the other, `nodes` the numbers that stand in nodes.
    """

    def __init__(self, board: Storyboard) -> None:
        self.board = board
        self.start: dict[str, Values] = {}
        self.now: dict[str, Values] = {}
        self.dots: dict[str, Values] = {}
        self.curves: dict[str, Values] = {}
        self.told: dict[str, list[Values]] = {}
        self.nodes: dict[str, Values] = {}
        self._cells: dict[str, GridState] = {}
        for panel in board.panels():
            self._begin(panel)

    def play(self) -> Iterator[tuple[str, Any]]:
        """Where something is said and the thing that says it: a step after its changes, the whole at the end."""
        for panel in self.board.panels():
            yield f"panel {panel.name}", panel
        for number, step in enumerate(self.board.steps(), 1):
            for change in step.changes:
                self._change(change)
            yield f"step {number}", step
        for name in ("title", "point", "settings", "formula", "convention", "alt"):
            yield f"the {name}", getattr(self.board, name)

    def notes(self, panel: str) -> dict[tuple[int, ...], Any]:
        """The notes that stand in a panel's cells."""
        return dict(self._cells[panel].notes)

    def roles(self, panel: str) -> npt.NDArray[np.object_]:
        """The roles of a panel's cells."""
        return self._cells[panel].roles

    def _begin(self, panel: Any) -> None:
        if isinstance(panel, Grid | Block):
            self.start[panel.name] = panel.values
            self._cells[panel.name] = state = GridState.of(panel)
            self.now[panel.name] = state.values
        elif isinstance(panel, Plot):
            for curve in panel.curves:
                self.curves[f"{panel.name}/{curve.name}"] = np.stack([curve.x, curve.y], axis=-1)
        elif isinstance(panel, Maps):
            self.start |= {station.name: station.values for station in panel.stations}
            self.now |= {station.name: station.values for station in panel.stations}

    def _change(self, change: Any) -> None:
        match change:
            case Cell():
                self._cells[change.panel].apply(change)
            case MoveDot():
                _reach(self.dots, f"{change.panel}/{change.dot}", np.array([[change.x, change.y]]))
            case SetCurve():
                points = np.stack([change.x, change.y], axis=-1)
                _reach(self.curves, f"{change.panel}/{change.curve}", points, anew=not change.extend)
            case SetNode(text=Number(value=value)):
                self.nodes[change.node] = np.array(value)
            case SetStation() if change.values is not None:
                self.now[change.station] = change.values
                self.told.setdefault(change.station, []).append(change.values)


def _reach(found: dict[str, Values], place: str, points: Values, *, anew: bool = False) -> None:
    found[place] = points if anew or place not in found else np.concatenate([found[place], points])


def phrases(thing: Any) -> Iterator[Phrase]:
    """The words in a part of a storyboard."""
    for part in parts(thing, within=False):
        if isinstance(part, Phrase):
            yield part


def parts(thing: Any, *, within: bool = True) -> Iterator[Any]:
    """A part of a storyboard and every part of that, also `within` words."""
    if isinstance(thing, tuple):
        for part in thing:
            yield from parts(part, within=within)
    elif isinstance(thing, Phrase):
        yield from walk(thing) if within else (thing,)
    elif is_dataclass(thing):
        yield thing
        for field in fields(thing):
            if field.name != "widest":  # measured and never shown
                yield from parts(getattr(thing, field.name), within=within)
