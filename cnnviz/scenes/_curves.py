"""A point that moves along the curve of an activation or a loss, with the tangent there and the derivative."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS, Activation
from cnnviz.functions.losses import LOSSES, Loss
from cnnviz.notation import decimals_as_given, digits_for
from cnnviz.parameters import to_cli
from cnnviz.scene import Scene
from cnnviz.story import Graph, Story, Tensor
from cnnviz.storyboard import Change, Curve, Dot, MoveDot, Plot, Row, SetCurve, SetRow, Step, Values
from cnnviz.storyboard import Equation as Formula
from cnnviz.words import Assigned, ByCases, Equation, Number, Strong, Symbol, Text, Words

Function = Callable[[Values], Values]

MOVING_BEATS = 0.2
"""A step of a moving point is shown a tenth of the usual time."""

MANNERS = (
    ("curve", "solid"),
    ("derivative", "dashed"),
    ("tangent", "dotted"),
    ("ink", "dotted"),
    ("nesterov", "solid"),
    ("tangent", "dashed"),
)
"""Roles and styles of several curves in one plot, no two alike."""

_SAMPLES, _HALVINGS, _STEEP = 241, 40, 0.02
_TANGENT, _PAD, _MOST_DECIMALS, _SIBLINGS, _NEAR, _CLEAR = 0.13, 0.08, 15, 6, 0.05, 0.15
_SLOPES = 1.6
"""How far a derivative is shown that grows beyond all bounds, in heights of the function."""

_FIRST = 3 / 16
"""How far from the lower end a point starts and ends, as a share of its way."""

_SHOWN_DEFAULTS = {"leaky_relu": 0.1}
"""Parameters for which the function's own default is too small to be seen on a curve."""

_OPTIONS = {"negative_slope": "alpha"}
"""Options of figures that have another name than the function's argument."""


