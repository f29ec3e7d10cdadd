"""The stations of a model from a file: blocks with their strongest maps, and the classes with their probabilities."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnviz.network.layers import Array, Shape
from cnnviz.network.onnx_layers import OnnxBlock, OnnxLayer
from cnnviz.network.onnx_run import OnnxRun
from cnnviz.notation import size_text
from cnnviz.storyboard import Key, LayerView, Maps, SetLayerView, Shade, Step
from cnnviz.words import Joined, Number, Strong, Text, Words, counted, equation, joined
from cnnviz.words import Shape as Size

LONGEST_TITLE = 30
"""Letters of a title."""

MOST_MAPS = 6
"""Maps of a block that are shown, the strongest of them."""

_PANEL = "network"
_LONGEST, _LONGEST_INPUT, _MOST_NUMBERS, _MOST_KINDS, _LONGEST_NAME, _MOST_CLASSES = 48, 112, 128, 2, 16, 5
_BRIGHTEST = 0.99
_SPACE = "\u00a0"
_POOLS = {"MaxPool": "maxpool", "AveragePool": "avgpool", "GlobalMaxPool": "global maxpool"}
_POOLS |= {"GlobalAveragePool": "global avgpool", "ReduceMean": "global avgpool"}
_OTHERS = {"Concat": "concat", "Mul": "product", "LRN": "lrn", "Resize": "resize", "Softmax": "softmax"}


@dataclass(frozen=True, eq=False)
class Stop:
    """A station before anything has passed it, what it then shows, and what is said of it."""

    station: LayerView
    values: Array
    shade: Shade | None
    caption: Words


@dataclass(frozen=True, eq=False)
class Tour:
    """What stands on the stage, from left to right, and what is said of all of it; it may be shown `backwards`."""

    stops: list[Stop]
    point: Words
    alt: Words
    formula: Words = ""
    backwards: bool = False

    def panel(self) -> Maps:
        """The stage; its key tells of the scale that most maps use."""
        used = Counter(stop.shade.scale for stop in self.stops[1:] if stop.shade is not None and stop.values.ndim == 3)
        key = Key(scale="sequential", text=Text("activation"), ends=("0", Text("high")))
        if used["diverging"] > used["sequential"]:
            key = Key(scale="diverging", text=Text("activation"), ends=("−", "0", "+"))
        return Maps(name=_PANEL, stations=tuple(stop.station for stop in self.stops), key=(key,) if used else ())

    def steps(self) -> Iterator[Step]:
        """Each station gets its values."""
        active, done = ("gradient", "returned") if self.backwards else ("active", "done")
        left: tuple[SetLayerView, ...] = ()
        for place, stop in enumerate(self.stops[:: -1 if self.backwards else 1], 1):
            name, beats = stop.station.name, 2 if place == len(self.stops) else 1.5
            shown = SetLayerView(panel=_PANEL, station=name, role=active, values=stop.values, shade=stop.shade)
            yield Step(caption=stop.caption, changes=(*left, shown), beats=beats)
            left = (SetLayerView(panel=_PANEL, station=name, role=done),)


def strongest(values: Array) -> Array:
    """The maps with the largest mean absolute activations first, no more than are shown, small enough to be drawn."""
    order = np.argsort(-np.abs(values).mean(axis=(1, 2)), kind="stable")
    return small(values[order[:MOST_MAPS]], _LONGEST)


def small(maps: Array, longest: int = _LONGEST_INPUT) -> Array:
    """Maps of at most so many cells a side, each the mean of a square of cells."""
    cells = -(-max(maps.shape[1:]) // longest)
    rows, columns = (-(-side // cells) for side in maps.shape[1:])
    ends = ((0, 0), (0, rows * cells - maps.shape[1]), (0, columns * cells - maps.shape[2]))
    padded = np.pad(maps, ends, mode="edge")
    found: Array = padded.reshape(len(maps), rows, cells, columns, cells).mean(axis=(2, 4))
    return found


def shown(values: Array) -> Array:
    """What a station shows of a block's output: its strongest maps, or its first numbers."""
    if values.ndim == 3 and max(values.shape[1:]) > 1:
        return strongest(values)
    return values.ravel()[:_MOST_NUMBERS]


