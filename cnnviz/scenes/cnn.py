"""A whole network on a digit: maps pass forward to the loss, its gradient flows back to the weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar

import numpy as np

from cnnviz.limits import MAX_CLASSES, MAX_NETWORK_INPUT
from cnnviz.network import Network, parse_layers
from cnnviz.network.captions import Numbers, backward, forward, logarithm, mean_size, significant, softmax
from cnnviz.network.picture import DIGIT, DIGIT_SHAPE, is_digit, load_picture
from cnnviz.network.recorded import Run, record
from cnnviz.network.stations import block_names, network_panel, set_station, walk
from cnnviz.network.weights import LAYERS, TRAINED, load_weights
from cnnviz.notation import digits_for
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.story import Story, input_size
from cnnviz.storyboard import SetLayerView, Step, Values
from cnnviz.words import Assigned, Math, Number, Shape, Strong, Symbol, Text, Words, counted, equation, joined, listed


@dataclass(frozen=True, kw_only=True)
class Cnn(Scene):
    """A small convolutional network on one picture, forward to its loss and back to its weights, with real numbers.

    It has learned to read handwritten digits, and learns from this one too: softmax and cross-entropy behind the last
    layer, gradients by back-propagation (Rumelhart, Hinton and Williams 1986), one step of gradient descent. Weights of
    other layers are drawn as He et al. (2015, "Delving Deep into Rectifiers") do, unless a file gives them.
    """

    examples: ClassVar = (
        "cnnviz cnn",
        "cnnviz cnn --untrained",
        'cnnviz cnn --layers "conv 2@3x3, fc 3" --label 1',
        'cnnviz cnn --layers "conv 6@5x5 p2, tanh, avgpool 2, conv 16@5x5, tanh, avgpool 2, fc 32, tanh, fc 10"',
    )

    layers: str = param(
        LAYERS,
        help="Layers, separated by commas: conv KERNELS@SIZE, maxpool, avgpool, batchnorm, lrn, flatten, fc, relu, "
        "tanh, sigmoid, leaky-relu and other activations; s2 is a stride, p1 a padding.",
    )
    label: int | None = param(
        None,
        help="The class that the picture shows.",
        lo=0,
        hi=MAX_CLASSES - 1,
        shown_default="of the drawn digit 3, of other pictures what a trained network sees",
    )
    untrained: bool = param(False, help="Random weights for the default layers too, not the trained ones.")
    lr: float = param(
        0.01, alias="learning-rate", help="Learning rate of the step at the end; 0 for none.", lo=0, hi=1e6
    )
    i: Size | None = input_size(
        hi=MAX_NETWORK_INPUT, group="Data", shown_default="28, or the data's own", always_named=False
    )
    input: ArrayLike = param(
        "digit",
        group="Data",
        help="Input: digit (a drawn 3), an image, .npy, .csv or .txt file, a literal, random, arange, ones or zeros. "
        "For the default layers the digit in an image is found and centred as MNIST does.",
    )
    weights: ArrayLike = param(
        "trained",
        group="Data",
        help="Weights: trained (on handwritten digits; random for layers of your own), random (from the seed), or an "
        ".npz file of conv1.weight, conv1.bias, …",
    )

    @cached_property
    def _reads_digits(self) -> bool:
        """Whether the network is the one that was trained."""
        return parse_layers(self.layers) == parse_layers(LAYERS)

    @cached_property
    def _picture(self) -> Values:
        return load_picture(self.input, self.i, self.seed, centred=self._reads_digits)

    @cached_property
    def _network(self) -> Network:
        return Network(parse_layers(self.layers), (1, *self._picture.shape))

    @cached_property
    def _trained(self) -> bool:
        shapes = self._reads_digits and self._picture.shape == DIGIT_SHAPE
        return shapes and self._weights == "trained"

    @cached_property
    def _label(self) -> int:
        if self.label is None and self._trained and not is_digit(self.input):
            weights = self._network.with_names(load_weights(TRAINED, self._network.named_shapes))
            return int(self._network.forward(weights, self._picture[None, None])[0].argmax())
        return min(DIGIT, self._network.classes - 1) if self.label is None else self.label

    @cached_property
    def _run(self) -> Run:
        weights = TRAINED if self._trained else "random" if self._weights == "trained" else self._weights
        return record(self._network, self._picture, weights, self._label, self.lr, self.seed)

    @property
    def _weights(self) -> object:
        return "random" if self.untrained else self.weights

    @cached_property
    def _known(self) -> dict[str, Any]:
        """What is told of more than once."""
        picture = Text("an image") if self.label is None else Text("an image of class {label}", label=self._label)
        loss, after = (self._read(name)[0] for name in ("loss", "after_loss" if self.lr else "loss"))
        places = significant(after.value - loss.value, 1).places
        if self.digits is None and 2 < places <= 6:
            # As many decimals as tell the losses apart.
            loss, after = replace(loss, decimals=places), replace(after, decimals=places)
        return {
            "label": self._label,
            "picture": Text("a hand-drawn {digit}", digit=DIGIT) if is_digit(self.input) else picture,
            "parameters": self._network.parameters,
            "rate": Number(self.lr, None, ("lr",)),
            "p": self._probability(self._label),
            "loss": loss,
            "after": after,
            "strong": Strong(after),
        }

    def story(self) -> Story:
        """A step for each layer forward, softmax and loss, and for each on the way back; then the descent, forward."""
        run, known, network = self._run, self._known, self._network
        story = Story(self, Text("Convolutional neural network"), run.graph, point=self._point)
        layers, weights = counted(len(run.stages), "{n} layer", "{n} layers"), Text("{parameters} parameters", **known)
        story.settings = [("", layers), ("", weights), ("label", Assigned(Symbol("y"), Number(self._label)))]
        rule = Text(r"$w\leftarrow w-{rate}\cdot\partial L/\partial w$", **known)
        what = Text(
            "a convolutional network ({layers}) on a {size} image of class {label}: its feature maps appear, softmax "
            "gives the class a probability of {p}, the loss is {loss}, its gradient flows back to the weights{learned}",
            layers=listed(stage.layer.text for stage in run.stages),
            size=Shape(self._picture.shape),
            learned=Text("; after one step of gradient descent it is {after}", **known) if self.lr else "",
            **known,
        )
        was = Text("was {loss}", **known) if self.lr else ""
        return story.play(
            self._steps,
            2 * len(run.stages) + 5 + (network.blocks[-1] + 2 if self.lr else 0),
            (network_panel(run, network, self._label, self.max_decimals(), self.digits, known["loss"].places, was),),
            alt=what,
            step_roles=(),
            formula=joined((Math(r"L=-\ln\,p_y"), rule if self.lr else None), "     "),
        )

    @property
    def _point(self) -> Words:
        if not self._trained:
            return Text("Forward to the loss, its gradient back to every weight, one step down")
        digit = int(self._read("probabilities").values.argmax())
        known = {"label": self._label, "digit": digit, "p": self._probability(digit)}
        if digit == self._label:
            return Text("Trained on handwritten digits, it reads this one as a {digit}: probability {p}", **known)
        return Text("Trained on handwritten digits, it mistakes this {label} for a {digit}: probability {p}", **known)

    def _read(self, tensor: str, station: str = "") -> Numbers:
        """The numbers of a tensor, or of a station that shows it."""
        values = self._run[tensor] if station else self._run.tensors[tensor].values
        return Numbers(station or tensor, np.atleast_1d(values), self.max_decimals())

    def _probability(self, digit: int) -> Number:
        """That of a class, with the decimals that tell it from 0 and 1."""
        p = self._read("probabilities")[digit]
        return p if self.digits is not None or 0.01 <= p.value <= 0.99 else replace(p, decimals=4)

    def _steps(self) -> Iterator[Step]:
        run = self._run
        forth = (
            (caption, [set_station(run, station, "active", "" if tensor == "x" else tensor)])
            for (station, tensor), caption in zip(run.stations, self._forward(), strict=True)
        )
        yield from walk(forth, "done")
        first, *captions = self._backward()
        ends = [set_station(run, name, "gradient") for name in ("loss", "softmax")]
        back = (
            (caption, [set_station(run, station, "gradient", f"grad_{tensor}")])
            for (station, tensor), caption in zip(run.stations[-3::-1], captions, strict=True)
        )
        yield from walk([(first, ends), *back], "returned")
        if self.lr:
            updated = {stage.name for stage in run.stages if stage.weights}
            roles = [set_station(run, name, "updated" if name in updated else "idle") for name, _ in run.stations]
            down = Text("One step down for all {parameters} parameters: w ← w − {rate}·∂L/∂w", **self._known)
            yield from walk([(down, roles)], "")
            yield from walk(self._again(), "done", last=2)

    def _forward(self) -> Iterator[Words]:
        x, p = self._read("x", "input"), self._known["p"]
        ends = replace(x, decimals=digits_for(x.values.min(), x.values.max(), most=self.max_decimals()))
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
        p = self._known["p"]
        yield Text(
            "Back from the loss: ∂L/∂z is p for wrong classes, p − 1 for the label: {value}",
            value=equation(None, p - 1, replace(slope, decimals=p.decimals)),
        )
        for stage in reversed(self._run.stages):
            yield backward(stage, mean_size(self._run, stage.tensor.name, stage.letter, self.digits))
        size = mean_size(self._run, "x", "x", self.digits)
        yield Text("At the input: how each pixel would change the loss, {size}", size=size)

    def _again(self) -> Iterator[tuple[Words, list[SetLayerView]]]:
        """The way forward with the new weights, block by block."""
        run, known = self._run, self._known
        named = zip(self._network.blocks, block_names(self._network), run.stages, strict=True)
        for (block, name), group in groupby(named, key=itemgetter(0, 1)):
            shown = [set_station(run, stage.name, "active", f"after_{stage.y.name}") for *_, stage in group]
            shown += [set_station(run, "input", "active", "x")] if block == 1 else []
            yield Text("Forward again with the new weights: {block}", block=name), shown
        template = "Softmax and loss again: the loss rises from {loss} to {strong}"
        if known["loss"].exact() == known["after"].exact():
            template = "Softmax and loss again: the loss stays at {strong}"
        elif known["after"].value < known["loss"].value:
            template = "Softmax and loss again: the loss falls from {loss} to {strong}"
        end = set_station(run, "loss", "done", "after_loss", note=Text("was {loss}", **known))
        yield Text(template, **known), [set_station(run, "softmax", "done", "after_probabilities"), end]
