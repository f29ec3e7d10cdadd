"""The mean and the variance of values: their arithmetic, and as a plot of a number line for each channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnnviz.notation import digits_for
from cnnviz.storyboard import Change, Curve, Dot, MoveDot, Plot, SetCurve, Values
from cnnviz.words import Equation, Expression, Math, Number, Symbol, Words, call, equation, total

_BESIDE = 0.06
_HALF, _BELOW = 0.42, 0.36
_STACK, _MOST_STACK = 0.3, 0.45
_TIE = 0.008
_NAMED = 3
_HIDDEN = np.empty(0)
_SUM_LETTERS = 64
# What float32 may do to a variance near 0 shows in the results.
_SURE = 1e3


@dataclass(frozen=True, eq=False)
class NumberLines:
    """Lines for values (samples, channels), with `names` at their ends; `states` are all that they will ever be.

    The first sample's dots have a name where they are `named` and there is room.
    """

    name: str
    states: Sequence[Values]
    names: Sequence[Words] = ()
    named: bool = False

    @property
    def channels(self) -> int:
        """Lines, the first on top."""
        return int(self.states[0].shape[1])

    @property
    def span(self) -> tuple[float, float]:
        """What the lines must show: every state, and 0."""
        every = np.stack([*self.states, np.zeros_like(self.states[0])])
        lo, hi = float(every.min()), float(every.max())
        beside = _BESIDE * ((hi - lo) or 1.0)
        return lo - beside, hi + beside

    def plot(self, label: Words = "") -> Plot:
        """The panel, its dots at the first state; the first sample's stand out."""
        lo, hi = self.span
        bottom = self.channels + 0.5
        # Many lines leave no room between them.
        named = self.named and self.channels <= _NAMED
        ends = np.array([lo, hi])
        curves = [Curve(name="zero", role="guide", x=np.zeros(2), y=np.array([bottom, 0.4]), style="dashed")]
        for c in range(self.channels):
            line, name = np.full(2, c + 1.0), self.names[c] if self.names else ""
            curves.append(Curve(name=f"line {c}", role="axis", x=ends, y=line, text=name))
        for c in range(self.channels):
            # The names on the first line hold for all.
            mean, spread = ("", "") if c else (Math(r"\mu"), Math(r"\sigma"))
            curves.append(Curve(name=f"spread {c}", role="derivative", x=_HIDDEN, y=_HIDDEN, text=spread))
            curves.append(Curve(name=f"mean {c}", role="tangent", x=_HIDDEN, y=_HIDDEN, text=mean))
        x, y = self.states[0], self._heights(self.states[0])
        dots = tuple(
            Dot(
                name=f"{c},{r}",
                role="curve" if r else "active",
                x=float(x[r, c]),
                y=float(y[r, c]),
                text=Math("x_1") if named and not r else "",
            )
            for c in range(self.channels)
            for r in reversed(range(len(x)))
        )
        # Downwards, for the first channel is the top one.
        y_range = bottom, 0.4
        return Plot(
            name=self.name,
            x_range=(lo, hi),
            y_range=y_range,
            curves=tuple(curves),
            dots=dots,
            label=label,
        )

    def move(self, start: Values, end: Values, share: float) -> Iterator[MoveDot]:
        """The dots on their way from one state to another."""
        x = start + share * (end - start)
        low, high = self._heights(start), self._heights(end)
        y = low + share * (high - low)
        for r, c in np.ndindex(*x.shape):
            yield MoveDot(panel=self.name, dot=f"{c},{r}", x=float(x[r, c]), y=float(y[r, c]))

    def unnamed(self) -> list[Change]:
        """The dots as they are at first, without names: these would not be clear of what is measured."""
        moves = self.move(self.states[0], self.states[0], 0.0)
        return [replace(move, text="") for move in moves]

    def arrive(self, channel: int) -> Iterator[Change]:
        """The dots of a channel, its mean and its spread as they are in the last state; those before it are there."""
        first, last = self.states[0], self.states[-1]
        state = np.where(np.arange(self.channels) <= channel, last, first)
        yield from self.move(state, state, 1.0)
        yield from self.measure(channel, float(last[:, channel].mean()), float(last[:, channel].std()))

    def measure(self, channel: int, mean: float | None, deviation: float = 0.0) -> list[Change]:
        """The upright at a mean, and the bar to one standard deviation on both sides; None takes them away."""
        line, marks = channel + 1, [(_HIDDEN, _HIDDEN)] * 2
        if mean is not None:
            spread = np.array([mean - deviation, mean + deviation]), np.full(2, line + _BELOW)
            marks = [(np.full(2, mean), np.array([line + _HALF, line - _HALF])), spread]
        names = f"mean {channel}", f"spread {channel}"
        return [SetCurve(panel=self.name, curve=name, x=x, y=y) for name, (x, y) in zip(names, marks, strict=True)]

    def _heights(self, state: Values) -> Values:
        """Where each dot stands: on its channel's line, or on the dots that hold the same value."""
        lo, hi = self.span
        near = np.abs(state[:, None, :] - state[None, :, :]) < _TIE * (hi - lo)
        stacked = np.tril(near.transpose(2, 0, 1), -1).sum(axis=2).T
        step = min(_STACK, _MOST_STACK / max(1, int(stacked.max())))
        return np.asarray(np.arange(1, self.channels + 1) - step * stacked, np.float64)


@dataclass(frozen=True, eq=False)
class Statistics:
    """The mean and the biased variance of some numbers, written with `most` decimals at most."""

    numbers: Sequence[Number]
    eps: float
    most: int = 2

    @property
    def mean(self) -> Number:
        """μ; of equal numbers exactly these, which floats' sum over their count may miss."""
        values = self._values
        return self._number(float(values[0] if self._equal else values.mean()))

    @property
    def variance(self) -> Number:
        """σ², the sum of squares over the count, as every normalization layer has it."""
        return self._number(0.0 if self._equal else float(self._values.var()))

    @property
    def deviation(self) -> Expression:
        """√(σ² + ε)."""
        return call("sqrt", self.variance + Number(self.eps, None, ("eps",)))

    def mean_equation(self) -> Equation:
        """The sum over the count."""
        mean = total(self.numbers) / Number(len(self.numbers))
        return equation(Symbol(r"\mu"), mean, self.mean, letters=_SUM_LETTERS)

    def variance_equation(self) -> Equation:
        """The squared distances from the mean over their count."""
        squares = [(number - self.mean) ** 2 for number in self.numbers]
        return equation(Math(r"\sigma^2"), total(squares) / Number(len(squares)), self.variance, letters=_SUM_LETTERS)

    @property
    def _values(self) -> Values:
        return np.array([number.value for number in self.numbers])

    @property
    def _equal(self) -> bool:
        return not np.ptp(self._values)

    def _number(self, value: float) -> Number:
        return Number(value, digits_for(value, most=self.most))


def needs_double(x: Values, eps: float) -> bool:
    """Whether float32 would show other digits of a normalized (samples, channels, …)."""
    axes = tuple(range(2, x.ndim)) or 0
    return bool(np.abs(x).max() / np.sqrt(min(float(x.var(axis=axes).min()), 1.0) + eps) > _SURE)
