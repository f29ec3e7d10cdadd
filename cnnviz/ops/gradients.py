"""Back-propagation: each operation's gradients, one for each operand, from the gradient of its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, Pair, as_maps, floating, parameter, slides
from cnnviz.ops.activations import softmax
from cnnviz.ops.convolution import conv_transpose2d, pad2d, windows2d
from cnnviz.ops.normalization import window_sum
from cnnviz.ops.pooling import avg_pool_divisor, max_pool2d, pool_geometry
from cnnviz.ops.unpooling import spread


def gradients(name: str, grad_output: npt.ArrayLike, *operands: npt.ArrayLike, **options: Any) -> tuple[Array, ...]:
    """Give ∂L/∂operand for each operand of the operation `name` of them, from ∂L/∂result.

    Raises UsageError for an operation whose gradient no figure shows.
    """
    grad = floating(grad_output)
    if name not in _GRADIENTS:
        raise UsageError(f"{name} has no gradient here: use one of {', '.join(_GRADIENTS)}")
    return _GRADIENTS[name](grad, *operands, **options)


def conv2d_input_grad(
    input_size: Sequence[int],
    weight: npt.ArrayLike,
    grad_output: npt.ArrayLike,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Give ∂L/∂input of `conv2d`, for an input of this shape: the transposed convolution of ∂L/∂output.

    Dumoulin & Visin 2016, §4.1 and relationship 14; `torch.nn.grad.conv2d_input`.
    """
    step, border, gap = slides(stride, padding, dilation)
    # What the stride left unvisited at the bottom and right is what output_padding gives back.
    unvisited = tuple(
        (i + 2 * p - d * (k - 1) - 1) % s
        for i, k, s, p, d in zip(input_size[-2:], np.shape(weight)[-2:], step, border, gap, strict=True)
    )
    return conv_transpose2d(grad_output, weight, None, step, border, unvisited, groups, gap)


def conv2d_weight_grad(
    input: npt.ArrayLike,
    weight_size: Sequence[int],
    grad_output: npt.ArrayLike,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Give ∂L/∂weight of `conv2d`, for a weight of this shape: each weight meets the inputs it was multiplied by.

    `torch.nn.grad.conv2d_weight`.
    """
    x, grad = as_maps(input), floating(grad_output)
    outputs, depth, rows, cols = weight_size
    windows = windows2d(pad2d(x, padding), (rows, cols), stride, dilation)
    height, width = windows.shape[-4:-2]
    inputs = windows.reshape(-1, groups, depth, height, width, rows, cols)
    grouped = grad.reshape(-1, groups, outputs // groups, height, width)
    found = np.einsum("ngchwij,ngohw->gocij", inputs, grouped, optimize=True)
    return np.asarray(found).reshape(outputs, depth, rows, cols)


def _conv2d(grad: Array, x: Array, weight: Array, bias: Array | None = None, **options: Any) -> tuple[Array, ...]:
    by_x = conv2d_input_grad(np.shape(x), weight, grad, **options)
    by_weight = conv2d_weight_grad(x, np.shape(weight), grad, **options)
    by_bias = () if bias is None else (grad.sum(axis=(*range(grad.ndim - 3), -2, -1)),)
    return by_x, by_weight, *by_bias


def _max_pool2d(grad: Array, x: Array, **options: Any) -> tuple[Array]:
    """To each window's maximum, and to the first one of equals."""
    maps = as_maps(x)
    _, indices = max_pool2d(maps, **{**options, "return_indices": True})
    planes = np.zeros((int(np.prod(maps.shape[:-2])), maps.shape[-2] * maps.shape[-1]), dtype=grad.dtype)
    places = indices.reshape(len(planes), -1)
    np.add.at(planes, (np.arange(len(planes))[:, None], places), grad.reshape(places.shape))
    return (planes.reshape(maps.shape),)


def _avg_pool2d(grad: Array, x: Array, *, count_include_pad: bool = True, **options: Any) -> tuple[Array]:
    """Shared out evenly among each window's cells."""
    geometry = pool_geometry(np.shape(x), **options)
    share = grad / avg_pool_divisor(geometry, count_include_pad).astype(grad.dtype)
    (top, left), (rows, cols) = geometry.padding, geometry.size
    return (spread(share, geometry.kernel, geometry.stride, (top + rows, left + cols))[..., top:, left:],)


def _linear(grad: Array, x: Array, weight: Array, bias: Array | None = None) -> tuple[Array, ...]:
    """Rumelhart, Hinton & Williams 1986, eq. 4–7."""
    rows = grad.reshape(-1, len(weight))
    found = grad @ weight, rows.T @ np.reshape(x, (len(rows), -1))
    return found if bias is None else (*found, rows.sum(axis=0))


def _batch_norm(
    grad: Array, x: Array, weight: Array | None = None, bias: Array | None = None, *, training: bool, eps: float = 1e-5
) -> tuple[Array, ...]:
    """Through mean and variance too: Ioffe & Szegedy 2015, §3, the six equations after Algorithm 1."""
    if not training:
        raise UsageError("batch_norm has no gradient outside of training here: set training=True")
    axes = (0, *range(2, x.ndim))
    deviation = np.sqrt(x.var(axis=axes, keepdims=True) + eps)
    normal = (x - x.mean(axis=axes, keepdims=True)) / deviation
    gamma = parameter(weight, "weight", (x.shape[1],))
    scaled = grad if gamma is None else grad * gamma.reshape(-1, *[1] * (x.ndim - 2))
    through = scaled - scaled.mean(axis=axes, keepdims=True)
    through = through - normal * (scaled * normal).mean(axis=axes, keepdims=True)
    return through / deviation, *(() if gamma is None else ((grad * normal).sum(axis=axes), grad.sum(axis=axes)))


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
    hot = np.arange(np.shape(scores)[-1]) == classes[..., None]
    return (grad * (probabilities - hot) / classes.size,)


def _add(grad: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """A copy for each."""
    return grad, grad


def _flatten(grad: Array, x: Array) -> tuple[Array]:
    return (grad.reshape(np.shape(x)),)


_GRADIENTS: Mapping[str, Callable[..., tuple[Array, ...]]] = MappingProxyType(
    {
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
)
