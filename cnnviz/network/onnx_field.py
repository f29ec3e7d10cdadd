"""The receptive field of a cell of a model's layer: what it depends on, map by map back to the image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.network.layers import Array
from cnnviz.network.onnx_file import OnnxModel
from cnnviz.network.onnx_layers import OnnxLayer, OnnxWindow, attributes, window_of
from cnnviz.network.onnx_run import OnnxRun
from cnnviz.network.onnx_stations import Stop, Tour, block_title, short, small
from cnnviz.network.stations import station
from cnnviz.words import Math, Shape, Strong, Text, Words

Field = tuple[tuple[float, float], ...]
"""The first and last cell along rows and columns; infinite where all cells are seen."""

_SLIDES = ("Conv", "MaxPool", "AveragePool", "LpPool")
_WHOLE = ("GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "Gemm", "MatMul", "Softmax", "InstanceNormalization")
_MOVES = ("Resize", "Upsample", "ConvTranspose", "Reshape", "Flatten", "Slice", "Split", "DepthToSpace", "SpaceToDepth")
_EVERYTHING = ((-math.inf, math.inf),) * 2


def fields(model: OnnxModel, tensor: str, cell: tuple[int, ...]) -> dict[str, Field]:
    """What a cell of a tensor depends on, by tensor: cells of padding count too; raises UsageError.

    Of cells a to b a window of k cells, with stride s, padding p and dilation d, sees a·s − p to b·s − p + d·(k − 1):
    Araujo, Norris and Sim (2019), "Computing receptive fields of convolutional neural networks", §2. Where several ways
    lead back it is the union.
    """
    reached, found = {model.input_name}, {tensor: tuple((float(at), float(at)) for at in cell)}
    nodes = list[Any]()
    for node in model.proto.graph.node:
        if reached & {*node.input} and node.op_type != "Shape":
            reached |= {*node.output}
            nodes.insert(0, node)
    for node in nodes:
        for output in {*node.output} & found.keys():
            seen = _before(model, node, found[output])
            for name in {*node.input} & reached:
                both = zip(found.get(name, seen), seen, strict=True)
                found[name] = tuple((min(a[0], b[0]), max(a[1], b[1])) for a, b in both)
    return found


def _before(model: OnnxModel, node: Any, field: Field) -> Field:
    """What of its input a node needs for a part of its output."""
    if node.op_type in _WHOLE or math.isinf(field[0][0]):
        return _EVERYTHING
    given = attributes(node)
    auto = given.get("auto_pad", b"").decode()
    if node.op_type in _MOVES or auto.startswith("SAME"):
        what = f"{node.op_type} {auto}".strip()
        raise UsageError(f"--receptive-field cannot follow {what} of {model.subject}: name a --layer before it")
    if node.op_type == "Pad":
        window = OnnxWindow((1, 1), (1, 1), tuple(model.array(node.input[1])[2:4].tolist()), (1, 1))
    elif node.op_type in _SLIDES:
        window = window_of(node, given.get("kernel_shape") or model.constants[node.input[1]].dims[2:])
    else:
        return field
    sides = zip(field, *window, strict=True)
    return tuple((a * s - p, b * s - p + d * (k - 1)) for (a, b), k, s, p, d in sides)


def field_tour(run: OnnxRun, layer: OnnxLayer) -> Tour:
    """From a cell in the middle of a layer back to the image; `run` ends with the layer."""
    *blocks, (last, _) = run.blocks
    if len(last.shape) != 3:
        raise UsageError(f"--receptive-field needs a layer that gives maps, but {layer.name} gives numbers", "layer")
    seen = fields(run.model, layer.output, tuple(side // 2 for side in last.shape[1:]))
    image, field = run.image, seen[run.model.input_name]
    known: dict[str, Any] = {"layer": short(layer.name), "size": Shape(image.shape[1:])}
    end = "One cell of {layer} sees all {size} pixels"
    point = "One cell of {layer} sees all of the input: whole maps are averaged before it"
    if math.isfinite(field[0][0]):
        r, seen_size = (tuple(int(b - a) + 1 for a, b in field)), _extent(field, image)
        known |= {"r": Strong(Shape(r)), "seen": Shape(seen_size)}
        end = "One cell of {layer} sees {r} of {size} pixels"
        if r != seen_size:
            end = "One cell of {layer} sees {r} pixels, {seen} of them in the input of {size}"
        point = "One cell of {layer} sees {r} pixels of the input"
    asked = Text("What does this one cell of {layer} see, one of {cells}?", **known, cells=Shape(last.shape[1:]))
    stops = [_stop("input", Text("input"), image, field, Text(end, **known))]
    for place, (block, maps) in enumerate(run.blocks):
        here, title = seen[block.last.output], block_title(block)
        values = {"block": title, "seen": Shape(_extent(here, maps)), "size": Shape(maps.shape[1:])}
        caption = Text("{block}: it sees {seen} of {size} cells", **values) if place < len(blocks) else asked
        stops.append(_stop(f"block{place + 1}", title, maps, here, caption))
    what = "the receptive field of a cell of {layer} opens backwards, block by block, to the {size} image"
    formula = Math(r"r=1+\Sigma\,(k-1)\,d\,j")
    return Tour(stops, Text(point, **known), Text(what, **known), formula, backwards=True)


def _extent(field: Field, maps: Array) -> tuple[int, ...]:
    """How many cells of maps are in a field, along rows and columns."""
    return tuple(int(min(b, side - 1) - max(a, 0)) + 1 for (a, b), side in zip(field, maps.shape[1:], strict=True))


def _stop(name: str, title: Words, maps: Array, field: Field, caption: Words) -> Stop:
    """The strongest of the maps in grey, the field on it in colour."""
    strongest = maps.mean(axis=0) if name == "input" else maps[np.abs(maps).mean(axis=(1, 2)).argmax()]
    inside = (np.arange(side) for side in strongest.shape)
    rows, columns = ((a <= at) & (at <= b) for at, (a, b) in zip(inside, field, strict=True))
    values = np.ceil(small((rows[:, None] & columns).astype(np.float64)[None]))
    grey = small(strongest[None])[0]
    grey = (grey - grey.min()) / (np.ptp(grey) or 1.0)
    # On middle greys one cell is seen.
    grey = grey if name == "input" else 0.3 + 0.5 * grey
    return station(name, title, values, size=Shape(maps.shape), picture=grey), caption
