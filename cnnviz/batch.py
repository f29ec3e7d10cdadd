"""Figure sets: TOML files become many figures, in parallel, and only those that are not up to date."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from cnnviz import __version__
from cnnviz.discovery import find_scenes
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.places import PLACES

Item = TypeVar("Item")
Result = TypeVar("Result")
MANIFEST = "manifest.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OWN_KEYS = {"scene": str, "name": str, "caption": str, "section": str, "format": str | list}


@dataclass(frozen=True)
class Entry:
    """A figure of a set: where it was declared, its scene and parameters, and the files that it becomes.

    `file` is the first of them, `also` are the others.
    """

    source: str
    name: str
    scene: str
    file: str
    parameters: dict[str, Any] = field(default_factory=dict)
    section: str = ""
    caption: str = ""
    also: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """All files, in the order in which their formats are given."""
        return self.file, *self.also

    def resolved(self) -> dict[str, Any]:
        """The parameters, with the path of each that names a file beside the set."""
        return {key: self._beside(value) for key, value in self.parameters.items()}

    def _beside(self, value: Any) -> Any:
        if not isinstance(value, str) or not value or len(value) > 4096 or "\0" in value or os.path.isfile(value):
            return value
        beside = os.path.join(os.path.dirname(self.source), value)
        return beside if os.path.isfile(beside) else value


@dataclass(frozen=True)
class Outcome:
    """What became of an entry; `error` is empty where a file was written."""

    entry: Entry
    digest: str
    error: str = ""
    record: dict[str, Any] = field(default_factory=dict)


def render_sets(sets: Sequence[Path], out: Path, *, jobs: Any, force: bool, quiet: bool) -> int:
    """Render what is not up to date; returns how many figures failed. Raises UsageError for a bad set."""
    count = job_count(jobs)
    entries = read_sets(sets)
    code = _code_digest()
    digests = {entry.file: _digest(entry, code) for entry in entries}
    known = {} if force else read_manifest(out)
    due = [e for e in entries if not _up_to_date(known.get(e.file), digests[e.file], out / e.file)]
    _make_folder(out)
    outcomes: dict[str, Outcome] = {}
    work = [(entry, digests[entry.file], str(out)) for entry in due]
    try:
        for outcome in progress(run_all(_make, work, count), len(due), quiet):
            outcomes[outcome.entry.file] = outcome
    finally:
        _write_manifest(out, entries, read_manifest(out), outcomes)
    failed = [o for e in due if (o := outcomes[e.file]).error]
    _report(len(entries), len(due), failed, quiet)
    return len(failed)


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CnnvizError(f"cannot write to folder {out}: {(error.strerror or '').lower()}") from None


def read_sets(sets: Sequence[Path]) -> list[Entry]:
    """The figures of sets and of folders of them, no two of one file; raises UsageError."""
    entries = [entry for path in _set_files(sets) for entry in read_set(path)]
    _refuse_twins(entries)
    return entries


def read_set(path: Path) -> Iterator[Entry]:
    """The figures of a TOML file in order; raises UsageError that names file, figure and key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"figure set {path} cannot be read: {(error.strerror or '').lower()}") from None
    except ValueError as error:
        raise UsageError(f"figure set {path} is not valid TOML: {error}") from None
    if unknown := set(table) - {"figure"}:
        raise UsageError(f"figure set {path}: unknown key {min(unknown)!r}: a set holds [[figure]] tables")
    figures = table.get("figure", [])
    if not isinstance(figures, list) or not all(isinstance(figure, dict) for figure in figures):
        raise UsageError(f"figure set {path}: write each figure as a table under [[figure]]")
    for place, figure in enumerate(figures, start=1):
        yield _entry(path, place, figure)


