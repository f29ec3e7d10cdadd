"""A language: a dictionary from the templates of figures' texts, in English, to those in another language."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.mathtext import check_nesting
from cnnviz.parameters import quote
from cnnviz.toml import read_toml

_FOLDER = Path(__file__).parent / "languages"
_TABLES = ("signs", "texts", "phrases")
_KEYS = {"name", "code", "extends", *_TABLES}
_SAME = {"zh-cn": "zh", "zh-hans": "zh", "zh-hans-cn": "zh", "en-us": "en", "en-gb": "en"}
_MOST_CHARACTERS = 1000


@dataclass
class Language:
    """Templates by their English ones; what it does not know stays English, and is noted in `missing`."""

    code: str
    name: str
    signs: Mapping[str, str]
    texts: Mapping[str, str]
    phrases: Mapping[str, str]
    missing: dict[str, None] = field(default_factory=dict)

    def template(self, english: str) -> str:
        """A template in this language."""
        found = self.texts.get(english)
        if found is None:
            if any(literal.isalpha() for literal in _literals(english)):
                self.missing[english] = None
            return english
        return found

    def sign(self, english: str) -> str:
        """What stands between parts or behind them."""
        return self.signs.get(english, english)

    def phrase(self, english: str) -> str:
        """A phrase of a player, a deck or a caption."""
        return self.phrases.get(english) or self.signs.get(english) or english


def _literals(template: str) -> list[str]:
    return [character for literal, *_ in string.Formatter().parse(template) for character in literal]


def code_of(lang: str) -> str:
    """A language's code as its file is named, where it is written otherwise: `zh_CN`, `EN`; a path as it is."""
    if lang.endswith(".toml"):
        return lang
    code = lang.strip().lower().replace("_", "-")
    return _SAME.get(code, code)


@cache
def languages() -> Mapping[str, str]:
    """The languages that come with cnnviz beside English, by code, with their own names."""
    return {file.stem: str(_read(file)["name"]) for file in sorted(_FOLDER.glob("*.toml"))}


def load_language(lang: str) -> Language | None:
    """A language by its code or from a TOML file; None for English. Raises UsageError."""
    code = code_of(lang)
    if code == "en":
        return None
    path = Path(code) if code.endswith(".toml") else _FOLDER / f"{code}.toml"
    if not code.endswith(".toml") and code not in languages():
        known = ", ".join(("en", *languages()))
        raise UsageError(f"--lang {quote(lang)} is not known: choose from {known}, or give a .toml file of your own")
    try:
        return _loaded(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise UsageError(f"language file {path} cannot be read: {error.strerror or error}") from error


@lru_cache(maxsize=8)
def _loaded(path: Path, changed: int) -> Language:
    data = _merged(path)
    tables = {name: {english: own for english, own in data.get(name, {}).items() if own} for name in _TABLES}
    return Language(code=str(data.get("code", path.stem)), name=str(data.get("name", path.stem)), **tables)


def _merged(path: Path) -> dict[str, Any]:
    data = _read(path)
    if "extends" not in data:
        return data
    if data["extends"] not in languages():
        raise UsageError(f"{path}: extends {quote(data['extends'])} is not known: choose from {', '.join(languages())}")
    base = _read(_FOLDER / f"{data['extends']}.toml")
    return {**base, **data} | {table: {**base.get(table, {}), **data.get(table, {})} for table in _TABLES}


def _read(path: Path) -> dict[str, Any]:
    """A language file, checked; raises UsageError."""
    data = read_toml(path, f"language file {path}")
    for key in sorted(data.keys() - _KEYS):
        raise UsageError(f"language file {path}: {key} is not known: choose from {', '.join(sorted(_KEYS))}")
    for table in _TABLES:
        entries = data.get(table, {})
        if not isinstance(entries, dict):
            raise UsageError(f"language file {path}: {table} is not a table")
        for english, own in entries.items():
            _check(path, english, own)
    return data


def _check(path: Path, english: str, own: object) -> None:
    if not isinstance(own, str):
        raise UsageError(f"language file {path}: {quote(english)} is not given as a text")
    if len(own) > _MOST_CHARACTERS:
        raise UsageError(
            f"language file {path}: {quote(english)} has {len(own)} characters: use {_MOST_CHARACTERS} or fewer"
        )
    check_nesting(own, f"language file {path}: {quote(english)}")
    try:
        stray = _gaps(own) - _gaps(english)
    except ValueError as error:
        raise UsageError(f"language file {path}: {quote(own)} is no template: {error}") from error
    for gap in sorted(stray):
        raise UsageError(f"language file {path}: {quote(own)} uses {{{gap}}}, which {quote(english)} has not")


def _gaps(template: str) -> set[str]:
    return {gap for _, gap, *_ in string.Formatter().parse(template) if gap is not None}
