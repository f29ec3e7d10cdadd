"""Keras 3, on any of its backends: channels come last, padding is a step of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from cnnviz.code._writer import Writer, is_map, overhang, surface_source
from cnnviz.operation import KERNEL, MAP, Call, Operand, Shown, Training
from cnnviz.parameters import Size

_NAMES = {"identity": "linear", "hardtanh": "hard_tanh", "hardswish": "hard_silu"}
_LOSSES = {
    "l1_loss": "mean_absolute_error", "mse_loss": "mean_squared_error", "huber_loss": "huber",
    "binary_cross_entropy": "binary_crossentropy", "binary_cross_entropy_with_logits": "binary_crossentropy",
}  # fmt: skip


class Framework(Writer):
    """Keras."""

    title: ClassVar = "Keras"
    modules: ClassVar = {"keras.": "import keras", "np.": "import numpy as np"}

    def _remarks(self) -> Iterator[str]:
        if any(operand.kind == MAP for operand in self.operation.operands.values()):
            yield "In Keras channels come last: (samples, rows, columns, channels)."

    # Arrays

    @property
    def _type(self) -> str:
        return '"float64"' if self.operation.double else '"float32"'

    def array(self, operand: Operand, made: str) -> str:
        """A NumPy array, its axes in Keras's order."""
        return self._placed(operand, f"np.array({made}, dtype={self._type})", not made.startswith("["))

    def made(self, operand: Operand, function: str, *arguments: str) -> str:
        """By NumPy's function of that name."""
        shape = operand.values.shape
        if function in ("arange", "linspace"):
            return self._placed(operand, f"np.{function}({', '.join(arguments)}, dtype={self._type})")
        size = tuple(shape[axis] for axis in _ORDER.get(operand.kind, range(len(shape))))
        return f"np.{function}({', '.join([str(size), *arguments])}, dtype={self._type})"

    @staticmethod
    def _placed(operand: Operand, text: str, shaped: bool = False) -> str:
        shape, order = operand.values.shape, _ORDER.get(operand.kind)
        if order is None:
            return text if shaped or len(shape) == 1 or shape[0] > 1 else f"{text}.reshape{shape}"
        # Where there is one channel no number changes its place.
        if shape[1] == 1 and (operand.kind == MAP or shape[0] == 1):
            return f"{text}.reshape{tuple(shape[axis] for axis in order)}"
        return (text if shaped else f"{text}.reshape{shape}") + f".transpose{order}"

    def shown(self, shown: Shown) -> str:
        """With channels where the figure has them."""
        if not is_map(shown):
            return shown.name
        if shown.size:
            return f"tuple({shown.name}.shape[1:3])"
        if shown.drop == 2:
            return f"{shown.name}[0, :, :, 0]"
        of = f"{shown.name}[0]" if shown.drop else shown.name
        return f"keras.ops.moveaxis({of}, -1, {1 - shown.drop})"

    # Convolution

    def flip(self, call: Call) -> str:
        """Rows and columns the other way round."""
        self.note("True convolution: the kernel is turned by 180° first.")
        return f"np.flip({call.operands[0]}, (0, 1))"

    def conv2d(self, call: Call) -> str:
        """Over an input padded before: Keras's own padding is none, or as much as keeps the size."""
        o, (x, w) = call.options, call.operands[:2]
        if self.operation.calls[0] is call:
            self.note("A cross-correlation: the kernel is not flipped.")
        options: dict[str, Any] = {"strides": o["stride"]} if o["stride"] != (1, 1) else {}
        if o["dilation"] != (1, 1):
            options["dilation_rate"] = o["dilation"]
        x = self._padded(x, o["padding"], o["padding"])
        return self.called("keras.ops.conv", x, w, **options, padding='"valid"') + self._bias(call)

    def _padded(self, x: str, before: Sequence[int], after: Sequence[int], value: str = "", **more: Any) -> str:
        """The name of an input with its padding, which is put ahead."""
        if not any((*before, *after)):
            return x
        self.note('padding="valid" is none, "same" need not be this one: padding is written out.')
        self.put(f"padded = {_pad(x, before, after, value)}")
        return "padded"

    @staticmethod
    def _bias(call: Call) -> str:
        return f" + {call.operands[2]}" if len(call.operands) > 2 else ""

    def conv_transpose2d(self, call: Call) -> str:
        """Without padding, which is cut off afterwards."""
        o, (x, w) = call.options, call.operands[:2]
        kernel = self.operation.operands[w].values.shape[2:]
        span = [d * (k - 1) + 1 for d, k in zip(o["dilation"], kernel, strict=True)]
        size = [(i - 1) * s + k - 2 * p + a for i, s, k, p, a in
                zip(call.shape[2:], o["stride"], span, o["padding"], o["output_padding"], strict=True)]  # fmt: skip
        options: dict[str, Any] = {"strides": o["stride"]} if o["stride"] != (1, 1) else {}
        if o["dilation"] != (1, 1):
            options["dilation_rate"] = o["dilation"]
        whole = self.called("keras.ops.conv_transpose", x, w, **options, padding='"valid"')
        cut = self._cut(call.result, whole, call.shape[2:], o["stride"], span, o["padding"], size)
        return cut + self._bias(call)

    def _cut(self, result: str, whole: str, i: Sequence[int], stride: Size, span: Sequence[int],
             start: Sequence[int], size: Sequence[int]) -> str:  # fmt: skip
        """The part of a transposed convolution from `start` on that has a size, with zeros where it ends before."""
        have = [(n - 1) * s + max(k, s) for n, s, k in zip(i, stride, span, strict=True)]
        lack = [max(0, p + n - h) for p, n, h in zip(start, size, have, strict=True)]
        if not any(start) and not any(lack) and list(size) == have:
            return whole
        self.note("Keras takes no padding here: what padding leaves out is cut off, what lacks are zeros.")
        self.put(f"whole = {whole}")
        self.telling = whole
        if any(lack):
            self.put(f"whole = {_pad('whole', (0, 0), lack)}")
        (top, left), (rows, columns) = start, size
        return f"whole[:, {top}:{top + rows}, {left}:{left + columns}]"

    # Pooling

    def max_pool2d(self, call: Call) -> str:
        """Over an input padded with what never wins."""
        o, ends = call.options, [p + more for p, more in zip(call.options["padding"], overhang(call), strict=True)]
        # Windows are cut out by a convolution, which makes nothing of infinity times 0.
        least = '-float("inf")' if o["dilation"] == (1, 1) else "-1e30"
        x = self._padded(call.operands[0], o["padding"], ends, least)
        k, s = self.plain(o["kernel_size"]), self.plain(o["stride"])
        if o.get("return_indices"):
            self._indices(call)
        if o["dilation"] != (1, 1):
            self.note("Keras has no dilated pooling: the maximum of each window that is cut out.")
            windows = self.called("keras.ops.image.extract_patches", x, k, strides=s, dilation_rate=o["dilation"])
            return f"keras.ops.max({windows}, axis=-1, keepdims=True)"
        return f"keras.ops.max_pool({x}, {k}, {s})"

    def avg_pool2d(self, call: Call) -> str:
        """Over an input padded with zeros, by the share of cells that count."""
        o, more = call.options, overhang(call)
        k, s, p = self.plain(o["kernel_size"]), self.plain(o["stride"]), o["padding"]
        if not any((*p, *more)):
            return f"keras.ops.average_pool({call.operands[0]}, {k}, {s})"
        ends = [a + b for a, b in zip(p, more, strict=True)]
        x = self._padded(call.operands[0], p, ends)
        if o["count_include_pad"] and not any(more):
            return f"keras.ops.average_pool({x}, {k}, {s})"
        ones = f"np.ones_like({call.operands[0]})"
        self.note("Keras counts every cell of a window: divided by the share of those that count here.")
        if o["count_include_pad"]:
            self.put(f"counted = {_pad(_pad(ones, p, p, '1.0'), (0, 0), more)}")
        else:
            self.put(f"counted = {_pad(ones, p, ends)}")
        return f"keras.ops.average_pool({x}, {k}, {s}) / keras.ops.average_pool(counted, {k}, {s})"

    def _results(self, call: Call) -> str:
        return call.result

    def _indices(self, call: Call) -> None:
        """Where maxima stand, of which Keras knows nothing."""
        x, (k0, k1), s = call.operands[0], call.options["kernel_size"], call.options["stride"]
        self.note("Keras gives no indices of maxima: the place in a window, then in the map.")
        self.put(f"windows = keras.ops.image.extract_patches({x}, ({k0}, {k1}), strides={s})")
        self._lines += [
            "best = keras.ops.convert_to_numpy(keras.ops.argmax(windows, axis=-1))[0]",
            f"row = best // {k1} + {s[0]} * np.arange(best.shape[0])[:, None]",
            f"column = best % {k1} + {s[1]} * np.arange(best.shape[1])",
        ]

    def _adaptive(self, call: Call) -> str:
        kind, x = "max" if "max" in call.function else "mean", call.operands[0]
        if call.options["output_size"] == (1, 1):
            return f"keras.ops.{kind}({x}, axis=(1, 2), keepdims=True)"
        self.note("Of recent Keras versions.")
        return self.called(f"keras.ops.adaptive_{'max' if kind == 'max' else 'average'}_pool", x,
                           str(call.options["output_size"]))  # fmt: skip

    adaptive_max_pool2d = adaptive_avg_pool2d = _adaptive

    def max_unpool2d(self, call: Call) -> str:
        """Each value to its place."""
        rows, columns = call.options["output_size"]
        y = call.operands[0]
        self.put(f"places = (row * {columns} + column).reshape(-1, 1)")
        values = f"keras.ops.reshape({y}, -1)"
        self.put(f"empty = np.zeros({rows * columns}, dtype={self._type})")
        return f"keras.ops.reshape(keras.ops.scatter_update(empty, places, {values}), {(1, rows, columns, 1)})"

    def avg_unpool2d(self, call: Call) -> str:
        """Each value laid over its window, overlaps share."""
        o, y = call.options, call.operands[0]
        k, s = o["kernel_size"], o["stride"]
        self.note("Keras has no average unpooling: each value is laid over its window, overlaps take the mean.")
        self.put(f"window = np.ones({(*k, 1, 1)}, dtype={self._type})")
        spread = self.called("keras.ops.conv_transpose", "{}", "window", strides=s, padding='"valid"')
        ones = spread.format(f"keras.ops.ones_like({y})")
        self.put(f"count = keras.ops.maximum({ones}, 1)")
        return self._cut("", f"{spread.format(y)} / count", call.shape[2:], s, k, (0, 0), o["output_size"])

    # Normalization

    def local_response_norm(self, call: Call) -> str:
        """By sums of squares over channels."""
        x, o = call.operands[0], call.options
        n, channels = o["size"], call.shape[1]
        self.note("Keras has no local response normalization: sums of squares over the neighbours.")
        edges = f"[[0, 0], [0, 0], [0, 0], [{n // 2}, {(n - 1) // 2}]]"
        self.put(f"squares = keras.ops.pad({x}**2, {edges})")
        self.put(f"total = sum(squares[..., j : j + {channels}] for j in range({n}))")
        alpha = self.plain(o["alpha"]) + (f" / {n}" if o["alpha_over_n"] else "")
        return f"{x} / ({self.plain(o['k'])} + {alpha} * total) ** {self.plain(o['beta'])}"

    def local_response_norm_within(self, call: Call) -> str:
        """By the mean of squares, of which zeros beyond the edge are part."""
        x, o = call.operands[0], call.options
        n = o["size"]
        before, after = n // 2, (n - 1) // 2
        self.note("Keras has no local response normalization: the mean of the squares in a window of a channel.")
        self.put(f"squares = {_pad(f'{x}**2', (before, before), (after, after))}")
        alpha = self.plain(o["alpha"]) + ("" if o["alpha_over_n"] else f" * {n**2}")
        mean = f"keras.ops.average_pool(squares, {n}, 1)"
        return f"{x} / ({self.plain(o['k'])} + {alpha} * {mean}) ** {self.plain(o['beta'])}"

    def _layer(self, call: Call, name: str, *, training: bool = False, **options: Any) -> str:
        x, eps = call.operands[0], call.options["eps"]
        how = {**options, "epsilon": eps, **({"dtype": self._type} if self.operation.double else {})}
        self.note("Keras adds 0.001 to the variance unless told otherwise.")
        layer = self.called(f"keras.layers.{name}", **how)
        more = ", training=True" if training else ""
        if len(call.operands) == 1:
            return f"{layer}({x}{more})"
        gamma, beta = call.operands[1:]
        self._lines += [f"norm = {layer}", f"norm.build({x}.shape)", f"norm.gamma.assign({gamma})",
                        f"norm.beta.assign({beta})"]  # fmt: skip
        self.telling = f"{layer}({x}{more})"
        return f"norm({x}{more})"

    def batch_norm(self, call: Call) -> str:
        """As in training, by the batch's own statistics."""
        if not self.operation.double:
            return self._layer(call, "BatchNormalization", training=True)
        x, axes = call.operands[0], "0" if len(call.shape) == 2 else "(0, 1, 2)"
        self.note("BatchNormalization loses digits of such values: written out.")
        self.put(f"mean, variance = np.mean({x}, {axes}), np.var({x}, {axes})")
        hat = f"({x} - mean) / np.sqrt(variance + {self.plain(call.options['eps'])})"
        return f"{call.operands[1]} * {hat} + {call.operands[2]}" if len(call.operands) > 1 else hat

    def layer_norm(self, call: Call) -> str:
        """Over all axes of a sample."""
        return self._layer(call, "LayerNormalization", axis=(1, 2, 3))

    def instance_norm(self, call: Call) -> str:
        """By groups of one channel."""
        return self._layer(call, "GroupNormalization", groups=-1)

    def group_norm(self, call: Call) -> str:
        """By groups of channels."""
        return self._layer(call, "GroupNormalization", groups=call.options["num_groups"])

    # Layers and activations

    def linear(self, call: Call) -> str:
        """A matrix product."""
        x, w, b = call.operands
        self.note("A row of w is one output; Dense keeps it as a column.")
        return f"keras.ops.matmul({x}, {w}.T) + {b}"

    def _activation(self, call: Call) -> str:
        name, options = _NAMES.get(call.function, call.function), dict(call.options)
        if call.function == "gelu":
            options["approximate"] = False
        return self.called(f"keras.activations.{name}", *call.operands, **options)

    relu = leaky_relu = elu = tanh = sigmoid = selu = relu6 = hardtanh = gelu = silu = hardswish = _activation
    identity = _activation

    def mish(self, call: Call) -> str:
        """Of a tensor: NumPy would multiply it by one."""
        return f"keras.activations.mish(keras.ops.array({call.operands[0]}))"

    def softplus(self, call: Call) -> str:
        """With β around it, which Keras has not."""
        x, beta = call.operands[0], self.plain(call.options["beta"])
        of = f"keras.activations.softplus({x})" if beta == "1" else f"keras.activations.softplus({beta} * {x})"
        return of if beta == "1" else f"{of} / {beta}"

    def softmax(self, call: Call) -> str:
        """Of one axis."""
        return f"keras.ops.softmax({call.operands[0]})"

    # Losses

    def _loss(self, call: Call) -> str:
        x, o = call.operands[0], {k: v for k, v in call.options.items() if k != "label"}
        if call.function.endswith("logits"):
            o["from_logits"] = True
        label = f"np.full_like({x}[:, None], {self.plain(call.options['label'])})"
        self.note("Losses of Keras take the mean over the last axis, here of one.")
        return self.called(f"keras.losses.{_LOSSES[call.function]}", label, f"{x}[:, None]", **o)

    l1_loss = mse_loss = huber_loss = binary_cross_entropy = binary_cross_entropy_with_logits = _loss

    def smooth_l1_loss(self, call: Call) -> str:
        """Huber's over β."""
        beta, label = call.options["beta"], call.options["label"]
        of = Call(function="huber_loss", operands=call.operands, result="", shape=call.shape,
                  options={"label": label, "delta": beta})  # fmt: skip
        self.note("Smooth L1 is Huber's loss over beta.")
        return f"{self._loss(of)} / {self.plain(beta)}"

    def hinge_loss(self, call: Call) -> str:
        """Keras's own has a margin of 1 and takes means."""
        x, y, margin = call.operands[0], self.plain(call.options["label"]), self.plain(call.options["margin"])
        self.note("Keras's hinge has a margin of 1: written out.")
        return f"np.maximum({margin} - {y} * {x}, 0)"

    # Training

    def descents(self, calls: Sequence[Call]) -> None:
        """By a layer whose weights these are."""
        from cnnviz.code._keras_training import descents

        descents(self, calls, surface_source(calls[0].options["surface"]))

    def network(self, training: Training) -> None:
        """A Sequential that learns once."""
        from cnnviz.code._keras_training import network

        network(self, training)


_ORDER = {MAP: (0, 2, 3, 1), KERNEL: (2, 3, 1, 0)}


def _pad(x: str, before: Sequence[int], after: Sequence[int], value: str = "") -> str:
    edges = f"[[0, 0], [{before[0]}, {after[0]}], [{before[1]}, {after[1]}], [0, 0]]"
    return f"keras.ops.pad({x}, {edges}{f', constant_values={value}' if value else ''})"
