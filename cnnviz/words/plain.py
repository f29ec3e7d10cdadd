"""Texts with formulas as plain words: for screen readers, captions and alt texts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cnnviz.words.language import code_of

if TYPE_CHECKING:
    from cnnviz.storyboard import Storyboard
    from cnnviz.words.language import Language

_FORMULA = re.compile(r"\$([^$]+)\$")
_SUBSCRIPT = re.compile(r"_(?:\{([^{}]*)\}|(\w))")
_ROOT = re.compile(r"\\sqrt\{([^{}]*)\}")
_HAT = re.compile(r"\\hat\{([^{}]*)\}")
_FRACTION = re.compile(r"\\d?frac\{([^{}]*)\}\{([^{}]*)\}")
_COMMAND = re.compile(r"\\([A-Za-z]+|.) ?")
_BLANKS = re.compile(r" {2,}")
_SIGNS = {
    "times": "×",
    "cdot": "·",
    "lfloor": "⌊",
    "rfloor": "⌋",
    "lceil": "⌈",
    "rceil": "⌉",
    "leq": " ≤ ",
    "geq": " ≥ ",
    "vee": " ∨ ",
    "leftarrow": " ← ",
    "to": " → ",
    "infty": "∞",
    "partial": "∂",
    "sqrt": "√",
    "ldots": "…",
    "ln": "ln ",
    "log": "log ",
    "max": "max",
    "min": "min",
    "tanh": "tanh",
    "Sigma": "Σ",
    "Phi": "Φ",
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "eta": "η",
    "mu": "μ",
    "sigma": "σ",
    "varphi": "φ",
    "approx": "≈",
}
"""What stands for a formula's commands, by their names; all others only say how it looks."""


def spoken(text: str) -> str:
    """A text with formulas as words that a screen reader can say."""
    found = _FORMULA.sub(lambda match: _said(match[1]), text.replace("**", ""))
    return re.sub(r"\s+", " ", found).strip()


def listed(text: str, sign: str) -> str:
    """As `spoken`, with a sign between the parts that only blanks keep apart in a picture."""
    return sign.join(spoken(part) for part in _BLANKS.split(text) if part)


def _said(formula: str) -> str:
    """A formula in signs on one line."""
    found = _HAT.sub(lambda match: match[1] + "\u0302", formula)
    found = _FRACTION.sub(lambda match: f"{_factor(match[1])}/{_factor(match[2])}", found)
    found = _ROOT.sub(lambda match: f"√({match[1]})", found)
    found = _SUBSCRIPT.sub(lambda match: f" {match[1] or match[2]}", found)
    found = _COMMAND.sub(lambda match: _SIGNS.get(match[1], " "), found)
    return re.sub(r"[{}\\]", "", found)


def _factor(text: str) -> str:
    """The upper or lower part of a fraction: in parentheses where it is more than one number or letter."""
    return text if text.isalnum() else f"({text})"


def phrase(lang: str, english: str) -> str:
    """A phrase of a player, a deck or a caption in a language; the English one where that has none."""
    language = _language(lang)
    return language.phrase(english) if language else english


def tag_of(lang: str) -> str:
    """The tag by which web pages and screen readers know a language, such as `zh`."""
    language = _language(lang)
    return language.code if language else "en"


def _language(lang: str) -> Language | None:
    if code_of(lang) == "en":
        return None
    # What reads TOML is imported only where another language than English is wanted.
    from cnnviz.words.language import load_language

    return load_language(lang)


def of_still(board: Storyboard, steps: int, place: int) -> str:
    """The alt text of a picture that shows so many of a figure's steps, or the one at `place`, counted from 0."""
    if board.count == 1:
        return phrase(board.lang, "Figure of {what}").format(what=board.subject) if board.subject else str(board.alt)
    if steps == 1:
        head = phrase(board.lang, "Step {n} of {count}").format(n=place + 1, count=board.count)
    else:
        head = phrase(board.lang, "{n} of {count} steps").format(n=steps, count=board.count)
    if not board.subject:
        return f"{head}{phrase(board.lang, '. ')}{board.alt}"
    return phrase(board.lang, "{step} of an animation of {what}").format(step=head, what=board.subject)


def with_notes(board: Storyboard) -> Storyboard:
    """The storyboard with its point and its convention in the alt text, for those who do not see the figure."""
    stop, end = phrase(board.lang, ". "), phrase(board.lang, ".")
    notes = _notes(board)

    def noted(text: str) -> str:
        return stop.join([text.removesuffix(end), *notes]) + end if text and notes else text

    return replace(board, alt=noted(board.alt), subject=noted(board.subject))


def _notes(board: Storyboard) -> list[str]:
    """The point and the convention as sentences without their full stops."""
    stop, end = phrase(board.lang, ". "), phrase(board.lang, ".")
    point, convention = spoken(board.point).removesuffix(end), spoken(board.convention)
    if stop.isascii() and not board.convention.startswith("$"):
        convention = convention[:1].upper() + convention[1:]
    return [text for text in (point, convention) if text]


def caption(board: Storyboard) -> str:
    """What stands under a figure in a paper: its title, parameters, point and the convention that it follows."""
    comma, colon, stop, end = (phrase(board.lang, sign) for sign in (", ", ": ", ". ", "."))
    title, settings = spoken(board.title), listed(board.settings, comma)
    # A second colon in a row says nothing.
    between = comma if colon in title else colon
    first = between.join(part for part in (title, settings) if part)
    return stop.join([first, *_notes(board)]) + end
