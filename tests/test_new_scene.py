"""The scene of docs/new-scene.md, run as it stands there: one file gets everything that a scene of ours has."""

import re
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from cnnviz import programs
from cnnviz.discovery import VARIABLE
from cnnviz.pipeline import make
from cnnviz.playback import play

TEXT = (Path(__file__).parents[1] / "docs" / "new-scene.md").read_text(encoding="utf-8")
SOURCE = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1]
NAME = "depthwise-conv"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A user's folder that holds the example."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "depthwise_conv.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    return tmp_path / "mine"


def test_every_channel_is_convolved_with_its_own_kernel(folder):
    assert len(SOURCE.splitlines()) <= 60, "an example is short"
    scipy = pytest.importorskip("scipy.signal")
    figure = make(NAME, channels=3, i=5, k="2x3", s="2x1")
    shown = {name: state.values for name, state in [states for _, states in play(figure.storyboard())][-1].items()}
    for channel in range(3):
        whole = scipy.correlate2d(shown["input"][channel], shown["kernel"][channel], mode="valid")
        np.testing.assert_allclose(shown["output"][channel], whole[::2])
    np.testing.assert_array_equal(figure.scene.expected()["output"], shown["output"])


def test_it_is_written_in_every_format_and_as_a_program_of_every_framework(folder):
    figure = make(NAME, i=4, tween=0, width=320)
    for extension in ("gif", "png", "apng", "webp", "svg", "pdf", "html", "json", "zip"):
        assert figure.save(f"d.{extension}").steps > 0
    assert len(iio.imread("d.gif")) >= 8
    for framework in programs.frameworks():
        # Keras reads the groups off the kernel's shape.
        assert "group" in figure.code(framework) or framework == "keras"


def test_the_command_line_has_it(folder, cnnviz, monkeypatch):
    assert NAME in cnnviz("--help").out
    assert "--channels" in cnnviz(NAME, "--help").out
    refused = cnnviz(NAME, "--i", "99")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--i 99" in refused.err
    assert "逐通道卷积" in cnnviz("describe", NAME, "--lang", "zh").out
    monkeypatch.setattr("cnnviz.commands.languages.find_scenes", lambda: [NAME])
    assert "a depthwise convolution: each of" in cnnviz("languages", "zh").out


def test_it_is_checked(folder, cnnviz):
    pytest.importorskip("onnxruntime")
    done = cnnviz("check", NAME, "--channels", "3")
    assert (done.code, done.err) == (0, "")
    assert "27 of 27" in done.out


def test_figure_sets_galleries_and_decks_take_it(folder, cnnviz):
    Path("set.toml").write_text(f'[[figure]]\nscene = "{NAME}"\nname = "own"\nchannels = 1\ntween = 0\n')
    assert cnnviz("render", "set.toml", "--out", "made").code == 0
    assert cnnviz("gallery", "made").code == 0
    assert "own.gif" in Path("made/index.html").read_text(encoding="utf-8")
    assert cnnviz("deck", "set.toml", "-o", "deck.html").code == 0
