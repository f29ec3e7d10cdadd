"""A fully connected layer, and the size of a convolution's output."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnviz.check.claims._claim import BESIDE, Claim, captions, formula, reckoned, sizes, told, whole
from cnnviz.check.claims.convolution import letters
from cnnviz.check.engine import Array, Engine
from cnnviz.check.subject import Subject, Values
from cnnviz.storyboard import Equation, Graph, SetEdge, SetNode, SetRow


def fully_connected(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """Every output, and every sum on its way there."""
    x, w, bias = (figure.operand(name) for name in ("input", "weights", "bias"))
    scale = engine.linear(abs(x).ravel(), abs(w), abs(bias).ravel())
    theirs, exact = engine.linear(x.ravel(), w, bias.ravel()), whole(x, w, bias)
    yield Claim("output", figure.result("output").ravel(), theirs, scale, exact)
    outputs, inputs = w.shape
    known = np.tril(np.ones((inputs + 1, inputs)))
    # What has been added up so far: of the inputs that have come in, and at last with the bias.
    sums = np.stack([
        engine.linear(x.ravel() * seen, w, bias.ravel() * (place == inputs)) for place, seen in enumerate(known)
    ])  # fmt: skip
    writes = figure.writes("output")
    there = np.array([sums[write.step % (inputs + 1), write.place[0]] for write in writes], theirs.dtype)
    yield Claim("output, on its way,", np.array([write.value for write in writes]), there, float(scale.max()), exact,
                what=BESIDE)  # fmt: skip
    yield from sizes(figure, {"weights": w.shape, "input": x.shape, "bias": bias.shape, "output": bias.shape})
    factors = np.column_stack([w, bias.ravel()])
    yield told("the formula", figure.board.formula.rpartition("$")[2], [w.size + outputs, outputs, inputs, outputs])
    yield from _graph(figure, x, factors, sums)
    expected = {}
    for step, (j, i) in enumerate(np.ndindex(outputs, inputs + 1)):
        terms = [v for pair in zip(w[j, : i + 1], x.ravel()[: i + 1], strict=False) for v in pair]
        expected[step] = [j + 1, *terms, *([bias[j, 0]] if i == inputs else []), float(sums[min(i, inputs), j])]
    yield from captions(figure, expected)
    yield from reckoned(figure)


def _graph(figure: Subject, x: Values, factors: Values, sums: Array) -> Iterator[Claim]:
    """The numbers in nodes and on edges."""
    (graph,) = (panel for panel in figure.board.panels() if isinstance(panel, Graph))
    inputs = factors.shape[1] - 1
    known = {f"x{i}": value for i, value in enumerate(x.ravel())} | {"bias": 1.0}
    for node in graph.nodes:
        if node.name in known:
            yield told(f"node {node.name}", node.text, [known[node.name]])
    for step, node_ in figure.changes(SetNode, graph.name):
        if node_.text:
            yield told(f"node {node_.node} in step {step + 1}", node_.text,
                       [sums[step % (inputs + 1), int(node_.node[1:])]])  # fmt: skip
    edges = [(edge.source, edge.target, edge.text, 0) for edge in graph.edges]
    edges += [
        (edge.source, edge.target, edge.text or "", step + 1) for step, edge in figure.changes(SetEdge, graph.name)
    ]
    for source, target, text, at in edges:
        if text:
            i = inputs if source == "bias" else int(source[1:])
            yield told(f"edge {source} to {target} in step {at}", text, [factors[int(target[1:]), i]])


def output_size(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """The size that a convolution's output has, and what it is counted from."""
    i, k, s, p, d = (figure.size(name) for name in "ikspd")
    rows, columns = engine.conv(np.zeros((1, 1, *i)), np.zeros((1, 1, *k)), np.zeros(1), s, p, d).shape[2:]
    shape = np.array([rows, columns], np.float64)
    yield Claim("output", np.array(figure.result("output").shape, np.float64), shape, exact=True, what="sizes")
    yield from sizes(figure, {"input": i, "output": (rows, columns)})
    numbered = np.arange(1.0, rows * columns + 1).reshape(rows, columns)
    starts = np.full(figure.result("input").shape, np.nan)
    # Where the kernel stands, as a convolution that picks its first cell has it.
    first = np.zeros((1, 1, *k))
    first[0, 0, 0, 0] = 1
    index = np.arange(float(starts.size)).reshape(1, 1, *starts.shape)
    at = engine.conv(index, first, np.zeros(1), s, (0, 0), d)[0, 0].astype(int)
    starts.ravel()[at] = numbered
    for name, theirs in (("input", starts), ("output", numbered)):
        shown = figure.result(name)
        yield Claim(name, np.nan_to_num(shown), np.nan_to_num(theirs), exact=True, what=BESIDE)
        writes = figure.writes(name)
        yield Claim(f"{name}, on its way,", np.array([write.value for write in writes]),
                    np.array([theirs[write.place] for write in writes]), exact=True, what=BESIDE)  # fmt: skip
    yield from _derived(figure, (rows, columns))
    yield from formula(figure, letters(figure, (rows, columns)))
    yield from reckoned(figure)


def _derived(figure: Subject, out: tuple[int, int]) -> Iterator[Claim]:
    """The lines of the derivation, and the captions."""
    i, k, s, p, d = (figure.size(name) for name in "ikspd")
    lines = {}
    for axis, name in enumerate(("rows", "columns")):
        whole_, span = i[axis] + 2 * p[axis], d[axis] * (k[axis] - 1) + 1
        less = [1, 1] if max(d) > 1 and d[axis] > 1 else []
        lines[name] = [
            [2, i[axis], 2, p[axis], whole_], [*less, whole_, span, whole_ - span],
            [whole_ - span, s[axis], out[axis] - 1], [1, out[axis] - 1, 1, out[axis]],
        ]  # fmt: skip
    (panel,) = (panel for panel in figure.board.panels() if isinstance(panel, Equation))
    constants = [2, 1, 1, 1] if max(d) > 1 else [2, 1]
    yield told("the derivation's formula", panel.lines[0].text.replace("-", " "), constants)
    for step, row in figure.changes(SetRow, "count"):
        if row.text and not row.row.endswith("-head"):
            name, _, place = row.row.partition("-")
            yield told(f"the line {row.row} in step {step + 1}", row.text.replace("-\\,", ""), lines[name][int(place)])
    yield from captions(figure, {len(figure.steps) - 1: [*out, out[0] * out[1]]})
    padding = [p[1]] if p[1] else []
    yield from captions(figure, {0: [*padding, i[1], 2, p[1], i[1] + 2 * p[1]]})
    yield from _strides(figure, lines, s)


def _strides(figure: Subject, lines: dict[str, list[list[int]]], s: tuple[int, int]) -> Iterator[Claim]:
    """The captions of the places that are counted."""
    for step, text in enumerate(figure.captions):
        name = "rows" if "rows left" in text else "columns"
        if text.startswith("The kernel takes its first place"):
            yield from captions(figure, {step: lines[name][1][-3:]})
        elif text.startswith("Stride "):
            free, stride, count = lines[name][2]
            place = int(text.split()[1])
            following = figure.captions[step - 1].startswith(("The kernel", f"Stride {place - 1} "))
            said = [place, count, place + 1, free, place, stride, free - place * stride]
            yield from captions(figure, {step: said if following else [np.nan]})
