"""A reader for the mathtext in the tables, so that a test can compute what an equation says."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from scipy import special

COMMANDS = {
    r"\max": "np.maximum",
    r"\min": "np.minimum",
    r"\tanh": "np.tanh",
    r"\ln": "np.log",
    r"\sigma": "special.expit",
    r"\Phi": "special.ndtr",
    r"\varphi": "density",
    r"\alpha": "alpha",
    r"\beta": "beta",
    r"\delta": "delta",
    r"\hat{y}": "estimate",
    r"\leq": "<=",
    r"\geq": ">=",
    r"\infty": "np.inf",
    r"\,": "*",
}


def to_python(text: str) -> str:
    """Translate one mathtext expression into a Python one."""
    for command, meaning in COMMANDS.items():
        whole_word = r"(?![a-zA-Z])" if command[-1].isalpha() else ""
        text = re.sub(re.escape(command) + whole_word, meaning, text)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    while r"\frac" in text:
        head, tail = text.split(r"\frac", 1)
        top, tail = _braced(tail)
        bottom, tail = _braced(tail)
        text = f"{head}(({top})/({bottom})){tail}"
    while "^{" in text:
        head, tail = text.split("^", 1)
        power, tail = _braced(tail)
        text = f"{head}**({power}){tail}"
    assert "\\" not in text, f"a command that this reader does not know: {text}"
    assert "{" not in text, text
    return re.sub(r"(?<![\w.])e(?=\*\*)", "np.e", text)


def _braced(text: str) -> tuple[str, str]:
    assert text[0] == "{", text
    depth = 0
    for n, letter in enumerate(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0:
            return text[1:n], text[n + 1 :]
    raise AssertionError(f"unbalanced braces: {text}")


def compute(text: str, **values: Any) -> Any:
    """Compute a mathtext expression for the values of its symbols."""
    return eval(to_python(text), {"np": np, "special": special, "density": _density, "abs": np.abs, **values})


def _density(x: np.ndarray) -> np.ndarray:
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def holds(condition: str, **values: Any) -> np.ndarray:
    """Tell where a condition holds: a chain of comparisons, several of them joined by `or`."""
    found = []
    for part in condition.split(r"\;\mathrm{or}\;"):
        links = re.split(r"(<=|>=|<|>|=)", to_python(part))
        sides = [compute(side, **values) for side in links[::2]]
        compare = {"<=": np.less_equal, ">=": np.greater_equal, "<": np.less, ">": np.greater, "=": np.equal}
        steps = [compare[sign](a, b) for sign, a, b in zip(links[1::2], sides, sides[1:], strict=False)]
        found.append(np.logical_and.reduce(steps))
    return np.logical_or.reduce(found)


def piecewise(lines: Any, shape: tuple[int, ...], **values: Any) -> np.ndarray:
    """Compute the lines of an equation; each point must belong to exactly one of them."""
    result, owners = np.full(shape, np.nan), np.zeros(shape, dtype=int)
    for expression, condition in lines:
        here = holds(condition, **values) if condition else np.ones(shape, dtype=bool)
        result = np.where(here, compute(expression, **values), result)
        owners += here
    assert (owners == 1).all(), "the conditions overlap or leave a gap"
    return result
