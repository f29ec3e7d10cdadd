"""The ONNX standard's own node test cases of layers without windows, and of pools as large as the map.

Those with windows are held against ONNX Runtime, with parameters at random.
"""

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

# torch takes no bias of one value a sample and has no channels in the order of blocks; no figure shows the other GELU.
UNSUPPORTED = (
    "test_gemm_default_matrix_bias",
    "test_gelu_tanh",
    "test_depthtospace_example",
    "test_spacetodepth_dcr_mode_example",
)

Attributes = dict[str, Any]
Arrays = list[np.ndarray]


def _lrn(a: Attributes, inputs: Arrays) -> Arrays:
    defaults = {"alpha": 1e-4, "beta": 0.75, "bias": 1.0}
    alpha, beta, k = (a.pop(name, value) for name, value in defaults.items())
    return [ops.local_response_norm(inputs[0], a.pop("size"), alpha, beta, k)]


def _batch_norm(a: Attributes, inputs: Arrays) -> Arrays:
    x, scale, bias, mean, var = inputs
    a.pop("momentum", 0.9)
    eps = a.pop("epsilon", 1e-5)
    if a.pop("training_mode", 0):
        return [ops.batch_norm(x, scale, bias, eps)]
    return [
        np.moveaxis(scale * compute("batch_norm_inference", np.moveaxis(x, 1, -1), mean, var, eps=eps) + bias, -1, 1)
    ]


def _norm(operation: Callable[..., Any], a: Attributes, inputs: Arrays, *more: Any) -> Arrays:
    """Every value less its mean, over its deviation; the layer's weights are this test's."""
    x, scale, bias = inputs
    if operation is not ops.layer_norm:
        scale, bias = (each.reshape(-1, *[1] * (x.ndim - 2)) for each in (scale, bias))
    return [scale * operation(x, *more, a.pop("epsilon", 1e-5)) + bias]


def _shuffled(operation: Callable[..., Any], a: Attributes, inputs: Arrays) -> Arrays:
    a.pop("mode", None)
    return [operation(*inputs, a.pop("blocksize"))]


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


OPERATORS: dict[str, Callable[[Attributes, Arrays], Arrays]] = {
    "DepthToSpace": lambda a, inputs: _shuffled(ops.pixel_shuffle, a, inputs),
    "SpaceToDepth": lambda a, inputs: _shuffled(ops.pixel_unshuffle, a, inputs),
    "GlobalAveragePool": lambda a, inputs: [ops.adaptive_avg_pool2d(inputs[0], 1)],
    "GlobalMaxPool": lambda a, inputs: [ops.adaptive_max_pool2d(inputs[0], 1)],
    "LRN": _lrn,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": lambda a, inputs: _norm(ops.layer_norm, a, inputs, inputs[0].shape[a.pop("axis", -1) :]),
    "InstanceNormalization": lambda a, inputs: _norm(ops.instance_norm, a, inputs),
    "GroupNormalization": lambda a, inputs: _norm(ops.group_norm, a, inputs, a.pop("num_groups")),
    "Gemm": _gemm,
    "Relu": _elementwise("relu"),
    "LeakyRelu": _elementwise("leaky_relu", negative_slope="alpha"),
    "Elu": _elementwise("elu", alpha="alpha"),
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


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_case_agrees(operator: str) -> None:
    cases = [
        case
        for name, case in collected()[operator].items()
        if not name.startswith(UNSUPPORTED) and name != "test_spacetodepth"
    ]
    assert cases, f"no case of {operator} was run"
    for case in cases:
        node, (inputs, expected) = case.model.graph.node[0], case.data_sets[0]
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        ours = OPERATORS[operator](attributes, [np.asarray(array) for array in inputs])
        assert attributes == {}, f"{case.name}: not taken into account"
        # Statistics that come out too are no results of ours.
        assert ours[0].shape == expected[0].shape
        np.testing.assert_allclose(ours[0], expected[0], rtol=1e-5, atol=2e-6, err_msg=case.name)


CHOSEN: dict[str, Callable[..., np.ndarray]] = {
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
