"""JAX: convolutions and windows of `jax.lax`, activations of `jax.nn`, the rest written out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from cnnviz.operation import Call, Training
from cnnviz.parameters import Size
from cnnviz.programs._writer import Writer, overhang

_NAMES = {"hardtanh": "hard_tanh", "hardswish": "hard_swish"}
_NORM_AXES = {"layer_norm": (1, 2, 3), "instance_norm": (2, 3), "group_norm": (2, 3, 4)}


class Framework(Writer):
    """JAX."""

    title: ClassVar = "JAX"
    also: ClassVar = ("flax", "optax", "haiku", "xla", "jnp", "equinox")
    modules: ClassVar = {
        "jax.": "import jax",
        "jnp.": "import jax.numpy as jnp",
        "np.": "import numpy as np",
        "optax.": "import optax",
        "lax.": "from jax import lax",
    }
    array: ClassVar = "jnp.array"
    dtypes: ClassVar = ("float", "float")
    functions: ClassVar = {
        **{name: f"jnp.{name}" for name in ("abs", "where", "maximum", "log")},
        "softplus": "jax.nn.softplus",
    }

    def _write(self) -> None:
        if self.operation.double:
            self.put('jax.config.update("jax_enable_x64", True)')
        super()._write()

    def line(self) -> str:
        """With the module's full name, as no import stands above."""
        return super().line().replace("lax.", "jax.lax.").replace("jax.jax.", "jax.")

    # Convolution

    def _flip(self, call: Call) -> str:
        self.note("True convolution: the kernel is rotated by 180° first.")
        return f"jnp.flip({call.operands[0]}, (2, 3))"

    def _conv2d(self, call: Call) -> str:
        o = call.options
        if self.operation.calls[0] is call:
            self.note("A cross-correlation: the kernel is not flipped.")
        padding = _edges(o["padding"], o["padding"])
        groups = o.get("groups", 1)
        x, w = call.operands[:2]
        return self._convolved(x, w, o["stride"], padding, (1, 1), o["dilation"], groups) + _bias(call)

    def _conv_transpose2d(self, call: Call) -> str:
        o, name = call.options, call.operands[1]
        kernel = self.operation.operands[name].values.shape[2:]
        d, extra = o["dilation"], o["output_padding"]
        frame = [d[axis] * (kernel[axis] - 1) - o["padding"][axis] for axis in (0, 1)]
        self.note("lax has the convolution that this is: over the input pulled apart, with a rotated kernel.")
        self.put(f"rotated = jnp.flip({name}, (2, 3)).swapaxes(0, 1)")
        padding = _edges(frame, [f + a for f, a in zip(frame, extra, strict=True)])
        return self._convolved(call.operands[0], "rotated", (1, 1), padding, o["stride"], d) + _bias(call)

    def _convolved(
        self, x: str, w: str, stride: Size, padding: str, apart: Size, dilation: Size, groups: int = 1
    ) -> str:
        options = {"lhs_dilation": _pair(apart)} if apart != (1, 1) else {}
        options |= {"rhs_dilation": _pair(dilation)} if dilation != (1, 1) else {}
        options |= {"feature_group_count": str(groups)} if groups > 1 else {}
        return self.called("lax.conv_general_dilated", x, w, _pair(stride), padding, **options)

    # Pooling

    def _max_pool2d(self, call: Call) -> str:
        if call.options.get("return_indices"):
            self._indices(call)
        return self._windows(call.operands[0], "-jnp.inf", "lax.max", call)

    def _avg_pool2d(self, call: Call) -> str:
        o, x = call.options, call.operands[0]
        total = self._windows(x, "0.0", "lax.add", call)
        if o["padding"] == (0, 0) and not any(overhang(call)):
            return f"{total} / {o['kernel_size'][0] * o['kernel_size'][1]}"
        self.note("lax has no average pooling: sums of windows, over the cells that count.")
        ones = f"jnp.ones_like({x})"
        count = self._windows(ones, "0.0", "lax.add", call)
        if o["count_include_pad"]:
            edges = ", ".join(f"({p}, {p})" for p in (0, 0, *o["padding"]))
            self.put(f"counted = jnp.pad({ones}, ({edges}), constant_values=1.0)")
            padding = _edges((0, 0), overhang(call))
            count = self._reduced("counted", "0.0", "lax.add", o["kernel_size"], o["stride"], padding)
        self.put(f"count = {count}")
        return f"{total} / count"

    def _windows(self, x: str, start: str, function: str, call: Call) -> str:
        o = call.options
        ends = [p + extra for p, extra in zip(o["padding"], overhang(call), strict=True)]
        padding, dilation = _edges(o["padding"], ends), o.get("dilation", (1, 1))
        return self._reduced(x, start, function, o["kernel_size"], o["stride"], padding, dilation)

    def _reduced(
        self, x: str, start: str, function: str, size: Size, stride: Size, padding: str, dilation: Size = (1, 1)
    ) -> str:
        options = {"padding": padding if padding.startswith('"') else f"[(0, 0), (0, 0), {padding[1:]}"}
        if dilation != (1, 1):
            options["window_dilation"] = str((1, 1, *dilation))
        return self.called("lax.reduce_window", x, start, function, str((1, 1, *size)), str((1, 1, *stride)), **options)

    def _indices(self, call: Call) -> None:
        x, (k0, k1), s = call.operands[0], call.options["kernel_size"], call.options["stride"]
        self.note("lax gives no indices of maxima: the place in a window, then in the map.")
        self.put(
            f'windows = lax.conv_general_dilated_patches({x}, ({k0}, {k1}), {_pair(s)}, "VALID")',
            f"row, column = jnp.divmod(windows.argmax(1), {k1})",
            f"row = row + {s[0]} * jnp.arange(row.shape[1])[:, None]",
            f"column = column + {s[1]} * jnp.arange(row.shape[2])",
        )

    def _adaptive(self, call: Call) -> str:
        x, (rows, columns), o = call.operands[0], call.shape[2:], call.options["output_size"]
        function = "max" if "max" in call.function else "mean"
        if o == (1, 1):
            return f"{x}.{function}((2, 3), keepdims=True)"
        self.note("lax has no adaptive pooling: window r of o covers r*i//o up to, not including, -(-(r+1)*i//o).")
        row, column = (f"{r} * {i} // {n} : -(-({r} + 1) * {i} // {n})" for r, i, n in
                       (("r", rows, o[0]), ("c", columns, o[1])))  # fmt: skip
        window = f"{x}[..., {row}, {column}].{function}((2, 3))"
        self.lines += ["pooled = [", f"    [{window} for c in range({o[1]})]", f"    for r in range({o[0]})", "]"]
        return "jnp.array(pooled).transpose(2, 3, 0, 1)"

    _adaptive_max_pool2d = _adaptive_avg_pool2d = _adaptive

    def _max_unpool2d(self, call: Call) -> str:
        shape = (1, 1, *call.options["output_size"])
        return f"jnp.zeros({shape}).at[0, 0, row[0], column[0]].set({call.operands[0]}[0, 0])"

    def _avg_unpool2d(self, call: Call) -> str:
        y, (k0, k1), s = call.operands[0], call.options["kernel_size"], call.options["stride"]
        sizes = zip(call.options["output_size"], call.shape[2:], s, strict=True)
        edges = _edges((k0 - 1, k1 - 1), [o - ((i - 1) * step + 1) for o, i, step in sizes])
        self.note("Average unpooling: each value is spread over its window, overlaps take the mean.")
        self.put(f"window = jnp.ones((1, 1, {k0}, {k1}))")
        total, count = (self._convolved(x, "window", (1, 1), edges, s, (1, 1)) for x in (y, f"jnp.ones_like({y})"))
        self.put(f"count = jnp.maximum({count}, 1)")
        return f"{total} / count"

    # Normalization

    def _local_response_norm(self, call: Call) -> str:
        n = call.options["size"]
        return self._response(call, (1, n, 1, 1), n)

    def _local_response_norm_within(self, call: Call) -> str:
        n = call.options["size"]
        return self._response(call, (1, 1, n, n), n * n)

    def _response(self, call: Call, window: Sequence[int], cells: int) -> str:
        x, o = call.operands[0], call.options
        edges = ", ".join(f"({n // 2}, {(n - 1) // 2})" for n in window)
        self.note("JAX has no local response normalization: sums of squares over the neighbours.")
        squares = self.called(
            "lax.reduce_window", f"{x}**2", "0.0", "lax.add", str(window), "(1, 1, 1, 1)", padding=f"[{edges}]"
        )
        self.put(f"squares = {squares}")
        alpha = self.plain(o["alpha"]) + (f" / {cells}" if o["alpha_over_n"] else "")
        return f"{x} / ({self.plain(o['k'])} + {alpha} * squares) ** {self.plain(o['beta'])}"

    def _norm(self, call: Call) -> str:
        x, o = call.operands[0], call.options
        self.note("JAX leaves normalization to its libraries: the mean and the biased variance, written out.")
        axes = _NORM_AXES.get(call.function, (0, *range(2, len(call.shape))))
        grouped = x
        if call.function == "group_norm":
            n, c, *size = call.shape
            grouped = "grouped"
            self.put(f"grouped = {x}.reshape{(n, o['num_groups'], c // o['num_groups'], *size)}")
        self.put(f"mean = {grouped}.mean({axes}, keepdims=True)", f"variance = {grouped}.var({axes}, keepdims=True)")
        hat = f"({grouped} - mean) / jnp.sqrt(variance + {self.plain(o['eps'])})"
        if grouped != x:
            return f"({hat}).reshape({x}.shape)"
        if len(call.operands) == 1:
            return hat
        gamma, beta = (name + "[:, None, None]" * (len(call.shape) > 2) for name in call.operands[1:])
        return f"{gamma} * {hat} + {beta}"

    _batch_norm = _layer_norm = _instance_norm = _group_norm = _norm

    # Layers and activations

    def _linear(self, call: Call) -> str:
        x, w, b = call.operands
        return f"{x} @ {w}.T + {b}"

    def _flatten(self, call: Call) -> str:
        return f"{call.operands[0]}.reshape(1, -1)"

    def _identity(self, call: Call) -> str:
        return call.operands[0]

    def _activation(self, call: Call) -> str:
        return self.called(f"jax.nn.{_NAMES.get(call.function, call.function)}", *call.operands, **call.options)

    _relu = _leaky_relu = _elu = _sigmoid = _selu = _relu6 = _hardtanh = _silu = _hardswish = _mish = _activation

    def _tanh(self, call: Call) -> str:
        return f"jnp.tanh({call.operands[0]})"

    def _gelu(self, call: Call) -> str:
        return f"jax.nn.gelu({call.operands[0]}, approximate=False)"

    def _softplus(self, call: Call) -> str:
        return self.formula(call) if call.options["beta"] != 1 else f"jax.nn.softplus({call.operands[0]})"

    def _softmax(self, call: Call) -> str:
        return f"jax.nn.softmax({call.operands[0]})"

    # Losses

    _l1_loss = _mse_loss = _huber_loss = _smooth_l1_loss = _hinge_loss = Writer.formula
    _binary_cross_entropy = _binary_cross_entropy_with_logits = Writer.formula

    def _cross_entropy(self, call: Call) -> str:
        return f"-jax.nn.log_softmax({call.operands[0]})[0, {call.options['label']}]"

    # Training

    def descent(self, start: str) -> None:
        """By optax, with JAX's own gradients."""
        self.put(
            "def descend(rule, steps):",
            f"    w = {start}",
            "",
            "    def update(carried, _):",
            "        w, state = carried",
            "        change, state = rule.update(jax.grad(lambda w: f(*w))(w), state)",
            "        w = optax.apply_updates(w, change)",
            "        return (w, state), w",
            "",
            "    _, path = lax.scan(update, (w, rule.init(w)), length=steps)",
            "    return jnp.concatenate([w[None], path])",
            "",
            "",
        )

    def rule(self, call: Call) -> str:
        """By optax."""
        return self.called(f"optax.{call.options['rule'].lower()}", **dict(_optax(call)))

    def gradient(self, training: Training, names: Sequence[str]) -> str:
        """By `jax.grad`, of input and weights."""
        self.put("", "", "def loss_of(x, *weights):", "    return forward(x, *weights)[-1]", "", "")
        self.expressions.append("jax.grad(loss_of)(x, *weights)")
        return f"jax.grad(loss_of, range({len(names)}))({', '.join(names)})"


def _optax(call: Call) -> Iterator[tuple[str, object]]:
    """An optimizer's hyper-parameters under optax's names, what it adds to roots as torch does."""
    o = call.options
    yield "learning_rate", o["lr"]
    match o["rule"]:
        case "SGD":
            yield from ((name, o[name]) for name in ("momentum", "nesterov") if name in o)
        case "Adagrad":
            yield from {"initial_accumulator_value": 0, "eps": 1e-20}.items()
        case "RMSprop":
            yield from {"decay": o["alpha"], "eps_in_sqrt": False}.items()
        case "Adam":
            yield from zip(("b1", "b2"), o["betas"], strict=True)


def _bias(call: Call) -> str:
    return f" + {call.operands[2]}[:, None, None]" if len(call.operands) > 2 else ""


def _pair(size: Size) -> str:
    return f"({size[0]}, {size[1]})"


def _edges(before: Sequence[int], after: Sequence[int]) -> str:
    """Padding of rows and columns."""
    if not any((*before, *after)):
        return '"VALID"'
    return f"[({before[0]}, {after[0]}), ({before[1]}, {after[1]})]"
