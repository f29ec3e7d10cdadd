"""The stations of a model from a file: blocks with their strongest maps, and the classes with their probabilities."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnnviz.network.captions import product
from cnnviz.network.layers import Array, Shape
from cnnviz.network.onnx_layers import OnnxBlock, OnnxLayer
from cnnviz.network.onnx_run import OnnxRun
from cnnviz.network.stations import PANEL, station, walk
from cnnviz.notation import size_text
from cnnviz.storyboard import Key, LayerView, Maps, SetLayerView, Shade, Step
from cnnviz.words import Joined, Number, Strong, Text, Words, counted, equation, joined
from cnnviz.words import Shape as Size

LONGEST_TITLE = 30
"""Letters of a title."""

MOST_MAPS = 6
"""Maps of a block that are shown, the strongest of them."""

_LONGEST, _LONGEST_INPUT, _MOST_NUMBERS, _MOST_KINDS, _LONGEST_NAME, _MOST_CLASSES = 48, 112, 128, 2, 16, 5
_BRIGHTEST = 0.99
_SPACE = "\u00a0"
_NAMES = {
    "Conv": "conv",
    "ConvTranspose": "conv-transpose",
    "MaxPool": "maxpool",
    "AveragePool": "avgpool",
    "GlobalMaxPool": "global maxpool",
    "GlobalAveragePool": "global avgpool",
    "ReduceMean": "global avgpool",
    "Add": "sum",
    "Sum": "sum",
    "Concat": "concat",
    "Mul": "product",
    "LRN": "lrn",
    "Resize": "resize",
    "Softmax": "softmax",
}

Stop = tuple[LayerView, Words]
"""A station with what it shows in the end, and what is said of it."""


@dataclass(frozen=True, eq=False)
class Tour:
    """What stands on the stage, from left to right, and what is said of all of it; it may be shown `backwards`."""

    stops: list[Stop]
    point: Words
    alt: Words
    formula: Words = ""
    backwards: bool = False

    def panel(self) -> Maps:
        """The stage before anything has passed it; its key tells of the scale that most maps use."""
        used = Counter(view.shade.scale for view, _ in self.stops[1:] if view.shade and view.values.ndim == 3)
        key = Key(scale="sequential", text=Text("activation"), ends=("0", Text("high")))
        if used["diverging"] > used["sequential"]:
            key = Key(scale="diverging", text=Text("activation"), ends=("−", "0", "+"))
        unknown = tuple(replace(view, values=np.full(view.values.shape, np.nan)) for view, _ in self.stops)
        return Maps(name=PANEL, stations=unknown, key=(key,) if used else ())

    def steps(self) -> Iterator[Step]:
        """Each station gets its values."""
        role, done = ("gradient", "returned") if self.backwards else ("active", "done")

        def shown(view: LayerView) -> SetLayerView:
            return SetLayerView(panel=PANEL, station=view.name, role=role, values=view.values, shade=view.shade)

        stops = ((caption, [shown(view)]) for view, caption in self.stops[:: -1 if self.backwards else 1])
        return walk(stops, done, beats=1.5, last=2)


def small(maps: Array, longest: int = _LONGEST_INPUT) -> Array:
    """Maps of at most so many cells a side, each the mean of a square of cells."""
    cells = -(-max(maps.shape[1:]) // longest)
    ends = ((0, 0), *((0, -side % cells) for side in maps.shape[1:]))
    padded = np.pad(maps, ends, mode="edge")
    rows, columns = (side // cells for side in padded.shape[1:])
    return np.asarray(padded.reshape(len(maps), rows, cells, columns, cells).mean(axis=(2, 4)))


def shade_of(values: Array) -> Shade:
    """One scale for all that a station shows; two hues where signs differ."""
    # A few values beyond all others would leave these pale.
    lo, most = float(values.min()), float(np.quantile(np.abs(values), _BRIGHTEST)) or float(np.abs(values).max()) or 1.0
    scale = "diverging" if lo < -0.01 * most else "sequential"
    return Shade(scale=scale, lo=-most if scale == "diverging" else 0.0, hi=most, always=True)


def image_stop(run: OnnxRun, most: int) -> Stop:
    """The image that goes in, in grey."""
    image = run.image
    lo, hi = float(image.min()), float(image.max())
    shade = Shade(scale="gray", lo=lo, hi=hi if hi > lo else lo + 1, always=True)
    size = Size(image.shape)
    return station("input", Text("input"), small(image.mean(axis=0)[None]), size=size, shade=shade), Text(
        "Input: {picture}, {size} pixels, values from {least} to {most}",
        picture=run.picture,
        size=Size(image.shape[1:]),
        least=Number(lo, most),
        most=Number(hi, most),
    )


def _block_stops(run: OnnxRun) -> Iterator[Stop]:
    """Each block with its strongest maps, or its first numbers."""
    given = run.image.shape
    for place, (block, output) in enumerate(run.blocks, start=1):
        values = output.ravel()[:_MOST_NUMBERS]
        if len(block.shape) == 3:
            order = np.argsort(-np.abs(output).mean(axis=(1, 2)), kind="stable")
            values = small(output[order[:MOST_MAPS]], _LONGEST)
        title = joined((block_title(block), _amount(block.parameters)))
        links = {"residual": block.sums > 0, "branches": 0 if block.sums else block.branches}
        view = station(f"block{place}", title, values, size=Size(block.shape), shade=shade_of(values), **links)
        yield view, _caption(block, given)
        given = block.shape


def _answer_stop(run: OnnxRun, names: Sequence[str], most: int) -> Stop:
    """The most probable classes."""
    top = np.argsort(-run.probabilities, kind="stable")[:_MOST_CLASSES].tolist()
    values, classes = run.probabilities[top], counted(len(names), "{n} class", "{n} classes")
    bars = {"form": "bars", "lines": tuple(short(names[at]) for at in top), "marked": 0, "digits": most}
    return station("softmax", Text("probability"), values, size=classes, **bars), Text(
        "{function}: of {n} classes, {label} has the largest probability, {p}",
        n=len(names),
        function=run.function,
        label=names[top[0]],
        p=Strong(Number(float(values[0]), most)),
    )


def whole_tour(run: OnnxRun, names: Sequence[str], most: int) -> Tour:
    """The image, each block, and the probabilities where there are any."""
    answer = [_answer_stop(run, names, most)] if len(run.probabilities) else []
    layers = counted(len(run.layers), "{n} layer", "{n} layers")
    return Tour(
        [image_stop(run, most), *_block_stops(run), *answer],
        point=Text("What does each block see? Its strongest maps, from the image to the answer"),
        alt=Text("a neural network of {layers}: the maps of its blocks appear one after the other", layers=layers),
    )


def short(name: str, most: int = _LONGEST_NAME) -> str:
    """A name with room for it."""
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


def _caption(block: OnnxBlock, given: Shape) -> Words:
    """What a block makes of an input of the shape `given`, and how many parameters it has."""
    known = {"layer": _told(block), "i": Size(given), "o": Size(block.shape)}
    if not block.parameters:
        return Text("{layer}: {i} → {o}, no parameters", **known)
    count, weight = Number(block.parameters), block.last.weight
    value: Words = equation(None, count)
    if len(block.layers) == 1 and weight and math.prod(weight) <= block.parameters:
        rest = block.parameters - math.prod(weight)
        value = equation(None, product(weight) + rest if rest else product(weight), count)
    return Text("{layer}: {i} → {o}, {value} parameters", **known, value=value)


def block_title(block: OnnxBlock) -> Words:
    """What stands under a block."""
    if len(block.layers) == 1:
        return "fc" if block.last.is_fc else _layer_words(block.last)
    if block.name:
        return block.name
    if block.sums:
        return counted(block.sums, "residual", "residual\u00a0×\u00a0{n}")
    if block.branches:
        return counted(block.concats, "concat", "concat\u00a0×\u00a0{n}")
    kinds = _kinds(block)
    return kinds[0] if len(kinds) == 1 else counted(len(block.layers), "{n}\u00a0layer", "{n}\u00a0layers")


def _kinds(block: OnnxBlock) -> list[Words]:
    """The layers with weights, how many of each kind, the most frequent first."""
    counts = Counter(_layer_words(layer) for layer in block.layers if layer.weight)
    return [joined((f"{n}", kind), f"{_SPACE}×{_SPACE}") if n > 1 else kind for kind, n in counts.most_common()]


def _told(block: OnnxBlock) -> Words:
    """A layer with all that follows it, or the layers of a block by how many there are of each kind."""
    layer, kinds, title = block.last, _kinds(block), block_title(block)
    if len(block.layers) == 1:
        s, *_ = layer.attributes.get("strides", (1,))
        parts = (_layer_words(layer), f"s{s}") if s > 1 else (_layer_words(layer),)
        return joined((Joined(parts, " "), *layer.followers), " + ")
    if not kinds or [title] == kinds:
        return title
    template = "{block} ({layers})"
    if block.sums:
        template = "{block}, y = x + F(x) ({layers})"
    elif block.branches:
        template = "{block} of {branches} branches ({layers})"
    inside = joined((*kinds[:_MOST_KINDS], "…" if len(kinds) > _MOST_KINDS else None))
    return Text(template, block=title, layers=inside, branches=block.branches)


def _layer_words(layer: OnnxLayer) -> Words:
    """A layer as it stands under its maps."""
    if layer.is_fc:
        return Text("fully connected")
    depthwise = layer.attributes.get("group", 1) > 1 and layer.weight[1:2] == (1,)
    name = "depthwise" if depthwise else _NAMES.get(layer.kind, layer.kind)
    kernel = layer.attributes.get("kernel_shape", layer.weight[2:])
    return f"{name}{_SPACE}{size_text(*kernel)}" if kernel else name


def _amount(parameters: int) -> Words:
    """Parameters in short."""
    for unit, template in ((10**6, "{n}\u00a0M\u00a0weights"), (10**3, "{n}\u00a0k\u00a0weights")):
        if parameters >= unit:
            return Text(template, n=Number(parameters / unit, 1))
    return counted(parameters, "{n}\u00a0weight", "{n}\u00a0weights") if parameters else ""
