"""One layer after another: the shape that comes out, what it costs, and the call that computes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.network.layers import Layer
from cnnviz.operation import KERNEL, MAP, PLAIN
from cnnviz.scenes._layer_list import SAME_SIZE, Slide, slide_of
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


def shape_rows(layers: Sequence[Layer], shape: tuple[int, ...], graph: Graph, record: bool) -> list[ShapeRow]:
    """All layers, as far as they fit; `record` computes them too, with zeros. Raises UsageError."""
    tensor = Tensor("x", np.zeros(0))
    if record:
        tensor = graph.input("x", np.zeros((1, *shape)), MAP)
    rows: list[ShapeRow] = []
    for n, layer in enumerate(layers, 1):
        if layer.kind == "flatten" and len(shape) != 3:
            raise UsageError(f"{layer.where} takes maps, but its input is a row of {shape[0]} numbers: leave it out")
        if layer.kind == "fc" and len(shape) == 3:
            raise UsageError(f"{layer.where} takes a row of numbers, but its input is maps: put flatten before it")
        out = layer.output_shape(shape)
        row = _ROWS[layer.kind](layer, shape, out, f"y{n}" if record else "")
        rows.append(row)
        if row.refused is not None:
            break
        if record:
            given = [
                graph.input(f"{name}{n}", np.zeros(size), KERNEL if len(size) == 4 else PLAIN)
                for name, size in zip("wb", layer.weight_shapes(shape).values(), strict=False)
            ]
            tensor = graph.compute(layer.function, tensor, *given, result=f"y{n}", **layer.arguments)
            graph.show(tensor, "shapes", (0,), size=True)
        shape = out
    return rows


def _sized(size: int, tensor: str, axis: int) -> Number:
    """A size, named after the axis of what is computed where anything is."""
    return Number(size, 0, (tensor, "shape", axis) if tensor else None)


def _size(slide: Slide, i: int, rows: int, name: str) -> Words:
    """How the output's size comes about."""
    k, s, p, d = slide
    span: Expression = Number(d) * (Number(k) - 1) + 1 if d > 1 else Number(k)
    room = Number(i) + Number(2) * p - span if p else Number(i) - span
    return equation("o", call("floor", room / s) + 1 if s > 1 else room + 1, _sized(rows, name, 2))


def _conv(layer: Layer, shape: tuple[int, ...], out: tuple[int, ...], name: str) -> ShapeRow:
    k, s, p, d = slide = slide_of(layer)
    channels, i, (f, rows, columns) = shape[0], shape[1], out
    places = Number(rows) ** 2 if rows == columns else Number(rows) * columns
    options = (("stride", s, 1), ("padding", p, 0), ("dilation", d, 1))
    more = "".join(f", {word}={value}" for word, value, usual in options if value != usual)
    return ShapeRow(
        name=f"Conv2d({channels}, {f}, {k}{more})",
        shape=out,
        tensor=name,
        caption=_size(slide, i, rows, name),
        parameters=Number(f) * (Number(channels) * Number(k) ** 2 + 1),
        products=Number(f) * places * channels * Number(k) ** 2,
    )


def _pool(layer: Layer, shape: tuple[int, ...], out: tuple[int, ...], name: str) -> ShapeRow:
    k, s, p, _ = slide = slide_of(layer)
    more = (f", stride={s}" if s != k else "") + (f", padding={p}" if p else "")
    torch = "MaxPool2d" if layer.kind == "maxpool" else "AvgPool2d"
    caption = _size(slide, shape[1], out[1], name)
    return ShapeRow(name=f"{torch}({k}{more})", shape=out, tensor=name, caption=caption)


def _same(layer: Layer, shape: tuple[int, ...], out: tuple[int, ...], name: str) -> ShapeRow:
    caption = Text("each number by itself: the shape stays")
    return ShapeRow(name=f"{_TORCH[layer.kind]}()", shape=out, tensor=name, caption=caption)


def _flatten(layer: Layer, shape: tuple[int, ...], out: tuple[int, ...], name: str) -> ShapeRow:
    channels, rows, columns = shape
    product = equation(None, Number(channels) * rows * columns, _sized(out[0], name, 1))
    caption = Text("all in one row: {product}", product=product)
    return ShapeRow(name="Flatten()", shape=out, tensor=name, caption=caption, row=product)


def _linear(layer: Layer, shape: tuple[int, ...], out: tuple[int, ...], name: str) -> ShapeRow:
    features, outputs = shape[0], layer.outputs
    taken = layer.inputs or features
    error = "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x{have} and {taken}x{outputs})"
    fits = "every output from all {have} numbers"
    return ShapeRow(
        name=f"Linear({taken}, {outputs})",
        shape=out,
        tensor=name,
        caption=Text(fits if taken == features else error, have=features, taken=taken, outputs=outputs),
        parameters=Number(outputs) * (Number(taken) + 1),
        products=Number(outputs) * taken,
        refused=None if taken == features else taken,
        row=None if taken == features else Joined((Number(features), Number(taken)), " ≠ "),
    )


_ROWS: dict[str, Callable[[Layer, tuple[int, ...], tuple[int, ...], str], ShapeRow]] = {
    "conv": _conv,
    "maxpool": _pool,
    "avgpool": _pool,
    "flatten": _flatten,
    "fc": _linear,
    **dict.fromkeys(SAME_SIZE, _same),
}


def cost(rows: Sequence[ShapeRow], what: str) -> Expression:
    """All parameters, or all multiplications, added up."""
    found = (getattr(row, what) for row in rows)
    return total([Number(float(evaluate(each))) for each in found if each is not None])


def closing(rows: Sequence[ShapeRow]) -> Words:
    """What would fit, or where the costs are."""
    if rows[-1].refused is not None:
        template = "Linear({have}, {outputs}) would fit: as many inputs as numbers come in"
        return Text(template, have=rows[-2].shape[0], outputs=rows[-1].shape[0])
    costly = [
        (evaluate(row.parameters), evaluate(row.products), row.name) for row in rows if row.parameters and row.products
    ]
    if not costly:
        return Text("No layer has parameters")
    template = "Most parameters: {weights}; most multiplications: {products}"
    return Text(template, weights=max(costly)[2], products=max(costly, key=itemgetter(1))[2])
