"""PDF: a still, or a sheet of steps (`sheet`), as vectors with text as text; `frame` all has a page for each step."""

from __future__ import annotations

from collections import Counter
from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._amount import check_pages
from cnnviz.export._pdf import Document
from cnnviz.export._stills import Sheet, words_of
from cnnviz.render.frames import Film
from cnnviz.render.panels.base import Slot
from cnnviz.render.pdf_pen import PdfResources
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
# Shorter operators are written again, where they are wanted again.
_LEAST_SHARED = 200


def write(job: Job, file: BinaryIO) -> Written:
    """Write the pages with their title, their words and the command that makes them."""
    job = job.as_still()
    film, resources = job.film(0), PdfResources()
    pen, lang = resources.pen(), tag_of(job.storyboard.lang)
    if job.frame == "all" and job.sheet is None:
        check_pages(job.storyboard)
        count, size = job.storyboard.count, film.size
        document = Document(size, words_of(job), lang)
        _add_pages(job, film, resources, document)
    else:
        sheet = Sheet(job, film.size)
        count, size = len(sheet.places), sheet.size
        document = Document(size, sheet.draw(job, film, pen), lang)
        document.page(pen.take())
    about = {_KEYS[key]: text for key, text in job.texts().items()}
    file.write(document.whole(resources, {**about, "Producer": "cnnviz"}))
    return Written(size=size, steps=count, milliseconds=0)


def _add_pages(job: Job, film: Film, resources: PdfResources, document: Document) -> None:
    """A page for each step; what several of them show is written once."""
    stage, pen = film.stage(), resources.pen()
    drawn: dict[tuple[int, Slot], str] = {}
    if not job.transparent:
        pen.rect(0, 0, *film.size, film.theme.page["ground"])
    pages, ground = list[list[str]](), pen.take()
    for _ in stage.steps():
        for number, slot, _, item, _ in stage.changes():
            if item is not None:
                item.draw(pen.at(*stage.corner(number, item)))
                drawn[number, slot] = pen.take()
        pages.append([ground, *(drawn[key] for key in stage.slots())])
    times = Counter(markup for page in pages for markup in page)
    shared = {markup for markup, count in times.items() if count > 1 and len(markup) > _LEAST_SHARED}
    forms = {markup: document.form(markup) for markup in times if markup in shared}
    for page in pages:
        document.page("".join(forms.get(markup, markup) for markup in page))
