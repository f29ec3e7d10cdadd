"""What figures of a function share: a point that moves along its curve, with the tangent there and the derivative."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.notation import number
from cnnviz.parameters import plain
from cnnviz.storyboard import Change, Curve, Dot, MoveDot, Plot, SetCurve, Values

Function = Callable[[Values], Values]

MOVING_BEATS = 0.2
"""A step of a moving point is shown a fifth of the usual time."""

_SAMPLES = 241
_TANGENT = 0.13
_PAD = 0.08


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A function and its derivative, the places `at` which the point stops, and the decimals of places and results."""

    function: Function
    slope: Function
    at: Values
    digits: int
    results: int
    y_range: tuple[float, float]
    x_range: tuple[float, float]

    @classmethod
    def of(
        cls, function: Function, slope: Function, at: Values, digits: int,
        y_range: tuple[float, float] | None = None, x_range: tuple[float, float] | None = None,
    ) -> Trace:
        """With ranges of the axes that hold both curves, and decimals that show the results, unless these are given."""
        ends = x_range or (float(at[0]), float(at[-1]))
        heights = [sampled(curve, ends)[1] for curve in (function, slope)]
        return cls(
            function=function, slope=slope, at=at, digits=digits, results=_result_digits(function(at), slope(at)),
            x_range=ends, y_range=y_range or padded(*heights),
        )  # fmt: skip

    @cached_property
    def values(self) -> Values:
        """The function at every place."""
        return np.asarray(self.function(self.at), np.float64)

    @cached_property
    def slopes(self) -> Values:
        """The derivative at every place."""
        return np.asarray(self.slope(self.at), np.float64)

    def curves(self, texts: tuple[str, str] = ("", "")) -> tuple[Curve, ...]:
        """The derivative, dashed, and the function above it; `texts` name the function and the derivative."""
        found = []
        for name, role, function, text, style in (
            ("derivative", "derivative", self.slope, texts[1], "dashed"),
            ("function", "curve", self.function, texts[0], "solid"),
        ):
            x, y = sampled(function, self.x_range)
            found.append(Curve(name=name, role=role, x=x, y=y, style=style, text=text))
        return tuple(found)

    def plot(self, panel: Plot) -> Plot:
        """A panel with the curves, the tangent, the guide and the dots added, the point at its first place."""
        none = np.empty(0)
        moving = (
            Curve(name="guide", role="guide", x=none, y=none, style="dotted"),
            Curve(name="tangent", role="tangent", x=none, y=none),
        )
        dots = (
            Dot(name="slope", role="derivative", x=float(self.at[0]), y=float(self.slopes[0])),
            Dot(name="point", role="active", x=float(self.at[0]), y=float(self.values[0])),
        )
        return replace(panel, curves=panel.curves + moving, dots=panel.dots + dots)

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
    """Evenly spread places, rounded to the decimals with which they are shown, and these decimals."""
    if not lo < hi:
        raise UsageError(f"--lo {plain(lo)} is not below --hi {plain(hi)}: use a smaller --lo or a larger --hi")
    step = (hi - lo) / (frames - 1)
    digits = max(2, math.ceil(-math.log10(step)) + 1) if step < 0.1 else 2
    found = np.round(np.linspace(lo, hi, frames), digits)
    # Adding zero turns −0 into 0.
    return found + 0.0, digits


def sampled(function: Function, ends: tuple[float, float]) -> tuple[Values, Values]:
    """Points of a function's curve; where it jumps a NaN breaks the line."""
    x = np.linspace(*ends, _SAMPLES)
    y = np.asarray(function(x), np.float64)
    steep = np.abs(np.diff(y)) > 1e-3 * max(1.0, float(np.ptp(y)))
    breaks = [(n, jump) for n in np.flatnonzero(steep) if (jump := _jump(function, x[n], x[n + 1])) is not None]
    for n, (left, right) in reversed(breaks):
        sides = np.asarray(function(np.array([left, right])), np.float64)
        x = np.insert(x, n + 1, [left, np.nan, right])
        y = np.insert(y, n + 1, [sides[0], np.nan, sides[1]])
    return x, y


def _jump(function: Function, left: float, right: float) -> tuple[float, float] | None:
    """The two sides of a jump between two places; None where the function is merely steep."""
    low, high = (float(v) for v in function(np.array([left, right])))
    whole = abs(high - low)
    for _ in range(40):
        middle = (left + right) / 2
        between = float(function(np.array([middle]))[0])
        if abs(between - low) > abs(high - between):
            right, high = middle, between
        else:
            left, low = middle, between
    return (left, right) if abs(high - low) > whole / 2 else None


def padded(*heights: Values) -> tuple[float, float]:
    """A range of y that holds all heights and zero, with some room."""
    known = np.concatenate([*heights, np.zeros(1)])
    lo, hi = float(np.nanmin(known)), float(np.nanmax(known))
    pad = _PAD * ((hi - lo) or 1.0)
    return lo - pad, hi + pad


def outcome(value: float, digits: int) -> str:
    """The end of a caption: `= **1.20**`, or `≈ **−0.70**` where the value is rounded."""
    sign = "=" if abs(value - round(value, digits)) <= 1e-9 * max(1.0, abs(value)) else "≈"
    return f"{sign} **{number(value, digits)}**"


def _result_digits(*results: Values) -> int:
    """Two decimals, or up to four where these show every result exactly."""
    known = np.concatenate([np.ravel(r) for r in results])
    return next((n for n in (2, 3, 4) if np.abs(known - np.round(known, n)).max() < 1e-9), 2)


def joined(parts: Sequence[str]) -> str:
    """Parts of the settings line, well apart."""
    return "     ".join(part for part in parts if part)
