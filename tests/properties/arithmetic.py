"""A reader for the arithmetic in captions and formulas: what it comes to, and what its rounded numbers allow."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import special, stats

_TOKEN = re.compile(
    r"\d+(?:\.\d+)?(?:e[-−+]?\d+)?(?:·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?"
    r"|(?:Leaky ReLU|[A-Za-z]+(?:-relu)?\d?|[σΦφ])(?=\()|[⁰¹²³⁴⁵⁶⁷⁸⁹]+|[-−+·×/^()\[\]|,√½…⌊⌋⌈⌉]|[a-zA-Z]"
)
_PLAIN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")
_CLOSING = {"(": ")", "[": "]", "⌊": "⌋", "⌈": "⌉", "|": "|"}


class UnreadableError(Exception):
    """Not arithmetic, or not all of it: an ellipsis stands for the rest."""


@dataclass(frozen=True)
class Num:
    """A number as it is written, and the ends of what was rounded to it; a Fraction where it is rational."""

    value: Fraction | float
    lo: float
    hi: float
    literal: bool = False

    @classmethod
    def read(cls, text: str) -> Num:
        """A written number: it may be off by half of its last decimal."""
        head, _, power = text.translate(_PLAIN).replace("·10", "e").partition("e")
        scale = Fraction(10) ** int(power or 0)
        value = Fraction(head) * scale
        half = float(Fraction(1, 2 * 10 ** len(head.partition(".")[2])) * scale)
        return cls(value, float(value) - half, float(value) + half, literal=True)

    def mapped(self, f: Callable[[float], float]) -> Num:
        """A function of it, looked at in many places of its range."""
        places = [self.lo + (self.hi - self.lo) * n / 16 for n in range(17)]
        found = [f(place) for place in (*places, float(self.value))]
        return Num(found[-1], min(found), max(found))

    def combined(self, other: Num, f: Callable[[float, float], float], value: Fraction | float) -> Num:
        """An operation on two, monotone in each."""
        found = [f(a, b) for a in (self.lo, self.hi) for b in (other.lo, other.hi)]
        found = [-math.inf, math.inf] if any(map(math.isnan, found)) else found
        return Num(value, min(found), max(found))


Value = Num | tuple[Num, ...]


def _each(a: Value, b: Value, f: Callable[[Num, Num], Num]) -> Value:
    """An operation on numbers or, member by member, on vectors."""
    if isinstance(a, Num) and isinstance(b, Num):
        return f(a, b)
    size = len(b) if isinstance(a, Num) else len(a)
    left, right = (part if isinstance(part, tuple) else (part,) * size for part in (a, b))
    return tuple(f(x, y) for x, y in zip(left, right, strict=True))


def _add(a: Num, b: Num) -> Num:
    return Num(a.value + b.value, a.lo + b.lo, a.hi + b.hi)


def _negate(a: Num) -> Num:
    return Num(-a.value, -a.hi, -a.lo, a.literal)


def _times(a: Num, b: Num) -> Num:
    return a.combined(b, lambda x, y: x * y, a.value * b.value)


def _over(a: Num, b: Num) -> Num:
    if b.value == 0:
        raise ZeroDivisionError("a caption divides by 0")
    if b.lo <= 0 <= b.hi:
        return Num(a.value / b.value, -math.inf, math.inf)
    return a.combined(b, lambda x, y: x / y, a.value / b.value)


def _power(a: Num, b: Num) -> Num:
    if b.value == 2:
        ends = a.lo**2, a.hi**2
        return Num(a.value**2, 0.0 if a.lo <= 0 <= a.hi else min(ends), max(ends))
    value = a.value ** int(b.value) if b.value == int(b.value) else float(a.value) ** float(b.value)
    if a.lo <= 0:
        return Num(value, -math.inf, math.inf)
    exact = float(b.value)
    return Num(value, *sorted((a.lo**exact, a.hi**exact)))


def _clipped(lo: float, hi: float) -> Callable[[float], float]:
    return lambda x: min(max(x, lo), hi)


def _exp(x: float) -> float:
    return math.exp(x) if x < 700 else math.inf


def functions(parameter: float | None) -> dict[str, Callable[[float], float]]:
    """Functions of one number by the names that captions give them; `parameter` is that of the one with a parameter."""
    slope = 0.01 if parameter is None else parameter
    own = 1.0 if parameter is None else parameter
    return {
        "exp": _exp, "ln": lambda x: math.log(x) if x > 0 else -math.inf, "tanh": math.tanh, "σ": special.expit,
        "Φ": stats.norm.cdf, "φ": stats.norm.pdf, "relu": _clipped(0, math.inf), "relu6": _clipped(0, 6),
        "leakyrelu": lambda x: max(x, 0) + slope * min(x, 0), "elu": lambda x: x if x > 0 else own * math.expm1(x),
        "sigmoid": special.expit, "hardtanh": _clipped(-1, 1), "gelu": lambda x: x * stats.norm.cdf(x),
        "softplus": lambda x: float(np.logaddexp(0, own * x) / own), "silu": lambda x: x * special.expit(x),
        "root": lambda x: math.sqrt(max(x, 0)),
    }  # fmt: skip


class _Reader:
    """Reads tokens from left to right; letters are the symbols, which may stand side by side as factors."""

    def __init__(self, tokens: Sequence[str], symbols: Mapping[str, Num], parameter: float | None = None) -> None:
        self._tokens, self._at, self._symbols, self._functions = tokens, 0, symbols, functions(parameter)

    def whole(self) -> Value:
        value = self.sum()
        if self.peek:
            raise UnreadableError(self.peek)
        return value

    @property
    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek
        if not token or (wanted and token not in wanted):
            raise UnreadableError(token)
        self._at += 1
        return token

    def sum(self) -> Value:
        value = self.product()
        while self.peek in ("+", "−", "-"):
            sign, other = self.take(), self.product()
            value = _each(value, other, _add if sign == "+" else lambda a, b: _add(a, _negate(b)))
        return value

    def product(self) -> Value:
        value = self.power()
        while self.peek in ("·", "×", "/") or self.beside:
            ahead = " ".join(self._tokens[self._at - 1 : self._at + 2])
            counted = re.fullmatch(r"\) / \d+", ahead)
            sign = "·" if self.beside else self.take()
            other = self.power()
            if counted and isinstance(other, Num):
                # What a sum is divided by is a number of things, which nothing was rounded to.
                other = Num(other.value, float(other.value), float(other.value))
            value = _each(value, other, _over if sign == "/" else _times)
        return value

    @property
    def beside(self) -> bool:
        """Whether a factor follows without a sign, as in 2p or (i-1)s."""
        return bool(self._symbols) and (self.peek in self._symbols or self.peek == "(")

    def power(self) -> Value:
        if self.peek in ("−", "-"):
            self.take()
            # A power of what is written with its sign binds before the sign.
            return _each(self.power(), Num.read("0"), lambda a, _: _negate(a))
        value = self.atom()
        while self.peek == "^" or (self.peek and self.peek[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹"):
            exponent = self.atom() if self.take("^", self.peek) == "^" else Num.read(self._tokens[self._at - 1])
            value = _each(value, exponent, _power)
        return value

    def atom(self) -> Value:
        token = self.take()
        if token in _CLOSING:
            return self.enclosed(token)
        if token[0].isdigit():
            return Num.read(token)
        if token == "½":
            return Num(Fraction(1, 2), 0.5, 0.5)
        if token == "√":
            return self.of("root", [self.atom()])
        if token in self._symbols:
            return self._symbols[token]
        if self.peek == "(":
            self.take()
            return self.of(token if len(token) == 1 else re.sub("[ -]", "", token.lower()), self.members(")"))
        raise UnreadableError(token)

    def enclosed(self, opening: str) -> Value:
        members = self.members(_CLOSING[opening])
        if len(members) > 1:
            return tuple(part for part in members if isinstance(part, Num))
        (inner,) = members
        if opening in "([":
            return inner if not isinstance(inner, Num) else Num(inner.value, inner.lo, inner.hi)
        assert isinstance(inner, Num)
        if opening == "|":
            ends = abs(inner.lo), abs(inner.hi)
            return Num(abs(inner.value), 0.0 if inner.lo <= 0 <= inner.hi else min(ends), max(ends))
        exact = Fraction(math.floor(inner.value) if opening == "⌊" else math.ceil(inner.value))
        return Num(exact, float(exact), float(exact))

    def members(self, closing: str) -> list[Value]:
        found = [self.sum()]
        while self.take(",", closing) == ",":
            found.append(self.sum())
        return found

    def of(self, name: str, given: list[Value]) -> Value:
        numbers = [value for value in given if isinstance(value, Num)]
        if name in ("max", "min", "mean"):
            pick = {"max": max, "min": min, "mean": lambda values: sum(values) / len(values)}[name]
            return Num(*(pick([getattr(number, end) for number in numbers]) for end in ("value", "lo", "hi")))
        if name not in self._functions or len(numbers) != 1:
            raise UnreadableError(name)
        return numbers[0].mapped(self._functions[name])


@dataclass(frozen=True)
class Equation:
    """Two sides of a text with the sign between; `right` is as it is written too."""

    left: Value
    sign: str
    right: Value
    text: str

    def problem(self) -> str:
        """What is wrong with it, if anything is."""
        pairs = list(zip(_members(self.left), _members(self.right), strict=True))
        if any(math.isnan(number.value) for pair in pairs for number in pair):
            # Of powers beyond all numbers nothing is known.
            return ""
        if any(not _meet(a, b) for a, b in pairs):
            return "the sides are farther apart than rounding allows"
        equal = all(_equal(a, b) for a, b in pairs)
        if self.sign == "=" and not equal:
            return "= stands between what is not equal"
        if self.sign == "≈" and equal and all(isinstance(a.value, Fraction) for a, _ in pairs):
            return "≈ stands between what is equal"
        return ""


def _members(value: Value) -> tuple[Num, ...]:
    return (value,) if isinstance(value, Num) else value


def _meet(a: Num, b: Num) -> bool:
    slack = 1e-9 * max(abs(float(a.value)), abs(float(b.value))) + 1e-12
    return a.lo <= b.hi + slack and b.lo <= a.hi + slack


def _equal(a: Num, b: Num) -> bool:
    if isinstance(a.value, Fraction) and isinstance(b.value, Fraction):
        return a.value == b.value
    return abs(float(a.value) - float(b.value)) <= 1e-9 * max(1e-3, abs(float(b.value)))


def prepared(text: str) -> str:
    """A caption without its strong marks; a formula in it is one sign that is no arithmetic, a power becomes one."""
    text = re.sub(r"\$\^\{([^}]*)\}\$", r"^\1", text.replace("**", ""))
    return re.sub(r"ln (\d\S*)", r"ln(\1)", re.sub(r"\$[^$]*\$", "§", text))


def equations(caption: str) -> Iterator[Equation]:
    """The equations in a caption that are arithmetic on both sides."""
    own = re.match(r"(?:leaky-relu|elu|softplus) ([\d.]+):", caption)
    parameter = float(own[1]) if own else None
    pieces = re.split(r"\s*([=≈])\s*", prepared(caption))
    for place in range(1, len(pieces), 2):
        try:
            left = _last(pieces[place - 1], parameter, whole=place > 1)
            right = _first(pieces[place + 1], parameter)
        except UnreadableError:
            continue
        yield Equation(left, pieces[place], right, caption)


def _runs(text: str) -> list[list[re.Match[str]]]:
    """The tokens of a text in runs between which there is something else."""
    found: list[list[re.Match[str]]] = []
    end = -1
    for match in _TOKEN.finditer(text):
        letter = match[0].isalpha() and match.end() < len(text) and text[match.end()] != "("
        if letter or (match[0].isalpha() and len(match[0]) == 1 and match[0] not in "σΦφ"):
            end = -1
            continue
        if end < 0 or text[end : match.start()].strip():
            found.append([])
        found[-1].append(match)
        end = match.end()
    return found


def _last(text: str, parameter: float | None, *, whole: bool) -> Value:
    """The longest arithmetic at a text's end."""
    runs = _runs(text)
    if not runs or text[runs[-1][-1].end() :].strip():
        raise UnreadableError(text)
    run = runs[-1]
    for place, match in enumerate(run):
        spaced = match[0] in "−+·/×^" and (match[0] != "−" or text[match.end() : match.end() + 1] == " ")
        if (place and run[place - 1][0] != ",") or spaced:
            continue
        try:
            value = _Reader([token[0] for token in run[place:]], {}, parameter).whole()
        except UnreadableError:
            continue
        # A number alone, behind words, is none that something equals.
        if isinstance(value, Num) and value.literal and not (whole and match.start() == 0):
            break
        return value
    raise UnreadableError(text)


