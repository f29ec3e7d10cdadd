"""One layer after another: the shape that comes out, what it costs, and the call that computes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.operation import MAP
from cnnviz.scenes._layer_list import SAME_SIZE, LayerText
from cnnviz.story import Graph, Tensor
from cnnviz.words import Expression, Joined, Number, Text, Words, call, equation, evaluate, total

_TORCH = {"relu": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid", "gelu": "GELU", "silu": "SiLU"}
Product = Expression | None


@dataclass(frozen=True, kw_only=True)
class ShapeRow:
    """A layer: its name in PyTorch, the shape of its output, why that is, parameters and multiplications.

    `refused` is the number of inputs that a linear layer was given instead of its own.
    """

    name: str
    shape: tuple[int, ...]
    tensor: str
    caption: Words
    parameters: Product = None
    products: Product = None
    refused: int | None = None
    row: Words | None = None

    @property
    def size(self) -> Words:
        """The shape, each axis held against the engine's, or what stands in its place as `row`."""
        if self.row is not None:
            return self.row
        sizes = (_sized(n, self.tensor, axis) for axis, n in enumerate(self.shape, 1))
        return Joined(tuple(sizes), "×")


def shape_rows(layers: Sequence[LayerText], shape: tuple[int, ...], graph: Graph, record: bool) -> list[ShapeRow]:
    """All layers, as far as they fit; `record` computes them too, with zeros. Raises UsageError."""
    tensor = Tensor("x", np.zeros(0))
    if record:
        tensor = graph.given("x", np.zeros((1, *shape)), MAP)
    rows: list[ShapeRow] = []
    for n, layer in enumerate(layers, 1):
        row, function, weights, options = _ROWS[layer.word](layer, shape, f"y{n}" if record else "")
        rows.append(row)
        if row.refused is not None:
            break
        if record:
            kinds = ("kernel", "plain") if layer.word == "conv" else ("plain", "plain")
            given = [
                graph.given(f"{name}{n}", np.zeros(size), kind)
                for name, size, kind in zip("wb", weights, kinds, strict=False)
            ]
            tensor = graph.compute(function, tensor, *given, result=f"y{n}", **options)
            graph.show(tensor, "shapes", (0,), size=True)
        shape = row.shape
    return rows


def _sized(size: int, tensor: str, axis: int) -> Number:
    """A size, named after the axis of what is computed where anything is."""
    return Number(size, 0, (tensor, "shape", axis) if tensor else None)


Made = tuple[ShapeRow, str, tuple[tuple[int, ...], ...], dict[str, Any]]


def _maps(layer: LayerText, shape: tuple[int, ...]) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise UsageError(
            f"{layer.where} takes maps, but its input is a row of {shape[0]} numbers: put it before flatten"
        )
    return shape[0], shape[1], shape[2]


def _slides(layer: LayerText, shape: tuple[int, ...], name: str) -> tuple[tuple[int, int], Words]:
    _, *sides = _maps(layer, shape)
    rows, columns = (layer.out(side) for side in sides)
    span: Expression = Number(layer.d) * (Number(layer.k) - 1) + 1 if layer.d > 1 else Number(layer.k)
    room = Number(sides[0]) + Number(2) * layer.p - span if layer.p else Number(sides[0]) - span
    size = call("floor", room / layer.s) + 1 if layer.s > 1 else room + 1
    return (rows, columns), equation("o", size, _sized(rows, name, 2))


def _conv(layer: LayerText, shape: tuple[int, ...], name: str) -> Made:
    (rows, columns), size = _slides(layer, shape, name)
    if layer.filters is None:
        raise UsageError(f"{layer.where} does not tell its filters: write it as conv 16@{layer.k}")
    channels, f, k = shape[0], layer.filters, layer.k
    weights = Number(channels) * Number(k) ** 2
    places = Number(rows) ** 2 if rows == columns else Number(rows) * columns
    options = (("stride", layer.s, 1), ("padding", layer.p, 0), ("dilation", layer.d, 1))
    more = "".join(f", {word}={value}" for word, value, usual in options if value != usual)
    row = ShapeRow(
        name=f"Conv2d({channels}, {f}, {k}{more})",
        shape=(f, rows, columns),
        tensor=name,
        caption=size,
        parameters=Number(f) * (weights + 1),
        products=Number(f) * places * channels * Number(k) ** 2,
    )
    how: dict[str, Any] = {word: (value, value) for word, value, _ in options}
    return row, "conv2d", ((f, channels, k, k), (f,)), {**how, "groups": 1}


