"""Escape users' texts for TeX."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from pathlib import Path

_LATIN = 0x17F
_MARK = "\ue000"
_TABLES = tomllib.loads(Path(__file__).with_name("tex.toml").read_text(encoding="utf-8"))
_ACCENTED = re.compile("([A-Za-z]?)([\u0300-\u036f])")


def _greek(letter: str) -> str:
    """TeX's name of a Greek letter."""
    name = unicodedata.name(letter).split()[-1].lower().replace("lamda", "lambda")
    return name if letter.islower() else name.title()


_CHARACTERS = str.maketrans(
    _TABLES["text"]
    | {character: rf"\ensuremath{{{command}}}" for character, command in _TABLES["math"].items()}
    | {letter: rf"\ensuremath{{\{_greek(letter)}}}" for letter in "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"}
)


def escaped(text: str) -> str:
    """Show every character of a text, and execute nothing."""
    return _accented(_apart(text).translate(_CHARACTERS))


def verbatim(text: str) -> str:
    """A text in typewriter letters, its quotes and dashes as they are."""
    table = _CHARACTERS | {ord("'"): r"\textquotesingle{}", ord('"'): r"{\char34}"}
    return r"\texttt{" + _accented(_apart(text).translate(table)) + "}"


def pdf_string(text: str) -> str:
    """A text as a string of a PDF: plain where it can be, else UTF-16 in octal numbers (ISO 32000-1, 7.9.2.2)."""
    if all(character.isascii() or not character.isalpha() or ord(character) <= _LATIN for character in text):
        return plain_ascii(text)
    return "".join(rf"\string\{byte:03o}" for byte in b"\xfe\xff" + text.encode("utf-16-be", "replace"))


def plain_ascii(text: str) -> str:
    """A text without the characters that mean something in TeX or in a PDF's string."""
    text = text.translate({ord("×"): "x", ord("−"): "-", ord("→"): " to ", ord("∗"): "*"})
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return " ".join(re.sub(r"[^A-Za-z0-9 .,;:=+*/'-]", " ", text).split())


def beyond_latin(text: str) -> bool:
    """Whether a text has characters that pdfTeX's usual fonts lack."""
    return any(ord(character) > _LATIN for character in text)


def _apart(text: str) -> str:
    """With a mark between dashes: TeX joins two into a longer one."""
    return re.sub("-(?=-)", f"-{_MARK}", unicodedata.normalize("NFC", text))


def _accented(text: str) -> str:
    """Letters with a combining accent, such as that of a prediction, as TeX composes them."""
    accents = _TABLES["accents"]
    return _ACCENTED.sub(lambda found: rf"\{accents.get(found[2], '^')}{{{found[1]}}}" if found[1] else "", text)
