"""The walk-through's own example, run as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnviz.discovery import VARIABLE, find_scenes, load_scene, summary
from cnnviz.errors import CnnvizError
from cnnviz.pipeline import make
from cnnviz.playback import play

TEXT = (Path(__file__).parents[1] / "docs" / "new-scene.md").read_text(encoding="utf-8")
SOURCE = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A user's folder that holds the example."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mirror.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")
    return tmp_path / "mine"


def test_the_example_is_short():
    assert len(SOURCE.splitlines()) < 60


def test_the_example_is_a_scene_like_any_other(folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(folder))
    assert summary(find_scenes()["mirror"]) == "Mirror: every row of a map is written backwards, one cell at a time."
    figure = make("mirror", i="2x3")
    states = [states for _, states in play(figure.storyboard())][-1]
    np.testing.assert_array_equal(states["output"].values, [[2, 1, 0], [5, 4, 3]])
    np.testing.assert_array_equal(figure.scene.expected()["output"], states["output"].values)
    figure.save("m.gif")
    assert Image.open("m.gif").n_frames == 6


@pytest.mark.parametrize("how", ["option", "animations"])
def test_the_command_line_finds_it(folder, how):
    command = [sys.executable, "-m", "cnnviz"]
    if how == "option":
        command += ["--scenes", str(folder)]
    else:
        folder.rename(folder.with_name("animations"))
    given = ["mirror", "--i", "2x3", "-o", "m.json"]
    run = subprocess.run([*command, *given], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    run = subprocess.run([*command, "mirror", "--i", "99"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (2, "cnnviz: --i 99 is too large: use 16 or less\n")
    assert "mirror" in subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout


def test_a_figure_set_takes_it(folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(folder))
    from cnnviz.batch import render_sets

    Path("set.toml").write_text('[[figure]]\nscene = "mirror"\nname = "a"\ni = [2, 3]\n')
    assert render_sets([Path("set.toml")], Path("out"), jobs=1, force=False, quiet=True) == 0
    assert Image.open("out/a.gif").n_frames == 6


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('"""Broken."""\nraise RuntimeError("no")\n', "cannot be loaded: RuntimeError: no"),
        ('"""Empty."""\n', "must define exactly one Scene, not 0"),
    ],
)
def test_a_file_that_fails_is_named(folder, monkeypatch, source, message):
    monkeypatch.setenv(VARIABLE, str(folder))
    (folder / "bad.py").write_text(source)
    with pytest.raises(CnnvizError) as error:
        load_scene("bad")
    assert str(error.value) == f"scene file {folder / 'bad.py'} {message}"


def test_a_name_is_taken_once(folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(folder))
    (folder / "conv.py").write_text(SOURCE)
    with pytest.raises(CnnvizError, match=r"are both named conv: rename yours"):
        find_scenes()


def test_an_installed_package_offers_its_scenes(folder, monkeypatch):
    package = folder.with_name("site")
    (package / "shapes").mkdir(parents=True)
    (package / "shapes" / "__init__.py").write_text("")
    (package / "shapes" / "turned.py").write_text(SOURCE)
    info = package / "shapes-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shapes\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cnnviz.scenes]\nturned = shapes.turned\n")
    monkeypatch.syspath_prepend(str(package))
    assert find_scenes()["turned"] == package / "shapes" / "turned.py"
    assert make("turned", i=2).storyboard().count == 4
