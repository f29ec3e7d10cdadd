"""Several files from one figure: formats of one rendering, folders of frames, places, and limits to a file's size."""

import os
import re
import shlex
import subprocess
import sys
import zipfile
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

pytestmark = pytest.mark.usefixtures("here")

SMALL = {"i": 4, "width": 320, "tween": 0}
FRAMES = ("conv", "--i", 4, "--width", 320, "--format", "frames", "-o")
ALONE = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def files():
    return {path.as_posix() for path in Path().rglob("*") if path.is_file()}


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


PATHS = {
    "x": "x.json x.png",
    "a/x.JSON": "a/x.json a/x.png",
    "x.gif": "x.json x.png",
    "v1.2": "v1.2.json v1.2.png",
    "new/": "new/conv_i4_k3_s1_p0.json new/conv_i4_k3_s1_p0.png",
    "there": "there/conv_i4_k3_s1_p0.json there/conv_i4_k3_s1_p0.png",
    "dir.gif": "dir.gif/conv_i4_k3_s1_p0.json dir.gif/conv_i4_k3_s1_p0.png",
}


def test_files_are_named_after_the_stem_or_the_figure(cnnviz):
    Path("there").mkdir()
    Path("dir.gif").mkdir()
    for place, paths in PATHS.items():
        made = make("conv", **SMALL).save_all(place, "json, png")
        assert [path.as_posix() for path in made] == paths.split()
    assert cnnviz("conv", "--i", 4, "--format", "json,svg", "--width", 320, "-q").out == ""
    assert files() == {
        *" ".join(PATHS.values()).split(),
        "output/conv_i4_k3_s1_p0.json",
        "output/conv_i4_k3_s1_p0.svg",
    }


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


REFUSED = {
    "--format gif,weebp": "did you mean webp?",
    "-o x.mov": ".mov",
    "--format gif,webp --frame 2": "--frame is not for .gif",
    "--format frames,gif": "--format frames,gif",
    "-o - --format gif,png": "--format gif",
    "--max-size ''": "--max-size '' ",
    "--max-size 5X": "--max-size '5X' ",
    "--max-size=-5MB": "--max-size '-5MB' ",
    "--max-size 1e3": "--max-size '1e3' ",
    "--i 9 --for web --no-values -o x.apng": "--format html",
    "--i 9 --for web --no-values --frame all -o x.svg": "--format html",
}


@pytest.mark.parametrize("given", REFUSED)
def test_what_cannot_be_is_refused(refused, given):
    code, said = refused("conv", *shlex.split(given))
    assert code == 2
    assert REFUSED[given] in said


# A folder of frames


def test_a_folder_holds_what_a_zip_holds(cnnviz):
    ran = cnnviz(*FRAMES, "new/frames/", "--step", 1, "--hold", 3)
    held = {path.name: path.read_bytes() for path in Path("new/frames").iterdir()}
    kib = sum(map(len, held.values())) / 1024
    assert ran.out == f"new/frames/: 320×180 px, 5 steps, 7.0 s, {kib:.1f} KiB\n"
    assert cnnviz(*FRAMES[:-3], "--step", 1, "--hold", 3, "-o", "x.zip").code == 0
    with zipfile.ZipFile("x.zip") as archive:
        assert held == {name: archive.read(name) for name in archive.namelist()}


def test_frames_of_before_are_replaced_and_nothing_else(cnnviz, refused):
    Path("frames").mkdir()
    for i in (5, 4):
        assert cnnviz("conv", "--i", i, "--width", 320, "--format", "frames", "-o", "frames", "-q").code == 0
    assert files() == {"frames/durations.csv", *(f"frames/conv_{number}.png" for number in range(1, 6))}
    Path("frames/notes.txt").write_text("mine")
    message = "cannot write frames to {}: it is a folder that holds something else, give a new one"
    again = ("conv", "--format", "frames", "-o")
    assert refused(*again, "frames/") == (1, message.format("frames"))
    assert refused(*again, ".") == (1, message.format("."))


def test_standard_output_gets_a_file_and_nothing_else_and_closed_streams_do_no_harm():
    make("conv", **SMALL).save("x.gif")
    expected, words = Path("x.gif").read_bytes(), "conv --i 4 --width 320 --tween 0"

    def run(words):
        command = ["sh", "-c", f'"$0" -m cnnviz {words}', sys.executable]
        return subprocess.run(command, capture_output=True, check=False, env=ALONE)

    ran = run(f"{words} -v -o -")
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout == expected
    assert run(f"{words} -o y.gif <&- >&- 2>&-").returncode == 0
    assert Path("y.gif").read_bytes() == expected
    assert run("conv --k 9 -o z.gif 2>&-").returncode == 2
    assert files() == {"x.gif", "y.gif"}


