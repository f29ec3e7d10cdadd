"""Figure sets: what is made, what is left as it is, and what a bad set is told."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import weakref
from concurrent.futures import wait
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image

from cnnviz.batch import Entry, read_set, render_sets
from cnnviz.batch.digests import Sources
from cnnviz.batch.executors import Pool, tidily
from cnnviz.batch.manifest import JOURNAL_PREFIX, Journal, fold
from cnnviz.cli import main
from cnnviz.discovery import VARIABLE
from cnnviz.export._atomic import TEMPORARY_PREFIX
from cnnviz.pipeline import make

ARTICLE = Path(__file__).parents[1] / "animations"
OLD = 1_000_000_000


@pytest.fixture(autouse=True)
def _in_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")


def figure(name, scene="conv", **more):
    """A figure's table in TOML; JSON unless said otherwise, since it is quick to write."""
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


def files(folder="."):
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*")}


# What is made


def test_a_set_becomes_files_and_a_manifest(cnnviz):
    write_set(
        figure("02-b", section="Part 1", caption="Two.", format="gif", i=[4, 5], k="2x3", width=320, title="B"),
        figure("01-a", "pool", kind="avg"),
    )
    ran = cnnviz("render", "set.toml", "--out", "out", "--jobs", 1)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "2 made, 0 up to date"
    assert files("out") == {"02-b.gif", "01-a.json", "manifest.json"}
    with Image.open("out/02-b.gif") as image:
        # Rows: 4 - 2 + 1 = 3; columns: 5 - 3 + 1 = 3.
        assert (image.n_frames, image.size, image.info["comment"].decode().split("\n")[0]) == (
            9, (320, 180), "cnnviz conv --i 4x5 --k 2x3 --title B --width 320",
        )  # fmt: skip
    first, second = manifest()
    digest = first.pop("digest")
    assert len(digest) == 64
    assert digest != second["digest"]
    board = make("conv", i=(4, 5), k=(2, 3)).storyboard()
    assert first == {
        "file": "02-b.gif", "name": "02-b", "scene": "conv", "section": "Part 1", "caption": "Two.", "title": "B",
        "alt": board.alt, "command": "cnnviz conv --i 4x5 --k 2x3 --title B --width 320", "width": 320, "height": 180,
        "parameters": {"i": [4, 5], "k": "2x3", "width": 320, "title": "B"}, "steps": 9, "milliseconds": 10_000,
        "bytes": Path("out/02-b.gif").stat().st_size, "sha256": sha256("out/02-b.gif"),
    }  # fmt: skip
    assert (second["file"], second["width"], second["command"]) == ("01-a.json", 0, "cnnviz pool avg --i 4 --k 2 --s 2")


def test_sizes_are_rows_and_columns(cnnviz):
    write_set(figure("a", i=7, k=[3, 5]))
    assert cnnviz("render", "set.toml", "--out", "out").code == 0
    board = json.loads(Path("out/a.json").read_text())
    assert next(panel["shape"] for panel in board["panels"] if panel["name"] == "kernel") == [3, 5]


@pytest.mark.parametrize("named", ["gif, json", ["gif", ".json"]])
def test_a_figure_may_become_several_files(cnnviz, named):
    write_set(figure("a", format=named, width=320), figure("b"))
    ran = cnnviz("render", "set.toml", "--out", "out", "--jobs", 1)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "2 made, 0 up to date"
    assert files("out") == {"a.gif", "a.json", "b.json", "manifest.json"}
    first, second = manifest()
    assert (first["file"], first["width"], first["bytes"]) == ("a.gif", 320, Path("out/a.gif").stat().st_size)
    size = Path("out/a.json").stat().st_size
    assert first["also"] == [{"file": "a.json", "bytes": size, "sha256": sha256("out/a.json")}]
    assert "also" not in second
    assert made(cnnviz) == set()
    Path("out/a.json").unlink()
    assert made(cnnviz) == {"a.gif", "a.json"}
    assert json.loads(Path("out/a.json").read_text())["scene"] == "conv"


def test_a_place_has_its_format_and_its_look(cnnviz):
    Path("set.toml").write_text('[[figure]]\nscene = "conv"\nname = "a"\nfor = "web"\ni = 4\nwidth = 320\n')
    assert cnnviz("render", "set.toml", "--out", "out", "-q").code == 0
    assert files("out") == {"a.webp", "manifest.json"}
    assert manifest()[0]["command"] == "cnnviz conv --i 4 --k 3 --width 320 --for web"


def test_progress_is_shown_unless_it_should_be_quiet(cnnviz):
    write_set(figure("a"))
    assert "Rendering" in cnnviz("render", "set.toml", "--out", "out").out
    ran = cnnviz("render", "set.toml", "--out", "out", "--force", "-q")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    ran = cnnviz("render", "set.toml", "--out", "out")
    assert ran.out == "0 made, 1 up to date\n"


