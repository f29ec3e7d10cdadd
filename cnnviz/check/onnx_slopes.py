"""Derivatives on ONNX Runtime, which computes none by itself: composed of its operators, by the chain rule."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
from onnx import TensorProto

from cnnviz.check.engine import Array, Descent, Rule, Size
from cnnviz.check.onnx_graph import Graph, apply

_SELU, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def activation_slope(kind: str, x: Array, parameter: float) -> Array:
    """The derivative of an activation function."""
    g = Graph(np.float32 if kind in ("gelu", "mish") else np.float64)
    value, one, zero, p = g.given(x), g.given(1.0), g.given(0.0), g.given(parameter)
    ones, zeros = g.node("Add", g.node("Mul", value, zero), one), g.node("Mul", value, zero)
    above = g.node("Greater", value, zero)

    def times(a: str, b: str) -> str:
        return g.node("Mul", a, b)

    def less(a: str) -> str:
        return g.node("Sub", one, a)

    def between(low: float, high: float, inside: str) -> str:
        within = g.node("And", g.node("Greater", value, g.given(low)), g.node("Less", value, g.given(high)))
        return g.node("Where", within, inside, zeros)

    match kind:
        case "linear":
            made = ones
        case "relu":
            made = g.node("Where", above, ones, zeros)
        case "leaky-relu":
            made = g.node("Where", above, ones, times(ones, p))
        case "elu":
            made = g.node("Where", above, ones, times(p, g.node("Exp", value)))
        case "selu":
            scale, low = g.given(_SELU), g.given(_SELU * _SELU_ALPHA)
            made = g.node("Where", above, times(ones, scale), times(low, g.node("Exp", value)))
        case "tanh":
            bent = g.node("Tanh", value)
            made = less(times(bent, bent))
        case "sigmoid":
            made = times(g.node("Sigmoid", value), g.node("Sigmoid", g.node("Neg", value)))
        case "softplus":
            made = g.node("Sigmoid", times(value, p))
        case "relu6":
            made = between(0, 6, ones)
        case "hardtanh":
            made = between(-1, 1, ones)
        case "silu":
            s = g.node("Sigmoid", value)
            made = times(s, g.node("Add", one, times(value, less(s))))
        case "hardswish":
            line = g.node("Add", g.node("Div", value, g.given(3.0)), g.given(0.5))
            beyond = g.node("GreaterOrEqual", value, g.given(3.0))
            made = g.node("Where", beyond, ones, between(-3, 3, line))
        case _:
            made = _bent(g, kind, value)
    return g.run(made)


def _bent(g: Graph, kind: str, value: str) -> str:
    """The derivatives of GELU and Mish."""
    one = g.given(1.0)
    square = g.node("Mul", value, value)
    if kind == "gelu":
        wide = g.node("Erf", g.node("Mul", value, g.given(np.sqrt(0.5))))
        below = g.node("Mul", g.given(0.5), g.node("Add", one, wide))
        bell = g.node("Mul", g.given(1 / np.sqrt(2 * np.pi)), g.node("Exp", g.node("Mul", g.given(-0.5), square)))
        return g.node("Add", below, g.node("Mul", value, bell))
    bent, s = g.node("Tanh", g.node("Softplus", value)), g.node("Sigmoid", value)
    rest = g.node("Sub", one, g.node("Mul", bent, bent))
    return g.node("Add", bent, g.node("Mul", g.node("Mul", value, s), rest))


def loss_slope(kind: str, x: Array, y: float, parameter: float) -> Array:
    """The derivative of a loss by its estimate."""
    g = Graph()
    estimate, label, p, one = g.given(x), g.given(y), g.given(parameter), g.given(1.0)
    error = g.node("Sub", estimate, label)
    match kind:
        case "mae":
            made = g.node("Sign", error)
        case "mse":
            made = g.node("Mul", g.given(2.0), error)
        case "huber":
            made = g.node("Max", g.node("Min", error, p), g.node("Neg", p))
        case "smooth-l1":
            made = g.node("Max", g.node("Min", g.node("Div", error, p), one), g.node("Neg", one))
        case "hinge":
            close = g.node("Less", g.node("Mul", label, estimate), p)
            made = g.node("Where", close, g.node("Neg", label), g.node("Mul", estimate, g.given(0.0)))
        case "logits-cross-entropy":
            made = g.node("Sub", g.node("Sigmoid", estimate), label)
        case _:
            made = g.node("Div", error, g.node("Mul", estimate, g.node("Sub", one, estimate)))
    return g.run(made)


def conv_back(x: Array, w: Array, slope: Array, how: tuple[Size, Size, Size]) -> tuple[Array, Array]:
    """By ConvTranspose of the gradient, and by Conv of the input with the gradient as its kernels."""
    stride, padding, dilation = how
    axes = zip(x.shape[2:], w.shape[2:], stride, padding, dilation, strict=True)
    rest = [(i + 2 * p - d * (k - 1) - 1) % s for i, k, s, p, d in axes]
    # What ConvTranspose refuses as output padding, zeros behind it give.
    back = apply("ConvTranspose", slope, w, single=True, strides=stride, pads=[0] * 4, dilations=dilation)
    full = np.pad(back, [(0, 0), (0, 0), (0, rest[0]), (0, rest[1])])
    (top, left), (rows, columns) = padding, x.shape[2:]
    own = apply("Conv", x.swapaxes(0, 1), slope.swapaxes(0, 1), single=True, strides=dilation,
                pads=[*padding, *padding], dilations=stride).swapaxes(0, 1)  # fmt: skip
    return full[:, :, top : top + rows, left : left + columns], own[:, :, : w.shape[2], : w.shape[3]]


def max_pool_back(x: Array, slope: Array, size: Size, stride: Size, padding: Size) -> Array:
    """By MaxPool's places and ScatterElements, which adds."""
    g = Graph()
    _, places = g.pair("MaxPool", g.given(x), kernel_shape=size, strides=stride, pads=[*padding, *padding])
    flat = g.given([-1], np.int64)
    zeros = g.given(np.zeros(x.size))
    added = g.node("ScatterElements", zeros, g.node("Reshape", places, flat), g.node("Reshape", g.given(slope), flat),
                   reduction="add")  # fmt: skip
    return g.run(g.node("Reshape", added, g.given(x.shape, np.int64)))


