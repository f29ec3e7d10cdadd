"""Transposed convolution: all three views against the plain definition, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.storyboard import Relabel

COVERED = {"kernel", "kernel_on_padding"}


def stamped(x, w, s, p, a, d, bias, count=None):
    """The definition: every input pixel adds its multiple of the kernel; of the pixels only the first `count`."""
    shape = [(n - 1) * s[axis] + d[axis] * (w.shape[axis] - 1) + 1 + a[axis] for axis, n in enumerate(x.shape)]
    full = np.full(shape, float(bias))
    for place in list(np.ndindex(x.shape))[:count]:
        for tap in np.ndindex(w.shape):
            full[tuple(place[n] * s[n] + tap[n] * d[n] for n in (0, 1))] += x[place] * w[tap]
    return full, full[p[0] : shape[0] - p[0], p[1] : shape[1] - p[1]]


@st.composite
def parameters(draw):
    def pair(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    i, k, s, p, d = pair(1, 4), pair(1, 4), pair(1, 3), pair(0, 4), pair(1, 2)
    a = tuple(draw(st.integers(0, max(s[n], d[n]) - 1)) for n in (0, 1))
    assume(all((i[n] - 1) * s[n] + d[n] * (k[n] - 1) + 1 + a[n] > 2 * p[n] for n in (0, 1)))
    return {
        "i": i, "k": k, "s": s, "p": p, "d": d, "output_padding": a, "seed": draw(st.integers(0, 99)),
        "bias": float(draw(st.integers(-3, 3))),
    }  # fmt: skip


def truth_of(given, view="scatter", count=None):
    panels = make("transposed-conv", **given, view=view).storyboard()
    x, w = panels.panel("input").values, panels.panel("kernel").values
    return stamped(x, w, given["s"], given["p"], given["output_padding"], given["d"], given["bias"], count)


@settings(deadline=None, derandomize=True, max_examples=5)
@given(parameters())
def test_what_lies_under_the_kernel_gives_each_number(given):
    board = make("transposed-conv", **given).storyboard()
    _, truth = truth_of(given)
    turned = board.panel("kernel").values[::-1, ::-1]
    before = board.count - truth.size
    for place, (_, states) in enumerate(play(board)):
        if place < before:
            assert np.isnan(states["output"].values).all()
            continue
        row, column = divmod(place - before, truth.shape[1])
        stage, output = states["input"], states["output"].values
        assert output[row, column] == pytest.approx(truth[row, column])
        assert np.isfinite(output).sum() == place - before + 1
        window, d = stage.marks["window"], given["d"]
        taps = [(int(window.row) + r * d[0], int(window.column) + c * d[1]) for r, c in np.ndindex(turned.shape)]
        assert {at for at, note in stage.notes.items() if note} == set(taps)
        assert {at for at in np.ndindex(stage.values.shape) if stage.roles[at] in COVERED} == set(taps)
        weights = [float(stage.notes[at].removeprefix("×").replace("−", "-")) for at in taps]
        assert weights == turned.ravel().tolist()
        shown = sum(stage.values[at] * weight for at, weight in zip(taps, weights, strict=True)) + given["bias"]
        assert shown == pytest.approx(truth[row, column])
        assert states["kernel"].values.tolist() == turned.tolist()


@settings(deadline=None, derandomize=True, max_examples=5)
@given(parameters())
def test_stamps_add_up_step_by_step(given):
    board = make("transposed-conv", **given, view="scatter").storyboard()
    size = np.prod(given["i"])
    assert board.count == size + 1
    for place, (_, states) in enumerate(play(board)):
        full, kept = truth_of(given, count=min(place + 1, size))
        cropped = "sum" in states
        assert cropped == (given["p"] != (0, 0))
        sums = states["sum" if cropped else "output"].values
        reached = np.isfinite(sums)
        np.testing.assert_allclose(sums[reached], full[reached])
        if place == size:
            assert reached.all()
            np.testing.assert_allclose(states["output"].values, kept)


def test_the_input_goes_through_its_phases():
    board = make("transposed-conv", i=3, k=3, s=2, p=1).storyboard()
    labels, roles = [], []
    for step, states in play(board):
        labels += [change.label for change in step.changes if isinstance(change, Relabel) and change.panel == "input"]
        roles.append("".join(str(role)[0] for role in states["input"].roles[1]))
    assert labels == [
        "Input 3×3\n", "Input 3×3\npulled apart", "Input 3×3\n+ 1 zero between",
        "Input 3×3\n+ 1 zero between, 1 around",
    ]  # fmt: skip
    assert roles[:5] == ["eeeeeee", "eieieie", "eizizie", "pizizip", "pizizip"]
    captions = [step.caption for step in board.steps()]
    assert captions[:5] == [
        "The input, 3×3; with stride $s$ = 2 it is pulled apart",
        "$z = s - 1$ = 2 − 1 = **1**: as many cells go between two neighbours",
        "Zeros fill them; the stretched input has (3 − 1)·2 + 1 = **5** cells a side",
        "$p' = k - p - 1$ = 3 − 1 − 1 = **1**: zeros on every side",
        "The kernel turns by 180°; then it slides over every position, with stride $s'$ = **1**",
    ]
    assert board.formula == (
        r"$o=(i-1)s+k-2p=(3-1)\cdot2+3-2\cdot1=5$    $z=s-1=1$    $p'=k-p-1=1$    $s'=1$"
    )  # fmt: skip
    assert board.convention == "kernel rotated by 180°: the transpose of the convolution"


def test_the_label_tells_the_frame():
    def last_line(**given):
        return make("transposed-conv", **given).storyboard().panel("input").label.partition("\n")[2]

    assert last_line(s=1, p=0) == "+ 2 zeros around"
    assert last_line(s=1, p=1) == "+ 1 zero around"
    assert last_line(s=1, p=2) == "no zeros around"
    assert last_line(s=3, p=0) == "+ 2 zeros between, 2 around"
    assert last_line(s=2, p=3, i=4) == "+ 1 zero between, 1 cut off, hatched"
    assert last_line(s="2x1", k="3x5") == "+ 1×0 zeros between, 2×4 around"


@pytest.mark.parametrize(("i", "s", "p"), [(3, 1, 0), (5, 1, 1), (2, 2, 0), (3, 2, 1)])
def test_the_articles_four_all_give_5x5(i, s, p):
    board = make("transposed-conv", i=i, k=3, s=s, p=p).storyboard()
    assert board.panel("output").shape == (5, 5)
    assert board.count == 25 + (3 if s == 1 else 5)


def test_a_negative_frame_cuts_cells_off():
    board = make("transposed-conv", i=4, k=3, s=2, p=3).storyboard()
    frames = [step.caption for step in board.steps()]
    assert frames[3] == "$p' = k - p - 1$ = 3 − 3 − 1 = **−1**: negative: as many rows and columns are cut off, hatched"
    *_, (_, states) = play(board)
    roles = states["input"].roles
    assert all(str(role).endswith("unreached") for role in [*roles[0], *roles[-1], *roles[:, 0], *roles[:, -1]])
    assert "cut off, hatched" in board.panel("input").label


def test_a_result_without_terms_is_written_once():
    *_, last = make("transposed-conv", output_padding=1).storyboard().steps()
    assert last.caption == "$y_{8,8}$ = **0**"
    *_, last = make("transposed-conv", input="0 1", kernel="0 0; 0 0", s=1, bias=-0.75).storyboard().steps()
    assert last.caption == "$y_{2,3}$ = **−0.75**"
    *_, last = make("transposed-conv", input="0 1", kernel="0 0; 0 0", s=1, bias=-0.755).storyboard().steps()
    assert last.caption == "$y_{2,3}$ = −0.755 ≈ **−0.76**"


def test_captions_are_written_out():
    given = {"input": "2 3", "kernel": "1 -1", "s": 1, "bias": 0.5}
    board = make("transposed-conv", **given).storyboard()
    assert [step.caption for step in board.steps()][-3:] == [
        "$y_{1,1}$ = 2·1 + 0.5 = **2.5**", "$y_{1,2}$ = 2·(−1) + 3·1 + 0.5 = **1.5**",
        "$y_{1,3}$ = 3·(−1) + 0.5 = **−2.5**",
    ]  # fmt: skip
    board = make("transposed-conv", **given, view="scatter").storyboard()
    assert [step.caption for step in board.steps()] == [
        "$x_{1,1}$ = 2 stamps 2 × kernel; at row 1, column 1: 0.5 + 2.0 = **2.5**",
        "$x_{1,2}$ = 3 stamps 3 × kernel; at row 1, column 2: −1.5 + 3.0 = **1.5**",
        "all 2 stamps are added up: **1×3**",
    ]
    board = make("transposed-conv", view="overlap", i=2, k=3, s=2).storyboard()
    assert [step.caption for step in board.steps()][-1] == (
        "From 1 to **4 stamps** a cell: kernel 3 is no multiple of stride 2"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"i": 2, "k": 3, "s": 1, "p": 2},
         "padding 2 leaves no output: its two sides take 4 of 4 cells: use --p 1 or less"),
        ({"s": 2, "output_padding": 2}, "output padding 2 must be less than stride 2: use --output-padding 1 or less"),
        ({"s": 1, "d": 2, "output_padding": 3},
         "output padding 3 must be less than stride 1 and dilation 2: use --output-padding 1 or less"),
        ({"i": 200, "s": 3},
         "the stretched input has 602×602 cells, more than 512 a side: use a smaller --i, --s or --k"),
        ({"view": "gather"}, "--view 'gather' is not known: did you mean scatter?"),
    ],
)  # fmt: skip
def test_messages(given, message):
    with pytest.raises(UsageError) as caught:
        make("transposed-conv", **given)
    assert str(caught.value) == message


@pytest.mark.parametrize("view", ["convolution", "scatter", "overlap"])
def test_a_gif_comes_out(tmp_path, view):
    figure = make("transposed-conv", i=2, k=2, s=2, p=0, view=view, width=480)
    figure.save(tmp_path / "x.gif")
    with Image.open(tmp_path / "x.gif") as gif:
        assert gif.size == (480, 270)
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(gif)]
    assert len(frames) == figure.storyboard().count
    assert (frames[0] != frames[-1]).any()


def test_the_last_stamp_is_followed_by_the_cut():
    board = make("transposed-conv", i=2, k=3, s=2, p=1, view="scatter").storyboard()
    *_, (step, states) = play(board)
    assert step.caption == "padding $p$ = 1 is cut off on every side: 5 − 2·1 = **3**"
    edge = np.ones((5, 5), bool)
    edge[1:4, 1:4] = False
    assert ((states["sum"].roles == "cut") == edge).all()
    assert "cut" in board.step_roles
