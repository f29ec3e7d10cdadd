"""Activation functions and losses: points, derivatives, curves, tangents, formulas, and the words beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from cnnviz.check.claims._claim import BESIDE, Claim, ascending, captions, reckoned, started, told
from cnnviz.check.engine import Array, Engine
from cnnviz.check.formulas import by_cases, in_a_row, over
from cnnviz.check.subject import Subject, Values
from cnnviz.check.words import evaluate, numbers
from cnnviz.storyboard import Equation, SetRow, Table

_SHARPNESS = {"leaky-relu": 0.1, "elu": 1.0, "softplus": 1.0}
_ARTICLE = {"identity": "linear", "relu": "relu", "leaky_relu": "leaky-relu", "elu": "elu", "tanh": "tanh",
            "sigmoid": "sigmoid"}  # fmt: skip
_LOSSES = {"l1_loss": "mae", "mse_loss": "mse", "huber_loss": "huber", "hinge_loss": "hinge",
           "binary_cross_entropy": "cross-entropy"}  # fmt: skip
_LOSS_PARAMETERS = {"huber": "delta", "smooth-l1": "beta", "hinge": "margin"}
_FAR = 1e8
_WIDE = np.concatenate([[-_FAR], np.linspace(-50, 50, 20001), [_FAR]])
_TRIED = np.array([-4.25, -3.0, -1.5, -1.0, -0.25, 0.0, 0.25, 1.0, 2.5, 3.0, 4.75])
"""Places at which formulas are tried, corners among them."""


@dataclass(frozen=True)
class Function:
    """A function on an engine with its derivative; `steep` is how much a change of its argument may grow at most."""

    value: Callable[[Values], Array]
    slope: Callable[[Values], Array]
    steep: float = 1.0

    def scale(self, x: Values) -> Values:
        """How large what is added up may be."""
        return np.asarray(np.maximum(np.maximum(abs(x), abs(self.value(x))), 1) * max(self.steep, 1))


def activation(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """One function, the article's six, their table, or softmax."""
    kind = figure.parameters["kind"]
    if kind == "softmax":
        yield from _softmax(figure, engine)
    elif kind == "table":
        yield from _table(figure, engine)
    elif kind == "all":
        functions = {panel: _function(figure, engine, name) for panel, name in _ARTICLE.items()}
        for panel, function in functions.items():
            yield from _moving(figure, panel, panel.replace("_", "-"), function)
        x = figure.points("relu", "point")[0]
        every = np.stack([x, *(function.value(x) for function in functions.values())], axis=1)
        yield from captions(figure, dict(enumerate(every.tolist())))
    else:
        function = _function(figure, engine, kind)
        yield from _moving(figure, "plot", kind, function)
        yield from _beside(figure, function, {"x": "x", "value": "v", "slope": "s"})
        known = symbols_of(figure, kind)
        yield from _written(figure, known, {}, "x")
        (rows,) = (panel for panel in figure.board.panels() if isinstance(panel, Equation))
        yield from _formula("equation", by_cases(rows.lines[0].text), known, "x", function, slope=False)
        yield from _formula("formula", in_a_row(figure.board.formula), known, "x", function, slope=True)
        yield from _range("settings", figure.board.settings, known, function)
        yield from _corner(figure.board.convention, function)


def _function(figure: Subject, engine: Engine, kind: str) -> Function:
    sharpness = _parameter(figure, kind)
    return Function(
        lambda x: engine.activation(kind, x, sharpness),
        lambda x: engine.activation_slope(kind, x, sharpness),
        sharpness,
    )


def _parameter(figure: Subject, kind: str) -> float:
    own = figure.parameters["beta"] if kind == "softplus" else figure.parameters["alpha"]
    return _SHARPNESS.get(kind, 1.0) if own is None else float(own)


def symbols_of(figure: Subject, kind: str) -> dict[str, float]:
    """The symbols of a function's formulas."""
    return {"beta" if kind == "softplus" else "alpha": _parameter(figure, kind)}


