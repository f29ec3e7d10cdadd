"""Back-propagation: each operation's gradients, one for each operand, from the gradient of its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.ops._arrays import Array, Pair, each, floating
from cnnviz.ops.activations import softmax
from cnnviz.ops.convolution import conv_transpose2d, pad2d, windows_of
from cnnviz.ops.normalization import window_sum
from cnnviz.ops.pooling import avg_pool_divisor, max_pool2d, pool_geometry
from cnnviz.ops.unpooling import spread


def gradients(name: str, grad_output: npt.ArrayLike, *operands: npt.ArrayLike, **options: Any) -> tuple[Array, ...]:
    """Give ∂L/∂operand for each operand of the operation `name` of them, from ∂L/∂result."""
    return _GRADIENTS[name](floating(grad_output), *map(floating, operands), **options)


def _conv2d(
    grad: Array,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> tuple[Array, ...]:
    """Of the input the transposed convolution; each weight meets the inputs that it was multiplied by.

    Dumoulin & Visin 2016, §4.1 and relationship 14; `torch.nn.grad`.
    """
    step, border, gap = each(2, stride, padding, dilation)
    # What the stride left unvisited at the bottom and right is what output_padding gives back.
    unvisited = [
        (i + 2 * p - d * (k - 1) - 1) % s
        for i, k, s, p, d in zip(x.shape[-2:], weight.shape[2:], step, border, gap, strict=True)
    ]
    by_x = conv_transpose2d(grad, weight, None, step, border, unvisited, groups, gap)
    windows = windows_of(pad2d(x, border), weight.shape[2:], step, gap)
    inputs = windows.reshape(-1, groups, weight.shape[1], *windows.shape[-4:])
    grouped = grad.reshape(-1, groups, len(weight) // groups, *windows.shape[-4:-2])
    by_weight = np.einsum("ngchwij,ngohw->gocij", inputs, grouped, optimize=True).reshape(weight.shape)
    by_bias = () if bias is None else (grad.sum(axis=(*range(grad.ndim - 3), -2, -1)),)
    return by_x, by_weight, *by_bias


def _max_pool2d(grad: Array, x: Array, **options: Any) -> tuple[Array]:
    """To each window's maximum, and to the first one of equals."""
    _, indices = max_pool2d(x, **{**options, "return_indices": True})
    planes = np.zeros((int(np.prod(x.shape[:-2])), x.shape[-2] * x.shape[-1]), dtype=grad.dtype)
    places = indices.reshape(len(planes), -1)
    np.add.at(planes, (np.arange(len(planes))[:, None], places), grad.reshape(places.shape))
    return (planes.reshape(x.shape),)


def _avg_pool2d(grad: Array, x: Array, *, count_include_pad: bool = True, **options: Any) -> tuple[Array]:
    """Shared out evenly among each window's cells."""
    geometry = pool_geometry(x.shape, **options)
    share = grad / avg_pool_divisor(geometry, count_include_pad).astype(grad.dtype)
    (top, left), (rows, cols) = geometry.padding, geometry.size
    return (spread(share, geometry.kernel, geometry.stride, (top + rows, left + cols))[..., top:, left:],)


def _linear(grad: Array, x: Array, weight: Array, bias: Array | None = None) -> tuple[Array, ...]:
    """Rumelhart, Hinton & Williams 1986, eq. 4–7."""
    rows = grad.reshape(-1, len(weight))
    found = grad @ weight, rows.T @ x.reshape(len(rows), -1)
    return found if bias is None else (*found, rows.sum(axis=0))


def _batch_norm(
    grad: Array, x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float = 1e-5, **_: Any
) -> tuple[Array, ...]:
    """Through mean and variance too: Ioffe & Szegedy 2015, §3, the six equations after Algorithm 1."""
    axes = (0, *range(2, x.ndim))
    deviation = np.sqrt(x.var(axis=axes, keepdims=True) + eps)
    normal = (x - x.mean(axis=axes, keepdims=True)) / deviation
    scaled = grad if weight is None else grad * weight.reshape(-1, *[1] * (x.ndim - 2))
    through = scaled - scaled.mean(axis=axes, keepdims=True)
    through = through - normal * (scaled * normal).mean(axis=axes, keepdims=True)
    return through / deviation, *(() if weight is None else ((grad * normal).sum(axis=axes), grad.sum(axis=axes)))


def _local_response_norm(
    grad: Array, x: Array, size: int, alpha: float, beta: float, k: float, *, alpha_over_n: bool = True
) -> tuple[Array]:
    """Through the value itself, and through every sum that it is part of."""
    scale = alpha / size if alpha_over_n else alpha
    total = k + scale * window_sum(x * x, size, axis=1)
    # A value is in the sums of the channels that reach it: the window the other way round.
    reached = window_sum(grad * x * total ** (-beta - 1), size, axis=1, mirrored=True)
    return (grad * total**-beta - 2 * scale * beta * x * reached,)


def _cross_entropy(grad: Array, scores: Array, label: npt.ArrayLike) -> tuple[Array]:
    """Softmax less the label's one (Bishop 2006, eq. 4.109)."""
    probabilities, classes = softmax(scores), np.asarray(label)
    hot = np.arange(scores.shape[-1]) == classes[..., None]
    return (grad * (probabilities - hot) / classes.size,)


def _add(grad: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """A copy for each."""
    return grad, grad


def _flatten(grad: Array, x: Array) -> tuple[Array]:
    return (grad.reshape(x.shape),)


_GRADIENTS: Mapping[str, Callable[..., tuple[Array, ...]]] = {
    "conv2d": _conv2d,
    "max_pool2d": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "linear": _linear,
    "batch_norm": _batch_norm,
    "local_response_norm": _local_response_norm,
    "cross_entropy": _cross_entropy,
    "flatten": _flatten,
    "add": _add,
}
