"""From a network's text, such as `conv 4@3x3 s2, maxpool 2, relu, fc 10`, to its layers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.limits import MAX_CHANNELS, MAX_KERNEL, MAX_LAYERS, MAX_SIDE
from cnnviz.network.layers import Layer, Size
from cnnviz.notation import size_text
from cnnviz.parameters import quote, suggest

_NUMBER, _BORDER = r"[1-9]\d{0,5}", r"\d{1,6}"
_REAL = r"(?:\d{1,18}\.?\d{0,18}|\.\d{1,18})(?:e[-+]?\d{1,2})?"
_SIZE = rf"(?P<size>{_NUMBER}(?:x{_NUMBER})?)"
_S, _P, _D = (
    rf" {letter}(?P<{letter}>{number}(?:x{number})?)"
    for letter, number in (("s", _NUMBER), ("p", _BORDER), ("d", _NUMBER))
)
_WINDOW = rf"{_SIZE}(?:{_S}|{_P})*", "2 (windows of 2×2) and, where wanted, s1 (stride), p1 (padding)"
ALONE = "", "and nothing behind it"
"""The form of a layer without numbers."""


class Written(NamedTuple):
    """A layer as it stands in a text: `where` names it in messages, `numbers` are what its form calls them."""

    where: str
    name: str
    numbers: Mapping[str, str]


_FORMS = {
    "conv": (
        rf"(?P<kernels>{_NUMBER})@{_SIZE}(?:{_S}|{_P}|{_D})*",
        "4@3x3 (4 kernels of 3×3) and, where wanted, s2 (stride), p1 (padding), d2 (dilation)",
    ),
    "maxpool": _WINDOW,
    "avgpool": _WINDOW,
    "batchnorm": ALONE,
    "lrn": (
        rf"(?P<channels>{_NUMBER})(?: a(?P<alpha>{_REAL})| b(?P<beta>{_REAL})| k(?P<k>{_REAL}))*",
        "5 (channels) and, where wanted, a1e-4 (α), b0.75 (β), k1",
    ),
    "fc": (rf"(?P<outputs>{_NUMBER})", "10"),
    "flatten": ALONE,
} | {
    name.replace("_", "-"): (rf"(?P<parameter>[-+]?{_REAL})?", "and a number, or nothing, behind it")
    if activation.parameter
    else ALONE
    for name, activation in ACTIVATIONS.items()
}
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
_MOST = {
    "kernels": MAX_CHANNELS,
    "channels": MAX_CHANNELS,
    "size": MAX_KERNEL,
    "outputs": 1024,
    **dict.fromkeys("spd", MAX_SIDE),
}


def parse_layers(text: str) -> tuple[Layer, ...]:
    """Read a network's layers, separated by commas; raises UsageError that names the layer."""
    return tuple(map(_layer, read_layers(text, _FORMS, _ALIASES, _MOST)))


def layer_words() -> tuple[str, ...]:
    """The words that name layers."""
    return tuple(_FORMS)


def read_layers(
    text: str, forms: Mapping[str, tuple[str, str]], aliases: Mapping[str, str], most: Mapping[str, int]
) -> Iterator[Written]:
    """The layers of a text, separated by commas; raises UsageError that names the layer and what is wrong.

    A form is the pattern of what stands behind a layer's name, and that in words; a group of it is a whole number, or
    two with an x between, up to what `most` says.
    """
    pieces = text.strip().removesuffix(",").split(",")
    if len(pieces) > MAX_LAYERS:
        raise UsageError(f"--layers has {len(pieces)} layers, more than a figure shows: use {MAX_LAYERS} or fewer")
    for place, piece in enumerate(pieces, start=1):
        where = f"--layers, layer {place} {quote(piece.strip())}"
        given, *rest = piece.lower().replace("×", "x").split() or [""]
        name = given.replace("_", "-")
        name = aliases.get(name, name)
        if name not in forms:
            raise UsageError(f"{where}: there is no layer {quote(given)}: {suggest(name, tuple(forms))}")
        pattern, usage = forms[name]
        letters = [word[0] for word in rest[1:]]
        found = re.fullmatch(pattern, " ".join(rest))
        if found is None or len({*letters}) < len(letters):
            raise UsageError(f"{where}: write it as {name} {usage}")
        numbers = {group: number for group, number in found.groupdict().items() if number is not None}
        for group, number in numbers.items():
            if group in most and max(map(int, number.split("x"))) > most[group]:
                raise UsageError(f"{where}: {number} is too large: use {most[group]} or less")
        yield Written(where, name, numbers)


def _layer(written: Written) -> Layer:
    _, kind, numbers = written
    match kind:
        case "conv" | "maxpool" | "avgpool":
            return _sliding(kind, numbers)
        case "batchnorm":
            return Layer(kind=kind, function="batch_norm", arguments={"training": True, "eps": 1e-5})
        case "lrn":
            # Torch's constants, and its convention: α over n.
            usual = {"alpha": 1e-4, "beta": 0.75, "k": 1.0}
            size, constants = (
                int(numbers["channels"]),
                usual | {name: float(number) for name, number in numbers.items() if name in usual},
            )
            words = (f"{name[0]}{value:g}" for name, value in constants.items() if value != usual[name])
            return Layer(
                kind=kind,
                function="local_response_norm",
                words=(str(size), *words),
                arguments={"size": size, **constants, "alpha_over_n": True},
            )
        case "fc":
            outputs = int(numbers["outputs"])
            return Layer(kind=kind, function="linear", words=(str(outputs),), outputs=outputs)
        case "flatten":
            return Layer(kind=kind, function=kind)
    function = kind.replace("-", "_")
    parameter = float(numbers["parameter"]) if numbers else None
    return Layer(
        kind=kind,
        function=function,
        words=() if parameter is None else (f"{parameter:g}",),
        arguments=ACTIVATIONS[function].options(parameter),
    )


def _sliding(kind: str, numbers: Mapping[str, str]) -> Layer:
    size = _sides(numbers["size"])
    usual = {"s": (1, 1) if kind == "conv" else size, "p": (0, 0), "d": (1, 1)}
    s, p, d = sides = [_sides(numbers[letter]) if letter in numbers else own for letter, own in usual.items()]
    words = [letter + _short(side) for (letter, own), side in zip(usual.items(), sides, strict=True) if side != own]
    if kind == "conv":
        return Layer(
            kind=kind,
            function="conv2d",
            words=(f"{numbers['kernels']}@{size_text(*size)}", *words),
            arguments={"stride": s, "padding": p, "dilation": d},
            outputs=int(numbers["kernels"]),
            size=size,
        )
    return Layer(
        kind=kind,
        function="max_pool2d" if kind == "maxpool" else "avg_pool2d",
        words=(_short(size), *words),
        arguments={"kernel_size": size, "stride": s, "padding": p, "ceil_mode": False}
        | ({"dilation": d} if kind == "maxpool" else {"count_include_pad": True}),
        size=size,
    )


def _sides(text: str) -> Size:
    rows, _, columns = text.partition("x")
    return int(rows), int(columns or rows)


def _short(size: Size) -> str:
    return str(size[0]) if size[0] == size[1] else size_text(*size)
