"""Gradient descent: the surface, every update of every optimizer, the loss after each, and the words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from cnnviz.check.claims._claim import BESIDE, Claim, captions, told
from cnnviz.check.engine import Array, Descent, Engine, Rule
from cnnviz.check.subject import Subject, Values
from cnnviz.check.words import expression, numbers, strong
from cnnviz.storyboard import Surface

_TITLES = {"sgd": "SGD", "momentum": "Momentum", "nesterov": "Nesterov", "adagrad": "Adagrad", "rmsprop": "RMSProp",
           "adam": "Adam"}  # fmt: skip
_FAR = 1e6
_BELOW = {"adagrad": 1e-10, "rmsprop": 1e-8, "adam": 1e-8}
"""What rules add to what they divide by, ε, as torch has it."""
_SQUARES = {"adagrad": "sum", "rmsprop": "square_avg", "adam": "exp_avg_sq"}
_LOST = 2e-15
"""What is lost of a gradient, of the largest on a way."""
_ROUNDED = 5.1e-5
"""What is lost of heights, which have five digits."""


@dataclass(frozen=True)
class _Run:
    key: str
    rate: float
    descent: Descent
    shown: Values
    loss: Values
    left: bool
    diverged: bool


def gradient_descent(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """Every update from the weights before it, by the formula that the figure shows; what a rule remembers is theirs.

    Whole paths of their own would part from ours where a rule divides by almost nothing.
    """
    field = expression(figure.board.convention.strip("$").partition("=")[2])
    surface = figure.board.panel("surface")
    assert isinstance(surface, Surface)
    start = next((dot.x, dot.y) for dot in surface.dots if dot.name == "start")
    keys = list(_TITLES) if figure.parameters["optimizer"] == "all" else [figure.parameters["optimizer"]]
    runs = []
    for key in keys:
        path = _joined(figure, "surface", key)
        rule = Rule(key, _rate(figure, key), *(float(figure.parameters[name]) for name in
                                               ("momentum", "alpha", "beta1", "beta2")))  # fmt: skip
        descent = engine.descend(field, rule, start, figure.parameters["steps"], path)
        lost = _lost(path, descent.path, surface, figure.parameters["steps"])
        run = _Run(key, rule.rate, descent, path, _joined(figure, "loss", key), *lost)
        runs.append(run)
        yield from _path(run, surface, figure.parameters["steps"])
        yield from _ends(figure, run)
    for panel in ("surface", "loss"):
        for dot in figure.plot(panel).dots:
            if dot.name in keys and not np.isnan(dot.x):
                yield Claim(
                    f"dot {dot.name} at the start", np.array([dot.x, dot.y]), np.array(start), exact=True, what=BESIDE
                )
    if len(keys) == 1:
        yield told("the formula", figure.board.formula, _constants(keys[0], figure.parameters))
    yield from _ground(engine.field(field, *_mesh(surface)), surface)
    yield from _marked(engine, field, surface)
    yield from _said(figure, runs)


def _constants(key: str, given: Mapping[str, float]) -> list[float]:
    """The numbers in a rule's formula."""
    mu, alpha, one, two = (given[name] for name in ("momentum", "alpha", "beta1", "beta2"))
    return {"momentum": [mu], "nesterov": [mu, mu], "rmsprop": [alpha, 1 - alpha],
            "adam": [one, 1 - one, two, 1 - two]}.get(key, [])  # fmt: skip


def _rate(figure: Subject, key: str) -> float:
    """The rate of a rule as the figure tells it."""
    if figure.parameters["lr"] is not None:
        return float(figure.parameters["lr"])
    if figure.parameters["optimizer"] != "all":
        return float(re.search(r"\\eta=(.*?)\$", figure.board.settings)[1])  # type: ignore[index]
    part = next(part for part in figure.board.formula.split(";") if re.search(rf"\b{_TITLES[key]}\b", part))
    return next(number.value for number in numbers(part) if number)


def _joined(figure: Subject, panel: str, key: str) -> Values:
    """All points that steps have added to a curve."""
    parts = [np.stack([x, y], axis=1) for _, x, y in figure.curves(panel, key)]
    return np.concatenate([np.empty((0, 2)), *parts])


