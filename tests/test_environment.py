"""cnnviz in surroundings that are not its own: a user's matplotlib settings, no home, a zip, another process."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

import cnnviz as package
from cnnviz.pipeline import make

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
