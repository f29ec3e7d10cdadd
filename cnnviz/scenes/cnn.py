"""A whole network on a digit: maps pass forward to the loss, its gradient flows back to the weights."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_CLASSES, MAX_NETWORK_INPUT
from cnnviz.network import Backward, Forward, Network, descend, load_weights, parse_layers
from cnnviz.network.layers import BatchNorm, Weights
from cnnviz.notation import number, size_text
from cnnviz.parameters import ArrayLike, Size, param, quote
from cnnviz.scene import Scene
from cnnviz.scenes._digit import DIGIT, drawn_digit
from cnnviz.scenes._layer_words import (
    backward_words,
    forward_words,
    loss_texts,
    mean_words,
    rate_text,
    read,
    significant,
)
from cnnviz.storyboard import Change, Maps, SetStation, Shade, Station, Step, Storyboard, Values

if TYPE_CHECKING:
    from cnnviz.operation import Operation

_PANEL = "network"
_INPUT, _SOFTMAX, _LOSS = "input", "softmax", "loss"
_GREATEST_POWER, _GREATEST = 100.0, 1e6


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
        None, help="The class that the picture shows.", lo=0, hi=MAX_CLASSES - 1,
        shown_default=f"{DIGIT}, or the last class of fewer",
    )  # fmt: skip
    lr: float = param(
        0.01, alias="learning-rate", help="Learning rate of the step at the end; 0 for none.", lo=0, hi=1e6
    )
    i: Size | None = param(
        None, alias="input-size", help="Input size.", lo=1, hi=MAX_NETWORK_INPUT, group="Data",
        shown_default="28, or the data's own",
    )  # fmt: skip
    input: ArrayLike = param(
        "digit", group="Data",
        help="Input: digit (a drawn 3), an image, .npy, .csv or .txt file, a literal, random, arange, ones or zeros.",
    )
    weights: ArrayLike = param(
        "random", group="Data", help="Weights: random (from the seed), or an .npz file of conv1.weight, conv1.bias, …",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self._network.classes > MAX_CLASSES:
            raise UsageError(
                f"--layers ends in {self._network.layers[-1].text} with {size_text(*self._network.shapes[-1])} "
                f"numbers, more than {MAX_CLASSES} classes: end with fc 10"
            )
        if self._network.classes < 2:
            raise UsageError("--layers ends in one number: two classes are the fewest, end with fc 2 or more")
        if self._label >= self._network.classes:
            raise UsageError(
                f"--label {self.label} is no class of {self._network.classes}: use {self._network.classes - 1} or "
                f"less, or end --layers with fc {self._label + 1} or more"
            )
        self._check_values()

    def _check_values(self) -> None:
        """Refuse what cannot be computed or would not be read; raises UsageError."""
        runs = [self._run.maps, *([self._after.maps] if self._after else []), self._slopes.maps]
        own = [value for weights in self._slopes.weights for value in weights.values()]
        most = max(float(np.abs(array).max()) for array in (*(array for maps in runs for array in maps), *own))
        if not most <= _GREATEST:
            reach = f"reach {significant(most, 3)}" if np.isfinite(most) else "are too large to compute"
            raise UsageError(
                f"the network's values {reach}, but a figure shows up to {_GREATEST:.0f}: use smaller weights, input "
                "values or --lr"
            )

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
    def _weights(self) -> tuple[Weights, ...]:
        given = os.fspath(self.weights) if isinstance(self.weights, os.PathLike) else self.weights
        if not isinstance(given, str):
            raise UsageError(f"--weights {quote(given)} is neither random nor the path of an .npz file")
        object.__setattr__(self, "weights", given)
        if given == "random":
            return self._network.he_weights(self.seed)
        return self._network.with_names(load_weights(given, self._network.named_shapes))

    @cached_property
    def _run(self) -> Forward:
        with np.errstate(over="ignore", invalid="ignore"):
            return self._network.forward(self._picture[None], self._weights, self._label)

    @cached_property
    def _slopes(self) -> Backward:
        with np.errstate(over="ignore", invalid="ignore"):
            return self._network.backward(self._run, self._weights, self._label)

    @cached_property
    def _after(self) -> Forward | None:
        """The network after one step of gradient descent; None for a learning rate of 0."""
        if self.lr == 0:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            weights = descend(self._weights, self._slopes.weights, self.lr)
            return self._network.forward(self._picture[None], weights, self._label)

    @property
    def _names(self) -> tuple[str, ...]:
        return (_INPUT, *self._network.names)

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """What every station shows at the end: the values after the step, or without one the gradients."""
        done = self._after or self._run
        maps = done.maps if self._after else self._slopes.maps
        shown = {name: self._shown(place, values) for place, (name, values) in
                 enumerate(zip(self._names, maps, strict=True))}  # fmt: skip
        return shown | {_SOFTMAX: done.probabilities, _LOSS: np.array([done.loss])}

    def operation(self) -> Operation:
        """The network with one step of gradient descent."""
        from cnnviz.scenes._operations import network

        weights, source = self._weights, str(self.weights)
        file = None if source == "random" else source
        seed = self._network.seed(self.seed)
        return network(self._network, self._picture, weights, self._label, self.lr, seed, file)

    def storyboard(self) -> Storyboard:
        """A step for each layer forward, softmax and loss, each of them on the way back, and the descent."""
        network = self._network
        layers = f"{len(network.layers)} layer" + ("" if len(network.layers) == 1 else "s")
        settings = [layers, f"{network.parameters} parameters", f"label $y={self._label}$"]
        return Storyboard(
            scene="cnn",
            parameters=self.public(),
            title="Convolutional neural network",
            settings="     ".join(settings),
            formula=r"$L=-\ln\,p_y$" + (f"     {self._rule}" if self._after else ""),
            convention="gradients: one hue below 0, another above",
            alt=self._alt(),
            rows=((Maps(name=_PANEL, stations=tuple(self._stations()), scales=("sequential", "diverging")),),),
            steps=self._steps,
            count=2 * len(network.layers) + 5 + (self._after is not None),
        )

    def _shown(self, place: int, values: Values) -> Values:
        """The values of a map as its station has them: the last layer's as one line of scores."""
        return values.ravel() if place == len(self._network.layers) else values

    def _stations(self) -> Iterator[Station]:
        network, classes = self._network, tuple(map(str, range(self._network.classes)))
        runs = [run for run in (self._run, self._after) if run is not None]
        yield Station(
            name=_INPUT, title="input", size=size_text(*network.input_shape), values=self._run.maps[0],
            shade=_shade(self._run.maps[0], "gray"), digits=self._most(),
        )  # fmt: skip
        groups = self._groups()
        for place, (name, layer) in enumerate(zip(network.names, network.layers, strict=True), start=1):
            last = place == len(network.layers)
            most = max(float(np.abs(maps[place]).max()) for maps in (*(r.maps for r in runs), self._slopes.maps))
            yield Station(
                name=name, title=layer.text, size=size_text(*network.shapes[place]),
                digits=self._most(2 if most < 100 else 0),
                values=np.full(network.classes if last else network.shapes[place], np.nan),
                form="numbers" if last else "maps", group=groups[place - 1], widest=self._note(place),
                shade=Shade(scale="sequential", lo=-most, hi=most, always=True),
            )  # fmt: skip
        yield Station(
            name=_SOFTMAX, title="softmax", size=str(network.classes), values=np.full(network.classes, np.nan),
            form="bars", group=groups[-1], lines=classes, marked=self._label, digits=self._most(),
        )  # fmt: skip
        yield Station(
            name=_LOSS, title=f"loss −ln\u00a0$p_{{{self._label}}}$", size="1", values=np.array([np.nan]), form="total",
            widest=self._was if self._after else "", digits=self._most(),
        )  # fmt: skip

    def _groups(self) -> list[str]:
        """Each layer's block: a convolution or fully connected layer and what follows it."""
        starts = np.cumsum([place == 0 or layer.starts_group for place, layer in enumerate(self._network.layers)])
        return ["output" if start == starts[-1] else f"block {start}" for start in starts]

    def _note(self, place: int) -> str:
        own = self._slopes.weights[place - 1].get("weight")
        what = "γ" if isinstance(self._network.layers[place - 1], BatchNorm) else "W"
        return "" if own is None else f"∂{what} {significant(float(np.abs(own).mean()), most=self.digits)}"

    @property
    def _rule(self) -> str:
        """The descent with its learning rate put in."""
        head, _, power = f"{self.lr:g}".partition("e")
        rate = rf"{head}\cdot 10^{{{int(power)}}}" if power else head
        return rf"$w\leftarrow w-{rate}\cdot\partial L/\partial w$"

    @property
    def _was(self) -> str:
        return f"was {self._two(self._run.loss)}"

    def _steps(self) -> Iterator[Step]:
        yield from self._forward_steps()
        yield from self._backward_steps()
        if self._after is not None:
            yield self._descent(self._after)

    def _forward_steps(self) -> Iterator[Step]:
        network, run, names = self._network, self._run, self._names
        what = f"a drawn {DIGIT}" if self._drawn else f"class {self._label}"
        yield Step(
            caption=f"the input, {size_text(*network.input_shape)}, from {self._two(run.maps[0].min())} to "
            f"{self._two(run.maps[0].max())}: **{what}**",
            changes=(_set(_INPUT, role="active"),),
        )
        for place, layer in enumerate(network.layers, start=1):
            x, y = run.maps[place - 1], run.maps[place]
            shown = self._shown(place, y)
            yield Step(
                caption=forward_words(layer, x, y, self._weights[place - 1], self.digits),
                changes=(_set(names[place - 1], role="done"),
                         _set(names[place], role="active", values=shown, shade=_shade(shown, "sequential"))),
            )  # fmt: skip
        yield Step(
            caption=self._softmax_words(),
            changes=(_set(names[-1], role="done"), _set(_SOFTMAX, role="active", values=run.probabilities)),
        )
        p = significant(run.probabilities[self._label], 3, self.digits)
        # Of what is written as 0 there is no logarithm.
        inside = f" = −ln {p}" if read(p) else ""
        yield Step(
            caption=f"the loss −ln $p_{{{self._label}}}${inside} ≈ **{self._two(run.loss)}**",
            changes=(_set(_SOFTMAX, role="done"), _set(_LOSS, role="active", values=np.array([run.loss]))),
        )

    def _softmax_words(self) -> str:
        scores, p = self._run.maps[-1].ravel(), f"$p_{{{self._label}}}$"
        result = self._two(self._run.probabilities[self._label])
        if np.abs(scores).max() > _GREATEST_POWER:
            return f"softmax: {len(scores)} scores become probabilities that add up to 1, {p} ≈ **{result}**"
        powers = np.exp(scores)
        own, total = (significant(value, 3, self.digits) for value in (powers[self._label], powers.sum()))
        score = self._two(scores[self._label])
        # Of three digits that count the quotient is told as if it were the powers'.
        sign = "=" if self.digits is None else "≈"
        end = "=" if math.isclose(read(own) / read(total), read(result), rel_tol=1e-12) else "≈"
        return f"softmax: {p} = exp({score}) / Σ exp(z) {sign} {own} / {total} {end} **{result}**"

    def _backward_steps(self) -> Iterator[Step]:
        network, names, slopes = self._network, self._names, self._slopes
        p = float(self._run.probabilities[self._label])
        yield Step(
            caption=f"back from the loss: ∂L/∂z is p for every class but the label, for it p − 1, {self._two(p)} − 1 = "
            f"**{self._two(round(p, self._most()) - 1)}**",
            changes=(_set(_LOSS, role="gradient"), _set(_SOFTMAX, role="gradient")),
        )
        left: tuple[str, ...] = (_LOSS, _SOFTMAX)
        for place in range(len(network.layers), 0, -1):
            layer, slope = network.layers[place - 1], slopes.maps[place]
            words = backward_words(layer, self._run.maps[place - 1], slope, slopes.weights[place - 1], self.digits)
            changes = self._turn(left, names[place], self._shown(place, slope), self._note(place))
            yield Step(caption=words, changes=changes)
            left = (names[place],)
        yield Step(
            caption="back at the input: what each pixel does to the loss, "
            f"{mean_words('x', slopes.maps[0], self.digits)}",
            changes=self._turn(left, _INPUT, slopes.maps[0], ""),
        )

    def _turn(self, left: tuple[str, ...], name: str, slope: Values, note: str) -> tuple[Change, ...]:
        """The gradient leaves some stations and reaches another."""
        return (
            *(_set(before, role="returned") for before in left),
            _set(name, role="gradient", values=slope, shade=_shade(slope, "diverging"), note=note),
        )

    def _descent(self, after: Forward) -> Step:
        changes: list[Change] = []
        for place, name in enumerate(self._names):
            shown = self._shown(place, after.maps[place])
            learned = place > 0 and bool(self._slopes.weights[place - 1])
            shade = _shade(shown, "sequential" if place else "gray")
            changes.append(_set(name, role="updated" if learned else "done", values=shown, shade=shade))
        changes += [
            _set(_SOFTMAX, role="done", values=after.probabilities),
            _set(_LOSS, role="done", values=np.array([after.loss]), note=self._was),
        ]
        before, now = loss_texts(self._run.loss, after.loss, self.digits)
        how = "falls" if after.loss < self._run.loss else "rises"
        goes = "stays at" if before == now else f"{how} from {before} to"
        rule = f"w ← w − {rate_text(self.lr)}·∂L/∂w for all {self._network.parameters} parameters"
        return Step(caption=f"{rule}: the loss {goes} **{now}**", changes=tuple(changes), beats=2)

    def _two(self, value: float) -> str:
        return number(float(value), self._most())

    def _alt(self) -> str:
        network, run = self._network, self._run
        layers = ", ".join(layer.text for layer in network.layers)
        step = f"; after one step of gradient descent it is {self._two(self._after.loss)}" if self._after else ""
        return (
            f"Animation of a convolutional network ({layers}) on a {size_text(*network.input_shape[1:])} picture of "
            f"class {self._label}: the feature maps of each layer appear from left to right, softmax gives the class a "
            f"probability of {self._two(run.probabilities[self._label])}, the loss is {self._two(run.loss)}, and its "
            f"gradient flows back through every layer to the weights{step}."
        )


def _set(station: str, **what: object) -> SetStation:
    return SetStation(panel=_PANEL, station=station, **what)  # type: ignore[arg-type]


def _shade(values: Values, scale: str) -> Shade:
    """From the least to the greatest value, or as far on both sides of 0."""
    lo, hi = float(values.min()), float(values.max())
    if scale == "diverging":
        most = max(-lo, hi) or 1.0
        return Shade(scale=scale, lo=-most, hi=most, always=True)
    return Shade(scale=scale, lo=lo, hi=hi if hi > lo else lo + 1, always=True)