def avg_pool_back(x: Array, slope: Array, size: Size, stride: Size, padding: Size) -> Array:
    """By ConvTranspose with kernels of equal shares."""
    channels, (rows, columns) = x.shape[1], x.shape[2:]
    shares = np.full((channels, 1, *size), 1 / (size[0] * size[1]))
    back = apply("ConvTranspose", slope, shares, single=True, strides=stride, pads=[0] * 4, group=channels)
    (top, left) = padding
    more = [max(0, top + rows - back.shape[2]), max(0, left + columns - back.shape[3])]
    full = np.pad(back, [(0, 0), (0, 0), (0, more[0]), (0, more[1])])
    return full[:, :, top : top + rows, left : left + columns]


def normalize_back(x: Array, slope: Array, eps: float) -> Array:
    """By ReduceMean and the like: through mean and variance too (Ioffe and Szegedy 2015, §3)."""
    g = Graph()
    value, behind, axes = g.given(x), g.given(slope), g.given([0, 2, 3], np.int64)

    def mean(name: str) -> str:
        return g.node("ReduceMean", name, axes)

    distance = g.node("Sub", value, mean(value))
    deviation = g.node("Sqrt", g.node("Add", mean(g.node("Mul", distance, distance)), g.given(eps)))
    normal = g.node("Div", distance, deviation)
    through = g.node("Sub", behind, mean(behind))
    through = g.node("Sub", through, g.node("Mul", normal, mean(g.node("Mul", behind, normal))))
    return g.run(g.node("Div", through, deviation))


