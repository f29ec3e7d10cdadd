"""Figure sets: what is made, what is left as it is, and what a bad set is told."""

from __future__ import annotations

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

from cnnviz.batch import Entry, driver, read_set, render_sets
from cnnviz.batch.digests import Sources
from cnnviz.batch.executors import completed, run_all
from cnnviz.discovery import VARIABLE
from cnnviz.errors import CnnvizError
from cnnviz.pipeline import make

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


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def files(folder="out"):
    return {path.name for path in Path(folder).iterdir()}


# What is made


def test_a_set_becomes_files_and_a_manifest(cnnviz):
    write_set(
        figure("02-b", section="Part 1", caption="Two.", format="gif", i=[4, 5], k="2x3", width=320, title="B"),
        figure("01-a", "pool", kind="avg"),
    )
    ran = cnnviz("render", "set.toml", "--out", "out", "--jobs", 1)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "2 made, 0 up to date"
    assert files() == {"02-b.gif", "01-a.json", "manifest.json"}
    command = "cnnviz conv --i 4x5 --k 2x3 --title B --width 320"
    with Image.open("out/02-b.gif") as image:
        # Rows: 4 - 2 + 1 = 3; columns: 5 - 3 + 1 = 3.
        assert (image.n_frames, image.size) == (9, (320, 180))
        assert image.info["comment"].decode().split("\n")[0] == command
    first, second = manifest()
    assert len(first.pop("digest")) == 64
    assert first == {
        "file": "02-b.gif",
        "name": "02-b",
        "scene": "conv",
        "section": "Part 1",
        "caption": "Two.",
        "title": "B",
        "alt": make("conv", i=(4, 5), k=(2, 3)).storyboard().alt,
        "command": command,
        "width": 320,
        "height": 180,
        "parameters": {"i": [4, 5], "k": "2x3", "width": 320, "title": "B"},
        "steps": 9,
        "milliseconds": 10_000,
        "bytes": Path("out/02-b.gif").stat().st_size,
        "sha256": sha256("out/02-b.gif"),
    }
    assert (second["file"], second["width"], second["command"]) == ("01-a.json", 0, "cnnviz pool avg --i 4 --k 2 --s 2")


@pytest.mark.parametrize("formats", ["gif, json", ["gif", ".json"]])
def test_a_figure_may_become_several_files(cnnviz, formats):
    write_set(figure("a", format=formats, width=320), figure("b"))
    assert cnnviz("render", "set.toml", "--out", "out", "--jobs", 1).code == 0
    assert files() == {"a.gif", "a.json", "b.json", "manifest.json"}
    first, second = manifest()
    assert (first["file"], first["width"], first["bytes"]) == ("a.gif", 320, Path("out/a.gif").stat().st_size)
    size = Path("out/a.json").stat().st_size
    assert first["also"] == [{"file": "a.json", "bytes": size, "sha256": sha256("out/a.json")}]
    assert "also" not in second
    Path("out/a.json").unlink()
    assert made(cnnviz) == {"a.gif", "a.json"}


def test_a_place_has_its_format(cnnviz):
    Path("set.toml").write_text('[[figure]]\nscene = "conv"\nname = "a"\nfor = "web"\ni = 4\nwidth = 320\n')
    assert cnnviz("render", "set.toml", "--out", "out", "-q").code == 0
    assert files() == {"a.webp", "manifest.json"}