def test_a_folder_appears_whole_or_not_at_all(monkeypatch, cnnviz, refused):
    assert cnnviz(*FRAMES, "old/", "-q").code == 0
    before = {name: Path(name).read_bytes() for name in files()}

    def break_off(**_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("cnnviz.export.zip.Written", break_off)
        for place in ("old/", "new/folder/"):
            assert cnnviz(*FRAMES, place).code == 130
    replace, calls = os.replace, []

    def fail_once(one, to):
        calls.append(to)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        replace(one, to)

    monkeypatch.setattr("os.replace", fail_once)
    assert refused(*FRAMES, "old/") == (1, "cannot write old: no space left on device")
    assert {name: Path(name).read_bytes() for name in files()} == before
    assert {path.name for path in Path().iterdir()} == {"old"}


# A limit to the size


def test_sizes_in_many_words():
    sizes = {"5 mb": 5_000_000, "1.5KiB": 1536, "0,5MiB": 524_288, "2500": 2500, "1G": 10**9}
    assert {text: bytes_of(text) for text in sizes} == sizes
    assert Appearance(max_size="5 mb").max_size == "5 mb"


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
    figure = ("conv", "--i", 3, "--k", 2, "--no-values", "--width", 800, "--format", name, "-o", "new/")

    def size():
        return sum(Path(path).stat().st_size for path in files())

    assert cnnviz(*figure).code == 0
    most = round(0.85 * size())
    ran = cnnviz(*figure, "--max-size", most)
    assert (ran.code, ran.err) == (0, "")
    assert size() <= most
    assert re.search(r", fitted: .+\n", ran.out)


def test_a_limit_that_cannot_be_met_says_how_far_it_went(cnnviz, refused):
    figure = ("conv", "--i", 3, "--k", 2, "--width", 512)
    code, message = refused(*figure, "--max-size", "1KB", "-o", "new/x.gif")
    reached = re.search(r"--max-size (.+KiB) or more", message)
    assert (code, bool(reached)) == (1, True), message
    assert cnnviz(*figure, "--max-size", reached[1], "-o", "x.gif").code == 0
    assert Path("x.gif").stat().st_size <= bytes_of(reached[1])


# Places


@pytest.mark.parametrize("name", [name for name, place in PLACES.items() if place.format in formats()])
def test_a_place_sets_format_size_and_timing(name):
    place = PLACES[name]
    figure = make("conv", i=3, k=2, values=False, tween=0, for_=name)
    written = figure.save("output/")
    assert files() == {f"output/conv_i3_k2_s1_p0_for{name}.{place.format}"}
    assert written.size[0] == place.look.get("width", 960)
    *_, last = figure.film()
    assert last.milliseconds == 1000 * place.look.get("hold", 3)
    assert name != "web" or written.milliseconds < 5000


def test_what_is_said_wins_over_the_place_and_is_kept(cnnviz):
    given = "--for pptx --width 480 --hold 2 --tween 0 --max-size 9MB --i 4"
    assert cnnviz("conv", *given.split(), "-o", "a.gif").code == 0
    with Image.open("a.gif") as image:
        assert image.size == (480, 270)
        command = image.info["comment"].decode().split("\n")[0]
    assert command == "cnnviz conv --i 4 --k 3 --width 480 --hold 2 --tween 0 --for pptx --max-size 9MB"
    assert make("conv", for_="print").appearance.theme == "print"
    assert make("conv", for_="print", theme="dark").command() == "cnnviz conv --i 5 --k 3 --theme dark --for print"
    assert make("conv", for_="web", once=False).command() == "cnnviz conv --i 5 --k 3 --no-once --for web"


def test_a_page_gets_less_than_five_seconds_of_what_cannot_be_paused():
    made = make("conv", for_="web", width=320).save_all("x", "gif,webp")
    assert all(written.milliseconds < 5000 for written in made.values())
    with Image.open("x.gif") as image:
        assert "loop" not in image.info
    # What can be paused may last.
    assert make("conv", i=9, for_="web", values=False).save("y.html").steps == 50


# Sheets and themes


def test_a_sheet_is_what_the_option_gives(cnnviz):
    ran = cnnviz("sheet", "conv", "--i", 4, "--width", 320)
    assert ran.out.startswith("output/conv_i4_k3_s1_p0.png: ")
    assert cnnviz("conv", "--i", 4, "--width", 320, "--sheet", "2x3", "-o", "x.png").code == 0
    assert Path("output/conv_i4_k3_s1_p0.png").read_bytes() == Path("x.png").read_bytes()


def test_themes_are_shown_in_a_picture(cnnviz, refused):
    from cnnviz.render.theme import load_theme, theme_names

    ran = cnnviz("themes", "-o", "themes.png")
    assert ran.out.startswith("themes.png: ")
    picture = iio.imread("themes.png", mode="RGB")
    colors = {tuple(int(v) for v in color) for color in np.unique(picture[::3, ::3].reshape(-1, 3), axis=0)}
    for name in theme_names():
        theme = load_theme(name)
        assert {theme.page["ground"], theme.cell("kernel").fill, theme.cell("output").fill} <= colors, name
    said = refused("themes", "-o", "t.gif")
    assert said == (2, "t.gif: themes are shown side by side as .png, as in -o t.png")