def _entry(path: Path, place: int, figure: dict[str, Any]) -> Entry:
    name = figure.get("name", "")
    where = f"{path}, figure {place}" + (f" ({name})" if isinstance(name, str) and name else "")
    for key, kind in _OWN_KEYS.items():
        if key in figure and not isinstance(figure[key], kind):
            raise UsageError(f"{where}: {key} {figure[key]!r} is not a text")
    for key in ("scene", "name"):
        if not figure.get(key):
            raise UsageError(f"{where}: {key} is missing")
    if not _NAME.fullmatch(name):
        raise UsageError(f"{where}: name {name!r} does not do as a file name: use letters, digits, dots, - and _")
    file, *also = (f"{name}.{extension}" for extension in _formats(where, figure))
    if MANIFEST in (file, *also):
        raise UsageError(f"{where}: {MANIFEST} is where the set is listed: use another name")
    rest = {key: value for key, value in figure.items() if key not in _OWN_KEYS}
    return Entry(
        source=str(path), name=name, scene=figure["scene"], file=file, parameters=rest,
        section=figure.get("section", ""), caption=figure.get("caption", ""), also=tuple(also),
    )  # fmt: skip


def _formats(where: str, figure: dict[str, Any]) -> list[str]:
    """The extensions that a figure's `format` names, as a text such as "gif, mp4" or as a list."""
    place = PLACES.get(str(figure.get("for", figure.get("for_"))))
    named = figure.get("format", place.format if place else "gif")
    words = [word.strip() for word in named.split(",")] if isinstance(named, str) else named
    extensions = [word.removeprefix(".") if isinstance(word, str) else "" for word in words]
    if not extensions or not all(map(_NAME.fullmatch, extensions)):
        raise UsageError(f"{where}: format {figure['format']!r} is not a file's extension: give one such as gif")
    return list(dict.fromkeys(extensions))


def _set_files(sets: Sequence[Path]) -> Iterator[Path]:
    for path in sets:
        if os.path.isdir(path):
            found = sorted(path.glob("*.toml"))
            if not found:
                raise UsageError(f"folder {path} holds no figure set: put a .toml file there")
            yield from found
        elif os.path.exists(path):
            yield path
        else:
            raise UsageError(f"figure set {path} does not exist: give a .toml file or a folder of them")


def _refuse_twins(entries: Sequence[Entry]) -> None:
    seen: dict[str, Entry] = {}
    for entry in entries:
        for file in entry.files:
            if (twin := seen.setdefault(file, entry)) is not entry:
                raise UsageError(f"{entry.source} and {twin.source} both name a figure {file}: rename one")


