"""ONNX Runtime over random parameters: another implementation, run on the very arrays that ours gets."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import onnxruntime
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from cnnviz import ops

from .draws import (
    Case,
    conv_cases,
    fractions,
    on_axes,
    pool_cases,
    seeds,
    steady,
    transpose_cases,
    whole_numbers,
)

OPSET = 20


@functools.cache
def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return options


def runtime(operator: str, *given: np.ndarray | None, outputs: int = 1, **attributes: Any) -> list[np.ndarray]:
    """Run one ONNX operator; None is an input that is left out."""
    every, results = ["" if a is None else f"i{n}" for n, a in enumerate(given)], [f"o{n}" for n in range(outputs)]
    names, inputs = [name for name in every if name], [array for array in given if array is not None]
    types = [helper.np_dtype_to_tensor_dtype(array.dtype) for array in inputs]
    made = [types[0], *[TensorProto.INT64] * (outputs - 1)] if operator == "MaxPool" else [types[0]] * outputs
    graph = helper.make_graph(
        [helper.make_node(operator, every, results, **attributes)],
        operator,
        [helper.make_tensor_value_info(n, t, a.shape) for n, t, a in zip(names, types, inputs, strict=True)],
        [helper.make_tensor_value_info(n, t, None) for n, t in zip(results, made, strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), _options(), providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip(names, inputs, strict=True)))


def windows(case: Any) -> dict[str, Any]:
    """The attributes of a case's windows, as ONNX names them."""
    return {"strides": case.stride, "pads": [*case.padding, *case.padding], "dilations": case.dilation}


@steady(100)
@given(st.sampled_from([1, 2, 2, 3]), conv_cases())
def test_convolutions(axes: int, drawn: Case) -> None:
    case = drawn if axes == 2 else on_axes(drawn, axes)
    x, w, b = whole_numbers(case.seed, case.x, case.w, (case.out,))
    (theirs,) = runtime("Conv", x, w, b, **windows(case), group=case.groups)
    convolve = {1: ops.conv1d, 2: ops.conv2d, 3: ops.conv3d}[axes]
    np.testing.assert_array_equal(convolve(x, w, b, case.stride, case.padding, case.dilation, case.groups), theirs)


@steady(50)
@given(conv_cases(), st.booleans())
def test_deform_conv2d(case: Case, masked: bool) -> None:
    weights = case.out, case.x[1], *case.w[2:]
    cells, out = math.prod(case.w[2:]), ops.conv2d(*whole_numbers(0, case.x, weights), None, *case[3:6]).shape
    shapes = (case.x[0], 2 * cells, *out[2:]), weights, (case.x[0], cells, *out[2:])
    x, offset, w, mask = fractions(case.seed, case.x, *shapes, dtype=np.float32)
    share = mask if masked else None
    (theirs,) = runtime("DeformConv", x, w, 2 * offset, None, share, **windows(case), kernel_shape=case.w[2:])
    ours = ops.deform_conv2d(x, 2 * offset, w, share, case.stride, case.padding, case.dilation)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@steady(25)
@given(conv_cases())
def test_unfold(case: Case) -> None:
    x, w = whole_numbers(case.seed, case.x, (2, case.x[1], *case.w[2:]))
    how = case.w[2:], case.dilation, case.padding, case.stride
    columns = ops.unfold(x, *how)
    (theirs,) = runtime("Conv", x, w, **windows(case))
    np.testing.assert_array_equal((w.reshape(2, -1) @ columns).reshape(theirs.shape), theirs)


@steady(25)
@given(st.tuples(*[st.integers(1, 7)] * 4), st.sampled_from(["nearest", "half_pixel", "align_corners"]), seeds)
def test_interpolate(sizes: tuple[int, ...], how: str, seed: int) -> None:
    (x,) = fractions(seed, (1, 2, *sizes[:2]), dtype=np.float32)
    nearest = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    attributes = nearest if how == "nearest" else {"mode": "linear", "coordinate_transformation_mode": how}
    (theirs,) = runtime("Resize", x, None, None, np.array([1, 2, *sizes[2:]]), **attributes)
    corners = None if how == "nearest" else how == "align_corners"
    ours = ops.interpolate(x, sizes[2:], "nearest" if how == "nearest" else "bilinear", corners)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@steady(60)
@given(transpose_cases())
def test_conv_transpose2d(case: Case) -> None:
    x, w, b = whole_numbers(case.seed, case.x, case.w, (case.out,))
    how = {**windows(case), "group": case.groups, "output_padding": case.output_padding}
    (theirs,) = runtime("ConvTranspose", x, w, b, **how)
    ours = ops.conv_transpose2d(x, w, b, case.stride, case.padding, case.output_padding, case.groups, case.dilation)
    np.testing.assert_array_equal(ours, theirs)


@steady(60)
@given(pool_cases())
def test_max_pool2d(case: Case) -> None:
    (x,) = whole_numbers(case.seed, case.x)
    how = {**windows(case), "kernel_shape": case.w, "ceil_mode": int(case.ceil_mode)}
    values, indices = runtime("MaxPool", x, outputs=2, **how)
    ours = ops.max_pool2d(x, case.w, case.stride, case.padding, case.dilation, case.ceil_mode, return_indices=True)
    planes = np.arange(case.x[0] * case.x[1]).reshape(*case.x[:2], 1, 1)
    np.testing.assert_array_equal(ours[0], values)
    # ONNX counts through the whole tensor, torch and we anew in each map.
    np.testing.assert_array_equal(ours[1] + planes * case.x[2] * case.x[3], indices)


@steady(60)
@given(pool_cases(dilated=False), st.booleans())
def test_avg_pool2d(case: Case, counted: bool) -> None:
    (x,) = whole_numbers(case.seed, case.x)
    how = {**windows(case), "kernel_shape": case.w, "ceil_mode": int(case.ceil_mode)}
    (theirs,) = runtime("AveragePool", x, **how, count_include_pad=int(counted))
    ours = ops.avg_pool2d(x, case.w, case.stride, case.padding, case.ceil_mode, counted)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
