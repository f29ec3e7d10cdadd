"""The storyboard itself, as `docs/storyboard.md` describes it."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any, BinaryIO

import numpy as np

from cnnviz.export import Job, Written
from cnnviz.storyboard import FORMAT_VERSION, Change, Panel, Storyboard
from cnnviz.words.plain import tag_of


def write(job: Job, file: BinaryIO) -> Written:
    """Write the storyboard step by step, so that memory does not grow with their number."""
    board = job.storyboard
    texts = job.metadata()
    made = {"caption": job.caption, "command": job.command, "software": texts["Software"]}
    file.write(_encoded(header(board) | made).removesuffix(b"}") + b', "steps": [')
    for place, step in enumerate(board.steps()):
        entry = {"caption": step.caption, "beats": step.beats, "changes": [change_data(c) for c in step.changes]}
        file.write((b",\n" if place else b"\n") + _encoded(entry))
    file.write(b"\n]}\n")
    return Written(size=(0, 0), steps=board.count, milliseconds=0)


def _encoded(data: Any) -> bytes:
    # A file name that is not UTF-8 holds lone surrogates: the backslash makes them JSON's own escapes.
    return json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")


def header(board: Storyboard) -> dict[str, Any]:
    """All but the steps."""
    return {
        "format": "cnnviz-storyboard",
        "version": FORMAT_VERSION,
        "scene": board.scene,
        "parameters": dict(board.parameters),
        "title": board.title,
        "point": board.point,
        "settings": board.settings,
        "formula": board.formula,
        "convention": board.convention,
        "alt": board.alt,
        "code": board.code,
        "lang": tag_of(board.lang),
        "count": board.count,
        "rows": [[panel.name for panel in row] for row in board.rows],
        "panels": [panel_data(panel) for panel in board.panels()],
    }


def panel_data(panel: Panel) -> dict[str, Any]:
    """A panel with its kind and, for arrays, its shape."""
    data: dict[str, Any] = {"name": panel.name, "kind": panel.kind}
    if (shape := getattr(panel, "shape", None)) is not None:
        data["shape"] = list(shape)
    return data | _fields(panel)


def change_data(change: Change) -> dict[str, Any]:
    """A change without the fields that it leaves alone."""
    found = ((field.name, getattr(change, field.name)) for field in dataclasses.fields(change))
    return {name: _plain(value) for name, value in found if value is not None}


def _fields(thing: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(thing, field.name)) for field in dataclasses.fields(thing)}


def _plain(thing: Any) -> Any:
    if isinstance(thing, str | int):
        return thing
    if isinstance(thing, float):
        return thing if math.isfinite(thing) else None
    if dataclasses.is_dataclass(thing):
        return _fields(thing)
    if isinstance(thing, np.ndarray):
        return _plain(thing.tolist())
    if isinstance(thing, list | tuple):
        return [_plain(part) for part in thing]
    return thing
