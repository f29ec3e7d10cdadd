"""The scene of docs/new-scene.md, run as it stands there: one file gets everything that a scene of ours has."""

from __future__ import annotations

import re
import subprocess
import sys
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


def test_the_example_is_short():
    assert len(SOURCE.splitlines()) <= 60


def test_every_channel_is_convolved_with_its_own_kernel(folder):
    scipy = pytest.importorskip("scipy.signal")
    figure = make(NAME, channels=3, i=5, k="2x3", s="2x1")
    shown = {name: state.values for name, state in [states for _, states in play(figure.storyboard())][-1].items()}
    for channel in range(3):
        whole = scipy.correlate2d(shown["input"][channel], shown["kernel"][channel], mode="valid")
        np.testing.assert_allclose(shown["output"][channel], whole[::2])
    np.testing.assert_array_equal(figure.scene.expected()["output"], shown["output"])


@pytest.mark.parametrize("extension", ["gif", "png", "apng", "webp", "svg", "pdf", "html", "json", "zip"])
def test_it_is_written_in_every_format(folder, extension):
    assert make(NAME, tween=0).save(f"d.{extension}").steps > 0
    if extension == "gif":
        assert len(iio.imread("d.gif")) >= 18


@pytest.mark.parametrize("framework", programs.frameworks())
def test_it_is_a_program_in_every_framework(folder, framework):
    # Keras reads the groups off the kernel's shape.
    assert "group" in make(NAME).code(framework) or framework == "keras"


def test_its_program_computes_what_it_shows(folder):
    pytest.importorskip("onnxruntime")
    scene = make(NAME, channels=3).scene
    shown = next(each for each in scene.operation().shown if each.panel == "output")
    theirs = programs.run(scene.operation(), "onnx")[shown.name][shown.index]
    np.testing.assert_allclose(theirs, scene.expected()["output"])


def run(*words):
    return subprocess.run([sys.executable, "-m", "cnnviz", *words], capture_output=True, text=True, check=False)


def test_the_command_line_has_it(folder):
    assert NAME in run("--help").stdout
    assert "--channels" in run(NAME, "--help").stdout
    refused = run(NAME, "--i", "99")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "--i 99" in refused.stderr
    described = run("describe", NAME, "--lang", "zh")
    assert "逐通道卷积" in described.stdout
    assert "a depthwise convolution: each of" in run("languages", "zh").stdout


def test_it_is_checked(folder):
    pytest.importorskip("onnxruntime")
    done = run("check", NAME, "--channels", "3")
    assert done.returncode == 0, done.stderr
    assert "27 of 27" in done.stdout


def test_figure_sets_galleries_and_decks_take_it(folder):
    Path("set.toml").write_text(
        f'[[figure]]\nscene = "{NAME}"\nname = "own"\nchannels = 1\ntween = 0\n', encoding="utf-8"
    )
    assert run("render", "set.toml", "--out", "made").returncode == 0
    assert run("gallery", "made").returncode == 0
    assert "own.gif" in Path("made/index.html").read_text(encoding="utf-8")
    assert run("deck", "set.toml", "-o", "deck.html").returncode == 0
