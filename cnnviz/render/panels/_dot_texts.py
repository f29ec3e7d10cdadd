"""Where the text of a dot goes, so that it covers no other dot and no other text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnnviz.render.canvas import Box
from cnnviz.render.text import TextLine

_EDGE = 2


def place_text(line: TextLine, usual: tuple[int, int], around: Box, taken: Sequence[Box], room: Box) -> tuple[int, int]:
    """Find where a dot's text begins, and its baseline: of all places the first that covers least of what is taken.

    It stands where it is `usual`, at the other side of the dot, above it or below; `around` is the dot with some space.
    """
    places = [usual, *(place for place in _places(line, usual, around) if _within(line, place, room))]
    return min(places, key=lambda place: sum(_shared(_box(line, place), box) for box in taken))


def _places(line: TextLine, usual: tuple[int, int], around: Box) -> Iterator[tuple[int, int]]:
    sides = around.right, around.left - line.width
    yield from ((left, usual[1]) for left in sides)
    for baseline in (around.top - line.descent, around.bottom + line.ascent):
        yield from ((left, baseline) for left in ((around.left + around.right - line.width) // 2, *sides))


def _box(line: TextLine, place: tuple[int, int]) -> Box:
    left, baseline = place
    return Box(left, baseline - line.ascent, left + line.width, baseline + line.descent)


def _within(line: TextLine, place: tuple[int, int], room: Box) -> bool:
    box = _box(line, place)
    return (
        room.left + _EDGE <= box.left
        and box.right <= room.right - _EDGE
        and room.top + _EDGE <= box.top
        and box.bottom <= room.bottom - _EDGE
    )


def _shared(box: Box, other: Box) -> int:
    """Pixels that two boxes have in common."""
    across = min(box.right, other.right) - max(box.left, other.left)
    down = min(box.bottom, other.bottom) - max(box.top, other.top)
    return max(0, across) * max(0, down)