def test_progress_is_shown_unless_quiet(cnnviz):
    write_set(figure("a"))
    assert "Rendering" in cnnviz("render", "set.toml", "--out", "out").out
    ran = cnnviz("render", "set.toml", "--out", "out", "--force", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_folders_of_sets_are_read_in_order(cnnviz):
    Path("sets").mkdir()
    write_set(figure("z"), name="sets/b.toml")
    write_set(figure("y"), figure("x"), name="sets/a.toml")
    Path("sets/notes.txt").write_text("[[")
    write_set(figure("w"), name="more.toml")
    assert cnnviz("render", "sets", "more.toml", "--jobs", 1, "--out", "out").code == 0
    assert [record["name"] for record in manifest()] == ["y", "x", "z", "w"]


def test_the_number_of_processes_changes_no_byte(cnnviz):
    write_set(*(figure(name, format=kind, width=320) for name, kind in [("a", "gif"), ("b", "json"), ("c", "png")]))
    for out, jobs in (("one", 1), ("two", 2)):
        ran = cnnviz("render", "set.toml", "--out", out, "--jobs", jobs)
        assert (ran.code, ran.err) == (0, "")
    assert files("one") == files("two") == {"a.gif", "b.json", "c.png", "manifest.json"}
    for name in files("one"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes(), name


def test_every_figure_of_the_article_can_be_made():
    entries = [entry for path in sorted((ROOT / "animations").glob("*.toml")) for entry in read_set(path)]
    assert entries
    for entry in entries:
        assert make(entry.scene, **entry.parameters).storyboard().count > 0, entry.name
        assert entry.caption, entry.name


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


def corrupt_manifest(content):
    return lambda: Path("out/manifest.json").write_bytes(content), {"a.json", "b.json"}


CHANGES = {
    "nothing": (lambda: None, set()),
    "a parameter": (lambda: write_set(BOTH[0], figure("b", s=2)), {"b.json"}),
    "a title": (lambda: write_set(BOTH[0], figure("b", title="New")), {"b.json"}),
    "a name": (lambda: write_set(BOTH[0], figure("c")), {"c.json"}),
    "one more format": (lambda: write_set(BOTH[0], figure("b", format="json,png")), {"b.json", "b.png"}),
    "a caption": (lambda: write_set(BOTH[0], figure("b", caption="New.", section="A")), set()),
    "one more figure": (lambda: write_set(BOTH[0], BOTH[1], figure("c")), {"c.json"}),
    "the order": (lambda: write_set(BOTH[1], BOTH[0]), set()),
    "an input file": (lambda: Path("map.csv").write_text("1,2,3\n4,5,6\n7,8,8\n"), {"a.json"}),
    "an input file's time": (lambda: os.utime("map.csv", (1, 1)), set()),
    "a figure's bytes, not its size": (lambda: replace_bytes("out/b.json"), {"b.json"}),
    "a figure that is gone": (lambda: Path("out/a.json").unlink(), {"a.json"}),
    "no manifest": (lambda: Path("out/manifest.json").unlink(), {"a.json", "b.json"}),
    "a manifest of bytes": corrupt_manifest(b"\xff"),
    "a manifest of numbers": corrupt_manifest(b'{"figures": [3, {"file": 5}, {"file": "b.json", "also": 5}]}'),
    "a manifest of brackets": corrupt_manifest(b"[" * 99_999),
}


@pytest.mark.parametrize("change", CHANGES)
def test_only_what_changed_is_made_again(rendered, change):
    do, again = CHANGES[change]
    do()
    assert made(rendered) == again
    assert {record["name"] for record in manifest()} == {"a", "b"} | {name.partition(".")[0] for name in again}
    assert made(rendered) == set()
    assert Path("out/manifest.json").stat().st_mtime == OLD


def test_a_new_caption_reaches_the_manifest_without_making_the_figure_again(rendered):
    write_set(BOTH[0], figure("b", caption="New.", section="A"))
    assert made(rendered) == set()
    assert [(record["caption"], record["section"]) for record in manifest()] == [("", ""), ("New.", "A")]


def test_force_and_other_code_make_all_again(rendered, monkeypatch):
    assert made(rendered, "--force") == {"a.json", "b.json"}
    monkeypatch.setattr("cnnviz.batch.digests.Sources.code", "other")
    assert made(rendered) == {"a.json", "b.json"}


def test_formats_in_another_order_leave_no_stale_record(rendered):
    for formats, size in (("png,json", 3), ("json,png", 2)):
        write_set(BOTH[0], figure("b", format=formats, width=320, k=size))
        assert made(rendered) == {"b.png", "b.json"}
    assert [one["file"] for one in manifest()] == ["a.json", "b.json"]
    for one in manifest():
        for file in (one, *one.get("also", ())):
            assert sha256(Path("out", file["file"])) == file["sha256"]


def test_another_set_leaves_the_records_of_the_first(rendered):
    write_set(figure("c"), name="other.toml")
    assert rendered("render", "other.toml", "--out", "out").code == 0
    assert [record["name"] for record in manifest()] == ["c", "a", "b"]
    assert made(rendered) == set()


def entry(**more):
    return Entry(**{"source": "set.toml", "name": "a", "scene": "conv", "file": "a.gif"} | more)


def digest(**more):
    return Sources().digest(entry(**more))


@pytest.mark.parametrize("path", ["batch/driver.py", "themes/x.toml", "player.js"])
def test_every_file_of_the_package_counts_as_code(monkeypatch, tmp_path, path):
    package = tmp_path / "package"
    monkeypatch.setattr("cnnviz.batch.digests.PACKAGE", package)
    for folder in ("batch", "themes", "__pycache__"):
        (package / folder).mkdir(parents=True)
    before = digest()
    (package / path).write_text("1")
    changed = digest()
    assert changed != before
    (package / "__pycache__" / "new.pyc").write_text("3")
    assert digest() == changed


def test_a_users_scene_is_code_of_its_figures_alone(tmp_path):
    (tmp_path / "animations").mkdir()
    theirs, ours = digest(scene="mine"), digest()
    for name in ("mine.py", "_shared.py"):
        (tmp_path / "animations" / name).write_text('"""A scene."""')
        assert digest(scene="mine") != theirs
        theirs = digest(scene="mine")
    (tmp_path / "animations" / "other.py").write_text('"""A scene."""')
    assert (digest(scene="mine"), digest()) == (theirs, ours)


def test_another_release_of_what_draws_makes_figures_anew(monkeypatch):
    def with_new(name):
        monkeypatch.setattr("cnnviz.batch.digests.version", lambda one: "2" if one == name else "1")
        return digest(), digest(file="a.mp4")

    picture, video = with_new(None)
    assert picture not in with_new("matplotlib")
    assert with_new("av")[0] == picture
    assert with_new("av")[1] != video


@pytest.mark.parametrize("parameters", [{"theme": "mine.toml"}, {"lang": "mine.toml"}, {"weights": "mine.npz"}])
def test_every_file_that_a_parameter_names_counts(parameters):
    (name,) = parameters.values()
    seen = {digest(parameters=parameters)}
    for text in ("name = 1", "name = 2"):
        Path(name).write_text(text)
        seen.add(digest(parameters=parameters))
    assert len(seen) == 3


def test_a_title_is_no_file():
    Path("3.1 Conv").write_text("x")
    assert entry(parameters={"title": "3.1 Conv"}).inputs() == {}


def test_the_font_counts_where_texts_need_it(monkeypatch, tmp_path):
    font = tmp_path / "font.otf"
    monkeypatch.setattr("cnnviz.render.fonts.font_of", lambda *_: (str(font), 0))
    for parameters, count in (({"lang": "zh"}, 2), ({"title": "卷积"}, 2), ({"title": "Größe α – √×"}, 1)):
        seen = set()
        for text in ("one", "two"):
            font.write_text(text)
            seen.add(digest(parameters=parameters))
        assert len(seen) == count, parameters


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
    write_set(figure("a"), figure("bad", k=2), figure("c"))
    assert cnnviz("render", "set.toml", "--out", "out").out.splitlines()[-1] == "1 made, 2 up to date"
    write_set(figure("a"), figure("bad", k=9), figure("c"))
    assert cnnviz("render", "set.toml", "--out", "out", "-q").code == 1
    assert [record["name"] for record in manifest()] == ["a", "c"]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('k = "three"', "--k 'three'"),
        ("k = 3.5", "--k 3.5"),
        ("k = [3, 2, 1]", "--k [3, 2, 1]"),
        ("k = true", "--k True"),
        ("k = 1979-05-27", "--k datetime.date(1979, 5, 27)"),
        ("kernel-size = 0", "--k 0"),
        ("k = 1\nkernel_size = 2", "kernel_size is given twice"),
        ("flip = 1", "--flip 1"),
        ("bias = nan", "--bias nan"),
        ("title = 3", "--title 3"),
        ("input = [[1, 2], [3]]", "input, row 2"),
        ("input = [[1, nan]]", "input, row 1, column 2"),
        ('input = "no.csv"', "input file 'no.csv'"),
        ("strid = 2", "conv has no parameter 'strid': did you mean stride?"),
        ('format = "xyz"', "a.xyz: extension .xyz"),
    ],
)
def test_a_bad_parameter_is_reported_with_file_figure_and_key(cnnviz, line, named):
    Path("set.toml").write_text(f'[[figure]]\nscene = "conv"\nname = "a"\n{line}\n')
    ran = cnnviz("render", "set.toml", "--out", "out", "-q")
    first, *rest = ran.err.splitlines()
    assert (ran.code, rest) == (1, ["cnnviz: 1 of 1 figures failed"])
    assert first.startswith(f"cnnviz: set.toml, figure a: {named}")
    assert files() == {"manifest.json"}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="/proc is Linux's")
