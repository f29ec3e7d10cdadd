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
    Sums,
    adding_up,
    gradient_panel,
    received,
    sends,
    stamp,
    to_both,
)
from cnnviz.story import Axis, Cells, Place, Story, Tensor, Windows
from cnnviz.storyboard import Mark, Step, Values
from cnnviz.words import Expression, Math, Number, Shape, Symbol, Text, Words, equation, joined, total

if TYPE_CHECKING:
    from cnnviz.scenes.conv_backward import ConvBackward


def channels_backward(scene: ConvBackward, story: Story, found: Mapping[str, Tensor], g: Values) -> Story:
    """Each cell of the gradient adds its multiples of its windows, of its filter, or of both."""
    x, w = scene.maps.values, scene.weight.values
    windows = Windows((Axis.grouped(len(x), len(w), scene.groups), *scene.slide.windows.axes))
    story.fits(windows, "this gradient")
    for word, symbol, value in (("channels", "C", len(x)), ("filters", "F", len(w)), ("groups", "g", scene.groups)):
        if symbol != "g" or value > 1:
            story.set(word, symbol, Number(value), size=False)
    story.sizes(k=w.shape[2:], s=scene.s, p=scene.p, d=scene.d)
    G, places, kernels = (
        gradient_panel(story, g, **_held(len(w))),
        list(windows.places()),
        list(np.ndindex(w.shape[1:])),
    )
    formulas, endings = list[Words](), list[Words]()
    upper, lower, filters, by_w = list[Cells](), list[Sums](), list[Cells](), list[Sums]()

    if scene.part != "input":
        # Windows move over the input; each cell of the gradient adds its multiple of them to its filter's.
        marks = [Mark(name=f"window {c}", role="window", channel=c) for c in reversed(range(len(x)))]
        more: dict[str, Any] = {"windows": windows, "role": "forward", "marks": marks, **_held(len(x))}
        X, drawn = story.cells("input", "$x$ {size}", found["x"], **more), windows.padded(x, 0)
        products = {at: [float(g[at] * drawn[cell]) for cell in windows.cells(at)] for at in places}
        for f in range(len(w)):
            amounts = [dict(zip(kernels, products[at], strict=True)) if at[0] == f else {} for at in places]
            more = {"axes": 3, "index": (f,), **_held(w.shape[1])}
            by_w.append(adding_up(story, f"weight {f + 1}", _label(BY_W, f, w), found["grad_w"], amounts, **more))
        shares = [{(at[0], 0): float(g[at])} for at in places]
        by_b = adding_up(story, "bias", Text("${g}$", g=BY_B), found["grad_b"], shares)
        # The weight that meets the most values is worked out.
        example = max(range(len(kernels)), key=lambda n: sum(bool(each[n]) for each in products.values()))
        upper, lower = [X], [*by_w, by_b]
        formulas.append(Math(rf"{BY_W}_{{fc}}=x_c\ast {BY_Y}_f\qquad {BY_B}_f=\Sigma\,{BY_Y}_f"))
        bias = equation(Symbol(BY_B, (1,)), total(G.read([at for at in places if at[0] == 0])), by_b[0, 0])
        endings.append(Text("A bias was added everywhere in its map: {sum}", sum=bias))
    if scene.part != "weight":
        # Each cell of the gradient stamps its multiple of its filter onto the input's gradient.
        more = {"role": "forward", "shade": story.shade(w, plain=True), **_held(w.shape[1])}
        filters = [story.cells(f"filter {f + 1}", _label("w", f, w), each, **more) for f, each in enumerate(w)]
        stamps = [stamp(windows, at, float(g[at]) * w[at[0]]) for at in places]
        label = Text("${g}$ {size}", g=BY_X, size=Shape(x.shape))
        by_x = adding_up(story, "by-input", label, found["grad_x"], stamps, axes=3, **_held(len(x)))
        # The input stands beside the gradient, so that a link between them crosses nothing.
        upper, lower = [*filters, *upper], [*lower[:-1], by_x, *lower[-1:]]
        formulas.append(Text("${x}=\\Sigma_f\\,{y}_f$ in zeros $\\ast\\ w_f$ rotated", x=BY_X, y=BY_Y))
        endings.append(Text("The input's gradient is the sum over all filters"))

    def product(at: Place) -> Expression:
        return G[at] * X[windows.cells(at)[example]]

    def told(n: int) -> Words:
        at, f = places[n], places[n][0]
        if scene.part == "both":
            return to_both(G[at], at, f"w_{f + 1}", f"{BY_W}_{f + 1}")
        if filters:
            return Text("{g} stamps its multiple of filter {f} onto the channels", g=received(G[at], at), f=f + 1)
        symbol = Symbol(BY_W, tuple(index + 1 for index in (f, *kernels[example])))
        return by_w[f].so_far(symbol, kernels[example], product, [each for each in places[: n + 1] if each[0] == f])

    def steps() -> Iterator[Step]:
        yield sends(story, G)
        for n, at in enumerate(places):
            added = [each.add(n) for each in lower]
            lit = [W.cover(list(np.ndindex(W.values.shape)) if f == at[0] else ()) for f, W in enumerate(filters)]
            moved = X.windows(windows, at) if by_w else ()
            yield story.step(told(n), *lit, moved, G.mark("current", at), *added)
        for ending in endings[:-1]:
            yield story.step(ending, story.rest(), beats=2)

    return story.play(
        steps,
        windows.count + len(endings),
        (*upper, G),
        lower,
        answer=endings[-1],
        alt=Text(
            "back-propagation through a convolution of {x} with {w}: each cell of the {grad} gradient of the output, "
            "times its windows, adds up to the gradient of its filter, and times its filter to that of the input",
            x=Shape(x.shape),
            w=Shape(w.shape),
            grad=Shape(g.shape),
        ),
        formula=joined(formulas, "     "),
        step_roles=("input", "kernel", "kernel_on_padding", "output"),
        convention=Text("grey: what the way forward has computed"),
    )


def _held(count: int) -> dict[str, Any]:
    """Channels, maps or kernels held together in a row."""
    return {"captions": ("",) * count, "columns": count, "held": True}


def _label(letter: str, f: int, w: Values) -> Words:
    return Text("${g}$ {size}", g=f"{letter}_{{{f + 1}}}", size=Shape(w.shape[1:]))
