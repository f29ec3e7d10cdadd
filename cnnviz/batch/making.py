"""One figure of a set, made wherever there is a processor: what goes there, and what comes back."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.batch.digests import Sources
from cnnviz.batch.entries import Entry
from cnnviz.errors import CnnvizError
from cnnviz.parameters import RemotePath

if TYPE_CHECKING:
    from cnnviz.export import Written
    from cnnviz.pipeline import Figure

_OTHER = "its worker has another cnnviz, scene file, library or font than this machine: install the same there"


@dataclass(frozen=True)
class Task:
    """A figure to make. For another machine it has the contents of its input files, and what must be the same there."""

    entry: Entry
    digest: str
    shipped: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    ground: str = ""

    def packed(self, sources: Sources) -> Task:
        """The same, for a machine that does not have these files."""
        contents = {}
        for key, path in self.entry.inputs().items():
            try:
                contents[key] = path, Path(path).read_bytes()
            except OSError as error:
                raise CnnvizError(f"{path} cannot be read: {(error.strerror or '').lower()}") from None
        return replace(self, shipped=contents, ground=sources.ground(self.entry))


@dataclass(frozen=True)
class Outcome:
    """What became of a figure: the contents of its files and its record, or what went wrong."""

    entry: Entry
    error: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    contents: tuple[bytes, ...] = ()


def lost(task: Task, reason: str) -> Outcome:
    """The outcome of a figure that never came back."""
    return Outcome(task.entry, error=reason)


def make_figure(task: Task) -> Outcome:
    """Make one figure; a failure is an outcome, so that it does not stop the others."""
    from cnnviz.pipeline import make

    entry = task.entry
    if task.ground and task.ground != _sources().ground(entry):
        return Outcome(entry, error=_OTHER)
    try:
        with _files_at_hand(task) as parameters:
            figure = make(entry.scene, **parameters)
            made = figure.contents(entry.files)
    except CnnvizError as error:
        return Outcome(entry, error=str(error))
    except Exception as error:
        return Outcome(entry, error=f"internal error: {type(error).__name__}: {' '.join(str(error).split())}")
    return Outcome(entry, "", _record(task, figure, made), tuple(content for _, content in made))


@lru_cache(maxsize=1)
def _sources() -> Sources:
    # What a worker has imported does not change any more.
    return Sources()


def code_here() -> str:
    """What decides a figure's bytes on this machine, whatever the figure."""
    return _sources().code


@contextmanager
def _files_at_hand(task: Task) -> Iterator[dict[str, Any]]:
    """The parameters of a figure; files that came with it lie in a folder for as long as they are needed."""
    parameters = task.entry.resolved()
    if not task.shipped:
        yield parameters
        return
    with tempfile.TemporaryDirectory(prefix="cnnviz-") as folder:
        for number, (key, (told, content)) in enumerate(task.shipped.items()):
            path = Path(folder, str(number), os.path.basename(told))
            path.parent.mkdir()
            path.write_bytes(content)
            parameters[key] = RemotePath(str(path), told)
        yield parameters


def _record(task: Task, figure: Figure, made: list[tuple[Written, bytes]]) -> dict[str, Any]:
    entry, board = task.entry, figure.storyboard()
    # Of data and pictures of one figure, the pictures have a size.
    written = max((one for one, _ in made), key=lambda one: bool(one.size[0]))
    first, *others = (
        {"file": file, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for file, (_, content) in zip(entry.files, made, strict=True)
    )
    return {
        **first, "name": entry.name, "scene": entry.scene, "section": entry.section, "title": board.title,
        "caption": entry.caption, "alt": figure.alt(entry.files[0], board),
        "command": figure.command(), "parameters": entry.parameters,
        "width": written.size[0], "height": written.size[1], "steps": written.steps,
        "milliseconds": written.milliseconds, "digest": task.digest, **({"also": others} if others else {}),
    }  # fmt: skip
