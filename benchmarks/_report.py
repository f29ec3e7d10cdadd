"""What was measured as Markdown: a plot and a table an axis, with target, ratio and verdict, and the machine."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks._charts import Chart
from benchmarks._measure import MANIM_PYTHON, Command, Run, Spread, cores, cpu, peak, said, wall

_PACKAGES = ("cnnviz", "numpy", "matplotlib", "imageio", "pillow", "click", "av")


@dataclass(frozen=True)
class Row:
    """One line of an axis; `met` is None where there is no target, or nothing could be measured."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None
    cpu: str = ""

    @property
    def verdict(self) -> str:
        """In words."""
        return {True: "met", False: "**NOT met**", None: "–"}[self.met]


@dataclass
class Section:
    """An axis: its rows, remarks, the runs behind them, and its plot; without one, a bar a command is drawn."""

    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    runs: dict[str, tuple[Command, list[Run]]] = field(default_factory=dict)
    chart: Chart | None = None

    def add(self, commands: Mapping[str, Command], runs: Mapping[str, list[Run]]) -> None:
        """Keep runs for the table of seconds."""
        self.runs |= {name: (commands[name], runs[name]) for name in commands}

    def at_least(self, what: str, ratio: Spread, target: float, cpu: Spread | None = None, digits: int = 1) -> None:
        """A ratio that is to be large."""
        busy = cpu.text(digits, "×") if cpu else ""
        self.rows.append(Row(what, ratio.text(digits, "×"), f"≥ {target:g}×", ratio.median >= target, busy))

    def at_most(self, what: str, ratio: Spread, target: float, cpu: Spread | None = None, digits: int = 2) -> None:
        """A ratio that is to be small."""
        busy = cpu.text(digits, "×") if cpu else ""
        self.rows.append(Row(what, ratio.text(digits, "×"), f"≤ {target:g}×", ratio.median <= target, busy))


def stored(section: Section, facts: Mapping[str, str], load: float | None, *, quick: bool) -> dict[str, Any]:
    """An axis as `results.json` keeps it: rows, remarks, seconds and bytes of its runs, its plot, when it was measured.

    `load` is the load average before the first run.
    """
    runs = {
        name: {
            "command": said(command),
            "wall": [round(wall(one), 3) for one in some],
            "cpu": [round(cpu(one), 3) for one in some],
            "mib": [round(peak(one) / 2**20, 1) for one in some],
        }
        for name, (command, some) in section.runs.items()
    }
    chart = section.chart or _usual_chart(section)
    return {
        "title": section.title,
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "load": load,
        "quick": quick,
        "facts": dict(facts),
        "rows": [asdict(row) for row in section.rows],
        "notes": section.notes,
        "runs": runs,
        "chart": chart.stored() if chart else None,
    }


def _usual_chart(section: Section) -> Chart | None:
    """The seconds of an axis that has no plot of its own."""
    bars = {name: Spread.of(map(wall, runs)).median for name, (_, runs) in section.runs.items()}
    return Chart(section.title.split(":")[0], "seconds, median", bars=bars) if bars else None


def markdown(axes: Mapping[str, Mapping[str, Any]]) -> str:
    """The whole report, of axes as `stored` gives them."""
    rows = [(axis["title"], Row(**row)) for axis in axes.values() for row in axis["rows"]]
    missed = [(title, row) for title, row in rows if row.met is False]
    judged = sum(row.met is not None for _, row in rows)
    facts = max(axes.values(), key=lambda axis: axis["when"])["facts"] if axes else {}
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Whole commands in fresh processes, run in turn (A B C A B C …) after one unmeasured "
        "round; a ratio is formed within each round: median (least–most). The verdict goes by the wall clock; beside "
        "it stands the same ratio of processor time (user + system), which other work on the machine disturbs less. "
        "All numbers are in `results.json`.",
        "",
        f"{judged - len(missed)} of {judged} targets met." + (" NOT met:" if missed else ""),
        "",
    ]
    lines += [f"- {title}: {row.what}: {row.measured}, target {row.target}" for title, row in missed]
    lines += [""] * bool(missed) + ["## Machine", "", *table(("", ""), list(facts.items())), ""]
    for name, axis in axes.items():
        lines += [*_section(name, axis, facts), ""]
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str, axis: Mapping[str, Any], facts: Mapping[str, str]) -> list[str]:
    lines = [f"## {axis['title']}", ""]
    if axis["chart"]:
        lines += [f"![{axis['chart']['title']}: {axis['chart']['y']}]({name}.png)", ""]
    lines += [_told(axis, facts), ""]
    if axis["quick"]:
        lines += ["**A quick run: few rounds, so the figures are rough.**", ""]
    if axis["rows"]:
        known = [Row(**row) for row in axis["rows"]]
        rows = [(row.what, row.measured, row.cpu, row.target, row.verdict) for row in known]
        lines += [*table(("", "measured", "processor time", "target", ""), rows), ""]
    for note in axis["notes"]:
        lines += [note, ""]
    if axis["runs"]:
        behind = [
            (
                name,
                f"`{run['command']}`",
                Spread.of(run["wall"]).text(),
                Spread.of(run["cpu"]).text(),
                Spread.of(run["mib"]).text(0),
                str(len(run["wall"])),
            )
            for name, run in axis["runs"].items()
        ]
        lines += table(("", "command", "wall s", "user + system s", "peak MiB", "runs"), behind)
    return lines[:-1] if not lines[-1] else lines


def _told(axis: Mapping[str, Any], facts: Mapping[str, str]) -> str:
    """When an axis was measured, and with what if that was not what the others were measured with."""
    load = "" if axis["load"] is None else f", load average {axis['load']:.1f} before the first run"
    other = [f"{key}: {value}" for key, value in axis["facts"].items() if facts.get(key) != value]
    return f"Measured {axis['when']}{load}." + (f" Here {'; '.join(other)}." if other else "")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def facts() -> dict[str, str]:
    """The machine, the system and the versions."""
    found = {
        "processor": _processor(),
        "cores": str(cores()),
        "system": _system(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
    }
    # An environment's packages are folders there: asking its Python would take as long as a figure.
    homes = sorted(MANIM_PYTHON.parent.parent.glob("lib/*/site-packages/manim-*.dist-info"))
    if homes:
        found["beside them"] = " ".join(homes[0].stem.split("-")[:2]).removesuffix(".dist")
    if program := shutil.which("gifsicle"):
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        found["programs"] = told.splitlines()[0]
    return found


def load_average() -> float | None:
    """Of the last minute; None where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _system() -> str:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        name = ""
    return f"{name or platform.system()}, {platform.system()} {platform.release()}, {platform.machine()}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"
