"""What a language has no words for yet, as lines for its file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cnnviz.wording.language import KINDS, Language, languages, read_language

_VALUES = re.compile(f"(?P<math>{KINDS['math']})|(?P<size>\\d+(?:×\\d+)+)|(?P<n>[−-]?\\d+(?:\\.\\d+)?)")


def lacking(lang: str, texts: Iterable[str]) -> Iterator[str]:
    """Lines of a language file that its figures need to say these texts; raises UsageError.

    The templates are those of the languages that come with cnnviz, so that all are cut alike.
    """
    own, references = read_language(lang), [read_language(code) for code in languages()]
    for text in texts:
        known = len(own.missing)
        own(text)
        if len(own.missing) > known:
            for reference in references:
                reference(text)
    yield from _table("texts", _needed(own, references))
    phrases = {english: None for reference in references for english in reference.phrases}
    yield from _table("phrases", [english for english in phrases if english not in own.phrases])


def _needed(own: Language, references: Iterable[Language]) -> list[str]:
    found: dict[str, None] = {}
    for reference in references:
        found |= {english: None for english in reference.texts if english in reference.used}
        found |= {_gapped(text): None for text in reference.missing}
    return [english for english in found if english not in own.texts]


def _table(name: str, entries: list[str]) -> Iterator[str]:
    if entries:
        yield f"[{name}]"
        yield from (f'{_quoted(english)} = ""' for english in entries)


def _gapped(text: str) -> str:
    """A text with gaps for its numbers, sizes and formulas."""
    counts: dict[str, int] = {}

    def gap(match: re.Match[str]) -> str:
        kind = str(match.lastgroup)
        counts[kind] = counts.get(kind, 0) + 1
        return f"{{{kind}{counts[kind] if counts[kind] > 1 else ''}}}"

    return _VALUES.sub(gap, text)


def _quoted(text: str) -> str:
    """A text as TOML has it."""
    signs = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\u00a0": "\\u00a0"}
    return '"' + "".join(signs.get(sign, sign) for sign in text) + '"'
