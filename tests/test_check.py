"""`cnnviz check`: equal figures pass, a wrong number is found and named, and nothing passes that was not compared."""

import random
import sys
from collections import defaultdict

import numpy as np
import pytest

from cnnviz.check import all_claims, check_figure
from cnnviz.discovery import SCENES_FOLDER, find_scenes
from cnnviz.pipeline import make
from cnnviz.programs import run
from cnnviz.story import graph
from tests.figures import all_figures, make_figure, named, parsed
from tests.planting import planted

# What a scene of a user's own computes, cnnviz cannot know.
FIGURES = [figure for figure in all_figures() if find_scenes()[figure[0]].parent == SCENES_FOLDER]

COMPLETE = [
    "conv i=6 s=2 p=1",
    "conv i=7 d=2 flip=true bias=-1.5 p=1",
    "pool kind=avg i=5 k=3 s=2 p=1",
    "pool kind=max i=5 output_size=3",
    "unpool kind=max i=5 k=2",
    "activation kind=elu frames=5",
    "loss kind=huber frames=5",
]
"""Figures in which every number is held against something."""


@pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))
def test_every_figure_equals_the_engine(figure):
    report = check_figure(make_figure(figure))
    assert not report.failed, report
    assert report.reason == ""
    assert report.equal == report.count


@pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))
def test_torch_agrees_where_it_is_installed(figure):
    pytest.importorskip("torchvision" if figure[0] == "deformable-conv" else "torch")
    report = check_figure(make_figure(figure), "torch")
    assert not report.failed, report


@pytest.mark.parametrize("text", COMPLETE)
def test_a_number_that_is_another_is_found(text):
    scene = make_figure(parsed(text)).scene
    operation = scene.operation()
    results, kinds = run(operation, "onnx"), defaultdict(list)
    # Of a storyboard whose words are not yet printed.
    for kind, other in planted(scene.storyboard()):
        kinds[kind].append(other)
    chosen = random.Random(text)
    # Some places do not matter: the exponent of 1.
    missed = [
        kind
        for kind, boards in kinds.items()
        if not any(finds(board, operation, results) for board in chosen.sample(boards, min(4, len(boards))))
    ]
    assert len(kinds) > 10
    assert missed == []


def finds(board, operation, results):
    """Whether some claim of a storyboard does not hold."""
    claims = all_claims(board, operation, results, "onnx")
    return any(claim.wrong.any() for claim in claims if not np.isnan(claim.expected).all())


# Each scene that shows what its operation has computed.
COMPUTED = ["conv", "pool", "unpool", "conv-relation", "transposed-conv", "lrn", "norm", "batch-norm"]


@pytest.mark.parametrize("scene", COMPUTED)
def test_an_operation_that_is_off_by_a_thousandth_is_found(scene, monkeypatch):
    right = graph.compute

    def wrong(*args, **options):
        found = right(*args, **options)
        return (found[0] * 1.001 + 1e-3, *found[1:]) if isinstance(found, tuple) else found * 1.001 + 1e-3

    monkeypatch.setattr(graph, "compute", wrong)
    report = check_figure(make(scene))
    assert report.failed
    assert report.equal < report.count


def test_a_failed_check_is_named_and_exits_with_1(cnnviz, monkeypatch):
    done = cnnviz("check", "conv")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("conv i5 k3 s1 p0: 9 of 9 results equal (max |Δ| 0), ")
    right = graph.compute
    monkeypatch.setattr(graph, "compute", lambda *args, **options: right(*args, **options) + 1)
    done = cnnviz("check", "conv")
    assert (done.code, done.out) == (1, "")
    assert "9 results equal (max |Δ| 1)" in done.err


def test_a_set_is_checked_and_one_that_cannot_be_made_is_not_green(cnnviz, tmp_path):
    figure = '[[figure]]\nscene = "conv"\nname = "{}"\nformat = "json"\nk = {}\n'
    (tmp_path / "set.toml").write_text(figure.format("good", 3) + figure.format("bad", 9), encoding="utf-8")
    done = cnnviz("check", "set.toml")
    assert done.code == 1
    assert done.out.startswith("good: 9 of 9 results equal")
    assert done.err.startswith("bad: not checked: it cannot be made: kernel 9 ")


def test_a_missing_or_unknown_engine_or_language_is_one_line(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    for words, part in {"conv": "[check]'", "--against jax": "torch", "conv --lang x": "--lang 'x'"}.items():
        code, said = refused("check", *words.split())
        assert (code, part in said) == (1 if words == "conv" else 2, True)


@pytest.mark.parametrize(
    ("targets", "checked"),
    [
        ("conv --k 4", ["conv i5 k4 s1 p0"]),
        ("loss mse", ["loss mse"]),
        ("set.toml conv", ["made", "conv i5 k3 s1 p0"]),
    ],
)
def test_targets_or_a_figure_with_its_options(cnnviz, tmp_path, targets, checked):
    (tmp_path / "set.toml").write_text('[[figure]]\nscene = "conv"\nname = "made"\nk = 2\n', "utf-8")
    done = cnnviz("check", *targets.split())
    assert (done.code, done.err) == (0, "")
    assert [line.partition(":")[0] for line in done.out.splitlines()] == checked


def test_figures_of_another_language_and_notation_are_checked():
    assert not check_figure(make("conv", lang="zh", notation="HWKSP")).failed
