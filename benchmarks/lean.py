"""How much memory a run takes, and how large its file is."""

from __future__ import annotations

import shutil
import statistics
import struct
from pathlib import Path

from benchmarks._charts import Chart
from benchmarks._measure import (
    CNNVIZ,
    IMAGEIO,
    PEER,
    REPOSITORY,
    BenchmarkError,
    Command,
    Run,
    Spread,
    in_turn,
    peak,
    ratios,
    run,
)
from benchmarks._report import Row, Section

_AUTHORS_KIB = 708
_LONG = ("--i", "27x42", "--k", "3")
# What the others can draw in a few seconds: 9 and 49 steps over a 5×5 input.
_OTHERS = {9: ("--p", "0"), 49: ("--p", "2")}
_CONV = ("conv", "--k", "3", "--s", "2", "--p", "1")
_SINGLE = {
    "default": ("conv",),
    "16×16": (*_CONV, "--i", "16"),
    "64×64": (*_CONV, "--i", "64"),
    "128×128": (*_CONV, "--i", "128"),
    "gradient-descent": ("gradient-descent",),
}
KIB = 1024
# What gifsicle itself says of a file this large is that it gives up some of its means.
_QUICK = ("default", "16×16", "gradient-descent")


def memory(folder: Path, quick: bool) -> Section:
    """Frames are a stream: ten times as many must not need more memory."""
    section = Section("Memory: 100 steps and 1,000 steps over the same 27×42 input")
    commands: dict[str, Command] = {
        "100 steps": (*CNNVIZ, "conv", *_LONG, "--s", "5x2", "-o", "100.gif"),
        "1,000 steps": (*CNNVIZ, "conv", *_LONG, "--s", "1", "-o", "1000.gif"),
    }
    for count, padding in _OTHERS.items():
        commands[f"cnnviz, {count}"] = (*CNNVIZ, "conv", *padding, "-o", f"{count}.gif")
        for name, script in (("usual script", PEER), ("imageio", IMAGEIO)):
            commands[f"{name}, {count}"] = (*script, *padding, "-o", f"{name.split()[0]}{count}.gif")
    fewer = {name: 1 for name in commands if name.startswith(("usual", "imageio"))}
    runs = in_turn(commands, folder, 1 if quick else 3, fewer=fewer)
    section.add(commands, runs)
    short, long = runs["100 steps"], runs["1,000 steps"]
    for some, count in ((short, 100), (long, 1000)):
        if f" {count} steps" not in some[0].output:
            raise BenchmarkError(f"not the {count} steps wanted: {some[0].output}")
    section.at_most("peak, 1,000 steps / 100 steps", ratios(long, short, peak), 1.15)
    for name in ("usual script", "imageio"):
        for count in _OTHERS:
            ratio = ratios(runs[f"{name}, {count}"], runs[f"cnnviz, {count}"], peak)
            section.at_least(f"peak, {name} / cnnviz, {count} steps", ratio, 1, digits=2)
        few, many = (Spread.of(map(peak, runs[f"{name}, {count}"])).median for count in _OTHERS)
        section.rows.append(Row(f"a further step, {name}", f"{(many - few) / 40 / KIB:.0f} KiB"))
    section.chart = _memory_chart(runs)
    return section


def _memory_chart(runs: dict[str, list[Run]]) -> Chart:
    mib = {name: Spread.of(map(peak, some)).median / 2**20 for name, some in runs.items()}
    lines = {who: [(n, mib[f"{who}, {n}"]) for n in _OTHERS] for who in ("cnnviz", "usual script", "imageio")}
    lines["cnnviz"] += [(100, mib["100 steps"]), (1000, mib["1,000 steps"])]
    return Chart("Memory", "MiB at the peak", "steps", lines=lines, log=True)


def size(folder: Path, quick: bool) -> Section:
    """GIFs in bytes, and against what gifsicle makes of them: single figures, and all of `animations/`."""
    section = Section("File size: GIFs, and what `gifsicle -O3` makes of them")
    for name in _QUICK if quick else _SINGLE:
        run((*CNNVIZ, *_SINGLE[name], "-o", f"{name}.gif"), folder)
    file = folder / "default.gif"
    pixels = struct.unpack("<HH", file.read_bytes()[6:10])
    if pixels != (960, 540):
        raise BenchmarkError(f"the default GIF was to have 960×540 px, not {pixels[0]}×{pixels[1]}")
    kib = file.stat().st_size / KIB
    section.rows.append(Row("`cnnviz conv` at 960×540", f"{kib:.1f} KiB", "≤ 130 KiB", kib <= 130))
    section.notes.append(
        f"The author's own file of this figure has {_AUTHORS_KIB} KiB, {_AUTHORS_KIB / kib:.0f} times as much."
    )
    singles = {name: folder / f"{name}.gif" for name in (_QUICK if quick else _SINGLE)}
    for name, path in singles.items():
        section.rows.append(Row(f"`cnnviz {' '.join(_SINGLE[name])}`", f"{path.stat().st_size / KIB:,.0f} KiB"))
    if not quick:
        run((*CNNVIZ, "render", str(REPOSITORY / "animations"), "--out", "set", "-q"), folder)
    _against_gifsicle(section, folder, singles, sorted((folder / "set").glob("*.gif")))
    return section


def _against_gifsicle(section: Section, folder: Path, singles: dict[str, Path], figures: list[Path]) -> None:
    program = shutil.which("gifsicle")
    if program is None:
        section.rows.append(Row("against `gifsicle -O3` of the same file", "skipped: no gifsicle here", "≤ 1×"))
        return

    def ratio(path: Path) -> float:
        less = folder / "gifsicle.gif"
        run((program, "-O3", str(path), "-o", str(less)), folder)
        return path.stat().st_size / less.stat().st_size

    found = {name: ratio(path) for name, path in singles.items()}
    for name, against in found.items():
        section.at_most(f"against `gifsicle -O3`, {name}", Spread(against, against, against), 1, digits=3)
    if figures:
        each = {path.stem: ratio(path) for path in figures}
        worst = max(each, key=lambda name: each[name])
        middle = Spread(statistics.median(each.values()), min(each.values()), max(each.values()))
        section.at_most(f"against `gifsicle -O3`, {len(each)} figures of `animations/`", middle, 1, digits=3)
        section.at_most(f"the largest of these, `{worst}`", Spread(*[each[worst]] * 3), 1.1, digits=3)
        found[f"median of {len(each)}"] = middle.median
        found[f"largest of {len(each)}"] = each[worst]
    bars = {f"cnnviz, {name}": 100 * against for name, against in found.items()}
    what = "bytes of a GIF in per cent of what gifsicle -O3 makes of it"
    section.chart = Chart("File size", what, bars=bars, target=100)
