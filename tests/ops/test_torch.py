"""torch, whose names, arguments and defaults ours are: the same calls over random parameters, where it is installed."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz import ops
from cnnviz.functions.compute import compute, gradients
from cnnviz.ops.optimizers import OPTIMIZERS

from .draws import conv_cases, fractions, pool_cases, steady, whole_numbers

torch = pytest.importorskip("torch")
F = torch.nn.functional


def same(ours, theirs, rtol=1e-9, atol=1e-11):
    expected = theirs.detach().numpy()
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours, expected, rtol=rtol, atol=atol)


def both(name, operands, options):
    """Result and gradients of ours and torch's."""
    tensors = [torch.from_numpy(np.array(array)).requires_grad_() for array in operands]
    expected = getattr(F, name)(*tensors, **options)
    same(compute(name, *operands, **options), expected)
    (slope,) = fractions(5, tuple(expected.shape))
    expected.backward(torch.from_numpy(np.asarray(slope)))
    for found, tensor in zip(gradients(name, slope, *operands, **options), tensors, strict=True):
        same(found, tensor.grad, rtol=1e-7)


@pytest.mark.parametrize("name", ["pad", "adaptive_avg_pool2d", "local_response_norm"])
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


@steady(40)
@given(conv_cases())
def test_conv2d(case):
    options = {"stride": case.stride, "padding": case.padding, "dilation": case.dilation, "groups": case.groups}
    both("conv2d", fractions(case.seed, case.x, case.w, (case.out,)), options)


@steady(40)
@given(pool_cases(), st.booleans())
def test_pools(case, counted):
    x = whole_numbers(case.seed, case.x, dtype=np.float64)
    options = {"kernel_size": case.w, "stride": case.stride, "padding": case.padding, "ceil_mode": case.ceil_mode}
    both("max_pool2d", x, {**options, "dilation": case.dilation})
    _, indices = ops.max_pool2d(x[0], dilation=case.dilation, return_indices=True, **options)
    _, places = F.max_pool2d(torch.from_numpy(x[0]), dilation=case.dilation, return_indices=True, **options)
    same(indices, places)
    if case.dilation == (1, 1):
        both("avg_pool2d", x, {**options, "count_include_pad": counted})
