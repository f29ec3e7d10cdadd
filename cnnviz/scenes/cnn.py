"""A whole network on a digit: maps pass forward to the loss, its gradient flows back to the weights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_CLASSES, MAX_NETWORK_INPUT
from cnnviz.network import Network, parse_layers
from cnnviz.network.recorded import Run, Stage, record
from cnnviz.notation import digits_for, size_text
from cnnviz.parameters import ArrayLike, Size, param, quote
from cnnviz.scene import Scene
from cnnviz.scenes._digit import DIGIT, drawn_digit
from cnnviz.scenes._layers import Numbers, backward, forward, logarithm, mean_size, significant, softmax
from cnnviz.story import Story, Tensor
from cnnviz.storyboard import Maps, SetStation, Shade, Station, Step, Values
from cnnviz.words import (
    Assigned,
    Equation,
    Joined,
    Math,
    Number,
    Shape,
    Strong,
    Symbol,
    Text,
    Words,
    counted,
    equation,
    joined,
    listed,
)

_ENDS = {"softmax": "probabilities", "loss": "loss"}
"""The last stations, with the tensors that they show."""

_MOST_PLACES = 6


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

    def prepare(self) -> None:
        """The network is read; raises UsageError for a label that it does not know."""
        if self._label >= self._network.classes:
            raise UsageError(
                f"--label {self.label} is no class of {self._network.classes}: use {self._network.classes - 1} or "
                f"less, or end --layers with fc {self._label + 1} or more"
            )
        if not isinstance(self.weights, str | os.PathLike):
            raise UsageError(f"--weights {quote(self.weights)} is neither random nor the path of an .npz file")
        self.fill_in(weights=os.fspath(self.weights))

    @property
    def _drawn(self) -> bool:
        return isinstance(self.input, str) and self.input.strip().lower() == "digit"

    @cached_property
    def _picture(self) -> Values:
        if self._drawn:
            picture = drawn_digit()
            if self.i not in (None, picture.shape):
                raise UsageError(f"--input digit is {size_text(*picture.shape)}: leave --i out")
            return picture
        size = 28, 28
        data = load_map(self.input, self.i, seed=self.seed, default_size=size, default_image_size=size)
        if max(data.values.shape) > MAX_NETWORK_INPUT:
            shape = size_text(*data.values.shape)
            raise UsageError(f"input is {shape}: a network's input has at most {MAX_NETWORK_INPUT} rows and columns")
        return data.values / 255 if data.source == "image" else data.values

    @cached_property
    def _network(self) -> Network:
        return Network(parse_layers(self.layers), (1, *self._picture.shape))

    @property
    def _label(self) -> int:
        return min(DIGIT, self._network.classes - 1) if self.label is None else self.label

    @cached_property
    def _run(self) -> Run:
        return record(self._network, self._picture, str(self.weights), self._label, self.lr, self.seed)

    @cached_property
    def _known(self) -> dict[str, Any]:
        """What is told of more than once."""
        p, loss, after = (self._read(n) for n in ("probabilities", "loss", "after_loss" if self.lr else "loss"))
        return {
            "label": self._label,
            "parameters": self._network.parameters,
            "rate": Number(self.lr, None, ("lr",)),
            "p": replace(p, name="softmax")[self._label],
            "loss": loss[0],
            "after": after[0],
        }

    def story(self) -> Story:
        """A step for each layer forward, softmax and loss, each of them on the way back, and the descent."""
        run, known = self._run, self._known
        run.graph.show_input("input", run["x"], self._network.input_shape)
        run.show("input", "grad_x", "x" if self.lr else "")
        for stage in run.stages:
            run.show(stage.name, stage.y.name, f"grad_{stage.y.name}", f"after_{stage.y.name}")
        for station, tensor in _ENDS.items():
            run.show(station, tensor, f"after_{tensor}", printed=True)
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
        return Numbers(station or tensor, self._run[tensor], self.most())

    def _size(self, tensor: Tensor, by: str) -> Equation:
        gradient = self._run.tensors[f"grad_{tensor.name}"]
        return mean_size(Numbers(gradient.name, gradient.values), by, self.digits)

    def _note(self, stage: Stage) -> Words:
        """How large the gradient of a layer's weights is."""
        size = self._size(stage.told, stage.letter).result
        return Joined((f"∂{stage.letter}", size), " ") if stage.weights else ""

    # The stage

    def _stations(self) -> Iterator[Station]:
        run, layers, classes = self._run, self._network.layers, self._network.classes
        yield self._station("input", Text("input"), run["x"], shade=_shade(run["x"], "gray"))
        starts = np.cumsum([place == 0 or layer.starts_group for place, layer in enumerate(layers)])
        groups = [Text("output") if n == starts[-1] else Text("block {n}", n=int(n)) for n in starts]
        for stage, group, shape in zip(run.stages, groups, self._network.shapes[1:], strict=True):
            names = (f"{when}{stage.y.name}" for when in ("", "grad_", "after_"))
            most = max(float(np.abs(run[name]).max()) for name in names if name in run.tensors)
            last = stage is run.stages[-1]
            look = {"size": Shape(shape), "group": group, "form": "numbers" if last else "maps"}
            shade = Shade(scale="sequential", lo=-most, hi=most, always=True)
            empty, digits = np.full(stage.y.values[0].shape, np.nan), self.most(2 if most < 100 else 0)
            yield self._station(
                stage.name, stage.layer.text, empty, widest=self._note(stage), shade=shade, digits=digits, **look
            )
        bars = {"group": groups[-1], "lines": tuple(map(str, range(classes))), "marked": self._label}
        yield self._station("softmax", "softmax", np.full(classes, np.nan), form="bars", **bars)
        title = Text("loss −ln\u00a0{p}", p=Symbol("p", (self._label,)))
        was = Text("was {loss}", **self._known) if self.lr else ""
        yield self._station("loss", title, np.full(1, np.nan), size="1", form="total", widest=was)

    def _station(self, name: str, title: Words, values: Values, **more: Any) -> Station:
        usual = {"size": Shape(values.shape), "digits": self.most()}
        return Station(name=name, title=title, values=values, **{**usual, **more})

    def _set(self, station: str, role: str, tensor: str = "", note: Words | None = None) -> SetStation:
        """A station gets a role, and with a tensor its values."""
        values = np.atleast_1d(self._run[tensor]) if tensor else None
        scale = "gray" if tensor == "x" else "diverging" if tensor.startswith("grad_") else "sequential"
        shade = _shade(values, scale) if values is not None and station not in _ENDS else None
        return SetStation(panel="network", station=station, role=role, values=values, shade=shade, note=note)

    # Steps

    def _steps(self) -> Iterator[Step]:
        yield from self._forward()
        yield from self._backward()
        if self.lr:
            yield self._descent()

    def _forward(self) -> Iterator[Step]:
        x = self._read("x", "input")
        x = replace(x, decimals=digits_for(x.values.min(), x.values.max(), most=x.decimals))
        caption = Text(
            "Input: {what}, {size} pixels, values from {least} to {most}",
            size=Shape(x.values.shape[1:]),
            least=x[x.values.argmin()],
            most=x[x.values.argmax()],
            what=Strong(
                Text("a hand-drawn {digit}", digit=DIGIT)
                if self._drawn
                else Text("an image of class {label}", **self._known)
            ),
        )
        yield _step(caption, self._set("input", "active"))
        for stage in self._run.stages:
            y = self._read(stage.y.name, stage.name)
            caption = forward(stage, x, y, self.digits)
            yield _step(caption, self._set(x.name, "done"), self._set(stage.name, "active", stage.y.name))
            x = y
        p = self._known["p"]
        caption = softmax(x, self._label, p, self.digits)
        yield _step(caption, self._set(x.name, "done"), self._set("softmax", "active", "probabilities"))
        caption = logarithm(self._label, p, self._known["loss"], self.digits)
        yield _step(caption, self._set("softmax", "done"), self._set("loss", "active", "loss"))

    def _backward(self) -> Iterator[Step]:
        scores = f"grad_{self._run.stages[-1].y.name}"
        slope = Number(float(self._run[scores][self._label]), self.most(), (scores, 0, self._label))
        caption = Text(
            "Back from the loss: ∂L/∂z is p for wrong classes, p − 1 for the label: {value}",
            value=equation(None, self._known["p"] - 1, slope),
        )
        left = ["loss", "softmax"]
        yield _step(caption, *(self._set(station, "gradient") for station in left))
        for stage in reversed(self._run.stages):
            caption = backward(stage, self._size(stage.told, stage.letter))
            yield self._turn(caption, left, stage.name, stage.y.name, self._note(stage))
            left = [stage.name]
        size = self._size(self._run.tensors["x"], "x")
        caption = Text("At the input: how each pixel would change the loss, {size}", size=size)
        yield self._turn(caption, left, "input", "x", "")

    def _turn(self, caption: Words, left: list[str], station: str, tensor: str, note: Words) -> Step:
        """The gradient leaves some stations and reaches another."""
        returned = (self._set(name, "returned") for name in left)
        return _step(caption, *returned, self._set(station, "gradient", f"grad_{tensor}", note))

    def _descent(self) -> Step:
        known = dict(self._known)
        places = significant(known["after"].value - known["loss"].value, 1).places
        if self.digits is None and 2 < places <= _MOST_PLACES:
            # As many decimals as tell the losses apart.
            known |= {name: replace(known[name], decimals=places) for name in ("loss", "after")}
        known["strong"] = Strong(known["after"])
        if known["loss"].exact() == known["after"].exact():
            template = "w ← w − {rate}·∂L/∂w for all {parameters} parameters: the loss stays at {strong}"
        elif known["after"].value < known["loss"].value:
            template = "w ← w − {rate}·∂L/∂w for all {parameters} parameters: the loss falls from {loss} to {strong}"
        else:
            template = "w ← w − {rate}·∂L/∂w for all {parameters} parameters: the loss rises from {loss} to {strong}"
        updated = [("input", "done", "x")]
        updated += [(s.name, "updated" if s.weights else "done", f"after_{s.y.name}") for s in self._run.stages]
        updated.append(("softmax", "done", "after_probabilities"))
        loss = self._set("loss", "done", "after_loss", Text("was {loss}", **self._known))
        return _step(Text(template, **known), *(self._set(*each) for each in updated), loss, beats=2)


def _step(caption: Words, *changes: SetStation, beats: float = 1.0) -> Step:
    return Step(caption=caption, changes=changes, beats=beats)


def _shade(values: Values, scale: str) -> Shade:
    """From the least to the greatest value, or as far on both sides of 0."""
    lo, hi = float(values.min()), float(values.max())
    if scale == "diverging":
        lo, hi = -max(-lo, hi), max(-lo, hi)
    return Shade(scale=scale, lo=lo, hi=hi if hi > lo else lo + 1, always=True)