def _moving(figure: Subject, panel: str, name: str, function: Function, sure: float = 0.0) -> Iterator[Claim]:
    """The point and its derivative, the curves, the tangent and the guide; values may be off by `sure` more."""
    x, y = figure.points(panel, "point")
    theirs, steep = function.value(x), function.slope(x)
    scale = function.scale(x) + sure
    yield Claim(f"{name} at", y, theirs, scale, what="points")
    for dot, known, of in (("point", theirs, theirs), ("slope", steep, steep)):
        at, height = figure.points(panel, dot)
        yield Claim(f"dot {dot} of {name}", height, known, scale * np.maximum(1, abs(of)), what=BESIDE)
        yield Claim(f"place of dot {dot} of {name}", at, x, exact=True, what=BESIDE)
    for curve, of_x in (("function", function.value), ("derivative", function.slope)):
        u, v = figure.curve(panel, curve)
        there = ~np.isnan(v)
        yield ascending(f"curve {curve} of {name}", u)
        known = of_x(u[there])
        yield Claim(f"curve {curve} of {name}", v[there], known, function.scale(u[there]) * np.maximum(1, abs(known)),
                    what=BESIDE)  # fmt: skip
    yield from started(figure, panel)
    for step, ends, heights in figure.curves(panel, "tangent"):
        yield Claim(
            f"the middle of the tangent of {name}", np.array([ends.mean()]), x[[step]], abs(ends).max(), what=BESIDE
        )
        if not np.isfinite([theirs[step], steep[step]]).all():
            # At a pole, which torch and the figures cut off, there is no tangent to compute.
            continue
        line = theirs[step] + steep[step] * (ends - x[step])
        yield Claim(f"tangent of {name} in step {step + 1}", heights, np.asarray(line, theirs.dtype),
                    scale[step] * (1 + abs(steep[step])) + abs(line), what=BESIDE)  # fmt: skip
    for step, ends, heights in figure.curves(panel, "guide"):
        known = np.array([x[step], x[step], 0.0, theirs[step]], theirs.dtype)
        yield Claim(f"guide of {name} in step {step + 1}", np.append(ends, heights), known, scale[step] + abs(known),
                    what=BESIDE)  # fmt: skip


def _beside(figure: Subject, function: Function, rows: Mapping[str, str]) -> Iterator[Claim]:
    """The rows that say place, value and derivative."""
    x = figure.points("plot", "point")[0]
    known = {"x": x, "v": function.value(x), "s": function.slope(x)}
    (panel,) = (panel for panel in figure.board.panels() if isinstance(panel, Equation))
    for line in panel.lines:
        if line.name in rows:
            yield told(
                f"the {line.name} at the start", line.text.rpartition(" = ")[2], [float(known[rows[line.name]][0])]
            )
    for step, row in figure.changes(SetRow, "equation"):
        if row.text and row.row in rows:
            value = float(known[rows[row.row]][step])
            yield told(f"the {row.row} in step {step + 1}", row.text.rpartition(" = ")[2], [value])


def _written(figure: Subject, known: Mapping[str, float], label: Mapping[str, float], name: str) -> Iterator[Claim]:
    """Captions: the formula with numbers put in, and what it comes to; every number where the formula has it."""
    x, y = figure.points("plot", "point")
    for step, text in enumerate(figure.captions):
        head, _, rest = text.partition("$ ")
        rest = rest.replace("½", "1/2") if r"1/\beta" in head else rest
        symbols = {**known, **label, name: float(x[step])}
        plain = re.sub(r"\^\{?[0-9]\}?|\\frac\{1\}\{2\}", "", head.partition("=")[2])
        inside = [
            symbols.get(word, word) for word in re.findall(r"[0-9.]+|[a-z]+", plain.replace(r"\hat{y}", "estimate"))
        ]
        expected = [abs(float(v)) for v in inside if isinstance(v, float) or v[0].isdigit()]
        result = [float(y[step])]
        alone = len(numbers(rest)) == 1
        # The sign of a power of ten is no difference.
        yield told(f"the caption of step {step + 1}", re.sub("(?<!e)−", " ", rest),
                   [abs(v) for v in (result if alone else [*expected, *result])])  # fmt: skip
        yield told(f"the result of step {step + 1}", text.rpartition(" ")[2], result)
    yield from reckoned(
        figure, ((where, text.partition("$ ")[2]) for where, text in figure.texts() if "caption" in where)
    )


def _formula(
    where: str, cases: list[tuple[str, str]], known: Mapping[str, float], name: str, function: Function, *, slope: bool,
    places: Values = _TRIED,
) -> Iterator[Claim]:  # fmt: skip
    """What a formula comes to at some places."""
    value = function.value(places)
    theirs = function.slope(places) if slope else value
    shown, spread = over(cases, name, places, known, value)
    allowed = 1.001 * spread + 2e-6 * np.maximum(1, np.maximum(abs(places) * function.steep, abs(theirs)))
    yield Claim(f"the formula in {where} at place", shown, theirs, what=BESIDE, allowed=allowed)


