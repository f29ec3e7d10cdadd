"""Texts with formulas as plain words: for screen readers, captions and alt texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnviz.storyboard import Storyboard

_SUBSCRIPT = re.compile(r"_(?:\{([^{}]*)\}|(\w))")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_ACCENTS = ("mathbf", "mathrm", "mathit", "text", "left", "right", "quad", "dfrac", "frac")


def spoken(text: str) -> str:
    """A text with formulas as words that a screen reader can say."""
    found = text.replace("**", "")
    found = _SUBSCRIPT.sub(lambda match: f" {match[1] or match[2]}", found)
    found = _COMMAND.sub(lambda match: " " if match[1] in _ACCENTS else f" {match[1]} ", found)
    return re.sub(r"\s+", " ", re.sub(r"[${}\\]", "", found)).strip()


def caption(board: Storyboard) -> str:
    """What stands under a figure in a paper: its title, its parameters and the convention that it follows."""
    parts = [spoken(board.title), spoken(board.settings), spoken(board.convention)]
    return ". ".join(part for part in parts if part) + "."
