"""One layer after another: the shape that comes out, what it costs, and the call that computes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np

from cnnviz.operation import KERNEL, MAP, PLAIN
from cnnviz.scenes._layer_list import SAME_SIZE, LayerText
from cnnviz.story import Graph, refuse
from cnnviz.words import Expression, Joined, Number, Text, Words, call, equation, evaluate, total

_TORCH = {"relu": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid", "gelu": "GELU", "silu": "SiLU"}
Shaped = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ShapeRow:
    """A layer: its name in PyTorch, the shape of its output, why that is, parameters and multiplications.

    It is computed by a `function` with `weights` of these shapes. `refused` is the number of inputs that a linear layer
    was given instead of its own; `row` stands in the place of its size.
    """

    name: str
    shape: Shaped
    caption: Words
    tensor: str
    function: str
    weights: tuple[Shaped, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    parameters: Expression | None = None
    products: Expression | None = None
    refused: int | None = None
    row: Words | None = None

    @property
    def size(self) -> Words:
        """The shape, each axis held against the engine's, or what stands in its place as `row`."""
        return self.row or Joined(tuple(_sized(n, self.tensor, axis) for axis, n in enumerate(self.shape, 1)), "×")


def shape_rows(layers: Sequence[LayerText], shape: Shaped, *, computed: bool) -> list[ShapeRow]:
    """All layers, as far as they fit; sizes are named after what is `computed`. Raises UsageError."""
    rows: list[ShapeRow] = []
    for n, layer in enumerate(layers, 1):
        rows.append(_ROWS[layer.word](layer, rows[-1].shape if rows else shape, f"y{n}" if computed else ""))
        if rows[-1].refused is not None:
            break
    return rows


def compute_zeros(graph: Graph, rows: Sequence[ShapeRow], shape: Shaped) -> None:
    """Compute the layers, with zeros for everything."""
    tensor = graph.given("x", np.zeros((1, *shape)), MAP)
    for n, row in enumerate(rows, 1):
        if row.refused is None:
            given = [
                graph.given(f"{name}{n}", np.zeros(size), KERNEL if len(size) == 4 else PLAIN)
                for name, size in zip("wb", row.weights, strict=False)
            ]
            tensor = graph.compute(row.function, tensor, *given, result=row.tensor, **row.options)
            graph.show(tensor, "shapes", (0,), size=True)


def _sized(size: int, tensor: str, axis: int) -> Number:
    """A size, named after the axis of what is computed where anything is."""
    return Number(size, 0, (tensor, "shape", axis) if tensor else None)


def _slides(layer: LayerText, shape: Shaped, name: str, usual: int) -> tuple[Shaped, Words, str, dict[str, Any]]:
    """Rows and columns that come out, why, and the options by their names, as arguments where they are not `usual`."""
    lost = f"{layer.where} takes maps, but its input is a row of {shape[0]} numbers: put it before flatten"
    refuse({lost: len(shape) != 3})
    out = layer.out(shape[1]), layer.out(shape[2])
    span: Expression = Number(layer.d) * (Number(layer.k) - 1) + 1 if layer.d > 1 else Number(layer.k)
    room = Number(shape[1]) + Number(2) * layer.p - span if layer.p else Number(shape[1]) - span
    size = call("floor", room / layer.s) + 1 if layer.s > 1 else room + 1
    options = {"stride": (layer.s, usual), "padding": (layer.p, 0), "dilation": (layer.d, 1)}
    more = "".join(f", {word}={value}" for word, (value, usual) in options.items() if value != usual)
    pairs = {word: (value, value) for word, (value, _) in options.items()}
    return out, equation("o", size, _sized(out[0], name, 2)), more, pairs


def _conv(layer: LayerText, shape: Shaped, name: str) -> ShapeRow:
    (rows, columns), why, more, options = _slides(layer, shape, name, 1)
    channels, f, k = shape[0], layer.filters or 0, layer.k
    refuse({f"{layer.where} does not tell its filters: write it as conv 16@{k}": not f})
    places = Number(rows) ** 2 if rows == columns else Number(rows) * columns
    return ShapeRow(
        name=f"Conv2d({channels}, {f}, {k}{more})",
        shape=(f, rows, columns),
        caption=why,
        tensor=name,
        function="conv2d",
        weights=((f, channels, k, k), (f,)),
        options={**options, "groups": 1},
        parameters=Number(f) * (Number(channels) * Number(k) ** 2 + 1),
        products=Number(f) * places * channels * Number(k) ** 2,
    )


def _pool(layer: LayerText, shape: Shaped, name: str) -> ShapeRow:
    out, why, more, options = _slides(layer, shape, name, layer.k)
    large = f"{layer.where}: padding {layer.p} is more than half of the window: use p{layer.k // 2} or less"
    refuse({large: 2 * layer.p > layer.k})
    return ShapeRow(
        name=f"MaxPool2d({layer.k}{more})",
        shape=(shape[0], *out),
        caption=why,
        tensor=name,
        function="max_pool2d",
        options={"kernel_size": (layer.k, layer.k), **options, "ceil_mode": False},
    )


def _same(layer: LayerText, shape: Shaped, name: str) -> ShapeRow:
    caption = Text("each number by itself: the shape stays")
    return ShapeRow(name=f"{_TORCH[layer.word]}()", shape=shape, caption=caption, tensor=name, function=layer.word)


def _flatten(layer: LayerText, shape: Shaped, name: str) -> ShapeRow:
    lost = f"{layer.where} takes maps, but its input is a row of {shape[0]} numbers: leave it out"
    refuse({lost: len(shape) != 3})
    channels, rows, columns = shape
    count = channels * rows * columns
    product = equation(None, Number(channels) * rows * columns, _sized(count, name, 1))
    caption = Text("all in one row: {product}", product=product)
    return ShapeRow(name="Flatten()", shape=(count,), caption=caption, tensor=name, function="flatten", row=product)


def _linear(layer: LayerText, shape: Shaped, name: str) -> ShapeRow:
    maps = f"{layer.where} takes a row of numbers, but its input is maps: put flatten before it"
    refuse({maps: len(shape) == 3})
    features, outputs = shape[0], layer.outputs
    taken = layer.inputs or features
    fits = taken == features
    error = "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x{have} and {taken}x{outputs})"
    said = "every output from all {have} numbers" if fits else error
    return ShapeRow(
        name=f"Linear({taken}, {outputs})",
        shape=(outputs,),
        caption=Text(said, have=features, taken=taken, outputs=outputs),
        tensor=name,
        function="linear",
        weights=((outputs, taken), (outputs,)),
        parameters=Number(outputs) * (Number(taken) + 1),
        products=Number(outputs) * taken,
        refused=None if fits else taken,
        row=None if fits else Joined((Number(features), Number(taken)), " ≠ "),
    )


_ROWS: dict[str, Callable[[LayerText, Shaped, str], ShapeRow]] = {
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
