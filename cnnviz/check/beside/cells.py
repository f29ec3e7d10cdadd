"""Decimals of cells: as many as their values need, up to those that a figure has at most."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnviz.check.claims._claim import BESIDE, Claim
from cnnviz.check.subject import Subject, Values
from cnnviz.notation import number
from cnnviz.storyboard import Block, Grid, Maps, SetStation

_USUAL, _NARROW = 2, 1
_RESULTS = {"lrn": ("output",), "norm": ("output",), "batch-norm": ("normalised", "scaled", "activated")}
"""Panels whose numbers have one decimal less where a sign or a second digit takes its room."""

_FEW, _LETTERS = 5, {True: 4, False: 3}
"""Inputs of a fully connected layer up to which a cell beside its graph has room for the first number of signs."""


def decimals(figure: Subject) -> Iterator[Claim]:
    """Whether panels show their values to the decimals that these have, as far as there is room for them.

    A figure that asks for fewer decimals has asked for that; more than it takes are none too many.
    """
    shown, needed = list[int](), list[int]()
    for panel in figure.panels.values():
        if not panel.numbers or figure.board.scene == "output-size":
            continue
        own = _fewest(figure, panel, _values(figure, panel))
        shown.append(min(panel.digits, own))
        needed.append(own)
        if shown[-1] < own:
            yield _claim(f"decimals of {panel.name} at", [panel.digits], [own])
            shown.pop(), needed.pop()
    yield _claim("decimals at", shown, needed)
    for maps in figure.board.panels():
        if isinstance(maps, Maps):
            yield from _of_stations(figure, maps)


def _claim(where: str, shown: list[int], needed: list[int]) -> Claim:
    return Claim(where, np.array(shown, np.float64), np.array(needed, np.float64), exact=True, what=BESIDE)


def _values(figure: Subject, panel: Grid | Block) -> Values:
    """What stands in a panel at the start and at the end; of sums on their way, all."""
    both = np.append(panel.values, figure.result(panel.name))
    if figure.board.scene == "fully-connected":
        both = np.append(both, [write.value for write in figure.writes(panel.name)])
    return both[np.isfinite(both)]


def _fewest(figure: Subject, panel: Grid | Block, values: Values) -> int:
    asked, scene = figure.parameters["digits"], figure.board.scene
    usual = _USUAL if asked is None else asked
    if asked is None and panel.name in _RESULTS.get(scene, ()) and values.size:
        # What ReLU lets pass looks as before.
        before = panel.name == "activated" and figure.parameters["activation"] == "relu"
        values_ = figure.result("scaled") if before else values
        room = values_.min() >= 0 and values_.max() < 10
        usual = _USUAL if room else _NARROW
    needed = exact_to(values, usual)
    if scene == "fully-connected":
        letters = _LETTERS[figure.parameters["inputs"] <= _FEW]
        while needed and max(len(number(float(value), needed)) for value in values) > letters:
            needed -= 1
    return needed


def exact_to(values: Values, most: int) -> int:
    """The decimals, up to `most`, that show values exactly."""
    return next((digits for digits in range(most) if np.array_equal(np.round(values, digits), values)), most)


def _of_stations(figure: Subject, maps: Maps) -> Iterator[Claim]:
    """The numbers of a network's stations."""
    asked = figure.parameters["digits"]
    shown, needed = list[int](), list[int]()
    for station in maps.stations:
        if station.form == "maps":
            continue
        every = [station.values, *(set_.values for _, set_ in figure.changes(SetStation, maps.name)
                                   if set_.station == station.name and set_.values is not None)]  # fmt: skip
        values = np.concatenate([each.ravel() for each in every])
        values = values[np.isfinite(values)]
        usual = _USUAL if abs(values).max(initial=0) < 100 else 0
        shown.append(station.digits)
        needed.append(exact_to(values, usual if asked is None else asked))
    yield _claim("decimals of station", [min(a, b) for a, b in zip(shown, needed, strict=True)], needed)
