"""PDF stills, sheets and pages for each step: read again by pypdf and, where it is there, drawn by poppler."""

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
from cnnviz.errors import UsageError
from cnnviz.export import module_for
from cnnviz.notation import number
from cnnviz.pipeline import Figure, make

SMALL = {"i": 4, "k": 3, "width": 480}
needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="no poppler on this machine")


def read(figure: Figure) -> pypdf.PdfReader:
    file = io.BytesIO()
    module_for(Path("x.pdf")).write(figure.job(), file)
    return pypdf.PdfReader(file, strict=True)


def test_a_page_holds_the_operations_result_as_text():
    figure = make("conv", k=3, s=2, p=1)
    said = read(figure).pages[0].extract_text()
    for value in np.unique(figure.scene.expected()["output"]):
        assert number(float(value), 0) in said


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
    assert (made.steps, made.milliseconds) == (5, 0)
    pages = [page.extract_text() for page in pypdf.PdfReader(tmp_path / "x.pdf", strict=True).pages]
    assert [re.findall(r"step \d+ of \d+", said) for said in pages] == [[f"step {step} of 5"] for step in range(1, 6)]
    make("conv", **SMALL, frame=3).save(tmp_path / "y.pdf")
    assert "step 3 of 5" in pypdf.PdfReader(tmp_path / "y.pdf").pages[0].extract_text()
    assert (tmp_path / "x.pdf").stat().st_size < 2.5 * (tmp_path / "y.pdf").stat().st_size
    with pytest.raises(UsageError, match=r"--frame 6 is beyond the last step: use 1 to 5"):
        read(make("conv", **SMALL, frame=6))


def test_a_sheet_is_one_page_of_steps():
    (page,) = read(make("conv", **SMALL, sheet="2x3")).pages
    assert sorted(re.findall(r"step \d+ of \d+", page.extract_text())) == [f"step {step} of 5" for step in range(1, 6)]
    # Three steps of 480 × 270 pixels and four gaps of 8 side by side, two rows of them.
    assert [float(side) for side in page.mediabox[2:]] == [0.75 * (3 * 488 + 8), 0.75 * (2 * 278 + 8)]


@needs_poppler
def test_a_page_looks_like_the_pixels(tmp_path):
    """Over areas of 12×12, so that the edges of letters and strokes count for what they cover."""
    for extension in ("pdf", "png"):
        make("conv", k=3, s=2, p=1, theme="print").save(tmp_path / f"x.{extension}")
    command = ["pdftoppm", "-r", "96", "-png", "-singlefile", tmp_path / "x.pdf", tmp_path / "seen"]
    subprocess.run(command, check=True)
    shown, wanted = (
        np.asarray(Image.open(tmp_path / name).convert("RGB")).astype(float) for name in ("seen.png", "x.png")
    )
    assert shown.shape == wanted.shape == (540, 960, 3)
    coarse = (shown - wanted).reshape(45, 12, 80, 12, 3).mean(axis=(1, 3))
    assert np.abs(coarse).max() < 40
    assert np.abs(shown - wanted).mean() < 4