class Point:
    """A point on a function's curve that stops `at` places, which have `digits` decimals; a loss has a `label`.

    `values` and `slopes` are those at the places, `curve` and `derivative` the points of the lines, broken by NaN where
    they jump. The parameter is the scene's, or one with which the figure shows what it does.
    """

    def __init__(
        self, scene: Scene, entry: Activation | Loss, at: Values, digits: int, label: Number | None = None
    ) -> None:
        self.at, self.most, self.label = at, scene.digits, label
        self.entry: Any = entry
        self.parameter: Number | None = None
        self.digits = shown_digits(at, digits, self.most)
        if entry.parameter is not None:
            option = _OPTIONS.get(entry.parameter.name, entry.parameter.name)
            value = getattr(scene, option, None)
            value = _SHOWN_DEFAULTS.get(entry.name, entry.parameter.default) if value is None else value
            self.parameter = Number(value, None, (option,))
        self.values, self.slopes, ends = self.f(at), self.slope(at), (float(at.min()), float(at.max()))
        self.curve, self.derivative = sampled(self.f, ends), sampled(self.slope, ends)
        # Near the ends of a probability the derivative grows beyond all bounds.
        self._bounded = isinstance(entry, Loss) and entry.prediction == "probability"
        self.x_range = (0.0, 1.0) if self._bounded else ends

    def f(self, x: Values) -> Values:
        """The function."""
        return np.asarray(self.entry.value(x, *self._label.values(), parameter=self._value), np.float64)

    def slope(self, x: Values) -> Values:
        """Its derivative."""
        return np.asarray(self.entry.slope(x, *self._label.values(), parameter=self._value), np.float64)

    @property
    def _label(self) -> dict[str, float]:
        return {} if self.label is None else {"label": self.label.value}

    @property
    def _value(self) -> float | None:
        return None if self.parameter is None else self.parameter.value

    @cached_property
    def y_range(self) -> tuple[float, float]:
        """A range that holds both curves, or the start of a derivative that grows beyond all bounds."""
        y, slopes = self.curve[1], self.derivative[1]
        most = _SLOPES * y.max()
        return padded(y, np.clip(slopes, -most, most) if self._bounded else slopes)

    @cached_property
    def _results(self) -> int:
        """Two decimals, more where all values are tiny."""
        if self.most is not None:
            both = np.concatenate([self.values, self.slopes])
            own = digits_for(np.round(both, self.most + 6), most=self.most)
            return max(own, min(self.digits, self.most))
        largest = float(np.abs(self.values).max())
        return max(2, math.ceil(-math.log10(largest)) + 1) if largest > 1e-9 else 2

    def x(self, step: int, name: str = "x") -> Number:
        """Where the point is, in the graph's array of that name."""
        return Number(float(self.at[step]), self.digits, (name, step))

    def described(self) -> dict[str, Words]:
        """The title with the parameter, and the lowest and the highest place as they were given, for a sentence."""
        name, value = self.entry.title, self.parameter
        ends = {"lo": int(self.at.argmin()), "hi": int(self.at.argmax())}
        return {
            "name": Text("{name} with parameter {value}", name=name, value=value) if value else name,
            **{end: replace(self.x(step), decimals=None) for end, step in ends.items()},
        }

    def value(self, step: int, decimals: int | None = None, panel: str = "plot") -> Number:
        """The function there, as the engine has it for the panel."""
        return Number(float(self.values[step]), self._results if decimals is None else decimals, (panel, step))

    def slope_at(self, step: int) -> Number:
        """The derivative there."""
        return Number(float(self.slopes[step]), self._results)

    @property
    def settings(self) -> list[tuple[Words, Words]]:
        """The parameter with its value, if there is one, for the head of a figure."""
        known = self.entry.parameter
        return [("", Assigned(known.symbol, self.parameter))] if known and self.parameter else []

    def worked(self, left: Symbol, x: Number, result: Number) -> Equation:
        """The function with numbers put in."""
        letters, known = {self.entry.operands[0]: x}, self.entry.parameter
        letters |= {known.symbol.name: self.parameter} if known and self.parameter else {}
        letters |= {} if self.label is None else {"y": self.label}
        found: Equation = self.entry.worked(left, letters, result, float(np.abs(self.at).max()))
        return found

    def values_text(self, step: int, most: int) -> Text:
        """The function's value of a step, with its name."""
        value = Strong(self.value(step, most, self.entry.name))
        return Text("{name} {value}", name=self.entry.title, value=value)

    def computed(self, graph: Graph, x: Tensor, result: str) -> Tensor:
        """The function of x, recorded under a name."""
        return graph.compute(self.entry.name, x, result=result, **self._label, **self.entry.options(self._value))

    def plot(self, name: str, texts: Sequence[Words] = ("", ""), guides: Sequence[Curve] = (), **fields: Any) -> Plot:
        """Axes with both curves, named by `texts` at their ends; on the x-axis a question where the point ends."""
        (x, y), (u, v), none = self.curve, self.derivative, np.empty(0)
        options: dict[str, Any] = {"x_range": self.x_range, "y_range": self.y_range, **fields}
        # Names stand at the left ends of curves that come near the label, or each other, at the right.
        turn = -1 if self._bounded or abs(y[-1] - v[-1]) < _NEAR * np.ptp(self.y_range) else 1
        curves = (
            *zero_lines(self.x_range, self.y_range),
            *guides,
            Curve(name="function", role="curve", x=x[::turn], y=y[::turn], text=texts[0]),
            Curve(name="derivative", role="derivative", x=u[::turn], y=v[::turn], style="dashed", text=texts[1]),
            Curve(name="guide", role="guide", x=none, y=none, style="dotted"),
            Curve(name="tangent", role="tangent", x=none, y=none),
        )
        dots = (
            Dot(name="slope", role="derivative", x=math.nan, y=math.nan),
            Dot(name="point", role="active", x=math.nan, y=math.nan),
            question(self.at, max(self.values[-1], self.slopes[-1]), options["y_range"]),
        )
        return Plot(name=name, curves=curves, dots=dots, **options)

    def moved(self, panel: str, step: int, *, tangent: bool = True) -> list[Change]:
        """The changes that bring the point to its place of a step, counted from 0."""
        x, value, slope = (float(each[step]) for each in (self.at, self.values, self.slopes))
        changes: list[Change] = [
            MoveDot(panel=panel, dot="slope", x=x, y=slope),
            MoveDot(panel=panel, dot="point", x=x, y=value),
            *([] if step else answered(panel)),
        ]
        if tangent:
            # Equally long to the eye, whatever its slope.
            width, height = (hi - lo for lo, hi in (self.x_range, self.y_range))
            reach = _TANGENT * width / math.hypot(1.0, slope * width / height * 0.6)
            ends = np.array([x - reach, x + reach])
            changes += [
                SetCurve(panel=panel, curve="guide", x=np.array([x, x]), y=np.array([0.0, value])),
                SetCurve(panel=panel, curve="tangent", x=ends, y=value + slope * (ends - x)),
            ]
        return changes


