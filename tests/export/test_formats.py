"""Every format of pictures and videos, opened again by other libraries and held against the film itself."""

import csv
import io
import math
import sys
import zipfile
from itertools import accumulate
from pathlib import Path
from xml.etree import ElementTree

import av
import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from cnnviz import __version__
from cnnviz.pipeline import make
from cnnviz.words.plain import caption

pytestmark = pytest.mark.usefixtures("here")

PICTURES, VIDEOS = ("webp", "apng"), ("mp4", "webm")
MOVING = (*PICTURES, *VIDEOS, "zip")
# 4:2:0 alone, with no compression at all, leaves 36 to 38 dB of such frames.
LEAST_PSNR = 33
SMALL = {"i": 5, "k": 3, "width": 480, "step": 0.33, "hold": 1.5, "tween": 0}


@pytest.fixture(scope="module")
def figure():
    return make("conv", **SMALL)


@pytest.fixture(scope="module")
def truth(figure):
    """Each frame as RGB with its milliseconds, straight from the renderer."""
    film = figure.film(opening=True)
    return [(film.palette.colors[frame.pixels], frame.milliseconds) for frame in film]


@pytest.fixture(scope="module")
def files(figure, tmp_path_factory):
    """One file a format."""
    folder = tmp_path_factory.mktemp("formats")
    return {path.suffix[1:]: path for path in figure.save_all(folder / "x", [*MOVING, "png"])}


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


@pytest.mark.parametrize("name", VIDEOS)
def test_videos_show_the_film_each_picture_once_at_its_time(files, truth, name):
    frames, begins, lasts = video(files[name])
    *starts, total = accumulate((time for _, time in truth), initial=0)
    assert (len(truth), begins) == (11, starts)
    assert lasts == pytest.approx(total, abs=1)
    for shown, (wanted, _) in zip(frames, truth, strict=True):
        assert psnr(shown, wanted) > LEAST_PSNR


@pytest.mark.parametrize(("name", "codec"), [("mp4", "h264"), ("webm", "vp9")])
def test_streams_are_what_players_want(name, codec):
    written = make("conv", i=3, k=2, width=641, step=0.1, hold=0.1, tween=0).save(f"odd.{name}")
    with av.open(f"odd.{name}") as container:
        (stream,) = container.streams
        context = stream.codec_context
        assert codec in (context.name, context.codec.canonical_name)
        assert context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == written.size == (642, 360)
        assert (context.colorspace, context.color_range) == (1, 1), "BT.709, limited range"
        assert container.metadata.get("comment", container.metadata.get("COMMENT")).startswith("cnnviz conv --i 3 ")
    if name == "mp4":
        data = Path("odd.mp4").read_bytes()
        assert 0 < data.index(b"moov") < data.index(b"mdat"), "its index stands before its pictures"


def test_a_zip_holds_numbered_frames_and_their_times(files, truth):
    with zipfile.ZipFile(files["zip"]) as archive:
        *names, durations = archive.namelist()
        assert names == [f"conv_{number:02}.png" for number in range(1, 11)]
        rows = list(csv.DictReader(io.StringIO(archive.read(durations).decode())))
        for name, (wanted, time), row in zip(names, truth[1:], rows, strict=True):
            np.testing.assert_array_equal(iio.imread(archive.read(name), mode="RGB"), wanted)
            assert row == {"file": name, "milliseconds": str(time)}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_still_shows_the_step_asked_for(truth):
    for frame, place in {"last": 10, "first": 1, 3: 3, "8": 8}.items():
        written = make("conv", **SMALL, frame=frame).save("x.png")
        assert (written.size, written.steps, written.milliseconds) == ((480, 270), 1, 0)
        np.testing.assert_array_equal(iio.imread("x.png", mode="RGB"), truth[place][0])


@pytest.mark.parametrize("name", ["png", "apng"])
def test_png_says_what_it_shows_and_what_makes_it(files, figure, name):
    with Image.open(files[name]) as image:
        image.load()
        assert image.text == {
            "Title": "Convolution",
            "Description": figure.alt(files[name]),
            "Comment": figure.command(),
            "Caption": caption(figure.storyboard()),
            "Software": f"cnnviz {__version__}",
        }


def test_webp_says_what_it_shows_and_what_makes_it():
    # Its padding is painted at places that NumPy counts.
    figure = make("padding", title="a < b & 'c'")
    figure.save("x.webp")
    with Image.open("x.webp") as image:
        root = ElementTree.fromstring(image.info["xmp"])
    dc = "{http://purl.org/dc/elements/1.1/}"
    assert root.find(f".//{dc}source").text == figure.command()
    assert "".join(root.find(f".//{dc}description").itertext()) == caption(figure.storyboard())
    iptc = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}"
    assert "".join(root.find(f".//{iptc}AltTextAccessibility").itertext()) == figure.storyboard().alt


def test_the_default_is_smaller_than_the_gif():
    figure = make("conv", i=4)
    sizes = [len(content) for _, content in figure.contents(["x.gif", "x.webp", "x.apng"])]
    assert sizes[1] <= 0.7 * sizes[0]
    assert sizes[2] <= 1.3 * sizes[0]


@pytest.mark.parametrize(
    ("sheet", "rows", "columns", "places"), [("2x3", 2, 3, [1, 3, 5, 6, 8, 10]), ("12x2", 5, 2, range(1, 11))]
)
def test_a_sheet_shows_its_steps_in_rows(truth, sheet, rows, columns, places):
    written = make("conv", **SMALL, sheet=sheet).save("x.png")
    picture, gap = iio.imread("x.png", mode="RGB"), 8
    assert picture.shape[:2] == (rows * (270 + gap) + gap, columns * (480 + gap) + gap)
    assert (written.size, written.steps) == (picture.shape[1::-1], len(places))
    for spot, place in enumerate(places):
        top, left = (spot // columns) * (270 + gap) + gap, (spot % columns) * (480 + gap) + gap
        np.testing.assert_array_equal(picture[top : top + 270, left : left + 480], truth[place][0])


@pytest.mark.parametrize(
    "given",
    [
        "--frame 11 -o x.png",
        "--frame middle -o x.png",
        "--frame 2 --sheet 3 -o x.png",
        "--sheet 3x3 -o x.mp4",
        "--sheet 13 -o x.png",
        "--sheet 12 --i 14 --width 3840 -o x.png",
    ],
)
def test_what_cannot_be(refused, given):
    code, said = refused("conv", "--k", 3, *given.split())
    assert (code, given.split()[0] in said) == (2, True)


def test_without_the_extra_one_line_says_what_to_install(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    for name in VIDEOS:
        code, said = refused("conv", "-o", f"new/x.{name}")
        assert (code, "[video]'" in said) == (1, True)
