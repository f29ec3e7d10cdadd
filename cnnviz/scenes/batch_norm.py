"""Batch normalization: each channel is standardized over the batch, scaled, shifted and activated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from cnnviz.data import MAP_NAMES, load_map
from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.notation import size_text
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._number_line import NumberLines
from cnnviz.scenes._statistics import Statistics, needs_double
from cnnviz.story import Cells, Graph, Story, Tensor, check_squares, short_digits
from cnnviz.storyboard import Change, Equation, Mark, Row, SetRow, Sign, Step, Values
from cnnviz.words import (
    Assigned,
    Math,
    Number,
    Symbol,
    Text,
    Words,
    counted,
    equation,
    joined,
    relation,
    substitute,
)

_MOST_SAMPLES, _MOST_CHANNELS = 32, 6
_RANDOM_TAG = 3
_MOVES, _SHORT = 5, 0.15
"""In-between pictures of a move, and how long each is shown."""

_LISTED = 3
"""Channels whose means and variances are all written out."""

_ACTIVATIONS = ("relu", "leaky-relu", "elu", "sigmoid", "tanh", "none")
_MARKS = Mark(name="column", role="window"), Mark(name="value", role="result")
_ALGORITHM = MappingProxyType(
    {
        "mean": Math(r"\mu_B=\Sigma\,x_i/m"),
        "variance": Math(r"\sigma_B^2=\Sigma\,(x_i-\mu_B)^2/m"),
        "normalise": Math(r"\hat{x}_i=(x_i-\mu_B)/\sqrt{\sigma_B^2+\epsilon}"),
        "scale": Math(r"y_i=\gamma\,\hat{x}_i+\beta"),
    }
)
"""The lines of Algorithm 1."""


@dataclass(frozen=True, kw_only=True)
class BatchNorm(Scene):
    """Batch normalization of a mini-batch as in training, channel by channel, then the activation.

    Ioffe and Szegedy (2015), "Batch normalization: accelerating deep network training by reducing internal covariate
    shift", Algorithm 1: the variance is the biased one, Σ(x − μ)²/m.
    """

    examples: ClassVar = (
        "cnnviz batch-norm --batch 5 --channels 2",
        'cnnviz batch-norm --gamma "1.5 0.5" --beta "0 1" --activation sigmoid',
        'cnnviz batch-norm --input "1 20; 2 30; 4 60" --activation none',
    )

    batch: int | None = param(
        None,
        alias="batch-size",
        help="Samples in the mini-batch.",
        lo=2,
        hi=_MOST_SAMPLES,
        shown_default="5, or the data's own",
        always_named=True,
    )
    channels: int | None = param(
        None,
        help="Channels, each normalised by itself.",
        lo=1,
        hi=_MOST_CHANNELS,
        shown_default="2, or the data's own",
        always_named=True,
    )
    gamma: ArrayLike = param("2", help="Scale γ: one number, or one a channel.")
    beta: ArrayLike = param("1", help="Shift β: one number, or one a channel.")
    eps: float = param(1e-5, help="ε, added to the variance.", lo=1e-12, hi=1)
    activation: str = param("relu", help="What follows.", choices=_ACTIVATIONS)
    input: ArrayLike = param(
        "random",
        group="Data",
        help="Input, a row a sample and a column a channel: a file, a literal, random (0 to 9), arange, ones, zeros.",
    )

    def prepare(self) -> None:
        """The batch is loaded, and its size becomes `batch` and `channels`."""
        bounds = ("sample", 2, _MOST_SAMPLES, "rows"), ("channel", 1, _MOST_CHANNELS, "columns")
        for count, (what, low, most, option) in zip(self.x.shape, bounds, strict=True):
            if not low <= count <= most:
                raise UsageError(f"input has {count} {what}{'s' * (count != 1)}: use {low} to {most} {option}")
        self.fill_in(batch=len(self.x), channels=self.x.shape[1])
        check_squares(self.x)
        for name, values in zip(("gamma", "beta"), self.affine, strict=True):
            check_squares(values, name)

    @cached_property
    def x(self) -> Values:
        """The batch, a row for each sample."""
        name, size = _name(self.input), (self.batch or 5, self.channels or 2)
        if name == "random" or self.input is None:
            return np.random.default_rng([self.seed, _RANDOM_TAG]).integers(0, 10, size).astype(np.float64)
        values = load_map(self.input, size if name else None, seed=self.seed).values
        for wanted, found, what in zip((self.batch, self.channels), values.shape, ("batch", "channels"), strict=True):
            if wanted not in (None, found):
                raise UsageError(f"input is {size_text(*values.shape)}, but --{what} asks for {wanted}: leave it out")
        return values

    @cached_property
    def affine(self) -> tuple[Values, Values]:
        """γ and β of every channel."""
        return self._per_channel("gamma"), self._per_channel("beta")

    def _per_channel(self, name: str) -> Values:
        spec, channels = getattr(self, name), self.x.shape[1]
        given = np.reshape(spec, (1, -1)) if isinstance(spec, int | float) else spec
        size = (1, channels) if _name(spec) else None
        values = load_map(given, size, seed=self.seed, what=name, option=f"--{name}").values.ravel()
        if len(values) not in (1, channels):
            raise UsageError(f"{name} has {len(values)} numbers for {channels} channels: give one, or one a channel")
        return np.broadcast_to(values, channels).astype(np.float64)

    def story(self) -> Story:
        """Means, variances, then the moves: subtract μ, divide by σ, multiply by γ, add β, apply the activation."""
        (m, channels), (gamma, beta) = self.x.shape, self.affine
        graph = Graph(double=needs_double(self.x, self.eps))
        graph.essential = 0
        x, *affine = (graph.given(name, values) for name, values in (("x", self.x), ("gamma", gamma), ("beta", beta)))
        y = graph.compute("batch_norm", x, *affine, training=True, eps=self.eps)
        hat = graph.compute("batch_norm", x, result="normalised", training=True, eps=self.eps)

        point = Text("Each channel is moved to mean 0 and variance 1, then scaled and shifted as was learned")
        story = Story(self, Text("Batch normalization"), graph, point=point)
        story.settings += [
            ("", Text("batch {value}", value=Assigned(Symbol("m"), Number(m)))),
            ("", Text("channels {value}", value=Assigned(Symbol("C"), Number(channels)))),
            ("", _assigned(r"\gamma", gamma)),
            ("", _assigned(r"\beta", beta)),
        ]
        X = story.cells("input", "Batch $x$, {size}", x, marks=_MARKS)
        panels = {
            "normalised": self._results(story, "normalised", Text("Normalized {x}", x=Math(r"\hat{x}")), hat),
            "scaled": self._results(story, "scaled", Math(r"y=\gamma\hat{x}+\beta"), y),
        }
        centred = self.x - [statistics(X, c, self).mean.value for c in range(channels)]
        states = [self.x, centred, hat.values, gamma * hat.values, y.values]
        rows: dict[str, Words] = dict(_ALGORITHM)
        if self.activation != "none":
            function = ACTIVATIONS[self.activation.replace("-", "_")]
            activated = graph.compute(function.name, y, result="activated", **function.options())
            rows["activate"] = joined((function.title, Math("(y)")), "")
            # What ReLU lets pass looks as before.
            digits = {"digits": panels["scaled"].decimals} if function.name == "relu" else {}
            panels["activated"] = self._results(story, "activated", rows["activate"], activated, **digits)
            states.append(activated.values)

        steps = _Steps(self, story, X, panels, NumberLines("values", states), rows)
        arrows = ((Sign(name=f"to {name}", text="→"), panel) for name, panel in panels.items())
        epsilon = Assigned(Symbol(r"\epsilon"), Number(self.eps, None, ("eps",)))
        return story.play(
            steps.steps,
            1 + (2 + len(panels)) * channels + _MOVES * (len(states) - 1),
            (X, *(part for pair in arrows for part in pair)),
            (steps.lines.plot(), steps.algorithm()),
            alt=Text(
                "batch normalization: the {m} values of {channels} are dots on a number line; they are shifted to mean "
                "0, divided by √(σ² + ε), multiplied by γ and shifted by β{activation}",
                m=m,
                channels=counted(channels, "one channel", "each of {n} channels"),
                activation="" if self.activation == "none" else Text("; then {name} is applied", name=self.activation),
            ),
            step_roles=("selected", "output", "active", "ink"),
            formula=joined((Math(r"y_i=\gamma\,(x_i-\mu_B)/\sqrt{\sigma_B^2+\epsilon}+\beta"), epsilon), "     "),
            convention=Text("per channel; variance with 1/m"),
        )

    def _results(self, story: Story, name: str, label: Words, values: Tensor, **more: Any) -> Cells:
        more = {"digits": short_digits(values.values, self.digits), **more}
        return story.cells(name, label, values, pending=True, marks=_MARKS, **more)


@dataclass(frozen=True)
class _Steps:
    """What happens: `X` is the batch, `panels` are what becomes of it, `rows` the lines of the algorithm."""

    scene: BatchNorm
    story: Story
    X: Cells
    panels: Mapping[str, Cells]
    lines: NumberLines
    rows: Mapping[str, Words]

    def steps(self) -> Iterator[Step]:
        """Means, variances, then the moves; each grid is filled when the dots stand as it says."""
        m, channels = self.X.values.shape
        batch = counted(
            channels,
            "A mini-batch of {m} samples with 1 channel",
            "A mini-batch of {m} samples with {n} channels: each channel has its own mean and variance",
            m=m,
        )
        yield self.story.step(batch, beats=2)
        for row in ("mean", "variance"):
            for channel in range(channels):
                yield self._measured(row, channel)
        states = (Number(float(state[0, 0]), self.scene.most()) for state in self.lines.states[1:5])
        (centred, hat, scaled, y), (gamma, beta), numbers = states, self._affine(0), self._statistics(0)
        sigma, g, b = Math(r"\sigma"), Math(r"\gamma"), Math(r"\beta")
        moves = (
            (
                "normalise",
                Text("subtract the mean:   {equation}", equation=equation(None, self.X[0, 0] - numbers.mean, centred)),
                None,
            ),
            (
                "normalise",
                Text(
                    "divide by {sigma}:   {equation}",
                    sigma=sigma,
                    equation=equation(None, centred / numbers.deviation, hat),
                ),
                Math(r"\hat{x}_1"),
            ),
            (
                "scale",
                Text("multiply by {gamma}:   {equation}", gamma=g, equation=equation(None, gamma * hat, scaled)),
                None,
            ),
            ("scale", Text("add {beta}:   {equation}", beta=b, equation=equation(None, scaled + beta, y)), Math("y_1")),
            *([("activate", self._worked("activated", 0), Math("f(y_1)"))] if "activated" in self.panels else []),
        )
        filled = iter(self.panels)
        source = self.X
        for place, (row, caption, name) in enumerate(moves):
            yield from self._moved(row, place, caption, name)
            if name is not None:
                panel = next(filled)
                yield from self._filled(panel, source)
                source = self.panels[panel]

    def algorithm(self) -> Equation:
        """Algorithm 1, line by line."""
        lines = tuple(Row(name=name, text=text, role="muted") for name, text in self.rows.items())
        widest = tuple(self._row(name, self.X.values.shape[1]) for name in ("mean", "variance"))
        return Equation(name="algorithm", lines=lines, widest=widest, size=14)

    def _measured(self, row: str, channel: int) -> Step:
        """The mean or the variance of a channel, its column lit."""
        numbers, samples, first = self._statistics(channel), len(self.X.values), row == "mean"
        cells = [(sample, channel) for sample in range(samples)]
        worked, mean = numbers.mean_equation() if first else numbers.variance_equation(), numbers.mean.value
        mark = (
            [self.lines.mark_mean(channel, mean)]
            if first
            else [
                self.lines.mark_spread(channel, mean, numbers.variance.value**0.5),
                SetRow(panel="algorithm", row="mean", role="ink"),
            ]
        )
        return self.story.step(
            Text("channel {channel}:   {equation}", channel=channel + 1, equation=worked),
            self.X.cover(cells, special=dict.fromkeys(cells, "selected")),
            self.X.mark("column", (0, channel), (samples, 1)),
            mark,
            SetRow(panel="algorithm", row=row, text=self._row(row, channel + 1), role="active"),
        )

    def _moved(self, row: str, place: int, caption: Words, name: Words | None = None) -> Iterator[Step]:
        """The dots on their way from a state to the next; `name` is what the first sample's are then."""
        start, end = self.lines.states[place : place + 2]
        for part in range(1, _MOVES + 1):
            t, last = part / _MOVES, part == _MOVES
            share = t * t * (3 - 2 * t)
            changes = [*self.lines.move(start, end, share, name if last else None)]
            # Mean and spread follow what they measure; the activation leaves neither.
            for c, now in enumerate((start + share * (end - start)).T):
                mean = None if row == "activate" else float(now.mean())
                changes += [self.lines.mark_mean(c, mean), self.lines.mark_spread(c, mean, float(now.std()))]
            yield self.story.step(
                caption, changes, self._turned_to(row) if part == 1 else (), beats=1 if last else _SHORT
            )

    def _turned_to(self, row: str) -> Iterator[Change]:
        """Another line of the algorithm is active, and no cell."""
        order = list(self.rows)
        yield SetRow(panel="algorithm", row=order[order.index(row) - 1], role="ink")
        yield SetRow(panel="algorithm", row=row, role="active")
        yield from self.X.cover(())
        yield from (cells.hide(mark.name) for cells in (self.X, *self.panels.values()) for mark in _MARKS)

    def _filled(self, panel: str, source: Cells) -> Iterator[Step]:
        """The column of each channel in turn, with the arithmetic of its first value."""
        samples, channels = source.values.shape
        for c in range(channels):
            yield self.story.step(
                Text("channel {channel}, sample 1:   {equation}", channel=c + 1, equation=self._worked(panel, c)),
                *(self.panels[panel].write((sample, c), mark="") for sample in range(samples)),
                (cells.mark("value", (0, c)) for cells in (source, self.panels[panel])),
            )

    def _worked(self, panel: str, c: int) -> Words:
        """The arithmetic of a channel's first value."""
        result, fine = self.panels[panel][0, c], self.scene.most()
        if panel == "normalised":
            numbers = self._statistics(c)
            return equation(Symbol(r"\hat{x}"), (self.X[0, c] - numbers.mean) / numbers.deviation, result)
        if panel == "scaled":
            gamma, beta = self._affine(c)
            return equation(Symbol("y"), gamma * self.panels["normalised"].number((0, c), fine) + beta, result)
        y, function = self.panels["scaled"].number((0, c), fine), ACTIVATIONS[self.scene.activation.replace("-", "_")]
        values = {"x": y} | {letter: Number(value, None) for letter, value in function.chosen().items()}
        return equation(joined((function.title, "(", y, ")"), ""), substitute(function.at(values), values), result)

    def _row(self, row: str, known: int) -> Words:
        """The line of the means or the variances with the numbers of the first `known` channels."""
        found = [self._statistics(c) for c in range(known)]
        numbers: list[Number] = [each.mean if row == "mean" else each.variance for each in found]
        shown = numbers if known <= _LISTED else numbers[-1:]
        rounded = any(relation(Number(number.value, None), number) == "≈" for number in shown)
        listed = joined(shown if known <= _LISTED else ("…", *shown), ", ")
        return joined((self.rows[row], listed), " ≈ " if rounded else " = ")

    def _statistics(self, channel: int) -> Statistics:
        return statistics(self.X, channel, self.scene)

    def _affine(self, channel: int) -> tuple[Number, Number]:
        """γ and β of a channel."""
        gamma, beta = (Number(float(values[channel]), None) for values in self.scene.affine)
        return gamma, beta


def statistics(X: Cells, channel: int, scene: BatchNorm) -> Statistics:
    """The mean and the variance of a channel."""
    return Statistics(X.read([(sample, channel) for sample in range(len(X.values))]), scene.eps, scene.most())


def _assigned(symbol: str, values: Values) -> Words:
    """A parameter with its value, or the different values that channels have."""
    numbers = [Number(value, None) for value in dict.fromkeys(values.tolist())]
    if len(numbers) == 1:
        return Assigned(Symbol(symbol), numbers[0])
    return joined((Math(symbol), joined(numbers)), " = ")


def _name(given: object) -> str:
    """The name, such as random or ones, of values that are made to measure."""
    name = given.strip().lower() if isinstance(given, str) else ""
    return name if name in MAP_NAMES else ""