def test_folders_of_sets_are_read_in_order(cnnviz):
    Path("sets").mkdir()
    write_set(figure("z"), name="sets/b.toml")
    write_set(figure("y"), figure("x"), name="sets/a.toml")
    Path("sets/notes.txt").write_text("[[")
    write_set(figure("w"), name="more.toml")
    ran = cnnviz("render", "sets", "more.toml", "--jobs", 1)
    assert ran.out.splitlines()[-1] == "4 made, 0 up to date"
    records = json.loads(Path("output/manifest.json").read_text())["figures"]
    assert [record["name"] for record in records] == ["y", "x", "z", "w"]


def test_the_number_of_processes_changes_no_byte(cnnviz):
    write_set(*(figure(name, format=kind, width=320, seed=seed) for seed, (name, kind) in enumerate(
        [("a", "gif"), ("b", "json"), ("c", "json"), ("d", "gif")]
    )))  # fmt: skip
    assert cnnviz("render", "set.toml", "--out", "one", "--jobs", 1).code == 0
    ran = cnnviz("render", "set.toml", "--out", "two", "--jobs", 2)
    assert (ran.code, ran.err) == (0, "")
    assert files("one") == files("two") == {"a.gif", "b.json", "c.json", "d.gif", "manifest.json"}
    for name in files("one"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes(), name


def test_every_figure_of_the_article_can_be_made():
    entries = [entry for path in sorted(ARTICLE.glob("*.toml")) for entry in read_set(path)]
    assert entries
    assert len({entry.file for entry in entries}) == len(entries)
    for entry in entries:
        assert make(entry.scene, **entry.parameters).storyboard().count > 0, entry.name
        assert entry.caption, entry.name


# What is left as it is

BOTH = (figure("a", input="map.csv", i=3), figure("b"))


@pytest.fixture
def rendered(cnnviz):
    """A set of two figures, rendered, the first from a file."""
    Path("map.csv").write_text("1,2,3\n4,5,6\n7,8,9\n")
    write_set(*BOTH)
    assert cnnviz("render", "set.toml", "--out", "out", "--jobs", 1).code == 0
    return cnnviz


def test_what_is_up_to_date_stays(rendered):
    before = Path("out/manifest.json").read_bytes()
    assert made(rendered) == set()
    assert Path("out/manifest.json").read_bytes() == before
    assert Path("out/manifest.json").stat().st_mtime == OLD, "a manifest that says the same is not written again"


def replace_bytes(path):
    size = Path(path).stat().st_size
    Path(path).write_bytes(b"." * size)
    os.utime(path, (OLD, OLD))


STRANGERS = json.dumps({"figures": [
    {"file": 5}, {"file": "a.json"}, {"file": "b.json", "also": 5}, {"file": "map.gif", "bytes": 1e99},
]})  # fmt: skip

CHANGES = {
    "a parameter": (lambda: write_set(BOTH[0], figure("b", s=2)), {"b.json"}),
    "a seed": (lambda: write_set(BOTH[0], figure("b", seed=3)), {"b.json"}),
    "a title": (lambda: write_set(BOTH[0], figure("b", title="New")), {"b.json"}),
    "a name": (lambda: write_set(BOTH[0], figure("c")), {"c.json"}),
    "one more format": (lambda: write_set(BOTH[0], figure("b", format="json,png")), {"b.json", "b.png"}),
    "a caption": (lambda: write_set(BOTH[0], figure("b", caption="New.", section="A")), set()),
    "one more": (lambda: write_set(BOTH[0], BOTH[1], figure("c")), {"c.json"}),
    "the order": (lambda: write_set(BOTH[1], BOTH[0]), set()),
    "an input file": (lambda: Path("map.csv").write_text("1,2,3\n4,5,6\n7,8,8\n"), {"a.json"}),
    "an input file's time": (lambda: os.utime("map.csv", (1, 1)), set()),
    "a figure of as many other bytes": (lambda: replace_bytes("out/b.json"), {"b.json"}),
    "a file that no figure names": (lambda: Path("other.csv").write_text("1"), set()),
    "a figure that is gone": (lambda: Path("out/a.json").unlink(), {"a.json"}),
    "a figure that is cut": (lambda: Path("out/b.json").write_text("cut"), {"b.json"}),
    "no manifest": (lambda: Path("out/manifest.json").unlink(), {"a.json", "b.json"}),
    "a manifest of bytes": (lambda: Path("out/manifest.json").write_bytes(b"\xff"), {"a.json", "b.json"}),
    "a manifest of numbers": (lambda: Path("out/manifest.json").write_text('{"figures": [3]}'), {"a.json", "b.json"}),
    "a manifest of strangers": (lambda: Path("out/manifest.json").write_text(STRANGERS), {"a.json", "b.json"}),
    "a manifest without end": (lambda: Path("out/manifest.json").write_text("[" * 99_999), {"a.json", "b.json"}),
    "a manifest of nothing": (lambda: Path("out/manifest.json").write_text("[]"), {"a.json", "b.json"}),
}


def test_formats_in_another_order_leave_no_record_of_what_is_gone(rendered):
    write_set(BOTH[0], figure("b", format="png,json", width=320))
    assert made(rendered) == {"b.png", "b.json"}
    write_set(BOTH[0], figure("b", format="json,png", width=320, k=2))
    assert made(rendered) == {"b.png", "b.json"}
    assert [(one["file"], *(other["file"] for other in one.get("also", ()))) for one in manifest()] == [
        ("a.json",), ("b.json", "b.png"),
    ]  # fmt: skip
    for one in manifest():
        for file in (one, *one.get("also", ())):
            assert sha256(Path("out", file["file"])) == file["sha256"]


def test_a_record_stays_true_until_its_figure_is_made_in_other_formats(rendered):
    # Another run was cut off before it came to it.
    entries = [entry(name="b", file="b.png", also=("b.json",))]
    fold(Path("out"), entries, {}, ())
    assert {one["file"] for one in manifest()} == {"a.json", "b.json"}
    fold(Path("out"), entries, {}, ["b.png"])
    assert {one["file"] for one in manifest()} == {"a.json"}


@pytest.mark.parametrize("change", CHANGES)
def test_only_what_changed_is_made_again(rendered, change):
    do, again = CHANGES[change]
    do()
    assert made(rendered) == again
    assert {record["name"] for record in manifest()} == {"a", "b"} | {name.partition(".")[0] for name in again}
    assert made(rendered) == set()


def test_a_caption_that_changed_is_told_without_making_the_figure_again(rendered):
    write_set(BOTH[0], figure("b", caption="New.", section="A"))
    assert made(rendered) == set()
    assert [(record["caption"], record["section"]) for record in manifest()] == [("", ""), ("New.", "A")]


def test_force_makes_all_again(rendered):
    assert made(rendered, "--force") == {"a.json", "b.json"}


def test_other_code_makes_all_again(rendered, monkeypatch):
    monkeypatch.setattr("cnnviz.batch.digests.Sources.code", "other")
    assert made(rendered) == {"a.json", "b.json"}


def entry(**more):
    return Entry(**{"source": "set.toml", "name": "a", "scene": "conv", "file": "a.gif"} | more)


def digest(**more):
    return Sources().digest(entry(**more))


@pytest.mark.parametrize("path", ["batch/driver.py", "themes/x.toml", "new.py", "data.npy", "player.js", "page.html"])
def test_code_counts_wherever_it_is(monkeypatch, tmp_path, path):
    package = tmp_path / "package"
    monkeypatch.setattr("cnnviz.batch.digests.PACKAGE", package)
    for folder in ("batch", "themes"):
        (package / folder).mkdir(parents=True)
    before = digest()
    for text in ("1", "2"):
        (package / path).write_text(text)
        assert digest() != before
        before = digest()
    os.utime(package / path, (1, 1))
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "new.cpython-311.pyc").write_text("3")
    assert digest() == before


