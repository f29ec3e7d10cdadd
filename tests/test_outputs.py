"""Several files from one figure: formats of one rendering, folders of frames, places, and limits to a file's size."""

from __future__ import annotations

import csv
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from cnnviz.appearance import Appearance, bytes_of
from cnnviz.errors import CnnvizError
from cnnviz.export import formats
from cnnviz.pipeline import make
from cnnviz.places import PLACES

SMALL = {"i": 4, "width": 320, "tween": 0}


@pytest.fixture(autouse=True)
def _in_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def files():
    return {path.as_posix() for path in Path().rglob("*") if path.is_file()}


def refused(cnnviz, *arguments):
    """Exit code and message of a refusal, which must leave no trace."""
    before = files()
    ran = cnnviz(*arguments)
    assert (ran.out, ran.err.count("\n"), ran.err[:8]) == ("", 1, "cnnviz: ")
    assert files() == before
    return ran.code, ran.err[8:-1]


# Several formats


def test_every_format_is_the_same_whether_alone_or_with_others():
    figure = make("conv", **SMALL)
    others = [name for name in formats() if name not in ("mp4", "webm")]
    # A still comes first: it leaves the film before its end.
    made = figure.save_all("x", ["png", *others])
    assert list(made) == [Path(f"x.{name}") for name in dict.fromkeys(["png", *others])]
    for name in others:
        written = figure.save(f"alone.{name}")
        assert Path(f"x.{name}").read_bytes() == Path(f"alone.{name}").read_bytes(), name
        assert made[Path(f"x.{name}")] == written


@pytest.mark.parametrize(("place", "paths"), [
    ("x", ["x.gif", "x.json"]), ("x.gif", ["x.gif", "x.json"]), ("a/x.JSON", ["a/x.gif", "a/x.json"]),
    ("v1.2", ["v1.2.gif", "v1.2.json"]), ("new/", ["new/conv_i4_k3_s1_p0.gif", "new/conv_i4_k3_s1_p0.json"]),
    ("there", ["there/conv_i4_k3_s1_p0.gif", "there/conv_i4_k3_s1_p0.json"]),
])  # fmt: skip
def test_files_are_named_after_the_stem_or_the_figure(place, paths):
    Path("there").mkdir()
    assert [path.as_posix() for path in make("conv", **SMALL).save_all(place, "gif, json")] == paths
    assert files() == set(paths)


def test_without_a_stem_they_go_to_the_output_folder(cnnviz):
    assert cnnviz("conv", "--i", 4, "--format", "json,zip", "--width", 320, "-q").out == ""
    assert files() == {"output/conv_i4_k3_s1_p0.json", "output/conv_i4_k3_s1_p0.zip"}


@pytest.mark.parametrize("fault", ["png", "os.replace"])
def test_all_files_are_written_or_none(monkeypatch, fault):
    def fail(*_):
        raise OSError(28, "No space left on device")

    Path("x.json").write_text("old")
    if fault == "png":
        monkeypatch.setattr("cnnviz.export.png.write", fail)
    else:
        original = os.replace
        monkeypatch.setattr("os.replace", lambda one, to: fail() if Path(to).suffix == ".png" else original(one, to))
    with pytest.raises(CnnvizError, match=r"^cannot write x\.\w+: no space left on device$"):
        make("conv", **SMALL).save_all("x", "gif,png,json")
    assert files() == {"x.json"}
    assert Path("x.json").read_text() == "old"


@pytest.mark.parametrize(("given", "message"), [
    ("--format jpg", "did you mean png?"),
    ("--format gif,weebp", "did you mean webp?"),
    ("--format pptx", "cnnviz deck"),
    ("-o x.mov", ".mov"),
    ("-o x.gif --format mp4", "--format gif,mp4"),
    ("--format gif,webp --frame 2",
     "--frame is not for .gif"),
    ("--format frames,gif", "--format frames,gif"),
    ("-o - --format gif,png", "--format gif"),
    ("-o - --code pytorch", "--code"),
])  # fmt: skip
def test_formats_that_cannot_be(cnnviz, given, message):
    code, said = refused(cnnviz, "conv", *shlex.split(given))
    assert (code, message in said) == (2, True)


