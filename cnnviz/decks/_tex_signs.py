"""Users' texts as TeX takes them."""

from __future__ import annotations

import re
import unicodedata

_LATIN = 0x17F
_MARK = "\ue000"
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''", "`": r"\textasciigrave{}", _MARK: "{}",
}  # fmt: skip
# In Unicode's order.
_GREEK = re.findall(
    r"\w+", "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho final sigma tau "
    "upsilon phi chi psi omega",
)  # fmt: skip
_NOT_IN_TEX = {"omicron": "o", "final": r"\varsigma "}
_MATH = {
    "×": r"\times", "−": "-", "·": r"\cdot", "∗": r"\ast", "÷": r"\div", "±": r"\pm", "→": r"\to", "←": r"\leftarrow",
    "↔": r"\leftrightarrow", "⇒": r"\Rightarrow", "↑": r"\uparrow", "↓": r"\downarrow", "≤": r"\leq", "≥": r"\geq",
    "≠": r"\neq", "≈": r"\approx", "∈": r"\in", "∞": r"\infty", "∂": r"\partial", "∇": r"\nabla", "√": r"\surd",
    "∑": r"\sum", "∏": r"\prod", "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "′": r"{}'",
    "″": r"{}''", "²": "{}^2", "³": "{}^3", "°": r"{}^\circ", "µ": r"\mu", "½": r"\frac12", "¼": r"\frac14",
    "Γ": r"\Gamma", "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda", "Ξ": r"\Xi", "Π": r"\Pi", "Σ": r"\Sigma",
    "Φ": r"\Phi", "Ψ": r"\Psi", "Ω": r"\Omega", "∝": r"\propto", "≪": r"\ll", "≫": r"\gg", "∼": r"\sim",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0307": ".", "\u0308": '"',
    "\u030c": "v",
}  # fmt: skip
_ACCENTED = re.compile("([A-Za-z]?)([\u0300-\u036f])")
_TEXT = {"…": r"\dots{}", "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "\u00a0": "~"}


def _table() -> dict[int, str]:
    table = {ord(sign): text for sign, text in {**_SPECIAL, **_TEXT}.items()}
    for sign, command in _MATH.items():
        table[ord(sign)] = rf"\ensuremath{{{command}}}"
    for place, name in enumerate(_GREEK):
        command = _NOT_IN_TEX.get(name, rf"\{name}")
        table[ord("α") + place] = rf"\ensuremath{{{command.strip()}}}"
    return table


_SIGNS = _table()


def escaped(text: str) -> str:
    """A text of a user's: it shows every sign and commands nothing."""
    return _accented(_apart(text).translate(_SIGNS))


def verbatim(text: str) -> str:
    """A text in typewriter letters, with straight quotes and two dashes where two dashes stand."""
    signs = {**_SIGNS, ord("'"): r"\textquotesingle{}", ord('"'): r"{\char34}"}
    return r"\texttt{" + _accented(_apart(text).translate(signs)) + "}"


def pdf_string(text: str) -> str:
    """A text as a string of a PDF: plain where it can be, else UTF-16 in octal numbers (ISO 32000-1, 7.9.2.2)."""
    if all(sign.isascii() or not sign.isalpha() or ord(sign) <= _LATIN for sign in text):
        return plain_ascii(text)
    return "".join(rf"\string\{byte:03o}" for byte in b"\xfe\xff" + text.encode("utf-16-be", "replace"))


def plain_ascii(text: str) -> str:
    """A text without any sign that means something to TeX or in a string of a PDF."""
    text = text.translate({ord("×"): "x", ord("−"): "-", ord("→"): " to ", ord("∗"): "*"})
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return " ".join(re.sub(r"[^A-Za-z0-9 .,;:=+*/'-]", " ", text).split())


def beyond_latin(text: str) -> bool:
    """Has a text signs that pdfTeX's usual fonts lack?"""
    return any(ord(sign) > _LATIN for sign in text)


def _apart(text: str) -> str:
    """On one line, a mark between dashes: two of them would become a longer one."""
    return re.sub("-(?=-)", f"-{_MARK}", " ".join(unicodedata.normalize("NFC", text).split()))


def _accented(text: str) -> str:
    """Letters with an accent of its own sign, such as that of an estimate, as TeX puts them together."""
    return _ACCENTED.sub(lambda found: rf"\{_ACCENTS.get(found[2], '^')}{{{found[1]}}}" if found[1] else "", text)
