"""Read figure sets from TOML files, their sweeps expanded."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnviz.batch.sweep import SKIP, SWEEP, expanded
from cnnviz.errors import UsageError
from cnnviz.export import parse_formats
from cnnviz.places import PLACES
from cnnviz.sets import shipped_sets
from cnnviz.toml import read_toml

MANIFEST = "manifest.json"
# Letters, digits and marks that a file on any disk, a page and LaTeX can have.
_FILE_NAME = re.compile(r"[^\W_]([\w .-]*[\w-])?")
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
        subtitle = {"subtitle": " ".join(self.caption.split())} if self.caption else {}
        return subtitle | {
            key: self._path(value) if _may_be_file(key, value) else value for key, value in self.parameters.items()
        }

    def inputs(self) -> dict[str, str]:
        """The files that parameters name, by parameter."""
        given = self.resolved().items()
        return {key: value for key, value in given if _may_be_file(key, value) and os.path.isfile(value)}

    def _path(self, value: str) -> str:
        """A file where the program runs, else one beside the set; what names neither stays as it is."""
        beside = os.path.join(os.path.dirname(self.source), os.path.expanduser(value))
        return beside if os.path.isfile(beside) and not os.path.isfile(value) else value


Skipped = list[tuple[Entry, UsageError]]


def _may_be_file(key: str, value: Any) -> bool:
    # Every file that a figure reads has an extension; a theme's or a kernel's name has none.
    return isinstance(value, str) and "." in value and key not in _NEVER_FILES


def read_sets(sets: Sequence[Path], skipped: Skipped | None = None) -> list[Entry]:
    """The figures of sets and of folders of them, no two with the same file; raises UsageError.

    Figures that `skip_invalid` leaves out go to `skipped`, with the reason.
    """
    entries = [entry for path in _set_files(sets) for entry in read_set(path, skipped)]
    owners: dict[str, Entry] = {}
    for entry in entries:
        for file in entry.files:
            twin = owners.setdefault(file, entry)
            if twin is not entry:
                raise UsageError(f"{entry.source} and {twin.source} both name a figure {file}: rename one")
    return entries


def read_set(path: Path, skipped: Skipped | None = None) -> Iterator[Entry]:
    """The figures of a TOML file in order; raises UsageError that names file, figure and key."""
    for place, figure in enumerate(_figures(path), start=1):
        where = _where(path, place, figure)
        _check_own(where, figure)
        for one in expanded(where, figure):
            entry = _entry(path, _where(path, place, one), one)
            refusal = _refusal(entry) if {**figure, **figure.get(SWEEP, {})}.get(SKIP) else None
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
    return f"{path}, figure {place}" + (f" ({figure['name']})" if figure.get("name") else "")


def _check_own(where: str, figure: dict[str, Any]) -> None:
    for key, kind in _OWN_KEYS.items():
        if key in figure and not isinstance(figure[key], kind):
            raise UsageError(f"{where}: {key} {figure[key]!r} is not a text")
    for key in ("scene", "name"):
        if not figure.get(key):
            raise UsageError(f"{where}: {key} is missing")


def _entry(path: Path, where: str, figure: dict[str, Any]) -> Entry:
    name = figure["name"]
    if not _FILE_NAME.fullmatch(name):
        hint = "use letters, digits, blanks, dots, - and _"
        raise UsageError(f"{where}: name {name!r} does not do as a file name: {hint}")
    place = PLACES.get(str(figure.get("for")).lower())
    named = figure.get("format", place.format if place else "gif")
    try:
        file, *also = (
            f"{name}.{extension}" for extension in parse_formats([named] if isinstance(named, str) else named)
        )
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    if MANIFEST in (file, *also):
        raise UsageError(f"{where}: {MANIFEST} is where the set is listed: use another name")
    rest = {key: value for key, value in figure.items() if key not in (*_OWN_KEYS, SWEEP, SKIP)}
    section, caption = figure.get("section", ""), figure.get("caption", "")
    return Entry(str(path), name, figure["scene"], file, rest, section, caption, tuple(also))


def _refusal(entry: Entry) -> UsageError | None:
    """Why a scene does not take an entry's parameters; nothing is drawn."""
    from cnnviz.pipeline import make

    try:
        make(entry.scene, **entry.resolved())
    except UsageError as error:
        return error
    return None


def _set_files(sets: Sequence[Path]) -> Iterator[Path]:
    for path in sets:
        if path.is_dir():
            found = sorted(path.glob("*.toml"))
            if not found:
                raise UsageError(f"folder {path} holds no figure set: put a .toml file there")
            yield from found
        elif path.exists():
            yield path
        elif (shipped := shipped_sets().get(str(path))) is not None:
            yield shipped
        else:
            names = ", ".join(shipped_sets())
            raise UsageError(f"figure set {path} does not exist: give a .toml file, a folder of them, or {names}")
