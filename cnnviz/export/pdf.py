"""PDF: a still, or a sheet of steps (`sheet`), as vectors with text as text; `frame` all has a page for each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._amount import check_pages
from cnnviz.export._pdf import Document
from cnnviz.export._stage import Sheet, Stage, words_of
from cnnviz.render.paper import Sheaf
from cnnviz.words.plain import tag_of

SUPPORTED_OPTIONS = ("frame", "sheet", "transparent")
# PDF has no key for a caption; any other may stand beside its own.
_KEYS = {
    "Title": "Title", "Description": "Subject", "Caption": "Caption", "Comment": "Keywords", "Software": "Creator",
}  # fmt: skip
# Shorter operators are written again, where they are wanted again.
_LEAST_SHARED = 200


def write(job: Job, file: BinaryIO) -> Written:
    """Write the pages with their title, their words and the command that makes them."""
    job = job.as_still()
    film, sheaf = job.film(0), Sheaf()
    stage = Stage(film, sheaf)
    every = job.frame == "all" and job.sheet is None
    if every:
        check_pages(job.storyboard)
    places, spots, size = list(range(job.storyboard.count)), [(0, 0)], film.size
    if not every:
        sheet = Sheet(job, film.size)
        places, spots, size = sheet.places, sheet.spots, sheet.size
    said = words_of(job, stage, places[0] if len(places) == 1 else None)
    document = Document(size, said, tag_of(job.storyboard.lang))
    _share(stage, document, places)
    ground = "" if job.transparent else stage.ground(*size)
    if every:
        for _, drawn in stage.steps(places):
            document.page(ground + drawn)
    else:
        drawn_at = dict(stage.steps(places))
        document.page(ground + "".join(
            sheaf.moved(drawn_at[place], *spot) for place, spot in zip(places, spots, strict=True)
        ))  # fmt: skip
    about = {_KEYS[key]: text for key, text in job.texts().items()}
    file.write(document.whole(sheaf, {**about, "Producer": "cnnviz"}))
    return Written(size=size, steps=len(places), milliseconds=0)


def _share(stage: Stage, document: Document, places: Sequence[int]) -> None:
    """Write once what several of these steps show."""
    if len(places) == 1:
        return
    wanted, count = set(places), Counter[int]()
    for place, held in enumerate(stage.fills()):
        if place in wanted:
            count.update(held)
    fragments = stage.figure.fragments
    for number, times in count.items():
        if times > 1 and len(fragments[number]) > _LEAST_SHARED:
            fragments[number] = document.form(fragments[number])
    stage.figure.page = document.form(stage.figure.page)
