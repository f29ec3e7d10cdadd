"""What happens in batch normalization: dots move on number lines, and grids are filled as they come to stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.scenes._batch import Batch
from cnnviz.scenes._statistics import NumberLines, Statistics
from cnnviz.story import Cells, Story
from cnnviz.storyboard import Change, Mark, Step
from cnnviz.words import Math, Number, Symbol, Text, Words, counted, equation, joined, substitute

MOVES, _SHORT = 5, 0.15
"""In-between pictures of a move, and how long each is shown."""

MARKS = Mark(name="column", role="window"), Mark(name="value", role="result")
_ACTIVATION = 4
"""The place of the activation among the moves."""


@dataclass(frozen=True)
class Normalizing:
    """What happens: `X` is the batch, `panels` are what becomes of it."""

    scene: Batch
    story: Story
    X: Cells
    panels: Mapping[str, Cells]
    dots: NumberLines

    def steps(self) -> Iterator[Step]:
        """Means, variances, then the moves; each grid is filled when the dots stand as it says."""
        m, channels = self.X.values.shape
        batch = counted(
            Number(channels, 0, ("channels",)),
            "A mini-batch of {m} samples with 1 channel",
            "A mini-batch of {m} samples with {n} channels: each channel has its own mean and variance",
            m=Number(m, 0, ("batch",)),
        )
        yield self.story.step(batch, next(iter(self.panels.values())).ask(), beats=2)
        for row in ("mean", "variance"):
            for channel in range(channels):
                yield self._measured(row, channel)
        states = (Number(float(state[0, 0]), self.scene.most()) for state in self.dots.states[1:5])
        (centred, hat, scaled, y), (gamma, beta), numbers = states, self._affine(0), self._statistics(0)
        subtracted = equation(None, self.X[0, 0] - numbers.mean, centred)
        divided, multiplied = equation(None, centred / numbers.deviation, hat), equation(None, gamma * hat, scaled)
        sigma, g, b = Math(r"\sigma"), Math(r"\gamma"), Math(r"\beta")
        moves = [
            (Text("subtract the mean:   {equation}", equation=subtracted), ""),
            (Text("divide by {sigma}:   {equation}", sigma=sigma, equation=divided), "normalised"),
            (Text("multiply by {gamma}:   {equation}", gamma=g, equation=multiplied), ""),
            (Text("add {beta}:   {equation}", beta=b, equation=equation(None, scaled + beta, y)), "scaled"),
        ]
        source = self.X
        for place, (caption, panel) in enumerate(moves):
            yield from self._moved(place, caption)
            if panel:
                yield from self._filled(panel, source)
                source = self.panels[panel]
        if "activated" in self.panels:
            yield from self._moved(_ACTIVATION, self._worked("activated", 0))
            yield from self._filled("activated", source)

    def _measured(self, row: str, channel: int) -> Step:
        """The mean or the variance of a channel, its column lit."""
        numbers, samples, first = self._statistics(channel), len(self.X.values), row == "mean"
        cells = [(sample, channel) for sample in range(samples)]
        worked = numbers.mean_equation() if first else numbers.variance_equation()
        marks = self.dots.measure(channel, numbers.mean.value, numbers.variance.value**0.5)
        return self.story.step(
            Text("channel {channel}:   {equation}", channel=channel + 1, equation=worked),
            self.X.cover(cells, special="selected"),
            self.X.mark("column", (0, channel), (samples, 1)),
            marks[:1] if first else marks[1:],
            self.dots.unnamed() if first and channel == 0 else (),
        )

    def _moved(self, place: int, caption: Words) -> Iterator[Step]:
        """The dots on their way from a state to the next."""
        start, end = self.dots.states[place : place + 2]
        for part in range(1, MOVES + 1):
            t, last = part / MOVES, part == MOVES
            share = t * t * (3 - 2 * t)
            changes: list[Change] = [*self.dots.move(start, end, share)]
            # Mean and spread follow what they measure; the activation leaves neither.
            for c, now in enumerate((start + share * (end - start)).T):
                mean = None if place == _ACTIVATION else float(now.mean())
                changes += self.dots.measure(c, mean, float(now.std()))
            rest = self.story.rest() if part == 1 else ()
            yield self.story.step(caption, changes, rest, beats=1 if last else _SHORT)

    def _filled(self, panel: str, source: Cells) -> Iterator[Step]:
        """The column of each channel in turn, with the arithmetic of its first value."""
        samples, channels = source.values.shape
        for c in range(channels):
            yield self.story.step(
                Text("channel {channel}, sample 1:   {equation}", channel=c + 1, equation=self._worked(panel, c)),
                self.panels[panel].fill(source=source, places=[(sample, c) for sample in range(samples)]),
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

    def _statistics(self, channel: int) -> Statistics:
        return statistics(self.X, channel, self.scene)

    def _affine(self, channel: int) -> tuple[Number, Number]:
        """γ and β of a channel."""
        gamma, beta = (Number(float(values[channel]), None) for values in self.scene.affine)
        return replace(gamma, ref=("gamma", channel)), replace(beta, ref=("beta", channel))


def statistics(X: Cells, channel: int, scene: Batch) -> Statistics:
    """The mean and the variance of a channel."""
    return Statistics(X.read([(sample, channel) for sample in range(len(X.values))]), scene.eps, scene.most())
