"""Back-propagation: gradients against SciPy and definitions; an engine's hold all figures in tests/test_check.py."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d

from cnnviz import ops
from cnnviz.check import check_figure
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.words import Equation, exact, walk


def grids(scene, **given):
    """What stands in a figure's panels at the end."""
    *_, (_, states) = play(make(scene, **given).storyboard())
    return {name: state.values for name, state in states.items() if hasattr(state, "values")}


@pytest.mark.parametrize(
    ("scene", "given"),
    [
        ("chain", {}),
        ("chain", {"activation": "relu", "lr": 0.5}),
        ("batch-norm-backward", {"input": "1 3 2 6"}),
        ("batch-norm-inference", {}),
    ],
)
def test_results_follow_from_the_numbers_shown(scene, given):
    steps = make(scene, **given).scene.storyboard().steps()
    found = [each for step in steps for each in walk(step.caption) if isinstance(each, Equation)]
    for *sides, result in (each.sides for each in found):
        for side in sides:
            assert replace(result, value=float(exact(side))).exact() == result.exact()
    assert len(found) > 5


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
        *_, step, _, _ = make("vanishing", remedy=remedy).storyboard().steps()
        ends = {change.panel: change.y[-1] for change in step.changes if getattr(change, "curve", "") == "sigmoid"}
        assert ends["plot-plain"] < -3 < -1 < ends[f"plot-{remedy}"]
