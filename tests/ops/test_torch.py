"""torch, whose names, arguments and defaults ours are: the same calls over random parameters, where it is installed."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz import ops

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

torch = pytest.importorskip("torch")
F = torch.nn.functional


def tensors(*arrays: np.ndarray | None) -> list[Any]:
    return [None if array is None else torch.from_numpy(np.array(array)) for array in arrays]


def same(ours: np.ndarray, theirs: Any, rtol: float = 1e-10, atol: float = 1e-12) -> None:
    expected = theirs.detach().numpy()
    assert ours.shape == expected.shape
    assert ours.dtype == expected.dtype
    np.testing.assert_allclose(ours, expected, rtol=rtol, atol=atol)


OURS_DIFFER = {
    # Ours has no in-place variant, and softmax needs no default that torch itself warns of.
    "inplace",
    "_stacklevel",
    "dtype",
    # torch's deprecated pair that `reduction` replaced, and its late `weight` of the elementwise losses.
    "size_average",
    "reduce",
}
WRAPPED = {"max_pool2d": "max_pool2d_with_indices", "adaptive_max_pool2d": "adaptive_max_pool2d_with_indices"}


NAMES = """
max_pool2d adaptive_avg_pool2d adaptive_max_pool2d max_unpool2d local_response_norm batch_norm layer_norm instance_norm
group_norm relu leaky_relu elu selu relu6 hardtanh hardswish silu mish softmax log_softmax l1_loss mse_loss huber_loss
smooth_l1_loss cross_entropy nll_loss binary_cross_entropy binary_cross_entropy_with_logits
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_arguments_have_torchs_names_and_defaults(name: str) -> None:
    theirs = inspect.signature(getattr(F, WRAPPED.get(name, name))).parameters
    ours = inspect.signature(getattr(ops, name)).parameters
    wanted = {key: theirs[key].default for key in theirs if key in ours}
    if "softmax" in name:
        wanted["dim"] = -1
    assert {key: ours[key].default for key in wanted} == wanted
    missing = set(theirs) - set(ours) - OURS_DIFFER
    assert missing <= ({"weight"} if name in {"l1_loss", "mse_loss", "huber_loss"} else set())
    assert set(ours) - set(theirs) <= {"alpha_over_n"}


@pytest.mark.parametrize("name", ops.OPTIMIZERS)
def test_optimizers_have_torchs_defaults(name: str) -> None:
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    ours = inspect.signature(ops.OPTIMIZERS[name]).parameters
    assert {key: entry.default for key, entry in ours.items()} == {key: theirs[key].default for key in ours}


@steady(150)
@given(conv_cases(), st.booleans())
def test_conv2d_and_its_gradients(case: ConvCase, batched: bool) -> None:
    x, w, b = fractions(case.seed, case.x, case.w, (case.out,))
    x = x if batched else x[0]
    tx, tw, tb = (t.requires_grad_() for t in tensors(x, w, b))
    window = (case.stride, case.padding, case.dilation, case.groups)
    theirs = F.conv2d(tx, tw, tb, *window)
    same(ops.conv2d(x, w, b, *window), theirs)
    slope = fractions(case.seed + 1, tuple(theirs.shape))[0]
    theirs.backward(torch.from_numpy(slope))
    same(ops.conv2d_input_grad(x.shape, w, slope, *window), tx.grad)
    same(ops.conv2d_weight_grad(x, w.shape, slope, *window), tw.grad)


@steady(150)
@given(transpose_cases(), st.booleans())
def test_conv_transpose2d(case: TransposeCase, batched: bool) -> None:
    x, w, b = fractions(case.seed, case.x, case.w, (case.out,))
    x = x if batched else x[0]
    window = (case.stride, case.padding, case.output_padding, case.groups, case.dilation)
    same(ops.conv_transpose2d(x, w, b, *window), F.conv_transpose2d(*tensors(x, w, b), *window))


def test_whole_numbers_convolve_as_in_torch() -> None:
    x, w = whole_numbers(3, (2, 2, 6, 5), (3, 2, 3, 2), dtype=np.int64)
    same(ops.conv2d(x, w, stride=2, padding=1), F.conv2d(*tensors(x, w), stride=2, padding=1))


@steady(150)
@given(pool_cases(), st.booleans())
def test_max_pool2d_its_indices_and_its_gradient(case: PoolCase, batched: bool) -> None:
    (x,) = whole_numbers(case.seed, case.x, dtype=np.float64)
    x = x if batched else x[0]
    window = (case.kernel, case.stride, case.padding, case.dilation, case.ceil_mode)
    tx = torch.from_numpy(x.copy()).requires_grad_()
    theirs, places = F.max_pool2d(tx, *window, return_indices=True)
    ours, indices = ops.max_pool2d(x, *window, return_indices=True)
    same(ours, theirs)
    same(indices, places)
    slope = fractions(case.seed, ours.shape)[0]
    theirs.backward(torch.from_numpy(slope))
    same(ops.max_pool2d_grad(x, slope, *window), tx.grad)


