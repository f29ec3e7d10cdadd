"""Render figure sets: only what is not up to date is made, and it is written as it comes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import click

from cnnviz.batch.digests import Sources
from cnnviz.batch.entries import Entry, Skipped, read_sets
from cnnviz.batch.executors import core_count, run_all
from cnnviz.batch.making import Outcome, Task, make_figure
from cnnviz.batch.manifest import Record, is_intact, read_manifest, update_manifest
from cnnviz.errors import CnnvizError
from cnnviz.files import clear_stale, make_folder, whole_files
from cnnviz.installation import load_extra

Result = TypeVar("Result")
_SAVE_INTERVAL = 1.0


def render_sets(
    sets: Sequence[Path], out: Path, *, jobs: int | None, force: bool, quiet: bool, scheduler: str | None = None
) -> int:
    """Render what is not up to date; returns how many figures failed.

    With `scheduler`, the address of a Dask cluster, figures are made there and written here. Raises UsageError for a
    bad set, CnnvizError.
    """
    if scheduler is not None:
        load_extra("distributed", "Dask's distributed", "cluster", "--scheduler")
    skipped: Skipped = []
    entries = read_sets(sets, skipped)
    sources = Sources()
    tasks = [Task(entry, sources.digest(entry), scheduler is not None) for entry in entries]
    known = read_manifest(out)
    due = [task for task in tasks if force or not _up_to_date(known.get(task.entry.file), task, out)]
    if not quiet:
        for entry, error in skipped:
            click.echo(f"{entry.source}, figure {entry.name}: skipped: {error}")
    make_folder(out)
    clear_stale(out)
    run = _Run(out, entries)
    try:
        for outcome in progress(_outcomes(due, jobs or core_count(), scheduler), len(due), quiet):
            run.take(outcome)
    finally:
        run.save()
    for task in due:
        if task.entry.file in run.failed:
            entry, message = task.entry, run.failed[task.entry.file]
            click.echo(f"cnnviz: {entry.source}, figure {entry.name}: {message}", err=True)
    failed = len(run.failed)
    if failed:
        click.echo(f"cnnviz: {failed} of {len(entries)} figures failed", err=True)
    if not quiet:
        left_out = f", {len(skipped)} skipped" if skipped else ""
        click.echo(f"{len(due) - failed} made, {len(entries) - len(due)} up to date{left_out}")
    return failed


def _up_to_date(record: Record | None, task: Task, out: Path) -> bool:
    return record is not None and record.get("digest") == task.digest and is_intact(record, out)


def _outcomes(due: Sequence[Task], jobs: int, scheduler: str | None) -> Iterator[Outcome]:
    if scheduler is None or not due:
        return run_all(make_figure, due, jobs)
    from cnnviz.batch.cluster import make_on_cluster

    return make_on_cluster(scheduler, due)


class _Run:
    """What has been made, and the errors of what has failed, by file."""

    def __init__(self, out: Path, entries: Sequence[Entry]) -> None:
        self._out, self._entries = out, entries
        self._made: dict[str, Record] = {}
        self._saved = time.monotonic()
        self.failed: dict[str, str] = {}

    def take(self, outcome: Outcome) -> None:
        """Write a figure's files. A run that is killed has its figures in the manifest, but for the last second's."""
        entry = outcome.entry
        try:
            if outcome.error:
                raise CnnvizError(outcome.error)
            with whole_files([self._out / name for name in entry.files]) as files:
                for file, content in zip(files, outcome.contents, strict=True):
                    file.write(content)
            self._made[entry.file] = outcome.record
        except CnnvizError as error:
            self.failed[entry.file] = str(error)
        if time.monotonic() - self._saved > _SAVE_INTERVAL:
            self.save()

    def save(self) -> None:
        """Update the manifest; raises CnnvizError."""
        update_manifest(self._out, self._entries, self._made, self.failed)
        self._saved = time.monotonic()


def progress(outcomes: Iterator[Result], count: int, quiet: bool) -> Iterator[Result]:
    """The same outcomes, with a progress bar."""
    hidden = quiet or not count
    with click.progressbar(outcomes, length=count, label="Rendering", show_pos=True, hidden=hidden) as bar:
        yield from bar
