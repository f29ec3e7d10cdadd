"""A figure: the stage and its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cnnviz.record import Record
from cnnviz.storyboard.changes import Change
from cnnviz.storyboard.panels import Panel, Words

FORMAT_VERSION = 1


class Step(Record, kw_only=True):
    """A step: its caption and changes; it is shown for `beats` times the usual time."""

    caption: Words = ""
    changes: tuple[Change, ...] = ()
    beats: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Storyboard:
    """A figure: the stage (`rows` of panels) and the `count` steps, which each call of `steps` generates again.

    Storyboards are compared by identity.

    `point` is the sentence under the title that says what the figure shows; `convention` is part of captions and alt
    texts, but not drawn. `step_roles` are the roles that steps introduce, so that a renderer knows all colours before
    the first frame. `code` is a line of a program that computes the same. `lang` is the language as in `--lang`, and
    `counter` the template of the step counter. Of a `bare` figure only the stage is drawn. `subject` is the part of
    `alt` after "Animation of", for pictures that show only some steps; empty if the figure is not animated.
    """

    scene: str
    parameters: Mapping[str, Any]
    title: Words
    settings: Words
    formula: Words
    alt: Words
    rows: tuple[tuple[Panel, ...], ...]
    steps: Callable[[], Iterator[Step]]
    count: int
    step_roles: tuple[str, ...] = ()
    point: Words = ""
    convention: Words = ""
    subject: Words = ""
    code: str = ""
    lang: str = "en"
    counter: str = "step {n} of {count}"
    bare: bool = False

    def __repr__(self) -> str:
        # Short, because notebooks display it, and panels would fill pages.
        return f"<Storyboard {self.scene}: {', '.join(panel.name for panel in self.panels())}; {self.count} steps>"

    @property
    def has_windows(self) -> bool:
        """Whether a window moves over cells."""
        return any(mark.role == "window" for panel in self.panels() for mark in getattr(panel, "marks", ()))

    def panels(self) -> Iterator[Panel]:
        """All panels in reading order."""
        for row in self.rows:
            yield from row

    def panel(self, name: str) -> Panel:
        """The panel with this name; raises KeyError."""
        return {panel.name: panel for panel in self.panels()}[name]
