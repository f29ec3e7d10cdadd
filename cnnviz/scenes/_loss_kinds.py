"""The losses by their names in figures: what each shows, and the labels and predictions that it takes."""

from __future__ import annotations

from cnnviz.errors import UsageError
from cnnviz.functions.losses import Loss
from cnnviz.parameters import to_cli
from cnnviz.story import refuse
from cnnviz.words import Text

KINDS = {
    "mae": "l1_loss",
    "mse": "mse_loss",
    "huber": "huber_loss",
    "cross-entropy": "binary_cross_entropy",
    "hinge": "hinge_loss",
    "smooth-l1": "smooth_l1_loss",
    "binary-cross-entropy": "binary_cross_entropy",
    "logits-cross-entropy": "binary_cross_entropy_with_logits",
}
POINTS = {
    "mae": Text("The loss is the distance to the label: its gradient has one size everywhere"),
    "mse": Text("The loss is the area of the error's square: the gradient grows with the error"),
    "huber": Text("Squared near the label, straight far from it: outliers pull less"),
    "cross-entropy": Text("A sure mistake costs without limit"),
    "hinge": Text("On the right side of the margin there is no loss and no gradient"),
    "smooth-l1": Text("Squared near the label, straight far from it: outliers pull less"),
}
PROBABILITIES = 0.02, 0.98
_REACH, _LOGITS = 2.0, (-4.0, 4.0)
_SURELY = 0.001


def usual_ends(entry: Loss, y: float) -> tuple[float, float]:
    """Where the prediction starts and ends unless asked for."""
    if entry.prediction == "probability":
        return PROBABILITIES
    if entry.label == "probability":
        return _LOGITS
    return (-_REACH, _REACH) if entry.label == "sign" else (y - _REACH, y + _REACH)


def check_label(kind: str, entry: Loss, y: float) -> None:
    """Refuse a label that the loss cannot take; raises UsageError."""
    label, only = f"--label {to_cli(y)}", "1 is the only label that all five losses take"
    refuse(
        {
            f"{label} does not go with all: leave it out, {only}": kind == "all" and y != 1,
            f"{label} is not a probability: use 0 to 1 for {kind}": entry.label == "probability" and not 0 <= y <= 1,
            f"{label} is not a label of {kind}: use -1 or 1": entry.label == "sign" and y not in (-1, 1),
        }
    )


def check_ends(kind: str, entry: Loss, ends: tuple[float, float]) -> None:
    """Refuse a certain prediction of a loss that has no bound there; raises UsageError."""
    for option, end in zip(("--lo", "--hi"), ends, strict=True):
        if entry.prediction == "probability" and not _SURELY <= end <= 1 - _SURELY:
            raise UsageError(
                f"{option} {to_cli(end)} is not possible for {kind}, which is unbounded at 0 and 1: "
                f"use {_SURELY} to {1 - _SURELY}"
            )
