"""Operations by their names in torch.nn.functional: computed, gone back through, and whole graphs of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import cnnviz.ops as ops
from cnnviz.errors import UsageError
from cnnviz.operation import Operation
from cnnviz.ops import Array, floating

if TYPE_CHECKING:
    from cnnviz.functions.definition import Definition


def compute(name: str, *operands: npt.ArrayLike, **options: Any) -> Any:
    """Compute the function `name` of torch.nn.functional, or one of cnnviz's own where torch has none, of arrays.

    Losses take the option `label` and give one loss for each element. A result is an array; of `max_pool2d` with
    `return_indices` two. Raises UsageError for an unknown name and for what the function refuses.
    """
    if name in FUNCTIONS:
        return FUNCTIONS[name](*operands, **options)
    function, operands, parameter = _elementwise(name, operands, options)
    return function.value(*operands, parameter=parameter)


def gradients(name: str, grad_output: npt.ArrayLike, *operands: npt.ArrayLike, **options: Any) -> tuple[Array, ...]:
    """Give ∂L/∂operand for each operand of `compute(name, *operands, **options)`, from ∂L/∂result.

    Raises UsageError for an operation whose gradient no figure shows.
    """
    if name in FUNCTIONS:
        return ops.gradients(name, grad_output, *operands, **options)
    function, operands, parameter = _elementwise(name, operands, options)
    return (floating(grad_output) * function.slope(*operands, parameter=parameter),)


def _elementwise(
    name: str, operands: tuple[Any, ...], options: Mapping[str, Any]
) -> tuple[Definition, tuple[Any, ...], float | None]:
    """An activation or a loss, its operands, a loss's label among them, and its parameter; raises UsageError."""
    from cnnviz.functions.activations import ACTIVATIONS
    from cnnviz.functions.losses import LOSSES

    function: Definition | None = ACTIVATIONS.get(name) or LOSSES.get(name)
    if function is None:
        known = ", ".join((*FUNCTIONS, *ACTIVATIONS, *LOSSES))
        raise UsageError(f"there is no operation {name!r}: choose from {known}")
    operands = (*operands, options["label"]) if name in LOSSES else operands
    return function, operands, options.get(function.parameter.name) if function.parameter else None


def evaluate(operation: Operation) -> dict[str, Array]:
    """Compute every result of an operation by its name.

    With training also ∂loss/∂v as `grad_v` for each operand and result v, and where the rate is not 0 what everything
    is after the step, as `after_v`.
    """
    values = {name: operand.values for name, operand in operation.operands.items()}
    results = _forward(operation, values)
    if operation.training is None:
        return results
    grads = _backward(operation, values | results)
    found = results | {f"grad_{name}": grad for name, grad in grads.items()}
    if operation.training.rate:
        learned = {name: values[name] - operation.training.rate * grads[name] for name in operation.training.weights}
        after = learned | _forward(operation, values | learned)
        found |= {f"after_{name}": value for name, value in after.items()}
    return found


def _forward(operation: Operation, values: Mapping[str, Array]) -> dict[str, Array]:
    results: dict[str, Array] = {}
    for call in operation.calls:
        operands = [results[name] if name in results else values[name] for name in call.operands]
        result = compute(call.function, *operands, **call.options)
        if call.options.get("return_indices"):
            result, results["indices"] = result
        results[call.result] = result
    return results


def _backward(operation: Operation, values: Mapping[str, Array]) -> dict[str, Array]:
    assert operation.training is not None
    training = operation.training
    grads: dict[str, Array] = {training.loss: values[training.grad] if training.grad else np.ones(())}
    for call in reversed(operation.calls):
        if call.result in grads:
            operands = [values[name] for name in call.operands]
            found = gradients(call.function, grads[call.result], *operands, **call.options)
            # What went two ways gets the sum of both gradients.
            for name, grad in zip(call.operands, found, strict=True):
                grads[name] = grads[name] + grad if name in grads else grad
    return grads


def _batch_norm(
    x: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    bias: npt.ArrayLike | None = None,
    *,
    training: bool,
    eps: float,
) -> Array:
    return ops.batch_norm(x, weight, bias, eps)


def _batch_norm_inference(x: npt.ArrayLike, mean: npt.ArrayLike, variance: npt.ArrayLike, *, eps: float) -> Array:
    """With statistics from training, (samples, channels): Ioffe and Szegedy (2015), Algorithm 2."""
    return np.asarray((floating(x) - floating(mean)) / np.sqrt(floating(variance) + eps))


def _dropout(x: npt.ArrayLike, mask: npt.ArrayLike, *, p: float) -> Array:
    """Keep what a mask of zeros and ones says, larger by 1/(1 − p): Srivastava et al. (2014), "Dropout", §10."""
    return np.asarray(floating(x) * floating(mask) / (1 - p))


def _cross_entropy(x: npt.ArrayLike, *, label: npt.ArrayLike) -> Array:
    return ops.cross_entropy(x, np.broadcast_to(label, np.shape(x)[:-1]))


def _mean_cross_entropy(x: npt.ArrayLike, labels: npt.ArrayLike) -> Array:
    return np.asarray(ops.cross_entropy(x, np.asarray(labels, int)).mean())


def _surface(points: npt.ArrayLike, *, surface: str) -> Array:
    from cnnviz.functions.surfaces import SURFACES

    return SURFACES[surface].f(*np.moveaxis(floating(points), -1, 0))


def _descend(start: npt.ArrayLike, *, surface: str, rule: str, steps: int, **options: Any) -> Array:
    """Where an optimizer is on a surface before and after each step, (steps + 1, 2)."""
    from cnnviz.functions.surfaces import SURFACES
    from cnnviz.ops.optimizers import OPTIMIZERS

    optimizer = OPTIMIZERS[rule](**options)
    path, state = [floating(start)], optimizer.init(start)
    for _ in range(steps):
        moved, state = optimizer.step(path[-1], SURFACES[surface].gradient(*path[-1]), state)
        path.append(moved)
    return np.array(path)


_OPS = (
    "pad",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose2d",
    "deform_conv2d",
    "max_pool2d",
    "avg_pool2d",
    "adaptive_max_pool2d",
    "adaptive_avg_pool2d",
    "max_unpool2d",
    "avg_unpool2d",
    "interpolate",
    "pixel_shuffle",
    "pixel_unshuffle",
    "unfold",
    "tokens",
    "scaled_dot_product_attention",
    "local_response_norm",
    "local_response_norm_within",
    "layer_norm",
    "instance_norm",
    "group_norm",
    "linear",
    "flatten",
    "flip",
    "softmax",
)
"""Operations that are functions of `ops` as they are."""

FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        **{name: getattr(ops, name) for name in _OPS},
        "batch_norm": _batch_norm,
        "batch_norm_inference": _batch_norm_inference,
        "add": np.add,
        "dropout": _dropout,
        "cross_entropy": _cross_entropy,
        "mean_cross_entropy": _mean_cross_entropy,
        "surface": _surface,
        "descend": _descend,
    }
)
"""Every operation that a figure computes, by name, but for activations and losses."""
