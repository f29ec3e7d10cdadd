"""Whole commands in fresh processes: wall time, processor time and peak memory, one after the other in turn.

This process imports neither NumPy nor matplotlib before all is measured: a child's peak of memory is never told lower
than what its parent holds.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
_SCRIPT = Path(PYTHON).with_name("cnnviz")
CNNVIZ = (str(_SCRIPT),) if _SCRIPT.exists() else (PYTHON, "-m", "cnnviz")
PEER = (PYTHON, str(Path(__file__).with_name("peer_funcanimation.py")))
IMAGEIO = (PYTHON, str(Path(__file__).with_name("peer_imageio.py")))
FLOOR = (PYTHON, str(Path(__file__).with_name("floor.py")))
IMPORTS = (PYTHON, "-c", "import numpy, matplotlib.figure, matplotlib.backends.backend_agg, click, imageio")
MANIM_PYTHON = REPOSITORY / ".venv-manim" / "bin" / "python"
WITHOUT_MANIM = "manim was left out: it is not here (`make bench-peers` installs it)."

_LONGEST = 1800.0
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024

Command = Sequence[str]


class BenchmarkError(Exception):
    """A command failed, or did not do what it was measured for."""


@dataclass(frozen=True)
class Run:
    """One run: seconds on the wall, seconds of processor (user + system, children included), bytes at the peak."""

    wall: float
    cpu: float
    peak: int
    output: str
    code: int


@dataclass(frozen=True)
class Spread:
    """Median, least and most of a measured quantity."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Of at least one value."""
        known = sorted(values)
        return cls(statistics.median(known), known[0], known[-1])

    def text(self, digits: int = 2, unit: str = "") -> str:
        """`1.23 (1.20–1.31)`."""
        if self.low == self.high:
            return f"{self.median:.{digits}f}{unit}"
        return f"{self.median:.{digits}f}{unit} ({self.low:.{digits}f}–{self.high:.{digits}f})"


def manim() -> Command | None:
    """The script for manim with a Python that has it: that of `make bench-peers`, or this one; None where none has."""
    if MANIM_PYTHON.exists():
        python = str(MANIM_PYTHON)
    elif importlib.util.find_spec("manim"):
        python = PYTHON
    else:
        return None
    return python, str(Path(__file__).with_name("peer_manim.py"))


def run(command: Command, folder: Path, *, check: bool = True) -> Run:
    """Run a command in `folder`; raises BenchmarkError where it fails, unless `check` is off."""
    # As in a plain shell: without PYTHONDONTWRITEBYTECODE, say, which has cnnviz compiled anew by every run. Agg is for
    # the peer on a desktop, where a window's toolkit would only slow it.
    plain = {key: value for key, value in os.environ.items() if key == "PYTHONPATH" or not key.startswith("PYTHON")}
    environment = {**plain, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        watchdog = threading.Timer(_LONGEST, process.kill)
        watchdog.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
        finally:
            watchdog.cancel()
        wall = time.perf_counter() - start
        process.returncode = code = os.waitstatus_to_exitcode(status)
        log.seek(0)
        output = log.read().decode("utf-8", "replace").strip()
    if check and code:
        raise BenchmarkError(f"{said(command)} ended with {code}: {output[-400:]}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * _RSS_UNIT, output, code)


def prepare(path: Path, **parameters: int) -> None:
    """Write the frames of `cnnviz conv` with these parameters to an .npz for the floor."""
    words = [f"{name}={value}" for name, value in parameters.items()]
    run((PYTHON, str(Path(__file__).with_name("_prepared.py")), str(path), *words), path.parent)


def in_turn(
    commands: Mapping[str, Command],
    folder: Path,
    rounds: int,
    *,
    fewer: Mapping[str, int] | None = None,
    warm: bool = True,
) -> dict[str, list[Run]]:
    """Run the commands in turn, A B C A B C …; `fewer` gives costly ones rounds of their own.

    One unmeasured round of the others goes before: it compiles bytecode and fills the disk's cache.
    """
    fewer = fewer or {}
    for name in [name for name in commands if warm and name not in fewer]:
        run(commands[name], folder)
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for done in range(rounds):
        for name, command in commands.items():
            if done < fewer.get(name, rounds):
                runs[name].append(run(command, folder))
    return runs


def ratios(above: Sequence[Run], below: Sequence[Run], part: Callable[[Run], float]) -> Spread:
    """The ratio of two commands round by round: what slows the machine for a while slows both."""
    return Spread.of(part(a) / part(b) for a, b in zip(above, below, strict=False))


def wall(one: Run) -> float:
    """Seconds on the wall."""
    return one.wall


def cpu(one: Run) -> float:
    """Seconds of processor time."""
    return one.cpu


def peak(one: Run) -> float:
    """Bytes of memory at the peak."""
    return float(one.peak)


def said(command: Command) -> str:
    """A command as one would type it."""
    names = {str(_SCRIPT): "cnnviz", PYTHON: "python", str(MANIM_PYTHON): ".venv-manim/bin/python"}
    return shlex.join([names.get(word, word.removeprefix(f"{REPOSITORY}/")) for word in command])


def fresh(folder: Path) -> Path:
    """An empty folder of that name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
