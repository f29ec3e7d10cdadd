"""What holds of every figure of every scene, whatever its parameters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from cnnviz.check import check_figure
from cnnviz.notation import number
from cnnviz.pipeline import Figure
from cnnviz.playback import place_of, play
from cnnviz.scene import Scene
from cnnviz.storyboard import Block, Cell, Equation, Grid, MoveDot, SetNode, SetRow, Step, Storyboard
from tests.properties.arithmetic import Num, equations, sides
from tests.properties.fields import check_windows, has_window

_SIZE = re.compile(r"\d+(?:×\d+)+")
_SEGMENT = re.compile(r"\$([^$]+)\$")
_STRONG = re.compile(r"\*\*([−\d.e·⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)\*\*")


def grids(board: Storyboard) -> dict[str, Grid | Block]:
    """The panels of cells by name."""
    return {panel.name: panel for panel in board.panels() if isinstance(panel, Grid | Block)}


def sizes_are_as_labelled(figure: Figure, board: Storyboard, seed: int) -> None:
    """A label's size is that of the panel, without its padding, or of the map that the panel's cells make room for."""
    for panel in grids(board).values():
        if (found := _SIZE.search(panel.label)) is None:
            continue
        told = tuple(map(int, found[0].split("×")))
        rows, columns = panel.shape[-2:]
        top, left = getattr(panel, "padding", (0, 0))
        if "empty" in panel.roles and "input" in panel.roles:
            assert told == np.shape(_map_of(panel))
            continue
        assert np.prod(told[:-2]) * told[-2] * told[-1] == np.prod(panel.shape[:-2]) * (rows - 2 * top) * (
            columns - 2 * left
        ), panel.label
        assert told[-2:] == (rows - 2 * top, columns - 2 * left), panel.label


def _map_of(panel: Grid | Block) -> np.ndarray:
    """The cells that are the input's, in rows."""
    own = np.isin(panel.roles, ["input", "unreached"])
    return panel.values[np.ix_(own.any(axis=1), own.any(axis=0))]


def results_are_the_operations(figure: Figure, board: Storyboard, seed: int) -> None:
    """What stands there at the end is what the vectorised operation gives, of the same shape, all of it filled in."""
    *_, (_, states) = play(board)
    # Of sums that are added up in another order the last digits of their largest summands are lost.
    given = [np.nan_to_num(grids(board)[name].values) for name in ("input", "kernel") if name in grids(board)]
    lost = 1e-13 * float(np.prod([abs(values).max() for values in given]))
    for name, expected in figure.scene.expected().items():
        if name in states:
            assert states[name].values.shape == expected.shape, name
            np.testing.assert_allclose(states[name].values, expected, rtol=1e-9, atol=1e-9 + lost, err_msg=name)


def results_are_an_engines(figure: Figure, board: Storyboard, seed: int) -> None:
    """An engine that is not ours gives the same numbers, and refuses none."""
    report = check_figure(figure)
    assert not report.failed, str(report)
    assert report.reason == "", str(report)


def steps_are_as_many_as_announced(figure: Figure, board: Storyboard, seed: int) -> None:
    """The counter never lies."""
    assert sum(1 for _ in board.steps()) == board.count > 0


def cells_are_written_once(figure: Figure, board: Storyboard, seed: int) -> None:
    """Each cell of a result that is not there from the start comes in once, or once for each thing that adds to it."""
    panels, written = grids(board), Counter[tuple[str, tuple[int, ...]]]()
    for step in board.steps():
        written.update(
            {(c.panel, place_of(c)) for c in step.changes if isinstance(c, Cell) and c.value is not None}
        )  # fmt: skip
    for name in figure.scene.expected():
        if name not in panels:
            continue
        pending = np.argwhere(np.isnan(panels[name].values)).tolist()
        least, most = times_written(figure.scene, name, panels[name].shape)
        for place in map(tuple, pending):
            assert least[place] <= written[name, place] <= most[place], f"{name} {place}: {written[name, place]} times"


