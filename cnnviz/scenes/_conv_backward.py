"""The gradients of a convolution: sums of windows, stamps of the kernel, and these as a full convolution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.scenes._backward import (
    BY_B,
    BY_W,
    BY_X,
    BY_Y,
    adding_up,
    gradient_panel,
    received,
    sends,
    stamp,
    to_both,
)
from cnnviz.story import CURRENT, WINDOW, Axis, Cells, Place, Sliding, Story, Tensor, Windows, check_steps, times
from cnnviz.storyboard import Step, Values
from cnnviz.words import Expression, Math, Shape, Text, dot, equation, joined, total

if TYPE_CHECKING:
    from cnnviz.scenes.conv_backward import ConvBackward


def sums_of_windows(scene: ConvBackward, story: Story, slide: Sliding, found: Mapping[str, Tensor], g: Values) -> Story:
    """Each cell of the gradient adds its multiple of its window, and maybe of the kernel."""
    x, w, windows = scene.map.values, scene.weights.values, slide.windows
    drawn, places, weights = windows.padded(x, 0), list(windows.places()), list(np.ndindex(w.shape))
    X = story.cells("input", "$x$ {size}", found["x"], windows=windows, role="forward", data=scene.map)
    both = scene.part == "both"
    G = gradient_panel(story, g, under=both)
    windowed = [dict(zip(weights, [g[at] * drawn[cell] for cell in windows.cells(at)], strict=True)) for at in places]
    by_w = adding_up(story, "weight", Text("${g}$", g=BY_W), found["grad_w"], windowed)
    shares = [{(0, 0): float(g[at])} for at in places]
    by_b = adding_up(story, "bias", Text("${g}$", g=BY_B), found["grad_b"], shares, under=both)
    sums, stage = [by_w, by_b], list[Cells | str]([X, "∗", G, "=", by_w, by_b])
    if both:
        W = story.cells("kernel", "$w$ {size}", found["w"], role="forward")
        stamps = [stamp(windows, at, float(g[at]) * w) for at in places]
        by_x = adding_up(story, "by-input", Text("${g}$", g=BY_X), found["grad_x"], stamps)
        sums, stage = [*sums, by_x], [X, W, G, "→", by_x, by_w, by_b]
    # The weight that meets the most values is worked out.
    example = max(range(len(weights)), key=lambda n: sum(bool(drawn[windows.cells(at)[n]]) for at in places))

    def product(at: Place) -> Expression:
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
            yield story.step(caption, X.window(windows, at), here, *added)

    full = Text("${x}={y}$ in zeros $\\ast\\ w$ rotated", x=BY_X, y=BY_Y)
    bias = equation(Math(BY_B), total(G.read(places)), by_b[0, 0])
    return story.play(
        steps,
        windows.count + 1,
        stage,
        answer=Text("The bias was added everywhere: {sum}", sum=bias),
        alt=Text(
            "back-propagation through a convolution: {slides}; each cell of the {grad} gradient of the output, times "
            "the window that made it, adds up to the gradient of the kernel",
            slides=slide.told(story.told("kernel")),
            grad=Shape(windows.out),
        ),
        formula=joined((Math(rf"{BY_W}=x\ast {BY_Y}\qquad {BY_B}=\Sigma\,{BY_Y}"), full if both else None), "     "),
        step_roles=("input", "kernel", "kernel_on_padding", "output"),
        convention=Text("grey: what the way forward has computed"),
    )


def full_convolution(scene: ConvBackward, story: Story, windows: Windows, grad_x: Tensor, g: Values) -> Story:
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
    stamps = [stamp(windows, at, float(g[at]) * w) for at in stands]
    X = adding_up(story, "by-input", Text("${g}$ {size}", g=BY_X, size=Shape(frame.out)), grad_x, stamps)
    weights = W.read(list(np.ndindex(w.shape)))

    def steps() -> Iterator[Step]:
        yield sends(story, G, stands.values(), W.relabel())
        for n, (at, place) in enumerate(stands.items()):
            caption = Text("{g}: add {value} × kernel where its window was", g=received(G[place], at), value=G[place])
            yield story.step(caption, X.add(n), G.mark("current", place))
        said = Text("The same from the other end: zeros around {g}, the kernel rotated by 180°", g=Math(BY_Y))
        empty = set(np.ndindex(picture.shape)) - set(stands.values())
        zeros = [G.set(at, role=str(roles[at]), value=0.0) for at in sorted(empty)]
        turn = [W.set(place, value=float(value)) for place, value in np.ndenumerate(W.values)]
        yield story.step(said, zeros, turn, W.relabel(turned), X.rest(), G.hide("current"), beats=2)
        for at in frame.places():
            real = [roles[cell] == "input" for cell in frame.cells(at)]
            terms = list(compress(G.read(frame.cells(at)), real)), list(compress(weights, real))
            summed = equation(X.symbol(BY_X, at), dot(*terms, None, X[at]), X[at])
            yield story.step(summed, G.window(frame, at, times(weights)), X.write(at))

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
