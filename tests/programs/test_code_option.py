"""`--code` and `--code-line` on the command line and in Python."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cnnviz.errors import UsageError
from cnnviz.pipeline import make
from cnnviz.programs import frameworks


def test_the_program_goes_to_standard_output_and_no_picture_is_made(cnnviz, tmp_path):
    done = cnnviz("conv", "--k", 3, "--s", 2, "--p", 1, "--code", "pytorch")
    assert (done.code, done.err) == (0, "")
    assert done.out == make("conv", k=3, s=2, p=1).code("pytorch")
    assert "F.conv2d(x, w, stride=2, padding=1)" in done.out
    assert not list(tmp_path.iterdir())


def test_with_a_file_both_are_made(cnnviz, tmp_path):
    done = cnnviz("conv", "--code", "PyTorch", "-o", "conv.json")
    assert done.code == 0
    assert done.out == make("conv").code("pytorch")
    assert json.loads((tmp_path / "conv.json").read_text(encoding="utf-8"))["scene"] == "conv"


@pytest.mark.parametrize("option", ["--code", "--code-line"])
def test_a_mistyped_framework_and_a_comparison_are_told(refused, option):
    for given, part in ((("conv", option, "pytroch"), "pytorch"), (("norm", "compare", option, "keras"), "compare")):
        code, said = refused(*given)
        assert (code, part in said) == (2, True)


@pytest.mark.parametrize(
    ("framework", "call"),
    [
        ("pytorch", "torch.nn.functional.conv2d(x, w, stride=2, padding=1)"),
        ("keras", 'keras.ops.conv(padded, w, strides=2, padding="valid")'),
        ("jax", "jax.lax.conv_general_dilated(x, w, window_strides=(2, 2), padding=[(1, 1), (1, 1)])"),
        ("onnx", 'onnx.helper.make_node("Conv", ["x", "w"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1])'),
    ],
)
def test_the_picture_carries_the_call(framework, call):
    assert make("conv", s=2, p=1, code_line=framework).storyboard().code == call
    assert make("conv").storyboard().code == ""


def test_a_literal_of_several_lines_stays_a_comment():
    source = make("conv", input="1 2 3\n4 5 6\n7 8 9", k=2).code("onnx")
    assert source.startswith("# cnnviz conv --i 3 --k 2 --input '1 2 3 4 5 6 7 8 9'\nimport numpy as np\n")
    long = make("conv", input=np.arange(400.0).reshape(20, 20)).code("onnx")
    assert max(map(len, long.splitlines())) < 260
    compile(source + long, "both", "exec")


@pytest.mark.parametrize("framework", frameworks())
def test_every_line_is_one_line(framework):
    for scene in (
        "conv",
        "transposed-conv",
        "pool",
        "lrn",
        "norm",
        "batch-norm",
        "cnn",
        "conv-relation",
    ):
        code = make(scene, code_line=framework).storyboard().code
        assert code
        assert "\n" not in code
        assert "( " not in code
        assert len(code) <= 130, code


def test_a_scene_of_a_users_own_need_not_tell_what_it_computes(monkeypatch):
    figure = make("conv")
    monkeypatch.setattr(type(figure.scene), "operation", lambda self: None)
    with pytest.raises(UsageError, match=r"conv .* computes nothing that a program could print"):
        figure.code("jax")


def test_a_framework_is_a_file(monkeypatch, tmp_path):
    import cnnviz.programs

    (tmp_path / "words.py").write_text("from cnnviz.programs.pytorch import Framework\n", encoding="utf-8")
    monkeypatch.setattr(cnnviz.programs, "__path__", [*cnnviz.programs.__path__, str(tmp_path)])
    assert "words" in frameworks()
    assert make("conv").code("words") == make("conv").code("pytorch")
