"""How far a long figure has come, for who waits at a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any

import click

PATIENCE = 1.0
"""Seconds before a progress bar appears."""
_UPDATES = 200


@contextmanager
def drawing(quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """What is to be told of each step drawn: a bar stands on the terminal once it takes long; None without one."""
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    with ExitStack() as stack:
        yield _Bar(stack, monotonic() + PATIENCE)


class _Bar:
    """One bar; to fit a limited size, the steps may be drawn several times, and it says in which try they are."""

    def __init__(self, stack: ExitStack, begins: float) -> None:
        self._stack, self._begins = stack, begins
        self._bar: Any = None
        self._try, self._last = 1, 0

    def __call__(self, step: int, steps: int) -> None:
        if step <= self._last:
            self._try += 1
            if self._bar is not None:
                self._bar.label, self._bar.pos, self._bar.finished = self._label(), 0, False
        self._last = step
        if self._bar is None:
            if monotonic() < self._begins or step == steps:
                return
            bar = click.progressbar(length=steps, label=self._label(), show_pos=True, file=sys.stderr)
            self._bar = self._stack.enter_context(bar)
        if step - self._bar.pos >= steps / _UPDATES or step == steps:
            self._bar.update(step - self._bar.pos)

    def _label(self) -> str:
        return "Drawing" if self._try == 1 else f"Drawing smaller, try {self._try}"
