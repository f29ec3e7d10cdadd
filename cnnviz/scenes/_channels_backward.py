"""The gradients of a convolution of several channels and filters: each tensor stands above a gradient of its shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.scenes._backward import (
    BY_B,
    BY_W,
    BY_X,
    BY_Y,
    SENT,
    Place,
    Sums,
    arrives,
    gradient_panel,
    received,
    stamp,
    to_both,
)
from cnnviz.story import Axis, Cells, Story, Tensor, Windows
from cnnviz.storyboard import Change, Mark, Step, Values
from cnnviz.words import Expression, Math, Number, Shape, Symbol, Text, Words, equation, joined, total

if TYPE_CHECKING:
    from cnnviz.scenes.conv_backward import ConvBackward


class _ByWeight:
    """Windows move over the input X, and each cell of the gradient G adds its multiple of them to a filter's."""

    formula = Math(rf"{BY_W}_{{fc}}=x_c\ast {BY_Y}_f\qquad {BY_B}_f=\Sigma\,{BY_Y}_f")

    def __init__(self, story: Story, windows: Windows, G: Cells, found: Mapping[str, Tensor], maps: Any) -> None:
        x, w, g = found["x"].values[0], found["w"].values, G.values
        self.windows, self.G, self.places = windows, G, list(windows.places())
        marks = [Mark(name=f"window {c}", role="window", channel=c) for c in reversed(range(len(x)))]
        more = {"windows": windows, "role": "forward", "marks": marks, **maps}
        self.X = story.cells("input", "$x$ {size}", found["x"], **more)
        drawn, kernels = windows.padded(x, 0), list(np.ndindex(w.shape[1:]))
        products = [[float(g[at] * drawn[cell]) for cell in windows.cells(at)] for at in self.places]
        self.by_w = []
        for f in range(len(w)):
            pairs = zip(self.places, products, strict=True)
            amounts = [dict(zip(kernels, each, strict=True)) if at[0] == f else {} for at, each in pairs]
            label, more = _label(BY_W, f, w), {"axes": 3, "index": (f,), **_held(w.shape[1])}
            self.by_w.append(Sums(story, f"weight {f + 1}", label, found["grad_w"], amounts, **more))
        shares: list[Mapping[Place, float]] = [{(at[0], 0): float(g[at])} for at in self.places]
        self.by_b = Sums(story, "bias", Text("${g}$", g=BY_B), found["grad_b"], shares)
        self.sums = [*self.by_w, self.by_b]
        # The weight that meets the most values is worked out.
        self._example = max(range(len(kernels)), key=lambda n: sum(bool(each[n]) for each in products))
        self._worked = kernels[self._example]

    def caption(self, n: int) -> Words:
        """The gradient of a weight so far, from its filter's map."""
        f, each = self.places[n][0], self.windows.count // len(self.by_w)
        symbol = Symbol(BY_W, tuple(at + 1 for at in (f, *self._worked)))
        return self.by_w[f].so_far(symbol, self._worked, self._product, self.places[f * each : n + 1])

    def _product(self, at: Place) -> Expression:
        return self.G[at] * self.X[self.windows.cells(at)[self._example]]

    def step(self, n: int) -> Iterator[Change]:
        """The windows move on."""
        return self.X.windows(self.windows, self.places[n])

    def rest(self) -> Iterator[Change]:
        """The windows go away."""
        yield from self.X.cover(())
        for c in range(len(self.X.values)):
            yield self.X.hide(f"window {c}")

    def last(self) -> Words:
        """The first bias."""
        map = self.G.read([at for at in self.places if at[0] == 0])
        bias = equation(Symbol(BY_B, (1,)), total(map), self.by_b.panel[0, 0])
        return Text("A bias was added everywhere in its map: {sum}", sum=bias)


