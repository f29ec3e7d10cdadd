"""From a network's text, such as `conv 4@3x3 s2, maxpool 2, relu, fc 10`, to its layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.limits import MAX_CHANNELS, MAX_KERNEL, MAX_LAYERS, MAX_SIDE
from cnnviz.network.layers import Activate, AvgPool, BatchNorm, Conv, FullyConnected, Layer, Lrn, MaxPool, Size
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
_BY_ITSELF = {
    "softmax": "softmax comes by itself behind the last layer",
    "flatten": "fc flattens by itself",
    "loss": "the loss comes by itself at the end",
    "input": "the input comes by itself at the start",
}
_KERNELS = re.compile(r"(\d{1,6})@(\d{1,6})(?:x(\d{1,6}))?")
_SIZE = re.compile(r"(\d{1,6})(?:x(\d{1,6}))?")
_OPTION = re.compile(r"([a-z])(\d{1,6})(?:x(\d{1,6}))?")
_NUMBER = re.compile(r"[-+]?(?:\d{1,18}\.?\d{0,18}|\.\d{1,18})(?:e[-+]?\d{1,2})?")
_MEANING = {"s": "stride", "p": "padding", "d": "dilation"}
_CONSTANTS = {"a": "alpha", "b": "beta", "k": "k"}


def parse_layers(text: str) -> tuple[Layer, ...]:
    """Read a network's layers, separated by commas; raises UsageError that names the layer and the word."""
    pieces = [piece.strip() for piece in text.split(",")]
    if pieces[-1] == "":
        pieces.pop()
    if not pieces:
        raise UsageError("--layers is empty: give layers such as 'conv 4@3x3, maxpool 2, relu, fc 10'")
    if len(pieces) > MAX_LAYERS:
        raise UsageError(f"--layers has {len(pieces)} layers, more than a figure shows: use {MAX_LAYERS} or fewer")
    return tuple(_layer(piece, place) for place, piece in enumerate(pieces, start=1))


def _layer(piece: str, place: int) -> Layer:
    words = piece.lower().replace("×", "x").split()
    where = f"--layers, layer {place}"
    if not words:
        raise UsageError(f"{where} is empty: write a layer between the commas, such as relu")
    where = f"{where} {quote(piece)}"
    word = words[0].replace("_", "-")
    if word in _BY_ITSELF:
        raise UsageError(f"{where}: {_BY_ITSELF[word]}: leave it out")
    word = _ALIASES.get(word, word)
    if (read := _READERS.get(word)) is not None:
        return read(words[1:], where)
    name = word.replace("-", "_")
    if name in ACTIVATIONS:
        return _activation(name, words[1:], where)
    raise UsageError(f"{where}: there is no layer {quote(words[0])}: {suggest(word, layer_words())}")


def layer_words() -> tuple[str, ...]:
    """The words that name layers."""
    return (*_READERS, *(name.replace("_", "-") for name in ACTIVATIONS))


def _conv(words: Sequence[str], where: str) -> Layer:
    usage = "write it as conv 4@3x3 (4 kernels of 3×3) and, where wanted, s2 (stride), p1 (padding), d2 (dilation)"
    match = _KERNELS.fullmatch(words[0]) if words else None
    if match is None:
        what = f"{quote(words[0])} does not tell kernels and size" if words else "its kernels are missing"
        raise UsageError(f"{where}: {what}: {usage}")
    kernels, size = int(match[1]), _size(match[2], match[3])
    _check_bound(kernels, MAX_CHANNELS, "kernels", where)
    for side in size:
        _check_bound(side, MAX_KERNEL, "rows or columns of a kernel", where)
    options = _read_options(words[1:], "spd", where, usage)
    return Conv(kernels, size, options.get("s", (1, 1)), options.get("p", (0, 0)), options.get("d", (1, 1)))


def _pool(cls: type[MaxPool] | type[AvgPool]) -> Callable[[Sequence[str], str], Layer]:
    def read(words: Sequence[str], where: str) -> Layer:
        usage = f"write it as {cls.kind} 2 (windows of 2×2) and, where wanted, s1 (stride), p1 (padding)"
        match = _SIZE.fullmatch(words[0]) if words else None
        if match is None:
            what = f"{quote(words[0])} is not the size of a window" if words else "its window is missing"
            raise UsageError(f"{where}: {what}: {usage}")
        size = _size(match[1], match[2])
        for side in size:
            _check_bound(side, MAX_KERNEL, "rows or columns of a window", where)
        options = _read_options(words[1:], "sp", where, usage)
        return cls(size, options.get("s", size), options.get("p", (0, 0)))

    return read


