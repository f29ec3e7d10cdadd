"""What travels in the package, and what a package index shows of it."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cnnviz.sets import shipped_sets

ROOT = Path(__file__).parents[1]


def test_a_wheel_holds_code_pages_and_figure_sets(tmp_path):
    """Built from what git has, so that nothing left over is taken along."""
    pytest.importorskip("setuptools", minversion="77")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not listed:
        pytest.skip("no git checkout")
    for name in listed:
        if name.startswith(("cnnviz/", "animations/")) or "/" not in name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    build = "from setuptools.build_meta import build_wheel; print(build_wheel('dist'))"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert held >= {name for name in listed if name.startswith("cnnviz/")}
    assert held >= {f"cnnviz/{name}" for name in listed if re.fullmatch(r"animations/.*\.toml", name)}
    assert {name.partition("/")[0] for name in held} == {"cnnviz", "cnnviz-0.1.0.dist-info"}


def test_shipped_sets_are_rendered_by_name(cnnviz):
    assert cnnviz("render", "--list").out.split() == list(shipped_sets())
    assert {"arithmetic", "article", "convolutions_more"} <= set(shipped_sets())
    ran = cnnviz("render", "article", "nosuch")
    assert ran.code == 2
    assert "nosuch" in ran.err
    ran = cnnviz("deck", "article", "--figures", "nosuch", "-o", "x.html")
    assert "article does not exist" not in ran.err
