"""A network that learns: seconds and bytes of its figure, points and pictures, and of one that diverges."""

from __future__ import annotations

from pathlib import Path

from benchmarks._charts import Chart
from benchmarks._measure import CNNVIZ, Command, Spread, cpu, in_turn, wall
from benchmarks._report import Row, Section

_SECONDS, _MIB = 20, 1.5
_FIGURES = {"default": (), "strokes": ("--data", "strokes"), "diverges": ("--lr", "30")}


def training(folder: Path, quick: bool) -> Section:
    """Training and drawing it."""
    section = Section("A network that learns: `cnnviz training`")
    commands: dict[str, Command] = {
        name: (*CNNVIZ, "training", *options, "-o", f"{name}.gif") for name, options in _FIGURES.items()
    }
    runs = in_turn(commands, folder, 1 if quick else 3, warm=False)
    section.add(commands, runs)
    for name, some in runs.items():
        seconds, busy = (Spread.of([measure(one) for one in some]) for measure in (wall, cpu))
        met = seconds.median <= _SECONDS
        section.rows.append(Row(f"{name}, seconds", seconds.text(1, " s"), f"≤ {_SECONDS} s", met, busy.text(1, " s")))
        size = (folder / f"{name}.gif").stat().st_size / 2**20
        section.rows.append(Row(f"{name}, bytes", f"{size:.2f} MiB", f"≤ {_MIB} MiB", size <= _MIB))
    bars = {name: Spread.of([wall(one) for one in some]).median for name, some in runs.items()}
    section.chart = Chart("A network that learns", "seconds, median", bars=bars)
    return section
