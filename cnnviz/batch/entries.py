"""Read figure sets from TOML files, their sweeps expanded."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnviz.batch.sweep import SKIP, SWEEP, expanded, skips_invalid
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_TITLE
from cnnviz.places import PLACES
from cnnviz.sets import shipped_sets
from cnnviz.toml import read_toml

MANIFEST = "manifest.json"
_EXTENSION = re.compile(r"[A-Za-z0-9]+")
_OWN_KEYS = {"scene": str, "name": str, "caption": str, "section": str, "format": str | list}
# These are texts even if there is a file of that name.
_NEVER_FILES = ("title", "subtitle")


@dataclass(frozen=True)
class Entry:
    """A figure of a set. `source` is the set, `file` the first file that it becomes, `also` are the others."""

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
        """All files, in the order of their formats."""
        return self.file, *self.also

    def resolved(self) -> dict[str, Any]:
        """The parameters, the caption as subtitle; those that name a file beside the set have its path."""
        said = " ".join(self.caption.split())
        subtitle = {"subtitle": said} if said and len(said) <= MAX_TITLE else {}
        return subtitle | {key: self._beside(key, value) for key, value in self.parameters.items()}

    def inputs(self) -> dict[str, str]:
        """The files that parameters name, by parameter."""
        return {key: value for key, value in self.resolved().items() if _may_be_file(key, value) and _is_file(value)}

    def _beside(self, key: str, value: Any) -> Any:
        if not _may_be_file(key, value) or _is_file(value):
            return value
        value = os.path.expanduser(value)
        beside = os.path.join(os.path.dirname(self.source), value)
        return beside if _is_file(beside) else value


Skipped = list[tuple[Entry, UsageError]]


def _may_be_file(key: str, value: Any) -> bool:
    # Every file that a figure reads has an extension; a theme's or a kernel's name has none.
    return isinstance(value, str) and key not in _NEVER_FILES and 0 < value.rfind(".") < 4096 and "\0" not in value


def _is_file(value: str) -> bool:
    return len(value) <= 4096 and os.path.isfile(value)


def read_sets(sets: Sequence[Path], skipped: Skipped | None = None) -> list[Entry]:
    """The figures of sets and of folders of them, no two with the same file; raises UsageError.

    Figures that `skip_invalid` leaves out go to `skipped`, with the reason.
    """
    entries = [entry for path in _set_files(sets) for entry in read_set(path, skipped)]
    _refuse_twins(entries)
    return entries


def read_set(path: Path, skipped: Skipped | None = None) -> Iterator[Entry]:
    """The figures of a TOML file in order; raises UsageError that names file, figure and key."""
    for place, figure in enumerate(_figures(path), start=1):
        where = _where(path, place, figure)
        _check_own(where, figure)
        skips = skips_invalid(where, figure)
        for one in expanded(where, figure):
            entry = _entry(path, _where(path, place, one), one)
            refusal = _refusal(entry) if skips else None
            if refusal is None:
                yield entry
            elif skipped is not None:
                skipped.append((entry, refusal))


def _figures(path: Path) -> list[dict[str, Any]]:
    table = read_toml(path, f"figure set {path}")
    if unknown := set(table) - {"figure"}:
        raise UsageError(f"figure set {path}: unknown key {min(unknown)!r}: a set holds [[figure]] tables")
    figures = table.get("figure", [])
    if not isinstance(figures, list) or not all(isinstance(figure, dict) for figure in figures):
        raise UsageError(f"figure set {path}: write each figure as a table under [[figure]]")
    return figures


def _where(path: Path, place: int, figure: dict[str, Any]) -> str:
    name = figure.get("name")
    return f"{path}, figure {place}" + (f" ({name})" if isinstance(name, str) and name else "")


def _check_own(where: str, figure: dict[str, Any]) -> None:
    for key, kind in _OWN_KEYS.items():
        if key in figure and not isinstance(figure[key], kind):
            raise UsageError(f"{where}: {key} {figure[key]!r} is not a text")
    for key in ("scene", "name"):
        if not figure.get(key):
            raise UsageError(f"{where}: {key} is missing")


def _entry(path: Path, where: str, figure: dict[str, Any]) -> Entry:
    name = figure["name"]
    if not _is_file_name(name):
        hint = "use letters, digits, blanks, dots, - and _"
        raise UsageError(f"{where}: name {name!r} does not do as a file name: {hint}")
    file, *also = (f"{name}.{extension}" for extension in _formats(where, figure))
    if MANIFEST in map(str.casefold, (file, *also)):
        raise UsageError(f"{where}: {MANIFEST} is where the set is listed: use another name")
    rest = {key: value for key, value in figure.items() if key not in (*_OWN_KEYS, SWEEP, SKIP)}
    section, caption = figure.get("section", ""), figure.get("caption", "")
    return Entry(str(path), name, figure["scene"], file, rest, section, caption, tuple(also))


def _is_file_name(name: str) -> bool:
    """Can a name, in any script, be a file's on any disk, in a page and in LaTeX?"""
    marks = " ._-"
    known = all(char.isalnum() or char in marks or unicodedata.category(char)[0] == "M" for char in name)
    return known and name[0].isalnum() and name[-1] not in " ."


def _refusal(entry: Entry) -> UsageError | None:
    """Why a scene does not take an entry's parameters; nothing is drawn."""
    from cnnviz.pipeline import make

    try:
        make(entry.scene, **entry.resolved())
    except UsageError as error:
        # An error with a cause is about a missing or damaged file, not about this combination.
        return error if error.__cause__ is None else None
    return None


def _formats(where: str, figure: dict[str, Any]) -> list[str]:
    """The extensions that a figure's `format` names, as a text such as "gif, mp4" or as a list."""
    place = PLACES.get(str(figure.get("for", figure.get("for_"))).lower())
    named = figure.get("format", place.format if place else "gif")
    words = [word.strip() for word in named.split(",")] if isinstance(named, str) else named
    extensions = [word.removeprefix(".") if isinstance(word, str) else "" for word in words]
    if not extensions or not all(map(_EXTENSION.fullmatch, extensions)):
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
        elif (shipped := shipped_sets().get(str(path))) is not None:
            yield shipped
        else:
            names = ", ".join(shipped_sets())
            raise UsageError(f"figure set {path} does not exist: give a .toml file, a folder of them, or {names}")


def _refuse_twins(entries: Sequence[Entry]) -> None:
    """Raises UsageError for two files of the same name; some disks do not tell x from X."""
    seen: dict[str, tuple[Entry, str]] = {}
    for entry in entries:
        for file in entry.files:
            twin, other = seen.setdefault(unicodedata.normalize("NFC", file).casefold(), (entry, file))
            if twin is not entry or other != file:
                what = f"a figure {file}"
                if other != file:
                    what = f"figures that many disks take for one, {other} and {file}"
                raise UsageError(f"{entry.source} and {twin.source} both name {what}: rename one")
