"""Which values the normalization layers put together: their groups, and the four layers side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cnnviz.scenes._number_line import NumberLines
from cnnviz.scenes._statistics import Statistics
from cnnviz.story import Axis, Cells, Graph, Story, Windows, reading_beats, stage_of_two
from cnnviz.storyboard import Change, Mark, Operator, Panel, Relabel, Step
from cnnviz.words import Math, Number, Shape, Text, Words, counted, equation, joined

if TYPE_CHECKING:
    from cnnviz.scenes.norm import Norm

SIZE = 2, 2
_MOST_ACROSS = 4


class Kind(NamedTuple):
    """What a normalization is called, one of its groups, which values share a mean and a variance, and what is said of
    their number lines.
    """

    title: str
    group: str
    point: str
    lines: str


KINDS = MappingProxyType(
    {
        "batch": Kind(
            "Batch normalization",
            "channel {part}",
            "Each channel has one mean and variance, over all samples",
            "one line per channel",
        ),
        "layer": Kind(
            "Layer normalization",
            "sample {sample}",
            "Each sample has one mean and variance, over all its channels",
            "one line per sample",
        ),
        "instance": Kind(
            "Instance normalization",
            "sample {sample}, channel {part}",
            "Each channel of each sample has a mean and variance of its own",
            "one line per map",
        ),
        "group": Kind(
            "Group normalization",
            "sample {sample}, group {part}",
            "Each group of channels of a sample has one mean and variance",
            "one line per group",
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


def cells_of(scene: Norm, groups: Windows, at: tuple[int, ...]) -> tuple[list[int], list[tuple[int, ...]]]:
    """The maps of a group, and all their cells."""
    sheets = [sample * scene.channels + c for sample, c in groups.cells(at)]
    return sheets, [(sheet, *pixel) for sheet in sheets for pixel in np.ndindex(scene.i or SIZE)]


def has_lines(scene: Norm) -> bool:
    """Whether there is room for number lines between the blocks."""
    return scene.channels * (scene.i or SIZE)[1] <= _MOST_ACROSS


def number_lines(scene: Norm, panels: tuple[Cells, Cells], groups: Windows) -> NumberLines | None:
    """A line for each group, its values as dots, where there is room."""
    if not has_lines(scene):
        return None
    cells = [cells_of(scene, groups, at)[1] for at in groups.places()]
    return NumberLines(
        "values", [np.array([[each.values[cell] for cell in own] for own in cells]).T for each in panels]
    )


def stage_of(
    scene: Norm, panels: tuple[Cells, Cells], dots: NumberLines | None
) -> Sequence[Sequence[Cells | Panel | str]]:
    """Input and output, with the number lines between them."""
    (X, Y), (rows, columns) = panels, panels[0].values.shape[1:]
    if dots:
        return [(X, dots.plot(Text(KINDS[scene.kind].lines)), Y)]
    return stage_of_two(X, Y, scene.channels * columns, scene.batch * rows)


def sharing(count: Number) -> Words:
    """The formula, and how many values have its mean and variance in common."""
    formula, statistics = r"\hat{x}=(x-\mu)/\sqrt{\sigma^2+\epsilon}", (Math(r"\mu"), Math(r"\sigma^2"))
    text = "{formula}    {n} values share {statistics}"
    return Text(text, formula=Math(formula), statistics=joined(statistics), n=count)


def in_turn(
    scene: Norm, story: Story, panels: tuple[Cells, Cells], groups: Windows, dots: NumberLines | None
) -> Iterator[Step]:
    """The mean of each group, of the first one its variance too, then its values on their way to the output."""
    (X, Y), size = panels, panels[0].values.shape[1:]
    for n, at in enumerate(groups.places()):
        name, (sheets, cells) = group_name(scene.kind, at), cells_of(scene, groups, at)
        numbers = Statistics(X.read(cells), scene.eps, scene.most())
        mean, deviation = numbers.mean.value, numbers.variance.value**0.5
        lit = [
            *X.cover(cells, special=dict.fromkeys(cells, "selected")),
            *X.outline_sheets(sheets, (0, 0), size),
        ]
        measured = [dots.mark_mean(n, mean), dots.mark_spread(n, mean, deviation)] if dots else []
        for row, worked in enumerate((numbers.mean_equation(), numbers.variance_equation())[: 2 if n == 0 else 1]):
            marks = measured[: row + 1] if n == 0 else measured
            asked = [] if n or row else [Y.ask()]
            yield story.step(Text("{group}:   {equation}", group=name, equation=worked), lit, marks, asked)
        first = equation(None, (X[cells[0]] - numbers.mean) / numbers.deviation, Y[cells[0]])
        yield story.step(
            Text("{group}, first value:   {equation}", group=name, equation=first),
            lit,
            (Y.set(cell, "output", float(Y.values[cell]), origin=cell, source=X.name) for cell in cells),
            Y.outline_sheets(sheets, (0, 0), size),
            dots.arrive(n) if dots else (),
        )
    many = "{n} groups of values: {n} means and {n} variances"
    said = counted(groups.count, "One group of values: one mean and one variance", many)
    nothing_lit = [*X.outline_sheets((), (0, 0), size), *Y.outline_sheets((), (0, 0), size)]
    yield story.step(said, X.cover(()), nothing_lit, beats=reading_beats(2 * groups.count + 2))


def all_norms(scene: Norm) -> Story:
    """The four side by side, a cell for a channel of a sample: their groups light up in turn."""
    text = "The same batch, normalized in four ways: the values within an outline share a mean and a variance"
    story, size = started(scene, "Normalization layers", text), scene.i or SIZE
    windows = {kind: groups_of(scene, kind) for kind in KINDS}
    panels = {kind: _overview(story, scene, kind, groups) for kind, groups in windows.items()}
    heads = [
        (Operator(name=f"channels {kind}", text=Text("channels →"), size=18), panel) for kind, panel in panels.items()
    ]

    def steps() -> Iterator[Step]:
        yield story.step(Text("Which values share a mean and a variance?"), beats=2)
        for turn in zip_longest(*(groups.places() for groups in windows.values())):
            lit = {kind: at for kind, at in zip(windows, turn, strict=True) if at is not None}
            yield story.step(
                joined((_named(kind, at) for kind, at in lit.items()), "     "),
                (Relabel(panel=kind, label=_counted(kind, _place(windows[kind], at) + 1)) for kind, at in lit.items()),
                (
                    change
                    for kind in windows
                    if kind not in lit
                    for change in (*panels[kind].cover(()), panels[kind].hide("lit"))
                ),
                (change for kind, at in lit.items() for change in _lit(panels[kind], windows[kind], at)),
            )
        shared = {kind: len(each.cells((0, 0))) * size[0] * size[1] for kind, each in windows.items()}
        counts = joined(Text("{n} ({kind})", kind=Text(kind.capitalize()), n=n) for kind, n in shared.items())
        yield story.step(
            Text("Each mean and variance is taken over {counts} values", counts=counts),
            (change for panel in panels.values() for change in (*panel.cover(()), panel.hide("lit"))),
            beats=reading_beats(scene.batch * scene.channels + 1),
        )

    return story.play(
        steps,
        scene.batch * scene.channels + 2,
        [part for pair in heads for part in pair],
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
    marks = (Mark(name=f"group {n}", role="result") for n in range(groups.count))
    label = Text("{kind}: ? groups", kind=Text(kind.capitalize()))
    cells = np.zeros((scene.batch, scene.channels))
    how: dict[str, Any] = {"marks": (*marks, Mark(name="lit", role="window")), "shade": None, "under": True}
    return story.cells(kind, label, cells, numbers=False, **how)


def _counted(kind: str, count: int) -> Words:
    return Text("{kind}: {groups}", kind=Text(kind.capitalize()), groups=counted(count, "{n} group", "{n} groups"))


def _place(groups: Windows, at: tuple[int, ...]) -> int:
    return int(np.ravel_multi_index(at, groups.out))


def _lit(panel: Cells, groups: Windows, at: tuple[int, ...]) -> Iterator[Change]:
    cells = groups.cells(at)
    for cell in cells:
        panel.set(cell, role="output")
    yield from panel.cover(cells, special=dict.fromkeys(cells, "selected"))
    yield panel.mark(f"group {_place(groups, at)}", *groups.outline(at))
    yield panel.mark("lit", *groups.outline(at))