def response_norm_back(x: Array, slope: Array, n: int, constants: tuple[float, float, float]) -> Array:
    """By MatMul with the channels that are near: through the value itself and through every sum that it is part of."""
    alpha, beta, k = constants
    channels = x.shape[1]
    away = np.arange(channels)[None, :] - np.arange(channels)[:, None]
    near = ((away >= -(n // 2)) & (away <= (n - 1) // 2)).astype(np.float64)
    g = Graph()
    value, behind = (g.given(each.reshape(channels, -1)) for each in (x, slope))
    squares = g.node("MatMul", g.given(near), g.node("Mul", value, value))
    total = g.node("Add", g.given(k), g.node("Mul", g.given(alpha), squares))
    own = g.node("Mul", behind, g.node("Pow", total, g.given(-beta)))
    felt = g.node("Mul", g.node("Mul", behind, value), g.node("Pow", total, g.given(-beta - 1)))
    others = g.node("Mul", value, g.node("MatMul", g.given(near.T), felt))
    made = g.node("Sub", own, g.node("Mul", g.given(2 * alpha * beta), others))
    return g.run(made).reshape(x.shape)


Dual = tuple[str, str, str]
"""A value with its derivatives by x and y."""


def _dual(g: Graph, node: ast.AST, known: dict[str, Dual]) -> Dual:
    """A polynomial in a graph, with the rules of sum, product and power for its derivatives."""
    match node:
        case ast.Constant(value=value):
            zero = g.given(0.0)
            return g.given(value), zero, zero
        case ast.Name(id=name):
            return known[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            value, across, up = _dual(g, inner, known)
            return g.node("Neg", value), g.node("Neg", across), g.node("Neg", up)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as sign, right=right):
            a, b = _dual(g, left, known), _dual(g, right, known)
            name = "Add" if isinstance(sign, ast.Add) else "Sub"
            value, across, up = (g.node(name, p, q) for p, q in zip(a, b, strict=True))
            return value, across, up
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            a, b = _dual(g, left, known), _dual(g, right, known)
            parts = [g.node("Add", g.node("Mul", a[n], b[0]), g.node("Mul", a[0], b[n])) for n in (1, 2)]
            return g.node("Mul", a[0], b[0]), parts[0], parts[1]
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            a, below = _dual(g, left, known), _dual(g, right, known)[0]
            value, across, up = (g.node("Div", part, below) for part in a)
            return value, across, up
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() | float() as power)):
            a, (n, less) = _dual(g, left, known), (g.given(float(power)), g.given(power - 1.0))
            steep = g.node("Mul", n, g.node("Pow", a[0], less))
            return g.node("Pow", a[0], n), g.node("Mul", steep, a[1]), g.node("Mul", steep, a[2])
    raise ValueError("no polynomial")


def field(formula: ast.expr, x: Array, y: Array) -> tuple[Array, Array, Array]:
    """A polynomial at many places, and its derivatives."""
    g = Graph()
    one, zero = g.given(np.ones(x.shape)), g.given(np.zeros(x.shape))
    made = _dual(g, formula, {"x": (g.given(x), one, zero), "y": (g.given(y), zero, one)})
    value, across, up = g.run_all(list(made))
    return value, across, up


_SLOTS = {"momentum": ["momentum_buffer"], "nesterov": ["momentum_buffer"], "adagrad": ["sum"],
          "rmsprop": ["square_avg"], "adam": ["exp_avg", "exp_avg_sq"]}  # fmt: skip


def descend(formula: ast.expr, rule: Rule, start: tuple[float, float], steps: int, along: Array) -> Descent:
    """A graph of one update, run again and again: gradient and rule are composed, as the rules' papers have them."""
    g = Graph()
    weights = g.given(np.array(start))
    names = _SLOTS.get(rule.key, [])
    slots = [g.given(np.zeros(2)) for _ in names]
    powers = [g.given(1.0), g.given(1.0)]
    parts = [g.node("Gather", weights, g.given(n, np.int64)) for n in (0, 1)]
    one, zero = g.given(1.0), g.given(0.0)
    value, across, up = _dual(g, formula, {"x": (parts[0], one, zero), "y": (parts[1], zero, one)})
    flat = g.given([1], np.int64)
    grad = g.node("Concat", g.node("Reshape", across, flat), g.node("Reshape", up, flat), axis=0)
    direction, kept = _direction(g, rule, grad, slots, powers)
    moved = g.node("Sub", weights, g.node("Mul", g.given(rule.rate), direction))
    run, values = g.ready([value, grad, moved, *kept]), dict(g.values)
    path, losses, grads, memory = [np.array(start)], [], [], list[list[Array]]()
    for update in range(1, steps + 2):
        values[powers[0]], values[powers[1]] = (np.array(b**update) for b in (rule.beta1, rule.beta2))
        loss, slope, after, *then = run(values)
        losses.append(float(loss))
        grads.append(slope)
        if update > min(steps, len(along)) or not np.isfinite(path[-1]).all():
            break
        path.append(after)
        memory.append(then)
        values[weights] = along[update] if update < len(along) else after
        values.update(zip(slots, then, strict=True))
    slopes = np.array(grads)
    kept_ = {name: np.array([then[n] for then in memory]) for n, name in enumerate(names)}
    return Descent(np.array(path), np.array(losses), np.hypot(*slopes.T), slopes, kept_)


def _direction(g: Graph, rule: Rule, grad: str, slots: list[str], powers: list[str]) -> tuple[str, list[str]]:
    """What the rate is multiplied by, and what the rule remembers then."""

    def fade(old: str, new: str, keep: float) -> str:
        return g.node("Add", g.node("Mul", g.given(keep), old), g.node("Mul", g.given(1 - keep), new))

    def over(top: str, square: str, eps: float) -> str:
        return g.node("Div", top, g.node("Add", g.node("Sqrt", square), g.given(eps)))

    square = g.node("Mul", grad, grad)
    match rule.key:
        case "sgd":
            return grad, []
        case "momentum" | "nesterov":
            mu = g.given(rule.momentum)
            speed = g.node("Add", g.node("Mul", mu, slots[0]), grad)
            return (speed if rule.key == "momentum" else g.node("Add", grad, g.node("Mul", mu, speed))), [speed]
        case "adagrad":
            total = g.node("Add", slots[0], square)
            return over(grad, total, 1e-10), [total]
        case "rmsprop":
            mean = fade(slots[0], square, rule.alpha)
            return over(grad, mean, 1e-8), [mean]
    first, second = fade(slots[0], grad, rule.beta1), fade(slots[1], square, rule.beta2)
    one = g.given(1.0)
    whole = [
        g.node("Div", each, g.node("Sub", one, power)) for each, power in zip((first, second), powers, strict=True)
    ]
    return over(whole[0], whole[1], 1e-8), [first, second]


def places(x: Array, size: Size, stride: Size) -> Array:
    """Where maxima stand, by MaxPool."""
    g = Graph()
    _, found = g.pair("MaxPool", g.given(x), kernel_shape=size, strides=stride)
    # It counts over all maps.
    return g.run(found, TensorProto.INT64).astype(np.float64)


def moments(x: Array) -> tuple[Array, Array]:
    """By ReduceMean."""
    g = Graph()
    value, last = g.given(x), g.given([-1], np.int64)
    mean = g.node("ReduceMean", value, last, keepdims=1)
    distance = g.node("Sub", value, mean)
    variance = g.node("ReduceMean", g.node("Mul", distance, distance), last, keepdims=1)
    found: list[Any] = g.run_all([mean, variance])
    return found[0][:, 0], found[1][:, 0]
