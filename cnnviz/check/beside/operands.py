"""What goes into a figure's operation: the maps, kernels and weights that its parameters name, made anew.

Names stand for what books say of them; literals are read here; random numbers are NumPy's of the seed. Files alone are
read by `cnnviz.data`, and a picture, which has to fit, is taken as it is shown.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from cnnviz.check.claims._claim import BESIDE, Claim
from cnnviz.check.subject import Subject, Values
from cnnviz.data import load_map
from cnnviz.storyboard import Maps, Surface

_BESIDE_AND_ABOVE = {
    "sobel": ((1, 2, 1), (-1, 0, 1)), "prewitt": ((1, 1, 1), (-1, 0, 1)), "scharr": ((3, 10, 3), (-1, 0, 1)),
}  # fmt: skip
"""Derivatives across and down: the weights along the edge, and those through it."""

_FIXED = {
    "laplacian": "0 1 0 1 -4 1 0 1 0", "laplacian-8": "1 1 1 1 -8 1 1 1 1", "sharpen": "0 -1 0 -1 5 -1 0 -1 0",
    "emboss": "-2 -1 0 -1 1 1 0 1 2",
}  # fmt: skip

_STARTS = {"beale": (1.0, 1.5), "saddle": (1.2, 0.01), "rosenbrock": (-1.2, 1.0), "himmelblau": (0.0, 0.0),
           "bowl": (-9.0, 2.5), "booth": (-9.0, 0.0)}  # fmt: skip
_LARGEST = 2e-15
"""What reading a number may lose of it."""

Draw = Callable[[np.random.Generator, Sequence[int]], Values]


def _whole(low: int, end: int) -> Draw:
    return lambda generator, size: generator.integers(low, end, size).astype(np.float64)


def _weights(generator: np.random.Generator, size: Sequence[int]) -> Values:
    return np.asarray(generator.choice(np.array([-2.0, -1.0, 1.0, 2.0]), tuple(size)))


_MAP, _KERNEL, _SHEETS, _BATCH = (0, _whole(0, 4)), (1, _whole(-1, 2)), (2, _whole(0, 10)), (3, _whole(0, 10))
"""The random numbers of parameters: what is drawn behind which number of the seed."""

_OPERANDS: dict[str, dict[str, tuple[str, tuple[int, Draw]]]] = {
    "conv": {"input": ("input", _MAP), "kernel": ("kernel", _KERNEL)},
    "conv-relation": {"input": ("input", _MAP), "kernel": ("kernel", _KERNEL)},
    "transposed-conv": {"input": ("input", _MAP), "kernel": ("kernel", _KERNEL)},
    "pool": {"input": ("input", _MAP)}, "unpool": {"input": ("input", _MAP)}, "lrn": {"input": ("input", _SHEETS)},
    "norm": {"input": ("input", _SHEETS)}, "batch-norm": {"input": ("input", _BATCH)},
    "fully-connected": {"input": ("input", _MAP), "weights": ("weights", (2, _weights)),
                        "bias": ("bias", (3, _weights))},
}  # fmt: skip


def operands(figure: Subject) -> Iterator[Claim]:
    """Every operand that can be known, against what is shown of it at the start."""
    for panel, (parameter, drawn) in _OPERANDS.get(figure.board.scene, {}).items():
        if panel not in figure.panels:
            continue
        shown = figure.operand(panel)
        known = made(figure.parameters.get(parameter), shown.shape, figure.parameters["seed"], drawn)
        if known is not None:
            yield _same(f"{panel} as it is given,", shown, known)
        if panel in ("input", "kernel") and figure.board.scene in ("conv", "conv-relation", "transposed-conv", "pool",
                                                                   "unpool"):  # fmt: skip
            size = np.array(figure.size("i" if panel == "input" else "k"))
            yield Claim(f"the size of {panel}", np.array(shown.shape), size, exact=True, what=BESIDE)
    if figure.board.scene == "gradient-descent":
        surface = figure.board.panel("surface")
        assert isinstance(surface, Surface)
        dot = next(np.array([dot.x, dot.y]) for dot in surface.dots if dot.name == "start")
        yield _same("the start", dot, np.array(start_of(figure)))
    if figure.board.scene == "activation" and "logits" in figure.panels:
        logits, given = figure.operand("logits"), figure.parameters["logits"]
        known = None if given is None else made(given, logits.T.shape, figure.parameters["seed"], _MAP)
        if known is not None:
            # The first is the one that moves.
            yield _same("logits as they are given,", logits.ravel()[1:], known.ravel()[1:])
    if figure.board.scene == "cnn":
        yield from _picture(figure)


def _same(where: str, shown: Values, known: Values) -> Claim:
    return Claim(where, shown, known, what=BESIDE, allowed=np.asarray(_LARGEST * abs(known)))


def _picture(figure: Subject) -> Iterator[Claim]:
    """A network's input, where it is neither the digit nor a picture."""
    (panel,) = (panel for panel in figure.board.panels() if isinstance(panel, Maps))
    shown = panel.stations[0].values[0]
    given = figure.parameters["input"]
    if isinstance(given, str) and (given.strip().lower() == "digit" or _is_file(given)):
        return
    known = made(given, shown.shape, figure.parameters["seed"], _MAP)
    if known is not None:
        yield _same("input as it is given,", shown, known)


