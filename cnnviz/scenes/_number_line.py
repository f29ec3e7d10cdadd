"""A number line for each channel, as one plot: dots for values, an upright for their mean, a bar for their spread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnnviz.storyboard import Change, Curve, Dot, MoveDot, Plot, SetCurve, Values
from cnnviz.words import Math, Words

_BESIDE = 0.06
_HALF, _BELOW = 0.42, 0.36
_STACK, _MOST_STACK = 0.3, 0.45
_TIE = 0.008
_NAMED = 3
_HIDDEN = np.empty(0)


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
        """The upright at a mean, and the bar from one standard deviation below it to one above; None takes them away."""
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
