"""`cnnviz render` killed at random moments: no partial file, nothing left behind, the next run makes what is missing.

python -m tests.kills --count 100 [--seed 1]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
FIGURES = [
    ("conv", "gif", {}), ("conv", "json", {"k": 2}), ("conv", "png,svg", {"p": 1}), ("pool", "webp", {}),
    ("pool", "apng", {"kind": "avg"}), ("unpool", "gif", {}), ("conv", "pdf", {"s": 2}), ("conv", "zip", {"i": 4}),
    ("activation", "png", {}), ("loss", "json", {}), ("conv", "html", {"i": 4}), ("lrn", "svg", {}),
]  # fmt: skip
ALL = ("group", "parent", "worker", "SIGINT", "SIGTERM")
JOBS = 2
SOON = 10.0
"""Seconds within which orphans are to end."""


@dataclass
class Tally:
    """What came of a series."""

    ways: Counter[str] = field(default_factory=Counter)
    unharmed: int = 0
    interrupted: int = 0
    wrong: list[str] = field(default_factory=list)
    left: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        ways = ", ".join(f"{count} {way}" for way, count in sorted(self.ways.items()))
        left = ", ".join(f"{files}: {count}" for files, count in sorted(self.left.items()))
        return (
            f"{sum(self.ways.values())} kills ({ways}); {self.unharmed} came too late\n"
            f"figures finished before the kill, how often: {left}\n"
            + "\n".join([f"{len(self.wrong)} wrong", *self.wrong])
        )


def write_set(path: Path) -> set[str]:
    """Write the set; returns the names of its files."""
    text, names = "", set()
    for number, (scene, formats, given) in enumerate(FIGURES):
        text += f'[[figure]]\nscene = "{scene}"\nname = "f{number}"\nformat = "{formats}"\nwidth = 320\n'
        text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in given.items())
        names |= {f"f{number}.{extension}" for extension in formats.split(",")}
    path.write_text(text, encoding="utf-8")
    return names


def started(sets: Path, out: Path) -> subprocess.Popen[str]:
    """A run in a process group of its own."""
    words = [sys.executable, "-m", "cnnviz", "render", str(sets), "--out", str(out), "--jobs", str(JOBS)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    # A shell makes what it starts in the background deaf to Ctrl-C, and children inherit that.
    return subprocess.Popen(
        words, cwd=sets.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def finished(sets: Path, out: Path) -> str:
    """Render to the end; returns what it says."""
    process = started(sets, out)
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return said


def members(group: int) -> list[int]:
    """The living processes of a group; Linux's /proc tells."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            state, _, its_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(its_group) == group and state not in "ZX":
            found.append(int(entry.name))
    return found


def kill(process: subprocess.Popen[str], way: str, chance: random.Random) -> bool:
    """Kill in one of `ALL` ways; False where there was nothing to kill any more."""
    workers = [pid for pid in members(process.pid) if pid != process.pid]
    if process.poll() is not None or (way == "worker" and not workers):
        return False
    try:
        if way == "group":
            os.killpg(process.pid, signal.SIGKILL)
        elif way == "worker":
            os.kill(chance.choice(workers), signal.SIGKILL)
        elif way == "SIGINT":
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGKILL if way == "parent" else signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True


def gone(group: int) -> bool:
    """Wait for the end of a group's processes, `SOON` at most."""
    end = time.monotonic() + SOON
    while members(group):
        if time.monotonic() > end:
            os.killpg(group, signal.SIGKILL)
            return False
        time.sleep(0.02)
    return True


def broken(path: Path) -> str:
    """What other libraries say against a file; nothing where it is whole."""
    data = path.read_bytes()
    try:
        if path.suffix == ".json":
            json.loads(data)
        elif path.suffix == ".zip":
            assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
        elif path.suffix in (".svg", ".html", ".pdf"):
            end = {".svg": b"</svg>", ".html": b"</html>", ".pdf": b"%%EOF"}[path.suffix]
            assert data.rstrip().endswith(end)
        else:
            with Image.open(io.BytesIO(data)) as image:
                for frame in range(getattr(image, "n_frames", 1)):
                    image.seek(frame)
                    image.load()
    except Exception as error:
        return f"{path.name} is broken: {error!r}"
    return ""


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def identities(out: Path, names: set[str]) -> dict[str, tuple[int, int]]:
    """Which file each is: another one of the same name has another number and time."""
    found = {}
    for name in names & set(os.listdir(out) if out.is_dir() else ()):
        status = (out / name).stat()
        found[name] = status.st_ino, status.st_mtime_ns
    return found


