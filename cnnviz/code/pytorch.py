"""PyTorch: the functions are its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import ClassVar

from cnnviz.code._writer import Writer, has_shape, surface_source, unpool_rest
from cnnviz.operation import Call, Operand, Training

_MODULES = {
    "relu": "ReLU", "elu": "ELU", "tanh": "Tanh", "sigmoid": "Sigmoid", "selu": "SELU", "relu6": "ReLU6",
    "hardtanh": "Hardtanh", "gelu": "GELU", "silu": "SiLU", "hardswish": "Hardswish", "mish": "Mish",
    "identity": "Identity", "leaky_relu": "LeakyReLU", "softplus": "Softplus",
}  # fmt: skip


class Framework(Writer):
    """PyTorch's `torch.nn.functional`."""

    title: ClassVar = "PyTorch"
    modules: ClassVar = {
        "np.": "import numpy as np", "torch.": "import torch", "F.": "import torch.nn.functional as F",
        "nn.": "from torch import nn",
    }  # fmt: skip

    def line(self) -> str:
        """With the module's full name, as no import stands above."""
        return super().line().replace("F.", "torch.nn.functional.")

    # Arrays

    @property
    def _type(self) -> str:
        return "torch.float64" if self.operation.double else "torch.float32"

    def array(self, operand: Operand, made: str) -> str:
        """A tensor of its own."""
        typed = not made.startswith("[") or self.operation.double or "." not in made
        text = f"torch.tensor({made}{f', dtype={self._type}' if typed else ''})"
        shape = operand.values.shape
        return text if has_shape(made, shape) else text + _reshaped(shape)

    def made(self, operand: Operand, function: str, *arguments: str) -> str:
        """By torch's function of that name."""
        shape = operand.values.shape
        of_type = f", dtype={self._type}" if self.operation.double or function == "arange" else ""
        if function in ("arange", "linspace"):
            text = f"torch.{function}({', '.join(arguments)}{of_type})"
            return text if len(shape) == 1 else text + _reshaped(shape)
        size = str(shape) if arguments else ", ".join(map(str, shape))
        return f"torch.{function}({', '.join([size, *arguments])}{of_type})"

    # Convolution and pooling

    def flip(self, call: Call) -> str:
        """Rows and columns the other way round."""
        self.note("True convolution: the kernel is turned by 180° first.")
        return f"torch.flip({call.operands[0]}, (2, 3))"

    def conv2d(self, call: Call) -> str:
        """As it is."""
        if self.operation.calls[0] is call:
            self.note("A cross-correlation: the kernel is not flipped.")
        return self.called("F.conv2d", *call.operands, **self.options(call, **_CONV))

    def conv_transpose2d(self, call: Call) -> str:
        """As it is."""
        return self.called("F.conv_transpose2d", *call.operands, **self.options(call, **_CONV, output_padding=(0, 0)))

    def _pool(self, call: Call) -> str:
        usual = {"stride": call.options.get("kernel_size"), "padding": (0, 0), "dilation": (1, 1), "ceil_mode": False,
                 "count_include_pad": True}  # fmt: skip
        options = self.options(call, **usual)
        if call.function == "max_unpool2d":
            # Of one number torch makes a size of one axis.
            options["output_size"] = "({}, {})".format(*options["output_size"])
        size = options.pop("kernel_size" if "kernel_size" in options else "output_size")
        return self.called(f"F.{call.function}", *call.operands, self.plain(size), **options)

    max_pool2d = avg_pool2d = adaptive_max_pool2d = adaptive_avg_pool2d = _pool

    def max_unpool2d(self, call: Call) -> str:
        """By the indices that the pooling gave."""
        return self._pool(call)

    def avg_unpool2d(self, call: Call) -> str:
        """Torch has none: every value over its window, by how many windows lie on a cell."""
        y, (k0, k1), s = call.operands[0], call.options["kernel_size"], call.options["stride"]
        rest = unpool_rest(call)
        how = {"stride": s} | ({"output_padding": rest} if rest != (0, 0) else {})
        self.note("torch has no average unpooling: each value is laid over its window, overlaps take the mean.")
        self.put(f"window = torch.ones(1, 1, {k0}, {k1})")
        count = self.called("F.conv_transpose2d", f"torch.ones_like({y})", "window", **how)
        self.put(f"count = {count}.clamp(min=1)")
        return f"{self.called('F.conv_transpose2d', y, 'window', **how)} / count"

    # Normalization

    def local_response_norm(self, call: Call) -> str:
        """Torch divides α by the number of channels."""
        x, o = call.operands[0], call.options
        alpha = self.plain(o["alpha"])
        if not o["alpha_over_n"]:
            self.note("torch divides alpha by the number of neighbours, the figure does not.")
            alpha = f"{o['size']} * {alpha}"
        return f"F.local_response_norm({x}, {o['size']}, alpha={alpha}, beta={self.plain(o['beta'])}, " \
               f"k={self.plain(o['k'])})"  # fmt: skip

    def local_response_norm_within(self, call: Call) -> str:
        """By the mean of the squares, of which zeros beyond the edge are part."""
        x, o = call.operands[0], call.options
        n = o["size"]
        before, after = n // 2, (n - 1) // 2
        weight = self.plain(o["alpha"]) + ("" if o["alpha_over_n"] else f" * {n**2}")
        self.note("torch has it between channels only: here the mean of the squares in a window of a channel.")
        self.put(f"squares = F.pad({x}**2, ({before}, {after}, {before}, {after}))")
        mean = f"F.avg_pool2d(squares, {n}, stride=1)"
        return f"{x} / ({self.plain(o['k'])} + {weight} * {mean}) ** {self.plain(o['beta'])}"

    def batch_norm(self, call: Call) -> str:
        """As in training, by the batch's own statistics."""
        affine = dict(zip(("weight", "bias"), call.operands[1:], strict=False))
        options = self.options(call, eps=1e-5)
        return self.called("F.batch_norm", call.operands[0], "None", "None", **affine, **options)

    def _norm(self, call: Call) -> str:
        options = self.options(call, eps=1e-5)
        first = [str(options.pop(name)) for name in ("normalized_shape", "num_groups") if name in options]
        return self.called(f"F.{call.function}", *call.operands, *first, **options)

    layer_norm = instance_norm = group_norm = _norm

    # Layers and activations

    def linear(self, call: Call) -> str:
        """As it is."""
        return self.called("F.linear", *call.operands)

    def flatten(self, call: Call) -> str:
        """Channels, rows and columns in a row."""
        return f"{call.operands[0]}.flatten(1)"

    def identity(self, call: Call) -> str:
        """The input."""
        return call.operands[0]

    def _simple(self, call: Call) -> str:
        where = "torch" if call.function in ("tanh", "sigmoid", "softmax") else "F"
        return self.called(f"{where}.{call.function}", *call.operands, **call.options)

    relu = leaky_relu = elu = selu = softplus = relu6 = hardtanh = gelu = silu = hardswish = mish = _simple
    tanh = sigmoid = softmax = _simple

    # Losses

    def _loss(self, call: Call) -> str:
        x, options = call.operands[0], {k: v for k, v in call.options.items() if k != "label"}
        label = f"torch.full_like({x}, {self.plain(call.options['label'])})"
        return self.called(f"F.{call.function}", x, label, reduction="'none'", **options)

    l1_loss = mse_loss = huber_loss = smooth_l1_loss = binary_cross_entropy = binary_cross_entropy_with_logits = _loss

    def hinge_loss(self, call: Call) -> str:
        """Torch has none of this form."""
        self.note("torch has no hinge loss of this form.")
        x, label, margin = call.operands[0], self.plain(call.options["label"]), self.plain(call.options["margin"])
        return f"torch.clamp({margin} - {label} * {x}, min=0)"

    # Training

    def descents(self, calls: Sequence[Call]) -> None:
        """By `torch.optim`, with torch's own gradients."""
        start = self.array(self.operation.operands["start"], self._rows(self.operation.operands["start"].values))
        self._lines += [
            "def f(x, y):", f"    return {surface_source(calls[0].options['surface'])}", "", "",
            "def descend(rule, steps, **options):",
            f"    w = {start.removesuffix(')')}, requires_grad=True)",
            "    optimizer = rule([w], **options)",
            "    for _ in range(steps):",
            "        optimizer.zero_grad()",
            "        f(*w).backward()",
            "        optimizer.step()",
            "    return w.detach()", "", "",
        ]  # fmt: skip
        for call in calls:
            options = {k: v for k, v in call.options.items() if k not in ("surface", "rule", "steps")}
            rule, steps = f"torch.optim.{call.options['rule']}", str(call.options["steps"])
            self._expressions.append(self.called(rule, "[w]", **options))
            self.put(f"{call.result} = {self.called('descend', rule, steps, **options)}")
        self.put("")
        for shown in self.operation.shown:
            self.put(f"print({shown.name})")

    def network(self, training: Training) -> None:
        """A Sequential of modules, which learns once."""
        self.put("")
        modules = [_module(self, call) for call in self.operation.calls]
        self._lines += ["model = nn.Sequential(", *(f"    {module}," for module in modules), ")"]
        self.put(f"weights = [{', '.join(name for name in self.operation.operands if name != 'x')}]")
        self._lines += [
            "with torch.no_grad():",
            "    for parameter, values in zip(model.parameters(), weights):",
            "        parameter.copy_(values)",
            f"label = torch.tensor([{training.label}])",
            "",
        ]  # fmt: skip
        if training.rate:
            self._lines += [
                f"optimizer = torch.optim.SGD(model.parameters(), lr={self.plain(training.rate)})",
                "F.cross_entropy(model(x), label).backward()",
                "optimizer.step()",
            ]  # fmt: skip
        self._lines += [
            "",
            "scores = model(x).detach()",
            "print(torch.softmax(scores, 1)[0])",
            "print(F.cross_entropy(scores, label))",
        ]
        self._expressions.append("F.cross_entropy(model(x), label).backward()")


