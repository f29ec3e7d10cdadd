"""What is said of a network's layers: an example of what each computes, and what it does with the gradient."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.network.layers import Array, Layer
from cnnviz.network.recorded import Run, Stage
from cnnviz.story import Windows
from cnnviz.words import (
    Equation,
    Expression,
    Joined,
    Named,
    Number,
    Shape,
    Symbol,
    Text,
    Words,
    call,
    equation,
    precise,
    substitute,
    total,
)

_LETTERS, _GREATEST_POWER, _LEAST = 40, 100.0, 1e-300
_FORWARD = {
    "conv": "{layer}: {i} → {o}, {value} parameters",
    "fc": "{layer}: {i} → {o}, {value} parameters",
    "maxpool": "{layer}: {i} → {o}, for example {value}",
    "avgpool": "{layer}: {i} → {o}, for example {value}",
    "batchnorm": "{layer}: {i}, (x − μ)/σ in each channel, for example {value}",
    "flatten": "{layer}: all maps become one row of {value} numbers",
    "lrn": "{layer}: {i}, a/(k + α/n·Σa²)^β: {value}",
}
_BACKWARD = {
    "conv": "{layer}, backward: ∂L/∂W is the sum of ∂L/∂y·x over all positions, {size}",
    "fc": "{layer}, backward: ∂L/∂W = ∂L/∂y·xᵀ, {size}",
    "maxpool": "{layer}, backward: the gradient goes only to each window's maximum, {size}",
    "avgpool": "{layer}, backward: the gradient is shared equally by each window's cells, {size}",
    "batchnorm": "{layer}, backward: the gradient also flows through mean and variance, {size}",
    "flatten": "{layer}, backward: each number's gradient goes back to its place in the maps, {size}",
    "lrn": "{layer}, backward: the gradient also flows through the sum of squares, {size}",
    "relu": "{layer}, backward: the gradient passes where x > 0 ({passed} of {all} values), {size}",
}


@dataclass(frozen=True, eq=False)
class Numbers:
    """An array of the graph to be read from, by the name under which a check finds it."""

    name: str
    values: Array
    decimals: int = 2

    def __getitem__(self, at: int | np.integer[Any]) -> Number:
        """The number at a place, counted along the rows."""
        place = np.unravel_index(at, self.values.shape)
        return Number(float(self.values[place]), self.decimals, (self.name, *map(int, place)))


def significant(value: float, figures: int = 2, most: int | None = None) -> Number:
    """A number with so many significant figures; or with `most` decimals, where these leave anything of it."""
    if most is not None and round(value, most):
        return Number(value, most)
    figures = figures if most is None else 1
    return Number(value, max(0, figures - 1 - math.floor(math.log10(abs(value)))) if value else 0)


def mean_size(run: Run, tensor: str, by: str, most: int | None) -> Equation:
    """How large the gradient of a tensor is."""
    gradient = run.tensors[f"grad_{tensor}"]
    mean = float(np.abs(gradient.values).mean())
    named = Named(Text("mean |∂L/∂{by}|", by=by), Number(mean, None, (gradient.name, "mean_abs")))
    return equation(None, named, significant(mean, most=most))


def title_of(layer: Layer) -> Words:
    """What a layer is called, under its maps and in captions; the maps tell how many there are."""
    return Text("fully connected") if layer.kind == "fc" else re.sub(r"\d+@", "", layer.text)


def product(sizes: Sequence[int]) -> Expression:
    """Sizes times one another."""
    return math.prod(map(Number, sizes[1:]), start=Number(sizes[0]))


def forward(stage: Stage, x: Numbers, y: Numbers, most: int | None) -> Text:
    """What a layer makes of `x`."""
    layer, shape = stage.layer, x.values.shape
    weights = [weight.values for weight in stage.weights.values()]
    match layer.kind:
        case "conv" | "fc":
            # Each output has a weight for every input under its kernel, and a bias.
            count = sum(own.size for own in weights)
            value = equation(None, Number(layer.outputs) * (product(weights[0].shape[1:]) + 1), Number(count))
        case "maxpool" | "avgpool":
            value = _pooled(layer, x, y)
        case "flatten":
            value = equation(None, product(shape), Number(x.values.size))
        case "batchnorm":
            value = _normalized(x, y, weights[0], weights[1], most)
        case "lrn":
            value = _response(layer, x, y, most)
        case kind:
            least = x[x.values.argmin()]
            applied = Text("{kind}({x})", kind=kind, x=least)
            value = equation(applied, _activated(layer, least), y[x.values.argmin()])
    template = _FORWARD.get(layer.kind, "{layer}: {i}, element by element: {value}")
    return Text(template, layer=title_of(layer), i=Shape(shape), o=Shape(layer.output_shape(shape)), value=value)


def _activated(layer: Layer, x: Number) -> Expression:
    definition = ACTIVATIONS[layer.function]
    constants = definition.chosen(*layer.arguments.values())
    values = {"x": x, **{name: Number(value, None) for name, value in constants.items()}}
    return substitute(definition.at(values), values)


def _pooled(layer: Layer, x: Numbers, y: Numbers) -> Equation:
    """The window of the largest output; padding counts as zeros in a mean, and not at all in a maximum."""
    windows = Windows.sliding(x.values.shape[1:], layer.size, layer.arguments["stride"], layer.arguments["padding"])
    channel, *at = map(int, np.unravel_index(y.values.argmax(), (len(x.values), *windows.out)))
    cells = list[Expression]()
    for cell in windows.cells(tuple(at)):
        if windows.is_inside(cell):
            place = np.subtract(cell, windows.padding)
            cells.append(x[np.ravel_multi_index((channel, *place), x.values.shape)])
        elif layer.kind == "avgpool":
            cells.append(Number(0, x.decimals))
    kind = "max" if layer.kind == "maxpool" else "mean"
    return equation(None, call(kind, *cells), y[y.values.argmax()], letters=_LETTERS)


def _normalized(x: Numbers, y: Numbers, weight: Array, bias: Array, most: int | None) -> Equation:
    at = y.values.argmax()
    channel = int(at) * len(x.values) // x.values.size
    values, gamma, beta = x.values[channel], float(weight[channel]), float(bias[channel])
    below = significant(float(np.sqrt(values.var() + 1e-5)), 3, most)
    # As fine as the deviation, by which the difference is divided.
    fine = below.places if most is None else min(below.places, most)
    scaled: Expression = (replace(x[at], decimals=fine) - Number(float(values.mean()), fine)) / below
    scaled = scaled if gamma == 1 else significant(gamma, 3, most) * scaled
    arithmetic = scaled + significant(beta, 3, most) if beta else scaled
    return equation(None, precise(arithmetic, y[at]) if most is None else arithmetic, y[at])


def _response(layer: Layer, x: Numbers, y: Numbers, most: int | None) -> Equation:
    at, o = int(np.abs(x.values).argmax()), layer.arguments
    channel, row, column = map(int, np.unravel_index(at, x.values.shape))
    near = x.values[max(0, channel - o["size"] // 2) : channel + (o["size"] - 1) // 2 + 1, row, column]
    squares = significant(float((near**2).sum()), 3, most)
    top = replace(x[at], decimals=significant(x[at].value, 3, most).places)
    k, alpha, beta = (Number(o[name], None) for name in ("k", "alpha", "beta"))
    return equation(None, top / (k + alpha / o["size"] * squares) ** beta, y[at])


def softmax(z: Numbers, label: int, p: Number, most: int | None) -> Text:
    """How scores become the probability of the label."""
    symbol, scores = Symbol("p", (label,)), z.values.ravel()
    if np.abs(scores).max() > _GREATEST_POWER:
        found = equation(None, Named(symbol, replace(p, decimals=None)), p)
        return Text("softmax: {scores} scores become probabilities that sum to 1, {p}", scores=len(scores), p=found)
    powers = [call("exp", z[n]) for n in range(len(scores))]
    own, whole = (significant(float(n), 3, most) for n in (np.exp(scores[label]), np.exp(scores).sum()))
    every = Named(Text("Σ exp(z)"), total(powers))
    return Text("softmax: {p}", p=equation(symbol, powers[label] / every, own / whole, p))


def logarithm(label: int, p: Number, loss: Number, most: int | None) -> Text:
    """How the loss follows from the probability of the label."""
    # Of what floats no longer tell from 0 there is no logarithm.
    known = [-call("ln", significant(p.value, 3, most))] if p.value > _LEAST else []
    return Text("Cross-entropy loss: {loss}", loss=equation(Joined(("−ln", Symbol("p", (label,))), " "), *known, loss))


def backward(stage: Stage, size: Equation) -> Text:
    """What a layer does with the gradient; `size` is that of its weights, or of its output where it has none."""
    template = _BACKWARD.get(stage.layer.kind, "{layer}, backward: the gradient is multiplied by f′(x), {size}")
    x = stage.x.values
    return Text(template, layer=title_of(stage.layer), size=size, passed=int(np.count_nonzero(x > 0)), all=x.size)
