"""PyTorch as the engine of checks, in float64."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from cnnviz.check.engine import Array, Descent, Rule, Size

_F: Any = torch.nn.functional


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.USub: operator.neg,
}  # fmt: skip


def _in(values: Any) -> Any:
    return torch.from_numpy(np.array(values, np.float64))


def _gradients(function: Callable[..., Any], inputs: tuple[Array, ...], slope: Array | None = None) -> list[Array]:
    """What autograd has for the inputs of a function of tensors, from the gradient by its result."""
    leaves = [_in(values).requires_grad_() for values in inputs]
    made = function(*leaves)
    found = torch.autograd.grad(made, leaves, torch.ones_like(made) if slope is None else _in(slope), allow_unused=True)
    return [np.zeros(x.shape) if g is None else _out(g) for g, x in zip(found, leaves, strict=True)]


def _computed(node: ast.AST, symbols: dict[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return symbols[name]
        case ast.UnaryOp(op=sign, operand=inner):
            return _OPERATORS[type(sign)](_computed(inner, symbols))
        case ast.BinOp(left=left, op=sign, right=right):
            return _OPERATORS[type(sign)](_computed(left, symbols), _computed(right, symbols))
    raise ValueError("no polynomial")


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

    def max_pool_places(self, x: Array, size: Size, stride: Size) -> Array:
        """By max_pool2d."""
        return _out(_F.max_pool2d(_in(x), size, stride, return_indices=True)[1].double())

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

    def moments(self, x: Array) -> tuple[Array, Array]:
        """By mean and var."""
        return _out(_in(x).mean(-1)), _out(_in(x).var(-1, correction=0))

    def linear(self, x: Array, w: Array, bias: Array) -> Array:
        """By linear."""
        return _out(_F.linear(_in(x), _in(w), _in(bias)))

    def softmax(self, x: Array) -> Array:
        """By softmax."""
        return _out(_F.softmax(_in(x), -1))

    def activation(self, kind: str, x: Array, parameter: float) -> Array:
        """By the function of that name."""
        return _out(self._activation(kind, _in(x), parameter))

    def activation_slope(self, kind: str, x: Array, parameter: float) -> Array:
        """By autograd."""
        return _gradients(lambda x: self._activation(kind, x, parameter), (x,))[0]

    def _activation(self, kind: str, x: Any, parameter: float) -> Any:
        if kind == "linear":
            return x * 1
        if kind in ("leaky-relu", "elu", "softplus"):
            # Softplus is a line beyond a threshold of 20 unless it is told otherwise, which shows in its derivative.
            more = (parameter, 1e4) if kind == "softplus" else (parameter,)
            return getattr(_F, kind.replace("-", "_"))(x, *more)
        return (torch.sigmoid if kind == "sigmoid" else getattr(_F, kind))(x)

    def loss(self, kind: str, x: Array, y: float, parameter: float) -> Array:
        """By the loss of that name; hinge, which torch lacks, by relu."""
        return _out(self._loss(kind, _in(x), y, parameter))

    def loss_slope(self, kind: str, x: Array, y: float, parameter: float) -> Array:
        """By autograd."""
        return _gradients(lambda x: self._loss(kind, x, y, parameter), (x,))[0]

    def _loss(self, kind: str, estimate: Any, y: float, parameter: float) -> Any:
        label = torch.full_like(estimate, y)
        if kind == "hinge":
            return torch.relu(parameter - label * estimate)
        name, more = {
            "mae": ("l1_loss", {}), "mse": ("mse_loss", {}), "huber": ("huber_loss", {"delta": parameter}),
            "smooth-l1": ("smooth_l1_loss", {"beta": parameter}),
            "logits-cross-entropy": ("binary_cross_entropy_with_logits", {}),
        }.get(kind, ("binary_cross_entropy", {}))  # fmt: skip
        return getattr(_F, name)(estimate, label, reduction="none", **more)

    def conv_back(
        self, x: Array, w: Array, slope: Array, stride: Size, padding: Size, dilation: Size
    ) -> tuple[Array, Array]:
        """By autograd."""
        back, own = _gradients(lambda x, w: _F.conv2d(x, w, None, stride, padding, dilation), (x, w), slope)
        return back, own

    def max_pool_back(self, x: Array, slope: Array, size: Size, stride: Size, padding: Size) -> Array:
        """By autograd."""
        return _gradients(lambda x: _F.max_pool2d(x, size, stride, padding), (x,), slope)[0]

    def avg_pool_back(self, x: Array, slope: Array, size: Size, stride: Size, padding: Size) -> Array:
        """By autograd."""
        return _gradients(lambda x: _F.avg_pool2d(x, size, stride, padding), (x,), slope)[0]

    def normalize_back(self, x: Array, slope: Array, eps: float) -> Array:
        """By autograd."""
        return _gradients(lambda x: _F.batch_norm(x, None, None, training=True, eps=eps), (x,), slope)[0]

    def response_norm_back(self, x: Array, slope: Array, n: int, alpha: float, beta: float, k: float) -> Array:
        """By autograd."""
        return _gradients(lambda x: _F.local_response_norm(x, n, alpha * n, beta, k), (x,), slope)[0]

    def field(self, formula: ast.expr, x: Array, y: Array) -> tuple[Array, Array, Array]:
        """By tensors, and autograd."""
        value = _computed(formula, {"x": _in(x), "y": _in(y)})
        across, up = _gradients(lambda x, y: _computed(formula, {"x": x, "y": y}), (x, y))
        return _out(value), across, up

    def descend(self, formula: ast.expr, rule: Rule, start: tuple[float, float], steps: int, along: Array) -> Descent:
        """By torch.optim."""
        weights = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in start]
        optim, lr = torch.optim, rule.rate
        optimizer: Any = {
            "sgd": lambda: optim.SGD(weights, lr), "momentum": lambda: optim.SGD(weights, lr, rule.momentum),
            "nesterov": lambda: optim.SGD(weights, lr, rule.momentum, nesterov=True),
            "adagrad": lambda: optim.Adagrad(weights, lr), "rmsprop": lambda: optim.RMSprop(weights, lr, rule.alpha),
            "adam": lambda: optim.Adam(weights, lr, (rule.beta1, rule.beta2)),
        }[rule.key]()  # fmt: skip
        path, losses, grads, slots = [], [], [], dict[str, list[list[float]]]()
        for update in range(steps + 1):
            optimizer.zero_grad()
            path.append([float(w.detach()) for w in weights])
            if 0 < update < len(along):
                for w, given in zip(weights, along[update], strict=True):
                    w.data.fill_(float(given))
            value = _computed(formula, {"x": weights[0], "y": weights[1]})
            value.backward()
            losses.append(float(value.detach()))
            grads.append([float(w.grad) for w in weights])
            if update == min(steps, len(along)) or not np.isfinite(path[-1]).all():
                break
            optimizer.step()
            states = [optimizer.state[w] for w in weights]
            for name in ("momentum_buffer", "sum", "square_avg", "exp_avg", "exp_avg_sq"):
                if states[0].get(name) is not None:
                    slots.setdefault(name, []).append([float(state[name]) for state in states])
        slopes = np.array(grads)
        return Descent(np.array(path), np.array(losses), np.hypot(*slopes.T), slopes,
                       {name: np.array(values) for name, values in slots.items()})  # fmt: skip


ENGINE = Torch()