def point_moves(
    scene: Scene,
    point: Point,
    rows: Sequence[tuple[str, str, Symbol]],
    *,
    point_text: Words,
    settings: Sequence[tuple[Words, Words]],
    guides: Sequence[Curve] = (),
    above: Sequence[Row] = (),
    more: Callable[[int], Sequence[Change]] = lambda step: (),
    **texts: Any,
) -> Story:
    """A point moves along a curve, beside its formula and three numbers: place, value and slope.

    `rows` are the names of the numbers' rows, their labels, and their letters; other rows may stand `above` them.
    `point_text` is the figure's point, and `more` are other changes of a step.
    """
    is_loss, graph, letters = isinstance(point.entry, Loss), Graph(), [letter for *_, letter in rows]
    family: Mapping[str, Any] = LOSSES if is_loss else ACTIVATIONS
    graph.show(point.computed(graph, graph.input("x", point.at), "loss" if is_loss else "y"), "plot")
    story = Story(scene, point.entry.title, graph, point=point_text)
    story.settings += [*settings, *point.settings]

    def describe(step: int) -> list[Text]:
        numbers = point.x(step), point.value(step), point.slope_at(step)
        pairs = zip(rows, numbers, strict=True)
        return [Text(text, value=Equation(letter, (number,), strong=False)) for (_, text, letter), number in pairs]

    unknown = [Text(text, value=Text("{letter} = ?", letter=letter)) for _, text, letter in rows[1:]]
    asked = zip(rows, [describe(-1)[0], *unknown], ("ink", "curve", "derivative"), strict=True)
    lines = (
        Row(name="equation", text=ByCases(letters[1], point.entry.body)),
        Row(name="gap", text=""),
        *above,
        *(Row(name=name, text=text, role=role) for (name, *_), text, role in asked),
    )
    # As wide as for every one of its family, so that axes do not jump from one figure to the next.
    siblings = (ByCases(letters[1], entry.body) for entry in list(family.values())[:_SIBLINGS])
    widest = (*describe(int(point.at.argmin())), *describe(int(point.at.argmax())), *siblings)
    formula = Formula(name="equation", lines=lines, widest=widest, size=20)

    def steps() -> Iterator[Step]:
        for step in range(len(point.at)):
            caption = point.worked(letters[1], point.x(step), point.value(step))
            texts = zip(rows, describe(step), strict=True)
            numbers = (SetRow(panel="equation", row=name, text=text) for (name, *_), text in texts)
            yield story.step(caption, point.moved("plot", step), more(step), numbers, beats=MOVING_BEATS)

    plot = point.plot("plot", letters[1:], guides, x_text=letters[0])
    return story.play(steps, len(point.at), (plot, formula), step_roles=(), **texts)


def zero_lines(x_range: tuple[float, float], y_range: tuple[float, float]) -> tuple[Curve, Curve]:
    """Where y and x are 0."""
    none = np.zeros(2)
    return (
        Curve(name="y = 0", role="axis", x=np.array(x_range), y=none),
        Curve(name="x = 0", role="axis", x=none, y=np.array(y_range)),
    )


