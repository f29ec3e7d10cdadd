"""Back-propagation: gradients against SciPy, loops and differences of an engine; what is worked out, and refusals."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d

from cnnviz import UsageError, ops
from cnnviz.check import check_figure
from cnnviz.pipeline import make
from cnnviz.playback import play

FIGURES = [
    ("conv-backward", {}), ("conv-backward", {"i": 5, "s": 2, "p": 1, "part": "weight"}),
    ("conv-backward", {"i": "6x5", "k": "2x3", "s": "2x1", "d": "2x1", "part": "input"}),
    ("conv-backward", {"i": 6, "s": 2, "p": 2, "seed": 3}),
    ("conv-backward", {"channels": 2, "filters": 2, "i": 3, "k": 2}),
    ("conv-backward", {"channels": 4, "filters": 2, "groups": 2, "i": 4, "k": 2, "s": 2, "p": 1, "part": "weight"}),
    ("pool-backward", {"i": 5, "k": 3, "s": 1}), ("pool-backward", {"kind": "avg", "i": 5, "k": 3, "s": 2}),
    ("softmax-cross-entropy", {"logits": "3 1 0.2 -2 0", "label": 2}),
    ("activation-backward", {}), ("activation-backward", {"kind": "gelu", "grad_output": "1 -1 2 0 3"}),
    ("fc-backward", {}), ("batch-norm-backward", {"gamma": 2}), ("chain", {}), ("chain", {"activation": "relu"}),
    ("dropout", {}), ("residual", {}), ("residual", {"i": 5, "s": 2, "projection": -2}),
    ("batch-norm-inference", {"convention": "tensorflow"}), ("vanishing", {"depth": 3, "remedy": "norm"}),
]  # fmt: skip
figures = pytest.mark.parametrize(("scene", "given"), FIGURES, ids=str)


def grids(scene, **given):
    """What stands in a figure's panels at the end."""
    *_, (_, states) = play(make(scene, **given).storyboard())
    return {name: state.values for name, state in states.items() if hasattr(state, "values")}


@figures
def test_an_engine_gives_the_same_gradients(scene, given):
    figure = make(scene, **given)
    engines = ["onnxruntime", *(["torch"] if importlib.util.find_spec("torch") else [])]
    for engine in engines:
        found = check_figure(figure, engine)
        assert not found.failed, str(found)
        assert not found.reason
        assert found.count + found.others > 10


def test_a_wrong_gradient_is_found_by_differences(monkeypatch):
    right = ops.gradients

    def wrong(*arguments, **options):
        first, *rest = right(*arguments, **options)
        return (1.01 * first, *rest)

    monkeypatch.setattr(ops, "gradients", wrong)
    assert "the gradients of y" in check_figure(make("fc-backward")).difference


@pytest.mark.parametrize("part", ["both", "input"])
def test_a_convolution_s_gradients_are_scipy_s(part):
    x, w, g = "1 0 2 1; 3 1 0 2; 0 2 1 1; 2 1 3 0", "1 2 0; -1 3 1; 0 -2 1", "2 -1; 3 1"
    given = {"input": x, "kernel": w, "grad_output": g, "part": part}
    X, W, G = (np.array([row.split() for row in each.split(";")], float) for each in (x, w, g))
    found = grids("conv-backward", **given)
    np.testing.assert_allclose(found["by-input"], convolve2d(G, W, "full"))
    if part == "both":
        np.testing.assert_allclose(found["weight"], correlate2d(X, G, "valid"))
        np.testing.assert_allclose(found["bias"], [[G.sum()]])


def test_channels_add_up_over_the_filters_that_see_them():
    given = {"channels": 2, "filters": 2, "i": 3, "k": 2}
    figure = make("conv-backward", **given)
    x, w = (figure.scene.maps.values, figure.scene.weight.values)
    found = grids("conv-backward", **given)
    for c in range(2):
        stamps = sum(convolve2d(g, w[f, c], "full") for f, g in enumerate(found["gradient"]))
        np.testing.assert_allclose(found["by-input"][c], stamps)
        for f, g in enumerate(found["gradient"]):
            np.testing.assert_allclose(found[f"weight {f + 1}"][c], correlate2d(x[c], g, "valid"))


