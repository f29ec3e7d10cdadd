"""Local response normalization vs. batch normalization, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cnnviz.parameters import Size
from cnnviz.scene import Scene
from cnnviz.story import Story, light_rows
from cnnviz.storyboard import Step, Table
from cnnviz.words import Math, Number, Shape, Text, Words, equation, joined, lines, sentences

Lines = tuple[Words, ...]
"""The lines of an entry."""


class Row(NamedTuple):
    """A property, what it is for either, and what the caption says of it."""

    name: Text
    lrn: Lines
    bn: Lines
    caption: Words


def comparison(scene: Scene, batch: int, channels: int, size: Size) -> Story:
    """The rows light up one after the other; the counts are those of a batch of maps of some size.

    Krizhevsky, Sutskever and Hinton (2012), §3.3; Ioffe and Szegedy (2015), §3.2 and Algorithms 1 and 2.
    """
    rows = _rows(batch, channels, size)
    table = Table(
        name="comparison",
        header=("", Text("Local response (LRN)"), Text("Batch (BN)")),
        entries=tuple((row.name, lines(*row.lrn), lines(*row.bn)) for row in rows),
    )
    point = Text("LRN compares a value with its neighbours, batch normalization with the whole batch")
    story = Story(scene, Text("LRN vs. batch normalization"), point=point)
    story.set("", "N", batch, size=False)
    story.set("", "C", channels, size=False)
    story.set("pixels", "", Shape(size, "i"), always=True)

    def steps() -> Iterator[Step]:
        for place, row in enumerate(rows):
            caption = Text("{property}:   {caption}", property=row.name, caption=row.caption)
            yield story.step(caption, light_rows(table.name, place, len(table.header)))

    each = (
        Text("{property}: LRN {lrn}; BN {bn}", property=row.name, lrn=joined(row.lrn, " "), bn=joined(row.bn, " "))
        for row in rows
    )
    table_of = Text("Table that compares local response normalization (LRN) with batch normalization (BN) row by row")
    return story.play(
        steps,
        len(rows),
        (table,),
        alt=sentences(table_of, *each),
        animated=False,
        step_roles=(),
        formula=joined(
            (
                joined(("LRN", Math(r"b=a/(k+\alpha\,\Sigma\,a^2)^\beta")), "  "),
                joined(("BN", Math(r"y=\gamma\,(x-\mu)/\sqrt{\sigma^2+\epsilon}+\beta")), "  "),
            ),
            "     ",
        ),
    )


_ROWS = (
    Row(
        Text("Trainable"),
        (Text("no"),),
        (Text("yes: scale γ, shift β"),),
        Text("LRN learns nothing; BN learns a scale γ and a shift β per channel"),
    ),
    Row(
        Text("Hyperparameters"),
        (Text("k, n, α, β"),),
        (Text("ε, momentum"),),
        Text("LRN uses the same k, n, α, β for all channels"),
    ),
    Row(
        Text("Computed from"),
        (Text("sum of squares"),),
        (Text("mean and variance"),),
        Text("LRN does not subtract the mean: 0 stays 0"),
    ),
    Row(
        Text("At inference"),
        (Text("as in training"),),
        (Text("running mean and variance"), Text("from training")),
        Text("BN does not depend on the other samples in the batch"),
    ),
    Row(
        Text("Position"),
        (Text("after the activation"),),
        (Text("between convolution and activation"),),
        Text("AlexNet normalizes after the ReLU; BN goes before the activation"),
    ),
    Row(
        Text("Used in"),
        ("AlexNet 2012, GoogLeNet 2014",),
        ("Inception v2 2015, ResNet 2015",),
        Text("VGG found no gain from LRN in 2014; batch normalization has replaced it"),
    ),
)


def _rows(batch: int, channels: int, size: Size) -> tuple[Row, ...]:
    """All rows, those with counts in their places."""
    learned, shared = Number(2 * channels), Number(batch * size[0] * size[1])
    values = equation("N·H·W", shared, strong=False)
    product = equation("N·H·W", Number(batch) * Number(size[0]) * Number(size[1]), shared)
    parameters = Row(
        Text("Learned parameters"),
        (Number(0),),
        (equation("2·C", learned, strong=False),),
        joined(("BN", equation("2·C", Number(2) * Number(channels), learned)), ": "),
    )
    over = Row(
        Text("Normalized over"),
        (Text("n channels at one pixel,"), Text("or n×n pixels of a channel")),
        (Text("each channel over the batch:"), Text("{count} values", count=values)),
        Text("BN: {product} values share a mean and a variance", product=product),
    )
    trainable, hyperparameters, *others = _ROWS
    return trainable, parameters, hyperparameters, over, *others