@steady(150)
@given(pool_cases(dilated=False), st.booleans(), st.sampled_from([None, 1, 3, -2]))
def test_avg_pool2d_and_its_gradient(case: PoolCase, counted: bool, divisor: int | None) -> None:
    (x,) = fractions(case.seed, case.x)
    window = (case.kernel, case.stride, case.padding, case.ceil_mode, counted, divisor)
    tx = torch.from_numpy(x.copy()).requires_grad_()
    theirs = F.avg_pool2d(tx, *window)
    same(ops.avg_pool2d(x, *window), theirs)
    slope = fractions(case.seed, tuple(theirs.shape))[0]
    theirs.backward(torch.from_numpy(slope))
    same(ops.avg_pool2d_grad(x.shape, slope, *window), tx.grad)


def test_pool_output_size_over_a_grid() -> None:
    torch_size = torch._C._nn.max_pool2d_with_indices
    for i, k, s, p, d, ceil in itertools.product(
        range(1, 8), (1, 2, 3, 5), (1, 2, 3), (0, 1, 2), (1, 2), (False, True)
    ):
        if 2 * p > k:
            continue
        try:
            wanted = torch_size(torch.zeros(1, i, 50), (k, 1), (s, 1), (p, 0), (d, 1), ceil)[0].shape[1]
        except RuntimeError:
            with pytest.raises(ValueError, match="does not fit"):
                ops.pool_output_size(i, k, s, p, d, ceil)
            continue
        assert ops.pool_output_size(i, k, s, p, d, ceil) == wanted, (i, k, s, p, d, ceil)


def test_max_pool2d_of_missing_and_infinite_values() -> None:
    nan, inf = np.nan, np.inf
    x = np.array([[[1, nan, 3, -inf], [nan, 5, 2, -inf], [-inf, -inf, 4, nan], [-inf, -inf, inf, 0]]])
    for window in [(2, 1), (2, 2), (3, 1, 1), (2, 2, 1)]:
        ours, theirs = (
            f(a, *window, return_indices=True) for f, a in ((ops.max_pool2d, x), (F.max_pool2d, tensors(x)[0]))
        )
        same(ours[0], theirs[0])
        same(ours[1], theirs[1])


@pytest.mark.parametrize("size", [1, 2, (3, 2), (None, 4), (5, None), 9])
def test_adaptive_pools(size: Any) -> None:
    (x,) = whole_numbers(11, (2, 3, 7, 9), dtype=np.float64)
    (tx,) = tensors(x)
    same(ops.adaptive_avg_pool2d(x, size), F.adaptive_avg_pool2d(tx, size))
    values, indices = ops.adaptive_max_pool2d(x, size, return_indices=True)
    wanted, places = F.adaptive_max_pool2d(tx, size, return_indices=True)
    same(values, wanted)
    same(indices, places)


@pytest.mark.parametrize("output_size", [None, (7, 9), (2, 3, 6, 8)])
def test_max_unpool2d(output_size: Any) -> None:
    (x,) = fractions(12, (2, 3, 7, 9))
    values, indices = ops.max_pool2d(x, 2, 2, return_indices=True)
    if output_size is None:
        indices = indices // 9 * 8 + indices % 9
    ours = ops.max_unpool2d(values, np.minimum(indices, 47), 2, 2, 0, output_size)
    theirs = F.max_unpool2d(*tensors(values, np.minimum(indices, 47)), 2, 2, 0, output_size)
    same(ours, theirs)


@steady(60)
@given(st.integers(1, 8), st.integers(1, 9), st.floats(1e-3, 2), st.floats(0.25, 2), st.floats(0.5, 3), seeds)
def test_local_response_norm_of_odd_and_even_size(
    c: int, n: int, alpha: float, beta: float, k: float, seed: int
) -> None:
    (x,) = fractions(seed, (2, c, 3, 2))
    same(ops.local_response_norm(x, n, alpha, beta, k), F.local_response_norm(*tensors(x), n, alpha, beta, k))


