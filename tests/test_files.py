"""Files appear whole or not at all, and the data in them is what it says."""

import io
import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cnnviz.errors import CnnvizError, UsageError
from cnnviz.export import Job, module_for
from cnnviz.export.json import write
from cnnviz.files import TEMPORARY_PREFIX, clear_stale, whole_file
from cnnviz.pipeline import make
from cnnviz.storyboard import Cell, Grid, Step, Storyboard
from tests.conftest import files

pytestmark = pytest.mark.usefixtures("here")


def test_a_file_appears_whole():
    Path("x.bin").write_bytes(b"old")
    with whole_file(Path("x.bin")) as file:
        file.write(b"new ")
        file.flush()
        assert Path("x.bin").read_bytes() == b"old", "a reader must not see half a file"
        (temporary,) = files() - {"x.bin"}
        assert temporary.startswith(TEMPORARY_PREFIX)
        assert temporary.endswith(".bin")
        file.write(b"content")
    assert Path("x.bin").read_bytes() == b"new content"
    assert files() == {"x.bin"}


def test_the_user_decides_who_may_read():
    for mask in (0o022, 0o077):
        before = os.umask(mask)
        try:
            with whole_file(Path("x")) as file:
                file.write(b"1")
            assert stat.S_IMODE(os.stat("x").st_mode) == 0o666 & ~mask
            assert os.umask(mask) == mask
        finally:
            os.umask(before)
        Path("x").unlink()


def write_half(path, error):
    with whole_file(Path(path)) as file:
        file.write(b"half")
        raise error("half")


@pytest.mark.parametrize("error", [KeyboardInterrupt, UsageError, GeneratorExit])
def test_a_failure_leaves_no_trace(error):
    Path("x").write_bytes(b"old")
    Path("kept").mkdir()
    for path in ("x", "new", "a/b/x", "kept/c/x"):
        with pytest.raises(error):
            write_half(path, error)
    assert files() == {"x", "kept"}
    assert Path("x").read_bytes() == b"old"


def test_places_where_no_file_can_be():
    Path("file").write_text("")
    Path("folder").mkdir()
    for path, message in {
        "file/x": "cannot write to folder file: file exists",
        "file/a/x": "cannot write to folder file/a: not a directory",
        "folder": "cannot write folder: is a directory",
    }.items():
        with pytest.raises(CnnvizError, match=message), whole_file(Path(path)):
            pass
    assert files() == {"file", "folder"}


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one_and_a_file_keeps_its_mode(there):
    Path("real").mkdir()
    if there:
        Path("real/x").write_bytes(b"old")
        os.chmod("real/x", 0o600)
    Path("x").symlink_to("real/x")
    with whole_file(Path("x")) as file:
        file.write(b"new")
    assert Path("x").is_symlink()
    assert Path("real/x").read_bytes() == b"new"
    if there:
        assert stat.S_IMODE(os.stat("real/x").st_mode) == 0o600
    assert files() == {"real", "real/x", "x"}


# What killed processes leave behind

HALF = """
import sys
from pathlib import Path
from cnnviz.files import whole_file, whole_folder
with whole_file(Path("x.gif")) as file, whole_folder(Path("frames")) as folder:
    file.write(b"half")
    (folder / "1.png").write_bytes(b"half")
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_process_left_is_cleared_and_what_a_living_one_writes_is_not():
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", HALF], stdin=-1, stdout=-1, env=environment) as process:
        assert process.stdout.readline() == b"ready\n"
        held = files()
        assert len(held) == 4, "a file, a folder, one in it and its frame"
        clear_stale(Path())
        assert files() == held
        process.kill()
        process.wait()
        make("conv", i=3, k=2).save("x.json")
    assert files() == {"x.json"}


def test_what_is_not_ours_stays():
    dead = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
    for name in ("-notes.txt", "-journal", "-abcdefgh", f"-{dead}"):
        Path(f".cnnviz{name}").write_text("theirs")
    before = files()
    Path(f".cnnviz-{dead}-abcdef01.gif").write_text("ours")
    clear_stale(Path())
    assert files() == before


# Formats


def test_other_names_are_refused():
    for name in ("x", ".gif", "gif", "x.", "x.gif.part", "x.__init__", "x._plugin", "x.gif/y"):
        with pytest.raises(UsageError, match="not a known format"):
            module_for(Path(name))


# JSON


def board_of(values, *steps):
    grid = Grid(name="g", values=np.array(values), roles=np.full(np.shape(values), "input"))
    return Storyboard(
        scene="s",
        parameters={"name": "\udcff.csv"},
        title="T",
        settings="",
        formula="",
        alt="A ✓.",
        rows=((grid,),),
        steps=lambda: iter(steps),
        count=len(steps),
    )


def test_json_has_no_numbers_that_json_has_not():
    board = board_of([[np.nan, -np.inf, 1.5]], Step(changes=(Cell(panel="g", row=0, column=0, value=float("inf")),)))
    buffer = io.BytesIO()
    facts = write(Job(storyboard=board, film=None, command="cnnviz conv", once=False), buffer)
    assert (facts.size, facts.milliseconds) == ((0, 0), 0)
    data = json.loads(buffer.getvalue(), parse_constant=pytest.fail)
    assert data["panels"][0]["values"] == [[None, None, 1.5]]
    assert data["steps"][0]["changes"] == [{"panel": "g", "row": 0, "column": 0, "value": None}]


def test_json_is_written_step_by_step():
    """Memory does not grow with the number of steps: each is in the file before the next is made."""
    buffer, sizes = io.BytesIO(), []

    def steps():
        for _ in range(5):
            sizes.append(buffer.tell())
            yield Step(caption="x" * 100)

    board = replace(board_of([[1.0]]), steps=steps, count=5)
    write(Job(storyboard=board, film=None, command="", once=False), buffer)
    assert all(later - earlier > 100 for earlier, later in pairwise(sizes))
