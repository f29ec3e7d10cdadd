"""The update rules: their first steps worked out by hand from the papers, and what they reach on the surfaces."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cnnviz.functions.compute import compute
from cnnviz.functions.surfaces import SURFACES
from cnnviz.ops.optimizers import SGD, Adagrad, Adam, RMSprop

RULES = [
    {"rule": "SGD", "lr": 0.005},
    {"rule": "SGD", "lr": 0.005, "momentum": 0.8},
    {"rule": "SGD", "lr": 0.005, "momentum": 0.8, "nesterov": True},
    {"rule": "Adagrad", "lr": 0.5},
    {"rule": "RMSprop", "lr": 0.01, "alpha": 0.9},
    {"rule": "Adam", "lr": 0.05},
]


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        (SGD(0.1), [0.8, 0.9]),
        # v = 2, then 0.9·2 − 1 = 0.8; Nesterov steps along g + 0.9·v: 3.8, then −1 + 0.72.
        (SGD(0.1, momentum=0.9), [0.8, 0.72]),
        (SGD(0.1, 0.9, nesterov=True), [0.62, 0.648]),
        (Adagrad(0.1, eps=0), [0.9, 0.9 + 0.1 / math.sqrt(5)]),
        (Adagrad(0.1, eps=0.5), [1 - 0.1 * 2 / 2.5, 1 - 0.08 + 0.1 / (math.sqrt(5) + 0.5)]),
        # v = 1, then 0.75 + 0.25 = 1.
        (RMSprop(0.1, alpha=0.75, eps=0), [0.8, 0.9]),
        # m = 1 then 0; Kingma & Ba 2015, §2.1: the first step is lr · sign(g).
        (Adam(0.1, betas=(0.5, 0.75), eps=0), [0.9, 0.9]),
        (Adam(0.1, betas=(0.5, 0.75), eps=0.5), [1 - 0.1 * 2 / 2.5, 1 - 0.1 * 2 / 2.5]),
    ],
)
def test_two_steps_along_2_and_minus_1(rule, path):
    at, state = np.asarray(1.0), rule.init(1.0)
    for grad, expected in zip((2.0, -1.0), path, strict=True):
        at, state = rule.step(at, grad, state)
        assert at == pytest.approx(expected)


@pytest.mark.parametrize("surface", ["bowl", "booth", "himmelblau"])
@pytest.mark.parametrize("options", RULES, ids=str)
def test_every_rule_descends_to_a_minimum(options, surface):
    ground = SURFACES[surface]
    path = compute("descend", ground.start, surface=surface, steps=3000, **options)
    assert path.shape == (3001, 2)
    assert min(np.hypot(*(path[-1] - minimum)) for minimum in ground.minima) < 0.05
