"""Render figure sets: only what is not up to date is made, and it is written as it comes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click

from cnnviz.batch.digests import Sources
from cnnviz.batch.entries import Entry, read_sets
from cnnviz.batch.executors import job_count, run_all
from cnnviz.batch.making import Outcome, Task, make_figure
from cnnviz.batch.manifest import Record, is_intact, read_manifest, update_manifest
from cnnviz.errors import CnnvizError, UsageError

Result = TypeVar("Result")
_SAVE_INTERVAL = 1.0


def render_sets(
    sets: Sequence[Path], out: Path, *, jobs: object, force: bool, quiet: bool, scheduler: str | None = None
) -> int:
    """Render what is not up to date; returns how many figures failed.

    With `scheduler`, the address of a Dask cluster, figures are made there and written here. Raises UsageError for a
    bad set or address, CnnvizError.
    """
    count = job_count(jobs)
    if scheduler is not None:
        from cnnviz.batch.cluster import check_address

        check_address(scheduler)
        if jobs is not None:
            raise UsageError("--jobs is for this machine and --scheduler for a cluster: leave one of them out")
    skipped: list[tuple[Entry, UsageError]] = []
    entries = read_sets(sets, skipped)
    sources = Sources()
    tasks = [Task(entry, sources.digest(entry), scheduler is not None) for entry in entries]
    known = read_manifest(out)
    due = tasks if force else [task for task in tasks if not _up_to_date(known.get(task.entry.file), task, out)]
    if not quiet:
        for entry, error in skipped:
            click.echo(f"{entry.source}, figure {entry.name}: skipped: {error}")
    _prepare_folder(out)
    run = _Run(out, entries)
    try:
        for outcome in progress(_outcomes(_longest_first(due, known), count, scheduler), len(due), quiet):
            run.take(outcome)
    finally:
        run.save()
    failed = [run.failed[task.entry.file] for task in due if task.entry.file in run.failed]
    _report(len(entries), len(due), failed, len(skipped), quiet)
    return len(failed)


def _up_to_date(record: Record | None, task: Task, out: Path) -> bool:
    return record is not None and record.get("digest") == task.digest and is_intact(record, out)


def _prepare_folder(out: Path) -> None:
    from cnnviz.files import clear_stale, reason

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CnnvizError(f"cannot write to folder {out}: {reason(error)}") from None
    clear_stale(out)


def _longest_first(due: Sequence[Task], known: Mapping[str, Record]) -> list[Task]:
    """Unknown figures, then by how much there was to draw: a long figure at the end would keep one core busy alone."""

    def size(task: Task) -> float:
        record = known.get(task.entry.file)
        return record["steps"] * record["width"] * record["height"] if record else float("inf")

    return sorted(due, key=size, reverse=True)


def _outcomes(due: Sequence[Task], jobs: int, scheduler: str | None) -> Iterator[Outcome]:
    if scheduler is None:
        return run_all(make_figure, due, jobs)
    from cnnviz.batch.cluster import make_on_cluster

    return make_on_cluster(scheduler, due) if due else iter(())


class _Run:
    """What has been made and what has failed so far."""

    def __init__(self, out: Path, entries: Sequence[Entry]) -> None:
        self._out = out
        self._entries = entries
        self._made: dict[str, Record] = {}
        self._saved = time.monotonic()
        self.failed: dict[str, Outcome] = {}

    def take(self, outcome: Outcome) -> None:
        """Write a figure's files. A run that is killed has its figures in the manifest, but for the last second's."""
        from cnnviz.files import whole_files

        file = outcome.entry.file
        try:
            if outcome.error:
                raise CnnvizError(outcome.error)
            with whole_files([self._out / name for name in outcome.entry.files]) as files:
                for one, content in zip(files, outcome.contents, strict=True):
                    one.write(content)
            self._made[file] = outcome.record
        except CnnvizError as error:
            self.failed[file] = Outcome(outcome.entry, error=str(error))
        if time.monotonic() - self._saved > _SAVE_INTERVAL:
            self.save()

    def save(self) -> None:
        """Update the manifest; raises CnnvizError."""
        update_manifest(self._out, self._entries, self._made, self.failed)
        self._saved = time.monotonic()


def progress(outcomes: Iterator[Result], count: int, quiet: bool) -> Iterator[Result]:
    """The same outcomes, with a progress bar."""
    if quiet or not count:
        yield from outcomes
        return
    with click.progressbar(outcomes, length=count, label="Rendering", show_pos=True) as bar:
        yield from bar


def _report(total: int, due: int, failed: Sequence[Outcome], skipped: int, quiet: bool) -> None:
    for outcome in failed:
        click.echo(f"cnnviz: {outcome.entry.source}, figure {outcome.entry.name}: {outcome.error}", err=True)
    if failed:
        click.echo(f"cnnviz: {len(failed)} of {total} figures failed", err=True)
    if not quiet:
        left_out = f", {skipped} skipped" if skipped else ""
        click.echo(f"{due - len(failed)} made, {total - due} up to date{left_out}")