def _range(where: str, text: str, known: Mapping[str, float], function: Function) -> Iterator[Claim]:
    """The ends of a range: what the function comes to at most, and at least."""
    found = re.search(r"\$[\[(](.*?), (.*?)[\])]\$", text)
    if not found:
        return
    values = function.value(_WIDE)
    ends = np.array([values.min(), values.max()], np.float64)
    shown, allowed = [], []
    for end, theirs in zip(found.groups(), ends, strict=True):
        infinite = "infty" in end
        sum_ = evaluate(end.replace(r"\infty", "1"), known)
        shown.append(np.nan if sum_ is None else np.sign(sum_.value) if infinite else sum_.value)
        half = max((number.half for number in numbers(end) if number and number.half < 0.5), default=0.0)
        allowed.append(half * 1.001 + 1e-6 * max(1.0, abs(theirs) if not infinite else 1.0))
    theirs_ = np.array([np.sign(t) if abs(t) > 1e4 else t for t in ends])
    yield Claim(f"the range in {where}", np.array(shown), theirs_, what=BESIDE, allowed=np.array(allowed))


def _corner(text: str, function: Function) -> Iterator[Claim]:
    """What the derivative is said to be where there is none."""
    found = re.search(r"f'\((.*?)\)=(.*?)\$", text)
    if found:
        (at,) = numbers(found[1])
        theirs = function.slope(np.array([at.value if at else np.nan]))
        yield told("the convention", found[2], theirs.tolist())


