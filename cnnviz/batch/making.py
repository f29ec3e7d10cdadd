"""Make one figure of a set, perhaps in another process or on another machine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cnnviz.batch.digests import Sources
from cnnviz.batch.entries import Entry
from cnnviz.errors import CnnvizError

if TYPE_CHECKING:
    from cnnviz.export import Written
    from cnnviz.pipeline import Figure

_OTHER = "its worker has another cnnviz, scene, library, font or input file than this machine: put the same there"


@dataclass(frozen=True)
class Task:
    """A figure to make, with the digest of all that decides its bytes; a `remote` machine must have the same."""

    entry: Entry
    digest: str
    remote: bool = False


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
    if task.remote and Sources().digest(entry) != task.digest:
        return Outcome(entry, error=_OTHER)
    try:
        figure = make(entry.scene, **entry.resolved())
        written = figure.contents(entry.files)
    except CnnvizError as error:
        return Outcome(entry, error=str(error))
    except Exception as error:
        return Outcome(entry, error=f"internal error: {type(error).__name__}: {' '.join(str(error).split())}")
    return Outcome(entry, "", _record(task, figure, written), tuple(content for _, content in written))


def _record(task: Task, figure: Figure, files: list[tuple[Written, bytes]]) -> dict[str, Any]:
    entry, board = task.entry, figure.storyboard()
    # A figure's data have no size, its pictures have one.
    written = max((one for one, _ in files), key=lambda one: bool(one.size[0]))
    first, *others = (
        {"file": file, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for file, (_, content) in zip(entry.files, files, strict=True)
    )
    record = {
        **first,
        "name": entry.name,
        "scene": entry.scene,
        "section": entry.section,
        "title": board.title,
        "caption": entry.caption,
        "alt": figure.alt(entry.file, board),
        "command": figure.command(),
        "parameters": entry.parameters,
        "width": written.size[0],
        "height": written.size[1],
        "steps": written.steps,
        "milliseconds": written.milliseconds,
        "digest": task.digest,
    }
    return record | ({"also": others} if others else {})
