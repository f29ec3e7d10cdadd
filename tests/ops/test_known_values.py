"""Values worked out by hand, or printed in the article and the papers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cnnviz import ops

COUNT = np.arange(25).reshape(1, 5, 5)
PLUS = np.array([[[[0, 1, 0], [1, 1, 1], [0, 1, 0]]]])


@pytest.mark.parametrize(("s", "p", "o"), [(1, 0, 3), (1, 1, 5), (2, 0, 2), (2, 1, 3)])
def test_sizes_of_the_articles_convolutions(s: int, p: int, o: int) -> None:
    assert ops.conv_output_size(5, 3, s, p) == o
    assert ops.conv2d(COUNT, PLUS, stride=s, padding=p).shape == (1, o, o)


@pytest.mark.parametrize(("i", "s", "p"), [(3, 1, 0), (5, 1, 1), (2, 2, 0), (3, 2, 1)])
def test_sizes_of_the_articles_transposed_convolutions(i: int, s: int, p: int) -> None:
    assert ops.conv_transpose_output_size(i, 3, s, p) == 5
    assert ops.conv_transpose2d(np.ones((1, i, i)), PLUS, stride=s, padding=p).shape == (1, 5, 5)


def test_sizes_without_stride_padding_or_dilation() -> None:
    assert ops.conv_output_size(5, 3) == ops.pool_output_size(9, 3) == 3
    assert ops.conv_transpose_output_size(5, 3) == 7


def test_conv2d_of_a_plus_adds_up_five_neighbours() -> None:
    # Around the middle of a count by rows the five add up to five times the middle.
    assert ops.conv2d(COUNT, PLUS).tolist() == [[[30, 35, 40], [55, 60, 65], [80, 85, 90]]]
    # With padding 1 and stride 2 the corners miss two of them: 0 + 1 + 5 at the first.
    assert ops.conv2d(COUNT, PLUS, [1000], 2, 1).tolist() == [
        [[1006, 1013, 1016], [1041, 1060, 1055], [1056, 1083, 1066]]
    ]


def test_conv2d_does_not_flip_the_kernel() -> None:
    assert ops.conv2d([[[1, 2, 3]]], [[[[10, 1]]]]).tolist() == [[[12, 23]]]
    assert ops.conv_transpose2d([[[1, 2]]], [[[[10, 1]]]]).tolist() == [[[10, 21, 2]]]


def test_conv2d_channels_groups_and_dilation() -> None:
    x = [[[1, 2, 3, 4]], [[10, 20, 30, 40]]]
    assert ops.conv2d(x, [[[[1, 1]], [[1, 1]]]]).tolist() == [[[33, 55, 77]]]
    assert ops.conv2d(x, [[[[1, 1]]], [[[2, 0]]]], groups=2).tolist() == [[[3, 5, 7]], [[20, 40, 60]]]
    assert ops.conv2d(x, [[[[1, 1]]], [[[2, 0]]]], dilation=(1, 2), groups=2).tolist() == [[[4, 6]], [[20, 40]]]


def test_conv_transpose2d_stamps_the_kernel() -> None:
    stamp = [[[[1, 2], [3, 4]]]]
    assert ops.conv_transpose2d([[[1, 10]]], stamp, stride=2).tolist() == [[[1, 2, 10, 20], [3, 4, 30, 40]]]
    assert ops.conv_transpose2d([[[1, 10]]], stamp, [5], 1).tolist() == [[[6, 17, 25], [8, 39, 45]]]
    assert ops.conv_transpose2d([[[1, 10]]], stamp, stride=2, padding=(0, 1)).tolist() == [[[2, 10], [4, 30]]]
    assert ops.conv_transpose2d([[[1]]], stamp, stride=2, output_padding=1).tolist() == [
        [[1, 2, 0], [3, 4, 0], [0, 0, 0]]
    ]


def test_whole_numbers_stay_exact() -> None:
    big = 2**53 + 1
    assert ops.conv2d([[[big]]], [[[[1]]]]).item() == big
    assert ops.conv_transpose2d([[[big]]], [[[[1]]]]).item() == big
    assert ops.max_pool2d([[[big, 1]]], (1, 2)).item() == big
    assert ops.max_unpool2d([[[big]]], [[[1]]], (1, 2)).tolist() == [[[0, big]]]
    assert ops.linear([big], [[1]]).item() == big
    pixels = np.full((1, 2, 2), 200, dtype=np.uint8)
    assert ops.conv2d(pixels, np.ones((1, 1, 2, 2), dtype=np.uint8)).item() == 800
    assert ops.linear(pixels[0], np.ones(2, dtype=np.uint8)).tolist() == [400, 400]
    assert ops.avg_pool2d(pixels + np.uint8(1), 2).item() == 201


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float16, np.float32, np.float64, np.bool_])
def test_types_that_come_out(dtype: type) -> None:
    x, w = np.ones((1, 4, 4), dtype=dtype), np.ones((1, 1, 2, 2), dtype=dtype)
    whole = np.dtype(dtype).kind in "biu"
    assert ops.conv2d(x, w).dtype == (np.int64 if whole else dtype)
    assert ops.conv_transpose2d(x, w).dtype == (np.int64 if whole else dtype)
    assert ops.max_pool2d(x, 2, padding=1).dtype == dtype
    assert ops.adaptive_max_pool2d(x, 2).dtype == dtype
    assert ops.pad2d(x, 1).dtype == ops.insert_zeros(x, 2).dtype == dtype
    fraction = np.float64 if whole else dtype
    means = [ops.avg_pool2d(x, 2), ops.adaptive_avg_pool2d(x, 2), ops.avg_unpool2d(x, 2), ops.softmax(x)]
    norms = [
        ops.local_response_norm(x, 3),
        ops.local_response_norm_within(x, 3),
        ops.batch_norm(x[None], None, None, training=True),
        ops.layer_norm(x, 4),
        ops.group_norm(x, 2),
    ]
    curves = [entry.value(x) for name, entry in ops.ACTIVATIONS.items() if name not in {"identity", "relu", "relu6"}]
    slopes = [entry.slope(x) for entry in ops.ACTIVATIONS.values()]
    assert {array.dtype for array in (*means, *norms, *curves, *slopes)} == {np.dtype(fraction)}
    assert ops.identity(x).dtype == dtype
    assert ops.relu6(x).dtype == ops.relu(x).dtype == (np.int64 if dtype == np.bool_ else dtype)


def test_insert_zeros_and_pad2d() -> None:
    assert ops.insert_zeros([[1, 2], [3, 4]], (3, 2)).tolist() == [[1, 0, 2], [0, 0, 0], [0, 0, 0], [3, 0, 4]]
    assert ops.insert_zeros([[1, 2]], 1).tolist() == [[1, 2]]
    assert ops.pad2d([[7]], (1, 2)).tolist() == [[0] * 5, [0, 0, 7, 0, 0], [0] * 5]
    assert ops.pad2d([[7]], 1, value=-1).tolist() == [[-1] * 3, [-1, 7, -1], [-1] * 3]


def test_windows2d_are_what_the_kernel_covers() -> None:
    seen = ops.windows2d(COUNT, 2, (2, 3), dilation=(2, 1))
    assert seen.shape == (1, 2, 2, 2, 2)
    assert seen[0, 1, 1].tolist() == [[13, 14], [23, 24]]


SQUARE = [[[1, 9, 2, 3], [4, 5, 9, 8], [0, 0, 7, 6], [0, 0, 5, 7]]]


def test_pooling_by_twos() -> None:
    values, indices = ops.max_pool2d(SQUARE, 2, return_indices=True)
    assert values.tolist() == [[[9, 9], [0, 7]]]
    assert indices.tolist() == [[[1, 6], [8, 10]]], "of equals the first"
    assert ops.avg_pool2d(SQUARE, 2).tolist() == [[[4.75, 5.5], [0, 6.25]]]
    back = ops.max_unpool2d(values, indices, 2)
    assert back.tolist() == [[[0, 9, 0, 0], [0, 0, 9, 0], [0, 0, 7, 0], [0, 0, 0, 0]]]
    assert ops.avg_unpool2d([[[4, 8]]], 2).tolist() == [[[4, 4, 8, 8]] * 2]
    assert ops.avg_unpool2d([[[4, 8]]], (1, 2), (1, 1)).tolist() == [[[4, 6, 8]]]


def test_pooling_never_takes_the_padding_for_a_maximum() -> None:
    lowest = np.full((1, 2, 2), np.iinfo(np.int8).min, dtype=np.int8)
    values, indices = ops.max_pool2d(lowest, 2, 1, 1, return_indices=True)
    assert (values == -128).all()
    assert indices.tolist() == [[[0, 0, 1], [0, 0, 1], [2, 2, 3]]]


def test_a_window_with_missing_values_gives_its_last_one() -> None:
    nan = np.nan
    values, indices = ops.max_pool2d([[[9, nan, 1, 2], [nan, 9, 3, 1]]], 2, return_indices=True)
    np.testing.assert_array_equal(values, [[[nan, 3]]])
    assert indices.tolist() == [[[4, 6]]]


def test_average_divisors() -> None:
    ones = np.ones((1, 3, 3))
    assert ops.avg_pool2d(ones, 2, 2, 1).tolist() == [[[0.25, 0.5], [0.5, 1]]]
    assert ops.avg_pool2d(ones, 2, 2, 1, count_include_pad=False).tolist() == [[[1, 1], [1, 1]]]
    assert ops.avg_pool2d(ones, 2, 2, 0, ceil_mode=True).tolist() == [[[1, 1], [1, 1]]]
    assert ops.avg_pool2d(ones, 2, 2, 0, divisor_override=8).tolist() == [[[0.5]]]


@pytest.mark.parametrize(
    ("i", "k", "s", "p", "floor", "ceil"),
    [
        (4, 3, 2, 0, 1, 2),
        (5, 3, 2, 0, 2, 2),
        (2, 1, 2, 0, 1, 1),
        (2, 3, 3, 1, 1, 1),
        (7, 2, 3, 1, 3, 3),
        (6, 2, 4, 0, 2, 2),
    ],
)
def test_a_last_window_must_start_on_the_input(i: int, k: int, s: int, p: int, floor: int, ceil: int) -> None:
    assert ops.pool_output_size(i, k, s, p) == floor
    assert ops.pool_output_size(i, k, s, p, ceil_mode=True) == ceil


def test_alexnets_local_response_norm() -> None:
    """Krizhevsky et al. 2012, §3.3: b = a / (k + α Σ a²)^β with k = 2, n = 5, α = 1e-4, β = 0.75."""
    a = np.array([10.0, 20, 30, 40, 50, 60]).reshape(1, 6, 1, 1)
    b = ops.local_response_norm(a, 5, 1e-4, 0.75, 2, alpha_over_n=False).ravel()
    # Channel 0 sees 0…2, channel 3 sees 1…5, channel 5 sees 3…5.
    assert b[0] == pytest.approx(10 / (2 + 1e-4 * (100 + 400 + 900)) ** 0.75)
    assert b[3] == pytest.approx(40 / (2 + 1e-4 * (400 + 900 + 1600 + 2500 + 3600)) ** 0.75)
    assert b[5] == pytest.approx(60 / (2 + 1e-4 * (1600 + 2500 + 3600)) ** 0.75)


def test_local_response_norm_of_even_size_leans_to_earlier_channels() -> None:
    a = np.array([1.0, 10, 100]).reshape(1, 3, 1, 1)
    b = ops.local_response_norm(a, 2, 2, 1, 0).ravel()
    assert b == pytest.approx([1 / 1, 10 / 101, 100 / 10100])


def test_local_response_norm_within_a_channel_sees_no_other() -> None:
    x = np.array([[[3.0, 4], [0, 0]], [[1000, 1000], [1000, 1000]]])
    for b in (ops.local_response_norm_within(x, 3, 9, 1, 0)[0], ops.local_response_norm_within(x[0], 3, 9, 1, 0)):
        assert b == pytest.approx(np.array([[3 / 25, 4 / 25], [0, 0]]))


def test_batch_norm_by_hand() -> None:
    """Ioffe & Szegedy 2015, Algorithm 1: the batch 1, 3, 5, 7 has mean 4 and biased variance 5."""
    x = np.array([[1.0], [3], [5], [7]])
    mean, var = np.array([10.0]), np.array([2.0])
    y = ops.batch_norm(x, mean, var, [3.0], [1.0], training=True, momentum=0.1, eps=0)
    assert y.ravel() == pytest.approx([1 + 3 * d / math.sqrt(5) for d in (-3, -1, 1, 3)])
    assert mean == pytest.approx([0.9 * 10 + 0.1 * 4])
    assert var == pytest.approx([0.9 * 2 + 0.1 * 20 / 3]), "the running variance is the unbiased one"
    y = ops.batch_norm(x, np.array([4.0]), np.array([4.0]), eps=0)
    assert y.ravel() == pytest.approx([-1.5, -0.5, 0.5, 1.5])


def test_running_statistics_of_inference_stay() -> None:
    mean, var = np.array([4.0]), np.array([4.0])
    ops.batch_norm(np.ones((3, 1)), mean, var)
    ops.instance_norm(np.ones((3, 1, 2)), mean, var, use_input_stats=False)
    assert (mean, var) == (4, 4)


def test_instance_norm_updates_its_running_statistics() -> None:
    x = np.array([[[1.0, 3]], [[5, 9]]])
    mean, var = np.array([0.0]), np.array([0.0])
    y = ops.instance_norm(x, mean, var, eps=0, momentum=0.5)
    assert y.ravel() == pytest.approx([-1, 1, -1, 1])
    assert mean == pytest.approx([0.5 * (2 + 7) / 2])
    assert var == pytest.approx([0.5 * (2 + 8) / 2])


def test_instance_norm_by_running_statistics() -> None:
    y = ops.instance_norm(
        [[[1.0, 3], [5, 7]]], np.array([1.0, 2]), np.array([3.0, 15]), [1, 6], [0, 1], use_input_stats=False, eps=1
    )
    assert y.tolist() == [[[0, 1], [1 + 6 * 3 / 4, 1 + 6 * 5 / 4]]]


def test_losses_by_hand() -> None:
    assert ops.l1_loss([1.0, 5], [2, 2]) == 2
    assert ops.mse_loss([1.0, 5], [2, 2]) == 5
    assert ops.huber_loss([1.0, 5], [2, 2], delta=2, reduction="sum") == 0.5 + 2 * (3 - 1)
    assert ops.smooth_l1_loss([1.0, 5], [2, 2], beta=2, reduction="none").tolist() == [0.25, 2]
    assert ops.hinge_loss([0.25, -2, 3], [1, 1, -1], reduction="none").tolist() == [0.75, 3, 4]
    assert ops.hinge_loss([0.25], [1], margin=0.1) == 0
    assert ops.binary_cross_entropy([0.25], [1]) == pytest.approx(math.log(4))
    assert ops.binary_cross_entropy([0.0, 1.0], [1, 1], reduction="none").tolist() == [100, 0]
    assert ops.binary_cross_entropy_with_logits([0.0], [0.3]) == pytest.approx(math.log(2))
    assert ops.binary_cross_entropy_with_logits([-1000.0, 1000], [1, 1], reduction="none").tolist() == [1000, 0]


def test_cross_entropy_by_hand() -> None:
    scores = [[0.0, math.log(3)], [0, 0]]
    assert ops.cross_entropy(scores, [1, 0], reduction="none") == pytest.approx([math.log(4 / 3), math.log(2)])
    weighted = ops.cross_entropy(scores, [1, 0], [3, 1])
    assert weighted == pytest.approx((math.log(4 / 3) + 3 * math.log(2)) / 4)
    assert ops.cross_entropy(scores, [1, -100]) == pytest.approx(math.log(4 / 3))
    half = ops.cross_entropy(scores[0], [0.5, 0.5])
    assert half == pytest.approx(0.5 * math.log(4) + 0.5 * math.log(4 / 3))
    assert ops.cross_entropy(scores[0], 1, label_smoothing=1) == pytest.approx(half)
    smoothed = 0.75 * math.log(4) + 0.25 * math.log(4 / 3)
    assert ops.cross_entropy(scores[0], [1.0, 0], label_smoothing=0.5) == pytest.approx(smoothed)
    assert ops.cross_entropy(scores[0], 0, label_smoothing=0.5) == pytest.approx(smoothed)
    assert ops.nll_loss([-0.5, -2], 1) == 2
    assert ops.cross_entropy([0.0, -np.inf], 0) == 0, "a class without a share may be impossible"


def test_activations_by_hand() -> None:
    x = np.array([-2.0, 0, 2])
    assert ops.relu(x).tolist() == [0, 0, 2]
    assert ops.leaky_relu(x, 0.1) == pytest.approx([-0.2, 0, 2])
    assert ops.elu(x, 3) == pytest.approx([3 * (math.exp(-2) - 1), 0, 2])
    assert ops.sigmoid(x) == pytest.approx([1 / (1 + math.exp(2)), 0.5, 1 / (1 + math.exp(-2))])
    assert ops.tanh(x) == pytest.approx([math.tanh(-2), 0, math.tanh(2)])
    assert ops.softplus(x, 2) == pytest.approx([math.log1p(math.exp(2 * v)) / 2 for v in x])
    assert ops.hardtanh(x).tolist() == [-1, 0, 1]
    assert ops.relu6([-1, 3, 7]).tolist() == [0, 3, 6]
    assert ops.softmax([0, math.log(3)]) == pytest.approx([0.25, 0.75])
    assert ops.selu([0.0, 1]) == pytest.approx([0, 1.0507009873554805])
    # ln(1 + e³)/0.1, where βx = 3 and x = 30; and x itself beyond the threshold of βx.
    assert ops.softplus([30.0, 250], 0.1) == pytest.approx([10 * math.log1p(math.exp(3)), 250], rel=1e-12)
    bent = [0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) for v in (-1, 2)]
    assert ops.gelu([-1.0, 2], "tanh") == pytest.approx(bent, rel=1e-12)


@pytest.mark.parametrize("name", ops.ACTIVATIONS)
def test_activations_of_extreme_and_missing_values(name: str) -> None:
    entry = ops.ACTIVATIONS[name]
    with np.errstate(over="raise", divide="raise"):
        values = entry.value([-1e4, 1e4])
        slopes = entry.slope([-1e4, 1e4])
    assert np.isfinite(values).all()
    assert np.isfinite(slopes).all()
    assert np.isnan(entry.value(np.nan))


def test_identity_is_a_copy() -> None:
    x = np.zeros(3)
    ops.identity(x)[0] = 1
    assert x.tolist() == [0, 0, 0]


def test_global_pools_are_adaptive_pools_of_one() -> None:
    assert ops.adaptive_avg_pool2d(COUNT, 1).item() == 12
    assert ops.adaptive_max_pool2d(COUNT, 1).item() == 24
    assert ops.adaptive_avg_pool2d(COUNT, (None, 1)).shape == (1, 5, 1)
