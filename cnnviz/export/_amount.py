"""How much may be drawn into one file, checked before the first frame."""

from __future__ import annotations

import math

from cnnviz.errors import UsageError
from cnnviz.export import Job
from cnnviz.limits import LEAST_PIXELS, MAX_PAGE_CELLS, MAX_PAGES, MAX_PIXELS, MOST_TWEENED, TWEEN
from cnnviz.render.frames import GLIDE_MILLISECONDS, Film
from cnnviz.storyboard import Storyboard


def check_amount(film: Film, most: int = MAX_PIXELS) -> None:
    """Refuse a film whose pictures have more than `most` pixels together; raises UsageError."""
    (pictures, pixels), (width, height) = _amount(film), film.size
    if pixels > most:
        raise UsageError(
            f"{pictures} pictures of {width}×{height} pixels are too many for one file, more than {most // 10**6} "
            "million pixels: use fewer steps, a smaller --width, --tween 0, or .html or .svg, which have no pixels"
        )


def tween_of(job: Job) -> int:
    """Pictures in which windows, cells, maps or rows move where nobody says how many, where each is stored."""
    board = job.storyboard
    moves = any(panel.kind in ("grid", "block", "maps", "surface", "table") for panel in board.panels())
    return TWEEN if moves and board.count <= MOST_TWEENED else 0


def affordable(job: Job, tween: int, most: int) -> Film:
    """A film that glides, or one that does not where this would be too much and nobody asked for it.

    Raises UsageError where it is too much all the same.
    """
    film = job.film(tween)
    if _amount(film)[1] > most:
        film = job.film(0)
    check_amount(film, most)
    return film


def check_pages(board: Storyboard) -> None:
    """Refuse a document with a page for each of too many steps, or with too many cells; raises UsageError."""
    cells = board.count * sum(math.prod(shape) for panel in board.panels() if (shape := getattr(panel, "shape", ())))
    for count, what, most in ((board.count, "pages", MAX_PAGES), (cells, "cells on all pages", MAX_PAGE_CELLS)):
        if count > most:
            reason = f"{count} {what} are too many for a PDF, more than {most}"
            raise UsageError(f"{reason}: use --sheet, fewer steps, or .html")


def _amount(film: Film) -> tuple[int, int]:
    """How many pictures a film has, and how many pixels these together."""
    width, height = film.size
    glides = min(film.tween + film.flight, int(film.timing.step * 1000) // GLIDE_MILLISECONDS)
    pictures = (film.storyboard.count - 1) * (glides + 1) + 1
    return pictures, pictures * max(width * height, LEAST_PIXELS)
