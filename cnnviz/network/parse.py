"""From a network's text, such as `conv 4@3x3 s2, maxpool 2, relu, fc 10`, to its layers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.limits import MAX_CHANNELS, MAX_KERNEL, MAX_LAYERS, MAX_SIDE
from cnnviz.network.layers import Activate, AvgPool, BatchNorm, Conv, Flatten, FullyConnected, Layer, Lrn, MaxPool, Size
from cnnviz.parameters import quote, suggest

MOST_OUTPUTS = 1024
"""Numbers that a fully connected layer gives."""

_ALIASES = {
    "norm": "batchnorm",
    "bn": "batchnorm",
    "batch-norm": "batchnorm",
    "linear": "fc",
    "dense": "fc",
    "fully-connected": "fc",
    "max-pool": "maxpool",
    "avg-pool": "avgpool",
    "convolution": "conv",
    "leakyrelu": "leaky-relu",
    "swish": "silu",
}
_CONSTANTS = {"a": "alpha", "b": "beta", "k": "k"}
_SIZE = r"\d{1,6}(?:x\d{1,6})?"
_POSITIVE = r"(?:\d{1,18}\.?\d{0,18}|\.\d{1,18})(?:e[-+]?\d{1,2})?"
_WINDOW = "2 (windows of 2×2) and, where wanted, s1 (stride), p1 (padding)"
_ALONE = ("()()", "and nothing behind it")
_FORMS = {
    "conv": (
        rf"(\d{{1,6}}@{_SIZE})((?: [spd]{_SIZE})*)",
        "4@3x3 (4 kernels of 3×3) and, where wanted, s2 (stride), p1 (padding), d2 (dilation)",
    ),
    "maxpool": (rf"({_SIZE})((?: [sp]{_SIZE})*)", _WINDOW),
    "avgpool": (rf"({_SIZE})((?: [sp]{_SIZE})*)", _WINDOW),
    "batchnorm": _ALONE,
    "lrn": (rf"(\d{{1,6}})((?: [abk]{_POSITIVE})*)", "5 (channels) and, where wanted, a1e-4 (α), b0.75 (β), k1"),
    "fc": (r"(\d{1,6})()", "10"),
    "flatten": _ALONE,
}
"""What stands behind a layer's name: a pattern of its numbers and of its options, and that in words."""

_NUMBERED = (rf"((?:[-+]?{_POSITIVE})?)()", "and a number, or nothing, behind it")
"""The same of activations, without and with a parameter."""


def parse_layers(text: str) -> tuple[Layer, ...]:
    """Read a network's layers, separated by commas; raises UsageError that names the layer."""
    pieces = [piece.strip() for piece in text.strip().removesuffix(",").split(",")]
    if pieces == [""]:
        raise UsageError("--layers is empty: give layers such as 'conv 4@3x3, maxpool 2, relu, fc 10'")
    if len(pieces) > MAX_LAYERS:
        raise UsageError(f"--layers has {len(pieces)} layers, more than a figure shows: use {MAX_LAYERS} or fewer")
    return tuple(_layer(piece, f"--layers, layer {place}") for place, piece in enumerate(pieces, start=1))


def layer_words() -> tuple[str, ...]:
    """The words that name layers."""
    return (*_FORMS, *(name.replace("_", "-") for name in ACTIVATIONS))


def _layer(piece: str, where: str) -> Layer:
    if not piece:
        raise UsageError(f"{where} is empty: write a layer between the commas, such as relu")
    where = f"{where} {quote(piece)}"
    given, *words = piece.lower().replace("×", "x").split()
    name = given.replace("_", "-")
    name = _ALIASES.get(name, name)
    if name not in layer_words():
        raise UsageError(f"{where}: there is no layer {quote(given)}: {suggest(name, layer_words())}")
    activation = ACTIVATIONS.get(name.replace("-", "_"))
    pattern, usage = _FORMS.get(name, _NUMBERED if activation and activation.parameter else _ALONE)
    found = re.fullmatch(pattern, " ".join(words))
    options = {word[0]: word[1:] for word in found[2].split()} if found else {}
    if found is None or len(options) < len(found[2].split()):
        raise UsageError(f"{where}: write it as {name} {usage}")
    if activation:
        return Activate(name.replace("-", "_"), float(found[1]) if found[1] else None)
    return _built(name, found[1], options, where)


def _built(name: str, first: str, options: Mapping[str, str], where: str) -> Layer:
    def sizes(what: str) -> dict[str, Size]:
        sides = {"s": ("stride", 1), "p": ("padding", 0), "d": ("dilation", 1)}
        return {
            word: _size(options[letter], f"cells of {word}", MAX_SIDE, where, least)
            for letter, (word, least) in sides.items()
            if letter in options
        } | {"size": _size(first.rpartition("@")[2], f"rows or columns of a {what}", MAX_KERNEL, where)}

    match name:
        case "conv":
            return Conv(_whole(first.partition("@")[0], "kernels", MAX_CHANNELS, where), **sizes("kernel"))
        case "maxpool" | "avgpool":
            window = sizes("window")
            return (MaxPool if name == "maxpool" else AvgPool)(**{"stride": window["size"], **window})
        case "lrn":
            constants = {_CONSTANTS[letter]: float(value) for letter, value in options.items()}
            if constants.get("k") == 0:
                raise UsageError(f"{where}: k 0 divides by zero where all neighbours are 0: use k above 0")
            return Lrn(_whole(first, "channels", MAX_CHANNELS, where), **constants)
        case "fc":
            return FullyConnected(_whole(first, "outputs", MOST_OUTPUTS, where))
        case "flatten":
            return Flatten()
    return BatchNorm()


def _size(text: str, what: str, most: int, where: str, least: int = 1) -> Size:
    rows, _, columns = text.partition("x")
    return _whole(rows, what, most, where, least), _whole(columns or rows, what, most, where, least)


def _whole(text: str, what: str, most: int, where: str, least: int = 1) -> int:
    if not least <= int(text) <= most:
        raise UsageError(f"{where}: {int(text)} {what} cannot be: use {least} to {most}")
    return int(text)
