"""What happens in batch normalization: dots move on number lines, and grids are filled as they come to stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

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


def normalizing(
    scene: Batch, story: Story, X: Cells, panels: Mapping[str, Cells], dots: NumberLines
) -> Callable[[], Iterator[Step]]:
    """Means, variances, then the moves; each of `panels` is filled when the dots stand as it says. X is the batch."""
    (m, channels), most = X.values.shape, scene.most()
    known = [statistics(X, channel, scene) for channel in range(channels)]
    affine = [
        [Number(float(value), None, (name, c)) for c, value in enumerate(values)]
        for name, values in zip(("gamma", "beta"), scene.affine, strict=True)
    ]

    def measured(row: str, channel: int) -> Step:
        """The mean or the variance of a channel, its column lit."""
        numbers, first = known[channel], row == "mean"
        cells = [(sample, channel) for sample in range(m)]
        worked = numbers.mean_equation() if first else numbers.variance_equation()
        marks = dots.measure(channel, numbers.mean.value, numbers.variance.value**0.5)
        return story.step(
            Text("channel {channel}:   {equation}", channel=channel + 1, equation=worked),
            X.cover(cells, special="selected"),
            X.mark("column", (0, channel), (m, 1)),
            marks[:1] if first else marks[1:],
            dots.unnamed() if first and channel == 0 else (),
        )

    def moved(place: int, caption: Words) -> Iterator[Step]:
        """The dots on their way from a state to the next."""
        start, end = dots.states[place : place + 2]
        for part in range(1, MOVES + 1):
            t = part / MOVES
            share = t * t * (3 - 2 * t)
            changes: list[Change] = [*dots.move(start, end, share)]
            # Mean and spread follow what they measure; the activation leaves neither.
            for c, now in enumerate((start + share * (end - start)).T):
                mean = None if place == _ACTIVATION else float(now.mean())
                changes += dots.measure(c, mean, float(now.std()))
            rest = story.rest() if part == 1 else ()
            yield story.step(caption, changes, rest, beats=1 if part == MOVES else _SHORT)

    def worked(panel: str, c: int) -> Words:
        """The arithmetic of a channel's first value."""
        at, result, gamma, beta = (0, c), panels[panel][0, c], affine[0][c], affine[1][c]
        if panel == "normalised":
            return equation(Symbol(r"\hat{x}"), (X[at] - known[c].mean) / known[c].deviation, result)
        if panel == "scaled":
            return equation(Symbol("y"), gamma * panels["normalised"].number(at, most) + beta, result)
        y, function = panels["scaled"].number(at, most), ACTIVATIONS[scene.activation.replace("-", "_")]
        values = {"x": y} | {letter: Number(value, None) for letter, value in function.chosen().items()}
        return equation(joined((function.title, "(", y, ")"), ""), substitute(function.at(values), values), result)

    def steps() -> Iterator[Step]:
        one = "A mini-batch of {m} samples with 1 channel"
        many = "A mini-batch of {m} samples with {n} channels: each channel has its own mean and variance"
        batch = counted(Number(channels, 0, ("channels",)), one, many, m=Number(m, 0, ("batch",)))
        yield story.step(batch, next(iter(panels.values())).ask(), beats=2)
        for row in ("mean", "variance"):
            for channel in range(channels):
                yield measured(row, channel)
        centred, hat, scaled, y = (Number(float(state[0, 0]), most) for state in dots.states[1:5])
        subtracted = equation(None, X[0, 0] - known[0].mean, centred)
        divided = equation(None, centred / known[0].deviation, hat)
        multiplied, added = equation(None, affine[0][0] * hat, scaled), equation(None, scaled + affine[1][0], y)
        moves: list[tuple[Words, str]] = [
            (Text("subtract the mean:   {equation}", equation=subtracted), ""),
            (Text("divide by {sigma}:   {equation}", sigma=Math(r"\sigma"), equation=divided), "normalised"),
            (Text("multiply by {gamma}:   {equation}", gamma=Math(r"\gamma"), equation=multiplied), ""),
            (Text("add {beta}:   {equation}", beta=Math(r"\beta"), equation=added), "scaled"),
        ]
        if "activated" in panels:
            moves.append((worked("activated", 0), "activated"))
        source = X
        for place, (caption, panel) in enumerate(moves):
            yield from moved(place, caption)
            for c in range(channels if panel else 0):
                filled = panels[panel].fill(source=source, places=[(sample, c) for sample in range(m)])
                marks = [cells.mark("value", (0, c)) for cells in (source, panels[panel])]
                said = Text("channel {channel}, sample 1:   {equation}", channel=c + 1, equation=worked(panel, c))
                yield story.step(said, filled, marks)
            source = panels.get(panel, source)

    return steps


def statistics(X: Cells, channel: int, scene: Batch) -> Statistics:
    """The mean and the variance of a channel."""
    return Statistics(X.read([(sample, channel) for sample in range(len(X.values))]), scene.eps, scene.most())
