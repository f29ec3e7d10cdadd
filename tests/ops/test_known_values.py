"""Values worked out by hand, or printed in the article and the papers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cnnviz import ops
from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.functions.compute import compute

COUNT = np.arange(25).reshape(1, 5, 5)
PLUS = np.array([[[[0, 1, 0], [1, 1, 1], [0, 1, 0]]]])


def test_sizes_by_the_relationships_of_dumoulin_and_visin():
    for i, k, s, p, d in np.ndindex(8, 4, 3, 4, 2):
        i, k, s, d = i + 1, k + 1, s + 1, d + 1
        positions = [start for start in range(-p, i + p, s) if start + d * (k - 1) <= i + p - 1]
        if not positions:
            continue
        o = ops.conv_output_size(i, k, s, p, d)
        assert o == len(positions)
        # Relationship 14: what the stride never reached is output padding.
        rest = (i + 2 * p - d * (k - 1) - 1) % s
        assert ops.conv_transpose_output_size(o, k, s, p, rest, d) == i


def test_conv2d():
    # Around the middle of a count by rows a plus adds up to five times the middle.
    assert ops.conv2d(COUNT, PLUS).tolist() == [[[30, 35, 40], [55, 60, 65], [80, 85, 90]]]
    # With padding 1 and stride 2 the corners miss two of them: 0 + 1 + 5 at the first.
    expected = [[[1006, 1013, 1016], [1041, 1060, 1055], [1056, 1083, 1066]]]
    assert ops.conv2d(COUNT, PLUS, [1000], 2, 1).tolist() == expected
    # The kernel is not flipped, but that of a transposed convolution is.
    assert ops.conv2d([[[1, 2, 3]]], [[[[10, 1]]]]).tolist() == [[[12, 23]]]
    assert ops.conv_transpose2d([[[1, 2]]], [[[[10, 1]]]]).tolist() == [[[10, 21, 2]]]
    assert compute("flip", [[[[1, 2], [3, 4]]]]).tolist() == [[[[4, 3], [2, 1]]]]
    x = [[[1, 2, 3, 4]], [[10, 20, 30, 40]]]
    assert ops.conv2d(x, [[[[1, 1]], [[1, 1]]]]).tolist() == [[[33, 55, 77]]]
    assert ops.conv2d(x, [[[[1, 1]]], [[[2, 0]]]], dilation=(1, 2), groups=2).tolist() == [[[4, 6]], [[20, 40]]]


def test_conv_transpose2d_stamps_the_kernel():
    stamp = [[[[1, 2], [3, 4]]]]
    assert ops.conv_transpose2d([[[1, 10]]], stamp, stride=2).tolist() == [[[1, 2, 10, 20], [3, 4, 30, 40]]]
    assert ops.conv_transpose2d([[[1, 10]]], stamp, [5], 1).tolist() == [[[6, 17, 25], [8, 39, 45]]]
    expected = [[[1, 2, 0], [3, 4, 0], [0, 0, 0]]]
    assert ops.conv_transpose2d([[[1]]], stamp, stride=2, output_padding=1).tolist() == expected


def test_pooling():
    square = [[[1, 9, 2, 3], [4, 5, 9, 8], [0, 0, 7, 6], [0, 0, 5, 7]]]
    values, indices = ops.max_pool2d(square, 2, return_indices=True)
    # Of equal values the first: 0 stands at row 2, 7 at row 2, column 2.
    assert values.tolist() == [[[9, 9], [0, 7]]]
    assert indices.tolist() == [[[1, 6], [8, 10]]]
    assert ops.avg_pool2d(square, 2).tolist() == [[[4.75, 5.5], [0, 6.25]]]
    assert ops.max_unpool2d(values, indices, 2)[0, :2].tolist() == [[0, 9, 0, 0], [0, 0, 9, 0]]
    assert ops.avg_unpool2d([[[1, 2]]], (1, 3), (1, 2)).tolist() == [[[1, 1, 1.5, 2, 2]]]
    assert (ops.max_pool2d([[[-1.0, -2], [-3, -4]]], 2, 1, 1) < 0).all(), "padding never wins"
    ones = np.ones((1, 3, 3))
    assert ops.avg_pool2d(ones, 2, 2, 1).tolist() == [[[0.25, 0.5], [0.5, 1]]]
    assert ops.avg_pool2d(ones, 2, 2, 1, count_include_pad=False).tolist() == [[[1, 1], [1, 1]]]
    assert ops.avg_pool2d(ones, 2, 2, 0, ceil_mode=True).tolist() == [[[1, 1], [1, 1]]]
    assert ops.adaptive_avg_pool2d(COUNT, 1).item() == 12
    # Rows 0–2 and 2–4: windows of unequal maps overlap.
    assert ops.adaptive_max_pool2d(COUNT, (2, 1)).ravel().tolist() == [14, 24]
    assert ops.adaptive_avg_pool2d(COUNT, (2, 1)).ravel().tolist() == [7, 17]


@pytest.mark.parametrize(
    ("i", "k", "s", "p", "floor", "ceil"),
    [(4, 3, 2, 0, 1, 2), (5, 3, 2, 0, 2, 2), (2, 1, 2, 0, 1, 1), (2, 3, 3, 1, 1, 1), (7, 2, 3, 1, 3, 3)],
)
def test_a_last_window_must_start_on_the_input(i, k, s, p, floor, ceil):
    assert ops.pool_output_size(i, k, s, p) == floor
    assert ops.pool_output_size(i, k, s, p, ceil_mode=True) == ceil


def test_local_response_norm():
    """Krizhevsky et al. 2012, §3.3: b = a / (k + α Σ a²)^β with k = 2, n = 5, α = 1e-4, β = 0.75."""
    a = np.array([10.0, 20, 30, 40, 50, 60]).reshape(1, 6, 1, 1)
    b = ops.local_response_norm(a, 5, 1e-4, 0.75, 2, alpha_over_n=False).ravel()
    # Channel 0 sees 0…2, channel 3 sees 1…5.
    assert b[0] == pytest.approx(10 / (2 + 1e-4 * (100 + 400 + 900)) ** 0.75)
    assert b[3] == pytest.approx(40 / (2 + 1e-4 * (400 + 900 + 1600 + 2500 + 3600)) ** 0.75)
    # Of even size it leans to earlier channels.
    b = ops.local_response_norm(np.array([1.0, 10, 100]).reshape(1, 3, 1, 1), 2, 2, 1, 0).ravel()
    assert b == pytest.approx([1 / 1, 10 / 101, 100 / 10100])
    # Within a channel it sees no other.
    x = np.array([[[3.0, 4], [0, 0]], [[1000, 1000], [1000, 1000]]])
    assert ops.local_response_norm_within(x, 3, 9, 1, 0)[0] == pytest.approx(np.array([[3 / 25, 4 / 25], [0, 0]]))


def test_batch_norm():
    """Ioffe & Szegedy 2015, Algorithm 1: the batch 1, 3, 5, 7 has mean 4 and biased variance 5."""
    x = np.array([[1.0], [3], [5], [7]])
    y = compute("batch_norm", x, [3.0], [1.0], training=True, eps=0)
    assert y.ravel() == pytest.approx([1 + 3 * d / math.sqrt(5) for d in (-3, -1, 1, 3)])
    assert ops.batch_norm(x, [4.0], [4.0], eps=0).ravel() == pytest.approx([-1.5, -0.5, 0.5, 1.5])
    # Of equal values nothing remains, whatever their sum rounds to.
    assert not ops.batch_norm(np.full((3, 1), 0.1), None, None, training=True, eps=1e-30).any()


def test_losses():
    assert compute("l1_loss", [1.0, 5], label=2).tolist() == [1, 3]
    assert compute("mse_loss", [1.0, 5], label=2).tolist() == [1, 9]
    assert compute("huber_loss", [1.0, 5], label=2, delta=2).tolist() == [0.5, 4]
    assert compute("smooth_l1_loss", [1.0, 5], label=2, beta=2).tolist() == [0.25, 2]
    assert compute("hinge_loss", [0.25, -2], label=1, margin=1).tolist() == [0.75, 3]
    assert compute("binary_cross_entropy", [0.5, 0.25], label=1) == pytest.approx([math.log(2), math.log(4)])
    assert compute("binary_cross_entropy_with_logits", [-1000.0, 1000, 0], label=1)[:2].tolist() == [1000, 0]
    scores = [[0.0, math.log(3)], [0, 0]]
    assert ops.cross_entropy(scores, [1, 0]) == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)


def test_activations():
    x = [-2.0, 0, 2]
    assert compute("relu", x).tolist() == [0, 0, 2]
    assert compute("leaky_relu", x, negative_slope=0.1) == pytest.approx([-0.2, 0, 2])
    assert compute("elu", x, alpha=3) == pytest.approx([3 * (math.exp(-2) - 1), 0, 2])
    assert compute("softplus", x, beta=2) == pytest.approx([math.log1p(math.exp(2 * v)) / 2 for v in x])
    assert compute("softplus", [30.0, 250], beta=0.1) == pytest.approx([10 * math.log1p(math.exp(3)), 250], rel=1e-12)
    assert compute("relu6", [-1, 3, 7]).tolist() == [0, 3, 6]
    assert compute("selu", [0.0, 1]) == pytest.approx([0, 1.0507009873554805])
    assert compute("softmax", [0, math.log(3)]) == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_of_extreme_values(name):
    entry = ACTIVATIONS[name]
    assert np.isfinite(entry.value([-1e4, 1e4])).all()
    assert np.isfinite(entry.slope([-1e4, 1e4])).all()


@pytest.mark.parametrize(
    ("name", "operands", "options", "message"),
    [
        ("conv4d", [], {}, "there is no operation 'conv4d'"),
        ("conv1d", [np.ones((2, 4)), np.ones((1, 1, 2))], {}, "takes 1 channels, but input has 2"),
        (
            "conv3d",
            [np.ones((2, 2, 2, 2)), np.ones((3, 1, 1, 1, 1))],
            {"groups": 2},
            "groups 2 does not divide the 3 kernels",
        ),
        ("pad", [COUNT], {"pad": (0, 5), "mode": "reflect"}, "reflect padding 5 is too large for an input of 5 cells"),
        ("interpolate", [COUNT], {"mode": "cubic", "size": 2}, "choose from nearest, bilinear"),
        ("pixel_shuffle", [COUNT], {"upscale_factor": 2}, "give a multiple of 4"),
        ("fold", [np.ones((4, 5))], {"output_size": 3, "kernel_size": 2}, "give a multiple of 4 rows and 4 columns"),
        ("scaled_dot_product_attention", [np.ones((2, 3))] * 2 + [np.ones((1, 3))], {}, "give .L, E., .S, E. and"),
        ("conv2d", [np.ones((1, 2, 2)), np.ones((1, 1, 3, 3))], {}, "kernel 3 does not fit the padded input 2"),
        ("conv2d", [np.ones((2, 2)), PLUS], {}, "input has shape 2×2"),
        ("conv2d", [COUNT, PLUS], {"stride": 0}, "stride 0 is not possible"),
        ("conv_transpose2d", [COUNT, PLUS], {"padding": 5, "stride": 2}, None),
        ("max_pool2d", [COUNT], {"kernel_size": 3, "padding": 2}, "more than half of kernel 3"),
        ("linear", [np.ones(3), np.ones((2, 4))], {}, "weight 2×4 does not fit input 3"),
        ("batch_norm", [np.ones((1, 2))], {"training": True}, "one value per channel"),
        ("group_norm", [np.ones((1, 3, 2))], {"num_groups": 2}, "num_groups 2 does not divide the 3"),
    ],
)
def test_a_mistake_names_the_value(name, operands, options, message):
    if message is None:
        assert compute(name, *operands, **options).shape == (1, 1, 1)
        return
    with pytest.raises(UsageError, match=message) as caught:
        compute(name, *operands, **options)
    assert "\n" not in str(caught.value)
