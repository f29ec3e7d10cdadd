"""A storyboard's words: in another language, with other symbols, and as plain text for captions and screen readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnviz.errors import UsageError
from cnnviz.parameters import quote
from cnnviz.wording.plain import caption, spoken

if TYPE_CHECKING:
    from cnnviz.storyboard import Storyboard


def reworded(board: Storyboard, *, lang: str, notation: str) -> Storyboard:
    """The storyboard with its texts in a language and with a notation's symbols; raises UsageError."""
    if lang != "en":
        raise UsageError(f"--lang {quote(lang)} is not known: choose from en")
    return board


__all__ = ["caption", "reworded", "spoken"]
