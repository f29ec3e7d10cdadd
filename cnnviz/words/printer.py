"""The formatter: words as data become text in a language and a notation, with `$mathtext$` and `**strong**` parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cnnviz.notation import MINUS, number, size_text
from cnnviz.words.arithmetic import (
    Cases,
    Condition,
    Equation,
    Expression,
    Function,
    Named,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Vector,
    has_symbols,
    leaves,
)
from cnnviz.words.formulas import Assigned, ByCases, Defined, Filled, Fitting, Interval
from cnnviz.words.texts import NAMES, Extent, Joined, Math, PerAxis, Shape, Strong, Text, Words, joined, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnnviz.words.language import Language

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
"""By notation, what a symbol of a size becomes along rows and along columns; those left out stay."""

_BAND_LETTERS = 74
_FEWEST_SHORTENED = 3
_COMMAND = re.compile(r"\\(?:[a-zA-Z]+|.) ?")
_UNSEEN = re.compile(r"\\,|[${}_^]")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
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
_MATH_SIGNS = {"≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx"}
_OF_E = ("exp", "expm1", "softplus")
_BARS = {"abs": ("|", "|"), "floor": (r"\lfloor", r"\rfloor"), "ceil": (r"\lceil", r"\rceil")}
_INLINE_BARS = {"abs": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}
_SQUARE = r"[\u3000-\u303f\u4e00-\u9fff\uff01-\uff60]"
# No blank between two of Chinese's characters: its words have none.
_BLANK_WITHIN = re.compile(f"(?<={_SQUARE}) (?={_SQUARE})")


@dataclass(frozen=True)
class _Part:
    """A part of an expression as text: `compound` needs parentheses as a factor, `signed` as a term after another.

    `after` is what it is as a term after another where that is not the text in parentheses. One with a `vector` in it
    is put into brackets.
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


