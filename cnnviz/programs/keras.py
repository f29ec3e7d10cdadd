"""Keras 3, on any of its backends: channels come last, padding is a step of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from cnnviz.operation import KERNEL, MAP, Call, Operand, Shown, Training
from cnnviz.parameters import Size
from cnnviz.programs._writer import Writer, overhang

_ORDER = {MAP: (0, 2, 3, 1), KERNEL: (2, 3, 1, 0)}
_NAMES = {"identity": "linear", "hardtanh": "hard_tanh", "hardswish": "hard_silu"}
_LOSSES = {
    "l1_loss": "mean_absolute_error",
    "mse_loss": "mean_squared_error",
    "huber_loss": "huber",
    "binary_cross_entropy": "binary_crossentropy",
    "binary_cross_entropy_with_logits": "binary_crossentropy",
}


class Framework(Writer):
    """Keras."""

    title: ClassVar = "Keras"
    also: ClassVar = ("tensorflow", "tf", "tf.keras", "keras3", "tensor-flow", "tf-keras")
    modules: ClassVar = {"keras.": "import keras", "np.": "import numpy as np"}
    dtypes: ClassVar = ('"float32"', '"float64"')
    functions: ClassVar = {
        **{name: f"np.{name}" for name in ("abs", "where", "maximum")},
        "softplus": "keras.activations.softplus",
    }

    def remarks(self) -> Iterator[str]:
        """Where axes stand."""
        if any(operand.kind == MAP for operand in self.operation.operands.values()):
            yield "In Keras channels come last: (samples, rows, columns, channels)."

    def order(self, operand: Operand) -> tuple[int, ...] | None:
        """Channels last."""
        return _ORDER.get(operand.kind)

    def shown(self, shown: Shown) -> str:
        """With channels where the figure has them."""
        if shown.kind != MAP:
            return super().shown(shown)
        if shown.size:
            return f"tuple({shown.name}.shape[1:3])"
        if len(shown.index) == 2:
            return f"{shown.name}[0, :, :, 0]"
        return f"keras.ops.moveaxis({shown.name}{'[0]' * len(shown.index)}, -1, {1 - len(shown.index)})"

    # Convolution

    def _flip(self, call: Call) -> str:
        self.note("True convolution: the kernel is rotated by 180° first.")
        return f"np.flip({call.operands[0]}, (0, 1))"

    def _conv2d(self, call: Call) -> str:
        o, (x, w) = call.options, call.operands[:2]
        if self.operation.calls[0] is call:
            self.note("A cross-correlation: the kernel is not flipped.")
        x = self._padded(x, o["padding"], o["padding"])
        return self.called("keras.ops.conv", x, w, **_steps(o), padding='"valid"') + _bias(call)

    def _padded(self, x: str, before: Sequence[int], after: Sequence[int], value: str = "") -> str:
        """The name of an input with its padding, which is put ahead."""
        if not any((*before, *after)):
            return x
        self.note('padding="valid" is none, "same" need not be this one: padding is written out.')
        self.put(f"padded = {_pad(x, before, after, value)}")
        return "padded"

    def _conv_transpose2d(self, call: Call) -> str:
        o, (x, w) = call.options, call.operands[:2]
        kernel = self.operation.operands[w].values.shape[2:]
        span = [d * (k - 1) + 1 for d, k in zip(o["dilation"], kernel, strict=True)]
        sizes = call.shape[2:], o["stride"], span, o["padding"], o["output_padding"]
        size = [(i - 1) * s + k - 2 * p + a for i, s, k, p, a in zip(*sizes, strict=True)]
        whole = self.called("keras.ops.conv_transpose", x, w, **_steps(o), padding='"valid"')
        return self._cut(whole, call.shape[2:], o["stride"], span, o["padding"], size) + _bias(call)

    def _cut(
        self, whole: str, i: Sequence[int], stride: Size, span: Sequence[int], start: Sequence[int], size: Sequence[int]
    ) -> str:
        """The part of a transposed convolution from `start` on that has a size, with zeros where it ends before."""
        have = [(n - 1) * s + max(k, s) for n, s, k in zip(i, stride, span, strict=True)]
        lack = [max(0, p + n - h) for p, n, h in zip(start, size, have, strict=True)]
        if not any(start) and not any(lack) and list(size) == have:
            return whole
        self.note("Keras takes no padding here: what padding leaves out is cut off, what lacks are zeros.")
        self.put(f"whole = {whole}")
        self.essential = whole
        if any(lack):
            self.put(f"whole = {_pad('whole', (0, 0), lack)}")
        (top, left), (rows, columns) = start, size
        return f"whole[:, {top}:{top + rows}, {left}:{left + columns}]"

    # Pooling

    def _max_pool2d(self, call: Call) -> str:
        o, ends = call.options, [p + more for p, more in zip(call.options["padding"], overhang(call), strict=True)]
        # Windows are cut out by a convolution, which makes nothing of infinity times 0.
        least = '-float("inf")' if o["dilation"] == (1, 1) else "-1e30"
        x = self._padded(call.operands[0], o["padding"], ends, least)
        k, s = self.plain(o["kernel_size"]), self.plain(o["stride"])
        if o.get("return_indices"):
            self._indices(call)
        if o["dilation"] == (1, 1):
            return f"keras.ops.max_pool({x}, {k}, {s})"
        self.note("Keras has no dilated pooling: the maximum of each window that is cut out.")
        windows = self.called("keras.ops.image.extract_patches", x, k, strides=s, dilation_rate=o["dilation"])
        return f"keras.ops.max({windows}, axis=-1, keepdims=True)"

    def _avg_pool2d(self, call: Call) -> str:
        o, more = call.options, overhang(call)
        window, p = f"{self.plain(o['kernel_size'])}, {self.plain(o['stride'])}", o["padding"]
        ends = [a + b for a, b in zip(p, more, strict=True)]
        pooled = f"keras.ops.average_pool({self._padded(call.operands[0], p, ends)}, {window})"
        if not any((*p, *more)) or (o["count_include_pad"] and not any(more)):
            return pooled
        ones = f"np.ones_like({call.operands[0]})"
        self.note("Keras counts every cell of a window: divided by the share of those that count here.")
        counted = _pad(_pad(ones, p, p, "1.0"), (0, 0), more) if o["count_include_pad"] else _pad(ones, p, ends)
        self.put(f"counted = {counted}")
        return f"{pooled} / keras.ops.average_pool(counted, {window})"

    def _indices(self, call: Call) -> None:
        x, (k0, k1), s = call.operands[0], call.options["kernel_size"], call.options["stride"]
        self.note("Keras gives no indices of maxima: the place in a window, then in the map.")
        self.put(
            f"windows = keras.ops.image.extract_patches({x}, ({k0}, {k1}), strides={s})",
            "best = keras.ops.convert_to_numpy(keras.ops.argmax(windows, axis=-1))[0]",
            f"row = best // {k1} + {s[0]} * np.arange(best.shape[0])[:, None]",
            f"column = best % {k1} + {s[1]} * np.arange(best.shape[1])",
        )

    def _adaptive(self, call: Call) -> str:
        kind, x = "max" if "max" in call.function else "mean", call.operands[0]
        if call.options["output_size"] == (1, 1):
            return f"keras.ops.{kind}({x}, axis=(1, 2), keepdims=True)"
        self.note("Of recent Keras versions.")
        name = "max" if kind == "max" else "average"
        return f"keras.ops.adaptive_{name}_pool({x}, {call.options['output_size']})"

    _adaptive_max_pool2d = _adaptive_avg_pool2d = _adaptive

    def _max_unpool2d(self, call: Call) -> str:
        rows, columns = call.options["output_size"]
        self.put(f"places = (row * {columns} + column).reshape(-1, 1)")
        values = f"keras.ops.reshape({call.operands[0]}, -1)"
        self.put(f"empty = np.zeros({rows * columns}, dtype={self.dtype})")
        return f"keras.ops.reshape(keras.ops.scatter_update(empty, places, {values}), {(1, rows, columns, 1)})"

    def _avg_unpool2d(self, call: Call) -> str:
        o, y = call.options, call.operands[0]
        k, s = o["kernel_size"], o["stride"]
        self.note("Keras has no average unpooling: each value is spread over its window, overlaps take the mean.")
        self.put(f"window = np.ones({(*k, 1, 1)}, dtype={self.dtype})")
        spread = self.called("keras.ops.conv_transpose", "{}", "window", strides=s, padding='"valid"')
        self.put(f"count = keras.ops.maximum({spread.format(f'keras.ops.ones_like({y})')}, 1)")
        return self._cut(f"{spread.format(y)} / count", call.shape[2:], s, k, (0, 0), o["output_size"])

    # Normalization

    def _local_response_norm(self, call: Call) -> str:
        x, n, channels = call.operands[0], call.options["size"], call.shape[1]
        self.note("Keras has no local response normalization: sums of squares over the neighbours.")
        self.put(f"squares = keras.ops.pad({x}**2, [[0, 0], [0, 0], [0, 0], [{n // 2}, {(n - 1) // 2}]])")
        self.put(f"total = sum(squares[..., j : j + {channels}] for j in range({n}))")
        return self._response(call, "total", f" / {n}" if call.options["alpha_over_n"] else "")

    def _local_response_norm_within(self, call: Call) -> str:
        x, n = call.operands[0], call.options["size"]
        before, after = n // 2, (n - 1) // 2
        self.note("Keras has no local response normalization: the mean of the squares in a window of a channel.")
        self.put(f"squares = {_pad(f'{x}**2', (before, before), (after, after))}")
        weight = "" if call.options["alpha_over_n"] else f" * {n**2}"
        return self._response(call, f"keras.ops.average_pool(squares, {n}, 1)", weight)

    def _response(self, call: Call, squares: str, weight: str) -> str:
        k, alpha, beta = (self.plain(call.options[name]) for name in ("k", "alpha", "beta"))
        return f"{call.operands[0]} / ({k} + {alpha}{weight} * {squares}) ** {beta}"

    def _batch_norm(self, call: Call) -> str:
        x, axes = call.operands[0], "0" if len(call.shape) == 2 else "(0, 1, 2)"
        self.note("BatchNormalization keeps moving averages and few digits: training's own statistics, written out.")
        self.put(f"mean, variance = keras.ops.mean({x}, {axes}), keras.ops.var({x}, {axes})")
        if self.operation.double:
            self.lines[-1] = f"mean, variance = np.mean({x}, {axes}), np.var({x}, {axes})"
        hat = f"({x} - mean) / (variance + {self.plain(call.options['eps'])}) ** 0.5"
        return f"{call.operands[1]} * {hat} + {call.operands[2]}" if len(call.operands) > 1 else hat

    def _layer(self, call: Call, name: str, **options: Any) -> str:
        options["epsilon"] = call.options["eps"]
        if self.operation.double:
            options["dtype"] = self.dtype
        self.note("Keras adds 0.001 to the variance unless told otherwise.")
        return f"{self.called(f'keras.layers.{name}', **options)}({call.operands[0]})"

    def _layer_norm(self, call: Call) -> str:
        return self._layer(call, "LayerNormalization", axis=(1, 2, 3))

    def _instance_norm(self, call: Call) -> str:
        return self._layer(call, "GroupNormalization", groups=-1)

    def _group_norm(self, call: Call) -> str:
        return self._layer(call, "GroupNormalization", groups=call.options["num_groups"])

    # Layers and activations

    def _linear(self, call: Call) -> str:
        x, w, b = call.operands
        self.note("A row of w is one output; Dense keeps it as a column.")
        return f"keras.ops.matmul({x}, {w}.T) + {b}" if not self.operation.training else (
            f"keras.ops.matmul({x}, keras.ops.transpose({w})) + {b}"
        )  # fmt: skip

    def _flatten(self, call: Call) -> str:
        return f"keras.ops.reshape(keras.ops.transpose({call.operands[0]}, (0, 3, 1, 2)), (1, -1))"

    def _activation(self, call: Call) -> str:
        name, options = _NAMES.get(call.function, call.function), dict(call.options)
        if call.function == "gelu":
            options["approximate"] = False
        return self.called(f"keras.activations.{name}", *call.operands, **options)

    _relu = _leaky_relu = _elu = _tanh = _sigmoid = _selu = _relu6 = _hardtanh = _gelu = _silu = _hardswish = (
        _activation
    )
    _identity = _activation

    def _mish(self, call: Call) -> str:
        # Keras takes an array of NumPy's here, but fails.
        return f"keras.activations.mish(keras.ops.array({call.operands[0]}))"

    def _softplus(self, call: Call) -> str:
        return self.formula(call) if call.options["beta"] != 1 else f"keras.activations.softplus({call.operands[0]})"

    def _softmax(self, call: Call) -> str:
        return f"keras.ops.softmax({call.operands[0]})"

    # Losses

    def _loss(self, call: Call) -> str:
        x, options = call.operands[0], {k: v for k, v in call.options.items() if k != "label"}
        if call.function.endswith("logits"):
            options["from_logits"] = True
        label = f"np.full_like({x}[:, None], {self.plain(call.options['label'])})"
        self.note("Losses of Keras take the mean over the last axis, here of one.")
        return self.called(f"keras.losses.{_LOSSES[call.function]}", label, f"{x}[:, None]", **options)

    _l1_loss = _mse_loss = _huber_loss = _binary_cross_entropy = _binary_cross_entropy_with_logits = _loss
    _smooth_l1_loss = _hinge_loss = Writer.formula

    def _cross_entropy(self, call: Call) -> str:
        scores, label = call.operands[0], call.options["label"]
        return f"keras.losses.sparse_categorical_crossentropy(np.array([{label}]), {scores}, from_logits=True)[0]"

    # Training

    def _trainer(self) -> None:
        """Keras takes gradients in fit alone: a layer holds the weights, and its output is the loss."""
        self.note("Keras takes gradients in fit alone: a layer holds the weights, and its output is the loss.")
        self.put(
            "class Loss(keras.layers.Layer):",
            "    def __init__(self, function, weights):",
            "        super().__init__()",
            "        self.function = function",
            "        self.values = [",
            "            self.add_weight(shape=w.shape, initializer=lambda *_, w=w, **__: keras.ops.array(w))",
            "            for w in weights",
            "        ]",
            "",
            "    def call(self, batch):",
            "        return 0 * batch + self.function(*self.values)",
            "",
            "",
            "def train(optimizer, function, weights, steps):",
            "    layer = Loss(function, weights)",
            "    model = keras.Sequential([keras.Input((1,)), layer])",
            "    model.compile(optimizer, loss=lambda label, loss: loss)",
            "    for _ in range(steps):",
            "        yield [keras.ops.convert_to_numpy(w) for w in layer.values]",
            "        model.train_on_batch(np.zeros((1, 1)), np.zeros((1, 1)))",
            "    yield [keras.ops.convert_to_numpy(w) for w in layer.values]",
            "",
            "",
        )

    def descent(self, start: str) -> None:
        """By Keras's optimizers."""
        self._trainer()
        self.put(
            "def descend(optimizer, steps):",
            f"    start = {start}",
            "    return np.array([w for [w] in train(optimizer, lambda w: f(w[0], w[1]), [start], steps)])",
            "",
            "",
        )

    def rule(self, call: Call) -> str:
        """One of Keras's optimizers."""
        return self.called(f"keras.optimizers.{call.options['rule']}", **dict(_hyperparameters(call)))

    def learn(self, training: Training, results: Sequence[str]) -> None:
        """By one step of SGD."""
        self.expressions.append(f"keras.optimizers.SGD({self.plain(training.rate)})")
        if training.rate:
            self.put("", "")
            self._trainer()
            function = "lambda *values: forward(x, *values)[-1]"
            self.put(f"*_, learned = train({self.expressions[-1]}, {function}, weights, 1)")
            self.put(f"[{', '.join(f'after_{name}' for name in training.weights)}] = learned")


