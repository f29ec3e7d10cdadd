"""Every number is checked: each one, made another, is found, but for those that are no results and are named here."""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from cnnviz.wording.notation import NOTATIONS

from cnnviz import kernels
from cnnviz.check import check_figure
from cnnviz.check.report import check_board
from cnnviz.pipeline import make
from cnnviz.storyboard import Cell, Maps, MoveMark
from tests.figures import VARIANTS, board_of, make_figure, named
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
    ("norm", "comparison entries 1 7"): "the years of networks",
    ("norm", "comparison entries 2 7"): "the years of networks",
    ("conv i=7x8 k=3x5 s=2x1 p=0x2", "formula 2"): "a constant where p = 0",
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
        if (kind, name) not in seen and not {(scene, name), (named(figure), name)} & set(NO_RESULTS):
            found[name].append(other)
    assert not check_board(board, "onnxruntime", "as it is").failed
    chosen = random.Random(named(figure))
    missed = [
        name for name, boards in found.items()
        if not check_board(chosen.choice(boards), "onnxruntime", "another").failed
    ]  # fmt: skip
    seen.update((kind, name) for name in found)
    assert missed == []


def of_board(field, old, new):
    """Another text of the figure itself."""
    def change(board):
        assert old in getattr(board, field)
        return replace(board, **{field: getattr(board, field).replace(old, new)})
    return change


def of_panel(name, **fields):
    """Other fields of a panel; a pair is a text in a field and what takes its place."""
    def change(board):
        def other(panel):
            if panel.name != name:
                return panel
            texts = {k for k in fields if isinstance(getattr(panel, k), str)}
            new = {k: getattr(panel, k).replace(*v) if k in texts else v for k, v in fields.items()}
            assert any(np.any(getattr(panel, k) != v) for k, v in new.items())
            return replace(panel, **new)
        return replace(board, rows=tuple(tuple(map(other, row)) for row in board.rows))
    return change


def of_steps(chosen, other, step=1):
    """What becomes of the changes that are chosen in a step."""
    def change(board):
        steps = list(board.steps())
        found = [other(c) if chosen(c) else c for c in steps[step].changes]
        assert found != list(steps[step].changes)
        steps[step] = replace(steps[step], changes=tuple(c for c in found if c is not None))
        return replace(board, steps=lambda: iter(steps))
    return change


def moved(panel, mark, step=1, **fields):
    """A mark that a step moves to another place than it should."""
    def other(change):
        more = fields or {"column": change.column + 1}
        return replace(change, **more)
    return of_steps(lambda c: isinstance(c, MoveMark) and (c.panel, c.mark) == (panel, mark), other, step)


def painted(panel, old, new, step=1):
    """A cell that a step gives another role."""
    return of_steps(lambda c: isinstance(c, Cell) and (c.panel, c.role) == (panel, old),
                    lambda c: replace(c, role=new), step)


def roles(panel, old, new):
    """All cells of a role in another one from the start."""
    def change(board):
        found = board.panel(panel).roles
        assert old in found
        return of_panel(panel, roles=np.where(found == old, new, found))(board)
    return change


def stations(**fields):
    """Other fields of the softmax station of a network."""
    def change(board):
        (panel,) = board.panels()
        assert isinstance(panel, Maps)
        found = tuple(replace(s, **fields) if s.name == "softmax" else s for s in panel.stations)
        return of_panel(panel.name, stations=found)(board)
    return change


def named_as(panel, parts, field):
    """The first part of a panel that has a 1 in its name, with a 3 there."""
    def change(board):
        found = getattr(board.panel(panel), parts)
        place = next(n for n, part in enumerate(found) if "1" in getattr(part, field))
        other = replace(found[place], **{field: getattr(found[place], field).replace("1", "3")})
        return of_panel(panel, **{parts: (*found[:place], other, *found[place + 1 :])})(board)
    return change


ADAPTIVE = ("pool", {"kind": "avg", "i": 7, "output_size": 3})
FLIPPED = ("conv", {"i": 9, "d": 2, "flip": True, "bias": -1.5})
CUT = ("conv", {"i": 6, "s": 4, "p": 1})
BOX = ("conv", {"kernel": "box"})
NETWORK = ("cnn", {"layers": "conv 2@3x3, fc 3", "i": 8, "input": "random", "lr": 0})