@steady(60)
@given(st.booleans(), st.booleans(), st.booleans(), st.floats(0, 1), st.integers(0, 2), seeds)
def test_batch_norm_and_its_gradient(
    training: bool, affine: bool, running: bool, momentum: float, extra: int, seed: int
) -> None:
    x, g, b, mean, var = fractions(seed, (4, 3, *(2, 5)[:extra]), *[(3,)] * 4)
    var = np.abs(var) + 0.1
    stats = (mean, var) if running or not training else (None, None)
    weights = (g, b) if affine else (None, None)
    tx, *rest = tensors(x, *stats, *weights)
    tx.requires_grad_()
    theirs = F.batch_norm(tx, *rest, training, momentum, 1e-3)
    same(ops.batch_norm(x, *stats, *weights, training, momentum, 1e-3), theirs)
    for ours, updated in zip(stats, rest[:2], strict=True):
        if ours is not None:
            same(ours, updated)
    if training:
        slope = fractions(seed + 1, x.shape)[0]
        theirs.backward(torch.from_numpy(slope))
        same(ops.batch_norm_grad(x, weights[0], slope, 1e-3)[0], tx.grad, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("use_input_stats", [True, False])
def test_instance_norm(use_input_stats: bool) -> None:
    x, g, b, mean = fractions(21, (3, 4, 5, 2), (4,), (4,), (4,))
    var = np.linspace(0.5, 2, 4)
    _, *rest = tensors(x, mean, var, g, b)
    theirs = F.instance_norm(*tensors(x), *rest, use_input_stats, 0.3, 1e-3)
    same(ops.instance_norm(x, mean, var, g, b, use_input_stats, 0.3, 1e-3), theirs)
    same(mean, rest[0])
    same(var, rest[1])


@pytest.mark.parametrize("shape", [(2,), (5, 2), (4, 5, 2)])
def test_layer_norm(shape: tuple[int, ...]) -> None:
    x, g, b = fractions(22, (3, 4, 5, 2), shape, shape)
    tx, tg, tb = tensors(x, g, b)
    same(ops.layer_norm(x, shape, g, b, 1e-3), F.layer_norm(tx, shape, tg, tb, 1e-3))


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_norm(groups: int) -> None:
    x, g, b = fractions(23, (2, 6, 3, 2), (6,), (6,))
    tx, tg, tb = tensors(x, g, b)
    same(ops.group_norm(x, groups, g, b, 1e-3), F.group_norm(tx, groups, tg, tb, 1e-3))


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
def test_linear_and_its_gradients(shape: tuple[int, ...]) -> None:
    x, w, b = fractions(24, shape, (5, 4), (5,))
    tx, tw, tb = (t.requires_grad_() for t in tensors(x, w, b))
    theirs = F.linear(tx, tw, tb)
    same(ops.linear(x, w, b), theirs)
    same(ops.linear(x, w[0]), F.linear(tx, tw[0]))
    slope = fractions(25, tuple(theirs.shape))[0]
    theirs.backward(torch.from_numpy(slope))
    for ours, wanted in zip(ops.linear_grad(x, w, slope), (tx.grad, tw.grad, tb.grad), strict=True):
        same(ours, wanted)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(name, None) for name in ops.ACTIVATIONS] + [(name, 0.3) for name, f in ops.ACTIVATIONS.items() if f.parameter],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activation_and_its_derivative_corners_included(name: str, parameter: float | None, dtype: Any) -> None:
    entry = ops.ACTIVATIONS[name]
    corners = [-6, -3, -1, 0, 1, 3, 6, -200, 200]
    x = np.concatenate([corners, np.random.default_rng(26).normal(size=200) * 4]).astype(dtype)
    tx = torch.from_numpy(x).requires_grad_()
    theirs = (tx * 1) if name == "identity" else getattr(F, name)(tx, *[] if parameter is None else [parameter])
    close = {"rtol": 1e-4, "atol": 1e-6} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-12}
    same(entry.value(x, parameter), theirs, **close)
    theirs.backward(torch.ones_like(tx))
    same(entry.slope(x, parameter), tx.grad, **close)


def test_gelu_by_its_tanh_approximation_and_softmaxes() -> None:
    (x,) = fractions(27, (3, 4, 5))
    (tx,) = tensors(x)
    same(ops.gelu(x, "tanh"), F.gelu(tx, approximate="tanh"))
    same(ops.softplus(x, 2.0, 0.5), F.softplus(tx, 2.0, 0.5))
    for dim in (-1, 0, 1):
        same(ops.softmax(x, dim), F.softmax(tx, dim))
        same(ops.log_softmax(x, dim), F.log_softmax(tx, dim))


ELEMENTWISE = [("l1_loss", {}), ("mse_loss", {}), ("huber_loss", {"delta": 0.6}), ("smooth_l1_loss", {"beta": 0.4})]


