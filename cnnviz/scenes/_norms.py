"""Which values the normalization layers put together: their groups, and the four layers side by side."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cnnviz.scenes._statistics import Statistics
from cnnviz.story import Axis, Cells, Graph, Story, Windows
from cnnviz.storyboard import Change, Mark, Step
from cnnviz.words import Shape, Text, Words, counted, equation, joined

if TYPE_CHECKING:
    from cnnviz.scenes.norm import Norm

SIZE = 2, 2


class Kind(NamedTuple):
    """What a normalization is called, one of its groups, and which values share a mean and a variance."""

    title: str
    group: str
    point: str


KINDS = MappingProxyType(
    {
        "batch": Kind(
            "Batch normalization", "channel {part}", "Each channel has one mean and variance, over all samples"
        ),
        "layer": Kind(
            "Layer normalization", "sample {sample}", "Each sample has one mean and variance, over all its channels"
        ),
        "instance": Kind(
            "Instance normalization",
            "sample {sample}, channel {part}",
            "Each channel of each sample has a mean and variance of its own",
        ),
        "group": Kind(
            "Group normalization",
            "sample {sample}, group {part}",
            "Each group of channels of a sample has one mean and variance",
        ),
    }
)


def groups_of(scene: Norm, kind: str) -> Windows:
    """The samples and channels of every group."""
    parts = {"layer": 1, "group": scene.groups}.get(kind, scene.channels)
    samples = Axis.all(scene.batch) if kind == "batch" else Axis.each(scene.batch)
    return Windows((samples, Axis.adaptive(scene.channels, parts)))


def group_name(kind: str, at: tuple[int, ...]) -> Words:
    """What the group at a place is called."""
    return Text(KINDS[kind].group, sample=at[0] + 1, part=at[1] + 1)


def started(scene: Norm, title: str, point: str, graph: Graph | None = None) -> Story:
    """The story with its settings."""
    story = Story(scene, Text(title), graph, point=Text(point))
    story.set("samples", "N", scene.batch, size=False, always=True)
    story.set("channels", "C", scene.channels, size=False, always=True)
    story.set("pixels", "", Shape(scene.i or SIZE, "i"), always=True)
    if scene.kind in ("group", "all"):
        story.set("groups", "G", scene.groups, size=False, always=True)
    return story


def options_of(scene: Norm, shape: tuple[int, ...]) -> dict[str, Any]:
    """The arguments of the layer's own."""
    own: dict[str, dict[str, Any]] = {
        "batch": {"training": True},
        "layer": {"normalized_shape": shape[1:]},
        "group": {"num_groups": scene.groups},
    }
    return own.get(scene.kind, {})


def in_turn(scene: Norm, story: Story, panels: tuple[Cells, Cells], groups: Windows) -> Iterator[Step]:
    """Mean, variance and result of the first group in steps of their own, of each later one in one."""
    (X, Y), size = panels, panels[0].values.shape[1:]
    for n, at in enumerate(groups.places()):
        name, sheets = group_name(scene.kind, at), [sample * scene.channels + c for sample, c in groups.cells(at)]
        cells = [(sheet, *pixel) for sheet in sheets for pixel in np.ndindex(size)]
        numbers = Statistics(X.read(cells), scene.eps, scene.most())
        lit = [
            *X.cover(cells, special=dict.fromkeys(cells, "selected")),
            *X.outline_sheets(sheets, (0, 0), size),
        ]
        for worked in (numbers.mean_equation(), numbers.variance_equation()) if n == 0 else ():
            yield story.step(Text("{group}:   {equation}", group=name, equation=worked), lit)
        first = equation(None, (X[cells[0]] - numbers.mean) / numbers.deviation, Y[cells[0]])
        yield story.step(
            Text("{group}, first value:   {equation}", group=name, equation=first),
            lit,
            (change for cell in cells for change in Y.write(cell, mark="")),
            Y.outline_sheets(sheets, (0, 0), size),
        )


def all_norms(scene: Norm) -> Story:
    """The four side by side, a cell for a channel of a sample: their groups light up in turn."""
    text = "The same batch, normalized in four ways: the values within an outline share a mean and a variance"
    story, size = started(scene, "Normalization layers", text), scene.i or SIZE
    windows = {kind: groups_of(scene, kind) for kind in KINDS}
    panels = {kind: _overview(story, scene, kind, groups) for kind, groups in windows.items()}

    def steps() -> Iterator[Step]:
        for turn in zip_longest(*(groups.places() for groups in windows.values())):
            lit = {kind: at for kind, at in zip(windows, turn, strict=True) if at is not None}
            yield story.step(
                joined((_named(kind, at) for kind, at in lit.items()), "     "),
                (change for kind in windows if kind not in lit for change in panels[kind].cover(())),
                (change for kind, at in lit.items() for change in _lit(panels[kind], windows[kind], at)),
            )

    return story.play(
        steps,
        scene.batch * scene.channels,
        tuple(panels.values()),
        alt=Text(
            "batch, layer, instance and group normalization side by side, each as a grid of samples and channels: "
            "the cells that share a mean and a variance light up together"
        ),
        step_roles=("selected", "output"),
        formula=Text("each row a sample, each column a channel, each cell {size} pixels", size=Shape(size, "i")),
    )


def _named(kind: str, at: tuple[int, ...]) -> Words:
    return Text("{kind}: {group}", kind=Text(kind.capitalize()), group=group_name(kind, at))


def _overview(story: Story, scene: Norm, kind: str, groups: Windows) -> Cells:
    size, marks = scene.i or SIZE, (Mark(name=f"group {n}", role="result") for n in range(groups.count))
    values = len(groups.cells((0, 0))) * size[0] * size[1]
    shared = Text(
        "{groups} of {values}",
        groups=counted(groups.count, "{n} group", "{n} groups"),
        values=counted(values, "{n} value", "{n} values"),
    )
    cells, label = np.zeros((scene.batch, scene.channels)), Text(kind.capitalize())
    return story.cells(kind, label, cells, below=shared, numbers=False, marks=tuple(marks), shade=None)


def _lit(panel: Cells, groups: Windows, at: tuple[int, ...]) -> Iterator[Change]:
    cells = groups.cells(at)
    for cell in cells:
        panel.set(cell, role="output")
    yield from panel.cover(cells, special=dict.fromkeys(cells, "selected"))
    yield panel.mark(f"group {int(np.ravel_multi_index(at, groups.out))}", *groups.outline(at))
