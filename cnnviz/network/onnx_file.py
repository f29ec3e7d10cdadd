"""A model in an ONNX file, read as data and run by ONNX Runtime; whatever is wrong with the file is one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.inputs import read_input
from cnnviz.installation import load_extra
from cnnviz.limits import MAX_MODEL_BYTES
from cnnviz.network.layers import Array, Size
from cnnviz.network.torch_module import TorchModule
from cnnviz.network.weights import TRAINED
from cnnviz.notation import size_text
from cnnviz.parameters import quote

DIGITS = "digits"
"""The name of the network that reads digits."""

_DIGITS = """
<ir_version: 8, opset_import: ["": 13]>
digits (float[1, 1, 28, 28] x) => (float[1, 10] y7) {
  y0 = Conv (x, conv1_weight, conv1_bias)
  y1 = Relu (y0)
  y2 = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (y1)
  y3 = Conv (y2, conv2_weight, conv2_bias)
  y4 = Relu (y3)
  y5 = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (y4)
  y6 = Flatten (y5)
  y7 = Gemm <transB = 1> (y6, fc1_weight, fc1_bias)
}
"""
_DIGIT_NAMES = ["conv1", "relu1", "maxpool1", "conv2", "relu2", "maxpool2", "flatten3", "fc1"]
_HINT = f"give an .onnx file, or {DIGITS}"
_BROKEN = "{} is no ONNX model, or is cut short: export it again"


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """A model whose one input is an image: its tensor's name, type, and (channels, rows, columns).

    `source` is what it was read from. With `channels_last` the input is (1, rows, columns, channels).
    """

    source: str
    proto: Any
    input_name: str
    dtype: np.dtype[Any]
    shape: tuple[int, int, int]
    channels_last: bool

    @property
    def subject(self) -> str:
        """What messages call it."""
        return f"model {DIGITS if self.source == DIGITS else quote(self.source)}"

    @property
    def output_name(self) -> str:
        """The first output."""
        name: str = self.proto.graph.output[0].name
        return name

    @cached_property
    def constants(self) -> dict[str, Any]:
        """The tensors that are part of the model, by name."""
        graph = self.proto.graph
        found = {tensor.name: tensor for tensor in graph.initializer}
        for node in graph.node:
            for each in node.attribute if node.op_type == "Constant" else ():
                found[node.output[0]] = each.t
        return found

    def array(self, name: str) -> Array:
        """The values of a constant."""
        from onnx.numpy_helper import to_array

        return np.asarray(to_array(self.constants[name]))

    @cached_property
    def score_name(self) -> str:
        """The scores of which softmax or a sigmoid makes the output, or the output where neither does."""
        makers, name = {node.output[0]: node for node in self.proto.graph.node if node.output}, self.output_name
        while (node := makers.get(name)) and node.op_type in ("Softmax", "LogSoftmax", "Sigmoid", "Identity"):
            name = node.input[0]
        return name

    def run(self, image: Array, names: Sequence[str]) -> dict[str, Array]:
        """The values of tensors for an image (channels, rows, columns), as ONNX Runtime computes them."""
        from onnx import ModelProto, ValueInfoProto

        asked = ModelProto()
        asked.CopyFrom(self.proto)
        del asked.graph.output[:]
        asked.graph.output.extend(ValueInfoProto(name=name) for name in names)
        given = (np.moveaxis(image, 0, -1) if self.channels_last else image)[None]
        with self._refused(f"run on an image of {size_text(*image.shape)}"):
            found = _session(asked).run(list(names), {self.input_name: given.astype(self.dtype)})
        return {name: np.asarray(values) for name, values in zip(names, found, strict=True)}

    def after(self, cut: str, name: str) -> Callable[[Array], Array]:
        """What makes the tensor `name` of other values of the tensor `cut`: only what is between is computed.

        Raises UsageError where more than `cut` is needed.
        """
        from onnx import ModelProto, helper
        from onnx.utils import Extractor

        whole, kind = ModelProto(), helper.np_dtype_to_tensor_dtype(self.dtype)
        whole.CopyFrom(self.proto)
        whole.graph.value_info.extend(helper.make_tensor_value_info(each, kind, None) for each in (cut, name))
        with self._refused(f"run from {quote(cut)} on"):
            session = _session(Extractor(whole).extract_model([cut], [name]))

        def compute(values: Array) -> Array:
            (found,) = session.run([name], {cut: values.astype(self.dtype)})
            return np.asarray(found)

        return compute

    @contextmanager
    def _refused(self, what: str) -> Iterator[None]:
        """One line of whatever ONNX Runtime says."""
        try:
            yield
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise UsageError(f"{self.subject} cannot be {what}: {reason}") from error


def _session(model: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # Sums of one thread are the same on every machine, and nothing is fused that is to be seen.
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def read_onnx(path: str, size: Size | None) -> OnnxModel:
    """Read a model, or the one of `DIGITS`; raises UsageError in one line, CnnvizError where onnx is not installed.

    `size` is that of an input whose rows and columns the model leaves open.
    """
    onnx, _ = (load_extra(module, module, "check", "net") for module in ("onnx", "onnxruntime"))
    subject = f"model {quote(path)}"
    if path == DIGITS:
        proto = _digits()
    else:
        content = path.content if isinstance(path, TorchModule) else read_input(path, subject, MAX_MODEL_BYTES, _HINT)
        try:
            proto = onnx.load_model_from_string(content)
        except Exception as error:
            raise UsageError(_BROKEN.format(subject)) from error
    if not proto.graph.node or not proto.graph.output:
        raise UsageError(_BROKEN.format(subject))
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in proto.graph.initializer):
        raise UsageError(
            f"{subject} keeps its weights in another file: save it as one, onnx.save(onnx.load(model), file)"
        )
    return OnnxModel(path, proto, *_input(proto, size, subject))


def _input(proto: Any, size: Size | None, subject: str) -> tuple[str, np.dtype[Any], tuple[int, int, int], bool]:
    """The input's name, type and (channels, rows, columns), and whether channels are last."""
    import onnx

    stored = {tensor.name for tensor in proto.graph.initializer}
    inputs = [given for given in proto.graph.input if given.name not in stored]
    if len(inputs) != 1:
        names = ", ".join(given.name for given in inputs) or "none"
        raise UsageError(f"{subject} has {len(inputs)} inputs ({names}): use a model whose one input is an image")
    (given,) = inputs
    tensor = given.type.tensor_type
    sizes = [max(0, axis.dim_value) for axis in tensor.shape.dim]
    if len(sizes) != 4 or sizes[0] > 1:
        shape = size_text(*(side or "?" for side in sizes)) or "nothing"  # type: ignore[arg-type]
        raise UsageError(
            f"{subject} takes {shape} as {quote(given.name)}: use a model that takes one image, 1×channels×rows×columns"
        )
    last = sizes[1] not in (1, 3) and sizes[3] in (1, 3)
    channels, *sides = (sizes[3], *sizes[1:3]) if last else sizes[1:]
    if size is None and not all(sides):
        raise UsageError(f"{subject} takes images of any size: give one, such as --i 224x224", "i", {"i": 224})
    for side, wanted in zip(sides, size or sides, strict=True):
        if side not in (0, wanted):
            raise UsageError(f"{subject} takes images of {size_text(*sides)}: leave --i out")
    rows, columns = size or sides
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    return given.name, dtype, (channels or 3, rows, columns), last


def _digits() -> Any:
    """The network that reads digits, as a model of its own."""
    from onnx import numpy_helper, parser

    model = parser.parse_model(_DIGITS)
    for node, name in zip(model.graph.node, _DIGIT_NAMES, strict=True):
        node.name = name
    with np.load(TRAINED) as arrays:
        weights = [(name.replace(".", "_"), arrays[name].astype(np.float32)) for name in arrays.files]
    model.graph.initializer.extend(numpy_helper.from_array(values, name) for name, values in weights)
    return model