def _mesh(surface: Surface) -> tuple[Values, Values]:
    rows, columns = surface.heights.shape
    x, y = np.linspace(*surface.x_range, columns), np.linspace(*surface.y_range, rows)
    across, up = np.meshgrid(x, y)
    return across, up


def _ground(field: tuple[Array, Array, Array], surface: Surface) -> Iterator[Claim]:
    heights = field[0]
    yield Claim(
        "heights",
        surface.heights,
        heights,
        what=BESIDE,
        allowed=np.asarray(_ROUNDED * abs(heights) + 1e-11, np.float64),
    )


def _marked(engine: Engine, field: ast.expr, surface: Surface) -> Iterator[Claim]:
    """Where a minimum or the saddle is said to be the gradient is 0."""
    for dot in surface.dots:
        if dot.text in ("minimum", "saddle"):
            _, across, up = engine.field(field, np.array([dot.x]), np.array([dot.y]))
            slope = np.append(across, up).astype(np.float64)
            yield Claim(f"the gradient at {dot.name}", slope, np.zeros(2), what=BESIDE,
                        allowed=np.full(2, 1e-9))  # fmt: skip


def _path(run: _Run, surface: Surface, steps: int) -> Iterator[Claim]:
    """The weights after every update, and the loss there."""
    made, path = len(run.shown), run.descent.path
    title = _TITLES[run.key]
    scale = np.maximum.accumulate(abs(path[:made]).max(axis=1, keepdims=True)).clip(1) * np.ones(2)
    scale += _trembling(run, made) / 1e-9
    yield Claim(f"{title}, weights after update", run.shown, path[:made], scale, what="weights and losses")
    logarithmic = "log" in run_label(surface)
    known = run.descent.loss[:made]
    theirs = np.log10(np.maximum(known, 1e-300)) if logarithmic else known
    # Near 0 the logarithm of a loss moves by the loss's own error over it.
    allowed = 1e-9 * (1 + scale[:, 0]) * np.maximum(1, 1 / np.maximum(abs(known), 1e-300) * run.descent.steep[:made])
    yield Claim(f"{title}, loss after update", run.loss[:, 1], theirs, what="", allowed=np.asarray(allowed, np.float64))
    yield Claim(f"{title}, updates", run.loss[:, 0], np.arange(float(made)), exact=True, what=BESIDE)
    end = made if run.left or run.diverged else steps + 1
    yield Claim(f"{title}, the end of its way", np.array([float(made)]), np.array([float(end)]), exact=True,
                what=BESIDE)  # fmt: skip


def _trembling(run: _Run, made: int) -> Values:
    """How far an update may go astray where a rule divides what is lost of a gradient by next to nothing."""
    far = np.zeros((made, 2))
    if run.key in _SQUARES:
        below = np.sqrt(run.descent.slots[_SQUARES[run.key]][: made - 1]) + _BELOW[run.key]
        steps = run.rate + abs(np.diff(run.descent.path[:made], axis=0))
        far[1:] = _LOST * np.nanmax(run.descent.steep[:made]) * steps / below
    return far


def _lost(shown: Values, path: Array, surface: Surface, steps: int) -> tuple[bool, bool]:
    """Whether a way ends because it left a surface without a minimum, or because the update after it led too far."""
    last, (low, high) = shown[-1], zip(surface.x_range, surface.y_range, strict=True)
    left = not run_label(surface) and bool((last < low).any() or (last > high).any())
    following = path[len(shown)] if len(shown) < len(path) else np.full(2, np.inf)
    far = not np.isfinite(following).all() or abs(following).max() > _FAR
    return left, bool(far) and not left and len(shown) <= steps


def run_label(surface: Surface) -> str:
    """Whether losses are shown by their logarithms: wherever a minimum is marked."""
    return "log" if any(dot.text == "minimum" for dot in surface.dots) else ""


