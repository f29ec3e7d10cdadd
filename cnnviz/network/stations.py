"""The stations of a figure at which a network's values are seen: its input, its layers, softmax and loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from cnnviz.network.captions import title_of
from cnnviz.network.layers import Array
from cnnviz.network.model import Network
from cnnviz.network.recorded import Run
from cnnviz.storyboard import Key, LayerView, Maps, SetLayerView, Shade, Step
from cnnviz.words import Shape, Symbol, Text, Words

PANEL = "network"

_KEY = (
    Key(scale="sequential", text=Text("activation"), ends=(Text("low"), Text("high"))),
    Key(scale="diverging", text=Text("gradient"), ends=("−", "0", "+")),
)


def network_panel(
    run: Run, network: Network, label: int, most: int, digits: int | None, places: int, was: Words
) -> Maps:
    """All stations before anything has passed them.

    `most` decimals are shown, of large scores none unless `digits` are asked for, and of the loss `places`; `was` is a
    sample of the note under it.
    """
    names = block_names(network)
    stations = [station("input", Text("input"), run["x"], digits=most, shade=_shade(run["x"], "gray"))]
    for stage, group, shape in zip(run.stages, names, network.shapes[1:], strict=True):
        largest = max(float(np.abs(tensor.values).max()) for tensor in run.over_time(stage.y.name))
        stations.append(
            station(
                stage.name,
                title_of(stage.layer),
                np.full(stage.y.values[0].shape, np.nan),
                size=Shape(shape),
                group=group,
                form="numbers" if stage is run.stages[-1] else "maps",
                shade=Shade(scale="sequential", lo=-largest, hi=largest, always=True),
                digits=most if digits is not None else 2 if largest < 10 else int(largest < 100),
            )
        )
    classes = network.classes
    bars: dict[str, Any] = {"form": "bars", "lines": tuple(map(str, range(classes))), "marked": label}
    stations.append(station("softmax", "softmax", np.full(classes, np.nan), digits=most, group=names[-1], **bars))
    title = Text("loss −ln\u00a0{p}", p=Symbol("p", (label,)))
    stations.append(station("loss", title, np.full(1, np.nan), size="", form="total", digits=places, widest=was))
    return Maps(name=PANEL, stations=tuple(stations), key=_KEY)


def block_names(network: Network) -> list[Words]:
    """What each layer's block is called; the last one gives the output."""
    *_, last = network.blocks
    middle = "feature maps" if last <= 2 else "block {n}"
    return [Text("output") if n == last else Text(middle, n=n) for n in network.blocks]


def set_station(run: Run, station: str, role: str, tensor: str = "", note: Words | None = None) -> SetLayerView:
    """A station gets a role, and with a tensor its values."""
    values = np.atleast_1d(run[tensor]) if tensor else None
    scale = "gray" if tensor == "x" else "diverging" if tensor.startswith("grad_") else "sequential"
    shade = _shade(values, scale) if values is not None and station not in ("softmax", "loss") else None
    return SetLayerView(panel=PANEL, station=station, role=role, values=values, shade=shade, note=note)


def walk(
    stops: Iterable[tuple[Words, Sequence[SetLayerView]]], done: str, beats: float = 1.0, last: float = 1.0
) -> Iterator[Step]:
    """A step for each caption and what it shows, which then gets the role `done`; the last one takes other beats."""
    left: list[SetLayerView] = []
    whole = list(stops)
    for place, (caption, shown) in enumerate(whole, start=1):
        yield Step(caption=caption, changes=(*left, *shown), beats=last if place == len(whole) else beats)
        left = [SetLayerView(panel=PANEL, station=each.station, role=done) for each in shown]


def station(name: str, title: Words, values: Array, **more: Any) -> LayerView:
    """A station; `more` are its other fields."""
    return LayerView(name=name, title=title, values=values, **{"size": Shape(values.shape), "digits": 0, **more})


def _shade(values: Array, scale: str) -> Shade:
    """From the least to the greatest value, or as far on both sides of 0."""
    lo, hi = float(values.min()), float(values.max())
    if scale == "diverging":
        hi = max(-lo, hi) or 1.0
        lo = -hi
    return Shade(scale=scale, lo=lo, hi=hi if hi > lo else lo + 1, always=True)