def start_of(figure: Subject) -> list[float]:
    """Where a descent starts."""
    given = figure.parameters["start"]
    if given is None:
        return [*_STARTS[figure.parameters["surface"]]]
    found = made(given, (1, 2), figure.parameters["seed"], _MAP)
    return [np.nan, np.nan] if found is None else found.ravel().tolist()


def per_channel(figure: Subject, name: str, channels: int) -> Values:
    """One number a channel, or one for all."""
    given = figure.parameters[name]
    given = [[given]] if isinstance(given, int | float) else given
    found = made(given, (1, channels), figure.parameters["seed"], _MAP)
    return np.broadcast_to(np.full(1, np.nan) if found is None else found.ravel(), channels)


def made(given: Any, shape: Sequence[int], seed: int, drawn: tuple[int, Draw]) -> Values | None:
    """The numbers of a parameter in a panel of that shape; None where nothing but the file itself can tell them."""
    name = given.strip().lower().replace("_", "-") if isinstance(given, str) else "random" if given is None else ""
    if name == "random":
        tag, draw = drawn
        generator, values = np.random.default_rng([seed, tag]), np.zeros(1)
        while not values.any():
            values = draw(generator, shape)
            if drawn is not _KERNEL:
                break
        return values
    if name:
        found = _named(name, shape)
        values_ = found if found is not None else _read(str(given))
    else:
        values_ = np.asarray(given, np.float64)
    return None if values_ is None else _in_shape(values_, shape)


def _in_shape(values: Values, shape: Sequence[int]) -> Values:
    """Numbers of a row as a column, and of one the same in every place; rows of sheets as sheets."""
    if values.size == 1 and math.prod(shape) > 1 and len(shape) == 2 and min(shape) == 1:
        return np.full(tuple(shape), values.ravel()[0])
    return values.reshape(tuple(shape)) if values.size == math.prod(shape) else values


def _named(name: str, shape: Sequence[int]) -> Values | None:
    """A map or kernel that goes by a name."""
    kind, _, way = name.rpartition("-")
    if kind in _BESIDE_AND_ABOVE and way in ("x", "y"):
        across = np.outer(*_BESIDE_AND_ABOVE[kind]).astype(np.float64)
        return across if way == "x" else across.T
    if name in _FIXED:
        return np.array(_FIXED[name].split(), np.float64).reshape(3, 3)
    count, size = math.prod(shape), tuple(shape)
    if name == "arange":
        return np.array(range(count), np.float64).reshape(size)
    if name in ("ones", "zeros", "box"):
        return np.full(size, {"ones": 1.0, "zeros": 0.0, "box": 1 / count}[name])
    if name == "identity":
        places = [(place == ((size[0] - 1) // 2) * size[1] + (size[1] - 1) // 2) for place in range(count)]
        return np.array(places, np.float64).reshape(size)
    if name == "gaussian":
        rows, columns = ([Fraction(math.comb(side - 1, k), 2 ** (side - 1)) for k in range(side)] for side in size)
        return np.array([[float(a * b) for b in columns] for a in rows])
    return None


_LITERAL = re.compile(r"[-+.\deE\s,;/\[\]]+")


def _is_file(given: str) -> bool:
    return len(given) < 4096 and "\0" not in given and os.path.isfile(given)


def _read(given: str) -> Values | None:
    """A literal, or a file of numbers; None for a picture, which has to be made to fit."""
    if not _LITERAL.fullmatch(given):
        if not _is_file(given):
            return None
        data = load_map(given, None, seed=0)
        return None if data.source == "image" else data.values
    body = re.sub(r"\][\s,;]*\[", ";", given).replace("[", " ").replace("]", " ").strip().rstrip(";")
    rows = [re.split(r"\s*,\s*|\s+", row.strip()) for row in re.split(r"[;\n]\s*", body)]
    return np.array([[_number(field) for field in row] for row in rows])


def _number(text: str) -> float:
    over, _, below = text.partition("/")
    return float(over) / float(below or 1)

