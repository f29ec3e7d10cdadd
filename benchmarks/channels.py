"""Channels: seconds and bytes of a convolution of three of them, and of one of many, of which few are drawn."""

from __future__ import annotations

from pathlib import Path

from benchmarks._charts import Chart
from benchmarks._measure import CNNVIZ, BenchmarkError, Command, Spread, cpu, in_turn, ratios, wall
from benchmarks._report import Row, Section
from benchmarks.lean import KIB

_SECONDS, _KIB = 2.5, 600
_FIGURES = {"3 channels": ("3", "2"), "64 channels": ("64", "64")}


def channels(folder: Path, quick: bool) -> Section:
    """The figure's time and size; many channels cost what is drawn of them."""
    section = Section("Channels: `cnnviz conv --channels C --i 8 --filters F`, 72 steps with motion")
    commands: dict[str, Command] = {
        name: (*CNNVIZ, "conv", "--channels", c, "--i", "8", "--filters", f, "--tween", "6", "-o", f"{c}.gif")
        for name, (c, f) in _FIGURES.items()
    }
    runs = in_turn(commands, folder, 2 if quick else 5)
    section.add(commands, runs)
    few, many = (runs[name] for name in _FIGURES)
    if " 72 steps" not in few[0].output:
        raise BenchmarkError(f"3 channels were to take 72 steps: {few[0].output}")
    seconds, busy = (Spread.of([measure(one) for one in few]) for measure in (wall, cpu))
    met = seconds.median <= _SECONDS
    row = Row("3 channels, seconds", seconds.text(2, " s"), f"≤ {_SECONDS} s", met, busy.text(2, " s"))
    size = (folder / "3.gif").stat().st_size / KIB
    section.rows += [row, Row("3 channels, bytes", f"{size:.0f} KiB", f"≤ {_KIB} KiB", size <= _KIB)]
    section.at_most("64 channels and filters / 3 and 2", ratios(many, few, wall), 1.5, ratios(many, few, cpu))
    bars = {name: Spread.of([wall(one) for one in some]).median for name, some in runs.items()}
    section.chart = Chart("Channels", "seconds, median", bars=bars)
    return section
