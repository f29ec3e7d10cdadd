"""Back-propagation through a small network: each layer's gradients from the gradient of what it gave out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.ops._arrays import Array, Pair, as_maps, exact, floating, pair, parameter, shape_text
from cnnviz.ops.activation_table import ACTIVATIONS
from cnnviz.ops.activations import softmax
from cnnviz.ops.convolution import check_kernels, conv_output_size, conv_transpose2d, pad2d, windows2d
from cnnviz.ops.loss_table import LOSSES
from cnnviz.ops.losses import REDUCTIONS, class_shares
from cnnviz.ops.pooling import avg_pool_divisor, max_pool2d, pool_geometry


def conv2d_input_grad(
    input_size: Sequence[int],
    weight: npt.ArrayLike,
    grad_output: npt.ArrayLike,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Give ∂L/∂input of `conv2d`: the transposed convolution of ∂L/∂output.

    Parameters
    ----------
    input_size : (N, C, H, W) or (C, H, W)
        The shape of the input, which the output's shape alone does not tell.
    weight : array (C_out, C/groups, kH, kW)
    grad_output : array of the output's shape
    stride, padding, dilation, groups
        Those of `conv2d`.

    Returns
    -------
    array of shape `input_size`

    Raises
    ------
    UsageError
        Shapes that do not belong together.

    References
    ----------
    Dumoulin & Visin 2016, §4.1 and relationship 14; `torch.nn.grad.conv2d_input`.
    """
    size, kernels = tuple(input_size), np.asarray(weight)
    slope = _conv_slope(size, kernels, grad_output, stride, padding, dilation, groups)
    step, border, gap = pair(stride, "stride", 1), pair(padding, "padding", 0), pair(dilation, "dilation", 1)
    # What the stride left unvisited at the bottom and right is what output_padding gives back.
    unvisited = tuple(
        (i + 2 * p - d * (k - 1) - 1) % s
        for i, k, s, p, d in zip(size[-2:], kernels.shape[-2:], step, border, gap, strict=True)
    )
    return conv_transpose2d(slope, kernels, None, step, border, unvisited, groups, gap)


