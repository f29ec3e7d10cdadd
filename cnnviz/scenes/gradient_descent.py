"""Gradient descent: optimizers walk down a loss surface, one of them or all six in a race."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.functions.surfaces import SURFACES, Surface
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._descent import DIVERGED, ESCAPED, Run, field, loss_plot, within
from cnnviz.scenes._rules import COURSES, RULES, W, brief, short
from cnnviz.story import Graph, Story
from cnnviz.storyboard import Change, Equation, Panel, Row, SetRow, Step, Values
from cnnviz.words import (
    Assigned,
    Defined,
    Math,
    Number,
    Strong,
    Symbol,
    Text,
    Vector,
    Words,
    counted,
    equation,
    joined,
    listed,
)

ALL = "all"


@dataclass(frozen=True, kw_only=True)
class GradientDescent(Scene):
    """Gradient descent on a loss surface over two weights: the path in the field, and the loss after each update.

    The rules: momentum, Polyak (1964); Nesterov (1983) as Sutskever et al. (2013) and PyTorch write it; Adagrad, Duchi,
    Hazan and Singer (2011); RMSProp, Tieleman and Hinton (2012), lecture 6e; Adam, Kingma and Ba (2015), algorithm 1.
    Overview: Ruder (2016), arXiv:1609.04747. Without --lr each optimizer has a rate of its own that suits the surface,
    for in their steps' length they cannot be compared: on Beale's function 0.003 for SGD, momentum and Nesterov, 0.5
    for Adagrad, 0.02 for RMSProp and 0.15 for Adam.
    """

    examples: ClassVar = (
        "cnnviz gradient-descent --optimizer adam --surface rosenbrock",
        "cnnviz gradient-descent --optimizer all --surface beale",
        "cnnviz gradient-descent --optimizer sgd --lr 0.19 --surface bowl --start -9,2.5",
    )

    optimizer: str = param(ALL, help="Update rule, or all for a race.", choices=(*RULES, ALL), always_named=True)
    surface: str = param("beale", help="Loss surface.", choices=tuple(SURFACES), always_named=True)
    lr: float | None = param(
        None,
        alias="learning-rate",
        help="Learning rate η.",
        lo=1e-9,
        hi=1e3,
        shown_default="one for each optimizer and surface",
    )
    momentum: float = param(0.9, help="Share of the velocity that momentum and Nesterov keep.", lo=0, hi=0.9999)
    alpha: float = param(0.9, help="Share of its mean square that RMSProp keeps.", lo=0, hi=0.9999)
    beta1: float = param(0.9, help="Share of its mean gradient that Adam keeps.", lo=0, hi=0.9999)
    beta2: float = param(0.999, help="Share of its mean square that Adam keeps.", lo=0, hi=0.999999)
    steps: int | None = param(None, help="Updates.", lo=1, hi=1000, shown_default="100 to 400, by surface")
    frames: int = param(34, help="Pictures after the start: of more updates every n-th is shown.", lo=1, hi=400)
    start: ArrayLike | None = param(
        None, help="First weights as X,Y.", group="Data", shown_default="one that shows the surface's difficulty"
    )

    def prepare(self) -> None:
        """The number of updates is the surface's, unless given."""
        if self.momentum == 0 and self.optimizer in ("nesterov", ALL):
            raise UsageError("nesterov looks ahead along a momentum of 0: use --momentum 0.9, or --optimizer sgd")
        if self.steps is None:
            self.fill_in(steps=COURSES[self.surface].steps)
        if self.origin.size != 2:
            raise UsageError(f"start has {self.origin.size} numbers: give two, such as --start 1,1.5")
        if not within(self.origin, self.ground.domain):
            (x0, x1), (y0, y1) = self.ground.domain
            raise UsageError(
                f"start ({self.origin[0]:g}, {self.origin[1]:g}) lies outside of {self.surface}: use x from {x0:g} to "
                f"{x1:g} and y from {y0:g} to {y1:g}"
            )

    @property
    def ground(self) -> Surface:
        """The surface."""
        return SURFACES[self.surface]

    @cached_property
    def origin(self) -> Values:
        """The first weights."""
        if self.start is None:
            return np.array(self.ground.start)
        data = load_map(self.start, None, seed=self.seed, default_size=(1, 2), what="start", option="--start")
        return data.values.ravel()

    @cached_property
    def _runs(self) -> list[Run]:
        keys = RULES if self.optimizer == ALL else (self.optimizer,)
        return [Run(self, key, place) for place, key in enumerate(keys)]

    @cached_property
    def _counts(self) -> range | list[int]:
        """Updates after which there is a picture: none, every n-th and the last; one more tells that all were lost."""
        last = max(run.made + (run.failure == DIVERGED) for run in self._runs)
        every = -(-last // self.frames)
        return [*range(0, last, every), last]

    def story(self) -> Story:
        """A step for the start and every n-th update."""
        return self._race() if self.optimizer == ALL else self._alone(self._runs[0])

    def _alone(self, run: Run) -> Story:
        """One optimizer with the arithmetic of its updates."""
        first, last = (run.loss_at(count, short) for count in (0, run.made))
        came_down = not run.failure and first.text != last.text and first.value >= last.value
        one = "{n} update took the loss from {first} to {last}"
        many = "{n} updates took the loss from {first} to {last}"

        def caption(count: int) -> Words:
            if count > run.made:
                before = equation(W, run.weights(run.made), strong=False)
                text = "update {n} from {before}: the steps keep growing, {lost}"
                return Text(text, n=count, before=before, lost=Strong(Text("diverged")))
            return joined((run.arithmetic(count), Text(run.failure) if run.failure and count == run.made else None))

        return self._walked(
            run.rule.title,
            "gradient descent: {name} walks down {surface} from {start}, drawn as a path over contour lines, beside "
            "the loss after each of {updates}",
            caption,
            point=Text("Each update moves the weights against the gradient, by the learning rate"),
            settings=[("rate", Assigned(Symbol(r"\eta"), Number(run.rate, None, ("lr",))))],
            formula=joined(
                (run.rule.formula(run.settings), Text("arrow: {way}", way=Math(r"-\eta\,\nabla f"))), "     "
            ),
            answer=counted(run.made, one, many, first=first, last=last) if came_down else "",
        )

    def _race(self) -> Story:
        """All six, with the loss of each in a column of its own below."""
        runs, goal = self._runs, bool(self.ground.minima)
        plain = Text("Plain descent lingers at the saddle; momentum and adaptive steps get away")
        by_rate: dict[float, list[Words]] = {}
        for run in runs:
            by_rate.setdefault(run.rate, []).append(run.rule.title)
        each = "{value} for {condition}"
        rates = [Text(each, value=Number(rate, None), condition=listed(titles)) for rate, titles in by_rate.items()]
        legend = [
            Equation(
                name=f"value {run.rule.key}",
                lines=(
                    Row(name="name", text=run.rule.legend, role=run.rule.key),
                    Row(name="value", text="", role=run.rule.key),
                ),
                widest=(Text(run.failure), Number(-0.059, 3)) if run.failure else (Number(-0.059, 3),),
            )
            for run in runs
        ]

        def values(count: int) -> Iterator[Change]:
            for run in runs:
                text = Text(run.failure) if run.failed_by(count) else run.loss_at(count, brief)
                yield SetRow(panel=f"value {run.rule.key}", row="value", text=text)

        def caption(count: int) -> Words:
            """Whose loss is the lowest, or who is still near the saddle; and who was lost."""
            walking = [run for run in runs if not run.failed_by(count)]
            parts: list[Words] = [Text("update {n}", n=count)]
            if walking and goal:
                # Those whose losses are written alike are not told apart.
                least = min(walking, key=lambda run: run.loss[count]).loss_at(count, brief).text
                lowest = listed(run.rule.title for run in walking if run.loss_at(count, brief).text == least)
                parts.append(Text("lowest loss: {name}", name=Strong(lowest)))
            elif walking:
                parts.append(Text("still near the saddle: {names}", names=listed(run.rule.title for run in walking)))
            for failure, text in ((DIVERGED, "diverged: {names}"), (ESCAPED, "escaped: {names}")):
                if failed := [run.rule.title for run in runs if run.failure == failure and run.failed_by(count)]:
                    parts.append(Text(text, names=listed(failed)))
            return joined(parts, ";   ")

        return self._walked(
            Text("six optimizers"),
            "gradient descent: six optimizers race down {surface} from {start}, drawn as paths over contour lines, "
            "beside the loss after each of {updates}",
            caption,
            values,
            legend,
            point=Text("Six optimizers from one start, at learning rates that suit them") if goal else plain,
            formula=Text("{eta} {rates}", eta=Math(r"\eta="), rates=joined(rates, ";  ")),
        )

    def _walked(
        self,
        name: Words,
        alt: str,
        caption: Callable[[int], Words],
        values: Callable[[int], Iterable[Change]] = lambda count: (),
        *legend: Sequence[Panel],
        point: Words,
        settings: Sequence[tuple[Words, Words]] = (),
        **texts: Any,
    ) -> Story:
        """Paths over the surface beside the loss; `caption` describes an update, and `values` changes with it."""
        runs, ground = self._runs, self.ground
        # Each optimizer's updates, down to where it ends.
        graph = Graph(double=True)
        origin = graph.input("start", self.origin)
        for run in runs:
            key, options = run.rule.key, {**run.rule.program(run.settings), "lr": run.rate, "steps": run.made}
            path = graph.record("descend", origin, run.path, key, surface=ground.name, **options)
            loss = graph.record("surface", path, run.loss, f"{key}_loss", surface=ground.name)
            graph.show(path, "surface", (-1,), as_row=True)
            graph.show(loss, "loss", (-1,), as_row=True)
        graph.main_call = 2 * len(runs) - 2
        story = Story(self, Text("Gradient descent: {name}", name=name), graph, point=point)
        start = Vector(tuple(Number(float(value), None) for value in self.origin))
        updates = counted(self._counts[-1], "{n} update", "{n} updates")
        story.settings += [*settings, ("", Text("start {point}", point=start)), ("", updates)]

        def steps() -> Iterator[Step]:
            asked = "The loss is {loss} at the start: how low is it after {updates}?"
            all_updates = counted(self.steps or 1, "{n} update", "{n} updates")
            question = Text(asked, loss=runs[0].loss_at(0, short), updates=all_updates)
            for before, count in pairwise([-1, *self._counts]):
                changes = (run.moves(before, count) for run in runs)
                yield story.step(caption(count) if count else question, *changes, values(count))

        walk = Text(alt, name=name, surface=ground.title, start=start, updates=updates)
        return story.play(
            steps,
            len(self._counts),
            (field(runs), loss_plot(runs, self._counts)),
            *legend,
            step_roles=tuple(run.rule.key for run in runs),
            convention=Defined(Symbol("f(x, y)"), (ground.body,)),
            alt=joined((walk, joined((run.end() for run in runs), "; ")), ". "),
            **texts,
        )
