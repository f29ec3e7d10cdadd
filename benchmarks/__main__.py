"""`python -m benchmarks`: run every axis and write `benchmarks/RESULTS.md`; `--only` prints some axes instead."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks._measure import BenchmarkError
from benchmarks._report import Section, facts, load_average, markdown
from benchmarks.figure_set import figure_set
from benchmarks.formats import formats
from benchmarks.lean import memory, size
from benchmarks.speed import default, large, start

AXES: dict[str, Callable[[Path, bool], Section]] = {
    "default": default, "large": large, "memory": memory, "size": size, "start": start, "set": figure_set,
    "formats": formats,
}  # fmt: skip
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    """Return 1 where an axis could not be measured; a missed target is a result, not a failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: rough figures")
    only = f"this axis alone, printed and not written; may be repeated: {', '.join(AXES)}"
    parser.add_argument("--only", action="append", choices=AXES, metavar="NAME", help=only)
    arguments = parser.parse_args()
    load, failures, sections = load_average(), 0, []
    with tempfile.TemporaryDirectory(prefix="cnnviz-bench-") as folder:
        for name in arguments.only or AXES:
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                sections.append(AXES[name](Path(folder), arguments.quick))
            except BenchmarkError as error:
                failures += 1
                print(f"{name}: {error}", file=sys.stderr)
                sections.append(Section(name, notes=[f"**Could not be measured:** {error}"]))
    text = markdown(sections, facts(load), quick=arguments.quick)
    if arguments.only:
        print(text)
    else:
        RESULTS.write_text(text, encoding="utf-8")
        print(f"{RESULTS}: written", file=sys.stderr)
    return 1 if failures else 0


sys.exit(main())
