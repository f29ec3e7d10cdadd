"""Which values the normalization layers put together: their groups, and the four layers side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.scenes._backward import alike
from cnnviz.scenes._statistics import NumberLines, Statistics, needs_double
from cnnviz.story import (
    Axis,
    Cells,
    Graph,
    Index,
    Story,
    Windows,
    reading_beats,
    sheet_marks,
    short_digits,
    two_panel_stage,
)
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


def _started(scene: Norm, title: str, point: str, graph: Graph | None = None) -> Story:
    """The story with its settings."""
    story = Story(scene, Text(title), graph, point=Text(point))
    story.show_setting("samples", "N", scene.batch, size=False, always=True)
    story.show_setting("channels", "C", scene.channels, size=False, always=True)
    story.show_setting("pixels", "", Shape(scene.i or SIZE, "i"), always=True)
    if scene.kind in ("group", "all"):
        story.show_setting("groups", "G", scene.groups, size=False, always=True)
    return story


def one_norm(scene: Norm) -> Story:
    """The mean of each group, of the first one its variance too, then its values on their way to the output."""
    kind, size, groups = KINDS[scene.kind], scene.i or SIZE, groups_of(scene, scene.kind)
    shape, sheets = (scene.batch, scene.channels, *size), scene.batch * scene.channels
    if (count := len(groups.cells((0, 0))) * size[0] * size[1]) == 1:
        raise UsageError(f"{scene.kind} normalization of one value a group leaves nothing but 0: use --i 2 or more")
    values = scene.maps.values.reshape(shape)
    options: dict[str, dict[str, Any]] = {
        "batch": {"training": True},
        "layer": {"normalized_shape": shape[1:]},
        "group": {"num_groups": scene.groups},
    }
    graph = Graph(double=needs_double(values, scene.eps))
    x = graph.map("x", values)
    y = graph.compute(f"{scene.kind}_norm", x, **options.get(scene.kind, {}), eps=scene.eps)
    story = _started(scene, kind.title, kind.point, graph)

    # There may be room for number lines between the blocks.
    has_lines, digits = scene.channels * size[1] <= _MOST_ACROSS, short_digits(y.values, scene.digits)
    panel_options: dict[str, Any] = {
        "axes": 4,
        "size": Shape(shape, "x"),
        "columns": scene.channels,
        "captions": ("",) * sheets,
    }
    panel_options |= alike(values, y.values) if has_lines else {}
    given: dict[str, Any] = {
        "data": scene.maps,
        "marks": sheet_marks("window", sheets),
        "digits": max(digits, story.decimals(values)),
    }
    X = story.cells("input", Text("Input $x$: samples ↓, channels →"), x, **given, **panel_options)
    made: dict[str, Any] = {"pending": True, "marks": sheet_marks("result", sheets), "digits": digits}
    Y = story.cells("output", "Output $\\hat{{x}}$, {size}", y, **made, **panel_options)
    maps = [[sample * scene.channels + c for sample, c in groups.cells(at)] for at in groups.positions()]
    places = [[(sheet, *pixel) for sheet in each for pixel in np.ndindex(size)] for each in maps]
    stage: Sequence[Sequence[Cells | Panel | str]]
    stage = two_panel_stage(X, Y, scene.channels * size[1], scene.batch * size[0])
    if has_lines:
        states = [np.array([[panel.values[cell] for cell in own] for own in places]).T for panel in (X, Y)]
        dots = NumberLines("values", states)
        stage = [(X, dots.plot(Text(kind.lines)), Y)]

    def steps() -> Iterator[Step]:
        for n, (at, sheets, cells) in enumerate(zip(groups.positions(), maps, places, strict=True)):
            name, numbers = group_name(scene.kind, at), Statistics(X.read(cells), scene.eps, scene.max_decimals())
            mean, deviation = numbers.mean.value, numbers.variance.value**0.5
            lit = [*X.cover(cells, special="selected"), *X.outline_sheets(sheets, (0, 0), size)]
            marks = dots.measure(n, mean, deviation) if has_lines else []
            worked = [(numbers.mean_equation(), [*marks[:1], Y.ask()]), (numbers.variance_equation(), marks)]
            for sums, changes in worked if n == 0 else [(numbers.mean_equation(), marks)]:
                yield story.step(Text("{group}:   {equation}", group=name, equation=sums), lit, changes)
            first = equation(None, (X[cells[0]] - numbers.mean) / numbers.deviation, Y[cells[0]])
            yield story.step(
                Text("{group}, first value:   {equation}", group=name, equation=first),
                lit,
                Y.fill(source=X, places=cells),
                Y.outline_sheets(sheets, (0, 0), size),
                dots.arrive(n) if has_lines else (),
            )
        many = "{n} groups of values: {n} means and {n} variances"
        caption = counted(groups.count, "One group of values: one mean and one variance", many)
        yield story.step(caption, story.uncover(), beats=reading_beats(2 * groups.count + 2))

    formula, statistics = r"\hat{x}=(x-\mu)/\sqrt{\sigma^2+\epsilon}", (Math(r"\mu"), Math(r"\sigma^2"))
    shared, text = Number(count, 0, ("input", "role", "selected")), "{formula}    {n} values share {statistics}"
    return story.play(
        steps,
        2 * groups.count + 2,
        *stage,
        alt=Text(
            "{kind} of {samples} with {channels}: {groups}, {n} values each, the cells that share a mean and a "
            "variance light up and are normalized",
            kind=Text(f"{scene.kind} normalization"),
            samples=counted(Number(scene.batch, 0, ("batch",)), "{n} sample", "{n} samples"),
            channels=counted(Number(scene.channels, 0, ("channels",)), "{n} channel", "{n} channels"),
            groups=counted(groups.count, "as one group", "in {n} groups"),
            n=shared,
        ),
        step_roles=("selected", "output"),
        formula=Text(text, formula=Math(formula), statistics=joined(statistics), n=shared),
        convention=Text("biased variance"),
    )


def all_norms(scene: Norm) -> Story:
    """The four side by side, a cell for a channel of a sample: their groups light up in turn."""
    text = "The same batch, normalized in four ways: the values within an outline share a mean and a variance"
    story, size = _started(scene, "Normalization layers", text), scene.i or SIZE
    windows = {kind: groups_of(scene, kind) for kind in KINDS}
    panels = dict[str, Cells]()
    for kind, groups in windows.items():
        marks = [
            *(Mark(name=f"group {n}", role="result") for n in range(groups.count)),
            Mark(name="lit", role="window"),
        ]
        options: dict[str, Any] = {"marks": marks, "shade": None, "under": True, "numbers": False}
        label = Text("{kind}: ? groups", kind=Text(kind.capitalize()))
        panels[kind] = story.cells(kind, label, np.zeros((scene.batch, scene.channels)), **options)
    heads = [
        (Operator(name=f"channels {kind}", text=Text("channels →"), size=18), panel) for kind, panel in panels.items()
    ]
    names = {kind: Text(kind.capitalize()) for kind in KINDS}

    def steps() -> Iterator[Step]:
        yield story.step(Text("Which values share a mean and a variance?"), beats=2)
        for number, turn in enumerate(zip_longest(*(groups.positions() for groups in windows.values()))):
            captions, changes = list[Words](), list[Change]()
            for (kind, groups), at in zip(windows.items(), turn, strict=True):
                if at is None:
                    changes += [*panels[kind].cover(()), panels[kind].hide("lit")]
                    continue
                captions.append(Text("{kind}: {group}", kind=names[kind], group=group_name(kind, at)))
                so_far = counted(number + 1, "{n} group", "{n} groups")
                label = Text("{kind}: {groups}", kind=names[kind], groups=so_far)
                changes += [Relabel(panel=kind, label=label), *_lit(panels[kind], groups, at, number)]
            yield story.step(joined(captions, "     "), changes)
        shared = {kind: len(each.cells((0, 0))) * size[0] * size[1] for kind, each in windows.items()}
        counts = joined(Text("{n} ({kind})", kind=names[kind], n=n) for kind, n in shared.items())
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


def _lit(panel: Cells, groups: Windows, at: Index, number: int) -> Iterator[Change]:
    cells = groups.cells(at)
    for cell in cells:
        panel.set(cell, role="output")
    yield from panel.cover(cells, special="selected")
    yield panel.mark(f"group {number}", *groups.outline(at))
    yield panel.mark("lit", *groups.outline(at))
