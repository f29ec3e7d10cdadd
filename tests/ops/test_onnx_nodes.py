"""The ONNX standard's own node test cases: every case of our operations is run here, or listed with the reason."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx.backend.test.case.node as onnx_cases
import pytest
from onnx import helper

from cnnviz import ops
from cnnviz.functions.compute import compute

Attributes = dict[str, Any]
Arrays = list[np.ndarray]

TORCH_PADDING = "padding of more than half the kernel, which torch refuses and so do we"
ONE_SIDED = "padding on one side only, which torch has not"
THREE_D = "maps of three dimensions"
NO_DILATION = "torch's average pooling has no dilation"
FREE_SELU = "torch's selu has fixed constants"
BLOCKS_FIRST = "channels in the order of blocks, which torch has not"
NO_FIGURE = "no figure shows it"

UNSUPPORTED = {
    "test_convtranspose_3d": THREE_D,
    "test_maxpool_3d_default": THREE_D,
    "test_maxpool_3d_dilations": THREE_D,
    "test_maxpool_3d_dilations_use_ref_impl": THREE_D,
    "test_maxpool_3d_dilations_use_ref_impl_large": THREE_D,
    "test_averagepool_3d_default": THREE_D,
    "test_averagepool_3d_dilations_small": THREE_D,
    "test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_True": THREE_D,
    "test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_False": THREE_D,
    "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True": THREE_D,
    "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_False": THREE_D,
    "test_averagepool_2d_dilations": NO_DILATION,
    "test_maxpool_2d_same_upper": ONE_SIDED,
    "test_maxpool_2d_same_lower": ONE_SIDED,
    "test_averagepool_2d_same_upper": ONE_SIDED,
    "test_averagepool_2d_same_lower": ONE_SIDED,
    "test_convtranspose_autopad_same": "output padding on one side of a fixed size, which torch has not",
    "test_maxpool_2d_pads": TORCH_PADDING,
    "test_averagepool_2d_pads": TORCH_PADDING,
    "test_averagepool_2d_pads_count_include_pad": TORCH_PADDING,
    "test_maxpool_with_argmax_2d_precomputed_strides": "indices counted column by column",
    "test_maxunpool_export_with_output_shape": "indices that count in a map smaller than the output",
    "test_col2im_5d": THREE_D,
    "test_depthtospace_example": BLOCKS_FIRST,
    "test_spacetodepth": BLOCKS_FIRST,
    "test_spacetodepth_dcr_mode_example": BLOCKS_FIRST,
    "test_gemm_default_matrix_bias": "a bias of one value a sample",
    "test_gelu_tanh_1": NO_FIGURE,
    "test_gelu_tanh_2": NO_FIGURE,
    "test_selu": FREE_SELU,
    "test_selu_example": FREE_SELU,
}

# Cases whose expected values the standard writes down to four decimals.
ROUNDED = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 6e-5}


def _symmetric(attributes: Attributes, size: tuple[int, ...], kernel: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """Read `pads`, or what `auto_pad` means for this size, as torch's padding: the same on both sides."""
    axes = len(kernel)
    pads = attributes.pop("pads", [0] * 2 * axes)
    if attributes.pop("auto_pad", b"NOTSET") != b"NOTSET":
        totals = [max((-(-i // s) - 1) * s + k - i, 0) for i, k, s in zip(size, kernel, strides, strict=True)]
        pads = [t // 2 for t in totals] + [t - t // 2 for t in totals]
    assert pads[:axes] == pads[axes:], f"one-sided pads {pads}"
    return tuple(pads[:axes])


def _window(attributes: Attributes, x: np.ndarray, kernel: tuple[int, ...]) -> dict[str, Any]:
    strides = tuple(attributes.pop("strides", [1] * len(kernel)))
    padding = _symmetric(attributes, x.shape[2:], kernel, strides)
    return {"stride": strides, "padding": padding}


def _conv(a: Attributes, inputs: Arrays) -> Arrays:
    x, w = inputs[:2]
    assert tuple(a.pop("kernel_shape", w.shape[2:])) == w.shape[2:]
    return [ops.conv2d(*inputs, **_window(a, x, w.shape[2:]), dilation=a.pop("dilations", (1, 1)))]


def _conv_transpose(a: Attributes, inputs: Arrays) -> Arrays:
    flat = inputs[0].ndim == 3
    x, w = (array[:, :, None] for array in inputs) if flat else inputs
    a.pop("kernel_shape", None)
    window = _window(a, x, w.shape[2:])
    extra = tuple(a.pop("output_padding", (0, 0)))
    dilation, groups = tuple(a.pop("dilations", (1, 1))), a.pop("group", 1)
    if "output_shape" in a:
        wanted = a.pop("output_shape")
        natural = ops.conv_transpose2d(x, w, **window).shape[2:]
        extra = tuple(o - n for o, n in zip(wanted, natural, strict=True))
    y = ops.conv_transpose2d(x, w, None, **window, output_padding=extra, groups=groups, dilation=dilation)
    return [y[:, :, 0] if flat else y]


def _max_pool(a: Attributes, inputs: Arrays) -> Arrays:
    x, kernel, flat = _pooled(a, inputs)
    window = _window(a, x, kernel)
    dilation, ceil_mode = a.pop("dilations", (1, 1)), bool(a.pop("ceil_mode", 0))
    assert a.pop("storage_order", 0) == 0
    found = ops.max_pool2d(x, kernel, **window, dilation=dilation, ceil_mode=ceil_mode, return_indices=True)
    return [y[:, :, 0] if flat else y for y in found]


def _avg_pool(a: Attributes, inputs: Arrays) -> Arrays:
    x, kernel, flat = _pooled(a, inputs)
    window = _window(a, x, kernel)
    counted, ceil_mode = bool(a.pop("count_include_pad", 0)), bool(a.pop("ceil_mode", 0))
    y = ops.avg_pool2d(x, kernel, **window, ceil_mode=ceil_mode, count_include_pad=counted)
    return [y[:, :, 0] if flat else y]


def _pooled(a: Attributes, inputs: Arrays) -> tuple[np.ndarray, tuple[int, ...], bool]:
    (x,), kernel = inputs, tuple(a.pop("kernel_shape"))
    return (x[:, :, None], (1, *kernel), True) if len(kernel) == 1 else (x, kernel, False)


def _max_unpool(a: Attributes, inputs: Arrays) -> Arrays:
    x, indices = inputs
    return [ops.max_unpool2d(x, indices, a.pop("kernel_shape"), a.pop("strides"))]


def _lrn(a: Attributes, inputs: Arrays) -> Arrays:
    defaults = {"alpha": 1e-4, "beta": 0.75, "bias": 1.0}
    alpha, beta, k = (a.pop(name, value) for name, value in defaults.items())
    return [ops.local_response_norm(inputs[0], a.pop("size"), alpha, beta, k)]


def _batch_norm(a: Attributes, inputs: Arrays) -> Arrays:
    x, scale, bias, mean, var = inputs
    a.pop("momentum", 0.9)
    return [ops.batch_norm(x, mean, var, scale, bias, bool(a.pop("training_mode", 0)), a.pop("epsilon", 1e-5))]


def _layer_norm(a: Attributes, inputs: Arrays) -> Arrays:
    x, scale, bias = inputs
    axis = a.pop("axis", -1)
    return [ops.layer_norm(x, x.shape[axis:], scale, bias, a.pop("epsilon", 1e-5))]


def _instance_norm(a: Attributes, inputs: Arrays) -> Arrays:
    x, scale, bias = inputs
    return [ops.instance_norm(x, scale, bias, a.pop("epsilon", 1e-5))]


def _group_norm(a: Attributes, inputs: Arrays) -> Arrays:
    x, scale, bias = inputs
    return [ops.group_norm(x, a.pop("num_groups"), scale, bias, a.pop("epsilon", 1e-5))]


def _gemm(a: Attributes, inputs: Arrays) -> Arrays:
    x = inputs[0].T if a.pop("transA", 0) else inputs[0]
    w = inputs[1] if a.pop("transB", 0) else inputs[1].T
    alpha, beta = np.float32(a.pop("alpha", 1)), np.float32(a.pop("beta", 1))
    bias = None
    if len(inputs) == 3:
        bias = np.broadcast_to(beta * inputs[2].reshape(-1), (len(w),))
    return [ops.linear(alpha * x, w, bias)]


def _elementwise(name: str, **attributes: str) -> Callable[[Attributes, Arrays], Arrays]:
    """A function of ours with the ONNX attributes that its options are."""

    def run(a: Attributes, inputs: Arrays) -> Arrays:
        return [compute(name, inputs[0], **{ours: a.pop(theirs) for ours, theirs in attributes.items() if theirs in a})]

    return run


def _pad(a: Attributes, inputs: Arrays) -> Arrays:
    x, pads, *rest = inputs
    axes = [int(axis) % x.ndim for axis in (rest[1] if len(rest) > 1 else range(x.ndim))]
    sides = dict(zip(axes, zip(pads[: len(axes)], pads[len(axes) :], strict=True), strict=True))
    flat = [int(n) for axis in reversed(range(x.ndim)) for n in sides.get(axis, (0, 0))]
    mode = {b"edge": "replicate", b"wrap": "circular"}.get(kind := a.pop("mode", b"constant"), kind.decode())
    return [ops.pad(x, flat, mode, float(rest[0].item()) if rest else None)]


def _depth_to_space(a: Attributes, inputs: Arrays) -> Arrays:
    assert a.pop("mode") == b"CRD"
    return [ops.pixel_shuffle(inputs[0], a.pop("blocksize"))]


def _space_to_depth(a: Attributes, inputs: Arrays) -> Arrays:
    assert a.pop("mode", b"DCR") == b"CRD" or inputs[0].shape[1] == 1
    return [ops.pixel_unshuffle(inputs[0], a.pop("blocksize"))]


def _col2im(a: Attributes, inputs: Arrays) -> Arrays:
    columns, size, kernel = inputs
    pads, dilation = a.pop("pads", [0] * 4), a.pop("dilations", (1, 1))
    assert pads[:2] == pads[2:]
    return [ops.fold(columns, size, kernel, dilation, pads[:2], a.pop("strides", (1, 1)))]


OPERATORS: dict[str, Callable[[Attributes, Arrays], Arrays]] = {
    "Pad": _pad,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Col2Im": _col2im,
    "MaxPool": _max_pool,
    "AveragePool": _avg_pool,
    "GlobalAveragePool": lambda a, inputs: [ops.adaptive_avg_pool2d(inputs[0], 1)],
    "GlobalMaxPool": lambda a, inputs: [ops.adaptive_max_pool2d(inputs[0], 1)],
    "MaxUnpool": _max_unpool,
    "LRN": _lrn,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "InstanceNormalization": _instance_norm,
    "GroupNormalization": _group_norm,
    "Gemm": _gemm,
    "Relu": _elementwise("relu"),
    "LeakyRelu": _elementwise("leaky_relu", negative_slope="alpha"),
    "Elu": _elementwise("elu", alpha="alpha"),
    "Selu": _elementwise("selu"),
    "Sigmoid": _elementwise("sigmoid"),
    "Tanh": _elementwise("tanh"),
    "Softplus": _elementwise("softplus"),
    "Gelu": _elementwise("gelu"),
    "Mish": _elementwise("mish"),
    "HardSwish": _elementwise("hardswish"),
    "Softmax": _elementwise("softmax", dim="axis"),
}


@functools.cache
def collected() -> dict[str, dict[str, Any]]:
    """Collect the standard's cases of our operators, by operator and name; once a process, since it takes seconds."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for module in pkgutil.iter_modules(onnx_cases.__path__):
            source = Path(onnx_cases.__path__[0]) / f"{module.name}.py"
            # A module makes its cases when it is imported; most are of other operators.
            if source.exists() and any(f'"{operator}"' in source.read_text("utf-8") for operator in OPERATORS):
                importlib.import_module(f"{onnx_cases.__name__}.{module.name}")
    cases = onnx_cases._NodeTestCases
    found: dict[str, dict[str, Any]] = {operator: {} for operator in OPERATORS}
    for case in cases:
        nodes = case.model.graph.node
        # A case named `expanded` restates the case of that name in terms of other operators.
        if len(nodes) == 1 and nodes[0].op_type in found and "_expanded" not in case.name:
            found[nodes[0].op_type][case.name] = case
    return found


def _disagreement(operator: str, case: Any) -> str:
    node, (inputs, expected) = case.model.graph.node[0], case.data_sets[0]
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    actual = OPERATORS[operator](attributes, [np.asarray(array) for array in inputs])
    if attributes:
        return f"attributes not taken into account: {sorted(attributes)}"
    # Statistics that come out too are no results of ours.
    wanted = expected[:1] if operator in ("LayerNormalization", "BatchNormalization") else expected
    if len(actual) < len(wanted):
        return f"{len(actual)} outputs, not {len(wanted)}"
    for ours, theirs in zip(actual, wanted, strict=False):
        if ours.shape != theirs.shape:
            return f"{ours.shape}, not {theirs.shape}"
        if not np.allclose(ours, theirs, rtol=1e-5, atol=ROUNDED.get(case.name, 2e-6)):
            return f"off by {np.abs(ours - theirs).max()}"
    return ""


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_case_that_we_support_agrees(operator: str) -> None:
    cases = {name: case for name, case in collected()[operator].items() if name not in UNSUPPORTED}
    assert cases, f"no case of {operator} was run"
    wrong = {name: text for name, case in cases.items() if (text := _disagreement(operator, case))}
    assert wrong == {}


def test_every_case_listed_as_unsupported_exists() -> None:
    names = {name for cases in collected().values() for name in cases}
    assert set(UNSUPPORTED) - names == set()


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_no_case_is_listed_that_would_pass(name: str) -> None:
    operator, case = next((op, cases[name]) for op, cases in collected().items() if name in cases)
    try:
        disagreement = _disagreement(operator, case)
    except (ValueError, AssertionError, IndexError) as refusal:
        disagreement = str(refusal)
    assert disagreement


CHOSEN: dict[str, Callable[..., np.ndarray]] = {
    "test_resize_upsample_sizes_nearest_axes_2_3": lambda x, size: ops.interpolate(x, size),
    "test_resize_upsample_scales_linear": lambda x, scale: ops.interpolate(
        x, 2 * np.array(x.shape[2:]), None, "bilinear"
    ),
    "test_resize_upsample_scales_linear_align_corners": lambda x, scale: ops.interpolate(
        x, (4, 4), None, "bilinear", True
    ),
    "test_attention_4d": ops.scaled_dot_product_attention,
    "test_attention_4d_diff_heads_sizes": ops.scaled_dot_product_attention,
    "test_attention_4d_causal": functools.partial(ops.scaled_dot_product_attention, is_causal=True),
}
"""Cases of operators that have many more modes than ours."""


@pytest.mark.parametrize("name", CHOSEN)
def test_chosen_cases_agree(name: str) -> None:
    importlib.import_module(f"{onnx_cases.__name__}.{name.split('_')[1]}")
    case = next(case for case in onnx_cases._NodeTestCases if case.name == name)
    inputs, (expected,) = case.data_sets[0]
    ours = CHOSEN[name](*map(np.asarray, inputs))
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-5)
