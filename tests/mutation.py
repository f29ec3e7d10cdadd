"""Break the code in one place after the other and see the tests find it: `make mutants`, or `python -m tests.mutation`.

Each break of `tests/breaks.py` is made in a copy of the project. The tests most likely to see it run first and, where
they stay green, all others; what nobody sees has survived. The results go into `tests/README.md`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.breaks import BREAKS, Break

ROOT = Path(__file__).parents[1]
README = ROOT / "tests" / "README.md"
COPIED = ("cnnviz", "tests", "docs", "animations", "benchmarks", "Makefile", "pyproject.toml", "README.md", ".ci")
# A finding must not hang on what the project does not install, nor on the list of breaks itself.
LEFT_OUT = ("tests/ops/test_torch.py", "tests/test_mutation.py")
BEGIN, END = "<!-- mutants: begin -->", "<!-- mutants: end -->"
_HEAD = ("| break | what is broken | where | found by |", "|---|---|---|---|")
_ROW = re.compile(r"^\| `([\w-]+)` \| (.*) \| `(.*)` \| (.*) \|$")
_FAILED = re.compile(r"^(?:FAILED|ERROR) tests/(.*?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)
_PASSED, _FAILURES = 0, 1
_SECONDS = 3600
SURVIVED = "**nobody**"


@dataclass(frozen=True)
class Result:
    """What became of a break: the first test that failed, none if it survived, or why it could not be tried."""

    of: Break
    found_by: str = ""
    trouble: str = ""

    def __str__(self) -> str:
        said = f"cannot be tried: {self.trouble}" if self.trouble else f"KILLED by {self.found_by}"
        return f"{self.of.id}: {said if self.trouble or self.found_by else 'SURVIVED'}"


def places(broken: Break, root: Path = ROOT) -> int:
    """How often the text that a break replaces stands in its file: a break needs exactly one."""
    return (root / broken.file).read_text(encoding="utf-8").count(broken.old)


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the project in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="cnnviz-mutants-") as name:
        root = Path(name) / "project"
        root.mkdir()
        for part in COPIED:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, root / part)
            elif (ROOT / part).exists():
                shutil.copy2(ROOT / part, root / part)
        yield root


def environment(root: Path) -> dict[str, str]:
    """Where Python finds the copy, in this process's children and in theirs."""
    return {**os.environ, "PYTHONPATH": str(root)}


def imported_from(root: Path) -> Path:
    """Where a process that runs elsewhere finds the package."""
    code = "import cnnviz; print(cnnviz.__file__)"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=root.parent, env=environment(root), capture_output=True, text=True, check=True)
    return Path(done.stdout.strip()).parent.parent


def pytest(root: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Run tests of a copy until the first that fails: the exit code, and what pytest says."""
    words = [sys.executable, "-m", "pytest", "-x", "-n", "0", "-rfE", "--tb=line", "-p", "no:cacheprovider"]
    words += ["--hypothesis-seed=0", *(f"--ignore={path}" for path in LEFT_OUT), *tests]
    done = subprocess.run(
        words, cwd=root, env=environment(root), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", timeout=_SECONDS, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def try_break(broken: Break, *, likely_only: bool = False) -> Result:
    """Make one break in a copy and run the tests on it."""
    if (count := places(broken)) != 1:
        return Result(broken, trouble=f"its text stands in {broken.file} {count} times, not once")
    with copied() as root:
        path = root / broken.file
        path.write_text(path.read_text(encoding="utf-8").replace(broken.old, broken.new), encoding="utf-8")
        if not imported_from(root).samefile(root):
            return Result(broken, trouble="another cnnviz than the copy's is imported")
        for tests in [broken.tests] if likely_only else [broken.tests, ["tests"]]:
            code, said = pytest(root, tests)
            if code == _FAILURES and (found := _FAILED.search(said)):
                return Result(broken, found_by=found[1])
            if code != _PASSED:
                return Result(broken, trouble=f"pytest ends with {code}: {said.strip()[-400:]}")
    return Result(broken)


def control(breaks: Iterable[Break]) -> str:
    """Run all likely tests on a copy without a break: empty where they are green, else what pytest says."""
    with copied() as root:
        code, said = pytest(root, _together(breaks))
    return "" if code == _PASSED else said


def _together(breaks: Iterable[Break]) -> list[str]:
    """The tests of all breaks; a single test not where its whole file is among them."""
    every = sorted({test for broken in breaks for test in broken.tests})
    return [test for test in every if "::" not in test or test.partition("::")[0] not in every]


def listed(text: str) -> dict[str, tuple[str, str, str]]:
    """The table between the markers: what is broken, where and who found it, by the break's name."""
    table = text.partition(BEGIN)[2].partition(END)[0]
    return {row[1]: (row[2], row[3], row[4]) for line in table.splitlines() if (row := _ROW.match(line))}


def told(text: str, found: Mapping[str, str], breaks: Sequence[Break] = BREAKS) -> str:
    """The text with the table of all breaks, those of `found` with who found them now."""
    before = {name: row[2] for name, row in listed(text).items()}
    rows = [
        f"| `{each.id}` | {each.what} | `{each.file}` | {found.get(each.id) or before.get(each.id, 'not tried yet')} |"
        for each in breaks
    ]
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return "\n".join([head + BEGIN, *_HEAD, *rows, END + tail])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--list", action="store_true", help="List the breaks and try none.")
    parser.add_argument("--only", metavar="ID", nargs="+", help="Try these breaks alone.")
    parser.add_argument("--jobs", type=int, default=2, help="How many are tried at once.")
    parser.add_argument("--likely", action="store_true", help="Run only the tests that are likely to see a break.")
    parser.add_argument("--no-control", action="store_true", help="Trust that the likely tests are green without one.")
    return parser.parse_args()


def _main() -> int:
    given = _arguments()
    known = {broken.id: broken for broken in BREAKS}
    if unknown := sorted({*(given.only or ())} - known.keys()):
        print(f"there is no break {', '.join(unknown)}: see --list", file=sys.stderr)
        return 2
    chosen = [known[name] for name in given.only] if given.only else list(BREAKS)
    if given.list:
        print("\n".join(f"{broken.id}: {broken.what} ({broken.file})" for broken in chosen))
        return 0
    if not given.no_control and (said := control(chosen)):
        print(f"{said}\nWithout a break the tests are not green.", file=sys.stderr)
        return 1
    results = []
    with ThreadPoolExecutor(given.jobs) as pool:
        for result in pool.map(lambda broken: try_break(broken, likely_only=given.likely), chosen):
            print(result, flush=True)
            results.append(result)
    found = {r.of.id: f"`{r.found_by}`" if r.found_by else SURVIVED for r in results if not r.trouble}
    README.write_text(told(README.read_text(encoding="utf-8"), found), encoding="utf-8")
    killed = sum(1 for result in results if result.found_by)
    print(f"{killed} of {len(results)} breaks are found")
    return int(killed < len(results))


if __name__ == "__main__":
    sys.exit(_main())
