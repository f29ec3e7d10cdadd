"""The update rules: their first steps worked out by hand from the papers, and what they reach on the surfaces."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cnnviz import ops

GRADS = [2.0, -1.0]


def two_steps(rule: ops.Optimizer, x: float = 1.0) -> list[float]:
    path, state = [], rule.init(x)
    at = np.asarray(x)
    for grad in GRADS:
        at, state = rule.step(at, grad, state)
        path.append(float(at))
    return path


def test_gradient_descent() -> None:
    assert two_steps(ops.SGD(0.1)) == pytest.approx([0.8, 0.9])
    assert two_steps(ops.SGD(0.1, weight_decay=0.5)) == pytest.approx([0.75, 0.75 - 0.1 * (-1 + 0.375)])


def test_momentum_keeps_part_of_the_last_step() -> None:
    # v = 2, then 0.9·2 − 1 = 0.8.
    assert two_steps(ops.SGD(0.1, momentum=0.9)) == pytest.approx([0.8, 0.72])
    # Dampening spares the first step: v = 2, then 0.9·2 − 0.75·1 = 1.05.
    assert two_steps(ops.SGD(0.1, 0.9, dampening=0.25)) == pytest.approx([0.8, 0.695])
    # Nesterov steps along g + 0.9·v: 3.8, then −1 + 0.72.
    assert two_steps(ops.SGD(0.1, 0.9, nesterov=True)) == pytest.approx([0.62, 0.648])


def test_adagrad_divides_by_all_past_gradients() -> None:
    assert two_steps(ops.Adagrad(0.1, eps=0)) == pytest.approx([0.9, 0.9 + 0.1 / math.sqrt(5)])
    path = two_steps(ops.Adagrad(0.1, lr_decay=1, initial_accumulator_value=12, eps=0))
    assert path == pytest.approx([0.95, 0.95 + 0.05 / math.sqrt(17)])


def test_rmsprop_divides_by_a_fading_mean() -> None:
    # v = 0.25·4 = 1, then 0.75·1 + 0.25·1 = 1.
    assert two_steps(ops.RMSprop(0.1, alpha=0.75, eps=0)) == pytest.approx([0.8, 0.9])
    assert two_steps(ops.RMSprop(0.1, 0.75, 0, momentum=0.5)) == pytest.approx([0.8, 0.8 - 0.1 * (0.5 * 2 - 1)])
    # Centred: mean 0.5 and variance 1 − 0.25, then mean 0.125 and variance 1 − 0.015625.
    first = 1 - 0.1 * 2 / math.sqrt(0.75)
    path = two_steps(ops.RMSprop(0.1, 0.75, 0, centered=True))
    assert path == pytest.approx([first, first + 0.1 / math.sqrt(0.984375)])


def test_adams_first_step_is_its_rate_whatever_the_gradient() -> None:
    """Kingma & Ba 2015, §2.1: the first step is lr · sign(g)."""
    path = two_steps(ops.Adam(0.1, betas=(0.5, 0.75), eps=0))
    # m = 1 then 0; v = 1, then 0.75 + 0.25 = 1.
    assert path == pytest.approx([0.9, 0.9])
    m, v = 0.2, 0.004
    assert two_steps(ops.Adam(0.1, eps=0))[0] == pytest.approx(1 - 0.1 * (m / 0.1) / math.sqrt(v / 0.001))


def test_epsilon_is_added_to_the_root() -> None:
    assert two_steps(ops.Adagrad(0.1, eps=0.5))[0] == pytest.approx(1 - 0.1 * 2 / 2.5)
    assert two_steps(ops.RMSprop(0.1, alpha=0.75, eps=0.25))[0] == pytest.approx(1 - 0.1 * 2 / 1.25)
    assert two_steps(ops.Adam(0.1, eps=0.5))[0] == pytest.approx(1 - 0.1 * 2 / 2.5)


def test_weight_decay_pulls_to_nought() -> None:
    """At x = 1 a decay of 2 makes the gradient 2 into 4."""
    assert two_steps(ops.Adagrad(0.1, weight_decay=2, eps=1))[0] == pytest.approx(1 - 0.1 * 4 / 5)
    assert two_steps(ops.RMSprop(0.1, alpha=0.75, weight_decay=2, eps=1))[0] == pytest.approx(1 - 0.1 * 4 / 3)
    assert two_steps(ops.Adam(0.1, weight_decay=2, eps=1))[0] == pytest.approx(1 - 0.1 * 4 / 5)
    assert two_steps(ops.Adadelta(rho=0.75, weight_decay=2, eps=1))[0] == pytest.approx(1 - 4 / math.sqrt(5))


def test_adams_largest_variance_and_apart_weight_decay() -> None:
    steep, flat = [10.0, 1.0]
    rule = ops.Adam(0.1, betas=(0.0, 0.5), eps=0, amsgrad=True)
    x, state = rule.step(0.0, steep, rule.init(0.0))
    x, state = rule.step(x, flat, state)
    # Largest v is the first, 50, of which the second correction 1 − 0.25 makes 66.7.
    assert x == pytest.approx(-0.1 - 0.1 / math.sqrt(50 / 0.75))
    assert state.slots["max_exp_avg_sq"] == 50
    assert two_steps(ops.AdamW(0.1, weight_decay=0.5, eps=0))[0] == pytest.approx(0.95 - 0.1)


def test_adadeltas_first_step_has_the_root_of_epsilon() -> None:
    """Zeiler 2012, Algorithm 1: Δ = √(0 + ε)/√(0.1·g² + ε)·g."""
    first = 1 - math.sqrt(0.01) / math.sqrt(0.1 * 4 + 0.01) * 2
    assert two_steps(ops.Adadelta(eps=0.01))[0] == pytest.approx(first)


def test_defaults_are_those_that_torch_documents() -> None:
    assert ops.SGD() == ops.SGD(lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=False)
    assert ops.Adagrad() == ops.Adagrad(0.01, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10)
    assert ops.RMSprop() == ops.RMSprop(0.01, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0, centered=False)
    assert ops.Adadelta() == ops.Adadelta(1, rho=0.9, eps=1e-6, weight_decay=0)
    assert ops.Adam() == ops.Adam(0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, amsgrad=False)
    assert ops.AdamW() == ops.AdamW(0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, amsgrad=False)


RULES = {
    "SGD": ops.SGD(0.005),
    "momentum": ops.SGD(0.005, 0.8),
    "Nesterov": ops.SGD(0.005, 0.8, nesterov=True),
    "Adagrad": ops.Adagrad(0.5),
    "RMSprop": ops.RMSprop(0.01, 0.9),
    "Adadelta": ops.Adadelta(),
    "Adam": ops.Adam(0.05),
    "AdamW": ops.AdamW(0.05, weight_decay=0),
}


@pytest.mark.parametrize("surface", ["bowl", "booth", "himmelblau"])
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_descends_to_a_minimum(rule: str, surface: str) -> None:
    optimizer, ground = RULES[rule], ops.SURFACES[surface]
    at = np.array(ground.start)
    state = optimizer.init(at)
    for _ in range(4000):
        at, state = optimizer.step(at, ground.gradient(*at), state)
    assert min(np.hypot(*(at - minimum)) for minimum in ground.minima) < 0.05
    assert state.step == 4000


def test_a_step_changes_nothing_in_place() -> None:
    for rule in ops.OPTIMIZERS.values():
        optimizer = rule()
        x, grad = np.ones((2, 3)), np.full((2, 3), 0.5)
        state = optimizer.init(x)
        moved, after = optimizer.step(x, grad, state)
        again, _ = optimizer.step(x, grad, state)
        assert state.step == 0
        assert after.step == 1
        assert (x == 1).all()
        assert (grad == 0.5).all()
        assert moved.shape == x.shape
        assert (moved < x).all()
        np.testing.assert_array_equal(moved, again)
        with pytest.raises(TypeError):
            after.slots["exp_avg"] = x
        with pytest.raises(AttributeError):
            optimizer.lr = 1


def test_single_precision_stays() -> None:
    for rule in ops.OPTIMIZERS.values():
        optimizer, x = rule(), np.ones(3, dtype=np.float32)
        moved, state = optimizer.step(x, x, optimizer.init(x))
        assert {array.dtype for array in (moved, *state.slots.values())} == {np.dtype(np.float32)}


def test_whole_numbers_move_too() -> None:
    moved, _ = ops.SGD(0.25).step([1, 2], [1, 1], ops.SGD(0.25).init([1, 2]))
    assert moved.tolist() == [0.75, 1.75]
