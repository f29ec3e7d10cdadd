"""Gradient descent: optimizers walk down a loss surface, one of them or all six in a race."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.functions.surfaces import SURFACES
from cnnviz.functions.surfaces import Surface as Ground
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._descent import (
    COURSES,
    DIVERGED,
    RULES,
    Course,
    Run,
    Settings,
    brief,
    descend,
    rate_text,
    short,
)
from cnnviz.storyboard import (
    Change,
    Curve,
    Dot,
    Equation,
    MoveDot,
    Panel,
    Plot,
    Row,
    SetCurve,
    Step,
    Storyboard,
    Surface,
    Values,
)
from cnnviz.words import Printer

if TYPE_CHECKING:
    from cnnviz.operation import Operation

ALL = "all"
_SAMPLES = 161
_LEVELS = 11
_LOWEST_DECADE = -8
"""Losses below 10⁻⁸ are drawn there: that far down a race is over."""

_SAMPLE = {"solid": "━━━", "dashed": "━ ━ ", "dotted": "•••••"}

_NAMES = {
    "beale": "Beale's function", "saddle": "a saddle", "rosenbrock": "Rosenbrock's valley",
    "himmelblau": "Himmelblau's function", "bowl": "an elongated bowl", "booth": "Booth's function",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class GradientDescent(Scene):
    """Gradient descent on a loss surface over two weights: the path in the field, and the loss after each update.

    The rules: momentum, Polyak (1964); Nesterov (1983) as Sutskever et al. (2013) and PyTorch write it; Adagrad, Duchi,
    Hazan and Singer (2011); RMSProp, Tieleman and Hinton (2012), lecture 6e; Adam, Kingma and Ba (2015), algorithm 1.
    Overview: Ruder (2016), arXiv:1609.04747. Without --lr each optimizer has a rate of its own that suits the surface,
    for in their steps' length they cannot be compared: on Beale's function 0.003 for SGD, momentum and Nesterov, 0.5
    for Adagrad, 0.02 for RMSProp and 0.1 for Adam.
    """

    examples: ClassVar = (
        "cnnviz gradient-descent --optimizer adam --surface rosenbrock",
        "cnnviz gradient-descent --optimizer all --surface beale",
        "cnnviz gradient-descent --optimizer sgd --lr 0.19 --surface bowl --start -9,2.5",
    )

    optimizer: str = param(
        ALL, help="Update rule, or all for a race.", choices=(*RULES, ALL), always_named=True
    )
    surface: str = param("beale", help="Loss surface.", choices=tuple(SURFACES), always_named=True)
    lr: float | None = param(
        None, alias="learning-rate", help="Learning rate η.", lo=1e-9, hi=1e3,
        shown_default="one for each optimizer and surface",
    )
    momentum: float = param(0.9, help="Share of the velocity that momentum and Nesterov keep.", lo=0, hi=0.9999)
    alpha: float = param(0.9, help="Share of its mean square that RMSProp keeps.", lo=0, hi=0.9999)
    beta1: float = param(0.9, help="Share of its mean gradient that Adam keeps.", lo=0, hi=0.9999)
    beta2: float = param(0.999, help="Share of its mean square that Adam keeps.", lo=0, hi=0.999999)
    steps: int | None = param(
        None, help="Updates.", lo=1, hi=1000, shown_default="100 to 400, by surface"
    )
    frames: int = param(75, help="Pictures at most: of more updates every n-th is shown.", lo=1, hi=400)
    start: ArrayLike | None = param(
        None, help="First weights as X,Y.", group="Data", shown_default="one that shows the surface's difficulty"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.momentum == 0 and self.optimizer in ("nesterov", ALL):
            raise UsageError("nesterov looks ahead along a momentum of 0: use --momentum 0.9, or --optimizer sgd")
        if self.steps is None:
            object.__setattr__(self, "steps", self._course.steps)
        if self._start.size != 2:
            raise UsageError(f"start has {self._start.size} numbers: give two, such as --start 1,1.5")
        (x0, x1), (y0, y1) = self._ground.domain
        x, y = self._start
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            raise UsageError(
                f"start ({x:g}, {y:g}) lies outside of {_NAMES[self.surface]}: use x from {x0:g} to {x1:g} and y from "
                f"{y0:g} to {y1:g}"
            )

    @property
    def _ground(self) -> Ground:
        return SURFACES[self.surface]

    @property
    def _course(self) -> Course:
        return COURSES[self.surface]

    @cached_property
    def _start(self) -> Values:
        if self.start is None:
            return np.array(self._course.start or self._ground.start)
        data = load_map(self.start, None, seed=self.seed, default_size=(1, 2), what="start", option="--start")
        return data.values.ravel()

    @cached_property
    def _runs(self) -> tuple[Run, ...]:
        settings = Settings(
            momentum=self.momentum, alpha=self.alpha, beta1=self.beta1, beta2=self.beta2, most=self.digits
        )
        keys = tuple(RULES) if self.optimizer == ALL else (self.optimizer,)
        return tuple(
            descend(self._ground, RULES[key], self.lr or self._course.rate(key), settings, self._start, self.steps or 1)
            for key in keys
        )

    @cached_property
    def _counts(self) -> range | list[int]:
        """Updates after which there is a picture: every n-th and the last; one more tells that all were lost."""
        last = max(run.made + (run.lost == DIVERGED) for run in self._runs)
        every = -(-last // self.frames)
        return [*range(every, last, every), last]

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """Where each optimizer ends, and the loss there."""
        return {
            "surface": np.array([run.path[-1] for run in self._runs]),
            "loss": np.array([run.loss[-1] for run in self._runs]),
        }

    def operation(self) -> Operation:
        """Each optimizer's updates, down to where it ends."""
        from cnnviz.scenes._operations import descents

        runs = {run.rule.key: {**run.rule.program(run.settings), "lr": run.rate, "steps": run.made}
                for run in self._runs}  # fmt: skip
        return descents(runs, self._ground.name, self._start)

    def storyboard(self) -> Storyboard:
        """A step for every n-th update."""
        return Storyboard(
            scene="gradient-descent",
            parameters=self.public(),
            title="Gradient descent: " + (self._runs[0].rule.title if len(self._runs) == 1 else "six optimizers"),
            settings=self._settings(),
            formula=self._formula(),
            convention=f"$f(x, y)={Printer().math(self._ground.body)}$",
            alt=self._alt(),
            rows=((self._field(), self._loss_plot()), *self._legend()),
            steps=self._steps,
            count=len(self._counts),
            step_roles=tuple(run.rule.key for run in self._runs),
        )

    def _settings(self) -> str:
        start = f"start ({', '.join(_number_text(v) for v in self._start)})"
        rate = f"rate $\\eta={self._runs[0].rate:g}$     " if len(self._runs) == 1 else ""
        return f"{rate}{start}     {_updates(self._counts[-1])}"

    def _formula(self) -> str:
        if len(self._runs) == 1:
            rule = self._runs[0].rule
            return rule.formula(self._runs[0].settings)
        by_rate: dict[float, list[str]] = {}
        for run in self._runs:
            by_rate.setdefault(run.rate, []).append(run.rule.title)
        rates = (f"{rate_text(rate)} for {', '.join(titles)}" for rate, titles in by_rate.items())
        return "$\\eta=$ " + ";  ".join(rates)

    def _legend(self) -> Iterator[tuple[Panel, ...]]:
        """A row that names the lines of a race, each with a sample of its style."""
        if len(self._runs) > 1:
            yield tuple(
                Equation(
                    name=f"legend {run.rule.key}", size=16,
                    lines=(Row(name="name", text=f"{_SAMPLE[run.rule.style]} {run.rule.title}", role=run.rule.key),),
                )
                for run in self._runs
            )  # fmt: skip

    @property
    def _view(self) -> tuple[tuple[float, float], tuple[float, float]]:
        view = self._course.view
        if view is None or not all(lo <= v <= hi for v, (lo, hi) in zip(self._start, view, strict=True)):
            return self._ground.domain
        return view

    def _field(self) -> Surface:
        x_range, y_range = self._view
        x, y = np.linspace(*x_range, _SAMPLES), np.linspace(*y_range, _SAMPLES)
        heights = self._ground.f(*np.meshgrid(x, y))
        nothing = np.empty(0)
        runs = [
            Curve(name=run.rule.key, role=run.rule.key, x=nothing, y=nothing, style=run.rule.style)
            for run in self._runs
        ]
        x0, y0 = map(float, self._start)
        marked = [Dot(name="start", role="guide", x=x0, y=y0, text="start")] + [
            Dot(name=f"minimum {place}", role="result", x=x, y=y, text="minimum")
            for place, (x, y) in enumerate(self._ground.minima, 1)
        ]
        if not self._ground.minima:
            marked.append(Dot(name="saddle", role="result", x=0.0, y=0.0, text="saddle"))
        walkers = [Dot(name=run.rule.key, role=run.rule.key, x=x0, y=y0) for run in self._runs]
        return Surface(
            name="surface", label="Loss over the weights $x$, across, and $y$, up", x_range=x_range, y_range=y_range,
            axes="frame", square=True, heights=_short_numbers(heights), levels=_short_numbers(self._levels(heights)),
            curves=tuple(runs), dots=(*marked, *walkers),
        )  # fmt: skip

    def _levels(self, heights: Values) -> Values:
        """Heights of the contour lines: in equal ratios above a minimum of 0, in equal steps on both sides of one."""
        if not self._ground.minima:
            most = float(np.abs(heights).max())
            return np.linspace(-most, most, _LEVELS + 2)[1:-1]
        lo, hi = np.quantile(heights, (0.01, 0.97))
        return np.geomspace(lo, hi, _LEVELS)

    @property
    def _logarithmic(self) -> bool:
        return bool(self._ground.minima)

    def _scaled(self, loss: Values) -> Values:
        """The loss as it is plotted: by its logarithm where it is never negative."""
        return np.log10(np.maximum(loss, 1e-300)) if self._logarithmic else loss

    def _loss_plot(self) -> Plot:
        nothing = np.empty(0)
        curves = [
            Curve(name=run.rule.key, role=run.rule.key, x=nothing, y=nothing, style=run.rule.style)
            for run in self._runs
        ]
        dots = [Dot(name=run.rule.key, role=run.rule.key, x=math.nan, y=math.nan) for run in self._runs]
        label = r"$\log_{10}$ of the loss" if self._logarithmic else "Loss"
        every = self._counts[0]
        label += f", a picture every {every} updates" if every > 1 else ", a picture each update"
        return Plot(
            name="loss", label=label, x_range=(0, self._counts[-1]), y_range=self._loss_range(),
            axes="frame", curves=tuple(curves), dots=tuple(dots),
        )  # fmt: skip

    def _loss_range(self) -> tuple[float, float]:
        values = np.concatenate([self._scaled(run.loss) for run in self._runs])
        if not self._logarithmic:
            least = float(self._ground.f(0.0, self._ground.domain[1][1]))
            return least, float(values[0]) + 0.1 * abs(least)
        lo = max(math.floor(values.min()), _LOWEST_DECADE)
        return float(lo), float(max(math.ceil(min(values.max(), values[0] + 1) + 0.1), lo + 1))

    def _steps(self) -> Iterator[Step]:
        before = 0
        for count in self._counts:
            changes = [change for run in self._runs for change in self._moves(run, before, count)]
            yield Step(caption=self._caption(count), changes=tuple(changes))
            before = count

    def _moves(self, run: Run, before: int, count: int) -> Iterator[Change]:
        """The path and the loss drawn on from one picture to the next; what was lost stays where it was."""
        first, last = (before + 1 if before else 0), min(count, run.made)
        if first > last:
            return
        key, new = run.rule.key, slice(first, last + 1)
        places, loss = run.path[new], self._scaled(run.loss[new])
        yield SetCurve(panel="surface", curve=key, x=places[:, 0], y=places[:, 1], extend=True)
        yield MoveDot(panel="surface", dot=key, x=float(places[-1, 0]), y=float(places[-1, 1]))
        yield SetCurve(panel="loss", curve=key, x=np.arange(first, last + 1.0), y=loss, extend=True)
        yield MoveDot(panel="loss", dot=key, x=float(last), y=float(loss[-1]))

    def _caption(self, count: int) -> str:
        if len(self._runs) == 1:
            run = self._runs[0]
            if count > run.made:
                before = run.weights(run.path[-1])
                return f"update {count} from w = {before}: the steps grow without end, **diverged**"
            end = f", {run.lost}" if run.lost and count == run.made else ""
            return run.arithmetic(count) + end
        return self._standings(count)

    def _standings(self, count: int) -> str:
        """The loss of everyone who is still on the way, the lowest strong, and who was lost."""
        words, lost = [], dict[str, list[str]]()
        walking = [run for run in self._runs if not run.lost_by(count)]
        lowest = min(walking, key=lambda run: run.loss[count], default=None)
        for run in self._runs:
            if run.lost_by(count):
                lost.setdefault(run.lost, []).append(run.rule.title)
                continue
            word = f"{run.rule.title} {brief(float(run.loss[count]), self.digits)}"
            words.append(f"**{word}**" if run is lowest else word)
        parts = ["loss:  " + "   ".join(words)] if words else []
        return ";   ".join([*parts, *(f"{how}: {', '.join(titles)}" for how, titles in lost.items())])

    def _alt(self) -> str:
        ends = "; ".join(
            f"{run.rule.title} diverged in update {run.made + 1}" if run.lost == DIVERGED else
            f"{run.rule.title} {run.lost} after {_updates(run.made)}" if run.lost else
            f"{run.rule.title} ends at {run.weights(run.path[-1])} with a loss of "
            f"{short(float(run.loss[-1]), self.digits)}"
            for run in self._runs
        )
        paths = "paths" if len(self._runs) > 1 else "a path"
        who = "six optimizers race" if len(self._runs) > 1 else f"{self._runs[0].rule.title} walks"
        return (
            f"Animation of gradient descent: {who} down {_NAMES[self.surface]} from "
            f"({self._start[0]:g}, {self._start[1]:g}), drawn as {paths} over contour lines, beside the loss after "
            f"each of {_updates(self._counts[-1])}. {ends}."
        )


def _updates(count: int) -> str:
    return f"{count} update" + ("" if count == 1 else "s")


def _number_text(value: float) -> str:
    """A coordinate as it was given."""
    return f"{value:g}".replace("-", "−")


def _short_numbers(values: Values) -> Values:
    """Five digits of each value: what the eye can see, and a storyboard file is a quarter as long."""
    size = np.floor(np.log10(np.maximum(np.abs(values), 1e-12)))
    scale = 10.0 ** (4 - size)
    return np.asarray(np.round(values * scale) / scale)
