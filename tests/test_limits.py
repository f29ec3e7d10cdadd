"""What is too much is refused before it is drawn, in a line that names the limit and what would do."""

import io
import sys

import pytest

import cnnviz
from cnnviz.cli import main
from cnnviz.errors import UsageError

REFUSED = {
    "x.gif": ({"i": 34, "width": 3840}, "1025 pictures|3840×2160|--width"),
    "x.zip": ({"i": 34, "width": 960}, "1025 pictures|500 million|.html"),
    "x.mp4": ({"i": 9, "width": 1920, "tween": 30, "step": 2}, "2500 pictures|--tween 0"),
    "x.webp": ({"i": 52, "width": 960}, "2501 pictures|850 million"),
    "y.pdf": ({"i": 270, "s": 10, "k": 1, "frame": "all"}, "1300000|--sheet"),
    "x.pdf": ({"i": 31, "frame": "all"}, "842 pages|--sheet"),
}
"""What is refused, and what its refusal names."""


@pytest.mark.parametrize("name", REFUSED)
def test_too_many_pixels_are_refused(name, tmp_path):
    parameters, named = REFUSED[name]
    with pytest.raises(UsageError) as refused:
        cnnviz.conv(**parameters).save(tmp_path / name)
    assert all(part in str(refused.value) for part in named.split("|"))
    assert list(tmp_path.iterdir()) == []


def test_cells_that_do_not_fit_the_frame_are_refused(tmp_path):
    figure = cnnviz.conv(i=512, k=3, s=128)
    with pytest.raises(UsageError, match="larger --width"):
        figure.save(tmp_path / "x.gif")
    film = cnnviz.conv(i=512, k=3, s=128, width=1360).film()
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
