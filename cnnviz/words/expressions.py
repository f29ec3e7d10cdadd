"""Expressions as text: inline, in the font of the line, or as mathtext with numbers in place of letters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnnviz.notation import MINUS, THIN, grouped
from cnnviz.record import Record
from cnnviz.words.arithmetic import (
    Expression,
    Function,
    Named,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Scientific,
    Sum,
    Symbol,
    Vector,
    has_symbols,
    leaves,
)
from cnnviz.words.texts import walk

if TYPE_CHECKING:
    from cnnviz.words.texts import Words

Pair = tuple[str, str]

NOTATIONS: Mapping[str, Mapping[str, Pair]] = MappingProxyType(
    {
        "ikspo": {},
        "HWKSP": {
            "i": ("H", "W"),
            "o": ("H_{out}", "W_{out}"),
            "k": ("K", "K"),
            "s": ("S", "S"),
            "s'": ("S'", "S'"),
            "p": ("P", "P"),
            "p'": ("P'", "P'"),
            "d": ("D", "D"),
            "a": ("A", "A"),
            "z": ("Z", "Z"),
        },
    }
)
"""By notation, the symbols of sizes along rows and columns; those not listed stay the same."""

_FEWEST_SHORTENED = 3
_COMMAND = re.compile(r"\\(?:[a-zA-Z]+|.) ?")
_UNSEEN = re.compile(r"\\,|[${}_^]")
_SUPERSCRIPTS = str.maketrans(f"{MINUS}0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MATH_FUNCTIONS = {
    "max": r"\max",
    "min": r"\min",
    "ln": r"\ln",
    "tanh": r"\tanh",
    "sin": r"\sin",
    "σ": r"\sigma",
    "Φ": r"\Phi",
    "φ": r"\varphi",
}
MATH_SIGNS = {"≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx"}
OF_E = ("exp", "expm1", "softplus")
_BARS = {"abs": ("|", "|"), "floor": (r"\lfloor", r"\rfloor"), "ceil": (r"\lceil", r"\rceil")}
_INLINE_BARS = {"abs": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}


class _Part(Record):
    """Part of an expression as text: if `compound` it needs parentheses as a factor, if `signed` after another term.

    `after` is the text after another term, if not simply parenthesised. With a `vector` inside it gets brackets.
    """

    text: str
    compound: bool = False
    signed: bool = False
    after: str = ""
    vector: bool = False

    def factor(self) -> str:
        if self.compound and self.vector:
            return f"[{self.text}]"
        return f"({self.text})" if self.compound or self.signed else self.text

    def first(self) -> str:
        return f"({self.text})" if self.compound else self.text

    def term(self) -> str:
        return self.after or (f"({self.text})" if self.signed else self.text)


class ExpressionPrinter:
    """Prints expressions in one notation."""

    def __init__(self, notation: str) -> None:
        self._notation, self._symbols = notation, NOTATIONS[notation]
        self._axis = 0
        # Maximal length of a sum in an equation; 0 for no limit.
        self._letters = 0

    def __call__(self, words: Words | int) -> str:
        """The text of words, such as an expression's name."""
        raise NotImplementedError

    # Inline: numbers in the font of the text

    def _inline(self, part: Expression) -> _Part:
        match part:
            case Scientific():
                mantissa, exponent = part.text.split("e")
                return _Part(f"{mantissa}·10{exponent.translate(_SUPERSCRIPTS)}", signed=mantissa.startswith(MINUS))
            case Number():
                return _Part(grouped(part.text), signed=part.text.startswith(MINUS))
            case Vector(parts):
                return _Part(f"({', '.join(self._inline(inner).text for inner in parts)})")
            case Symbol():
                return _Part(f"${self.math(part)}$")
            case Sum():
                return self._sum(part, self._inline, " + ", f" {MINUS} ", "…")
            case Product():
                first, *rest = map(self._inline, part.factors)
                others = [each.factor() for each in rest]
                after = "·".join([first.factor(), *others])
                return _Part("·".join([first.first(), *others]), signed=first.signed, after=after)
            case Quotient():
                return self._inline_quotient(part)
            case Negative():
                inner = self._inline(part.inner)
                return _Part(MINUS + inner.factor(), signed=True)
            case Power(Symbol("e"), exponent):
                return _Part(f"exp({self._inline(exponent).text})")
            case Power():
                base = self._inline(part.base)
                simple = isinstance(part.base, Number | Symbol | Function) and not isinstance(part.base, Scientific)
                return _Part((base.factor() if simple else f"({base.text})") + self._raised(part.exponent))
            case Named():
                return _Part(self(part.name))
            case Function("expm1" | "softplus", (inner,)):
                raised = f"exp({self._inline(inner).text})"
                return _Part(f"{raised} − 1", compound=True) if part.name == "expm1" else _Part(f"ln(1 + {raised})")
            case Function():
                arguments = [self._inline(argument).text for argument in part.arguments]
                inside = self._shortened(arguments, ", ", "…")
                if part.name == "sqrt" and isinstance(part.arguments[0], Number):
                    return _Part(f"√{inside}")
                before, after = _INLINE_BARS.get(part.name, ("√(" if part.name == "sqrt" else f"{part.name}(", ")"))
                return _Part(f"{before}{inside}{after}")
        raise TypeError(f"{type(part).__name__} cannot be written within a line")

    def _raised(self, exponent: Expression) -> str:
        text = self._inline(exponent).text
        return text.translate(_SUPERSCRIPTS) if text.isdigit() else f"$^{{{text}}}$"

    def _sum(self, part: Sum, of: Callable[[Expression], _Part], plus: str, minus: str, dots: str) -> _Part:
        first, *rest = part.terms
        vector = any(isinstance(each, Vector) for each in walk(part))
        if any(isinstance(term, Negative) for term in part.terms):
            text = of(first).text
            for term in rest:
                text += minus + of(term.inner).factor() if isinstance(term, Negative) else plus + of(term).term()
        else:
            text = self._shortened([of(first).text, *(of(term).term() for term in rest)], plus, dots)
        return _Part(text, compound=bool(rest), vector=vector)

    def _inline_quotient(self, part: Quotient) -> _Part:
        top, below = self._inline(part.top), self._inline(part.below)
        if (top.text, below.text) == ("1", "2"):
            return _Part("½")
        slash = " / " if top.compound or " " in below.text else "/"
        under = f"({below.text})" if isinstance(part.below, Product | Quotient | Scientific) else below.factor()
        return _Part(top.first() + slash + under, signed=top.signed)

    def _shortened(self, terms: Sequence[str], between: str, dots: str) -> str:
        """Terms joined by signs; if there are too many to read, an ellipsis replaces those in the middle."""
        whole, last = between.join(terms), terms[-1]
        if not self._letters or visible_length(whole) <= self._letters or len(terms) < _FEWEST_SHORTENED:
            return whole
        kept = len(terms) - 2
        while kept and visible_length(between.join([*terms[:kept], "…", last])) > self._letters:
            kept -= 1
        return between.join([*terms[:kept], dots, last])

    # Mathtext: letters, or numbers in their place

    def math(self, part: Expression, values: Mapping[str, Number] | None = None, *, display: bool = False) -> str:
        """An expression as mathtext, with `values` in place of symbols; `display` makes tall fractions."""
        return self._math(part, values or {}, display).text

    def _sized(self, name: str, axis: int | None = None) -> str:
        pair = self._symbols.get(name, (name, name))
        return pair[self._axis if axis is None else axis]

    def _math(self, part: Expression, values: Mapping[str, Number], display: bool) -> _Part:
        of = partial(self._math, values=values, display=display)
        match part:
            case Number():
                mantissa, power, exponent = part.text.replace(MINUS, "-").partition("e")
                text = rf"{mantissa}\cdot 10^{{{exponent}}}" if power else grouped(mantissa).replace(THIN, r"\,")
                return _Part(text, signed=text.startswith("-"))
            case Symbol():
                if part.name in values:
                    return of(values[part.name])
                name = self._sized(part.name) if part.size else part.name
                index = ",".join(map(str, part.index))
                return _Part(f"{name}_{{{index}}}" if index else name)
            case Sum():
                return self._sum(part, of, "+", "-", r"\ldots")
            case Product():
                return self._math_product(part, of, values)
            case Quotient():
                return self._math_quotient(part, of, display)
            case Negative(Number(0)):
                return of(part.inner)
            case Negative():
                return _Part("-" + of(part.inner).factor(), signed=True)
            case Power():
                base = of(part.base)
                whole = f"({base.text})" if isinstance(part.base, Product | Quotient) else base.factor()
                return _Part(f"{whole}^{{{of(part.exponent).text}}}")
            case Function():
                return self._math_function(part, of)
        raise TypeError(f"{type(part).__name__} cannot be written as one formula")

    def _math_product(self, part: Product, of: Callable[[Expression], _Part], values: Mapping[str, Number]) -> _Part:
        found = [of(factor) for factor in part.factors]
        text = found[0].first()
        for before, after, written in zip(part.factors, part.factors[1:], found[1:], strict=False):
            numeric = not any(has_symbols(each) and not _is_filled(each, values) for each in (before, after))
            if numeric:
                between = r"\cdot "
            elif isinstance(before, Number) or (written.compound and isinstance(before, Symbol) and before.size):
                between = ""
            else:
                between = r"\,"
            text += between + written.factor()
        return _Part(text, signed=found[0].signed)

    def _math_quotient(self, part: Quotient, of: Callable[[Expression], _Part], display: bool) -> _Part:
        top, below = of(part.top), of(part.below)
        # In an equation the digits of a small fraction would be too small.
        small = not self._letters or (top.text, below.text) == ("1", "2")
        if small and isinstance(part.top, Number) and isinstance(part.below, Number):
            return _Part(rf"\frac{{{top.text}}}{{{below.text}}}")
        if display:
            return _Part(rf"\dfrac{{{top.text}}}{{{below.text}}}")
        # In a line of text the letters of a fraction would be too small.
        under = f"({below.text})" if isinstance(part.below, Product) else below.factor()
        over = f"({top.text})" if isinstance(part.top, Product) and not display else top.first()
        return _Part(f"{over}/{under}")

    def _math_function(self, part: Function, of: Callable[[Expression], _Part]) -> _Part:
        inside = ", ".join(of(argument).text for argument in part.arguments)
        if part.name in _BARS:
            before, after = _BARS[part.name]
            return _Part(f"{before}{inside}{after}")
        if part.name == "sqrt":
            return _Part(rf"\sqrt{{{inside}}}")
        if part.name == "exp":
            return _Part(f"e^{{{inside}}}")
        if part.name == "expm1":
            return _Part(f"e^{{{inside}}} - 1", compound=True)
        if part.name == "softplus":
            return _Part(rf"\ln(1 + e^{{{inside}}})")
        name = _MATH_FUNCTIONS.get(part.name) or rf"\mathrm{{{part.name}}}"
        return _Part(f"{name}({inside})")


def _is_filled(part: Expression, values: Mapping[str, Number]) -> bool:
    return all(leaf.name in values for leaf in leaves(part) if isinstance(leaf, Symbol))


def visible_length(text: str) -> int:
    """The number of visible characters in a text."""
    return len(_COMMAND.sub("x", _UNSEEN.sub("", text)))
