"""ONNX: a graph of nodes, which ONNX Runtime runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from cnnviz.code._onnx_nodes import LOSSES, attribute_text, attributes, names_text
from cnnviz.code._writer import RefusalError, Writer, broken, has_shape, unpool_rest
from cnnviz.operation import Call, Operand, Training

_OPSET, _IR = 21, 10
_OPERATORS = {
    "relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "selu": "Selu", "gelu": "Gelu", "hardswish": "HardSwish",
    "mish": "Mish", "identity": "Identity",
}  # fmt: skip


class Framework(Writer):
    """ONNX, built by `onnx.helper`."""

    title: ClassVar = "ONNX"
    modules: ClassVar = {
        "np.": "import numpy as np", "onnxruntime.": "import onnxruntime",
        "TensorProto.": "from onnx import TensorProto, helper",
    }  # fmt: skip

    def _write(self) -> None:
        self._nodes: list[list[str]] = []
        self._given = dict.fromkeys(self.operation.operands, "")
        self._single: set[str] = set()
        self._scope = self._last = ""
        self._public = {*self.operation.operands, *(call.result for call in self.operation.calls)}
        if self.operation.calls[0].function == "descend":
            raise RefusalError("runs networks and has no optimizers")
        self._operands()
        self.put("")
        names = [shown.name for shown in self.operation.shown]
        if self.operation.training is not None:
            self.network(self.operation.training)
        else:
            self._calls()
        self._lines += ["nodes = [", *(f"    {line}" for node in self._nodes for line in node), "]"]
        self._graph(names)
        self.put(f"{', '.join(names)} = session.run(None, given)" if len(names) > 1 else
                 f"[{names[0]}] = session.run(None, given)")  # fmt: skip
        self.put("")
        for shown in self.operation.shown:
            self.put(f"print({self.shown(shown)})")

    def _calls(self) -> None:
        for call in self.operation.calls:
            self.expression(call)
            self._expressions.append(self.telling or self._last)
            self.telling = ""

    def _graph(self, names: Sequence[str]) -> None:
        """Everything about the nodes: what goes in, what comes out, and how it is run."""
        kind = "TensorProto.DOUBLE" if self.operation.double else "TensorProto.FLOAT"
        given = ", ".join(f'"{name}": {name}' for name in self._given)
        self.put("given = {" + given + "}")
        own = {name: "TensorProto.FLOAT" if name in self._single else kind for name in names}
        inputs = kind if "label" not in self._given else "helper.np_dtype_to_tensor_dtype(array.dtype)"
        self._lines += [
            "inputs = [", f"    helper.make_tensor_value_info(name, {inputs}, array.shape)",
            "    for name, array in given.items()", "]",
            "outputs = [",
            *(f'    helper.make_tensor_value_info("{name}", {what}, None),' for name, what in own.items()), "]",
            'graph = helper.make_graph(nodes, "figure", inputs, outputs)',
            f'opsets = [helper.make_opsetid("", {_OPSET})]',
            f"model = helper.make_model(graph, opset_imports=opsets, ir_version={_IR})",
            "session = onnxruntime.InferenceSession(model.SerializeToString())",
        ]  # fmt: skip

    def node(self, operator: str, inputs: Sequence[str], output: str | Sequence[str], **attributes: Any) -> str:
        """A node of the graph; returns the name of its first output."""
        outputs = [self._scoped(name) for name in ([output] if isinstance(output, str) else output)]
        inputs = [self._scoped(name) for name in inputs]
        texts = [names_text(inputs), names_text(outputs), *(f"{k}={attribute_text(v)}" for k, v in attributes.items())]
        text = f'helper.make_node("{operator}", {", ".join(texts)})'
        *before, last = broken(text)
        self._nodes.append([*before, f"{last},"])
        self._last = f"onnx.{text}"
        return outputs[0]

    def _scoped(self, name: str) -> str:
        """A name within a layer's nodes, of which a network may have several alike."""
        return name if name in self._public or name.startswith(self._scope) else self._scope + name

    def constant(self, name: str, value: Any) -> str:
        """A number or whole numbers that a node takes as an input."""
        if isinstance(value, tuple):
            return self.node("Constant", [], name, value_ints=value)
        return self.node("Constant", [], name, value_float=float(value))

    def remark(self, text: str) -> None:
        """A comment ahead of the next node."""
        self._nodes.append([f"# {text}"])

    # Arrays

    @property
    def _type(self) -> str:
        return "np.float64" if self.operation.double else "np.float32"

    def array(self, operand: Operand, made: str) -> str:
        """An array of the graph's type."""
        text = f"np.array({made}, dtype={self._type})"
        shape = operand.values.shape
        return text if has_shape(made, shape) else f"{text}.reshape{shape}"

    def made(self, operand: Operand, function: str, *arguments: str) -> str:
        """By NumPy's function of that name."""
        shape = operand.values.shape
        if function in ("arange", "linspace"):
            text = f"np.{function}({', '.join(arguments)}, dtype={self._type})"
            return text if len(shape) == 1 else f"{text}.reshape{shape}"
        return f"np.{function}({', '.join([str(shape), *arguments])}, dtype={self._type})"

    def given(self, name: str, text: str) -> str:
        """One more array that goes in."""
        self.put(f"{name} = {text}")
        self._given[name] = ""
        return name

    # Convolution and pooling

    def flip(self, call: Call) -> None:
        """By NumPy: a graph would gather every row and column."""
        self.note("True convolution: the kernel is turned by 180° first.")
        self.given(call.result, f"np.flip({call.operands[0]}, (2, 3)).copy()")
        del self._given[call.operands[0]]

    def conv2d(self, call: Call) -> None:
        """By Conv."""
        if self.operation.calls[0] is call and self.operation.training is None:
            self.remark("A cross-correlation: the kernel is not flipped.")
        self.node("Conv", call.operands, call.result, **attributes(call))

    def conv_transpose2d(self, call: Call) -> None:
        """By ConvTranspose, of whose output padding ONNX Runtime takes less than a stride."""
        how, (x, *rest) = attributes(call), call.operands
        stride, extra = call.options["stride"], call.options["output_padding"]
        behind = tuple(a // s for a, s in zip(extra, stride, strict=True))
        if any(behind):
            self.remark("ONNX Runtime takes no output padding of a stride or more: zeros behind the input give it.")
            self.node("Pad", [x, self.constant("more", (0, 0, 0, 0, 0, 0, *behind))], "longer")
            x, how["output_padding"] = "longer", tuple(a % s for a, s in zip(extra, stride, strict=True))
        self.node("ConvTranspose", [x, *rest], call.result, **how)

    def max_pool2d(self, call: Call) -> None:
        """By MaxPool."""
        outputs = (call.result, "indices") if call.options.get("return_indices") else call.result
        self.node("MaxPool", call.operands, outputs, **attributes(call))

    def avg_pool2d(self, call: Call) -> None:
        """By AveragePool."""
        self.node("AveragePool", call.operands, call.result, **attributes(call))

    def _adaptive(self, call: Call) -> None:
        kind = "Max" if "max" in call.function else "Average"
        size, out = call.shape[2:], call.options["output_size"]
        if out == (1, 1):
            self.node(f"Global{kind}Pool", call.operands, call.result)
            return
        if any(i % o for i, o in zip(size, out, strict=True)):
            raise RefusalError("has no adaptive pooling with windows of unequal size")
        window = tuple(i // o for i, o in zip(size, out, strict=True))
        self.remark("ONNX has no adaptive pooling: windows that give the output's size.")
        self.node(f"{kind}Pool", call.operands, call.result, kernel_shape=window, strides=window)

    adaptive_max_pool2d = adaptive_avg_pool2d = _adaptive

    def max_unpool2d(self, call: Call) -> None:
        """By MaxUnpool."""
        self.constant("size", (1, 1, *call.options["output_size"]))
        self.node("MaxUnpool", [*call.operands, "size"], call.result, **attributes(call))

    def avg_unpool2d(self, call: Call) -> None:
        """Every value over its window, by how many windows lie on a cell."""
        o, y = call.options, call.operands[0]
        rest = unpool_rest(call)
        how = {"strides": o["stride"], **({"output_padding": rest} if any(rest) else {})}
        self.given("window", f"np.ones({(1, 1, *o['kernel_size'])}, dtype={self._type})")
        self.given("ones", f"np.ones({call.shape}, dtype={self._type})")
        self.remark("ONNX has no average unpooling: each value is laid over its window, overlaps take the mean.")
        self.node("ConvTranspose", [y, "window"], "total", **how)
        self.telling = self._last
        self.node("ConvTranspose", ["ones", "window"], "count", **how)
        self.node("Max", ["count", self.constant("one", 1)], "divisor")
        self.node("Div", ["total", "divisor"], call.result)

    # Normalization

    def local_response_norm(self, call: Call) -> None:
        """By LRN, where its neighbours are the figure's."""
        x, o = call.operands[0], call.options
        n, alpha = o["size"], o["alpha"] * (1 if o["alpha_over_n"] else o["size"])
        if n % 2 and alpha > 0 and o["beta"] > 0:
            if not o["alpha_over_n"]:
                times = f"{n} * {o['alpha']:g}"
                self.remark(f"ONNX divides alpha by the number of neighbours, the figure does not: {times}.")
            self.node("LRN", [x], call.result, size=n, alpha=alpha, beta=o["beta"], bias=o["k"])
            return
        self.remark("LRN takes an odd size, α and β above 0: here the mean of squares, channels as rows.")
        self.node("Mul", [x, x], "squares")
        self.node("Reshape", ["squares", self.constant("rows", (call.shape[0], 1, call.shape[1], -1))], "in_rows")
        self._response(call, "in_rows", (n, 1))

    def local_response_norm_within(self, call: Call) -> None:
        """By the mean of squares."""
        x, n = call.operands[0], call.options["size"]
        self.remark("ONNX has LRN between channels only: here the mean of squares in a window of a channel.")
        self.node("Mul", [x, x], "squares")
        self._response(call, "squares", (n, n))

    def _response(self, call: Call, squares: str, window: tuple[int, int]) -> None:
        x, o = call.operands[0], call.options
        before, after = ([side // 2 for side in window], [(side - 1) // 2 for side in window])
        self.node("AveragePool", [squares], "mean", kernel_shape=window, pads=(*before, *after), count_include_pad=1)
        self.telling = self._last
        if squares == "in_rows":
            self.node("Reshape", ["mean", self.constant("shape", call.shape)], "means")
        weight = o["alpha"] * (1 if o["alpha_over_n"] else window[0] * window[1])
        mean = "means" if squares == "in_rows" else "mean"
        self.node("Mul", [mean, self.constant("alpha", weight)], "weighted")
        self.node("Add", ["weighted", self.constant("k", o["k"])], "below")
        self.node("Pow", ["below", self.constant("beta", o["beta"])], "divisor")
        self.node("Div", [x, "divisor"], call.result)

    def batch_norm(self, call: Call) -> None:
        """By the batch's own mean and variance."""
        x, axes = call.operands[0], (0, *range(2, len(call.shape)))
        if len(call.operands) > 1:
            gamma, beta = call.operands[1:]
        else:
            gamma, beta = self._affine(call.shape[1])
        self.remark("As in training: the batch's own mean and biased variance.")
        self.node("ReduceMean", [x, self.constant("axes", axes)], "means")
        self.node("Sub", [x, "means"], "distance")
        self.node("Mul", ["distance", "distance"], "squares")
        self.node("ReduceMean", ["squares", "axes"], "variances")
        flat = self.constant("per_channel", (-1,))
        self.node("Reshape", ["means", flat], "mean")
        self.node("Reshape", ["variances", flat], "variance")
        self.node("BatchNormalization", [x, gamma, beta, "mean", "variance"], call.result, epsilon=call.options["eps"])

    def _affine(self, channels: int) -> tuple[str, str]:
        """γ = 1 and β = 0 of every channel."""
        return (self.given("gamma", f"np.ones({channels}, dtype={self._type})"),
                self.given("beta", f"np.zeros({channels}, dtype={self._type})"))  # fmt: skip

    def layer_norm(self, call: Call) -> None:
        """By LayerNormalization."""
        shape = call.options["normalized_shape"]
        names = self.given("gamma", f"np.ones({shape}, dtype={self._type})"), self.given(
            "beta", f"np.zeros({shape}, dtype={self._type})"
        )
        how = {"axis": 1, "epsilon": call.options["eps"], **({"stash_type": 11} if self.operation.double else {})}
        self.node("LayerNormalization", [*call.operands, *names], call.result, **how)

    def instance_norm(self, call: Call) -> None:
        """By InstanceNormalization; in float64 by groups of one channel."""
        if self.operation.double:
            self.remark("Groups of one channel each are instance normalization.")
            self._groups(call, call.shape[1])
            return
        names = [*call.operands, *self._affine(call.shape[1])]
        self.node("InstanceNormalization", names, call.result, epsilon=call.options["eps"])

    def group_norm(self, call: Call) -> None:
        """By GroupNormalization."""
        self._groups(call, call.options["num_groups"])

    def _groups(self, call: Call, groups: int) -> None:
        how = {"stash_type": 11} if self.operation.double else {}
        names = [*call.operands, *self._affine(call.shape[1])]
        self.node("GroupNormalization", names, call.result, num_groups=groups, epsilon=call.options["eps"], **how)

    # Layers and activations

    def linear(self, call: Call) -> None:
        """By Gemm: a row of the weights is one output."""
        x, w, b = call.operands
        if len(call.shape) > 1:
            self.node("Gemm", [x, w, b], call.result, transB=1)
            return
        self.node("MatMul", [w, x], "products")
        self.node("Add", ["products", b], call.result)

    def flatten(self, call: Call) -> None:
        """By Flatten."""
        self.node("Flatten", call.operands, call.result)

    def _activation(self, call: Call) -> None:
        self.node(_OPERATORS[call.function], [self._as_single(call)], call.result)

    relu = tanh = sigmoid = selu = gelu = hardswish = mish = identity = _activation

    def _as_single(self, call: Call) -> str:
        """The input in float32, the only type in which ONNX Runtime has all activations."""
        if not self.operation.double:
            return call.operands[0]
        self._single.add(call.result)
        return self.node("Cast", call.operands, "single", to=1)

    def leaky_relu(self, call: Call) -> None:
        """By LeakyRelu."""
        self.node("LeakyRelu", [self._as_single(call)], call.result, alpha=call.options["negative_slope"])

    def elu(self, call: Call) -> None:
        """By Elu."""
        self.node("Elu", [self._as_single(call)], call.result, alpha=call.options["alpha"])

    def _clip(self, call: Call) -> None:
        ends = (0, 6) if call.function == "relu6" else (-1, 1)
        low, high = self.constant("low", ends[0]), self.constant("high", ends[1])
        self.node("Clip", [*call.operands, low, high], call.result)

    relu6 = hardtanh = _clip

    def softplus(self, call: Call) -> None:
        """With β around it, which ONNX has not."""
        beta = call.options["beta"]
        if beta == 1:
            self.node("Softplus", call.operands, call.result)
            return
        self.node("Mul", [call.operands[0], self.constant("beta", beta)], "scaled")
        self.node("Softplus", ["scaled"], "soft")
        self.node("Div", ["soft", "beta"], call.result)

    def silu(self, call: Call) -> None:
        """By Sigmoid and Mul: the opset has no SiLU."""
        self.node("Sigmoid", call.operands, f"gate_of_{call.result}")
        self.node("Mul", [call.operands[0], f"gate_of_{call.result}"], call.result)

    def softmax(self, call: Call) -> None:
        """By Softmax."""
        self.node("Softmax", call.operands, call.result, axis=-1)

    # Losses

    def _loss(self, call: Call) -> None:
        o, name = call.options, call.function
        self._nodes += [] if any("elementwise losses" in node[0] for node in self._nodes) else [
            ["# ONNX has no elementwise losses: their formulas, node by node."]
        ]  # fmt: skip
        LOSSES[name](self, call, o)

    l1_loss = mse_loss = huber_loss = smooth_l1_loss = hinge_loss = _loss
    binary_cross_entropy = binary_cross_entropy_with_logits = _loss

    # Networks

    def network(self, training: Training) -> None:
        """The way forward, softmax and the loss."""
        for call in self.operation.calls:
            self._scope = f"{call.result}_"
            self.expression(call)
        self._scope = ""
        scores = self.operation.calls[-1].result
        self.given("label", f"np.array([{training.label}], dtype=np.int64)")
        if training.rate:
            self.note("ONNX Runtime learns nothing: the way forward, without the figure's step of gradient descent.")
        self.node("Softmax", [scores], "probabilities")
        self.node("SoftmaxCrossEntropyLoss", [scores, "label"], "loss")
        self._expressions.append(self._last)