def _batch_norm(words: Sequence[str], where: str) -> Layer:
    _refuse_rest(words, where, "batchnorm takes nothing behind its name")
    return BatchNorm()


def _lrn(words: Sequence[str], where: str) -> Layer:
    usage = "write it as lrn 5 (channels) and, where wanted, a1e-4 (α), b0.75 (β), k1"
    if not words or not words[0].isascii() or not words[0].isdigit():
        what = f"{quote(words[0])} is not a number of channels" if words else "its number of channels is missing"
        raise UsageError(f"{where}: {what}: {usage}")
    _check_bound(int(words[0]), MAX_CHANNELS, "channels", where)
    constants: dict[str, float] = {}
    for word in words[1:]:
        name = _CONSTANTS.get(word[0])
        if name is None or not _NUMBER.fullmatch(word[1:]) or name in constants or float(word[1:]) < 0:
            raise UsageError(f"{where}: {quote(word)} is not known, not positive, or given twice: {usage}")
        constants[name] = float(word[1:])
    if constants.get("k") == 0:
        raise UsageError(f"{where}: k 0 divides by zero where all neighbours are 0: use k above 0")
    return Lrn(int(words[0]), **constants)


def _fully_connected(words: Sequence[str], where: str) -> Layer:
    usage = "write it as fc 10"
    if not words or not words[0].isascii() or not words[0].isdigit():
        what = f"{quote(words[0])} is not a number of outputs" if words else "its number of outputs is missing"
        raise UsageError(f"{where}: {what}: {usage}")
    _check_bound(int(words[0][:18]), MOST_OUTPUTS, "outputs", where)
    _refuse_rest(words[1:], where, "fc takes one number")
    return FullyConnected(int(words[0]))


def _activation(name: str, words: Sequence[str], where: str) -> Layer:
    parameter = ACTIVATIONS[name].parameter
    if parameter is None or not words:
        _refuse_rest(words, where, f"{name.replace('_', '-')} takes nothing behind its name")
        return Activate(name)
    if not _NUMBER.fullmatch(words[0]):
        example = f"{name.replace('_', '-')} {parameter.default:g}"
        raise UsageError(f"{where}: {quote(words[0])} is not a number: write it as {example}")
    _refuse_rest(words[1:], where, f"{name.replace('_', '-')} takes one number")
    return Activate(name, float(words[0]))


def _read_options(words: Sequence[str], letters: str, where: str, usage: str) -> dict[str, Size]:
    found: dict[str, Size] = {}
    for word in words:
        match = _OPTION.fullmatch(word)
        if match is None or match[1] not in letters:
            raise UsageError(f"{where}: {quote(word)} is not known: {usage}")
        if match[1] in found:
            raise UsageError(f"{where}: its {_MEANING[match[1]]} is given twice: leave {word} out")
        size = _size(match[2], match[3])
        for side in size:
            if side == 0 and match[1] != "p":
                raise UsageError(f"{where}: {_MEANING[match[1]]} 0 is too small: use {match[1]}1 or more")
            _check_bound(side, MAX_SIDE, f"cells of {_MEANING[match[1]]}", where, least=0)
        found[match[1]] = size
    return found


def _size(rows: str, columns: str | None) -> Size:
    return int(rows), int(columns if columns is not None else rows)


def _check_bound(value: int, most: int, what: str, where: str, least: int = 1) -> None:
    if not least <= value <= most:
        raise UsageError(f"{where}: {value} {what} cannot be: use {least} to {most}")


def _refuse_rest(words: Sequence[str], where: str, rule: str) -> None:
    if words:
        raise UsageError(f"{where}: {rule}: leave {quote(' '.join(words))} out, or separate layers by commas")


_READERS: dict[str, Callable[[Sequence[str], str], Layer]] = {
    "conv": _conv,
    "maxpool": _pool(MaxPool),
    "avgpool": _pool(AvgPool),
    "batchnorm": _batch_norm,
    "lrn": _lrn,
    "fc": _fully_connected,
}