def test_a_scene_of_ones_own_is_code_of_its_figures_alone(tmp_path):
    (tmp_path / "animations").mkdir()
    theirs, ours = digest(scene="mine"), digest()
    for name in ("mine.py", "_shared.py"):
        (tmp_path / "animations" / name).write_text('"""A scene."""')
        assert digest(scene="mine") != theirs
        theirs = digest(scene="mine")
    (tmp_path / "animations" / "other.py").write_text('"""A scene."""')
    assert (digest(scene="mine"), digest()) == (theirs, ours)


def releases(monkeypatch, changed):
    def version(name):
        return "other" if name == changed else "1"

    monkeypatch.setattr("cnnviz.batch.digests.version", version)
    return digest(), digest(file="a.mp4")


def test_another_release_of_what_draws_makes_figures_anew(monkeypatch):
    still, film = releases(monkeypatch, None)
    for name in ("numpy", "matplotlib", "contourpy", "fonttools", "pillow"):
        other = releases(monkeypatch, name)
        assert other[0] != still, name
        assert other[1] != film, name
    assert releases(monkeypatch, "av")[0] == still
    assert releases(monkeypatch, "av")[1] != film


@pytest.mark.parametrize("parameters", [{"theme": "mine.toml"}, {"lang": "mine.toml"}, {"weights": "mine.npz"}])
def test_every_file_that_a_parameter_names_counts(parameters):
    (name,) = parameters.values()
    seen = {digest(parameters=parameters)}
    for text in ("name = 1", "name = 2"):
        Path(name).write_text(text)
        seen.add(digest(parameters=parameters))
    assert len(seen) == 3
    os.utime(name, (1, 1))
    assert digest(parameters=parameters) in seen


