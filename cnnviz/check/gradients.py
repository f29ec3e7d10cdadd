"""Gradients of a network held against an engine that has none: each operation's, by differences along a direction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cnnviz.check.claims import Claim
from cnnviz.functions.compute import FUNCTIONS, evaluate, gradients
from cnnviz.operation import Call, Operand, Operation
from cnnviz.programs import run

Values = npt.NDArray[np.float64]

_AWAY = {-2: 1 / 12, -1: -2 / 3, 1: 2 / 3, 2: -1 / 12}
"""How far away, in steps, an operation is computed, and how much that counts in its derivative."""

_STEP = 2.0**-7
_KINKS: Mapping[str, tuple[float, ...]] = {
    "relu6": (6,),
    "hardtanh": (1,),
    "hardswish": (3,),
    "relu": (),
    "elu": (),
    "max_pool2d": (),
}
"""Functions, by parts of their names, without a derivative where values are 0, or equal; and at which others."""


def after_training(operation: Operation, framework: str) -> dict[str, Values]:
    """The gradients, and the weights after the step along them, as cnnviz has them; what follows by an engine."""
    assert operation.training is not None
    made = evaluate(operation).items()
    found = {name: np.asarray(values) for name, values in made if name.startswith(("grad_", "after_"))}
    if operation.training.rate:
        learned = {
            name: replace(operand, values=found.get(f"after_{name}", operand.values), std=None, file=None)
            for name, operand in operation.operands.items()
        }
        forward = run(replace(operation, operands=learned, training=None, shown=()), framework)
        found |= {f"after_{name}": values for name, values in forward.items()}
    return found


def differences(operation: Operation, values: Mapping[str, Values], framework: str) -> Iterator[Claim]:
    """Of each call: how much the loss changes along a direction, by the gradients and by the engine."""
    training = operation.training
    assert training is not None
    everything = {name: operand.values for name, operand in operation.operands.items()} | dict(values)
    arriving = everything[training.grad] if training.grad else np.ones(())
    for call in operation.calls:
        slope = arriving if call.result == training.loss else everything.get(f"grad_{call.result}")
        if slope is None:
            continue
        operands = {name: everything[name] for name in call.operands}
        ways = {name: _direction(call, each) for name, each in operands.items()}
        results = {
            n: alone(
                operation, call, {name: each + n * _STEP * ways[name] for name, each in operands.items()}, framework
            )
            for n in _AWAY
        }
        products = slope * sum(weight * results[n] for n, weight in _AWAY.items()) / _STEP
        # What goes several ways has the sum of their gradients; here is one of them.
        parts = gradients(call.function, slope, *operands.values(), **call.options)
        ours = sum(float((part * way).sum()) for part, way in zip(parts, ways.values(), strict=True))
        scale = float(np.abs(products).sum()) + float(np.abs(slope * results[1]).sum())
        # Of a loss near 0 single precision leaves nothing.
        largest = max(float(np.abs(each).max(initial=0)) for each in operands.values())
        lost = float(np.finfo(np.float32).eps) * largest * float(np.abs(slope).sum())
        yield Claim(f"the gradients of {call.result}", np.array(ours), products.sum(), 1e-4 * scale + lost)


def _direction(call: Call, values: Values) -> Values:
    """A random direction; straight away from 0 where a function has kinks, of which it crosses none."""
    kinks = next((kinks for name, kinks in _KINKS.items() if name in call.function), None)
    if kinks is not None:
        return np.where(np.isclose(np.abs(values)[..., None], kinks, rtol=4 * _STEP).any(axis=-1), 0, values)
    random = np.random.default_rng(math.prod(values.shape)).normal(size=values.shape)
    # As far as a function goes that is curved, in normalization by the smallest spread.
    if call.function == "batch_norm" and values.shape == call.shape:
        return random * float(values.std(axis=(0, *range(2, values.ndim))).min())
    far = float(np.abs(values).max(initial=0)) or 1.0
    return random * (far if call.function in FUNCTIONS else min(far, 4.0))


def alone(operation: Operation, call: Call, values: Mapping[str, Values], framework: str) -> Values:
    """What an engine gives for one call of an operation with other values."""
    given = {
        name: replace(operation.operands.get(name, Operand(values=each)), values=each, std=None, file=None)
        for name, each in values.items()
    }
    call = replace(call, shape=values[call.operands[0]].shape)
    alone = Operation(operands=given, calls=(call,), shown=(), double=operation.double)
    return run(alone, framework)[call.result]
