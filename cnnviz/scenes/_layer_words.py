"""What the layers of a network say: the arithmetic of a step forward, and of the gradient's step back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import singledispatch
from itertools import pairwise

import numpy as np

from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.network.layers import Activate, AvgPool, BatchNorm, Conv, FullyConnected, Layer, Lrn, MaxPool, Weights
from cnnviz.notation import number, size_text, written
from cnnviz.ops.convolution import windows2d
from cnnviz.scenes._sliding import equals
from cnnviz.storyboard import Values

_DIGITS = 2
_MOST_SHOWN = 4
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = {raised: plain for plain, raised in _RAISED.items()}


def significant(value: float, digits: int = 2, most: int | None = None) -> str:
    """A number with so many digits that count, `0.087`, `12`, `3.1·10⁻⁷`, or with `most` decimals at most."""
    if value == 0 or not math.isfinite(value):
        return number(value)
    if most is not None:
        if round(value, most):
            return number(value, most)
        digits = 1
    power = math.floor(math.log10(abs(value)))
    if -5 < power < 6 and most is None:
        return number(value, max(0, digits - 1 - power))
    head, _, tail = f"{value:.{digits - 1}e}".partition("e")
    return f"{head.replace('-', '−')}·10{str(int(tail)).translate(_RAISED)}"


def read(text: str) -> float:
    """What such a number is, its digits taken as they are written."""
    head, _, power = text.partition("·10")
    return float(head.replace("−", "-")) * 10.0 ** int(power.translate(_LOWERED) or 0)


def rate_text(rate: float) -> str:
    """A learning rate: `0.01`, `1·10⁻⁷`."""
    head, _, power = f"{rate:g}".partition("e")
    return f"{head}·10{str(int(power)).translate(_RAISED)}" if power else head


def loss_texts(before: float, after: float, most: int | None = None) -> tuple[str, str]:
    """Two losses with as many decimals as tell them apart, at least two; or `most` decimals."""
    if most is not None:
        return number(before, most), number(after, most)
    for digits in range(_DIGITS, 7):
        texts = number(before, digits), number(after, digits)
        if texts[0] != texts[1]:
            break
    return texts if texts[0] != texts[1] else (number(before, _DIGITS), number(after, _DIGITS))


@singledispatch
def forward_words(layer: Layer, x: Values, y: Values, weights: Weights, most: int | None = None) -> str:
    """What a layer makes of `x`, with its shapes and an example or its number of parameters."""
    raise TypeError(f"nothing is known of {type(layer).__name__}")


def _change(layer: Layer, x: Values, y: Values) -> str:
    return f"{layer.text}: {size_text(*x.shape)} → {size_text(*y.shape)}"


def _fine(most: int | None) -> int:
    return _DIGITS if most is None else most


def _parameters(weights: Weights) -> int:
    return sum(values.size for values in weights.values())


@forward_words.register
def _(layer: Conv, x: Values, y: Values, weights: Weights, most: int | None = None) -> str:
    one = "·".join(map(str, (len(x), *layer.size)))
    return f"{_change(layer, x, y)}, {layer.kernels}·({one} + 1) = **{_parameters(weights)} parameters**"


@forward_words.register
def _(layer: FullyConnected, x: Values, y: Values, weights: Weights, most: int | None = None) -> str:
    return f"{_change(layer, x, y)}, {layer.outputs}·({x.size} + 1) = **{_parameters(weights)} parameters**"


@forward_words.register
def _(layer: MaxPool, x: Values, y: Values, weights: Weights, most: int | None = None) -> str:
    cells = _window(layer, x, y, -np.inf)
    result = number(float(np.max(cells)), _fine(most))
    return f"{_change(layer, x, y)}, for example max({_listed(cells, int(np.argmax(cells)), most)}) = **{result}**"


@forward_words.register
def _(layer: AvgPool, x: Values, y: Values, weights: Weights, most: int | None = None) -> str:
    cells = _window(layer, x, y, 0)
    mean, digits = float(np.mean(cells)), _fine(most)
    how = equals(sum((written(cell, digits) for cell in cells), Fraction(0)) / len(cells), mean, digits)
    return f"{_change(layer, x, y)}, for example mean({_listed(cells, 1, most)}) {how} **{number(mean, digits)}**"


@forward_words.register
def _(layer: BatchNorm, x: Values, y: Values, weights: Weights, most: int | None = None) -> str:
    place = np.unravel_index(int(np.argmax(y)), y.shape)
    channel = x[place[0]]
    mean, deviation = float(channel.mean()), float(np.sqrt(channel.var() + 1e-5))
    gamma, beta = float(weights["weight"][place[0]]), float(weights["bias"][place[0]])
    scaled = "" if gamma == 1 else f"{significant(gamma, 3, most)}·"
    shifted = "" if beta == 0 else f" + {_enclosed(significant(beta, 3, most))}"
    # As fine as the deviation, by which the difference is divided.
    digits = max(0, 2 - math.floor(math.log10(deviation)))
    below = number(deviation, digits) if most is None else significant(deviation, most=most)
    digits = digits if most is None else min(digits, most)
    value, result = float(x[place]), float(y[place])
    less = f"({number(value, digits)} − {_enclosed(number(mean, digits))})"
    by_hand = float(written(value, digits) - written(mean, digits)) / read(below)
    by_hand = by_hand * read(significant(gamma, 3, most)) + read(significant(beta, 3, most))
    how = equals(by_hand, result, _fine(most))
    return (
        f"{layer.text}: {size_text(*x.shape)}, each channel less its mean, over its deviation: "
        f"{scaled}{less}/{below}{shifted} {how} **{number(result, _fine(most))}**"
    )


@forward_words.register
def _(layer: Lrn, x: Values, y: Values, weights: Weights, most: int | None = None) -> str:
    place = np.unravel_index(int(np.argmax(np.abs(x))), x.shape)
    low, high = max(0, int(place[0]) - layer.size // 2), int(place[0]) + (layer.size - 1) // 2
    total = float((x[low : high + 1, place[1], place[2]] ** 2).sum())
    top, squares = significant(float(x[place]), 3, most), significant(total, 3, most)
    k, alpha, beta = (f"{constant:g}" for constant in (layer.k, layer.alpha, layer.beta))
    below = (float(k) + float(alpha) / layer.size * read(squares)) ** float(beta)
    how = equals(read(top) / below, float(y[place]), _fine(most)) if below else "≈"
    return (
        f"{layer.text}: {size_text(*x.shape)}, a/(k + α/n·Σa²)^β: {top}/({k} + "
        f"{alpha}/{layer.size}·{squares})^{beta} {how} **{number(float(y[place]), _fine(most))}**"
    )


def _enclosed(text: str) -> str:
    """A number behind another sign: in parentheses where negative."""
    return f"({text})" if text.startswith("−") else text


@forward_words.register
def _(layer: Activate, x: Values, y: Values, weights: Weights, most: int | None = None) -> str:
    place = np.unravel_index(int(np.argmin(x)), x.shape)
    digits, result = _fine(most), float(y[place])
    shown = written(float(x[place]), digits)
    how = equals(float(ACTIVATIONS[layer.name].value(float(shown), parameter=layer.parameter)), result, digits)
    of = f"{layer.kind}({number(float(x[place]), digits)})"
    return f"{_change(layer, x, y)}, element by element, for example {of} {how} **{number(result, digits)}**"


@singledispatch
def backward_words(layer: Layer, x: Values, slope: Values, slopes: Weights, most: int | None = None) -> str:
    """What a layer does with the gradient `slope` of what it gave out, and the size of its own."""
    return f"back through {layer.text}: handed on, {mean_words('y', slope, most)}"


@backward_words.register
def _(layer: Conv, x: Values, slope: Values, slopes: Weights, most: int | None = None) -> str:
    size = mean_words("W", slopes["weight"], most)
    return f"back through {layer.text}: ∂L/∂W sums ∂L/∂y·x over all positions, {size}"


@backward_words.register
def _(layer: FullyConnected, x: Values, slope: Values, slopes: Weights, most: int | None = None) -> str:
    return f"back through {layer.text}: ∂L/∂W = ∂L/∂y·xᵀ, {mean_words('W', slopes['weight'], most)}"


@backward_words.register
def _(layer: MaxPool, x: Values, slope: Values, slopes: Weights, most: int | None = None) -> str:
    return f"back through {layer.text}: ∂L/∂y goes to where each maximum stood, {mean_words('y', slope, most)}"


@backward_words.register
def _(layer: AvgPool, x: Values, slope: Values, slopes: Weights, most: int | None = None) -> str:
    return f"back through {layer.text}: ∂L/∂y is shared out among each window, {mean_words('y', slope, most)}"


@backward_words.register
def _(layer: BatchNorm, x: Values, slope: Values, slopes: Weights, most: int | None = None) -> str:
    return f"back through {layer.text}: also through mean and variance, {mean_words('γ', slopes['weight'], most)}"


@backward_words.register
def _(layer: Activate, x: Values, slope: Values, slopes: Weights, most: int | None = None) -> str:
    if layer.name == "relu":
        passed = f"{np.count_nonzero(x > 0)} of {x.size}"
        return f"back through relu: ∂L/∂y passes where x > 0, {passed}, {mean_words('y', slope, most)}"
    return f"back through {layer.text}: ∂L/∂y times f′(x), {mean_words('y', slope, most)}"


def mean_words(by: str, slope: Values, most: int | None = None) -> str:
    """How large a gradient is: the mean of its absolute values."""
    size = significant(float(np.abs(slope).mean()), most=most)
    return f"mean |∂L/∂{by}| of {slope.size} {'=' if size == '0' else '≈'} **{size}**"


def _window(layer: MaxPool | AvgPool, x: Values, y: Values, outside: float) -> Values:
    """The window that gave the largest output."""
    channel, row, column = np.unravel_index(int(np.argmax(y)), y.shape)
    down, across = layer.padding
    padded = np.pad(x[channel], [(down, down), (across, across)], constant_values=outside)
    cells = windows2d(padded, layer.size, layer.stride)[row, column].ravel()
    return np.asarray(cells[np.isfinite(cells)])


def _listed(cells: Values, kept: int, most: int | None) -> str:
    """The numbers of a window; where they are many, the first, one that is to be kept, and the last."""
    texts: Sequence[str] = [number(float(cell), _fine(most)) for cell in cells]
    if len(texts) <= _MOST_SHOWN:
        return ", ".join(texts)
    places = sorted({0, kept, len(texts) - 1})
    parts = [texts[places[0]]]
    for before, place in pairwise(places):
        parts += (["…"] if place - before > 1 else []) + [texts[place]]
    return ", ".join(parts)
