"""The figures that tests over the registry go through: each scene's defaults and its own variants."""

from __future__ import annotations

import re
from fractions import Fraction

from cnnviz.discovery import find_scenes
from cnnviz.pipeline import Figure, make

# Parameters beyond the defaults, by scene; a scene that is not named here is tested with its defaults.
VARIANTS: dict[str, list[dict[str, object]]] = {
    "conv": [
        {"k": 3, "s": 2, "p": 1},
        {"i": "7x8", "k": "3x5", "s": "2x1", "p": "0x2"},
        {"i": 9, "d": 2, "flip": True, "bias": -1.5},
        {"i": 6, "s": 4, "p": 1},
        {"i": 24, "k": 5, "s": 5, "kernel": "gaussian"},
        {"input": "0.5 -1.25; 3 4", "k": 1, "kernel": "2.5"},
    ],
}


def all_figures() -> list[tuple[str, dict[str, object]]]:
    """Scene and parameters of every figure that is tested."""
    return [(name, given) for name in find_scenes() for given in [{}, *VARIANTS.get(name, [])]]


def named(figure: tuple[str, dict[str, object]]) -> str:
    """The test's name for a figure."""
    scene, given = figure
    return " ".join([scene, *(f"{key}={value}" for key, value in given.items())])


def make_figure(figure: tuple[str, dict[str, object]]) -> Figure:
    """The figure itself."""
    scene, given = figure
    return make(scene, **given)


_SUM = re.compile(r"^.*? = (?P<sum>[^=≈…]+?) (?P<sign>[=≈]) \*\*(?P<result>[^*]+)\*\*$")


def arithmetic(caption: str) -> tuple[Fraction, str, Fraction] | None:
    """The value of a caption's sum of products, its sign and its result; None where it is shortened or another kind."""
    found = _SUM.match(caption)
    if found is None:
        return None
    expression = found["sum"].replace("−", "-")
    if not re.fullmatch(r"[-+·(). 0-9]+", expression):
        return None
    total = Fraction(0)
    for term in expression.split(" + "):
        product = Fraction(1)
        for factor in term.split("·"):
            product *= Fraction(factor.strip("()"))
        total += product
    return total, found["sign"], Fraction(found["result"].replace("−", "-"))