def times_written(scene: Scene, panel: str, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """How often the cells of a result are written, at least and at most: counted by hand where they add up."""
    once, name = np.ones(shape, int), type(scene).__name__
    if name == "FullyConnected":
        return (np.full(shape, scene.inputs + 1),) * 2
    if name == "OutputSize":
        return once, 3 * once
    if name == "ConvRelation" and panel == "back":
        return (np.maximum(stamps(scene, scene.i, _places(scene)), 1),) * 2
    if name == "Unpool" and panel == "output":
        windows = np.maximum(stamps(scene, shape, _places(scene)), 1)
        # Of overlapping windows a maximum comes back once for each that it wins, a zero once.
        return (once if scene.kind == "max" else windows), windows
    adds = name == "TransposedConv" and scene.view != "convolution"
    if adds and (panel == "overlap" or scene.view == "overlap" or scene.p == (0, 0)):
        return (np.maximum(stamps(scene, shape, list(np.ndindex(*scene.i))), 1),) * 2
    return once, once


def _places(scene: Scene) -> list[tuple[int, ...]]:
    """Where a window of the scene fits on its padded input, each place tried."""
    p = getattr(scene, "p", (0, 0))
    fits = [
        [n for n in range(i + 2 * q) if n * s + k <= i + 2 * q]
        for i, k, s, q in zip(scene.i, scene.k, scene.s, p, strict=True)
    ]
    return [(row, column) for row in fits[0] for column in fits[1]]


def stamps(scene: Scene, shape: tuple[int, ...], places: list[tuple[int, ...]]) -> np.ndarray:
    """How many windows at these places lie on each cell."""
    counts, p, d = np.zeros(shape, int), getattr(scene, "p", (0, 0)), getattr(scene, "d", (1, 1))
    for place in places:
        for tap in np.ndindex(*scene.k):
            row, column = (place[n] * scene.s[n] + tap[n] * d[n] - p[n] for n in (0, 1))
            if 0 <= row < shape[0] and 0 <= column < shape[1]:
                counts[row, column] += 1
    return counts


def windows_are_receptive_fields(figure: Figure, board: Storyboard, seed: int) -> None:
    """What is lit is what the result depends on."""
    if has_window(figure.scene, board):
        check_windows(figure.scene, board, seed)


def notes_are_what_is_multiplied_or_added(figure: Figure, board: Storyboard, seed: int) -> None:
    """A note ×w is the weight that its cell is multiplied by, a note +v what its cell has grown by in this step."""
    panels, bias = grids(board), getattr(figure.scene, "bias", 0.0)
    noted = [name for name, panel in panels.items() if getattr(panel, "notes", False)]
    before = {name: np.where(np.isnan(panels[name].values), bias, panels[name].values) for name in noted}
    for step, states in play(board):
        for name in noted:
            notes = {at: note for at, note in states[name].notes.items() if note}
            new = [c for c in step.changes if isinstance(c, Cell) and c.value is not None and c.panel == "output"]
            if name == "input" and notes and len(new) == 1:
                read = {at: Num.read(note.removeprefix("×").removeprefix("−")) for at, note in notes.items()}
                signs = {at: -1 if "−" in note else 1 for at, note in notes.items()}
                ends = [
                    sorted((states[name].values[at] * signs[at] * n.lo, states[name].values[at] * signs[at] * n.hi))
                    for at, n in read.items()
                ]
                slack = 1e-9 * sum(abs(end) for pair in ends for end in pair) + 1e-9
                low, high = (sum(pair[n] for pair in ends) + bias for n in (0, 1))
                assert low - slack <= float(new[0].value) <= high + slack, f"{notes} give another sum"
            elif name != "input":
                for at, note in notes.items():
                    grown = float(states[name].values[at] - before[name][at])
                    lost = 1e-12 * max(abs(before[name][at]), abs(grown))
                    assert _rounds(note.removeprefix("+"), grown, lost), f"{note} for {grown}"
                known = np.isfinite(states[name].values)
                before[name][known] = states[name].values[known]


def the_alt_text_tells_the_output(figure: Figure, board: Storyboard, seed: int) -> None:
    """Numbers read to those who do not see the figure are the output's."""
    _, found, told = board.alt.partition("The output, row by row: ")
    if found:
        (*_, (_, states)) = play(board)
        rows = [row.split(", ") for row in told.removesuffix(".").split("; ")]
        values = states["output"].values
        assert [len(row) for row in rows] == [values.shape[1]] * values.shape[0]
        for row, column in np.ndindex(*values.shape):
            assert _rounds(rows[row][column], float(values[row, column])), board.alt


def texts(board: Storyboard) -> Iterator[str]:
    """All that may hold arithmetic."""
    for panel in board.panels():
        if isinstance(panel, Equation):
            yield from (*(row.text for row in panel.lines), *panel.widest)
    for step in board.steps():
        yield step.caption
        yield from (change.text for change in step.changes if isinstance(change, SetRow) and change.text)


def arithmetic_comes_to_its_result(figure: Figure, board: Storyboard, seed: int) -> None:
    """Where a text says = the sides are equal, where it says ≈ they are not, but as near as rounding allows."""
    for text in dict.fromkeys(texts(board)):
        for equation in equations(text):
            assert not equation.problem(), f"{equation.problem()}: {text}"


def formulas_come_to_the_size(figure: Figure, board: Storyboard, seed: int) -> None:
    """All sides of the formula are one number, its symbols and its numbers put in; the settings name the parameters."""
    told = {name: value for name, value in board.parameters.items() if isinstance(value, list) and len(value) == 2}
    if not board.symbols or "k" not in told or "s" not in told:
        return
    i = told.get("i", (0, 0))
    own = {name: told[name] for name in "ikspd" if name in told and all(isinstance(n, int) for n in told[name])}
    own["o"] = (grids(board).get("pooled") or grids(board)["output"]).shape
    own["a"] = told.get("output_padding") or [
        (n + 2 * p - k) % s for n, p, k, s in zip(i, told.get("p", (0, 0)), told["k"], told["s"], strict=True)
    ]
    own["z"] = [s - 1 for s in told["s"]]
    axes, ended, formula = (0, 1), 0, board.formula
    for match in _SEGMENT.finditer(formula):
        words, ended = formula[ended : match.start()], match.end()
        axes = (0,) if "row" in words else (1,) if "column" in words else axes
        for axis in axes:
            symbols = {name: values[axis] for name, values in own.items()} if figure.appearance.lang == "en" else {}
            symbols = symbols if figure.appearance.notation == "ikspo" else {}
            # Of windows that may hang over the edge one is dropped where it would start beyond, which the numbers say.
            found = sides(match[1], symbols if "start beyond" not in formula else {})
            assert len(set(found)) <= 1, f"{match[1]} along axis {axis}: {list(map(str, found))}"
    if figure.appearance.notation == "ikspo":
        for symbol, rows, columns in re.findall(r"\$([a-z])=(\d+)(?:\\times(\d+))?\$", board.settings):
            assert symbol == "b" or (int(rows), int(columns or rows)) == tuple(own[symbol]), board.settings


def captions_agree_with_the_cells(figure: Figure, board: Storyboard, seed: int) -> None:
    """A caption's result is the number that the step brings in, rounded as it is written; a cell rounds the same."""
    for step, states in play(board):
        for change in step.changes:
            if isinstance(change, SetNode) and change.text:
                values = [c.value for c in step.changes if isinstance(c, Cell) and c.panel == "output"]
                assert any(_rounds(change.text, value) for value in values), f"{change.text} of {values}"
        strong = _STRONG.findall(step.caption)
        if len(strong) != 1 or not step.caption.endswith(f"**{strong[0]}**") or figure.appearance.lang != "en":
            continue
        shown = _brought_in(step, states, grids(board))
        if shown:
            assert any(_rounds(strong[0], value) for value, _ in shown), f"{step.caption}: {shown[:3]}"
            for value, digits in shown if len(shown) == 1 else ():
                assert _agree(strong[0], number(value, digits)), f"{step.caption}: cell {number(value, digits)}"


def _brought_in(step: Step, states: dict[str, Any], panels: dict[str, Grid | Block]) -> list[tuple[float, int]]:
    """The values that a caption may be about, with the decimals of their cells."""
    cells = [c for c in step.changes if isinstance(c, Cell) and c.value is not None and c.panel != "overlap"]
    place: tuple[int, ...] | None = None
    if found := re.search(r"at row (\d+), column (\d+)", step.caption):
        place = int(found[1]) - 1, int(found[2]) - 1
    elif found := re.match(r"\$[yb]_\{(\d+(?:,\d+)*)\}\$", step.caption):
        place = tuple(int(part) - 1 for part in found[1].split(","))
        place = (*place, 0) if len(place) == 1 else place
    if place is not None:
        names = {c.panel for c in cells} | ({"pooled"} if "goes" in step.caption else set())
        here = [name for name in names if states[name].values.ndim == len(place) and _within(place, states[name])]
        if "goes" in step.caption:
            here = ["pooled"]
        return [(float(states[name].values[place]), panels[name].digits) for name in here]
    points = [c.y for c in step.changes if isinstance(c, MoveDot) and c.dot == "point"]
    if points and "$p_" not in step.caption:
        return [(float(y), 9) for y in points]
    first = re.search(r"first value|sample 1", step.caption)
    return [(float(c.value), panels[c.panel].digits) for c in cells] if first else []


def _within(place: tuple[int, ...], state: Any) -> bool:
    return all(at < size for at, size in zip(place, state.values.shape, strict=True))


def _rounds(text: str, value: float, lost: float = 0.0) -> bool:
    """Whether a text is a value, of which so much may be lost, to its last decimal, with no sign before a zero."""
    written = Num.read(text.removeprefix("−"))
    sign = -1 if text.startswith("−") else 1
    if sign < 0 and written.value == 0:
        return False
    half = Fraction(written.hi).limit_denominator(10**12) - Fraction(written.value)
    return abs(sign * Fraction(written.value) - Fraction(value)) <= half * (1 + Fraction(1, 10**9)) + (
        abs(Fraction(value)) / 10**12 + Fraction(lost)
    )


def _agree(caption: str, cell: str) -> bool:
    """Whether two roundings of a number could be of one: they are equal where they have the same decimals."""
    if "e" in caption or "·" in caption:
        return True
    decimals = [len(text.partition(".")[2]) for text in (caption, cell)]
    return decimals[0] != decimals[1] or caption == cell


CLAIMS = (
    sizes_are_as_labelled, results_are_the_operations, results_are_an_engines, steps_are_as_many_as_announced,
    cells_are_written_once, windows_are_receptive_fields, arithmetic_comes_to_its_result, formulas_come_to_the_size,
    captions_agree_with_the_cells, notes_are_what_is_multiplied_or_added, the_alt_text_tells_the_output,
)  # fmt: skip
