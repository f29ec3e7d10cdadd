"""The article's activation functions together: their curves side by side, and their table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cnnviz.notation import as_given, assigned, number
from cnnviz.ops.activation_table import Activation
from cnnviz.ops.activations import SELU_ALPHA, SELU_SCALE
from cnnviz.parameters import to_cli
from cnnviz.scenes._curves import MOVING_BEATS, Trace, joined, outcome, shown_digits
from cnnviz.scenes._formula import by_cases, comes_to, filled, line_at, saturates, slashed
from cnnviz.storyboard import Change, Plot, SetEntry, Step, Storyboard, Table, Values

_EXAMPLE = -1.0
"""Where the table's captions try a function: below zero, where they differ."""

_COLUMNS = ("function", "group", "$f(x)$", "range", "$f'(x)$")
_GROUPS = ("static", "parametric", "bounded")

_CONSTANTS = {"1.0507": SELU_SCALE, "1.7581": SELU_SCALE * SELU_ALPHA}
"""What equations have rounded to four decimals."""

_MOST_DECIMALS = 13


@dataclass(frozen=True, kw_only=True)
class SetOfActivations:
    """Several activation functions with their parameters' values, and the places at which their points stop.

    `most` are decimals that are asked for.
    """

    entries: tuple[Activation, ...]
    settings: Mapping[str, float | None]
    at: Values
    digits: int
    most: int | None = None

    @cached_property
    def traces(self) -> dict[str, Trace]:
        """The curves by name."""
        return {entry.name: self._trace(entry) for entry in self.entries}

    def _trace(self, entry: Activation) -> Trace:
        parameter = self.settings[entry.name]
        def value(x: Values) -> Values:
            return entry.value(x, parameter)

        return Trace.of(value, lambda x: entry.slope(x, parameter), self.at, self.digits, self.most)

    def text(self, entry: Activation) -> str:
        """The parameter of a function as a setting, or nothing."""
        value = self.settings[entry.name]
        return "" if entry.parameter is None or value is None else setting(entry, value)


def setting(entry: Activation, value: float) -> str:
    """A parameter with its value in mathtext."""
    symbol = entry.parameter.symbol if entry.parameter else ""
    return assigned(symbol, as_given(value))


def arithmetic(
    entry: Activation, parameter: float | None, x: float, digits: int, results: int, reach: float = 1.0
) -> str:
    """The function with numbers put in: `1·(exp(−1.20) − 1) ≈ **−0.70**`; `reach` is the largest x of the figure."""
    values, written = {"x": x}, {"x": number(x, digits)}
    if entry.parameter is not None and parameter is not None:
        values[entry.parameter.symbol] = parameter
        written[entry.parameter.symbol] = as_given(parameter)
    line = line_at(entry.equation, values)
    result = float(entry.value(x, parameter))
    finer = _finer(line.expression, 0.1 * 10.0**-results / max(reach, 1.0))
    # A product with a rounded constant is never exactly what is shown, but 0.
    rounded = (each for each in finer if x == 0 or outcome(result, results, comes_to(each, written))[0] == "≈")
    expression = next(rounded, line.expression)
    text = filled(expression, written)
    # All of these have an exact value at 0 alone.
    irrational = saturates(text) and round(x, digits) != 0
    end = outcome(result, results, comes_to(expression, written), irrational=irrational)
    left = f"f(x)={slashed(expression)}"
    bare = text == number(result, results)
    return f"${left}$ {end}" if bare else f"${left}$ = {text} {end}"


def _finer(expression: str, lost: float) -> Iterator[str]:
    """An equation with more and more decimals of SELU's constants, from so many that at most `lost` is off."""
    for usual, exact in _CONSTANTS.items():
        if usual in expression:
            decimals = (n for n in range(4, _MOST_DECIMALS) if abs(round(exact, n) - exact) <= lost)
            yield from (expression.replace(usual, number(exact, n)) for n in decimals)


def all_curves(chosen: SetOfActivations, parameters: Mapping[str, Any]) -> Storyboard:
    """One small plot for each function, a column for each group; their points move together."""
    columns = [[entry for entry in chosen.entries if entry.group == group] for group in _GROUPS]
    rows = tuple(tuple(_small_plot(chosen, entry) for entry in row) for row in zip(*columns, strict=True))
    names = ", ".join(entry.title for entry in chosen.entries)

    def steps() -> Iterator[Step]:
        for step in range(len(chosen.at)):
            changes: list[Change] = []
            for name, trace in chosen.traces.items():
                changes += trace.moved(name, step, tangent=False)
            yield Step(caption=_together(chosen, step), changes=tuple(changes), beats=MOVING_BEATS)

    return Storyboard(
        scene="activation",
        parameters=parameters,
        title="Activation functions",
        settings=joined([f"{entry.title} {text}" for entry in chosen.entries if (text := chosen.text(entry))]),
        formula="solid: $f(x)$     dashed: $f'(x)$",
        convention="derivatives at corners as in torch",
        alt=f"Animation of {len(chosen.entries)} activation functions side by side: {names}. One value of x moves "
        f"from {to_cli(float(chosen.at[0]))} to {to_cli(float(chosen.at[-1]))}, and a point along each curve and its "
        "dashed derivative with it.",
        rows=rows,
        steps=steps,
        count=len(chosen.at),
    )


def _small_plot(chosen: SetOfActivations, entry: Activation) -> Plot:
    trace, label = chosen.traces[entry.name], f"{entry.title} ({entry.group})"
    panel = Plot(name=entry.name, label=label, x_range=trace.x_range, y_range=trace.y_range, curves=trace.curves())
    return trace.plot(panel)


def _together(chosen: SetOfActivations, step: int) -> str:
    most = 2 if chosen.most is None else chosen.most
    values = [f"{entry.title} **{number(chosen.traces[entry.name].values[step], most)}**" for entry in chosen.entries]
    return f"$x$ = {number(chosen.at[step], shown_digits(chosen.at, chosen.digits, most))}:   " + "   ".join(values)


def table(chosen: SetOfActivations, parameters: Mapping[str, Any]) -> Storyboard:
    """Equation, range and derivative of each function; one row after the other lights up, with an example below."""
    entries = tuple(
        (entry.title, entry.group, by_cases("", entry.equation), f"${entry.range}$",
         by_cases("", entry.derivative_equation))
        for entry in chosen.entries
    )  # fmt: skip

    def steps() -> Iterator[Step]:
        for row, entry in enumerate(chosen.entries):
            changes = [_light(row - 1, column, "plain") for column in range(len(_COLUMNS)) if row]
            changes += [_light(row, column, "selected") for column in range(len(_COLUMNS))]
            most = 2 if chosen.most is None else chosen.most
            sample = arithmetic(entry, chosen.settings[entry.name], _EXAMPLE, min(2, most), most)
            yield Step(caption=f"{entry.title} at $x=-1$:   {sample}", changes=tuple(changes))

    return Storyboard(
        scene="activation",
        parameters=parameters,
        title="Activation functions",
        settings=joined([f"{entry.title} {text}" for entry in chosen.entries if (text := chosen.text(entry))]),
        formula="static: no free parameter     parametric: a free parameter     bounded: a range with two ends",
        alt="Table of activation functions with equation, range and derivative: "
        f"{', '.join(entry.title for entry in chosen.entries)}; one row after the other is highlighted.",
        rows=((Table(name="table", header=_COLUMNS, entries=entries),),),
        steps=steps,
        count=len(chosen.entries),
    )


def _light(row: int, column: int, role: str) -> SetEntry:
    return SetEntry(panel="table", row=row, column=column, role=role)
