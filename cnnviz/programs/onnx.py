"""ONNX: a graph of nodes, which ONNX Runtime runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, ClassVar

from cnnviz.operation import Call, Shown, Training
from cnnviz.programs._formulas import SURFACES
from cnnviz.programs._onnx_descent import DESCENT, rule_source
from cnnviz.programs._onnx_graph import Graph, window_attributes
from cnnviz.programs._onnx_sampling import Sampling
from cnnviz.programs._writer import unpool_rest

_OPSET, _IR = 21, 10
_OPERATORS = {
    "relu": "Relu",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "selu": "Selu",
    "gelu": "Gelu",
    "hardswish": "HardSwish",
    "mish": "Mish",
    "identity": "Identity",
    "leaky_relu": "LeakyRelu",
    "elu": "Elu",
}


class Framework(Sampling):
    """ONNX, built by `onnx.helper`; methods add nodes and give nothing back."""

    title: ClassVar = "ONNX"
    modules: ClassVar = {
        "np.": "import numpy as np",
        "onnxruntime.": "import onnxruntime",
        "TensorProto.": "from onnx import TensorProto, helper",
    }
    dtypes: ClassVar = ("np.float32", "np.float64")

    def _write(self) -> None:
        self.graph = Graph(self.operation.double)
        self.given = list(self.operation.operands)
        self.single: set[str] = set()
        super()._write()

    def shown(self, shown: Any) -> str:
        """Of a network what it gives before the step, which ONNX Runtime cannot do."""
        return super().shown(shown).removeprefix("after_")

    def printed(self) -> list[Shown]:
        """Without gradients and what is learned; of these alone the output."""
        training = self.operation.training
        if training is None:
            return super().printed()
        made = {call.result for call in self.operation.calls}
        forward = {s.name.removeprefix("after_"): s for s in super().printed()}
        return [shown for name, shown in forward.items() if name in made] or [Shown(name=training.loss, panel="")]

    def calls(self) -> None:
        """All nodes, their graph, and its run."""
        for call in self.operation.calls:
            self.essential = ""
            self.expression(call)
            self.expressions.append(self.essential or self.graph.last)
        results = [call.result for call in self.operation.calls if call.result not in self.given]
        self._session(results, self.given)
        self.put(f"[{', '.join(results)}] = session.run(None, given)")

    def training(self, training: Training) -> None:
        """The way forward."""
        if training.grad:
            self.note("ONNX Runtime has no gradients: the way forward alone.")
            self.given.remove(training.grad)
        elif training.rate:
            self.note("ONNX Runtime learns nothing: the way forward, before the figure's step of gradient descent.")
        self.calls()

    def _session(self, outputs: Sequence[str], inputs: Sequence[str], shape: str = "array.shape") -> None:
        """Everything about the nodes: what goes in, what comes out, and how it is run."""
        kinds = "TensorProto.FLOAT", "TensorProto.DOUBLE"
        self.lines += ["nodes = [", *(f"    {line}" for line in self.graph.lines), "]"]
        self.put("given = {" + ", ".join(f'"{name}": {name}' for name in inputs) + "}")
        types = {name: kinds[self.operation.double and name not in self.single] for name in outputs}
        self.put(
            "inputs = [",
            f"    helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), {shape})",
            "    for name, array in given.items()",
            "]",
            "outputs = [",
            *(f'    helper.make_tensor_value_info("{name}", {kind}, None),' for name, kind in types.items()),
            "]",
            'graph = helper.make_graph(nodes, "figure", inputs, outputs)',
            f'opsets = [helper.make_opsetid("", {_OPSET})]',
            f"model = helper.make_model(graph, opset_imports=opsets, ir_version={_IR})",
            "session = onnxruntime.InferenceSession(model.SerializeToString())",
        )

    def _filled(self, name: str, shape: Any) -> str:
        return self._give(name, f"np.{name}({shape}, dtype={self.dtype})")

    # Convolution and pooling

    def _flip(self, call: Call) -> None:
        self.note("True convolution: the kernel is rotated by 180° first.")
        self._give(call.result, f"np.flip({call.operands[0]}, (2, 3)).copy()")
        self.given.remove(call.operands[0])

    def _conv2d(self, call: Call) -> None:
        if self.operation.calls[0] is call and self.operation.training is None:
            self.graph.remark("A cross-correlation: the kernel is not flipped.")
        self.graph.node("Conv", call.operands, call.result, **window_attributes(call))

    _conv1d = _conv3d = _conv2d

    def _conv_transpose2d(self, call: Call) -> None:
        how, (x, *rest) = window_attributes(call), call.operands
        stride, extra = call.options["stride"], call.options["output_padding"]
        behind = tuple(a // s for a, s in zip(extra, stride, strict=True))
        if any(behind):
            self.graph.remark("ONNX Runtime takes no output padding of a stride or more: zeros behind the input.")
            pads = self.graph.constant((0, 0, 0, 0, 0, 0, *behind))
            x = self.graph.node("Pad", [x, pads], f"longer_{x}")
            how["output_padding"] = tuple(a % s for a, s in zip(extra, stride, strict=True))
        self.graph.node("ConvTranspose", [x, *rest], call.result, **how)

    def _max_pool2d(self, call: Call) -> None:
        outputs = (call.result, "indices") if call.options.get("return_indices") else call.result
        self.graph.node("MaxPool", call.operands, outputs, **window_attributes(call))

    def _avg_pool2d(self, call: Call) -> None:
        self.graph.node("AveragePool", call.operands, call.result, **window_attributes(call))

    def _adaptive(self, call: Call) -> None:
        kind = "Max" if "max" in call.function else "Average"
        size, out = call.shape[2:], call.options["output_size"]
        if out == (1, 1):
            self.graph.node(f"Global{kind}Pool", call.operands, call.result)
            return
        if all(i % o == 0 for i, o in zip(size, out, strict=True)):
            window = tuple(i // o for i, o in zip(size, out, strict=True))
            self.graph.remark("ONNX has no adaptive pooling: windows that give the output's size.")
            self.graph.node(f"{kind}Pool", call.operands, call.result, kernel_shape=window, strides=window)
            return
        self.graph.remark("ONNX has no adaptive pooling: here window after window.")
        (x,), cells = call.operands, list[str]()
        spans = ([(r * i // o, -(-(r + 1) * i // o)) for r in range(o)] for i, o in zip(size, out, strict=True))
        for n, (rows, columns) in enumerate(product(*spans)):
            corners = map(self.graph.constant, (*zip(rows, columns, strict=True), (2, 3)))
            part = self.graph.node("Slice", [x, *corners], f"window_{n}")
            reduced = "ReduceMax" if kind == "Max" else "ReduceMean"
            cells.append(self.graph.node(reduced, [part, self.graph.constant((2, 3))], f"cell_{n}"))
        row = self.graph.node("Concat", cells, "cells", axis=3)
        self.graph.node("Reshape", [row, self.graph.constant((*call.shape[:2], *out))], call.result)

    _adaptive_max_pool2d = _adaptive_avg_pool2d = _adaptive

    def _max_unpool2d(self, call: Call) -> None:
        size = self.graph.constant((1, 1, *call.options["output_size"]))
        self.graph.node("MaxUnpool", [*call.operands, size], call.result, **window_attributes(call))

    def _avg_unpool2d(self, call: Call) -> None:
        o, y, rest = call.options, call.operands[0], unpool_rest(call)
        how = {"strides": o["stride"], **({"output_padding": rest} if any(rest) else {})}
        self._give("window", f"np.ones({(1, 1, *o['kernel_size'])}, dtype={self.dtype})")
        self._filled("ones", call.shape)
        self.graph.remark("ONNX has no average unpooling: each value is spread over its window, overlaps average.")
        self.graph.node("ConvTranspose", [y, "window"], "total", **how)
        self.essential = self.graph.last
        self.graph.node("ConvTranspose", ["ones", "window"], "count", **how)
        self.graph.formula("total / maximum(count, 1)", call.result)

    # Normalization

    def _local_response_norm(self, call: Call) -> None:
        x, o = call.operands[0], call.options
        n, alpha = o["size"], o["alpha"] * (1 if o["alpha_over_n"] else o["size"])
        if n % 2 and alpha > 0 and o["beta"] > 0:
            if not o["alpha_over_n"]:
                times = f"{n} * {o['alpha']:g}"
                self.graph.remark(f"ONNX divides alpha by the number of neighbours, the figure does not: {times}.")
            self.graph.node("LRN", [x], call.result, size=n, alpha=alpha, beta=o["beta"], bias=o["k"])
            return
        self.graph.remark("LRN takes an odd size, α and β above 0: here the mean of squares, channels as rows.")
        rows = self.graph.constant((call.shape[0], 1, call.shape[1], -1))
        in_rows = self.graph.node("Reshape", [x, rows], f"{call.result}_rows")
        mean = self._mean_of_squares(call, in_rows, (n, 1))
        self._response(call, self.graph.node("Reshape", [mean, self.graph.constant(call.shape)], f"{mean}s"))

    def _local_response_norm_within(self, call: Call) -> None:
        n = call.options["size"]
        self.graph.remark("ONNX has LRN between channels only: here the mean of squares in a window of a channel.")
        self._response(call, self._mean_of_squares(call, call.operands[0], (n, n)))

    def _mean_of_squares(self, call: Call, x: str, window: tuple[int, int]) -> str:
        ends = ([side // 2 for side in window], [(side - 1) // 2 for side in window])
        squares, pads = f"{call.result}_squares", (*ends[0], *ends[1])
        self.graph.formula(f"{x} * {x}", squares)
        mean = self.graph.node(
            "AveragePool", [squares], f"{call.result}_mean", kernel_shape=window, pads=pads, count_include_pad=1
        )
        self.essential = self.graph.last
        return mean

    def _response(self, call: Call, mean: str) -> None:
        o, cells = call.options, call.options["size"] ** (2 if call.function.endswith("within") else 1)
        alpha = o["alpha"] * (1 if o["alpha_over_n"] else cells)
        self.graph.formula(f"{call.operands[0]} / ({o['k']} + {alpha!r} * {mean}) ** {o['beta']}", call.result)

    def _batch_norm(self, call: Call) -> None:
        x, y, axes = call.operands[0], call.result, self.graph.constant((0, *range(2, len(call.shape))))
        affine = call.operands[1:] or self._affine(call.shape[1])
        self.graph.remark("As in training: the batch's own mean and biased variance.")
        means = self.graph.node("ReduceMean", [x, axes], f"{y}_means")
        self.graph.formula(f"({x} - {means}) * ({x} - {means})", f"{y}_squares")
        variances = self.graph.node("ReduceMean", [f"{y}_squares", axes], f"{y}_variances")
        flat = self.graph.constant((-1,))
        mean, variance = (self.graph.node("Reshape", [name, flat], name[:-1]) for name in (means, variances))
        self.graph.node("BatchNormalization", [x, *affine, mean, variance], y, epsilon=call.options["eps"])

    def _batch_norm_inference(self, call: Call) -> None:
        x, *statistics = call.operands
        names = [x, *self._affine(call.shape[1]), *statistics]
        self.graph.node("BatchNormalization", names, call.result, epsilon=call.options["eps"])

    def _affine(self, shape: Any) -> tuple[str, str]:
        """γ = 1 and β = 0."""
        return self._filled("ones", shape), self._filled("zeros", shape)

    @property
    def _stash(self) -> dict[str, int]:
        """The type of statistics."""
        return {"stash_type": 11} if self.operation.double else {}

    def _layer_norm(self, call: Call) -> None:
        affine = self._affine(call.options["normalized_shape"])
        how = {"axis": 1, "epsilon": call.options["eps"], **self._stash}
        self.graph.node("LayerNormalization", [*call.operands, *affine], call.result, **how)

    def _instance_norm(self, call: Call) -> None:
        if self.operation.double:
            self.graph.remark("Groups of one channel each are instance normalization.")
            self._groups(call, call.shape[1])
            return
        names = [*call.operands, *self._affine(call.shape[1])]
        self.graph.node("InstanceNormalization", names, call.result, epsilon=call.options["eps"])

    def _group_norm(self, call: Call) -> None:
        self._groups(call, call.options["num_groups"])

    def _groups(self, call: Call, groups: int) -> None:
        how = {"num_groups": groups, "epsilon": call.options["eps"], **self._stash}
        self.graph.node("GroupNormalization", [*call.operands, *self._affine(call.shape[1])], call.result, **how)

    # Layers and activations

    def _linear(self, call: Call) -> None:
        x, w, b = call.operands
        if len(call.shape) > 1:
            self.graph.node("Gemm", [x, w, b], call.result, transB=1)
            return
        products = self.graph.node("MatMul", [w, x], f"{call.result}_products")
        self.graph.node("Add", [products, b], call.result)

    def _add(self, call: Call) -> None:
        self.graph.node("Add", call.operands, call.result)

    def _dropout(self, call: Call) -> None:
        self.graph.remark("Dropout of ONNX draws a mask of its own: here the figure's.")
        x, mask = call.operands
        self.graph.formula(f"{x} * {mask} / {1 - call.options['p']}", call.result)

    def _flatten(self, call: Call) -> None:
        self.graph.node("Flatten", call.operands, call.result)

    def _activation(self, call: Call) -> None:
        x, value = call.operands[0], dict(zip(("alpha",), call.options.values(), strict=False))
        if self.operation.double and call.function not in ("relu", "sigmoid", "tanh"):
            # The only type in which ONNX Runtime has all activations.
            self.single.add(call.result)
            x = self.graph.node("Cast", [x], "single", to=1)
        self.graph.node(_OPERATORS[call.function], [x], call.result, **value)

    _relu = _tanh = _sigmoid = _selu = _gelu = _hardswish = _mish = _identity = _leaky_relu = _elu = _activation

    def _clip(self, call: Call) -> None:
        ends = (0.0, 6.0) if call.function == "relu6" else (-1.0, 1.0)
        self.graph.node("Clip", [*call.operands, *map(self.graph.constant, ends)], call.result)

    _relu6 = _hardtanh = _clip

    def _softplus(self, call: Call) -> None:
        if call.options["beta"] == 1:
            self.graph.node("Softplus", call.operands, call.result)
        else:
            self._composed(call)

    def _composed(self, call: Call) -> None:
        self.graph.formula(self.formula(call), call.result)

    _silu = _composed

    def _softmax(self, call: Call) -> None:
        self.graph.node("Softmax", call.operands, call.result, axis=call.options["dim"])

    # Losses

    def _loss(self, call: Call) -> None:
        remark = "ONNX has no elementwise losses: their formulas, node by node."
        if f"# {remark}" not in self.graph.lines:
            self.graph.remark(remark)
        self._composed(call)

    _l1_loss = _mse_loss = _huber_loss = _smooth_l1_loss = _hinge_loss = _loss
    _binary_cross_entropy = _binary_cross_entropy_with_logits = _loss

    def _cross_entropy(self, call: Call) -> None:
        label = self._give("label", f"np.array([{call.options['label']}])")
        self.graph.node("SoftmaxCrossEntropyLoss", [call.operands[0], label], call.result)

    # Training

    def descents(self, calls: Sequence[Call]) -> None:
        """The surface as a graph; the way down by its differences."""
        self.graph.formula(SURFACES[calls[0].options["surface"]], "z")
        self.put("x = y = np.zeros(1)")
        self._session(["z"], ["x", "y"], '["points"]')
        start = self.array_text(self.operation.operands["start"])
        self.lines += DESCENT.format(start=start).rstrip().splitlines()
        for call in calls:
            if call.function == "descend":
                rule = f"{call.result}_rule"
                self.lines += ["", "", *rule_source(rule, call).splitlines(), "", ""]
                self.expressions.append(f"descend({rule}, {call.options['steps']}, {call.options['lr']!r})")
                self.put(f"{call.result} = {self.expressions[-1]}")
            else:
                self.put(f"{call.result} = f(*{call.operands[0]}.T)")
                self.expressions.append(self.graph.last)
