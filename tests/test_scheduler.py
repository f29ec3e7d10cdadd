"""A Dask cluster as the place where figures are made: a real one, of two workers, one of which is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("distributed")

SCENE = '''"""A scene that ends its worker."""

import os
from dataclasses import dataclass

from cnnviz.scenes.conv import Conv


@dataclass(frozen=True, kw_only=True)
class Deadly(Conv):
    """Ends its worker."""

    def storyboard(self):
        os._exit(3)
'''
ONE = '[[figure]]\nscene = "conv"\nname = "a"\nformat = "json"\n'
SET = """
[[figure]]
scene = "conv"
name = "seed"
i = 4
width = 320
tween = 0
sweep.seed = [0, 1, 2, 3, 4, 5]
[[figure]]
scene = "conv"
name = "data"
input = "FOLDER/map.csv"
k = 2
width = 320
tween = 0
format = "gif,json"
[[figure]]
scene = "conv"
name = "bad"
k = 9
"""

# Dask tries what a dying worker held three more times; once here, since each time a worker must start again.
CLUSTER = """
import sys
import dask
from distributed import LocalCluster

if __name__ == "__main__":
    dask.config.set({"distributed.scheduler.allowed-failures": 1})
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1")
    print(cluster.scheduler_address, flush=True)
    sys.stdin.read()
    cluster.close()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The address of two worker processes, which run in a folder of their own."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "animations").mkdir()
    (folder / "animations" / "deadly.py").write_text(SCENE)
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        cwd=folder,
        stdin=-1,
        stdout=-1,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    ) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(timeout=30)


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_a_killed_worker_loses_nothing_and_the_bytes_are_those_of_this_machine(cnnviz, cluster, monkeypatch):
    from distributed import Client

    Path("map.csv").write_text("1,2,3\n4,5,6\n7,8,9\n")
    Path("set.toml").write_text(SET.replace("FOLDER", str(Path.cwd())))
    fault = "cnnviz: set.toml, figure bad: kernel 9 does not fit the padded input 5 (= 5 + 2·0)"
    ran = cnnviz("render", "set.toml", "--out", "here", "--jobs", 1, "-q")
    assert ran.code == 1
    assert ran.err.startswith(fault)
    with Client(cluster, set_as_default=False) as client:
        victim = next(iter(client.run(os.getpid).values()))

    from cnnviz.batch.driver import _Run

    taken, take = [], _Run.take

    def take_and_kill(run, outcome):
        taken.append(outcome)
        if len(taken) == 3:
            os.kill(victim, signal.SIGKILL)
        take(run, outcome)

    monkeypatch.setattr(_Run, "take", take_and_kill)
    there = ("render", "set.toml", "--out", "there", "--scheduler", cluster)
    ran = cnnviz(*there, "-q")
    assert ran.code == 1
    assert ran.err.startswith(fault)

    with pytest.raises(ProcessLookupError):
        os.kill(victim, 0)
    assert len(contents("here")) == 7 + 1 + 1
    assert contents("here") == contents("there")
    assert cnnviz(*there).out.splitlines()[-1] == "0 made, 7 up to date"


def test_other_files_and_other_code_on_the_workers_are_refused(cnnviz, cluster, monkeypatch):
    Path("map.csv").write_text("1,2,3\n4,5,6\n7,8,9\n")
    Path("set.toml").write_text(ONE + 'input = "map.csv"\nk = 2\n')
    words = ("render", "set.toml", "--out", "out", "--scheduler", cluster, "-q")
    ran = cnnviz(*words)
    assert (ran.code, "input file" in ran.err) == (1, True)
    monkeypatch.setattr("cnnviz.batch.digests.code_digest", lambda: "other")
    ran = cnnviz(*words)
    assert (ran.code, "another cnnviz" in ran.err) == (1, True)
    assert contents("out").keys() == {"manifest.json"}


def test_a_figure_that_kills_its_workers_fails_alone(cnnviz, cluster):
    Path("animations").mkdir()
    Path("animations/deadly.py").write_text(SCENE)
    Path("set.toml").write_text(ONE.replace("conv", "deadly").replace('"a"', '"poison"') + ONE)
    ran = cnnviz("render", "set.toml", "--out", "out", "--scheduler", cluster, "-q")
    assert (ran.code, ran.err.count("\n")) == (1, 2)
    assert ran.err.startswith("cnnviz: set.toml, figure poison: its worker failed, KilledWorker")
    assert contents("out").keys() == {"a.json", "manifest.json"}


def test_where_no_cluster_is(cnnviz):
    Path("set.toml").write_text(ONE)
    for address in ("tcp://host", ""):
        ran = cnnviz("render", "set.toml", "--scheduler", address, "-q")
        assert (ran.code, ran.err.count("\n")) == (1, 1)
        assert ran.err.startswith(f"cnnviz: no workers answer at --scheduler {address}, ")
