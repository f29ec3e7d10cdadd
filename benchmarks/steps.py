"""More steps over the same input: its stride alone changes."""

from __future__ import annotations

from pathlib import Path

from benchmarks._charts import Chart
from benchmarks._measure import (
    CNNVIZ,
    FLOOR,
    IMAGEIO,
    PEER,
    BenchmarkError,
    Command,
    Run,
    cpu,
    in_turn,
    prepare,
    ratios,
    wall,
)
from benchmarks._report import Row, Section
from benchmarks.speed import PEERS, medians, same_numbers

# Steps by stride: 64×64 with kernel 3 and padding 1, and the input that the others can draw in less than a minute.
_LARGE = {31: 9, 12: 36, 6: 121, 3: 484, 2: 1024, 1: 4096}
_SMALL = {7: 9, 3: 36, 2: 64, 1: 256}
_MOST_OF_PEERS = 36


def _parameters(side: int, stride: int) -> Command:
    return ("--i", str(side), "--k", "3", "--s", str(stride), "--p", "1")


def steps(folder: Path, quick: bool) -> Section:
    """cnnviz and the floor from 9 to 4,096 steps, the others as far as they come within a minute."""
    section = Section("More steps: 9 to 4,096 over the same 64×64 input, 9 to 256 over 16×16, k=3 p=1")
    commands: dict[str, Command] = {}
    for side, counts in ((64, _LARGE), (16, _SMALL)):
        for stride, count in counts.items():
            if quick and count > 1024:
                continue
            where = f"{side}s{stride}"
            commands[f"cnnviz {side}×{side}, {count}"] = (
                *CNNVIZ,
                "conv",
                *_parameters(side, stride),
                "-o",
                f"{where}.gif",
            )
            if side == 64:
                prepare(folder / f"{where}.npz", i=side, k=3, s=stride, p=1)
                commands[f"floor 64×64, {count}"] = (*FLOOR, f"{where}.npz", f"floor{where}.gif")
    for name, script in (("usual script", PEER), ("imageio", IMAGEIO)):
        for stride, count in _SMALL.items():
            if count <= (9 if quick else _MOST_OF_PEERS):
                commands[f"{name} 16×16, {count}"] = (
                    *script,
                    *_parameters(16, stride),
                    "--small",
                    "-o",
                    f"{name.split()[0]}{stride}.gif",
                )
    fewer = {name: 1 for name in commands if name.startswith(PEERS)} | {name: 2 for name in commands if "4096" in name}
    runs = in_turn(commands, folder, 1 if quick else 3, fewer=fewer)
    section.add(commands, runs)
    _check(runs, folder)
    _rows(section, runs)
    section.notes.append(
        f"The usual scripts stop at {_MOST_OF_PEERS} steps over 16×16: each further step takes them as long as it took "
        "the ones before, since all cells are drawn anew."
    )
    known = medians(runs)
    lines: dict[str, list[tuple[float, float]]] = {}
    for name, seconds in known.items():
        who, _, count = name.partition(", ")
        lines.setdefault(who, []).append((int(count), seconds))
    section.chart = Chart("More steps over the same input", "seconds, median", "steps", lines=lines, log=True)
    return section


def _check(runs: dict[str, list[Run]], folder: Path) -> None:
    for name, some in runs.items():
        who, _, count = name.partition(", ")
        if who.startswith("cnnviz") and f" {count} steps" not in some[0].output:
            raise BenchmarkError(f"{name} was to take {count} steps: {some[0].output}")
    for stride, count in _SMALL.items():
        those = {name: runs[name][0] for name in (f"{peer} 16×16, {count}" for peer in PEERS) if name in runs}
        same_numbers(those, _parameters(16, stride), folder)


def _rows(section: Section, runs: dict[str, list[Run]]) -> None:
    for name, some in runs.items():
        who, _, count = name.partition(", ")
        if who.startswith("floor"):
            ours = runs[f"cnnviz 64×64, {count}"]
            found = [ratios(ours, some, part).text(2, "×") for part in (wall, cpu)]
            section.rows.append(Row(f"cnnviz / floor, 64×64, {int(count):,} steps", found[0], cpu=found[1]))
        elif who.startswith(PEERS):
            ours, what = runs[f"cnnviz 16×16, {count}"], f"{who.split(' 16')[0]} / cnnviz, 16×16, {count} steps"
            section.at_least(what, ratios(some, ours, wall), 1, ratios(some, ours, cpu))
