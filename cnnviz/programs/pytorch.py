"""PyTorch: the functions are its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from cnnviz.operation import Call, Shown, Training
from cnnviz.programs._writer import Writer, tupled, unpool_rest

_TEMPLATES = {
    "flip": "# True convolution: the kernel is rotated by 180° first.\ntorch.flip({0}, (2, 3))",
    "local_response_norm_within": "# torch has it between channels only: here the mean of the squares in a window.\n"
    "squares = F.pad({0}**2, ({before}, {after}, {before}, {after}))\n"
    "{0} / ({k} + {per_mean} * F.avg_pool2d(squares, {size}, stride=1)) ** {beta}",
    "linear": "F.linear({0}, {1}, {2})",
    "flatten": "{0}.flatten(1)",
    "tokens": "{0}.flatten(2).transpose(1, 2)",
    "add": "{0} + {1}",
    "dropout": "# F.dropout draws a mask of its own: here the figure's.\n{0} * {1} / (1 - {p})",
    "batch_norm_inference": "F.batch_norm({0}, {1}, {2}, eps={eps})",
    "pixel_shuffle": "F.pixel_shuffle({0}, {upscale_factor})",
    "pixel_unshuffle": "F.pixel_unshuffle({0}, {downscale_factor})",
    "identity": "{0}",
    "tanh": "torch.tanh({0})",
    "sigmoid": "torch.sigmoid({0})",
    "softmax": "torch.softmax({0}, dim={dim})",
    "leaky_relu": "F.leaky_relu({0}, negative_slope={negative_slope})",
    "elu": "F.elu({0}, alpha={alpha})",
    "softplus": "F.softplus({0}, beta={beta})",
    **{name: f"F.{name}({{0}})" for name in ["relu", "selu", "relu6", "hardtanh", "gelu", "silu", "hardswish", "mish"]},
    "cross_entropy": "F.cross_entropy({0}, torch.tensor([{label}]))",
    "mean_cross_entropy": "F.cross_entropy({0}, {1}.long())",
    "hinge_loss": "# torch has no hinge loss of this form.\ntorch.clamp({margin} - {label} * {0}, min=0)",
}


_DESCENT = """def descend(rule, steps):
    w = START.requires_grad_()
    optimizer, path = rule(w), [w.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        f(*w).backward()
        optimizer.step()
        path.append(w.detach().clone())
    return torch.stack(path)
"""


_EPOCHS = """for values in weights:
    values.requires_grad_()
optimizer = {optimizer}
rng = np.random.default_rng({seed})
losses = [forward(x, labels, *weights)[-1].item()]
for rate in rates:
    optimizer.param_groups[0]["lr"] = rate
    for batch in torch.tensor(rng.permutation(len(x))).split({batch}):
        optimizer.zero_grad()
        forward(x[batch], labels[batch], *weights)[-1].backward()
        optimizer.step()
    losses.append(forward(x, labels, *weights)[-1].item())
"""


class Framework(Writer):
    """PyTorch's `torch.nn.functional`."""

    title: ClassVar = "PyTorch"
    modules: ClassVar = {
        "np.": "import numpy as np",
        "torch.": "import torch",
        "F.": "import torch.nn.functional as F",
        "torchvision.": "import torchvision",
    }
    array: ClassVar = "torch.tensor"
    dtypes: ClassVar = ("torch.float32", "torch.float64")
    templates: ClassVar = _TEMPLATES
    descent: ClassVar = _DESCENT
    epochs: ClassVar = _EPOCHS
    tracked: ClassVar = ("for values in (x, *weights):", "    values.requires_grad_()")
    inner_gradients: ClassVar = True

    def line(self) -> str:
        """With the module's full name, as no import stands above."""
        return super().line().replace("F.", "torch.nn.functional.")

    def shown(self, shown: Shown) -> str:
        """Without what gradients need."""
        return super().shown(shown) + (".detach()" if self.operation.training else "")

    # Convolution and pooling

    def _conv2d(self, call: Call) -> str:
        if self.operation.calls[0] is call:
            self.note("A cross-correlation: the kernel is not flipped.")
        return self._same(call)

    def _same(self, call: Call) -> str:
        return self.called(f"F.{call.function}", *call.operands, **self.options(call))

    _conv_transpose2d = _unfold = _fold = _scaled_dot_product_attention = _same
    _conv1d = _conv3d = _conv2d

    def _deform_conv2d(self, call: Call) -> str:
        how = dict(zip(["mask"], call.operands[3:], strict=False)) | self.options(call)
        return self.called("torchvision.ops.deform_conv2d", *call.operands[:3], **how)

    def _interpolate(self, call: Call) -> str:
        return self.called(
            "F.interpolate", call.operands[0], **{**self.options(call), "mode": repr(call.options["mode"])}
        )

    def _pad(self, call: Call) -> str:
        o, how = call.options, {}
        if o.get("mode", "constant") != "constant":
            how["mode"] = repr(o["mode"])
        elif o.get("value"):
            how["value"] = o["value"]
        return self.called("F.pad", call.operands[0], str(tuple(o["pad"])), **how)

    def _pool(self, call: Call) -> str:
        options = self.options(call)
        if call.function == "max_unpool2d":
            # Of one number torch makes a size of one axis.
            options["output_size"] = "({}, {})".format(*options["output_size"])
        size = options.pop("kernel_size" if "kernel_size" in options else "output_size")
        return self.called(f"F.{call.function}", *call.operands, self.plain(size), **options)

    _max_pool2d = _avg_pool2d = _adaptive_max_pool2d = _adaptive_avg_pool2d = _max_unpool2d = _pool

    def results(self, call: Call) -> str:
        """Indices too where they are asked for."""
        return f"{call.result}, indices" if call.options.get("return_indices") else call.result

    def _avg_unpool2d(self, call: Call) -> str:
        y, (k0, k1), s = call.operands[0], call.options["kernel_size"], call.options["stride"]
        rest = unpool_rest(call)
        how = {"stride": s} | ({"output_padding": rest} if rest != (0, 0) else {})
        self.note("torch has no average unpooling: each value is spread over its window, overlaps take the mean.")
        self.put(f"window = torch.ones(1, 1, {k0}, {k1})")
        count = self.called("F.conv_transpose2d", f"torch.ones_like({y})", "window", **how)
        self.put(f"count = {count}.clamp(min=1)")
        return f"{self.called('F.conv_transpose2d', y, 'window', **how)} / count"

    # Normalization

    def _local_response_norm(self, call: Call) -> str:
        x, o = call.operands[0], dict(call.options)
        size = o.pop("size")
        if not o.pop("alpha_over_n"):
            self.note("torch divides alpha by the number of neighbours, the figure does not.")
            o["alpha"] = f"{size} * {self.plain(o['alpha'])}"
        return self.called("F.local_response_norm", x, str(size), **o)

    def _batch_norm(self, call: Call) -> str:
        affine = dict(zip(("weight", "bias"), call.operands[1:], strict=False))
        return self.called("F.batch_norm", call.operands[0], "None", "None", **affine, **self.options(call))

    def _norm(self, call: Call) -> str:
        options = self.options(call)
        first = [str(options.pop(name)) for name in ("normalized_shape", "num_groups") if name in options]
        return self.called(f"F.{call.function}", *call.operands, *first, **options)

    _layer_norm = _instance_norm = _group_norm = _norm

    # Losses

    def _loss(self, call: Call) -> str:
        x, options = call.operands[0], {k: v for k, v in call.options.items() if k != "label"}
        label = f"torch.full_like({x}, {self.plain(call.options['label'])})"
        return self.called(f"F.{call.function}", x, label, reduction="'none'", **options)

    _l1_loss = _mse_loss = _huber_loss = _smooth_l1_loss = _binary_cross_entropy = _binary_cross_entropy_with_logits = (
        _loss
    )

    # Training

    def rule(self, call: Call) -> str:
        """A function of the weights."""
        return f"lambda w: {self.optimizer(call, '[w]')}"

    def optimizer(self, call: Call, weights: str) -> str:
        """By `torch.optim`."""
        options = {k: v for k, v in call.options.items() if k in ("lr", "momentum", "nesterov", "alpha", "betas")}
        return self.called(f"torch.optim.{call.options['rule']}", weights, **options)

    def gradient(self, training: Training, names: Sequence[str]) -> str:
        """By autograd."""
        arriving = f", {training.grad}" if training.grad else ""
        self.expressions.append(f"torch.autograd.grad({training.loss}, weights{arriving})")
        return f"torch.autograd.grad({training.loss}, {tupled(names)}{arriving})"
