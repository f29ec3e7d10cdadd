"""Numbers in words: which ones a text shows, how finely, and what its arithmetic comes to."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

_ELLIPSIS = "…"
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_NUMBER = re.compile(r"−?[0-9]+(?:\.[0-9]+)?(?:e[+−-]?[0-9]+|·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|…")
_NOISE = 1e-9
_EXACT_POWER = 64

Real = float | Fraction


@dataclass(frozen=True)
class Number:
    """A number as it is written: its value, half a unit of its last digit, and whether it is digits alone."""

    value: float
    half: float
    whole: bool = False


def numbers(text: str) -> list[Number | None]:
    """Every number of a text in order; None where an ellipsis leaves some out."""
    # The square in a symbol such as σ² is no number.
    text = re.sub(r"\^[0-9]", "", text)
    return [None if match[0] == _ELLIPSIS else _read(match[0]) for match in _NUMBER.finditer(text)]


def _read(text: str) -> Number:
    head, _, raised = text.replace("−", "-").partition("·10")
    head, _, power = head.partition("e")
    exponent = int(raised.translate(_RAISED)) if raised else int(power) if power else 0
    # Read as one, since 0.3 is not 3 times 0.1.
    value = float(f"{head}e{exponent}")
    return Number(value, 0.5 * 10.0 ** (exponent - len(head.partition(".")[2])), text.isdigit())


def strong(text: str) -> str:
    """The last strong part of a text: the result of a caption."""
    parts = text.split("**")
    return parts[-2] if len(parts) > 2 else ""


@dataclass(frozen=True)
class Sum:
    """What arithmetic comes to, between which ends the rounding of its numbers may move that, and whether it is one."""

    value: float
    low: float
    high: float
    alone: Number | None = None

    @property
    def spread(self) -> float:
        """How far rounding may move it either way."""
        return max(self.high - self.value, self.value - self.low)


@dataclass(frozen=True)
class Equation:
    """Two sides with = or ≈ between them, as a text has them."""

    left: Sum
    right: Sum
    exactly: bool

    @property
    def allowed(self) -> float:
        """By how much the sides may differ."""
        if self.exactly:
            return _NOISE * max(1.0, abs(self.left.value))
        lower, upper = sorted((self.left, self.right), key=lambda side: side.value)
        end = self.right.alone.half if self.right.alone else 0.0
        return 1.001 * (upper.value - upper.low + lower.high - lower.value + end) + _NOISE * max(1.0, abs(upper.value))


def equations(text: str, symbols: Mapping[str, float] | None = None, rounded: bool = False) -> Iterator[Equation]:
    """Every equation of a text that is arithmetic on both sides, with what stands next to the sign.

    `rounded` tells that whole numbers may have been rounded as well.
    """
    # Symbols are nothing to reckon with, but for an exponent that is written as one.
    text = re.sub(r"\$(?!\^)[^$]*\$", "§", text.replace("**", "")).replace("$", "")
    parts = re.split(r"([=≈])", text)
    for left, sign, right in zip(parts[::2], parts[1::2], parts[2::2], strict=False):
        sides = _last(left, symbols or {}, rounded), _first(right, symbols or {}, rounded)
        if sides[0] is not None and sides[1] is not None:
            yield Equation(sides[0], sides[1], exactly=sign == "=")


_BREAK = re.compile(r"[;:,]\s|[A-Za-z](?<!\bln)\s|\s{2,}")


def _last(text: str, symbols: Mapping[str, float], rounded: bool) -> Sum | None:
    starts = [0, *(match.end() for match in _BREAK.finditer(text))]
    return next((found for at in starts if (found := evaluate(text[at:], symbols, rounded))), None)


def _first(text: str, symbols: Mapping[str, float], rounded: bool) -> Sum | None:
    ends = [len(text), *(match.start() for match in re.finditer(r"[;:,]\s|\s+[^\W\d]|\s{2,}", text))]
    return next((found for at in sorted(ends, reverse=True) if (found := evaluate(text[:at], symbols, rounded))), None)


def _power(base: Real, exponent: Real) -> Any:
    # Of a large exponent a fraction would be exact as well, and take for ever.
    return base**exponent if -_EXACT_POWER <= exponent <= _EXACT_POWER else float(base) ** float(exponent)


_FUNCTIONS: Mapping[str, Callable[..., Real]] = {
    "exp": math.exp, "ln": math.log, "max": max, "min": min, "abs": abs, "floor": math.floor, "ceil": math.ceil,
    "sqrt": math.sqrt, "tanh": math.tanh, "sigma": lambda x: 1 / (1 + math.exp(-x)),
    "Phi": lambda x: (1 + math.erf(x / math.sqrt(2))) / 2, "mean": lambda *values: math.fsum(values) / len(values),
    "varphi": lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
}  # fmt: skip
_OPERATORS: Mapping[type[ast.AST], Callable[..., Real]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: _power, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
_SIGNS = {
    "·": "*", r"\cdot": "*", r"\,": "*", r"\times": "*", "−": "-", "²": "**2", "½": "(1/2)", "√": "sqrt",
    "⌊": "floor(", "⌋": ")", r"\lfloor": "floor(", r"\rfloor": ")", r"\lceil": "ceil(", r"\rceil": ")", "^": "**",
    "{": "(", "}": ")", r"\hat{y}": "estimate",
}  # fmt: skip
_TOKEN = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:e[+−-]?[0-9]+)?|\\hat\{y\}|\\[A-Za-z]+|\\,|[A-Za-z]+|\*\*|\S")


def evaluate(text: str, symbols: Mapping[str, float] | None = None, rounded: bool = False) -> Sum | None:
    """What arithmetic with the numbers as they are written comes to; None where the text is none.

    Whole numbers are exact unless they are `rounded`; exponents and what a sum is divided by are so always.
    """
    found: list[Number] = []
    text = re.sub(r"\bln ([0-9.]+)", r"ln(\1)", text)
    try:
        python = _python(text, found)
        tree = ast.parse(python, mode="eval").body
        values = {f"n{place}": number.value for place, number in enumerate(found)} | {"e": math.e} | dict(symbols or {})
        value = _exactly(tree, values)
    except _NO_ARITHMETIC:
        return None
    if len(found) == 1 and re.fullmatch(r"[-(]*n0\)*", python):
        return Sum(value, value, value, found[0])
    counts = set(re.findall(r"(?:\*\*|\)/)\(?(n[0-9]+)", python)) if rounded else set()
    halves = {
        f"n{place}": number.half for place, number in enumerate(found)
        if not number.whole or (rounded and f"n{place}" not in counts)
    }  # fmt: skip
    return Sum(value, *_ends_of(tree, values, halves, value))


def _exactly(tree: ast.AST, values: Mapping[str, float]) -> float:
    """What an expression comes to with its numbers as they are written: 1e9 + 0.1 − 1e9 is 0.1."""
    written = {name: Fraction(repr(float(v))) for name, v in values.items() if math.isfinite(v) and name != "e"}
    return float(_value(tree, {**values, **written}))


_NO_ARITHMETIC = (SyntaxError, ValueError, KeyError, TypeError, ZeroDivisionError, OverflowError)


def _ends_of(
    tree: ast.AST, values: Mapping[str, float], halves: Mapping[str, float], value: float
) -> tuple[float, float]:
    """The least and the most that an expression comes to while each number stays within its half unit.

    One number after the other goes to its better end, and all once more: where one is 0 its factors matter later.
    """
    try:
        found = []
        for better in (min, max):
            at = dict(values)
            for name in (*halves, *halves):
                ends = (values[name] - halves[name], values[name] + halves[name])
                at[name] = better((_value(tree, {**at, name: end}), end) for end in ends)[1]
            found.append(float(_value(tree, at)))
    except _NO_ARITHMETIC:
        # At an end there is no such number: nothing is known of the sum.
        return -math.inf, math.inf
    return min(value, found[0]), max(value, found[1])


def expression(text: str) -> ast.expr:
    """The tree of a formula, its numbers as constants; ValueError where it is none."""
    found: list[Number] = []
    try:
        tree = ast.parse(_python(text, found), mode="eval").body
    except SyntaxError:
        raise ValueError(f"no formula: {text}") from None

    class Filled(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            numbered = node.id[0] == "n" and node.id[1:].isdigit()
            return ast.Constant(found[int(node.id[1:])].value) if numbered else node

    filled: ast.expr = Filled().visit(tree)
    return filled


def _python(text: str, found: list[Number]) -> str:
    """An expression as Python has it, its numbers named n0, n1, … and put into `found`."""
    made: list[str] = []
    bars = 0
    for token in _TOKEN.findall(_fractions(text.strip())):
        if token[0].isdigit():
            found.append(_read(token))
            word = f"n{len(found) - 1}"
        elif token == "|":
            bars += 1
            word = "abs(" if bars % 2 else ")"
        else:
            word = _SIGNS.get(token, token.lstrip("\\"))
        if made and _ends(made[-1]) and _begins(word):
            made.append("*")
        made.append(word)
    return "".join(made)


def _ends(word: str) -> bool:
    return word[-1] == ")" or (word[-1].isalnum() and word not in _FUNCTIONS)


def _begins(word: str) -> bool:
    return word[0] == "(" or word[0].isalnum()


def _fractions(text: str) -> str:
    """With a stroke for each fraction, by what stands in its braces."""
    while match := re.search(r"\\d?frac\{", text):
        top, rest = _braced(text[match.end() - 1 :])
        below, rest = _braced(rest)
        text = f"{text[: match.start()]}(({top})/({below})){rest}"
    return text


def _braced(text: str) -> tuple[str, str]:
    depth = 0
    for place, letter in enumerate(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0 and place:
            return text[1:place], text[place + 1 :]
    raise ValueError("an open brace")


def _value(node: ast.AST, symbols: Mapping[str, Real]) -> Real:
    match node:
        case ast.Name(id=name):
            return symbols[name]
        case ast.Constant(value=int(value)):
            return value
        case ast.UnaryOp(op=sign, operand=inner):
            return _OPERATORS[type(sign)](_value(inner, symbols))
        case ast.BinOp(left=left, op=sign, right=right):
            return _OPERATORS[type(sign)](_value(left, symbols), _value(right, symbols))
        case ast.Call(func=ast.Name(id=name), args=inner):
            return _FUNCTIONS[name](*(_value(each, symbols) for each in inner))
    raise ValueError("no arithmetic")