def test_a_file_that_cannot_be_read_fails_one_figure(cnnviz):
    write_set(figure("a", input="/proc/self/mem"), figure("b"))
    ran = cnnviz("render", "set.toml", "--out", "out", "-q")
    assert ran.code == 1
    assert ran.err.startswith("cnnviz: set.toml, figure a: input file '/proc/self/mem' ")
    assert files() == {"b.json", "manifest.json"}


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
def failing():
    """Add a user's scene that runs a statement when it is drawn."""
    Path("animations").mkdir()

    def write(statement):
        Path("animations/failing.py").write_text(SCENE.format(statement=statement))
        return '[[figure]]\nscene = "failing"\nname = "failing"\n'

    return write


def test_a_fault_of_a_scene_is_one_line(cnnviz, failing):
    write_set(figure("b"), failing('raise RuntimeError("on\\ntwo lines")'))
    ran = cnnviz("render", "set.toml", "--out", "out", "-q")
    assert ran.code == 1
    assert ran.err.count("\n") == 2
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
FIGURE_2 = "set.toml, figure 2"


def second(lines, where=f"{FIGURE_2} (b)"):
    return A + '[[figure]]\nscene = "conv"\nname = "b"\n' + lines, where


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[figure]\n", "figure set set.toml is not valid TOML"),
        (A + "k = 1\nk = 2\n", "figure set set.toml is not valid TOML"),
        ("figures = []\n", "figure set set.toml: unknown key 'figures'"),
        ("figure = 3\n", "figure set set.toml: "),
        ("[figure]\nscene = 'conv'\n", "figure set set.toml: "),
        (A + '[[figure]]\nname = "b"', f"{FIGURE_2} (b): scene is missing"),
        (A + '[[figure]]\nscene = "conv"', f"{FIGURE_2}: name is missing"),
        (A + '[[figure]]\nscene = 3\nname = "b"', f"{FIGURE_2} (b): scene 3"),
        second("caption = 3", f"{FIGURE_2} (b): caption 3"),
        second("format = 3", f"{FIGURE_2} (b): format 3"),
        second('format = "/../../b.gif"', f"{FIGURE_2} (b): format '/../../b.gif'"),
        *(
            (A + f'[[figure]]\nscene = "conv"\nname = "{name}"', f"{FIGURE_2} ({name}): name {name!r}")
            for name in ("a/b", "..", ".a", "a ", "C:a", "a%b")
        ),
        (A + '[[figure]]\nscene = "conv"\nname = "Manifest"\nformat = "json"', f"{FIGURE_2} (Manifest): manifest.json"),
        (A + A, "set.toml and set.toml both name a figure a.gif"),
        (A + A.replace('"a"', '"A"'), "set.toml and set.toml both name figures that many disks take for one, a.gif"),
    ],
)
def test_a_bad_set_is_refused(cnnviz, text, named):
    Path("set.toml").write_text(text, encoding="utf-8")
    ran = cnnviz("render", "set.toml", "--out", "out")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"cnnviz: {named}")
    assert files(".") == {"set.toml"}


