"""PDF stills, sheets and pages for each step: read again by pypdf and, where it is there, drawn by poppler."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pypdf
import pytest
from PIL import Image

from cnnviz import __version__
from cnnviz.discovery import find_scenes
from cnnviz.errors import UsageError
from cnnviz.export import writer_for
from cnnviz.notation import number
from cnnviz.pipeline import Figure, make

SMALL = {"i": 4, "k": 3, "width": 480}
FEWER = {
    "gradient-descent": {"optimizer": "adam", "frames": 4}, "batch-norm": {"channels": 1},
    "cnn": {"layers": "conv 2@3x3, fc 3"}, "transposed-conv": {"i": 2}, "lrn": {"n": 2},
}  # fmt: skip
needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="no poppler on this machine")


def read(figure: Figure) -> pypdf.PdfReader:
    file = io.BytesIO()
    writer_for(Path("x.pdf"))(figure.job(), file)
    return pypdf.PdfReader(file, strict=True)


def fonts(reader: pypdf.PdfReader) -> list[pypdf.generic.DictionaryObject]:
    return [font.get_object() for font in reader.pages[0]["/Resources"]["/Font"].values()]


def drawn(path: Path, tmp_path: Path, page: int = 1) -> np.ndarray:
    """A page in pixels, one for each of the figure's."""
    out = tmp_path / path.stem
    subprocess.run(["pdftoppm", "-r", "96", "-png", "-singlefile", "-f", str(page), path, out], check=True)
    with Image.open(out.with_suffix(".png")) as image:
        return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.parametrize("scene", sorted(find_scenes()))
def test_every_scene_is_a_page_of_text_in_its_own_fonts(scene):
    figure = make(scene, **FEWER.get(scene, {}))
    reader = read(figure)
    (page,) = reader.pages
    assert [float(side) for side in page.mediabox] == [0, 0, 720, 405]
    assert len(fonts(reader)) >= 2
    for font in fonts(reader):
        descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert descriptor["/FontFile2"].get_data()[:4] == b"\0\1\0\0"
        assert "/ToUnicode" in font
    # Fields of values are pictures; all else is not.
    kinds = {drawn.get_object()["/Subtype"] for drawn in page["/Resources"]["/XObject"].values()}
    assert kinds == ({"/Image"} if scene in ("cnn", "gradient-descent", "net", "training") else set())


def test_a_page_holds_the_operations_result_as_text():
    figure = make("conv", k=3, s=2, p=1)
    said = read(figure).pages[0].extract_text()
    for value in np.unique(figure.scene.expected()["output"]):
        assert number(float(value), 0) in said
    assert "= 9·(−1) + 0·1 + 9·(−2) + 0·2 + 0·(−1) + 0·1 = −27" in said.replace("\n", " ").replace("  ", " ")


def test_it_says_what_it_is_and_never_when():
    figure = make("conv", title="Faltung (größer)", **SMALL)
    reader = read(figure)
    about = reader.metadata
    assert about.title == "Faltung (größer)"
    assert about.subject == figure.alt(Path("x.pdf"))
    assert about["/Keywords"] == figure.command()
    assert about["/Caption"] == figure.job().caption
    assert about.creator == f"cnnviz {__version__}"
    assert not {"/CreationDate", "/ModDate"} & set(about)
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en"
    told = root["/StructTreeRoot"]["/K"][0].get_object()
    assert told["/S"] == "/Figure"
    assert told["/Alt"].startswith(figure.alt(Path("x.pdf")))


def test_all_steps_are_pages_that_share_what_they_have_in_common(tmp_path):
    figure = make("conv", **SMALL, frame="all")
    made = figure.save(tmp_path / "x.pdf")
    assert (made.steps, made.milliseconds) == (4, 0)
    reader = pypdf.PdfReader(tmp_path / "x.pdf", strict=True)
    for step, page in enumerate(reader.pages, start=1):
        said = page.extract_text()
        assert re.findall(r"step \d+ of \d+", said) == [f"step {step} of 4"]
        assert "Convolution" in said
    assert len(reader.pages) == 4
    make("conv", **SMALL).save(tmp_path / "y.pdf")
    assert (tmp_path / "x.pdf").stat().st_size < 2.5 * (tmp_path / "y.pdf").stat().st_size


@pytest.mark.parametrize(("frame", "step"), [("first", 1), (3, 3)])
def test_a_still_shows_the_step_asked_for(frame, step):
    assert f"step {step} of 4" in read(make("conv", **SMALL, frame=frame)).pages[0].extract_text()
    with pytest.raises(UsageError, match=r"--frame 5 is beyond the last step: use 1 to 4"):
        read(make("conv", **SMALL, frame=5))


def test_a_sheet_is_one_page_of_steps():
    (page,) = read(make("conv", **SMALL, sheet="2x3")).pages
    assert sorted(re.findall(r"step \d+ of \d+", page.extract_text())) == [f"step {step} of 4" for step in (1, 2, 3, 4)]
    # Three steps of 480 × 270 pixels and four gaps of 8 side by side, two rows of them.
    assert [float(side) for side in page.mediabox[2:]] == [0.75 * (3 * 488 + 8), 0.75 * (2 * 278 + 8)]


@needs_poppler
def test_a_page_looks_like_the_pixels(tmp_path):
    for extension in ("pdf", "png"):
        make("conv", k=3, s=2, p=1, theme="print").save(tmp_path / f"x.{extension}")
    with Image.open(tmp_path / "x.png") as image:
        wanted = np.asarray(image.convert("RGB")).astype(int)
    shown = drawn(tmp_path / "x.pdf", tmp_path)
    assert shown.shape == wanted.shape

    # Over areas of 12×12, so that the edges of letters and strokes count for what they cover.
    def coarse(pixels: np.ndarray) -> np.ndarray:
        return pixels[:540, :960].reshape(45, 12, 80, 12, 3).mean(axis=(1, 3))

    assert np.abs(coarse(shown) - coarse(wanted)).max() < 40
    assert np.abs(shown - wanted).mean() < 4
