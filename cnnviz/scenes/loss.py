"""Loss functions: a prediction moves past the label; loss, gradient and tangent follow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.functions.losses import LABEL, LOSSES, PREDICTION, Loss
from cnnviz.limits import MAX_STOPS
from cnnviz.parameters import param, to_cli
from cnnviz.scene import Scene
from cnnviz.scenes._curves import Point, places, point_moves
from cnnviz.scenes._loss_set import PROBABILITIES, all_losses, label_line
from cnnviz.story import Graph, Story
from cnnviz.storyboard import Change, Curve, Row, SetCurve
from cnnviz.words import ByCases, Equation, Number, Symbol, Text

_KINDS = {
    "mae": "l1_loss",
    "mse": "mse_loss",
    "huber": "huber_loss",
    "cross-entropy": "binary_cross_entropy",
    "hinge": "hinge_loss",
    "smooth-l1": "smooth_l1_loss",
    "binary-cross-entropy": "binary_cross_entropy",
    "logits-cross-entropy": "binary_cross_entropy_with_logits",
}
_POINTS = {
    "mae": Text("The loss is the distance to the label: its gradient has one size everywhere"),
    "mse": Text("The loss is the area of the error's square: the gradient grows with the error"),
    "huber": Text("Squared near the label, straight far from it: outliers pull less"),
    "cross-entropy": Text("A sure mistake costs without limit"),
    "hinge": Text("On the right side of the margin there is no loss and no gradient"),
    "smooth-l1": Text("Squared near the label, straight far from it: outliers pull less"),
}
_REACH, _LOGITS = 2.0, (-4.0, 4.0)
_SURELY = 0.001
_INSET = 0.33, 0.85, 0.07
"""The greatest square: its width and height as shares of the axes, and how far it stands from the label."""

_L, _SLOPE = Symbol("L"), Symbol("L'")


@dataclass(frozen=True, kw_only=True)
class LossFunction(Scene):
    """A loss L of one prediction ŷ and one label y, with its gradient ∂L/∂ŷ, or `all` five of the article together.

    Definitions are those of torch.nn.functional for a single pair: mse is (y − ŷ)² without a half, huber has ½ and δ
    (Huber 1964), cross-entropy takes probabilities. Hinge, which torch lacks, is that of Cortes and Vapnik (1995).
    """

    examples: ClassVar = (
        "cnnviz loss mse",
        "cnnviz loss huber --delta 0.5 --label 1",
        "cnnviz loss cross-entropy --label 0",
        "cnnviz loss all",
    )

    kind: str = param(
        "mse",
        help="Which loss function, or all of the article's.",
        choices=(*_KINDS, "all"),
        positional=True,
        always_named=True,
    )
    label: float | None = param(
        None,
        help="The label y: a number; 0 to 1 for cross-entropies; -1 or 1 for hinge.",
        lo=-1000,
        hi=1000,
        shown_default="0, or 1 for cross-entropies, hinge and all",
    )
    delta: float | None = param(
        None, help="Distance from which huber is a straight line.", lo=0.01, hi=1000, shown_default="1"
    )
    beta: float | None = param(
        None, help="Distance from which smooth-l1 is a straight line.", lo=0.01, hi=1000, shown_default="1"
    )
    margin: float | None = param(None, help="Margin of hinge.", lo=0, hi=1000, shown_default="1")
    lo: float | None = param(
        None,
        help="Where the prediction starts.",
        lo=-2000,
        hi=2000,
        shown_default="label - 2; -2 for hinge, -4 for logits, 0.02 for probabilities",
    )
    hi: float | None = param(
        None,
        help="Where the prediction ends.",
        lo=-2000,
        hi=2000,
        shown_default="label + 2; 2 for hinge, 4 for logits, 0.98 for probabilities",
    )
    frames: int = param(33, help="Places at which the prediction stops.", lo=2, hi=MAX_STOPS)

    def prepare(self) -> None:
        """Parameters of other kinds, and labels and predictions that the loss cannot take, are refused."""
        for name in ("delta", "beta", "margin"):
            takers = [kind for kind, key in _KINDS.items() if name in LOSSES[key].options()]
            takers += ["all"] if name != "beta" else []
            if getattr(self, name) is not None and self.kind not in takers:
                raise UsageError(f"{self.kind} takes no --{name}: leave it out, or use {', '.join(takers)}")
        self._check_label()
        if self._entry.prediction == "probability":
            for option, value in (("--lo", self.lo), ("--hi", self.hi)):
                if value is not None and not _SURELY <= value <= 1 - _SURELY:
                    raise UsageError(
                        f"{option} {to_cli(value)} is not possible for {self.kind}, which is unbounded at 0 and 1: "
                        f"use {_SURELY} to {1 - _SURELY}"
                    )

    def _check_label(self) -> None:
        y, shown = self._label, to_cli(self._label)
        if self.kind == "all" and y != 1:
            raise UsageError(
                f"--label {shown} does not go with all: leave it out, 1 is the only label that all five losses take"
            )
        if self._entry.label == "probability" and not 0 <= y <= 1:
            raise UsageError(f"--label {shown} is not a probability: use 0 to 1 for {self.kind}")
        if self._entry.label == "sign" and y not in (-1, 1):
            raise UsageError(f"--label {shown} is not a label of {self.kind}: use -1 or 1")

    @cached_property
    def _entry(self) -> Loss:
        return LOSSES[_KINDS.get(self.kind, "mse_loss")]

    @cached_property
    def _label(self) -> float:
        if self.label is not None:
            return self.label
        return 0.0 if self._entry.label == "real" and self.kind != "all" else 1.0

    @property
    def _ends(self) -> tuple[float, float]:
        """Where the prediction starts and ends."""
        ends = self._label - _REACH, self._label + _REACH
        if self._entry.prediction == "probability":
            ends = PROBABILITIES
        elif self._entry.label == "sign":
            ends = -_REACH, _REACH
        elif self._entry.label == "probability":
            ends = _LOGITS
        return ends[0] if self.lo is None else self.lo, ends[1] if self.hi is None else self.hi

    def story(self) -> Story:
        """One step for each prediction."""
        at, digits = places(*self._ends, self.frames)
        options = {"delta": self.delta, "beta": self.beta, "margin": self.margin}
        if self.kind == "all":
            return all_losses(self, options, at, digits)
        entry, graph, label = self._entry, Graph(), Number(self._label, None, ("label",))
        point = Point.of(entry, options, at, digits, self.digits, label)
        point.compute(graph, graph.given("x", at), "loss", "plot")
        story = Story(self, entry.title, graph, point=_POINTS.get(self.kind, ""))
        story.set("label", "y", label, size=False)
        story.settings += [("", setting) for setting in point.settings]
        # A label of logits is a probability, which has no place among them.
        of_logits = entry.label == "probability" and entry.prediction == "real"
        guides = () if of_logits else (label_line(self._label, point.y_range[1]), *_error_lines())
        square, bounded = entry.name == "mse_loss", entry.label == "probability"
        told = Text("label {value}", value=Equation(LABEL, (label,), strong=False))
        convention = Text("PyTorch has no hinge loss of this form") if entry.name == "hinge_loss" else ""
        if entry.prediction == "probability":
            convention = Text("gradient curve clipped")
        return point_moves(
            story,
            point,
            point.plot("plot", (_L, _SLOPE), guides, x_text=PREDICTION),
            (PREDICTION, _L, _SLOPE),
            {"estimate": "prediction {value}", "loss": "loss {value}", "gradient": "gradient {value}"},
            [Row(name="label", text=told, role="muted")],
            lambda step: [] if bounded else _error(point, self._label, step, square),
            formula=ByCases(Symbol(r"L'(\hat{y})"), entry.derivative, stacked=False),
            convention=convention,
            alt=Text(
                "the loss function {name} and its gradient for the label {label}: a point with its tangent moves along "
                "the curve while the prediction moves from {lo} to {hi}",
                name=point.name,
                **point.ends(),
                label=label,
            ),
        )


def _error_lines() -> tuple[Curve, ...]:
    none = np.empty(0)
    return tuple(Curve(name=name, role="active", x=none, y=none) for name in ("error", "square"))


def _error(point: Point[Loss], label: float, step: int, square: bool) -> list[Change]:
    """The distance from the label as a segment on the axis, and its square below, where no curve runs."""
    x = float(point.at[step])
    changes: list[Change] = [SetCurve(panel="plot", curve="error", x=np.array([label, x]), y=np.zeros(2))]
    if square:
        (left, right), (low, _) = point.x_range, point.y_range
        side = abs(x - label) / max(abs(left - label), abs(right - label))
        across, down = _INSET[0] * (right - left) * side, _INSET[1] * low * side
        corner, top = label + _INSET[2] * (right - left), 0.1 * low
        columns, rows = np.array([1, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0])
        changes.append(SetCurve(panel="plot", curve="square", x=corner + across * columns, y=top + down * rows))
    return changes
