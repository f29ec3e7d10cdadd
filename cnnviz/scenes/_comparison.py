"""Local response normalization vs. batch normalization, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from cnnviz.parameters import Size
from cnnviz.scene import Scene
from cnnviz.story import Axis, Cells, Story, Windows, light_rows
from cnnviz.storyboard import Change, Mark, Operator, Panel, Step, Table
from cnnviz.words import Math, Number, Shape, Text, Words, equation, joined, lines, sentences

_NEIGHBOURS = 3
_MOST = 8, 16
"""Samples and channels up to which they are drawn."""

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
        roles=(("plain", "asked", "asked"),) * len(rows),
    )
    point = Text("LRN compares a value with its neighbours, batch normalization with the whole batch")
    story = Story(scene, Text("LRN vs. batch normalization"), point=point)
    story.set("", "N", batch, size=False)
    story.set("", "C", channels, size=False)
    story.set("pixels", "", Shape(size, "i"), always=True)

    near = Axis.sliding(channels, min(_NEIGHBOURS, channels))
    groups = {
        "lrn": (Text("LRN: neighbouring channels"), Windows((Axis.each(batch), near))),
        "bn": (Text("BN: a channel of all samples"), Windows((Axis.all(batch), Axis.each(channels)))),
    }
    # Of more no cell could be seen above the table.
    seen = groups if batch <= _MOST[0] and channels <= _MOST[1] else {}
    panels = {name: _neighbours(story, name, label, windows) for name, (label, windows) in seen.items()}
    samples = Operator(name="samples", text=Text("samples ↓, channels →"), size=18)
    above: list[tuple[Cells | Panel, ...]] = [(samples, *panels.values())] if panels else []

    def steps() -> Iterator[Step]:
        for place, row in enumerate(rows):
            caption = Text("{property}:   {caption}", property=row.name, caption=row.caption)
            lit = (_lit(panels[name], windows, place) for name, (_, windows) in seen.items())
            yield story.step(caption, light_rows(table, place), *lit)
        gone = (change for panel in panels.values() for change in (*panel.cover(()), panel.hide("lit")))
        yield story.step(point, light_rows(table, len(rows)), gone, beats=2)

    each = (
        Text("{property}: LRN {lrn}; BN {bn}", property=row.name, lrn=joined(row.lrn, " "), bn=joined(row.bn, " "))
        for row in rows
    )
    table_of = Text("Table that compares local response normalization (LRN) with batch normalization (BN) row by row")
    return story.play(
        steps,
        len(rows) + 1,
        *above,
        (table,),
        alt=sentences(table_of, *each),
        animated=False,
        step_roles=("selected",),
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
        Text("At inference"),
        (Text("as in training"),),
        (Text("running mean and variance"),),
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
        (Text("n channels at one pixel"),),
        (Text("each channel: {count}", count=values),),
        Text("BN: {product} values share a mean and a variance", product=product),
    )
    trainable, *others = _ROWS
    return trainable, parameters, over, *others


def _neighbours(story: Story, name: str, label: Words, windows: Windows) -> Cells:
    """Samples and channels, a cell for each; those that are put together are lit as `lit` goes on."""
    cells, marks = np.zeros(windows.drawn), (Mark(name="lit", role="window"),)
    return story.cells(name, label, cells, numbers=False, shade=None, marks=marks)


def _lit(panel: Cells, windows: Windows, turn: int) -> Iterator[Change]:
    places = list(windows.places())
    at = places[turn % len(places)]
    yield from panel.cover(windows.cells(at), special=dict.fromkeys(windows.cells(at), "selected"))
    yield panel.mark("lit", *windows.outline(at))
