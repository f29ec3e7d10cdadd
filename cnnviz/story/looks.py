"""Colour scales for values, reading times, and highlighted table rows."""

from __future__ import annotations

from collections.abc import Iterator

from cnnviz.storyboard import SetEntry, Shade, Table, Values


def shade_for(values: Values, *, picture: bool, always: bool) -> Shade:
    """The colour scale for values: grey for a picture, sequential for a map, diverging if there are negative values."""
    lo, hi = float(values.min()), float(values.max())
    if lo < 0:
        most = max(-lo, hi)
        return Shade(scale="diverging", lo=-most, hi=most, always=always)
    return Shade(scale="gray" if picture else "sequential", lo=min(lo, 0.0), hi=hi if hi > 0 else 1.0, always=always)


def reading_beats(count: int) -> float:
    """Beats of a step with text to read; more beats if many steps, and thus shorter ones, are in the figure."""
    return min(30.0, max(2.0, count / 16))


def highlight_row(table: Table, row: int, role: str = "selected") -> Iterator[SetEntry]:
    """Highlight a row of a table and reset the row above; past the last row none is highlighted."""
    for at, new in ((row - 1, "plain"), (row, role)):
        for column in range(len(table.header) if 0 <= at < len(table.entries) else 0):
            yield SetEntry(panel=table.name, row=at, column=column, role=new)
