"""Loss functions of an estimate (`input`) and a label (`target`)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, floating, parameter, shape_text
from cnnviz.ops.activations import log_softmax

LOG_FLOOR = -100.0
REDUCTIONS = ("mean", "sum", "none")


def l1_loss(input: npt.ArrayLike, target: npt.ArrayLike, *, reduction: str = "mean") -> Array:
    """Compute the mean absolute error, |x − y|.

    Parameters
    ----------
    input, target : array of one shape, or either a scalar
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    array of no axes, or of the elements' shape for "none"

    Raises
    ------
    UsageError
        Two shapes, or another reduction.
    """
    x, y = _operands(input, target)
    return reduce(np.abs(x - y), reduction)


def mse_loss(input: npt.ArrayLike, target: npt.ArrayLike, *, reduction: str = "mean") -> Array:
    """Compute the mean squared error, (x − y)²; shapes, reductions and errors as in `l1_loss`."""
    x, y = _operands(input, target)
    return reduce((x - y) ** 2, reduction)


def huber_loss(input: npt.ArrayLike, target: npt.ArrayLike, *, reduction: str = "mean", delta: float = 1.0) -> Array:
    """Compute ½(x − y)² up to a distance of δ, and δ(|x − y| − ½δ) beyond (Huber 1964).

    Shapes, reductions and errors are as in `l1_loss`; a δ that is not above 0 raises UsageError too.
    """
    if not delta > 0:
        raise UsageError(f"delta {delta} is not possible: give a number above 0")
    x, y = _operands(input, target)
    distance = np.abs(x - y)
    return reduce(np.where(distance <= delta, distance**2 / 2, delta * (distance - delta / 2)), reduction)


def smooth_l1_loss(input: npt.ArrayLike, target: npt.ArrayLike, *, reduction: str = "mean", beta: float = 1.0) -> Array:
    """Compute ½(x − y)²/β below a distance of β, and |x − y| − ½β beyond (Girshick 2015, eq. 3, has β = 1).

    Shapes, reductions and errors are as in `l1_loss`; a negative β raises UsageError too, and β = 0 gives `l1_loss`.
    """
    if not beta >= 0:
        raise UsageError(f"beta {beta} is not possible: give a number of at least 0")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    x, y = _operands(input, target)
    distance = np.abs(x - y)
    return reduce(np.where(distance < beta, distance**2 / (2 * beta), distance - beta / 2), reduction)


def hinge_loss(input: npt.ArrayLike, target: npt.ArrayLike, margin: float = 1.0, *, reduction: str = "mean") -> Array:
    """Compute max(0, margin − y·x) for labels of −1 and 1 (Cortes & Vapnik 1995; torch has no such function).

    Shapes, reductions and errors are as in `l1_loss`; another label raises UsageError too.
    """
    x, y = _operands(input, target)
    _check_labels(y, np.abs(y) == 1, "−1 or 1")
    return reduce(np.maximum(margin - y * x, 0), reduction)


def binary_cross_entropy(
    input: npt.ArrayLike, target: npt.ArrayLike, weight: npt.ArrayLike | None = None, *, reduction: str = "mean"
) -> Array:
    """Compute −w(y ln x + (1 − y) ln(1 − x)), its logarithms at least −100 as in torch.

    Parameters
    ----------
    input, target : array of one shape, or either a scalar
        Probabilities, in [0, 1].
    weight : array that broadcasts to them, optional
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    array of no axes, or of the elements' shape for "none"

    Raises
    ------
    UsageError
        Two shapes, an estimate outside [0, 1], another reduction.
    """
    x, y = _operands(input, target)
    outside = ~((x >= 0) & (x <= 1))
    if outside.any():
        raise UsageError(f"input {x[outside].flat[0]} is no probability: give values from 0 to 1")
    with np.errstate(divide="ignore"):
        hit, miss = (np.maximum(log, LOG_FLOOR) for log in (np.log(x), np.log1p(-x)))
    terms = -(y * hit + (1 - y) * miss)
    return reduce(terms if weight is None else terms * np.asarray(weight), reduction)


def binary_cross_entropy_with_logits(
    input: npt.ArrayLike,
    target: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    *,
    reduction: str = "mean",
    pos_weight: npt.ArrayLike | None = None,
) -> Array:
    """Compute `binary_cross_entropy` of sigmoid(x) without leaving the logarithm.

    Parameters
    ----------
    input, target : array of one shape, or either a scalar
        Any scores, and probabilities.
    weight, pos_weight : array that broadcasts to them, optional
        Weight of each element, and of the positive part of each element.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    array of no axes, or of the elements' shape for "none"

    Raises
    ------
    UsageError
        Two shapes, or another reduction.
    """
    x, y = _operands(input, target)
    positive = 1.0 if pos_weight is None else np.asarray(pos_weight)
    # −ln σ(x) = max(−x, 0) + ln(1 + e^−|x|), which overflows for no x.
    softplus = np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))
    terms = (1 - y) * x + (1 + (positive - 1) * y) * softplus
    return reduce(terms if weight is None else terms * np.asarray(weight), reduction)


def nll_loss(
    input: npt.ArrayLike,
    target: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Array:
    """Compute −w_y x_y, the negative log-likelihood of class y.

    Parameters
    ----------
    input : array (C,), (N, C) or (N, C, ...)
        Log-probabilities.
    target : int array (), (N,) or (N, ...)
        Classes, 0 to C − 1, or `ignore_index`.
    weight : array (C,), optional
        Weight of each class; "mean" divides by the labels' weights.
    ignore_index : int
        The label that counts for nothing.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    array of no axes, or of the shape of `target` for "none"

    Raises
    ------
    UsageError
        A shape, a class that is not there, another reduction.
    """
    x, y = floating(input), np.asarray(target)
    if y.dtype.kind not in "iu":
        raise UsageError(f"target is {y.dtype}: give classes as integers")
    shares, total = class_shares(x, y, weight, ignore_index, 0.0)
    return _reduce_classes(x, shares, total, reduction)


def cross_entropy(
    input: npt.ArrayLike,
    target: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Array:
    """Compute −Σ_c w_c y_c ln softmax(x)_c, for labels that are classes or probabilities.

    Parameters
    ----------
    input : array (C,), (N, C) or (N, C, ...)
        Any scores (logits).
    target : int array (), (N,) or (N, ...), or float array of the shape of `input`
        Classes, 0 to C − 1 or `ignore_index`; or probabilities of all classes.
    weight : array (C,), optional
        Weight of each class; "mean" divides by the labels' weights if these are classes, as in torch.
    ignore_index : int
        The class that counts for nothing.
    reduction : {"mean", "sum", "none"}
    label_smoothing : float
        The share of each label, 0 to 1, that is spread over all classes.

    Returns
    -------
    array of no axes, or of the shape of `input` without its classes for "none"

    Raises
    ------
    UsageError
        A shape, a class that is not there, another reduction.

    References
    ----------
    Szegedy et al. 2016, arXiv:1512.00567, §7 for label smoothing.
    """
    x = floating(input)
    if x.ndim == 0:
        raise UsageError("input has shape scalar: give (C,), (N, C) or (N, C, ...)")
    shares, total = class_shares(x, np.asarray(target), weight, ignore_index, label_smoothing)
    return _reduce_classes(log_softmax(x, 0 if x.ndim == 1 else 1), shares, total, reduction)


def class_shares(
    x: Array, target: Array, weight: npt.ArrayLike | None, ignore_index: int, label_smoothing: float
) -> tuple[Array, float]:
    """Give the weighted share of every class in every label, of the shape of `x`, and what "mean" divides by.

    The loss is −Σ shares · log-probability, its gradient in the logits softmax · Σ shares − shares.
    """
    if x.ndim == 0:
        raise UsageError("input has shape scalar: give (C,), (N, C) or (N, C, ...)")
    if not 0 <= label_smoothing <= 1:
        raise UsageError(f"label_smoothing {label_smoothing} is not possible: give a number from 0 to 1")
    axis = 0 if x.ndim == 1 else 1
    classes = x.shape[axis]
    given = parameter(weight, "weight", (classes,), "one value a class")
    factors = np.ones(classes, dtype=x.dtype) if given is None else given.astype(x.dtype)
    scale = factors.reshape(-1, *[1] * (x.ndim - axis - 1))
    if target.dtype.kind == "f" and target.shape == x.shape:
        smoothed = target * (1 - label_smoothing) + label_smoothing / classes
        return scale * smoothed, x.size / classes
    labels = _labels(x, target, axis, ignore_index)
    counted = np.expand_dims(labels != ignore_index, axis)
    numbers = np.arange(classes).reshape(scale.shape)
    chosen = scale * ((np.expand_dims(labels, axis) == numbers) & counted)
    spread = np.where(counted, scale / classes, 0)
    return (1 - label_smoothing) * chosen + label_smoothing * spread, float(chosen.sum())


def _labels(x: Array, target: Array, axis: int, ignore_index: int) -> Array:
    shape = x.shape[:axis] + x.shape[axis + 1 :]
    if target.dtype.kind not in "iu":
        raise UsageError(
            f"target is {target.dtype} {shape_text(target.shape)}: give classes as integers {shape_text(shape)}, "
            f"or probabilities {shape_text(x.shape)}"
        )
    if target.shape != shape:
        raise UsageError(
            f"target has shape {shape_text(target.shape)}: give {shape_text(shape)} for input {shape_text(x.shape)}"
        )
    wrong = ((target < 0) | (target >= x.shape[axis])) & (target != ignore_index)
    if wrong.any():
        raise UsageError(f"target {target[wrong].flat[0]} is no class: give 0 to {x.shape[axis] - 1}")
    return target


def _reduce_classes(log_probabilities: Array, shares: Array, total: float, reduction: str) -> Array:
    # A class without a share counts for nothing even where its probability is 0, and 0 · ln 0 is not a number.
    terms = -np.where(shares == 0, 0, shares * np.where(shares == 0, 0, log_probabilities))
    losses = terms.sum(axis=0 if terms.ndim == 1 else 1)
    if reduction != "mean":
        return reduce(losses, reduction)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(losses.sum() / losses.dtype.type(total))


def reduce(losses: npt.ArrayLike, reduction: str) -> Array:
    """Take the mean or sum of elementwise losses, or leave them; raises UsageError for another reduction."""
    if reduction not in REDUCTIONS:
        raise UsageError(f"reduction {reduction!r} is unknown: choose {', '.join(REDUCTIONS)}")
    values = np.asarray(losses)
    if reduction == "none":
        return values
    return np.asarray(values.mean() if reduction == "mean" else values.sum())


def _operands(input: npt.ArrayLike, target: npt.ArrayLike) -> tuple[Array, Array]:
    x, y = floating(input), floating(target)
    if x.shape != y.shape and x.ndim and y.ndim:
        raise UsageError(f"target has shape {shape_text(y.shape)}, but input {shape_text(x.shape)}: give the same")
    return x, y


def _check_labels(labels: Array, right: npt.ArrayLike, wanted: str) -> None:
    wrong = ~np.asarray(right)
    if wrong.any():
        raise UsageError(f"target {labels[wrong].flat[0]} is no label here: give {wanted}")
