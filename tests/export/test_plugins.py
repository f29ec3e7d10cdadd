"""Anyone's frames through the writers, as imageio plugins."""

import io

import av
import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image, ImageSequence

import cnnviz
from cnnviz.errors import UsageError

PLUGINS = {
    "gif": cnnviz.GifPlugin,
    "apng": cnnviz.ApngPlugin,
    "webp": cnnviz.WebpPlugin,
    "mp4": cnnviz.Mp4Plugin,
    "webm": cnnviz.WebmPlugin,
}


def drawn(count=5):
    """Frames of few colours, in which a square moves."""
    frames = np.full((count, 40, 60, 3), (250, 240, 200), np.uint8)
    for number, frame in enumerate(frames):
        frame[10:20, 8 * number : 8 * number + 10] = (200, 30, 10 * number)
    return frames


def lasts(path):
    """The milliseconds of each frame, as Pillow reads them."""
    with Image.open(path) as image:
        frames = ImageSequence.Iterator(image)
        return [round(frame.info["duration"]) for frame in frames if frame.load()]


@pytest.mark.parametrize("name", ["gif", "apng", "webp"])
def test_frames_of_few_colours_are_kept_and_of_many_get_the_nearest_of_one_palette(tmp_path, name):
    path = tmp_path / f"x.{name}"
    for form in (np.asarray, list, iter):
        iio.imwrite(path, form(drawn()), plugin=PLUGINS[name], duration=[40, 40, 200, 40, 1000], loop=0)
        np.testing.assert_array_equal(iio.imread(path, index=..., mode="RGB"), drawn())
        assert lasts(path) == [40, 40, 200, 40, 1000]
    frame = np.indices((64, 256), np.uint8).T[..., [0, 1, 1]]
    iio.imwrite(path, [frame, frame[:, ::-1]], plugin=PLUGINS[name])
    read = iio.imread(path, index=..., mode="RGB")
    assert len(np.unique(read.reshape(-1, 3), axis=0)) <= 255
    assert np.abs(read[0].astype(int) - frame).mean() < 8
    np.testing.assert_array_equal(read[1], read[0][:, ::-1])


@pytest.mark.parametrize("name", ["mp4", "webm"])
def test_videos(tmp_path, name):
    path = tmp_path / f"x.{name}"
    iio.imwrite(path, drawn(), plugin=PLUGINS[name], duration=[100, 200, 300, 400, 500])
    read = iio.imread(path, index=..., plugin="pyav")
    assert read.shape == (5, 40, 60, 3)
    assert np.abs(read.astype(int) - drawn()).mean() < 6
    with av.open(path) as container:
        assert container.duration == pytest.approx(1_500_000, abs=2000)


def test_rounded_delays_do_not_add_up_and_a_single_frame_goes_into_memory_with_a_title():
    content = iio.imwrite("<bytes>", drawn(6), plugin=cnnviz.GifPlugin, duration=1000 / 60)
    assert sum(lasts(io.BytesIO(content))) == 100
    content = iio.imwrite("<bytes>", drawn()[0], plugin=cnnviz.GifPlugin, loop=1, texts={"Title": "Squares"})
    with Image.open(io.BytesIO(content)) as image:
        assert "loop" not in image.info
        assert b"Squares" in image.info["comment"]
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), drawn()[0])


@pytest.mark.parametrize(
    ("frames", "duration"),
    [
        ([], 40),
        (drawn()[..., :2], 40),
        (drawn() / 255, 40),
        ([drawn()[0], drawn()[0][:8]], 40),
        (drawn(), 0),
        (drawn(), [10]),
        (drawn(), float("nan")),
    ],
)
def test_what_cannot_be_shown_is_refused_before_a_file_is_made(tmp_path, frames, duration):
    with pytest.raises(UsageError, match="frame" if duration == 40 else "duration"):
        iio.imwrite(tmp_path / "x.gif", frames, plugin=cnnviz.GifPlugin, duration=duration)
    assert not list(tmp_path.iterdir())
