"""JAX: convolutions and windows of `jax.lax`, activations of `jax.nn`, the rest written out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from cnnviz.code._writer import Writer, has_shape, overhang, surface_source
from cnnviz.operation import Call, Operand, Training
from cnnviz.parameters import Size

_OF_JAX_NN = {
    "relu": "relu", "leaky_relu": "leaky_relu", "elu": "elu", "sigmoid": "sigmoid", "selu": "selu", "relu6": "relu6",
    "hardtanh": "hard_tanh", "silu": "silu", "hardswish": "hard_swish", "mish": "mish",
}  # fmt: skip
_RULES = {"SGD": "sgd", "Adagrad": "adagrad", "RMSprop": "rmsprop", "Adam": "adam"}


class Framework(Writer):
    """JAX."""

    title: ClassVar = "JAX"
    modules: ClassVar = {
        "jax.": "import jax", "jnp.": "import jax.numpy as jnp", "np.": "import numpy as np",
        "optax.": "import optax", "lax.": "from jax import lax",
    }  # fmt: skip

    def _write(self) -> None:
        if self.operation.double:
            self._lines.append('jax.config.update("jax_enable_x64", True)')
        super()._write()

    def line(self) -> str:
        """With the module's full name, as no import stands above."""
        return super().line().replace("lax.", "jax.lax.")

    # Arrays

    def array(self, operand: Operand, made: str) -> str:
        """An array of its own."""
        typed = not made.startswith("[") or "." not in made
        text = f"jnp.array({made}{', dtype=float' if typed else ''})"
        shape = operand.values.shape
        return text if has_shape(made, shape) else f"{text}.reshape{shape}"

    def made(self, operand: Operand, function: str, *arguments: str) -> str:
        """By the function of that name."""
        shape = operand.values.shape
        if function in ("arange", "linspace"):
            text = f"jnp.{function}({', '.join(arguments)}{', dtype=float' if function == 'arange' else ''})"
            return text if len(shape) == 1 else f"{text}.reshape{shape}"
        return f"jnp.{function}({', '.join([str(shape), *arguments])})"

    # Convolution

    def flip(self, call: Call) -> str:
        """Rows and columns the other way round."""
        self.note("True convolution: the kernel is turned by 180° first.")
        return f"jnp.flip({call.operands[0]}, (2, 3))"

    def conv2d(self, call: Call) -> str:
        """By the general one of lax, which takes torch's layout unless told another."""
        o = call.options
        if self.operation.calls[0] is call:
            self.note("A cross-correlation: the kernel is not flipped.")
        dilation = {} if o["dilation"] == (1, 1) else {"rhs_dilation": _pair(o["dilation"])}
        text = self.called("lax.conv_general_dilated", *call.operands[:2], window_strides=_pair(o["stride"]),
                           padding=_edges(o["padding"], o["padding"]), **dilation)  # fmt: skip
        return text + self._bias(call)

    def conv_transpose2d(self, call: Call) -> str:
        """As the convolution that it is: over the input pulled apart, with the kernel turned."""
        o, name = call.options, call.operands[1]
        kernel = self.operation.operands[name].values.shape[2:]
        d, extra = o["dilation"], o["output_padding"]
        frame = [d[axis] * (kernel[axis] - 1) - o["padding"][axis] for axis in (0, 1)]
        self.note("lax has the convolution that this is: over the input pulled apart, with the kernel turned by 180°.")
        self.put(f"turned = jnp.flip({name}, (2, 3)).swapaxes(0, 1)")
        dilation = {} if d == (1, 1) else {"rhs_dilation": _pair(d)}
        padding = _edges(frame, [f + a for f, a in zip(frame, extra, strict=True)])
        text = self.called("lax.conv_general_dilated", call.operands[0], "turned", window_strides="(1, 1)",
                           padding=padding, lhs_dilation=_pair(o["stride"]), **dilation)  # fmt: skip
        return text + self._bias(call)

    def _bias(self, call: Call) -> str:
        return f" + {call.operands[2]}[:, None, None]" if len(call.operands) > 2 else ""

    # Pooling

    def max_pool2d(self, call: Call) -> str:
        """By reduce_window, whose padding never wins."""
        self._indices(call)
        return self._windows(call.operands[0], "-jnp.inf", "lax.max", call)

    def avg_pool2d(self, call: Call) -> str:
        """The sum of each window over the cells that count."""
        o, x = call.options, call.operands[0]
        total = self._windows(x, "0.0", "lax.add", call)
        if o["padding"] == (0, 0) and not any(overhang(call)):
            return f"{total} / {o['kernel_size'][0] * o['kernel_size'][1]}"
        ones = f"jnp.ones_like({x})"
        if not o["count_include_pad"]:
            self.note("lax has no average pooling: sums of windows, over the cells that are not padding.")
            self.put(f"count = {self._windows(ones, '0.0', 'lax.add', call)}")
            return f"{total} / count"
        self.note("lax has no average pooling: sums of windows, over their cells, padding among them.")
        (top, left), (below, right) = o["padding"], overhang(call)
        self.put(f"counted = jnp.pad({ones}, ((0, 0), (0, 0), ({top}, {top}), ({left}, {left})), constant_values=1.0)")
        count = self._reduced("counted", "0.0", "lax.add", o["kernel_size"], o["stride"],
                              _edges((0, 0), (below, right)))  # fmt: skip
        self.put(f"count = {count}")
        return f"{total} / count"

    def _windows(self, x: str, start: str, function: str, call: Call) -> str:
        o, more = call.options, overhang(call)
        ends = [p + extra for p, extra in zip(o["padding"], more, strict=True)]
        dilation = o.get("dilation", (1, 1))
        return self._reduced(x, start, function, o["kernel_size"], o["stride"], _edges(o["padding"], ends), dilation)

    def _reduced(self, x: str, start: str, function: str, size: Size, stride: Size, padding: str,
                 dilation: Size = (1, 1)) -> str:  # fmt: skip
        options = {"padding": padding if padding.startswith('"') else f"[(0, 0), (0, 0), {padding[1:]}"}
        if dilation != (1, 1):
            options["window_dilation"] = _maps(dilation)
        return self.called("lax.reduce_window", x, start, function, _maps(size), _maps(stride), **options)

    def _indices(self, call: Call) -> None:
        """Where maxima stand, of which lax knows nothing."""
        if not call.options.get("return_indices"):
            return
        x, (k0, k1), s = call.operands[0], call.options["kernel_size"], call.options["stride"]
        self.note("lax gives no indices of maxima: the place in a window, then in the map.")
        self.put(f"windows = lax.conv_general_dilated_patches({x}, ({k0}, {k1}), {_pair(s)}, \"VALID\")")
        self._lines += [
            f"row, column = jnp.divmod(windows.argmax(1), {k1})",
            f"row = row + {s[0]} * jnp.arange(row.shape[1])[:, None]",
            f"column = column + {s[1]} * jnp.arange(row.shape[2])",
        ]

    def _results(self, call: Call) -> str:
        return call.result

    def _adaptive(self, call: Call) -> str:
        x, (rows, columns) = call.operands[0], call.shape[2:]
        o = call.options["output_size"]
        function = "max" if "max" in call.function else "mean"
        if o == (1, 1):
            return f"{x}.{function}((2, 3), keepdims=True)"
        self.note("lax has no adaptive pooling: window r of o covers r*i//o up to, not including, -(-(r+1)*i//o).")
        ends = [(f"{r} * {i} // {o}", f"-(-({r} + 1) * {i} // {o})") for r, i, o in
                (("r", rows, o[0]), ("c", columns, o[1]))]  # fmt: skip
        window = f"{x}[..., {ends[0][0]} : {ends[0][1]}, {ends[1][0]} : {ends[1][1]}]"
        row = f"[{window}.{function}((2, 3)) for c in range({o[1]})]"
        self._lines += ["pooled = [", f"    {row}", f"    for r in range({o[0]})", "]"]
        return "jnp.array(pooled).transpose(2, 3, 0, 1)"

    adaptive_max_pool2d = adaptive_avg_pool2d = _adaptive

    def max_unpool2d(self, call: Call) -> str:
        """Each value to its place."""
        rows, columns = call.options["output_size"]
        shape = (1, 1, rows, columns)
        return f"jnp.zeros({shape}).at[0, 0, row[0], column[0]].set({call.operands[0]}[0, 0])"

    def avg_unpool2d(self, call: Call) -> str:
        """Each value laid over its window, overlaps share."""
        y, (k0, k1), s = call.operands[0], call.options["kernel_size"], call.options["stride"]
        sizes = zip(call.options["output_size"], call.shape[2:], s, strict=True)
        edges = _edges((k0 - 1, k1 - 1), [o - ((i - 1) * step + 1) for o, i, step in sizes])
        self.note("Average unpooling: each value is laid over its window, overlaps take the mean.")
        self.put(f"window = jnp.ones((1, 1, {k0}, {k1}))")
        spread = self.called("lax.conv_general_dilated", "{}", "window", "(1, 1)", padding=edges,
                             lhs_dilation=_pair(s))  # fmt: skip
        self.put(f"count = jnp.maximum({spread.format(f'jnp.ones_like({y})')}, 1)")
        return f"{spread.format(y)} / count"

    # Normalization

    def local_response_norm(self, call: Call) -> str:
        """By sums of squares in windows of channels."""
        return self._response(call, (1, call.options["size"], 1, 1))

    def local_response_norm_within(self, call: Call) -> str:
        """By sums of squares in windows of pixels."""
        return self._response(call, (1, 1, call.options["size"], call.options["size"]))

    def _response(self, call: Call, window: Sequence[int]) -> str:
        x, o = call.operands[0], call.options
        edges = ", ".join(f"({n // 2}, {(n - 1) // 2})" for n in window)
        self.note("JAX has no local response normalization: sums of squares over the neighbours.")
        self.put(self.called("squares = lax.reduce_window", f"{x}**2", "0.0", "lax.add", str(tuple(window)),
                             "(1, 1, 1, 1)", padding=f"[{edges}]"))  # fmt: skip
        alpha = self.plain(o["alpha"]) + (f" / {max(window) ** (sum(n > 1 for n in window) or 1)}" if
                                          o["alpha_over_n"] else "")  # fmt: skip
        return f"{x} / ({self.plain(o['k'])} + {alpha} * squares) ** {self.plain(o['beta'])}"

    def _norm(self, call: Call) -> str:
        x, o = call.operands[0], call.options
        self.note("JAX leaves normalization to its libraries: the mean and the biased variance, written out.")
        axes = {"batch_norm": (0, *range(2, len(call.shape))), "layer_norm": (1, 2, 3), "instance_norm": (2, 3),
                "group_norm": (2, 3, 4)}[call.function]  # fmt: skip
        grouped = x
        if call.function == "group_norm":
            n, c, *size = call.shape
            grouped = "grouped"
            self.put(f"grouped = {x}.reshape{(n, o['num_groups'], c // o['num_groups'], *size)}")
        where = "0" if axes == (0,) else str(axes)
        self.put(f"mean = {grouped}.mean({where}, keepdims=True)")
        self.put(f"variance = {grouped}.var({where}, keepdims=True)")
        hat = f"({grouped} - mean) / jnp.sqrt(variance + {self.plain(o['eps'])})"
        if grouped != x:
            return f"({hat}).reshape({x}.shape)"
        if len(call.operands) == 1:
            return hat
        gamma, beta = (name + "[:, None, None]" * (len(call.shape) > 2) for name in call.operands[1:])
        return f"{gamma} * {hat} + {beta}"

    batch_norm = layer_norm = instance_norm = group_norm = _norm

    # Layers and activations

    def linear(self, call: Call) -> str:
        """A matrix product: a row of the weights is one output."""
        x, w, b = call.operands
        return f"{x} @ {w}.T + {b}"

    def flatten(self, call: Call) -> str:
        """Channels, rows and columns in a row."""
        return f"{call.operands[0]}.reshape(1, -1)"

    def identity(self, call: Call) -> str:
        """The input."""
        return call.operands[0]

    def _activation(self, call: Call) -> str:
        return self.called(f"jax.nn.{_OF_JAX_NN[call.function]}", *call.operands, **call.options)

    relu = leaky_relu = elu = sigmoid = selu = relu6 = hardtanh = silu = hardswish = mish = _activation

    def tanh(self, call: Call) -> str:
        """By NumPy's name."""
        return f"jnp.tanh({call.operands[0]})"

    def gelu(self, call: Call) -> str:
        """The exact one."""
        return f"jax.nn.gelu({call.operands[0]}, approximate=False)"

    def softplus(self, call: Call) -> str:
        """With β around it, which JAX has not."""
        x, beta = call.operands[0], self.plain(call.options["beta"])
        return f"jax.nn.softplus({x})" if beta == "1" else f"jax.nn.softplus({beta} * {x}) / {beta}"

    def softmax(self, call: Call) -> str:
        """By jax.nn."""
        return f"jax.nn.softmax({call.operands[0]})"

    # Losses

    def _distance(self, call: Call) -> str:
        return f"({call.operands[0]} - {self.plain(call.options['label'])})".replace("- -", "+ ").replace(" - 0)", ")")

    def l1_loss(self, call: Call) -> str:
        """|ŷ − y|."""
        return f"jnp.abs{self._distance(call)}"

    def mse_loss(self, call: Call) -> str:
        """(ŷ − y)²."""
        return f"{self._distance(call)} ** 2"

    def huber_loss(self, call: Call) -> str:
        """A parabola, straight from δ on."""
        delta = self.plain(call.options["delta"])
        self.put(f"distance = jnp.abs{self._distance(call)}")
        return f"jnp.where(distance <= {delta}, distance**2 / 2, {delta} * (distance - {delta} / 2))"

    def smooth_l1_loss(self, call: Call) -> str:
        """A parabola over β, straight from β on."""
        beta = self.plain(call.options["beta"])
        self.put(f"distance = jnp.abs{self._distance(call)}")
        return f"jnp.where(distance < {beta}, distance**2 / (2 * {beta}), distance - {beta} / 2)"

    def binary_cross_entropy(self, call: Call) -> str:
        """Of probabilities."""
        p, y = call.operands[0], self.plain(call.options["label"])
        return f"-{y} * jnp.log({p}) - (1 - {y}) * jnp.log(1 - {p})"

    def binary_cross_entropy_with_logits(self, call: Call) -> str:
        """Of logits."""
        x, y = call.operands[0], self.plain(call.options["label"])
        return f"jax.nn.softplus({x}) - {y} * {x}"

    def hinge_loss(self, call: Call) -> str:
        """Up to a margin."""
        x, y, margin = call.operands[0], self.plain(call.options["label"]), self.plain(call.options["margin"])
        return f"jnp.maximum({margin} - {y} * {x}, 0)"

    # Training

    def descents(self, calls: Sequence[Call]) -> None:
        """By optax, with JAX's own gradients."""
        start = self.operation.operands["start"]
        self._lines += [
            "def f(w):", "    x, y = w", f"    return {surface_source(calls[0].options['surface'])}", "", "",
            "def descend(rule, steps):",
            f"    w = {self.array(start, self._rows(start.values))}",
            "    state = rule.init(w)",
            "",
            "    def update(_, carried):",
            "        w, state = carried",
            "        change, state = rule.update(jax.grad(f)(w), state)",
            "        return optax.apply_updates(w, change), state",
            "",
            "    return lax.fori_loop(0, steps, update, (w, state))[0]", "", "",
        ]  # fmt: skip
        for call in calls:
            rule = self.called(f"optax.{_RULES[call.options['rule']]}", **dict(_optax(call)))
            self._expressions.append(rule)
            self.put(f"{call.result} = descend({rule}, {call.options['steps']})")
        self.put("")
        for shown in self.operation.shown:
            self.put(f"print({shown.name})")

    def network(self, training: Training) -> None:
        """A function of weights and input, and one step against its gradient."""
        names = [name for name in self.operation.operands if name != "x"]
        outside, self._lines = self._lines, []
        for call in self.operation.calls:
            self.put(f"{call.result} = {self.expression(call)}")
        inside, self._lines = self._lines, outside
        self.put("")
        self.put("weights = (" + ", ".join(names) + ("," if len(names) == 1 else "") + ")")
        self._lines += ["", "", "def model(weights, x):"]
        self.put(f"    ({', '.join(names)}{',' * (len(names) == 1)}) = weights")
        self._lines += [f"    {line}" for line in inside]
        self._lines += [f"    return {self.operation.calls[-1].result}[0]", "", "", "def cross_entropy(weights):",
                        f"    return -jax.nn.log_softmax(model(weights, x))[{training.label}]", "", ""]  # fmt: skip
        if training.rate:
            rate = self.plain(training.rate)
            self._lines += [
                "slopes = jax.grad(cross_entropy)(weights)",
                f"weights = jax.tree.map(lambda w, slope: w - {rate} * slope, weights, slopes)",
            ]
        self._lines += ["print(jax.nn.softmax(model(weights, x)))", "print(cross_entropy(weights))"]
        self._expressions.append("jax.grad(cross_entropy)(weights)")


def _optax(call: Call) -> Iterator[tuple[str, object]]:
    """An optimizer's hyper-parameters under optax's names, what it adds to roots as torch does."""
    o = call.options
    yield "learning_rate", o["lr"]
    match o["rule"]:
        case "SGD":
            yield from ((name, o[name]) for name in ("momentum", "nesterov") if name in o)
        case "Adagrad":
            yield "initial_accumulator_value", 0
            yield "eps", 1e-20
        case "RMSprop":
            yield "decay", o["alpha"]
            yield "eps_in_sqrt", False
        case "Adam":
            yield "b1", o["betas"][0]
            yield "b2", o["betas"][1]


def _pair(size: Size) -> str:
    return f"({size[0]}, {size[1]})"


def _maps(size: Size) -> str:
    return f"(1, 1, {size[0]}, {size[1]})"


def _edges(before: Sequence[int], after: Sequence[int]) -> str:
    """Padding of rows and columns."""
    if not any((*before, *after)):
        return '"VALID"'
    return f"[({before[0]}, {after[0]}), ({before[1]}, {after[1]})]"
