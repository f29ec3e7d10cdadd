"""Larger inputs: from 5×5 to 128×128, with kernel 3, stride 2 and padding 1."""

from __future__ import annotations

from pathlib import Path

from benchmarks._charts import Chart
from benchmarks._measure import (
    CNNVIZ,
    FLOOR,
    IMAGEIO,
    PEER,
    WITHOUT_MANIM,
    BenchmarkError,
    Command,
    Run,
    Spread,
    cpu,
    in_turn,
    manim,
    prepare,
    ratios,
    wall,
)
from benchmarks._report import Row, Section
from benchmarks.speed import PEERS, medians, same_numbers

SIDES = (5, 8, 16, 32, 64, 128)
# manim keeps all pictures, fifteen for each second, until its file is written: gigabytes at 16×16.
_MOST_OF_PEERS, _MOST_OF_MANIM, _SMALL = 16, 8, 16


def steps_of(side: int) -> int:
    """The steps that an input takes."""
    return ((side + 2 - 3) // 2 + 1) ** 2


def _parameters(side: int) -> Command:
    return ("--i", str(side), "--k", "3", "--s", "2", "--p", "1")


def inputs(folder: Path, quick: bool) -> Section:
    """cnnviz and the floor at every side, the others up to where they would take minutes."""
    section = Section("Larger inputs: 5×5 (9 steps) to 128×128 (4,096 steps), k=3 s=2 p=1")
    sides = [side for side in SIDES if side <= 64] if quick else SIDES
    ours = {f"cnnviz, {side}×{side}": (*CNNVIZ, "conv", *_parameters(side), "-o", f"{side}.gif") for side in sides}
    floors = {f"floor, {side}×{side}": (*FLOOR, f"{side}.npz", f"floor{side}.gif") for side in sides}
    for side in sides:
        prepare(folder / f"{side}.npz", i=side, k=3, s=2, p=1)
    peers: dict[str, Command] = {}
    # A peer's own hands: what cnnviz leaves out of small cells they leave out, too.
    for name, script in (("usual script", PEER), ("imageio", IMAGEIO), ("manim", manim())):
        for side in sides if script else ():
            if side <= (_MOST_OF_MANIM if quick or name == "manim" else _MOST_OF_PEERS):
                small = ("--small",) * (side >= _SMALL)
                where = f"{name.split()[0]}{side}.gif"
                peers[f"{name}, {side}×{side}"] = (*script, *_parameters(side), *small, "-o", where)
    commands = {**ours, **floors, **peers}
    fewer = dict.fromkeys(peers, 1) | {name: 2 for name in commands if name.endswith(("64×64", "128×128"))}
    runs = in_turn(commands, folder, 2 if quick else 3, fewer=fewer)
    section.add(commands, runs)
    _check(section, runs, folder, sides)
    _rows(section, runs)
    _notes(section)
    section.chart = _chart(runs, sides)
    return section


def _check(section: Section, runs: dict[str, list[Run]], folder: Path, sides: tuple[int, ...] | list[int]) -> None:
    for side in sides:
        if f"{steps_of(side)} steps" not in (said := runs[f"cnnviz, {side}×{side}"][0].output):
            raise BenchmarkError(f"{side}×{side} was to take {steps_of(side)} steps: {said}")
        those = {name: some[0] for name, some in runs.items() if name.endswith(f", {side}×{side}")}
        del those[f"cnnviz, {side}×{side}"]
        same_numbers(those, _parameters(side), folder)


def _rows(section: Section, runs: dict[str, list[Run]]) -> None:
    for name, some in runs.items():
        who, _, side = name.partition(", ")
        ours = runs[f"cnnviz, {side}"]
        if who in PEERS:
            least = {"16×16": 30}.get(side, 1) if who == "usual script" else 1
            section.at_least(f"{who} / cnnviz, {side}", ratios(some, ours, wall), least, ratios(some, ours, cpu))
        elif who == "floor":
            found = [ratios(ours, some, part).text(2, "×") for part in (wall, cpu)]
            section.rows.append(Row(f"cnnviz / floor, {side}", found[0], cpu=found[1]))
    for kind, text in (("further step", "further"), ("whole command / steps", "whole")):
        found = [_a_step(runs, 64, part, text) / _a_step(runs, 16, part, text) for part in (wall, cpu)]
        section.rows.append(
            Row(f"{kind}, 64×64 / 16×16", f"{found[0]:.2f}×", "< 4×", 0 < found[0] < 4, f"{found[1]:.2f}×")
        )
    for side in (16, 64):
        times = [1000 * _a_step(runs, side, part, "further") for part in (wall, cpu)]
        section.rows.append(Row(f"further step, {side}×{side}", f"{times[0]:.1f} ms", cpu=f"{times[1]:.1f} ms"))


def _a_step(runs: dict[str, list[Run]], side: int, part: object, kind: str) -> float:
    """Seconds a step, of the medians: beyond the 5×5 figure, or of the whole command."""
    large, base = (Spread.of(map(part, runs[f"cnnviz, {n}×{n}"])).median for n in (side, SIDES[0]))
    return (large - base) / (steps_of(side) - steps_of(SIDES[0])) if kind == "further" else large / steps_of(side)


def _notes(section: Section) -> None:
    section.notes.append(
        "From 16×16 on the others draw what `cnnviz` shows: numbers in the input, no weights in the covered cells, the "
        f"output as colours. Beyond {_MOST_OF_PEERS}×{_MOST_OF_PEERS} they were not run: four times the steps over "
        "four times the cells would take them a quarter of an hour; manim, whose memory grows with every picture, not "
        f"beyond {_MOST_OF_MANIM}×{_MOST_OF_MANIM}. A further step is what a run takes beyond the 5×5 "
        "figure's time, divided by its steps beyond nine."
    )
    if not manim():
        section.notes.append(WITHOUT_MANIM)


def _chart(runs: dict[str, list[Run]], sides: tuple[int, ...] | list[int]) -> Chart:
    known = medians(runs)
    lines = {
        who: [(side, known[f"{who}, {side}×{side}"]) for side in sides if f"{who}, {side}×{side}" in known]
        for who in ("cnnviz", "floor", "usual script", "imageio", "manim")
    }
    lines = {who: points for who, points in lines.items() if points}
    return Chart("Larger inputs", "seconds, median", "rows and columns of the input", lines=lines, log=True)
