"""Softmax: one logit moves, and the probabilities of all classes follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.data import load_map
from cnnviz.errors import UsageError
from cnnviz.notation import number
from cnnviz.ops.activations import softmax
from cnnviz.scenes._curves import MOVING_BEATS, outcome
from cnnviz.storyboard import (
    Cell,
    Change,
    Curve,
    Dot,
    Grid,
    Mark,
    MoveDot,
    MoveMark,
    Plot,
    Shade,
    Sign,
    Step,
    Storyboard,
    Values,
)

_DEFAULT = (1.0, 2.0, 0.5, -1.0)
_MOST = 6


@dataclass(frozen=True, kw_only=True)
class Softmax:
    """Logits z, the first of which goes through the places `at`; `all_z` and `all_p` are (places, classes)."""

    logits: Values
    at: Values
    digits: int

    @classmethod
    def of(cls, spec: object, at: Values, digits: int, seed: int) -> Softmax:
        """Read the logits; raises UsageError for fewer than two or more than the figure has room for."""
        given = _DEFAULT if spec is None else spec
        values = load_map(given, None, seed=seed, what="logits", option="--logits").values.ravel()
        if not 2 <= len(values) <= _MOST:
            raise UsageError(f"logits hold {len(values)} numbers: give 2 to {_MOST}")
        if np.abs(values).max() > 700:
            raise UsageError(f"logit {number(float(values[np.abs(values).argmax()]))} is too far from 0: use −700 to 700")
        return cls(logits=np.asarray(values, np.float64), at=at, digits=digits)

    @cached_property
    def all_z(self) -> Values:
        """The logits of every step."""
        found = np.tile(self.logits, (len(self.at), 1))
        found[:, 0] = self.at
        return found

    @cached_property
    def all_p(self) -> Values:
        """The probabilities of every step."""
        return np.asarray(softmax(self.all_z, -1), np.float64)

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The last logits, their exponentials and probabilities, as columns."""
        last = self.all_z[-1][:, None]
        return {"logits": last, "exponentials": np.exp(last), "probabilities": np.asarray(softmax(last, 0))}