_CONV = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}


def _reshaped(shape: Sequence[int]) -> str:
    return f".reshape({', '.join(map(str, shape))})"


def _module(writer: Framework, call: Call) -> str:
    """A layer as a module."""
    make: Callable[[str], str] | None = None
    shape, o = call.shape, dict(call.options)
    match call.function:
        case "conv2d":
            kernels, _, *size = writer.operation.operands[call.operands[1]].values.shape
            sizes = str(shape[1]), str(kernels), writer.plain(tuple(size))
            return writer.called("nn.Conv2d", *sizes, **writer.options(call, **_CONV))
        case "max_pool2d" | "avg_pool2d":
            make = {"max_pool2d": "nn.MaxPool2d", "avg_pool2d": "nn.AvgPool2d"}[call.function].__add__
            return make(writer._pool(call).partition("2d")[2].replace(f"{call.operands[0]}, ", "", 1))
        case "batch_norm":
            return f"nn.BatchNorm2d({shape[1]})"
        case "local_response_norm":
            size = o.pop("size")
            o.pop("alpha_over_n")
            return writer.called("nn.LocalResponseNorm", str(size), **o)
        case "linear":
            return f"nn.Linear({math.prod(shape[1:])}, {len(writer.operation.operands[call.operands[1]].values)})"
        case "flatten":
            return "nn.Flatten()"
    return writer.called(f"nn.{_MODULES[call.function]}", **o)