class _ByInput:
    """Each cell of the gradient G stamps its multiple of its filter, one of W, onto the input's gradient."""

    formula = Text("${x}=\\Sigma_f\\,{y}_f$ in zeros $\\ast\\ w_f$ rotated", x=BY_X, y=BY_Y)

    def __init__(self, story: Story, windows: Windows, G: Cells, found: Mapping[str, Tensor], maps: Any) -> None:
        w, shape = found["w"].values, Shape(found["x"].values.shape[1:])
        self.G, self.places = G, list(windows.places())
        more = {"role": "forward", "shade": story.shade(w, plain=True), **_held(w.shape[1])}
        self.W = [story.cells(f"filter {f + 1}", _label("w", f, w), each, **more) for f, each in enumerate(w)]
        stamps = [stamp(windows, at, float(G.values[at]) * w[at[0]]) for at in self.places]
        label = Text("${g}$ {size}", g=BY_X, size=shape)
        self.sums = [Sums(story, "by-input", label, found["grad_x"], stamps, axes=3, **maps)]

    def caption(self, n: int) -> Words:
        """What is stamped."""
        at = self.places[n]
        return Text("{g} stamps its multiple of filter {f} onto the channels", g=received(self.G[at], at), f=at[0] + 1)

    def step(self, n: int) -> Iterator[Change]:
        """The filter in use is lit."""
        for f, cells in enumerate(self.W):
            yield from cells.cover(list(np.ndindex(cells.values.shape)) if f == self.places[n][0] else ())

    def rest(self) -> Iterator[Change]:
        """No filter is in use."""
        for cells in self.W:
            yield from cells.cover(())

    def last(self) -> Words:
        """What it comes to."""
        return Text("The input's gradient is the sum over all filters")


def channels_backward(scene: ConvBackward, story: Story, found: Mapping[str, Tensor], g: Values) -> Story:
    """Each cell of the gradient adds its multiples of its windows, of its filter, or of both."""
    x, w = scene.maps.values, scene.weight.values
    windows = Windows((Axis.grouped(len(x), len(w), scene.groups), *scene.slide.windows.axes))
    story.fits(windows, "this gradient")
    for word, symbol, value in (("channels", "C", len(x)), ("filters", "F", len(w)), ("groups", "g", scene.groups)):
        if symbol != "g" or value > 1:
            story.set(word, symbol, Number(value), size=False)
    story.sizes(k=w.shape[2:], s=scene.s, p=scene.p, d=scene.d)
    channels = _held(len(x))
    G = gradient_panel(story, g, **_held(len(w)))
    parts: list[_ByWeight | _ByInput] = []
    upper: list[Cells] = []
    lower: list[Cells] = []
    if scene.part != "input":
        parts.append(by_weight := _ByWeight(story, windows, G, found, channels))
        upper, lower = [by_weight.X], [each.panel for each in by_weight.sums]
    if scene.part != "weight":
        parts.append(by_input := _ByInput(story, windows, G, found, channels))
        # The input stands beside the gradient, so that a link between them crosses nothing.
        upper, lower = [*by_input.W, *upper], [*lower[:-1], by_input.sums[0].panel, *lower[-1:]]
    sums = [each for part in parts for each in part.sums]

    def steps() -> Iterator[Step]:
        for each in sums:
            each.start()
        yield story.step(Text(SENT, g=Math(BY_Y)), arrives(G), beats=2)
        for n, at in enumerate(windows.places()):
            added, moved = [each.add(n) for each in sums], [part.step(n) for part in parts]
            both = to_both(G[at], at, f"w_{at[0] + 1}", f"{BY_W}_{at[0] + 1}")
            yield story.step(both if len(parts) > 1 else parts[0].caption(n), *moved, G.mark("current", at), *added)
        for part in parts:
            rest = [part.rest(), *(each.rest() for each in part.sums)]
            yield story.step(part.last(), *rest, G.hide("current"), beats=2)

    return story.play(
        steps,
        windows.count + 1 + len(parts),
        (*upper, G),
        lower,
        alt=Text(
            "back-propagation through a convolution of {x} with {w}: each cell of the {grad} gradient of the output, "
            "times its windows, adds up to the gradient of its filter, and times its filter to that of the input",
            x=Shape(x.shape),
            w=Shape(w.shape),
            grad=Shape(g.shape),
        ),
        formula=joined((part.formula for part in parts), "     "),
        step_roles=("input", "kernel", "kernel_on_padding", "output"),
        convention=Text("grey: what the way forward has computed"),
    )


def _held(count: int) -> dict[str, Any]:
    """Channels, maps or kernels held together in a row."""
    return {"captions": ("",) * count, "columns": count, "held": True}


def _label(letter: str, f: int, w: Values) -> Words:
    return Text("${g}$ {size}", g=f"{letter}_{{{f + 1}}}", size=Shape(w.shape[1:]))
