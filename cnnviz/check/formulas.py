"""Formulas as figures write them, with their cases: what they come to."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from cnnviz.check.engine import Array
from cnnviz.check.subject import Values
from cnnviz.check.words import Sum, evaluate

Cases = list[tuple[str, str]]
"""Expressions, each with the condition under which it holds."""

_SIGN = re.compile(r"(<|>|\\leq|\\geq|=)")


def by_cases(text: str) -> Cases:
    """The cases of a formula, one under the other behind a brace; what stands before its = is left out."""
    text = re.sub(r"^[^=]*= ", "", text.strip("$")) if re.match(r"(f\(x\)|L) = ", text.strip("$")) else text.strip("$")
    if r"\genfrac" not in text:
        return [(text, "")]
    left, _, right = text.removeprefix(r"\left\{").removesuffix(r"\right.").partition(r"\quad")
    rows = _stack(left) if text.count(r"\quad") == 1 else []
    if rows:
        return list(zip(rows, _stack(right), strict=True))
    whole = _stack(text.removeprefix(r"\left\{").removesuffix(r"\right."))
    return [(row.partition(r"\quad")[0], row.partition(r"\quad")[2]) for row in whole]


def in_a_row(text: str) -> Cases:
    """The cases of a formula on one line: `$f'(x) = 1$ for $x > 0$,  $0$ for $x \\leq 0$`."""
    found = []
    for part in re.sub(r"^\$[^=]*= ", "$", text).split(",  "):
        expression, _, condition = part.partition(" for ")
        found.append((expression.strip("$"), condition.strip("$")))
    return found


def _stack(text: str) -> list[str]:
    """Rows put one under the other."""
    head = r"\genfrac{}{}{0}{0}"
    if not text.startswith(head):
        return [text]
    parts, depth, start = [], 0, len(head)
    for place in range(len(head), len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0 and text[place] == "}":
            parts.append(text[start + 1 : place])
            start = place + 1
    return [parts[0], *_stack(parts[1])] if len(parts) == 2 else []


def holds(condition: str, symbols: Mapping[str, float]) -> bool:
    """Whether a condition is true: a chain of comparisons, or one of several."""
    return not condition or any(_chain(part, symbols) for part in condition.split(r"\mathrm{or}"))


def _chain(text: str, symbols: Mapping[str, float]) -> bool:
    parts = _SIGN.split(text.replace(r"\;", " "))
    sides = [evaluate(part, symbols) for part in parts[::2]]
    signs = {"<": np.less, ">": np.greater, r"\leq": np.less_equal, r"\geq": np.greater_equal, "=": np.equal}
    return all(
        a is not None and b is not None and bool(signs[sign](a.value, b.value))
        for sign, a, b in zip(parts[1::2], sides, sides[1:], strict=False)
    )


def computed(cases: Cases, **symbols: float) -> tuple[float, float]:
    """What a formula comes to, and by how much the rounding of its constants may move that; NaN where no case holds."""
    found = [expression for expression, condition in cases if holds(condition, symbols)]
    result: Sum | None = evaluate(found[0].replace("f(x)", "v"), symbols) if len(found) == 1 else None
    return (result.value, result.spread) if result else (np.nan, 0.0)


def over(cases: Cases, name: str, places: Values, known: Mapping[str, float], value: Array) -> tuple[Values, Values]:
    """A formula over many places of a symbol, and what rounding allows; `value` is what f(x) stands for."""
    rows = [computed(cases, **known, **{name: float(x), "v": float(v)}) for x, v in zip(places, value, strict=True)]
    found = np.array(rows)
    return found[:, 0], found[:, 1]
