"""The written GIF, taken apart by hand and decoded by other libraries."""

from __future__ import annotations

import io

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from cnnviz.export import Job
from cnnviz.export.gif import write
from cnnviz.pipeline import make

FIGURES = [
    {"k": 3, "s": 2, "p": 1},
    {"i": "4x7", "k": "2x3", "values": False, "width": 640},
]


def encoded(once=False, **given):
    figure = make("conv", once=once, **given)
    board = figure.storyboard()
    buffer = io.BytesIO()
    job = Job(storyboard=board, film=lambda tween: figure.film(board), command=figure.command(), once=once)
    written = write(job, buffer)
    return figure, written, buffer.getvalue()


def images(data):
    """Each frame as Pillow reads it."""
    image = Image.open(io.BytesIO(data))
    for place in range(image.n_frames):
        image.seek(place)
        yield image


@pytest.mark.parametrize("given", FIGURES, ids=str)
def test_two_libraries_decode_what_was_drawn(given):
    figure, written, data = encoded(**given)
    drawn = list(figure.frames())
    pillow = Image.open(io.BytesIO(data))
    assert pillow.n_frames == len(drawn) == written.steps
    for place, frame in enumerate(drawn):
        pillow.seek(place)
        np.testing.assert_array_equal(np.asarray(pillow.convert("RGB")), frame)
    np.testing.assert_array_equal(iio.imread(data, extension=".gif"), np.stack(drawn))


def test_what_moves_is_there_at_its_time_and_never_half():
    # A step's result may come before its caption; each of them is whole in every picture.
    figure = make("conv", i=4, k=3, width=480)
    film, buffer = figure.film(tween=4, opening=True), io.BytesIO()
    write(Job(storyboard=film.storyboard, film=lambda tween: film, command="", once=False), buffer)
    drawn, ends = [], []
    for frame in film:
        drawn.append(film.palette.colors[frame.pixels])
        ends.append(sum(ends[-1:]) + frame.milliseconds)
    seen, until = [], []
    for image in images(buffer.getvalue()):
        seen.append(np.asarray(image.convert("RGB")))
        until.append(sum(until[-1:]) + image.info["duration"])
    assert set(ends) <= set(until)
    for place, end in enumerate(ends):
        np.testing.assert_array_equal(seen[until.index(end)], drawn[place])
    lines = film.layout.lines
    for rows in (slice(0, lines.band), slice(lines.band, lines.caption + 5)):
        np.testing.assert_array_equal(changing(seen, rows), changing(drawn, rows))


def changing(pictures, rows):
    """Some rows of the pictures, as often as they change."""
    parts = [picture[rows] for picture in pictures]
    return [one for one, before in zip(parts, [None, *parts], strict=False) if before is None or (one != before).any()]


@pytest.mark.parametrize("given", FIGURES, ids=str)
def test_frames_are_partial_and_share_one_small_palette(given):
    _, written, data = encoded(**given)
    assert data[:6] == b"GIF89a"
    assert 0x80 <= data[10] & 0x87 <= 0x85, "a table of at most 64 colours for all"
    boxes = []
    for image in images(data):
        boxes.append(image.dispose_extent)
        assert image.disposal_method in (0, 1), "a frame is to stay under the next one"
    assert boxes[0] == (0, 0, *written.size)
    assert (0, 0, *written.size) not in boxes[1:]


def test_it_loops_and_the_command_and_what_it_shows_are_in_comments():
    figure, _, data = encoded(k=3, s=2, p=1, title="x" * 700)
    info = next(images(data)).info
    assert info["loop"] == 0
    assert figure.command().encode() in info["comment"]
    assert f"Description: {figure.storyboard().alt}\n" in info["comment"].decode()


@pytest.mark.parametrize(
    ("given", "delays"),
    [
        # Three steps whose captions are read, one more of their kind, and the last.
        ({"i": 4, "k": 3}, [300, 300, 300, 100, 300]),
        ({"i": 4, "k": 3, "step": 0.333, "hold": 1.0}, [33, 34, 33, 33, 100]),
        # The first picture changes all that is seen, so it stays a sixth of a second; the window's lines are long.
        ({"i": 24, "k": 1, "s": 12, "step": 0.02, "hold": 0.02}, [17, 5, 4, 2, 4]),
    ],
)
def test_delays_are_whole_hundredths_and_do_not_drift(given, delays):
    _, written, data = encoded(**given)
    found = [image.info["duration"] // 10 for image in images(data)]
    assert found == delays
    assert written.milliseconds == 10 * sum(found)