def _table(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """The formulas of the table and its ranges, by what they come to."""
    (panel,) = (panel for panel in figure.board.panels() if isinstance(panel, Table))
    for row, (entry, kind) in enumerate(zip(panel.entries, _ARTICLE.values(), strict=True)):
        function, known = _function(figure, engine, kind), symbols_of(figure, kind)
        for column, slope in ((2, False), (4, True)):
            for claim in _formula(f"row {row + 1}", by_cases(entry[column]), known, "x", function, slope=slope):
                yield Claim(claim.where, claim.shown, claim.theirs, what="values of formulas", allowed=claim.allowed)
        yield from _range(f"row {row + 1}", entry[3], known, function)
        example = float(function.value(np.array([-1.0]))[0])
        text = figure.captions[row]
        yield told(f"the result of step {row + 1}", text.rpartition(" ")[2], [example])
        yield told(f"the place in step {row + 1}", text.partition("x=")[2].partition("$")[0].replace("-", "−"), [-1.0])
        inside = [abs(float(v)) for v in numbers_of(text, known)]
        said = text.partition("$ = ")[2].replace("−", " ")
        yield told(f"the caption of step {row + 1}", said, [*inside, abs(example)] if len(numbers(said)) > 1 else
                   [abs(example)])  # fmt: skip
    yield from reckoned(figure, ((where, text.rpartition("$ ")[2]) for where, text in figure.texts() if "cap" in where))


def numbers_of(text: str, known: Mapping[str, float]) -> list[float]:
    """The numbers that a caption's formula has with its symbols put in, x being −1, without signs."""
    formula = re.sub(r"\^\{?[0-9]\}?", "", text.partition("f(x)=")[2].partition("$")[0])
    found = re.findall(r"[0-9.]+|[a-z]+", formula)
    return [{**known, "x": 1.0}.get(word, 0.0) if word.isalpha() else float(word) for word in found
            if word in {*known, "x"} or word[0].isdigit()]  # fmt: skip


def _softmax(figure: Subject, engine: Engine) -> Iterator[Claim]:
    logits = figure.operand("logits").ravel()
    names = ["point", *(f"p{n + 1}" for n in range(1, len(logits)))]
    x = figure.points("plot", "point")[0]
    every = np.tile(logits, (len(x), 1))
    every[:, 0] = x
    theirs = engine.softmax(every)
    shown = np.stack([figure.points("plot", name)[1] for name in names], axis=1)
    yield Claim("plot", shown, theirs, 1.0, what="points")
    yield Claim("probabilities", figure.result("probabilities").ravel(), theirs[-1], 1.0)
    places = np.stack([figure.points("plot", name)[0] for name in names], axis=1)
    yield Claim("places of dots", places, np.broadcast_to(x[:, None], places.shape), exact=True, what=BESIDE)
    for panel, known in (("probabilities", theirs), ("logits", every)):
        writes = figure.writes(panel)
        at = tuple(np.array([(write.step, write.place[0]) for write in writes]).T)
        yield Claim(f"{panel}, on its way,", np.array([write.value for write in writes]), known[at], 1.0, what=BESIDE)
    for n in range(len(logits)):
        u, v = figure.curve("plot", f"p{n + 1}")
        yield ascending(f"curve p{n + 1}", u)
        along = np.tile(logits, (len(u), 1))
        along[:, 0] = u
        yield Claim(f"curve p{n + 1}", v, engine.softmax(along)[:, n], 1.0, what=BESIDE)
    start = figure.operand("probabilities").ravel()
    yield Claim("probabilities at the start", start, theirs[0], 1.0, what=BESIDE)
    yield from started(figure, "plot")
    yield told("the label of probabilities", figure.board.panel("probabilities").label, [float(theirs[-1].sum())])
    said = {step: [1, z[0], *z, p[0]] for step, (z, p) in enumerate(zip(every, theirs, strict=True))}
    yield from captions(figure, said)
    yield from reckoned(figure)


def loss(figure: Subject, engine: Engine) -> Iterator[Claim]:
    """One loss, or the article's five."""
    kind = figure.parameters["kind"]
    label = _label(figure)
    if kind == "all":
        yield from _losses(figure, engine, label)
        return
    own, symbol = _loss_parameter(figure, kind)
    function = _loss_function(engine, kind, label, own)
    yield from _moving(figure, "plot", kind, function, 1.0)
    yield from _beside(figure, function, {"estimate": "x", "loss": "v", "gradient": "s"})
    known = {"y": float(label), **symbol}
    yield from _written(figure, symbol, {"y": float(label)}, "estimate")
    (panel,) = (panel for panel in figure.board.panels() if isinstance(panel, Equation))
    yield told("the label", next(row.text for row in panel.lines if row.name == "label"), [label])
    places = np.array([0.05, 0.3, 0.5, 0.9]) if kind in ("cross-entropy", "binary-cross-entropy") else _TRIED
    # With a label of 0 or 1 half of a cross-entropy's formula would go untried.
    for y in {float(label), 0.25} if kind.endswith("cross-entropy") else {float(label)}:
        tried, symbols = _loss_function(engine, kind, y, own), {**known, "y": y}
        for where, cases, slope in (("equation", by_cases(panel.lines[0].text), False),
                                    ("formula", in_a_row(figure.board.formula), True)):  # fmt: skip
            yield from _formula(where, cases, symbols, "estimate", tried, slope=slope, places=places)
    yield from _label_line(figure, "plot", label)


def _label(figure: Subject) -> float:
    kind, given = figure.parameters["kind"], figure.parameters["label"]
    usual = 1.0 if kind in ("all", "hinge") or kind.endswith("cross-entropy") else 0.0
    return usual if given is None else float(given)


def loss_symbols(figure: Subject) -> tuple[float, dict[str, float]]:
    """The label of a figure of losses, and the symbols of their parameters."""
    kind = figure.parameters["kind"]
    kinds = _LOSSES.values() if kind == "all" else [kind]
    return _label(figure), {name: value for each in kinds for name, value in _loss_parameter(figure, each)[1].items()}


def _loss_parameter(figure: Subject, kind: str) -> tuple[float, dict[str, float]]:
    name = _LOSS_PARAMETERS.get(kind, "")
    own = figure.parameters.get(name)
    value = 1.0 if own is None else float(own)
    return value, {{"margin": "m"}.get(name, name): value} if name else {}


def _loss_function(engine: Engine, kind: str, label: float, own: float) -> Function:
    return Function(lambda x: engine.loss(kind, x, label, own), lambda x: engine.loss_slope(kind, x, label, own))


def _label_line(figure: Subject, panel: str, label: float) -> Iterator[Claim]:
    for curve in figure.plot(panel).curves:
        if curve.name == "label":
            yield Claim("the line of the label", curve.x, np.full(2, label), exact=True, what=BESIDE)
            ends = np.array([0.0, 0.97 * figure.plot(panel).y_range[1]])
            yield Claim("the height of that line", curve.y, ends, float(abs(ends).max()), what=BESIDE)


def _losses(figure: Subject, engine: Engine, label: float) -> Iterator[Claim]:
    """Five losses at once."""
    said: dict[str, list[Values]] = {"plot": [], "probability": []}
    for dot, kind in _LOSSES.items():
        panel = "probability" if kind == "cross-entropy" else "plot"
        function = _loss_function(engine, kind, label, _loss_parameter(figure, kind)[0])
        x, y = figure.points(panel, dot)
        theirs = function.value(x)
        yield Claim(f"{kind} at", y, theirs, np.maximum(abs(theirs), 1), what="points")
        u, v = figure.curve(panel, dot)
        yield ascending(f"curve of {kind}", u)
        known = function.value(u)
        yield Claim(f"curve of {kind}", v, known, np.maximum(abs(known), 1), what=BESIDE)
        if not said[panel]:
            said[panel].append(x)
        yield Claim(f"places of {kind}", x, said[panel][0], exact=True, what=BESIDE)
        said[panel].append(np.asarray(theirs, np.float64))
    every = np.stack([*said["plot"], *said["probability"]], axis=1)
    yield from captions(figure, dict(enumerate(every.tolist())))
    for panel in said:
        yield from started(figure, panel)
        yield from _label_line(figure, panel, label)
