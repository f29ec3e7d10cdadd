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
from cnnviz.notation import digits_for, number
from cnnviz.ops.activations import softmax
from cnnviz.parameters import to_cli
from cnnviz.scenes._curves import MANNERS, MOVING_BEATS, outcome, shown_digits
from cnnviz.scenes._sliding import summed
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
_SAMPLES = 181
_MOST = len(MANNERS)
_MOST_DECIMALS = 2
"""Decimals for which cells have room."""


@dataclass(frozen=True, kw_only=True)
class Softmax:
    """Logits z, the first of which goes through the places `at`; `all_z` and `all_p` are (places, classes)."""

    logits: Values
    at: Values
    digits: int
    most: int | None = None

    @classmethod
    def of(cls, spec: object, at: Values, digits: int, seed: int, most: int | None) -> Softmax:
        """Read the logits; raises UsageError for fewer than two or more than the figure has room for."""
        given = _DEFAULT if spec is None else spec
        values = load_map(given, None, seed=seed, what="logits", option="--logits").values.ravel()
        if not 2 <= len(values) <= _MOST:
            raise UsageError(f"logits hold {len(values)} numbers: give 2 to {_MOST}")
        if np.abs(values).max() > 700:
            raise UsageError(
                f"logit {number(float(values[np.abs(values).argmax()]))} is too far from 0: use −700 to 700"
            )
        return cls(logits=np.asarray(values, np.float64), at=at, digits=digits, most=most)

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
        return {"logits": last, "probabilities": np.asarray(softmax(last, 0), np.float64)}

    def storyboard(self, parameters: Mapping[str, Any]) -> Storyboard:
        """Two columns, logits and probabilities, beside the curves of all probabilities over the moving logit."""
        classes = len(self.logits)
        return Storyboard(
            scene="activation",
            parameters=parameters,
            title="Softmax",
            settings="bounded, range $(0, 1)$, sum $1$",
            formula=r"$p_i=e^{z_i}\,/\,\Sigma_j\,e^{z_j}$     only $z_1$ moves, all probabilities follow",
            alt=f"Animation of softmax over {classes} logits: the first moves from {to_cli(float(self.at[0]))} to "
            f"{to_cli(float(self.at[-1]))}, the probabilities of all classes follow and always sum to 1; their curves "
            "stand beside the numbers.",
            rows=((self._column("logits", "Logits $z$", self.all_z, "input"), Sign(name="arrow", text="→"),
                   self._column("probabilities", "Probabilities $p$, sum 1", self.all_p, "output"), self._plot()),),
            steps=self._steps,
            count=len(self.at),
        )  # fmt: skip

    @property
    def _shown(self) -> int:
        """Decimals of logits in captions."""
        return shown_digits(self.at, self.digits, self.most)

    @property
    def _most(self) -> int:
        """Decimals of probabilities."""
        return 2 if self.most is None else self.most

    def _column(self, name: str, label: str, values: Values, role: str) -> Grid:
        """Classes from top to bottom; a mark shows which logit moves, and which class leads."""
        classes = values.shape[1]
        lo, hi = float(values.min()), float(values.max())
        known = max(self._most, min(self._shown, _MOST_DECIMALS))
        digits = digits_for(values, most=known) if role == "input" else self._most
        mark = (
            Mark(name="moving", role="window", rows=1, columns=1)
            if role == "input"
            else Mark(name="largest", role="result")
        )
        return Grid(
            name=name, label=label, values=values[0][:, None].copy(), roles=np.full((classes, 1), role), digits=digits,
            shade=Shade(scale="diverging" if lo < 0 else "sequential", lo=lo, hi=hi), marks=(mark,), enlarge=True,
        )  # fmt: skip

    def _plot(self) -> Plot:
        classes = len(self.logits)
        x = np.linspace(self.at[0], self.at[-1], _SAMPLES)
        z = np.tile(self.logits, (_SAMPLES, 1))
        z[:, 0] = x
        p = np.asarray(softmax(z, -1), np.float64)
        return Plot(
            name="plot", x_range=(float(x[0]), float(x[-1])), y_range=(-0.02, 1.02), x_text="$z_1$", axes="frame",
            curves=tuple(
                Curve(name=f"p{n + 1}", role=MANNERS[n][0], style=MANNERS[n][1], x=x, y=p[:, n], text=f"$p_{n + 1}$")
                for n in range(classes)
            ),
            dots=tuple(
                Dot(name=f"p{n + 1}" if n else "point", role=MANNERS[n][0], x=float(x[0]),
                    y=float(p[0, n]))
                for n in range(classes)
            ),
        )  # fmt: skip

    def _steps(self) -> Iterator[Step]:
        for step, (z, p) in enumerate(zip(self.all_z, self.all_p, strict=True)):
            changes: list[Change] = [Cell(panel="logits", row=0, column=0, value=float(z[0]))]
            for n, value in enumerate(p):
                changes.append(Cell(panel="probabilities", row=n, column=0, value=float(value)))
                dot = f"p{n + 1}" if n else "point"
                changes.append(MoveDot(panel="plot", dot=dot, x=float(z[0]), y=float(value)))
            largest = int(p.argmax())
            changes.append(MoveMark(panel="probabilities", mark="largest", row=largest, column=0, rows=1, columns=1))
            yield Step(caption=self._caption(step), changes=tuple(changes), beats=MOVING_BEATS)

    def _caption(self, step: int) -> str:
        powers = [f"exp({number(value, self._shown)})" for value in self.all_z[step]]
        written = np.round(self.all_z[step], self._shown)
        by_hand, equal = float(softmax(written, -1)[0]), bool((written == written[0]).all())
        end = outcome(float(self.all_p[step, 0]), self._most, by_hand, irrational=not equal)
        return f"$p_{{1}}$ = {powers[0]} / ({summed(powers, 60)}) {end}"
