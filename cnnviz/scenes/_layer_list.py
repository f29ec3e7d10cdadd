"""Layers as a text: `conv 3 s2 p1, pool 2, relu, flatten, linear 10`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_KERNEL, MAX_LAYERS
from cnnviz.parameters import quote, suggest
from cnnviz.words import Assigned, Expression, Number, Words, joined, size

_ALIASES = {"maxpool": "pool", "avgpool": "pool", "fc": "linear", "dense": "linear"}
SAME_SIZE = ("relu", "tanh", "sigmoid", "gelu", "silu")
"""Layers that change no size."""

_WRITTEN = {
    "conv": "conv 3 or, of 16 filters, conv 16@3, and where wanted s2 (stride), p1 (padding), d2 (dilation)",
    "pool": "pool 2 and, where wanted, s1 (stride), p1 (padding)",
    "linear": "linear 10, or with its inputs linear 1690 10",
    "flatten": "flatten alone",
}


@dataclass(frozen=True, kw_only=True)
class LayerText:
    """One layer of a list: `where` names it in messages; sizes are the same for rows and columns."""

    word: str
    text: str
    where: str
    filters: int | None = None
    k: int = 1
    s: int = 1
    p: int = 0
    d: int = 1
    inputs: int | None = None
    outputs: int = 0

    @property
    def name(self) -> Words:
        """The layer with its sizes: `conv k = 3, s = 2`."""
        usual = {"s": self.k if self.word == "pool" else 1, "p": 0, "d": 1}
        found = {letter: getattr(self, letter) for letter in "kspd"}
        said = joined(Assigned(size(letter), Number(n)) for letter, n in found.items() if n != usual.get(letter))
        return joined((self.word, said), " ")

    def out(self, i: int) -> int:
        """Its output size of `i` cells; raises UsageError that names the layer where its kernel does not fit."""
        span = self.d * (self.k - 1) + 1
        if i + 2 * self.p < span:
            spread = f" (dilated from {self.k})" if self.d > 1 else ""
            around = f", or {i + 2 * self.p} with its padding" if self.p else ""
            raise UsageError(
                f"{self.where}: a kernel of {span}{spread} does not fit, its input has {i} cells a side{around}: use a "
                "larger --i, a smaller kernel or p1"
            )
        return (i + 2 * self.p - span) // self.s + 1


def field_growth(layers: Sequence[LayerText]) -> list[Expression]:
    """What each layer adds to the receptive field: (k − 1)·d·j, with j the product of all strides before it."""
    jumps = accumulate((layer.s for layer in layers), mul, initial=1)
    return [Number(layer.d * (layer.k - 1)) * jump for layer, jump in zip(layers, jumps, strict=False)]


def read_layers(text: str, words: tuple[str, ...]) -> list[LayerText]:
    """Read a list of layers of these `words`; raises UsageError that names the layer and what is wrong."""
    pieces = text.split(",")
    if len(pieces) > MAX_LAYERS:
        raise UsageError(f"--layers has {len(pieces)} layers, more than a figure shows: use {MAX_LAYERS} or fewer")
    return [_layer(" ".join(piece.split()), n, words) for n, piece in enumerate(pieces, 1)]


def _layer(piece: str, place: int, words: tuple[str, ...]) -> LayerText:
    where = f"--layers, layer {place} {quote(piece)}"
    first, *rest = piece.lower().split(" ")
    word = _ALIASES.get(first, first)
    if word not in words:
        raise UsageError(f"{where}: there is no layer {quote(first)}: {suggest(word, words)}")
    try:
        found = dict(_options(word, rest))
    except (ValueError, KeyError):
        raise UsageError(f"{where} is not understood: write it as {_WRITTEN.get(word, word + ' alone')}") from None
    if max(found.get("k", 1), found.get("s", 1), found.get("p", 0), found.get("d", 1)) > MAX_KERNEL:
        raise UsageError(f"{where} is too large: use {MAX_KERNEL} cells or less")
    return LayerText(word=word, text=piece, where=where, **found)


def _options(word: str, rest: list[str]) -> Iterator[tuple[str, int]]:
    if word == "linear":
        *inputs, outputs = map(int, rest)
        yield "outputs", outputs
        if inputs:
            (yield "inputs", int(*inputs))
    elif word in ("conv", "pool"):
        size, *options = rest
        match = re.fullmatch(
            r"(?:([1-9]\d{0,3})@)?([1-9]\d{0,2})(?:x\2)?" if word == "conv" else r"()([1-9]\d{0,2})", size
        )
        if match is None:
            raise ValueError
        if match[1]:
            yield "filters", int(match[1])
        yield "k", int(match[2])
        if word == "pool":
            yield "s", int(match[2])
        for option in options:
            if not re.fullmatch(r"[sd][1-9]\d{0,2}|p\d{1,3}" if word == "conv" else r"s[1-9]\d{0,2}|p\d{1,3}", option):
                raise ValueError
            yield option[0], int(option[1:])
    elif rest:
        raise ValueError
