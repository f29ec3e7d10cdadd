"""A sweep of 1 to 1,000 figures on all cores: what a figure costs, what memory is needed, what a second run takes."""

from __future__ import annotations

import os
import re
import statistics
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks._measure import CNNVIZ, BenchmarkError, Command, Run, cores, cpu, fresh, run, wall
from benchmarks._report import Row, Section

COUNTS, QUICK = (1, 10, 50, 200, 1000), (1, 10, 50)
_SET = """[[figure]]
scene = "conv"
name = "conv"
width = 640

[figure.sweep]
"""
_MIXED = 'kernel = ["random", "sobel-x"]\nseed = {seeds}\n'
_STARTS = 9
_LOOK, _KIB = 0.1, 1024


def batch(folder: Path, quick: bool) -> Section:
    """`cnnviz render` of one sweep of convolutions, over kernels and seeds."""
    counts = QUICK if quick else COUNTS
    section = Section(f"A sweep of up to {counts[-1]} figures: `cnnviz render` with [figure.sweep]")
    command = (*CNNVIZ, "render", "set.toml", "--out", "made", "--jobs", str(cores()))
    few, many = _ends(counts)
    starts: list[Run] = []
    parts: list[Run] = []
    first, again, most = {}, {}, {}
    for count in counts:
        if count == many:
            _parts(command, folder, few, range(many // few // 2), starts, parts)
        place = fresh(folder / f"sweep-{count}")
        (place / "set.toml").write_text(_set(count), encoding="utf-8")
        first[count], most[count] = _watched(command, place)
        again[count] = run(command, place)
        _check(first[count], f"{count} made, 0 up to date")
        _check(again[count], f"0 made, {count} up to date")
    _parts(command, folder, few, range(many // few // 2, many // few), starts, parts)
    commands: dict[str, Command] = {_named(count): command for count in counts}
    section.add(commands, {_named(count): [first[count]] for count in counts})
    others = {"the last again": [again[many]], f"the same in sets of {few}": parts, "2 figures, for the start": starts}
    section.add(dict.fromkeys(others, command), others)
    _costs(section, starts, first, parts)
    _memory(section, most)
    _again(section, first[counts[-1]], again[counts[-1]], counts[-1])
    return section


def _parts(command: Command, folder: Path, few: int, which: range, starts: list[Run], parts: list[Run]) -> None:
    """Make the figures of the largest set in small ones, a part of them before it and the others after it.

    So both ways make the same figures, in the same minutes of the machine. A set of two, which has a figure for each of
    two cores, tells what every command takes to begin and to end.
    """
    for number in which:
        if len(starts) < _STARTS:
            starts.append(_made(command, fresh(folder / "start"), _set(2)))
        place = fresh(folder / f"part-{number}")
        parts.append(_made(command, place, _set(few, number * few // 2)))


def _made(command: Command, place: Path, text: str) -> Run:
    (place / "set.toml").write_text(text, encoding="utf-8")
    made = run(command, place)
    _check(made, " made, 0 up to date")
    return made


def _named(count: int) -> str:
    return f"{count} figure{'s' if count > 1 else ''}"


def _set(count: int, begin: int = 0) -> str:
    """Two figures a seed; one alone is the first of them."""
    if count == 1:
        return _SET + "seed = [0]\n"
    return _SET + _MIXED.format(seeds=list(range(begin, begin + count // 2)))


def _check(one: Run, said: str) -> None:
    if said not in one.output:
        raise BenchmarkError(f"a sweep did not say {said!r}: {one.output[-300:]}")


def _costs(section: Section, starts: Sequence[Run], first: Mapping[int, Run], parts: Sequence[Run]) -> None:
    few, many = _ends(first)

    def beyond(seconds: Callable[[Run], float], count: int, runs: Sequence[Run]) -> float:
        start = statistics.median(map(seconds, starts))
        return (statistics.mean(map(seconds, runs)) - start) / (count - 2)

    told = {_named(count): (count, [one]) for count, one in first.items() if count > 2}
    told[f"{_named(many)} in {len(parts)} sets of {few}"] = few, list(parts)
    for name, (count, runs) in told.items():
        each = beyond(wall, count, runs)
        rate = f"{each:.3f} s: {1 / each:.1f} figures a second" if each > 0 else "too short"
        busy = f"{beyond(cpu, count, runs):.3f} s"
        section.rows.append(Row(f"a figure beyond the first two, of {name}", rate, cpu=busy))
    ratio, of_cpu = (beyond(part, many, [first[many]]) / beyond(part, few, parts) for part in (wall, cpu))
    section.rows.append(
        Row(f"a figure of {many} at once / in sets of {few}", f"{ratio:.2f}×", "≤ 1.1×", ratio <= 1.1, f"{of_cpu:.2f}×")
    )
    section.notes.append(
        f"The {many} figures are made at once and in {len(parts)} sets of {few}, half of these before and half after, "
        "so that both are the same figures in the same minutes of the machine. A set of two figures tells how long "
        "every command takes to begin and to end; that is left out on both sides."
    )


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


def _ends(by_count: Iterable[int]) -> tuple[int, int]:
    """A set that is large enough for its start not to matter, and the largest; of a quick run 10 and 50."""
    most = max(by_count)
    return (50 if most > 50 else 10), most


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
