"""The figure set: all figures of `animations/` in one command, on one core and on two, and with nothing to do."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

from benchmarks._measure import (
    CNNVIZ,
    IMPORTS,
    PYTHON,
    REPOSITORY,
    Command,
    Run,
    Spread,
    cores,
    cpu,
    fresh,
    ratios,
    run,
    wall,
)
from benchmarks._report import Row, Section, table

KIB = 1024
TWICE = (PYTHON, str(Path(__file__).with_name("_twice.py")))


def figure_set(folder: Path, quick: bool) -> Section:
    """`cnnviz render animations/`."""
    section = Section("The figure set: `cnnviz render animations/`")
    both = cores() >= 2
    commands: dict[str, Command] = {
        "imports": IMPORTS,
        "one core": _render("one", 1),
        **({"two cores": _render("two", 2), "one core, twice at once": _twice("twice")} if both else {}),
        "nothing to do": _render("one", 1),
    }
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(1 if quick else 3):
        fresh(folder / "one")
        for name in ("two", "twice-a", "twice-b"):
            fresh(folder / name)
        for name, command in commands.items():
            # A figure that fails is told of below; the others are measured nevertheless.
            runs[name].append(run(command, folder, check=False))
    section.add(commands, runs)
    records = _records(folder / "one")
    _speed(section, runs, len(records))
    _sizes(section, records)
    return section


def _render(name: str, jobs: int) -> Command:
    return (*CNNVIZ, "render", str(REPOSITORY / "animations"), "--out", name, "--jobs", str(jobs))


def _twice(name: str) -> Command:
    return *TWICE, name, *CNNVIZ, "render", str(REPOSITORY / "animations"), "--jobs", "1"


def _records(folder: Path) -> list[dict[str, Any]]:
    manifest = folder / "manifest.json"
    if not manifest.exists():
        return []
    records: list[dict[str, Any]] = json.loads(manifest.read_text(encoding="utf-8"))["figures"]
    return records


def _speed(section: Section, runs: dict[str, list[Run]], made: int) -> None:
    one, idle, imports = runs["one core"], runs["nothing to do"], runs["imports"]
    failed = [line for line in one[0].output.splitlines() if line.startswith("cnnviz: ")]
    if failed or not made:
        section.rows.append(Row("figures that failed", _plural(len(failed[:-1])), "none", False))
        section.notes += ["Failed: " + "; ".join(failed)] if failed else [f"It said: {one[0].output[-300:]}"]
    if not made:
        return
    each = [Spread.of((part(a) - part(b)) / made for a, b in zip(one, imports, strict=True)) for part in (wall, cpu)]
    section.rows.append(
        Row(
            f"a figure beyond start-up, one core, mean of {made}",
            each[0].text(2, " s"),
            "≤ 0.35 s",
            each[0].median <= 0.35,
            each[1].text(2, " s"),
        )
    )
    if two := runs.get("two cores"):
        section.at_least("one core / two cores", ratios(one, two, wall), 1.7, digits=2)
        once = zip(one, runs["one core, twice at once"], strict=True)
        together = Spread.of(2 * wall(alone) / wall(at_once) for alone, at_once in once)
        section.rows.append(Row("what two cores give to two runs on one core each", together.text(2, "×")))
        beyond = [statistics.median(map(wall, some)) - statistics.median(map(wall, imports)) for some in (one, two)]
        if min(beyond) > 0:
            section.rows.append(Row("the same beyond start-up", f"{beyond[0] / beyond[1]:.2f}×"))
        section.notes.append(
            f"The set has n = {made} figures. Start-up S is the time of the imports, which each process takes: with F "
            "seconds a figure beyond it, two cores cannot do better than (S + n·F) / (S + n·F/2), nor better than the "
            "machine lets two runs be that share nothing: one after the other against both at once."
        )
    else:
        section.notes.append("The speed-up on two cores was not measured: there is one core here.")
    if all(re.search(r"(?:^|\n)0 made, ", one.output) for one in idle) and not failed:
        section.at_most("nothing to do / imports", ratios(idle, imports, wall), 1, ratios(idle, imports, cpu))
    else:
        section.rows.append(Row("nothing to do / imports", "not measured: there was something to do", "≤ 1×"))


def _sizes(section: Section, records: list[dict[str, Any]]) -> None:
    gifs = sorted((r for r in records if r["file"].endswith(".gif")), key=lambda r: r["bytes"], reverse=True)
    if not gifs:
        return
    median = statistics.median(r["bytes"] for r in gifs) / KIB
    section.rows.append(Row(f"median of {len(gifs)} GIFs", f"{median:.1f} KiB", "≤ 60 KiB", median <= 60))
    most = gifs[0]["bytes"] / KIB
    over = sum(r["bytes"] > 400 * KIB for r in gifs)
    what = f"{most:.0f} KiB" + (f", {over} over 400 KiB" if over else "")
    section.rows.append(Row("largest GIF", what, "≤ 400 KiB", most <= 400))
    largest = [(f"`{r['name']}`", f"{r['bytes'] / KIB:.0f}", str(r["steps"])) for r in gifs[:5]]
    section.notes.append("\n".join(["The largest:", "", *table(("figure", "KiB", "steps"), largest)]))


def _plural(count: int) -> str:
    return f"{count} figure{'s' if count != 1 else ''}" if count else "all"
