"""Normalisation: results, means and variances, and the values on their way."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from cnnviz.check.claims._claim import BESIDE, Claim, NotCheckedError, captions, reckoned, told, written
from cnnviz.check.engine import Array, Engine
from cnnviz.check.subject import Subject, Values
from cnnviz.data import MAP_NAMES, load_map
from cnnviz.storyboard import MoveDot, SetRow, Table

MOVES = 5
_EASED = [t * t * (3 - 2 * t) for t in (place / MOVES for place in range(1, MOVES + 1))]
"""How far values have come in the pictures between two states."""


def lrn(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """Local response normalization across channels or within them."""
    given, x = figure.parameters, figure.operand("input")
    within, n = given["kind"] == "intra", given["n"]
    share = (n * n if within else n) if given["alpha_over_n"] else 1
    theirs = engine.response_norm(x[None], n, given["alpha"] / share, given["beta"], given["k"], within)[0]
    claim = Claim("output", figure.result("output"), theirs, abs(theirs))
    yield claim
    yield written(figure, claim)
    yield told("the label of input", figure.board.panel("input").label, x.shape)
    yield told("the label of output", figure.board.panel("output").label, x.shape)
    before, after = n // 2, (n - 1) // 2
    expected: dict[int, list[float]] = {}
    for write in figure.writes("output"):
        spread = (1, 2) if within else (0,)
        cells = tuple(
            slice(max(0, at - before), at + after + 1) if axis in spread else slice(at, at + 1)
            for axis, at in enumerate(write.place)
        )
        near = x[cells].ravel()
        total, a = float((near**2).sum()), float(x[write.place])
        weight = [given["alpha"], *([share] if given["alpha_over_n"] else [])]
        below = (given["k"] + given["alpha"] / share * total) ** given["beta"]
        head = [a, given["k"], *weight]
        # What divides by 0 as it is written is not written out.
        whole = "/ (" in figure.captions[write.step]
        sums = [*head, *near, given["beta"], *head, total, given["beta"]] if whole else []
        expected[write.step] = [*(at + 1 for at in write.place), *sums, a, below, write.value]
    yield from captions(figure, expected)
    # What is divided by is rounded, even to a whole number.
    yield from reckoned(figure, ((where, re.sub(r" / ([0-9]+) ", r" / \1e0 ", text)) for where, text in figure.texts()))
    said = [n, n] if within else [1, before, x.shape[0], after]
    yield told("the formula", figure.board.formula.replace("-", " "), said)


def norm(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """Batch, layer, instance and group normalization."""
    given, kind = figure.parameters, figure.parameters["kind"]
    if kind == "compare":
        yield from _comparison(figure)
        return
    sheets = figure.operand("input")
    x = sheets.reshape(given["batch"], given["channels"], *sheets.shape[1:])
    groups = {"layer": 1, "instance": given["channels"]}.get(kind, given["groups"])
    theirs = engine.normalize(x, "batch" if kind == "batch" else "group", groups, given["eps"]).reshape(sheets.shape)
    claim = Claim("output", figure.result("output"), theirs, _sharpened(x, kind, groups, given["eps"]))
    yield claim
    yield written(figure, claim)
    for name in ("input", "output"):
        yield told(f"the label of {name}", figure.board.panel(name).label, x.shape)
    results: Array = np.asarray(theirs)
    together = _together(x, kind, groups)
    means, variances = engine.moments(np.stack([cells for _, cells in together]))
    first, digits = np.reshape(results, x.shape), dict[int, Sequence[float]]()
    for place, (named, cells) in enumerate(together):
        mean, variance = float(means[place]), float(variances[place])
        result = float(first[_first(named, kind, x, groups)])
        digits[3 * place] = [*named, *cells, len(cells), mean]
        digits[3 * place + 1] = [*named, *(v for cell in cells for v in (cell, mean)), len(cells), variance]
        digits[3 * place + 2] = [*named, cells[0], mean, variance, given["eps"], result]
    yield from captions(figure, digits)
    shared = [given["channels"] // groups] if kind == "group" else []
    yield told("the formula", figure.board.formula, [*shared, len(together[0][1])])
    yield from reckoned(figure)


def _together(x: Values, kind: str, groups: int) -> list[tuple[tuple[int, ...], Values]]:
    """The values that share a mean, by the numbers that name them."""
    if kind == "batch":
        return [((c + 1,), x[:, c].ravel()) for c in range(x.shape[1])]
    parts = x.reshape(x.shape[0], groups, -1)
    return [
        ((n + 1,) if kind == "layer" else (n + 1, g + 1), parts[n, g]) for n in range(len(x)) for g in range(groups)
    ]


def _first(name: tuple[int, ...], kind: str, x: Values, groups: int) -> tuple[int, ...]:
    """The place of a group's first value."""
    if kind == "batch":
        return 0, name[0] - 1, 0, 0
    return name[0] - 1, (name[1] - 1) * (x.shape[1] // groups) if len(name) > 1 else 0, 0, 0


def _comparison(figure: Subject) -> Iterator[Claim]:
    """The two counts in a table of words."""
    (table,) = (panel for panel in figure.board.panels() if isinstance(panel, Table))
    given = figure.parameters
    batch, channels, (rows, columns) = given["batch"], given["channels"], given["i"]
    counts = {"learned parameters": [2, 2 * channels], "normalised over": [batch * rows * columns]}
    found = [entry for entry in table.entries if entry[0] in counts]
    if not found:
        raise NotCheckedError("a table of words")
    for property_, response, batch_norm in found:
        claim = told(f"the table's {property_}", batch_norm, counts[property_])
        yield Claim(claim.where, claim.shown, claim.theirs, what="counts in a table of words", allowed=claim.allowed)
        if property_ == "learned parameters":
            yield told("the table's learned parameters of LRN", response, [0])
    yield from reckoned(figure)
    captions_ = [step for step, text in enumerate(figure.captions) if "N·H·W" in text]
    yield from captions(figure, {step: [batch, rows, columns, batch * rows * columns] for step in captions_})
    learned = [step for step, text in enumerate(figure.captions) if "2·C" in text]
    yield from captions(figure, {step: [2, 2, channels, 2 * channels] for step in learned})


def _sharpened(x: Values, kind: str, groups: int, eps: float) -> Values:
    """How large a value is in the units of its result, sheet by sheet: what is lost with a mean is lost of this."""
    if kind == "batch":
        parts, axes = x.transpose(1, 0, 2, 3).reshape(1, x.shape[1], -1), (len(x), 1)
    else:
        parts, axes = x.reshape(len(x), groups, -1), (1, x.shape[1] // groups)
    scale = abs(parts).max(axis=-1) / np.sqrt(parts.var(axis=-1) + eps)
    each = np.repeat(np.repeat(scale, axes[0], axis=0), axes[1], axis=1)
    return np.asarray(np.broadcast_to(each.reshape(-1, 1, 1), (each.size, *x.shape[2:])))


def batch_norm(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """A batch on its way: less its mean, over its deviation, scaled, shifted, activated."""
    given, x = figure.parameters, figure.operand("input")
    normalised = engine.normalize(x[:, :, None, None], "batch", 1, given["eps"])[:, :, 0, 0]
    scale = float(abs(x).max() / np.sqrt(x.var(axis=0).min() + given["eps"]))
    claims = [Claim("normalised", figure.result("normalised"), normalised, scale)]
    gamma, beta = (_per_channel(figure, name, x.shape[1]) for name in ("gamma", "beta"))
    y = normalised * gamma + beta
    scale = scale * float(abs(gamma).max()) + float(abs(beta).max())
    claims.append(Claim("scaled", figure.result("scaled"), y, scale))
    last: Array = y
    if given["activation"] != "none":
        sharpness = {"leaky-relu": 0.01}.get(given["activation"], 1.0)
        last = engine.activation(given["activation"], y, sharpness)
        claims.append(Claim("activated", figure.result("activated"), last, scale))
    yield from claims
    yield from (written(figure, claim) for claim in claims)
    moments = engine.moments(x.T)
    states: list[Values] = [x, x - moments[0], np.asarray(normalised, np.float64), gamma * normalised, y]
    states += [last.astype(np.float64)] if given["activation"] != "none" else []
    yield from _words(figure, states, moments, (gamma, beta))
    for claims_ in (_dots, _marks):
        for claim in claims_(figure, states, float(abs(x).max()) + scale):
            yield replace(claim, theirs=claim.theirs.astype(last.dtype))
    yield told("the formula", figure.board.formula.rpartition("=")[2], [given["eps"]])
    yield told("the label of input", figure.board.panel("input").label, x.shape)
    yield from reckoned(figure, ((where, text) for where, text in figure.texts() if "_B" not in text))


def _per_channel(figure: Subject, name: str, channels: int) -> Values:
    given = figure.parameters[name]
    given = [[given]] if isinstance(given, int | float) else given
    size = (1, channels) if isinstance(given, str) and given.strip().lower() in MAP_NAMES else None
    values = load_map(given, size, seed=figure.parameters["seed"]).values.ravel()
    return np.broadcast_to(values, channels)


def _words(
    figure: Subject, states: Sequence[Values], moments: tuple[Array, Array], affine: tuple[Values, Values]
) -> Iterator[Claim]:
    """Captions, and the means and variances in the algorithm's lines."""
    (x, centred, hat, scaled, y), (means, variances), (gamma, beta) = states[:5], moments, affine
    eps, (samples, channels) = figure.parameters["eps"], x.shape
    every = range(channels)
    said: list[Sequence[float]] = [[samples, channels]]
    said += [[c + 1, *x[:, c], samples, means[c]] for c in every]
    said += [[c + 1, *(v for a in x[:, c] for v in (a, means[c])), samples, variances[c]] for c in every]
    said += [[x[0, 0], means[0], centred[0, 0]]] * MOVES
    said += [[centred[0, 0], variances[0], eps, hat[0, 0]]] * MOVES
    said += [[c + 1, 1, x[0, c], means[c], variances[c], eps, hat[0, c]] for c in every]
    said += [[gamma[0], hat[0, 0], scaled[0, 0]]] * MOVES + [[scaled[0, 0], beta[0], y[0, 0]]] * MOVES
    said += [[c + 1, 1, gamma[c], hat[0, c], beta[c], y[0, c]] for c in every]
    if len(states) > 5:
        said += [[y[0, 0], states[5][0, 0]]] * MOVES + [[c + 1, 1, y[0, c], states[5][0, c]] for c in every]
    yield from captions(figure, dict(enumerate(said)))
    known = {"mean": means, "variance": variances}
    for step, row in figure.changes(SetRow, "algorithm"):
        if row.text:
            of = (step - 1) % channels + 1
            yield told(
                f"the {row.row} in step {step + 1}", row.text.rpartition("$ = ")[2], known[row.row][:of].tolist()
            )


def _way(states: Sequence[Values]) -> list[Values]:
    """What the dots stand at, picture by picture."""
    return [a + share * (b - a) for a, b in itertools.pairwise(states) for share in _EASED]


def _dots(figure: Subject, states: Sequence[Values], scale: float) -> Iterator[Claim]:
    """The dots at the start and in every picture."""
    x, moves = states[0], figure.changes(MoveDot, "values")
    steps = sorted({step for step, _ in moves})
    way = dict(zip(steps, _way(states), strict=False))
    start = {dot.name: dot.x for dot in figure.plot("values").dots}
    shown, theirs = list[float](), list[float]()
    for c, r in np.ndindex(x.shape[1], x.shape[0]):
        shown.append(start[f"{c},{r}"])
        theirs.append(float(x[r, c]))
    for step, move in moves:
        c, r = map(int, move.dot.split(","))
        shown.append(move.x)
        theirs.append(float(way[step][r, c]) if step in way else np.nan)
    yield Claim("dots of values", np.array(shown), np.array(theirs), scale, what=BESIDE)


def _marks(figure: Subject, states: Sequence[Values], scale: float) -> Iterator[Claim]:
    """The marks of mean and spread, which follow the dots; the activation leaves none."""
    x, channels = states[0], states[0].shape[1]
    steps = sorted({step for step, _ in figure.changes(MoveDot, "values")})
    way = dict(zip(steps, _way(states), strict=False))
    kept = steps[: 4 * MOVES]
    for c in range(channels):
        for name, reach in (("mean", 0.0), ("spread", 1.0)):
            for step, at, _ in figure.curves("values", f"{name} {c}"):
                state = way.get(step, x)
                mean, deviation = float(state[:, c].mean()), float(state[:, c].std()) * reach
                there = step in kept or step < steps[0]
                theirs = np.array([mean - deviation, mean + deviation] if there else [])
                yield Claim(f"{name} {c + 1} in step {step + 1}", at, theirs, scale, what=BESIDE)
