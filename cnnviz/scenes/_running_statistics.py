"""Statistics of batches that become running ones, and values that these normalize."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from cnnviz.scenes._backward import column
from cnnviz.story import CURRENT, Cells, Story
from cnnviz.storyboard import Equation as Formula
from cnnviz.storyboard import Operator, Panel, Row, Step, Values
from cnnviz.words import Expression, Math, Number, Text, call, equation, precise, total

_NAMES, _WORDS = (r"\mu", r"\sigma^2"), ("mean", "variance")
Stage = tuple[tuple[Cells | Panel | str, ...], ...]


def running_statistics(
    story: Story,
    batches: Values,
    own: Sequence[Values],
    running: Sequence[Values],
    weights: Sequence[Expression],
    x: Values,
    y: Values,
    lost: int,
) -> tuple[Stage, Callable[[], Iterator[Step]]]:
    """The stage and the steps: batches, a column each, their `own` mean and variance, the `running` ones, x and y.

    `weights` are the shares of what was there and of the new batch; a variance is over all samples but so many `lost`.
    """
    m, count = batches.shape
    B = story.cells("batches", Text("batches"), batches, marks=(CURRENT,))
    S, R = list[Cells](), list[Cells]()
    for n, (word, letter) in enumerate(zip(_WORDS, map(Math, _NAMES), strict=True)):
        how: dict[str, Any] = {"row": True, "under": n == 1}
        S.append(column(story, f"batch-{word}", Text("batch {x}", x=letter), own[n], **how))
        # Where a window is drawn, no other cell has its colour.
        known = np.arange(count + 1)[None] < 1
        how |= {"first": np.where(known, running[n], np.nan), "roles": np.where(known, "kernel", "pending")}
        label = Text("running {x}", x=letter)
        R.append(column(story, f"running-{n}", label, running[n], "kernel", marks=(CURRENT,), **how))
    X = column(story, "input", Math("x"), x, "input", row=True)
    Y = column(story, "output", Math("y"), y, row=True)

    def steps() -> Iterator[Step]:
        for batch in range(count):
            cells, at = [(n, batch) for n in range(m)], (0, batch)
            squares = total([(each - S[0][at]) ** 2 for each in B.read(cells)])
            parts = total(B.read(cells)) / Number(m), squares / Number(m - lost)
            for name, statistic, part in zip(_NAMES, S, parts, strict=True):
                made = equation(Math(name), precise(part, statistic[at]), statistic[at], letters=60)
                caption = Text("Batch {batch}: {sum}", batch=batch + 1, sum=made)
                # A link from a column in the middle would cross numbers.
                yield story.step(caption, list(story.rest()), B.cover(cells), statistic.write(at))
            for word, statistic, kept in zip(_WORDS, S, R, strict=True):
                after = (0, batch + 1)
                summed = precise(weights[0] * kept[at] + weights[1] * statistic[at], kept[after])
                said = Text(f"running {word}: {{sum}}", sum=equation(None, summed, kept[after]))
                marked = [*story.rest(), statistic.mark("window", at)]
                yield story.step(said, marked, kept.write(after, role="kernel"))
        last = (0, count)
        for n in range(len(x)):
            at = (0, n)
            normal = (X[at] - R[0][last]) / call("sqrt", R[1][last] + story.number("eps"))
            marks = [*story.rest(), *(cells.mark("current", last) for cells in R)]
            y_n = equation(Y.symbol("y", (n,)), precise(normal, Y[at]), Y[at])
            yield story.step(y_n, marks, X.mark("window", at), Y.write(at))

    rule = Row(name="rule", text=Math(r"(x-\mu)\,/\sqrt{\sigma^2+\epsilon}"))
    training, inference = (Operator(name=name, text=Text(name), size=20) for name in ("Training:", "Inference:"))
    stage: Stage = (
        (training, B, "→", *S, "→", *R),
        (inference, X, "→", Formula(name="rule", lines=(rule,), size=20), "→", Y),
    )
    return stage, steps
