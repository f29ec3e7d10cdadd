"""The paths from an output cell back to the cells of the maps before it: how many lead where, and what is seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from cnnviz.scenes._layer_list import Slide
from cnnviz.story import Cells, Graph, Index, Tensor
from cnnviz.storyboard import Change
from cnnviz.words import Text


def record_paths(graph: Graph, slides: Sequence[Slide], sizes: Sequence[int]) -> list[Tensor]:
    """On how many paths the middle output cell reaches each cell of each map, from the output back to the input."""
    one = np.zeros((sizes[-1],) * 2)
    one[(sizes[-1] // 2,) * 2] = 1
    paths = [graph.map("g", one)]
    for n, (k, s, p, d) in reversed(list(enumerate(slides))):
        rest = sizes[n] + 2 * p - d * (k - 1) - 1 - s * (sizes[n + 1] - 1)
        kernel = graph.kernel(f"ones{n + 1}", np.ones((k, k)))
        layer_options = {"stride": s, "padding": p, "output_padding": rest, "dilation": d}
        options: dict[str, Any] = {name: (value,) * 2 for name, value in layer_options.items()}
        paths.append(graph.compute("conv_transpose2d", paths[-1], kernel, result=f"paths{n}", groups=1, **options))
    return paths


def seen_of(cells: Cells) -> tuple[Index, Index]:
    """The first cell that is seen of a map, and how many rows and columns from there on."""
    seen = np.argwhere(cells.values > 0)
    return tuple(map(int, seen.min(axis=0))), tuple(map(int, np.ptp(seen, axis=0) + 1))


def open_field(below: Cells, above: Cells) -> Iterator[Change]:
    """What the cell sees of a map, with the number of paths there; its border comes from that of the map above."""
    (first, size), (start, span) = seen_of(below), seen_of(above)
    reached = np.argwhere(above.values > 0)
    for place, value in np.ndenumerate(below.values):
        at, origin = np.subtract(place, first), None
        if value and ((at == 0) | (at == np.subtract(size, 1))).any():
            near = np.add(start, at * np.subtract(span, 1) / np.maximum(1, np.subtract(size, 1)))
            origin = tuple(map(int, reached[np.abs(reached - near).sum(axis=1).argmin()]))
        source = above.name if origin else None
        yield below.set(place, role="output" if value else "pending", value=float(value), origin=origin, source=source)
    yield below.mark("window", first, size)


def answer(paths: Cells) -> Text:
    """What the paths to the input tell."""
    seen, found = paths.values > 0, paths.values
    gaps = int(np.prod(seen_of(paths)[1])) - int(seen.sum())
    if gaps:
        return Text("{gaps} cells between are never seen: the kernels step over them", gaps=gaps)
    most, least = (paths[tuple(map(int, np.argwhere(found == value)[0]))] for value in (found.max(), found[seen].min()))
    differ = "{most} paths lead to the darkest cell, {least} to the palest: the effective field is smaller"
    return Text(
        differ if most.value > least.value else "As many paths lead to every cell: {most}", most=most, least=least
    )