def question(at: Values, curve: float = 0.0, y_range: tuple[float, float] = (0.0, 1.0)) -> Dot:
    """A dot on the x-axis, at the last of some places, that asks for the functions' values there.

    Where a `curve` is so near above it that it would run through the question mark, this stands below the dot, or
    beside it where the axes end there.
    """
    near, room = np.array([curve, -y_range[0]]) / np.ptp(y_range)
    side = "above" if not _NEAR < near < _CLEAR else "below" if room > _CLEAR else "beside"
    return Dot(name="question", role="active", x=float(at[-1]), y=0.0, text="?", side=side)


def answered(*panels: str) -> list[Change]:
    """The questions of plots are not seen any more."""
    return [MoveDot(panel=panel, dot="question", x=math.nan, y=math.nan) for panel in panels]


def refuse_options(scene: Any, takers: Mapping[str, Sequence[str]]) -> None:
    """Refuse parameters that only other kinds of a figure take; raises UsageError."""
    for name, kinds in takers.items():
        if getattr(scene, name) is not None and scene.kind not in kinds:
            raise UsageError(f"{scene.kind} takes no --{name}: leave it out, or use {', '.join(kinds)}")


def places(lo: float, hi: float, frames: int) -> tuple[Values, int]:
    """Evenly spread places, rounded to the decimals with which they are shown, and these decimals.

    From near the lower end, where most functions are not flat and losses are large, they lead to the upper end as it
    was given, to the lower one and back: a point that starts anew there does not jump.
    """
    if not lo < hi:
        raise UsageError(f"--lo {to_cli(lo)} is not below --hi {to_cli(hi)}: use a smaller --lo or a larger --hi")
    exact = np.linspace(lo, hi, frames)
    least = max([2, *(n for n in map(decimals_as_given, (lo, hi)) if n <= _MOST_DECIMALS)])
    finest = max(least, math.ceil(-math.log10((hi - lo) / (frames - 1))))
    # One more decimal where that writes every place as it is: 0.125 is no 0.12.
    digits = next((n for n in range(least, finest + 2) if np.abs(exact - np.round(exact, n)).max() < 1e-9), finest)
    # Adding zero turns −0 into 0.
    at, first = np.round(exact, digits) + 0.0, int(_FIRST * frames)
    return np.concatenate([at[first + 1 :], at[-2:0:-1], at[: first + 1]]), digits


def shown_digits(at: Values, digits: int, most: int | None) -> int:
    """The places' decimals, or `most` of them if that writes each as it is: elsewhere a point has another value."""
    return digits if most is None else min(digits, max(most, digits_for(at, most=digits)))


def sampled(function: Function, ends: tuple[float, float]) -> tuple[Values, Values]:
    """Points of a function's curve; where it jumps a NaN breaks the line."""
    x = np.linspace(*ends, _SAMPLES)
    y = np.asarray(function(x), np.float64)
    steps = np.abs(np.diff(y))
    for n in reversed(np.flatnonzero(steps > _STEEP * max(1.0, float(np.ptp(y))))):
        around = x[n : n + 2]
        for _ in range(_HALVINGS):
            # The half with the larger difference keeps the jump, if there is one.
            halves = np.array([around[0], around.mean(), around[1]])
            half = int(np.argmax(np.abs(np.diff(function(halves)))))
            around = halves[half : half + 2]
        left, right = function(around)
        if abs(right - left) > steps[n] / 2:
            x = np.insert(x, n + 1, [around[0], np.nan, around[1]])
            y = np.insert(y, n + 1, [left, np.nan, right])
    return x, y


def padded(*heights: Values) -> tuple[float, float]:
    """A range of y that holds all heights and zero, with some room."""
    known = np.concatenate([*heights, np.zeros(1)])
    lo, hi = float(np.nanmin(known)), float(np.nanmax(known))
    hi = hi if lo < hi else 1.0
    pad = _PAD * (hi - lo)
    return lo - pad, hi + pad