def shade_of(values: Array) -> Shade:
    """One scale for all that a station shows; two hues where signs differ."""
    # A few values beyond all others would leave these pale.
    lo, most = float(values.min()), float(np.quantile(np.abs(values), _BRIGHTEST)) or float(np.abs(values).max()) or 1.0
    scale = "diverging" if lo < -0.01 * most else "sequential"
    return Shade(scale=scale, lo=-most if scale == "diverging" else 0.0, hi=most, always=True)


def image_stop(run: OnnxRun, most: int) -> Stop:
    """The image that goes in, in grey."""
    image = run.image
    values = small(image.mean(axis=0)[None])
    lo, hi = float(image.min()), float(image.max())
    shade = Shade(scale="gray", lo=lo, hi=hi if hi > lo else lo + 1, always=True)
    told = Text(
        "Input: {picture}, {size} pixels, values from {least} to {most}",
        picture=run.picture,
        size=Size(image.shape[1:]),
        least=Number(lo, most),
        most=Number(hi, most),
    )
    return Stop(station("input", Text("input"), image.shape, values, shade), values, shade, told)


def block_stops(run: OnnxRun) -> Iterator[Stop]:
    """Each block with its strongest maps."""
    given = run.image.shape
    for place, (block, output) in enumerate(run.blocks, start=1):
        values = shown(output)
        title = joined((block_title(block), _amount(block.parameters)))
        branches = 0 if block.sums else max(block.branches, default=0)
        shade, name = shade_of(values), f"block{place}"
        own = station(name, title, block.shape, values, shade, residual=block.sums > 0, branches=branches)
        yield Stop(own, values, shade, caption(block, given))
        given = block.shape


def answer_stop(run: OnnxRun, names: Sequence[str], most: int) -> Stop:
    """The most probable classes."""
    probabilities = run.probabilities
    top = [int(at) for at in np.argsort(-probabilities, kind="stable")[:_MOST_CLASSES]]
    values = probabilities[top]
    bars = {"form": "bars", "lines": tuple(short(names[at]) for at in top), "marked": 0, "digits": most}
    classes = counted(len(probabilities), "{n} class", "{n} classes")
    own = station("softmax", Text("probability"), (), values, None, size=classes, **bars)
    p = Number(float(values[0]), most)
    told = Text(
        "{function}: of {n} classes, {label} has the largest probability, {p}",
        n=len(names),
        function=run.function,
        label=names[top[0]],
        p=Strong(p),
    )
    return Stop(own, values, None, told)


def whole_tour(run: OnnxRun, names: Sequence[str], most: int) -> Tour:
    """The image, each block, and the probabilities where there are any."""
    layers = counted(len(run.layers), "{n} layer", "{n} layers")
    return Tour(
        [
            image_stop(run, most),
            *block_stops(run),
            *([answer_stop(run, names, most)] if len(run.probabilities) else []),
        ],
        point=Text("What does each block see? Its strongest maps, from the image to the answer"),
        alt=Text("a neural network of {layers}: the maps of its blocks appear one after the other", layers=layers),
    )


def station(name: str, title: Words, shape: Shape, values: Array, shade: Shade | None, **more: Any) -> LayerView:
    """A station before anything has passed it; `more` are its other fields."""
    return LayerView(
        name=name, title=title, values=_unknown(values), shade=shade, **{"size": Size(shape), "digits": 0, **more}
    )


def _unknown(values: Array) -> Array:
    return np.full(values.shape, np.nan)


def caption(block: OnnxBlock, given: Shape) -> Words:
    """What a block makes of an input of the shape `given`, and how many parameters it has."""
    template = "{layer}: {i} → {o}, {value} parameters" if block.parameters else "{layer}: {i} → {o}, no parameters"
    value = _count(block) if block.parameters else ""
    return Text(template, layer=_told(block), i=Size(given), o=Size(block.shape), value=value)