def test_of_equal_values_the_first_gets_the_gradient():
    found = grids("pool-backward", input="5 5; 5 5", grad_output="7")
    assert found["by-input"].tolist() == [[7, 0], [0, 0]]


def test_one_step_of_the_chain_is_that_of_plain_arithmetic():
    w, b, v, c = np.array([[0.5, -0.4], [0.3, 0.8]]), np.array([0.1, -0.2]), np.array([0.7, -0.6]), 0.2
    x, rate = np.array([1.0, 2.0]), 0.1

    def loss(w, b, v, c):
        return (v @ (1 / (1 + np.exp(-(w @ x + b)))) + c - 1) ** 2

    def slope(n, place):
        up, down = ([np.array(each, float) for each in (w, b, v, c)] for _ in range(2))
        up[n][place] += 1e-6
        down[n][place] -= 1e-6
        return (loss(*up) - loss(*down)) / 2e-6

    after = [
        np.array([each[place] - rate * slope(n, place) for place in np.ndindex(each.shape)]).reshape(each.shape)
        for n, each in enumerate(map(np.asarray, (w, b, v, c)))
    ]
    found = grids("chain")
    assert found["loss-cells"].item() == pytest.approx(loss(w, b, v, c))
    assert found["after_loss-cells"].item() == pytest.approx(loss(*after))
    assert loss(*after) < loss(w, b, v, c)


@pytest.mark.parametrize(("convention", "share", "ddof"), [("pytorch", 0.1, 1), ("tensorflow", 0.01, 0)])
def test_running_statistics_follow_the_convention(convention, share, ddof):
    found = grids("batch-norm-inference", convention=convention)
    mean, variance = 0.0, 1.0
    for batch in found["batches"].T:
        mean, variance = (
            (1 - share) * mean + share * batch.mean(),
            (1 - share) * variance + share * batch.var(ddof=ddof),
        )
    assert found["running-0"][0, -1] == pytest.approx(mean)
    assert found["running-1"][0, -1] == pytest.approx(variance)
    np.testing.assert_allclose(found["output"], (found["input"] - mean) / np.sqrt(variance + 1e-5))


def test_dropout_enlarges_survivors_and_inference_changes_nothing():
    found = grids("dropout", p=0.75, i=8, seed=2)
    np.testing.assert_allclose(found["output"], found["input"] * found["mask"] * 4)
    np.testing.assert_array_equal(found["inference"], found["input"])
    assert 0 < found["mask"].mean() < 0.5


def test_shortcuts_and_normalization_keep_gradients():
    for remedy in ("residual", "norm"):
        *_, step, _ = make("vanishing", remedy=remedy).storyboard().steps()
        ends = {change.panel: change.y[-1] for change in step.changes if change.curve == "sigmoid"}
        assert ends["plot-plain"] < -3 < -1 < ends[f"plot-{remedy}"]


@pytest.mark.parametrize(
    ("scene", "given", "named"),
    [
        ("conv-backward", {"grad_output": "1 2 3"}, "--grad-output is 1×3"),
        ("conv-backward", {"k": 9}, "--k"),
        ("conv-backward", {"channels": 3, "groups": 2}, "--groups 2"),
        ("softmax-cross-entropy", {"label": 7}, "--label 7"),
        ("activation-backward", {"input": "3 1"}, "--input"),
        ("fc-backward", {"weights": "1 2; 3 4"}, "--weights are 2×2"),
        ("chain", {"weights1": "1 2 3"}, "--weights1"),
        ("residual", {"projection": 2}, "--projection"),
        ("batch-norm-inference", {"batches": "1 2"}, "--batches"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(scene, given, named):
    with pytest.raises(UsageError, match=named):
        make(scene, **given)
