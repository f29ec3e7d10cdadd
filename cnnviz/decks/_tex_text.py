"""Escape users' texts for TeX."""

from __future__ import annotations

import re
import unicodedata

_LATIN = 0x17F
_MARK = "\ue000"
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
    _MARK: "{}",
}
_MATH = {
    "×": r"\times",
    "−": "-",
    "·": r"\cdot",
    "∗": r"\ast",
    "÷": r"\div",
    "±": r"\pm",
    "→": r"\to",
    "←": r"\leftarrow",
    "↔": r"\leftrightarrow",
    "⇒": r"\Rightarrow",
    "↑": r"\uparrow",
    "↓": r"\downarrow",
    "≤": r"\leq",
    "≥": r"\geq",
    "≠": r"\neq",
    "≈": r"\approx",
    "∈": r"\in",
    "∞": r"\infty",
    "∂": r"\partial",
    "∇": r"\nabla",
    "√": r"\surd",
    "∑": r"\sum",
    "∏": r"\prod",
    "⌊": r"\lfloor",
    "⌋": r"\rfloor",
    "⌈": r"\lceil",
    "⌉": r"\rceil",
    "′": r"{}'",
    "″": r"{}''",
    "²": "{}^2",
    "³": "{}^3",
    "°": r"{}^\circ",
    "µ": r"\mu",
    "½": r"\frac12",
    "¼": r"\frac14",
    "∝": r"\propto",
    "≪": r"\ll",
    "≫": r"\gg",
    "∼": r"\sim",
}
_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0307": ".",
    "\u0308": '"',
    "\u030c": "v",
}
_ACCENTED = re.compile("([A-Za-z]?)([\u0300-\u036f])")
_TEXT = {"…": r"\dots{}", "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "\u00a0": "~"}


def _greek(letter: str) -> str:
    """TeX's name of a Greek letter."""
    name = unicodedata.name(letter).split()[-1].lower().replace("lamda", "lambda")
    return name if letter.islower() else name.title()


_CHARACTERS = str.maketrans(
    _SPECIAL
    | _TEXT
    | {character: rf"\ensuremath{{{command}}}" for character, command in _MATH.items()}
    | {letter: rf"\ensuremath{{\{_greek(letter)}}}" for letter in "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"}
    | {"ς": r"\ensuremath{\varsigma}", "ο": r"\ensuremath{o}"}
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
    """On one line, with a mark between dashes: TeX joins two into a longer one."""
    return re.sub("-(?=-)", f"-{_MARK}", " ".join(unicodedata.normalize("NFC", text).split()))


def _accented(text: str) -> str:
    """Letters with a combining accent, such as that of a prediction, as TeX composes them."""
    return _ACCENTED.sub(lambda found: rf"\{_ACCENTS.get(found[2], '^')}{{{found[1]}}}" if found[1] else "", text)
