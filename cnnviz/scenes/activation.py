"""Activation functions: a point moves along the curve with its value, tangent and derivative."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_STOPS
from cnnviz.notation import as_given, number
from cnnviz.ops.activation_table import ACTIVATIONS, Activation
from cnnviz.parameters import ArrayLike, param, to_cli
from cnnviz.scene import Scene
from cnnviz.scenes._activation_sets import SetOfActivations, all_curves, arithmetic, setting, table
from cnnviz.scenes._curves import MOVING_BEATS, Trace, joined, places
from cnnviz.scenes._formula import by_cases, in_a_row
from cnnviz.scenes._softmax import Softmax
from cnnviz.storyboard import Equation, Plot, Row, SetRow, Step, Storyboard, Values

if TYPE_CHECKING:
    from cnnviz.operation import Operation

_NAMES = {"identity": "linear"}
_KINDS = {_NAMES.get(name, name).replace("_", "-"): name for name in ACTIVATIONS}
_SETS = ("softmax", "all", "table")
_SHOWN_DEFAULTS = {"leaky_relu": 0.1}
"""Parameters for which the library's own default is too small to be seen on a curve."""

_ARTICLE = 6
_ALPHAS = ("leaky-relu", "elu")


@dataclass(frozen=True, kw_only=True)
class ActivationFunction(Scene):
    """An activation function f with its derivative f′, or several: `all`, `table`, and the vector function `softmax`.

    Definitions and corner values are those of torch.nn.functional; `all` and `table` show the six that the article
    groups as static (no parameter), parametric and bounded. Softmax: Bridle (1990), p_i = exp(z_i) / Σ exp(z_j).
    """

    examples: ClassVar = (
        "cnnviz activation elu --alpha 1",
        "cnnviz activation sigmoid --lo -6 --hi 6",
        'cnnviz activation softmax --logits "2 1 0 -1"',
        "cnnviz activation table",
    )

    kind: str = param(
        "relu", help="Which activation function, or all of the article's.", choices=(*_KINDS, *_SETS), positional=True,
        always_named=True,
    )  # fmt: skip
    alpha: float | None = param(
        None, help="Slope (leaky-relu) or bound (elu) below 0.", lo=0.001, hi=100,
        shown_default="0.1 for leaky-relu, 1 for elu",
    )  # fmt: skip
    beta: float | None = param(None, help="Sharpness of softplus.", lo=0.001, hi=100, shown_default="1")
    lo: float = param(-4.0, help="Where the point starts.", lo=-1e4, hi=1e4)
    hi: float = param(4.0, help="Where the point ends.", lo=-1e4, hi=1e4)
    frames: int = param(17, help="Places at which the point stops.", lo=2, hi=MAX_STOPS)
    logits: ArrayLike | None = param(
        None, help="Inputs of softmax, the first of which moves: a literal such as \"2 1 0 -1\", or a file.",
        shown_default="1 2 0.5 -1", group="Data",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        for given, name, kinds in (
            (self.alpha, "--alpha", (*_ALPHAS, "all", "table")),
            (self.beta, "--beta", ("softplus",)),
            (self.logits, "--logits", ("softmax",)),
        ):
            if given is not None and self.kind not in kinds:
                raise UsageError(f"{self.kind} takes no {name}: leave it out, or use {', '.join(kinds)}")
        _ = self._places, self._softmax

    @cached_property
    def _places(self) -> tuple[Values, int]:
        return places(self.lo, self.hi, self.frames)

    @cached_property
    def _softmax(self) -> Softmax | None:
        if self.kind != "softmax":
            return None
        return Softmax.of(self.logits, *self._places, seed=self.seed, most=self.digits)

    @cached_property
    def _set(self) -> SetOfActivations:
        chosen = tuple(ACTIVATIONS.values())[:_ARTICLE]
        settings = {entry.name: self._parameter(entry) for entry in chosen}
        at, digits = self._places
        return SetOfActivations(entries=chosen, settings=settings, at=at, digits=digits, most=self.digits)

    def _parameter(self, entry: Activation) -> float | None:
        """The value of a function's parameter: as given, or one with which the figure shows what it does."""
        if entry.parameter is None:
            return None
        given = self.beta if entry.name == "softplus" else self.alpha
        return given if given is not None else _SHOWN_DEFAULTS.get(entry.name, entry.parameter.default)

    @cached_property
    def _entry(self) -> Activation:
        return ACTIVATIONS[_KINDS[self.kind]]

    @cached_property
    def _trace(self) -> Trace:
        entry, parameter = self._entry, self._parameter(self._entry)
        at, digits = self._places

        def value(x: Values) -> Values:
            return entry.value(x, parameter)

        return Trace.of(value, lambda x: entry.slope(x, parameter), at, digits, self.digits)

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The function at all places; of softmax, the probabilities at the last."""
        if self._softmax is not None:
            return self._softmax.expected()
        if self.kind in _SETS:
            return {}
        return {"plot": self._trace.values}

    def operation(self) -> Operation | None:
        """The function at all places, or all functions, or softmax at the last; the table computes nothing."""
        from cnnviz.scenes._operations import activations, softmax

        if self._softmax is not None:
            return softmax(self._softmax.all_z[-1])
        if self.kind == "table":
            return None
        if self.kind == "all":
            return activations(self._set.at, self._set.settings, tuple(self._set.settings))
        return activations(self._places[0], {self._entry.name: self._parameter(self._entry)}, ("plot",))

    def storyboard(self) -> Storyboard:
        """One step for each place of the point, or for each row of the table."""
        parameters = self.public()
        if self._softmax is not None:
            return self._softmax.storyboard(parameters)
        if self.kind == "all":
            return all_curves(self._set, parameters)
        if self.kind == "table":
            return table(self._set, parameters)
        entry = self._entry
        return Storyboard(
            scene="activation",
            parameters=parameters,
            title=entry.title,
            settings=joined([f"{entry.group}, range ${entry.range}$", self._parameter_text()]),
            formula=in_a_row("f'(x)", entry.derivative_equation),
            convention=self._convention(),
            alt=self._alt(),
            rows=((self._plot(), self._equations()),),
            steps=self._steps,
            count=self.frames,
        )

    def _parameter_text(self) -> str:
        value = self._parameter(self._entry)
        return "" if value is None else setting(self._entry, value)

    def _plot(self) -> Plot:
        trace = self._trace
        return trace.plot(
            Plot(
                name="plot", x_range=trace.x_range, y_range=trace.y_range, x_text="$x$",
                curves=trace.curves(("$f(x)$", "$f'(x)$")),
            )
        )  # fmt: skip

    def _equations(self) -> Equation:
        texts = [self._numbers(step) for step in (0, self.frames - 1)]
        lines = (
            Row(name="equation", text=by_cases("f(x)", self._entry.equation)),
            Row(name="gap", text=""),
            Row(name="x", text=texts[0][0]),
            Row(name="value", text=texts[0][1], role="curve"),
            Row(name="slope", text=texts[0][2], role="derivative"),
        )
        return Equation(name="equation", lines=lines, widest=(*texts[0], *texts[1]), size=20)

    def _numbers(self, step: int) -> tuple[str, str, str]:
        """The place, the value and the slope of a step as the viewer reads them."""
        trace = self._trace
        return (
            f"$x$ = {number(trace.at[step], trace.digits)}",
            f"$f(x)$ = {number(trace.values[step], trace.results)}",
            f"$f'(x)$ = {number(trace.slopes[step], trace.results)}",
        )

    def _steps(self) -> Iterator[Step]:
        for step in range(self.frames):
            x, value, slope = self._numbers(step)
            changes = (
                *self._trace.moved("plot", step),
                SetRow(panel="equation", row="x", text=x),
                SetRow(panel="equation", row="value", text=value),
                SetRow(panel="equation", row="slope", text=slope),
            )
            yield Step(caption=self._caption(step), changes=changes, beats=MOVING_BEATS)

    def _caption(self, step: int) -> str:
        trace, parameter = self._trace, self._parameter(self._entry)
        reach = float(np.abs(trace.at).max())
        return arithmetic(self._entry, parameter, float(trace.at[step]), trace.digits, trace.results, reach)

    def _convention(self) -> str:
        """What the derivative is said to be where there is none."""
        x, y = self._trace.derivative
        corners = x[np.flatnonzero(np.isnan(y)) - 1]
        if len(corners) != 1:
            return "at the corners, $f'(x)$ is as in torch" if len(corners) else ""
        at = float(np.round(corners[0], 6)) + 0.0
        slope = float(self._trace.slope(np.array([at]))[0])
        return f"at the corner, $f'({as_given(at)})={as_given(slope)}$ as in torch"

    def _alt(self) -> str:
        entry = self._entry
        symbol = {r"\alpha": "alpha", r"\beta": "beta"}.get(entry.parameter.symbol, "") if entry.parameter else ""
        value = self._parameter(entry)
        with_parameter = f" with {symbol} {to_cli(value)}" if symbol and value is not None else ""
        lo, hi = (to_cli(float(self._places[0][end])) for end in (0, -1))
        return (
            f"Animation of the activation function {entry.title}{with_parameter}: a point moves along its curve from "
            f"x = {lo} to {hi} in {self.frames} steps, with the tangent at the point and the derivative "
            f"as a dashed curve; x, f(x) and f'(x) are shown as numbers."
        )
