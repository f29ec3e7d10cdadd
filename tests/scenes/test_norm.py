"""Normalization layers: the cells that light up share a mean and a variance, and the output follows from these."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnviz import UsageError
from cnnviz.pipeline import make
from cnnviz.playback import play
from cnnviz.storyboard import SetEntry

KINDS = ("batch", "layer", "instance", "group")
STEPS = 3


def sharing(kind, groups, channels):
    """Which key two cells (sample, channel) have in common when they share their statistics."""
    return {
        "batch": lambda n, c: c, "layer": lambda n, c: n, "instance": lambda n, c: (n, c),
        "group": lambda n, c: (n, c * groups // channels),
    }[kind]  # fmt: skip


@st.composite
def figures(draw):
    groups, size = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    return {
        "kind": draw(st.sampled_from(KINDS)), "batch": draw(st.integers(1, 3)), "channels": groups * size,
        "groups": groups, "i": draw(st.tuples(st.integers(1, 3), st.integers(2, 3))), "seed": draw(st.integers(0, 99)),
        "eps": draw(st.sampled_from([1e-5, 0.1])),
    }  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=10)
@given(figures())
def test_cells_that_light_up_share_their_statistics_and_the_output_follows(given):
    board = make("norm", **given).storyboard()
    x = board.panel("input").values
    key = sharing(given["kind"], given["groups"], given["channels"])
    keys = [key(*divmod(sheet, given["channels"])) for sheet in range(len(x))]
    lit_before: set[object] = set()
    for place, (_, states) in enumerate(play(board)):
        lit = {s for s in range(len(x)) if (states["input"].roles[s] == "selected").all()}
        assert lit == {s for s in range(len(x)) if (states["input"].roles[s] != "input").any()}
        (shared,) = {keys[s] for s in lit}
        assert lit == {s for s in range(len(x)) if keys[s] == shared}
        outlined = {m.channel for m in states["input"].marks.values() if m.rows and m.columns}
        assert outlined == lit
        if place % STEPS == STEPS - 1:
            assert shared not in lit_before
            lit_before.add(shared)
            values = np.concatenate([x[s].ravel() for s in sorted(lit)]).tolist()
            mean = math.fsum(values) / len(values)
            variance = math.fsum((v - mean) ** 2 for v in values) / len(values)
            for s in lit:
                wanted = (x[s] - mean) / math.sqrt(variance + given["eps"])
                np.testing.assert_allclose(states["output"].values[s], wanted, rtol=1e-9, atol=1e-12)
            filled = np.isfinite(states["output"].values).all(axis=(1, 2))
            assert {keys[s] for s in np.flatnonzero(filled)} == lit_before
    assert lit_before == set(keys)


def number(text):
    return float(text.strip("*()").replace("−", "-"))


@pytest.mark.parametrize("kind", KINDS)
def test_captions_have_the_groups_own_numbers(kind):
    board = make("norm", kind=kind).storyboard()
    steps = list(play(board))
    x = board.panel("input").values.copy()
    lit = {}
    for place, (step, states) in enumerate(play(board)):
        values = x[[s for s in range(len(x)) if states["input"].roles[s, 0, 0] == "selected"]].ravel()
        lit[place] = values
        shown = number(step.caption.rpartition(" ")[2])
        if place % STEPS == 0:
            whole = re.search(r"\$\\mu\$ = \((.*)\) / (\d+) [=≈]", step.caption)
            assert int(whole[2]) == len(values)
            assert [number(part) for part in whole[1].split(" + ")] == values.tolist()
            assert shown == pytest.approx(values.mean(), abs=0.00501)
        elif place % STEPS == 1:
            assert shown == pytest.approx(values.var(), abs=0.00501)
        else:
            top, mean, variance, eps = re.search(r"\((\S+) − (\S+)\) / √\((\S+) \+ (\S+)\)", step.caption).groups()
            assert number(top) == values[0]
            by_hand = (number(top) - number(mean)) / math.sqrt(number(variance) + number(eps))
            assert shown == pytest.approx(by_hand, abs=0.06)
    assert len(steps) == board.count


def test_one_group_is_layer_normalization_and_as_many_as_channels_instance_normalization():
    def result(kind, **more):
        return make("norm", kind=kind, batch=2, channels=4, i=3, **more).scene.expected()["output"]

    np.testing.assert_allclose(result("group", groups=1), result("layer"), rtol=1e-12)
    np.testing.assert_allclose(result("group", groups=4), result("instance"), rtol=1e-12)
    assert np.abs(result("group", groups=2) - result("layer")).max() > 0.1


def test_samples_and_channels_may_have_axes_of_their_own():
    x = np.arange(24.0).reshape(2, 3, 2, 2) ** 2
    scene = make("norm", kind="batch", input=x, batch=2, channels=3).scene
    wanted = (x - x.mean(axis=(0, 2, 3), keepdims=True)) / np.sqrt(x.var(axis=(0, 2, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(scene.expected()["output"].reshape(x.shape), wanted, rtol=1e-9)
    assert scene.i == (2, 2)


def test_the_comparison_lights_up_row_by_row_and_counts():
    board = make("norm", kind="compare", batch=8, channels=16, i="5x7").storyboard()
    table = board.panel("comparison")
    text = "\n".join(" | ".join(row) for row in table.entries)
    assert "2·C = 32" in text
    assert "N·H·W = 280 values" in text
    assert table.header[1:] == ("Local response (LRN)", "Batch (BN)")
    roles = [["plain"] * 3 for _ in table.entries]
    for place, step in enumerate(board.steps()):
        for change in step.changes:
            assert isinstance(change, SetEntry)
            roles[change.row][change.column] = change.role
        assert [row for row, entry in enumerate(roles) if entry == ["selected"] * 3] == [place]
        assert sum(entry == ["plain"] * 3 for entry in roles) == len(roles) - 1
    assert board.count == len(table.entries)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"kind": "group", "groups": 3, "channels": 4},
            "groups 3 do not divide 4 channels: use --groups 1 or 2 or 4",
        ),
        (
            {"kind": "instance", "i": 1},
            "instance normalization of one value a group leaves nothing but 0: use --i 2 or more",
        ),
        (
            {"input": "1 2; 3 4; 5 6", "batch": 2, "channels": 2},
            "input has 3 rows, which 4 maps cannot share evenly: use --i, or --batch times --channels 1 or 3",
        ),
        ({"input": "-1e7 0; 1 2", "batch": 1, "channels": 1},
         "the input value -1e+07 is too large: use -1000000 to 1000000"),
        (
            {"kind": "bacth"},
            "kind 'bacth' is not known: did you mean batch?",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(given, message):
    with pytest.raises(UsageError) as error:
        make("norm", **given)
    assert str(error.value) == message


@pytest.mark.parametrize("kind", ["group", "compare"])
def test_it_becomes_a_gif(kind, tmp_path):
    path = tmp_path / "norm.gif"
    figure = make("norm", kind=kind, batch=1, channels=2, width=320)
    figure.save(path)
    with Image.open(path) as picture:
        assert picture.size == (320, 180)
        assert picture.n_frames == figure.storyboard().count