def trial(sets: Path, out: Path, whole: dict[str, bytes], seconds: float, way: str, seed: int) -> Iterator[str]:
    """One kill after `seconds` and one run afterwards; gives what is wrong, and "late" where there was none."""
    chance = random.Random(seed)
    names = set(whole) - {"manifest.json"}
    process = started(sets, out)
    time.sleep(seconds)
    hit = kill(process, way, chance)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        yield f"{way}: the run hangs"
    if not gone(process.pid):
        yield f"{way}: processes live on {SOON:g} s later"
    _, errors = process.communicate(timeout=60)
    if not hit:
        yield "late"
    elif way not in ("parent", "group") and "Traceback" in errors:
        yield f"{way}: a traceback: {errors[-300:]!r}"
    for path in sorted(out.iterdir()) if out.is_dir() else ():
        if path.name in names and (fault := broken(path)):
            yield f"{way}: {fault}"
    before = identities(out, names)
    yield f"left {len(before)}"
    said = finished(sets, out)
    after = identities(out, names)
    again = {name.partition(".")[0] for name in before if before[name] != after[name]}
    if len(again) > JOBS:
        yield f"{way}: {sorted(again)} were there and are made again"
    missing = {name.partition(".")[0] for name in names - set(before)}
    if hit and f"{len(missing | again)} made" not in said:
        yield f"{way}: {len(missing)} were missing, but {said.splitlines()[-1]!r}"
    made = contents(out)
    if strays := set(made) ^ set(whole):
        yield f"{way}: {sorted(strays)} are left behind, or missing"
    if differing := [name for name in made if made[name] != whole.get(name)]:
        yield f"{way}: {sorted(differing)} differ from those of an undisturbed run"


def series(count: int, seed: int, ways: tuple[str, ...] = ALL) -> Tally:
    """Kill `count` runs, each in a new folder, and look at what the next one makes of it."""
    chance, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory() as place:
        sets = Path(place) / "set.toml"
        write_set(sets)
        begun = time.monotonic()
        finished(sets, Path(place) / "whole")
        length = time.monotonic() - begun
        whole = contents(Path(place) / "whole")
        for number in range(count):
            way = ways[number % len(ways)]
            # Half of a run is imports: more is to be seen later.
            seconds = length * chance.uniform(0.2, 1.0)
            said = list(trial(sets, Path(place) / f"out{number}", whole, seconds, way, seed + number))
            for line in said:
                if line == "late":
                    tally.unharmed += 1
                elif line.startswith("left "):
                    tally.left[int(line[5:])] += 1
                else:
                    tally.wrong.append(f"kill {number} after {seconds:.2f} s, {line}")
            tally.ways[way] += 1
    return tally


def two_at_once(count: int, out: Path) -> list[str]:
    """Two runs into one folder at the same time, `count` times; returns what is wrong."""
    sets = out.with_name("set.toml")
    names = write_set(sets) | {"manifest.json"}
    wrong: list[str] = []
    whole: dict[str, bytes] = {}
    for number in range(count):
        place = out / str(number)
        both = [started(sets, place), started(sets, place)]
        for process in both:
            _, errors = process.communicate(timeout=120)
            wrong += [errors] if process.returncode else []
        made = contents(place)
        whole = whole or made
        wrong += [fault for name in sorted(set(made) & names) if (fault := broken(place / name))]
        wrong += [f"{sorted(set(made) ^ names)} are left behind, or missing"] if set(made) != names else []
        wrong += [f"{name} differs" for name in made if made[name] != whole.get(name)]
        listed = {record["name"] for record in json.loads(made.get("manifest.json", b'{"figures": []}'))["figures"]}
        wrong += [f"the manifest lacks figures: {sorted(listed)}"] if len(listed) != len(FIGURES) else []
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--twos", type=int, default=10, help="pairs of runs at once")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    tally = series(given.count, given.seed)
    print(tally)
    with tempfile.TemporaryDirectory() as place:
        wrong = two_at_once(given.twos, Path(place) / "out")
    print(f"{given.twos} pairs at once: {len(wrong)} wrong", *wrong, sep="\n")
    return bool(tally.wrong or wrong)


if __name__ == "__main__":
    sys.exit(main())