def test_a_title_is_no_file(rendered):
    Path("3.1 Conv").write_text("x")
    assert entry(parameters={"title": "3.1 Conv"}).inputs() == {}
    assert entry(source="sub/set.toml", parameters={"title": "3.1 Conv"}).resolved() == {"title": "3.1 Conv"}


def test_the_font_counts_where_words_need_it(monkeypatch, tmp_path):
    font = tmp_path / "font.otf"
    monkeypatch.setattr("cnnviz.render.fonts.font_of", lambda *_: (str(font), 0))
    plain = {"title": "Größe α – √×"}
    for parameters in ({"lang": "zh"}, {"title": "卷积"}, plain):
        seen = set()
        for text in ("one", "two"):
            font.write_text(text)
            seen.add(digest(parameters=parameters))
        assert len(seen) == (1 if parameters is plain else 2), parameters


def test_the_same_set_by_another_path_is_up_to_date(rendered, tmp_path):
    ran = rendered("render", tmp_path / "set.toml", "--out", tmp_path / "out")
    assert ran.out == "0 made, 2 up to date\n"


def test_another_set_leaves_the_records_of_the_first(rendered):
    write_set(figure("c"), name="other.toml")
    assert rendered("render", "other.toml", "--out", "out").code == 0
    assert [record["name"] for record in manifest()] == ["c", "a", "b"]
    assert made(rendered) == set()
    Path("out/b.json").unlink()
    rendered("render", "other.toml", "--out", "out")
    assert {record["name"] for record in manifest()} == {"a", "c"}


# Figures that fail


def test_one_failing_figure_does_not_stop_the_others(cnnviz):
    write_set(figure("a"), figure("bad", k=9), figure("c"))
    ran = cnnviz("render", "set.toml", "--out", "out", "--jobs", 1)
    fit = "kernel 9 does not fit the padded input 4 (= 4 + 2·0): use --p 3 or more, or --k 4 or less"
    assert ran.code == 1
    assert ran.err == f"cnnviz: set.toml, figure bad: {fit}\ncnnviz: 1 of 3 figures failed\n"
    assert ran.out.splitlines()[-1] == "2 made, 0 up to date"
    assert files("out") == {"a.json", "c.json", "manifest.json"}
    assert [record["name"] for record in manifest()] == ["a", "c"]
    ran = cnnviz("render", "set.toml", "--out", "out", "--jobs", 2, "-q")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"cnnviz: set.toml, figure bad: {fit}\ncnnviz: 1 of 3 figures failed\n"
    write_set(figure("a"), figure("bad", k=2), figure("c"))
    assert cnnviz("render", "set.toml", "--out", "out").out.splitlines()[-1] == "1 made, 2 up to date"


SIZE = "is not a size: give a whole number such as 3, or rows x columns such as 3x2"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('k = "three"', f"--k 'three' {SIZE}"),
        ("k = 3.5", f"--k 3.5 {SIZE}"),
        ("k = [3]", f"--k [3] {SIZE}"),
        ("k = [3, 2, 1]", f"--k [3, 2, 1] {SIZE}"),
        ("k = true", f"--k True {SIZE}"),
        ("k = {a = 1}", f"--k {{'a': 1}} {SIZE}"),
        ("k = 1979-05-27", f"--k datetime.date(1979, 5, 27) {SIZE}"),
        ("k = 0", "--k 0 is too small: use 1 or more"),
        ("kernel-size = 0", "--k 0 is too small: use 1 or more"),
        ("k = 1\nkernel_size = 2", "kernel_size is given twice: k and its long form mean the same"),
        ("flip = 1", "--flip 1 is neither true nor false"),
        ("bias = nan", "--bias nan is not a number: give one such as 0.5"),
        ("seed = 1.5", "--seed 1.5 is not a whole number: give one such as 3"),
        ("title = 3", "--title 3 is not a text"),
        ("input = [[1, 2], [3]]", "input, row 2 has 1 number, but row 1 has 2: make all rows the same length"),
        ("input = [[1, nan]]", "input, row 1, column 2 is nan: use finite numbers only"),
        ('input = "no.csv"', "input file 'no.csv' does not exist: check the path"),
        ("output = 3", "conv has no parameter 'output': "),
        ("strid = 2", "conv has no parameter 'strid': did you mean stride?"),
        ('format = "xyz"', "a.xyz: extension .xyz is not a known format: "),
    ],
)
def test_a_bad_parameter_is_told_with_file_figure_and_key(cnnviz, line, message):
    Path("set.toml").write_text(f'[[figure]]\nscene = "conv"\nname = "a"\n{line}\n')
    ran = cnnviz("render", "set.toml", "--out", "out", "-q")
    first, *rest = ran.err.splitlines()
    assert (ran.code, rest) == (1, ["cnnviz: 1 of 1 figures failed"])
    assert first.startswith(f"cnnviz: set.toml, figure a: {message}")
    assert files("out") == {"manifest.json"}