def short(name: str, most: int = _LONGEST_NAME) -> str:
    """A name with room for it."""
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


def block_title(block: OnnxBlock) -> Words:
    """What stands under a block."""
    if len(block.layers) == 1:
        return "fc" if block.last.kind in ("Gemm", "MatMul") else layer_words(block.last)
    if block.name:
        return block.name
    if block.sums:
        return counted(block.sums, "residual", "residual\u00a0×\u00a0{n}")
    if block.branches:
        return counted(len(block.branches), "concat", "concat\u00a0×\u00a0{n}")
    kinds = _kinds(block)
    return kinds[0] if len(kinds) == 1 else counted(len(block.layers), "{n}\u00a0layer", "{n}\u00a0layers")


def _kinds(block: OnnxBlock) -> list[Words]:
    """The layers with weights, how many of each kind, the most frequent first."""
    counts = Counter(layer_words(layer) for layer in block.layers if layer.weight)
    return [joined((f"{n}", kind), f"{_SPACE}×{_SPACE}") if n > 1 else kind for kind, n in counts.most_common()]


def _told(block: OnnxBlock) -> Words:
    """A layer with all that follows it, or the layers of a block by how many there are of each kind."""
    if len(block.layers) == 1:
        layer = block.last
        stride = layer.attribute("strides")
        parts = [layer_words(layer), *([f"s{stride[0]}"] if stride and stride[0] > 1 else [])]
        more = [*(["batchnorm"] if layer.normalized else []), *dict.fromkeys(layer.activations)]
        return joined((Joined(tuple(parts), " "), *more), " + ")
    kinds, title = _kinds(block), block_title(block)
    if [title] == kinds:
        return title
    inside = joined((*kinds[:_MOST_KINDS], "…" if len(kinds) > _MOST_KINDS else None))
    template = "{block}, y = x + F(x) ({layers})" if block.sums else "{block} ({layers})"
    if not block.sums and block.branches:
        template = "{block} of {branches} branches ({layers})"
    return Text(template, block=title, layers=inside, branches=max(block.branches, default=0)) if kinds else title


def layer_words(layer: OnnxLayer) -> Words:
    """A layer as it stands under its maps."""
    kernel = layer.attribute("kernel_shape") or layer.weight[2:]
    size = size_text(*kernel) if kernel else ""
    match layer.kind:
        case "Conv":
            alone = (layer.attribute("group") or 1) > 1 and layer.weight[1:2] == (1,)
            return f"{'depthwise' if alone else 'conv'}{_SPACE}{size}"
        case "ConvTranspose":
            return f"conv-transpose{_SPACE}{size}"
        case "Gemm" | "MatMul":
            return Text("fully connected")
        case "Add" | "Sum":
            return "sum"
        case kind if kind in _POOLS:
            return joined((_POOLS[kind], size), _SPACE)
    return _OTHERS.get(layer.kind, layer.kind)


def _count(block: OnnxBlock) -> Words:
    """How many parameters a block has; of one layer, each kernel's weights and what is added to them."""
    count, layer = Number(block.parameters), block.last
    weights = math.prod(layer.weight)
    if len(block.layers) > 1 or not layer.weight or weights > block.parameters:
        return equation(None, count)
    product = math.prod(map(Number, layer.weight[1:]), start=Number(layer.weight[0]))
    rest = block.parameters - weights
    return equation(None, product + rest if rest else product, count)


def _amount(parameters: int) -> Words:
    """Parameters in short."""
    for unit, template in ((10**6, "{n}\u00a0M\u00a0weights"), (10**3, "{n}\u00a0k\u00a0weights")):
        if parameters >= unit:
            return Text(template, n=Number(parameters / unit, 1))
    return counted(parameters, "{n}\u00a0weight", "{n}\u00a0weights") if parameters else ""
