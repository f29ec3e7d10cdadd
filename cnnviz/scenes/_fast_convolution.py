"""One convolution computed in four ways: the same results, and how many multiplications each way takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.ops import conv2d, pad2d, unfold
from cnnviz.ops.fast import conv2d_fft, conv2d_winograd, fft_size
from cnnviz.parameters import Size
from cnnviz.story import Graph, Story, light_rows
from cnnviz.storyboard import Change, Curve, Dot, MoveDot, Plot, Relabel, SetCurve, SetEntry, Step, Table, Values
from cnnviz.words import Expression, Math, Number, Shape, Text, Words, equation, evaluate

if TYPE_CHECKING:
    from cnnviz.scenes.im2col import Im2col

_NAMES = {"direct": "direct", "im2col": "im2col", "fft": "FFT", "winograd": "Winograd"}
_TILED, _MOST_SIDE, _NEAR = (3, 3), 16, 1e-9
_NONE = "—"


def compare_ways(scene: Im2col) -> Story:
    """A step for each way and its count, one for their results, one for each other size of a kernel, and who wins."""
    if scene.s != (1, 1):
        raise UsageError(f"--compare counts at stride 1, not {max(scene.s)}: leave --s out")
    x, w, p = pad2d(scene.map.values, scene.p), scene.weights.values, scene.p
    i, k, graph = (x.shape[0], x.shape[1]), (w.shape[0], w.shape[1]), Graph()
    options: dict[str, Any] = {"stride": scene.s, "padding": p, "dilation": (1, 1)}
    y = graph.compute("conv2d", graph.map("x", scene.map.values), graph.kernel("w", w), None, **options)
    graph.show(y, "ways", (0, 0), size=True)
    o = Shape(y.values.shape[2:])
    sides = range(1, min(_MOST_SIDE, *i) + 1)

    story = Story(scene, Text("Four ways to convolve"), graph)
    story.point = Text("For 3×3 kernels Winograd multiplies least, for large ones the FFT")
    story.set("input", "i", scene.map.values.shape)
    story.sizes(s=scene.s, p=p)
    entries = tuple((Text(name), _entry(way, i, k)) for way, name in _NAMES.items())
    header = ("", Text("multiplications"))
    # Which kernel is counted stands under the table, since it changes.
    table = Table(name="ways", label=_counted(k), header=header, entries=entries, size=22)
    direct, *others = ways_of(x, w).values()
    same = all(np.allclose(other, direct, rtol=0, atol=_NEAR * np.abs(direct).max()) for other in others)
    each = {way: np.array([_each(way, i, (side, side)) for side in sides]) for way in ("direct", "fft")}
    # At the last one the curves have their names.
    more = [side for side in sides[2:-1:2] if (side, side) != k]
    won = next((side for side in sides if each["fft"][side - 1] < each["direct"][side - 1]), None)

    def steps() -> Iterator[Step]:
        asked = Text("How many multiplications does each way need?")
        blank = [SetEntry(panel=table.name, row=row, column=1, text="") for row in range(1, len(entries))]
        yield story.step(asked, blank, SetEntry(panel=table.name, row=0, column=1, text="?"), beats=2)
        for row, way in enumerate(_NAMES):
            counted = SetEntry(panel=table.name, row=row, column=1, text=_entry(way, i, k))
            yield story.step(_caption(way, i, k), counted, light_rows(table, row), _drawn(way, i, k, each))
        said = Text("All give the same {o} output, up to rounding" if same else "Their {o} outputs differ", o=o)
        yield story.step(said, light_rows(table, len(entries)), beats=2)
        for side in more:
            direct, fft = (Number(float(each[way][side - 1]), n) for way, n in (("direct", 0), ("fft", 1)))
            said = Text(
                "Kernel {size}: {direct} multiplications for each output, with the FFT {fft}",
                size=Shape((side, side)),
                direct=direct,
                fft=fft,
            )
            yield story.step(said, _moved(table, i, side, each))
        k_won = None if won is None else Shape((won, won))
        said = Text("The FFT needs fewer than the direct way from {size} on", size=k_won)
        if won is None:
            said = Text("At this size the FFT never needs fewer than the direct way")
        yield story.step(said, _moved(table, i, won, each) if won else (), beats=3)

    told = (
        "multiplications of a convolution of {i} with {k}: direct and im2col one for each weight and output; FFT three "
        "radix-2 transforms of N/2·log₂N complex ones and N more, four each; Winograd 16 for a tile of 2×2 outputs"
    )
    return story.play(
        steps,
        len(entries) + 3 + len(more),
        (table, _plot(sides, each, i)),
        alt=Text(told, i=Shape(scene.map.values.shape), k=Shape(k)),
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
        return Number(4) * (Number(3) * (Number(n) / Number(2)) * Number(int(math.log2(n))) + Number(n))
    if way == "winograd":
        return Number(16) * Number(-(-rows // 2)) * Number(-(-columns // 2)) if k == _TILED else None
    return Number(rows) * Number(columns) * Number(k[0]) * Number(k[1])


def _value(way: str, i: Size, k: Size) -> float:
    found = count_of(way, i, k)
    return math.nan if found is None else float(evaluate(found))


def _each(way: str, i: Size, k: Size) -> float:
    return _value(way, i, k) / ((i[0] - k[0] + 1) * (i[1] - k[1] + 1))


def _entry(way: str, i: Size, k: Size) -> Words:
    return _NONE if count_of(way, i, k) is None else Text("{n}", n=Number(_value(way, i, k)))


def _counted(k: Size) -> Text:
    return Text("for kernels of {size}", size=Shape(k))


def _caption(way: str, i: Size, k: Size) -> Words:
    found = count_of(way, i, k)
    if found is None:
        return Text("Winograd F(2×2, 3×3) takes 3×3 kernels only")
    n = equation(None, found, Number(_value(way, i, k)))
    if way == "im2col":
        stored = Number(_value(way, i, k) / math.prod(i), 2)
        return Text("im2col: as many, in one matrix product, and {n} times the numbers stored", n=stored)
    name = "Winograd F(2×2, 3×3)" if way == "winograd" else Text(_NAMES[way])
    return Text("{way}: {n} multiplications", way=name, n=n)


def _moved(table: Table, i: Size, side: int, each: dict[str, Values]) -> Iterator[Change]:
    yield Relabel(panel=table.name, label=_counted((side, side)))
    for row, way in enumerate(_NAMES):
        yield SetEntry(panel=table.name, row=row, column=1, text=_entry(way, i, (side, side)))
    for way, values in each.items():
        yield MoveDot(panel="plot", dot=way, x=side, y=math.log10(values[side - 1]))


def _drawn(way: str, i: Size, k: Size, each: dict[str, Values]) -> Iterator[Change]:
    """The curve of a way, or its only dot, comes with its count."""
    if way in each:
        logs = np.log10(each[way])
        side = min(k[0], len(logs))
        yield SetCurve(panel="plot", curve=way, x=np.arange(1.0, len(logs) + 1), y=logs)
        yield MoveDot(panel="plot", dot=way, x=side, y=float(logs[side - 1]))
    elif way == "winograd" and _TILED[0] <= min(i):
        yield MoveDot(panel="plot", dot=way, x=_TILED[0], y=math.log10(_each(way, i, _TILED)))


def _plot(sides: range, each: dict[str, Values], i: Size) -> Plot:
    """Multiplications for each output by the kernel's side, on a logarithmic scale."""
    none, logs = np.empty(0), [np.log10(values) for values in each.values()]
    manners = {"direct": ("curve", "solid", "circle"), "fft": ("derivative", "dashed", "square")}
    curves = [
        Curve(
            name=way,
            role=role,
            style=style,
            x=none,
            y=none,
            text=Text("direct, im2col" if way == "direct" else "FFT"),
        )
        for way, (role, style, _) in manners.items()
    ]
    dots = [Dot(name=way, role=role, shape=shape, x=math.nan, y=math.nan) for way, (role, _, shape) in manners.items()]
    if _TILED[0] in sides:
        dots.append(Dot(name="winograd", role="tangent", shape="diamond", x=math.nan, y=math.nan, text="Winograd"))
    return Plot(
        name="plot",
        x_range=(0.5, len(sides) + 0.5),
        y_range=(min(0.0, float(min(map(np.min, logs)))) - 0.1, 0.2 + float(max(map(np.max, logs)))),
        x_text=Text("side of the kernel"),
        y_text=Text("log₁₀ of products per output"),
        curves=tuple(curves),
        dots=tuple(dots),
    )
