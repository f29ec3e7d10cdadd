"""Gradients against central differences, in double precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.functions.compute import compute, gradients

from .draws import conv_cases, fractions, pool_cases, steady


def numeric(loss, at, h=1e-6):
    slope = np.zeros_like(at)
    for cell in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[cell] += h
        down[cell] -= h
        slope[cell] = (loss(up) - loss(down)) / (2 * h)
    return slope


def check(name, operands, options, rtol=1e-5):
    (slope,) = fractions(99, np.shape(compute(name, *operands, **options)))
    found = gradients(name, slope, *operands, **options)
    assert len(found) == len(operands)
    for place, ours in enumerate(found):

        def loss(value, place=place):
            return (compute(name, *operands[:place], value, *operands[place + 1 :], **options) * slope).sum()

        np.testing.assert_allclose(ours, numeric(loss, operands[place]), rtol=rtol, atol=1e-7)


@steady(15)
@given(conv_cases())
def test_conv2d(case):
    options = {"stride": case.stride, "padding": case.padding, "dilation": case.dilation, "groups": case.groups}
    check("conv2d", fractions(case.seed, case.x, case.w, (case.out,)), options)


@steady(15)
@given(pool_cases(dilated=False), st.booleans())
def test_pools(case, counted):
    options = {"kernel_size": case.w, "stride": case.stride, "padding": case.padding, "ceil_mode": case.ceil_mode}
    x = fractions(case.seed, case.x)
    check("avg_pool2d", x, {**options, "count_include_pad": counted})
    check("max_pool2d", x, {**options, "dilation": (1, 1)})


def test_max_pool2d_gives_a_ties_gradient_to_the_first():
    assert gradients("max_pool2d", [[[5]]], np.full((1, 2, 2), 7), kernel_size=2)[0].tolist() == [[[5, 0], [0, 0]]]


@pytest.mark.parametrize(
    ("name", "shapes", "options"),
    [
        ("linear", [(3,), (2, 3), (2,)], {}),
        ("linear", [(4, 3), (2, 3), (2,)], {}),
        ("flatten", [(2, 3, 2)], {}),
        ("batch_norm", [(5, 3)], {"training": True, "eps": 1e-2}),
        ("batch_norm", [(3, 3, 2, 2), (3,), (3,)], {"training": True, "eps": 1e-2}),
        ("local_response_norm", [(2, 5, 2, 1)], {"size": 3, "alpha": 0.7, "beta": 0.6, "k": 1.5}),
        ("local_response_norm", [(1, 5, 1, 2)], {"size": 4, "alpha": 0.7, "beta": 1, "k": 2, "alpha_over_n": False}),
        ("cross_entropy", [(4,)], {"label": 2}),
        ("cross_entropy", [(3, 4)], {"label": [0, 3, 1]}),
    ],
)
def test_layers(name, shapes, options):
    check(name, fractions(7, *shapes), options)