def conv2d_weight_grad(
    input: npt.ArrayLike,
    weight_size: Sequence[int],
    grad_output: npt.ArrayLike,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Array:
    """Give ∂L/∂weight of `conv2d`: each weight meets the inputs it was multiplied by.

    Parameters
    ----------
    input : array (N, C, H, W) or (C, H, W)
    weight_size : (C_out, C/groups, kH, kW)
    grad_output : array of the output's shape
    stride, padding, dilation, groups
        Those of `conv2d`.

    Returns
    -------
    array of shape `weight_size`; ∂L/∂bias is the sum of `grad_output` over N, H and W

    Raises
    ------
    UsageError
        Shapes that do not belong together.

    References
    ----------
    `torch.nn.grad.conv2d_weight`.
    """
    x, slope = exact(as_maps(input), np.asarray(grad_output))
    outputs, depth, rows, cols = weight_size
    slope = _conv_slope(x.shape, np.broadcast_to(0, tuple(weight_size)), slope, stride, padding, dilation, groups)
    windows = windows2d(pad2d(x, padding), (rows, cols), stride, dilation)
    height, width = windows.shape[-4:-2]
    seen = windows.reshape(-1, groups, depth, height, width, rows, cols)
    felt = slope.reshape(-1, groups, outputs // groups, height, width)
    return np.asarray(np.einsum("ngchwij,ngohw->gocij", seen, felt, optimize=True)).reshape(outputs, depth, rows, cols)


def _conv_slope(
    size: tuple[int, ...],
    kernels: Array,
    grad_output: npt.ArrayLike,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Array:
    if len(size) not in (3, 4):
        raise UsageError(f"input has shape {shape_text(size)}: give (C, H, W) or (N, C, H, W)")
    check_kernels(np.broadcast_to(0, size), kernels, groups)
    parts = pair(stride, "stride", 1), pair(padding, "padding", 0), pair(dilation, "dilation", 1)
    output = [conv_output_size(*sizes) for sizes in zip(size[-2:], kernels.shape[-2:], *parts, strict=True)]
    return _slope(grad_output, (*size[:-3], len(kernels), *output))


def _slope(grad_output: npt.ArrayLike, shape: tuple[int, ...]) -> Array:
    slope = np.asarray(grad_output)
    if slope.shape != shape:
        raise UsageError(f"grad_output has shape {shape_text(slope.shape)}: give the output's, {shape_text(shape)}")
    return slope


def max_pool2d_grad(
    input: npt.ArrayLike,
    grad_output: npt.ArrayLike,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> Array:
    """Give ∂L/∂input of `max_pool2d`: each window's gradient goes to its maximum, and to the first one of equals.

    Parameters
    ----------
    input : array (N, C, H, W) or (C, H, W)
    grad_output : array of the output's shape
    kernel_size, stride, padding, dilation, ceil_mode
        Those of `max_pool2d`.

    Returns
    -------
    array of the shape of `input`

    Raises
    ------
    UsageError
        Shapes that do not belong together.
    """
    x = as_maps(input)
    _, indices = max_pool2d(x, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)
    slope = _slope(grad_output, indices.shape)
    planes = np.zeros((int(np.prod(x.shape[:-2])), x.shape[-2] * x.shape[-1]), dtype=slope.dtype)
    places = indices.reshape(len(planes), -1)
    np.add.at(planes, (np.arange(len(planes))[:, None], places), slope.reshape(places.shape))
    return planes.reshape(x.shape)


def avg_pool2d_grad(
    input_size: Sequence[int],
    grad_output: npt.ArrayLike,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """Give ∂L/∂input of `avg_pool2d`: each window's gradient is shared out evenly among its cells.

    Parameters
    ----------
    input_size : (N, C, H, W) or (C, H, W)
        The shape of the input, which the output's shape alone does not tell.
    grad_output : array of the output's shape
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        Those of `avg_pool2d`.

    Returns
    -------
    array of shape `input_size`

    Raises
    ------
    UsageError
        Shapes that do not belong together.
    """
    size = tuple(input_size)
    geometry = pool_geometry(size, kernel_size, stride, padding, 1, ceil_mode)
    slope = floating(_slope(grad_output, (*size[:-2], *geometry.output)))
    share = slope / avg_pool_divisor(geometry, count_include_pad, divisor_override).astype(slope.dtype)
    (top, left), (rows, cols), step = geometry.padding, geometry.kernel, geometry.stride
    reach = [(o - 1) * s + 1 for o, s in zip(geometry.output, step, strict=True)]
    frame = [max(a + k - 1, i + p) for a, k, i, p in zip(reach, (rows, cols), size[-2:], (top, left), strict=True)]
    padded = np.zeros((*size[:-2], *frame), dtype=share.dtype)
    for r in range(rows):
        for c in range(cols):
            padded[..., r : r + reach[0] : step[0], c : c + reach[1] : step[1]] += share
    return padded[..., top : top + size[-2], left : left + size[-1]].copy()


def linear_grad(input: npt.ArrayLike, weight: npt.ArrayLike, grad_output: npt.ArrayLike) -> tuple[Array, Array, Array]:
    """Give ∂L/∂input, ∂L/∂weight and ∂L/∂bias of `linear`.

    Parameters
    ----------
    input : array (..., in_features)
    weight : array (out_features, in_features)
    grad_output : array (..., out_features)

    Returns
    -------
    three arrays, (..., in_features), (out_features, in_features) and (out_features,)

    Raises
    ------
    UsageError
        Shapes that do not belong together.

    References
    ----------
    Rumelhart, Hinton & Williams 1986, eq. 4–7.
    """
    x, matrix = np.asarray(input), np.asarray(weight)
    if matrix.ndim != 2 or x.ndim == 0 or x.shape[-1] != matrix.shape[1]:
        wanted = x.shape[-1] if x.ndim else 1
        raise UsageError(f"weight has shape {shape_text(matrix.shape)}: give out_features×{wanted}")
    slope = _slope(grad_output, (*x.shape[:-1], len(matrix)))
    rows = slope.reshape(-1, len(matrix))
    return slope @ matrix, rows.T @ x.reshape(-1, matrix.shape[1]), rows.sum(axis=0)


def batch_norm_grad(
    input: npt.ArrayLike, weight: npt.ArrayLike | None, grad_output: npt.ArrayLike, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """Give ∂L/∂input, ∂L/∂γ and ∂L/∂β of `batch_norm(..., training=True)`, through mean and variance too.

    Parameters
    ----------
    input : array (N, C, ...)
    weight : array (C,) or None
        γ; None is 1.
    grad_output : array of the shape of `input`
    eps : float

    Returns
    -------
    three arrays, of the shape of `input`, (C,) and (C,)

    Raises
    ------
    UsageError
        Shapes that do not belong together.

    References
    ----------
    Ioffe & Szegedy 2015, arXiv:1502.03167, §3, the six equations after Algorithm 1.
    """
    x = floating(input)
    if x.ndim < 2:
        raise UsageError(f"input has shape {shape_text(x.shape)}: give (N, C, ...) of at least 2 axes")
    slope = _slope(grad_output, x.shape)
    gamma = parameter(weight, "weight", (x.shape[1],), "one value a channel")
    axes = (0, *range(2, x.ndim))
    deviation = np.sqrt(x.var(axis=axes, keepdims=True) + eps)
    normal = (x - x.mean(axis=axes, keepdims=True)) / deviation
    scaled = slope if gamma is None else slope * gamma.reshape(-1, *[1] * (x.ndim - 2))
    through = scaled - scaled.mean(axis=axes, keepdims=True)
    through = through - normal * (scaled * normal).mean(axis=axes, keepdims=True)
    return through / deviation, (slope * normal).sum(axis=axes), slope.sum(axis=axes)


def activation_grad(
    name: str, input: npt.ArrayLike, grad_output: npt.ArrayLike, parameter: float | None = None
) -> Array:
    """Give ∂L/∂input of the activation `name` of `ACTIVATIONS`: ∂L/∂output times its derivative.

    Parameters
    ----------
    name : str
    input, grad_output : array of one shape
    parameter : float, optional
        The activation's parameter; its default unless given.

    Returns
    -------
    array of the shape of `input`

    Raises
    ------
    UsageError
        An unknown name, two shapes, a parameter that the activation has not.
    """
    if name not in ACTIVATIONS:
        raise UsageError(f"activation {name!r} is unknown: choose {', '.join(ACTIVATIONS)}")
    x = floating(input)
    return _slope(grad_output, x.shape) * ACTIVATIONS[name].slope(x, parameter)


def loss_grad(
    name: str,
    input: npt.ArrayLike,
    target: npt.ArrayLike,
    parameter: float | None = None,
    *,
    reduction: str = "mean",
) -> Array:
    """Give ∂L/∂input of the elementwise loss `name` of `LOSSES`; "none" gives each element's own gradient.

    Parameters
    ----------
    name : str
    input, target : array of one shape
    parameter : float, optional
        The loss's parameter; its default unless given.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    array of the shape of `input`

    Raises
    ------
    UsageError
        An unknown name or reduction, two shapes, a parameter that the loss has not.
    """
    if name not in LOSSES:
        raise UsageError(f"loss {name!r} is unknown: choose {', '.join(LOSSES)}")
    _check_reduction(reduction)
    x, y = floating(input), floating(target)
    if x.shape != y.shape:
        raise UsageError(f"target has shape {shape_text(y.shape)}, but input {shape_text(x.shape)}: give the same")
    slope = LOSSES[name].slope(x, y, parameter)
    return slope / x.size if reduction == "mean" else slope


def cross_entropy_grad(
    input: npt.ArrayLike,
    target: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Array:
    """Give ∂L/∂input of `cross_entropy`: softmax less label, for plain classes. "none" gives each label's own gradient.

    Parameters
    ----------
    input, target, weight, ignore_index, reduction, label_smoothing
        Those of `cross_entropy`.

    Returns
    -------
    array of the shape of `input`

    Raises
    ------
    UsageError
        What `cross_entropy` refuses.

    References
    ----------
    Bishop 2006, eq. 4.109.
    """
    _check_reduction(reduction)
    x = floating(input)
    shares, total = class_shares(x, np.asarray(target), weight, ignore_index, label_smoothing)
    axis = 0 if x.ndim == 1 else 1
    slope = softmax(x, axis) * shares.sum(axis=axis, keepdims=True) - shares
    return np.asarray(slope / slope.dtype.type(total)) if reduction == "mean" else slope


def _check_reduction(reduction: str) -> None:
    if reduction not in REDUCTIONS:
        raise UsageError(f"reduction {reduction!r} is unknown: choose {', '.join(REDUCTIONS)}")