@pytest.mark.parametrize(("name", "options"), [*ELEMENTWISE, ("smooth_l1_loss", {"beta": 0})])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_loss_of_real_numbers_and_its_gradient(name: str, options: dict[str, float], reduction: str) -> None:
    x, y = fractions(28, (4, 5), (4, 5))
    x[0, :3] = y[0, :3]
    tx, ty = tensors(x, y)
    tx.requires_grad_()
    theirs = getattr(F, name)(tx, ty, reduction=reduction, **options)
    same(getattr(ops, name)(x, y, reduction=reduction, **options), theirs)
    theirs.sum().backward()
    same(ops.loss_grad(name, x, y, *options.values(), reduction=reduction), tx.grad)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_binary_cross_entropies_and_their_gradients(reduction: str) -> None:
    z, w, p = fractions(29, (4, 5), (4, 5), (5,))
    w, p = np.abs(w), np.abs(p)
    y = np.random.default_rng(30).random((4, 5))
    x = 1 / (1 + np.exp(-z))
    x[0, :2] = 0, 1
    tx, tz, ty, tw, tp = tensors(x, z * 30, y, w, p)
    tx.requires_grad_()
    tz.requires_grad_()
    theirs = F.binary_cross_entropy(tx, ty, tw, reduction=reduction)
    same(ops.binary_cross_entropy(x, y, w, reduction=reduction), theirs)
    scores = F.binary_cross_entropy_with_logits(tz, ty, tw, reduction=reduction, pos_weight=tp)
    same(ops.binary_cross_entropy_with_logits(z * 30, y, w, reduction=reduction, pos_weight=p), scores)
    F.binary_cross_entropy(tx, ty, reduction=reduction).sum().backward()
    # At a certainty torch divides by 1e-12 in single precision.
    same(ops.loss_grad("binary_cross_entropy", x, y, reduction=reduction), tx.grad, rtol=1e-7)
    F.binary_cross_entropy_with_logits(tz, ty, reduction=reduction).sum().backward()
    same(ops.loss_grad("binary_cross_entropy_with_logits", z * 30, y, reduction=reduction), tz.grad)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("extra", [None, (), (2,), (2, 3)])
def test_cross_entropy_nll_and_gradient(
    reduction: str, smoothing: float, weighted: bool, extra: tuple[int, ...] | None
) -> None:
    shape = (5,) if extra is None else (4, 5, *extra)
    rng = np.random.default_rng(31)
    x, labels = rng.normal(size=shape), rng.integers(0, 5, shape[:0] if extra is None else (4, *extra))
    probabilities = rng.random(shape)
    weight = rng.random(5) + 0.1 if weighted else None
    if extra is not None:
        labels[1] = 2
    for y, ignored in ((labels, -100), (labels, 2), (probabilities, -100)):
        if y is labels and ignored == 2 and extra is None:
            continue
        (ty, tw), (tx,) = tensors(y, weight), tensors(x)
        tx.requires_grad_()
        options = {"ignore_index": ignored, "reduction": reduction, "label_smoothing": smoothing}
        theirs = F.cross_entropy(tx, ty, tw, **options)
        same(ops.cross_entropy(x, y, weight, **options), theirs)
        theirs.sum().backward()
        same(ops.cross_entropy_grad(x, y, weight, **options), tx.grad)
        if y is labels:
            options.pop("label_smoothing")
            wanted = F.nll_loss(tensors(x)[0], ty, tw, **options)
            same(ops.nll_loss(x, y, weight, **options), wanted)


def test_cross_entropy_of_nothing_but_ignored_labels_is_not_a_number() -> None:
    x = np.zeros((2, 3))
    assert np.isnan(ops.cross_entropy(x, [-100, -100]))
    assert torch.isnan(F.cross_entropy(*tensors(x, np.array([-100, -100]))))


RULES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.1, "nesterov": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.2, "weight_decay": 0.1, "initial_accumulator_value": 0.4, "eps": 1e-3}),
    ("RMSprop", {"lr": 0.1}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.7, "eps": 1e-3, "weight_decay": 0.1, "momentum": 0.6, "centered": True}),
    ("Adadelta", {"lr": 0.5}),
    ("Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-3, "weight_decay": 0.1, "amsgrad": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-3, "weight_decay": 0.3, "amsgrad": True}),
]


@pytest.mark.parametrize(("name", "options"), RULES)
def test_optimizer_over_ten_steps(name: str, options: dict[str, Any]) -> None:
    x = fractions(32, (2, 3))[0]
    slopes = fractions(33, (10, 2, 3))[0]
    weight = torch.from_numpy(x.copy()).requires_grad_()
    theirs = getattr(torch.optim, name)([weight], **options)
    ours = ops.OPTIMIZERS[name](**options)
    state = ours.init(x)
    for slope in slopes:
        weight.grad = torch.from_numpy(slope.copy())
        theirs.step()
        x, state = ours.step(x, slope, state)
        same(x, weight, rtol=1e-9)
        for slot, memory in state.slots.items():
            same(memory, theirs.state[weight][slot], rtol=1e-9)


def test_optimizers_are_all_compared() -> None:
    assert {name for name, _ in RULES} == set(ops.OPTIMIZERS)
