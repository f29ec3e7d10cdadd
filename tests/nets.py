"""A network of cnnviz as a model of ONNX Runtime: another implementation of every layer, run on the same weights."""

from __future__ import annotations

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from cnnviz.network import layers as kinds

_OPSET = 20


def run(network, weights, picture):
    """Every layer's output for a picture of (channels, rows, columns), then the probabilities."""
    nodes, tensors, current = [], [], "x"
    for place, (layer, own) in enumerate(zip(network.layers, weights, strict=True)):
        for part, value in own.items():
            tensors.append(numpy_helper.from_array(np.asarray(value, np.float32), f"{part}{place}"))
        nodes += _nodes(layer, place, current)
        current = f"y{place}"
    nodes.append(helper.make_node("Flatten", [current], ["scores"]))
    nodes.append(helper.make_node("Softmax", ["scores"], ["p"]))
    names = [f"y{place}" for place in range(len(network.layers))] + ["p"]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, *picture.shape))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names], tensors,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return [value[0] for value in session.run(None, {"x": picture[None].astype(np.float32)})]


def _nodes(layer, place, x):
    y, weight, bias = f"y{place}", f"weight{place}", f"bias{place}"
    if isinstance(layer, kinds.FullyConnected):
        flat = f"flat{place}"
        return [
            helper.make_node("Flatten", [x], [flat]),
            helper.make_node("Gemm", [flat, weight, bias], [y], transB=1),
        ]
    if isinstance(layer, kinds.Conv):
        return [helper.make_node(
            "Conv", [x, weight, bias], [y], kernel_shape=layer.size, strides=layer.stride,
            pads=[*layer.padding, *layer.padding], dilations=layer.dilation,
        )]  # fmt: skip
    if isinstance(layer, kinds.MaxPool | kinds.AvgPool):
        window = {"kernel_shape": layer.size, "strides": layer.stride, "pads": [*layer.padding, *layer.padding]}
        if isinstance(layer, kinds.AvgPool):
            return [helper.make_node("AveragePool", [x], [y], count_include_pad=1, **window)]
        return [helper.make_node("MaxPool", [x], [y], **window)]
    if isinstance(layer, kinds.BatchNorm):
        # Over a batch of one picture the batch's statistics are the instance's.
        return [helper.make_node("InstanceNormalization", [x, weight, bias], [y], epsilon=1e-5)]
    if isinstance(layer, kinds.Lrn):
        constants = {"alpha": layer.alpha, "beta": layer.beta, "bias": layer.k}
        return [helper.make_node("LRN", [x], [y], size=layer.size, **constants)]
    named = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "leaky_relu": "LeakyRelu", "elu": "Elu"}
    options = {} if layer.parameter is None else {"alpha": layer.parameter}
    return [helper.make_node(named[layer.name], [x], [y], **options)]