def _ends(figure: Subject, run: _Run) -> Iterator[Claim]:
    """The dots stand at the last points."""
    for panel, points in (("surface", run.shown), ("loss", run.loss)):
        steps = [step for step, _, _ in figure.curves(panel, run.key)]
        lengths = np.cumsum([len(x) for _, x, _ in figure.curves(panel, run.key)])
        shown = np.stack(figure.points(panel, run.key), axis=1)
        yield Claim(f"dots of {_TITLES[run.key]} in {panel}", shown, points[lengths - 1][: len(steps)], exact=True,
                    what=BESIDE)  # fmt: skip


def _said(figure: Subject, runs: list[_Run]) -> Iterator[Claim]:
    """Captions, and how many updates lie between two pictures."""
    counts = _counts(figure, runs)
    label = figure.board.panel("loss").label
    every = counts[0] if counts else 1
    yield told("the label of loss", label.rpartition(",")[2], [every] if every > 1 else [])
    yield told("the settings", figure.board.settings.rpartition("     ")[2], [counts[-1]])
    for step, (count, text) in enumerate(zip(counts, figure.captions, strict=True)):
        if len(runs) > 1:
            yield from _standings(figure, runs, step, count)
        elif "**diverged**" in text:
            made = len(runs[0].shown) - 1
            yield from captions(figure, {step: [made + 1, *runs[0].descent.path[made]]})
        else:
            yield from captions(figure, {step: _update(runs[0], figure.parameters, count)})


def _counts(figure: Subject, runs: list[_Run]) -> list[int]:
    """The updates after which there is a picture."""
    by_step: dict[int, int] = {}
    for run in runs:
        made = -1
        for step, x, _ in figure.curves("loss", run.key):
            made += len(x)
            by_step[step] = max(by_step.get(step, 0), made)
    # The last picture may tell of an update that led too far.
    by_step[len(figure.steps) - 1] = max(len(run.shown) - 1 + run.diverged for run in runs)
    return [by_step[step] for step in range(len(figure.steps))]


def _standings(figure: Subject, runs: list[_Run], step: int, count: int) -> Iterator[Claim]:
    """The losses of those on their way, the lowest of which is strong."""
    text = figure.captions[step]
    walking = [run for run in runs if re.search(rf"\b{_TITLES[run.key]} −?[0-9]", text)]
    losses = [float(run.descent.loss[min(count, len(run.descent.loss) - 1)]) for run in walking]
    yield from captions(figure, {step: losses})
    if losses:
        yield told(f"the lowest loss of step {step + 1}", strong(text), [min(losses)])


def _update(run: _Run, parameters: Mapping[str, float], count: int) -> list[float]:
    """An update's numbers: weights before, rate, what it is multiplied by, weights after."""
    descent = run.descent
    grad = descent.grads[count - 1]
    slots = {name: values[count - 1] for name, values in descent.slots.items()}
    before = {name: values[count - 2] if count > 1 else np.zeros(2) for name, values in descent.slots.items()}
    match run.key:
        case "sgd":
            said = [*grad]
        case "momentum":
            # Where nothing is kept of it there is no velocity.
            kept = before.get("momentum_buffer", np.zeros(2)) * (parameters["momentum"] > 0)
            said = [parameters["momentum"], *kept, *grad]
        case "nesterov":
            said = [*grad, parameters["momentum"], *slots["momentum_buffer"]]
        case "adagrad":
            said = _quotients(grad, np.sqrt(slots["sum"]) + _BELOW["adagrad"])
        case "rmsprop":
            said = _quotients(grad, np.sqrt(slots["square_avg"]) + _BELOW["rmsprop"])
        case _:
            first = slots["exp_avg"] / (1 - parameters["beta1"] ** count)
            second = slots["exp_avg_sq"] / (1 - parameters["beta2"] ** count)
            said = _quotients(first, np.sqrt(second) + _BELOW["adam"])
    return [*descent.path[count - 1], run.rate, *map(float, said), *descent.path[count]]


def _quotients(top: Values, below: Values) -> list[float]:
    return [value for a, b in zip(top, below, strict=True) for value in ((a, b) if a else (0.0,))]
