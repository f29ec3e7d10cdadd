"""torch, whose names, arguments and defaults ours are: the same calls over random parameters, where it is installed."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz import ops
from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.functions.compute import FUNCTIONS, compute, gradients
from cnnviz.functions.losses import LOSSES
from cnnviz.ops.optimizers import OPTIMIZERS

from .draws import conv_cases, fractions, on_axes, pool_cases, steady, transpose_cases, whole_numbers

torch = pytest.importorskip("torch")
F = torch.nn.functional
OURS = {"avg_unpool2d", "local_response_norm_within", "flip", "surface", "descend", "hinge_loss"}


def same(ours, theirs, rtol=1e-9, atol=1e-11):
    expected = theirs.detach().numpy()
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours, expected, rtol=rtol, atol=atol)


def both(name, operands, options, theirs=None, backward=True):
    """Result and gradients of ours and torch's."""
    tensors = [torch.from_numpy(np.array(array)).requires_grad_() for array in operands]
    expected = theirs(*tensors) if theirs else getattr(F, name)(*tensors, **options)
    same(compute(name, *operands, **options), expected)
    if backward:
        (slope,) = fractions(5, tuple(expected.shape))
        expected.backward(torch.from_numpy(np.asarray(slope)))
        for found, tensor in zip(gradients(name, slope, *operands, **options), tensors, strict=True):
            same(found, tensor.grad, rtol=1e-7)


def test_every_function_is_torchs_or_listed():
    every = (*FUNCTIONS, *ACTIVATIONS, *LOSSES)
    names = {name for name in every if not (hasattr(F, name) or hasattr(torch, name) or hasattr(torch.nn, name))}
    assert names - {"identity"} == OURS - {"flip"}


@pytest.mark.parametrize("name", ["pad", "adaptive_avg_pool2d", "local_response_norm", "layer_norm", "group_norm"])
def test_arguments_have_torchs_names_and_defaults(name):
    theirs, ours = (inspect.signature(getattr(of, name)).parameters for of in (F, ops))
    shared = [key for key in ours if key in theirs]
    assert list(theirs)[: len(shared)] == shared
    assert {key: ours[key].default for key in shared} == {key: theirs[key].default for key in shared}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_have_torchs_defaults(name):
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    ours = inspect.signature(OPTIMIZERS[name]).parameters
    assert {key: entry.default for key, entry in ours.items()} == {key: theirs[key].default for key in ours}


@steady(100)
@given(conv_cases())
def test_conv2d(case):
    options = {"stride": case.stride, "padding": case.padding, "dilation": case.dilation, "groups": case.groups}
    both("conv2d", fractions(case.seed, case.x, case.w, (case.out,)), options)


@steady(40)
@given(
    st.sampled_from(["constant", "reflect", "replicate", "circular"]),
    st.sampled_from([((2, 5), 1), ((2, 1, 4, 5), 2), ((1, 2, 4, 4, 5), 3)]),
    st.lists(st.integers(0, 5), min_size=6, max_size=6),
)
def test_pad(mode, shape, ends):
    size, axes = shape
    (x,) = fractions(3, size)
    options = {"pad": tuple(ends[: 2 * axes]), "mode": mode}
    try:
        theirs = F.pad(torch.from_numpy(x), **options)
    except RuntimeError:
        with pytest.raises(UsageError):
            compute("pad", x, **options)
    else:
        same(compute("pad", x, **options), theirs)


@steady(40)
@given(st.sampled_from([1, 3]), conv_cases())
def test_conv1d_and_conv3d(axes, drawn):
    case = on_axes(drawn, axes)
    options = {"stride": case.stride, "padding": case.padding, "dilation": case.dilation, "groups": case.groups}
    both(f"conv{axes}d", fractions(case.seed, case.x, case.w, (case.out,)), options, backward=False)


@steady(40)
@given(
    st.tuples(*[st.integers(1, 7)] * 4), st.sampled_from([("nearest", None), ("bilinear", False), ("bilinear", True)])
)
def test_interpolate(sizes, mode):
    options = {"size": sizes[2:], "mode": mode[0], "align_corners": mode[1]}
    both("interpolate", fractions(4, (2, 3, *sizes[:2])), options, backward=False)
    options |= {"size": None, "scale_factor": sizes[2]}
    both("interpolate", fractions(4, (2, 3, *sizes[:2])), options, backward=False)


@steady(40)
@given(conv_cases())
def test_unfold_and_fold(case):
    options = {name: getattr(case, name) for name in ("dilation", "padding", "stride")}
    options |= {"kernel_size": case.w[2:]}
    (x,) = fractions(case.seed, case.x)
    both("unfold", [x], options, backward=False)
    both("fold", [compute("unfold", x, **options)], {"output_size": case.x[2:], **options}, backward=False)


