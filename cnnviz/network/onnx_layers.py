"""The layers of an ONNX graph: each an operator and what only follows it, and layers folded into blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from cnnviz.network.layers import Shape
from cnnviz.network.onnx_file import OnnxModel

MOST_BLOCKS = 10
"""Blocks that a figure has room for, beside the input and the probabilities."""

_FULL = ("Gemm", "MatMul")
_WEIGHTED = ("Conv", "ConvTranspose", *_FULL)
_HEADS = (
    *_WEIGHTED,
    *("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "LRN", "Resize", "Softmax"),
)
_JOINS = ("Add", "Sum", "Concat", "Mul")
_FOLLOWERS = {
    "BatchNormalization": "batchnorm",
    "Relu": "ReLU",
    "LeakyRelu": "leaky ReLU",
    "PRelu": "PReLU",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "hard sigmoid",
    "HardSwish": "hard swish",
    "Tanh": "tanh",
    "Elu": "ELU",
    "Selu": "SELU",
    "Gelu": "GELU",
    "Mish": "Mish",
    "Softplus": "softplus",
    "Clip": "clip",
}
_RESHAPES = ("Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Identity", "Dropout", "Cast")
# Running means and variances are no parameters.
_TRAINED = {"BatchNormalization": slice(0, 2)}


def attributes(node: Any) -> dict[str, Any]:
    """The attributes of a node that are given."""
    from onnx.helper import get_attribute_value

    return {each.name: get_attribute_value(each) for each in node.attribute}


class OnnxWindow(NamedTuple):
    """The kernel, stride, padding before, and dilation of a node that slides, along rows and columns."""

    k: Shape
    s: Shape
    p: Shape
    d: Shape


def window_of(node: Any, k: Shape, i: Shape = (), o: Shape = ()) -> OnnxWindow:
    """The window of a node with a kernel of size `k`; padding that is not given follows from the maps' sizes."""
    given = attributes(node)
    s, d = (tuple(given.get(name, (1,) * len(k))) for name in ("strides", "dilations"))
    p, auto = tuple(given.get("pads", (0,) * len(k)))[: len(k)], given.get("auto_pad", b"")
    if auto.startswith(b"SAME"):
        sides = zip(i, o, k, s, d, strict=True)
        lacking = (max(0, (o - 1) * s + d * (k - 1) + 1 - i) for i, o, k, s, d in sides)
        p = tuple((total + (auto == b"SAME_LOWER")) // 2 for total in lacking)
    return OnnxWindow(tuple(k), s, p, d)


@dataclass(eq=False)
class OnnxLayer:
    """An operator, `head`, with the normalization, activation and bias that follow it; `output` is the last's tensor.

    `inputs` are the layers that it reads, None the image; `followers` name its normalization and activations.
    """

    head: Any
    inputs: list[OnnxLayer | None]
    output: str
    followers: list[str]
    parameters: int = 0
    weight: Shape = ()

    @property
    def kind(self) -> str:
        """The operator."""
        return str(self.head.op_type)

    @property
    def name(self) -> str:
        """Its module, `layer1.0.conv1` of `/layer1/layer1.0/conv1/Conv`, or its operator's name or tensor."""
        if not self.head.name.startswith("/") or not self.scopes:
            return str(self.head.name or self.head.output[0])
        name = ""
        for part in self.scopes:
            name = part if not name or part.startswith(f"{name}.") else f"{name}.{part}"
        return name

    @property
    def is_fc(self) -> bool:
        """Whether it is fully connected."""
        return self.kind in _FULL

    @property
    def scopes(self) -> tuple[str, ...]:
        """The modules that its operator is in: of `/layer1/layer1.0/conv1/Conv` all but the last."""
        return tuple(part for part in self.head.name.split("/") if part)[:-1]

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of its operator."""
        return attributes(self.head)


@dataclass(eq=False)
class OnnxBlock:
    """Layers that follow one another; all that others read of them is the last one's output.

    `shape` is that of the output, `name` that of the module they are, if they are one.
    """

    layers: list[OnnxLayer]
    shape: Shape = ()
    name: str = ""

    @property
    def last(self) -> OnnxLayer:
        """The layer that gives its output."""
        return self.layers[-1]

    @property
    def parameters(self) -> int:
        """Numbers that were learned."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def sums(self) -> int:
        """Residual connections."""
        return sum(layer.kind in ("Add", "Sum") for layer in self.layers)

    @property
    def concats(self) -> int:
        """Concatenations."""
        return sum(layer.kind == "Concat" for layer in self.layers)

    @property
    def branches(self) -> int:
        """How many layers a concatenation joins at most."""
        return max((len(layer.inputs) for layer in self.layers if layer.kind == "Concat"), default=0)


def layers_of(model: OnnxModel) -> list[OnnxLayer]:
    """The layers between the image and the output, in the order in which they are computed."""
    from onnx import TensorProto

    owner: dict[str, OnnxLayer | None] = {model.input_name: None}
    sizes = {name: tuple(tensor.dims) for name, tensor in model.constants.items()}
    layers, counted = list[OnnxLayer](), set[str]()
    for node in model.proto.graph.node:
        data = [name for name in node.input if name in owner]
        # What follows from shapes alone is no layer.
        if not data or node.op_type == "Shape":
            continue
        before = list(dict.fromkeys(owner[name] for name in data))
        joins = node.op_type in _JOINS and len(before) > 1
        if before == [None] and node.op_type not in _HEADS:
            # The image is only prepared.
            owner |= dict.fromkeys(node.output, None)
            continue
        if node.op_type in _HEADS or joins:
            layer = OnnxLayer(node, before, node.output[0], [])
            layers.append(layer)
        else:
            layer = max((each for each in before if each is not None), key=layers.index)
        if (follower := _FOLLOWERS.get(node.op_type)) and follower not in layer.followers:
            layer.followers.append(follower)
        if node.op_type not in _RESHAPES:
            layer.output = node.output[0]
        own = [name for name in node.input if name in sizes][_TRAINED.get(node.op_type, slice(None))]
        if node.op_type in _WEIGHTED and own and node is layer.head:
            layer.weight = sizes[own[0]]
        # Whole numbers are shapes, a lone number is part of a formula, such as the 3 and 6 of hard swish.
        fresh = {
            name for name in own if model.constants[name].data_type != TensorProto.INT64 and math.prod(sizes[name]) > 1
        }
        layer.parameters += sum(math.prod(sizes[name]) for name in fresh - counted)
        counted |= fresh
        owner |= dict.fromkeys(node.output, layer)
    return leading_to(owner.get(model.output_name), layers)


def leading_to(last: OnnxLayer | None, layers: Sequence[OnnxLayer]) -> list[OnnxLayer]:
    """The layers that a layer follows from, and itself."""
    found, waiting = set[OnnxLayer](), [last]
    while waiting:
        layer = waiting.pop()
        if layer is not None and layer not in found:
            found.add(layer)
            waiting += layer.inputs
    return [layer for layer in layers if layer in found]


def blocks_of(layers: Sequence[OnnxLayer]) -> list[OnnxBlock]:
    """The layers cut where all that follows reads only the last one: a residual block stays in one piece."""
    at: dict[OnnxLayer | None, int] = {None: -1} | {layer: place for place, layer in enumerate(layers)}
    ends, reach = list[int](), len(layers)
    for place, layer in reversed(list(enumerate(layers))):
        # What comes after `place` reads back as far as `reach`.
        if reach >= place:
            ends.insert(0, place + 1)
        reach = min(reach, *(at[each] for each in layer.inputs))
    return [OnnxBlock(list(layers[start:end])) for start, end in pairwise([0, *ends])]


def folded(blocks: Sequence[OnnxBlock], most: int = MOST_BLOCKS) -> list[OnnxBlock]:
    """Blocks joined to at most so many, as few as must be: by the names of their modules, by shape, by resolution.

    Where none of these are enough, neighbours of few layers are joined.
    """
    if len(blocks) <= most:
        return list(blocks)
    keys: list[Callable[[OnnxBlock], Any]] = [
        *(lambda block, deep=deep: block.last.scopes[:deep] or id(block) for deep in (3, 2, 1)),
        lambda block: block.shape if len(block.shape) == 3 else id(block),
        lambda block: block.shape[1:] if len(block.shape) == 3 else id(block),
    ]
    ways = [_joined(blocks, key) for key in keys]
    found = max((way for way in ways if len(way) <= most), key=len, default=ways[-1])
    while len(found) > most:
        at = min(range(len(found) - 1), key=lambda n: len(found[n].layers) + len(found[n + 1].layers))
        found[at : at + 2] = [_join(found[at : at + 2])]
    return found


def _joined(blocks: Sequence[OnnxBlock], key: Callable[[OnnxBlock], Any]) -> list[OnnxBlock]:
    found = []
    for of, group in groupby(blocks, key):
        block = _join(list(group))
        block.name = of[-1] if isinstance(of, tuple) and of and isinstance(of[-1], str) else ""
        found.append(block)
    return found


def _join(blocks: Sequence[OnnxBlock]) -> OnnxBlock:
    return OnnxBlock([layer for block in blocks for layer in block.layers], blocks[-1].shape)
