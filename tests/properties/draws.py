"""Figures of any scene, drawn over the whole space of the parameters that it declares."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from cnnviz.appearance import Appearance
from cnnviz.discovery import load_scene
from cnnviz.errors import UsageError
from cnnviz.parameters import ArrayLike, Numbers, Parameter, Sides, Size, parameters_of
from cnnviz.pipeline import Figure
from cnnviz.scene import Scene

Given = dict[str, Any]

_REACH = {"i": 7, "k": 3, "s": 4, "p": 4, "d": 2, "output_size": 7, "frames": 5, "steps": 30, "seed": 99, "depth": 1}
"""How far beyond its least value a number is drawn where more would only cost time; 3 where nothing is said."""

_ROWS = ("logits", "start", "gamma", "beta", "bias")
"""Data of one row."""


def _row(text: str) -> Any:
    return np.array(text.split(), float)


_POOLS = [
    *map(
        _row,
        (
            "-3 -2 -1 0 1 2 3",
            "0 1 2 3 4 5 6 7 8 9",
            "0",
            "1",
            "-10 -2.25 -0.5 0.75 3.25 9.75",
            "-6.6667 -0.3333 0.6667 2.3333",
            # Halves of a last decimal, of which a binary fraction lies on either side.
            "0.005 -0.005 0.125 2.675 1.005 0.285 0.045 -1.115 0.5 1.5 2.5 -0.5 0.995 -0.045 8.345",
            "0 1e-9 -1e-9 1e-6 -1e-3 4e-3 -4e-3 0.04 -0.004999",
            "99999 -99999 0.25 7 -12.5",
            "1e9 -1e9 123456.789 999999.5 -1e6 1e6 0 0.1 1",
        ),
    ),
    np.random.default_rng(1).normal(size=99),
    np.random.default_rng(2).normal(size=99).round(2),
]
_NUMBERS = _row("0 1 -1 0.5 -2.75 0.3333 0.005 2.675 -0.045 1e-3 1e-5 1e-9 0.75 12 1e4 -1e6 1e9").tolist()
_LAYERS = (
    "conv 2@3x3",
    "conv 1@2 s2 p1",
    "conv 3@1x2 d2",
    "maxpool 2",
    "maxpool 3 s2 p1",
    "avgpool 2 s1",
    "avgpool 2x1",
    "relu",
    "tanh",
    "elu 0.5",
    "leaky-relu",
    "gelu",
    "softplus",
    "batchnorm",
    "lrn 3",
    "lrn 2 a1 b0.5 k2",
    "fc 4",
)


@cache
def scene_of(name: str) -> type[Scene]:
    """A scene, looked for once."""
    return load_scene(name)


@cache
def _declared(name: str) -> tuple[Parameter, ...]:
    return tuple(parameters_of(scene_of(name)))


_TEXTS = {
    "stack": ("1,2", "1,2,4", "5"),
    "i": ("2x9x8", "3x6x6", "1x1x1"),
    "model": ("digits",),
    "labels": ("numbers",),
    "layer": ("conv1", "conv2"),
    "gradcam": ("3", "0"),
}
"""Parameters that are texts."""


@st.composite
def figures(draw: st.DrawFn, scene: str) -> tuple[Given, Figure]:
    """Parameters of a scene and their figure; of what it refuses, in one line, only a part is given."""
    given, look = draw(parameters(scene)), dict[str, str]()
    if draw(st.booleans()):
        look = {"lang": draw(st.sampled_from(["en", "zh"])), "notation": draw(st.sampled_from(["ikspo", "HWKSP"]))}
    while True:
        try:
            return given | look, Figure(scene_of(scene)(**given), Appearance(**look))
        except UsageError as error:
            message = str(error)
        assert message
        assert "\n" not in message
        told = [name.replace("-", "_") for name in re.findall(r"--([a-z][a-z0-9-]*)", message)]
        given.pop(next((name for name in told if name in given), None) or next(iter(given)))


@st.composite
def parameters(draw: st.DrawFn, scene: str) -> Given:
    """Some of a scene's parameters with values within their bounds, whether these go together or not."""
    declared = {p.name: p for p in _declared(scene)}
    chosen = draw(st.sets(st.sampled_from(sorted(declared)), min_size=len(declared) // 3))
    chosen |= {name for name, p in declared.items() if p.spec.positional}
    given: Given = {}
    # Data last: its size goes with the others.
    for name in sorted(chosen, key=lambda name: (declared[name].type is ArrayLike, name)):
        given[name] = draw(_data(scene, name, given) if declared[name].type is ArrayLike else _value(declared[name]))
    for data, size in (("input", "i"), ("kernel", "k")):
        if not isinstance(given.get(data, ""), str) or ";" in given.get(data, ""):
            given.pop(size, None)
    return given


def _value(parameter: Parameter) -> st.SearchStrategy[Any]:
    spec, reach = parameter.spec, _REACH.get(parameter.name, 3)
    lo, hi = -math.inf if spec.lo is None else spec.lo, math.inf if spec.hi is None else spec.hi
    if parameter.name == "layers":
        return st.lists(st.sampled_from(_LAYERS), max_size=4).map(lambda layers: ", ".join([*layers, "fc 3"]))
    if spec.choices:
        return st.sampled_from(spec.choices)
    if parameter.type is str:
        return st.sampled_from(_TEXTS[parameter.name])
    if parameter.type is bool:
        return st.booleans()
    if parameter.type in (float, Numbers):
        within = [value for value in (*_NUMBERS, lo, hi) if lo <= value <= hi and math.isfinite(value)]
        near = st.floats(max(lo, -9), min(hi, 9)).map(lambda value: min(max(round(value, 3), lo), hi))
        return st.one_of(st.sampled_from(within), near)
    whole = st.integers(int(lo), int(min(hi, lo + reach)))
    if parameter.type is int:
        return whole
    if parameter.type == Sides:
        return st.one_of(whole, st.tuples(*[whole] * 4), st.sampled_from(["same", "valid"]))
    assert parameter.type == Size, f"nothing is known of {parameter.name}"
    return st.one_of(whole, st.tuples(whole, whole))


@st.composite
def _data(draw: st.DrawFn, scene: str, name: str, given: Given) -> Any:
    # Where a gradient is exactly 0 an engine's last bit decides whether too large a rate leads away.
    names = {"kernel": ["random", "sobel-x", "laplacian", "gaussian", "ones"], "weights": ["random"]}
    names["start"] = ["arange"]
    made = names.get(name, ["random", "arange", "ones", "zeros"])
    if scene == "cnn" or draw(st.integers(0, 3)) == 0:
        return "random" if name == "weights" else draw(st.sampled_from([*made, "digit"] if scene == "cnn" else made))
    shape = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    if name in _ROWS or (scene == "fully-connected" and name == "input"):
        shape = 1, 2 if name == "start" else shape[1]
    elif scene == "norm" or (scene == "lrn" and "channels" in given):
        sheets = given.get("channels", 4) * (given.get("batch", 3) if scene == "norm" else 1)
        shape = min(shape[0], 3) * sheets, shape[1]
    elif scene == "fully-connected":
        shape = given.get("outputs", shape[0]), given.get("inputs", shape[1])
    elif name == "kernel":
        shape = 1 + shape[0] // 2, 1 + shape[1] // 2
    pool = draw(st.sampled_from(_POOLS[-1:] if name == "start" else _POOLS))
    values = np.random.default_rng(draw(st.integers(0, 2**16))).choice(pool, shape)
    if draw(st.booleans()):
        return values
    return "; ".join(" ".join(repr(float(value)) for value in row) for row in values)
