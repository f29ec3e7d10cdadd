"""Several files from one figure: formats of one rendering, folders of frames, places, and limits to a file's size."""

from __future__ import annotations

import csv
import os
import re
import shlex
import stat
from pathlib import Path
from types import SimpleNamespace

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from cnnviz.appearance import Appearance, bytes_of
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.export import Written, formats, formats_of
from cnnviz.export._saving import LEAST_WIDTH, Order, _fitted
from cnnviz.parameters import parameters_of
from cnnviz.pipeline import make
from cnnviz.places import ALSO_CALLED, PLACES
from cnnviz.render import frames as rendering
from cnnviz.render.cached_film import CachedFilm

SMALL = {"i": 4, "width": 320}
DOCS = Path(__file__).parents[1] / "docs"


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


def test_formats_of_one_call_are_the_files_of_several(cnnviz):
    ran = cnnviz("conv", "--i", 4, "--width", 320, "--format", "gif,PNG", "--format", ".webp", "-o", "new/x")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split(": ")[0] for line in ran.out.splitlines()] == ["new/x.gif", "new/x.png", "new/x.webp"]
    for name in ("gif", "png", "webp"):
        make("conv", **SMALL).save(f"alone.{name}")
        assert Path(f"new/x.{name}").read_bytes() == Path(f"alone.{name}").read_bytes(), name


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


def test_frames_are_drawn_once(monkeypatch):
    drawn = []
    original = rendering.Film.__iter__

    def counting(film):
        for frame in original(film):
            drawn.append(frame.milliseconds)
            yield frame

    monkeypatch.setattr(rendering.Film, "__iter__", counting)
    make("conv", **SMALL).save_all("x", "png,gif,apng,zip")
    assert len(drawn) == 4
    for name in ("gif", "apng"):
        make("conv", **SMALL).save(f"alone.{name}")
    assert len(drawn) == 3 * 4


