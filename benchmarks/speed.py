"""How long whole commands take, against the usual scripts and against what Python's imports take anyway."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks._charts import Chart
from benchmarks._measure import (
    CNNVIZ,
    FLOOR,
    IMAGEIO,
    IMPORTS,
    PEER,
    PYTHON,
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
    run,
    wall,
)
from benchmarks._report import Row, Section

PEERS = ("usual script", "imageio", "manim", "manim, nothing slides")


def default(folder: Path, quick: bool) -> Section:
    """`cnnviz conv` as it stands, against everything else that draws it."""
    section = Section("The default figure: `cnnviz conv`, 5×5, 9 steps")
    prepare(folder / "default.npz")
    commands: dict[str, Command] = {
        "cnnviz": (*CNNVIZ, "conv", "-o", "default.gif"),
        "usual script": (*PEER, "-o", "peer.gif"),
        "imageio": (*IMAGEIO, "-o", "imageio.gif"),
        "floor": (*FLOOR, "default.npz", "floor.gif"),
        "imports": IMPORTS,
    }
    if script := manim():
        commands["manim"] = (*script, "-o", "manim.gif")
        commands["manim, nothing slides"] = (*script, "--still", "-o", "still.gif")
    else:
        section.notes.append(WITHOUT_MANIM)
    slow = {name: 1 if quick else 3 for name in commands if name.startswith("manim")}
    runs = in_turn(commands, folder, 3 if quick else 9, fewer=slow)
    section.add(commands, runs)
    same_numbers({name: runs[name][0] for name in (*PEERS, "floor") if name in runs}, (), folder)
    ours = runs["cnnviz"]
    for name in PEERS:
        if name in runs:
            least = 3 if name == "usual script" else 1
            section.at_least(f"{name} / cnnviz", ratios(runs[name], ours, wall), least, ratios(runs[name], ours, cpu))
    for name in ("floor", "imports"):
        section.at_most(f"cnnviz / {name}", ratios(ours, runs[name], wall), 1.3, ratios(ours, runs[name], cpu))
    _sizes(section, folder, commands)
    section.notes.append(
        "All draw the same panels and numbers (checked) at 960×540. The *usual script* is a `FuncAnimation` with a "
        "`PillowWriter`, every panel cleared and drawn anew each frame; *imageio* makes a fresh figure for each frame, "
        "keeps all in a list and ends in `imageio.mimsave`; *manim* is the Community edition with Pango's texts, where "
        "the window slides at 15 pictures a second, or does not. The *floor* is what no program that draws with "
        "matplotlib and writes with Pillow can do without: their imports, and encoding the rectangles that change, "
        "prepared beforehand. *Imports* is numpy, matplotlib's figure and Agg backend, click and imageio, and nothing "
        "done with them."
    )
    section.chart = Chart("The default figure", "seconds, median", bars=medians(runs))
    return section


def _sizes(section: Section, folder: Path, commands: Mapping[str, Command]) -> None:
    sizes = {name: (folder / command[-1]).stat().st_size for name, command in commands.items() if name != "imports"}
    for name in PEERS:
        if name in sizes:
            ratio = sizes[name] / sizes["cnnviz"]
            section.at_least(f"bytes, {name} / cnnviz", Spread(ratio, ratio, ratio), 1)


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
    names = {"help": "cnnviz --help", "figure's help": "cnnviz conv --help", "click": "import click"}
    bars = {names.get(name, name): value for name, value in medians(runs).items()}
    section.chart = Chart("Start", "seconds, median", bars=bars)
    return section


def medians(runs: Mapping[str, Sequence[Run]]) -> dict[str, float]:
    """The median seconds on the wall of each command."""
    return {name: Spread.of(map(wall, some)).median for name, some in runs.items()}


def same_numbers(peers: Mapping[str, Run], parameters: Command, folder: Path) -> None:
    """Refuse to compare with scripts that compute something else; each prints its result as its last line."""
    run((*CNNVIZ, "conv", *parameters, "-o", "numbers.json"), folder)
    board = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    ours = result_of(board)
    for name, peer in peers.items():
        if json.loads(peer.output.splitlines()[-1]) != ours:
            raise BenchmarkError(f"{name} and cnnviz do not compute the same numbers")


def result_of(board: dict[str, list[dict[str, object]]]) -> list[list[float]]:
    """What a storyboard as JSON shows in its output at the end."""
    rows, columns = next(panel["shape"] for panel in board["panels"] if panel["name"] == "output")
    found = [[0.0] * columns for _ in range(rows)]
    for change in (change for step in board["steps"] for change in step["changes"]):
        if change["panel"] == "output" and "value" in change:
            found[change["row"]][change["column"]] = change["value"]
    return found
