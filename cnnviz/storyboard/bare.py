"""A figure without words: only its grids and windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnnviz.errors import UsageError
from cnnviz.storyboard.changes import Relabel
from cnnviz.storyboard.figure import Step, Storyboard
from cnnviz.storyboard.panels import Block, Grid, Panel


def bare(board: Storyboard) -> Storyboard:
    """The storyboard with only its grids and the steps that change them; raises UsageError if there are no grids.

    Title, settings and alt text are kept for the file's metadata and for screen readers.
    """
    rows = tuple(tuple(_without_words(panel) for panel in row if _is_clear_without_words(panel)) for row in board.rows)
    rows = tuple(row for row in rows if row)
    kept = {panel.name for row in rows for panel in row}
    if not kept:
        raise UsageError(f"--bare draws only grids of cells, and this {board.scene} has none: leave it out")

    def steps() -> Iterator[Step]:
        for place, step in enumerate(board.steps()):
            changes = tuple(c for c in step.changes if c.panel in kept and not isinstance(c, Relabel))
            if changes or not place:
                yield replace(step, caption="", changes=changes)

    return replace(board, rows=rows, steps=steps, count=sum(1 for _ in steps()), bare=True)


def _is_clear_without_words(panel: Panel) -> bool:
    """Whether a panel makes sense without words, which a kernel without its weights does not."""
    return isinstance(panel, Grid | Block) and not (panel.roles == "kernel").all()


def _without_words(panel: Panel) -> Panel:
    if isinstance(panel, Block):
        panel = replace(panel, captions=("",) * len(panel.values))
    return replace(panel, label="", under=False)
