"""Shapes: what comes out of each layer, what it costs, and how many inputs the linear layer needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_PRODUCTS, MAX_WEIGHTS
from cnnviz.parameters import param, quote
from cnnviz.scene import Scene
from cnnviz.scenes._layer_list import SAME_SIZE, read_list
from cnnviz.scenes._shape_rows import ShapeRow, closing, cost, shape_rows
from cnnviz.story import Graph, Story, highlight_row
from cnnviz.storyboard import SetEntry, Step, Table
from cnnviz.words import Math, Number, Shape, Strong, Text, Words, equation, evaluate

_DEFAULT = "conv 16@5, relu, pool 2, conv 10@5, relu, pool 2, flatten, linear 10"
_MOST = 4096


@dataclass(frozen=True, kw_only=True)
class Shapes(Scene):
    """A network's shapes, parameters and multiplications, layer by layer, each with its arithmetic.

    Sizes are those of torch.nn's layers (Dumoulin and Visin 2016, relationships 6 and 15); a linear layer with a wrong
    number of inputs stops with torch's own error. A small network is also computed, with zeros.
    """

    examples: ClassVar = (
        "cnnviz shapes --i 3x64x64",
        'cnnviz shapes --i 1x28x28 --layers "conv 8@3, pool 2, flatten, linear 10"',
        'cnnviz shapes --i 3x32x32 --layers "conv 16@5, pool 2, flatten, linear 400 10"',
    )

    i: str = param("3x64x64", help="Input size: channels, rows and columns.", alias="input-size", always_named=True)
    layers: str = param(_DEFAULT, help="Layers: conv FILTERS@SIZE, pool SIZE, relu, flatten, linear [INPUTS] OUTPUTS.")

    def story(self) -> Story:
        """A row of the table for each layer, then the sums."""
        match = re.fullmatch(r"\s*(\d{1,4})[x×](\d{1,4})(?:[x×](\d{1,4}))\s*", self.i)
        if match is None or not all(0 < int(n) <= _MOST for n in match.groups()):
            raise UsageError(f"--i {quote(self.i)} is not a size: give channels, rows and columns, such as 3x64x64")
        shape = tuple(map(int, match.groups()))
        layers = read_list(self.layers, ("conv", "maxpool", "avgpool", "flatten", "fc", *SAME_SIZE))
        rows = shape_rows(layers, shape, Graph(), False)
        weights, products = (float(evaluate(cost(rows, what))) for what in ("parameters", "products"))
        graph = Graph()
        if weights <= MAX_WEIGHTS and products <= MAX_PRODUCTS:
            rows = shape_rows(layers, shape, graph, True)
        story, wrong = Story(self, Text("Shapes through a network"), graph), rows[-1].refused
        last = Strong(Number(rows[-2].shape[0])) if wrong else Strong(Shape(rows[-1].shape))
        if wrong:
            template = "{layer} does not fit: flattened there are {last} numbers, not {wrong}"
            story.point = Text(template, layer=rows[-1].name, last=last, wrong=wrong)
        else:
            story.point = Text("Each layer's output is the next one's input: {i} → {last}", i=Shape(shape), last=last)
        story.show_setting("layers", "L", len(layers))

        header = tuple(map(Text, ("Layer", "Output", "Parameters", "Multiplications")))
        entries: list[tuple[Words, ...]] = [(Text("Input"), Shape(shape), "", ""), *map(self._entries, rows)]
        if not wrong:
            entries.append((Text("Total"), "", Number(weights), Number(products)))
        table = Table(name="shapes", header=header, entries=tuple(entries), size=23.0)

        def steps() -> Iterator[Step]:
            blank = [
                SetEntry(panel="shapes", row=row, column=column, text="")
                for row in range(1, len(entries))
                for column in range(1 if row <= len(rows) else 0, 4)
            ]
            asked = Text("What shape comes out of each layer, and what does it cost?")
            question = SetEntry(panel="shapes", row=1, column=1, text="?")
            yield story.step(asked, blank, question, highlight_row(table, 0), beats=2)
            for n, row in enumerate(rows, 1):
                refused = row.refused is not None
                caption = row.caption if refused else Text("{layer}: {why}", layer=row.name, why=row.caption)
                look = "refused" if refused else "selected"
                changes = self._write(n, entries[n], (n - 1, 1)), highlight_row(table, n, look)
                yield story.step(caption, *changes, beats=2)
            if not wrong:
                total = equation(None, cost(rows, "parameters"), weights, letters=60)
                caption = Text("{total} parameters", total=total)
                yield story.step(caption, self._write(len(rows) + 1, entries[-1]), highlight_row(table, len(rows) + 1))
            rest = () if wrong else highlight_row(table, len(entries))
            yield story.step(closing(rows), rest, beats=2)

        alt = Text("a table of {n} layers: the shape of each output, parameters and multiplications", n=len(layers))
        costs = r"F\cdot(C\cdot k^2+1)\qquad F\cdot o^2\cdot C\cdot k^2"
        formula = r"o=\lfloor(i+2p-d(k-1)-1)/s\rfloor+1\qquad " + costs
        count = 2 + len(rows) + (not wrong)
        return story.play(steps, count, (table,), alt=alt, formula=Math(formula), step_roles=())

    @staticmethod
    def _entries(row: ShapeRow) -> tuple[Words, ...]:
        costs = (row.parameters, row.products) if row.refused is None else (None, None)
        return row.name, row.size, *(equation(None, n, evaluate(n), strong=False) if n else "" for n in costs)

    @staticmethod
    def _write(row: int, texts: tuple[Words, ...], origin: tuple[int, int] | None = None) -> Iterator[SetEntry]:
        """An output is made of what comes from `origin`, the one above it."""
        for column, text in enumerate(texts):
            came = origin if column == 1 else None
            yield SetEntry(panel="shapes", row=row, column=column, text=text, origin=came)
