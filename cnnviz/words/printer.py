"""The formatter: words as data become text in a language and a notation, with `$mathtext$` and `**strong**` parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnnviz.notation import THIN, grouped, number, size_text
from cnnviz.words.arithmetic import (
    Cases,
    Condition,
    Expression,
    Function,
    Named,
    Number,
    Symbol,
    Vector,
    has_symbols,
)
from cnnviz.words.expressions import MATH_SIGNS, OF_E, ExpressionPrinter, visible_length
from cnnviz.words.formulas import Assigned, ByCases, Defined, Equation, Filled, Interval
from cnnviz.words.texts import NAMES, Extent, Joined, Math, PerAxis, Shape, Strong, Text, Words, joined, walk

if TYPE_CHECKING:
    from cnnviz.words.language import Language

_BAND_LETTERS = 74
_SQUARE = r"[\u3000-\u303f\u4e00-\u9fff\uff01-\uff60]"
# No blank between two of Chinese's characters: its words have none.
_BLANK_WITHIN = f"(?<={_SQUARE}) (?={_SQUARE})"


class Printer(ExpressionPrinter):
    """Turns words into text in one language and notation."""

    def __init__(self, language: Language | None = None, notation: str = "ikspo") -> None:
        super().__init__(notation)
        self._language = language
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
            Condition: lambda condition: f"${self._condition(condition)}$",
        }

    def __call__(self, words: Words | int) -> str:
        """The text of some words; a str stays as it is."""
        if isinstance(words, str):
            return words
        if isinstance(words, int):
            return grouped(number(words))
        if isinstance(words, Expression):
            return self._expression(words)
        return self._printers[type(words)](words)

    def _text(self, text: Text) -> str:
        template = self._language.template(text.template) if self._language else text.template
        if not text.values:
            return template
        printed = template.format(**{name: self(value) for name, value in text.values.items()})
        return re.sub(_BLANK_WITHIN, "", printed) if self._language else printed

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
        self._axis = 1
        columns = self(Text("columns {value}", value=parts.columns))
        self._axis = 0
        return f"{rows}{self._language.sign(', ') if self._language else ', '}{columns}"

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
            text += f" ${MATH_SIGNS.get(sign, sign)}$ {part}" if formula else f" {sign} {part}"
        return text

    def _defined(self, formula: Defined) -> str:
        return "$" + f" {formula.sign} ".join(map(self.math, (formula.left, *formula.sides))) + "$"

    def _interval(self, interval: Interval) -> str:
        before, after = "[" if interval.closed[0] else "(", "]" if interval.closed[1] else ")"
        return f"${before}{self.math(interval.low)}, {self.math(interval.high)}{after}$"

    def _assigned(self, assigned: Assigned) -> str:
        symbol, value = assigned.symbol, assigned.value
        if isinstance(value, Number):
            text = self._inline(value).text.replace(THIN, r"\,")
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
        results = [self._inline(result).text.replace(THIN, r"\,") for result in formula.results]
        filled = [f"{text}={result}" for text, result in zip(numbers, results, strict=True)]
        if len(set(filled)) == 1:
            return _first_that_fits(f"${left}={general}={filled[0]}$", f"${left}={general}={results[0]}$")
        sized = [f"{self._sized(formula.left.name, axis)}=" for axis in range(2)]
        named = sized if self._symbols else ["", ""]

        def along(names: Sequence[str], texts: Sequence[str]) -> str:
            axes = zip(("rows", "columns"), names, texts, strict=True)
            return "    ".join(self(Text(f"{axis} {{value}}", value=Math(name + text))) for axis, name, text in axes)

        whole = f"${left}={general}$    "
        return _first_that_fits(whole + along(named, filled), whole + along(sized, results))

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
            f" {MATH_SIGNS.get(sign, sign)} {side}" for sign, side in zip(condition.signs, sides[1:], strict=True)
        )


def _is_formula(equation: Equation) -> bool:
    """Whether an equation is set in the letters of formulas throughout: beside a formula, or with powers of e."""
    parts = [inner for side in equation.sides for inner in walk(side)]
    if any(isinstance(part, Named | Vector) for part in parts):
        return False
    left = walk(equation.left) if equation.left is not None and not isinstance(equation.left, str) else ()
    return any(isinstance(part, Defined) for part in left) or any(
        isinstance(part, Symbol) or (isinstance(part, Function) and part.name in OF_E) for part in parts
    )


def _extent(extent: Extent) -> str:
    along = _along(extent)
    return along[0] if len(set(along)) == 1 else "×".join(along)


def _along(extent: Extent) -> list[str]:
    """What an extent is along each axis; of four sizes the axis has one before and one after."""
    sizes = list(map(number, extent.sizes))
    return [f"{sizes[0]},{sizes[2]}", f"{sizes[1]},{sizes[3]}"] if len(sizes) == 4 else sizes


def _first_that_fits(*texts: str) -> str:
    """The first text that fits the band, counted in characters seen; else the last."""
    return next((text for text in texts if visible_length(text) <= _BAND_LETTERS), texts[-1])


def _stacked(parts: Sequence[str]) -> str:
    first, *rest = parts
    return rf"\genfrac{{}}{{}}{{0}}{{0}}{{{first}}}{{{_stacked(rest)}}}" if rest else first
