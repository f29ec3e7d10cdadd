"""Render figure sets: what is due is made, what was made is written and noted at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from cnnviz.batch.digests import Sources
from cnnviz.batch.entries import Entry, read_sets
from cnnviz.batch.executors import Executor, job_count, local
from cnnviz.batch.making import Outcome, Task, lost, make_figure
from cnnviz.batch.manifest import Journal, Record, fold, is_whole, read_manifest, settle
from cnnviz.batch.sweep import Check
from cnnviz.errors import CnnvizError, UsageError

Result = TypeVar("Result")


def render_sets(
    sets: Sequence[Path], out: Path, *, jobs: Any, force: bool, quiet: bool, scheduler: str | None = None
) -> int:
    """Render what is not up to date; returns how many figures failed.

    With `scheduler`, the address of a Dask cluster, figures are made there and written here. Raises UsageError for a
    bad set or address, CnnvizError.
    """
    place = _Place(scheduler, job_count(jobs), jobs is not None)
    skipped: list[tuple[Entry, UsageError]] = []
    checks: list[Check] = []
    entries = read_sets(sets, lambda *one: skipped.append(one), checks.append)
    sources = Sources()
    tasks = [Task(entry, sources.digest(entry)) for entry in entries]
    clear(out)
    known = read_manifest(out)
    due = tasks if force else [task for task in tasks if not _up_to_date(known.get(task.entry.file), task, out)]
    for check in checks if due else ():
        check()
    _tell_skipped(skipped, quiet)
    _make_folder(out)
    run = _Run(out, entries)
    try:
        if due:
            made = _made(place.executor(len(due)), _longest_first(due, known), sources)
            for outcome in progress(made, len(due), quiet):
                run.take(outcome)
    finally:
        run.end()
    failed = [run.failed[task.entry.file] for task in due if task.entry.file in run.failed]
    _report(len(entries), len(due), failed, len(skipped), quiet)
    return len(failed)


def clear(out: Path) -> None:
    """Put a folder in order after runs that were cut off; raises CnnvizError."""
    from cnnviz.files import clear_stale

    settle(out)
    if out.is_dir():
        clear_stale(out)


@dataclass(frozen=True)
class _Place:
    """Where figures are to be made."""

    scheduler: str | None
    jobs: int
    both: bool

    def __post_init__(self) -> None:
        if self.scheduler is not None:
            from cnnviz.batch.cluster import check_address

            check_address(self.scheduler)
            if self.both:
                raise UsageError("--jobs is for this machine and --scheduler for a cluster: leave one of them out")

    def executor(self, count: int) -> Executor:
        if self.scheduler is None:
            return local(self.jobs, count)
        from cnnviz.batch.cluster import Cluster

        return Cluster(self.scheduler)


def _made(executor: Executor, due: Sequence[Task], sources: Sources) -> Iterator[Outcome]:
    """The outcomes, as they come."""
    unreadable = []

    def packed() -> Iterator[Task]:
        for task in due:
            try:
                yield task.packed(sources) if executor.elsewhere else task
            except CnnvizError as error:
                unreadable.append(lost(task, str(error)))

    yield from executor.run(make_figure, packed(), lost)
    yield from unreadable


def _longest_first(due: Sequence[Task], known: Mapping[str, Record]) -> list[Task]:
    """Figures of which nothing is known, then by how much there was to draw: a long one at the end keeps one core."""

    def size(task: Task) -> float:
        record = known.get(task.entry.file)
        try:
            return float(record["steps"] * record["width"] * record["height"]) if record else float("inf")
        except (KeyError, TypeError):
            return float("inf")

    return sorted(due, key=size, reverse=True)


@dataclass
class _Run:
    """What has been made and what has failed so far."""

    out: Path
    entries: Sequence[Entry]
    made: dict[str, Record] = field(default_factory=dict)
    failed: dict[str, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._journal = Journal(self.out)
        self._naming: Record | None = None

    def take(self, outcome: Outcome) -> None:
        """Write a figure's files and note it."""
        file = outcome.entry.file
        try:
            if outcome.error:
                raise CnnvizError(outcome.error)
            self._write(outcome)
        except CnnvizError as error:
            self.failed[file] = Outcome(outcome.entry, error=str(error))
        else:
            self.made[file] = outcome.record

    def _write(self, outcome: Outcome) -> None:
        from cnnviz.files import whole_files

        with whole_files([self.out / name for name in outcome.entry.files]) as files:
            for one, content in zip(files, outcome.contents, strict=True):
                one.write(content)
            # Noted before it has its name, so that no figure is there and unknown; what has the name and another
            # content than noted was not this one.
            self._journal.add(outcome.record)
            self._naming = outcome.record

    def end(self) -> None:
        """Put what was noted into the manifest; raises CnnvizError."""
        # Ctrl-C may have come after a figure got its name and before it counted as made.
        if self._naming and self._naming["file"] not in self.made and is_whole(self._naming, self.out):
            self.made[self._naming["file"]] = self._naming
        try:
            fold(self.out, self.entries, self.made, self.failed)
            self._journal.remove()
        finally:
            self._journal.close()


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CnnvizError(f"cannot write to folder {out}: {(error.strerror or '').lower()}") from None


def _up_to_date(record: Mapping[str, Any] | None, task: Task, out: Path) -> bool:
    return record is not None and record.get("digest") == task.digest and is_whole(record, out)


def progress(outcomes: Iterator[Result], count: int, quiet: bool) -> Iterator[Result]:
    """The same, with a bar that tells how far they are."""
    import click

    if quiet or not count:
        yield from outcomes
        return
    with click.progressbar(outcomes, length=count, label="Rendering", show_pos=True) as bar:
        yield from bar


def _tell_skipped(skipped: Sequence[tuple[Entry, UsageError]], quiet: bool) -> None:
    import click

    for entry, error in () if quiet else skipped:
        click.echo(f"{entry.source}, figure {entry.name}: skipped: {error}")


def _report(total: int, due: int, failed: Sequence[Outcome], skipped: int, quiet: bool) -> None:
    import click

    for outcome in failed:
        click.echo(f"cnnviz: {outcome.entry.source}, figure {outcome.entry.name}: {outcome.error}", err=True)
    if failed:
        click.echo(f"cnnviz: {len(failed)} of {total} figures failed", err=True)
    if not quiet:
        left_out = f", {skipped} skipped" if skipped else ""
        click.echo(f"{due - len(failed)} made, {total - due} up to date{left_out}")
