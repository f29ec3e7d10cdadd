"""Figure sets: what is made, what is left as it is, and what a bad set is told."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from cnnviz.batch import Entry, render_sets
from cnnviz.batch.digests import Sources
from cnnviz.discovery import VARIABLE

ROOT = Path(__file__).parents[1]
OLD = 1_000_000_000


@pytest.fixture(autouse=True)
def _in_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")


def figure(name, scene="conv", **more):
    """A figure's table in TOML, JSON by default, which is quick to write."""
    keys = {"scene": scene, "name": name, "format": "json", "i": 4} | more
    return "[[figure]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items()) + "\n"


def write_set(*figures, name="set.toml"):
    Path(name).write_text("".join(figures), encoding="utf-8")


def manifest():
    return json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))["figures"]


def made(cnnviz, *arguments):
    """The files that a run wrote anew."""
    for path in Path("out").iterdir():
        os.utime(path, (OLD, OLD))
    ran = cnnviz("render", "set.toml", "--out", "out", "--jobs", 1, *arguments)
    assert (ran.code, ran.err) == (0, "")
    return {path.name for path in Path("out").iterdir() if path.stat().st_mtime != OLD} - {"manifest.json"}


def files(folder="out"):
    return {path.name for path in Path(folder).iterdir()}


# What is made


def test_a_set_becomes_files_and_a_manifest(cnnviz):
    plain = {"width": 320, "step": 1, "tween": 0}
    Path("sets").mkdir()
    write_set(
        figure("02-b", section="Part 1", caption="Two.", format="gif", i=[4, 5], k="2x3", title="B", **plain),
        figure("01-a", "pool", kind="avg"),
        name="sets/b.toml",
    )
    # A folder's sets come by their names.
    write_set(figure("z"), name="sets/a.toml")
    Path("sets/notes.txt").write_text("[[")
    write_set(figure("y"), name="more.toml")
    ran = cnnviz("render", "sets", "more.toml", "--out", "out", "--jobs", 1)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "4 made, 0 up to date"
    assert files() == {"02-b.gif", "01-a.json", "z.json", "y.json", "manifest.json"}
    command = "cnnviz conv --i 4x5 --k 2x3 --title B --subtitle Two. --width 320 --step 1 --tween 0"
    with Image.open("out/02-b.gif") as image:
        # Rows: 4 - 2 + 1 = 3; columns: 5 - 3 + 1 = 3; before them the question, behind them the answer.
        assert (image.n_frames, image.size) == (11, (320, 180))
        assert image.info["comment"].decode().split("\n")[0] == command
    records = manifest()
    assert [record["name"] for record in records] == ["z", "02-b", "01-a", "y"]
    parameters = {"i": [4, 5], "k": "2x3", "title": "B", **plain}
    told = {"section": "Part 1", "caption": "Two.", "command": command, "width": 320, "parameters": parameters}
    told["sha256"] = hashlib.sha256(Path("out/02-b.gif").read_bytes()).hexdigest()
    assert records[1].items() >= told.items()
    assert records[2]["command"] == "cnnviz pool avg --i 4 --k 2 --s 2"


# What is up to date

BOTH = (figure("a", input="map.csv", i=3), figure("b"))


@pytest.fixture
def rendered(cnnviz):
    """A set of two figures, rendered, the first from a file."""
    Path("map.csv").write_text("1,2,3\n4,5,6\n7,8,9\n")
    write_set(*BOTH)
    assert cnnviz("render", "set.toml", "--out", "out", "--jobs", 1).code == 0
    return cnnviz


def replace_bytes(path):
    Path(path).write_bytes(b"." * Path(path).stat().st_size)


