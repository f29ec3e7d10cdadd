"""A whole network on a digit: maps pass forward to the loss, its gradient flows back to the weights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_CLASSES, MAX_NETWORK_INPUT
from cnnviz.network import Network, load_weights, parse_layers
from cnnviz.network.recorded import Run, Stage, record
from cnnviz.notation import size_text
from cnnviz.parameters import ArrayLike, Size, param, quote
from cnnviz.scene import Scene
from cnnviz.scenes._digit import DIGIT, drawn_digit
from cnnviz.scenes._layers import Numbers, backward, forward, mean_size, significant
from cnnviz.story import Story
from cnnviz.storyboard import Maps, SetStation, Shade, Station, Step, Values
from cnnviz.words import (
    Assigned,
    Equation,
    Joined,
    Math,
    Named,
    Number,
    Shape,
    Strong,
    Symbol,
    Text,
    Words,
    call,
    counted,
    equation,
    evaluate,
    joined,
    listed,
    total,
)

_INPUT, _SOFTMAX, _LOSS = "input", "softmax", "loss"
_GREATEST_POWER, _GREATEST, _LEAST, _MOST_PLACES = 100.0, 1e6, 1e-300, 6


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
        shown_default=f"{DIGIT}, or the last class of fewer",
    )
    lr: float = param(
        0.01, alias="learning-rate", help="Learning rate of the step at the end; 0 for none.", lo=0, hi=1e6
    )
    i: Size | None = param(
        None, alias="input-size", help="Input size.", lo=1, hi=MAX_NETWORK_INPUT, group="Data",
        shown_default="28, or the data's own",
    )  # fmt: skip
    input: ArrayLike = param(
        "digit",
        group="Data",
        help="Input: digit (a drawn 3), an image, .npy, .csv or .txt file, a literal, random, arange, ones or zeros.",
    )
    weights: ArrayLike = param(
        "random", group="Data", help="Weights: random (from the seed), or an .npz file of conv1.weight, conv1.bias, …",
    )  # fmt: skip

    def prepare(self) -> None:
        """The network is read; raises UsageError for what does not fit together."""
        network, weights = self._network, self.weights
        if network.classes > MAX_CLASSES:
            raise UsageError(
                f"--layers ends in {network.layers[-1].text} with {size_text(*network.shapes[-1])} numbers, more than "
                f"{MAX_CLASSES} classes: end with fc 10"
            )
        if network.classes < 2:
            raise UsageError("--layers ends in one number: two classes are the fewest, end with fc 2 or more")
        if self._label >= network.classes:
            raise UsageError(
                f"--label {self.label} is no class of {network.classes}: use {network.classes - 1} or less, or end "
                f"--layers with fc {self._label + 1} or more"
            )
        if not isinstance(weights, str | os.PathLike):
            raise UsageError(f"--weights {quote(weights)} is neither random nor the path of an .npz file")
        self.fill_in(weights=os.fspath(weights))

    @property
    def _label(self) -> int:
        return min(DIGIT, self._network.classes - 1) if self.label is None else self.label

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

    @cached_property
    def _run(self) -> Run:
        network, path = self._network, str(self.weights)
        file = "" if path == "random" else path
        loaded = network.with_names(load_weights(file, network.named_shapes)) if file else None
        weights = loaded or network.he_weights(self.seed)
        with np.errstate(over="ignore", invalid="ignore"):
            run = record(network, self._picture, weights, self._label, self.lr, self.seed, file)
        most = float(np.max([np.abs(tensor.values).max() for tensor in run.tensors.values()]))
        if not most <= _GREATEST:
            reach = f"reach {most:.3g}" if np.isfinite(most) else "are too large to compute"
            raise UsageError(
                f"the network's values {reach}, but a figure shows up to {_GREATEST:.0f}: use smaller weights, input "
                "values or --lr"
            )
        return run

    def story(self) -> Story:
        """A step for each layer forward, softmax and loss, each of them on the way back, and the descent."""
        run, learns = self._run, self.lr > 0
        run.graph.show_input(_INPUT, run["x"], self._network.input_shape)
        run.show(_INPUT, "grad_x", "x" if learns else "")
        for stage in run.stages:
            run.show(stage.name, stage.y.name, f"grad_{stage.y.name}", f"after_{stage.y.name}")
        for station, tensor in ((_SOFTMAX, "probabilities"), (_LOSS, "loss")):
            run.show(station, tensor, f"after_{tensor}", printed=True)
        story = Story(self, Text("Convolutional neural network"), run.graph)
        story.settings = [
            ("", counted(len(run.stages), "{n} layer", "{n} layers")),
            ("", Text("{n} parameters", n=self._network.parameters)),
            ("label", Assigned(Symbol("y"), Number(self._label))),
        ]
        rule = Text(r"$w\leftarrow w-{rate}\cdot\partial L/\partial w$", rate=self._rate) if learns else None
        what = Text(
            "a convolutional network ({layers}) on a {size} picture of class {label}: the feature maps of each layer "
            "appear from left to right, softmax gives the class a probability of {p}, the loss is {loss}, and its "
            "gradient flows back through every layer to the weights{after}",
            layers=listed(stage.layer.text for stage in run.stages),
            size=Shape(self._picture.shape),
            label=self._label,
            p=self._p,
            loss=self._loss,
            after=Text("; after one step of gradient descent it is {loss}", loss=self._after) if learns else "",
        )
        return story.play(
            self._steps,
            2 * len(run.stages) + 5 + learns,
            (Maps(name="network", stations=tuple(self._stations()), scales=("sequential", "diverging")),),
            alt=what,
            step_roles=(),
            formula=joined((Math(r"L=-\ln\,p_y"), rule), "     "),
            convention=Text("gradients: one hue below 0, another above"),
        )

    # Numbers

    def _read(self, tensor: str, station: str = "") -> Numbers:
        return Numbers(station or tensor, self._run[tensor], self.most())

    @property
    def _p(self) -> Number:
        return self._read("probabilities", _SOFTMAX)[self._label]

    @property
    def _loss(self) -> Number:
        return self._read("loss")[0]

    @property
    def _after(self) -> Number:
        return self._read("after_loss")[0]

    @property
    def _rate(self) -> Number:
        return Number(self.lr, None, ("lr",))

    def _size(self, tensor: str, by: str) -> Equation:
        gradient = self._run.tensors[f"grad_{tensor}"]
        return mean_size(Numbers(gradient.name, gradient.values), by, self.digits)

    def _note(self, stage: Stage) -> Words:
        """How large the gradient of a layer's weights is."""
        size = self._size(stage.weights["weight"].name, stage.letter) if stage.weights else None
        return Joined((f"∂{stage.letter}", size.result), " ") if size else ""

    # The stage

    def _stations(self) -> Iterator[Station]:
        run, layers, classes = self._run, self._network.layers, self._network.classes
        yield Station(
            name=_INPUT,
            title=Text("input"),
            size=Shape(self._network.input_shape, _INPUT),
            values=run["x"],
            shade=_shade(run["x"], "gray"),
            digits=self.most(),
        )
        starts = np.cumsum([place == 0 or layer.starts_group for place, layer in enumerate(layers)])
        groups = [Text("output") if n == starts[-1] else Text("block {n}", n=int(n)) for n in starts]
        for stage, group, shape in zip(run.stages, groups, self._network.shapes[1:], strict=True):
            names = (f"{when}{stage.y.name}" for when in ("", "grad_", "after_"))
            most = max(float(np.abs(run[name]).max()) for name in names if name in run.tensors)
            yield Station(
                name=stage.name,
                title=stage.layer.text,
                size=Shape(shape),
                values=np.full_like(run[stage.y.name], np.nan),
                form="numbers" if stage is run.stages[-1] else "maps",
                group=group,
                widest=self._note(stage),
                shade=Shade(scale="sequential", lo=-most, hi=most, always=True),
                digits=self.most(2 if most < 100 else 0),
            )
        yield Station(
            name=_SOFTMAX,
            title="softmax",
            size=Shape((classes,)),
            values=np.full(classes, np.nan),
            form="bars",
            group=groups[-1],
            lines=tuple(map(str, range(classes))),
            marked=self._label,
            digits=self.most(),
        )
        yield Station(
            name=_LOSS,
            title=Text("loss −ln\u00a0{p}", p=Symbol("p", (self._label,))),
            size="1",
            values=np.full(1, np.nan),
            form="total",
            widest=Text("was {loss}", loss=self._loss) if self.lr else "",
            digits=self.most(),
        )

    def _set(self, station: str, role: str, tensor: str = "", note: Words | None = None) -> SetStation:
        """A station gets a role, and with a tensor its values."""
        values = np.atleast_1d(self._run[tensor]) if tensor else None
        scale = "gray" if tensor == "x" else "diverging" if tensor.startswith("grad_") else "sequential"
        shade = _shade(values, scale) if values is not None and station not in (_SOFTMAX, _LOSS) else None
        return SetStation(panel="network", station=station, role=role, values=values, shade=shade, note=note)

    # Steps

    def _steps(self) -> Iterator[Step]:
        yield from self._forward()
        yield from self._backward()
        if self.lr:
            yield self._descent()

    def _forward(self) -> Iterator[Step]:
        x = self._read("x", _INPUT)
        caption = Text(
            "the input, {size}, from {least} to {most}: {what}",
            size=Shape(x.values.shape, _INPUT),
            least=x[x.values.argmin()],
            most=x[x.values.argmax()],
            what=Strong(Text("a drawn {n}", n=DIGIT) if self._drawn else Text("class {n}", n=self._label)),
        )
        yield _step(caption, self._set(_INPUT, "active"))
        for stage in self._run.stages:
            y = self._read(stage.y.name, stage.name)
            caption = forward(stage, x, y, self.digits)
            yield _step(caption, self._set(x.name, "done"), self._set(stage.name, "active", stage.y.name))
            x = y
        for caption, station, tensor in (
            (self._softmax(x), _SOFTMAX, "probabilities"),
            (self._logarithm(), _LOSS, "loss"),
        ):
            yield _step(caption, self._set(x.name, "done"), self._set(station, "active", tensor))
            x = replace(x, name=station)

    def _softmax(self, z: Numbers) -> Text:
        p = Symbol("p", (self._label,))
        if np.abs(z.values).max() > _GREATEST_POWER:
            found = equation(None, Named(p, replace(self._p, decimals=None)), self._p)
            return Text("softmax: {n} scores become probabilities that add up to 1, {p}", n=len(z.values), p=found)
        powers = [call("exp", z[n]) for n in range(len(z.values))]
        own, whole = (
            significant(float(n), 3, self.digits) for n in (evaluate(powers[self._label]), np.exp(z.values).sum())
        )
        every = Named(Text("Σ exp(z)"), total(powers))
        return Text("softmax: {p}", p=equation(p, powers[self._label] / every, own / whole, self._p))

    def _logarithm(self) -> Text:
        # Of what floats no longer tell from 0 there is no logarithm.
        known = [-call("ln", significant(self._p.value, 3, self.digits))] if self._p.value > _LEAST else []
        left = Joined(("−ln", Symbol("p", (self._label,))), " ")
        return Text("the loss {loss}", loss=equation(left, *known, self._loss))

    def _backward(self) -> Iterator[Step]:
        last, left = f"grad_{self._run.stages[-1].y.name}", [_LOSS, _SOFTMAX]
        slope = Number(float(self._run[last][self._label]), self.most(), (last, 0, self._label))
        yield _step(
            Text(
                "back from the loss: ∂L/∂z is p for every class but the label, for it p − 1, {value}",
                value=equation(None, self._p - 1, slope),
            ),
            *(self._set(station, "gradient") for station in left),
        )
        turns = list[tuple[Words, str, str, Words]]()
        for stage in reversed(self._run.stages):
            size = self._size(stage.weights.get("weight", stage.y).name, stage.letter)
            turns.append((backward(stage, size), stage.name, stage.y.name, self._note(stage)))
        size = self._size("x", "x")
        turns.append((Text("back at the input: what each pixel does to the loss, {size}", size=size), _INPUT, "x", ""))
        for caption, station, tensor, note in turns:
            returned = (self._set(name, "returned") for name in left)
            yield _step(caption, *returned, self._set(station, "gradient", f"grad_{tensor}", note))
            left = [station]

    def _descent(self) -> Step:
        was, loss = self._loss, self._after
        places = significant(loss.value - was.value, 1).places
        if self.digits is None and 2 < places <= _MOST_PLACES:
            # As many decimals as tell the losses apart.
            was, loss = replace(was, decimals=places), replace(loss, decimals=places)
        if was.exact() == loss.exact():
            goes = Text("the loss stays at {loss}", loss=Strong(loss))
        elif loss.value < was.value:
            goes = Text("the loss falls from {was} to {loss}", was=was, loss=Strong(loss))
        else:
            goes = Text("the loss rises from {was} to {loss}", was=was, loss=Strong(loss))
        rule = Text(
            "w ← w − {rate}·∂L/∂w for all {n} parameters: {goes}",
            rate=self._rate,
            n=self._network.parameters,
            goes=goes,
        )
        layers = (
            self._set(stage.name, "updated" if stage.weights else "done", f"after_{stage.y.name}")
            for stage in self._run.stages
        )
        return _step(
            rule,
            self._set(_INPUT, "done", "x"),
            *layers,
            self._set(_SOFTMAX, "done", "after_probabilities"),
            self._set(_LOSS, "done", "after_loss", Text("was {loss}", loss=self._loss)),
            beats=2,
        )


def _step(caption: Words, *changes: SetStation, beats: float = 1.0) -> Step:
    return Step(caption=caption, changes=changes, beats=beats)


def _shade(values: Values, scale: str) -> Shade:
    """From the least to the greatest value, or as far on both sides of 0."""
    lo, hi = float(values.min()), float(values.max())
    if scale == "diverging":
        most = max(-lo, hi) or 1.0
        return Shade(scale=scale, lo=-most, hi=most, always=True)
    return Shade(scale=scale, lo=lo, hi=hi if hi > lo else lo + 1, always=True)
