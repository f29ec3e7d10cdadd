"""Laws that the operations obey whatever their arguments: definitions as loops, adjoints, sizes, memory layout."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz import ops

from . import naive
from .draws import (
    ConvCase,
    PoolCase,
    TransposeCase,
    conv_cases,
    fractions,
    pool_cases,
    seeds,
    steady,
    transpose_cases,
    whole_numbers,
)


@steady(60)
@given(conv_cases())
def test_conv2d_is_its_definition(case: ConvCase) -> None:
    x, w = whole_numbers(case.seed, case.x, case.w, dtype=np.int64)
    window = (case.stride, case.padding, case.dilation, case.groups)
    ours = ops.conv2d(x, w, None, *window)
    assert ours.dtype == np.int64
    np.testing.assert_array_equal(ours, naive.conv2d(x, w, *window))


@steady(60)
@given(transpose_cases())
def test_conv_transpose2d_is_its_definition(case: TransposeCase) -> None:
    x, w = whole_numbers(case.seed, case.x, case.w, dtype=np.int64)
    ours = ops.conv_transpose2d(x, w, None, case.stride, case.padding, case.output_padding, case.groups, case.dilation)
    assert ours.dtype == np.int64
    expected = naive.conv_transpose2d(x, w, case.stride, case.padding, case.output_padding, case.dilation, case.groups)
    np.testing.assert_array_equal(ours, expected)


@steady(60)
@given(pool_cases())
def test_max_pool2d_is_its_definition(case: PoolCase) -> None:
    (x,) = whole_numbers(case.seed, case.x, dtype=np.int64)
    window = (case.kernel, case.stride, case.padding, case.dilation, case.ceil_mode)
    values, indices = ops.max_pool2d(x, *window, return_indices=True)
    seen = set()
    for r, c, cells, _ in naive.windows(case.x[2:], *window):
        seen.add((r, c))
        for b, m in np.ndindex(case.x[:2]):
            best = max(cells, key=lambda cell: x[(b, m, *cell)])
            assert values[b, m, r, c] == x[(b, m, *best)]
            assert indices[b, m, r, c] == best[0] * case.x[3] + best[1]
    assert seen == set(np.ndindex(values.shape[2:]))
    np.testing.assert_array_equal(ops.max_pool2d(x, *window), values)


@steady(60)
@given(pool_cases(dilated=False), st.booleans())
def test_avg_pool2d_is_its_definition(case: PoolCase, counted: bool) -> None:
    (x,) = fractions(case.seed, case.x)
    ours = ops.avg_pool2d(x, case.kernel, case.stride, case.padding, case.ceil_mode, counted)
    expected = np.full_like(ours, np.nan)
    for r, c, cells, padded in naive.windows(
        case.x[2:], case.kernel, case.stride, case.padding, (1, 1), case.ceil_mode
    ):
        total = sum(x[:, :, i, j] for i, j in cells)
        expected[:, :, r, c] = total / (padded if counted else len(cells))
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-14)


@steady(60)
@given(conv_cases())
def test_transposed_convolution_is_the_adjoint_of_convolution(case: ConvCase) -> None:
    x, w = whole_numbers(case.seed, case.x, case.w, dtype=np.int64)
    window = (case.stride, case.padding, case.dilation, case.groups)
    forward = ops.conv2d(x, w, None, *window)
    (y,) = whole_numbers(case.seed + 1, forward.shape, dtype=np.int64)
    unvisited = [
        (i + 2 * p - d * (k - 1) - 1) % s
        for i, k, s, p, d in zip(case.x[2:], case.w[2:], case.stride, case.padding, case.dilation, strict=True)
    ]
    back = ops.conv_transpose2d(y, w, None, case.stride, case.padding, unvisited, case.groups, case.dilation)
    assert back.shape == x.shape
    assert (forward * y).sum() == (x * back).sum()
    np.testing.assert_array_equal(ops.conv2d_input_grad(x.shape, w, y, *window), back)


@steady(60)
@given(conv_cases())
def test_weight_gradient_is_the_adjoint_in_the_weight(case: ConvCase) -> None:
    x, w = whole_numbers(case.seed, case.x, case.w, dtype=np.int64)
    window = (case.stride, case.padding, case.dilation, case.groups)
    forward = ops.conv2d(x, w, None, *window)
    (y,) = whole_numbers(case.seed + 1, forward.shape, dtype=np.int64)
    assert (forward * y).sum() == (w * ops.conv2d_weight_grad(x, w.shape, y, *window)).sum()


@steady(40)
@given(pool_cases(dilated=False), st.booleans(), st.sampled_from([None, 3]))
def test_average_pools_gradient_is_its_adjoint(case: PoolCase, counted: bool, divisor: int | None) -> None:
    (x,) = fractions(case.seed, case.x)
    window = (case.kernel, case.stride, case.padding, case.ceil_mode, counted, divisor)
    forward = ops.avg_pool2d(x, *window)
    (y,) = fractions(case.seed + 1, forward.shape)
    back = ops.avg_pool2d_grad(x.shape, y, *window)
    assert (forward * y).sum() == pytest.approx((x * back).sum(), rel=1e-9, abs=1e-9)


@steady(40)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 3), st.integers(1, 5), st.integers(1, 5), seeds)
def test_transposed_convolution_is_zero_insertion_padding_and_a_convolution(
    k: int, s: int, p: int, height: int, width: int, seed: int
) -> None:
    p = min(p, k - 1)
    if (min(height, width) - 1) * s + k <= 2 * p:
        p = 0
    x, w = whole_numbers(seed, (2, height, width), (2, 3, k, k), dtype=np.int64)
    stretched = ops.pad2d(ops.insert_zeros(x, s), k - p - 1)
    article = ops.conv2d(stretched, w.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1])
    np.testing.assert_array_equal(ops.conv_transpose2d(x, w, stride=s, padding=p), article)


GRID = list(itertools.product(range(1, 9), range(1, 5), range(1, 4), range(4)))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_sizes_of_convolution_count_the_kernels_positions(d: int) -> None:
    checked = 0
    for i, k, s, p in GRID:
        positions = [start for start in range(-p, i + p, s) if start + d * (k - 1) <= i + p - 1]
        if not positions:
            continue
        assert ops.conv_output_size(i, k, s, p, d) == len(positions)
        checked += 1
    assert checked > 100


def test_sizes_by_the_relationships_of_dumoulin_and_visin() -> None:
    for i, k, s, p in GRID:
        if i + 2 * p < k:
            continue
        o = ops.conv_output_size(i, k, s, p)
        relationships = {
            1: (p == 0 and s == 1, i - k + 1),
            2: (s == 1, i - k + 2 * p + 1),
            3: (s == 1 and k % 2 == 1 and p == k // 2, i),
            4: (s == 1 and p == k - 1, i + k - 1),
            5: (p == 0, (i - k) // s + 1),
            6: (True, (i + 2 * p - k) // s + 1),
        }
        for number, (applies, size) in relationships.items():
            assert not applies or o == size, f"relationship {number}: i={i} k={k} s={s} p={p}"


def test_sizes_of_transposed_convolution_by_the_relationships_of_dumoulin_and_visin() -> None:
    for i, k, s, p in GRID:
        if (i - 1) * s + k <= 2 * p:
            continue
        o = ops.conv_transpose_output_size(i, k, s, p)
        relationships = {
            8: (p == 0 and s == 1, i + k - 1),
            9: (s == 1, i + k - 1 - 2 * p),
            10: (s == 1 and k % 2 == 1 and p == k // 2, i),
            11: (s == 1 and p == k - 1, i - (k - 1)),
            12: (p == 0, s * (i - 1) + k),
            13: (True, s * (i - 1) + k - 2 * p),
        }
        for number, (applies, size) in relationships.items():
            assert not applies or o == size, f"relationship {number}: i={i} k={k} s={s} p={p}"


@pytest.mark.parametrize("d", [1, 2])
def test_transposed_convolution_gives_the_size_before_convolution(d: int) -> None:
    for i, k, s, p in GRID:
        room = i + 2 * p - d * (k - 1) - 1
        if room < 0:
            continue
        o = ops.conv_output_size(i, k, s, p, d)
        # Relationship 14: a cells remain that the stride never reached.
        assert ops.conv_transpose_output_size(o, k, s, p, room % s, d) == i


def test_size_functions_tell_the_shapes() -> None:
    for i, k, s, p in GRID[::7]:
        x, w = np.ones((1, i, i)), np.ones((1, 1, k, k))
        if i + 2 * p >= k:
            assert ops.conv2d(x, w, stride=s, padding=p).shape[-1] == ops.conv_output_size(i, k, s, p)
        if (i - 1) * s + k > 2 * p:
            size = ops.conv_transpose_output_size(i, k, s, p)
            assert ops.conv_transpose2d(x, w, stride=s, padding=p).shape[-1] == size
        if i + 2 * p >= k >= 2 * p:
            for ceil_mode in (False, True):
                size = ops.pool_output_size(i, k, s, p, 1, ceil_mode)
                assert ops.avg_pool2d(x, k, s, p, ceil_mode).shape[-1] == size
                assert ops.max_pool2d(x, k, s, p, 1, ceil_mode).shape[-1] == size


LAYOUTS = {
    "reversed": lambda a: np.ascontiguousarray(a[..., ::-1, ::-1])[..., ::-1, ::-1],
    "every second": lambda a: np.repeat(np.repeat(a, 2, axis=-1), 2, axis=-2)[..., ::2, ::2],
    "column by column": np.asfortranarray,
}
SINGLE = {
    "conv2d": lambda x: ops.conv2d(x, W, stride=2, padding=1),
    "conv_transpose2d": lambda x: ops.conv_transpose2d(x, W.transpose(1, 0, 2, 3), stride=2, padding=1),
    "conv2d_weight_grad": lambda x: ops.conv2d_weight_grad(x, W.shape, np.ones((2, 4, 5, 5)), 1, 0),
    "max_pool2d": lambda x: np.stack(ops.max_pool2d(x, 3, 2, 1, return_indices=True)),
    "avg_pool2d": lambda x: ops.avg_pool2d(x, 3, 2, 1, True),
    "adaptive_avg_pool2d": lambda x: ops.adaptive_avg_pool2d(x, (3, 2)),
    "adaptive_max_pool2d": lambda x: np.stack(ops.adaptive_max_pool2d(x, (3, 2), return_indices=True)),
    "avg_unpool2d": lambda x: ops.avg_unpool2d(x, 3, 2, 1),
    "local_response_norm": lambda x: ops.local_response_norm(x, 4, 0.3),
    "local_response_norm_within": lambda x: ops.local_response_norm_within(x, 4, 0.3),
    "batch_norm": lambda x: ops.batch_norm(x, None, None, training=True),
    "group_norm": lambda x: ops.group_norm(x, 3),
    "linear": lambda x: ops.linear(x, W[0, 0, :, :1].repeat(7, axis=1)),
    "softmax": ops.softmax,
    "gelu": ops.gelu,
}
W = np.random.default_rng(8).normal(size=(4, 3, 3, 3))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("operation", SINGLE)
def test_memory_layout_does_not_matter_and_the_input_stays(operation: str, layout: str) -> None:
    (plain,) = fractions(9, (2, 3, 7, 7))
    odd = LAYOUTS[layout](plain)
    np.testing.assert_array_equal(odd, plain)
    assert not odd.flags.c_contiguous
    odd.flags.writeable = False
    np.testing.assert_allclose(SINGLE[operation](odd), SINGLE[operation](plain), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("operation", [name for name in SINGLE if "norm" not in name and name != "conv2d_weight_grad"])
def test_a_batch_is_its_samples_one_by_one(operation: str) -> None:
    (x,) = fractions(10, (2, 3, 7, 7))
    whole = SINGLE[operation](x)
    axis = 1 if operation.endswith("max_pool2d") else 0
    apart = np.stack([SINGLE[operation](x[0]), SINGLE[operation](x[1])], axis=axis)
    np.testing.assert_allclose(whole, apart, rtol=1e-12, atol=1e-14)


def test_group_norm_of_one_group_and_of_a_group_a_channel() -> None:
    (x,) = fractions(11, (2, 6, 3, 4))
    np.testing.assert_allclose(ops.group_norm(x, 1), ops.layer_norm(x, (6, 3, 4)), rtol=1e-12)
    np.testing.assert_allclose(ops.group_norm(x, 6), ops.instance_norm(x), rtol=1e-12)


def test_normalised_values_have_mean_nought_and_variance_one() -> None:
    (x,) = fractions(12, (4, 6, 5, 3))
    x = 3 * x + 7
    for y, axes in [
        (ops.batch_norm(x, None, None, training=True, eps=0), (0, 2, 3)),
        (ops.layer_norm(x, (6, 5, 3), eps=0), (1, 2, 3)),
        (ops.instance_norm(x, eps=0), (2, 3)),
        (ops.group_norm(x, 3, eps=0).reshape(4, 3, -1), (2,)),
    ]:
        np.testing.assert_allclose(y.mean(axis=axes), 0, atol=1e-13)
        np.testing.assert_allclose(y.var(axis=axes), 1, rtol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 9])
def test_local_response_norm_is_its_definition(size: int) -> None:
    (x,) = fractions(13, (2, 5, 2, 3))
    before, after = size // 2, (size - 1) // 2
    expected = naive.local_response_norm(x, before, after, 0.7 / size, 0.6, 1.5)
    np.testing.assert_allclose(ops.local_response_norm(x, size, 0.7, 0.6, 1.5), expected, rtol=1e-12)
    expected = naive.local_response_norm(x, before, after, 0.7, 0.6, 1.5)
    ours = ops.local_response_norm(x, size, 0.7, 0.6, 1.5, alpha_over_n=False)
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


@pytest.mark.parametrize("kernel", [1, 2, (3, 2)])
def test_unpooling_undoes_pooling_where_windows_do_not_overlap(kernel: int | tuple[int, int]) -> None:
    (x,) = fractions(14, (2, 3, 6, 4))
    values, indices = ops.max_pool2d(np.abs(x), kernel, return_indices=True)
    back = ops.max_unpool2d(values, indices, kernel)
    assert back.shape == x.shape
    np.testing.assert_array_equal(ops.max_pool2d(back, kernel), values)
    assert np.count_nonzero(back) == values.size
    means = ops.avg_pool2d(x, kernel)
    spread = ops.avg_unpool2d(means, kernel)
    assert spread.shape == x.shape
    np.testing.assert_allclose(ops.avg_pool2d(spread, kernel), means, rtol=1e-12)


@pytest.mark.parametrize(("k", "s", "p"), [(3, 2, 0), (3, 1, 1), (2, 3, 0), (3, 2, 1), (4, 3, 2)])
def test_avg_unpool2d_is_the_mean_of_the_windows_that_cover_a_cell(k: int, s: int, p: int) -> None:
    (x,) = fractions(15, (1, 3, 4))
    height, width = (2 * s - 2 * p + k, 3 * s - 2 * p + k)
    covering: dict[tuple[int, int], list[float]] = {cell: [] for cell in np.ndindex(height, width)}
    for r, c, i, j in np.ndindex(3, 4, k, k):
        cell = (r * s - p + i, c * s - p + j)
        if cell in covering:
            covering[cell].append(x[0, r, c])
    expected = [[np.mean(covering[r, c] or [0.0]) for c in range(width)] for r in range(height)]
    np.testing.assert_allclose(ops.avg_unpool2d(x, k, s, p)[0], expected, rtol=1e-12)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 7), (7, 5), (6, 9)])
def test_adaptive_pools_are_their_definition(size: tuple[int, int]) -> None:
    (x,) = whole_numbers(16, (2, 6, 9), dtype=np.int64)
    means, (values, indices) = ops.adaptive_avg_pool2d(x, size), ops.adaptive_max_pool2d(x, size, return_indices=True)
    for m, r, c in np.ndindex(2, *size):
        rows = range(int(np.floor(r * 6 / size[0])), int(np.ceil((r + 1) * 6 / size[0])))
        cols = range(int(np.floor(c * 9 / size[1])), int(np.ceil((c + 1) * 9 / size[1])))
        cells = list(itertools.product(rows, cols))
        best = max(cells, key=lambda cell: x[(m, *cell)])
        assert values[m, r, c] == x[(m, *best)]
        assert indices[m, r, c] == best[0] * 9 + best[1]
        assert means[m, r, c] == pytest.approx(sum(x[(m, *cell)] for cell in cells) / len(cells))
    assert values.dtype == np.int64
    assert means.dtype == np.float64
