"""What happens in batch normalization: dots move on number lines, and grids are filled as they come to stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cnnviz.functions.activations import ACTIVATIONS
from cnnviz.scenes._backward import alike
from cnnviz.scenes._statistics import NumberLines, Statistics, needs_double
from cnnviz.story import Cells, Graph, Story, short_digits
from cnnviz.storyboard import Change, Mark, Step, Values
from cnnviz.words import Assigned, Math, Number, Symbol, Text, Words, counted, equation, joined, substitute

if TYPE_CHECKING:
    from cnnviz.scenes.batch_norm import BatchNorm

_MOVES, _SHORT = 5, 0.15
"""In-between pictures of a move, and how long each is shown."""

_MARKS = Mark(name="column", role="window"), Mark(name="value", role="result")
_ACTIVATION = 4
"""The place of the activation among the moves."""


_LESSON = Text("Each channel got mean 0 and variance 1, then mean β and variance γ²")
_EQUAL = 1000
"""A variance of fewer ε than this does not become 1."""


def normalized(scene: BatchNorm) -> Story:
    """Means, variances, then the moves: subtract μ, divide by σ, multiply by γ, add β, apply the activation."""
    (m, channels), (gamma, beta) = scene.x.shape, scene.affine
    graph = Graph(double=needs_double(scene.x, scene.eps))
    graph.main_call = 0
    x, *affine = (graph.input(name, values) for name, values in (("x", scene.x), ("gamma", gamma), ("beta", beta)))
    y = graph.compute("batch_norm", x, *affine, training=True, eps=scene.eps)
    hat = graph.compute("batch_norm", x, result="normalised", training=True, eps=scene.eps)

    point = Text("Each channel is moved to mean 0 and variance 1, then scaled and shifted as was learned")
    story = Story(scene, Text("Batch normalization"), graph, point=point)
    story.show_setting("batch", "m", m, size=False, always=True)
    story.show_setting("channels", "C", channels, size=False, always=True)
    story.settings += [("", _assigned(r"\gamma", gamma)), ("", _assigned(r"\beta", beta))]
    digits = max(short_digits(each.values, scene.digits) for each in (hat, y))
    same: dict[str, Any] = {"digits": digits, "marks": _MARKS, **alike(scene.x, hat.values, y.values)}
    given = {**same, "digits": max(digits, story.decimals(scene.x))}
    X = story.cells("input", "Batch $x$, {size}", x, **given)
    label = Text("Normalized {x}", x=Math(r"\hat{x}"))
    panels = {
        "normalised": story.cells("normalised", label, hat, pending=True, **same),
        "scaled": story.cells("scaled", Math(r"y=\gamma\hat{x}+\beta"), y, pending=True, **same),
    }
    known = [
        Statistics(X.read([(sample, c) for sample in range(m)]), scene.eps, scene.max_decimals())
        for c in range(channels)
    ]
    centred = scene.x - [each.mean.value for each in known]
    states = [scene.x, centred, hat.values, gamma * hat.values, y.values]
    if scene.activation != "none":
        function = ACTIVATIONS[scene.activation.replace("-", "_")]
        activated = graph.compute(function.name, y, result="activated", **function.options())
        title, own = joined((function.title, Math("(y)")), ""), short_digits(activated.values, scene.digits)
        # What ReLU lets pass looks as before.
        options = same if function.name == "relu" else {"digits": own, "marks": _MARKS}
        panels["activated"] = story.cells("activated", title, activated, pending=True, **options)
        states.append(activated.values)

    names = [Text("channel {n}", n=c + 1) for c in range(channels)]
    dots = NumberLines("values", states, names, named=True)
    row: list[Cells | str] = [X]
    for panel in panels.values():
        row += ["→", panel]
    epsilon = Assigned(Symbol(r"\epsilon"), story.number("eps"))
    most = scene.max_decimals()
    learned = [
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
        for part in range(1, _MOVES + 1):
            t = part / _MOVES
            share = t * t * (3 - 2 * t)
            changes: list[Change] = [*dots.move(start, end, share)]
            # Mean and spread follow what they measure; the activation leaves neither.
            for c, now in enumerate((start + share * (end - start)).T):
                mean = None if place == _ACTIVATION else float(now.mean())
                changes += dots.measure(c, mean, float(now.std()))
            rest = story.uncover() if part == 1 else ()
            yield story.step(caption, changes, rest, beats=1 if part == _MOVES else _SHORT)

    def worked(panel: str, c: int) -> Words:
        """The arithmetic of a channel's first value."""
        at, result, gamma, beta = (0, c), panels[panel][0, c], learned[0][c], learned[1][c]
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
        multiplied, added = equation(None, learned[0][0] * hat, scaled), equation(None, scaled + learned[1][0], y)
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
                words = Text("channel {channel}, sample 1:   {equation}", channel=c + 1, equation=worked(panel, c))
                yield story.step(words, filled, marks)
            source = panels.get(panel, source)

    return story.play(
        steps,
        1 + (2 + len(panels)) * channels + _MOVES * (len(states) - 1),
        row,
        (dots.plot(),),
        answer=_LESSON if scene.x.var(axis=0).min() > _EQUAL * scene.eps else "",
        alt=Text(
            "batch normalization: the {m} values of {channels} are dots on a number line; they are shifted to mean "
            "0, divided by √(σ² + ε), multiplied by γ and shifted by β{activation}",
            m=Number(m, 0, ("batch",)),
            channels=counted(Number(channels, 0, ("channels",)), "one channel", "each of {n} channels"),
            activation="" if scene.activation == "none" else Text("; then {name} is applied", name=scene.activation),
        ),
        step_roles=("selected", "output", "active", "ink"),
        formula=joined((Math(r"y_i=\gamma\,(x_i-\mu_B)/\sqrt{\sigma_B^2+\epsilon}+\beta"), epsilon), "     "),
        convention=Text("per channel; variance with 1/m"),
    )


def _assigned(symbol: str, values: Values) -> Words:
    """A parameter with its value, or the different values that channels have."""
    given = values.tolist()
    numbers = [Number(value, None, (symbol[1:], given.index(value))) for value in dict.fromkeys(given)]
    if len(numbers) == 1:
        return Assigned(Symbol(symbol), numbers[0])
    return joined((Math(symbol), joined(numbers)), " = ")
