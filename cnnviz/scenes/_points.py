"""A point on the curve of an activation or a loss: how it is set, named, computed and told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from cnnviz.functions.activations import Activation
from cnnviz.functions.losses import Loss
from cnnviz.scenes._curves import MOVING_BEATS, Trace
from cnnviz.story import Graph, Story, Tensor
from cnnviz.storyboard import Equation as Formula
from cnnviz.storyboard import Plot, Row, SetRow, Step, Values
from cnnviz.words import Assigned, ByCases, Equation, Number, Phrase, Strong, Symbol, Text, Words

Entry = TypeVar("Entry", Activation, Loss)

_SHOWN_DEFAULTS = {"leaky_relu": 0.1}
"""Parameters for which the function's own default is too small to be seen on a curve."""

_OPTIONS = {"negative_slope": "alpha"}
"""Options of figures that have another name than the function's argument."""

_NAMED = {
    "alpha": "{name} with alpha {value}",
    "beta": "{name} with beta {value}",
    "delta": "{name} with delta {value}",
    "margin": "{name} with margin {value}",
}


@dataclass(frozen=True, kw_only=True)
class Point(Generic[Entry]):
    """A point on a function's curve; `letters` are the numbers of the function's other letters than the variable."""

    entry: Entry
    parameter: float | None
    letters: Mapping[str, Number]
    trace: Trace

    @classmethod
    def of(
        cls,
        entry: Entry,
        options: Mapping[str, float | None],
        at: Values,
        digits: int,
        most: int | None,
        label: Number | None = None,
    ) -> Point[Entry]:
        """With the parameter as given, or one with which the figure shows what it does; a loss has a label."""
        value: float | None = None
        letters: dict[str, Number] = {}
        fixed = () if label is None else (label.value,)
        if entry.parameter is not None:
            option = _OPTIONS.get(entry.parameter.name, entry.parameter.name)
            value = options[option]
            if value is None:
                value = _SHOWN_DEFAULTS.get(entry.name, entry.parameter.default)
            letters[entry.parameter.symbol.name] = Number(value, None, (option,))
        if label is not None:
            letters["y"] = label
        trace = Trace.of(
            lambda x: entry.value(x, *fixed, parameter=value),
            lambda x: entry.slope(x, *fixed, parameter=value),
            at,
            digits,
            most,
        )
        return cls(entry=entry, parameter=value, letters=letters, trace=trace)

    @property
    def settings(self) -> tuple[Phrase, ...]:
        """The parameter with its value, if there is one."""
        return tuple(Assigned(Symbol(name), value) for name, value in self.letters.items() if name != "y")

    @property
    def name(self) -> Words:
        """The title with the parameter, for a sentence."""
        for letter, value in self.letters.items():
            if letter != "y" and value.ref:
                return Text(_NAMED[value.ref[0]], name=self.entry.title, value=value)
        return self.entry.title

    def worked(self, left: Symbol, x: Number, result: Number) -> Equation:
        """The function with numbers put in."""
        reach = float(np.abs(self.trace.at).max())
        return self.entry.worked(left, {self.entry.operands[0]: x, **self.letters}, result, reach)

    def told(self, step: int, most: int) -> Text:
        """The function's value of a step, with its name."""
        return Text(
            "{name} {value}", name=self.entry.title, value=Strong(self.trace.value(step, most, self.entry.name))
        )

    def compute(self, graph: Graph, x: Tensor, result: str, panel: str) -> None:
        """The function at all places, recorded as what the panel shows."""
        options = {"label": self.letters["y"].value} if "y" in self.letters else {}
        options |= self.entry.options(self.parameter)
        graph.show(graph.compute(self.entry.name, x, result=result, **options), panel)


def point_moves(
    story: Story,
    point: Point[Any],
    plot: Plot,
    letters: tuple[Symbol, Symbol, Symbol],
    rows: Mapping[str, str],
    above: Sequence[Row] = (),
    **texts: Any,
) -> Story:
    """A point moves along a curve, beside its formula and three numbers: place, value and slope, by their `letters`.

    `rows` are the names of the numbers' rows and how they are told; other rows may stand `above` them.
    """
    trace, count = point.trace, len(point.trace.at)

    def told(step: int) -> dict[str, Words]:
        numbers = (trace.x(step), trace.value(step), trace.slope_at(step))
        values = (Equation(letter, (number,), strong=False) for letter, number in zip(letters, numbers, strict=True))
        return {name: Text(rows[name], value=value) for name, value in zip(rows, values, strict=True)}

    roles = zip(told(0).items(), ("ink", "curve", "derivative"), strict=True)
    formula = Formula(
        name="equation",
        lines=(
            Row(name="equation", text=ByCases(letters[1], point.entry.body)),
            Row(name="gap", text=""),
            *above,
            *(Row(name=name, text=text, role=role) for (name, text), role in roles),
        ),
        widest=(*told(0).values(), *told(count - 1).values()),
        size=20,
    )

    def steps() -> Iterator[Step]:
        for step in range(count):
            caption = point.worked(letters[1], trace.x(step), trace.value(step))
            numbers = [SetRow(panel="equation", row=name, text=text) for name, text in told(step).items()]
            yield story.step(caption, trace.moved("plot", step), numbers, beats=MOVING_BEATS)

    return story.play(steps, count, (plot, formula), step_roles=(), **texts)
