"""Gradients of a network held against an engine that has none: each operation's, by differences along a direction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cnnviz.functions.compute import evaluate
from cnnviz.operation import Call, Operand, Operation
from cnnviz.programs import run

Values = npt.NDArray[np.float64]

_AWAY = {-2: 1 / 12, -1: -2 / 3, 1: 2 / 3, 2: -1 / 12}
"""How far away, in steps, an operation is computed, and how much that counts in its derivative."""

_STEP = 2.0**-7
_KINKS, _ENDS = ("relu", "elu", "max_pool2d", "hard"), (1, 3, 6)
"""Functions without a derivative where values are 0, or equal, and those where some are without one."""


def after_training(operation: Operation, framework: str) -> dict[str, Values]:
    """The gradients as cnnviz computes them, and by an engine what follows the step along them."""
    assert operation.training is not None
    found = {name: np.asarray(values) for name, values in evaluate(operation).items() if name.startswith("grad_")}
    if rate := operation.training.rate:
        learned = {
            name: replace(operand, values=operand.values - rate * found[f"grad_{name}"], std=None, file=None)
            if name in operation.training.weights
            else operand
            for name, operand in operation.operands.items()
        }
        forward = run(replace(operation, operands=learned, training=None, shown=()), framework)
        found |= {f"after_{name}": values for name, values in forward.items()}
    return found


def differences(
    operation: Operation, values: Mapping[str, Values], framework: str
) -> Iterator[tuple[str, float, float, float]]:
    """Of each call its name, how much the loss changes along a direction by the gradients and by the engine, and how
    far these may be apart.
    """
    everything = {name: operand.values for name, operand in operation.operands.items()} | dict(values)
    for call in operation.calls:
        slope = everything.get(f"grad_{call.result}", np.ones(()) if call.result == "loss" else None)
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
        ours = sum(float((everything[f"grad_{name}"] * way).sum()) for name, way in ways.items())
        scale = float(np.abs(products).sum()) + float(np.abs(slope * results[1]).sum())
        # Of a loss near 0 single precision leaves nothing.
        largest = max(float(np.abs(each).max(initial=0)) for each in operands.values())
        lost = float(np.finfo(np.float32).eps) * largest * float(np.abs(slope).sum())
        yield call.result, ours, float(products.sum()), 1e-4 * scale + lost


def _direction(call: Call, values: Values) -> Values:
    """A random direction; straight away from 0 where a function has kinks, of which it crosses none."""
    if not any(kink in call.function for kink in _KINKS):
        random = np.random.default_rng(math.prod(values.shape)).normal(size=values.shape)
        return random * (float(np.abs(values).max(initial=0)) or 1.0)
    near = [
        np.abs(np.abs(values) / end - 1) < 4 * _STEP for end in _ENDS if "hard" in call.function or "6" in call.function
    ]
    return np.where(np.any(near, axis=0), 0, values) if near else values


def alone(operation: Operation, call: Call, values: Mapping[str, Values], framework: str) -> Values:
    """What an engine gives for one call of an operation with other values."""
    given = {
        name: replace(operation.operands.get(name, Operand(values=each)), values=each, std=None, file=None)
        for name, each in values.items()
    }
    call = replace(call, shape=values[call.operands[0]].shape)
    changed = replace(operation, operands=given, calls=(call,), shown=(), training=None, essential=0)
    return run(changed, framework)[call.result]
