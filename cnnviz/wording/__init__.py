"""A storyboard's words: in another language, with other symbols, and as plain text for captions and screen readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnviz.words.language import code_of
from cnnviz.words.plain import caption, listed, of_still, phrase, spoken, tag_of

if TYPE_CHECKING:
    from cnnviz.storyboard import Storyboard


def reworded(board: Storyboard, *, lang: str, notation: str) -> Storyboard:
    """The storyboard with its texts in a language and with a notation's symbols; raises UsageError."""
    if notation != "ikspo" and board.symbols:
        from cnnviz.wording.notation import with_notation

        board = with_notation(board, notation)
    if (code := code_of(lang)) != "en":
        from cnnviz.wording.language import load_language
        from cnnviz.wording.rewording import with_words

        language = load_language(code)
        counter = language.phrases.get(board.counter, board.counter)
        board = with_words(board, lambda text, _: language(text), lang=code, counter=counter)
    return board


__all__ = ["caption", "listed", "of_still", "phrase", "reworded", "spoken", "tag_of"]