def _first(text: str, parameter: float | None) -> Value:
    """The longest arithmetic at a text's start."""
    runs = _runs(text)
    if not runs or text[: runs[0][0].start()].strip():
        raise UnreadableError(text)
    run = runs[0]
    for end in range(len(run), 0, -1):
        follows = text[run[end - 1].end() :]
        if end < len(run) and not follows.startswith(","):
            continue
        try:
            return _Reader([token[0] for token in run[:end]], {}, parameter).whole()
        except UnreadableError:
            continue
    raise UnreadableError(text)


_COMMANDS = {
    r"\lfloor": "⌊", r"\rfloor": "⌋", r"\lceil": "⌈", r"\rceil": "⌉", r"\cdot": "·", r"\times": "×", r"\,": "",
}  # fmt: skip


def sides(formula: str, symbols: Mapping[str, int]) -> list[Fraction]:
    """What the sides of a formula come to that can be read, its symbols put in."""
    for command, sign in _COMMANDS.items():
        formula = formula.replace(command, sign)
    named = {name: Num(Fraction(value), value, value) for name, value in symbols.items()}
    found = []
    for side in formula.split("="):
        tokens = _TOKEN.findall(side)
        if "".join(tokens) != side.replace(" ", ""):
            continue
        try:
            value = _Reader(tokens, named).whole()
        except UnreadableError:
            continue
        assert isinstance(value, Num)
        assert isinstance(value.value, Fraction)
        found.append(value.value)
    return found
