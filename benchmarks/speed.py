"""How long whole commands take, against the usual script and against what Python's imports take anyway."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks._measure import (
    CNNVIZ,
    IMPORTS,
    PEER,
    PYTHON,
    BenchmarkError,
    Command,
    Run,
    Spread,
    cpu,
    in_turn,
    ratios,
    run,
    wall,
)
from benchmarks._report import Row, Section

_LARGE = ("--k", "3", "--s", "2", "--p", "1")
_STEPS = {"default": 9, "16×16": 64, "64×64": 1024}


def default(folder: Path, quick: bool) -> Section:
    """`cnnviz conv` as it stands."""
    section = Section("The default figure: `cnnviz conv`, 5×5, 9 steps")
    commands: dict[str, Command] = {
        "cnnviz": (*CNNVIZ, "conv", "-o", "default.gif"),
        "usual script": (*PEER, "-o", "peer.gif"),
        "imports": IMPORTS,
    }
    runs = in_turn(commands, folder, 3 if quick else 9)
    section.add(commands, runs)
    _same_numbers(runs["usual script"][0], (), folder)
    ours, peer, imports = (runs[name] for name in commands)
    section.at_least("usual script / cnnviz", ratios(peer, ours, wall), 3, ratios(peer, ours, cpu))
    section.at_most("cnnviz / imports", ratios(ours, imports, wall), 1.3, ratios(ours, imports, cpu))
    section.notes.append(
        "The usual script is a `FuncAnimation` with a `PillowWriter`, every panel cleared and drawn anew each frame: "
        "the same panels, the same numbers (checked), 960×540. *Imports* is numpy, matplotlib's figure and Agg "
        "backend, click and imageio, and nothing done with them."
    )
    return section


def large(folder: Path, quick: bool) -> Section:
    """More cells and more steps."""
    section = Section("Large inputs: 16×16 (64 steps) and 64×64 (1,024 steps), k=3 s=2 p=1")
    commands: dict[str, Command] = {
        "default": (*CNNVIZ, "conv", "-o", "default.gif"),
        "16×16": (*CNNVIZ, "conv", "--i", "16", *_LARGE, "-o", "16.gif"),
        "64×64": (*CNNVIZ, "conv", "--i", "64", *_LARGE, "-o", "64.gif"),
        "usual script, 16×16": (*PEER, "--i", "16", *_LARGE, "--small", "-o", "peer16.gif"),
    }
    runs = in_turn(commands, folder, 2 if quick else 5, fewer={"usual script, 16×16": 1 if quick else 2})
    section.add(commands, runs)
    peer, ours = runs["usual script, 16×16"], runs["16×16"]
    _same_numbers(peer[0], ("--i", "16", *_LARGE), folder)
    _check_steps(runs)
    section.at_least("usual script / cnnviz, 16×16", ratios(peer, ours, wall), 30, ratios(peer, ours, cpu))
    _steps(section, runs)
    section.notes.append(
        "The usual script draws what `cnnviz` shows at 16×16: numbers in the input, no weights in the covered cells, "
        "the output as colours. A further step is what a run takes beyond the default figure's time, divided by its "
        "steps beyond the default's nine."
    )
    return section


def _check_steps(runs: dict[str, list[Run]]) -> None:
    for name, count in _STEPS.items():
        if f"{count} steps" not in runs[name][0].output:
            raise BenchmarkError(f"{name} was to take {count} steps: {runs[name][0].output}")


def _steps(section: Section, runs: dict[str, list[Run]]) -> None:
    """Time a step, both ways: beyond the default figure, and the whole command over its steps."""
    further: dict[str, dict[str, Spread]] = {}
    for kind, part in (("wall", wall), ("cpu", cpu)):
        further[kind] = {
            name: Spread.of(
                (part(one) - part(base)) / (_STEPS[name] - _STEPS["default"])
                for one, base in zip(runs[name], runs["default"], strict=True)
            )
            for name in ("16×16", "64×64")
        }
    # Of the medians: a difference of two short runs may come close to nothing in a round that was disturbed.
    busy, slow = (further[kind]["64×64"].median / further[kind]["16×16"].median for kind in ("cpu", "wall"))
    met = 0 < slow < 4
    section.rows.append(Row("further step, 64×64 / 16×16", f"{slow:.2f}×", "< 4×", met, f"{busy:.2f}×"))
    whole = []
    for part in (wall, cpu):
        large, small = (Spread.of(map(part, runs[name])).median / _STEPS[name] for name in ("64×64", "16×16"))
        whole.append(large / small)
    section.rows.append(
        Row("whole command / steps, 64×64 / 16×16", f"{whole[0]:.2f}×", "< 4×", whole[0] < 4, f"{whole[1]:.2f}×")
    )
    for name in ("16×16", "64×64"):
        times = [Spread(1000 * s.median, 1000 * s.low, 1000 * s.high) for s in (further[k][name] for k in further)]
        section.rows.append(Row(f"further step, {name}", times[0].text(1, " ms"), cpu=times[1].text(1, " ms")))


def start(folder: Path, quick: bool) -> Section:
    """Help must not wait for what only drawing needs."""
    section = Section("Start: `cnnviz --help`")
    commands: dict[str, Command] = {
        "help": (*CNNVIZ, "--help"),
        "figure's help": (*CNNVIZ, "conv", "--help"),
        "click": (PYTHON, "-c", "import click"),
        "imports": IMPORTS,
    }
    runs = in_turn(commands, folder, 7 if quick else 21)
    section.add(commands, runs)
    ours, click = runs["help"], runs["click"]
    section.at_most("`cnnviz --help` / `import click`", ratios(ours, click, wall), 2, ratios(ours, click, cpu))
    for name, label in (("figure's help", "`cnnviz conv --help`"), ("imports", "imports")):
        some = runs[name]
        found = ratios(some, click, wall).text(1, "×")
        section.rows.append(Row(f"{label} / `import click`", found, cpu=ratios(some, click, cpu).text(1, "×")))
    return section


def _same_numbers(peer: Run, parameters: Command, folder: Path) -> None:
    """Refuse to compare with a script that computes something else."""
    run((*CNNVIZ, "conv", *parameters, "-o", "numbers.json"), folder)
    board = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    rows, columns = next(panel["shape"] for panel in board["panels"] if panel["name"] == "output")
    ours = [[0.0] * columns for _ in range(rows)]
    for change in (change for step in board["steps"] for change in step["changes"]):
        if change["panel"] == "output" and "value" in change:
            ours[change["row"]][change["column"]] = change["value"]
    if json.loads(peer.output.splitlines()[-1]) != ours:
        raise BenchmarkError("the usual script and cnnviz do not compute the same numbers")
