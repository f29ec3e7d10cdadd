"""A convolution of a model as `conv` draws it: its strongest filter on a few cells of what it was really given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.network.onnx_layers import OnnxLayer, window_of
from cnnviz.network.onnx_run import Prepared
from cnnviz.network.onnx_stations import LONGEST_TITLE, short
from cnnviz.parameters import quote, sides_of, suggest
from cnnviz.scenes._channels import MOST_DRAWN
from cnnviz.scenes.conv import Conv
from cnnviz.story import Story
from cnnviz.storyboard import Values
from cnnviz.words import Shape, Text

if TYPE_CHECKING:
    from cnnviz.scenes.net import Net

_SIDE, _LEAST, _MOST, _MOST_NAMES = 8, 2, 3, 5


@dataclass(frozen=True, eq=False)
class Crop:
    """A filter, counted from 0, on the part of its input that makes the `output` cells from `at` on.

    `parameters` are those of `conv`, with the layer's `channels` in this order; the whole input has the `given` shape.
    """

    layer: OnnxLayer
    parameters: Mapping[str, Any]
    filter: int
    channels: tuple[int, ...]
    at: tuple[int, ...]
    output: Values
    given: tuple[int, ...]


def find_layer(known: Prepared, name: str | None) -> OnnxLayer:
    """The layer of a name, its own or its operator's, or the last convolution; raises UsageError with close names."""
    for layer in reversed(known.layers):
        if layer.kind == "Conv" if name is None else name in (layer.name, layer.head.name, layer.head.output[0]):
            return layer
    names = [layer.name for layer in known.layers if layer.kind == "Conv"]
    if name is None or not names:
        raise UsageError(f"{known.model.subject} has no convolution: leave --layer and --receptive-field out", "layer")
    alike = [found for found in names if name.lower() in found.lower()] or names
    few = suggest(name, alike[:_MOST_NAMES], ", …" * (len(alike) > _MOST_NAMES))
    raise UsageError(f"{known.model.subject} has no layer {quote(name)}: {few}", "layer")


def crop_of(known: Prepared, name: str, most: int) -> Crop:
    """The strongest filter of a convolution where it is strongest; raises UsageError.

    Of more than `most` channels the one that gives most comes first, the next to it last.
    """
    layer, model = find_layer(known, name), known.model
    data, *learned = (each for each in layer.head.input if each)
    if layer.kind != "Conv" or len(layer.weight) != 4 or not {*learned} <= model.constants.keys():
        raise UsageError(f"--layer {name} is no 2-D convolution with weights of its own: name one that is", "layer")
    w, *b = (model.array(each).astype(np.float64) for each in learned)
    x, y = (found[0].astype(np.float64) for found in model.run(known.given, [data, layer.head.output[0]]).values())
    window = window_of(layer.head, w.shape[2:], x.shape[1:], y.shape[1:])

    f = int(np.abs(y).mean(axis=(1, 2)).argmax())
    peak = np.unravel_index(np.abs(y[f]).argmax(), y[f].shape)
    axes = zip(*window, map(int, peak), x.shape[1:], y.shape[1:], strict=True)
    (rows, row_span, row_edges), (columns, column_span, column_edges) = (_part(*axis) for axis in axes)
    # The channels of its group.
    seen = w.shape[1]
    first = f * layer.attributes.get("group", 1) // len(w) * seen
    part = x[first : first + seen, row_span, column_span]
    order = list(range(seen))
    if seen > most:
        shares = np.abs(w[f]).sum(axis=(1, 2)) * np.abs(part).mean(axis=(1, 2))
        strongest, second, *rest = np.argsort(-shares, kind="stable").tolist()
        order = [strongest, *sorted(rest), second]
    parameters = {
        "input": part[order],
        "kernel": w[None, f, order],
        "bias": float(b[0][f]) if b else 0.0,
        "s": window.s,
        "p": sides_of(row_edges, column_edges),
        "d": window.d,
    }
    channels = tuple(first + c for c in order)
    return Crop(layer, parameters, f, channels, (rows.start, columns.start), y[f, rows, columns], x.shape)


def _part(k: int, s: int, p: int, d: int, place: int, i: int, o: int) -> tuple[slice, slice, tuple[int, int]]:
    """Output cells around a place along an axis, the input cells that make them, and how many of these are padding."""
    span = d * (k - 1) + 1
    cells = min(max(_LEAST, min(_MOST, (_SIDE - span) // s + 1)), o)
    first = min(max(0, place - cells // 2), o - cells)
    start = first * s - p
    end = start + (cells - 1) * s + span
    inside = slice(max(0, start), min(i, end))
    return slice(first, first + cells), inside, (inside.start - start, end - inside.stop)


def layer_story(scene: Net, known: Prepared, name: str) -> Story:
    """One step for each of a few output cells; raises UsageError for a layer that is no convolution."""
    crop = crop_of(known, name, MOST_DRAWN)
    story = Conv(**crop.parameters, digits=scene.digits).story()
    story.scene, story.title = scene, short(crop.layer.name, LONGEST_TITLE)
    few = "Filter {n} of {every} with its real weights, on a part of its real {size} input"
    many = "Filter {n} of {every} on a part of its real {size} input; channel {first} is drawn first, {last} last"
    story.point = Text(
        few if len(crop.channels) <= MOST_DRAWN else many,
        n=crop.filter + 1,
        every=crop.layer.weight[0],
        size=Shape(crop.given),
        first=crop.channels[0] + 1,
        last=crop.channels[-1] + 1,
    )
    return story
