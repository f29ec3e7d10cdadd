"""Ways down a surface: the paths that optimizers take, and the plots that show them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.functions.surfaces import Surface, X, Y
from cnnviz.scenes._rules import COURSES, DIGITS, RULES, Update, W, short
from cnnviz.storyboard import Change, Curve, Dot, MoveDot, Plot, SetCurve, Values
from cnnviz.storyboard import Surface as Field
from cnnviz.words import Equation, Math, Number, Product, Ref, Text, Vector, Words, counted, equation, precise

if TYPE_CHECKING:
    from cnnviz.scenes.gradient_descent import GradientDescent

DIVERGED, ESCAPED = "diverged", "escaped"
"""How a run is lost: farther than any number that a figure can show, or off a surface that has no least value."""

_FAR = 1e6
"""Farther from the origin than this an optimizer has diverged and stops."""

_SAMPLES = 161
_LEVELS = 11
_ROOM = 0.35
"""The share of the width in which no name fits beside a dot."""
_LOWEST_DECADE = -8
"""Losses below 10⁻⁸ are drawn there: that far down a race is over."""

_AROUND = 0.2
"""How much of the surface is seen around a single way, as a share of its longer side."""

_LEAST_ARROW = 0.02
"""An arrow shorter than this share of the surface is not drawn."""

_NOTHING = np.empty(0)
Ends = tuple[tuple[float, float], tuple[float, float]]


class Run:
    """A rule's way down a surface, of `steps` updates or fewer: its `path` (updates + 1, 2), the `loss` there, as it is
    `plotted` too, and how it was `failed`, if it was.

    `place` is its row among what the panels show of all runs; numbers have `most` decimals where these are asked for.
    Of one that is `alone` the gradient and the updates are seen.
    """

    def __init__(self, scene: GradientDescent, key: str, place: int) -> None:
        self.surface, self.rule, self.place = scene.ground, RULES[key], place
        self.rate = scene.lr or COURSES[self.surface.name].rate(key)
        self.settings = {name: getattr(scene, name) for name in ("momentum", "alpha", "beta1", "beta2")}
        self.most, self.alone = scene.digits, scene.optimizer == key
        self.updates, self.failure = list[Update](), ""
        optimizer, surface = self.rule.make(self.rate, self.settings), self.surface
        w, state, path = scene.origin, optimizer.init(scene.origin), [scene.origin]
        with np.errstate(over="ignore", invalid="ignore"):
            while len(self.updates) < (scene.steps or 1) and not self.failure:
                grad, old = surface.gradient(*w), state
                w, state = optimizer.step(w, grad, state)
                if not np.isfinite(w).all() or np.abs(w).max() > _FAR:
                    self.failure = DIVERGED
                    break
                self.updates.append(Update(grad=grad, old=old, new=state))
                path.append(w)
                if not surface.minima and not within(w, surface.domain):
                    self.failure = ESCAPED
        self.path = np.array(path)
        self.loss = surface.f(*self.path.T)
        # By its logarithm where it is never negative.
        self.plotted = np.log10(np.maximum(self.loss, 1e-300)) if surface.minima else self.loss

    @property
    def made(self) -> int:
        """Updates until the end, or until it was lost."""
        return len(self.updates)

    def failed_by(self, count: int) -> bool:
        """Whether it is lost after so many updates: with the one that leaves, or past the last possible."""
        return bool(self.failure) and count >= self.made + (self.failure == DIVERGED)

    def arithmetic(self, count: int) -> Equation:
        """An update with its numbers: `w = (1.200, 0.350) − 0.01·(−3.10, 0.80) = (1.231, 0.342)`."""
        direction = self.rule.direction(self.updates[count - 1], self.settings, self.most)
        step = self.weights(count - 1) - Product((Number(self.rate, None, ("lr",)), direction))
        after = self.weights(count)
        # Only plain descent leaves room for more decimals.
        return equation(W, precise(step, after) if self.rule.key == "sgd" else step, after)

    def moves(self, before: int, count: int) -> Iterator[Change]:
        """The path and the loss drawn on from one picture to the next; what was lost stays where it was."""
        first, last = before + 1, min(count, self.made)
        if first > last:
            return
        key, here = self.rule.key, slice(first, last + 1)
        way, updates = self.path[here].T, np.arange(first, last + 1.0)
        for panel, (x, y) in (("surface", (way[0], way[1])), ("loss", (updates, self.plotted[here]))):
            yield SetCurve(panel=panel, curve=key, x=x, y=y, extend=True)
            gone = self.failure == ESCAPED and last == self.made
            if first or gone:  # before, the dots stand at the start
                at = (math.nan, math.nan) if gone else (float(x[-1]), float(y[-1]))
                yield MoveDot(panel=panel, dot=key, x=at[0], y=at[1])
        if self.alone:
            yield SetCurve(panel="surface", curve="updates", x=way[0], y=way[1], extend=True)
            yield self._gradient_arrow(self.path[last])

    def _gradient_arrow(self, w: Values) -> SetCurve:
        """The arrow −η∇f at some weights, of a shaft and two barbs."""
        way = -self.rate * self.surface.gradient(*w)
        tip, across = w + way, np.array([-way[1], way[0]])
        points = np.array([w, tip, tip - 0.25 * way + 0.12 * across, tip - 0.25 * way - 0.12 * across, tip])
        if np.hypot(*way) < _LEAST_ARROW * np.ptp(self.surface.domain[0]):
            points = points[:0]
        return SetCurve(panel="surface", curve="arrow", x=points[:, 0], y=points[:, 1])

    def weights(self, count: int) -> Vector:
        """Both weights after so many updates."""
        digits, at = DIGITS if self.most is None else self.most, ("surface", self.place, count)
        return Vector(tuple(Number(float(value), digits, (*at, axis)) for axis, value in enumerate(self.path[count])))

    def end(self) -> Words:
        """How it ends, for the alt text."""
        name = self.rule.title
        if self.failure == DIVERGED:
            return Text("{name} diverged in update {n}", name=name, n=self.made + 1)
        if self.failure:
            return counted(self.made, "{name} escaped after {n} update", "{name} escaped after {n} updates", name=name)
        end = "{name} ends at {w} with a loss of {loss}"
        return Text(end, name=name, w=self.weights(self.made), loss=self.loss_at(self.made, short))

    def loss_at(self, count: int, write: Callable[[float, int | None, Ref | None], Number]) -> Number:
        """The loss after so many updates."""
        return write(float(self.loss[count]), self.most, ("loss", self.place, count))


def within(w: Values, view: Ends) -> bool:
    """Whether weights lie in a part of the surface."""
    return all(lo <= v <= hi for v, (lo, hi) in zip(w, view, strict=True))


def field(runs: Sequence[Run]) -> Field:
    """The surface in bands of height, with its minima and where the runs start."""
    (x0, y0), surface = map(float, runs[0].path[0]), runs[0].surface
    view = _view(surface, runs)
    heights = surface.f(*np.meshgrid(*(np.linspace(*ends, _SAMPLES) for ends in view)))
    # Where there is no room at the right, on the side on which the ways mostly are not.
    middle = float(np.concatenate([run.path[:, 1] for run in runs]).clip(*view[1]).mean())
    right = view[0][1] - _ROOM * np.ptp(view[0])
    stops = [(f"minimum {n}", "minimum", x, y) for n, (x, y) in enumerate(surface.minima, 1)]
    named = [("start", "start", x0, y0), *(stops or [("saddle", "saddle", 0.0, 0.0)])]
    dots = [
        Dot(
            name=name,
            role="guide" if name == "start" else "result",
            x=x,
            y=y,
            text=Text(text),
            side=("below" if y < middle else "above") if x > right or not surface.minima else "beside",
        )
        for name, text, x, y in named
    ]
    arrow = (
        Curve(name="updates", role=runs[0].rule.key, x=_NOTHING, y=_NOTHING, style="dots"),
        Curve(name="arrow", role="active", x=_NOTHING, y=_NOTHING),
    )
    return Field(
        name="surface",
        x_text=Text("weight {w}", w=X),
        y_text=Text("weight {w}", w=Y),
        x_range=view[0],
        y_range=view[1],
        square=True,
        heights=_short_numbers(heights),
        levels=_short_numbers(_levels(surface, heights)),
        curves=(*_lines(runs), *(arrow if runs[0].alone else ())),
        dots=(*dots, *_walkers(runs, x0, y0)),
    )


def _view(surface: Surface, runs: Sequence[Run]) -> Ends:
    """The part to look at: around the way of a single run, the course's part for a race that starts there."""
    low, high = np.array(surface.domain).T
    if len(runs) == 1:
        seen = np.clip(np.concatenate([runs[0].path, np.reshape(surface.minima, (-1, 2))]), low, high)
        around = _AROUND * np.ptp(seen, axis=0).max() or 1.0
        low, high = np.maximum(low, seen.min(axis=0) - around), np.minimum(high, seen.max(axis=0) + around)
    elif (view := COURSES[surface.name].view) and within(runs[0].path[0], view):
        return view
    (x0, y0), (x1, y1) = low.tolist(), high.tolist()
    return (x0, x1), (y0, y1)