def test_an_unknown_scene_is_told_with_what_there_is(cnnviz):
    write_set(figure("a", "cnov"))
    err = cnnviz("render", "set.toml", "--out", "out", "-q").err
    assert err.startswith("cnnviz: set.toml, figure a: there is no scene 'cnov': did you mean conv?")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="/proc is Linux's")
def test_a_file_that_cannot_be_read_fails_one_figure(cnnviz):
    write_set(figure("a", input="/proc/self/mem"), figure("b"))
    ran = cnnviz("render", "set.toml", "--out", "out", "-q")
    assert ran.code == 1
    assert ran.err.startswith("cnnviz: set.toml, figure a: input file '/proc/self/mem' ")
    assert files("out") == {"b.json", "manifest.json"}


SCENE = '''"""A scene that {what} when it is drawn."""

import os
from dataclasses import dataclass

from cnnviz.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Failing(Scene):
    """Fails."""

    def storyboard(self):
        {statement}

    def expected(self):
        return {{}}
'''


@pytest.fixture
def failing():
    """Write a scene that fails by a statement into the folder where users' scenes are found."""
    Path("animations").mkdir()

    def write(name, statement):
        Path("animations", f"{name}.py").write_text(SCENE.format(what=name, statement=statement))

    return write


def test_a_fault_of_a_scene_is_one_line(cnnviz, failing):
    failing("falls", 'raise RuntimeError("on\\ntwo lines")')
    write_set(figure("b"), '[[figure]]\nscene = "falls"\nname = "a"\n')
    ran = cnnviz("render", "set.toml", "--out", "out", "-q")
    assert ran.code == 1
    assert ran.err.splitlines() == [
        "cnnviz: set.toml, figure a: internal error: RuntimeError: on two lines", "cnnviz: 1 of 2 figures failed",
    ]  # fmt: skip
    assert files("out") == {"b.json", "manifest.json"}


def test_a_process_that_dies_is_told(cnnviz, failing):
    failing("dies", "os._exit(3)")
    write_set(figure("b"), '[[figure]]\nscene = "dies"\nname = "a"\n')
    ran = cnnviz("render", "set.toml", "--out", "out", "-q", "--jobs", 2)
    message = "cnnviz: a process that renders died, perhaps for want of memory: try --jobs 1\n"
    assert (ran.code, ran.out, ran.err) == (1, "", message)
    # What it had begun may still lie there under its temporary name, as after any violent end.
    whole = {name for name in files("out") if not name.startswith(TEMPORARY_PREFIX)}
    assert whole <= {"b.json", "manifest.json"}
    assert {record["file"] for record in manifest()} <= whole


# Sets that are wrong


def refused(cnnviz, *arguments):
    before = files()
    ran = cnnviz("render", *arguments)
    assert ran.out == ""
    assert ran.err.startswith("cnnviz: ")
    assert ran.err.count("\n") == 1
    assert files() == before
    return ran.code, ran.err.removeprefix("cnnviz: ").removesuffix("\n")


