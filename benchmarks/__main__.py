"""`python -m benchmarks`: measure every axis and write `benchmarks/RESULTS.md`, a plot of each and `results.json`.

`--update NAME` measures one axis anew and leaves the others as they were; `--only NAME` prints it and writes nothing;
`--plots` measures nothing and writes all anew from `results.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks._charts import Chart
from benchmarks._measure import BenchmarkError
from benchmarks._report import Section, facts, load_average, markdown, stored
from benchmarks.batch import batch
from benchmarks.channels import channels
from benchmarks.figure_set import figure_set
from benchmarks.formats import formats
from benchmarks.inputs import inputs
from benchmarks.lean import memory, size
from benchmarks.net import net
from benchmarks.speed import default, start
from benchmarks.steps import steps
from benchmarks.studio import studio
from benchmarks.training import training

AXES: dict[str, Callable[[Path, bool], Section]] = {
    "default": default,
    "input": inputs,
    "steps": steps,
    "formats": formats,
    "batch": batch,
    "set": figure_set,
    "memory": memory,
    "size": size,
    "start": start,
    "studio": studio,
    "training": training,
    "channels": channels,
    "net": net,
}
HERE = Path(__file__).parent


def main() -> int:
    """Return 1 where an axis could not be measured; a missed target is a result, not a failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: rough figures")
    names = f"may be repeated: {', '.join(AXES)}"
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only", action="append", choices=AXES, metavar="NAME", help=f"print this axis; {names}")
    which.add_argument("--update", action="append", choices=AXES, metavar="NAME", help=f"this axis anew; {names}")
    which.add_argument("--plots", action="store_true", help="report and plots anew from results.json")
    arguments = parser.parse_args()
    if arguments.only:
        found = {name: measured(name, arguments.quick) for name in arguments.only}
        print(markdown(found))
        return int(any(axis["failed"] for axis in found.values()))
    chosen, failed = arguments.update or ([] if arguments.plots else AXES), False
    for name in chosen:
        axis = measured(name, arguments.quick)
        failed |= axis["failed"]
        # After each axis: a whole run takes a quarter of an hour, and what is measured is measured.
        if name not in kept(HERE) or not axis["failed"]:
            keep({**kept(HERE), name: axis}, HERE)
    if arguments.plots:
        keep(kept(HERE), HERE)
    draw_all(kept(HERE), HERE, list(AXES) if arguments.plots else list(chosen))
    print(f"{HERE / 'RESULTS.md'}: written", file=sys.stderr)
    return int(failed)


def measured(name: str, quick: bool) -> dict[str, Any]:
    """An axis as `stored` gives it, and whether it failed."""
    print(f"{name} …", file=sys.stderr, flush=True)
    load, failed = load_average(), False
    with tempfile.TemporaryDirectory(prefix="cnnviz-bench-") as folder:
        try:
            section = AXES[name](Path(folder), quick)
        except BenchmarkError as error:
            print(f"{name}: {error}", file=sys.stderr)
            section, failed = Section(name, notes=[f"**Could not be measured:** {error}"]), True
    return stored(section, facts(), load, quick=quick) | {"failed": failed}


def kept(folder: Path) -> dict[str, dict[str, Any]]:
    """The axes of a folder's `results.json`."""
    file = folder / "results.json"
    found: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def keep(axes: dict[str, dict[str, Any]], folder: Path) -> None:
    """Write `results.json` and `RESULTS.md` into a folder."""
    axes = {name: axes[name] for name in AXES if name in axes}
    # An axis a line: what was measured anew shows.
    lines = [f"{json.dumps(name)}: {json.dumps(axis, ensure_ascii=False)}" for name, axis in axes.items()]
    (folder / "results.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    (folder / "RESULTS.md").write_text(markdown(axes), encoding="utf-8")


def draw_all(axes: dict[str, dict[str, Any]], folder: Path, names: list[str]) -> None:
    """Draw the plots of these axes as PNGs into a folder."""
    # Not before all is measured: matplotlib would make this process larger than those that it measures.
    from benchmarks._plots import draw

    for name in names:
        if name in axes and (chart := axes[name]["chart"]):
            draw(Chart(**chart), folder / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
