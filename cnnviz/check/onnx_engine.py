"""ONNX Runtime as the engine of checks: each operation a small ONNX graph, in float64 where the runtime has that."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
from onnx import TensorProto

from cnnviz.check import onnx_slopes as slopes
from cnnviz.check.engine import Array, Descent, Rule, Size
from cnnviz.check.onnx_graph import Graph, apply


class OnnxRuntime:
    """See `Engine`."""

    def conv(self, x: Array, w: Array, bias: Array, stride: Size, padding: Size, dilation: Size) -> Array:
        """By Conv."""
        return apply("Conv", x, w, bias, single=True, strides=stride, pads=[*padding, *padding], dilations=dilation)

    def conv_transpose(
        self, x: Array, w: Array, stride: Size, padding: Size, output_padding: Size, dilation: Size
    ) -> Array:
        """By ConvTranspose; it refuses output padding of a stride or more, which is that of zeros behind the input."""
        behind = [a // step for a, step in zip(output_padding, stride, strict=True)]
        x = np.pad(x, [(0, 0), (0, 0), *((0, rows) for rows in behind)])
        rest = [a % step for a, step in zip(output_padding, stride, strict=True)]
        return apply("ConvTranspose", x, w, single=True, strides=stride, pads=[*padding, *padding],
                      output_padding=rest, dilations=dilation)  # fmt: skip

    def max_pool(self, x: Array, size: Size, stride: Size, padding: Size, dilation: Size, ceil: bool) -> Array:
        """By MaxPool."""
        return apply("MaxPool", x, kernel_shape=size, strides=stride, pads=[*padding, *padding],
                      dilations=dilation, ceil_mode=int(ceil))  # fmt: skip

    def avg_pool(self, x: Array, size: Size, stride: Size, padding: Size, ceil: bool, counted: bool) -> Array:
        """By AveragePool."""
        return apply("AveragePool", x, single=True, kernel_shape=size, strides=stride, pads=[*padding, *padding],
                      ceil_mode=int(ceil), count_include_pad=int(counted))  # fmt: skip

    def adaptive_pool(self, x: Array, size: Size, kind: str) -> Array:
        """By Slice and ReduceMax or ReduceMean: rows first, then columns."""
        graph = Graph()
        name, reduce = graph.given(x), "ReduceMax" if kind == "max" else "ReduceMean"
        for axis, count in zip((2, 3), size, strict=True):
            length, parts = x.shape[axis], []
            along = graph.given([axis], np.int64)
            for place in range(count):
                ends = place * length // count, -(-(place + 1) * length // count)
                span = [graph.given([end], np.int64) for end in ends]
                parts.append(graph.node(reduce, graph.node("Slice", name, *span, along), along, keepdims=1))
            name = graph.node("Concat", *parts, axis=axis)
        return graph.run(name)

    def max_unpool(self, x: Array, size: Size, stride: Size) -> Array:
        """By MaxPool and MaxUnpool."""
        graph = Graph(np.float32)
        shape = graph.given(x.shape, np.int64)
        how: Any = {"kernel_shape": size, "strides": stride}
        maxima, places = graph.pair("MaxPool", graph.given(x), **how)
        return graph.run(graph.node("MaxUnpool", maxima, places, shape, **how))

    def max_pool_places(self, x: Array, size: Size, stride: Size) -> Array:
        """By MaxPool."""
        return slopes.places(x, size, stride)

    def response_norm(self, x: Array, n: int, alpha: float, beta: float, k: float, within: bool) -> Array:
        """By LRN where that has it (odd n, across channels), else by AveragePool over the squares, Pow and Div."""
        # LRN adds and takes off squares on its way through the channels, of which float32 keeps some.
        sure = alpha * n * float((x * x).max()) < 32 * k
        if not within and n % 2 and alpha > 0 and beta > 0 and sure:
            return apply("LRN", x, single=True, size=n, alpha=alpha * n, beta=beta, bias=k)
        graph = Graph(np.float32)
        value = graph.given(x)
        squares, before, after = graph.node("Mul", value, value), n // 2, (n - 1) // 2
        if within:
            sizes, pads, cells = [n, n], [before, before, after, after], n * n
        else:
            # Channels as rows: a window of n of them, and of one pixel.
            squares = graph.node("Reshape", squares, graph.given([x.shape[0], 1, x.shape[1], -1], np.int64))
            sizes, pads, cells = [n, 1], [before, 0, after, 0], n
        mean = graph.node("AveragePool", squares, kernel_shape=sizes, pads=pads, count_include_pad=1)
        total = graph.node("Reshape", mean, graph.given(x.shape, np.int64))
        below = graph.node("Add", graph.given(k), graph.node("Mul", graph.given(alpha * cells), total))
        return graph.run(graph.node("Div", value, graph.node("Pow", below, graph.given(beta))))

    def normalize(self, x: Array, kind: str, groups: int, eps: float) -> Array:
        """By BatchNormalization with ReduceMean's statistics, or by GroupNormalization."""
        graph, single = Graph(), float(np.float32(eps))
        # An attribute has float32's digits only: for what ε loses there the input is stretched.
        value, channels = graph.given(x * np.sqrt(single / eps)), x.shape[1]
        ones, zeros = graph.given(np.ones(channels)), graph.given(np.zeros(channels))
        if kind == "group":
            how = {"num_groups": groups, "epsilon": single, "stash_type": TensorProto.DOUBLE}
            return graph.run(graph.node("GroupNormalization", value, ones, zeros, **how))
        axes, flat = graph.given([0, 2, 3], np.int64), graph.given([-1], np.int64)
        mean = graph.node("ReduceMean", value, axes)
        distance = graph.node("Sub", value, mean)
        variance = graph.node("ReduceMean", graph.node("Mul", distance, distance), axes)
        statistics = [graph.node("Reshape", part, flat) for part in (mean, variance)]
        return graph.run(graph.node("BatchNormalization", value, ones, zeros, *statistics, epsilon=single))

    def moments(self, x: Array) -> tuple[Array, Array]:
        """By ReduceMean."""
        return slopes.moments(x)

    def linear(self, x: Array, w: Array, bias: Array) -> Array:
        """By Gemm."""
        return np.asarray(apply("Gemm", x[None], w, bias, transB=1)[0])

    def softmax(self, x: Array) -> Array:
        """By Softmax."""
        return apply("Softmax", x, axis=-1)

    def activation(self, kind: str, x: Array, parameter: float) -> Array:
        """By the operator of that name; SiLU, which the opset lacks, by Sigmoid and Mul."""
        if kind in ("relu6", "hardtanh"):
            return apply("Clip", x, *((0.0, 6.0) if kind == "relu6" else (-1.0, 1.0)))
        if kind in ("leaky-relu", "elu"):
            return apply("LeakyRelu" if kind == "leaky-relu" else "Elu", x, single=True, alpha=parameter)
        if kind == "softplus":
            return np.asarray(apply("Softplus", x * parameter, single=True) / np.float32(parameter))
        if kind == "silu":
            return apply("Mul", x, apply("Sigmoid", x))
        if kind in ("linear", "relu", "tanh", "sigmoid"):
            return apply({"linear": "Identity"}.get(kind, kind.capitalize()), x)
        return apply({"hardswish": "HardSwish"}.get(kind, kind.capitalize()), x, single=True)

    def loss(self, kind: str, x: Array, y: float, parameter: float) -> Array:
        """By Abs, Mul, Log and the like: ONNX has no elementwise losses."""
        g = Graph()
        estimate, label, one = g.given(x), g.given(y), g.given(1.0)
        bound, half = g.given(parameter), g.given(0.5)
        distance = g.node("Abs", g.node("Sub", label, estimate))
        square = g.node("Mul", distance, distance)
        if kind in ("mae", "mse"):
            return g.run(distance if kind == "mae" else square)
        if kind == "hinge":
            return g.run(g.node("Max", g.given(0.0), g.node("Sub", bound, g.node("Mul", label, estimate))))
        if kind in ("huber", "smooth-l1"):
            line = g.node("Sub", distance, g.node("Mul", half, bound))
            curve = g.node("Mul", half, square)
            if kind == "huber":
                line = g.node("Mul", bound, line)
            else:
                curve = g.node("Div", curve, bound)
            return g.run(g.node("Where", g.node("Less", distance, bound), curve, line))
        if kind == "logits-cross-entropy":
            # Not by Sigmoid, whose logarithm is lost far from 0.
            power = g.node("Exp", g.node("Neg", g.node("Abs", estimate)))
            above = g.node("Sub", g.node("Relu", estimate), g.node("Mul", label, estimate))
            return g.run(g.node("Add", above, g.node("Log", g.node("Add", one, power))))
        sure = g.node("Mul", label, g.node("Log", estimate))
        unsure = g.node("Mul", g.node("Sub", one, label), g.node("Log", g.node("Sub", one, estimate)))
        return g.run(g.node("Neg", g.node("Add", sure, unsure)))

    def activation_slope(self, kind: str, x: Array, parameter: float) -> Array:
        """Composed: see `onnx_slopes`, here and below."""
        return slopes.activation_slope(kind, x, parameter)

    def loss_slope(self, kind: str, x: Array, y: float, parameter: float) -> Array:
        """Composed."""
        return slopes.loss_slope(kind, x, y, parameter)

    def conv_back(
        self, x: Array, w: Array, slope: Array, stride: Size, padding: Size, dilation: Size
    ) -> tuple[Array, Array]:
        """By ConvTranspose and Conv."""
        return slopes.conv_back(x, w, slope, (stride, padding, dilation))

    def max_pool_back(self, x: Array, slope: Array, size: Size, stride: Size, padding: Size) -> Array:
        """By MaxPool and ScatterElements."""
        return slopes.max_pool_back(x, slope, size, stride, padding)

    def avg_pool_back(self, x: Array, slope: Array, size: Size, stride: Size, padding: Size) -> Array:
        """By ConvTranspose."""
        return slopes.avg_pool_back(x, slope, size, stride, padding)

    def normalize_back(self, x: Array, slope: Array, eps: float) -> Array:
        """Composed."""
        return slopes.normalize_back(x, slope, eps)

    def response_norm_back(self, x: Array, slope: Array, n: int, alpha: float, beta: float, k: float) -> Array:
        """Composed."""
        return slopes.response_norm_back(x, slope, n, (alpha, beta, k))

    def field(self, formula: ast.expr, x: Array, y: Array) -> tuple[Array, Array, Array]:
        """Composed."""
        return slopes.field(formula, x, y)

    def descend(self, formula: ast.expr, rule: Rule, start: tuple[float, float], steps: int, along: Array) -> Descent:
        """Composed: gradient and rule."""
        return slopes.descend(formula, rule, start, steps, along)


ENGINE = OnnxRuntime()
