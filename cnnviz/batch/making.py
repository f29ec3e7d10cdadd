"""Make one figure of a set, perhaps in another process or on another machine."""

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
from cnnviz.files import reason
from cnnviz.given import RemotePath

if TYPE_CHECKING:
    from cnnviz.export import Written
    from cnnviz.pipeline import Figure

_OTHER = "its worker has another cnnviz, scene file, library or font than this machine: install the same there"


@dataclass(frozen=True)
class Task:
    """A figure to make. For another machine it carries its input files and the digest of the environment it needs."""

    entry: Entry
    digest: str
    shipped: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    environment: str = ""

    def packed(self, sources: Sources) -> Task:
        """The same, for another machine."""
        contents = {}
        for key, path in self.entry.inputs().items():
            try:
                contents[key] = path, Path(path).read_bytes()
            except OSError as error:
                raise CnnvizError(f"{path} cannot be read: {reason(error)}") from None
        return replace(self, shipped=contents, environment=sources.environment(self.entry))


@dataclass(frozen=True)
class Outcome:
    """The contents of a figure's files and its record, or what went wrong."""

    entry: Entry
    error: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    contents: tuple[bytes, ...] = ()


def make_figure(task: Task) -> Outcome:
    """A failure is an outcome too, so that it does not stop the other figures."""
    from cnnviz.pipeline import make

    entry = task.entry
    if task.environment and task.environment != _sources().environment(entry):
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
    # What a worker has imported no longer changes.
    return Sources()


def code_here() -> str:
    """The digest of this machine's cnnviz and libraries."""
    return _sources().code


@contextmanager
def _files_at_hand(task: Task) -> Iterator[dict[str, Any]]:
    """The parameters of a figure, whose input files lie in a temporary folder if it carried them."""
    parameters = task.entry.resolved()
    if not task.shipped:
        yield parameters
        return
    with tempfile.TemporaryDirectory(prefix="cnnviz-") as folder:
        for number, (key, (original, content)) in enumerate(task.shipped.items()):
            path = Path(folder, str(number), os.path.basename(original))
            path.parent.mkdir()
            path.write_bytes(content)
            parameters[key] = RemotePath(str(path), original)
        yield parameters


def _record(task: Task, figure: Figure, made: list[tuple[Written, bytes]]) -> dict[str, Any]:
    entry, board = task.entry, figure.storyboard()
    # A figure's data have no size, its pictures have one.
    written = max((one for one, _ in made), key=lambda one: bool(one.size[0]))
    first, *others = (
        {"file": file, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for file, (_, content) in zip(entry.files, made, strict=True)
    )
    record = {
        **first,
        "name": entry.name,
        "scene": entry.scene,
        "section": entry.section,
        "title": board.title,
        "caption": entry.caption,
        "alt": figure.alt(entry.files[0], board),
        "command": figure.command(),
        "parameters": entry.parameters,
        "width": written.size[0],
        "height": written.size[1],
        "steps": written.steps,
        "milliseconds": written.milliseconds,
        "digest": task.digest,
    }
    return record | ({"also": others} if others else {})
