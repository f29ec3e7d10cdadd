"""How values become colours, how long a step is read, which row of a table is lit."""

from __future__ import annotations

from collections.abc import Iterator

from cnnviz.storyboard import SetEntry, Shade, Table, Values


def shade_for(values: Values, *, picture: bool, always: bool) -> Shade:
    """How values become colours: greys for a picture, one hue for a map, two from a middle zero where signs differ."""
    lo, hi = float(values.min()), float(values.max())
    if lo < 0:
        most = max(-lo, hi)
        return Shade(scale="diverging", lo=-most, hi=most, always=always)
    return Shade(scale="gray" if picture else "sequential", lo=min(lo, 0.0), hi=hi if hi > 0 else 1.0, always=always)


def reading_beats(count: int) -> float:
    """Beats of a step that is read rather than followed: more where many steps are to go by fast."""
    return min(30.0, max(2.0, count / 16))


def highlight_row(table: Table, row: int, look: str = "selected") -> Iterator[SetEntry]:
    """A row of a table lights up, maybe with another `look`, the one above it no longer does; none after the last."""
    for at, role in ((row - 1, "plain"), (row, look)):
        for column in range(len(table.header) if 0 <= at < len(table.entries) else 0):
            yield SetEntry(panel=table.name, row=at, column=column, role=role)
