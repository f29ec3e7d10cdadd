"""A storyboard's formulas with other symbols for the article's sizes: those of the frameworks, H, W, K, S, P."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from cnnviz.storyboard import Equation, Storyboard
from cnnviz.wording.rewording import with_words

Pair = tuple[str, str]

NOTATIONS: Mapping[str, Mapping[str, Pair]] = MappingProxyType({
    "HWKSP": {
        "i": ("H", "W"), "o": ("H_{out}", "W_{out}"), "k": ("K", "K"), "s": ("S", "S"), "p": ("P", "P"),
        "d": ("D", "D"), "a": ("A", "A"), "z": ("Z", "Z"),
    },
})  # fmt: skip
"""By notation, what each symbol of the article becomes along rows and along columns."""

_FORMULA = re.compile(r"\$([^$]+)\$")
_AXIS = re.compile(r"\b(rows?|columns?)\b", re.IGNORECASE)
_ONE_SIZE = re.compile(r"([A-Za-z])=(\d+)(?:\\times(\d+))?")
# Commands with the words in them, and indices, have letters of their own.
_TOKEN = re.compile(r"\\(?:mathrm|text)\{[^{}]*\}|\\[A-Za-z]+|\\.|_\{[^{}]*\}|_.|[A-Za-z]|.", re.DOTALL)

_UNSEEN = re.compile(r"\\(?:[a-zA-Z]+|.) ?|[${}_]")
_SYMBOL = re.compile(r"(?<![A-Za-z\\])[A-Za-z](?![a-z])")
_LINE_LETTERS = 65
"""Signs of a formula that are seen beside the step's number."""


def with_notation(board: Storyboard, notation: str) -> Storyboard:
    """The storyboard with a notation's symbols in place of those that it says are the article's sizes."""
    table = {symbol: pair for symbol, pair in NOTATIONS[notation].items() if symbol in board.symbols}
    rows = [line.name for panel in board.panels() if isinstance(panel, Equation) for line in panel.lines]
    by_axis = any(name.startswith("rows") for name in rows)

    @lru_cache(maxsize=4096)
    def word(text: str, owner: str) -> str:
        axis = owner.partition("-")[0] if by_axis else ""
        return _written(text, axis, table) if "$" in text else text

    worded = with_words(board, word)
    return replace(worded, formula=_short_enough(worded.formula))


def _short_enough(text: str) -> str:
    """A text whose formulas fit their line: where they do not, only what they come to is put in."""
    if len(_UNSEEN.sub(lambda found: "" if found[0] in "${}_" else "x", text)) <= _LINE_LETTERS:
        return text

    def ends(match: re.Match[str]) -> str:
        first, *between, last = match[1].split("=")
        return f"${'='.join([first, *(part for part in between if _SYMBOL.search(part)), last])}$"

    return _FORMULA.sub(lambda match: ends(match) if "=" in match[1] else match[0], text)


def _written(text: str, axis: str, table: Mapping[str, Pair]) -> str:
    """A text with its formulas in the notation; words before a formula say whether it is about rows or columns."""
    done, end, of_output = [], 0, False
    for match in _FORMULA.finditer(text):
        words, formula = text[end : match.start()], match[1]
        of_output = of_output or formula.startswith("o=")
        for named in _AXIS.findall(words):
            axis = named.lower()
            if of_output and "=" in formula and not formula.startswith("o="):
                # Numbers put in for one axis: of which, the symbol tells.
                formula = f"o={formula}"
        done += [words, "$", _formula(formula, axis, table), "$"]
        end = match.end()
    return "".join([*done, text[end:]])


def _formula(formula: str, axis: str, table: Mapping[str, Pair]) -> str:
    alone = _ONE_SIZE.fullmatch(formula)
    if alone and not axis.startswith(("row", "column")):
        return _size(alone, table)
    along: Callable[[Pair], str] = (lambda pair: pair[1]) if axis.startswith("column") else (lambda pair: pair[0])
    return _TOKEN.sub(lambda token: along(table[token[0]]) if token[0] in table else token[0], formula)


def _size(alone: re.Match[str], table: Mapping[str, Pair]) -> str:
    """A size by itself, of both axes: `H=W=5`, `H\\times W=6\\times8`, `K=3`."""
    symbol, rows, columns = alone.groups()
    across = table.get(symbol, (symbol, symbol))
    shown = rows if columns is None else rf"{rows}\times{columns}"
    if across[0] == across[1]:
        return f"{across[0]}={shown}"
    between = "=" if columns is None else r"\times "
    return f"{across[0]}{between}{across[1]}={shown}"
