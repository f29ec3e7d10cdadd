"""A whole network on a digit: maps pass forward to the loss, its gradient flows back to the weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from cnnviz.limits import MAX_CLASSES, MAX_NETWORK_INPUT
from cnnviz.network import Network, parse_layers
from cnnviz.network.captions import Numbers, backward, forward, logarithm, mean_size, significant, softmax
from cnnviz.network.picture import DIGIT, is_digit, load_picture
from cnnviz.network.recorded import Run, Stage, record
from cnnviz.notation import digits_for
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.story import Story
from cnnviz.storyboard import Maps, SetStation, Shade, Station, Step, Values
from cnnviz.words import Assigned, Math, Number, Shape, Strong, Symbol, Text, Words, counted, equation, joined, listed


@dataclass(frozen=True, kw_only=True)
class Cnn(Scene):
    """A small convolutional network on one picture, forward to its loss and back to its weights, with real numbers.

    The network learns from this one picture: softmax and cross-entropy behind the last layer, gradients by
    back-propagation (Rumelhart, Hinton and Williams 1986), one step of gradient descent. Weights are drawn as He et
    al. (2015, "Delving Deep into Rectifiers") do, unless a file gives them.
    """

    examples: ClassVar = (
        "cnnviz cnn",
        'cnnviz cnn --layers "conv 2@3x3, fc 3" --label 1',
        'cnnviz cnn --layers "conv 6@5x5 p2, tanh, avgpool 2, conv 16@5x5, tanh, avgpool 2, fc 32, tanh, fc 10"',
    )

    layers: str = param(
        "conv 4@3x3, maxpool 2, relu, conv 8@3x3, maxpool 2, relu, fc 10",
        help="Layers, separated by commas: conv KERNELS@SIZE, maxpool, avgpool, batchnorm, lrn, fc, relu, tanh, "
        "sigmoid, leaky-relu and other activations; s2 is a stride, p1 a padding.",
    )
    label: int | None = param(
        None,
        help="The class that the picture shows.",
        lo=0,
        hi=MAX_CLASSES - 1,
        shown_default="3, or the last class of fewer",
    )
    lr: float = param(
        0.01, alias="learning-rate", help="Learning rate of the step at the end; 0 for none.", lo=0, hi=1e6
    )
    i: Size | None = param(
        None,
        alias="input-size",
        help="Input size.",
        lo=1,
        hi=MAX_NETWORK_INPUT,
        group="Data",
        shown_default="28, or the data's own",
    )
    input: ArrayLike = param(
        "digit",
        group="Data",
        help="Input: digit (a drawn 3), an image, .npy, .csv or .txt file, a literal, random, arange, ones or zeros.",
    )
    weights: ArrayLike = param(
        "random", group="Data", help="Weights: random (from the seed), or an .npz file of conv1.weight, conv1.bias, …"
    )

    @cached_property
    def _picture(self) -> Values:
        return load_picture(self.input, self.i, self.seed)

    @cached_property
    def _network(self) -> Network:
        return Network(parse_layers(self.layers), (1, *self._picture.shape))

    @property
    def _label(self) -> int:
        return min(DIGIT, self._network.classes - 1) if self.label is None else self.label

    @cached_property
    def _run(self) -> Run:
        return record(self._network, self._picture, self.weights, self._label, self.lr, self.seed)

    @cached_property
    def _known(self) -> dict[str, Any]:
        """What is told of more than once."""
        digit = Text("a hand-drawn {digit}", digit=DIGIT)
        return {
            "label": self._label,
            "picture": digit if is_digit(self.input) else Text("an image of class {label}", label=self._label),
            "parameters": self._network.parameters,
            "rate": Number(self.lr, None, ("lr",)),
            "p": self._read("probabilities")[self._label],
            "loss": self._read("loss")[0],
            "after": self._read("after_loss" if self.lr else "loss")[0],
        }

    def story(self) -> Story:
        """A step for each layer forward, softmax and loss, each of them on the way back, and the descent."""
        run, known = self._run, self._known
        story = Story(self, Text("Convolutional neural network"), run.graph)
        story.settings = [
            ("", counted(len(run.stages), "{n} layer", "{n} layers")),
            ("", Text("{parameters} parameters", **known)),
            ("label", Assigned(Symbol("y"), Number(self._label))),
        ]
        rule = Text(r"$w\leftarrow w-{rate}\cdot\partial L/\partial w$", **known)
        what = Text(
            "a convolutional network ({layers}) on a {size} image of class {label}: the feature maps of each layer "
            "appear from left to right, softmax gives the class a probability of {p}, the loss is {loss}, and its "
            "gradient flows back through every layer to the weights{learned}",
            layers=listed(stage.layer.text for stage in run.stages),
            size=Shape(self._picture.shape),
            learned=Text("; after one step of gradient descent it is {after}", **known) if self.lr else "",
            **known,
        )
        return story.play(
            self._steps,
            2 * len(run.stages) + 5 + bool(self.lr),
            (Maps(name="network", stations=tuple(self._stations()), scales=("sequential", "diverging")),),
            alt=what,
            step_roles=(),
            formula=joined((Math(r"L=-\ln\,p_y"), rule if self.lr else None), "     "),
            convention=Text("gradients: one hue for negative values, another for positive"),
        )

    def _read(self, tensor: str, station: str = "") -> Numbers:
        """The numbers of a tensor, or of a station that shows it."""
        values = self._run[tensor] if station else self._run.tensors[tensor].values
        return Numbers(station or tensor, np.atleast_1d(values), self.most())

    def _note(self, stage: Stage) -> Words:
        """How large the gradient of a layer's weights is."""
        size = mean_size(self._run, stage.told.name, stage.letter, self.digits).result
        return joined((f"∂{stage.letter}", size), " ") if stage.weights else ""

    def _stations(self) -> Iterator[Station]:
        run, layers, classes = self._run, self._network.layers, self._network.classes
        yield self._station("input", Text("input"), run["x"], shade=_shade(run["x"], "gray"))
        starts = np.cumsum([place == 0 or layer.starts_group for place, layer in enumerate(layers)])
        groups = [Text("output") if n == starts[-1] else Text("block {n}", n=int(n)) for n in starts]
        for stage, group, shape in zip(run.stages, groups, self._network.shapes[1:], strict=True):
            most = max(float(np.abs(tensor.values).max()) for tensor in run.over_time(stage.y.name))
            form = "numbers" if stage is run.stages[-1] else "maps"
            shade = Shade(scale="sequential", lo=-most, hi=most, always=True)
            more = {"size": Shape(shape), "group": group, "form": form, "widest": self._note(stage), "shade": shade}
            values = np.full(stage.y.values[0].shape, np.nan)
            yield self._station(stage.name, stage.layer.text, values, digits=self.most(2 if most < 100 else 0), **more)
        more = {"group": groups[-1], "lines": tuple(map(str, range(classes))), "marked": self._label}
        yield self._station("softmax", "softmax", np.full(classes, np.nan), form="bars", **more)
        title = Text("loss −ln\u00a0{p}", p=Symbol("p", (self._label,)))
        was = Text("was {loss}", **self._known) if self.lr else ""
        yield self._station("loss", title, np.full(1, np.nan), size="1", form="total", widest=was)

    def _station(self, name: str, title: Words, values: Values, **more: Any) -> Station:
        usual = {"size": Shape(values.shape), "digits": self.most()}
        return Station(name=name, title=title, values=values, **{**usual, **more})

    def _steps(self) -> Iterator[Step]:
        lit: list[str] = []
        for (station, tensor), caption in zip(self._run.stations, self._forward(), strict=True):
            shown = self._set(station, "active", tensor if lit else "")
            yield _step(caption, *(self._set(name, "done") for name in lit), shown)
            lit = [station]
        *stations, _softmax, _loss = self._run.stations
        lit = ["loss", "softmax"]
        first, *captions = self._backward()
        yield _step(first, *(self._set(name, "gradient") for name in lit))
        notes = [*map(self._note, reversed(self._run.stages)), ""]
        for (station, tensor), caption, note in zip(reversed(stations), captions, notes, strict=True):
            shown = self._set(station, "gradient", f"grad_{tensor}", note)
            yield _step(caption, *(self._set(name, "returned") for name in lit), shown)
            lit = [station]
        if self.lr:
            yield self._descent()

    def _set(self, station: str, role: str, tensor: str = "", note: Words | None = None) -> SetStation:
        """A station gets a role, and with a tensor its values."""
        values = np.atleast_1d(self._run[tensor]) if tensor else None
        scale = "gray" if tensor == "x" else "diverging" if tensor.startswith("grad_") else "sequential"
        shade = _shade(values, scale) if values is not None and station not in ("softmax", "loss") else None
        return SetStation(panel="network", station=station, role=role, values=values, shade=shade, note=note)

    def _forward(self) -> Iterator[Words]:
        x, p = self._read("x", "input"), self._known["p"]
        ends = replace(x, decimals=digits_for(x.values.min(), x.values.max(), most=self.most()))
        yield Text(
            "Input: {picture}, {size} pixels, values from {least} to {most}",
            size=Shape(x.values.shape[1:]),
            least=ends[x.values.argmin()],
            most=ends[x.values.argmax()],
            picture=Strong(self._known["picture"]),
        )
        for stage in self._run.stages:
            y = self._read(stage.y.name, "" if stage.y.name == "scores" else stage.name)
            yield forward(stage, x, y, self.digits)
            x = y
        yield softmax(x, self._label, p, self.digits)
        yield logarithm(self._label, p, self._known["loss"], self.digits)

    def _backward(self) -> Iterator[Words]:
        slope = self._read(f"grad_{self._run.stages[-1].y.name}")[self._label]
        yield Text(
            "Back from the loss: ∂L/∂z is p for wrong classes, p − 1 for the label: {value}",
            value=equation(None, self._known["p"] - 1, slope),
        )
        for stage in reversed(self._run.stages):
            yield backward(stage, mean_size(self._run, stage.told.name, stage.letter, self.digits))
        size = mean_size(self._run, "x", "x", self.digits)
        yield Text("At the input: how each pixel would change the loss, {size}", size=size)

    def _descent(self) -> Step:
        known = dict(self._known)
        places = significant(known["after"].value - known["loss"].value, 1).places
        if self.digits is None and 2 < places <= 6:
            # As many decimals as tell the losses apart.
            known |= {name: replace(known[name], decimals=places) for name in ("loss", "after")}
        known["strong"] = Strong(known["after"])
        if known["loss"].exact() == known["after"].exact():
            template = "w ← w − {rate}·∂L/∂w for all {parameters} parameters: the loss stays at {strong}"
        elif known["after"].value < known["loss"].value:
            template = "w ← w − {rate}·∂L/∂w for all {parameters} parameters: the loss falls from {loss} to {strong}"
        else:
            template = "w ← w − {rate}·∂L/∂w for all {parameters} parameters: the loss rises from {loss} to {strong}"
        updated = {stage.name for stage in self._run.stages if stage.weights}
        changes = [
            self._set(name, "updated" if name in updated else "done", "x" if tensor == "x" else f"after_{tensor}")
            for name, tensor in self._run.stations
        ]
        changes[-1] = replace(changes[-1], note=Text("was {loss}", **self._known))
        return _step(Text(template, **known), *changes, beats=2)


def _step(caption: Words, *changes: SetStation, beats: float = 1.0) -> Step:
    return Step(caption=caption, changes=changes, beats=beats)


def _shade(values: Values, scale: str) -> Shade:
    """From the least to the greatest value, or as far on both sides of 0."""
    lo, hi = float(values.min()), float(values.max())
    if scale == "diverging":
        hi = max(-lo, hi) or 1.0
        lo = -hi
    return Shade(scale=scale, lo=lo, hi=hi if hi > lo else lo + 1, always=True)
