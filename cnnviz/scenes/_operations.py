"""What scenes compute, told as operations; imported only where a program is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.operation import PLAIN, Call, Operand, Operation, Shown
from cnnviz.storyboard import Values

_SURE = 1e3
"""Largest value over deviation with which float32 keeps the digits that a figure shows."""


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
