"""Every number is checked: each one, made another, is found, but for those that are no results and are named here."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from cnnviz.check.report import check_board
from tests.figures import VARIANTS, make_figure, named
from tests.perturbing import slots

FEW = [("gradient-descent", {"optimizer": "adam", "surface": "rosenbrock", "steps": 5}),
       ("gradient-descent", {"surface": "saddle", "steps": 4})]  # fmt: skip
LARGE = "i=24"
KINDS = ("kind", "view", "optimizer", "output_size")

NO_RESULTS = {
    ("batch-norm", "values dots y"): "where dots with the same value are stacked",
    ("batch-norm", "values MoveDot , y"): "where dots with the same value are stacked",
    ("batch-norm", "values SetCurve mean  y"): "the height at which a mark is drawn",
    ("batch-norm", "values SetCurve spread  y"): "the height at which a mark is drawn",
    ("batch-norm", "values curves x"): "the number lines themselves",
    ("batch-norm", "values curves y"): "the number lines themselves",
    ("batch-norm", "values curves text"): "the numbers that name channels",
    ("fully-connected", "network nodes x"): "where a node is drawn",
    ("fully-connected", "network nodes y"): "where a node is drawn",
    ("conv", "kernel label"): "the angle of 180° by which a kernel is rotated",
    ("transposed-conv", "kernel label"): "the angle of 180° by which a kernel is rotated",
    ("transposed-conv", "kernel Relabel  label"): "the angle of 180° by which a kernel is rotated",
    ("conv", "input values"): "a cell that no window reaches is part of no result",
    ("conv-relation", "input values"): "a cell that no window reaches is part of no result",
    ("conv-relation", "formula 1"): "a constant of a formula too long for its numbers to be put in",
    ("conv-relation", "formula 2"): "a constant of a formula too long for its numbers to be put in",
    ("output-size", "formula 2"): "a constant where p = 0 and rows and columns have formulas of their own",
}


def tried():
    """Figures, each with the slots that no earlier figure of its scene and kind has."""
    for scene in (*VARIANTS, "gradient-descent"):
        seen = set()
        figures = FEW if scene == "gradient-descent" else [(scene, {}), *((scene, own) for own in VARIANTS[scene])]
        for figure in figures:
            if LARGE not in named(figure):
                yield pytest.param(figure, seen, id=named(figure))


@pytest.mark.parametrize(("figure", "seen"), list({each.id: each for each in tried()}.values()))
def test_a_number_that_is_another_is_found(figure, seen):
    scene, given = figure
    kind = tuple(str(given.get(name)) for name in KINDS)
    board, found = make_figure(figure).scene.storyboard(), defaultdict(list)
    for name, other in slots(board):
        if (kind, name) not in seen and (scene, name) not in NO_RESULTS:
            found[name].append(other)
    assert not check_board(board, "onnxruntime", "as it is").failed
    chosen = random.Random(named(figure))
    missed = [
        name for name, boards in found.items()
        if not check_board(chosen.choice(boards), "onnxruntime", "another").failed
    ]  # fmt: skip
    seen.update((kind, name) for name in found)
    assert missed == []
