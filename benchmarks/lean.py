"""How much memory a run takes, and how large its file is."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

from benchmarks._measure import CNNVIZ, BenchmarkError, Command, Spread, in_turn, peak, ratios, run
from benchmarks._report import Row, Section

_AUTHORS_KIB = 708
_LONG = ("--i", "27x42", "--k", "3")
KIB = 1024


def memory(folder: Path, quick: bool) -> Section:
    """Frames are a stream: ten times as many must not need more memory."""
    section = Section("Memory: 100 steps and 1,000 steps over the same 27×42 input")
    commands: dict[str, Command] = {
        "100 steps": (*CNNVIZ, "conv", *_LONG, "--s", "5x2", "-o", "100.gif"),
        "1,000 steps": (*CNNVIZ, "conv", *_LONG, "--s", "1", "-o", "1000.gif"),
    }
    runs = in_turn(commands, folder, 1 if quick else 3)
    section.add(commands, runs)
    short, long = runs.values()
    for some, count in ((short, 100), (long, 1000)):
        if f" {count} steps" not in some[0].output:
            raise BenchmarkError(f"not the {count} steps wanted: {some[0].output}")
    section.at_most("peak, 1,000 steps / 100 steps", ratios(long, short, peak), 1.15)
    return section


def size(folder: Path, quick: bool) -> Section:
    """The default GIF, in bytes and against what gifsicle makes of it."""
    section = Section("File size: the default GIF")
    file = folder / "size.gif"
    run((*CNNVIZ, "conv", "-o", file.name), folder)
    data = file.read_bytes()
    pixels = struct.unpack("<HH", data[6:10])
    if pixels != (960, 540):
        raise BenchmarkError(f"the default GIF was to have 960×540 px, not {pixels[0]}×{pixels[1]}")
    kib = len(data) / KIB
    section.rows.append(Row("`cnnviz conv` at 960×540", f"{kib:.1f} KiB", "≤ 50 KiB", kib <= 50))
    section.notes.append(
        f"The author's own file of this figure has {_AUTHORS_KIB} KiB, {_AUTHORS_KIB / kib:.0f} times as much."
    )
    if program := shutil.which("gifsicle"):
        less = folder / "gifsicle.gif"
        run((program, "-O3", str(file), "-o", str(less)), folder)
        ratio = len(data) / less.stat().st_size
        section.at_most("against `gifsicle -O3` of the same file", Spread(ratio, ratio, ratio), 1.1, digits=3)
        section.notes.append(run((program, "--version"), folder).output.splitlines()[0] + ".")
    else:
        section.rows.append(Row("against `gifsicle -O3` of the same file", "skipped: no gifsicle here", "≤ 1.1×"))
    for side in () if quick else (16, 64):
        name = f"size{side}.gif"
        run((*CNNVIZ, "conv", "--i", str(side), "--k", "3", "--s", "2", "--p", "1", "-o", name), folder)
        kib = (folder / name).stat().st_size / KIB
        section.rows.append(Row(f"{side}×{side}, k=3 s=2 p=1", f"{kib:.0f} KiB"))
    return section
