"""Local response normalization vs. batch normalization, as a table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnviz.parameters import Size
from cnnviz.scene import Scene
from cnnviz.story import Axis, Cells, Story, Windows, highlight_row
from cnnviz.storyboard import Change, Mark, Operator, Panel, Step, Table
from cnnviz.words import Math, Number, Shape, Text, Words, equation, joined, lines, sentences

_NEIGHBOURS = 3
_MOST = 8, 16
"""Samples and channels up to which they are drawn."""

Row = tuple[Text, Words, Words, Words]
"""A property, what it is for LRN and for BN, and what the caption says of it."""

_ROWS: tuple[Row, ...] = (
    (
        Text("Trainable"),
        Text("no"),
        Text("yes: scale γ, shift β"),
        Text("LRN learns nothing; BN learns a scale γ and a shift β per channel"),
    ),
    (
        Text("At inference"),
        Text("as in training"),
        Text("running mean and variance"),
        Text("BN does not depend on the other samples in the batch"),
    ),
    (
        Text("Position"),
        Text("after the activation"),
        Text("between convolution and activation"),
        Text("AlexNet normalizes after the ReLU; BN goes before the activation"),
    ),
    (
        Text("Used in"),
        "AlexNet 2012, GoogLeNet 2014",
        "Inception v2 2015, ResNet 2015",
        Text("VGG found no gain from LRN in 2014; batch normalization has replaced it"),
    ),
)


def comparison(scene: Scene, batch: int, channels: int, size: Size) -> Story:
    """The rows light up one after the other; the counts are those of a batch of maps of some size.

    Krizhevsky, Sutskever and Hinton (2012), §3.3; Ioffe and Szegedy (2015), §3.2 and Algorithms 1 and 2.
    """
    learned, shared = Number(2 * channels), Number(batch * size[0] * size[1])
    counted = equation("2·C", Number(2) * Number(channels), learned)
    product = equation("N·H·W", Number(batch) * Number(size[0]) * Number(size[1]), shared)
    rows: list[Row] = [
        _ROWS[0],
        (
            Text("Learned parameters"),
            Number(0),
            equation("2·C", learned, strong=False),
            joined(("BN", counted), ": "),
        ),
        (
            Text("Normalized over"),
            Text("n channels at one pixel"),
            Text("each channel: {count}", count=equation("N·H·W", shared, strong=False)),
            Text("BN: {product} values share a mean and a variance", product=product),
        ),
        *_ROWS[1:],
    ]
    table = Table(
        name="comparison",
        header=("", Text("Local response (LRN)"), Text("Batch (BN)")),
        entries=tuple((name, lines(lrn), lines(bn)) for name, lrn, bn, _ in rows),
        roles=(("plain", "asked", "asked"),) * len(rows),
    )
    point = Text("LRN compares a value with its neighbours, batch normalization with the whole batch")
    story = Story(scene, Text("LRN vs. batch normalization"), point=point)
    story.show_setting("", "N", batch, size=False)
    story.show_setting("", "C", channels, size=False)
    story.show_setting("pixels", "", Shape(size, "i"), always=True)

    near = Axis.sliding(channels, min(_NEIGHBOURS, channels))
    groups = {
        "lrn": (Text("LRN: neighbouring channels"), Windows((Axis.each(batch), near))),
        "bn": (Text("BN: a channel of all samples"), Windows((Axis.all(batch), Axis.each(channels)))),
    }
    # Of more no cell could be seen above the table.
    seen = groups if batch <= _MOST[0] and channels <= _MOST[1] else {}
    cells, marks = np.zeros((batch, channels)), (Mark(name="lit", role="window"),)
    panels = {
        name: story.cells(name, label, cells, numbers=False, shade=None, marks=marks)
        for name, (label, _) in seen.items()
    }
    samples = Operator(name="samples", text=Text("samples ↓, channels →"), size=18)
    above: list[tuple[Cells | Panel, ...]] = [(samples, *panels.values())] if panels else []

    def lit(turn: int) -> Iterator[Change]:
        """What is put together is lit, one group after the other."""
        for name, (_, windows) in seen.items():
            places = list(windows.positions())
            at = places[turn % len(places)]
            yield from panels[name].cover(windows.cells(at), special="selected")
            yield panels[name].mark("lit", *windows.outline(at))

    def steps() -> Iterator[Step]:
        for place, (name, *_, words) in enumerate(rows):
            caption = Text("{property}:   {caption}", property=name, caption=words)
            yield story.step(caption, highlight_row(table, place), lit(place))
        yield story.step(point, highlight_row(table, len(rows)), story.uncover(), beats=2)

    each = (Text("{property}: LRN {lrn}; BN {bn}", property=name, lrn=lrn, bn=bn) for name, lrn, bn, _ in rows)
    table_of = Text("Table that compares local response normalization (LRN) with batch normalization (BN) row by row")
    formulas = (
        joined(("LRN", Math(r"b=a/(k+\alpha\,\Sigma\,a^2)^\beta")), "  "),
        joined(("BN", Math(r"y=\gamma\,(x-\mu)/\sqrt{\sigma^2+\epsilon}+\beta")), "  "),
    )
    return story.play(
        steps,
        len(rows) + 1,
        *above,
        (table,),
        alt=sentences(table_of, *each),
        animated=False,
        step_roles=("selected",),
        formula=joined(formulas, "     "),
    )
