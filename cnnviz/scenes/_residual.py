"""The two ways of a residual block, forward and backward."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.data import load_kernel, load_map
from cnnviz.errors import UsageError
from cnnviz.scenes._backward import BY_X, BY_Y, load_grad, sends
from cnnviz.story import CURRENT, WINDOW, Cells, Graph, Sliding, Story, Tensor
from cnnviz.storyboard import Change, Step, Values
from cnnviz.words import Math, Text, Words

if TYPE_CHECKING:
    from cnnviz.scenes.residual import Residual

_EXAMPLE = "1 0 2; 3 1 0; 0 2 1"
_LAST = (
    "Whatever F does, the gradient arrives: the sum copies it past F",
    "Whatever F does, the gradient arrives: the 1×1 convolution sends it past F",
)


def two_ways(scene: Residual) -> Story:
    """Both ways, the sum, the gradient, its copies, both ways back and their sum; every step is linked."""
    spec: object = scene.input
    if spec is None:
        small = np.random.default_rng(scene.seed).integers(0, 4, scene.i or (3, 3))
        spec = _EXAMPLE if scene.i in (None, (3, 3)) else small.astype(float)
    x = load_map(spec, scene.i, seed=scene.seed).values
    w = load_kernel(scene.kernel, (3, 3), seed=scene.seed).values
    projected, graph = scene.s != (1, 1), Graph()
    if scene.projection != 1 and not projected:
        raise UsageError("--projection is there where shapes differ: use it with --s 2")
    out = Sliding(i=x.shape, k=(3, 3), s=scene.s, p=(1, 1)).windows.out
    options = {"stride": scene.s, "dilation": (1, 1)}
    pixels, kernel = graph.map("x", x), graph.kernel("w", w)
    f = graph.compute("conv2d", pixels, kernel, result="f", padding=(1, 1), **options)
    skip = pixels
    if projected:
        one = graph.kernel("v", [[scene.projection]])
        skip = graph.compute("conv2d", pixels, one, result="skip", padding=(0, 0), **options)
    g = load_grad(scene.grad_output, out, scene.seed)
    y = graph.compute("add", f, skip)
    found = graph.backward(y, graph.map("grad_y", g))
    by_skip = np.zeros(x.shape)
    by_skip[:: scene.s[0], :: scene.s[1]] = g * (scene.projection if projected else 1)
    by_f = found["grad_x"].values[0, 0] - by_skip

    template = (
        "Where shapes differ, a 1×1 convolution takes x along"
        if projected
        else "The sum copies the gradient: one copy skips F unchanged"
    )
    story = Story(scene, Text("Residual connection"), graph, point=Text(template))
    if projected:
        story.show_sizes(s=scene.s)
        story.show_parameter("projection", "v")

    def panel(name: str, label: Words, values: Values | Tensor, **first: Any) -> Cells:
        return story.cells(name, label, values, marks=(CURRENT, WINDOW), **(first or {"pending": True}))

    X = panel("input", Math("x"), pixels, role="input")
    F = panel("f", Math("F(x)"), f)
    S = panel("skip", Math("v\\,x" if projected else "x"), skip.values[0, 0])
    Y = panel("output", Math("y"), y)
    G = panel("gradient", Math(BY_Y), g)
    B = panel("by-f", Text("by {f}", f=Math("F")), by_f), panel("by-skip", Text("by the skip"), by_skip)
    D = panel("by-input", Math(BY_X), found["grad_x"])

    def made(caption: Words, sources: Sequence[Cells], result: Cells, role: str = "output") -> Step:
        """A whole panel is made from others: each value comes from where it is made, a stride apart in larger ones."""
        shape = result.values.shape
        marks = [*story.uncover(), result.mark("current", (0, 0), shape)]
        marks += [source.mark("window", (0, 0), source.values.shape) for source in sources]
        whole: list[Change] = []
        for source, at in itertools.product(sources, np.ndindex(shape)):
            ends = zip(at, source.values.shape, shape, strict=True)
            origin = tuple(n * -(-size // made) if size >= made else n * size // made for n, size, made in ends)
            whole += result.write(at, mark="", role=role, source=source, origin=origin)
        return story.step(caption, marks, whole, beats=2)

    def steps() -> Iterator[Step]:
        x, f = Math("x"), Math("F")
        past = "… and through a 1×1 convolution of the same stride" if projected else "… and past it, unchanged"
        skips = "… the other skips it: whatever F does, it arrives"
        other = "… the other through the 1×1 convolution" if projected else skips
        yield made(Text("{x} goes two ways: through {f}, a 3×3 convolution …", x=x, f=f), (X,), F, "kernel")
        yield made(Text(past), (X,), S, "input")
        yield made(Text("Both are added: {sum}", sum=_sum(Y, (F, S), "y")), (F, S), Y)
        yield sends(story, G, None, *story.uncover())
        yield made(Text("A sum copies its gradient; one copy goes back through {f}", f=f), (G,), B[0], "kernel")
        yield made(Text(other), (G,), B[1], "input")
        yield made(Text("{x} gets both: {sum}", x=x, sum=_sum(D, B, BY_X)), B, D)

    v = "v" if projected else ""
    return story.play(
        steps,
        7,
        (X, "→", F, "+", S, "=", Y),
        # Backward from right to left: each stands above its gradient.
        (D, "=", B[0], "+", B[1], "←", G),
        alt=Text(
            "a residual connection: {x} goes through a convolution and past it, and both are added; backward the "
            "gradient of the sum goes both ways and is added where they began",
            x="x",
        ),
        formula=Math(rf"y=F(x)+{v}x\qquad {BY_X}=\left(F'(x)\right)^T{BY_Y}+{v}\,{BY_Y}"),
        answer=Text(_LAST[projected]),
        step_roles=("input", "kernel", "output"),
        convention=Text("top: forward; below: backward"),
    )


def _sum(cells: Cells, parts: Sequence[Cells], letter: str) -> Words:
    """The largest of some sums, if there is one of two parts that are not 0."""
    one, other = (part.values for part in parts)
    at = max(np.ndindex(cells.values.shape), key=lambda at: (bool(one[at] and other[at]), abs(cells.values[at])))
    return cells.equals(at, parts[0][at] + parts[1][at], letter=letter)
