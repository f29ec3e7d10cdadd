"""Keras 3, on any of its backends: channels come last, padding is a step of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from cnnviz.errors import UsageError
from cnnviz.operation import KERNEL, MAP, Call, Operand, Shown, Training
from cnnviz.parameters import Size
from cnnviz.programs._keras_training import DESCENT, EPOCHS, TRAINER
from cnnviz.programs._writer import (
    Writer,
    hats,
    hyperparameters,
    nearest,
    overhang,
    pad_sides,
    sample_places,
)

_INDICES = """# Keras gives no indices of maxima: the place in a window, then in the map.
windows = keras.ops.image.extract_patches({0}, {o[kernel_size]}, strides={o[stride]})
best = keras.ops.convert_to_numpy(keras.ops.argmax(windows, axis=-1))[0]
row = best // {o[kernel_size][1]} + {o[stride][0]} * np.arange(best.shape[0])[:, None]
column = best % {o[kernel_size][1]} + {o[stride][1]} * np.arange(best.shape[1])
"""
_NO_LRN = "# Keras has no local response normalization: squares of the neighbours.\n"
_EPSILON = "# Keras adds 0.001 to the variance unless set otherwise.\n"
_ONE_PAIR = "# Losses of Keras take the mean over the last axis, here of one.\n"
_PAIR = "(np.full_like({0}[:, None], {label}), {0}[:, None]"
_TEMPLATES = {
    "flip": "# True convolution: the kernel is rotated by 180° first.\nnp.flip({0}, (0, 1))",
    "max_unpool2d": "places = (row * {o[output_size][1]} + column).reshape(-1, 1)\n"
    "empty = np.zeros({o[output_size][0]} * {o[output_size][1]}, dtype={dtype})\n"
    "filled = keras.ops.scatter_update(empty, places, keras.ops.reshape({0}, -1))\n"
    "keras.ops.reshape(filled, (1, *{o[output_size]}, 1))",
    "local_response_norm": _NO_LRN + "squares = keras.ops.pad({0}**2, [[0, 0], [0, 0], [0, 0], [{before}, {after}]])\n"
    "total = sum(squares[..., j : j + {shape[1]}] for j in range({size}))\n"
    "{0} / ({k} + {per_sum} * total) ** {beta}",
    "local_response_norm_within": _NO_LRN
    + "squares = keras.ops.pad({0}**2, [[0, 0], [{before}, {after}], [{before}, {after}], [0, 0]])\n"
    "{0} / ({k} + {per_mean} * keras.ops.average_pool(squares, {size}, 1)) ** {beta}",
    "layer_norm": _EPSILON + "keras.layers.LayerNormalization(axis=(1, 2, 3), epsilon={eps}, dtype={dtype})({0})",
    "instance_norm": _EPSILON + "keras.layers.GroupNormalization(groups=-1, epsilon={eps}, dtype={dtype})({0})",
    "group_norm": _EPSILON + "keras.layers.GroupNormalization(groups={num_groups}, epsilon={eps}, dtype={dtype})({0})",
    "linear": "# A row of the weights is one output; Dense keeps it as a column.\n"
    "keras.ops.matmul({0}, keras.ops.transpose({1})) + {2}",
    "flatten": "keras.ops.reshape(keras.ops.transpose({0}, (0, 3, 1, 2)), ({0}.shape[0], -1))",
    "add": "{0} + {1}",
    "dropout": "# Dropout of Keras draws a mask of its own: here the figure's.\n{0} * {1} / (1 - {p})",
    "batch_norm_inference": "({0} - {1}) / ({2} + {eps}) ** 0.5",
    "pixel_shuffle": "n, h, w, c = {0}.shape\nr = {upscale_factor}\n"
    "cells = keras.ops.transpose(keras.ops.reshape({0}, (n, h, w, -1, r, r)), (0, 1, 4, 2, 5, 3))\n"
    "keras.ops.reshape(cells, (n, h * r, w * r, -1))",
    "pixel_unshuffle": "n, h, w, c = {0}.shape\nr = {downscale_factor}\n"
    "cells = keras.ops.transpose(keras.ops.reshape({0}, (n, h // r, r, w // r, r, c)), (0, 1, 3, 5, 2, 4))\n"
    "keras.ops.reshape(cells, (n, h // r, w // r, -1))",
    "identity": "keras.activations.linear({0})",
    "hardtanh": "keras.activations.hard_tanh({0})",
    "hardswish": "keras.activations.hard_silu({0})",
    "gelu": "keras.activations.gelu({0}, approximate=False)",
    # Of an array of NumPy's it fails.
    "mish": "keras.activations.mish(keras.ops.array({0}))",
    "softplus": "keras.activations.softplus({0})",
    "silu": "keras.activations.silu({0})",
    "softmax": "keras.ops.softmax({0}, axis={dim})",
    "l1_loss": _ONE_PAIR + "keras.losses.mean_absolute_error" + _PAIR + ")",
    "mse_loss": _ONE_PAIR + "keras.losses.mean_squared_error" + _PAIR + ")",
    "huber_loss": _ONE_PAIR + "keras.losses.huber" + _PAIR + ", delta={delta})",
    "binary_cross_entropy": _ONE_PAIR + "keras.losses.binary_crossentropy" + _PAIR + ")",
    "binary_cross_entropy_with_logits": _ONE_PAIR + "keras.losses.binary_crossentropy" + _PAIR + ", from_logits=True)",
    "mean_cross_entropy": "keras.ops.mean(keras.losses.sparse_categorical_crossentropy({1}, {0}, from_logits=True))",
    "cross_entropy": "keras.losses.sparse_categorical_crossentropy(np.array([{label}]), {0}, from_logits=True)[0]",
}


_NUMBERS = {"alpha": "rho", "betas": "beta_1 beta_2"}
_MORE: Mapping[str, Mapping[str, float]] = {
    "Adagrad": {"initial_accumulator_value": 0.0, "epsilon": 1e-20},
    "RMSprop": {"epsilon": 1e-16},
    "Adam": {"epsilon": 1e-8},
}


class Framework(Writer):
    """Keras."""

    modules: ClassVar = {"keras.": "import keras", "np.": "import numpy as np"}
    dtypes: ClassVar = ('"float32"', '"float64"')
    templates: ClassVar = _TEMPLATES
    descent: ClassVar = TRAINER + DESCENT
    epochs: ClassVar = EPOCHS
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
        axes = tuple(range(2, operand.values.ndim))
        return {MAP: (0, *axes, 1), KERNEL: (*axes, 1, 0)}.get(operand.kind) if axes else None

    def shown(self, shown: Shown) -> str:
        """With channels where the figure has them."""
        if shown.kind == KERNEL and not shown.size:
            return f"{shown.name}[:, :, 0, 0]"
        if shown.kind != MAP:
            return super().shown(shown)
        if shown.size:
            channels = f"{shown.name}.shape[-1], *" if len(shown.index) == 1 else "*"
            return f"({channels}{shown.name}.shape[1:-1],)"
        if len(shown.index) == 2:
            return f"{shown.name}[0, ..., 0]"
        if len(shown.index) > 2:
            sample, channel, *cell = shown.index
            return f"{shown.name}[{', '.join(map(str, (sample, *cell, channel)))}]"
        return f"keras.ops.moveaxis({shown.name}{'[0]' * len(shown.index)}, -1, {1 - len(shown.index)})"

    def default(self, call: Call) -> str:
        """An activation."""
        return self.fill(f"keras.activations.{call.function}({{0}}{{keywords}})", call)

    # Convolution

    def _conv2d(self, call: Call) -> str:
        o, (x, w) = call.options, call.operands[:2]
        if self.operation.calls[0] is call:
            self.note("A cross-correlation: the kernel is not flipped.")
        x = self._padded(x, o["padding"], o["padding"])
        return self.called("keras.ops.conv", x, w, **_steps(o), padding='"valid"') + _bias(call)

    _conv1d = _conv3d = _conv2d

    def _padded(self, x: str, before: Sequence[int], after: Sequence[int], value: str = "") -> str:
        """The name of an input with its padding, which is put ahead."""
        if not any((*before, *after)):
            return x
        self.note('padding="valid" is none, "same" need not be this one: padding is written out.')
        self.put(f"padded = {_pad(x, before, after, value)}")
        return "padded"

    def _pad(self, call: Call) -> str:
        x, mode = call.operands[0], call.options["mode"]
        samples, channels, *sides = pad_sides(call)
        if mode in ("constant", "reflect"):
            keywords = ', "reflect"' if mode == "reflect" else ""
            return f"keras.ops.pad({x}, {[list(ends) for ends in (samples, *sides, channels)]}{keywords})"
        self.note("Not every backend has this padding: the cells that stand there are taken one by one.")
        for axis, (size, ends) in enumerate(zip(call.shape[2:], sides, strict=True), 1):
            cells = range(-ends[0], size + ends[1])
            taken = [cell % size if mode == "circular" else min(max(cell, 0), size - 1) for cell in cells]
            x = f"keras.ops.take({x}, {taken}, axis={axis})" if any(ends) else x
        return x

    def _conv_transpose2d(self, call: Call) -> str:
        o, (x, w) = call.options, call.operands[:2]
        kernel = self.operation.operands[w].values.shape[2:]
        span = [d * (k - 1) + 1 for d, k in zip(o["dilation"], kernel, strict=True)]
        sizes = call.shape[2:], o["stride"], span, o["padding"], o["output_padding"]
        size = [(i - 1) * s + k - 2 * p + a for i, s, k, p, a in zip(*sizes, strict=True)]
        groups = o.get("groups", 1)
        one = (x, w) if groups == 1 else ("*group",)
        whole = self.called("keras.ops.conv_transpose", *one, **_steps(o), padding='"valid"')
        if groups > 1:
            self.note("Keras has no groups here: each is taken by itself.")
            parts = ", ".join(f"keras.ops.split({each}, {groups}, -1)" for each in (x, w))
            self.put(f"groups = zip({parts})")
            whole = f"keras.ops.concatenate([{whole} for group in groups], -1)"
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
        self.main_expression = whole
        if any(lack):
            self.put(f"whole = {_pad('whole', (0, 0), lack)}")
        (top, left), (rows, columns) = start, size
        return f"whole[:, {top}:{top + rows}, {left}:{left + columns}]"

    # Sampling and patches

    def _deform_conv2d(self, call: Call) -> str:
        x, _, w, *mask = call.operands
        self.note("Keras has no deformable convolution: samples of each channel at the places that offsets move.")
        self.put(*sample_places(call, self.operation.operands[w].values.shape[2:], "np"))
        self.put(
            f"places = np.stack([rows, columns]).astype({self.dtype})",
            f"channels = [keras.ops.image.map_coordinates(c, places, 1) for c in np.moveaxis({x}[0], -1, 0)]",
            "samples = keras.ops.stack(channels)",
            *(f"samples = samples * {name}[0].reshape(rows.shape)" for name in mask),
        )
        return f'keras.ops.einsum("cabhw,abco->hwo", samples, {w})[None]'

    def _interpolate(self, call: Call) -> str:
        x, o = call.operands[0], call.options
        if o["mode"] == "nearest":
            rows, columns = nearest(call)
            return f"keras.ops.take(keras.ops.take({x}, {rows}, axis=1), {columns}, axis=2)"
        if not o["align_corners"]:
            return f'keras.ops.image.resize({x}, {o["size"]}, "bilinear")'
        self.note("Keras does not align corners: each sample's weights for the cells of a row or column.")
        self.put(*hats(call, "np"))
        self.put(f"rows, columns = rows.astype({self.dtype}), columns.astype({self.dtype})")
        return f'keras.ops.einsum("ri,nijc,sj->nrsc", rows, {x}, columns)'

    def _unfold(self, call: Call) -> str:
        o, (n, channels), cells = call.options, call.shape[:2], math.prod(call.options["kernel_size"])
        x = self._padded(call.operands[0], o["padding"], o["padding"])
        keywords = {"strides": o["stride"]} | ({"dilation_rate": o["dilation"]} if max(o["dilation"]) > 1 else {})
        self.put(f"patches = {self.called('keras.ops.image.extract_patches', x, str(o['kernel_size']), **keywords)}")
        turned = f"keras.ops.transpose(keras.ops.reshape(patches, ({n}, -1, {cells}, {channels})), (0, 3, 2, 1))"
        return f"keras.ops.reshape({turned}, ({n}, {channels * cells}, -1))"

    def _tokens(self, call: Call) -> str:
        # Maps have their channels last already.
        if len(call.shape) == 3:
            return f"keras.ops.swapaxes({call.operands[0]}, 1, 2)"
        return f"keras.ops.reshape({call.operands[0]}, {(call.shape[0], -1, call.shape[1])})"

    def _scaled_dot_product_attention(self, call: Call) -> str:
        scores = "scores = keras.ops.matmul({0}, keras.ops.swapaxes({1}, -2, -1)) / {0}.shape[-1] ** 0.5\n"
        causal = 'scores = keras.ops.where(np.tri(*scores.shape[-2:]) > 0, scores, -float("inf"))\n'
        weighed = "keras.ops.matmul(keras.ops.softmax(scores), {2})"
        return self.fill(scores + causal * call.options["is_causal"] + weighed, call)

    # Pooling

    def _max_pool2d(self, call: Call) -> str:
        o, ends = call.options, [p + more for p, more in zip(call.options["padding"], overhang(call), strict=True)]
        # Windows are cut out by a convolution, which makes nothing of infinity times 0.
        least = '-float("inf")' if o["dilation"] == (1, 1) else "-1e30"
        x = self._padded(call.operands[0], o["padding"], ends, least)
        k, s = self.plain(o["kernel_size"]), self.plain(o["stride"])
        if o.get("return_indices"):
            self.fill(_INDICES, call)
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

    def _adaptive(self, call: Call) -> str:
        kind, x = "max" if "max" in call.function else "mean", call.operands[0]
        if call.options["output_size"] == (1, 1):
            return f"keras.ops.{kind}({x}, axis=(1, 2), keepdims=True)"
        self.note("Of recent Keras versions.")
        name = "max" if kind == "max" else "average"
        return f"keras.ops.adaptive_{name}_pool({x}, {call.options['output_size']})"

    _adaptive_max_pool2d = _adaptive_avg_pool2d = _adaptive

    def _avg_unpool2d(self, call: Call) -> str:
        o, y = call.options, call.operands[0]
        k, s = o["kernel_size"], o["stride"]
        self.note("Keras has no average unpooling: each value is spread over its window, overlaps take the mean.")
        self.put(f"window = np.ones({(*k, 1, 1)}, dtype={self.dtype})")
        spread = self.called("keras.ops.conv_transpose", "{}", "window", strides=s, padding='"valid"')
        self.put(f"count = keras.ops.maximum({spread.format(f'keras.ops.ones_like({y})')}, 1)")
        return self._cut(f"{spread.format(y)} / count", call.shape[2:], s, k, (0, 0), o["output_size"])

    # Normalization

    def _batch_norm(self, call: Call) -> str:
        x, axes = call.operands[0], "0" if len(call.shape) == 2 else "(0, 1, 2)"
        self.note("BatchNormalization keeps moving averages and few digits: training's own statistics, written out.")
        self.put(f"mean, variance = keras.ops.mean({x}, {axes}), keras.ops.var({x}, {axes})")
        if self.operation.double:
            self.lines[-1] = f"mean, variance = np.mean({x}, {axes}), np.var({x}, {axes})"
        hat = f"({x} - mean) / (variance + {self.plain(call.options['eps'])}) ** 0.5"
        return f"{call.operands[1]} * {hat} + {call.operands[2]}" if len(call.operands) > 1 else hat

    # Training

    def optimizer(self, call: Call, weights: str) -> str:
        """One of Keras's optimizers."""
        options = hyperparameters(call, _NUMBERS, _MORE)
        if "momentum" in options and len(set(call.options.get("rates", ()))) > 1:
            raise UsageError(
                "Keras has the rate within the momentum, so a schedule gives other losses there: use --code pytorch"
            )
        rate = f"learning_rate={options.pop('learning_rate')!r}"
        return self.called(f"keras.optimizers.{call.options['rule']}", rate, **options)

    def learn(self, training: Training, results: Sequence[str]) -> None:
        """By one step of SGD; at a rate of 1 what that takes off is the gradient."""
        place, shown = results.index(training.loss), self.operation.shown
        # Of a figure's gradients those of layers' outputs cannot be had.
        if training.rate:
            found = self._trained(training.rate, f"lambda *values: forward(x, *values)[{place}]", "weights")
            self.put(f"*_, learned = {found}", f"[{', '.join(f'after_{name}' for name in training.weights)}] = learned")
        elif any(each.printed and each.name.startswith("grad_") for each in shown):
            loss = f"forward(*values)[{place}]" + (f" * {training.grad}" if training.grad else "")
            found = self._trained(1.0, "function", "(x, *weights)")
            self.put(f"function = lambda *values: keras.ops.sum({loss})", f"before, after = {found}")
            names = ", ".join(f"grad_{name}" for name in ("x", *training.weights))
            self.put(f"[{names}] = [a - b for a, b in zip(before, after)]")

    def _trained(self, rate: float, function: str, weights: str) -> str:
        self.expressions.append(f"keras.optimizers.SGD({self.plain(rate)})")
        self.put("", "", TRAINER)
        return f"train({self.expressions[-1]}, {function}, {weights}, 1)"


def _steps(options: Mapping[str, Any]) -> dict[str, Any]:
    found = {"strides": options["stride"]} if max(options["stride"]) > 1 else {}
    return found | ({"dilation_rate": options["dilation"]} if max(options["dilation"]) > 1 else {})


def _bias(call: Call) -> str:
    return f" + {call.operands[2]}" if len(call.operands) > 2 else ""


def _pad(x: str, before: Sequence[int], after: Sequence[int], value: str = "") -> str:
    edges = [[0, 0], *map(list, zip(before, after, strict=True)), [0, 0]]
    return f"keras.ops.pad({x}, {edges}{f', constant_values={value}' if value else ''})"
