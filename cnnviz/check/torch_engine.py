"""PyTorch as the engine of checks, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from cnnviz.check.engine import Array, Size

_F: Any = torch.nn.functional


def _in(values: Any) -> Any:
    return torch.from_numpy(np.array(values, np.float64))


def _out(values: Any) -> Array:
    return np.asarray(values.numpy(), np.float64)


class Torch:
    """See `Engine`; the operations are those of torch.nn.functional."""

    def conv(self, x: Array, w: Array, bias: Array, stride: Size, padding: Size, dilation: Size) -> Array:
        """By conv2d."""
        return _out(_F.conv2d(_in(x), _in(w), _in(bias), stride, padding, dilation))

    def conv_transpose(
        self, x: Array, w: Array, stride: Size, padding: Size, output_padding: Size, dilation: Size
    ) -> Array:
        """By conv_transpose2d."""
        return _out(_F.conv_transpose2d(_in(x), _in(w), None, stride, padding, output_padding, 1, dilation))

    def max_pool(self, x: Array, size: Size, stride: Size, padding: Size, dilation: Size, ceil: bool) -> Array:
        """By max_pool2d."""
        return _out(_F.max_pool2d(_in(x), size, stride, padding, dilation, ceil))

    def avg_pool(self, x: Array, size: Size, stride: Size, padding: Size, ceil: bool, counted: bool) -> Array:
        """By avg_pool2d."""
        return _out(_F.avg_pool2d(_in(x), size, stride, padding, ceil, counted))

    def adaptive_pool(self, x: Array, size: Size, kind: str) -> Array:
        """By adaptive_max_pool2d or adaptive_avg_pool2d."""
        return _out((_F.adaptive_max_pool2d if kind == "max" else _F.adaptive_avg_pool2d)(_in(x), size))

    def max_unpool(self, x: Array, size: Size, stride: Size) -> Array:
        """By max_pool2d and max_unpool2d."""
        maxima, places = _F.max_pool2d(_in(x), size, stride, return_indices=True)
        return _out(_F.max_unpool2d(maxima, places, size, stride, output_size=x.shape[2:]))

    def response_norm(self, x: Array, n: int, alpha: float, beta: float, k: float, within: bool) -> Array:
        """By local_response_norm, or within a channel by avg_pool2d over the squares."""
        value = _in(x)
        if not within:
            return _out(_F.local_response_norm(value, n, alpha * n, beta, k))
        sides = (n // 2, (n - 1) // 2)
        total = _F.avg_pool2d(_F.pad(value * value, (*sides, *sides)), n, 1) * n * n
        return _out(value / (k + alpha * total) ** beta)

    def normalize(self, x: Array, kind: str, groups: int, eps: float) -> Array:
        """By batch_norm in training, or by group_norm."""
        if kind == "group":
            return _out(_F.group_norm(_in(x), groups, eps=eps))
        return _out(_F.batch_norm(_in(x), None, None, training=True, eps=eps))

    def linear(self, x: Array, w: Array, bias: Array) -> Array:
        """By linear."""
        return _out(_F.linear(_in(x), _in(w), _in(bias)))

    def softmax(self, x: Array) -> Array:
        """By softmax."""
        return _out(_F.softmax(_in(x), -1))

    def activation(self, kind: str, x: Array, parameter: float) -> Array:
        """By the function of that name."""
        value = _in(x)
        if kind == "linear":
            return _out(value)
        if kind in ("leaky-relu", "elu", "softplus"):
            return _out(getattr(_F, kind.replace("-", "_"))(value, parameter))
        return _out((torch.sigmoid if kind == "sigmoid" else getattr(_F, kind))(value))

    def loss(self, kind: str, x: Array, y: float, parameter: float) -> Array:
        """By the loss of that name; hinge, which torch lacks, by relu."""
        estimate = _in(x)
        label = torch.full_like(estimate, y)
        if kind == "hinge":
            return _out(torch.relu(parameter - label * estimate))
        name, more = {
            "mae": ("l1_loss", {}), "mse": ("mse_loss", {}), "huber": ("huber_loss", {"delta": parameter}),
            "smooth-l1": ("smooth_l1_loss", {"beta": parameter}),
            "logits-cross-entropy": ("binary_cross_entropy_with_logits", {}),
        }.get(kind, ("binary_cross_entropy", {}))  # fmt: skip
        return _out(getattr(_F, name)(estimate, label, reduction="none", **more))


ENGINE = Torch()