def _hyperparameters(call: Call) -> Iterator[tuple[str, Any]]:
    o = call.options
    yield "learning_rate", o["lr"]
    match o["rule"]:
        case "SGD":
            yield from ((name, o[name]) for name in ("momentum", "nesterov") if name in o)
        case "Adagrad":
            yield from {"initial_accumulator_value": 0.0, "epsilon": 1e-20}.items()
        case "RMSprop":
            yield from {"rho": o["alpha"], "epsilon": 1e-16}.items()
        case "Adam":
            yield from zip(("beta_1", "beta_2", "epsilon"), (*o["betas"], 1e-8), strict=True)


def _steps(options: dict[str, Any]) -> dict[str, Any]:
    found = {"strides": options["stride"]} if options["stride"] != (1, 1) else {}
    return found | ({"dilation_rate": options["dilation"]} if options["dilation"] != (1, 1) else {})


def _bias(call: Call) -> str:
    return f" + {call.operands[2]}" if len(call.operands) > 2 else ""


def _pad(x: str, before: Sequence[int], after: Sequence[int], value: str = "") -> str:
    edges = f"[[0, 0], [{before[0]}, {after[0]}], [{before[1]}, {after[1]}], [0, 0]]"
    return f"keras.ops.pad({x}, {edges}{f', constant_values={value}' if value else ''})"
