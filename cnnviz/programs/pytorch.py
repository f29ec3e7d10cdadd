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
    "softplus": "F.softplus({0}, beta={beta})",
    "silu": "F.silu({0})",
    "cross_entropy": "F.cross_entropy({0}, torch.tensor([{label}]))",
    "mean_cross_entropy": "F.cross_entropy({0}, {1}.long())",
    **{name: f"{{correlation}}F.{name}({{operands}}{{keywords}})" for name in ["conv1d", "conv2d", "conv3d"]},
    **{name: f"F.{name}({{0}}, {{kernel_size}}{{keywords}})" for name in ["max_pool2d", "avg_pool2d"]},
    **{name: f"F.{name}({{0}}, {{output_size}})" for name in ["adaptive_max_pool2d", "adaptive_avg_pool2d"]},
    # Of one number torch makes a size of one axis.
    "max_unpool2d": "F.max_unpool2d({operands}, {kernel_size}{keywords}, "
    "output_size=({o[output_size][0]}, {o[output_size][1]}))",
    "pad": "F.pad({0}, {o[pad]}{keywords})",
    "layer_norm": "F.layer_norm({0}, {o[normalized_shape]}{keywords})",
    "group_norm": "F.group_norm({0}, {num_groups}{keywords})",
    **{
        name: f"F.{name}({{0}}, torch.full_like({{0}}, {{label}}), reduction='none'{{keywords}})"
        for name in [
            *("l1_loss", "mse_loss", "huber_loss", "smooth_l1_loss"),
            *("binary_cross_entropy", "binary_cross_entropy_with_logits"),
        ]
    },
    "hinge_loss": "# torch has no hinge loss of this form.\ntorch.clamp({margin} - {label} * {0}, min=0)",
}
_UNPOOLED = """# torch has no average unpooling: each value is spread over its window, overlaps take the mean.
window = torch.ones(1, 1, {o[kernel_size][0]}, {o[kernel_size][1]})
count = F.conv_transpose2d(torch.ones_like({0}), window, stride={stride}{rest}).clamp(min=1)
F.conv_transpose2d({0}, window, stride={stride}{rest}) / count"""


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
    trains_in_double: ClassVar = True
    tracked: ClassVar = ("for values in (x, *weights):", "    values.requires_grad_()")
    inner_gradients: ClassVar = True

    def line(self) -> str:
        """With the module's full name, as no import stands above."""
        return super().line().replace("F.", "torch.nn.functional.")

    def shown(self, shown: Shown) -> str:
        """Without what gradients need."""
        return super().shown(shown) + (".detach()" if self.operation.training else "")

    def default(self, call: Call) -> str:
        """Under the same name."""
        return self.fill(f"F.{call.function}({{operands}}{{keywords}})", call)

    # Convolution and pooling

    def _deform_conv2d(self, call: Call) -> str:
        mask = ", mask={3}" * (len(call.operands) > 3)
        return self.fill(f"torchvision.ops.deform_conv2d({{0}}, {{1}}, {{2}}{mask}{{keywords}})", call)

    def results(self, call: Call) -> str:
        """Indices too where they are asked for."""
        return f"{call.result}, indices" if call.options.get("return_indices") else call.result

    def _avg_unpool2d(self, call: Call) -> str:
        rest = unpool_rest(call)
        return self.fill(_UNPOOLED, call, rest=f", output_padding={self.plain(rest)}" if any(rest) else "")

    # Normalization

    def _local_response_norm(self, call: Call) -> str:
        x, o = call.operands[0], dict(call.options)
        size = o.pop("size")
        if not o.pop("alpha_over_n"):
            self.note("torch divides alpha by the number of neighbours, the figure does not.")
            o["alpha"] = f"{size} * {self.plain(o['alpha'])}"
        return self.called("F.local_response_norm", x, str(size), **o)

    def _batch_norm(self, call: Call) -> str:
        affine = ", weight={1}, bias={2}" * (len(call.operands) > 1)
        return self.fill(f"F.batch_norm({{0}}, None, None{affine}{{keywords}})", call)

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
