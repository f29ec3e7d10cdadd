"""A figure without a word: its grids and windows, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnnviz.errors import UsageError
from cnnviz.storyboard.changes import Relabel
from cnnviz.storyboard.figure import Step, Storyboard
from cnnviz.storyboard.panels import Block, Grid, Panel


def bare(board: Storyboard) -> Storyboard:
    """The storyboard with its grids alone, and with the steps in which these change; raises UsageError for none.

    Title, settings and alt text stay: nobody draws them, but a file says them to who cannot see it.
    """
    rows = tuple(tuple(_without_words(panel) for panel in row if _tells(panel)) for row in board.rows)
    rows = tuple(row for row in rows if row)
    kept = {panel.name for row in rows for panel in row}
    if not kept:
        raise UsageError(f"--bare draws grids of cells alone, and {board.scene} has none here: leave it out")

    def steps() -> Iterator[Step]:
        for place, step in enumerate(board.steps()):
            changes = tuple(c for c in step.changes if c.panel in kept and not isinstance(c, Relabel))
            if changes or not place:
                yield replace(step, caption="", changes=changes)

    return replace(board, rows=rows, steps=steps, count=sum(1 for _ in steps()), bare=True)


def _tells(panel: Panel) -> bool:
    """Whether a panel tells something without words: a kernel without its weights does not."""
    return isinstance(panel, Grid | Block) and not (panel.roles == "kernel").all()


def _without_words(panel: Panel) -> Panel:
    if isinstance(panel, Block):
        panel = replace(panel, captions=("",) * len(panel.values))
    return replace(panel, label="", under=False)
