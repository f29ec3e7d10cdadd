"""The gradients of a convolution: sums of windows, stamps of the kernel, and these as a full convolution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import compress
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
from cnnviz.story import CURRENT, WINDOW, Axis, Cells, Index, Story, Tensor, Windows, check_steps, times
from cnnviz.storyboard import Mark, Step, Values
from cnnviz.words import Expression, Math, Number, Shape, Symbol, Text, Words, equation, joined, total

if TYPE_CHECKING:
    from cnnviz.scenes.conv_backward import ConvBackward

_GREY = Text("grey: what the way forward has computed")


def sums_of_windows(scene: ConvBackward, story: Story, found: Mapping[str, Tensor], g: Values) -> Story:
    """Each cell of the gradient adds its multiple of its window, and maybe of the kernel."""
    x, w, windows = scene.map.values, scene.weights.values, scene.slide.windows
    drawn, places, weights = windows.padded(x, 0), list(windows.positions()), list(np.ndindex(w.shape))
    X = story.cells("input", "$x$ {size}", found["x"], windows=windows, role="forward", data=scene.map)
    both = scene.part == "both"
    G = gradient_panel(story, g, under=both)
    windowed = [dict(zip(weights, [g[at] * drawn[cell] for cell in windows.cells(at)], strict=True)) for at in places]
    by_w = adding_up(story, "weight", Math(BY_W), found["grad_w"], windowed)
    shares = [{(0, 0): float(g[at])} for at in places]
    by_b = adding_up(story, "bias", Math(BY_B), found["grad_b"], shares, under=both)
    sums, stage = [by_w, by_b], list[Cells | str]([X, "∗", G, "=", by_w, by_b])
    if both:
        W = story.cells("kernel", "$w$ {size}", found["w"], role="forward")
        stamps = [stamp(windows, at, float(g[at]) * w) for at in places]
        by_x = adding_up(story, "by-input", Math(BY_X), found["grad_x"], stamps)
        sums, stage = [*sums, by_x], [X, W, G, "→", by_x, by_w, by_b]
    # The weight that meets the most values is worked out.
    example = max(range(len(weights)), key=lambda n: sum(bool(drawn[windows.cells(at)[n]]) for at in places))

    def product(at: Index) -> Expression:
        return G[at] * X[windows.cells(at)[example]]

    def steps() -> Iterator[Step]:
        yield sends(story, G)
        worked = weights[example]
        for n, at in enumerate(places):
            added = [each.add(n) for each in sums]
            caption = by_w.so_far(by_w.symbol(BY_W, worked), worked, product, places[: n + 1])
            if both:
                caption = to_both(G[at], at, "w", BY_W)
            # Where it stands below the kernel, a link to an outline would cross numbers.
            here = G.cover([at]) if both else [G.mark("current", at)]
            yield story.step(caption, X.move_window(windows, at), here, *added)

    full = Text("${x}={y}$ in zeros $\\ast\\ w$ rotated", x=BY_X, y=BY_Y)
    bias = equation(Math(BY_B), total(G.read()), by_b[0, 0])
    return story.play(
        steps,
        windows.count + 1,
        stage,
        answer=Text("The bias was added everywhere: {sum}", sum=bias),
        alt=Text(
            "back-propagation through a convolution: {slides}; each cell of the {grad} gradient of the output, times "
            "the window that made it, adds up to the gradient of the kernel",
            slides=scene.slide.describe(story.settings_text("kernel")),
            grad=Shape(windows.out),
        ),
        formula=joined((Math(rf"{BY_W}=x\ast {BY_Y}\qquad {BY_B}=\Sigma\,{BY_Y}"), full if both else None), "     "),
        step_roles=("input", "kernel", "kernel_on_padding", "output"),
        convention=_GREY,
    )


def full_convolution(scene: ConvBackward, story: Story, grad_x: Tensor, g: Values) -> Story:
    """Each cell of the gradient stamps its multiple of the kernel; then the turned kernel slides over the gradient."""
    w, frame = scene.weights.values, _framed(scene, g)
    # Where the cells of the gradient stand between zeros.
    stands = {
        at: tuple(axis.before + s * n for axis, s, n in zip(frame.axes, scene.s, at, strict=True))
        for at in np.ndindex(g.shape)
    }
    picture, roles = np.zeros(frame.drawn), np.where(frame.roles() == "padding", "padding", "zero")
    for at, place in stands.items():
        picture[place], roles[place] = g[at], "input"
    check_steps(count := 2 + g.size + frame.count, "this gradient")
    G = story.cells(
        "gradient",
        Text("${g}$ {size}, with zeros {whole}", g=BY_Y, size=Shape(g.shape), whole=Shape(picture.shape)),
        picture,
        first=np.full(picture.shape, np.nan),
        roles=np.where(roles == "input", "pending", roles),
        notes=True,
        marks=(WINDOW, CURRENT),
    )
    turned = Text("rotated by 180°")
    W = story.cells("kernel", "$w$ {size}", w[::-1, ::-1], first=w, role="forward", below=turned, enlarge=True)
    stamps = [stamp(scene.slide.windows, at, float(g[at]) * w) for at in stands]
    X = adding_up(story, "by-input", Text("${g}$ {size}", g=BY_X, size=Shape(frame.out)), grad_x, stamps)
    weights = W.read()

    def steps() -> Iterator[Step]:
        yield sends(story, G, stands.values(), W.relabel())
        for n, (at, place) in enumerate(stands.items()):
            caption = Text("{g}: add {value} × kernel where its window was", g=received(G[place], at), value=G[place])
            yield story.step(caption, X.add(n), G.mark("current", place))
        words = Text("The same from the other end: zeros around {g}, the kernel rotated by 180°", g=Math(BY_Y))
        empty = set(np.ndindex(picture.shape)) - set(stands.values())
        zeros = [G.set(at, role=str(roles[at]), value=0.0) for at in sorted(empty)]
        turn = [W.set(place, value=float(value)) for place, value in np.ndenumerate(W.values)]
        yield story.step(words, zeros, turn, W.relabel(turned), story.uncover(), beats=2)
        for at in frame.positions():
            real = [roles[cell] == "input" for cell in frame.cells(at)]
            terms = list(compress(G.read(frame.cells(at)), real)), list(compress(weights, real))
            summed = X.dot_product(at, *terms, letter=BY_X)
            yield story.step(summed, G.move_window(frame, at, times(weights)), X.write(at))

    return story.play(
        steps,
        count,
        (G, "∗", W, "=", X),
        alt=Text(
            "the gradient of a convolution's input: each cell of the {grad} gradient of the output stamps its multiple "
            "of the {k} kernel, and overlaps add up; the kernel, rotated by 180°, then slides over the gradient with "
            "zeros around and gives the same {o} gradient",
            grad=Shape(g.shape),
            k=Shape(w.shape),
            o=Shape(frame.out),
        ),
        formula=Text("${x}={y}$ with zeros around $\\ast\\ w$ rotated by 180°", x=BY_X, y=BY_Y),
        answer=Text("Adding stamps and sliding the rotated kernel give the same gradient"),
        step_roles=("input", "kernel", "kernel_on_padding", "output", "padding", "zero"),
        convention=Text("x itself is not needed: the convolution is linear"),
    )


def _framed(scene: ConvBackward, g: Values) -> Windows:
    """The windows of the turned kernel over the gradient, pulled apart by the stride and framed with zeros."""
    x, w = scene.map.values.shape, scene.weights.values.shape
    # Rows and columns that no window reached have no gradient.
    rest = [(i + 2 * p - d * (k - 1) - 1) % s for i, k, s, p, d in zip(x, w, scene.s, scene.p, scene.d, strict=True)]
    sizes = zip(g.shape, w, scene.s, scene.p, rest, scene.d, strict=True)
    return Windows(tuple(Axis.stretched(*each) for each in sizes))


def channels_backward(scene: ConvBackward, story: Story, found: Mapping[str, Tensor], g: Values) -> Story:
    """Each cell of the gradient adds its multiples of its windows, of its filter, or of both."""
    x, w = scene.maps.values, scene.weight.values
    windows = Windows((Axis.grouped(len(x), len(w), scene.groups), *scene.slide.windows.axes))
    story.check_limits(windows, "this gradient")
    for word, symbol, value in (("channels", "C", len(x)), ("filters", "F", len(w)), ("groups", "g", scene.groups)):
        if symbol != "g" or value > 1:
            story.show_setting(word, symbol, Number(value), size=False)
    story.show_sizes(k=w.shape[2:], s=scene.s, p=scene.p, d=scene.d)
    G, places, kernels = (
        gradient_panel(story, g, **_held(len(w))),
        list(windows.positions()),
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
        by_b = adding_up(story, "bias", Math(BY_B), found["grad_b"], shares)
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

    def product(at: Index) -> Expression:
        return G[at] * X[windows.cells(at)[example]]

    def caption(n: int) -> Words:
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
            moved = X.move_windows(windows, at) if by_w else ()
            yield story.step(caption(n), *lit, moved, G.mark("current", at), *added)
        for ending in endings[:-1]:
            yield story.step(ending, story.uncover(), beats=2)

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
        convention=_GREY,
    )


def _held(count: int) -> dict[str, Any]:
    """Channels, maps or kernels held together in a row."""
    return {"captions": ("",) * count, "columns": count, "held": True}


def _label(letter: str, f: int, w: Values) -> Words:
    return Text("${g}$ {size}", g=f"{letter}_{{{f + 1}}}", size=Shape(w.shape[1:]))
