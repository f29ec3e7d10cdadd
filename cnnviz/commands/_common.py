"""What several commands share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cnnviz.check import Report

OUTPUT_FOLDER = Path("output")


def tell_reports(reports: Iterable[Report], quiet: bool) -> int:
    """Say what became of each check; returns how many found a difference."""
    failed = 0
    for report in reports:
        failed += report.failed
        if report.failed or not quiet:
            click.echo(report, err=report.failed)
    return failed
