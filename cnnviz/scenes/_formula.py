"""The equations of `cnnviz.ops`' tables, read: set by cases, written with numbers put in, and told where they hold."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from cnnviz.ops.curves import Line

Written = Mapping[str, str]
"""The text of each symbol's number, with a true minus sign."""

_TOKEN = re.compile(r"\\hat\{y\}|\\mathrm\{or\}|\\[a-zA-Z]+|\\[,;]|[0-9.]+|\S")
Number = Fraction | float
"""A number that is rational as it is written, else what floats have of it."""

_CALLS = {
    r"\max": "max", r"\min": "min", r"\ln": "ln", r"\tanh": "tanh", r"\sigma": "σ", r"\Phi": "Φ", r"\varphi": "φ",
}  # fmt: skip
_RATIONAL: Mapping[str, Callable[..., Number]] = {"max": max, "min": min}
_FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "ln": np.log, "tanh": np.tanh, "σ": lambda x: 1 / (1 + np.exp(-x)),
    "Φ": lambda x: (1 + math.erf(x / math.sqrt(2))) / 2, "φ": lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
}  # fmt: skip
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, ">": operator.gt, r"\leq": operator.le, r"\geq": operator.ge, "=": operator.eq,
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_NUMERIC_FRACTION = re.compile(r"\\frac(?!\{\d+\}\{\d+\})")
_MINUS = "−"


@dataclass(frozen=True)
class _Text:
    """A part of the arithmetic as text, and what that comes to.

    It is `compound` where it needs parentheses as a factor, `signed` where it does as a summand.
    """

    text: str
    value: Number
    compound: bool = False
    signed: bool = False

    def factor(self) -> str:
        """As a factor after another."""
        return f"({self.text})" if self.compound or self.signed else self.text

    def first(self) -> str:
        """As the first factor."""
        return f"({self.text})" if self.compound else self.text

    def summand(self) -> str:
        """As a summand after another."""
        return f"({self.text})" if self.signed else self.text


class _Reader:
    """Reads mathtext from left to right and writes it with numbers for its symbols."""

    def __init__(self, source: str, written: Written) -> None:
        self._tokens = _TOKEN.findall(source)
        self._at = 0
        self._written = written

    @property
    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek
        if wanted and token not in wanted:
            raise ValueError(f"equation has {token!r} where {' or '.join(wanted)} belongs")
        self._at += 1
        return token

    def sum(self) -> _Text:
        negative = self.peek == "-" and bool(self.take())
        first = self.product()
        parts, value = [self._negated(first) if negative else first.text], -first.value if negative else first.value
        signed = negative or first.signed
        while self.peek in ("+", "-"):
            sign, summand = self.take(), self.product()
            parts += [sign.replace("-", _MINUS), summand.summand()]
            value = _of(operator.sub if sign == "-" else operator.add, value, summand.value)
        return _Text(" ".join(parts), value, compound=len(parts) > 1, signed=signed and len(parts) == 1)

    @staticmethod
    def _negated(part: _Text) -> str:
        # −(−2) says less than 2 does.
        if part.signed and re.fullmatch(rf"{_MINUS}[\d.]+", part.text):
            return part.text.removeprefix(_MINUS)
        return _MINUS + part.factor() if part.signed else _MINUS + part.text

    def product(self) -> _Text:
        first = self.power()
        parts = [first]
        while self.peek == r"\,":
            self.take()
            parts.append(self.power())
        if len(parts) == 1:
            return first
        text = "·".join([first.first(), *(part.factor() for part in parts[1:])])
        value: Number = Fraction(1)
        for part in parts:
            value = _of(operator.mul, value, part.value)
        return _Text(text, value, signed=first.signed)

    def power(self) -> _Text:
        base = self.atom()
        if self.peek != "^":
            return base
        self.take()
        exponent = self.group()
        if base.text == "e":
            return _Text(f"exp({exponent.text})", float(np.exp(float(exponent.value))))
        # Of whole numbers alone, as all written ones are.
        raised = _of(lambda a, b: a ** int(b), base.value, exponent.value)
        return _Text(base.factor() + exponent.text.translate(_SUPERSCRIPTS), raised)

    def group(self) -> _Text:
        self.take("{")
        inner = self.sum()
        self.take("}")
        return inner

    def atom(self) -> _Text:
        token = self.take()
        if token == "(":
            inner = self.sum()
            self.take(")")
            return _Text(f"({inner.text})", inner.value) if inner.compound else inner
        if token == "|":
            inner = self.sum()
            self.take("|")
            return _Text(f"|{inner.text}|", max(inner.value, -inner.value))
        if token == r"\frac":
            top, bottom = self.group(), self.group()
            if (top.text, bottom.text) == ("1", "2"):
                return _Text("½", Fraction(1, 2))
            slash = " / " if top.compound or bottom.compound else "/"
            below = f"({bottom.text})" if "·" in bottom.text else bottom.factor()
            return _Text(top.first() + slash + below, _of(operator.truediv, top.value, bottom.value))
        if token in _CALLS:
            return self.call(_CALLS[token])
        if token in self._written:
            text = self._written[token]
            return _Text(text, Fraction(text.replace(_MINUS, "-")), signed=text.startswith(_MINUS))
        if token == "e" or re.fullmatch(r"[\d.]+", token):
            return _Text(token, math.e if token == "e" else Fraction(token))
        raise ValueError(f"equation has {token!r}, which is neither a number nor one of {', '.join(self._written)}")

    def call(self, name: str) -> _Text:
        self.take("(")
        arguments = [self.sum()]
        while self.take(",", ")") == ",":
            arguments.append(self.sum())
        values = [argument.value for argument in arguments]
        rational = _RATIONAL.get(name)
        value = rational(*values) if rational else float(_FUNCTIONS[name](*map(float, values)))
        return _Text(f"{name}({', '.join(argument.text for argument in arguments)})", value)