def test_a_recording_shows_the_film_to_several_at_once():
    film = make("conv", **SMALL).film()
    truth = [(frame.pixels.copy(), frame.changed, frame.milliseconds) for frame in film]
    recording = CachedFilm(film)
    first, second = iter(recording), iter(recording)
    seen = []
    for _ in truth:
        for one in (first, second):
            frame = next(one)
            seen.append((frame.pixels.copy(), frame.changed, frame.milliseconds))
    assert next(first, None) is next(second, None) is None
    for place, (pixels, changed, milliseconds) in enumerate(seen):
        np.testing.assert_array_equal(pixels, truth[place // 2][0])
        assert (changed, milliseconds) == truth[place // 2][1:]


def test_a_long_recording_goes_to_the_disk(monkeypatch):
    monkeypatch.setattr("cnnviz.render.cached_film._IN_MEMORY", 1000)
    recording = CachedFilm(make("conv", **SMALL).film())
    sums = [[int(frame.pixels.sum()) for frame in recording] for _ in range(2)]
    assert sums[0] == sums[1]
    assert recording._file._rolled


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
    ("--format jpg", "--format 'jpg' is not a known format: did you mean png?"),
    ("--format gif,weebp", "--format 'weebp' is not a known format: did you mean webp?"),
    ("--format ''", "--format names none: use one or more of {formats}"),
    ("--format pptx", "--format 'pptx' is not a known format: choose from {formats} (slides: cnnviz deck)"),
    ("-o x.mov", "x.mov: extension .mov is not a known format: did you mean .mp4?"),
    ("-o x.gif --format mp4", "x.gif and --format mp4 name different formats: leave one of them out, or give both, "
     "--format gif,mp4"),
    ("--format gif,webp --frame 2",
     "--frame is not for .gif: it has all steps; a still such as .png, .svg or .pdf holds one, as in -o "),
    ("-o frames/ --sheet 3", "--sheet is not for a folder of frames: give a file such as frames/conv_i5_k3_s1_p0.gif"),
])  # fmt: skip
def test_formats_that_cannot_be(cnnviz, given, message):
    dotted = ", ".join("." + name for name in formats())
    code, said = refused(cnnviz, "conv", *shlex.split(given))
    assert code == 2
    assert said.startswith(message.format(formats=", ".join(formats()), dotted=dotted))


def test_what_a_still_shows_may_be_said_beside_an_animation(cnnviz):
    assert cnnviz("conv", "--i", 4, "--width", 320, "--format", "gif,png", "--frame", "first", "-o", "x").code == 0
    np.testing.assert_array_equal(iio.imread("x.png", mode="RGB"), iio.imread("x.gif", index=0, mode="RGB"))


def test_formats_are_named_in_many_ways():
    assert formats_of(["gif, .MP4", "gif,", "html"]) == ("gif", "mp4", "html")
    with pytest.raises(UsageError, match="--format 'x' is not a known format"):
        make("conv").save_all("a", ["gif", "x"])


# A folder of frames


def test_a_folder_holds_numbered_frames_and_their_times(cnnviz):
    ran = cnnviz("conv", "--i", 4, "--width", 320, "--hold", 3, "-o", "new/frames/")
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
    assert stat.S_IMODE(os.stat("new/frames").st_mode) == 0o777 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_frames_of_before_are_replaced_and_nothing_else(cnnviz):
    Path("frames").mkdir()
    for i in (5, 4):
        assert cnnviz("conv", "--i", i, "--width", 320, "-o", "frames", "-q").code == 0
    assert files() == {"frames/durations.csv", *(f"frames/conv_{number}.png" for number in range(1, 5))}
    hint = "give a file such as frames/conv_i5_k3_s1_p0.gif"
    Path("frames/notes.txt").write_text("mine")
    message = f"cannot write frames: it is a folder that holds something else, {hint}"
    assert refused(cnnviz, "conv", "-o", "frames/") == (1, message)
    Path("frames/notes.txt").unlink()
    Image.new("L", (8, 8)).save("frames/conv_2.png")
    assert refused(cnnviz, "conv", "-o", "frames/") == (1, message), "a picture that someone else put there"
    Path("file").write_text("")
    assert refused(cnnviz, "conv", "-o", "file/") == (1, "cannot write file/: it is a file, give a folder another name")


def test_where_no_picture_can_go_is_told_with_what_would_work(cnnviz):
    Path("dir.gif").mkdir()
    for more in ((), ("--format", "gif,json")):
        message = "dir.gif is a folder: give the file another name, or dir.gif/ for numbered frames"
        assert refused(cnnviz, "conv", "-o", "dir.gif", *more) == (2, message)
    use = "give a file such as -o conv_i5_k3_s1_p0.gif"
    for place in (".", "..", "./"):
        message = f"-o {place} is the folder you are in, or around it: {use}"
        assert refused(cnnviz, "conv", "-o", place) == (2, message)
    use = use.replace("a file", "one")
    for empty in ("", " "):
        assert refused(cnnviz, "conv", "-o", empty) == (2, f"-o {empty!r} names no file: {use}")
    assert cnnviz("conv", "--i", 4, "--width", 320, "-o", "dir.gif/", "-q").code == 0
    assert cnnviz("conv", "--i", 4, "-o", ".", "--format", "json", "-q").code == 0
    assert Path("conv_i4_k3_s1_p0.json").is_file()


def test_a_folder_appears_whole_or_not_at_all(monkeypatch, cnnviz):
    assert cnnviz("conv", "--i", 4, "--width", 320, "-o", "old/", "-q").code == 0
    before = {name: Path(name).read_bytes() for name in files()}

    def break_off(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("cnnviz.export._frames.Entries.written", break_off)
        for place in ("old/", "new/folder/"):
            assert cnnviz("conv", "--i", 4, "--width", 320, "-o", place).code == 130
    replace, calls = os.replace, []

    def fail_once(one, to):
        calls.append(to)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        replace(one, to)

    monkeypatch.setattr("os.replace", fail_once)
    assert refused(cnnviz, "conv", "--width", 320, "-o", "old/") == (1, "cannot write old: no space left on device")
    assert {name: Path(name).read_bytes() for name in files()} == before
    assert {path.name for path in Path().iterdir()} == {"old"}


# A limit to the size


@pytest.mark.parametrize(("text", "count"), [
    ("5MB", 5_000_000), ("5 mb", 5_000_000), ("5M", 5_000_000), ("1.5KiB", 1536), ("0,5MiB", 524_288), ("2500", 2500),
    ("300 KB", 300_000), ("1G", 10**9), ("10 bytes", 10), ("7B", 7),
])  # fmt: skip
def test_sizes_in_many_words(text, count):
    assert bytes_of(text) == count
    assert Appearance(max_size=text).max_size == text


@pytest.mark.parametrize("text", ["", "MB", "5X", "-5MB", "0", "1e3", "5 M B", "0.0001KB", "٣MB"])
def test_sizes_that_are_none(cnnviz, text):
    message = f"--max-size {text!r} is not a size: give one such as 5MB, 300KB or 2MiB"
    assert refused(cnnviz, "conv", f"--max-size={text}") == (2, message)


def test_a_unit_may_stand_apart(cnnviz):
    assert cnnviz("conv", "--max-size", 5, "MB", "--width", 320, "-o", "x.gif").code == 0
    with Image.open("x.gif") as image:
        assert image.info["comment"].decode().split("\n")[0] == "cnnviz conv --i 5 --k 3 --width 320 --max-size 5MB"
    assert cnnviz("pool", "--max-size=1", "MiB", "--width", 320, "-o", "y.json").code == 0
    assert refused(cnnviz, "pool", "--width", 5, "MB", "-o", "z.gif")[0] == 2


@pytest.mark.parametrize(
    "given", ["--format svg,gif --frame all", "--format png,gif --sheet 2", "--for web --format gif,html"]
)
def test_files_of_one_call_are_as_if_written_alone(cnnviz, given):
    """Steps are as short as a GIF on a page needs them in the GIF alone, and a file's command makes that file again."""
    assert cnnviz("conv", "--i", 4, "--width", 512, *given.split(), "-o", "x").code == 0
    for name in given.split("--format ")[1].split()[0].split(","):
        assert cnnviz("rerun", f"x.{name}", "-o", f"again.{name}").code == 0
        assert Path(f"x.{name}").read_bytes() == Path(f"again.{name}").read_bytes(), name


def test_what_fits_is_as_without_a_limit(cnnviz):
    out = cnnviz("conv", "--width", 320, "-o", "x.png").out
    assert cnnviz("conv", "--width", 320, "--max-size", "1MB", "-o", "x.png").out.split(",")[0] == out.split(",")[0]
    assert "fitted" not in out
    a, b = iio.imread("x.png"), make("conv", width=320).film()
    assert (a.shape[1], a.shape[0]) == b.size


class Tried:
    """A file of so many bytes for a colour, a pixel's width and a compression, and what was tried to make it fit."""

    def __init__(self, colors=50, width=960):
        self.most, self.width, self.tried = colors, width, []

    def job(self, shrunk):
        colors = np.zeros((min(self.most, shrunk.colors or self.most), 3))
        film = SimpleNamespace(palette=SimpleNamespace(colors=colors))
        return SimpleNamespace(film=lambda tween: film, shrunk=shrunk)

    def fit(self, limit, shrinks=("colors", "width")):
        def attempt(job):
            one = job.shrunk
            self.tried.append(one)
            size = (one.width or self.width) * 10 + 100 * len(job.film(0).palette.colors) - 1000 * one.effort
            return Written(size=(0, 0), steps=1, milliseconds=0), size

        order = Order(jobs=self.job, width=self.width, limit=limit)
        return _fitted(order, attempt, shrinks, "x.gif").fitted


def test_colours_go_first_then_pixels():
    """9600 bytes for pixels and 5000 for colours: less of either as little as will do, in that order."""
    assert Tried().fit(None) == Tried().fit(14_600) == ""
    assert Tried().fit(14_599) == "48 colours"
    assert Tried().fit(14_399) == "32 colours"
    assert Tried().fit(12_799) == "32 colours, 880 px"
    assert Tried().fit(12_000) == "32 colours, 880 px"
    assert Tried().fit(11_999) == "32 colours, 800 px"
    assert Tried().fit(8000) == "32 colours, 480 px"
    assert Tried(colors=14).fit(10_999) == "880 px"
    assert Tried().fit(13_599, ["effort", "width"]) == "stronger compression"
    assert Tried().fit(12_599, ["effort", "width"]) == "stronger compression, 880 px"
    least = r"^x.gif does not fit --max-size: with 32 colours, 480 px it has 7.9KiB; use --max-size 7.9KiB or more"
    with pytest.raises(CnnvizError, match=least):
        Tried().fit(7999)


def test_few_attempts_are_made():
    for limit in range(8000, 14_700, 100):
        tried = Tried()
        said = tried.fit(limit)
        assert len(tried.tried) <= 8
        last = tried.tried[-1]
        assert said == ", ".join(
            ([f"{last.colors} colours"] if last.colors else []) + ([f"{last.width} px"] if last.width else [])
        )


def test_fewer_colours_are_fewer_in_the_file(cnnviz):
    whole, less = ("gradient-descent", "--frame", "first", "--width", 480), ("-o", "x.png", "--max-size")
    assert cnnviz(*whole, "-o", "x.png").code == 0
    with Image.open("x.png") as image:
        assert len(image.convert("RGB").getcolors()) > 32
    ran = cnnviz(*whole, *less, Path("x.png").stat().st_size - 1)
    assert ran.out.endswith(", fitted: 32 colours\n")
    with Image.open("x.png") as image:
        assert image.size[0] == 480
        assert len(image.convert("RGB").getcolors()) <= 32


@pytest.mark.parametrize("name", ["gif", "frames/", "mp4"])
def test_every_format_of_pixels_can_be_made_to_fit(cnnviz, name):
    target = name if name.endswith("/") else f"x.{name}"
    place = Path(target)

    def size():
        return sum(path.stat().st_size for path in (place.iterdir() if place.is_dir() else [place]))

    figure = ("conv", "--i", 3, "--k", 2, "--no-values", "--width", 640, "-o", target)
    assert cnnviz(*figure).code == 0
    whole = size()
    ran = cnnviz(*figure, "--max-size", round(whole * 0.85))
    assert (ran.code, ran.err) == (0, "")
    assert size() <= round(whole * 0.85)
    assert re.search(r", fitted: .+\n", ran.out)
    if name == "mp4":
        assert "fitted: stronger compression" in ran.out


def test_a_limit_that_cannot_be_met_says_how_far_it_went(cnnviz):
    code, message = refused(cnnviz, "conv", "--i", 4, "--width", 512, "--max-size", "1KB", "-o", "new/x.gif")
    reached = re.fullmatch(
        rf"x\.gif does not fit --max-size: with {LEAST_WIDTH} px it has (.+KiB); use --max-size \1 or more, "
        "or another format", message,
    )  # fmt: skip
    assert (code, bool(reached)) == (1, True), message
    assert cnnviz("conv", "--i", 4, "--width", 512, "--max-size", reached[1], "-o", "x.gif").code == 0
    assert Path("x.gif").stat().st_size <= bytes_of(reached[1])
    code, message = refused(cnnviz, "conv", "--i", 4, "--max-size", "1KB", "--format", "json,gif", "-o", "x")
    assert code == 1
    assert re.match(r"x\.json does not fit --max-size: it has .+KiB and nothing that could be left out; ", message)


def test_fitted_files_are_made_again_alike(cnnviz):
    given = ("conv", "--i", 4, "--width", 640, "--max-size", "13KB")
    assert "fitted" in cnnviz(*given, "-o", "a.gif").out
    assert cnnviz("rerun", "a.gif", "-o", "b.gif").code == 0
    assert Path("a.gif").read_bytes() == Path("b.gif").read_bytes()


# Places


def test_the_table_of_places_is_what_the_page_says():
    page = (DOCS / "places.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE))
    assert list(rows) == list(PLACES)
    names = {parameter.name for parameter in parameters_of(Appearance)}
    for name, place in PLACES.items():
        shape, width, played, theme, most, _ = rows[name].split(" | ")
        assert set(place.look) <= names
        look = Appearance(**place.look)
        assert (shape, width, theme, most) == (
            place.format, f"{look.width} px", look.theme, look.max_size or "–",
        )  # fmt: skip
        assert played.startswith("still" if name == "print" else "once" if look.once else "for ever")
        assert f"{look.hold:g} s" in played or look.hold == 2 or look.once
    assert set(ALSO_CALLED.values()) <= set(PLACES)


@pytest.mark.parametrize("name", [name for name, place in PLACES.items() if place.format in formats()])
def test_a_place_sets_format_size_and_timing(cnnviz, name):
    place = PLACES[name]
    assert cnnviz("conv", "--i", 4, "--no-values", "--for", name, "-q").code == 0
    (path,) = files()
    assert path == f"output/conv_i4_k3_s1_p0.{place.format}"
    if place.format in ("gif", "webp"):
        times = image_times(path)
        with Image.open(path) as image:
            assert image.size[0] == place.look.get("width", 960)
        assert times[-1] == pytest.approx(1000 * place.look.get("hold", 2), abs=10)
        assert name != "web" or sum(times) < 5000


def test_a_folder_and_a_place_give_the_file_that_is_usual_there(cnnviz):
    assert cnnviz("conv", "--i", 4, "--no-values", "--for", "github", "-o", "slides/").code == 0
    assert files() == {"slides/conv_i4_k3_s1_p0.gif"}


def test_what_is_said_wins_over_the_place_and_is_kept(cnnviz):
    given = "--for pptx --width 960 --hold 2 --max-size 9MB --i 4"
    assert cnnviz("conv", *given.split(), "-o", "a.gif").code == 0
    with Image.open("a.gif") as image:
        assert image.size == (960, 540)
        command = image.info["comment"].decode().split("\n")[0]
    assert command == "cnnviz conv --i 4 --k 3 --width 960 --hold 2 --for pptx --max-size 9MB"
    assert make("conv", for_="pptx", width=960).appearance == make("conv", **{"for": "pptx", "width": 960}).appearance
    assert make("conv", for_="print").appearance.theme == "print"
    assert make("conv", for_="print", theme="dark").command() == "cnnviz conv --i 5 --k 3 --theme dark --for print"
    assert make("conv", for_="web").appearance.once
    assert make("conv", for_="web", once=False).command() == "cnnviz conv --i 5 --k 3 --no-once --for web"
    assert make("conv", for_="web").command() == "cnnviz conv --i 5 --k 3 --for web"


def test_a_page_gets_less_than_five_seconds_of_what_cannot_be_paused(cnnviz):
    assert cnnviz("conv", "--for", "web", "--width", 320, "--format", "gif,webp", "-o", "x").code == 0
    for name in ("gif", "webp"):
        assert sum(image_times(f"x.{name}")) < 5000
    with Image.open("x.gif") as image:
        assert "loop" not in image.info
    assert cnnviz("conv", "--for", "web", "--frame", "all", "-o", "x.svg").code == 0
    markup = Path("x.svg").read_text(encoding="utf-8")
    (lasts,) = re.findall(r"animation:([\d.]+)s step-end 1\}", markup)
    assert float(lasts) < 5
    many = ("conv", "--i", 9, "--for", "web", "--width", 320, "--no-values")
    message = (
        "--for web lets a picture move for less than 5 s, too short for 49 steps: use .html, which can be paused, "
        "as in --format html"
    )
    assert refused(cnnviz, *many, "-o", "x.apng") == (2, message)
    assert refused(cnnviz, *many, "--frame", "all", "-o", "x.svg") == (2, message)
    for name in ("html", "png", "svg", "json"):
        assert cnnviz(*many, "-o", f"y.{name}").code == 0, name
    assert cnnviz(*many, "--step", 0.3, "-o", "z.webp").code == 0
    assert set(image_times("z.webp")[:-1]) == {300}


def image_times(path):
    with Image.open(path) as image:
        times = []
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            times.append(image.info["duration"])
        return times


@pytest.mark.parametrize(("word", "place"), [
    ("powerpoint", "pptx"), ("Slides", "pptx"), ("webb", "web"), ("google", "gslides"),
])  # fmt: skip
def test_a_place_by_another_name_is_told(cnnviz, word, place):
    code, message = refused(cnnviz, "conv", "--for", word)
    assert (code, message) == (2, f"--for {word!r} is not known: did you mean {place}?")


def test_advice_is_given_to_those_who_want_more_words(cnnviz):
    lines = cnnviz("conv", "--i", 4, "--for", "pypi", "--width", 320, "-v").out.splitlines()
    assert lines[-1] == PLACES["pypi"].advice


# Sheets and themes


@pytest.mark.parametrize(("steps", "rows"), [
    (1, (1, 1)), (2, (1, 2)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3)), (9, (3, 3)), (12, (4, 3)), (13, (3, 3)),
    (100, (3, 3)),
])  # fmt: skip
def test_a_sheet_shows_all_steps_as_long_as_they_can_be_read(steps, rows):
    from cnnviz.commands.sheet import layout

    assert layout(steps) == rows


def test_a_sheet_is_what_the_option_gives(cnnviz):
    ran = cnnviz("sheet", "conv", "--i", 4, "--width", 320)
    assert ran.out.startswith("output/conv_i4_k3_s1_p0.png: ")
    assert cnnviz("conv", "--i", 4, "--width", 320, "--sheet", "2x2", "-o", "x.png").code == 0
    assert Path("output/conv_i4_k3_s1_p0.png").read_bytes() == Path("x.png").read_bytes()
    assert cnnviz("sheet", "pool", "avg", "--width", 320, "--sheet", "1x2", "-o", "y.png", "-q").out == ""
    with Image.open("y.png") as image:
        assert image.size[0] > 2 * image.size[1]


@pytest.mark.parametrize(("given", "code", "message"), [
    ("", 2, "FIGURE is missing: give it, as in cnnviz sheet conv --k 3 --s 2 --theme print -o handout.png"),
    ("cnov", 2, "there is no figure 'cnov': did you mean conv?"),
    ("conv --kk 3", 2, "No such option"), ("conv -o x.gif", 2, "--sheet is not for .gif"),
    ("conv --k 9", 2, "kernel 9 does not fit"), ("conv --frame 2", 2, "--frame 2 is one step and --sheet many"),
])  # fmt: skip
def test_sheets_that_cannot_be(cnnviz, given, code, message):
    said = refused(cnnviz, "sheet", *given.split())
    assert said[0] == code
    assert message in said[1]


def test_help_of_a_figure_behind_a_tool(cnnviz):
    for tool in ("sheet", "describe"):
        ran = cnnviz(tool, "conv", "--help")
        assert ran.code == 0
        assert ran.out.startswith(f"Usage: cnnviz {tool} conv [OPTIONS]")


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


def test_swatches_are_for_terminals_that_can_and_may(cnnviz, monkeypatch):
    plain = cnnviz("themes").out
    assert "\x1b" not in plain
    monkeypatch.setattr("cnnviz.commands.themes._colors", lambda: {"dark": [(1, 2, 3)]})
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    assert "\x1b[48;2;1;2;3m" in cnnviz("themes").out
