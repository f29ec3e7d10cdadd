"""Loss functions of a prediction (`input`) and a label (`target`), of one shape or either a scalar.

`reduction` is "mean", "sum" or "none"; "none" gives one loss for each element.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, floating, shape_text
from cnnviz.ops.activations import log_softmax

_LOG_FLOOR = -100.0


def l1_loss(input: npt.ArrayLike, target: npt.ArrayLike, *, reduction: str = "mean") -> Array:
    """Compute the mean absolute error, |x − y|."""
    x, y = _operands(input, target)
    return _reduce(np.abs(x - y), reduction)


def mse_loss(input: npt.ArrayLike, target: npt.ArrayLike, *, reduction: str = "mean") -> Array:
    """Compute the mean squared error, (x − y)²."""
    x, y = _operands(input, target)
    return _reduce((x - y) ** 2, reduction)


def huber_loss(input: npt.ArrayLike, target: npt.ArrayLike, *, reduction: str = "mean", delta: float = 1.0) -> Array:
    """Compute ½(x − y)² up to a distance of δ > 0, and δ(|x − y| − ½δ) beyond (Huber 1964)."""
    x, y = _operands(input, target)
    distance = np.abs(x - y)
    return _reduce(np.where(distance <= delta, distance**2 / 2, delta * (distance - delta / 2)), reduction)


def smooth_l1_loss(input: npt.ArrayLike, target: npt.ArrayLike, *, reduction: str = "mean", beta: float = 1.0) -> Array:
    """Compute ½(x − y)²/β below a distance of β > 0, and |x − y| − ½β beyond (Girshick 2015, eq. 3, has β = 1)."""
    x, y = _operands(input, target)
    distance = np.abs(x - y)
    return _reduce(np.where(distance < beta, distance**2 / (2 * beta), distance - beta / 2), reduction)


def hinge_loss(input: npt.ArrayLike, target: npt.ArrayLike, margin: float = 1.0, *, reduction: str = "mean") -> Array:
    """Compute max(0, margin − y·x) for labels of −1 and 1 (Cortes & Vapnik 1995; torch has no such function)."""
    x, y = _operands(input, target)
    _check(y, np.abs(y) == 1, "target", "−1 or 1")
    return _reduce(np.maximum(margin - y * x, 0), reduction)


def binary_cross_entropy(input: npt.ArrayLike, target: npt.ArrayLike, *, reduction: str = "mean") -> Array:
    """Compute −(y ln x + (1 − y) ln(1 − x)) of probabilities x, its logarithms at least −100 as in torch."""
    x, y = _operands(input, target)
    _check(x, (x >= 0) & (x <= 1), "input", "probabilities, from 0 to 1")
    with np.errstate(divide="ignore"):
        hit, miss = (np.maximum(log, _LOG_FLOOR) for log in (np.log(x), np.log1p(-x)))
    return _reduce(-(y * hit + (1 - y) * miss), reduction)


def binary_cross_entropy_with_logits(input: npt.ArrayLike, target: npt.ArrayLike, *, reduction: str = "mean") -> Array:
    """Compute `binary_cross_entropy` of sigmoid(x) without leaving the logarithm."""
    x, y = _operands(input, target)
    # −ln σ(x) = max(−x, 0) + ln(1 + e^−|x|), which overflows for no x.
    return _reduce((1 - y) * x + np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x))), reduction)


def cross_entropy(input: npt.ArrayLike, target: npt.ArrayLike) -> Array:
    """Compute the mean of −ln softmax(x)_y, for scores (C,) or (N, C) and classes () or (N,)."""
    scores, classes = floating(input), np.asarray(target)
    if scores.shape[:-1] != classes.shape:
        raise UsageError(f"target has shape {shape_text(classes.shape)}: give {shape_text(scores.shape[:-1])}")
    _check(classes, (classes >= 0) & (classes < scores.shape[-1]), "target", f"0 to {scores.shape[-1] - 1}")
    return np.asarray(-np.take_along_axis(log_softmax(scores), classes[..., None], axis=-1).mean())


def _reduce(losses: Array, reduction: str) -> Array:
    if reduction == "none":
        return np.asarray(losses)
    return np.asarray(losses.mean() if reduction == "mean" else losses.sum())


def _operands(input: npt.ArrayLike, target: npt.ArrayLike) -> tuple[Array, Array]:
    x, y = floating(input), floating(target)
    if x.shape != y.shape and x.ndim and y.ndim:
        raise UsageError(f"target has shape {shape_text(y.shape)}, but input {shape_text(x.shape)}: give the same")
    return x, y


def _check(values: Array, right: npt.ArrayLike, name: str, wanted: str) -> None:
    wrong = ~np.asarray(right)
    if wrong.any():
        raise UsageError(f"{name} {values[wrong].flat[0]} is not possible: give {wanted}")