# A folder of frames


def test_a_folder_holds_numbered_frames_and_their_times(cnnviz):
    ran = cnnviz("conv", "--i", 4, "--width", 320, "--step", 1, "--hold", 3, "--format", "frames", "-o", "new/frames/")
    *names, durations = sorted(Path("new/frames").iterdir(), key=lambda path: path.suffix, reverse=True)
    names = sorted(path.name for path in names)
    assert names == [f"conv_{number}.png" for number in range(1, 5)]
    kib = sum(path.stat().st_size for path in Path("new/frames").iterdir()) / 1024
    assert ran.out == f"new/frames/: 320×180 px, 4 steps, 6.0 s, {kib:.1f} KiB\n"
    rows = list(csv.DictReader(durations.read_text().splitlines()))
    assert [(row["file"], row["milliseconds"]) for row in rows] == list(
        zip(names, ["1000", "1000", "1000", "3000"], strict=True)
    )
    for name, frame in zip(names, make("conv", **SMALL).frames(), strict=True):
        np.testing.assert_array_equal(iio.imread(f"new/frames/{name}", mode="RGB"), frame)


def test_frames_of_before_are_replaced_and_nothing_else(cnnviz):
    Path("frames").mkdir()
    for i in (5, 4):
        assert cnnviz("conv", "--i", i, "--width", 320, "--format", "frames", "-o", "frames", "-q").code == 0
    assert files() == {"frames/durations.csv", *(f"frames/conv_{number}.png" for number in range(1, 5))}
    Path("frames/notes.txt").write_text("mine")
    message = "cannot write frames to {}: it is a folder that holds something else, give a new one"
    again = ("conv", "--format", "frames", "-o")
    assert refused(cnnviz, *again, "frames/") == (1, message.format("frames"))
    assert refused(cnnviz, *again, ".") == (1, message.format("."))


@pytest.mark.parametrize("place", [".", "there", "new/deep/", "dir.gif", "dir.gif/"])
def test_a_folder_gets_the_usual_file(cnnviz, place):
    for there in ("there", "dir.gif"):
        Path(there).mkdir()
    ran = cnnviz("conv", "--i", 4, "--width", 320, "--tween", 0, "-o", place, "-v")
    assert (ran.code, ran.err) == (0, "")
    assert files() == {(Path(place) / "conv_i4_k3_s1_p0.gif").as_posix()}
    assert make("conv", **SMALL).save(place).steps == 4


def test_an_empty_name_is_refused(cnnviz):
    for empty in ("", " "):
        code, said = refused(cnnviz, "conv", "-o", empty)
        assert (code, "conv_i5_k3_s1_p0.gif" in said) == (2, True)


@pytest.mark.parametrize("more", [("--for", "github", "-v"), ("--format", "png", "-q")])
def test_standard_output_gets_a_file_and_nothing_else(more):
    words = ["conv", "--i", "4", "--width", "320", "--tween", "0", *more]
    run_alone(*words, "-q", "-o", "x.png" if "png" in more else "x.gif")
    ran = run_alone(*words, "-o", "-")
    assert ran.stderr == b""
    (path,) = files()
    assert ran.stdout == Path(path).read_bytes()


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(closed):
    made = run_alone("conv", "--i", "4", "--width", "320", "--tween", "0", "-o", "x.gif").stdout
    assert made
    expected = Path("x.gif").read_bytes()
    command = f'"$0" -m cnnviz conv --i 4 --width 320 --tween 0 -o x.gif {closed}'
    assert subprocess.run(["sh", "-c", command, sys.executable], check=False, env=ALONE).returncode == 0
    assert Path("x.gif").read_bytes() == expected
    failing = f'"$0" -m cnnviz conv --k 9 -o y.gif {closed}'
    assert subprocess.run(["sh", "-c", failing, sys.executable], check=False, env=ALONE).returncode == 2


