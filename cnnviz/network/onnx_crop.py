"""A part of a convolution within a model: its strongest filter on a few cells of what it was really given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.network.layers import Array
from cnnviz.network.onnx_layers import OnnxLayer, OnnxWindow, window_of
from cnnviz.network.onnx_run import Prepared
from cnnviz.parameters import Sides, quote, sides_of, suggest

_SIDE, _LEAST, _MOST, _MOST_NAMES = 8, 2, 3, 5


@dataclass(frozen=True, eq=False)
class Crop:
    """A filter of a layer, counted from 0, on the part of its input that makes the `output` cells from `at` on.

    `input` and `weight` are (channels, rows, columns), of the layer's `channels` in this order; `padding` is what the
    part has of it. `output` is what the model gives there; the whole input has the `given` shape.
    """

    layer: OnnxLayer
    window: OnnxWindow
    filter: int
    input: Array
    weight: Array
    bias: float
    padding: Sides
    channels: tuple[int, ...]
    at: tuple[int, ...]
    output: Array
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
    from onnx import numpy_helper

    layer, constants = find_layer(known, name), known.model.constants
    data, *learned = (each for each in layer.head.input if each)
    if layer.kind != "Conv" or len(layer.weight) != 4 or not {*learned} <= constants.keys():
        raise UsageError(f"--layer {name} is no 2-D convolution with weights of its own: name one that is", "layer")
    w, *b = (numpy_helper.to_array(constants[each]).astype(np.float64) for each in learned)
    result = layer.head.output[0]
    found = known.model.run(known.given, [data, result])
    x, y = (found[each][0].astype(np.float64) for each in (data, result))
    window = window_of(layer.head, w.shape[2:], x.shape[1:], y.shape[1:])

    f = int(np.abs(y).mean(axis=(1, 2)).argmax())
    peak = np.unravel_index(np.abs(y[f]).argmax(), y[f].shape)
    ends = [_ends(window, axis, int(place), y[f].shape, x.shape[1:]) for axis, place in enumerate(peak)]
    (rows, row_span, _), (columns, column_span, _) = ends
    # The channels of its group.
    seen = w.shape[1]
    first = f * layer.attributes.get("group", 1) // len(w) * seen
    part = x[first : first + seen, row_span, column_span]
    shares = np.abs(w[f]).sum(axis=(1, 2)) * np.abs(part).mean(axis=(1, 2))
    order = list(range(seen))
    if seen > most:
        strongest, second, *rest = np.argsort(-shares, kind="stable").tolist()
        order = [strongest, *sorted(rest), second]
    return Crop(
        layer=layer,
        window=window,
        filter=f,
        input=part[order],
        weight=w[f, order],
        bias=float(b[0][f]) if b else 0.0,
        padding=sides_of(*(padding for _, _, padding in ends)),
        channels=tuple(first + c for c in order),
        at=(rows.start, columns.start),
        output=y[f, rows, columns],
        given=x.shape,
    )


def _ends(
    window: OnnxWindow, axis: int, place: int, out: Sequence[int], size: Sequence[int]
) -> tuple[slice, slice, tuple[int, int]]:
    """Output cells around a place along an axis, the input cells that make them, and how many of these are padding."""
    span, s = window.d[axis] * (window.k[axis] - 1) + 1, window.s[axis]
    cells = min(max(_LEAST, min(_MOST, (_SIDE - span) // s + 1)), out[axis])
    first = min(max(0, place - cells // 2), out[axis] - cells)
    start = first * s - window.p[axis]
    end = start + (cells - 1) * s + span
    inside = slice(max(0, start), min(size[axis], end))
    return slice(first, first + cells), inside, (inside.start - start, end - inside.stop)
