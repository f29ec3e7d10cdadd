"""The written GIF, taken apart by hand and decoded by other libraries."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

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


@dataclass
class Blocks:
    """What a GIF file consists of."""

    size: tuple[int, int]
    colors: int
    order: list[str]
    comments: list[bytes]
    delays: list[int]
    boxes: list[tuple[int, int, int, int]]
    bits: list[int]
    loop: int | None


def take_apart(data: bytes) -> Blocks:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    assert data[:6] == b"GIF89a"
    assert flags & 0x80, "no global colour table"
    at = 13 + 3 * (2 << (flags & 7))
    found = Blocks((width, height), 2 << (flags & 7), [], [], [], [], [], None)

    def sub_blocks(at: int) -> tuple[bytes, int]:
        content = b""
        while data[at]:
            content += data[at + 1 : at + 1 + data[at]]
            at += 1 + data[at]
        return content, at + 1

    while data[at : at + 1] != b";":
        if data[at] == 0x21:
            label = data[at + 1]
            content, at = sub_blocks(at + 2)
            if label == 0xFE:
                found.order.append("comment")
                found.comments.append(content)
            elif label == 0xFF:
                found.order.append("loop")
                found.loop = struct.unpack_from("<H", content, 12)[0]
            elif label == 0xF9:
                found.order.append("control")
                found.delays.append(struct.unpack_from("<H", content, 1)[0])
                assert (content[0] >> 2) & 7 == 1, "a frame is to stay under the next one"
        else:
            assert data[at] == 0x2C
            found.order.append("image")
            x, y, w, h, local = struct.unpack_from("<HHHHB", data, at + 1)
            assert not local & 0x80, "a frame has a palette of its own"
            found.boxes.append((x, y, w, h))
            found.bits.append(data[at + 10])
            _, at = sub_blocks(at + 11)
    assert at == len(data) - 1
    return found


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


def test_what_moves_is_there_at_its_time():
    # A step may come in several blocks; by the end of its time it is whole.
    figure = make("conv", i=4, k=3, width=480)
    film, buffer = figure.film(tween=4, opening=True), io.BytesIO()
    write(Job(storyboard=film.storyboard, film=lambda tween: film, command="", once=False), buffer)
    drawn = []
    for frame in film:
        drawn += [film.palette.colors[frame.pixels]] * (frame.milliseconds // 10)
    pillow, times, seen = Image.open(buffer), [], []
    for place in range(pillow.n_frames):
        pillow.seek(place)
        seen.append(np.asarray(pillow.convert("RGB")))
        times += [place] * (pillow.info["duration"] // 10)
    assert len(times) == len(drawn)
    assert len(seen) > len(list(film))
    for place, (at, wanted) in enumerate(zip(times, drawn, strict=True)):
        if place + 1 == len(drawn) or drawn[place + 1] is not wanted:
            np.testing.assert_array_equal(seen[at], wanted)


@pytest.mark.parametrize("given", FIGURES, ids=str)
def test_frames_are_partial_and_share_one_small_palette(given):
    _, written, data = encoded(**given)
    blocks = take_apart(data)
    assert blocks.size == written.size
    assert blocks.colors <= 64
    assert blocks.boxes[0] == (0, 0, *blocks.size)
    assert all(w * h < blocks.size[0] * blocks.size[1] for _, _, w, h in blocks.boxes[1:])


def test_the_loop_block_follows_the_colour_table_and_the_command_is_in_the_comment():
    figure, _, data = encoded(k=3, s=2, p=1)
    blocks = take_apart(data)
    assert blocks.order[:2] == ["loop", "comment"]
    assert blocks.loop == 0
    assert blocks.comments[0] == b"cnnviz conv --i 5 --k 3 --s 2 --p 1"
    assert f"Description: {figure.storyboard().alt}\n" in blocks.comments[1].decode()


def test_a_comment_longer_than_a_block_survives():
    text = "x" * 700
    _, _, data = encoded(title=text)
    assert text.encode() in take_apart(data).comments[0]


@pytest.mark.parametrize(
    ("given", "delays"),
    [
        # Two steps whose captions are read, one more of their kind, and the last.
        ({"i": 4, "k": 3}, [300, 300, 100, 300]),
        ({"i": 4, "k": 3, "step": 0.333, "hold": 1.0}, [33, 34, 33, 100]),
        # The first picture changes all that is seen, so it stays a sixth of a second; the window's lines are long.
        ({"i": 24, "k": 1, "s": 12, "step": 0.02, "hold": 0.02}, [17, 5, 4, 2]),
    ],
)
def test_delays_are_whole_hundredths_and_do_not_drift(given, delays):
    _, written, data = encoded(**given)
    found = take_apart(data).delays
    assert found == delays
    assert written.milliseconds == 10 * sum(found)
