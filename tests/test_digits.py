"""`--digits`: decimals at most, in the cells, captions and labels of every figure."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from cnnviz.discovery import find_scenes
from cnnviz.errors import UsageError
from cnnviz.pipeline import make
from cnnviz.storyboard import Block, Equation, Graph, Grid, Maps, MoveDot, SetEdge, SetNode, SetRow, SetStation
from tests.figures import all_figures, arithmetic, named

MORE = [
    ("conv", {"input": "1/3 2; 0.25 7.125", "k": 1, "kernel": "1/7", "bias": 0.125}),
    ("fully-connected", {"input": "1/3 0.5", "weights": "0.125 1; 2 3", "bias": "0.0625"}),
    ("lrn", {"input": "0.123 2 3; 1 1 1", "channels": 1, "alpha": 0.1}),
    ("batch-norm", {"input": "1.5 20; 2 30; 4 60.25", "gamma": "0.5", "activation": "tanh"}),
    ("norm", {"kind": "layer", "input": "1/3 2 5; 8 1 2; 1 2 3; 9 8 7", "channels": 2, "batch": 1, "i": "2x3"}),
    ("activation", {"kind": "softmax", "logits": "0.123 1 2"}), ("activation", {"kind": "leaky-relu"}),
    ("loss", {"kind": "smooth-l1"}), ("loss", {"kind": "mae", "lo": -2.25}),
    *(("gradient-descent", {"optimizer": rule, "steps": 30, "frames": 6}) for rule in ("momentum", "all", "adagrad")),
    ("cnn", {"layers": "conv 2@3x3, batchnorm, lrn 3, tanh, avgpool 2, fc 3", "i": 9, "input": "random"}),
]  # fmt: skip
_SAID = ("kind", "view", "flip")
"""What makes variants speak in another way; others differ in their sizes."""

FIGURES = [figure for figure in all_figures() if set(_SAID) & set(figure[1])] + MORE
FIGURES += [(name, {}) for name in find_scenes() if name not in dict(FIGURES)]
DIGITS = (0, 1, 4)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:\.(\d+))?(?!\w)")


def given_numbers(figure):
    """The numbers that were given as parameters: they stand as they are."""
    given = {name: v for name, v in figure.scene.public().items() if name not in ("input", "kernel", "logits")}
    found = {part for value in given.values() for part in re.findall(r"\d+(?:\.\d+)?", str(value))}
    if "eps" in given:
        found.add(f"{given['eps']:.6f}".rstrip("0"))
    if figure.scene.__module__.endswith(("activation", "loss")):
        # Where the point stops follows from the ends given: told to stand elsewhere it had another value there.
        found |= set(places(figure))
    if "optimizer" in given:
        found |= {f"{run.rate:g}" for run in figure.scene._runs}
    if figure.scene.__module__.endswith(("activation", "loss", "batch_norm", "cnn")):
        # Constants of SELU, the parameter of leaky ReLU, ε of a network's batch normalization, α of its LRN.
        found |= {"1.0507", "1.7581", "0.1", "0.00001", "0.0001", "0.75"}
    return found


def places(figure):
    """Where the dots of each panel stand, written with no more decimals than that takes."""
    moves = [c for step in figure.storyboard().steps() for c in step.changes if isinstance(c, MoveDot)]
    for panel in {move.panel for move in moves}:
        at = {abs(move.x) for move in moves if move.panel == panel}
        digits = next(n for n in range(16) if all(round(x, n) == x for x in at))
        yield from (f"{x:.{digits}f}" for x in at)


def texts(board):
    """Everything that is said with numbers: captions, the lines of equations, nodes and edges, notes."""
    panels = list(board.panels())
    for panel in panels:
        if isinstance(panel, Graph):
            yield from (node.text for node in panel.nodes)
            yield from (edge.text for edge in panel.edges)
        if isinstance(panel, Equation):
            yield from (row.text for row in panel.lines if row.name not in ("equation", "name"))
        if isinstance(panel, Maps):
            yield from (station.note for station in panel.stations)
    for step in board.steps():
        yield step.caption
        for change in step.changes:
            if isinstance(change, SetRow | SetNode | SetEdge):
                yield change.text or ""
            elif isinstance(change, SetStation) or hasattr(change, "note"):
                yield change.note or ""


@pytest.mark.parametrize("digits", DIGITS)
@pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))
def test_no_number_has_more_decimals_and_the_arithmetic_stays_true(figure, digits):
    scene, given = figure
    made = make(scene, **given, digits=digits)
    board, known = made.storyboard(), given_numbers(made)
    for panel in board.panels():
        if isinstance(panel, Grid | Block):
            moving = [len(text.partition(".")[2]) for text in places(made)] if panel.name == "logits" else [0]
            assert panel.digits <= max(digits, *moving), panel.name
        if isinstance(panel, Maps):
            assert all(station.digits <= digits for station in panel.stations)
    for text in texts(board):
        for number in _NUMBER.finditer(re.sub(r"\$[^$]*\$", " ", text)):
            assert len(number[1] or "") <= digits or number[0] in known, f"{number[0]} in {text}"
    for step in board.steps():
        if (parts := arithmetic(step.caption)) is not None:
            total, sign, result = parts
            assert (total == result) == (sign == "="), step.caption


@pytest.mark.parametrize("name", find_scenes())
def test_more_digits_are_shown_where_numbers_have_them(name):
    figure = next(given for scene, given in [*MORE, *((n, {}) for n in find_scenes())] if scene == name)

    def most(digits):
        found = [len(n[1] or "") for text in texts(make(name, **figure, digits=digits).storyboard())
                 for n in _NUMBER.finditer(text)]  # fmt: skip
        panels = make(name, **figure, digits=digits).storyboard().panels()
        return max(found + [p.digits for p in panels if isinstance(p, Grid | Block)])

    whole = name in ("output-size", "pool", "unpool", "transposed-conv", "conv-relation")
    assert whole or most(4) >= 3


def test_whole_numbers_stay_whole():
    board = make("conv", digits=4).storyboard()
    assert {panel.digits for panel in board.panels() if isinstance(panel, Grid)} == {0}


def test_a_cell_is_rounded_and_the_sum_says_so():
    board = make("conv", input="0.6 0.6", kernel="1 1", digits=0).storyboard()
    assert [step.caption for step in board.steps()] == ["$y_{1,1}$ = 1·1 + 1·1 ≈ **1**"]
    exact = make("conv", input="0.6 0.6", kernel="1 1", digits=1).storyboard()
    assert [step.caption for step in exact.steps()] == ["$y_{1,1}$ = 0.6·1 + 0.6·1 = **1.2**"]
    assert Fraction("0.6") * 2 == Fraction("1.2")


@pytest.mark.parametrize("digits", [-1, 7, "many", 1.5])
def test_digits_have_bounds(digits):
    with pytest.raises(UsageError, match="--digits"):
        make("conv", digits=digits)


def test_the_figures_own_choice_is_the_default():
    assert make("conv").scene.digits is None
    assert "--digits 3" in make("conv", digits=3).command()
