"""What several commands share."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cnnviz.check import Report
    from cnnviz.export import Written

OUTPUT_FOLDER = Path("output")


class UserPath(click.Path):
    """A path, with ~ for the home directory where the shell has left it, as in `--output=~/x.gif`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Expand ~; a web address is refused."""
        if re.match("(https?|ftp)://", str(value), re.IGNORECASE):
            raise click.UsageError(f"{value} is a web address: download it first")
        return os.path.expanduser(super().convert(value, param, ctx))


def dashed(name: str) -> str:
    """An option as it is declared: Python writes `kernel_size` what the command line calls `kernel-size`."""
    return name.replace("_", "-")


def tell_reports(reports: Iterable[Report], quiet: bool) -> int:
    """Say what became of each check; returns how many found a difference."""
    failed = 0
    for report in reports:
        failed += report.failed
        if report.failed or not quiet:
            click.echo(report, err=report.failed)
    return failed


def describe_output(path: Path, written: Written, unit: str = "step") -> str:
    """What was written, on one line."""
    files = list(path.iterdir()) if path.is_dir() else [path]
    steps = f"{written.steps} {unit}{'s' if written.steps != 1 else ''}"
    facts = [steps, f"{sum(file.stat().st_size for file in files) / 1024:.1f} KiB"]
    if written.size[0]:
        width, height = written.size
        facts[:0] = [f"{width}×{height} px"]
        facts[2:2] = [f"{written.milliseconds / 1000:.1f} s"] if written.milliseconds else []
    if written.fitted:
        facts.append(f"fitted: {written.fitted}")
    return f"{path}{'/' if path.is_dir() else ''}: {', '.join(facts)}"


def tell_facts(facts: Mapping[str, str | None]) -> None:
    """Print facts one a line, those that are not empty, their names in a column."""
    kept = {name: text for name, text in facts.items() if text}
    width = max(map(len, kept)) + 2
    for name, text in kept.items():
        # What comes from files may hold characters that would command a terminal.
        shown = "".join(char if char.isprintable() else " " for char in text)
        click.echo(f"{name + ':':<{width}}{shown}")
