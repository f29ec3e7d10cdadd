"""What figures of a function share: a point that moves along its curve, with the tangent there and the derivative."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.notation import decimals_as_given, digits_for
from cnnviz.parameters import to_cli
from cnnviz.storyboard import Change, Curve, Dot, MoveDot, Plot, SetCurve, Values
from cnnviz.words import Number, Words

Function = Callable[[Values], Values]

MOVING_BEATS = 0.4
"""A step of a moving point is shown a fifth of the usual time."""

MANNERS = (
    ("curve", "solid"),
    ("derivative", "dashed"),
    ("tangent", "dotted"),
    ("ink", "dotted"),
    ("derivative", "dotted"),
    ("tangent", "dashed"),
)
"""Roles and styles of several curves in one plot, no two alike."""

_SAMPLES = 241
_TANGENT = 0.13
_PAD = 0.08
_HALVINGS = 40
_MOST_DECIMALS = 15


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A function, its derivative, the places `at` which the point stops, the decimals of places and of results.

    `curve` and `derivative` are the (x, y) points of the two curves, broken by NaN where they jump.
    """

    function: Function
    slope: Function
    at: Values
    digits: int
    results: int
    y_range: tuple[float, float]
    x_range: tuple[float, float]
    curve: tuple[Values, Values]
    derivative: tuple[Values, Values]

    @classmethod
    def of(cls, function: Function, slope: Function, at: Values, digits: int, most: int | None = None) -> Trace:
        """With ranges of the axes that hold both curves, and decimals that show the results, or `most` of them."""
        ends = float(at[0]), float(at[-1])
        curve, derivative = sampled(function, ends), sampled(slope, ends)
        return cls(
            function=function,
            slope=slope,
            at=at,
            digits=shown_digits(at, digits, most),
            results=_result_digits(function(at), slope(at), most, digits),
            x_range=ends,
            y_range=padded(curve[1], derivative[1]),
            curve=curve,
            derivative=derivative,
        )

    @cached_property
    def values(self) -> Values:
        """The function at every place."""
        return np.asarray(self.function(self.at), np.float64)

    @cached_property
    def slopes(self) -> Values:
        """The derivative at every place."""
        return np.asarray(self.slope(self.at), np.float64)

    def x(self, step: int) -> Number:
        """Where the point is."""
        return Number(float(self.at[step]), self.digits)

    def value(self, step: int, decimals: int | None = None, panel: str = "plot") -> Number:
        """The function there, as the engine has it for the panel."""
        return Number(float(self.values[step]), self.results if decimals is None else decimals, (panel, step))

    def slope_at(self, step: int) -> Number:
        """The derivative there."""
        return Number(float(self.slopes[step]), self.results)

    def plot(
        self, name: str, texts: tuple[Words, Words] = ("", ""), guides: Sequence[Curve] = (), **fields: Any
    ) -> Plot:
        """Axes with both curves, named by `texts` at their ends, and the point at its first place."""
        (x, y), (u, v), none = self.curve, self.derivative, np.empty(0)
        curves = (
            *guides,
            Curve(name="function", role="curve", x=x, y=y, text=texts[0]),
            Curve(name="derivative", role="derivative", x=u, y=v, style="dashed", text=texts[1]),
            Curve(name="guide", role="guide", x=none, y=none, style="dotted"),
            Curve(name="tangent", role="tangent", x=none, y=none),
        )
        dots = (
            Dot(name="slope", role="derivative", x=float(self.at[0]), y=float(self.slopes[0])),
            Dot(name="point", role="active", x=float(self.at[0]), y=float(self.values[0])),
        )
        return Plot(name=name, x_range=self.x_range, y_range=self.y_range, curves=curves, dots=dots, **fields)

    def moved(self, panel: str, step: int, *, tangent: bool = True) -> list[Change]:
        """The changes that bring the point to its place of a step, counted from 0."""
        x, value, slope = float(self.at[step]), float(self.values[step]), float(self.slopes[step])
        changes: list[Change] = [
            MoveDot(panel=panel, dot="slope", x=x, y=slope),
            MoveDot(panel=panel, dot="point", x=x, y=value),
        ]
        if tangent:
            reach = self._tangent_reach(slope)
            ends = np.array([x - reach, x + reach])
            changes += [
                SetCurve(panel=panel, curve="guide", x=np.array([x, x]), y=np.array([0.0, value])),
                SetCurve(panel=panel, curve="tangent", x=ends, y=value + slope * (ends - x)),
            ]
        return changes

    def _tangent_reach(self, slope: float) -> float:
        """How far a tangent goes to both sides, so that it looks equally long whatever its slope."""
        width, height = (hi - lo for lo, hi in (self.x_range, self.y_range))
        return _TANGENT * width / math.hypot(1.0, slope * width / height * 0.6)


