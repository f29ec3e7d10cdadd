"""A whole network on a digit: maps pass forward to the loss, its gradient flows back to the weights."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_CLASSES, MAX_NETWORK_INPUT
from cnnviz.network import Network, load_weights, parse_layers
from cnnviz.network.layers import BatchNorm
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
    joined,
    listed,
    total,
)

_INPUT, _SOFTMAX, _LOSS = "input", "softmax", "loss"
_ENDS = {_SOFTMAX: "probabilities", _LOSS: "loss"}
_GREATEST_POWER, _GREATEST, _LEAST = 100.0, 1e6, 1e-300


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

    def _numbers(self, tensor: str, station: str = "") -> Numbers:
        return Numbers(station or tensor, self._run[tensor], self.most())

    def story(self) -> Story:
        """A step for each layer forward, softmax and loss, each of them on the way back, and the descent."""
        run, learns = self._run, self.lr > 0
        run.graph.show_input(_INPUT, run["x"], self._network.input_shape)
        shows = [(_INPUT, "grad_x"), *([(_INPUT, "x")] if learns else [])]
        for stage in run.stages:
            shows += [(stage.name, prefix + stage.y.name) for prefix in ("", "grad_", "after_")]
        shows += [(name, f"{prefix}{tensor}") for name, tensor in _ENDS.items() for prefix in ("", "after_")]
        for station, name in shows:
            if name in run.tensors:
                printed = station in _ENDS and name.startswith("after_") == learns
                run.graph.show(
                    run.tensors[name], station, (0,) if run.tensors[name].values.ndim else (), printed=printed
                )

        story = Story(self, Text("Convolutional neural network"), run.graph)
        story.settings = [
            ("", counted(len(run.stages), "{n} layer", "{n} layers")),
            ("", Text("{n} parameters", n=self._network.parameters)),
            ("label", Assigned(Symbol("y"), Number(self._label))),
        ]
        rule = Text(r"$w\leftarrow w-{rate}\cdot\partial L/\partial w$", rate=self._rate) if learns else None
        after = Text("; after one step of gradient descent it is {loss}", loss=self._loss("after_")) if learns else ""
        what = Text(
            "a convolutional network ({layers}) on a {size} picture of class {label}: the feature maps of each layer "
            "appear from left to right, softmax gives the class a probability of {p}, the loss is {loss}, and its "
            "gradient flows back through every layer to the weights{after}",
            layers=listed(stage.layer.text for stage in run.stages),
            size=Shape(self._picture.shape),
            label=self._label,
            p=self._p,
            loss=self._loss(),
            after=after,
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

    @property
    def _p(self) -> Number:
        return self._numbers("probabilities", _SOFTMAX)[self._label]

    @property
    def _rate(self) -> Number:
        return Number(self.lr, None, ("lr",))

    def _loss(self, prefix: str = "") -> Number:
        return self._numbers(f"{prefix}loss")[0]

    def _size(self, stage: Stage) -> Equation:
        """How large the gradient of a layer's weights is, or of its output."""
        by = ("γ" if isinstance(stage.layer, BatchNorm) else "W") if stage.weights else "y"
        return self._mean(stage.weights.get("weight", stage.y).name, by)

    def _mean(self, tensor: str, by: str) -> Equation:
        gradient = self._run.tensors[f"grad_{tensor}"]
        return mean_size(Numbers(gradient.name, gradient.values), by, self.digits)

    def _note(self, stage: Stage) -> Words:
        letter = "γ" if isinstance(stage.layer, BatchNorm) else "W"
        return Joined((f"∂{letter}", self._size(stage).result), " ") if stage.weights else ""

    def _stations(self) -> Iterator[Station]:
        run, classes = self._run, self._network.classes
        yield _station(_INPUT, Text("input"), run["x"], shade=_shade(run["x"], "gray"), digits=self.most())
        starts = np.cumsum([place == 0 or layer.starts_group for place, layer in enumerate(self._network.layers)])
        groups = [Text("output") if n == starts[-1] else Text("block {n}", n=int(n)) for n in starts]
        for stage, group, shape in zip(run.stages, groups, self._network.shapes[1:], strict=True):
            shown = [f"{prefix}{stage.y.name}" for prefix in ("", "grad_", "after_")]
            most = max(float(np.abs(run[name]).max()) for name in shown if name in run.tensors)
            yield _station(
                stage.name,
                stage.layer.text,
                np.full_like(run[stage.y.name], np.nan),
                size=Shape(shape),
                form="numbers" if stage is run.stages[-1] else "maps",
                group=group,
                widest=self._note(stage),
                shade=Shade(scale="sequential", lo=-most, hi=most, always=True),
                digits=self.most(2 if most < 100 else 0),
            )
        probabilities = np.full(classes, np.nan)
        lines = tuple(map(str, range(classes)))
        yield _station(
            _SOFTMAX,
            "softmax",
            probabilities,
            form="bars",
            group=groups[-1],
            lines=lines,
            marked=self._label,
            digits=self.most(),
        )
        title = Text("loss −ln\u00a0{p}", p=Symbol("p", (self._label,)))
        was = Text("was {loss}", loss=self._loss()) if self.lr else ""
        yield _station(_LOSS, title, np.full(1, np.nan), form="total", widest=was, digits=self.most())

    def _steps(self) -> Iterator[Step]:
        yield from self._forward()
        yield from self._backward()
        if self.lr:
            yield self._descent()

    def _forward(self) -> Iterator[Step]:
        run, x = self._run, self._numbers("x", _INPUT)
        yield _step(
            Text(
                "the input, {size}, from {least} to {most}: {what}",
                size=Shape(x.values.shape, _INPUT),
                least=x[x.values.argmin()],
                most=x[x.values.argmax()],
                what=Strong(Text("a drawn {n}", n=DIGIT) if self._drawn else Text("class {n}", n=self._label)),
            ),
            _set(_INPUT, "active"),
        )
        for stage in run.stages:
            y = self._numbers(stage.y.name, stage.name)
            weights = {part: weight.values for part, weight in stage.weights.items()}
            caption = forward(stage.layer, x, y, weights, self.digits)
            yield _step(caption, _set(x.name, "done"), _set(stage.name, "active", y.values, "sequential"))
            x = y
        yield _step(self._softmax(), _set(x.name, "done"), _set(_SOFTMAX, "active", run["probabilities"]))
        yield _step(self._logarithm(), _set(_SOFTMAX, "done"), _set(_LOSS, "active", run["loss"].reshape(1)))

    def _softmax(self) -> Text:
        z, p = self._numbers(self._run.stages[-1].y.name, self._run.stages[-1].name), Symbol("p", (self._label,))
        if np.abs(z.values).max() > _GREATEST_POWER:
            named = equation(None, Named(p, Number(self._p.value, None)), self._p)
            return Text("softmax: {n} scores become probabilities that add up to 1, {p}", n=len(z.values), p=named)
        powers = [call("exp", z[n]) for n in range(len(z.values))]
        own, whole = np.exp(z.values[self._label]), np.exp(z.values).sum()
        quotient = significant(float(own), 3, self.digits) / significant(float(whole), 3, self.digits)
        named = equation(p, powers[self._label] / Named(Text("Σ exp(z)"), total(powers)), quotient, self._p)
        return Text("softmax: {p}", p=named)

    def _logarithm(self) -> Text:
        p = self._p.value
        # Of what floats no longer tell from 0 there is no logarithm.
        sides = [-call("ln", significant(p, 3, self.digits))] if p > _LEAST else []
        left = Joined(("−ln", Symbol("p", (self._label,))), " ")
        return Text("the loss {loss}", loss=equation(left, *sides, self._loss()))

    def _backward(self) -> Iterator[Step]:
        run, scores = self._run, self._run.stages[-1].y.name
        slope = replace(
            self._p, value=float(run[f"grad_{scores}"][self._label]), ref=(f"grad_{scores}", 0, self._label)
        )
        yield _step(
            Text(
                "back from the loss: ∂L/∂z is p for every class but the label, for it p − 1, {value}",
                value=equation(None, self._p - 1, slope),
            ),
            _set(_LOSS, "gradient"),
            _set(_SOFTMAX, "gradient"),
        )
        left = [_LOSS, _SOFTMAX]
        for stage in reversed(run.stages):
            x = Numbers(stage.name, run[stage.x.name])
            caption = backward(stage.layer, x, self._size(stage))
            yield self._turn(caption, left, stage.name, run[f"grad_{stage.y.name}"], self._note(stage))
            left = [stage.name]
        size = self._mean("x", "x")
        caption = Text("back at the input: what each pixel does to the loss, {size}", size=size)
        yield self._turn(caption, left, _INPUT, run["grad_x"], "")

    def _turn(self, caption: Words, left: Sequence[str], station: str, slope: Values, note: Words) -> Step:
        """The gradient leaves some stations and reaches another."""
        returned = (_set(name, "returned") for name in left)
        return _step(caption, *returned, _set(station, "gradient", slope, "diverging", note))

    def _descent(self) -> Step:
        run, before, after = self._run, self._loss(), self._loss("after_")
        changes = [_set(_INPUT, "done", run["x"], "gray")]
        for stage in run.stages:
            role = "updated" if stage.weights else "done"
            changes.append(_set(stage.name, role, run[f"after_{stage.y.name}"], "sequential"))
        changes.append(_set(_SOFTMAX, "done", run["after_probabilities"]))
        was = Text("was {loss}", loss=before)
        changes.append(_set(_LOSS, "done", run["after_loss"].reshape(1), note=was))
        # As many decimals as tell the losses apart.
        for decimals in range(2, 7) if self.digits is None else ():
            finer = replace(before, decimals=decimals), replace(after, decimals=decimals)
            if finer[0].exact() != finer[1].exact():
                before, after = finer
                break
        if before.exact() == after.exact():
            goes = Text("the loss stays at {after}", after=Strong(after))
        else:
            how = (
                "the loss falls from {before} to {after}"
                if after.value < before.value
                else "the loss rises from {before} to {after}"
            )
            goes = Text(how, before=before, after=Strong(after))
        caption = Text(
            "w ← w − {rate}·∂L/∂w for all {n} parameters: {goes}",
            rate=self._rate,
            n=self._network.parameters,
            goes=goes,
        )
        return _step(caption, *changes, beats=2)


def _step(caption: Words, *changes: SetStation, beats: float = 1.0) -> Step:
    return Step(caption=caption, changes=changes, beats=beats)


def _set(
    station: str, role: str, values: Values | None = None, scale: str = "", note: Words | None = None
) -> SetStation:
    """A station gets a role, and values coloured by a scale, where it has one."""
    shade = _shade(values, scale) if values is not None and scale else None
    return SetStation(panel="network", station=station, role=role, values=values, shade=shade, note=note)


def _station(name: str, title: Words, values: Values, **more: Any) -> Station:
    return Station(name=name, title=title, values=values, **{"size": Shape(values.shape, name), **more})


def _shade(values: Values, scale: str) -> Shade:
    """From the least to the greatest value, or as far on both sides of 0."""
    lo, hi = float(values.min()), float(values.max())
    if scale == "diverging":
        most = max(-lo, hi) or 1.0
        return Shade(scale=scale, lo=-most, hi=most, always=True)
    return Shade(scale=scale, lo=lo, hi=hi if hi > lo else lo + 1, always=True)
