"""Every format of pictures and videos, opened again by other libraries and held against the film itself."""

from __future__ import annotations

import ast
import csv
import io
import math
import sys
import zipfile
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import av
import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from cnnviz import __version__
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.export import Job, writer_for
from cnnviz.export._patches import MOST_MILLISECONDS, patches
from cnnviz.export._video import TWEEN, _Planes
from cnnviz.export.png import spread
from cnnviz.pipeline import make
from cnnviz.render.canvas import Box
from cnnviz.render.frames import Frame
from cnnviz.render.palette import Palette
from cnnviz.wording import caption

PICTURES, VIDEOS = ("webp", "apng"), ("mp4", "webm")
MOVING = (*PICTURES, *VIDEOS, "zip")
# 4:2:0 alone, with no compression at all, leaves 36 to 38 dB of such frames.
LEAST_PSNR = 33
SMALL = {"i": 5, "k": 3, "width": 480, "step": 0.33, "hold": 1.5}


@pytest.fixture(autouse=True)
def _in_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def figure():
    return make("conv", **SMALL)


@pytest.fixture(scope="module")
def truth(figure):
    """Each frame as RGB with its milliseconds, straight from the renderer."""
    film = figure.film()
    return [(film.palette.colors[frame.pixels], frame.milliseconds) for frame in film]


@pytest.fixture(scope="module")
def files(figure, tmp_path_factory):
    """One file a format."""
    folder = tmp_path_factory.mktemp("formats")
    for name in (*MOVING, "png", "gif"):
        figure.save(folder / f"x.{name}")
    return {name: folder / f"x.{name}" for name in (*MOVING, "png", "gif")}


def pictures(path):
    """The frames of an animated picture as Pillow composes them, and their times."""
    frames, times = [], []
    with Image.open(path) as image:
        for place in range(image.n_frames):
            image.seek(place)
            frames.append(np.asarray(image.convert("RGB")))
            times.append(round(image.info["duration"]))
    return frames, times


