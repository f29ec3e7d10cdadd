"""A Dask cluster as the place where figures are made: a real one, of two workers, one of which is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cnnviz.batch.making import code_here

pytest.importorskip("distributed")

SCENE = '''"""A scene that {what}."""

from dataclasses import dataclass

from cnnviz.scenes.conv import Conv


@dataclass(frozen=True, kw_only=True)
class Mine(Conv):
    """A convolution that {what}."""

    def storyboard(self):
        {statement}
        return super().storyboard()
'''

# Dask tries what a dying worker held three more times; none here, since each time a worker must start again.
CLUSTER = """
import sys
import dask
from distributed import LocalCluster

if __name__ == "__main__":
    dask.config.set({"distributed.scheduler.allowed-failures": 0})
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
    statement = "import os; os._exit(3)"
    (folder / "animations" / "deadly.py").write_text(SCENE.format(what="ends its worker", statement=statement))
    (folder / "cluster.py").write_text(CLUSTER)
    with subprocess.Popen(
        [sys.executable, "cluster.py"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    ) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(timeout=30)


def figures(*tables, name="set.toml"):
    text = ""
    for table in tables:
        text += "[[figure]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
    Path(name).write_text(text)


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_a_killed_worker_loses_nothing_and_the_bytes_are_those_of_this_machine(cnnviz, cluster, monkeypatch):
    from distributed import Client

    Path("sets").mkdir()
    Path("map.csv").write_text("1,2,3\n4,5,6\n7,8,9\n")

    figures(
        *({"scene": "conv", "name": f"seed{n}", "seed": n, "i": 4, "width": 320, "tween": 0} for n in range(10)),
        {"scene": "conv", "name": "data", "input": str(Path("map.csv").resolve()), "k": 2, "format": "gif,json"},
        {"scene": "conv", "name": "bad", "k": 9, "width": 320},
        name="sets/set.toml",
    )
    fault = "cnnviz: sets/set.toml, figure bad: kernel 9 does not fit the padded input 5 (= 5 + 2·0)"
    ran = cnnviz("render", "sets", "--out", "here", "--jobs", 1, "-q")
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
    ran = cnnviz("render", "sets", "--out", "there", "--scheduler", cluster, "-q")
    assert ran.code == 1
    assert ran.err.startswith(fault)

    with pytest.raises(ProcessLookupError):
        os.kill(victim, 0)
    here, there = contents("here"), contents("there")
    assert len(here) == 11 + 1 + 1
    assert here.keys() == there.keys()
    assert [name for name in here if here[name] != there[name]] == []
    ran = cnnviz("render", "sets", "--out", "there", "--scheduler", cluster)
    assert ran.out.splitlines()[-1] == "0 made, 11 up to date"


def test_a_figure_that_kills_its_workers_fails_alone(cnnviz, cluster):
    Path("animations").mkdir()
    statement = "import os; os._exit(3)"
    Path("animations/deadly.py").write_text(SCENE.format(what="ends its worker", statement=statement))
    plain = [{"scene": "conv", "name": f"seed{n}", "seed": n, "format": "json"} for n in range(3)]
    figures({"scene": "deadly", "name": "poison", "format": "json"}, *plain)
    ran = cnnviz("render", "set.toml", "--out", "out", "--scheduler", cluster, "-q")
    assert (ran.code, ran.err.count("\n")) == (1, 2)
    assert ran.err.startswith("cnnviz: set.toml, figure poison: its workers died")
    assert contents("out").keys() == {f"seed{n}.json" for n in range(3)} | {"manifest.json"}


def test_an_input_file_that_the_workers_do_not_have_is_refused(cnnviz, cluster):
    Path("map.csv").write_text("1,2,3\n4,5,6\n7,8,9\n")
    figures({"scene": "conv", "name": "a", "input": "map.csv", "k": 2, "format": "json"})
    ran = cnnviz("render", "set.toml", "--out", "out", "--scheduler", cluster, "-q")
    assert ran.code == 1
    assert "input file" in ran.err, ran.err


def test_other_code_on_the_workers_is_refused(cnnviz, cluster, monkeypatch):
    figures({"scene": "conv", "name": "a", "format": "json"})
    monkeypatch.setattr("cnnviz.batch.digests.Sources.code", "other")
    code_here.cache_clear()
    ran = cnnviz("render", "set.toml", "--out", "out", "--scheduler", cluster, "-q")
    code_here.cache_clear()
    assert ran.code == 1
    assert "has another cnnviz or other libraries than this machine" in ran.err
    assert ran.err.count("\n") == 1
    assert contents("out").keys() == {"manifest.json"}


@pytest.mark.parametrize("address", ["127.0.0.1:8786", "tcp://host", "tcp://host:0", "tcp://host:99999", ""])
def test_what_is_no_address(cnnviz, address):
    figures({"scene": "conv", "name": "a"})
    ran = cnnviz("render", "set.toml", "--scheduler", address)
    assert ran.code == 2
    assert ran.err.startswith(f"cnnviz: --scheduler {address!r} is not an address: ")
    assert not Path("output").exists()
