"""Batch normalization: values are centred, divided by their deviation, scaled, shifted and activated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.data import MAP_NAMES, load_map
from cnnviz.errors import UsageError
from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.notation import as_given, as_given_exactly, assigned, bracketed, digits_for, number, size_text, written
from cnnviz.ops.normalization import batch_norm
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._blocks import check_squares, settings_line, short_digits
from cnnviz.scenes._number_line import NumberLines
from cnnviz.scenes._sliding import equals, factor, shade_for
from cnnviz.scenes._statistics import Statistics
from cnnviz.storyboard import (
    Cell,
    Change,
    Equation,
    Grid,
    Mark,
    MoveMark,
    Panel,
    Row,
    SetRow,
    Sign,
    Step,
    Storyboard,
    Values,
)

if TYPE_CHECKING:
    from cnnviz.operation import Operation

_MOST_SAMPLES, _MOST_CHANNELS = 32, 6
_RANDOM_TAG = 3
_MOVES, _SHORT = 5, 0.15
"""In-between pictures of a move, and how long each is shown."""

_LISTED = 3
"""Channels whose means and variances are all written out."""

_ACTIVATIONS = ("relu", "leaky-relu", "elu", "sigmoid", "tanh", "none")


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
        None, alias="batch-size", help="Samples in the mini-batch.", lo=2, hi=_MOST_SAMPLES,
        shown_default="5, or the data's own", always_named=True,
    )
    channels: int | None = param(
        None, help="Channels, each normalised by itself.", lo=1, hi=_MOST_CHANNELS,
        shown_default="2, or the data's own", always_named=True,
    )
    gamma: ArrayLike = param("2", help="Scale γ: one number, or one a channel.")
    beta: ArrayLike = param("1", help="Shift β: one number, or one a channel.")
    eps: float = param(1e-5, help="ε, added to the variance.", lo=1e-12, hi=1)
    activation: str = param("relu", help="What follows.", choices=_ACTIVATIONS)
    input: ArrayLike = param(
        "random", group="Data",
        help="Input, a row a sample and a column a channel: a file, a literal, random (0 to 9), arange, ones, zeros.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        rows, columns = self._x.shape
        for count, low, most, what, option in (
            (rows, 2, _MOST_SAMPLES, "samples", "rows"), (columns, 1, _MOST_CHANNELS, "channels", "columns"),
        ):  # fmt: skip
            if not low <= count <= most:
                plural = what if count != 1 else what.removesuffix("s")
                raise UsageError(f"input has {count} {plural}: use {low} to {most} {option}")
        object.__setattr__(self, "batch", rows)
        object.__setattr__(self, "channels", columns)
        check_squares(self._x)
        for name, values in zip(("gamma", "beta"), self._affine, strict=True):
            check_squares(values, name)

    @cached_property
    def _x(self) -> Values:
        name = self.input.strip().lower() if isinstance(self.input, str) else "random" if self.input is None else ""
        size = self.batch or 5, self.channels or 2
        if name == "random":
            return np.random.default_rng([self.seed, _RANDOM_TAG]).integers(0, 10, size).astype(np.float64)
        if name in MAP_NAMES:
            return load_map(name, size, seed=self.seed).values
        return self._of_size(load_map(self.input, None, seed=self.seed).values)

    def _of_size(self, values: Values) -> Values:
        for wanted, found, what in zip((self.batch, self.channels), values.shape, ("batch", "channels"), strict=True):
            if wanted not in (None, found):
                raise UsageError(f"input is {size_text(*values.shape)}, but --{what} asks for {wanted}: leave it out")
        return values

    def _per_channel(self, name: str) -> Values:
        """γ or β of every channel."""
        spec, channels = getattr(self, name), self._x.shape[1]
        given = np.reshape(spec, (1, -1)) if isinstance(spec, int | float) else spec
        size = (1, channels) if isinstance(spec, str) and spec.strip().lower() in MAP_NAMES else None
        values = load_map(given, size, seed=self.seed, what=name, option=f"--{name}").values.ravel()
        if len(values) not in (1, channels):
            raise UsageError(f"{name} has {len(values)} numbers for {channels} channels: give one, or one a channel")
        return np.broadcast_to(values, channels).astype(np.float64)

    @cached_property
    def _affine(self) -> tuple[Values, Values]:
        return self._per_channel("gamma"), self._per_channel("beta")

    @cached_property
    def _normalised(self) -> Values:
        return batch_norm(self._x, None, None, training=True, eps=self.eps)

    @cached_property
    def _y(self) -> Values:
        return batch_norm(self._x, None, None, *self._affine, training=True, eps=self.eps)

    @cached_property
    def _activated(self) -> Values:
        return self._activate(self._y)

    def _activate(self, values: Values) -> Values:
        name = "identity" if self.activation == "none" else self.activation.replace("-", "_")
        return np.asarray(ACTIVATIONS[name].value(values), np.float64)

    @property
    def _states(self) -> tuple[Values, ...]:
        """The values as they come, less the mean, normalised, scaled, shifted, activated."""
        centred = self._x - np.array([self._statistics(c).mean for c in range(self._x.shape[1])])
        return self._x, centred, self._normalised, self._affine[0] * self._normalised, self._y, self._activated

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The vectorised normalization, before and after γ and β, and the activation of that."""
        found = {"normalised": self._normalised, "scaled": self._y, "activated": self._activated}
        return found if self.activation != "none" else {k: v for k, v in found.items() if k != "activated"}

    def operation(self) -> Operation:
        """The normalization with γ and β, and the activation."""
        from cnnviz.scenes._operations import batch_norm

        return batch_norm(self._x, *self._affine, self.eps, self.activation)

    def storyboard(self) -> Storyboard:
        """Means, variances, then the moves: to mean 0, over the deviation, by γ, by β, through the activation."""
        m, channels = self._x.shape
        names = [(symbol, ", ".join(as_given(v) for v in dict.fromkeys(values.tolist())))
                 for symbol, values in zip((r"\gamma", r"\beta"), self._affine, strict=True)]  # fmt: skip
        settings = [f"batch $m={m}$", f"channels $C={channels}$", *(assigned(symbol, text) for symbol, text in names)]
        return Storyboard(
            scene="batch-norm",
            parameters=self.public(),
            title="Batch normalization",
            settings=settings_line(settings),
            formula=r"$y_i=\gamma\,(x_i-\mu_B)/\sqrt{\sigma_B^2+\epsilon}+\beta$"
            "     " + assigned(r"\epsilon", as_given(self.eps)),
            convention="each channel by itself, biased variance",
            alt=self._alt(),
            rows=(self._grids(), (self._lines.plot(), self._equation())),
            steps=self._steps,
            count=self._count(),
            step_roles=("selected", "output", "active", "ink"),
        )

    @cached_property
    def _lines(self) -> NumberLines:
        return NumberLines("values", self._states)

    def _grids(self) -> tuple[Panel, ...]:
        """The batch and what becomes of it, a row a sample and a column a channel."""
        size = size_text(*self._x.shape)
        panels: list[Panel] = [self._grid("input", f"Batch $x$, {size}", self._x, known=True)]
        labels = {"normalised": r"Normalised $\hat{x}$", "scaled": r"$y=\gamma\hat{x}+\beta$"}
        for name, values in self.expected().items():
            label = labels.get(name) or self._title
            panels += [Sign(name=f"to {name}", text="→"), self._grid(name, label, values, known=False)]
        return tuple(panels)

    def _grid(self, name: str, label: str, values: Values, *, known: bool) -> Grid:
        return Grid(
            name=name, label=label, values=values if known else np.full(values.shape, np.nan),
            roles=np.full(values.shape, "input" if known else "pending"),
            digits=digits_for(values, most=self._most()) if known else self._digits(name),
            shade=shade_for(values, picture=False, always=False),
            marks=(Mark(name="column", role="window"), Mark(name="value", role="result")),
        )  # fmt: skip

    def _digits(self, name: str) -> int:
        """Decimals of a grid of results; what ReLU lets pass looks as before."""
        shown = self._y if (name, self.activation) == ("activated", "relu") else self.expected()[name]
        return short_digits(shown, self.digits)

    @property
    def _fine(self) -> int:
        """Decimals of what is in between, in captions."""
        return self._most()

    @property
    def _title(self) -> str:
        """The activation of y, as a function."""
        return f"{ACTIVATIONS[self.activation.replace('-', '_')].title}$(y)$"

    def _rows(self) -> dict[str, str]:
        """The lines of Algorithm 1 by name, and the activation."""
        rows = {
            "mean": r"$\mu_B=\Sigma\,x_i/m$",
            "variance": r"$\sigma_B^2=\Sigma\,(x_i-\mu_B)^2/m$",
            "normalise": r"$\hat{x}_i=(x_i-\mu_B)/\sqrt{\sigma_B^2+\epsilon}$",
            "scale": r"$y_i=\gamma\,\hat{x}_i+\beta$",
        }
        return rows if self.activation == "none" else rows | {"activate": self._title}

    def _equation(self) -> Equation:
        lines = tuple(Row(name=name, text=text, role="muted") for name, text in self._rows().items())
        filled = [self._filled(name, self._x.shape[1]) for name in ("mean", "variance")]
        return Equation(name="algorithm", lines=lines, widest=tuple(filled), size=14)

    def _statistics(self, channel: int) -> Statistics:
        return Statistics(self._x[:, channel], self.eps, digits_for(self._x, most=self._most()), self._most())

    def _filled(self, row: str, known: int) -> str:
        """The line of the means or the variances with the numbers of the first `known` channels."""
        found = [self._statistics(c) for c in range(known)]
        numbers = [each.mean_text if row == "mean" else each.variance_text for each in found]
        exact = [each.mean_is_whole if row == "mean" else each.variance_is_whole for each in found]
        if len(numbers) > _LISTED:
            numbers, exact = ["…", numbers[-1]], exact[-1:]
        return f"{self._rows()[row]} {'=' if all(exact) else '≈'} {', '.join(numbers)}"

    def _count(self) -> int:
        moves = len(self._states) - (2 if self.activation == "none" else 1)
        channels = int(self._x.shape[1])
        return 1 + 2 * channels + moves * _MOVES + len(self.expected()) * channels

    def _steps(self) -> Iterator[Step]:
        m, channels = self._x.shape
        each = f"{channels} channels, each of which has" if channels > 1 else "1 channel, which has"
        yield Step(caption=f"A mini-batch of {m} samples with {each} a mean and a variance of its own", beats=2)
        for row in ("mean", "variance"):
            for channel in range(channels):
                yield self._measure(row, channel)
        x, centred, normalised, scaled, y, activated = self._states
        yield from self._move("normalise", (x, centred), self._words_centre())
        yield from self._move("normalise", (centred, normalised), self._words_divide(), r"$\hat{x}_1$")
        yield from self._fill("normalised", "input")
        yield from self._move("scale", (normalised, scaled), self._words_scale())
        yield from self._move("scale", (scaled, y), self._words_shift(), "$y_1$")
        yield from self._fill("scaled", "normalised")
        if self.activation != "none":
            yield from self._move("activate", (y, activated), self._words_activate(0), "$f(y_1)$")
            yield from self._fill("activated", "scaled")

    def _measure(self, row: str, channel: int) -> Step:
        """The mean or the variance of a channel, its column lit."""
        numbers, samples = self._statistics(channel), self._x.shape[0]
        changes: list[Change] = []
        for column in range(self._x.shape[1]):
            role = "selected" if column == channel else "input"
            changes += [Cell(panel="input", row=r, column=column, role=role) for r in range(samples)]
        changes.append(MoveMark(panel="input", mark="column", row=0, column=channel, rows=samples, columns=1))
        if row == "mean":
            changes.append(self._lines.mark_mean(channel, numbers.mean))
        else:
            changes.append(self._lines.mark_spread(channel, numbers.mean, numbers.variance**0.5))
            changes.append(SetRow(panel="algorithm", row="mean", role="ink"))
        changes.append(SetRow(panel="algorithm", row=row, text=self._filled(row, channel + 1), role="active"))
        words = numbers.mean_words() if row == "mean" else numbers.variance_words()
        return Step(caption=f"channel {channel + 1}:   {words}", changes=tuple(changes))

    def _move(self, row: str, states: tuple[Values, Values], words: str, name: str | None = None) -> Iterator[Step]:
        """The dots on their way, the marks of mean and spread with them; `name` is what the first sample is then."""
        order = list(self._rows())
        before = order[order.index(row) - 1]
        rows = SetRow(panel="algorithm", row=before, role="ink"), SetRow(panel="algorithm", row=row, role="active")
        start, end = states
        for place in range(1, _MOVES + 1):
            t = place / _MOVES
            share = t * t * (3 - 2 * t)
            last = place == _MOVES
            changes = [*self._lines.move(start, end, share, name if last else None)]
            changes += self._marks(row, start, end, share)
            if place == 1:
                changes += [*rows, *self._unlit()]
            yield Step(caption=words, changes=tuple(changes), beats=1 if last else _SHORT)

    def _marks(self, row: str, start: Values, end: Values, share: float) -> Iterator[Change]:
        """Mean and spread follow what they measure; the activation leaves neither."""
        state = start + share * (end - start)
        for c in range(self._x.shape[1]):
            mean = None if row == "activate" else float(state[:, c].mean())
            yield self._lines.mark_mean(c, mean)
            yield self._lines.mark_spread(c, mean, float(state[:, c].std()))

    def _unlit(self) -> Iterator[Change]:
        yield from (Cell(panel="input", row=r, column=c, role="input") for r, c in np.ndindex(*self._x.shape))
        for name in ("input", *self.expected()):
            for mark in ("column", "value"):
                yield MoveMark(panel=name, mark=mark, row=0, column=0, rows=0, columns=0)

    def _fill(self, panel: str, source: str) -> Iterator[Step]:
        """The column of each channel in turn, with the arithmetic of its first value."""
        values = self.expected()[panel]
        for c in range(self._x.shape[1]):
            changes: list[Change] = [
                Cell(panel=panel, row=r, column=c, role="output", value=float(v)) for r, v in enumerate(values[:, c])
            ]
            for name in (source, panel):
                changes.append(MoveMark(panel=name, mark="value", row=0, column=c, rows=1, columns=1))
            yield Step(caption=f"channel {c + 1}, sample 1:   {self._words(panel, c)}", changes=tuple(changes))

    def _words(self, panel: str, c: int) -> str:
        """The arithmetic of a channel's first value."""
        if panel == "activated":
            return self._words_activate(c)
        digits = self._digits(panel)
        if panel == "normalised":
            value, result = float(self._x[0, c]), float(self._normalised[0, c])
            return "$\\hat{x}$ = " + self._statistics(c).normalised_words(value, result, digits)
        gamma, beta = (float(each[c]) for each in self._affine)
        hat, result = float(self._normalised[0, c]), float(self._y[0, c])
        sign = equals(as_given_exactly(gamma) * written(hat, self._fine) + as_given_exactly(beta), result, digits)
        whole = f"{as_given(gamma)}·{factor(hat, self._fine)} + {bracketed(as_given(beta))}"
        return f"$y$ = {whole} {sign} **{number(result, digits)}**"

    def _words_centre(self) -> str:
        value, centred, numbers = float(self._x[0, 0]), float(self._states[1][0, 0]), self._statistics(0)
        digits = digits_for(self._x, most=self._fine)
        sign = equals(written(value, digits) - written(numbers.mean, self._fine), centred, self._fine)
        first, result = number(value, digits), number(centred, self._fine)
        return f"less the mean of their channel:   {first} − {numbers.mean_factor} {sign} **{result}**"

    def _words_divide(self) -> str:
        centred, result = float(self._states[1][0, 0]), float(self._normalised[0, 0])
        words = self._statistics(0).divided_words(
            number(centred, self._fine), written(centred, self._fine), result, self._fine
        )
        return f"over the standard deviation:   {words}"

    def _words_scale(self) -> str:
        gamma, hat, result = float(self._affine[0][0]), float(self._normalised[0, 0]), float(self._states[3][0, 0])
        sign = equals(as_given_exactly(gamma) * written(hat, self._fine), result, self._fine)
        whole = f"{as_given(gamma)}·{factor(hat, self._fine)}"
        return f"times $\\gamma$:   {whole} {sign} **{number(result, self._fine)}**"

    def _words_shift(self) -> str:
        beta, scaled, result = float(self._affine[1][0]), float(self._states[3][0, 0]), float(self._y[0, 0])
        sign = equals(written(scaled, self._fine) + as_given_exactly(beta), result, self._fine)
        whole = f"{number(scaled, self._fine)} + {bracketed(as_given(beta))}"
        return f"plus $\\beta$:   {whole} {sign} **{number(result, self._fine)}**"

    def _words_activate(self, c: int) -> str:
        y, result, digits = float(self._y[0, c]), float(self._activated[0, c]), self._digits("activated")
        name = self._title.removesuffix("$(y)$")
        again = float(self._activate(np.array([float(written(y, self._fine))]))[0])
        sign = equals(again, result, digits)
        return f"{name}({number(y, self._fine)}) {sign} **{number(result, digits)}**"

    def _alt(self) -> str:
        m, channels = self._x.shape
        of = f"each of {channels} channels" if channels > 1 else "one channel"
        after = "" if self.activation == "none" else f"; then {self.activation} is applied"
        return (
            f"Animation of batch normalization: the {m} values of {of} are dots on a number "
            f"line; they move to mean 0, are divided by √(σ² + ε), multiplied by γ and shifted by β{after}; grids show "
            "the values of each stage."
        )