A = '[[figure]]\nscene = "conv"\nname = "a"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[figure]\n", " is not valid TOML: "),
        (A + "k = 1\nk = 2\n", " is not valid TOML: "),
        (b"title = '\xff'", " is not valid TOML: "),
        ("figures = []\n", ": unknown key 'figures': a set holds [[figure]] tables"),
        (A + '[other]\nx = 1\n', ": unknown key 'other': a set holds [[figure]] tables"),
        ("figure = 3\n", ": write each figure as a table under [[figure]]"),
        ("[figure]\nscene = 'conv'\n", ": write each figure as a table under [[figure]]"),
        ("figure = [3]\n", ": write each figure as a table under [[figure]]"),
    ],
)
def test_a_bad_file_is_named(cnnviz, text, message):
    Path("set.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    code, told = refused(cnnviz, "set.toml", "--out", "out")
    assert code == 2
    assert told.startswith(f"figure set set.toml{message}")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('name = "a"', "set.toml, figure 2 (a): scene is missing"),
        ('scene = "conv"', "set.toml, figure 2: name is missing"),
        ('scene = "conv"\nname = ""', "set.toml, figure 2: name is missing"),
        ('scene = 3\nname = "a"', "set.toml, figure 2 (a): scene 3 is not a text"),
        ('scene = "conv"\nname = 3', "set.toml, figure 2: name 3 is not a text"),
        ('scene = "conv"\nname = "a"\ncaption = 3', "set.toml, figure 2 (a): caption 3 is not a text"),
        ('scene = "conv"\nname = "a"\nsection = []', "set.toml, figure 2 (a): section [] is not a text"),
        ('scene = "conv"\nname = "a"\nformat = 3', "set.toml, figure 2 (a): format 3 is not a text"),
        *(
            (f'scene = "conv"\nname = "{name}"',
             f"set.toml, figure 2 ({name}): name {name!r} does not do as a file name: "
             "use letters, digits, dots, - and _")
            for name in ("a/b", "../a", "..", ".a", "/a", "a b", "C:a", "ä")
        ),
        *(
            (f'scene = "conv"\nname = "a"\nformat = "{extension}"',
             f"set.toml, figure 2 (a): format '{extension}' is not a file's extension: give one such as gif")
            for extension in ("", "/../../b.gif", "gif/b.gif", "..gif")
        ),
        ('scene = "conv"\nname = "manifest"\nformat = "json"',
         "set.toml, figure 2 (manifest): manifest.json is where the set is listed: use another name"),
        ('scene = "conv"\nname = "Manifest"\nformat = "json"',
         "set.toml, figure 2 (Manifest): manifest.json is where the set is listed: use another name"),
        ('scene = "conv"\nname = "first"', "set.toml and set.toml both name a figure first.gif: rename one"),
        ('scene = "conv"\nname = "First"',
         "set.toml and set.toml both name figures that many disks take for one, first.gif and First.gif: rename one"),
    ],
)  # fmt: skip
def test_a_bad_figure_is_told_with_file_place_and_key(cnnviz, lines, message):
    first = '[[figure]]\nscene = "conv"\nname = "first"\n'
    Path("set.toml").write_text(f"{first}\n[[figure]]\n{lines}\n", encoding="utf-8")
    assert refused(cnnviz, "set.toml", "--out", "out") == (2, message)


def test_twins_in_two_sets(cnnviz):
    write_set(figure("a"), name="one.toml")
    write_set(figure("a"), name="two.toml")
    message = "two.toml and one.toml both name a figure a.json: rename one"
    assert refused(cnnviz, "one.toml", "two.toml") == (2, message)


def test_nothing_to_render(cnnviz):
    Path("empty").mkdir()
    message = "folder empty holds no figure set: put a .toml file there"
    assert refused(cnnviz, "empty") == (2, message)
    for name in ("no.toml", "a" * 300):
        code, message = refused(cnnviz, name)
        assert code == 2
        assert message.startswith(f"figure set {name} does not exist: ")


@pytest.mark.parametrize("jobs", ["0", "-1", "257", "two", "1.5", ""])
def test_a_number_of_processes_that_makes_no_sense(cnnviz, jobs):
    write_set(figure("a"))
    assert refused(cnnviz, "set.toml", "--jobs", jobs) == (2, f"--jobs {jobs!r} does not do: use 1 to 256")


def test_places_where_nothing_can_be_written(cnnviz):
    write_set(figure("a"))
    Path("file").write_text("")
    assert refused(cnnviz, "set.toml", "--out", "file") == (1, "cannot write to folder file: file exists")
    assert refused(cnnviz, "set.toml", "--out", "file/a") == (1, "cannot write to folder file/a: not a directory")


def test_a_manifest_that_cannot_be_written_is_told(cnnviz):
    write_set(figure("a"))
    Path("out/manifest.json").mkdir(parents=True)
    ran = cnnviz("render", "set.toml", "--out", "out", "-q")
    assert (ran.code, ran.err) == (1, "cnnviz: cannot write out/manifest.json: is a directory\n")
    # What was made stays noted: once there is room for a manifest, it is not made again.
    assert {name for name in files("out") if not name.startswith(JOURNAL_PREFIX)} == {"a.json", "manifest.json"}
    Path("out/manifest.json").rmdir()
    ran = cnnviz("render", "set.toml", "--out", "out")
    assert (ran.code, ran.out) == (0, "0 made, 1 up to date\n")
    assert files("out") == {"a.json", "manifest.json"}


def test_python_calls_it_the_same_way():
    write_set(figure("a"), figure("bad", k=9))
    assert render_sets([Path("set.toml")], Path("out"), jobs=1, force=False, quiet=True) == 1
    with pytest.raises(SystemExit) as left:
        main(["render", "set.toml", "--out", "out", "-q"])
    assert left.value.code == 1


def test_a_file_beside_the_set_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("sets").mkdir()
    Path("sets/map.csv").write_text("1,2\n3,4\n")
    Path("sets/s.toml").write_text('[[figure]]\nscene = "conv"\nname = "a"\ninput = "map.csv"\nk = 2\n')
    assert render_sets([Path("sets")], Path("out"), jobs=1, force=False, quiet=True) == 0
    before = Path("out/a.gif").read_bytes()
    Path("sets/map.csv").write_text("1,2\n3,5\n")
    assert render_sets([Path("sets")], Path("out"), jobs=1, force=False, quiet=True) == 0
    assert Path("out/a.gif").read_bytes() != before


