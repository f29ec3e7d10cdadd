"""Back-propagation against central finite differences, in double precision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cnnviz import ops

from .draws import fractions


def numeric(loss: Callable[[np.ndarray], float], at: np.ndarray, h: float = 1e-6) -> np.ndarray:
    slope = np.zeros_like(at)
    for cell in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[cell] += h
        down[cell] -= h
        slope[cell] = (loss(up) - loss(down)) / (2 * h)
    return slope


def close(ours: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"),
    [(1, 0, 1, 1), (2, 1, 1, 1), ((2, 3), (1, 0), 1, 2), (3, 2, 2, 1), (2, (2, 1), (1, 2), 2)],
)
def test_conv2d(stride, padding, dilation, groups) -> None:
    x, w = fractions(1, (2, 2, 7, 6), (4, 2 // groups, 3, 2))
    window = (stride, padding, dilation, groups)
    slope = fractions(2, ops.conv2d(x, w, None, *window).shape)[0]
    close(
        ops.conv2d_input_grad(x.shape, w, slope, *window),
        numeric(lambda v: (ops.conv2d(v, w, None, *window) * slope).sum(), x),
    )
    close(
        ops.conv2d_weight_grad(x, w.shape, slope, *window),
        numeric(lambda v: (ops.conv2d(x, v, None, *window) * slope).sum(), w),
    )
    one = ops.conv2d_input_grad(x.shape[1:], w, slope[0], *window)
    close(one, ops.conv2d_input_grad(x.shape, w, slope, *window)[0])


@pytest.mark.parametrize("window", [(2,), (3, 2, 1), (2, 1), (3, 2, 1, 1, True), (2, 1, 1, 2)])
def test_max_pool2d(window) -> None:
    (x,) = fractions(3, (2, 2, 6, 5))
    slope = fractions(4, ops.max_pool2d(x, *window).shape)[0]
    close(ops.max_pool2d_grad(x, slope, *window), numeric(lambda v: (ops.max_pool2d(v, *window) * slope).sum(), x))


def test_max_pool2d_gives_a_ties_gradient_to_the_first() -> None:
    x = np.array([[[7, 7], [7, 7]]])
    assert ops.max_pool2d_grad(x, np.array([[[5]]]), 2).tolist() == [[[5, 0], [0, 0]]]


@pytest.mark.parametrize(
    "window", [(2,), (3, 2, 1), (2, 1), (3, 2, 1, True), (3, 2, 1, True, False), (2, 2, 0, False, True, 5)]
)
def test_avg_pool2d(window) -> None:
    (x,) = fractions(5, (2, 2, 6, 5))
    slope = fractions(6, ops.avg_pool2d(x, *window).shape)[0]
    close(
        ops.avg_pool2d_grad(x.shape, slope, *window), numeric(lambda v: (ops.avg_pool2d(v, *window) * slope).sum(), x)
    )


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3)])
def test_linear(shape) -> None:
    x, w, b = fractions(7, shape, (2, 3), (2,))
    slope = fractions(8, (*shape[:-1], 2))[0]
    by_x, by_w, by_b = ops.linear_grad(x, w, slope)
    close(by_x, numeric(lambda v: (ops.linear(v, w, b) * slope).sum(), x))
    close(by_w, numeric(lambda v: (ops.linear(x, v, b) * slope).sum(), w))
    close(by_b, numeric(lambda v: (ops.linear(x, w, v) * slope).sum(), b))


@pytest.mark.parametrize("shape", [(5, 3), (3, 3, 2, 2)])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm(shape, affine) -> None:
    x, g, b = fractions(9, shape, (3,), (3,))
    weights = (g, b) if affine else (None, None)
    (slope,) = fractions(10, shape)

    def loss(x, g, b):
        return (ops.batch_norm(x, None, None, g, b, training=True, eps=1e-2) * slope).sum()

    by_x, by_g, by_b = ops.batch_norm_grad(x, weights[0], slope, eps=1e-2)
    close(by_x, numeric(lambda v: loss(v, *weights), x))
    close(by_b, numeric(lambda v: loss(x, weights[0], v), b))
    close(by_g, numeric(lambda v: loss(x, v, weights[1]), g if affine else np.ones(3)))


@pytest.mark.parametrize("name", ops.ACTIVATIONS)
def test_activation(name) -> None:
    x, slope = fractions(11, (3, 4), (3, 4))
    close(ops.activation_grad(name, x, slope), numeric(lambda v: (ops.ACTIVATIONS[name].value(v) * slope).sum(), x))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", ops.LOSSES)
def test_loss(name, reduction) -> None:
    entry = ops.LOSSES[name]
    x, y = fractions(12, (3, 4), (3, 4))
    x = 1 / (1 + np.exp(-x)) if entry.estimate == "probability" else x
    y = {"real": y, "probability": 1 / (1 + np.exp(-y)), "sign": np.sign(y)}[entry.label]
    loss = getattr(ops, name)
    close(ops.loss_grad(name, x, y, reduction=reduction), numeric(lambda v: float(loss(v, y, reduction=reduction)), x))
    options = {} if entry.parameter is None else {entry.parameter.name: 0.4}
    close(
        ops.loss_grad(name, x, y, *options.values(), reduction=reduction),
        numeric(lambda v: float(loss(v, y, reduction=reduction, **options)), x),
    )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 4, 3)])
def test_cross_entropy(reduction, smoothing, shape) -> None:
    (x,) = fractions(13, shape)
    classes = shape[0] if len(shape) == 1 else shape[1]
    rng = np.random.default_rng(14)
    labels = rng.integers(0, classes, () if len(shape) == 1 else (shape[0], *shape[2:]))
    weight = rng.random(classes) + 0.2
    for target, ignored in ((labels, -100), (labels, 1), (rng.random(shape), -100)):
        if target is labels and not (labels != ignored).any():
            continue
        options = {"reduction": reduction, "label_smoothing": smoothing, "ignore_index": ignored}
        for w in (None, weight):
            ours = ops.cross_entropy_grad(x, target, w, **options)
            close(ours, numeric(lambda v, t=target, w=w, o=options: float(ops.cross_entropy(v, t, w, **o)), x))


def test_a_small_network_learns_by_these_gradients() -> None:
    """Convolution, ReLU, pooling and a linear layer: the chain of gradients is the slope of the whole."""
    x, w, m = fractions(15, (3, 1, 6, 6), (2, 1, 3, 3), (3, 8))
    labels = np.array([0, 2, 1])

    def forward(w: np.ndarray) -> tuple[np.ndarray, ...]:
        before = ops.conv2d(x, w)
        after = ops.relu(before)
        pooled = ops.max_pool2d(after, 2)
        return before, after, pooled, ops.linear(pooled.reshape(3, -1), m)

    def loss(w: np.ndarray) -> float:
        return float(ops.cross_entropy(forward(w)[-1], labels))

    def slope(w: np.ndarray) -> np.ndarray:
        before, after, pooled, scores = forward(w)
        by_pooled = ops.linear_grad(pooled.reshape(3, -1), m, ops.cross_entropy_grad(scores, labels))[0]
        by_after = ops.max_pool2d_grad(after, by_pooled.reshape(pooled.shape), 2)
        return ops.conv2d_weight_grad(x, w.shape, ops.activation_grad("relu", before, by_after))

    close(slope(w), numeric(loss, w))
    rule, losses = ops.SGD(lr=0.2, momentum=0.5), [loss(w)]
    state = rule.init(w)
    for _ in range(20):
        w, state = rule.step(w, slope(w), state)
        losses.append(loss(w))
    assert losses[-1] < losses[0] / 3
