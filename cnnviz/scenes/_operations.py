"""What scenes compute, told as operations; imported only where a program is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.network import Network
from cnnviz.network.layers import BatchNorm, FullyConnected, Layer, Weights
from cnnviz.operation import KERNEL, PLAIN, Call, Operand, Operation, Shown, Training
from cnnviz.storyboard import Values

_SURE = 1e3
"""Largest value over deviation with which float32 keeps the digits that a figure shows."""


    )  # fmt: skip


def _activation(name: str, value: float | None, given: str, result: str, shape: Sequence[int]) -> Call:
    parameter = ACTIVATIONS[name].parameter
    options = {} if parameter is None else {parameter.name: parameter.default if value is None else value}
    return Call(function=name, operands=(given,), result=result, shape=tuple(shape), options=options)


def network(
    net: Network, picture: Values, weights: Sequence[Weights], label: int, rate: float, seed: tuple[int, ...],
    file: str | None,
) -> Operation:  # fmt: skip
    """A network's forward run, softmax and loss, and what one step of gradient descent makes of them."""
    operands = {"x": Operand(values=picture[None, None])}
    calls = list[Call]()
    previous, shape = "x", (1, *net.input_shape)
    for layer, own, name, gives in zip(net.layers, weights, net.names, net.shapes[1:], strict=True):
        for part, values in own.items():
            source = None if file is None else (file, f"{name}.{part}")
            operands[f"{name}_{part}"] = _weight(values, layer, part, source)
        if isinstance(layer, FullyConnected) and len(shape) > 2:
            calls.append(Call(function="flatten", operands=(previous,), result="flat", shape=shape))
            previous, shape = "flat", (1, int(np.prod(shape)))
        result = name.replace("-", "_")
        names = previous, *(f"{name}_{part}" for part in own)
        calls.append(Call(function=layer.function, operands=names, result=result, shape=shape, options=layer.arguments))
        previous, shape = result, (1, *gives)
    if len(shape) > 2:
        calls.append(Call(function="flatten", operands=(previous,), result="scores", shape=shape))
        previous, shape = "scores", (1, int(np.prod(shape)))
    for function, result, options in (
        ("softmax", "probabilities", {"dim": 1}),
        ("cross_entropy", "loss", {"label": label}),
    ):
        calls.append(Call(function=function, operands=(previous,), result=result, shape=shape, options=options))
    after = "after_" if rate else ""
    learned = tuple(name for name in operands if name != "x")
    return Operation(
        operands=operands, calls=tuple(calls), seed=seed, training=Training(loss="loss", weights=learned, rate=rate),
        shown=(Shown(name=f"{after}probabilities", panel="softmax", index=(0,), kind=PLAIN),
               Shown(name=f"{after}loss", panel="loss", kind=PLAIN)),
    )  # fmt: skip


def _weight(values: Values, layer: Layer, part: str, file: tuple[str, str] | None) -> Operand:
    kind = KERNEL if values.ndim == 4 else PLAIN
    normal = file is None and part == "weight" and not isinstance(layer, BatchNorm)
    drawn = float(np.sqrt(2 / np.prod(values.shape[1:]))) if normal else None
    return Operand(values=values, kind=kind, std=drawn, file=file)
