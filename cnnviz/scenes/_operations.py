"""What scenes compute, told as operations; imported only where a program is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.network import Network
from cnnviz.network.layers import BatchNorm, FullyConnected, Layer, Weights
from cnnviz.operation import KERNEL, PLAIN, Call, Operand, Operation, Shown, Training
from cnnviz.parameters import Size
from cnnviz.storyboard import Values

_SURE = 1e3
"""Largest value over deviation with which float32 keeps the digits that a figure shows."""


def convolution(
    x: Values, w: Values, bias: float, stride: Size, padding: Size, dilation: Size = (1, 1), *, flip: bool = False
) -> Operation:
    """A map and a kernel, flipped first where asked for."""
    operands = _map_and_kernel(x, w, bias)
    calls = []
    if flip:
        calls = [Call(function="flip", operands=("w",), result="flipped", shape=(1, 1, *w.shape))]
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    names = "x", "flipped" if flip else "w", *(["b"] if bias else [])
    calls.append(Call(function="conv2d", operands=names, result="y", shape=(1, 1, *x.shape), options=options))
    return Operation(operands=operands, calls=tuple(calls), shown=(Shown(name="y", panel="output", index=(0, 0)),))


def output_size(i: Size, k: Size, s: Size, p: Size, d: Size) -> Operation:
    """A convolution of which only the shape is shown."""
    done = convolution(np.zeros(i), np.zeros(k), 0, s, p, d)
    shown = Shown(name="y", panel="output", index=(0, 0), size=True)
    return Operation(operands=done.operands, calls=done.calls, shown=(shown,))


def there_and_back(x: Values, w: Values, there: Size, stride: Size, padding: Size, rest: Size) -> Operation:
    """A convolution to a map of the size `there`, and its transpose with `rest` as output padding."""
    done = convolution(x, w, 0, stride, padding)
    back = _transpose(("y", "w"), "back", there, stride, padding, rest, (1, 1))
    shown = *done.shown, Shown(name="back", panel="back", index=(0, 0))
    return Operation(operands=done.operands, calls=(*done.calls, back), shown=shown, essential=0)


def transposed(
    x: Values, w: Values, bias: float, stride: Size, padding: Size, output_padding: Size, dilation: Size, *,
    counted: bool,
) -> Operation:  # fmt: skip
    """A transposed convolution; `counted` also tells how many stamps reach each cell."""
    how = x.shape, stride, padding, output_padding, dilation
    operands = _map_and_kernel(x, w, bias)
    calls, shown = [_transpose(("x", "w", *(["b"] if bias else [])), "y", *how)], [("y", "output")]
    if counted:
        operands["one"] = Operand(values=np.ones((1, 1, *x.shape)))
        operands["stamp"] = Operand(values=np.ones((1, 1, *w.shape)), kind=KERNEL)
        calls.append(_transpose(("one", "stamp"), "stamps", *how))
        shown.append(("stamps", "overlap"))
    return Operation(
        operands=operands, calls=tuple(calls), essential=0,
        shown=tuple(Shown(name=name, panel=panel, index=(0, 0)) for name, panel in shown),
    )  # fmt: skip


def _map_and_kernel(x: Values, w: Values, bias: float) -> dict[str, Operand]:
    operands = {"x": Operand(values=x[None, None]), "w": Operand(values=w[None, None], kind=KERNEL)}
    return operands | ({"b": Operand(values=np.array([bias]), kind=PLAIN)} if bias else {})


def _transpose(
    names: tuple[str, ...], result: str, size: Sequence[int], stride: Size, padding: Size, output_padding: Size,
    dilation: Size,
) -> Call:  # fmt: skip
    options = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    return Call(function="conv_transpose2d", operands=names, result=result, shape=(1, 1, *size), options=options)


def pooling(x: Values, function: str, options: Mapping[str, Any]) -> Operation:
    """A pooling of one map."""
    call = Call(function=function, operands=("x",), result="y", shape=(1, 1, *x.shape), options=options)
    return Operation(
        operands={"x": Operand(values=x[None, None])}, calls=(call,),
        shown=(Shown(name="y", panel="output", index=(0, 0)),),
    )  # fmt: skip


def unpooling(x: Values, kind: str, window: Size, stride: Size, pooled: Size) -> Operation:
    """A pooling to a map of the size `pooled`, and the way back."""
    whole, small = (1, 1, *x.shape), (1, 1, *pooled)
    size = {"kernel_size": window, "stride": stride}
    if kind == "max":
        options = {**size, "padding": (0, 0), "dilation": (1, 1), "ceil_mode": False, "return_indices": True}
        names: tuple[str, ...] = "y", "indices"
    else:
        options = {**size, "padding": (0, 0), "ceil_mode": False, "count_include_pad": True}
        names = ("y",)
    return Operation(
        operands={"x": Operand(values=x[None, None])},
        calls=(
            Call(function=f"{kind}_pool2d", operands=("x",), result="y", shape=whole, options=options),
            Call(function=f"{kind}_unpool2d", operands=names, result="unpooled", shape=small,
                 options={**size, "output_size": x.shape}),
        ),
        shown=(Shown(name="y", panel="pooled", index=(0, 0)), Shown(name="unpooled", panel="output", index=(0, 0))),
    )  # fmt: skip


def batch_norm(x: Values, gamma: Values, beta: Values, eps: float, activation: str) -> Operation:
    """Batch normalization of (samples, channels) in training, then an activation, which may be none."""
    operands = {name: Operand(values=values, kind=PLAIN) for name, values in
                (("x", x), ("gamma", gamma), ("beta", beta))}  # fmt: skip
    calls = [Call(function="batch_norm", operands=("x", "gamma", "beta"), result="y", shape=x.shape,
                  options={"training": True, "eps": eps})]  # fmt: skip
    calls.append(Call(function="batch_norm", operands=("x",), result="normalised", shape=x.shape,
                      options={"training": True, "eps": eps}))  # fmt: skip
    shown = [Shown(name="normalised", panel="normalised", kind=PLAIN), Shown(name="y", panel="scaled", kind=PLAIN)]
    if activation != "none":
        calls.append(_activation(activation.replace("-", "_"), None, "y", "activated", x.shape))
        shown.append(Shown(name="activated", panel="activated", kind=PLAIN))
    return Operation(
        operands=operands, calls=tuple(calls), shown=tuple(shown), essential=0, double=_needs_double(x, eps)
    )


def _needs_double(x: Values, eps: float) -> bool:
    axes = tuple(range(2, x.ndim)) or 0
    return bool(np.abs(x).max() / np.sqrt(min(float(x.var(axis=axes).min()), 1.0) + eps) > _SURE)


def fully_connected(x: Values, weights: Values, bias: Values) -> Operation:
    """One layer of (outputs, inputs) weights."""
    given = {"x": x, "w": weights, "b": bias}
    call = Call(function="linear", operands=("x", "w", "b"), result="y", shape=x.shape)
    return Operation(
        operands={name: Operand(values=values, kind=PLAIN) for name, values in given.items()}, calls=(call,),
        shown=(Shown(name="y", panel="output", kind=PLAIN),),
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