class Printer:
    """Turns words into text in one language and notation."""

    def __init__(self, language: Language | None = None, notation: str = "ikspo") -> None:
        self._language, self._notation, self._symbols = language, notation, NOTATIONS[notation]
        self._axis = 0
        # How long a sum may be within an equation; 0 where it is written whole.
        self._letters = 0
        self._printers: Mapping[type, Callable[[Any], str]] = {
            Text: self._text,
            Strong: lambda strong: f"**{self(strong.inner)}**",
            Joined: self._joined,
            Math: lambda math: f"${math.source}$",
            Shape: lambda shape: size_text(*shape.sizes),
            Extent: _extent,
            PerAxis: self._per_axis,
            Equation: self._equation,
            Assigned: self._assigned,
            Defined: self._defined,
            ByCases: self._by_cases,
            Filled: self._filled,
            Interval: self._interval,
            Fitting: self._fitting,
            Condition: lambda condition: f"${self._condition(condition)}$",
        }

    def __call__(self, words: Words | int) -> str:
        """The text of some words; a str stays as it is."""
        if isinstance(words, str):
            return words
        if isinstance(words, int):
            return number(words)
        if isinstance(words, Expression):
            return self._expression(words)
        return self._printers[type(words)](words)

    def _text(self, text: Text) -> str:
        template = self._language.template(text.template) if self._language else text.template
        if not text.values:
            return template
        printed = template.format(**{name: self(value) for name, value in text.values.items()})
        return _BLANK_WITHIN.sub("", printed) if self._language else printed

    def _joined(self, words: Joined) -> str:
        sign = self._language.sign if self._language else str
        between, end = sign(words.between), sign(words.end)
        text = (", " if between == NAMES else between).join(map(self, words.parts))
        # A part may be a sentence already.
        return text if end and text.endswith(end) else text + end

    def _per_axis(self, parts: PerAxis) -> str:
        if parts.rows == parts.columns:
            return self(parts.rows)
        rows = self(Text("rows {value}", value=parts.rows))
        with self._along(1):
            columns = self(Text("columns {value}", value=parts.columns))
        return f"{rows}{self._language.sign(', ') if self._language else ', '}{columns}"

    @contextmanager
    def _along(self, axis: int) -> Iterator[None]:
        before, self._axis = self._axis, axis
        try:
            yield
        finally:
            self._axis = before

    # Equations and formulas

    def _expression(self, part: Expression) -> str:
        return f"${self.math(part)}$" if has_symbols(part) else self._inline(part).text

    def _equation(self, equation: Equation) -> str:
        self._letters = equation.letters
        formula = _is_formula(equation)
        *sides, result = [self.math(side) if formula else self._expression(side) for side in equation.sides]
        self._letters = 0
        if formula:
            # Each side is a formula of its own: those that stay are set but once, and a long line can be cut.
            result = rf"\mathbf{{{result}}}" if equation.strong else result
            *sides, result = [f"${side}$" for side in (*sides, result)]
        parts = [*sides, f"**{result}**" if equation.strong else result]
        signs = list(equation.signs())
        if equation.left is not None:
            parts, signs = [self(equation.left), *parts], ["=", *signs]
        text = parts[0]
        for sign, part in zip(signs, parts[1:], strict=True):
            text += f" ${_MATH_SIGNS.get(sign, sign)}$ {part}" if formula else f" {sign} {part}"
        return text

    def _defined(self, formula: Defined) -> str:
        return "$" + f" {formula.sign} ".join(map(self.math, (formula.left, *formula.sides))) + "$"

    def _interval(self, interval: Interval) -> str:
        before, after = "[" if interval.closed[0] else "(", "]" if interval.closed[1] else ")"
        return f"${before}{self.math(interval.low)}, {self.math(interval.high)}{after}$"

    def _assigned(self, assigned: Assigned) -> str:
        symbol, value = assigned.symbol, assigned.value
        if isinstance(value, Number):
            text = self._inline(value).text
            # The e of a power of ten would be a symbol within a formula.
            name = self.math(symbol)
            return rf"${name}=\,${text}" if "e" in text else f"${name}={text}$"
        across = self._symbols.get(symbol.name, (symbol.name, symbol.name)) if symbol.size else (symbol.name,) * 2
        rows, columns = (_along(value)[axis] for axis in (0, -1))
        shown = rows if rows == columns else rf"{rows}\times{columns}"
        if across[0] == across[1]:
            return f"${across[0]}={shown}$"
        between = "=" if rows == columns else r"\times "
        return f"${across[0]}{between}{across[1]}={shown}$"

    def _filled(self, formula: Filled) -> str:
        left, general = self.math(formula.left), self.math(formula.general)
        numbers = [self.math(formula.general, formula.environment(axis)) for axis in range(len(formula.values))]
        results = [self._inline(result).text for result in formula.results]
        filled = [f"{text}={result}" for text, result in zip(numbers, results, strict=True)]
        if len(set(filled)) == 1:
            return _first_that_fits(f"${left}={general}={filled[0]}$", f"${left}={general}={results[0]}$")
        named = ["", ""] if not self._symbols else [f"{self._sized(formula.left.name, axis)}=" for axis in range(2)]
        rows, columns = (
            self(Text(f"{axis} {{value}}", value=Math(f"{name}{text}")))
            for axis, name, text in zip(("rows", "columns"), named, filled, strict=True)
        )
        short = (
            self(Text(f"{axis} {{value}}", value=Math(f"{self._sized(formula.left.name, n)}={text}")))
            for n, (axis, text) in enumerate(zip(("rows", "columns"), results, strict=True))
        )
        return _first_that_fits(
            f"${left}={general}$    {rows}    {columns}", f"${left}={general}$    {'    '.join(short)}"
        )

    def _fitting(self, fitting: Fitting) -> str:
        # The same in every language, whose words are of other lengths.
        english = Printer(notation=self._notation)
        texts = [english(option) for option in fitting.options]
        return self(fitting.options[texts.index(_first_that_fits(*texts))])

    def _by_cases(self, definition: ByCases) -> str:
        left = "" if definition.left is None else f"{self._bare(definition.left)} = "
        body = definition.body
        cases = body.cases if isinstance(body, Cases) else ((body, ()),)
        if not definition.stacked:
            texts = [Math(f"{'' if n else left}{self.math(part)}") for n, (part, _) in enumerate(cases)]
            held = [Math(self._conditions(found)) if found else None for _, found in cases]
            return self(
                joined(
                    (
                        Text("{value} for {condition}", value=value, condition=condition) if condition else value
                        for value, condition in zip(texts, held, strict=True)
                    ),
                    ",  ",
                )
            )
        shown = [self.math(part, display=True) for part, _ in cases]
        if len(cases) == 1:
            return f"${left}{shown[0]}$"
        conditions = [self._conditions(found) for _, found in cases]
        if any(r"\dfrac" in text for text in shown):
            # Beside a tall fraction only what stands in the same row stays level with it.
            rows = [rf"{text}\quad{condition}" for text, condition in zip(shown, conditions, strict=True)]
            return rf"${left}\left\{{{_stacked(rows)}\right.$"
        return rf"${left}\left\{{{_stacked(shown)}\quad{_stacked(conditions)}\right.$"

    def _bare(self, words: Words) -> str:
        return self.math(words) if isinstance(words, Expression) else self(words).strip("$")

    def _conditions(self, conditions: Sequence[Condition]) -> str:
        between = r" \;\mathrm{or}\; " if not self._language else rf" \;{self._language.template('or')}\; "
        return between.join(map(self._condition, conditions))

    def _condition(self, condition: Condition) -> str:
        sides = [self.math(side) for side in condition.sides]
        return sides[0] + "".join(
            f" {_MATH_SIGNS.get(sign, sign)} {side}" for sign, side in zip(condition.signs, sides[1:], strict=True)
        )

    # Inline: numbers in the font of the text

    def _inline(self, part: Expression) -> _Part:
        match part:
            case Number():
                return _Part(part.text, signed=part.text.startswith(MINUS))
            case Vector(parts):
                return _Part(f"({', '.join(self._inline(inner).text for inner in parts)})")
            case Symbol():
                return _Part(f"${self.math(part)}$")
            case Sum():
                return self._inline_sum(part)
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
                simple = isinstance(part.base, Number | Symbol | Function)
                return _Part((base.factor() if simple else f"({base.text})") + self._raised(part.exponent))
            case Named():
                return _Part(self(part.name))
            case Function("expm1" | "softplus", (inner,)):
                raised = f"exp({self._inline(inner).text})"
                return _Part(f"{raised} − 1", compound=True) if part.name == "expm1" else _Part(f"ln(1 + {raised})")
            case Function():
                arguments = [self._inline(argument).text for argument in part.arguments]
                inside = _shortened(arguments, self._letters or len(str(arguments)), ", ")
                before, after = _INLINE_BARS.get(part.name, ("√(" if part.name == "sqrt" else f"{part.name}(", ")"))
                return _Part(f"{before}{inside}{after}")
        raise TypeError(f"{type(part).__name__} cannot be written within a line")

    def _raised(self, exponent: Expression) -> str:
        text = self._inline(exponent).text
        return text.translate(_SUPERSCRIPTS) if text.isdigit() else f"$^{{{text}}}$"

    def _inline_sum(self, part: Sum) -> _Part:
        first, *rest = part.terms
        vector = any(isinstance(each, Vector) for each in walk(part))
        if self._letters and not any(isinstance(term, Negative) for term in part.terms):
            terms = [self._inline(first).text, *(self._inline(term).term() for term in rest)]
            return _Part(_shortened(terms, self._letters), compound=bool(rest), vector=vector)
        text = self._inline(first).text
        for term in rest:
            inner = term.inner if isinstance(term, Negative) else term
            found = self._inline(inner)
            text += f" {MINUS if isinstance(term, Negative) else '+'} " + (
                found.factor() if isinstance(term, Negative) else found.term()
            )
        return _Part(text, compound=bool(rest), signed=isinstance(first, Negative) and not rest, vector=vector)

    def _inline_quotient(self, part: Quotient) -> _Part:
        top, below = self._inline(part.top), self._inline(part.below)
        if (top.text, below.text) == ("1", "2"):
            return _Part("½")
        slash = " / " if top.compound or " " in below.text else "/"
        under = f"({below.text})" if isinstance(part.below, Product | Quotient) else below.factor()
        return _Part(top.first() + slash + under, signed=top.signed)

    # Mathtext: letters, and numbers put in for them

    def math(self, part: Expression, values: Mapping[str, Number] | None = None, *, display: bool = False) -> str:
        """An expression as mathtext; with numbers for the symbols that `values` holds, fractions tall in `display`."""
        return self._math(part, values or {}, display).text

    def _sized(self, name: str, axis: int | None = None) -> str:
        pair = self._symbols.get(name, (name, name))
        return pair[self._axis if axis is None else axis]

    def _math(self, part: Expression, values: Mapping[str, Number], display: bool) -> _Part:
        of = partial(self._math, values=values, display=display)
        match part:
            case Number():
                mantissa, power, exponent = part.text.replace(MINUS, "-").partition("e")
                text = rf"{mantissa}\cdot 10^{{{exponent}}}" if power else mantissa
                return _Part(text, signed=text.startswith("-"))
            case Symbol():
                if part.name in values:
                    return of(values[part.name])
                name = self._sized(part.name) if part.size else part.name
                index = ",".join(map(str, part.index))
                return _Part(f"{name}_{{{index}}}" if index else name)
            case Sum():
                return self._math_sum(part, of)
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

    def _math_sum(self, part: Sum, of: Callable[[Expression], _Part]) -> _Part:
        first, *rest = part.terms
        if self._letters and not any(isinstance(term, Negative) for term in part.terms):
            terms = [of(first).text, *(of(term).term() for term in rest)]
            return _Part(_shortened(terms, self._letters, "+").replace("…", r"\ldots"), compound=bool(rest))
        text = of(first).text
        for term in rest:
            negative = isinstance(term, Negative)
            found = of(term.inner if isinstance(term, Negative) else term)
            text += f"{'-' if negative else '+'}{found.factor() if negative else found.term()}"
        return _Part(text, compound=bool(rest))

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
        # Within an equation a small fraction's digits are too small.
        small = not self._letters or (top.text, below.text) == ("1", "2")
        if small and isinstance(part.top, Number) and isinstance(part.below, Number):
            return _Part(rf"\frac{{{top.text}}}{{{below.text}}}")
        if display:
            return _Part(rf"\dfrac{{{top.text}}}{{{below.text}}}")
        # Within a line of text a fraction's letters are too small.
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


