"""Statistics of batches that become running ones, and values that these normalize."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.scenes._backward import MOST_NUMBERS, column, load_row
from cnnviz.story import CURRENT, Cells, Graph, Story
from cnnviz.storyboard import Equation as Formula
from cnnviz.storyboard import Operator, Row, Step
from cnnviz.words import Math, Number, Text, call, equation, precise, total

if TYPE_CHECKING:
    from cnnviz.scenes.batch_norm_inference import BatchNormInference

_NAMES, _WORDS = (r"\mu", r"\sigma^2"), ("mean", "variance")
_FRAMEWORKS = {"pytorch": ("PyTorch", 0.1), "tensorflow": ("TensorFlow", 0.99)}


def running_statistics(scene: BatchNormInference) -> Story:
    """Four steps for each batch, one for each value at inference, and a last look."""
    batches = load_map(scene.batches, None, seed=scene.seed, what="batches", option="--batches").values
    (m, count), x = batches.shape, load_row(scene, "input")
    if m < 2 or max(m, count) > MOST_NUMBERS or np.abs(batches).max() > 1e4:
        raise UsageError(
            f"--batches is {m}×{count}: give 2 to {MOST_NUMBERS} rows and at most {MOST_NUMBERS} columns of numbers "
            "within ±10000"
        )
    # PyTorch divides by one less, and its momentum is the share of the new batch.
    is_torch, (name, usual) = scene.convention == "pytorch", _FRAMEWORKS[scene.convention]
    ddof, momentum = int(is_torch), usual if scene.momentum is None else scene.momentum
    own = batches.mean(axis=0), batches.var(axis=0, ddof=ddof)
    old, new = (1 - momentum, momentum) if is_torch else (momentum, 1 - momentum)
    running = [np.array([0.0]), np.array([1.0])]
    for batch in range(count):
        for n, each in enumerate(own):
            running[n] = np.append(running[n], old * running[n][-1] + new * each[batch])
    graph = Graph(double=True)
    arrays = {"x": x[:, None], "mean": running[0][-1:], "variance": running[1][-1:]}
    given = [graph.input(each, values) for each, values in arrays.items()]
    y = graph.compute("batch_norm_inference", *given, eps=scene.eps)
    graph.show(y, "output", shape=(1, len(x)))

    point = Text("Training keeps running statistics; inference needs no batch")
    story = Story(scene, Text("Batch normalization at inference"), graph, point=point)
    share = Number(momentum, None, None if scene.momentum is None else ("momentum",))
    story.settings.append(("", Text(f"{name}'s momentum {{m}}", m=share)))
    weights = (1 - share, share) if is_torch else (share, 1 - share)
    B = story.cells("batches", Text("batches"), batches, marks=(CURRENT,))
    S, R = list[Cells](), list[Cells]()
    for n, (word, letter) in enumerate(zip(_WORDS, map(Math, _NAMES), strict=True)):
        options: dict[str, Any] = {"row": True, "under": n == 1}
        S.append(column(story, f"batch-{word}", Text("batch {x}", x=letter), own[n], **options))
        # Where a window is drawn, no other cell has its colour.
        known = np.arange(count + 1)[None] < 1
        options |= {"first": np.where(known, running[n], np.nan), "roles": np.where(known, "kernel", "pending")}
        label = Text("running {x}", x=letter)
        R.append(column(story, f"running-{n}", label, running[n], "kernel", marks=(CURRENT,), **options))
    X = column(story, "input", Math("x"), x, "input", row=True)
    Y = column(story, "output", Math("y"), y.values, row=True)

    def steps() -> Iterator[Step]:
        for batch in range(count):
            cells, at, after = [(n, batch) for n in range(m)], (0, batch), (0, batch + 1)
            squares = total([(each - S[0][at]) ** 2 for each in B.read(cells)])
            parts = total(B.read(cells)) / Number(m), squares / Number(m - ddof)
            for name, statistic, part in zip(_NAMES, S, parts, strict=True):
                made = equation(Math(name), precise(part, statistic[at]), statistic[at], letters=60)
                caption = Text("Batch {batch}: {sum}", batch=batch + 1, sum=made)
                # A link from a column in the middle would cross numbers.
                yield story.step(caption, story.uncover(), B.cover(cells), statistic.write(at))
            for word, statistic, kept in zip(_WORDS, S, R, strict=True):
                summed = precise(weights[0] * kept[at] + weights[1] * statistic[at], kept[after])
                words = Text(f"running {word}: {{sum}}", sum=equation(None, summed, kept[after]))
                marked = [*story.uncover(), statistic.mark("window", at)]
                yield story.step(words, marked, kept.write(after, role="kernel"))
        last = (0, count)
        for n in range(len(x)):
            at = (0, n)
            normal = (X[at] - R[0][last]) / call("sqrt", R[1][last] + story.number("eps"))
            marks = [*story.uncover(), *(cells.mark("current", last) for cells in R)]
            y_n = equation(Y.symbol("y", (n,)), precise(normal, Y[at]), Y[at])
            yield story.step(y_n, marks, X.mark("window", at), Y.write(at))

    line = Row(name="rule", text=Math(r"(x-\mu)\,/\sqrt{\sigma^2+\epsilon}"))
    training, inference = (Operator(name=name, text=Text(name), size=20) for name in ("Training:", "Inference:"))
    rule = r"(1-m)\,\mu+m\,\mu_B" if is_torch else r"m\,\mu+(1-m)\,\mu_B"
    over = "over m − 1, as in PyTorch" if is_torch else "over m, as in TensorFlow"
    return story.play(
        steps,
        4 * count + len(x),
        (training, B, "→", *S, "→", *R),
        (inference, X, "→", Formula(name="rule", lines=(line,), size=20), "→", Y),
        alt=Text(
            "batch normalization: {n} batches in training change the running mean and variance by momentum, and "
            "inference normalizes {k} values by these",
            n=Number(count),
            k=Number(len(x)),
        ),
        answer=Text("Inference needs no batch: each value is normalized by itself"),
        formula=Math(rf"\mu\leftarrow {rule}\qquad y=(x-\mu)/\sqrt{{\sigma^2+\epsilon}}"),
        step_roles=("input", "kernel", "output"),
        convention=Text(f"variance of a batch: {over}"),
    )
