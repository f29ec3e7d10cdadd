"""Loss functions: a prediction moves past the label; loss, gradient and tangent follow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from cnnviz.functions.losses import LABEL, LOSSES, Loss
from cnnviz.limits import MAX_STOPS
from cnnviz.parameters import param
from cnnviz.scene import Scene
from cnnviz.scenes._curves import Point, places, point_moves, refuse_options
from cnnviz.scenes._losses import KINDS, POINTS, ROWS, all_losses, check, error, error_lines, error_rows, usual_ends
from cnnviz.story import Story, choice
from cnnviz.storyboard import Row
from cnnviz.words import Assigned, ByCases, Equation, Number, Symbol, Text


@dataclass(frozen=True, kw_only=True)
class LossFunction(Scene):
    """A loss L of one prediction ŷ and one label y, with its gradient ∂L/∂ŷ, or `all` five of the article together.

    Definitions are those of torch.nn.functional for a single pair: mse is (y − ŷ)² without a half, huber has ½ and δ
    (Huber 1964), cross-entropy takes probabilities. Hinge, which torch lacks, is that of Cortes and Vapnik (1995).
    """

    examples: ClassVar = (
        "cnnviz loss huber --delta 0.5 --label 1",
        "cnnviz loss cross-entropy --label 0",
        "cnnviz loss all",
    )

    kind: str = choice("mse", (*KINDS, "all"), "Which loss function, or all of the article's.")
    label: float | None = param(
        None,
        help="The label y: a number; 0 to 1 for cross-entropies; -1 or 1 for hinge.",
        lo=-1000,
        hi=1000,
        shown_default="0, or 1 for cross-entropies, hinge and all",
    )
    delta: float | None = param(None, help="Where huber becomes straight.", lo=0.01, hi=1000, shown_default="1")
    beta: float | None = param(None, help="Where smooth-l1 becomes straight.", lo=0.01, hi=1000, shown_default="1")
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
        takers = {
            name: [kind for kind, key in KINDS.items() if name in LOSSES[key].options()]
            for name in ("delta", "beta", "margin")
        }
        refuse_options(self, {name: kinds + ["all"] * (name != "beta") for name, kinds in takers.items()})
        check(self.kind, self._entry, self._label, self._ends)

    @cached_property
    def _entry(self) -> Loss:
        return LOSSES[KINDS.get(self.kind, "mse_loss")]

    @cached_property
    def _label(self) -> float:
        usual = 0.0 if self._entry.label == "real" and self.kind != "all" else 1.0
        return usual if self.label is None else self.label

    @property
    def _ends(self) -> tuple[float, float]:
        """Where the prediction starts and ends."""
        ends = usual_ends(self._entry, self._label)
        return ends[0] if self.lo is None else self.lo, ends[1] if self.hi is None else self.hi

    def story(self) -> Story:
        """One step for each prediction."""
        at, digits = places(*self._ends, self.frames)
        if self.kind == "all":
            return all_losses(self, at, digits)
        entry, y, label = self._entry, self._label, Number(self._label, None, ("label",))
        point = Point(self, entry, at, digits, label)
        probable, has_error = entry.prediction == "probability", entry.label != "probability"
        convention = Text("PyTorch has no hinge loss of this form") if entry.name == "hinge_loss" else ""
        label_text = Text("label {value}", value=Equation(LABEL, (label,), strong=False))
        return point_moves(
            self,
            point,
            ROWS,
            point_text=POINTS.get(self.kind, ""),
            settings=[("label", Assigned(Symbol("y"), label))],
            # A label of logits is a probability, which has no place among them.
            guides=error_lines(y, point.y_range[1]) if probable or has_error else (),
            above=[Row(name="label", text=label_text, role="muted"), *(error_rows(entry) if has_error else ())],
            more=lambda step: error(point, y, step) if has_error else (),
            formula=ByCases(Symbol(r"L'(\hat{y})"), entry.derivative, stacked=False),
            convention=Text("gradient curve clipped") if probable else convention,
            alt=Text(
                "the loss function {name} and its gradient for the label {label}: a point with its tangent moves along "
                "the curve while the prediction moves from {lo} to {hi}",
                **point.described(),
                label=label,
            ),
        )