def _of(operation: Callable[[Any, Any], Any], a: Number, b: Number) -> Number:
    """An operation on two numbers, exact where both are rational; without a value, NaN."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return math.nan if operation is operator.truediv and not b else Fraction(operation(a, b))
    return float(operation(np.float64(float(a)), np.float64(float(b))))


def saturates(text: str) -> bool:
    """Does arithmetic hold a function that comes so close to a whole number that float64 takes it for one?"""
    return any(name in text for name in ("exp(", "tanh(", "σ(", "Φ("))


def filled(expression: str, written: Written) -> str:
    r"""Write an equation's right-hand side with numbers put in: `\alpha\,(e^{x} - 1)` as `1·(exp(−1.20) − 1)`."""
    return _read(expression, written).text


def comes_to(expression: str, written: Written) -> Number:
    """What that text comes to, its numbers taken as they are written; NaN where that has no value."""
    return _read(expression, written).value


def _read(expression: str, written: Written) -> _Text:
    reader = _Reader(expression, written)
    with np.errstate(all="ignore"):
        found = reader.sum()
    reader.take("")
    return found


def holds(condition: str, values: Mapping[str, float]) -> bool:
    """Whether a line's condition is true; one that is empty always is."""
    return any(_all_hold(part, values) for part in condition.split(r"\mathrm{or}"))


def _all_hold(chain: str, values: Mapping[str, float]) -> bool:
    sides = re.split(r"(<|>|\\leq|\\geq|=)", chain.replace(r"\;", " "))
    numbers = [_value(side, values) for side in sides[::2]]
    signs = [_COMPARE[sign] for sign in sides[1::2]]
    return all(sign(a, b) for sign, a, b in zip(signs, numbers, numbers[1:], strict=False))


def _value(side: str, values: Mapping[str, float]) -> float:
    """A side of a condition: a number, a symbol, a product of two or the distance of two."""
    side = side.strip()
    if side.startswith("|"):
        a, b = side.strip("|").split(" - ")
        return abs(_value(a, values) - _value(b, values))
    if r"\," in side:
        a, b = side.split(r"\,")
        return _value(a, values) * _value(b, values)
    if side.startswith("-"):
        return -_value(side[1:], values)
    return values[side] if side in values else float(side)


def line_at(lines: Sequence[Line], values: Mapping[str, float]) -> Line:
    """The line of an equation by cases that holds for the values of its symbols."""
    return next(line for line in lines if not line.condition or holds(line.condition, values))


def by_cases(left: str, lines: Sequence[Line]) -> str:
    """An equation as one formula, its cases one under the other behind a brace; `left` may be empty."""
    left = f"{left} = " if left else ""
    if len(lines) == 1:
        return f"${left}{_displayed(lines[0].expression)}$"
    shown = [_displayed(line.expression) for line in lines]
    if any(r"\dfrac" in expression for expression in shown):
        # Beside a tall fraction only what stands in the same row stays level with it.
        rows = (rf"{expression}\quad{line.condition}" for expression, line in zip(shown, lines, strict=True))
        return rf"${left}\left\{{{_stacked(list(rows))}\right.$"
    expressions = _stacked(shown)
    conditions = _stacked([line.condition for line in lines])
    return rf"${left}\left\{{{expressions}\quad{conditions}\right.$"


def in_a_row(left: str, lines: Sequence[Line]) -> str:
    """An equation on one line of text, its cases side by side."""
    first, *rest = (
        f"{slashed(line.expression)}$" + (f" for ${line.condition}$" if line.condition else "") for line in lines
    )
    return f"${left} = {first}" + "".join(f",  ${case}" for case in rest)


def slashed(expression: str) -> str:
    """With a slash for each fraction but plain numbers: within a line of text a fraction's letters are too small."""
    while match := _NUMERIC_FRACTION.search(expression):
        top, rest = _braced(expression[match.end() :])
        bottom, rest = _braced(rest)
        parts = [f"({part})" if re.search(r"[^{]-|\+|\\,", part) else part for part in (top, bottom)]
        expression = f"{expression[: match.start()]}{'/'.join(parts)}{rest}"
    return expression


def _braced(text: str) -> tuple[str, str]:
    """What stands between a text's opening brace and the one that closes it, and what follows."""
    depth = 0
    for place, letter in enumerate(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0:
            return text[1:place], text[place + 1 :]
    raise ValueError(f"equation has an open brace: {text}")


def _displayed(expression: str) -> str:
    """With fractions of full size, but for plain numbers such as one half."""
    return _NUMERIC_FRACTION.sub(r"\\dfrac", expression)


def _stacked(parts: Sequence[str]) -> str:
    first, *rest = parts
    return rf"\genfrac{{}}{{}}{{0}}{{0}}{{{first}}}{{{_stacked(rest)}}}" if rest else first
