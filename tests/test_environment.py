"""cnnviz in surroundings that are not its own: a user's matplotlib settings, no home, a zip, another process."""

import multiprocessing
import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import matplotlib
import pytest

import cnnviz as package
from cnnviz.discovery import VARIABLE
from cnnviz.pipeline import Figure, make
from tests.test_new_scene import SOURCE

ROOT = Path(package.__file__).parents[1]


def run(*words, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "cnnviz", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


STYLES = {
    "not UTF-8": b"lines.color: \xff\xfe\n",
    "style": b"no.such.key: 1\nbackend: nonsense\nmathtext.default: rm\npath.simplify: False\ntext.hinting: none\n",
}


@pytest.mark.parametrize("style", STYLES)
def test_a_users_matplotlibrc_does_not_matter(tmp_path, style):
    (tmp_path / "matplotlibrc").write_bytes(STYLES[style])
    ran = run("activation", "--frames", "2", "--width", "320", "-q", "-o", "x.gif", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    make("activation", frames=2, width=320).save(tmp_path / "usual.gif")
    with matplotlib.rc_context({"mathtext.default": "rm", "path.simplify": False}):
        make("activation", frames=2, width=320).save(tmp_path / "rc.gif")
        assert matplotlib.rcParams["mathtext.default"] == "rm", "a style set in Python stays"
    assert len({file.read_bytes() for file in tmp_path.glob("*.gif")}) == 1


def test_a_package_inside_a_zip_says_that_it_cannot_run(tmp_path):
    archive = shutil.make_archive(str(tmp_path / "cnnviz"), "zip", ROOT, "cnnviz")
    ran = run("conv", "-o", "x.gif", cwd=tmp_path, PYTHONPATH=archive)
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"cnnviz: cnnviz cannot run from inside a zip ({archive})")
    assert ran.stderr.count("\n") == 1


def steps(figure: Figure) -> int:
    return figure.storyboard().count


def test_a_scene_in_a_file_goes_to_another_process(tmp_path, monkeypatch):
    (tmp_path / "mirror.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    figure = make("mirror", i="2x3")
    monkeypatch.delenv(VARIABLE)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(steps, figure).result() == steps(figure)
