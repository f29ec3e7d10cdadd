"""JAX: convolutions and windows of `jax.lax`, activations of `jax.nn`, the rest written out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from cnnviz.operation import Call, Training
from cnnviz.programs._writer import (
    Writer,
    hats,
    hyperparameters,
    nearest,
    overhang,
    pad_sides,
    sample_places,
)

_RESPONSE = (
    "# JAX has no local response normalization: sums of squares over the neighbours.\n"
    "squares = lax.reduce_window({0}**2, 0.0, lax.add, WINDOW, (1, 1, 1, 1), EDGES)\n"
    "{0} / ({k} + {per_sum} * squares) ** {beta}"
)
_NORM = (
    "# JAX leaves normalization to its libraries: the mean and the biased variance, written out.\n"
    "mean, variance = {0}.mean(AXES, keepdims=True), {0}.var(AXES, keepdims=True)\n"
    "({0} - mean) / jnp.sqrt(variance + {eps})"
)
_INDICES = """# lax gives no indices of maxima: the place in a window, then in the map.
windows = lax.conv_general_dilated_patches({0}, {o[kernel_size]}, {o[stride]}, "VALID")
row, column = jnp.divmod(windows.argmax(1), {o[kernel_size][1]})
row = row + {o[stride][0]} * jnp.arange(row.shape[1])[:, None]
column = column + {o[stride][1]} * jnp.arange(row.shape[2])
"""
_TEMPLATES = {
    "flip": "# True convolution: the kernel is rotated by 180° first.\njnp.flip({0}, (2, 3))",
    "max_unpool2d": "jnp.zeros((1, 1, *{o[output_size]})).at[0, 0, row[0], column[0]].set({0}[0, 0])",
    "local_response_norm": _RESPONSE.replace("WINDOW", "(1, {size}, 1, 1)").replace(
        "EDGES", "[(0, 0), ({before}, {after}), (0, 0), (0, 0)]"
    ),
    "local_response_norm_within": _RESPONSE.replace("WINDOW", "(1, 1, {size}, {size})").replace(
        "EDGES", "[(0, 0), (0, 0), ({before}, {after}), ({before}, {after})]"
    ),
    "layer_norm": _NORM.replace("AXES", "(1, 2, 3)"),
    "instance_norm": _NORM.replace("AXES", "(2, 3)"),
    "group_norm": "grouped = {0}.reshape({shape[0]}, {num_groups}, -1)\n"
    + _NORM.replace("{0}", "grouped").replace("AXES", "2").replace("(grouped -", "((grouped -")
    + ").reshape({0}.shape)",
    "linear": "{0} @ {1}.T + {2}",
    "flatten": "{0}.reshape(len({0}), -1)",
    "tokens": "{0}.reshape({shape[0]}, {shape[1]}, -1).swapaxes(1, 2)",
    "add": "{0} + {1}",
    "dropout": "# Dropout of JAX's libraries draws a mask of its own: here the figure's.\n{0} * {1} / (1 - {p})",
    "batch_norm_inference": "({0} - {1}) / jnp.sqrt({2} + {eps})",
    "pixel_shuffle": "n, c, h, w = {0}.shape\nr = {upscale_factor}\n"
    "{0}.reshape(n, -1, r, r, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, -1, h * r, w * r)",
    "pixel_unshuffle": "n, c, h, w = {0}.shape\nr = {downscale_factor}\n"
    "{0}.reshape(n, c, h // r, r, w // r, r).transpose(0, 1, 3, 5, 2, 4).reshape(n, -1, h // r, w // r)",
    "identity": "{0}",
    "tanh": "jnp.tanh({0})",
    "gelu": "jax.nn.gelu({0}, approximate=False)",
    "hardtanh": "jax.nn.hard_tanh({0})",
    "hardswish": "jax.nn.hard_swish({0})",
    "softplus": "jax.nn.softplus({0})",
    "silu": "jax.nn.silu({0})",
    "softmax": "jax.nn.softmax({0}, axis={dim})",
    "cross_entropy": "-jax.nn.log_softmax({0})[0, {label}]",
    "mean_cross_entropy": "-jax.nn.log_softmax({0})[jnp.arange(len({1})), {1}.astype(int)].mean()",
}
_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


# Names of optax, and what makes its roots those of torch.
_NUMBERS = {"alpha": "decay", "betas": "b1 b2"}
_MORE: Mapping[str, Mapping[str, Any]] = {
    "Adagrad": {"initial_accumulator_value": 0, "eps": 1e-20},
    "RMSprop": {"eps_in_sqrt": False},
}


_DESCENT = """def descend(rule, steps):
    w = START

    def update(carried, _):
        w, state = carried
        change, state = rule.update(jax.grad(lambda w: f(*w))(w), state)
        w = optax.apply_updates(w, change)
        return (w, state), w

    _, path = lax.scan(update, (w, rule.init(w)), length=steps)
    return jnp.concatenate([w[None], path])
