"""Random command lines and figure sets through the real entry point: `make fuzz`, or `python -m tests.fuzz --help`.

Every case must end in files that other libraries open, or in clear lines and an exit code; never in a traceback, a
warning, a hang or a flood of memory. Case n of a seed is always the same: `python -m tests.fuzz --seed S --only N`.
`--worst` runs the largest requests that are allowed instead, and shows what each takes.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import Pool
from pathlib import Path

from tests.fuzzing.cases import Case, make_case
from tests.fuzzing.files import Place
from tests.fuzzing.judging import run

_PART, _SLOWEST = 100, 50


@dataclass
class Tally:
    """What became of some cases: their number, problems, files and exit codes by kind, what they took and said."""

    count: int = 0
    problems: list[str] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    memory: int = 0

    def add(self, case: Case) -> None:
        """Count a case."""
        self.count += 1
        self.problems += [str(case)] if case.problem else []
        self.made.update(case.kinds)
        self.made[f"exit {case.code}"] += 1
        self.said.update(_without_values(line) for line in case.err.splitlines())
        self.slowest.append((case.seconds, str(case)))
        self.memory = max(self.memory, case.memory)

    def join(self, other: Tally) -> None:
        """Add what became of others."""
        self.count += other.count
        self.problems += other.problems
        self.made.update(other.made)
        self.said.update(other.said)
        self.slowest = sorted(self.slowest + other.slowest, reverse=True)[:_SLOWEST]
        self.memory = max(self.memory, other.memory)

    @property
    def longest(self) -> float:
        """Seconds of a processor that the slowest case took."""
        return max((seconds for seconds, _ in self.slowest), default=0.0)

    def __str__(self) -> str:
        made = ", ".join(f"{kind} {count}" for kind, count in sorted(self.made.items()))
        return (
            f"{self.count} cases, {len(self.problems)} problems, longest {self.longest:.1f} s, "
            f"most memory {self.memory / 2**20:.0f} MiB; {made}"
        )


def _without_values(line: str) -> str:
    """A message without the numbers and names that differ from case to case."""
    return re.sub(r"-?\d[\d.e+-]*", "N", re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", line))[:300]


def run_many(seed: int, numbers: range) -> Tally:
    """Run cases in a folder of their own."""
    back, tally = os.getcwd(), Tally()
    with tempfile.TemporaryDirectory(prefix="cnnviz-fuzz-") as name:
        place = Place(Path(name))
        os.chdir(place.folder)
        try:
            for number in numbers:
                tally.add(run(make_case(seed, number), place))
        finally:
            os.chdir(back)
    return tally


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--start", type=int, default=0, help="The first case.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", type=int, help="Run this case alone.")
    parser.add_argument("--log", type=Path, help="Folder for what was said and what was slow.")
    parser.add_argument("--worst", action="store_true", help="Run the largest requests that are allowed.")
    return parser.parse_args()


def _main() -> int:
    given = _arguments()
    if given.worst:
        from tests.fuzzing.worst import run_worst

        return run_worst()
    if given.only is not None:
        parts = [range(given.only, given.only + 1)]
        print(make_case(given.seed, given.only))
    else:
        end = given.start + given.count
        parts = [range(at, min(at + _PART, end)) for at in range(given.start, end, _PART)]
    tally = Tally()
    # A process does few cases and makes way for another: what one leaves in memory is not the next one's.
    with Pool(given.jobs, maxtasksperchild=5) as pool:
        for part in pool.imap_unordered(partial(run_many, given.seed), parts):
            tally.join(part)
            for problem in part.problems:
                print(problem, flush=True)
            if given.log:
                _log(given.log, tally)
    print(tally)
    return bool(tally.problems)


def _log(folder: Path, tally: Tally) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    said = "".join(f"{count:6} {line}\n" for line, count in tally.said.most_common())
    (folder / "said.txt").write_text(said, encoding="utf-8", errors="backslashreplace")
    slow = "".join(f"{seconds:6.1f} s  {case}\n" for seconds, case in tally.slowest)
    (folder / "slow.txt").write_text(f"{tally}\n{slow}", encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(_main())
