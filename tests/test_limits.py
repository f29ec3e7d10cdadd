"""What is too much is refused before it is drawn, in a line that names the limit and what would do."""

from __future__ import annotations

import io
import sys

import pytest

import cnnviz
from cnnviz.cli import main
from cnnviz.errors import UsageError

REFUSED = {
    "x.gif": (
        {"i": 34, "width": 3840},
        "1024 pictures of 3840×2160 pixels are too many for one file, more than 2200 million pixels: use --width 1950, "
        "fewer steps, or .html or .svg, which have no pixels",
    ),
    "x.zip": (
        {"i": 34, "width": 960},
        "1024 pictures of 960×540 pixels are too many for one file, more than 500 million pixels: use fewer steps, or "
        ".html or .svg, which have no pixels",
    ),
    "x.mp4": (
        {"i": 9, "width": 1920, "tween": 30, "step": 2},
        "1489 pictures of 1920×1080 pixels are too many for one file, more than 500 million pixels: use --tween 0, "
        "fewer steps, or .html or .svg, which have no pixels",
    ),
    "x.webp": (
        {"i": 52, "width": 960},
        "2500 pictures of 960×540 pixels are too many for one file, more than 850 million pixels: use fewer steps, or "
        ".html or .svg, which have no pixels",
    ),
    "y.pdf": (
        {"i": 270, "s": 10, "k": 1, "frame": "all"},
        "53676270 cells on all pages are too many for a PDF, more than 1300000: use --sheet, fewer steps, or .html",
    ),
    "x.pdf": (
        {"i": 31, "frame": "all"},
        "841 pages are too many for a PDF, more than 800: use --sheet, fewer steps, or .html",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_too_many_pixels_are_refused(name, tmp_path):
    parameters, message = REFUSED[name]
    with pytest.raises(UsageError) as refused:
        cnnviz.conv(**parameters).save(tmp_path / name)
    assert str(refused.value) == message
    assert list(tmp_path.iterdir()) == []


def test_cells_that_do_not_fit_the_frame_are_refused(tmp_path):
    figure = cnnviz.conv(i=512, k=3, s=128)
    message = (
        "so many cells do not fit a picture 960 px wide, where none can be smaller than a pixel: use --width 1280, or "
        "fewer cells"
    )
    with pytest.raises(UsageError) as refused:
        figure.save(tmp_path / "x.gif")
    assert str(refused.value) == message
    film = cnnviz.conv(i=512, k=3, s=128, width=1280).film()
    place = film.layout.places["input"]
    assert (place.height, film.layout.cell) == (512, 1)
    assert place.y + place.height < film.layout.lines.band


def test_what_a_terminal_cannot_show_is_no_failure(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="utf-8", write_through=True))
    with pytest.raises(SystemExit) as left:
        main(["conv", "--width", "320", "-o", "\udcff.png"])
    assert left.value.code == 0
    assert shown.getvalue().startswith(b"\\udcff.png: 320\xc3\x97180 px")