def places(lo: float, hi: float, frames: int) -> tuple[Values, int]:
    """Evenly spread places, rounded to the decimals with which they are shown, and these decimals.

    The first and the last are the ends as they were given.
    """
    if not lo < hi:
        raise UsageError(f"--lo {to_cli(lo)} is not below --hi {to_cli(hi)}: use a smaller --lo or a larger --hi")
    exact = np.linspace(lo, hi, frames)
    least = max([2, *(n for n in map(decimals_as_given, (lo, hi)) if n <= _MOST_DECIMALS)])
    finest = max(least, math.ceil(-math.log10((hi - lo) / (frames - 1))) + 1)
    digits = next((n for n in range(least, finest) if np.abs(exact - np.round(exact, n)).max() < 1e-9), finest)
    # Adding zero turns −0 into 0.
    return np.round(exact, digits) + 0.0, digits


def shown_digits(at: Values, digits: int, most: int | None) -> int:
    """The places' decimals, or `most` of them, if that writes each place as it is.

    A point that is said to stand elsewhere has another value there.
    """
    return digits if most is None else min(digits, max(most, digits_for(at, most=digits)))


def sampled(function: Function, ends: tuple[float, float]) -> tuple[Values, Values]:
    """Points of a function's curve; where it jumps a NaN breaks the line."""
    x = np.linspace(*ends, _SAMPLES)
    y = np.asarray(function(x), np.float64)
    steep = np.flatnonzero(np.abs(np.diff(y)) > 1e-3 * max(1.0, float(np.ptp(y))))
    at, (left, right), (low, high) = _jumps(function, steep, x, y)
    for n in reversed(range(len(at))):
        x = np.insert(x, at[n] + 1, [left[n], np.nan, right[n]])
        y = np.insert(y, at[n] + 1, [low[n], np.nan, high[n]])
    return x, y


def _jumps(
    function: Function, steep: npt.NDArray[np.intp], x: Values, y: Values
) -> tuple[npt.NDArray[np.intp], Values, Values]:
    """After which points a function jumps, the places left and right of each jump, and the values there."""
    places, values = np.stack([x[steep], x[steep + 1]]), np.stack([y[steep], y[steep + 1]])
    whole = np.abs(values[1] - values[0])
    every = np.arange(len(steep))
    for _ in range(_HALVINGS if len(steep) else 0):
        middle = places.mean(axis=0)
        between = np.asarray(function(middle), np.float64)
        # The half with the larger difference keeps the jump, if there is one.
        side = (np.abs(between - values[0]) > np.abs(values[1] - between)).astype(int)
        places[side, every], values[side, every] = middle, between
    jumps = np.abs(values[1] - values[0]) > whole / 2
    return steep[jumps], places[:, jumps], values[:, jumps]


def padded(*heights: Values) -> tuple[float, float]:
    """A range of y that holds all heights and zero, with some room."""
    known = np.concatenate([*heights, np.zeros(1)])
    lo, hi = float(np.nanmin(known)), float(np.nanmax(known))
    if lo == hi:
        hi = 1.0
    pad = _PAD * (hi - lo)
    return lo - pad, hi + pad


def _result_digits(values: Values, slopes: Values, most: int | None, digits: int) -> int:
    """Two decimals, three where these show every result exactly, more where all values are tiny.

    Or at most `most`, and not fewer than the `digits` of the places.
    """
    if most is not None:
        own = digits_for(np.round(values, most + 6), np.round(slopes, most + 6), most=most)
        return max(own, min(digits, most))
    largest = float(np.abs(values).max())
    least = max(2, math.ceil(-math.log10(largest)) + 1) if largest > 1e-9 else 2
    known = np.concatenate([values, slopes])
    return next((n for n in (least, least + 1) if np.abs(known - np.round(known, n)).max() < 1e-9), least)
