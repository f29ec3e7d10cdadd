"""A whole figure: the stage and its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cnnviz.record import Record
from cnnviz.storyboard.changes import Change
from cnnviz.storyboard.panels import Panel, Words

FORMAT_VERSION = 1


class Step(Record, kw_only=True):
    """What one step changes and says; it is held for `beats` times the usual time."""

    caption: Words = ""
    changes: tuple[Change, ...] = ()
    beats: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Storyboard:
    """A whole figure: what stands on the stage (`rows` of panels) and the steps, made anew by each call of `steps`.

    Each equals itself alone: two that say the same need not be equal.

    `point` is the sentence under the title that says what the figure shows; `convention` is told with the figure, not
    in it. `count` is the number of steps. `step_roles` names the roles that steps bring in, so that a renderer knows
    every colour before the first frame. `code` is a line of a program that computes the same. `lang` is the language of
    its words, as `--lang` has it, and `counter` what the corner says of a step. Of a `bare` one the stage alone is
    drawn. `subject` is what `alt` calls an animation of, for pictures that show a part of it; empty where it is none.
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
        # A notebook shows it whenever a storyboard is a cell's last line: panels would fill pages.
        return f"<Storyboard {self.scene}: {', '.join(panel.name for panel in self.panels())}; {self.count} steps>"

    @property
    def has_windows(self) -> bool:
        """Whether something moves over cells."""
        return any(mark.role == "window" for panel in self.panels() for mark in getattr(panel, "marks", ()))

    def panels(self) -> Iterator[Panel]:
        """All panels in reading order."""
        for row in self.rows:
            yield from row

    def panel(self, name: str) -> Panel:
        """The panel of that name; KeyError where there is none."""
        return {panel.name: panel for panel in self.panels()}[name]
