"""`cnnviz check`: equal figures pass, a wrong number is found and named, and nothing passes that was not compared."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cnnviz.batch import run_all
from cnnviz.check import check_figure, check_sets, report
from cnnviz.check.claims import CLAIMS
from cnnviz.check.engine import Engine, load_engine
from cnnviz.check.report import check_board
from cnnviz.discovery import SCENES_FOLDER, find_scenes
from cnnviz.pipeline import make
from cnnviz.storyboard import Cell
from tests.figures import all_figures, make_figure, named

# What a scene of a user's own computes, cnnviz cannot know.
FIGURES = [figure for figure in all_figures() if find_scenes()[figure[0]].parent == SCENES_FOLDER]


@pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))
def test_every_figure_equals_the_engine(figure):
    report = check_figure(make_figure(figure))
    assert not report.failed, report
    assert report.reason == ""
    assert report.equal == report.count > 0
    assert report.other_equal == report.others > 0


EXTREME = [
    ("transposed-conv", {"i": 4, "k": 2, "s": "1x2", "d": 3, "output_padding": 2, "p": 1}),
    ("transposed-conv", {"d": 3, "s": 1, "output_padding": "2x1", "view": "overlap", "p": "0x1"}),
    ("conv", {"i": 40, "s": 3, "p": 2, "kernel": "laplacian-8"}),
    ("conv", {"input": "1e9 -1e9; 0.1 1e-9", "kernel": "1 1; 1 1e-3", "k": 2, "p": 1}),
    ("conv", {"k": 1, "s": 3, "i": 7, "bias": 1e9}),
    ("pool", {"kind": "max", "i": "7x5", "output_size": "3x2"}), ("pool", {"kind": "avg", "i": 9, "output_size": 4}),
    ("pool", {"kind": "avg", "i": 7, "k": 3, "s": 2, "p": 1, "ceil_mode": True}),
    ("pool", {"kind": "max", "input": "-1 -2; -3 -4", "p": 1}),
    ("unpool", {"kind": "max", "i": 7, "k": 3, "s": 2}), ("unpool", {"kind": "max", "i": 5, "k": 2, "s": 3}),
    ("unpool", {"kind": "avg", "i": 8, "k": 2, "s": 3}), ("unpool", {"kind": "avg", "i": 6, "k": 3, "s": 1}),
    ("unpool", {"kind": "max", "input": "ones", "i": 4, "k": 2, "s": 1}),
    ("transposed-conv", {"i": 3, "s": 3, "k": 2, "d": 2, "output_padding": 2, "bias": 0.25}),
    ("lrn", {"n": 4, "channels": 5, "k": 2}), ("lrn", {"kind": "intra", "n": 4, "beta": 0, "alpha_over_n": True}),
    ("lrn", {"alpha": 0, "n": 5}), ("lrn", {"n": 9, "channels": 2, "alpha": 1e3}),
    ("norm", {"kind": "group", "channels": 6, "groups": 3, "i": 3, "eps": 1}), ("norm", {"input": "zeros"}),
    ("norm", {"kind": "layer", "channels": 1, "batch": 1, "input": "1000000 999999; 1000000 1000000"}),
    ("batch-norm", {"gamma": "1.5 -0.5", "beta": "random", "activation": "leaky-relu"}),
    ("batch-norm", {"input": "3 3; 3 4", "activation": "none"}), ("batch-norm", {"activation": "elu", "eps": 1}),
    ("fully-connected", {"input": "2.5 3 1", "weights": "0.5 1 -1; 2 0 1", "bias": "7"}),
    ("activation", {"kind": "softplus", "beta": 3, "lo": -40, "hi": 40}),
    ("activation", {"kind": "softmax", "logits": "700 -700 0"}), ("activation", {"kind": "elu", "alpha": 100}),
    ("loss", {"kind": "hinge", "label": -1, "margin": 0.5}), ("loss", {"kind": "huber", "delta": 0.01, "label": 3}),
    ("loss", {"kind": "logits-cross-entropy", "lo": -2000, "hi": 2000, "label": 0.25}),
    ("cnn", {"layers": "conv 2@3x3 s2 p1, lrn 3, batchnorm, elu 0.5, avgpool 3 s2, leaky-relu, gelu, fc 3", "i": 12,
             "input": "random", "lr": 0}),
]  # fmt: skip


@pytest.mark.parametrize("figure", EXTREME, ids=map(named, EXTREME))
def test_the_engine_follows_where_parameters_go_far(figure):
    report = check_figure(make_figure(figure))
    assert report.reason == ""
    assert not report.failed, report


@pytest.mark.parametrize("kind", [
    "linear", "relu", "leaky-relu", "elu", "tanh", "sigmoid", "selu", "softplus", "relu6", "hardtanh", "gelu", "silu",
    "hardswish", "mish",
])  # fmt: skip
def test_every_activation_has_an_operator(kind):
    report = check_figure(make("activation", kind=kind, lo=-8, hi=8, frames=33))
    assert (report.equal, report.count, report.what) == (33, 33, "points")


@pytest.mark.parametrize("kind", ["mae", "mse", "huber", "smooth-l1", "cross-entropy", "binary-cross-entropy",
                                  "logits-cross-entropy", "hinge"])  # fmt: skip
def test_every_loss_is_composed(kind):
    report = check_figure(make("loss", kind=kind))
    assert report.equal == report.count == 17


def test_every_scene_of_ours_has_a_check_or_says_why_not():
    assert set(CLAIMS) == {file.stem.replace("_", "-") for file in SCENES_FOLDER.glob("[!_]*.py")}


def broken(module, name, monkeypatch, change):
    """Let an operation that a scene uses give another result."""
    imported = sys.modules[f"cnnviz.scenes.{module}"]
    right = getattr(imported, name)
    monkeypatch.setattr(imported, name, lambda *args, **more: change(right(*args, **more)))


BREAKS = [
    ("conv", {}, "conv", "conv2d"), ("conv-relation", {}, "conv_relation", "conv2d"),
    ("transposed-conv", {}, "_transposed", "conv_transpose2d"), ("pool", {"kind": "avg"}, "pool", "avg_pool2d"),
    ("unpool", {"kind": "avg"}, "unpool", "avg_pool2d"), ("lrn", {}, "lrn", "local_response_norm"),
    ("lrn", {"kind": "intra"}, "lrn", "local_response_norm_within"), ("norm", {}, "norm", "batch_norm"),
    ("norm", {"kind": "group"}, "norm", "group_norm"), ("batch-norm", {}, "batch_norm", "batch_norm"),
    ("fully-connected", {}, "fully_connected", "linear"), ("activation", {"kind": "softmax"}, "_softmax", "softmax"),
]  # fmt: skip


@pytest.mark.parametrize(("scene", "given", "module", "name"), BREAKS, ids=[f"{b[0]}-{b[3]}" for b in BREAKS])
def test_an_operation_that_is_off_by_a_thousandth_is_found(scene, given, module, name, monkeypatch):
    make(scene, **given)
    broken(module, name, monkeypatch, lambda result: result + 1e-3)
    report = check_figure(make(scene, **given))
    assert report.failed
    assert report.equal < report.count


def test_one_wrong_number_is_named(cnnviz, monkeypatch):
    assert cnnviz("check", "conv").out == (
        "conv i5 k3 s1 p0: 9 of 9 outputs equal (max |Δ| 0), 427 of 427 other numbers\n"
    )

    def wrong(result):
        result[0, 1, 2] += 1
        return result

    right = make("conv").scene.expected()["output"][1, 2]
    broken("conv", "conv2d", monkeypatch, wrong)
    done = cnnviz("check", "conv", "output-size")
    assert done.code == 1
    assert done.err.startswith("conv i5 k3 s1 p0: 8 of 9 outputs equal (max |Δ| 1), ")
    assert f"; output row 2, column 3 shows {right + 1:g}, onnxruntime gives {right:g}\n" in done.err
    assert done.out.startswith("output-size i5 k3 s1 p0: 2 of 2 sizes equal (max |Δ| 0), ")


def test_of_several_wrong_numbers_the_largest_is_named(monkeypatch):
    right = make("conv").scene.expected()["output"]

    def wrong(result):
        result[0, 0, 1], result[0, 2, 0], result[0, 2, 2] = right[0, 1] + 1, right[2, 0] - 9, right[2, 2] + 3
        return result

    broken("conv", "conv2d", monkeypatch, wrong)
    assert check_figure(make("conv")).difference == (
        f"3 differ, most where output row 3, column 1 shows {right[2, 0] - 9:g}, onnxruntime gives {right[2, 0]:g}"
    )


def test_of_several_panels_the_one_farthest_off_is_named():
    board, off = make("conv-relation").storyboard(), {"output": 1, "back": 50}

    def moved(step):
        return replace(step, changes=tuple(
            replace(c, value=c.value + off.get(c.panel, 0)) if isinstance(c, Cell) and c.value is not None else c
            for c in step.changes
        ))  # fmt: skip

    report = check_board(replace(board, steps=lambda: map(moved, board.steps())), "onnxruntime", "it")
    assert report.difference.startswith("29 differ, most where back row ")


def test_a_map_of_another_size_is_found(monkeypatch):
    make("conv")
    broken("conv", "conv2d", monkeypatch, lambda result: result)
    broken("conv", "conv_output_size", monkeypatch, lambda size: size - 1)
    report = check_figure(make("conv"))
    assert report.difference == "output is 2×2, onnxruntime gives 3×3"
    assert report.failed


def test_all_scenes_are_checked_without_a_name(cnnviz):
    done = cnnviz("check")
    assert (done.code, done.err) == (0, "")
    assert len(done.out.splitlines()) > len(CLAIMS)
    assert {line.split()[0].rstrip(":") for line in done.out.splitlines()} == set(CLAIMS)
    assert done.out.count(" equal (max") == len(done.out.splitlines())
    assert "not checked" not in done.out


def test_a_rendered_set_is_checked(cnnviz, tmp_path, monkeypatch):
    figure = '[[figure]]\nscene = "conv"\nname = "{}"\nformat = "json"\np = {}\n'
    (tmp_path / "set.toml").write_text(figure.format("plain", 0) + figure.format("padded", 1), encoding="utf-8")
    done = cnnviz("render", "set.toml", "--out", "made", "--jobs", 1, "--check")
    assert done.code == 0
    assert done.out.splitlines()[-2:] == [
        "plain: 9 of 9 outputs equal (max |Δ| 0), 427 of 427 other numbers",
        "padded: 25 of 25 outputs equal (max |Δ| 0), 1123 of 1123 other numbers",
    ]  # fmt: skip
    broken("conv", "conv2d", monkeypatch, lambda result: -result)
    assert cnnviz("render", "set.toml", "--out", "made", "--jobs", 1, "--check", "-q").code == 1


def test_a_rendered_set_tells_once_what_cannot_be_made(cnnviz, tmp_path):
    figure = '[[figure]]\nscene = "conv"\nname = "{}"\nformat = "json"\nk = {}\n'
    (tmp_path / "set.toml").write_text(figure.format("good", 3) + figure.format("bad", 9), encoding="utf-8")
    done = cnnviz("render", "set.toml", "--jobs", 1, "--check")
    assert done.code == 1
    assert [line for line in (done.out + done.err).splitlines() if "bad" in line] == [
        "cnnviz: set.toml, figure bad: kernel 9 does not fit the padded input 5 (= 5 + 2·0): "
        "use --p 2 or more, or --k 5 or less"
    ]
    assert done.out.splitlines()[-1].startswith("good: 9 of 9 outputs equal")


def test_several_processes_tell_what_one_does_in_the_same_order(tmp_path, monkeypatch):
    (tmp_path / "a.toml").write_text(
        '[[figure]]\nscene = "conv"\nname = "c"\n[figure.sweep]\ni = [9, 3, 7]\ns = [1, 2]\nk = [3, 8]\n'
    )
    alone = list(map(str, check_sets([tmp_path], "onnxruntime")))
    shared = []
    monkeypatch.setattr(report, "_WORTH_PROCESSES", 2)
    monkeypatch.setattr(report, "run_all", lambda *work: shared.append(work[2]) or reversed(list(run_all(*work))))
    assert list(map(str, check_sets([tmp_path], "onnxruntime", 2))) == alone
    assert shared == [2]
    assert len(alone) == 12
    assert sum("outputs equal" in line for line in alone) == 8
    assert sum("cannot be made" in line for line in alone) == 4


def test_sets_and_made_files_are_checked_whatever_their_language(cnnviz, tmp_path, monkeypatch):
    (tmp_path / "set.toml").write_text('[[figure]]\nscene = "conv"\nname = "padded"\nlang = "zh"\np = 1\n', "utf-8")
    assert cnnviz("conv", "--k", 2, "--lang", "zh", "--notation", "HWKSP", "-o", "made.svg").code == 0
    lines = ["padded: 25 of 25 outputs equal (max |Δ| 0), 1142 of 1142 other numbers",
             "made.svg: 16 of 16 outputs equal (max |Δ| 0), 482 of 482 other numbers"]  # fmt: skip
    assert cnnviz("check", "set.toml", "made.svg").out.splitlines() == lines
    assert cnnviz("check", ".").out.splitlines() == lines[:1]
    broken("conv", "conv2d", monkeypatch, lambda result: -result)
    assert cnnviz("check", "made.svg", "-q").code == 1


def test_a_file_that_holds_no_command_of_ours_is_refused(cnnviz, tmp_path):
    assert cnnviz("conv", "-o", "made.svg").code == 0
    made = tmp_path / "made.svg"
    made.write_text(made.read_text("utf-8").replace("cnnviz conv", "rm -r conv"), "utf-8")
    done = cnnviz("check", "made.svg")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("cnnviz: made.svg ")


def test_a_missing_engine_is_one_line(cnnviz, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    for name in ("engine", "slopes", "graph"):
        monkeypatch.delitem(sys.modules, f"cnnviz.check.onnx_{name}", raising=False)
    done = cnnviz("check", "conv")
    assert (done.code, done.out) == (1, "")
    assert "[check]'" in done.err


def test_unknown_engines_and_scenes_are_refused(cnnviz):
    done = cnnviz("check", "--against", "jax")
    assert (done.code, done.err) == (2, "cnnviz: --against 'jax' is no engine: choose from onnxruntime, torch\n")
    assert cnnviz("check", "conf").err.startswith("cnnviz: there is no scene 'conf': did you mean conv?")


def test_a_scene_of_ones_own_is_not_said_to_be_equal(cnnviz, tmp_path):
    text = (SCENES_FOLDER / "output_size.py").read_text(encoding="utf-8").replace('"output-size"', '"mine"')
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.py").write_text(text, encoding="utf-8")
    done = cnnviz("--scenes", "own", "check", "mine")
    assert done.code == 0
    assert done.out.endswith(": not checked: there is no check for this scene\n")


@pytest.mark.parametrize("words", ["transposed-conv --i 1 --bias 1e-300", "conv --bias 1e-46 --input zeros"])
def test_numbers_too_small_for_the_engine_are_equal(cnnviz, words):
    assert cnnviz("check", *words.split()).code == 0


def test_torch_agrees_where_it_is_installed():
    pytest.importorskip("torch")
    for figure in [*FIGURES, *EXTREME]:
        report = check_figure(make_figure(figure), "torch")
        assert not report.failed, report
        assert not report.reason.startswith("torch refuses"), report


def test_both_engines_offer_every_operation():
    operations = {name for name, thing in vars(Engine).items() if callable(thing) and not name.startswith("_")}
    assert len(operations) == 23
    assert all(callable(getattr(load_engine("onnxruntime"), name)) for name in operations)
    torch = (SCENES_FOLDER.parent / "check" / "torch_engine.py").read_text(encoding="utf-8")
    assert all(f"    def {name}(" in torch for name in operations)
    assert np.float64(load_engine("onnxruntime").softmax(np.zeros((1, 2)))[0, 0]) == 0.5


def test_a_missing_target_is_told_as_the_file_that_it_would_be(cnnviz):
    assert cnnviz("check", "gone.toml").err.startswith("cnnviz: figure set gone.toml does not exist")
    done = cnnviz("check", "gone.gif")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "gone.gif" in done.err
    assert "scene" not in done.err
    assert cnnviz("check", "conf").err.startswith("cnnviz: there is no scene 'conf': did you mean conv?")


def test_files_beside_a_set_are_checked_too(cnnviz, tmp_path):
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "map.csv").write_text("1,2,3\n4,5,6\n7,8,9\n", encoding="utf-8")
    text = '[[figure]]\nscene = "conv"\nname = "beside"\ninput = "map.csv"\nk = 2\n'
    (tmp_path / "sets" / "set.toml").write_text(text, encoding="utf-8")
    done = cnnviz("check", "sets/set.toml")
    assert done.code == 0
    assert done.out.startswith("beside: 4 of 4 outputs equal")


def test_a_figures_own_options_follow_its_name(cnnviz):
    line = "conv i5 k3 s2 p1: 9 of 9 outputs equal (max |Δ| 0), 500 of 500 other numbers\n"
    assert cnnviz("check", "conv", "--k", 3, "--s", 2, "--p", 1, "--i", 5) == (
        SimpleNamespace(code=0, out=line, err="")
    )  # fmt: skip
    several = cnnviz("check", "-q", "pool", "conv", "--k=2", "--title", "pool", "-q")
    assert (several.code, several.out, several.err) == (0, "", "")


def test_each_target_has_options_of_its_own(cnnviz, tmp_path):
    (tmp_path / "set.toml").write_text('[[figure]]\nscene = "conv"\nname = "made"\nk = 2\n', "utf-8")
    (tmp_path / "mae").mkdir()
    done = cnnviz("check", "conv", "--k", 4, "set.toml", "--against", "onnxruntime", "loss", "--lo", -2, "mae", "pool",
                  "avg", "loss", "mse", "--", "output-size")  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert [line.partition(":")[0] for line in done.out.splitlines()] == [
        "conv i5 k4 s1 p0", "made", "loss mae lo-2", "pool avg i4 k2 s2", "loss mse", "output-size i5 k3 s1 p0",
    ]  # fmt: skip


@pytest.mark.parametrize(("words", "message"), [
    ("conv --k 9", "kernel 9 does not fit the padded input 5 (= 5 + 2·0): use --p 2 or more, or --k 5 or less"),
    ("conf --k 3", "there is no figure 'conf': did you mean conv?"),
    ("conv poool --k 3", "there is no figure 'poool': did you mean pool?"),
    ("loss mse mea", "there is no scene 'mea': choose from "), ("conv -- -x", "there is no scene '-x': choose from "),
    ("loss msse", "kind 'msse' is not known: did you mean mse?"),
    ("set.toml --k 5", "set.toml takes no options: --k goes behind a figure's name"),
    ("conv --k 3 -o x.gif", "check writes no file: leave -o, --format and --code out"),
    ("conv --code onnx", "check writes no file: leave -o, --format and --code out"),
    ("conv --k", "Option '--k' requires an argument."),
])  # fmt: skip
def test_options_that_do_not_work_are_refused_before_anything_is_checked(cnnviz, words, message):
    done = cnnviz("check", *words.split())
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"cnnviz: {message}")


def test_a_mistyped_option_is_told_as_the_figures_own_command_tells_it(cnnviz):
    for words in (("conv", "--kk", 5), ("loss", "mse", "--labell", 1)):
        own = cnnviz(*words)
        assert own.code == 2
        assert cnnviz("check", *words).err == own.err