def job_count(jobs: Any) -> int:
    """How many processes `--jobs` asks for, or one a core; raises UsageError."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if jobs is None:
        return cores
    try:
        count = int(jobs)
    except ValueError:
        count = 0
    if not 1 <= count <= 256:
        raise UsageError(f"--jobs {jobs!r} does not do: use 1 to 256")
    return count


def run_all(make: Callable[[Item], Result], work: Sequence[Item], jobs: int) -> Iterator[Result]:
    """What `make` gives for each item, as it comes, from `jobs` processes; raises CnnvizError where one dies."""
    if not work:
        return
    _import_all()
    if jobs == 1 or len(work) < 2:
        yield from map(make, work)
        return
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed

    with ProcessPoolExecutor(min(jobs, len(work)), initializer=_ignore_interrupt) as pool:
        futures = [pool.submit(make, item) for item in work]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenExecutor:
            raise CnnvizError("a process that renders died, perhaps for want of memory: try --jobs 1") from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _import_all() -> None:
    """Import what every figure needs, once: worker processes are copies of this one where the system can fork."""
    for module in ("cnnviz.render.frames", "cnnviz.render.panels.grid", "cnnviz.export.gif"):
        import_module(module)
    # What is imported stays: the collector need not look at it again after every figure.
    gc.freeze()


def _ignore_interrupt() -> None:
    import signal

    # Ctrl-C reaches the whole group; the parent alone answers it, once, and its workers finish the file at hand.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _make(item: tuple[Entry, str, str]) -> Outcome:
    """Make one figure; a failure is an outcome, so that it does not stop the others."""
    entry, digest, out = item
    from cnnviz.pipeline import make

    try:
        figure = make(entry.scene, **entry.resolved())
        made = figure.save_each([Path(out) / file for file in entry.files])
    except CnnvizError as error:
        return Outcome(entry, digest, error=str(error))
    except Exception as error:
        return Outcome(entry, digest, error=f"internal error: {type(error).__name__}: {' '.join(str(error).split())}")
    path, *others = made
    # Of data and pictures of one figure, the pictures have a size.
    written = max(made.values(), key=lambda each: bool(each.size[0]))
    record = {
        "file": entry.file, "name": entry.name, "scene": entry.scene, "section": entry.section,
        "title": figure.storyboard().title, "caption": entry.caption, "alt": figure.storyboard().alt,
        "command": figure.command(), "parameters": entry.parameters, "width": written.size[0],
        "height": written.size[1], "steps": written.steps, "milliseconds": written.milliseconds,
        "bytes": path.stat().st_size, "digest": digest,
    }  # fmt: skip
    if others:
        record["also"] = [{"file": other.name, "bytes": other.stat().st_size} for other in others]
    # A film's painters refer to one another: without this, memory grows by a palette a figure until Python looks.
    gc.collect()
    return Outcome(entry, digest, record=record)


def progress(outcomes: Iterator[Result], count: int, quiet: bool) -> Iterator[Result]:
    """The same, with a bar that tells how far they are."""
    import click

    if quiet or not count:
        yield from outcomes
        return
    with click.progressbar(outcomes, length=count, label="Rendering", show_pos=True) as bar:
        yield from bar


def _report(total: int, due: int, failed: Sequence[Outcome], quiet: bool) -> None:
    import click

    for outcome in failed:
        click.echo(f"cnnviz: {outcome.entry.source}, figure {outcome.entry.name}: {outcome.error}", err=True)
    if failed:
        click.echo(f"cnnviz: {len(failed)} of {total} figures failed", err=True)
    if not quiet:
        click.echo(f"{due - len(failed)} made, {total - due} up to date")


def _up_to_date(record: Mapping[str, Any] | None, digest: str, path: Path) -> bool:
    if record is None or record.get("digest") != digest:
        return False
    files = {path: record.get("bytes")} | {path.with_name(o["file"]): o["bytes"] for o in record.get("also", ())}
    return all(file.is_file() and file.stat().st_size == size for file, size in files.items())


def _digest(entry: Entry, code: str) -> str:
    """Of all that a figure is made from: code, parameters and the contents of the files that these name."""
    # Not of where it was declared: the same set is given by other paths from other folders.
    parts = [code, json.dumps(asdict(replace(entry, source="")), sort_keys=True, default=str)]
    for value in entry.resolved().values():
        if isinstance(value, str) and len(value) < 4096 and os.path.isfile(value):
            # A file that cannot be read is for the figure to tell.
            with suppress(OSError):
                parts.append(hashlib.sha256(Path(value).read_bytes()).hexdigest())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _code_digest() -> str:
    folder = Path(__file__).parent
    # Another release of what draws and encodes may draw otherwise.
    sums = [__version__, *(f"{name} {version(name)}" for name in ("numpy", "matplotlib", "pillow"))]
    own = sorted(file for kind in ("*.py", "*.toml", "*.npy") for file in folder.rglob(kind))
    for file in dict.fromkeys([*own, *find_scenes().values()]):
        sums.append(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}")
    return hashlib.sha256("\n".join(sums).encode()).hexdigest()


def read_manifest(out: Path) -> dict[str, Any]:
    """What an output folder holds, by file, in the order of the sets; nothing where there is no manifest."""
    try:
        figures = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["figures"]
        return {record["file"]: record for record in figures}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write_manifest(
    out: Path, entries: Sequence[Entry], known: Mapping[str, Any], outcomes: Mapping[str, Outcome]
) -> None:
    from cnnviz.export._atomic import whole_file

    records = [
        record for entry in entries
        if (record := outcomes[entry.file].record if entry.file in outcomes else known.get(entry.file))
    ]
    ours = {entry.file for entry in entries}
    others = [record for file, record in known.items() if file not in ours and (out / file).is_file()]
    text = json.dumps({"figures": records + others}, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    data = text.encode("utf-8", "backslashreplace")
    path = out / MANIFEST
    with suppress(OSError):
        if path.read_bytes() == data:
            return
    with whole_file(path) as file:
        file.write(data)
