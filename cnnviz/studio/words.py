"""The page's own words, in English and as a language has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cnnviz.schema import scene_schema
from cnnviz.words.plain import phrase

PHRASES = (
    "All figures",
    "Figure",
    "Language",
    "Light or dark",
    "Parameters",
    "Reset",
    "Edit the numbers",
    "Drop a file here, or choose one",
    "Rows",
    "Columns",
    "Use these numbers",
    "Cancel",
    "Paste cells from a spreadsheet; arrow keys move.",
    "Use {name} {value}",
    "Copy",
    "Copied",
    "Command",
    "Python",
    "Figure set",
    "Program",
    "Download",
    "Format",
    "Add to a set",
    "Download the set ({n})",
    "Empty the set",
    "In words",
    "The studio does not answer: start it again.",
    "Operation",
    "Data",
    "Look",
    "Timing",
    "Still",
    "Output",
)


def words(lang: str, more: Iterable[str] = ()) -> dict[str, str]:
    """What stands for each English phrase, and for `more` of them."""
    return {english: phrase(lang, english) for english in (*PHRASES, *more)}


def form_schema(scene: str, lang: str) -> dict[str, Any]:
    """The schema of a scene with what its form says in a language; raises UsageError."""
    found = scene_schema(scene)
    for each in found["properties"].values():
        each |= {key: phrase(lang, each[key]) for key in ("description", "usual") if key in each}
    return found