def test_a_figure_may_be_named_in_any_script(cnnviz):
    names = ("卷积", "pool ü", "à", "हिन्दी")
    figures = [f'[[figure]]\nscene = "conv"\nname = "{name}"\ni = 3\nwidth = 320\n' for name in names]
    Path("set.toml").write_text("\ufeff" + "\n".join(figures), encoding="utf-8")
    assert cnnviz("render", "set.toml", "--out", "out", "-q").code == 0
    assert {f"{name}.gif" for name in names} < {path.name for path in Path("out").iterdir()}
    assert cnnviz("gallery", "out").code == 0
    assert "pool%20%C3%BC.gif" in Path("out/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        ("empty", 2, "folder empty"),
        ("no.toml", 2, "figure set no.toml"),
        ("a" * 300, 2, "figure set aaa"),
        *((f"set.toml --jobs {jobs}", 2, f"--jobs '{jobs}'") for jobs in ("0", "-1", "257", "two", "1.5")),
        ("set.toml --out file", 1, "cannot write to folder file: "),
        ("set.toml --out file/a", 1, "cannot write to folder file/a: "),
    ],
)
def test_a_bad_request_is_refused(cnnviz, arguments, code, named):
    Path("empty").mkdir()
    Path("file").touch()
    write_set(figure("a"))
    ran = cnnviz("render", *arguments.split())
    assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1)
    assert ran.err.startswith(f"cnnviz: {named}")
    assert files(".") == {"empty", "file", "set.toml"}


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
    write_set(*(figure(f"f{n:02}", format="gif", i=6, width=640, seed=n) for n in range(40)))
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
    assert len(files()) == 41


