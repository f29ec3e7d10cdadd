"""A list of layers that slide or change no size, the same for rows and columns: `conv 3 s2 p1, pool 2, relu`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import mul
from typing import NamedTuple

from cnnviz.errors import UsageError
from cnnviz.network import parse_layers
from cnnviz.network.layers import Layer
from cnnviz.words import Assigned, Expression, Number, Words, joined, size

SAME_SIZE = ("relu", "tanh", "sigmoid", "gelu", "silu")
"""Layers that change no size."""


class Slide(NamedTuple):
    """The sizes of a layer that slides."""

    k: int
    s: int
    p: int
    d: int


def read_list(text: str, words: tuple[str, ...]) -> tuple[Layer, ...]:
    """Read a list of layers of these `words`; raises UsageError that names the layer and what is wrong."""
    layers = parse_layers(text, words)
    for layer in layers:
        sides = (side for side in (layer.size, *layer.arguments.values()) if isinstance(side, tuple))
        if any(rows != columns for rows, columns in sides):
            raise UsageError(f"{layer.where}: its sizes must be the same for rows and columns, such as 3")
    return layers


def slide_of(layer: Layer) -> Slide:
    """The sizes of a convolution or a pooling."""
    rest = (layer.arguments.get(name, (1, 1))[0] for name in ("stride", "padding", "dilation"))
    return Slide(layer.size[0], *rest)


def name_of(layer: Layer) -> Words:
    """The layer with its sizes: `conv k = 3, s = 2`."""
    slide = slide_of(layer)
    usual = Slide(0, slide.k if layer.kind != "conv" else 1, 0, 1)
    settings = zip(Slide._fields, slide, usual, strict=True)
    changed = joined(Assigned(size(letter), Number(n)) for letter, n, own in settings if n != own)
    return joined(("conv" if layer.kind == "conv" else "pool", changed), " ")


def field_growth(slides: Sequence[Slide]) -> list[Expression]:
    """What each layer adds to the receptive field: (k − 1)·d·j, with j the product of all strides before it."""
    jumps = accumulate((slide.s for slide in slides), mul, initial=1)
    return [Number(slide.d * (slide.k - 1)) * jump for slide, jump in zip(slides, jumps, strict=False)]
