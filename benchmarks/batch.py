"""A sweep of 1 to 1,000 figures on all cores: what a figure costs, what memory is needed, what a second run takes."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks._measure import CNNVIZ, IMPORTS, BenchmarkError, Command, Run, cores, cpu, fresh, run, wall
from benchmarks._report import Row, Section

COUNTS, QUICK = (1, 10, 50, 200, 1000), (1, 10, 50)
_SET = """[[figure]]
scene = "conv"
name = "conv"
width = 640

[figure.sweep]
"""
# Every size of set has the same mixture: each figure by itself is as costly as in the others.
_MIXED = 'kernel = ["random", "sobel-x"]\nseed = {seeds}\n'
_LOOK, _KIB = 0.1, 1024


def batch(folder: Path, quick: bool) -> Section:
    """`cnnviz render` of one sweep of convolutions, over kernels and seeds."""
    counts = QUICK if quick else COUNTS
    section = Section(f"A sweep of up to {counts[-1]} figures: `cnnviz render` with [figure.sweep]")
    command = (*CNNVIZ, "render", "set.toml", "--out", "made", "--jobs", str(cores()))
    start = run(IMPORTS, folder)
    first, again, most = {}, {}, {}
    for count in counts:
        place = fresh(folder / f"sweep-{count}")
        (place / "set.toml").write_text(_set(count), encoding="utf-8")
        first[count], most[count] = _watched(command, place)
        again[count] = run(command, place)
        _check(first[count], f"{count} made, 0 up to date")
        _check(again[count], f"0 made, {count} up to date")
    commands: dict[str, Command] = {_named(count): command for count in counts}
    section.add(commands, {_named(count): [first[count]] for count in counts})
    section.add({"the last again": command}, {"the last again": [again[counts[-1]]]})
    _costs(section, start, first)
    _memory(section, most)
    _again(section, first[counts[-1]], again[counts[-1]], counts[-1])
    return section


def _named(count: int) -> str:
    return f"{count} figure{'s' if count > 1 else ''}"


def _set(count: int) -> str:
    if count == 1:
        return _SET + "seed = [0]\n"
    return _SET + _MIXED.format(seeds=list(range(count // 2)))


def _check(one: Run, said: str) -> None:
    if said not in one.output:
        raise BenchmarkError(f"a sweep did not say {said!r}: {one.output[-300:]}")


def _costs(section: Section, start: Run, first: Mapping[int, Run]) -> None:
    each = {count: (wall(one) - wall(start)) / count for count, one in first.items()}
    busy = {count: (cpu(one) - cpu(start)) / count for count, one in first.items()}
    for count in first:
        told = f"{each[count]:.3f} s: {1 / each[count]:.1f} figures a second" if each[count] > 0 else "too short"
        section.rows.append(Row(f"a figure beyond start-up, of {count}", told, cpu=f"{busy[count]:.3f} s"))
    few, many = _ends(first)
    ratio = each[many] / each[few]
    section.rows.append(
        Row(f"a figure of {many} / a figure of {few}", f"{ratio:.2f}×", "≤ 1.1×", ratio <= 1.1,
            f"{busy[many] / busy[few]:.2f}×")
    )  # fmt: skip


def _memory(section: Section, most: Mapping[int, int]) -> None:
    few, many = _ends(most)
    if not most[few]:
        section.notes.append("Memory was not measured: this system does not tell what a process has held.")
        return
    ratio = most[many] / most[few]
    told = f"{most[few] / _KIB:.0f} MiB → {most[many] / _KIB:.0f} MiB ({ratio:.2f}×)"
    section.rows.append(Row(f"the largest process, {few} → {many} figures", told, "≤ 1.25×", ratio <= 1.25))


def _again(section: Section, first: Run, again: Run, count: int) -> None:
    ratio, target = wall(first) / wall(again), 50 if count >= 1000 else None
    met = None if target is None else ratio >= target
    busy = f"{cpu(first) / cpu(again):.0f}×"
    wanted = f"≥ {target}×" if target else ""
    section.rows.append(Row(f"{count} figures / the same again, nothing to do", f"{ratio:.0f}×", wanted, met, busy))


def _ends(by_count: Mapping[int, object]) -> tuple[int, int]:
    """A set that is large enough for its start not to matter, and the largest; of a quick run 10 and 50."""
    return (50 if max(by_count) > 50 else 10), max(by_count)


def _watched(command: Command, folder: Path) -> tuple[Run, int]:
    """A run, and the most KiB that one of its processes has held, workers included; 0 where nobody tells."""
    most, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK):
            most[0] = max([most[0], *map(_held, _descendants(os.getpid()))])

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        return run(command, folder), most[0]
    finally:
        over.set()
        watcher.join()


def _descendants(process: int) -> Iterator[int]:
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = list(map(int, file.read_text().split()))
        except OSError:
            continue
        for child in children:
            yield child
            yield from _descendants(child)


def _held(process: int) -> int:
    try:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0
