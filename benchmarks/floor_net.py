"""A model of 5 MB, and what no figure of it can do without: reading it and running it once.

`--make` writes the model: a small residual network whose weights are random.
"""

import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

_WIDTHS, _SIDE, _CLASSES = (32, 64, 128, 256), 224, 10


def model():
    """A stem, then for each width a convolution of stride 2 and a residual block, a mean and a layer of classes."""
    rng, nodes, weights = np.random.default_rng(0), [], []

    def add(kind, inputs, *shapes, **options):
        for shape in shapes:
            values = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)
            weights.append(numpy_helper.from_array(values, f"w{len(weights)}"))
            inputs = [*inputs, weights[-1].name]
        nodes.append(helper.make_node(kind, inputs, [f"t{len(nodes)}"], f"{kind}{len(nodes)}", **options))
        return nodes[-1].output[0]

    def conv(x, given, width, **options):
        return add("Conv", [x], (width, given, 3, 3), pads=[1] * 4, **options)

    x, given = "x", 3
    for width in _WIDTHS:
        x = add("Relu", [conv(x, given, width, strides=[2, 2])])
        inside = add("Relu", [conv(x, width, width // 2)])
        x = add("Relu", [add("Add", [conv(inside, width // 2, width), x])])
        given = width
    x = add("Flatten", [add("GlobalAveragePool", [x])])
    y = add("Gemm", [x], (_CLASSES, given), transB=1)
    ends = ("x", [1, 3, _SIDE, _SIDE]), (y, [1, _CLASSES])
    inputs, outputs = ([helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)] for name, shape in ends)
    graph = helper.make_graph(nodes, "model", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def main():
    *made, path = sys.argv[1:]
    if made:
        onnx.save(model(), path)
        return
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx.load(path).SerializeToString(), options)
    session.run(None, {"x": np.zeros((1, 3, _SIDE, _SIDE), np.float32)})


main()
