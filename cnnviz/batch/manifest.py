"""The list of an output folder's figures, and the journals of runs that are under way or were cut off.

A run notes each figure in a journal of its own as it is made, a line at a time, and puts what it noted into the
manifest at its end. What a run left that was killed, the next one puts there.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from cnnviz.errors import CnnvizError

try:
    import fcntl
except ImportError:  # pragma: no cover
    fcntl = None  # type: ignore[assignment]

MANIFEST = "manifest.json"
JOURNAL_PREFIX = ".cnnviz.journal-"

Record = dict[str, Any]

_TEXTS = ("file", "sha256", "section", "title", "caption", "alt", "command")
_COUNTS = ("bytes", "width", "height", "steps", "milliseconds")
_OF_FILES = ("file", "sha256"), ("bytes",)
_MOST = 2**53


class Listed(Protocol):
    """A figure of a set, as far as its record tells of it."""

    @property
    def file(self) -> str: ...  # noqa: D102
    @property
    def files(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def section(self) -> str: ...  # noqa: D102
    @property
    def caption(self) -> str: ...  # noqa: D102


def read_manifest(out: Path) -> dict[str, Record]:
    """What an output folder holds, by file, in the order of the sets; what no run would have written is left out."""
    return _records(_listed(out))


def _listed(out: Path) -> list[Any]:
    """What a manifest lists, whatever that is; nothing where there is none."""
    try:
        table = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    figures = table.get("figures") if isinstance(table, dict) else None
    return figures if isinstance(figures, list) else []


def _records(listed: Iterable[Any]) -> dict[str, Record]:
    return {found["file"]: found for found in listed if _is_record(found)}


def _is_record(found: Any) -> bool:
    """Whether what a file holds has all that is read of a record."""
    if not _has(found, _TEXTS, _COUNTS):
        return False
    others = found.get("also", [])
    return isinstance(others, list) and all(_has(other, *_OF_FILES) for other in others)


def _has(found: Any, texts: Iterable[str], counts: Iterable[str]) -> bool:
    return (
        isinstance(found, dict)
        and all(isinstance(found.get(key), str) for key in texts)
        and all(type(found.get(key)) is int and 0 <= found[key] < _MOST for key in counts)
    )


def files_of(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The files that a record tells of, each with its size and the digest of its content."""
    return [record, *record.get("also", ())]


def is_whole(record: Mapping[str, Any], out: Path) -> bool:
    """Whether the files of a record are there with the content that it tells of.

    Their content decides, not their time: times differ from run to run and would make the manifest differ, too.
    """
    from cnnviz.batch.digests import content_digest

    try:
        files = [(os.path.join(out, one["file"]), one) for one in files_of(record)]
        # A size that differs spares the reading.
        return all(os.stat(path).st_size == one["bytes"] for path, one in files) and all(
            content_digest(path) == one["sha256"] for path, one in files
        )
    except (OSError, KeyError, TypeError, ValueError):
        return False


class Journal:
    """What a run has made so far, in a file of its own in the output folder; nothing until the first figure."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._file: int | None = None
        self._path: Path | None = None

    def add(self, record: Record) -> None:
        """Note a figure that is about to get its name; raises CnnvizError."""
        # The newline before it keeps it apart from a line that a full disk has cut off.
        line = b"\n" + json.dumps({"figure": record}, sort_keys=True).encode() + b"\n"
        from cnnviz.files import hold

        try:
            if self._file is None:
                # Begun in the folder's turn: another run would take it for one that nobody writes any more.
                with folder_turn(self._out):
                    self._file, name = tempfile.mkstemp(prefix=JOURNAL_PREFIX, dir=self._out)
                    self._path = Path(name)
                    hold(self._file)
            os.write(self._file, line)
        except OSError as error:
            raise CnnvizError(f"cannot write to folder {self._out}: {(error.strerror or '').lower()}") from None

    def remove(self) -> None:
        """Remove it: the manifest has what it had."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave it, to the next run if it is still there."""
        if self._file is not None:
            os.close(self._file)
            self._file = self._path = None


def settle(out: Path) -> None:
    """Put into the manifest what runs have made that were cut off; raises CnnvizError."""
    if not out.is_dir() or not any(_journals(out)):
        return
    from cnnviz.files import hold

    with folder_turn(out):
        found: dict[str, Record] = {}
        over: list[Path] = []
        for path in sorted(_journals(out)):
            with suppress(OSError), path.open("rb") as file:
                if hold(file.fileno()):
                    found |= {record["file"]: record for record in _lines(file)}
                    over.append(path)
        # A file may have been noted and not have got its name any more.
        known = read_manifest(out)
        kept = {file: record for file, record in found.items() if known.get(file) != record and is_whole(record, out)}
        if kept:
            files = [one["file"] for record in kept.values() for one in files_of(record)]
            _write(out, [*_without(known, files), *kept.values()])
        for path in over:
            with suppress(OSError):
                path.unlink()


def _journals(out: Path) -> Iterator[Path]:
    return (path for path in out.glob(f"{JOURNAL_PREFIX}*") if path.is_file())


def _lines(file: Iterable[bytes]) -> Iterator[Record]:
    for line in file:
        # The last line may have been cut off.
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            record = json.loads(line)["figure"]
            if _is_record(record):
                yield record


def fold(out: Path, entries: Sequence[Listed], made: Mapping[str, Record], failed: Iterable[str]) -> None:
    """Put what was made into the manifest, in the order of the sets and before what others made; raises CnnvizError.

    Records of figures that failed go; what the sets say of the others, their captions, is brought up to date.
    """
    with folder_turn(out):
        listed, lost = _listed(out), set(failed)
        known = _records(listed)
        now = {file: record for file, record in (known | dict(made)).items() if file not in lost}
        records = [
            {**now[one.file], "name": one.name, "section": one.section, "caption": one.caption}
            for one in entries if one.file in now
        ]  # fmt: skip
        # What is not made yet does not make an older record of its files untrue.
        ours = {file for one in entries if one.file in now or one.file in lost for file in one.files}
        records += [record for record in _without(known, ours) if (out / record["file"]).is_file()]
        if records != listed or not (out / MANIFEST).is_file():
            _write(out, records)


def _without(records: Mapping[str, Record], files: Iterable[str]) -> list[Record]:
    """The records that tell of none of these files."""
    gone = set(files)
    return [record for record in records.values() if all(one["file"] not in gone for one in files_of(record))]


def _write(out: Path, records: Sequence[Record]) -> None:
    from cnnviz.files import whole_file

    text = json.dumps({"figures": records}, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    with whole_file(out / MANIFEST) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


@contextmanager
def folder_turn(out: Path) -> Iterator[None]:
    """Have the manifest for oneself, where the system can see to it."""
    try:
        folder = os.open(out, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        if fcntl is not None:
            with suppress(OSError):
                fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
