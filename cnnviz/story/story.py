"""The layer between a scene and its storyboard, with everything that all figures do the same way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_COVERED, MAX_SIDE, MAX_STEPS
from cnnviz.notation import digits_for, size_text
from cnnviz.scene import scene_name
from cnnviz.story.cells import CURRENT, WINDOW, Cells
from cnnviz.story.graph import Graph, Tensor
from cnnviz.story.looks import shade_for
from cnnviz.storyboard import Block, Change, Grid, Mark, Operator, Panel, Shade, Step, Storyboard
from cnnviz.words import (
    Assigned,
    Extent,
    Joined,
    Number,
    Phrase,
    Shape,
    Symbol,
    Text,
    Words,
    joined,
    lines,
    sentences,
)

if TYPE_CHECKING:
    from cnnviz.data import Data
    from cnnviz.scene import Scene
    from cnnviz.story.windows import Windows

Values = npt.NDArray[np.float64]
Changes = Change | Iterable[Change]

CROWDED_SIDE = 20
"""Cells a side from which a map shows colours instead of numbers."""

_SIZES = {
    "C": "channels",
    "F": "filters",
    "g": "groups",
    "i": "input",
    "k": "kernel",
    "s": "stride",
    "p": "padding",
    "p_1": "padding before",
    "p_2": "padding after",
    "a": "output padding",
    "d": "dilation",
    "o": "output",
}
_HIDDEN_DEFAULTS = {"d": ((1, 1), 1), "a": ((0, 0),), "g": (1,)}
_MAX_LISTED = 9
_MAX_WITH_WORDS = 3
_OPERATORS = {"∗": "times", "+": "plus", "=": "equals", "→": "becomes"}


class Story:
    """A figure that is being built: its panels, settings and steps.

    `point` is a sentence that says what the figure shows, and `graph` what it computes. Each setting is a word with a
    symbol and its value. A `crowded` figure shows colours instead of numbers, which is the default for a large input.
    """

    def __init__(
        self, scene: Scene, title: Words, graph: Graph | None = None, *, point: Words = "", crowded: bool = False
    ) -> None:
        self.scene, self.title, self.point, self.graph = scene, title, point, graph or Graph()
        self.settings: list[tuple[Words, Words]] = []
        self._words = True
        self._cells: list[Cells] = []
        self._picture, self._crowded = False, crowded
        self._ndim = 0

    # Settings

    def show_setting(
        self, word: str, symbol: str, value: Phrase | Sequence[int] | int, *, size: bool = True, always: bool = False
    ) -> None:
        """Add a setting to the figure's heading: `kernel k = 3`, its word shown `always` or if there is room."""
        if isinstance(value, int):
            value = Number(value)
        elif isinstance(value, Sequence):
            value = Extent(tuple(value), symbol)
        if isinstance(value, Number | Extent):
            value = Assigned(Symbol(symbol, size=size), value)
        self.settings.append(("", Text(f"{word} {{value}}", value=value)) if always else (word, value))

    def number(self, name: str) -> Number:
        """A parameter as given, for formulas."""
        return Number(getattr(self.scene, name), None, (name,))

    def show_parameter(self, name: str, symbol: str, word: str = "") -> None:
        """Add a numeric parameter of the scene, as given, to the figure's heading."""
        self.show_setting(word, symbol, self.number(name), size=False)

    def show_sizes(self, words: bool = True, /, **sizes: Sequence[int] | int) -> None:
        """Add sizes by symbol to the heading, except for defaults such as a dilation of 1."""
        self._words = words
        for symbol, value in sizes.items():
            if value not in _HIDDEN_DEFAULTS.get(symbol, ()):
                self.show_setting(_SIZES[symbol], symbol, value)

    def show_bias(self, value: float) -> Number:
        """The bias as a number for formulas; added to the heading unless it is 0."""
        number = Number(value, None, ("bias",))
        if value:
            self.show_setting("bias", "b", number, size=False)
        return number

    def settings_text(self, *without: str) -> Words:
        """The settings as words, except for those `without`: `stride 2, padding 1`."""
        settings = (each for each in self.settings if each[0] not in without)
        return joined(Text(f"{word} {{value}}", value=getattr(value, "value", value)) for word, value in settings)

    def _settings(self) -> Words:
        """The heading's settings; the words are left out if there are many."""
        if len(self.settings) > _MAX_WITH_WORDS or not self._words:
            return joined((value for _, value in self.settings), "   " if self._words else "     ")
        return joined(
            (Text(f"{word} {{value}}", value=value) if word else value for word, value in self.settings), "     "
        )

    # Panels

    @property
    def is_picture(self) -> bool:
        """Whether the input is a picture."""
        return self._picture

    def decimals(self, values: Values, *, rounding_error: float = 0.0) -> int:
        """Decimals that show these values; those up to `rounding_error` count as 0."""
        return digits_for(values, most=self.scene.max_decimals(), above=rounding_error)

    def cells(
        self,
        name: str,
        label: Words,
        values: Values | Tensor,
        *,
        windows: Windows | None = None,
        fill: float | Values = 0.0,
        pending: bool = False,
        data: Data | None = None,
        rounding_error: float | None = None,
        below: Words | None = None,
        size: Shape | None = None,
        first: Values | None = None,
        axes: int | None = None,
        sheets: Sequence[int] = (),
        cls: type[Cells] = Cells,
        role: str = "input",
        roles: npt.NDArray[np.str_] | None = None,
        marks: Sequence[Mark] = (),
        **more: Any,
    ) -> Cells:
        """A panel of cells; its label is `label`, in which `{size}` is replaced, with `below` on the next line.

        With `windows` it is drawn with its padding (`fill`), unreached cells hatched, and an outline for the window. A
        `pending` panel is empty until its cells are written. If `values` is a tensor, the graph records that the panel
        shows it: an input at the start, a result at the end. `data` says where an input comes from. `first` are the
        values before the first step, if they differ, and `size` replaces the size in the label. `axes` is how many
        axes of the array are shown, by default those of the windows; of four, samples and channels become the sheets of
        a block, and only those in `sheets` are drawn, by default all. `cls` is the class of the result; `more` are
        fields of the panel.
        """
        if windows is not None:
            self._ndim = len(windows.axes)
        shown, is_input = self._register(name, values, axes or self._ndim, sheets)
        if data is not None:
            self._picture = data.source == "image"
            self._crowded = self._crowded or max(shown.shape[-2:]) >= CROWDED_SIDE
        texts = [Text(label, size=size or Shape(shown.shape, name)) if label and isinstance(label, str) else label]
        drawn, coloured = shown if first is None else first, roles
        roles = np.full(shown.shape, role) if roles is None else roles
        if windows is not None:
            drawn, roles = windows.padded(shown, fill), windows.roles()
            roles = np.where(roles == "input", role, roles)
            marks = (*_boundary(windows), WINDOW, *marks)
            if drawn.ndim == 2:
                more.setdefault("padding", windows.padding)
            if windows.is_padded:
                word = "zero padding {p}" if np.ndim(fill) == 0 and fill == 0 else "padding {p}"
                before, after = (tuple(getattr(axis, end) for axis in windows.axes[-2:]) for end in ("before", "after"))
                p: Words = Extent(before)
                if before != after:
                    p = Text("{before} before, {after} after", before=p, after=Extent(after))
                texts.append(Text(word, p=p))
            if any(role.endswith("unreached") for role in roles.flat):
                below = lines(Text("hatched: never reached"), below)
        elif pending:
            drawn = np.full(shown.shape, np.nan)
            roles = np.full(shown.shape, "pending") if coloured is None else coloured
            marks = marks or (CURRENT,)
        if is_input or windows is not None:
            self.graph.show_input(name, drawn, shown.shape)
        fields: dict[str, Any] = {"numbers": not self._crowded or role == "kernel", **more}
        if "digits" not in fields:
            fields["digits"] = self.decimals(
                shown,
                rounding_error=getattr(values, "rounding_error", 0.0) if rounding_error is None else rounding_error,
            )
        if "shade" not in fields:
            fields["shade"] = self.shade(shown, data, plain=role == "kernel")
        head, form = lines(*texts), Grid if drawn.ndim == 2 else Block
        panel = form(name=name, label=lines(head, below), values=drawn, roles=roles, marks=tuple(marks), **fields)
        return self.add(cls(panel, drawn if windows is not None else shown, head))

    def add(self, cells: Cells) -> Cells:
        """Add cells that have been created already."""
        self._cells.append(cells)
        return cells

    def _register(self, panel: str, values: Values | Tensor, axes: int, sheets: Sequence[int]) -> tuple[Values, bool]:
        """Record in the graph which array a panel shows; returns the array, and whether it is an input."""
        if not isinstance(values, Tensor):
            return values, False
        # A panel has no axis for samples, nor for channels that windows do not separate.
        ndim = axes or 2 + int(values.values.shape[-3:-2] > (1,))
        index = (0,) * (values.values.ndim - ndim)
        shown = _stacked(values.values[index])
        shown = shown[list(sheets)] if sheets else shown
        is_input = self.graph.is_input(values)
        if not is_input:
            self.graph.show(values, panel, index, shown.shape, sheets=tuple(sheets))
        return shown, is_input

    def shade(self, values: Values, data: Data | None = None, *, plain: bool = False) -> Shade:
        """The colour scale for values: grey for a picture, sequential for a map, diverging if some are negative."""
        picture, always = self._picture and not plain, (self._picture or self._crowded) and not plain
        if data is not None and picture and values.min() >= 0:
            return Shade(scale="gray", lo=0, hi=255, always=True)
        return shade_for(values, picture=picture, always=always)

    # Steps

    def step(self, caption: Words, *changes: Changes, beats: float = 1.0) -> Step:
        """A step with its caption and changes."""
        return Step(caption=caption, changes=tuple(_flat(changes)), beats=beats)

    def uncover(self) -> list[Change]:
        """Uncover the cells of all panels and hide their outlines."""
        return [change for cells in self._cells for change in cells.uncover()]

    def answer(self, caption: Words, *changes: Changes) -> Step:
        """The last step: the conclusion, with all panels uncovered."""
        flat = list(_flat(changes))
        return self.step(caption, flat, self.uncover(), beats=2)

    def play(
        self,
        steps: Callable[[], Iterator[Step]],
        count: int,
        *stage: Sequence[Cells | Panel | str],
        alt: Words,
        step_roles: Sequence[str] = ("kernel", "kernel_on_padding", "output"),
        animated: bool = True,
        answer: Words = "",
        **texts: Any,
    ) -> Story:
        """Set the `count` steps, a function that generates them, and the `stage`, rows of panels; returns the story.

        An `answer` adds a last step that uncovers all panels and states the conclusion. `alt` completes "Animation of
        …" (or is the whole alt text if the figure is not `animated`); a small result follows. `texts` are the formula
        and the convention.
        """
        alts = [Text("Animation of {what}", what=alt) if animated else alt, *self._result()]
        self._board = {
            "alt": sentences(*alts),
            "subject": sentences(alt, *self._result()) if animated else "",
            "rows": tuple(_rows(stage)),
            "count": count + bool(answer),
            "step_roles": tuple(step_roles),
            "formula": "",
            **texts,
        }
        self._steps, self._answer = steps, answer
        return self

    def storyboard(self) -> Storyboard:
        """The figure as data, its text not yet formatted."""

        def steps() -> Iterator[Step]:
            for cells in self._cells:
                cells.rewind()
            yield from self._steps()
            if self._answer:
                yield self.answer(self._answer)

        return Storyboard(
            scene=scene_name(type(self.scene)),
            parameters=self.scene.jsonable_parameters(),
            title=self.title,
            point=self.point,
            settings=self._settings(),
            steps=steps,
            **self._board,
        )

    def _result(self) -> list[Words]:
        """The numbers of the last panel for the alt text, if they are few and computed."""
        if not self._cells or self._cells[-1].name not in self.graph.expected():
            return []
        last = self._cells[-1]
        if last.values.ndim != 2 or last.values.size > _MAX_LISTED:
            return []
        rows = (
            Joined(tuple(last[row, column] for column in range(last.values.shape[1])), ", ")
            for row in range(last.values.shape[0])
        )
        return [Text("The output, row by row: {rows}", rows=joined(rows, "; "))]

    def check_limits(
        self,
        windows: Windows,
        what: str,
        *,
        steps: int = 0,
        drawn: str = "the padded input",
        options: str = "--p or --i",
    ) -> None:
        """Raise UsageError for too many cells, steps or covered cells; `steps` defaults to the number of windows."""
        if max(windows.drawn) > MAX_SIDE:
            raise UsageError(
                f"{drawn} has {size_text(*windows.drawn)} cells, more than {MAX_SIDE} a side: use a smaller {options}"
            )
        steps = steps or windows.count
        check_steps(steps, what, steps * windows.covered // windows.count)


def check_steps(count: int, what: str, covered: int = 0) -> None:
    """Raise UsageError for too many steps or covered cells."""
    if count > MAX_STEPS:
        raise UsageError(
            f"{what} would take {count} steps, more than {MAX_STEPS}: use a larger stride or less input or padding"
        )
    if covered > MAX_COVERED:
        raise UsageError(
            f"{what} would cover {covered} cells in {count} steps, more than {MAX_COVERED}: use a larger stride, a "
            "smaller window or less input"
        )


def _stacked(values: Values) -> Values:
    """An array as a panel shows it: a vector as a column, the channels of all samples on one axis."""
    if values.ndim == 1:
        return values[:, None]
    return values.reshape(-1, *values.shape[-2:]) if values.ndim > 3 else values


def _boundary(windows: Windows) -> tuple[Mark, ...]:
    """The outline between the array and its padding."""
    if not windows.is_padded:
        return ()
    rows, columns = (axis.size for axis in windows.axes[-2:])
    row, column = windows.padding[-2:]
    return (Mark(name="map", role="boundary", row=row, column=column, rows=rows, columns=columns),)


def _rows(stage: Sequence[Sequence[Cells | Panel | str]]) -> Iterator[tuple[Panel, ...]]:
    """Rows of panels, with strings replaced by operators."""
    seen: Counter[str] = Counter()
    for row in stage:
        panels = list[Panel]()
        for part in row:
            if isinstance(part, str):
                seen[part] += 1
                name, again = _OPERATORS.get(part, part), f" {seen[part]}" * (seen[part] > 1)
                panels.append(Operator(name=name + again, text=part))
            else:
                panels.append(part.panel if isinstance(part, Cells) else part)
        yield tuple(panels)


def _flat(changes: Iterable[Changes]) -> Iterator[Change]:
    for change in changes:
        if isinstance(change, Iterable):
            yield from change
        else:
            yield change
