"""PDF: a still, or a sheet of steps (`sheet`), as vectors with text as text; `frame` all has a page for each step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._amount import check_pages
from cnnviz.export._pdf import Document
from cnnviz.export._stills import Sheet, words_of
from cnnviz.render.panels.base import Item
from cnnviz.render.pdf_pen import PdfPen, PdfResources
from cnnviz.words.plain import tag_of

SUPPORTED_OPTIONS = ("frame", "sheet", "transparent")
# PDF has no key for a caption; any other may stand beside its own.
_KEYS = {
    "Title": "Title",
    "Description": "Subject",
    "Caption": "Caption",
    "Comment": "Keywords",
    "Software": "Creator",
}


def write(job: Job, file: BinaryIO) -> Written:
    """Write the pages with their title, their words and the command that makes them."""
    job = job.as_still()
    film, resources = job.film(0), PdfResources()
    pen, lang = resources.pen(), tag_of(job.storyboard.lang)
    if job.frame == "all" and job.sheet is None:
        check_pages(job.storyboard)
        count, size = job.storyboard.count, film.size
        document = Document(size, words_of(job), lang)
        if not job.transparent:
            pen.rect(0, 0, *size, film.theme.page["ground"])
        stage, ground = film.stage(), pen.take()
        for _ in stage.steps():
            document.page([ground, *(_drawn(pen, layer) for layer in stage.layers())])
    else:
        sheet = Sheet(job, film.size)
        count, size = len(sheet.places), sheet.size
        document = Document(size, sheet.draw(job, film, pen), lang)
        document.page([pen.take()])
    about = {_KEYS[key]: text for key, text in job.metadata().items()}
    file.write(document.whole(resources, {**about, "Producer": "cnnviz"}))
    return Written(size=size, steps=count, milliseconds=0)


def _drawn(pen: PdfPen, layer: Iterable[tuple[Item, tuple[int, int]]]) -> str:
    for item, at in layer:
        item.draw(pen.at(*at))
    return pen.take()
