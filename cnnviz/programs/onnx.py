"""ONNX: a graph of nodes, which ONNX Runtime runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, ClassVar

from cnnviz.operation import Call, Shown, Training
from cnnviz.programs._formulas import SURFACES
from cnnviz.programs._onnx_descent import DESCENT, rule_source
from cnnviz.programs._onnx_graph import Graph, window_attributes
from cnnviz.programs._onnx_templates import BATCH_NORM, GROUPS, PAD_MODES, PER_CHANNEL, RESIZE_MODES, SQUARES, TEMPLATES
from cnnviz.programs._writer import Writer, pad_sides, unpool_rest

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


class Framework(Writer):
    """ONNX, built by `onnx.helper`: templates and methods add nodes and give nothing back."""

    modules: ClassVar = {
        "np.": "import numpy as np",
        "onnxruntime.": "import onnxruntime",
        "TensorProto.": "from onnx import TensorProto, helper",
    }
    dtypes: ClassVar = ("np.float32", "np.float64")
    templates: ClassVar = TEMPLATES

    def _write(self) -> None:
        self.graph = Graph(self.operation.double)
        self.given = list(self.operation.operands)
        self.single: set[str] = set()
        super()._write()

    def fill(self, template: str, call: Call, **more: Any) -> str:
        """Add a template's nodes; only the last one has no name of its own."""
        stash = ", stash_type=11" if self.operation.double else ""
        window = "".join(f", {name}={value}" for name, value in window_attributes(call).items())
        for line in self.filled(template, call, y=call.result, stash=stash, window=window, **more):
            if line.startswith("#"):
                self.graph.remark(line)
            elif " := " in line:
                self._give(*line.split(" := "))
            else:
                outputs, _, source = line.rpartition(" = ")
                self.graph.formula(source, *(outputs or call.result).split(", "))
        return self.graph.last

    def _give(self, name: str, text: str) -> None:
        """One more array that goes in."""
        if name not in self.given:
            self.put(f"{name} = {text}")
            self.given.append(name)

    def shown(self, shown: Any) -> str:
        """Of a network what it gives before the step, which ONNX Runtime cannot do."""
        return super().shown(shown).removeprefix("after_")

    def printed(self) -> list[Shown]:
        """Without gradients and what is learned; of these alone the output."""
        training = self.operation.training
        if self.operation.training_call is not None:
            return [Shown(name=self.operation.calls[-1].result, panel="")]
        if training is None:
            return super().printed()
        made = {call.result for call in self.operation.calls}
        forward = {s.name.removeprefix("after_"): s for s in super().printed()}
        return [shown for name, shown in forward.items() if name in made] or [Shown(name=training.loss, panel="")]

    def calls(self) -> None:
        """All nodes, their graph, and its run."""
        for call in self.operation.calls:
            self.main_expression = ""
            self.expression(call)
            self.expressions.append(self.main_expression or self.graph.last)
        results = [call.result for call in self.operation.calls if call.result not in self.given]
        self._session(results, self.given)
        self.put(f"[{', '.join(results)}] = session.run(None, given)")

    def train(self, call: Call) -> None:
        """The way forward."""
        self.note("ONNX Runtime learns nothing: the way forward, with the weights before the figure's training.")
        self.calls()

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

    # Convolution and pooling

    def _flip(self, call: Call) -> None:
        self.note("True convolution: the kernel is rotated by 180° first.")
        self._give(call.result, f"np.flip({call.operands[0]}, (2, 3)).copy()")
        self.given.remove(call.operands[0])

    def _conv2d(self, call: Call) -> None:
        self.fill("{correlation}" * (self.operation.training is None) + "Conv({operands}{window})", call)

    _conv1d = _conv3d = _conv2d

    def _conv_transpose2d(self, call: Call) -> None:
        sizes = list(zip(call.options["output_padding"], call.options["stride"], strict=True))
        behind = tuple(a // s for a, s in sizes)
        if not any(behind):
            self.fill("ConvTranspose({operands}{window})", call)
            return
        keywords = {**window_attributes(call), "output_padding": tuple(a % s for a, s in sizes)}
        self.fill(
            "# ONNX Runtime takes no output padding of a stride or more: zeros behind the input.\n"
            "longer_{0} = Pad({0}, {pads})\nConvTranspose(longer_{operands}{keywords})",
            call,
            pads=(*[0] * 6, *behind),
            keywords="".join(f", {name}={value}" for name, value in keywords.items()),
        )

    def _max_pool2d(self, call: Call) -> None:
        self.fill("{y}, indices = " * bool(call.options.get("return_indices")) + "MaxPool({0}{window})", call)

    def _adaptive(self, call: Call) -> None:
        kind = "Max" if "max" in call.function else "Average"
        size, out = call.shape[2:], call.options["output_size"]
        sizes = list(zip(size, out, strict=True))
        if out == (1, 1):
            self.fill(f"Global{kind}Pool({{0}})", call)
        elif all(i % o == 0 for i, o in sizes):
            note, window = (
                "# ONNX has no adaptive pooling: windows that give the output's size.\n",
                [i // o for i, o in sizes],
            )
            self.fill(f"{note}{kind}Pool({{0}}, kernel_shape={window}, strides={window})", call)
        else:
            reduced = "ReduceMax" if kind == "Max" else "ReduceMean"
            lines = ["# ONNX has no adaptive pooling: here window after window."]
            spans = ([(r * i // o, -(-(r + 1) * i // o)) for r in range(o)] for i, o in sizes)
            for n, corners in enumerate(product(*spans)):
                starts, ends = zip(*corners, strict=True)
                lines += [
                    f"window_{n} = Slice({{0}}, {starts}, {ends}, (2, 3))",
                    f"cell_{n} = {reduced}(window_{n}, (2, 3))",
                ]
            cells = ", ".join(f"cell_{n}" for n in range(out[0] * out[1]))
            lines += [f"cells = Concat({cells}, axis=3)", f"Reshape(cells, {(*call.shape[:2], *out)})"]
            self.fill("\n".join(lines), call)

    _adaptive_max_pool2d = _adaptive_avg_pool2d = _adaptive

    def _avg_unpool2d(self, call: Call) -> None:
        rest = unpool_rest(call)
        spread = f"strides={call.options['stride']}" + (f", output_padding={rest}" if any(rest) else "")
        self.fill(
            "window := np.ones((1, 1, {o[kernel_size][0]}, {o[kernel_size][1]}), dtype={dtype})\n"
            "ones := np.ones({shape}, dtype={dtype})\n"
            "# ONNX has no average unpooling: each value is spread over its window, overlaps average.\n"
            f"total = ConvTranspose({{0}}, window, {spread})",
            call,
        )
        self.main_expression = self.graph.last
        self.fill(f"count = ConvTranspose(ones, window, {spread})\ntotal / maximum(count, 1)", call)

    # Sampling and patches

    def _pad(self, call: Call) -> None:
        ends = tuple(end for ends in zip(*pad_sides(call), strict=True) for end in ends)
        self.fill(f"Pad({{0}}, {ends}{PAD_MODES[call.options['mode']]})", call)

    def _interpolate(self, call: Call) -> None:
        mode = "corners" if call.options["align_corners"] else call.options["mode"]
        self.fill(f'Resize({{0}}, "", "", {(*call.shape[:2], *call.options["size"])}, {RESIZE_MODES[mode]})', call)

    def _deform_conv2d(self, call: Call) -> None:
        mask = ', "", {3}' if call.operands[3:] else ""
        self.fill(f"DeformConv({{0}}, {{2}}, {{1}}{mask}{{window}})", call)

    def _pixel_unshuffle(self, call: Call) -> None:
        (n, c, h, w), r = call.shape, call.options["downscale_factor"]
        self.fill(
            f"{{y}}_cells = Reshape({{0}}, {(n, c, h // r, r, w // r, r)})\n"
            "{y}_channels = Transpose({y}_cells, perm=(0, 1, 3, 5, 2, 4))\n"
            f"Reshape({{y}}_channels, {(n, c * r * r, h // r, w // r)})",
            call,
        )

    def _unfold(self, call: Call) -> None:
        o, x, y, lines = call.options, call.operands[0], call.result, list[str]()
        k, p, shape = o["kernel_size"], o["padding"], call.shape
        if any(p):
            lines, x = [f"padded = Pad({x}, {(0, 0, *p, 0, 0, *p)})"], "padded"
        for axis, name in ((0, f"{y}_rows"), (1, f"{y}_columns")):
            d, s = o["dilation"][axis], o["stride"][axis]
            count = (shape[2 + axis] + 2 * p[axis] - d * (k[axis] - 1) - 1) // s + 1
            cells = [[start * s + at * d for start in range(count)] for at in range(k[axis])]
            lines += [f"{name} := np.array({cells})", f"in_{name} = Gather({x}, {name}, axis={2 + 2 * axis})"]
            x = f"in_{name}"
        lines += [f"windows = Transpose({x}, perm=(0, 1, 2, 4, 3, 5))"]
        lines += [f"Reshape(windows, {(shape[0], shape[1] * k[0] * k[1], -1)})"]
        self.graph.remark("# ONNX has Col2Im but no Im2Col: the rows of all windows, then their columns.")
        self.fill("\n".join(lines), call)

    def _scaled_dot_product_attention(self, call: Call) -> None:
        axes = len(call.shape)
        lines = [
            f"{{1}}_turned = Transpose({{1}}, perm={(*range(axes - 2), axes - 1, axes - 2)})",
            "{y}_products = MatMul({0}, {1}_turned)",
            f"{{y}}_scores = Div({{y}}_products, {call.shape[-1] ** 0.5})",
            "{y}_weights = Softmax({y}_scores, axis=-1)",
            "MatMul({y}_weights, {2})",
        ]
        if call.options.get("is_causal"):
            keys = self.operation.operands[call.operands[1]].values.shape[-2]
            mask = f"np.where(np.tri({call.shape[-2]}, {keys}) > 0, 0, -np.inf).astype({self.dtype})"
            lines[3:4] = [f"mask := {mask}", "{y}_masked = Add({y}_scores, mask)", lines[3].replace("scores", "masked")]
        self.fill("\n".join(lines), call)

    # Normalization

    def _local_response_norm(self, call: Call) -> None:
        o, n = call.options, call.options["size"]
        alpha = o["alpha"] * (1 if o["alpha_over_n"] else n)
        if n % 2 and alpha > 0 and o["beta"] > 0:
            if not o["alpha_over_n"]:
                times = f"{n} * {o['alpha']:g}"
                self.graph.remark(f"# ONNX divides alpha by the number of neighbours, the figure does not: {times}.")
            self.fill(f"LRN({{0}}, size={n}, alpha={alpha!r}, beta={{o[beta]}}, bias={{o[k]}})", call)
            return
        self._response(
            "# LRN takes an odd size, α and β above 0: here the mean of squares, channels as rows.\n"
            "{y}_rows = Reshape({0}, ({shape[0]}, 1, {shape[1]}, -1))\n" + SQUARES.replace("X", "{y}_rows"),
            call,
            (n, 1),
            "{y}_means = Reshape({y}_mean, {shape})\n",
        )

    def _local_response_norm_within(self, call: Call) -> None:
        n = call.options["size"]
        remark = "# ONNX has LRN between channels only: here the mean of squares in a window of a channel.\n"
        self._response(remark + SQUARES.replace("X", "{0}"), call, (n, n))

    def _response(self, squares: str, call: Call, window: tuple[int, int], reshaped: str = "") -> None:
        o, cells = call.options, window[0] * window[1]
        pads = *(side // 2 for side in window), *((side - 1) // 2 for side in window)
        self.fill(squares.replace("WINDOW", str(window)).replace("PADS", str(pads)), call)
        self.main_expression = self.graph.last
        alpha, mean = o["alpha"] * (1 if o["alpha_over_n"] else cells), "{y}_means" if reshaped else "{y}_mean"
        self.fill(f"{reshaped}{{0}} / ({{o[k]}} + {alpha!r} * {mean}) ** {{o[beta]}}", call)

    def _batch_norm(self, call: Call) -> None:
        affine = ", ".join(call.operands[1:])
        self.fill(
            ("" if affine else PER_CHANNEL) + BATCH_NORM,
            call,
            affine=affine or "ones, zeros",
            axes=(0, *range(2, len(call.shape))),
        )

    def _instance_norm(self, call: Call) -> None:
        if self.operation.double:
            groups = GROUPS.replace("GROUPS", "{shape[1]}")
            self.fill("# Groups of one channel each are instance normalization.\n" + groups, call)
        else:
            self.fill(PER_CHANNEL + "InstanceNormalization({0}, ones, zeros, epsilon={o[eps]})", call)

    # Layers and activations

    def _linear(self, call: Call) -> None:
        vector = "{y}_products = MatMul({1}, {0})\nAdd({y}_products, {2})"
        self.fill("Gemm({0}, {1}, {2}, transB=1)" if len(call.shape) > 1 else vector, call)

    def _dropout(self, call: Call) -> None:
        remark = "# Dropout of ONNX draws a mask of its own: here the figure's.\n"
        self.fill(f"{remark}{{0}} * {{1}} / {1 - call.options['p']}", call)

    def default(self, call: Call) -> str:
        """An activation."""
        node = "".join(f", alpha={value!r}" for value in list(call.options.values())[:1])
        node = f"{_OPERATORS[call.function]}(X{node})"
        if self.operation.double and call.function not in ("relu", "sigmoid", "tanh"):
            # The only type in which ONNX Runtime has all activations.
            self.single.add(call.result)
            return self.fill("single = Cast({0}, to=1)\n" + node.replace("X", "single"), call)
        return self.fill(node.replace("X", "{0}"), call)

    def formula(self, call: Call) -> str:
        """By nodes."""
        remark = "# ONNX has no elementwise losses: their formulas, node by node."
        if "label" in call.options and remark not in self.graph.lines:
            self.graph.remark(remark)
        self.graph.formula(super().formula(call), call.result)
        return self.graph.last

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