WRONG = [
    (ADAPTIVE, of_board("formula", "(r+1)", "(r+2)"), "windows of the formula"),
    (ADAPTIVE, of_board("formula", r"\lfloor r\cdot7", r"\lfloor r\cdot8"), "windows of the formula"),
    (("norm", {}), of_panel("input", captions=("n=1, c=2",)), "the caption of sheet 1"),
    (CUT, of_panel("input", label=("hatched: never", "hatched: 99 never")), "the label of input"),
    (("conv", {"kernel": "laplacian-8"}), of_panel("kernel", label=("laplacian-8", "laplacian 9")), "label of kernel"),
    (FLIPPED, of_panel("kernel", label=("180", "90")), "the label of kernel"),
    *(((scene, given), of_board("settings", old, new), "the setting") for scene, given, old, new in [
        ("conv", {}, "k=3", "k=4"), ("conv", {"s": 2}, "s=2", "s=3"), ("conv", {"bias": -1.5}, "b=−1.5", "b=1.5"),
        ("conv", {"bias": 0.125}, "b=0.125", "b=0.1"), ("conv", {"k": "3x5", "i": 7}, r"3\times5", r"5\times3"),
        ("pool", {}, "k=2", "k=3"), ("unpool", {}, "s=2", "s=1"), ("output-size", {"d": 2, "i": 7}, "d=2", "d=3"),
        ("pool", {"output_size": 1}, "o=1", "o=2"), ("batch-norm", {}, "m=5", "m=6"),
        ("batch-norm", {"gamma": "1.5 -0.5"}, "1.5, −0.5", "1.5, 0.5"), ("lrn", {}, "n=3", "n=5"),
        ("lrn", {"k": 2}, "k=2", "k=1"), ("lrn", {}, "=0.75", "=0.5"), ("lrn", {"alpha": 1e-4}, "=0.0001", "=0.001"),
        ("norm", {}, "N=3", "N=4"), ("norm", {"kind": "compare"}, r"2\times2", r"2\times3"),
        ("norm", {"kind": "group"}, "G=2", "G=4"), ("fully-connected", {}, "3 inputs", "4 inputs"),
        ("loss", {"kind": "huber", "delta": 0.5}, "=0.5", "=5"), ("loss", {}, "y=0", "y=1"),
        ("transposed-conv", {"output_padding": 1}, "a=1", "a=2"), ("activation", {"kind": "elu"}, "alpha=1", "alpha=2"),
        ("activation", {"kind": "all"}, r"ReLU $\alpha=0.1", r"ReLU $\alpha=1"),
        ("gradient-descent", {"surface": "bowl", "steps": 3, "optimizer": "sgd"}, "(−9,", "(9,"),
        (*NETWORK, "2 layers", "3 layers"), (*NETWORK, "parameters", "1 parameters"), (*NETWORK, "y=2", "y=1"),
    ]),
    (("conv-relation", {"i": 6}), of_board("convention", "= 1", "= 2"), "the convention"),
    (("activation", {"kind": "relu"}), of_board("convention", "=0$", "=1$"), "the convention"),
    (BOX, of_panel("kernel", digits=0), "decimals of kernel"),
    (BOX, of_panel("output", digits=0), "decimals of output"),
    (("fully-connected", {"input": "0.5 1.5", "weights": "1 2"}), of_panel("input", digits=0), "decimals of input"),
    (("norm", {}), of_panel("output", digits=0), "decimals of output"), (NETWORK, stations(digits=0), "decimals of st"),
    (("conv", {}), moved("input", "window"), "mark window of input"),
    (("conv", {}), painted("input", "kernel", "input"), "cells under in input"),
    (("conv-relation", {}), moved("back", "window", 5), "mark window of back"),
    (("pool", {}), moved("input", "winner"), "mark winner of input"),
    (("pool", {"p": 1}), painted("input", "winner", "kernel"), "cells under in input"),
    (("unpool", {}), moved("output", "winner", 5), "mark winner of output"),
    (CUT, roles("input", "unreached", "input"), "cells hatched in input"),
    (("transposed-conv", {}), moved("input", "window", 9), "mark window of input"),
    (("transposed-conv", {"view": "scatter", "p": 1}), moved("sum", "kept", -1), "mark kept of sum"),
    (("output-size", {}), moved("input", "free", 2), "mark free of input"),
    (("output-size", {"s": 3}), painted("input", "unreached", "input", -3), "cells hatched in input"),
    (("lrn", {}), moved("input", "window 1", rows=0, columns=0), "mark window 1 of input"),
    (("lrn", {}), painted("input", "neighbour", "input"), "cells neighbour in input"),
    (("norm", {}), moved("output", "sheet 0", 2, rows=0, columns=0), "mark sheet 0 of output"),
    (("batch-norm", {}), moved("input", "column", 1), "mark column of input"),
    (("fully-connected", {}), moved("weights", "current"), "mark current of weights"),
    (("activation", {"kind": "softmax"}), moved("probabilities", "largest"), "mark largest of probabilities"),
    (NETWORK, stations(marked=0), "the class marked"),
    (("conv", {}), of_board("alt", "row: 7", "row: 8"), "the alternative text"),
    (("fully-connected", {}), named_as("network", "nodes", "label"), "the label of x0"),
    (("activation", {"kind": "softmax"}), named_as("plot", "curves", "text"), "the name of p1"),
    (("batch-norm", {}), named_as("values", "curves", "text"), "the name of line 0"),
]  # fmt: skip


