"""A network that learns: its gradients, that it learns and says when it does not, and that every run is the same."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.network import Network, parse_layers
from cnnviz.network.learning import Learner
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.scenes._learning import make_points
from cnnviz.storyboard import MoveDot, SetCurve, SetHeights


@pytest.mark.parametrize(
    ("layers", "shape"),
    [("fc 5, tanh, fc 4, sigmoid, fc 2", (2, 1, 1)), ("conv 2@3x3, relu, maxpool 2, fc 3, elu, fc 4", (1, 8, 8))],
)
def test_gradients_are_central_differences(layers, shape):
    learner, rng = Learner(Network(parse_layers(layers), shape)), np.random.default_rng(1)
    w = learner.start(0) + rng.normal(0, 0.1, len(learner.start(0)))
    x, labels = rng.normal(size=(6, *shape)), rng.integers(0, learner.network.classes, 6)
    gradient = learner.gradient(w, x, labels)
    for at in rng.choice(len(w), 25, replace=False):
        step = 1e-6 * (np.arange(len(w)) == at)
        slope = (learner.loss(w + step, x, labels) - learner.loss(w - step, x, labels)) / 2e-6
        assert gradient[at] == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_smoothed_labels_pull_less():
    learner = Learner(Network(parse_layers("fc 4"), (3, 1, 1)))
    x, labels = np.random.default_rng(0).normal(size=(5, 3, 1, 1)), np.arange(5) % 4
    w = learner.start(0)
    plain, smooth = (learner.gradient(w, x, labels, share) for share in (0.0, 0.2))
    every = np.mean([learner.gradient(w, x, np.full(5, label)) for label in range(4)], axis=0)
    np.testing.assert_allclose(smooth, 0.8 * plain + 0.2 * every, atol=1e-12)


def test_the_panels_show_the_training():
    scene = make("training", epochs=6, frames=3, points=40, schedule="step").scene
    board, made = scene.storyboard(), scene._training
    steps = list(board.steps())
    assert len(steps) == board.count == 5
    loss = np.concatenate([c.y for s in steps for c in s.changes if isinstance(c, SetCurve) and c.curve == "loss"])
    assert set(loss) == set(made.loss)
    *_, field = (c.heights for s in steps for c in s.changes if isinstance(c, SetHeights))
    x, labels = scene._examples
    reach = np.ceil(10 * np.abs(x).max() + 1) / 10
    # The field at the pixel nearest to each example tells its class as the accuracy does.
    at = np.rint((x + reach) / (2 * reach) * (len(field) - 1)).astype(int)
    assert np.mean((field[at[:, 1], at[:, 0]] > 0.5) == labels) == pytest.approx(made.accuracy[-1], abs=0.1)
    rates = [c.y for s in steps for c in s.changes if isinstance(c, MoveDot) and c.panel == "rate"]
    np.testing.assert_allclose(rates, [0.2, 0.2, 0.02, 0.002])


def test_kernels_take_the_shape_of_strokes():
    figure = make("training", data="strokes", optimizer="adam", lr=0.01, epochs=10, frames=2, points=100)
    first, *_, last = (states["kernels"].values.copy() for _, states in play(figure.storyboard()))
    likeness = max(
        abs(np.corrcoef(each.ravel(), np.rot90(np.eye(5), turn).ravel())[0, 1]) for each in last for turn in (0, 1)
    )
    assert likeness > 0.5
    assert np.abs(last).max() > 2 * np.abs(first).max()


@pytest.mark.parametrize("data", ["circles", "spirals"])
def test_it_learns_and_always_the_same(data):
    given = {"data": data, "optimizer": "adam", "epochs": 30, "points": 80, "noise": 0.05}
    first, again = (make("training", **given).scene._training for _ in range(2))
    np.testing.assert_array_equal(first.weights[-1], again.weights[-1])
    assert first.accuracy[-1] > 0.8 > first.accuracy[0]
    assert first.loss[-1] < first.loss[0] / 1.5


def test_a_rate_that_is_too_high_diverges_and_is_named():
    scene = make("training", lr=1000, layers="fc 8, relu, fc 2", epochs=12, points=40).scene
    *_, last = (board := scene.storyboard()).steps()
    assert scene._training.diverged
    assert "does not settle" in last.caption.template
    assert board.point.values["lr"].value == 1000


def test_circles_lie_one_within_the_other():
    points, classes = make_points("circles", 50, 0.0, 0)
    assert np.hypot(*points[classes == 0].T).min() > np.hypot(*points[classes == 1].T).max()
