"""The losses of one prediction and one label, the article's five first and in its order; corners are those of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal

from cnnviz.functions.definition import Definition, Parameter
from cnnviz.words import Cases, Condition, Expression, Number, Symbol, Text, call

PREDICTION, LABEL = Symbol(r"\hat{y}"), Symbol("y")
DELTA, BETA, MARGIN = Symbol(r"\delta"), Symbol(r"\beta"), Symbol("m")


@dataclass(frozen=True, kw_only=True)
class Loss(Definition):
    """A loss L of a prediction ŷ and a label y, before any reduction.

    `prediction` and `label` say what the two may be: any number, 0 to 1, or −1 and 1.
    """

    operands: ClassVar = (PREDICTION.name, LABEL.name)

    prediction: Literal["real", "probability"] = "real"
    label: Literal["real", "probability", "sign"] = "real"


def _when(left: Expression, sign: str, right: Expression) -> tuple[Condition, ...]:
    return (Condition((left, right), (sign,)),)


def _clamped(inner: Expression, bound: Expression) -> Expression:
    return call("min", call("max", inner, -bound), bound)


_ONE, _HALF = Number(1, None), Number(1, None) / 2
_ERROR = PREDICTION - LABEL
_DISTANCE = call("abs", LABEL - PREDICTION)
_SQUARE = (LABEL - PREDICTION) ** 2
_AGREEMENT = LABEL * PREDICTION

_ENTRIES = (
    Loss(
        name="l1_loss",
        title="MAE",
        body=_DISTANCE,
        textbook_derivative=Cases(
            (
                (_ONE, _when(PREDICTION, ">", LABEL)),
                (Number(0), _when(PREDICTION, "=", LABEL)),
                (-_ONE, _when(PREDICTION, "<", LABEL)),
            )
        ),
    ),
    Loss(name="mse_loss", title="MSE", body=_SQUARE, textbook_derivative=2 * _ERROR),
    Loss(
        name="huber_loss",
        title="Huber",
        body=Cases(
            (
                (_HALF * _SQUARE, _when(_DISTANCE, "≤", DELTA)),
                (DELTA * (_DISTANCE - _HALF * DELTA), _when(_DISTANCE, ">", DELTA)),
            )
        ),
        textbook_derivative=_clamped(_ERROR, DELTA),
        parameter=Parameter("delta", DELTA, 1.0),
    ),
    Loss(
        name="binary_cross_entropy",
        title=Text("Cross-entropy"),
        body=-(LABEL * call("ln", PREDICTION)) - (1 - LABEL) * call("ln", 1 - PREDICTION),
        textbook_derivative=_ERROR / (PREDICTION * (1 - PREDICTION)),
        prediction="probability",
        label="probability",
    ),
    Loss(
        name="hinge_loss",
        title=Text("Hinge"),
        body=call("max", 0, MARGIN - _AGREEMENT),
        textbook_derivative=Cases(
            ((-LABEL, _when(_AGREEMENT, "<", MARGIN)), (Number(0), _when(_AGREEMENT, "≥", MARGIN)))
        ),
        label="sign",
        parameter=Parameter("margin", MARGIN, 1.0),
    ),
    Loss(
        name="smooth_l1_loss",
        title=Text("Smooth L1"),
        body=Cases(
            (
                (_SQUARE / (2 * BETA), _when(_DISTANCE, "<", BETA)),
                (_DISTANCE - _HALF * BETA, _when(_DISTANCE, "≥", BETA)),
            )
        ),
        textbook_derivative=_clamped(_ERROR / BETA, _ONE),
        parameter=Parameter("beta", BETA, 1.0),
    ),
    Loss(
        name="binary_cross_entropy_with_logits",
        title=Text("Cross-entropy of logits"),
        body=call("softplus", PREDICTION) - _AGREEMENT,
        label="probability",
    ),
)

LOSSES: Mapping[str, Loss] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
"""Every loss of single pairs by its name in torch.nn.functional, which lacks hinge."""
