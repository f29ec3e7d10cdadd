"""What a page sends as a figure's parameters: names, numbers and uploaded files, never a path of this machine."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnviz.appearance import declared
from cnnviz.data import KINDS, reads_no_file
from cnnviz.errors import UsageError
from cnnviz.given import RemotePath
from cnnviz.limits import MAX_FILE_BYTES
from cnnviz.parameters import ArrayLike, Parameter, quote, suggest
from cnnviz.pipeline import Figure, make, named

UPLOAD = "upload:"
"""What the value that stands for an uploaded file begins with: its name, for people, and its key follow."""

MAX_UPLOADS = 50
"""Files that are kept at a time; the oldest goes first."""

_ARRAY: object = ArrayLike
_KINDS = (*KINDS, ".npz")


class Uploads:
    """Files dropped on the page, in a folder that is deleted in the end."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="cnnviz-studio-")
        self._files: dict[str, tuple[Path, str]] = {}

    def add(self, name: str, content: bytes) -> str:
        """Keep a file; gives the value that stands for it. Raises UsageError for one that no parameter could be."""
        shown = "".join(char for char in Path(name.replace("\\", "/")).name if char.isprintable())[:80]
        kind = Path(shown).suffix.lower()
        if kind not in _KINDS:
            raise UsageError(f"{quote(shown)} is of an unknown kind: use a file that ends in {', '.join(_KINDS)}")
        if not 0 < len(content) <= MAX_FILE_BYTES:
            raise UsageError(f"{quote(shown)} has {len(content)} bytes: use 1 to {MAX_FILE_BYTES}")
        key = secrets.token_hex(8)
        path = Path(self._folder.name) / (key + kind)
        path.write_bytes(content)
        self._files[key] = path, shown
        if len(self._files) > MAX_UPLOADS:
            self._files.pop(next(iter(self._files)))[0].unlink(missing_ok=True)
        return f"{UPLOAD}{shown}:{key}"

    def get(self, value: str) -> RemotePath:
        """The file that a value stands for; raises UsageError where it has gone."""
        try:
            path, shown = self._files[value.rpartition(":")[2]]
        except KeyError:
            raise UsageError("the file is not there any more: drop it again") from None
        return RemotePath(str(path), shown)

    def close(self) -> None:
        """Delete all of them."""
        self._folder.cleanup()


def figure_of(scene: str, texts: Mapping[str, Any], uploads: Uploads | None = None) -> Figure:
    """The figure that a page or an assistant asks for; raises UsageError, of which `parameter` names the field."""
    cls, given = named(scene, texts)
    known = declared(cls)
    values: dict[str, Any] = {}
    for name, text in given.items():
        try:
            values[name] = _value(known[name], text, uploads)
        except UsageError as error:
            error.parameter = error.parameter or name
            raise
    return make(scene, **values)


def check_live(scene: str, texts: Mapping[str, str]) -> None:
    """Refuse what would hold up everybody before there is a first picture; raises UsageError."""
    cls, given = named(scene, texts)
    known = declared(cls)
    for name, most in cls.live.items():
        if name in given and known[name].check(given[name]) > most:
            option = f"{known[name].label} {given[name]}"
            message = f"{option} takes too long here: use {most} or less, or in a terminal cnnviz {scene} {option}"
            raise UsageError(message, name, {name: most})


def _value(parameter: Parameter, text: Any, uploads: Uploads | None) -> Any:
    if not isinstance(text, str):
        return text
    if parameter.type is bool:
        if text not in ("true", "false"):
            raise UsageError(f"{parameter.label} {quote(text)} is neither true nor false")
        return text == "true"
    if parameter.type is _ARRAY:
        return _data(parameter, text, uploads)
    if parameter.spec.files and parameter.spec.names:
        names = tuple(parameter.spec.names())
        if text.strip().lower() not in names:
            raise UsageError(f"{parameter.label} {quote(text)} is not known: {suggest(text, names)}")
    return text


def _data(parameter: Parameter, text: str, uploads: Uploads | None) -> Any:
    if uploads is not None and text.startswith(UPLOAD):
        return uploads.get(text)
    if reads_no_file(text):
        return text
    hint = "files are not read here" if uploads is None else "drop a file on the page"
    raise UsageError(f"{parameter.label} {quote(text)} is neither a name nor numbers: {hint}")
