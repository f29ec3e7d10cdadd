"""The line of settings at the top right, the convention, labels, captions of sheets and signs: every number in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from cnnviz.check.beside.operands import per_channel, start_of
from cnnviz.check.claims._claim import BESIDE, Claim, once, told
from cnnviz.check.claims.functions import loss_symbols, symbols_of
from cnnviz.check.claims.network import label_of, network_of
from cnnviz.check.subject import Subject
from cnnviz.check.words import Number, numbers
from cnnviz.network import Network
from cnnviz.storyboard import Block, Maps, Relabel, Sign

Known = Mapping[str, Sequence[float]]

_FINE = 3
"""Decimals from which on a setting may be rounded."""

_LETTERS = {"i": "i", "k": "k", "s": "s", "p": "p", "d": "d", "a": "output_padding", "o": "output_size"}
_NAMED = re.compile(r"[A-Za-z]+[0-9]+")


def settings(figure: Subject) -> Iterator[Claim]:
    """Every number of the settings and of the convention, by its symbol or word."""
    known = _known(figure)
    for item in re.split(r"\s{2,}", figure.board.settings):
        yield _item(figure, item, known)
    if figure.board.scene == "conv-relation":
        yield _exactly("the convention", figure.board.convention, _left_over(figure))
    elif figure.board.scene not in ("gradient-descent", "activation"):
        convention = figure.board.convention
        said = [180.0] if "rotated by" in convention else [0.0] if "below" in convention else []
        yield _exactly("the convention", _NAMED.sub("", convention), said)


def _item(figure: Subject, item: str, known: Known) -> Claim:
    """A symbol or a word with its numbers; of one that is not known there may be none."""
    if "range " in item:
        # Another function's range is held against the function itself.
        bounded = figure.parameters.get("kind") == "softmax"
        return _exactly("the settings", item if bounded else "", [0, 1, 1] if bounded else [])
    symbol, _, value = (item.partition("$")[2] if "=" in item else item).partition("=")
    # A number with a power of ten stands behind its formula.
    symbol = symbol.strip(" $")
    if value:
        name = item.partition("$")[0].strip() + symbol if symbol in (r"\alpha",) else symbol
        return _exactly(f"the setting {symbol}", value, known.get(name, known.get(symbol, [])))
    found = re.search(r"[a-z]+", item)
    word = found[0].removesuffix("s") if found else ""
    # Updates are held against the ways down.
    return _exactly("the settings", "" if word == "update" else item, known.get(word, []))


def _found(text: str) -> list[Number]:
    """The numbers of a text; a minus sign before one, or in its power of ten, may be a hyphen."""
    plain = re.sub(r"\\[a-z]+", " ", re.sub(r"-(?=[0-9])", "−", text))
    return [number for number in numbers(plain) if number]


def _exactly(where: str, text: str, expected: Sequence[float]) -> Claim:
    """The numbers of a text as they were given, rounded where they have many decimals only."""
    found = _found(text)
    shown, theirs = np.array([number.value for number in found]), np.array(expected, np.float64)
    allowed = np.array([_open(number) for number in found])
    return Claim(where, shown, theirs, what=BESIDE, allowed=allowed + 1e-12 * abs(shown))


def _open(number: Number) -> float:
    """What rounding may have changed: of a number with few decimals, nothing."""
    fine = number.half * 2 <= 10.0**-_FINE or abs(number.value) >= 1e5 * number.half * 2
    return number.half * (1 + 1e-6) if fine else 0.0


def _known(figure: Subject) -> Known:
    given, scene = figure.parameters, figure.board.scene
    if scene in _OF_SCENES:
        return _OF_SCENES[scene](figure)
    found: dict[str, Sequence[float]] = {
        letter: once(figure.size(name)) for letter, name in _LETTERS.items() if given.get(name) is not None
    }
    return {**found, "b": [float(given.get("bias") or 0.0)] if not isinstance(given.get("bias"), str) else []}


def _left_over(figure: Subject) -> list[float]:
    """The output padding that gives a size back."""
    sizes = (figure.size(name) for name in "ikps")
    rows, columns = ((i + 2 * p - k) % s for i, k, p, s in zip(*sizes, strict=True))
    return [float(size) for size in once((rows, columns))] if (rows, columns) != (0, 0) else []


def _batch_norm(figure: Subject) -> Known:
    samples, channels = figure.operand("input").shape
    affine = {name: [*dict.fromkeys(per_channel(figure, name, channels).tolist())] for name in ("gamma", "beta")}
    return {"m": [samples], "C": [channels], r"\gamma": affine["gamma"], r"\beta": affine["beta"]}


def _lrn(figure: Subject) -> Known:
    given = figure.parameters
    return {"n": [given["n"]], "k": [given["k"]], r"\alpha": [given["alpha"]], r"\beta": [given["beta"]]}


def _norm(figure: Subject) -> Known:
    given = figure.parameters
    return {"N": [given["batch"]], "C": [given["channels"]], "pixel": figure.size("i"), "G": [given["groups"]]}


def _fully_connected(figure: Subject) -> Known:
    return {"input": [figure.parameters["inputs"]], "output": [figure.parameters["outputs"]]}


def _activation(figure: Subject) -> Known:
    kind = figure.parameters["kind"]
    if kind in ("all", "table"):
        own = {title: symbols_of(figure, name) for title, name in (("Leaky ReLU", "leaky-relu"), ("ELU", "elu"))}
        return {f"{title}\\alpha": [symbols["alpha"]] for title, symbols in own.items()}
    return {f"\\{name}": [value] for name, value in symbols_of(figure, kind).items()}


def _loss(figure: Subject) -> Known:
    label, symbols = loss_symbols(figure)
    return {"y": [label], **{name: [value] for name, value in symbols.items()},
            **{f"\\{name}": [value] for name, value in symbols.items()}}  # fmt: skip


def _cnn(figure: Subject) -> Known:
    net: Network = network_of(figure)
    count = sum(int(np.prod(shape)) for shapes in net.weight_shapes for shape in shapes.values())
    return {"layer": [len(net.layers)], "parameter": [count], "y": [label_of(figure, net)]}


def _descent(figure: Subject) -> Known:
    rate = figure.parameters["lr"]
    # Without one the ways down are held against the rate that is shown.
    rate = [number.value for number in _found(figure.board.settings)[:1]] if rate is None else [rate]
    return {"start": start_of(figure), r"\eta": rate}


_OF_SCENES: dict[str, Callable[[Subject], Known]] = {
    "batch-norm": _batch_norm, "lrn": _lrn, "norm": _norm, "fully-connected": _fully_connected,
    "activation": _activation, "loss": _loss, "cnn": _cnn, "gradient-descent": _descent,
}  # fmt: skip

_FIRST_LINES = {
    "conv": ("input", "kernel", "output"), "conv-relation": ("input", "kernel", "output", "back"),
    "transposed-conv": ("input", "kernel", "output", "sum"), "pool": ("input", "output"),
    "unpool": ("input", "pooled", "output"), "output-size": ("input", "output"),
    "fully-connected": ("weights", "input", "bias", "output"), "batch-norm": ("input",), "lrn": ("input", "output"),
    "norm": ("input", "output"), "gradient-descent": ("loss",), "activation": ("probabilities",),
}  # fmt: skip
"""The labels whose first line is held against sizes; all other lines have no numbers but those of names and angles."""


def labels(figure: Subject) -> Iterator[Claim]:
    """Whatever labels and signs say beside sizes, and the captions of sheets."""
    held = _FIRST_LINES.get(figure.board.scene, ())
    yield _exactly("the title", _NAMED.sub("", figure.board.title), [])
    count = np.array([float(len(figure.steps))])
    yield Claim("the count of steps at", np.array([float(figure.board.count)]), count, exact=True, what=BESIDE)
    for panel in figure.board.panels():
        if isinstance(panel, Sign):
            yield _exactly(f"the sign {panel.name}", panel.text, [])
            continue
        every = [("", panel.label)]
        every += [(f" in step {step + 1}", change.label) for step, change in figure.changes(Relabel, panel.name)]
        for when, label in every:
            lines = label.split("\n")
            for line in lines[1:] if panel.name in held else lines:
                yield from _line(figure, panel.name, when, line)
        if isinstance(panel, Maps):
            yield from _stations(figure, panel)
        if isinstance(panel, Block) and panel.captions:
            channels = figure.parameters["channels"]
            for place, caption in enumerate(panel.captions):
                sample, channel = divmod(place, channels)
                yield told(f"the caption of sheet {place + 1} of {panel.name}", caption, [sample + 1, channel + 1])


def _stations(figure: Subject, panel: Maps) -> Iterator[Claim]:
    """The class that counts, wherever a network marks or names it, and what its layers are called."""
    net = network_of(figure)
    for station, layer in zip(panel.stations[1:], figure.parameters["layers"].split(","), strict=False):
        # What is usual may be left out of a title, and 2 told as 2x2.
        said, given = ([number.value for number in _found(text)] for text in (station.title, layer))
        known = [value if value in given else np.nan for value in said]
        yield _exactly(f"the title of {station.name}", station.title, known)
    label, names = label_of(figure, net), [float(line) for line in range(net.classes)]
    for station in panel.stations:
        if station.marked is not None:
            yield _exactly(f"the class marked in {station.name}", str(station.marked), [label])
        if station.lines:
            yield _exactly(f"the classes of {station.name}", " ".join(station.lines), names)
        if station.form == "total":
            yield _exactly(f"the title of {station.name}", station.title, [label])


def _line(figure: Subject, panel: str, when: str, line: str) -> Iterator[Claim]:
    if figure.board.scene == "transposed-conv" and panel == "input":
        return
    # A file goes by a name of its own.
    named = panel == "kernel" and (line == _name(figure) or ("." in _name(figure) and "rotated" not in line))
    angle = [180.0] if "rotated by" in line else []
    if not named:
        yield _exactly(f"the label of {panel}{when}", _NAMED.sub("", line), angle)


def _name(figure: Subject) -> str:
    """What a kernel goes by."""
    given = figure.parameters.get("kernel")
    return given.strip().lower().replace("_", "-") if isinstance(given, str) else ""
