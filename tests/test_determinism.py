"""The same command gives the same bytes: in another process, another folder, with another hash seed, by other jobs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cnnviz.discovery import find_scenes

SCENES = list(find_scenes())
GIFS = ("conv", "norm", "activation", "fully-connected", "gradient-descent")
"""One each for grids, blocks, plots, graphs and surfaces."""

# Every scene's default as JSON and some as GIF, by one process: most of a process's time is its start.
ALL = """
import sys
from cnnviz.pipeline import make
for name in sys.argv[1].split():
    make(name).save(name + ".json")
for name in sys.argv[2].split():
    make(name, width=480).save(name + ".gif")
"""


def run(folder, hash_seed, *arguments):
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "COLUMNS": "80"}
    subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, check=True, timeout=60,
                   capture_output=True)  # fmt: skip


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """Both runs: the second by another order of the scenes, elsewhere, with another hash seed."""
    folder = tmp_path_factory.mktemp("twice")
    first, second = folder / "one", folder / "two" / "of another name"
    run(first, "0", "-c", ALL, " ".join(SCENES), " ".join(GIFS))
    run(second, "4321", "-c", ALL, " ".join(reversed(SCENES)), " ".join(reversed(GIFS)))
    return contents(first), contents(second)


@pytest.mark.parametrize("name", [f"{scene}.json" for scene in SCENES] + [f"{scene}.gif" for scene in GIFS])
def test_a_figure_is_the_same_in_another_process(name, twice):
    first, second = twice
    assert len(first[name]) > 500
    assert first[name] == second[name]


def test_a_set_is_the_same_by_one_job_and_by_two(tmp_path):
    text = "".join(
        f'[[figure]]\nscene = "{scene}"\nname = "{scene}"\nformat = "{kind}"\nwidth = 480\n'
        for scene, kind in (("conv", "gif"), ("pool", "gif"), ("lrn", "gif"), ("loss", "json"), ("cnn", "json"))
    )
    (tmp_path / "set.toml").write_text(text, encoding="utf-8")
    made = []
    for jobs, hash_seed in ((1, "7"), (2, "random")):
        folder = tmp_path / f"by {jobs}"
        run(folder, hash_seed, "-m", "cnnviz", "render", "../set.toml", "--out", "made", "--jobs", str(jobs), "-q")
        made.append(contents(folder / "made"))
    assert made[0].keys() == {"conv.gif", "pool.gif", "lrn.gif", "loss.json", "cnn.json", "manifest.json"}
    assert made[0] == made[1]
