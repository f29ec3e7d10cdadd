"""The page's own words, in English and as a language has them."""

from __future__ import annotations

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
)


def words(lang: str) -> dict[str, str]:
    """What stands for each English phrase."""
    return {english: phrase(lang, english) for english in PHRASES}
