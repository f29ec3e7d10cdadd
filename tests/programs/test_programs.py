"""The programs of `--code` are run, and print what the figure shows."""

from __future__ import annotations

import os
import sys
from functools import cache

import numpy as np
import pytest

from cnnviz.errors import CnnvizError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.functions.compute import evaluate
from cnnviz.pipeline import make
from cnnviz.programs import frameworks, run
from tests.figures import all_figures, make_figure, named
from tests.programs.programs import check

OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")
ALL = os.environ.get("CNNVIZ_PROGRAMS") == "all"
"""Whether programs of frameworks that compile every program first, for half a minute, are run too."""

QUICK = ("pytorch", "onnx")
MORE = [
    *(("activation", {"kind": kind.replace("_", "-")}) for kind in ACTIVATIONS if kind != "identity"),
    *(("gradient-descent", {"optimizer": key, "surface": "bowl", "steps": 60}) for key in OPTIMIZERS),
    ("loss", {"kind": "smooth-l1", "beta": 0.5}),
    ("lrn", {"kind": "intra", "n": 2, "alpha_over_n": True}),
    ("pool", {"kind": "avg", "i": "5x7", "k": "3x2", "s": "2x3", "ceil_mode": True, "count_include_pad": False}),
    ("pool", {"i": 7, "k": 3, "s": 3, "p": 1, "d": 2, "ceil_mode": True}),
    ("pool", {"i": 6, "output_size": 3}),
    ("pool", {"kind": "avg", "i": "7x5", "output_size": "3x2"}),
    ("pool", {"i": "7x5", "output_size": "3x2"}),
    ("transposed-conv", {"s": "1x2", "d": "3x2", "k": "2x1", "p": "1x0", "output_padding": "2x1", "bias": 0.5}),
    *(
        ("training", {"data": data, "epochs": 3, "points": 50, "schedule": "warmup", "optimizer": optimizer})
        for data, optimizer in (("spirals", "adam"), ("strokes", "rmsprop"), ("circles", "adagrad"))
    ),
    ("conv", {"input": "123456 -0.001; 1e-7 1e9", "kernel": "1/3 -2/7; 1e-5 3"}),
    ("cnn", {"i": 12, "input": "random", "lr": 0, "layers": "conv 2@3x3 s2 p1, lrn 3 k2, avgpool 2, tanh, fc 3"}),
    (
        "cnn",
        {
            "i": 10,
            "input": "random",
            "layers": "conv 3@3x3 d2, batchnorm, leaky-relu 0.2, maxpool 3 s1 p1, elu, fc 6, silu, fc 4",
        },
    ),
]
FIGURES = all_figures() + MORE


@cache
def made(number):
    """A figure, made once."""
    figure = make_figure(FIGURES[number])
    if figure.scene.operation() is None:
        pytest.skip("computes nothing")
    return figure


@pytest.mark.parametrize("number", range(len(FIGURES)), ids=lambda number: named(FIGURES[number]))
@pytest.mark.parametrize("framework", frameworks() if ALL else QUICK)
def test_a_program_computes_what_the_figure_shows(framework, number, in_framework):
    in_framework(framework)
    check(made(number), framework)


@pytest.mark.parametrize("number", range(len(FIGURES)), ids=lambda number: named(FIGURES[number]))
def test_every_program_is_python_and_names_its_command(number):
    figure = made(number)
    for framework in frameworks():
        source = figure.code(framework)
        compile(source, framework, "exec")
        assert source.startswith(f"# {figure.command()}\n")
        assert max(map(len, source.splitlines()[1:])) <= 130


@pytest.mark.parametrize("framework", QUICK)
def test_run_gives_gradients_and_what_follows_a_step(framework, in_framework):
    in_framework(framework)
    operation = make("cnn", layers="conv 2@3x3, leaky-relu, maxpool 2, fc 3", i=8, input="random").scene.operation()
    ours, theirs = evaluate(operation), run(operation, framework)
    assert {call.result for call in operation.calls} <= set(theirs) <= set(ours)
    assert ("grad_conv1_weight" in theirs and "after_loss" in theirs) == (framework == "pytorch")
    for name, values in theirs.items():
        np.testing.assert_allclose(values, ours[name], rtol=1e-4, atol=1e-5, err_msg=name)


def test_run_tells_what_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(CnnvizError, match="onnx needs onnxruntime, which is not installed: pip install"):
        run(make("conv").scene.operation(), "onnx")


def test_a_program_says_where_conventions_differ():
    assert "rotated by 180°" in make("conv", flip=True).code("pytorch")
    assert "channels come last" in make("conv").code("keras")
    assert "padding is written out" in make("conv", p=1).code("keras")
    assert "divides alpha by the number" in make("lrn").code("pytorch")
    assert "divides alpha by the number" not in make("lrn", alpha_over_n=True).code("pytorch")


def test_a_picture_gives_its_numbers_to_the_program(tmp_path, in_framework):
    from PIL import Image

    in_framework("onnx")
    Image.linear_gradient("L").save(tmp_path / "photo.png")
    figure = make("conv", input=tmp_path / "photo.png", i=12, kernel="sobel-y")
    check(figure, "onnx")


def test_weights_of_a_file_are_read_from_it(tmp_path, in_framework):
    in_framework("onnx")
    drawn = np.random.default_rng(1)
    shapes = {"conv1.weight": (2, 1, 3, 3), "conv1.bias": 2, "fc1.weight": (3, 32), "fc1.bias": 3}
    np.savez(tmp_path / "w.npz", **{name: drawn.normal(size=shape) for name, shape in shapes.items()})
    figure = make("cnn", layers="conv 2@3x3, fc 3", i=6, input="random", weights=str(tmp_path / "w.npz"))
    assert "w.npz" in figure.code("onnx")
    check(figure, "onnx")
