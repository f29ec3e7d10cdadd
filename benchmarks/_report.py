"""What was measured as Markdown: a table an axis with target, measured ratio and verdict, and the machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks._measure import Command, Run, Spread, cores, cpu, peak, said, wall

_PACKAGES = ("cnnviz", "numpy", "matplotlib", "imageio", "pillow", "click")


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
    """An axis: its rows, remarks, and the runs behind them."""

    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    runs: dict[str, tuple[Command, list[Run]]] = field(default_factory=dict)

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


def markdown(sections: Sequence[Section], facts: Mapping[str, str], *, quick: bool) -> str:
    """The whole report."""
    missed = [(section, row) for section in sections for row in section.rows if row.met is False]
    judged = sum(row.met is not None for section in sections for row in section.rows)
    lines = [
        "# Benchmarks", "",
        "Written by `make bench`. Whole commands in fresh processes, run in turn (A B C A B C …) after one unmeasured "
        "round; a ratio is formed within each round: median (least–most). The verdict goes by the wall clock; beside "
        "it stands the same ratio of processor time (user + system), which other work on the machine disturbs less.",
        "",
    ]  # fmt: skip
    if quick:
        lines += ["**A quick run: few rounds, so the figures are rough.**", ""]
    lines += [f"{judged - len(missed)} of {judged} targets met." + (" NOT met:" if missed else ""), ""]
    lines += [f"- {section.title}: {row.what}: {row.measured}, target {row.target}" for section, row in missed]
    lines += [""] * bool(missed) + ["## Machine", "", *table(("", ""), [(k, v) for k, v in facts.items()]), ""]
    for section in sections:
        lines += [*_section(section), ""]
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section) -> list[str]:
    lines = [f"## {section.title}", ""]
    if section.rows:
        rows = [(row.what, row.measured, row.cpu, row.target, row.verdict) for row in section.rows]
        lines += [*table(("", "measured", "processor time", "target", ""), rows), ""]
    for note in section.notes:
        lines += [note, ""]
    if section.runs:
        behind = []
        for name, (command, runs) in section.runs.items():
            seconds, busy = Spread.of(map(wall, runs)), Spread.of(map(cpu, runs))
            memory = Spread.of(peak(one) / 2**20 for one in runs)
            behind.append((name, f"`{said(command)}`", seconds.text(), busy.text(), memory.text(0), str(len(runs))))
        lines += table(("", "command", "wall s", "user + system s", "peak MiB", "runs"), behind)
    return lines[:-1] if not lines[-1] else lines


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def facts(load: float | None) -> dict[str, str]:
    """The machine, the system and the versions, but no date; `load` is that before the first run."""
    found = {
        "processor": _processor(),
        "cores": str(cores()),
        "system": _system(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
    }
    if load is not None:
        found["other work"] = f"load average {load:.1f} before the first run"
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
