"""Every mistake is told in one line that names the value and what would work; here the whole line is compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cnnviz import ops
from cnnviz.errors import UsageError

MAPS = np.zeros((2, 3, 3))
ONE = np.zeros((1, 3, 3))
FLAT = np.zeros((3, 3))
READ_ONLY = np.zeros(3)
READ_ONLY.flags.writeable = False


def kernels(*shape: int) -> np.ndarray:
    return np.zeros(shape)


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    # Convolution
    (lambda: ops.conv2d(FLAT, kernels(1, 1, 2, 2)), "input has shape 3×3: give (C, H, W) or (N, C, H, W)"),
    (lambda: ops.conv2d(np.zeros((1, 0, 3)), kernels(1, 1, 2, 2)), "input has maps of 0×3 cells: give at least 1×1"),
    (lambda: ops.conv2d(ONE, kernels(2, 2)), "weight has shape 2×2: give (C_out, C/groups, kH, kW), no size 0"),
    (lambda: ops.conv2d(ONE, kernels(1, 1, 5, 5)), "kernel 5 does not fit the padded input 3 (= 3 + 2·0)"),
    (lambda: ops.conv2d(ONE, kernels(1, 1, 7, 7), padding=1), "kernel 7 does not fit the padded input 5 (= 3 + 2·1)"),
    (
        lambda: ops.conv2d(ONE, kernels(1, 1, 3, 3), dilation=2),
        "kernel 3 dilated to 5 (= 2·(3 − 1) + 1) does not fit the padded input 3 (= 3 + 2·0)",
    ),
    (
        lambda: ops.conv2d(ONE, kernels(1, 1, 2, 2), stride=0),
        "stride 0 is not possible: give an integer of at least 1, or such a pair (rows, cols)",
    ),
    (
        lambda: ops.conv2d(ONE, kernels(1, 1, 2, 2), stride=(1, 2, 3)),
        "stride (1, 2, 3) is not possible: give an integer of at least 1, or such a pair (rows, cols)",
    ),
    (
        lambda: ops.conv2d(ONE, kernels(1, 1, 2, 2), padding=-1),
        "padding -1 is not possible: give an integer of at least 0, or such a pair (rows, cols)",
    ),
    (
        lambda: ops.conv2d(ONE, kernels(1, 1, 2, 2), dilation=1.5),
        "dilation 1.5 is not possible: give an integer of at least 1, or such a pair (rows, cols)",
    ),
    (
        lambda: ops.conv2d(ONE, kernels(1, 1, 2, 2), padding="same"),
        "padding 'same' is not possible: give an integer of at least 0, or such a pair (rows, cols)",
    ),
    (
        lambda: ops.conv2d(ONE, kernels(1, 1, 2, 2), padding=True),
        "padding True is not possible: give an integer of at least 0, or such a pair (rows, cols)",
    ),
    (
        lambda: ops.conv2d(MAPS, kernels(1, 3, 2, 2)),
        "weight 1×3×2×2 with groups 1 takes 3 input channels (= 3·1), but input has 2",
    ),
    (
        lambda: ops.conv2d(MAPS, kernels(3, 1, 2, 2), groups=2),
        "groups 2 does not divide the 3 output channels of weight",
    ),
    (
        lambda: ops.conv2d(ONE, kernels(2, 1, 2, 2), [1, 2, 3]),
        "bias has shape 3: give 2, one value an output channel",
    ),
    # Transposed convolution
    (
        lambda: ops.conv_transpose2d(ONE, kernels(1, 1, 1, 1), padding=2),
        "padding 2 leaves no output: its two sides take 4 of 3 cells",
    ),
    (
        lambda: ops.conv_transpose2d(ONE, kernels(1, 1, 2, 2), stride=2, output_padding=2),
        "output_padding 2 is not possible: it must be less than stride 2 or dilation 1",
    ),
    (
        lambda: ops.conv_transpose2d(MAPS, kernels(1, 1, 2, 2)),
        "weight 1×1×2×2 takes 1 input channels, but input has 2",
    ),
    (
        lambda: ops.conv_transpose2d(MAPS, kernels(2, 1, 2, 2), groups=3),
        "groups 3 does not divide the 2 input channels",
    ),
    (lambda: ops.conv_transpose2d(MAPS, FLAT), "weight has shape 3×3: give (C, C_out/groups, kH, kW), no size 0"),
    # Pooling
    (lambda: ops.max_pool2d(ONE, 4), "kernel 4 does not fit the padded input 3 (= 3 + 2·0)"),
    (lambda: ops.max_pool2d(ONE, 2, padding=2), "padding 2 is more than half of kernel 2: give at most 1"),
    (
        lambda: ops.max_pool2d(np.zeros((1, 1, 4)), 2, 1, 1, 2),
        "kernel 2 with dilation 2 and padding 1 steps over the whole input 1: dilate less",
    ),
    (
        lambda: ops.avg_pool2d(ONE, 2, divisor_override=0),
        "divisor_override 0 is not possible: give another integer, or None for the window's size",
    ),
    (
        lambda: ops.adaptive_avg_pool2d(ONE, (2, 0)),
        "output_size (2, 0) is not possible: give an integer of at least 1, or such a pair (rows, cols)",
    ),
    (
        lambda: ops.max_unpool2d(ONE, [[[1]]], 2),
        "indices have shape 1×1×1, but input 1×3×3: give the same",
    ),
    (
        lambda: ops.max_unpool2d([[[1]]], [[[1.0]]], 2),
        "indices are float64: give the integers that max_pool2d returns",
    ),
    (lambda: ops.max_unpool2d([[[1]]], [[[4]]], 2), "index 4 lies outside the unpooled map of 2×2 cells"),
    (lambda: ops.max_unpool2d([[[1]]], [[[-1]]], 2), "index -1 lies outside the unpooled map of 2×2 cells"),
    (lambda: ops.avg_unpool2d([[[1]]], 2, output_size=(4, 2)), "output size 4 is not possible: give 1 to 3"),
    (lambda: ops.avg_unpool2d([[[1]]], 2, padding=1), "padding 1 leaves no output: its two sides take 2 of 2 cells"),
    # Normalisation
    (lambda: ops.local_response_norm(FLAT, 3), "input has shape 3×3: give (N, C, ...) of at least 3 axes"),
    (lambda: ops.local_response_norm(ONE, 0), "size 0 is not possible: give an integer of at least 1"),
    (lambda: ops.local_response_norm_within([1], 3), "input has shape 1: give (..., H, W)"),
    (
        lambda: ops.batch_norm(FLAT, None, None),
        "running_mean and running_var are missing: give both, or normalise by the input's own",
    ),
    (
        lambda: ops.batch_norm(FLAT[:1], None, None, training=True),
        "input 1×3 has one value a channel: training needs more than one",
    ),
    (
        lambda: ops.batch_norm(FLAT, np.zeros(2), np.ones(3)),
        "running_mean has shape 2: give 3, one value a channel",
    ),
    (
        lambda: ops.batch_norm(FLAT, READ_ONLY, None, training=True),
        "running_mean is updated in place: give a writable floating-point array of 3 values",
    ),
    (lambda: ops.batch_norm(FLAT, None, None, [1], training=True), "weight has shape 1: give 3, one value a channel"),
    (
        lambda: ops.instance_norm(np.zeros((1, 2, 1))),
        "input 1×2×1 has maps of one value: instance_norm needs more than one",
    ),
    (lambda: ops.layer_norm(FLAT, 4), "normalized_shape 4 is not the end of input's shape 3×3"),
    (lambda: ops.group_norm(FLAT, 2), "num_groups 2 does not divide the 3 input channels"),
    # Linear and activations
    (lambda: ops.linear([1, 2], FLAT), "weight 3×3 takes 3 inputs, but input 2 has 2"),
    (lambda: ops.linear([1, 2, 3], ONE), "weight has shape 1×3×3: give (out_features, in_features)"),
    (lambda: ops.linear([1, 2, 3], FLAT, [1]), "bias has shape 1: give 3, one value an output"),
    (lambda: ops.gelu(FLAT, "erf"), "approximate 'erf' is unknown: choose none or tanh"),
    (lambda: ops.hardtanh(FLAT, 1, 1), "min_val 1 is not below max_val 1: give a smaller one"),
    (lambda: ops.softmax(FLAT, 2), "dim 2 is not an axis of input, which has 2"),
    # Losses
    (lambda: ops.l1_loss([1, 2], [1]), "target has shape 1, but input 2: give the same"),
    (lambda: ops.l1_loss([1], [1], reduction="max"), "reduction 'max' is unknown: choose mean, sum, none"),
    (lambda: ops.huber_loss([1], [1], delta=0), "delta 0 is not possible: give a number above 0"),
    (lambda: ops.smooth_l1_loss([1], [1], beta=-1), "beta -1 is not possible: give a number of at least 0"),
    (lambda: ops.hinge_loss([1], [0]), "target 0.0 is no label here: give −1 or 1"),
    (lambda: ops.binary_cross_entropy([1.5], [1]), "input 1.5 is no probability: give values from 0 to 1"),
    (lambda: ops.cross_entropy([0.0, 1], 2), "target 2 is no class: give 0 to 1"),
    (lambda: ops.cross_entropy(FLAT, [0, 1]), "target has shape 2: give 3 for input 3×3"),
    (lambda: ops.cross_entropy(1.0, 0), "input has shape scalar: give (C,), (N, C) or (N, C, ...)"),
    (
        lambda: ops.cross_entropy(FLAT, [0.5, 1, 2]),
        "target is float64 3: give classes as integers 3, or probabilities 3×3",
    ),
    (
        lambda: ops.cross_entropy(FLAT, [0, 1, 2], label_smoothing=2),
        "label_smoothing 2 is not possible: give a number from 0 to 1",
    ),
    (lambda: ops.nll_loss(FLAT, FLAT), "target is float64: give classes as integers"),
    (lambda: ops.nll_loss(FLAT, [0, 1, 2], [1, 2]), "weight has shape 2: give 3, one value a class"),
    # Gradients
    (
        lambda: ops.conv2d_input_grad((1, 3, 3), kernels(1, 1, 2, 2), ONE),
        "grad_output has shape 1×3×3: give the output's, 1×2×2",
    ),
    (
        lambda: ops.conv2d_weight_grad(ONE, (1, 1, 2, 2), ONE),
        "grad_output has shape 1×3×3: give the output's, 1×2×2",
    ),
    (lambda: ops.max_pool2d_grad(ONE, ONE, 2), "grad_output has shape 1×3×3: give the output's, 1×1×1"),
    (lambda: ops.avg_pool2d_grad((1, 3, 3), ONE, 2), "grad_output has shape 1×3×3: give the output's, 1×1×1"),
    (lambda: ops.linear_grad([1, 2], FLAT, [1]), "weight has shape 3×3: give out_features×2"),
    (lambda: ops.linear_grad(1.0, FLAT, [1]), "weight has shape 3×3: give out_features×1"),
    (lambda: ops.batch_norm_grad([1], None, [1]), "input has shape 1: give (N, C, ...) of at least 2 axes"),
    (
        lambda: ops.activation_grad("rule", [1], [1]),
        "activation 'rule' is unknown: choose identity, relu, leaky_relu, elu, tanh, sigmoid, selu, softplus, relu6, "
        "hardtanh, gelu, silu, hardswish, mish",
    ),
    (
        lambda: ops.loss_grad("l2", [1], [1]),
        "loss 'l2' is unknown: choose l1_loss, mse_loss, huber_loss, binary_cross_entropy, hinge_loss, smooth_l1_loss, "
        "binary_cross_entropy_with_logits",
    ),
    (
        lambda: ops.cross_entropy_grad(FLAT, [0, 1, 2], reduction="all"),
        "reduction 'all' is unknown: choose mean, sum, none",
    ),
    # Optimizers
    (lambda: ops.SGD(-0.1), "lr -0.1 is not possible: give a finite number of at least 0"),
    (lambda: ops.SGD(float("nan")), "lr nan is not possible: give a finite number of at least 0"),
    (lambda: ops.SGD(0.1, nesterov=True), "nesterov needs momentum above 0 and dampening 0, not 0.0 and 0.0"),
    (lambda: ops.RMSprop(alpha=1), "alpha 1 is not possible: give a finite number from 0 to below 1"),
    (
        lambda: ops.Adam(betas=(0.9, 1.0)),
        "betas (0.9, 1.0) is not possible: give a finite number from 0 to below 1",
    ),
    (
        lambda: ops.SGD().step([1, 2], [1], ops.SGD().init([1, 2])),
        "grad has shape 1, but params 2: give the same",
    ),
    # Tables
    (lambda: ops.ACTIVATIONS["relu"].slope(1, 2), "relu has no parameter to set to 2: leave it out"),
    (lambda: ops.LOSSES["huber_loss"].value(1, 2, -1), "delta -1 is not possible: give a number above 0"),
]


@pytest.mark.parametrize(("mistake", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_message(mistake: Callable[[], Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        mistake()
    assert str(caught.value) == message