def _is_formula(equation: Equation) -> bool:
    """Whether an equation is set in the letters of formulas throughout: beside a formula, or with powers of e."""
    parts = [inner for side in equation.sides for inner in walk(side)]
    if any(isinstance(part, Named | Vector) for part in parts):
        return False
    left = walk(equation.left) if equation.left is not None and not isinstance(equation.left, str) else ()
    return any(isinstance(part, Defined) for part in left) or any(
        isinstance(part, Symbol) or (isinstance(part, Function) and part.name in _OF_E) for part in parts
    )


def _is_filled(part: Expression, values: Mapping[str, Number]) -> bool:
    return all(leaf.name in values for leaf in leaves(part) if isinstance(leaf, Symbol))


def _extent(extent: Extent) -> str:
    along = _along(extent)
    return along[0] if len(set(along)) == 1 else "×".join(along)


def _along(extent: Extent) -> list[str]:
    """What an extent is along each axis; of four sizes the axis has one before and one after."""
    sizes = list(map(number, extent.sizes))
    return [f"{sizes[0]},{sizes[2]}", f"{sizes[1]},{sizes[3]}"] if len(sizes) == 4 else sizes


def _shortened(terms: Sequence[str], letters: int, between: str = " + ") -> str:
    """The terms with plus signs between; the middle gives way to an ellipsis where they are too many to read."""
    whole = between.join(terms)
    if _seen(whole) <= letters or len(terms) < _FEWEST_SHORTENED:
        return whole
    last = terms[-1]
    first: list[str] = []
    for term in terms:
        if _seen(between.join([*first, term, "…", last])) > letters:
            break
        first.append(term)
    return between.join([*first[: len(terms) - 2], "…", last])


def _first_that_fits(*texts: str) -> str:
    """The first text that fits the band, counted in characters seen; else the last."""
    return next((text for text in texts if _seen(text) <= _BAND_LETTERS), texts[-1])


def _seen(text: str) -> int:
    """How many characters are seen of a text."""
    return len(_COMMAND.sub("x", _UNSEEN.sub("", text)))


def _stacked(parts: Sequence[str]) -> str:
    first, *rest = parts
    return rf"\genfrac{{}}{{}}{{0}}{{0}}{{{first}}}{{{_stacked(rest)}}}" if rest else first