ALONE = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def run_alone(*words):
    return subprocess.run([sys.executable, "-m", "cnnviz", *words], capture_output=True, check=True, env=ALONE)


FRAMES = ("conv", "--i", 4, "--width", 320, "--format", "frames", "-o")


def test_a_folder_appears_whole_or_not_at_all(monkeypatch, cnnviz):
    assert cnnviz(*FRAMES, "old/", "-q").code == 0
    before = {name: Path(name).read_bytes() for name in files()}

    def break_off(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("cnnviz.export.zip._Entries.written", break_off)
        for place in ("old/", "new/folder/"):
            assert cnnviz(*FRAMES, place).code == 130
    replace, calls = os.replace, []

    def fail_once(one, to):
        calls.append(to)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        replace(one, to)

    monkeypatch.setattr("os.replace", fail_once)
    assert refused(cnnviz, *FRAMES, "old/") == (1, "cannot write old: no space left on device")
    assert {name: Path(name).read_bytes() for name in files()} == before
    assert {path.name for path in Path().iterdir()} == {"old"}


# A limit to the size


@pytest.mark.parametrize(("text", "count"), [
    ("5 mb", 5_000_000), ("1.5KiB", 1536), ("0,5MiB", 524_288), ("2500", 2500), ("1G", 10**9), ("10 bytes", 10),
])  # fmt: skip
def test_sizes_in_many_words(text, count):
    assert bytes_of(text) == count
    assert Appearance(max_size=text).max_size == text


@pytest.mark.parametrize("text", ["", "5X", "-5MB", "0", "1e3", "5 M B"])
def test_sizes_that_are_none(cnnviz, text):
    code, message = refused(cnnviz, "conv", f"--max-size={text}")
    assert (code, message.startswith(f"--max-size {text!r} ")) == (2, True)


@pytest.mark.parametrize(
    "given", ["--format svg,gif --frame all", "--format png,gif --sheet 2", "--for web --format gif,html"]
)
def test_files_of_one_call_are_as_if_written_alone(cnnviz, given):
    """Steps are as short as a GIF on a page needs them in the GIF alone, and a file's command makes that file again."""
    assert cnnviz("conv", "--i", 4, "--width", 512, *given.split(), "-o", "x").code == 0
    for name in given.split("--format ")[1].split()[0].split(","):
        assert cnnviz("rerun", f"x.{name}", "-o", f"again.{name}").code == 0
        assert Path(f"x.{name}").read_bytes() == Path(f"again.{name}").read_bytes(), name


@pytest.mark.parametrize("name", ["gif", "frames", "mp4"])
def test_every_format_of_pixels_can_be_made_to_fit(cnnviz, name):
    place = Path(name if name == "frames" else f"x.{name}")

    def size():
        return sum(path.stat().st_size for path in (place.iterdir() if place.is_dir() else [place]))

    figure = ("conv", "--i", 3, "--k", 2, "--no-values", "--width", 640, "--format", name, "-o", place)
    assert cnnviz(*figure).code == 0
    whole = size()
    ran = cnnviz(*figure, "--max-size", round(whole * 0.85))
    assert (ran.code, ran.err) == (0, "")
    assert size() <= round(whole * 0.85)
    assert re.search(r", fitted: .+\n", ran.out)


def test_a_limit_that_cannot_be_met_says_how_far_it_went(cnnviz):
    code, message = refused(cnnviz, "conv", "--i", 4, "--width", 512, "--max-size", "1KB", "-o", "new/x.gif")
    reached = re.search(r"--max-size (.+KiB) or more", message)
    assert (code, bool(reached)) == (1, True), message
    assert cnnviz("conv", "--i", 4, "--width", 512, "--max-size", reached[1], "-o", "x.gif").code == 0
    assert Path("x.gif").stat().st_size <= bytes_of(reached[1])


# Places


@pytest.mark.parametrize("name", [name for name, place in PLACES.items() if place.format in formats()])
def test_a_place_sets_format_size_and_timing(cnnviz, name):
    place = PLACES[name]
    assert cnnviz("conv", "--i", 4, "--no-values", "--for", name, "-q").code == 0
    (path,) = files()
    assert path == f"output/conv_i4_k3_s1_p0_for{name}.{place.format}"
    if place.format in ("gif", "webp"):
        times = image_times(path)
        with Image.open(path) as image:
            assert image.size[0] == place.look.get("width", 960)
        assert times[-1] == pytest.approx(1000 * place.look.get("hold", 3), abs=50)
        assert name != "web" or sum(times) < 5000


def test_what_is_said_wins_over_the_place_and_is_kept(cnnviz):
    given = "--for pptx --width 960 --hold 2 --max-size 9MB --i 4"
    assert cnnviz("conv", *given.split(), "-o", "a.gif").code == 0
    with Image.open("a.gif") as image:
        assert image.size == (960, 540)
        command = image.info["comment"].decode().split("\n")[0]
    assert command == "cnnviz conv --i 4 --k 3 --width 960 --hold 2 --for pptx --max-size 9MB"
    assert make("conv", for_="print").appearance.theme == "print"
    assert make("conv", for_="print", theme="dark").command() == "cnnviz conv --i 5 --k 3 --theme dark --for print"
    assert make("conv", for_="web", once=False).command() == "cnnviz conv --i 5 --k 3 --no-once --for web"


def test_a_page_gets_less_than_five_seconds_of_what_cannot_be_paused(cnnviz):
    assert cnnviz("conv", "--for", "web", "--width", 320, "--format", "gif,webp", "-o", "x").code == 0
    for name in ("gif", "webp"):
        assert sum(image_times(f"x.{name}")) < 5000
    with Image.open("x.gif") as image:
        assert "loop" not in image.info

    many = ("conv", "--i", 9, "--for", "web", "--width", 320, "--no-values")
    for name, more in (("x.apng", ()), ("x.svg", ("--frame", "all"))):
        code, message = refused(cnnviz, *many, *more, "-o", name)
        assert (code, "--format html" in message) == (2, True)
    assert cnnviz(*many, "-o", "y.html").code == 0


def image_times(path):
    with Image.open(path) as image:
        times = []
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            times.append(image.info["duration"])
        return times


# Sheets and themes


def test_a_sheet_is_what_the_option_gives(cnnviz):
    ran = cnnviz("sheet", "conv", "--i", 4, "--width", 320)
    assert ran.out.startswith("output/conv_i4_k3_s1_p0.png: ")
    assert cnnviz("conv", "--i", 4, "--width", 320, "--sheet", "2x2", "-o", "x.png").code == 0
    assert Path("output/conv_i4_k3_s1_p0.png").read_bytes() == Path("x.png").read_bytes()
    assert cnnviz("sheet", "pool", "avg", "--width", 320, "--sheet", "1x2", "-o", "y.png", "-q").out == ""
    with Image.open("y.png") as image:
        assert image.size[0] > 2 * image.size[1]


def test_themes_are_shown_in_a_picture(cnnviz):
    from cnnviz.render.theme import load_theme, theme_names

    ran = cnnviz("themes", "-o", "themes.png")
    assert ran.out.startswith("themes.png: ")
    picture = iio.imread("themes.png", mode="RGB")
    colors = {tuple(int(v) for v in color) for color in np.unique(picture[::3, ::3].reshape(-1, 3), axis=0)}
    for name in theme_names():
        theme = load_theme(name)
        assert {theme.page["ground"], theme.cell("kernel").fill, theme.cell("output").fill} <= colors, name
    said = refused(cnnviz, "themes", "-o", "t.gif")
    assert said == (2, "t.gif: themes are shown side by side as .png, as in -o t.png")
