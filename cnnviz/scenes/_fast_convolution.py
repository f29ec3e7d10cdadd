"""One convolution computed in four ways: the same results, and how many multiplications each way takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnviz.ops import conv2d, pad2d, unfold
from cnnviz.ops.fast import conv2d_fft, conv2d_winograd, fft_size
from cnnviz.parameters import Size
from cnnviz.story import Graph, Story, highlight_row, raise_if
from cnnviz.storyboard import Change, Curve, Dot, MoveDot, Plot, Relabel, SetCurve, SetEntry, Step, Table, Values
from cnnviz.words import Expression, Math, Number, Shape, Text, Words, equation, evaluate

if TYPE_CHECKING:
    from cnnviz.scenes.im2col import Im2col

_NAMES = {"direct": "direct", "im2col": "im2col", "fft": "FFT", "winograd": "Winograd"}
_TILED, _MOST_SIDE, _NEAR = (3, 3), 16, 1e-9
_TOLD = (
    "multiplications of a convolution of {i} with {k}: direct and im2col one for each weight and output; FFT three "
    "radix-2 transforms of N/2·log₂N complex ones and N more, four each; Winograd 16 for a tile of 2×2 outputs"
)


def compare_ways(scene: Im2col) -> Story:
    """A step for each way and its count, one for their results, one for each other size of a kernel, and who wins."""
    raise_if({f"--compare counts at stride 1, not {max(scene.s)}: leave --s out": scene.s != (1, 1)})
    x, w, graph = pad2d(scene.map.values, scene.p), scene.weights.values, Graph()
    i, k = (x.shape[0], x.shape[1]), (w.shape[0], w.shape[1])
    pixels, kernel = graph.map("x", scene.map.values), graph.kernel("w", w)
    y = graph.compute("conv2d", pixels, kernel, stride=scene.s, padding=scene.p, dilation=(1, 1))
    graph.show(y, "ways", (0, 0), size=True)
    story = Story(scene, Text("Four ways to convolve"), graph)
    story.point = Text("For 3×3 kernels Winograd multiplies least, for large ones the FFT")
    story.show_sizes(i=scene.map.values.shape, s=scene.s, p=scene.p)

    def count(way: str, k: Size) -> float:
        found = count_of(way, i, k)
        return math.nan if found is None else float(evaluate(found))

    def per_output(way: str, side: int) -> float:
        return count(way, (side, side)) / float(np.prod(np.subtract(i, side - 1)))

    def entry(way: str, k: Size) -> Words:
        n = count(way, k)
        return "—" if math.isnan(n) else Text("{n}", n=Number(n))

    def write(row: int, text: Words) -> SetEntry:
        return SetEntry(panel="ways", row=row, column=1, text=text)

    def label(k: Size) -> Text:
        return Text("for kernels of {size}", size=Shape(k))

    def move(way: str, side: int) -> MoveDot:
        return MoveDot(panel="plot", dot=way, x=side, y=math.log10(per_output(way, side)))

    sides = range(1, min(_MOST_SIDE, *i) + 1)
    logs = {way: np.log10([per_output(way, side) for side in sides]) for way in ("direct", "fft")}
    # Which kernel is counted stands under the table, since it changes.
    entries = tuple((Text(name), entry(way, k)) for way, name in _NAMES.items())
    table = Table(name="ways", label=label(k), header=("", Text("multiplications")), entries=entries, size=22)
    # At the last one the curves have their names.
    more = [side for side in sides[2:-1:2] if (side, side) != k]
    won = next((side for side in sides if logs["fft"][side - 1] < logs["direct"][side - 1]), None)

    def drawn(way: str) -> Iterator[Change]:
        """The curve of a way, or its only dot, comes with its count."""
        if way in logs:
            yield SetCurve(panel="plot", curve=way, x=np.array(sides, np.float64), y=logs[way])
            yield move(way, min(k[0], len(sides)))
        elif way == "winograd" and _TILED[0] in sides:
            yield move(way, _TILED[0])

    def sized(side: int) -> Iterator[Change]:
        """The counts of another kernel."""
        yield Relabel(panel="ways", label=label((side, side)))
        yield from (write(row, entry(way, (side, side))) for row, way in enumerate(_NAMES))
        yield from (move(way, side) for way in logs)

    def steps() -> Iterator[Step]:
        asked = Text("How many multiplications does each way need?")
        yield story.step(asked, [write(row, "" if row else "?") for row in range(len(entries))], beats=2)
        for row, way in enumerate(_NAMES):
            yield story.step(_caption(way, i, k), write(row, entry(way, k)), highlight_row(table, row), drawn(way))
        direct, *others = ways_of(x, w).values()
        same = all(np.allclose(other, direct, rtol=0, atol=_NEAR * np.abs(direct).max()) for other in others)
        template = "All give the same {o} output, up to rounding" if same else "Their {o} outputs differ"
        yield story.step(Text(template, o=Shape(y.values.shape[2:])), highlight_row(table, len(entries)), beats=2)
        for side in more:
            template = "Kernel {size}: {direct} multiplications for each output, with the FFT {fft}"
            each = {"direct": Number(per_output("direct", side), 0), "fft": Number(per_output("fft", side), 1)}
            yield story.step(Text(template, size=Shape((side, side)), **each), sized(side))
        if won is None:
            yield story.step(Text("At this size the FFT never needs fewer than the direct way"), beats=3)
        else:
            template = "The FFT needs fewer than the direct way from {size} on"
            yield story.step(Text(template, size=Shape((won, won))), sized(won), beats=3)

    return story.play(
        steps,
        len(entries) + 3 + len(more),
        (table, _plot(sides, logs)),
        alt=Text(_TOLD, i=Shape(scene.map.values.shape), k=Shape(k)),
        formula=Math(r"Y=A^T\,[(G\,g\,G^T)\circ(B^T d\,B)]\,A\qquad \widehat{Y}=\widehat{X}\circ\widehat{W}^{*}"),
        convention=Text("transforms of Winograd, which add and halve, are not counted"),
    )


def ways_of(x: Values, w: Values) -> dict[str, Values]:
    """The convolution of a padded map in every way that there is for the kernel."""
    direct = conv2d(x[None], w[None, None])[0]
    product = (w.reshape(1, -1) @ unfold(x[None], w.shape)).reshape(direct.shape)
    found = {"direct": direct, "im2col": product, "fft": conv2d_fft(x, w)}
    return found | ({"winograd": conv2d_winograd(x, w)} if w.shape == _TILED else {})


def count_of(way: str, i: Size, k: Size) -> Expression | None:
    """Multiplications for a padded input of a size; None where the way takes no such kernel.

    An FFT of N numbers takes (N/2)·log₂N complex ones (Cooley and Tukey 1965), a complex one four real ones; there are
    three, of input, kernel and result. Winograd: 16 for 2×2 outputs (Lavin and Gray 2016, §4.1).
    """
    rows, columns = (a - b + 1 for a, b in zip(i, k, strict=True))
    if way == "fft":
        n = math.prod(fft_size(i))
        return Number(4) * (Number(3) * (Number(n) / 2) * int(math.log2(n)) + n)
    if way == "winograd":
        return Number(16) * -(-rows // 2) * -(-columns // 2) if k == _TILED else None
    return Number(rows) * columns * k[0] * k[1]


def _caption(way: str, i: Size, k: Size) -> Words:
    found = count_of(way, i, k)
    if found is None:
        return Text("Winograd F(2×2, 3×3) takes 3×3 kernels only")
    n = float(evaluate(found))
    if way == "im2col":
        stored = Number(n / math.prod(i), 2)
        return Text("im2col: as many, in one matrix product, and {n} times the numbers stored", n=stored)
    name = "Winograd F(2×2, 3×3)" if way == "winograd" else Text(_NAMES[way])
    return Text("{way}: {n} multiplications", way=name, n=equation(None, found, n))


def _plot(sides: range, logs: dict[str, Values]) -> Plot:
    """Multiplications for each output by the kernel's side, on a logarithmic scale; all is hidden at first."""
    none, nan = np.empty(0), math.nan
    curves = (
        Curve(name="direct", role="curve", x=none, y=none, text=Text("direct, im2col")),
        Curve(name="fft", role="derivative", style="dashed", x=none, y=none, text=Text("FFT")),
    )
    dots = (
        Dot(name="direct", role="curve", x=nan, y=nan),
        Dot(name="fft", role="derivative", shape="square", x=nan, y=nan),
        Dot(name="winograd", role="tangent", shape="diamond", text="Winograd", x=nan, y=nan),
    )
    values = np.concatenate([*logs.values()])
    return Plot(
        name="plot",
        x_range=(0.5, len(sides) + 0.5),
        y_range=(min(0.0, float(values.min())) - 0.1, 0.2 + float(values.max())),
        x_text=Text("side of the kernel"),
        y_text=Text("log₁₀ of products per output"),
        curves=curves,
        dots=dots,
    )