def video(path):
    """The frames of a video as FFmpeg decodes them, when each begins, and how long all play, in milliseconds."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        frames, begins = [], []
        for frame in container.decode(stream):
            frames.append(frame.to_ndarray(format="rgb24"))
            begins.append(round(float(frame.pts * frame.time_base) * 1000))
        return frames, begins, (container.duration or 0) / 1000


def psnr(one, other):
    return 10 * math.log10(255**2 / max(1e-9, ((one.astype(float) - other) ** 2).mean()))


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_lossless_and_last_as_long_as_the_film(files, truth, name):
    frames, times = pictures(files[name])
    assert times == [milliseconds for _, milliseconds in truth]
    for shown, (wanted, _) in zip(frames, truth, strict=True):
        np.testing.assert_array_equal(shown, wanted)


@pytest.mark.parametrize("name", PICTURES)
def test_imageio_reads_the_same(files, truth, name):
    read = iio.imread(files[name], index=..., mode="RGB")
    np.testing.assert_array_equal(read[-1], truth[-1][0])
    assert len(read) == len(truth)


def test_ffmpeg_reads_the_apng_as_well(files, truth):
    frames, begins, _ = video(files["apng"])
    assert begins == [sum(time for _, time in truth[:place]) for place in range(len(truth))]
    for shown, (wanted, _) in zip(frames, truth, strict=True):
        np.testing.assert_array_equal(shown, wanted)


def test_every_format_lasts_as_long_as_the_gif(files, figure):
    total = sum(pictures(files["gif"])[1])
    assert total == 8 * 330 + 1500
    for name in PICTURES:
        assert sum(pictures(files[name])[1]) == total
    for name in VIDEOS:
        assert video(files[name])[2] == pytest.approx(total, abs=1)
    assert {figure.save(f"x.{name}").milliseconds for name in (*MOVING, "gif")} == {total}


@pytest.mark.parametrize("name", VIDEOS)
def test_videos_show_the_film_each_picture_once_at_its_time(files, figure, name):
    frames, begins, _ = video(files[name])
    film = figure.film(tween=TWEEN)
    truth = [(film.palette.colors[frame.pixels], frame.milliseconds) for frame in film]
    assert len(truth) == 9 + 8 * TWEEN
    assert begins == [sum(time for _, time in truth[:place]) for place in range(len(truth))]
    for shown, (wanted, _) in zip(frames, truth, strict=True):
        assert psnr(shown, wanted) > LEAST_PSNR
    # The measure can tell a frame from the next one.
    assert psnr(frames[0], truth[4 * (TWEEN + 1)][0]) < LEAST_PSNR - 5


@pytest.mark.parametrize("name", VIDEOS)
def test_imageio_reads_the_videos(files, truth, name):
    last = list(iio.imiter(files[name], plugin="pyav"))[-1]
    assert psnr(last, truth[-1][0]) > LEAST_PSNR


@pytest.mark.parametrize(("name", "codec"), [("mp4", "h264"), ("webm", "vp9")])
def test_streams_are_what_players_want(name, codec):
    written = make("conv", i=3, k=2, width=641, step=0.1, hold=0.1).save(f"odd.{name}")
    with av.open(f"odd.{name}") as container:
        (stream,) = container.streams
        context = stream.codec_context
        assert context.name.startswith(codec) or codec in context.codec.canonical_name
        assert context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == written.size == (642, 360)
        assert (context.colorspace, context.color_range) == (1, 1), "BT.709, limited range"
        assert container.metadata.get("comment", container.metadata.get("COMMENT")).startswith("cnnviz conv --i 3 ")


@pytest.mark.parametrize(("width", "level"), [(960, 41), (1920, 41), (3840, 51)])
def test_an_mp4_asks_no_more_of_a_device_than_usual_ones_have(width, level):
    make("conv", i=3, k=2, width=width, tween=0, step=0.1, hold=0.1).save("x.mp4")
    with av.open("x.mp4") as container:
        # ISO/IEC 14496-15, 5.3.3.1.2: version, profile, compatibility, level.
        assert container.streams[0].codec_context.extradata[3] <= level


def test_an_odd_side_repeats_its_last_line():
    figure = make("conv", i=3, k=2, width=641, step=0.1, hold=0.1)
    figure.save("odd.mp4")
    film = figure.film()
    *_, last = film
    padded = np.pad(film.palette.colors[last.pixels], [(0, 0), (0, 1), (0, 0)], mode="edge")
    assert psnr(video("odd.mp4")[0][-1], padded) > LEAST_PSNR


def test_the_index_of_an_mp4_stands_before_its_pictures(files):
    data = files["mp4"].read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_the_index_of_an_mp4_has_room_for_times_that_all_differ(figure, truth):
    film = figure.film()
    pixels = np.zeros((270, 480), np.uint8)

    class Uneven:
        size, palette, tween = film.size, film.palette, 0
        storyboard, timing = film.storyboard, film.timing

        def __iter__(self):
            return (Frame(pixels, Box(0, 0, 2, 2), 20 + place % 7) for place in range(300))

    board = make("conv", i=22, k=3).storyboard()
    job = Job(storyboard=board, film=lambda tween: Uneven(), command="ü" * 500, once=False)
    with Path("x.mp4").open("wb") as file:
        writer_for(Path("x.mp4"))(job, file)
    frames, begins, _ = video("x.mp4")
    assert len(frames) == 300
    assert begins[-1] == sum(20 + place % 7 for place in range(299))


def test_colours_of_videos_are_those_of_the_standard(figure):
    class Tiny:
        size = 3, 2
        palette = type("P", (), {"colors": np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]], np.uint8)})

    planes = _Planes(Tiny)
    planes.picture(av, Frame(np.array([[2, 1, 2], [0, 0, 0]], np.uint8), Box(0, 0, 3, 2), 20), 0)
    # BT.709's 100 % colour bars: white (235, 128, 128), black (16, 128, 128), red (63, 102, 240); chroma is the mean
    # of two by two pixels, the last column twice.
    np.testing.assert_array_equal(planes._y, [[63, 16, 63, 63], [235] * 4])
    blue, red = (102 + 3 * 128) / 4, (240 + 3 * 128) / 4
    np.testing.assert_array_equal(planes._uv, [[[round(blue), 115]], [[red, (240 + 128) / 2]]])


def test_a_zip_holds_numbered_frames_and_their_times(files, truth):
    with zipfile.ZipFile(files["zip"]) as archive:
        *names, durations = archive.namelist()
        assert names == [f"conv_{number}.png" for number in range(1, 10)]
        for name, (wanted, _) in zip(names, truth, strict=True):
            np.testing.assert_array_equal(iio.imread(archive.read(name), mode="RGB"), wanted)
        rows = list(csv.DictReader(io.StringIO(archive.read(durations).decode())))
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert rows == [
        {"file": name, "milliseconds": str(time)} for name, (_, time) in zip(names, truth, strict=True)
    ]  # fmt: skip


def test_numbers_of_zipped_frames_sort_as_names():
    make("conv", i=6, k=3, width=320, values=False).save("x.zip")
    with zipfile.ZipFile("x.zip") as archive:
        names = archive.namelist()[:-1]
    assert len(names) == 16
    assert sorted(names) == names


@pytest.mark.parametrize(("frame", "place"), [("last", -1), ("first", 0), (3, 2), ("9", 8), (np.int64(1), 0)])
def test_a_still_shows_the_step_asked_for(truth, frame, place):
    written = make("conv", **SMALL, frame=frame).save("x.png")
    assert (written.size, written.steps, written.milliseconds) == ((480, 270), 1, 0)
    np.testing.assert_array_equal(iio.imread("x.png", mode="RGB"), truth[place][0])


@pytest.mark.parametrize("name", ["png", "apng"])
def test_png_says_what_it_shows_and_what_makes_it(files, figure, name):
    with Image.open(files[name]) as image:
        image.load()
        assert image.text == {
            "Title": "Convolution", "Description": figure.alt(files[name]), "Comment": figure.command(),
            "Caption": caption(figure.storyboard()), "Software": f"cnnviz {__version__}",
        }  # fmt: skip


def test_webp_says_what_it_shows_and_what_makes_it():
    figure = make("conv", i=3, k=2, width=320, title="a < b & 'c'")
    figure.save("x.webp")
    with Image.open("x.webp") as image:
        root = ElementTree.fromstring(image.info["xmp"])
    dc = "{http://purl.org/dc/elements/1.1/}"
    assert root.find(f".//{dc}source").text == figure.command()
    assert "".join(root.find(f".//{dc}description").itertext()) == caption(figure.storyboard())
    iptc = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}"
    assert "".join(root.find(f".//{iptc}AltTextAccessibility").itertext()) == figure.storyboard().alt


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("once", [True, False])
def test_once_is_a_loop_count(name, once):
    make("conv", i=3, k=2, width=320, once=once).save(f"x.{name}")
    with Image.open(f"x.{name}") as image:
        assert image.info["loop"] == int(once)


@pytest.mark.parametrize("name", [*MOVING, "png"])
def test_the_same_figure_gives_the_same_bytes(name, files):
    make("conv", **SMALL).save(f"again.{name}")
    assert Path(f"again.{name}").read_bytes() == files[name].read_bytes()


def test_a_single_step_is_an_animation_too():
    figure = make("conv", i=3, k=3, width=320, hold=2)
    film = figure.film()
    (frame,) = film
    for name in PICTURES:
        assert figure.save(f"x.{name}").milliseconds == 2000
        np.testing.assert_array_equal(iio.imread(f"x.{name}", index=0, mode="RGB"), film.palette.colors[frame.pixels])
    for name in VIDEOS:
        figure.save(f"x.{name}")
        frames, begins, total = video(f"x.{name}")
        assert (len(frames), begins, total) == (1, [0], 2000)


def test_the_default_is_smaller_than_the_gif():
    figure, size = make("conv"), {}
    for name in ("gif", *PICTURES):
        figure.save(f"x.{name}")
        size[name] = Path(f"x.{name}").stat().st_size
    assert size["webp"] <= 0.7 * size["gif"]
    assert size["apng"] <= 1.3 * size["gif"]


class Still:
    """A film of frames that are all the same."""

    def __init__(self, times, film):
        self.times, self.size, self.tween = times, (8, 6), 0
        self.storyboard, self.timing = film.storyboard, film.timing
        self.palette = Palette(np.array([[255, 255, 255], [0, 0, 0]], np.uint8))

    def __iter__(self):
        pixels = np.zeros((6, 8), np.uint8)
        return (Frame(pixels, Box(0, 0, 8, 6), time) for time in self.times)


def test_equal_frames_become_one_as_long_as_a_file_can_say_so(figure):
    still = partial(Still, film=figure.film())
    found = list(patches(still([100, 200, MOST_MILLISECONDS - 300, 50, 20])))
    assert [patch.milliseconds for patch in found] == [MOST_MILLISECONDS, 70]
    assert set(found[1].sparse(2).ravel()) == {2}, "nothing but unchanged"
    for name in PICTURES:
        job = Job(storyboard=figure.storyboard(), film=lambda tween: still([600_000, 70_000]), command="", once=False)
        with Path(f"x.{name}").open("wb") as file:
            assert writer_for(Path(f"x.{name}"))(job, file).milliseconds == 670_000
        assert pictures(f"x.{name}")[1] == [600_000, 70_000]


def test_patches_hold_one_frame_at_a_time():
    """The stream is never run ahead of by more than the frame that is waiting for its time."""
    drawn = []

    class Counting(Still):
        def __iter__(self):
            for number, time in enumerate(self.times):
                drawn.append(number)
                yield Frame(np.full((6, 8), number % 2, np.uint8), Box(0, 0, 8, 6), time)

    for number, _ in enumerate(patches(Counting([20] * 10, make("conv").film()))):
        assert len(drawn) <= number + 2
    assert len(drawn) == 10


@pytest.mark.parametrize(("count", "shown", "places"), [
    (9, 9, [0, 1, 2, 3, 4, 5, 6, 7, 8]), (25, 9, [0, 3, 6, 9, 12, 15, 18, 21, 24]), (2, 2, [0, 1]), (7, 1, [6]),
])  # fmt: skip
def test_a_sheet_takes_steps_evenly(count, shown, places):
    assert spread(count, shown) == places


@pytest.mark.parametrize(("sheet", "rows", "columns", "places"), [
    ("2x3", 2, 3, [0, 2, 3, 5, 6, 8]), ("3x4", 3, 4, range(9)), ("12x2", 5, 2, range(9)), (1, 1, 1, [8]),
])  # fmt: skip
def test_a_sheet_shows_its_steps_in_rows(truth, sheet, rows, columns, places):
    written = make("conv", **SMALL, sheet=sheet).save("x.png")
    picture, gap = iio.imread("x.png", mode="RGB"), 8
    assert picture.shape[:2] == (rows * (270 + gap) + gap, columns * (480 + gap) + gap)
    assert (written.size, written.steps) == (picture.shape[1::-1], len(places))
    for spot, place in enumerate(places):
        top, left = (spot // columns) * (270 + gap) + gap, (spot % columns) * (480 + gap) + gap
        np.testing.assert_array_equal(picture[top : top + 270, left : left + 480], truth[place][0])


@pytest.mark.parametrize(("given", "message"), [
    ("--frame 10 -o x.png", "--frame 10 is beyond the last step: use 1 to 9, first or last"),
    ("--i 3 --frame 2 -o x.png", "--frame 2 is beyond the last step: use 1, first or last"),
    ("--frame 0 -o x.png", "--frame '0' is not a step: use last, first, a number from 1 on, or all"),
    ("--frame middle -o x.png", "--frame 'middle' is not a step: use last, first, a number from 1 on, or all"),
    (
        "--frame first -o a/x.gif",
        "--frame is not for .gif: it has all steps; a still such as .png, .svg or .pdf holds one, as in -o x.png",
    ),
    ("--frame 2 --sheet 3 -o x.png", "--frame 2 is one step and --sheet many: leave one of them out"),
    ("--sheet 3x3 -o x.mp4", "--sheet is not for .mp4: a .png, .svg or .pdf holds a contact sheet, as in -o x.png"),
    ("--sheet 0x3 -o x.png", "--sheet 0 is too small: use 1 or more"),
    ("--sheet 3x13 -o x.png", "--sheet 13 is too large: use 12 or less"),
    ("--i 14 --width 3840 --sheet 12 -o x.png",
     "--sheet 12 would be 46912×26752 pixels: use a smaller --width or sheet, at most 100 million pixels in all"),
])  # fmt: skip
def test_what_cannot_be(cnnviz, given, message):
    ran = cnnviz("conv", "--k", 3, *given.split())
    assert (ran.code, ran.err) == (2, f"cnnviz: {message}\n")
    assert not list(Path().iterdir())


def test_the_program_tells_of_a_still(cnnviz):
    ran = cnnviz("conv", "--k", 3, "--width", 320, "--frame", "first", "-o", "x.png")
    assert ran.out == f"x.png: 320×180 px, 1 step, {Path('x.png').stat().st_size / 1024:.1f} KiB\n"


@pytest.mark.parametrize("name", VIDEOS)
def test_without_the_extra_one_line_says_what_to_install(cnnviz, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "av", None)
    ran = cnnviz("conv", "-o", f"new/x.{name}")
    assert (ran.code, ran.out) == (1, "")
    assert "[video]'" in ran.err
    assert not Path("new").exists()


def test_the_extra_that_is_named_exists():
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(line.startswith("av") for line in project["optional-dependencies"]["video"])


@pytest.mark.parametrize("name", [*PICTURES, *VIDEOS, "png", "zip"])
def test_a_full_disk_leaves_nothing(name, monkeypatch, figure):
    import errno

    class Full(io.FileIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("cnnviz.files.open", lambda name, mode, opener: Full(opener(), mode), raising=False)
    with pytest.raises(CnnvizError, match=f"^cannot write x.{name}: no space left on device$"):
        figure.save(f"x.{name}")
    assert not list(Path().iterdir())


def test_pyav_is_imported_only_when_a_video_is_written():
    folder = Path(sys.modules["cnnviz.export"].__file__).parent
    for name in ("_video", *VIDEOS):
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        heads = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        assert not any("av" in [alias.name for alias in node.names] for node in heads), name


@pytest.mark.parametrize("name", [*PICTURES, *VIDEOS, "png", "zip"])
def test_a_command_with_a_file_name_that_is_no_unicode(name, figure):
    film = figure.film()
    command = "cnnviz conv --input '\udcff.csv'"
    job = Job(storyboard=figure.storyboard(), film=lambda tween: film, command=command, once=False)
    with Path(f"x.{name}").open("wb") as file:
        writer_for(Path(f"x.{name}"))(job, file)
    assert Path(f"x.{name}").stat().st_size > 1000


def test_a_frame_is_no_truth_value():
    with pytest.raises(UsageError, match="--frame 'True' is not a step"):
        make("conv", frame=True)
