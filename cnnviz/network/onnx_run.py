"""A model from a file on an image: the image as it takes it, its blocks' outputs, its probabilities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.inputs import read_input
from cnnviz.limits import MAX_FILE_BYTES
from cnnviz.maps import PICTURE
from cnnviz.network.layers import Array, Size
from cnnviz.network.onnx_file import DIGITS, OnnxModel, read_onnx
from cnnviz.network.onnx_layers import MOST_BLOCKS, OnnxBlock, OnnxLayer, blocks_of, folded, layers_of, leading_to
from cnnviz.network.picture import DIGIT, drawn_digit
from cnnviz.notation import size_text
from cnnviz.parameters import quote
from cnnviz.words import Text, Words

NUMBERS = "numbers"
"""Classes without names."""

Scales = tuple[object, object]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A model and what it runs on: the `image` (channels, rows, columns) as it was, its name, and as it is `given`."""

    model: OnnxModel
    layers: list[OnnxLayer]
    image: Array
    picture: Words
    given: Array

    @property
    def parameters(self) -> int:
        """Numbers that were learned."""
        return sum(layer.parameters for layer in self.layers)


@dataclass(frozen=True, eq=False)
class OnnxRun(Prepared):
    """A model on an image: its blocks with their outputs, folded.

    `probabilities` are those of the classes, none where the model gives no scores; `function` made them of these.
    `maps` are those of the last block that convolves, from which all that follows is made.
    """

    blocks: tuple[tuple[OnnxBlock, Array], ...]
    probabilities: Array
    function: str
    maps: tuple[OnnxBlock, Array] | None


def prepare(path: str, spec: object, size: Size | None, scales: Scales, seed: int) -> Prepared:
    """Read a model, and what is given as an image, less a mean and divided by a deviation; raises UsageError."""
    model = read_onnx(path, size)
    layers = layers_of(model)
    if not layers:
        raise UsageError(f"{model.subject} has no layers between image and output: use a convolutional network")
    if spec is None and model.source == DIGITS:
        image = drawn_digit()[None]
        return Prepared(model, layers, image, Text("a hand-drawn {digit}", digit=DIGIT), image)
    channels, *sides = model.shape
    axes, size = 2 if channels == 1 else 3, (sides[0], sides[1])
    data = load_map(PICTURE if spec is None else spec, size, seed=seed, default_size=size, axes=axes)
    image, picture = data.values.reshape(-1, *data.values.shape[-2:]), data.name or Text("an image")
    is_picture = data.source == "image"
    if is_picture and len(image) == 1:
        image = image.repeat(channels, axis=0)
    if image.shape != model.shape:
        takes = size_text(*model.shape)
        raise UsageError(f"input is {size_text(*image.shape)}, but the model takes {takes}: give an image, or {takes}")
    if not is_picture:
        return Prepared(model, layers, image, picture, image)
    return Prepared(model, layers, image / 255, picture, _scaled(image / 255, scales))


def run_onnx(known: Prepared, end: OnnxLayer | None = None) -> OnnxRun:
    """Run a model, to its end or that of a layer; raises UsageError."""
    model, layers = known.model, known.layers if end is None else leading_to(end, known.layers)
    cut, result = blocks_of(layers), model.output_name if end is None else end.output
    # Only what blocks give is kept: a deep network's every map would fill the memory.
    found = model.run(known.given, list(dict.fromkeys([*(block.last.output for block in cut), result])))
    for name, values in found.items():
        if values.dtype.kind not in "uif" or values.ndim not in (2, 4) or len(values) != 1:
            raise UsageError(
                f"{model.subject} gives {size_text(*values.shape) or values.dtype.name} in {quote(name)}: use a "
                "convolutional network, whose layers give maps or the scores of classes"
            )
        if not np.isfinite(values).all():
            raise UsageError(f"{model.subject} gives infinite values in {quote(name)}: check --mean and --std")
    for block in cut:
        shape = found[block.last.output].shape[1:]
        block.shape = shape if len(shape) == 3 and shape[1:] != (1, 1) else shape[:1]
    last, scores = layers[-1], found[result].ravel().astype(np.float64)
    function = "sigmoid" if "sigmoid" in last.followers else "softmax"
    if not 1 < scores.size == found[result].shape[1]:
        # Maps, or a single number.
        scores = scores[:0]
    elif last.kind != "Softmax" and function != "sigmoid":
        powers = np.exp(scores - scores.max())
        scores = powers / powers.sum()

    def outputs(blocks: Iterable[OnnxBlock]) -> tuple[tuple[OnnxBlock, Array], ...]:
        return tuple((block, found[block.last.output].reshape(block.shape).astype(np.float64)) for block in blocks)

    # Without scores at its end a figure has one row.
    most = MOST_BLOCKS if len(scores) else MOST_BLOCKS // 2
    convolved = [b for b in cut if len(b.shape) == 3 and any(layer.kind == "Conv" for layer in b.layers)]
    return OnnxRun(
        **{**vars(known), "layers": layers},
        blocks=outputs(folded([block for block in cut if block.last.kind != "Softmax"], most)),
        probabilities=scores,
        function=function,
        maps=next(iter(outputs(convolved[-1:])), None),
    )


def load_labels(path: str, classes: int) -> list[str]:
    """The names of classes, a line each, or `NUMBERS`; raises UsageError."""
    if path == NUMBERS:
        return [str(n) for n in range(classes)]
    subject = f"--labels file {quote(path)}"
    try:
        lines = read_input(path, subject, MAX_FILE_BYTES).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"{subject} is no text: give a text file with a class on each line") from None
    if classes and len(lines) != classes:
        raise UsageError(f"{subject} has {len(lines)} lines, but the model has {classes} classes: give a line for each")
    return ["".join(char if char.isprintable() else "?" for char in " ".join(line.split())) for line in lines]


def _scaled(image: Array, scales: Scales) -> Array:
    found = []
    for name, scale in zip(("mean", "std"), scales, strict=True):
        values = np.atleast_1d(np.asarray(scale, np.float64))
        if len(values) not in (1, len(image)):
            raise UsageError(f"--{name} has {len(values)} numbers: give one, or one for each of {len(image)} channels")
        found.append(values[:, None, None])
    mean, std = found
    if not (std > 0).all():
        raise UsageError(f"--std {std.min():g} is no deviation: give numbers above 0")
    return np.asarray((image - mean) / std)