@pytest.mark.parametrize(("figure", "wrong", "where"), WRONG, ids=[f"{named(w[0])}: {w[2]}" for w in WRONG])
def test_a_mistake_beside_the_results_is_found_and_named(figure, wrong, where):
    report = check_board(wrong(board_of(figure)), "onnxruntime", "another")
    assert where in report.difference


def test_what_the_sizes_give_is_not_said_to_be_an_engines():
    report = check_board(moved("input", "window")(board_of(("conv", {}))), "onnxruntime", "another")
    assert report.difference == "mark window of input in step 2, place 2 shows 2, reckoning gives 1"


@pytest.mark.parametrize("of", ["input", "kernel"])
def test_data_of_another_name_than_it_is_given_is_found(of, monkeypatch):
    monkeypatch.setattr(kernels, "_FIXED", {"sobel-x": ((-1, 0, 1), (-3, 0, 2), (-1, 0, 1))})
    monkeypatch.setattr(np, "arange", lambda *args, right=np.arange, **more: right(*args, **more)[::-1])
    figure = make("conv", **({"kernel": "sobel-x"} if of == "kernel" else {"input": "arange"}))
    board = figure.scene.storyboard()
    monkeypatch.undo()
    assert f"{of} as it is given" in check_board(board, "onnxruntime", "another").difference


@pytest.mark.parametrize("given", [
    {"kernel": "gaussian", "k": "3x5", "i": 7}, {"input": [[1, 2.5], [1e-3, 4]], "k": 1}, {"kernel": "scharr-y"},
    {"input": "[[1, 2], [3, 4/3]]", "k": 2}, {"kernel": "emboss", "seed": 7}, {"kernel": "identity", "k": 4},
    {"input": "1,2;3,-4.5e1;", "kernel": "2", "k": 1}, {"input": "arange", "kernel": "box"},
])  # fmt: skip
def test_data_is_made_anew_as_it_was_given(given):
    report = check_figure(make("conv", **given))
    assert not report.failed, report


@pytest.mark.parametrize("factor", [0, 2])
def test_an_epsilon_that_counts_differently_is_found(factor, monkeypatch):
    make("norm")
    module = sys.modules["cnnviz.scenes.norm"]
    right = module.layer_norm
    monkeypatch.setattr(module, "layer_norm", lambda *args, eps: right(*args, eps=eps * factor))
    assert check_figure(make("norm", kind="layer")).equal < 48


def test_words_of_another_language_must_keep_the_numbers(tmp_path):
    own = tmp_path / "own.toml"
    for result, right in (("输入 {size}", True), ("输入 9×9", False), ("输入", False), ("输入 {size}，1", False)):
        own.write_text(f'name = "own"\nextends = "zh"\n[texts]\n"Input {{size}}" = "{result}"\n', "utf-8")
        report = check_figure(make("conv", lang=str(own)))
        assert report.failed != right
        assert right or "a text of input in other words " in report.difference
        assert right or ", the checked text gives " in report.difference


def test_another_notation_must_keep_the_numbers(monkeypatch):
    monkeypatch.setattr("cnnviz.wording.notation._size", lambda alone, table: "K=9")
    assert "the settings in other words" in check_figure(make("conv", notation="HWKSP")).difference


@pytest.mark.parametrize(("symbol", "other"), [("k", ("S", "S")), ("i", ("W", "H")), ("o", ("H", "W"))])
def test_another_notation_must_keep_its_symbols(symbol, other, monkeypatch):
    given = {"i": "6x8", "k": "3x2", "s": 2, "notation": "HWKSP"}
    assert not check_figure(make("conv", **given)).failed
    table = {**NOTATIONS["HWKSP"], symbol: other}
    monkeypatch.setattr("cnnviz.wording.notation.NOTATIONS", {"HWKSP": table})
    assert "the symbols of " in check_figure(make("conv", **given)).difference


def test_a_figure_that_cannot_be_told_is_one_line(cnnviz, monkeypatch):
    def crash(scene):
        raise TypeError("nothing\nto see")

    monkeypatch.setattr(type(make("conv").scene), "storyboard", crash)
    done = cnnviz("check", "conv", "pool", "-q")
    line = "conv i5 k3 s1 p0: not checked: it cannot be made: TypeError: nothing to see\n"
    assert (done.code, done.out, done.err) == (1, "", line)


def test_a_set_that_cannot_be_made_is_not_green(cnnviz, tmp_path):
    (tmp_path / "set.toml").write_text('[[figure]]\nscene = "conv"\nname = "large"\nk = 9\n', "utf-8")
    done = cnnviz("check", "set.toml", "-q")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("large: not checked: it cannot be made: kernel 9 does not fit the padded input 5")
