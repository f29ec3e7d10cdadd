"""A plot of an axis: lines or bars with their names beside them, in the colours of the figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from benchmarks._charts import Chart, short
from cnnviz.render.theme import load_theme

# Each as dark as text on white must be; what is no peer's has the colour of the rest.
_COLORS = {
    "cnnviz": "#B4531A",
    "usual script": "#33566F",
    "imageio": "#4F6B2E",
    "manim": "#7A3F6B",
    "floor": "#595959",
    "imports": "#595959",
}
_REST = "#33566F"
_SIZE, _DPI, _TEXT = (9.6, 5.4), 100, 13
_LINE = 22
"""Pixels between the names of two lines that end at about the same height."""


def draw(chart: Chart, path: Path) -> None:
    """Write a chart as a PNG of 960×540 pixels; the same chart gives the same bytes."""
    page = {name: _hex(color) for name, color in load_theme("article").page.items()}
    figure = Figure(figsize=_SIZE, dpi=_DPI, facecolor=page["ground"])
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.09, 0.13, 0.68, 0.72) if chart.lines else (0.27, 0.13, 0.62, 0.74))
    figure.text(0.03, 0.925, chart.title, fontsize=17, weight="bold", color=page["ink"])
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=_TEXT, colors=page["ink"])
    axes.grid(axis="y" if chart.lines else "x", color=page["band"], linewidth=1.5)
    axes.set_axisbelow(True)
    if chart.lines:
        _draw_lines(axes, chart, page)
    else:
        _draw_bars(axes, chart, page)
    figure.savefig(path, metadata={"Software": None})


def _draw_lines(axes: Axes, chart: Chart, page: dict[str, str]) -> None:
    for name, points in chart.lines.items():
        style = "--" if "floor" in name else "-"
        axes.plot(*zip(*points, strict=True), style, color=_color(name), linewidth=2.4, marker="o", markersize=6)
    if chart.log:
        axes.set(xscale="log", yscale="log")
        axes.set_xticks(sorted({x for points in chart.lines.values() for x, _ in points}))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(bottom=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.set_xlabel(chart.x, fontsize=_TEXT, color=page["ink"])
    axes.set_ylabel(chart.y, fontsize=_TEXT, color=page["ink"])
    _thin(axes)
    _name_lines(axes, chart)


def _thin(axes: Axes) -> None:
    """Leave out the numbers under the axis that would run into the one before."""
    ticks = axes.get_xticks()
    spots = axes.transData.transform([(tick, axes.get_ylim()[1]) for tick in ticks])[:, 0]
    kept: list[int] = []
    for place in reversed(range(len(ticks))):
        if not kept or spots[kept[-1]] - spots[place] > 46:
            kept.append(place)
    axes.set_xticks([ticks[place] for place in reversed(kept)])


def _name_lines(axes: Axes, chart: Chart) -> None:
    """Write each line's name behind its last point, apart from those already written."""
    names = sorted(chart.lines, key=lambda name: chart.lines[name][-1][1])
    spots = [axes.transData.transform(chart.lines[name][-1]) for name in names]
    taken: list[tuple[float, float, float]] = []
    for name, (x, y) in zip(names, spots, strict=True):
        height = y
        while any(abs(height - other) < _LINE and abs(x - left) < 9 * len(name) for left, other, _ in taken):
            height += 2
        taken.append((x, height, y))
        axes.annotate(
            name,
            (x, y),
            xytext=(x + 11, height),
            xycoords="figure pixels",
            textcoords="figure pixels",
            va="center",
            fontsize=_TEXT,
            color=_color(name),
            annotation_clip=False,
            bbox={"facecolor": axes.figure.get_facecolor(), "edgecolor": "none", "pad": 1},
        )


def _draw_bars(axes: Axes, chart: Chart, page: dict[str, str]) -> None:
    names = list(chart.bars)
    values = np.array([chart.bars[name] for name in names])
    axes.barh(names, values, color=[_color(name) for name in names], height=0.66)
    axes.invert_yaxis()
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    # Behind the bar, or at its end where the target's line is close to it.
    way, side, color = (5, "left", page["ink"]) if chart.target is None else (-7, "right", page["ground"])
    for place, value in enumerate(values):
        axes.annotate(
            f"{short(value):,g}",
            (value, place),
            xytext=(way, 0),
            textcoords="offset points",
            va="center",
            ha=side,
            fontsize=_TEXT,
            color=color,
        )
    if chart.target is not None:
        axes.axvline(chart.target, color=page["ink"], linewidth=1.5, linestyle=":")
        axes.set_xlim(right=1.08 * max(chart.target, *values))
    axes.set_xlabel(chart.y, fontsize=_TEXT, color=page["ink"])


def _color(name: str) -> str:
    return next((color for key, color in _COLORS.items() if key in name), _REST)


def _hex(color: Sequence[int]) -> str:
    return "#" + "".join(f"{part:02X}" for part in color)
