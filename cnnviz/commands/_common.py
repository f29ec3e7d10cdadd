"""What several commands share."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnviz.inputs import is_web

if TYPE_CHECKING:
    from cnnviz.check import Report
    from cnnviz.export import Written

OUTPUT_FOLDER = Path("output")

jobs_option = click.option(
    "--jobs", type=click.IntRange(1, 256), metavar="N", help="Processes at work.  [default: one a core]"
)


class UserPath(click.Path):
    """A path, with ~ for the home directory where the shell has left it, as in `--output=~/x.gif`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Expand ~; a web address is refused."""
        if not value:
            raise click.UsageError(f"{param and param.opts[0]} '' is no path: give the path of a file or folder", ctx)
        if is_web(value):
            raise click.UsageError(f"{value} is a web address: download it first")
        return os.path.expanduser(super().convert(value, param, ctx))


def print_reports(reports: Iterable[Report], quiet: bool) -> int:
    """Print what became of each check; returns how many found a difference."""
    failed = 0
    for report in reports:
        failed += report.failed
        if report.failed or not quiet:
            click.echo(report, err=report.failed)
    return failed


def describe_output(path: Path, written: Written, unit: str = "step") -> str:
    """What was written, on one line."""
    files = list(path.iterdir()) if path.is_dir() else [path]
    (width, height), seconds = written.size, written.milliseconds / 1000
    facts = (
        f"{width}×{height} px" if width else "",
        f"{written.steps} {unit}{'s' * (written.steps != 1)}",
        f"{seconds:.1f} s" if width and seconds else "",
        f"{sum(file.stat().st_size for file in files) / 1024:.1f} KiB",
        f"fitted: {written.fitted}" if written.fitted else "",
    )
    return f"{path}{'/' * path.is_dir()}: {', '.join(filter(None, facts))}"


def print_facts(facts: Mapping[str, str | None]) -> None:
    """Print facts one a line, those that are not empty, their names in a column."""
    kept = {name: text for name, text in facts.items() if text}
    width = max(map(len, kept)) + 2
    for name, text in kept.items():
        # What comes from files may hold characters that would command a terminal.
        shown = "".join(char if char.isprintable() else " " for char in text)
        click.echo(f"{name + ':':<{width}}{shown}")
