"""Ways to make a map larger: what each new cell is made of, or which channel it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.notation import exact_digits
from cnnviz.ops import pixel_shuffle, pixel_unshuffle
from cnnviz.parameters import Size
from cnnviz.story import Cells, Graph, Story, Tensor, filled, load_maps, steps_fill, times, transposed_conv_size
from cnnviz.storyboard import Mark, Step, Values
from cnnviz.words import Math, Number, Shape, Text, Words, total

if TYPE_CHECKING:
    from cnnviz.scenes.upsample import Upsample

MODES = ("nearest", "bilinear", "align-corners")
LEARNED = "transposed-conv"

_DIGITS = 4

_ROLES = ("unreached", "padding", "cut", "lit", "input", "kernel", "output", "bias", "overlap")
"""A colour for each channel."""


@dataclass(frozen=True, eq=False)
class Way:
    """A function of torch.nn.functional that makes a map larger.

    `label` and `below` name it under its panel, `short` beside others.
    """

    short: str
    label: str
    function: str
    options: dict[str, Any]
    formula: Words
    below: Words | None = None
    kernel: Values | None = None

    def compute(self, graph: Graph, x: Tensor, result: str = "y") -> Tensor:
        """The larger map."""
        kernel = () if self.kernel is None else (graph.kernel("w", self.kernel),)
        return graph.compute(self.function, x, *kernel, result=result, **self.options)

    def shares(self, size: Size) -> Values:
        """The weight that every cell of a map of a size has in each new one, (cells, rows, columns)."""
        cells, graph = size[0] * size[1], Graph()
        alone = graph.map("x", np.eye(cells).reshape(cells, 1, *size))
        return self.compute(graph, alone).values[:, 0]


def ways_of(scale: int, size: Size, out: Size) -> dict[str, Way]:
    """Those of torch.nn.functional.interpolate, and a transposed convolution with the kernel that learning begins with.

    That is bilinear, of 2s − s mod 2 cells a side; its padding makes the map `scale` times as large.
    """
    # Places count from 1, as in captions.
    nearest = Math(r"x=\lfloor (t-1)\cdot i/o\rfloor+1")
    edges = Math(r"x=(t-\frac{1}{2})\cdot i/o+\frac{1}{2}")
    corners = Math(r"x=(t-1)\cdot (i-1)/(o-1)+1")
    arguments: dict[str, dict[str, Any]] = {
        "nearest": {"size": out, "mode": "nearest", "align_corners": None},
        "bilinear": {"size": out, "mode": "bilinear", "align_corners": False},
        "align-corners": {"size": out, "mode": "bilinear", "align_corners": True},
    }
    k, p = 2 * scale - scale % 2, scale // 2
    hat = 1 - np.abs(np.arange(k) - (k - 1) / 2) / scale
    options = {"stride": (scale, scale), "padding": (p, p), "output_padding": (0, 0), "dilation": (1, 1)}
    learned = filled(transposed_conv_size(), out, LEARNED, i=size, s=(scale, scale), k=(k, k), p=(p, p))
    below = Text("kernel {k}", k=Shape((k, k)))
    return {
        "nearest": Way("nearest", "nearest", "interpolate", arguments["nearest"], nearest),
        "bilinear": Way("bilinear", "bilinear", "interpolate", arguments["bilinear"], edges, Text("edges aligned")),
        "align-corners": Way(
            "aligned", "bilinear", "interpolate", arguments["align-corners"], corners, Text("corners aligned")
        ),
        LEARNED: Way("transposed", "transposed", "conv_transpose2d", options, learned, below, np.outer(hat, hat)),
    }


def sampled(story: Story, way: Way, X: Cells, Y: Cells, W: Cells | None) -> Iterator[Step]:
    """For each new cell: where its sample lies on the input, or which weights reach it, and what it is made of."""
    shares = way.shares((X.values.shape[0], X.values.shape[1]))
    for at in np.ndindex(Y.values.shape):
        share = shares[:, *at].reshape(X.values.shape)
        cells = [(row, column) for row, column in np.argwhere(share).tolist()]
        weights = [Number(share[cell], exact_digits(float(share[cell]), _DIGITS)) for cell in cells]
        parts = [
            X[cell] if weight.value == 1 else weight * X[cell] for weight, cell in zip(weights, cells, strict=True)
        ]
        caption: Words = Y.equals(at, total(parts), letters=90)
        size = [last - first + 1 for first, last in zip(cells[0], cells[-1], strict=True)]
        # Cells have room for two decimals; a kernel's weights are short.
        noted = weights if W else [Number(n.value, exact_digits(n.value, 2)) for n in weights]
        changes = [*X.cover(cells, times(noted) if weights[0].value != 1 else ()), X.mark("window", cells[0], size)]
        if W:
            s, p = way.options["stride"][0], way.options["padding"][0]
            taps = [(at[0] + p - row * s, at[1] + p - column * s) for row, column in cells]
            changes += W.cover(taps, (), dict.fromkeys(taps, "kernel"))
        else:
            above, left = (float(np.tensordot(axis, share)) for axis in np.indices(share.shape))
            changes.append(X.mark("current", (above, left)))
            if len(cells) > 1:
                caption = Text(
                    "At ({down}, {across}): {y}", down=Number(above + 1, 2), across=Number(left + 1, 2), y=caption
                )
        yield story.step(caption, changes, Y.write(at))


def tell_shuffle(scene: Upsample) -> Story:
    """One step for each cell, in the colour of its channel."""
    r, back, (rows, columns) = scene.scale, scene.kind == "pixel-unshuffle", scene.i or (2, 2)
    if r**2 > len(_ROLES):
        raise UsageError(f"--scale {r} makes {r**2} channels, more than can be told apart: use 3 or less")
    size = (rows * r, columns * r) if back else (rows, columns)
    x = load_maps(scene.input, 1 if back else r**2, size, seed=scene.seed, default=(1, size)).values
    graph, shuffle = Graph(), pixel_unshuffle if back else pixel_shuffle
    factor: dict[str, Any] = {"downscale_factor" if back else "upscale_factor": r}
    y = graph.compute(scene.kind.replace("-", "_"), graph.map("x", x), **factor)
    # Which cell of the input each cell of the output was, and the colours, which move with the numbers.
    moved = shuffle(np.arange(x.size).reshape(x.shape), r).astype(int)
    given, moved = (x[0], moved) if back else (x, moved[0])
    colours = np.repeat(_ROLES[: r * r], rows * columns)
    coming = (colours[moved.argsort(axis=None)] if back else colours).reshape(given.shape)
    coloured = (colours if back else colours[moved.ravel()]).reshape(moved.shape)
    title = "Pixel unshuffle" if back else "Pixel shuffle"
    story, name = Story(scene, Text(title), graph), Text(title.lower())
    away = "Every {n}th row and column becomes a channel, and no number changes: {i} → {o}"
    near = "{n} channels become one map, and no number changes: {i} → {o}"
    shapes = {"i": Shape(x.shape), "o": Shape(y.values.shape[1:])}
    story.point = Text(away if back else near, n=r if back else r * r, **shapes)
    story.show_setting("factor", "r", r)
    # Each channel stands where its numbers have their place among neighbours.
    several: dict[str, Any] = {"columns": r}
    marks = (Mark(name="source", role="window"),)
    X = story.cells("input", "Input {size}", given, roles=coming, marks=marks, **({} if back else several))
    graph.show_input("input", X.values, X.values.shape)
    more = {"axes": 3, **several} if back else {"axes": 2}
    Y = story.cells("output", "Output {size}", y, pending=True, roles=coloured, **more)

    def steps() -> Iterator[Step]:
        for at, n in np.ndenumerate(moved):
            cell = tuple(map(int, np.unravel_index(n, given.shape)))
            caption = Y.equals(at, X.symbol("x", cell))
            # No window: a line across other channels would say nothing.
            yield story.step(
                caption, X.mark("source", cell), Y.write(at, role=str(coloured[at]), source=X, origin=cell)
            )

    # Counted from 1, and not as indices, which would be tiny.
    places, channels = r"[\,r\,(i-1)+a,\;r\,(j-1)+b\,]", r"[\,r\,(a-1)+b,\;i,\;j\,]"
    formula = Math(f"y{channels}=x{places}" if back else f"y{places}=x{channels}")
    return story.play(
        steps,
        Y.values.size,
        (X, "→", Y),
        answer=Text("Every number is still there: only its place is new"),
        alt=Text("{name}: {steps} the {o} output", name=name, steps=steps_fill(Y.values.size), o=shapes["o"]),
        formula=formula,
        step_roles=_ROLES,
    )
