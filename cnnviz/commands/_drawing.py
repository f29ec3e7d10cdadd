"""How far a long figure has come, for who waits at a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

import click

from cnnviz.pipeline import Figure

if TYPE_CHECKING:
    from cnnviz.storyboard import Step, Storyboard

PATIENCE = 1.0
"""Seconds before a progress bar appears."""


@contextmanager
def drawing(figure: Figure, quiet: bool) -> Iterator[Figure]:
    """The figure, whose steps move a progress bar once drawing takes long."""
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield figure
        return
    bar = click.progressbar(length=1, label="Drawing", show_pos=True, file=sys.stderr)
    begins = monotonic() + PATIENCE

    class Watched(Figure):
        def storyboard(self) -> Storyboard:
            board = super().storyboard()
            bar.length = board.count

            def steps() -> Iterator[Step]:
                for number, step in enumerate(board.steps(), 1):
                    yield step
                    # To fit a limited size the steps are drawn again: the bar waits.
                    if number > bar.pos and monotonic() > begins:
                        bar.update(number - bar.pos)

            return replace(board, steps=steps)

    try:
        yield Watched(figure.scene, figure.appearance)
    finally:
        if bar.pos:
            bar.render_finish()