def test_a_set_that_moved_has_commands_that_work():
    Path("sets").mkdir()
    Path("sets/map.csv").write_text("1,2\n3,4\n")
    Path("sets/s.toml").write_text(figure("a", input="map.csv", k=2, i=2))
    render_sets([Path("sets")], Path("out"), jobs=1, force=False, quiet=True)
    assert manifest()[0]["command"] == "cnnviz conv --i 2 --k 2 --input sets/map.csv"
    Path("sets").rename("chapter")
    render_sets([Path("chapter/s.toml")], Path("out"), jobs=1, force=False, quiet=True)
    render_sets([Path("chapter/s.toml")], Path("fresh"), jobs=1, force=False, quiet=True)
    assert manifest()[0]["command"] == "cnnviz conv --i 2 --k 2 --input chapter/map.csv"
    for name in ("a.json", "manifest.json"):
        assert Path("out", name).read_bytes() == Path("fresh", name).read_bytes()


# What is noted while figures are made


def start_render(*arguments, **more):
    command = [sys.executable, "-m", "cnnviz", "render", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def whole(folder="out"):
    return {name for name in files(folder) if not name.startswith(".")}


def record(name, content=b"{}", **more):
    """A file as if a run had made it, and its record."""
    Path("out", name).write_bytes(content)
    stem = name.partition(".")[0]
    return {
        "file": name, "name": stem, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(),
        "digest": digest(name=stem, file=name, parameters={"i": 4}), "section": "", "title": "", "caption": "",
        "alt": "", "command": "cnnviz conv", "width": 9, "height": 9, "steps": 1, "milliseconds": 1, **more,
    }  # fmt: skip


@pytest.fixture
def journal():
    """Leave lines as a killed run would have."""
    Path("out").mkdir()

    def leave(*lines, name="killed"):
        text = b"".join(b"\n" + (line if isinstance(line, bytes) else as_line(line)) + b"\n" for line in lines)
        Path("out", JOURNAL_PREFIX + name).write_bytes(text)

    return leave


def as_line(noted):
    return json.dumps({"figure": noted}).encode()


def test_what_a_killed_run_noted_is_not_made_again(cnnviz, journal):
    write_set(figure("a"), figure("b"), figure("c"), figure("d"))
    a, b, c = record("a.json"), record("b.json"), record("c.json")
    # Noted, but killed before it had its name: an older file of the same length is there.
    Path("out/b.json").write_bytes(b"[]")
    journal(a, b, as_line(c)[:-9])
    assert made(cnnviz) == {"b.json", "c.json", "d.json"}
    assert files("out") == {"a.json", "b.json", "c.json", "d.json", "manifest.json"}
    assert Path("out/a.json").read_bytes() == b"{}"
    assert [one["name"] for one in manifest()] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("line", [b"\xff", b"3", b"{}", b'{"figure": 3}', b'{"figure": {"file": 3}}', b"[" * 99_999])
def test_a_journal_of_something_else_does_no_harm(cnnviz, journal, line):
    write_set(figure("a"), figure("b"))
    journal(line, record("a.json"), line)
    assert made(cnnviz) == {"b.json"}
    assert files("out") == {"a.json", "b.json", "manifest.json"}


def test_a_journal_that_is_being_written_stays(cnnviz, journal):
    write_set(figure("a"), figure("b"))
    other = Journal(Path("out"))
    other.add(record("a.json"))
    assert made(cnnviz) == {"a.json", "b.json"}
    (left,) = (name for name in files("out") if name.startswith("."))
    assert left.startswith(JOURNAL_PREFIX)
    other.close()
    assert made(cnnviz) == set()
    assert files("out") == {"a.json", "b.json", "manifest.json"}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a signal of POSIX")
def test_after_a_kill_the_rest_is_made_and_no_process_is_left(cnnviz):
    write_set(*(figure(f"f{n}", format="gif", i=6, width=640, seed=n) for n in range(14)))
    run = start_render("set.toml", "--out", "out", "--jobs", "2", "-q")
    while run.poll() is None and len(list(Path("out").glob("f*.gif"))) < 3:
        time.sleep(0.005)
    run.kill()
    # The pipes are closed once the last of its processes is gone.
    assert run.communicate(timeout=30) == ("", "")
    there = whole() - {"manifest.json"}
    assert len(there) >= 3
    again = made(cnnviz)
    assert again | there == {f"f{n}.gif" for n in range(14)}
    assert again & there == set()
    assert files("out") == again | there | {"manifest.json"}


def test_two_runs_at_once_into_one_folder(cnnviz):
    write_set(*(figure(f"a{n}", seed=n) for n in range(6)), figure("both"), name="one.toml")
    write_set(*(figure(f"b{n}", seed=n) for n in range(6)), name="two.toml")
    runs = [start_render(name, "--out", "out", "--jobs", "1", "-q") for name in ("one.toml", "two.toml", "one.toml")]
    assert [(run.communicate(timeout=60), run.returncode) for run in runs] == [(("", ""), 0)] * 3
    names = {f"{letter}{n}" for letter in "ab" for n in range(6)} | {"both"}
    assert files("out") == {f"{name}.json" for name in names} | {"manifest.json"}
    assert {one["name"] for one in manifest()} == names
    for one in manifest():
        assert sha256(Path("out", one["file"])) == one["sha256"]


def test_an_interrupted_run_lists_what_it_made(cnnviz, monkeypatch):
    from cnnviz.batch.driver import _Run

    take = _Run.take

    def take_two(run, outcome):
        if len(run.made) == 2:
            raise KeyboardInterrupt
        take(run, outcome)

    write_set(figure("a"), figure("b"), figure("c"))
    monkeypatch.setattr(_Run, "take", take_two)
    ran = cnnviz("render", "set.toml", "--out", "out", "--jobs", 1, "-q")
    assert (ran.code, ran.err.strip()) == (130, "cnnviz: interrupted")
    assert files("out") == {"a.json", "b.json", "manifest.json"}
    assert [one["name"] for one in manifest()] == ["a", "b"]
    monkeypatch.setattr(_Run, "take", take)
    assert made(cnnviz) == {"c.json"}


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals of POSIX")
def test_ctrl_c_waits_for_no_figure_and_keeps_what_is_done(failing):
    failing("sleeps", "__import__('time').sleep(600)")
    write_set(figure("a"), '[[figure]]\nscene = "sleeps"\nname = "b"\n', figure("c", seed=1))
    # A shell starts what runs in its background deaf to Ctrl-C.
    listening = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    run = start_render("set.toml", "--out", "out", "--jobs", "2", "-q", **listening)
    while run.poll() is None and not {"a.json", "c.json"} <= files("out"):
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    try:
        assert run.communicate(timeout=30) == ("", "\ncnnviz: interrupted\n")
    finally:
        run.kill()
    assert run.returncode == 130
    assert files("out") == {"a.json", "c.json", "manifest.json"}
    assert [one["name"] for one in manifest()] == ["a", "c"]


def test_ctrl_c_loses_nothing_that_came_meanwhile(monkeypatch):
    def interrupted(futures):
        wait(futures)
        raise KeyboardInterrupt

    monkeypatch.setattr("cnnviz.batch.executors._first", interrupted)
    results = Pool(2).run(abs, [-1, -2, -3, "no number"], lambda *_: 0)
    assert sorted(islice(results, 3)) == [1, 2, 3]
    with pytest.raises(KeyboardInterrupt):
        next(results)


def test_what_took_long_is_begun_first():
    from cnnviz.batch.driver import _longest_first
    from cnnviz.batch.making import Task

    known = {f"{n}.gif": {"steps": n, "width": 10, "height": 2} for n in (1, 3, 2)} | {"bad.gif": {"steps": "x"}}
    tasks = [Task(entry(file=name), "") for name in ("1.gif", "new.gif", "2.gif", "bad.gif", "3.gif")]
    order = [task.entry.file for task in _longest_first(tasks, known)]
    assert order == ["new.gif", "bad.gif", "3.gif", "2.gif", "1.gif"]


class Knot:
    """Something that only the collector can clear away."""

    def __init__(self):
        self.itself = self


def test_what_a_figure_leaves_is_cleared_away_without_looking_at_all_that_was_there():
    before = Knot()
    there, left = weakref.ref(before), []

    def make(item):
        nonlocal before
        left.append(weakref.ref(Knot()))
        # What was there is out of the collector's sight, however much that is.
        assert len(gc.get_objects()) < 1000 < gc.get_freeze_count()
        before = None
        return item

    gc.disable()
    try:
        assert tidily(make, 3) == 3
        assert left[0]() is None
        assert there() is not None
        with pytest.raises(ZeroDivisionError):
            tidily(lambda item: 1 / item, 0)
        # Not for good: a program that makes a figure may throw away its own things as before.
        assert gc.get_freeze_count() == 0
        gc.collect()
        assert there() is None
    finally:
        gc.enable()


def test_a_large_file_has_the_digest_of_its_content(monkeypatch, tmp_path):
    from cnnviz.batch.digests import content_digest

    file = tmp_path / "large"
    file.write_bytes(b"0123456789" * 500)
    by_size = []
    for small in (4999, 5000):
        monkeypatch.setattr("cnnviz.batch.digests._SMALL", small)
        by_size.append(content_digest(file))
    assert by_size == [sha256(file)] * 2
