"""From a network's text, such as `conv 4@3x3 s2, maxpool 2, relu, fc 10`, to its layers."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.limits import MAX_KERNEL, MAX_LAYERS, MAX_SIDE
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
_ALONE = "", "and nothing behind it"
_FORMS = {
    "conv": (
        rf"(?:(?P<kernels>{_NUMBER})@)?{_SIZE}(?:{_S}|{_P}|{_D})*",
        "4@3x3 (4 kernels of 3×3) and, where wanted, s2 (stride), p1 (padding), d2 (dilation)",
    ),
    "maxpool": _WINDOW,
    "avgpool": _WINDOW,
    "batchnorm": _ALONE,
    "lrn": (
        rf"(?P<channels>{_NUMBER})(?: a(?P<alpha>{_REAL})| b(?P<beta>{_REAL})| k(?P<k>{_REAL}))*",
        "5 (channels) and, where wanted, a1e-4 (α), b0.75 (β), k1",
    ),
    "fc": (rf"(?:(?P<inputs>{_NUMBER}) )?(?P<outputs>{_NUMBER})", "10, or with its inputs 1690 10"),
    "flatten": _ALONE,
} | {
    name.replace("_", "-"): (rf"(?P<parameter>[-+]?{_REAL})?", "and a number, or nothing, behind it")
    if activation.parameter
    else _ALONE
    for name, activation in ACTIVATIONS.items()
}
"""What stands behind a layer's name: a pattern, and that in words."""

_MOST = {"size": MAX_KERNEL, **dict.fromkeys("spd", MAX_SIDE)}
_ALIASES = {
    "norm": "batchnorm",
    "bn": "batchnorm",
    "batch-norm": "batchnorm",
    "linear": "fc",
    "dense": "fc",
    "fully-connected": "fc",
    "pool": "maxpool",
    "max-pool": "maxpool",
    "avg-pool": "avgpool",
    "convolution": "conv",
    "leakyrelu": "leaky-relu",
    "swish": "silu",
}
_FUNCTIONS = {
    "conv": "conv2d",
    "maxpool": "max_pool2d",
    "avgpool": "avg_pool2d",
    "batchnorm": "batch_norm",
    "lrn": "local_response_norm",
    "fc": "linear",
}
_LRN = {"alpha": 1e-4, "beta": 0.75, "k": 1.0}
"""Torch's constants."""


def parse_layers(text: str, words: Collection[str] = _FORMS) -> tuple[Layer, ...]:
    """Read layers of these `words`, separated by commas; raises UsageError that names the layer and what is wrong."""
    pieces = text.strip().removesuffix(",").split(",")
    if len(pieces) > MAX_LAYERS:
        raise UsageError(f"--layers has {len(pieces)} layers, more than a figure shows: use {MAX_LAYERS} or fewer")
    return tuple(_layer(piece.strip(), place, words) for place, piece in enumerate(pieces, start=1))


def _layer(piece: str, place: int, words: Collection[str]) -> Layer:
    where = f"--layers, layer {place} {quote(piece)}"
    given, *rest = piece.lower().replace("×", "x").split() or [""]
    kind = given.replace("_", "-")
    kind = _ALIASES.get(kind, kind)
    if kind not in words:
        raise UsageError(f"{where}: there is no layer {quote(given)}: {suggest(kind, tuple(words))}")
    pattern, usage = _FORMS[kind]
    found, letters = re.fullmatch(pattern, " ".join(rest)), [word[0] for word in rest if word[0].isalpha()]
    if found is None or len({*letters}) < len(letters):
        raise UsageError(f"{where}: write it as {kind} {usage}")
    numbers = {group: number for group, number in found.groupdict().items() if number is not None}
    for group, most in _MOST.items():
        if max(_sides(numbers.get(group, "0"))) > most:
            raise UsageError(f"{where}: {numbers[group]} is too large: use {most} or less")
    shown, arguments = _described(kind, numbers)
    return Layer(
        where=where,
        kind=kind,
        function=_FUNCTIONS.get(kind, kind.replace("-", "_")),
        words=shown,
        arguments=arguments,
        inputs=int(numbers.get("inputs", 0)),
        outputs=int(numbers.get("kernels") or numbers.get("outputs") or 0),
        size=_sides(numbers.get("size", "1")),
    )


def _described(kind: str, numbers: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The words behind a layer's name, without what is usual, and all options of its function."""
    match kind:
        case "conv" | "maxpool" | "avgpool":
            size = _sides(numbers["size"])
            usual = {"s": (1, 1) if kind == "conv" else size, "p": (0, 0), "d": (1, 1)}
            chosen = {letter: _sides(numbers[letter]) if letter in numbers else own for letter, own in usual.items()}
            words = [letter + _short(side) for letter, side in chosen.items() if side != usual[letter]]
            options: dict[str, Any] = {"stride": chosen["s"], "padding": chosen["p"]}
            if kind == "conv":
                kernels = f"{numbers['kernels']}@{size_text(*size)}" if "kernels" in numbers else _short(size)
                return (kernels, *words), {**options, "dilation": chosen["d"]}
            last = {"dilation": (1, 1)} if kind == "maxpool" else {"count_include_pad": True}
            return (_short(size), *words), {"kernel_size": size, **options, "ceil_mode": False, **last}
        case "batchnorm":
            return (), {"training": True, "eps": 1e-5}
        case "lrn":
            n, constants = numbers["channels"], {name: float(numbers.get(name, own)) for name, own in _LRN.items()}
            words = [f"{name[0]}{value:g}" for name, value in constants.items() if value != _LRN[name]]
            return (n, *words), {"size": int(n), **constants, "alpha_over_n": True}
        case "fc":
            return tuple(numbers.values()), {}
        case "flatten":
            return (), {}
    parameter = float(numbers["parameter"]) if numbers else None
    shown = () if parameter is None else (f"{parameter:g}",)
    return shown, ACTIVATIONS[kind.replace("-", "_")].options(parameter)


def _sides(text: str) -> Size:
    rows, _, columns = text.partition("x")
    return int(rows), int(columns or rows)


def _short(size: Size) -> str:
    return str(size[0]) if size[0] == size[1] else size_text(*size)
