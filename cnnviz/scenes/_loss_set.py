"""The article's loss functions together: those of any number in one plot, the one of probabilities beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cnnviz.notation import number
from cnnviz.ops.loss_table import Loss
from cnnviz.scenes._curves import MANNERS, MOVING_BEATS, Trace, padded
from cnnviz.storyboard import Change, Curve, Dot, MoveDot, Plot, Step, Storyboard


def all_losses(
    chosen: Sequence[Loss], traces: Mapping[str, Trace], settings: str, parameters: Mapping[str, Any], most: int
) -> Storyboard:
    """Points move along all curves together; the estimate of a probability has a scale of its own.

    Losses have `most` decimals in captions.
    """
    real = [entry for entry in chosen if entry.estimate == "real"]
    probable = [entry for entry in chosen if entry.estimate == "probability"]
    panels = {"plot": real, "probability": probable}
    count = len(traces[real[0].name].at)

    def steps() -> Iterator[Step]:
        for step in range(count):
            changes: list[Change] = [
                MoveDot(panel=panel, dot=entry.name, x=float(traces[entry.name].at[step]),
                        y=float(traces[entry.name].values[step]))
                for panel, entries in panels.items()
                for entry in entries
            ]  # fmt: skip
            caption = "     ".join(_told(entries, traces, step, most) for entries in panels.values())
            yield Step(caption=caption, changes=tuple(changes), beats=MOVING_BEATS)

    names = ", ".join(entry.title for entry in chosen)
    return Storyboard(
        scene="loss",
        parameters=parameters,
        title="Loss functions",
        settings=settings,
        formula=r"$L(y, \hat{y})$ of one estimate $\hat{y}$ against one label $y$",
        convention="definitions as in torch, hinge as in Cortes and Vapnik",
        alt=f"Animation of the loss functions {names} for the label 1: the estimate moves past the label and a point "
        "moves along each curve; cross-entropy, whose estimate is a probability, has a plot of its own.",
        rows=((
            _plot("plot", "estimate: any number", real, traces, 1.5),
            _plot("probability", "estimate: a probability", probable, traces, 1.0),
        ),),
        steps=steps,
        count=count,
    )  # fmt: skip


def label_line(label: float, top: float) -> Curve:
    """An upright line from the axis to near the `top` where the label is."""
    ends = np.array([0.0, 0.97 * top])
    return Curve(name="label", role="ink", style="dashed", text="label $y$", x=np.array([label, label]), y=ends)


def _plot(name: str, label: str, entries: Sequence[Loss], traces: Mapping[str, Trace], span: float) -> Plot:
    shown = [traces[entry.name] for entry in entries]
    low, high = padded(*(trace.curve[1] for trace in shown))
    manners = dict(zip((entry.name for entry in entries), MANNERS, strict=False))
    curves = [
        Curve(name=entry.name, role=manners[entry.name][0], style=manners[entry.name][1], x=trace.curve[0],
              y=trace.curve[1], text=entry.title)
        for entry, trace in zip(entries, shown, strict=True)
    ]  # fmt: skip
    dots = [
        Dot(name=entry.name, role=manners[entry.name][0], x=float(trace.at[0]), y=float(trace.values[0]))
        for entry, trace in zip(entries, shown, strict=True)
    ]
    return Plot(
        name=name, label=label, x_range=shown[0].x_range, y_range=(low, high), x_text=r"$\hat{y}$", y_text="$L$",
        curves=(label_line(1.0, high), *curves), dots=tuple(dots), span=span,
    )  # fmt: skip


def _told(entries: Sequence[Loss], traces: Mapping[str, Trace], step: int, most: int) -> str:
    """The losses of a step in words, by the estimate that they share."""
    first = traces[entries[0].name]
    losses = (f"{entry.title} **{number(traces[entry.name].values[step], most)}**" for entry in entries)
    return rf"$\hat{{y}}$ = {number(first.at[step], first.digits)}:  " + "  ".join(losses)