def loss_plot(runs: Sequence[Run], counts: Sequence[int]) -> Plot:
    """The loss of all runs after each update; `counts` are the updates of which there are pictures."""
    surface = runs[0].surface
    return Plot(
        name="loss",
        x_text=Text("update"),
        y_text=Text("{log} loss", log=Math(r"\log_{10}")) if surface.minima else Text("loss"),
        x_range=(0, counts[-1]),
        y_range=_loss_range(surface, np.concatenate([run.plotted for run in runs])),
        span=1.25,
        curves=_lines(runs),
        dots=_walkers(runs, 0.0, float(runs[0].plotted[0])),
    )


def _loss_range(surface: Surface, plotted: Values) -> tuple[float, float]:
    if not surface.minima:
        least = float(surface.f(0.0, surface.domain[1][1]))
        return least, float(plotted[0]) + 0.1 * abs(least)
    lo = max(math.floor(plotted.min()), _LOWEST_DECADE)
    return float(lo), float(max(math.ceil(min(plotted.max(), plotted[0] + 1) + 0.1), lo + 1))


def _levels(surface: Surface, heights: Values) -> Values:
    """Heights of the contour lines: in equal ratios above a minimum of 0, in equal steps on both sides of one."""
    if not surface.minima:
        most = float(np.abs(heights).max())
        return np.linspace(-most, most, _LEVELS + 2)[1:-1]
    lo, hi = np.quantile(heights, (0.01, 0.97))
    return np.geomspace(lo, hi, _LEVELS)


def _lines(runs: Sequence[Run]) -> tuple[Curve, ...]:
    rules = (run.rule for run in runs)
    return tuple(Curve(name=r.key, role=r.key, x=_NOTHING, y=_NOTHING, style=r.style) for r in rules)


def _walkers(runs: Sequence[Run], x: float, y: float) -> tuple[Dot, ...]:
    return tuple(Dot(name=r.key, role=r.key, x=x, y=y, shape=r.shape) for r in (run.rule for run in runs))


def _short_numbers(values: Values) -> Values:
    """Five digits of each value: what the eye can see, and a storyboard file is a quarter as long."""
    size = np.floor(np.log10(np.maximum(np.abs(values), 1e-12)))
    scale = 10.0 ** (4 - size)
    return np.asarray(np.round(values * scale) / scale)