@pytest.mark.parametrize("r", [1, 2, 3])
def test_pixel_shuffle_and_back(r):
    both("pixel_shuffle", fractions(5, (2, 2 * r * r, 3, 2)), {"upscale_factor": r}, backward=False)
    both("pixel_unshuffle", fractions(5, (2, 2, 3 * r, 2 * r)), {"downscale_factor": r}, backward=False)


@pytest.mark.parametrize("causal", [False, True])
def test_attention(causal):
    shapes = (2, 4, 3), (2, 6, 3), (2, 6, 5)
    both("scaled_dot_product_attention", fractions(6, *shapes), {"is_causal": causal}, backward=False)


@steady(100)
@given(transpose_cases())
def test_conv_transpose2d(case):
    options = {"stride": case.stride, "padding": case.padding, "output_padding": case.output_padding}
    options |= {"dilation": case.dilation, "groups": case.groups}
    both("conv_transpose2d", fractions(case.seed, case.x, case.w, (case.out,)), options, backward=False)


@steady(100)
@given(pool_cases(), st.booleans())
def test_pools(case, counted):
    x = whole_numbers(case.seed, case.x, dtype=np.float64)
    options = {"kernel_size": case.kernel, "stride": case.stride, "padding": case.padding, "ceil_mode": case.ceil_mode}
    both("max_pool2d", x, {**options, "dilation": case.dilation})
    _, indices = ops.max_pool2d(x[0], dilation=case.dilation, return_indices=True, **options)
    _, places = F.max_pool2d(torch.from_numpy(x[0]), dilation=case.dilation, return_indices=True, **options)
    same(indices, places)
    if case.dilation == (1, 1):
        both("avg_pool2d", x, {**options, "count_include_pad": counted})


@pytest.mark.parametrize("size", [1, 2, (3, 2), 9])
def test_adaptive_pools(size):
    for name in ("adaptive_avg_pool2d", "adaptive_max_pool2d"):
        both(name, fractions(11, (2, 3, 7, 9)), {"output_size": size}, backward=False)


@pytest.mark.parametrize(
    ("name", "shapes", "options"),
    [
        ("local_response_norm", [(2, 6, 3, 2)], {"size": size, "alpha": 0.5, "beta": 0.6, "k": 1.5})
        for size in (1, 2, 5, 8)
    ]
    + [
        ("linear", [(4,), (5, 4), (5,)], {}),
        ("linear", [(3, 4), (5, 4), (5,)], {}),
        *((name, [(4, 5)], {}) for name in ACTIVATIONS if name not in ("identity", "tanh", "sigmoid")),
        ("leaky_relu", [(4, 5)], {"negative_slope": 0.3}),
        ("elu", [(4, 5)], {"alpha": 0.3}),
        ("softplus", [(4, 5)], {"beta": 0.3}),
    ],
)
def test_layers_and_activations(name, shapes, options):
    both(name, [3 * array for array in fractions(21, *shapes)], options)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name not in ("identity", "tanh", "sigmoid")])
def test_corners(name):
    corners = np.array([-3.0, -1, 0, 1, 3, 6])
    x = torch.from_numpy(corners).requires_grad_()
    getattr(F, name)(x).sum().backward()
    same(ACTIVATIONS[name].slope(corners), x.grad, rtol=1e-7)


def test_normalizations():
    x, gamma, beta = fractions(22, (3, 4, 5, 2), (4,), (4,))
    how = {"training": True, "eps": 1e-3}
    both("batch_norm", [x, gamma, beta], how, lambda x, g, b: F.batch_norm(x, None, None, g, b, **how))
    eps = {"eps": 1e-3}
    both("instance_norm", [x, gamma, beta], eps, lambda x, g, b: F.instance_norm(x, None, None, g, b, **eps), False)
    both("layer_norm", [x], {"normalized_shape": (5, 2)}, backward=False)
    both("group_norm", [x], {"num_groups": 2}, backward=False)


@pytest.mark.parametrize("name", [name for name in LOSSES if name not in OURS])
def test_losses(name):
    (x,) = fractions(28, (4, 5))
    x = 1 / (1 + np.exp(-x)) if LOSSES[name].prediction == "probability" else x
    own = LOSSES[name].parameter
    options = {} if own is None else {own.name: 0.6}

    def theirs(x):
        return getattr(F, name)(x, torch.full_like(x, 0.3), reduction="none", **options)

    both(name, [x], {"label": 0.3, **options}, theirs)


def test_cross_entropy():
    labels = [0, 3, 1]
    both("cross_entropy", fractions(31, (3, 4)), {"label": labels}, lambda x: F.cross_entropy(x, torch.tensor(labels)))