def test_two_runs_at_once_into_one_folder():
    write_set(*(figure(f"a{n}", seed=n) for n in range(6)), figure("both"), name="one.toml")
    write_set(*(figure(f"b{n}", seed=n) for n in range(6)), name="two.toml")
    runs = [start_render(name, "--out", "out", "--jobs", "1") for name in ("one.toml", "two.toml", "one.toml")]
    assert [(run.communicate(timeout=60), run.returncode) for run in runs] == [(("", ""), 0)] * 3
    names = {f"{letter}{n}" for letter in "ab" for n in range(6)} | {"both"}
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


def test_the_manifest_is_saved_while_figures_are_made(cnnviz, monkeypatch):
    saved = []

    def watched(outcomes, count, quiet):
        for outcome in outcomes:
            saved.append(len(manifest()) if Path("out/manifest.json").exists() else 0)
            yield outcome

    monkeypatch.setattr(driver, "_SAVE_INTERVAL", 0)
    monkeypatch.setattr(driver, "progress", watched)
    write_set(figure("a"), figure("b"), figure("c"))
    assert cnnviz("render", "set.toml", "--out", "out", "--jobs", 1).code == 0
    assert saved == [0, 1, 2]


# How work is shared


def test_what_took_long_is_begun_first(cnnviz, monkeypatch):
    both = [figure(name, format="gif", width=320, i=size) for name, size in (("small", 4), ("large", 6))]
    write_set(*both)
    assert cnnviz("render", "set.toml", "--out", "out").code == 0
    order = []
    monkeypatch.setattr(driver._Run, "take", lambda _, outcome: order.append(outcome.entry.name))
    write_set(*both, figure("new"))
    assert cnnviz("render", "set.toml", "--out", "out", "--force", "--jobs", 1).code == 0
    assert order == ["new", "large", "small"]


def test_thousands_of_figures_are_never_all_submitted():
    from concurrent.futures import ThreadPoolExecutor

    begun, most = [0], 0

    def items():
        for number in range(300):
            begun[0] += 1
            yield number

    with ThreadPoolExecutor(2) as pool:
        done = 0
        for item, future in completed(pool, abs, items(), 4):
            done += 1
            most = max(most, begun[0] - done)
            assert future.result() == item
    assert (done, begun[0]) == (300, 300)
    assert most <= 4


def test_results_of_processes_come_as_they_complete():
    assert sorted(run_all(abs, [-1, -2, 3], 2)) == [1, 2, 3]
    assert list(run_all(abs, [], 2)) == []
    with pytest.raises(CnnvizError):
        list(run_all(os._exit, [1, 2], 2))


@pytest.mark.parametrize("moment", ["before", "after"])
def test_ctrl_c_around_the_naming_of_a_file_leaves_file_and_entry_or_neither(cnnviz, monkeypatch, moment):
    write_set(figure("a"), figure("b"))
    replace = os.replace

    def interrupted(temporary, path):
        if Path(path).name != "b.json":
            return replace(temporary, path)
        if moment == "after":
            replace(temporary, path)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        assert cnnviz("render", "set.toml", "--out", "out", "--jobs", 1).code == 130
    listed = {one["file"] for one in manifest()}
    assert listed == {"a.json"} | ({"b.json"} if moment == "after" else set())
    assert files("out") == listed | {"manifest.json"}