CHANGES = {
    "a parameter": (lambda: write_set(BOTH[0], figure("b", s=2)), "b.json"),
    "a name": (lambda: write_set(BOTH[0], figure("c")), "c.json"),
    "one more format": (lambda: write_set(BOTH[0], figure("b", format="json,png")), "b.json b.png"),
    "a caption": (lambda: write_set(BOTH[0], figure("b", caption="New.", section="A")), "b.json"),
    "the order": (lambda: write_set(BOTH[1], BOTH[0]), ""),
    "an input file": (lambda: Path("map.csv").write_text("1,2,3\n4,5,6\n7,8,8\n"), "a.json"),
    "a figure's bytes, not its size": (lambda: replace_bytes("out/b.json"), "b.json"),
    "no manifest": (lambda: Path("out/manifest.json").unlink(), "a.json b.json"),
    "a manifest of bytes": (lambda: Path("out/manifest.json").write_bytes(b"\xff"), "a.json b.json"),
    "a manifest of brackets": (lambda: Path("out/manifest.json").write_bytes(b"[" * 99_999), "a.json b.json"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_only_what_changed_is_made_again(rendered, change):
    do, again = CHANGES[change]
    do()
    assert made(rendered) == {*again.split()}
    assert {record["name"] for record in manifest()} == {"a", "b"} | {name[0] for name in again.split()}
    assert made(rendered) == set()
    assert Path("out/manifest.json").stat().st_mtime == OLD


def test_force_and_other_code_make_all_again(rendered, monkeypatch):
    assert made(rendered, "--force") == {"a.json", "b.json"}
    monkeypatch.setattr("cnnviz.batch.digests.code_digest", lambda: "other")
    assert made(rendered) == {"a.json", "b.json"}


def digest(scene):
    return Sources().digest(Entry(source="set.toml", name="a", scene=scene, file="a.gif"))


def test_a_users_scene_is_code_of_its_figures_alone():
    Path("animations").mkdir()
    theirs, ours = digest("mine"), digest("conv")
    for name in ("mine", "_shared"):
        Path(f"animations/{name}.py").write_text('"""A scene."""')
        assert digest("mine") != theirs
        theirs = digest("mine")
    Path("animations/other.py").write_text('"""A scene."""')
    assert (digest("mine"), digest("conv")) == (theirs, ours)


def test_a_file_beside_the_set_is_found_and_its_path_is_in_the_command():
    Path("sets").mkdir()
    Path("sets/map.csv").write_text("1,2\n3,4\n")
    Path("sets/s.toml").write_text(figure("a", input="map.csv", k=2, i=2))
    for folder in ("sets", "chapter"):
        if folder == "chapter":
            Path("sets").rename("chapter")
        assert render_sets([Path(folder)], Path("out"), jobs=1, force=False, quiet=True) == 0
        assert manifest()[0]["command"] == f"cnnviz conv --i 2 --k 2 --input {folder}/map.csv"


# Figures that fail


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_failing_figure_does_not_stop_the_others(cnnviz, jobs):
    write_set(figure("a"), figure("bad", k=9), figure("c"))
    ran = cnnviz("render", "set.toml", "--out", "out", "--jobs", jobs, "-q")
    assert (ran.code, ran.out) == (1, "")
    error, count = ran.err.splitlines()
    assert error.startswith("cnnviz: set.toml, figure bad: kernel 9 does not fit")
    assert count == "cnnviz: 1 of 3 figures failed"
    assert [record["name"] for record in manifest()] == ["a", "c"]


BAD_PARAMETERS = {
    'k = "three"': "--k 'three'",
    "k = true": "--k True",
    "k = 1\nkernel_size = 2": "kernel_size is given twice",
    "input = [[1, 2], [3]]": "input is no grid",
    'input = "no.csv"': "input file 'no.csv'",
    "strid = 2": "conv has no parameter 'strid': did you mean stride?",
}


def test_a_bad_parameter_is_reported_with_file_figure_and_key(cnnviz):
    names = [f"f{n}" for n, _ in enumerate(BAD_PARAMETERS)]
    tables = zip(names, BAD_PARAMETERS, strict=True)
    write_set(*(f'[[figure]]\nscene = "conv"\nname = "{name}"\n{line}\n' for name, line in tables))
    ran = cnnviz("render", "set.toml", "--out", "out", "-q", "--jobs", 1)
    *said, count = ran.err.splitlines()
    assert (ran.code, count) == (1, "cnnviz: 6 of 6 figures failed")
    for line, name, named in zip(said, names, BAD_PARAMETERS.values(), strict=True):
        assert line.startswith(f"cnnviz: set.toml, figure {name}: {named}")
    assert files() == {"manifest.json"}


SCENE = '''"""A scene that fails when it is drawn."""

from dataclasses import dataclass

from cnnviz.scenes.conv import Conv


@dataclass(frozen=True, kw_only=True)
class Failing(Conv):
    """Fails."""

    def storyboard(self):
        {statement}
'''


@pytest.fixture
def failing(here):
    """Add a user's scene that runs a statement when it is drawn."""
    (here / "animations").mkdir()

    def write(statement):
        Path("animations/failing.py").write_text(SCENE.format(statement=statement))
        return '[[figure]]\nscene = "failing"\nname = "failing"\n'

    return write


def test_a_fault_of_a_scene_is_one_line(cnnviz, failing):
    write_set(figure("b"), failing('raise RuntimeError("on\\ntwo lines")'))
    ran = cnnviz("render", "set.toml", "--out", "out", "-q")
    assert (ran.code, ran.err.count("\n")) == (1, 2)
    assert "figure failing: internal error: RuntimeError: on two lines" in ran.err
    assert files() == {"b.json", "manifest.json"}


def test_a_process_that_dies_ends_the_run(cnnviz, failing):
    write_set(figure("b"), failing("__import__('os')._exit(3)"))
    ran = cnnviz("render", "set.toml", "--out", "out", "-q", "--jobs", 2)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "--jobs 1" in ran.err
    assert {record["file"] for record in manifest()} == files() - {"manifest.json"}


# Sets that are wrong

A = '[[figure]]\nscene = "conv"\nname = "a"\n'
B = A + '[[figure]]\nscene = "conv"\nname = '
BAD_SETS = {
    "[[figure]\n": "figure set set.toml is not valid TOML",
    "figures = []\n": "figure set set.toml: unknown key 'figures'",
    A + '[[figure]]\nname = "b"': "set.toml, figure 2 (b): scene is missing",
    A + '[[figure]]\nscene = "conv"': "set.toml, figure 2: name is missing",
    B + '"b"\nformat = "/../../b.gif"': "set.toml, figure 2 (b): --format '/../../b.gif'",
    B + '"C:a"': "set.toml, figure 2 (C:a): name 'C:a'",
    B + '"manifest"\nformat = "json"': "set.toml, figure 2 (manifest): manifest.json",
    A + A: "set.toml and set.toml both name a figure a.gif",
}
BAD_REQUESTS = {
    "empty": "folder empty",
    "no.toml": "figure set no.toml",
    "set.toml --jobs 0": "Invalid value for '--jobs'",
    "set.toml --out file/a": "cannot write to folder file/a: ",
}


def test_bad_sets_and_requests_are_refused(cnnviz, refused):
    Path("empty").mkdir()
    Path("file").touch()
    for text, named in BAD_SETS.items():
        write_set(text)
        code, said = refused("render", "set.toml", "--out", "out")
        assert (code, said.startswith(named)) == (2, True), said
    write_set(figure("a"))
    for arguments, named in BAD_REQUESTS.items():
        code, said = refused("render", *arguments.split())
        assert (code, said.startswith(named)) == (1 if "file/a" in arguments else 2, True), said


# Runs that are cut off


def start_render(*arguments):
    # A shell starts what runs in its background deaf to Ctrl-C.
    return subprocess.Popen(
        [sys.executable, "-m", "cnnviz", "render", *arguments, "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a signal of POSIX")
def test_after_a_kill_the_rest_is_made_and_no_process_is_left(cnnviz, monkeypatch):
    write_set(*(figure(f"f{n}", format="gif", width=320, seed=n, tween=0) for n in range(6)))
    run = start_render("set.toml", "--out", "out", "--jobs", "2")
    while run.poll() is None and not Path("out/manifest.json").exists():
        time.sleep(0.005)
    run.kill()
    # The pipes are closed once the last of its processes is gone.
    assert run.communicate(timeout=30) == ("", "")
    known = {record["file"] for record in manifest()}
    assert known <= files()
    again = made(cnnviz)
    assert again & known == set()
    assert again | known | {"manifest.json"} == files()
    assert len(files()) == 7


def test_two_runs_at_once_into_one_folder():
    write_set(*(figure(f"a{n}", seed=n) for n in range(3)), figure("both"), name="one.toml")
    write_set(*(figure(f"b{n}", seed=n) for n in range(3)), figure("both"), name="two.toml")
    runs = [start_render(name, "--out", "out", "--jobs", "1") for name in ("one.toml", "two.toml")]
    assert [(run.communicate(timeout=60), run.returncode) for run in runs] == [(("", ""), 0)] * 2
    names = {f"{letter}{n}" for letter in "ab" for n in range(3)} | {"both"}
    assert files() == {f"{name}.json" for name in names} | {"manifest.json"}
    assert {one["name"] for one in manifest()} == names


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals of POSIX")
def test_ctrl_c_waits_for_no_figure_and_keeps_what_is_done(cnnviz, failing):
    write_set(figure("a"), failing("__import__('time').sleep(600)"), figure("c", seed=1))
    run = start_render("set.toml", "--out", "out", "--jobs", "2")
    while run.poll() is None and not (Path("out").exists() and {"a.json", "c.json"} <= files()):
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    try:
        assert run.communicate(timeout=30) == ("", "\ncnnviz: interrupted\n")
    finally:
        run.kill()
    assert run.returncode == 130
    assert files() == {"a.json", "c.json", "manifest.json"}
    assert [one["name"] for one in manifest()] == ["a", "c"]