def _pool(layer: LayerText, shape: tuple[int, ...], name: str) -> Made:
    (rows, columns), size = _slides(layer, shape, name)
    if 2 * layer.p > layer.k:
        raise UsageError(
            f"{layer.where}: padding {layer.p} is more than half of the window: use p{layer.k // 2} or less"
        )
    more = (f", stride={layer.s}" if layer.s != layer.k else "") + (f", padding={layer.p}" if layer.p else "")
    row = ShapeRow(name=f"MaxPool2d({layer.k}{more})", shape=(shape[0], rows, columns), tensor=name, caption=size)
    how = {"kernel_size": layer.k, "stride": layer.s, "padding": layer.p, "dilation": 1}
    return row, "max_pool2d", (), {**{word: (value, value) for word, value in how.items()}, "ceil_mode": False}


def _same(layer: LayerText, shape: tuple[int, ...], name: str) -> Made:
    caption = Text("each number by itself: the shape stays")
    row = ShapeRow(name=f"{_TORCH[layer.word]}()", shape=shape, tensor=name, caption=caption)
    return row, layer.word, (), {}


def _flatten(layer: LayerText, shape: tuple[int, ...], name: str) -> Made:
    channels, rows, columns = _maps(layer, shape)
    count = _sized(channels * rows * columns, name, 1)
    product = equation(None, Number(channels) * rows * columns, count)
    caption = Text("all in one row: {product}", product=product)
    shape = (channels * rows * columns,)
    return ShapeRow(name="Flatten()", shape=shape, tensor=name, caption=caption, row=product), "flatten", (), {}


def _linear(layer: LayerText, shape: tuple[int, ...], name: str) -> Made:
    if len(shape) == 3:
        raise UsageError(f"{layer.where} takes a row of numbers, but its input is maps: put flatten before it")
    features, outputs = shape[0], layer.outputs
    taken = layer.inputs or features
    error = "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x{have} and {taken}x{outputs})"
    fits = "every output from all {have} numbers"
    row = ShapeRow(
        name=f"Linear({taken}, {outputs})",
        shape=(outputs,),
        tensor=name,
        caption=Text(fits if taken == features else error, have=features, taken=taken, outputs=outputs),
        parameters=Number(outputs) * (Number(taken) + 1),
        products=Number(outputs) * taken,
        refused=None if taken == features else taken,
        row=None if taken == features else Joined((Number(features), Number(taken)), " ≠ "),
    )
    return row, "linear", ((outputs, taken), (outputs,)), {}


_ROWS: dict[str, Callable[[LayerText, tuple[int, ...], str], Made]] = {
    "conv": _conv,
    "pool": _pool,
    "flatten": _flatten,
    "linear": _linear,
    **dict.fromkeys(SAME_SIZE, _same),
}


def cost(rows: Sequence[ShapeRow], what: str) -> Expression:
    """All parameters, or all multiplications, added up."""
    found = (getattr(row, what) for row in rows)
    return total([Number(float(evaluate(each))) for each in found if each is not None])


def closing(rows: Sequence[ShapeRow]) -> Words:
    """What would fit, or where the costs are."""
    if rows[-1].refused is not None:
        said = "Linear({have}, {outputs}) would fit: as many inputs as numbers come in"
        return Text(said, have=rows[-2].shape[0], outputs=rows[-1].shape[0])
    costly = [
        (evaluate(row.parameters), evaluate(row.products), row.name) for row in rows if row.parameters and row.products
    ]
    if not costly:
        return Text("No layer has parameters")
    said = "Most parameters: {weights}; most multiplications: {products}"
    return Text(said, weights=max(costly)[2], products=max(costly, key=itemgetter(1))[2])