"""


_EPOCHS = """optimizer = {optimizer}
state = optimizer.init(weights)
rng = np.random.default_rng({seed})


@jax.jit
def step(weights, state, rate, *batch):
    slopes = jax.grad(lambda weights: forward(*batch, *weights)[-1])(weights)
    change, state = optimizer.update(slopes, state)
    return optax.apply_updates(weights, tuple(rate * each for each in change)), state


losses = [float(forward(x, labels, *weights)[-1])]
for rate in rates:
    order = rng.permutation(len(x))
    for at in range(0, len(x), {batch}):
        batch = order[at : at + {batch}]
        weights, state = step(weights, state, rate, x[batch], labels[batch])
    losses.append(float(forward(x, labels, *weights)[-1]))
"""


class Framework(Writer):
    """JAX."""

    modules: ClassVar = {
        "jax.": "import jax",
        "jnp.": "import jax.numpy as jnp",
        "np.": "import numpy as np",
        "optax.": "import optax",
        "lax.": "from jax import lax",
    }
    array: ClassVar = "jnp.array"
    dtypes: ClassVar = ("float", "float")
    templates: ClassVar = _TEMPLATES
    descent: ClassVar = _DESCENT
    epochs: ClassVar = _EPOCHS
    trains_in_double: ClassVar = True
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

    def default(self, call: Call) -> str:
        """An activation."""
        return self.fill(f"jax.nn.{call.function}({{0}}{{keywords}})", call)

    # Convolution

    def _conv2d(self, call: Call) -> str:
        o = call.options
        groups = ", feature_group_count={groups}" * (o.get("groups", 1) > 1)
        dilation = ", rhs_dilation={o[dilation]}" * (max(o["dilation"]) > 1)
        keywords = f"window_strides={{o[stride]}}, padding={{edges}}{groups}{dilation}"
        template = f"{{correlation}}lax.conv_general_dilated({{0}}, {{1}}, {keywords})"
        return self.fill(template, call, edges=_edges(o["padding"], o["padding"])) + _bias(call)

    _conv1d = _conv3d = _conv2d

    def _conv_transpose2d(self, call: Call) -> str:
        o, (x, w, *_) = call.options, call.operands
        shape, groups = self.operation.operands[w].values.shape, o.get("groups", 1)
        each = [o[name] for name in ("stride", "padding", "output_padding", "dilation")]
        axes = list(zip(call.shape[2:], shape[2:], *each, strict=True))
        size = ((i - 1) * s - 2 * p + d * (k - 1) + a + 1 for i, k, s, p, a, d in axes)
        convolved = self._conv2d(replace(call, operands=("y", w)))
        if any(a >= s for _, _, s, _, a, _ in axes):
            convolved += f"[..., :{call.shape[2]}, :{call.shape[3]}]"
        return self._transposed(convolved, x, (call.shape[0], shape[1] * groups, *size)) + _bias(call)

    def _transposed(self, linear: str, x: str, shape: Sequence[int]) -> str:
        """What goes back through an expression that is linear in an array y of a shape."""
        # A picture has no room for the shape.
        self.main_expression = f"jax.linear_transpose(lambda y: {linear}, y)({x})[0]"
        return f"jax.linear_transpose(lambda y: {linear}, jnp.zeros({tuple(shape)}))({x})[0]"

    def _pad(self, call: Call) -> str:
        mode = call.options["mode"]
        keywords = f', mode="{_MODES[mode]}"' if mode != "constant" else ""
        return f"jnp.pad({call.operands[0]}, {tuple(pad_sides(call))}{keywords})"

    # Sampling and patches

    def _deform_conv2d(self, call: Call) -> str:
        x, _, w, *mask = call.operands
        self.note("JAX has no deformable convolution: samples of each channel at the places that offsets move.")
        self.put(*sample_places(call, self.operation.operands[w].values.shape[2:], "jnp"))
        self.put(
            f"samples = jnp.stack([jax.scipy.ndimage.map_coordinates(c, [rows, columns], order=1) for c in {x}[0]])",
            *(f"samples = samples * {name}[0].reshape(rows.shape)" for name in mask),
        )
        return f'jnp.einsum("cabhw,ocab->ohw", samples, {w})[None]'

    def _interpolate(self, call: Call) -> str:
        x, o = call.operands[0], call.options
        if o["mode"] == "nearest":
            rows, columns = nearest(call)
            return f"{x}[..., jnp.array({rows}), :][..., jnp.array({columns})]"
        self.note("Each sample's weights for the cells of a row or column, which fall off with the distance.")
        self.put(*hats(call, "jnp"))
        return f"rows @ {x} @ columns.T"

    def _unfold(self, call: Call) -> str:
        o = call.options
        return self.fill(
            "lax.conv_general_dilated_patches({0}, filter_shape={o[kernel_size]}, window_strides={o[stride]}, "
            "padding={edges}, rhs_dilation={o[dilation]}).reshape({shape[0]}, {rows}, -1)",
            call,
            edges=_edges(o["padding"], o["padding"]),
            rows=call.shape[1] * math.prod(o["kernel_size"]),
        )

    def _scaled_dot_product_attention(self, call: Call) -> str:
        scores = "scores = {0} @ {1}.swapaxes(-2, -1) / {0}.shape[-1] ** 0.5\n"
        causal = "scores = jnp.where(jnp.tri(*scores.shape[-2:]) > 0, scores, -jnp.inf)\n"
        return self.fill(scores + causal * call.options["is_causal"] + "jax.nn.softmax(scores) @ {2}", call)

    # Pooling

    def _max_pool2d(self, call: Call) -> str:
        if call.options.get("return_indices"):
            self.fill(_INDICES, call)
        return _windows(call, call.operands[0], "-jnp.inf, lax.max")

    def _avg_pool2d(self, call: Call) -> str:
        o, x = call.options, call.operands[0]
        total = _windows(call, x, "0.0, lax.add")
        if o["padding"] == (0, 0) and not any(overhang(call)):
            return f"{total} / {o['kernel_size'][0] * o['kernel_size'][1]}"
        self.note("lax has no average pooling: sums of windows, over the cells that count.")
        ones = f"jnp.ones_like({x})"
        count = _windows(call, ones, "0.0, lax.add")
        if o["count_include_pad"]:
            edges = ", ".join(f"({p}, {p})" for p in (0, 0, *o["padding"]))
            self.put(f"counted = jnp.pad({ones}, ({edges}), constant_values=1.0)")
            count = _windows(replace(call, options={**o, "padding": (0, 0)}), "counted", "0.0, lax.add", overhang(call))
        self.put(f"count = {count}")
        return f"{total} / count"

    def _adaptive(self, call: Call) -> str:
        x, (rows, columns), o = call.operands[0], call.shape[2:], call.options["output_size"]
        function = "max" if "max" in call.function else "mean"
        if o == (1, 1):
            return f"{x}.{function}((2, 3), keepdims=True)"
        self.note("lax has no adaptive pooling: window r of o covers r*i//o up to, not including, -(-(r+1)*i//o).")
        row, column = (
            f"{r} * {i} // {n} : -(-({r} + 1) * {i} // {n})" for r, i, n in (("r", rows, o[0]), ("c", columns, o[1]))
        )
        window = f"{x}[..., {row}, {column}].{function}((2, 3))"
        self.lines += ["pooled = [", f"    [{window} for c in range({o[1]})]", f"    for r in range({o[0]})", "]"]
        return "jnp.array(pooled).transpose(2, 3, 0, 1)"

    _adaptive_max_pool2d = _adaptive_avg_pool2d = _adaptive

    def _avg_unpool2d(self, call: Call) -> str:
        y, o = call.operands[0], call.options
        sums = _windows(replace(call, options={**o, "padding": (0, 0)}), "y", "0.0, lax.add", (0, 0))
        self.note("Average unpooling: each value is spread over its window, overlaps take the mean.")
        total, count = (
            self._transposed(sums, x, (*call.shape[:2], *o["output_size"])) for x in (y, f"jnp.ones_like({y})")
        )
        self.put(f"count = {count}")
        return f"{total} / jnp.maximum(count, 1)"

    # Normalization

    def _batch_norm(self, call: Call) -> str:
        axes = str((0, *range(2, len(call.shape))))
        hat = self.fill(_NORM.replace("AXES", axes), call)
        if len(call.operands) == 1:
            return hat
        gamma, beta = (name + "[:, None, None]" * (len(call.shape) > 2) for name in call.operands[1:])
        return f"{gamma} * {hat} + {beta}"

    # Training

    def optimizer(self, call: Call, weights: str) -> str:
        """By optax."""
        options = hyperparameters(call, _NUMBERS, _MORE)
        if self.operation.training_call is not None:
            # Its steps are taken times the rate of their epoch.
            options["learning_rate"] = 1.0
        return self.called(f"optax.{call.options['rule'].lower()}", **options)

    def gradient(self, training: Training, names: Sequence[str]) -> str:
        """By `jax.grad`, of input and weights."""
        place = [call.result for call in self.operation.calls].index(training.loss)
        loss = f"forward(x, *weights)[{place}]"
        if training.grad:
            self.put("", "", "def output_of(x, *weights):", f"    return {loss}", "", "")
            self.expressions.append("jax.vjp(output_of, x, *weights)")
            return f"{self.expressions[-1]}[1]({training.grad})"
        self.put("", "", "def loss_of(x, *weights):", f"    return {loss}.sum()", "", "")
        self.expressions.append("jax.grad(loss_of)(x, *weights)")
        return f"jax.grad(loss_of, range({len(names)}))({', '.join(names)})"


def _bias(call: Call) -> str:
    axes = ", None" * (len(call.shape) - 2)
    return f" + {call.operands[2]}[:{axes}]" if len(call.operands) > 2 else ""


def _edges(before: Sequence[int], after: Sequence[int]) -> str:
    """Padding along each axis."""
    if not any((*before, *after)):
        return '"VALID"'
    return str(list(zip(before, after, strict=True)))


def _windows(call: Call, x: str, reduce: str, more: Sequence[int] | None = None) -> str:
    """A pooling's windows over an array, reduced; the last ones may have `more` cells behind the padding."""
    o = call.options
    ends = [p + extra for p, extra in zip(o["padding"], overhang(call) if more is None else more, strict=True)]
    padding, dilation = _edges(o["padding"], ends), o.get("dilation", (1, 1))
    padding = padding if padding.startswith('"') else f"[(0, 0), (0, 0), {padding[1:]}"
    dilated = f", window_dilation={(1, 1, *dilation)}" * (max(dilation) > 1)
    sizes = f"{(1, 1, *o['kernel_size'])}, {(1, 1, *o['stride'])}"
    return f"lax.reduce_window({x}, {reduce}, {sizes}, padding={padding}{dilated})"
