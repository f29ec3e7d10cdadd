"""Loss functions: an estimate moves past the label; loss, gradient and tangent follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_STOPS
from cnnviz.notation import as_given, assigned, number
from cnnviz.ops.loss_table import LOSSES, Loss
from cnnviz.parameters import param, to_cli
from cnnviz.scene import Scene
from cnnviz.scenes._curves import MOVING_BEATS, Trace, joined, outcome, padded, places
from cnnviz.scenes._formula import by_cases, comes_to, filled, in_a_row, line_at, saturates, slashed
from cnnviz.scenes._loss_set import all_losses, label_line
from cnnviz.storyboard import Equation, Plot, Row, SetRow, Step, Storyboard, Values

if TYPE_CHECKING:
    from cnnviz.operation import Operation

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
_REACH = 2.0
_LOGITS = -4.0, 4.0
_PROBABILITIES, _SURELY = (0.02, 0.98), 0.001
_ARTICLE = 5


@dataclass(frozen=True, kw_only=True)
class LossFunction(Scene):
    """A loss L of one estimate ŷ against one label y, with its gradient ∂L/∂ŷ, or `all` five of the article together.

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
        "mse", help="Which loss function, or all of the article's.", choices=(*_KINDS, "all"), positional=True,
        always_named=True,
    )  # fmt: skip
    label: float | None = param(
        None, help="The label y: a number; 0 to 1 for cross-entropies; -1 or 1 for hinge.", lo=-1000, hi=1000,
        shown_default="0, or 1 for cross-entropies, hinge and all",
    )  # fmt: skip
    delta: float | None = param(
        None, help="Distance from which huber is a straight line.", lo=0.01, hi=1000, shown_default="1"
    )
    beta: float | None = param(
        None, help="Distance from which smooth-l1 is a straight line.", lo=0.01, hi=1000, shown_default="1"
    )
    margin: float | None = param(None, help="Margin of hinge.", lo=0, hi=1000, shown_default="1")
    lo: float | None = param(
        None, help="Where the estimate starts.", lo=-2000, hi=2000,
        shown_default="label - 2; -2 for hinge, -4 for logits, 0.02 for probabilities",
    )  # fmt: skip
    hi: float | None = param(
        None, help="Where the estimate ends.", lo=-2000, hi=2000,
        shown_default="label + 2; 2 for hinge, 4 for logits, 0.98 for probabilities",
    )  # fmt: skip
    frames: int = param(17, help="Places at which the estimate stops.", lo=2, hi=MAX_STOPS)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_parameters()
        self._check_label()
        self._check_estimates()
        _ = self._places

    def _check_parameters(self) -> None:
        for name in ("delta", "beta", "margin"):
            takers = [kind for kind, key in _KINDS.items() if _parameter_name(LOSSES[key]) == name]
            takers += ["all"] if name != "beta" else []
            if getattr(self, name) is not None and self.kind not in takers:
                raise UsageError(f"{self.kind} takes no --{name}: leave it out, or use {', '.join(takers)}")

    def _check_label(self) -> None:
        y, shown = self._label, to_cli(self._label)
        if self.kind == "all" and y != 1:
            raise UsageError(
                f"--label {shown} does not go with all: leave it out, the five losses have only 1 in common"
            )
        if self._entry.label == "probability" and not 0 <= y <= 1:
            raise UsageError(f"--label {shown} is no probability: use 0 to 1 for {self.kind}")
        if self._entry.label == "sign" and y not in (-1, 1):
            raise UsageError(f"--label {shown} is not a label of {self.kind}: use -1 or 1")

    def _check_estimates(self) -> None:
        if self._entry.estimate == "probability":
            for option, value in (("--lo", self.lo), ("--hi", self.hi)):
                if value is not None and not _SURELY <= value <= 1 - _SURELY:
                    raise UsageError(
                        f"{option} {to_cli(value)} is no estimate for {self.kind}, which grows beyond all bounds at 0 "
                        f"and 1: use {_SURELY} to {1 - _SURELY}"
                    )

    @cached_property
    def _entry(self) -> Loss:
        return LOSSES[_KINDS.get(self.kind, "mse_loss")]

    @cached_property
    def _label(self) -> float:
        if self.label is not None:
            return self.label
        return 0.0 if self._entry.label == "real" and self.kind != "all" else 1.0

    @cached_property
    def _places(self) -> tuple[Values, int]:
        """The estimates at which the figure stops, and their decimals."""
        ends = self._label - _REACH, self._label + _REACH
        if self._entry.estimate == "probability":
            ends = _PROBABILITIES
        elif self._entry.label == "sign":
            ends = -_REACH, _REACH
        elif self._entry.label == "probability":
            ends = _LOGITS
        lo, hi = ends[0] if self.lo is None else self.lo, ends[1] if self.hi is None else self.hi
        return places(lo, hi, self.frames)

    def _parameter(self, entry: Loss) -> float | None:
        if entry.parameter is None:
            return None
        given: float | None = getattr(self, entry.parameter.name)
        return entry.parameter.default if given is None else given

    def _estimates(self, entry: Loss) -> tuple[Values, int]:
        """The estimates of a loss and their decimals; among all, those of probabilities have places of their own."""
        at, digits = self._places
        if self.kind == "all" and entry.estimate == "probability":
            return np.round(np.linspace(*_PROBABILITIES, len(at)), 2), 2
        return at, digits

    def _trace_of(self, entry: Loss, at: Values, digits: int) -> Trace:
        y, parameter = self._label, self._parameter(entry)

        def value(x: Values) -> Values:
            return entry.value(x, y, parameter)

        trace = Trace.of(value, lambda x: entry.slope(x, y, parameter), at, digits, self.digits)
        if entry.estimate != "probability":
            return trace
        # The gradient grows beyond all bounds: the axes end where the loss does, and what lies beyond is not shown.
        losses, slopes = trace.curve[1], trace.derivative[1]
        y_range = padded(losses, np.clip(slopes, -losses.max(), losses.max()))
        return replace(trace, x_range=(0.0, 1.0), y_range=y_range)

    @cached_property
    def _trace(self) -> Trace:
        return self._trace_of(self._entry, *self._places)

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The loss of every estimate."""
        return {} if self.kind == "all" else {"plot": self._trace.values}

    def operation(self) -> Operation:
        """The loss of every estimate, or all losses."""
        from cnnviz.scenes._operations import losses

        chosen = tuple(LOSSES.values())[:_ARTICLE] if self.kind == "all" else (self._entry,)
        options = {entry.name: {} if (value := self._parameter(entry)) is None else {_parameter_name(entry): value}
                   for entry in chosen}  # fmt: skip
        estimates = {entry.name: self._estimates(entry)[0] for entry in chosen}
        return losses(options, estimates, self._label, tuple(options) if self.kind == "all" else ("plot",))

    def storyboard(self) -> Storyboard:
        """One step for each estimate."""
        if self.kind == "all":
            return self._all()
        entry = self._entry
        return Storyboard(
            scene="loss",
            parameters=self.public(),
            title=entry.title,
            settings=joined([f"label {assigned('y', as_given(self._label))}", self._parameter_text(entry)]),
            formula=in_a_row(r"L'(\hat{y})", entry.derivative_equation),
            convention=self._convention(),
            alt=self._alt(),
            rows=((self._plot(), self._equations()),),
            steps=self._steps,
            count=len(self._places[0]),
        )

    def _all(self) -> Storyboard:
        chosen = tuple(LOSSES.values())[:_ARTICLE]
        traces = {entry.name: self._trace_of(entry, *self._estimates(entry)) for entry in chosen}
        settings = joined(["label $y=1$", *(self._parameter_text(entry) for entry in chosen)])
        return all_losses(chosen, traces, settings, self.public(), self._most())

    def _parameter_text(self, entry: Loss) -> str:
        value = self._parameter(entry)
        return assigned(entry.parameter.symbol, as_given(value)) if entry.parameter and value is not None else ""

    def _plot(self) -> Plot:
        trace = self._trace
        # A label of logits is a probability, which has no place among them.
        of_logits = self._entry.label == "probability" and self._entry.estimate == "real"
        guide = () if of_logits else (label_line(self._label, trace.y_range[1]),)
        panel = Plot(
            name="plot", x_range=trace.x_range, y_range=trace.y_range, x_text=r"$\hat{y}$",
            curves=(*guide, *trace.curves(("$L$", "$L'$"))),
        )  # fmt: skip
        return trace.plot(panel)

    def _equations(self) -> Equation:
        first, last = self._numbers(0), self._numbers(len(self._places[0]) - 1)
        lines = (
            Row(name="equation", text=by_cases("L", self._entry.equation)),
            Row(name="gap", text=""),
            Row(name="label", text=f"label $y$ = {as_given(self._label)}", role="muted"),
            Row(name="estimate", text=first[0]),
            Row(name="loss", text=first[1], role="curve"),
            Row(name="gradient", text=first[2], role="derivative"),
        )
        return Equation(name="equation", lines=lines, widest=(*first, *last), size=20)

    def _numbers(self, step: int) -> tuple[str, str, str]:
        """Estimate, loss and gradient of a step as the viewer reads them."""
        trace = self._trace
        return (
            rf"estimate $\hat{{y}}$ = {number(trace.at[step], trace.digits)}",
            f"loss $L$ = {number(trace.values[step], trace.results)}",
            f"gradient $L'$ = {number(trace.slopes[step], trace.results)}",
        )

    def _steps(self) -> Iterator[Step]:
        for step in range(len(self._places[0])):
            estimate, loss, gradient = self._numbers(step)
            changes = (
                *self._trace.moved("plot", step),
                SetRow(panel="equation", row="estimate", text=estimate),
                SetRow(panel="equation", row="loss", text=loss),
                SetRow(panel="equation", row="gradient", text=gradient),
            )
            yield Step(caption=self._caption(step), changes=changes, beats=MOVING_BEATS)

    def _caption(self, step: int) -> str:
        trace, entry, parameter = self._trace, self._entry, self._parameter(self._entry)
        x = float(trace.at[step])
        values = {r"\hat{y}": x, "y": self._label}
        written = {r"\hat{y}": number(x, trace.digits), "y": as_given(self._label)}
        if entry.parameter is not None and parameter is not None:
            values[entry.parameter.symbol], written[entry.parameter.symbol] = parameter, as_given(parameter)
        line = line_at(entry.equation, values)
        text = filled(line.expression, written)
        by_hand = comes_to(line.expression, written)
        end = outcome(float(trace.values[step]), trace.results, by_hand, irrational=saturates(text))
        return f"$L={slashed(line.expression)}$ = {text} {end}"

    def _convention(self) -> str:
        name = self._entry.name
        said = "torch has no hinge loss of this form" if name == "hinge_loss" else f"as torch's {name}, one pair"
        return said + (", gradient cut off at the axes' end" if self._entry.estimate == "probability" else "")

    def _alt(self) -> str:
        at, _ = self._places
        parameter = self._parameter(self._entry)
        symbol = _parameter_name(self._entry)
        extra = f" with {symbol} {to_cli(parameter)}" if parameter is not None else ""
        lo, hi, label = to_cli(float(at[0])), to_cli(float(at[-1])), to_cli(self._label)
        return (
            f"Animation of the loss function {self._entry.title}{extra}: the estimate moves from {lo} to "
            f"{hi} in {len(at)} steps, the label is {label}; a point moves along the loss curve with its "
            "tangent, the gradient is a dashed curve, and estimate, loss and gradient are shown as numbers."
        )


def _parameter_name(entry: Loss) -> str:
    return entry.parameter.name if entry.parameter else ""
