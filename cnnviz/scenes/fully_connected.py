"""Fully connected layer: every input is tied to every output, each output a weighted sum plus a bias."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from cnnviz.data import load_kernel, load_map
from cnnviz.errors import UsageError
from cnnviz.notation import as_given, as_given_exactly, bracketed, digits_for, number, size_text, written
from cnnviz.ops.linear import linear
from cnnviz.parameters import ArrayLike, param
from cnnviz.scene import Scene
from cnnviz.scenes._sliding import equals, factor, shade_for, summed
from cnnviz.storyboard import (
    Cell,
    Change,
    Edge,
    Graph,
    Grid,
    Mark,
    MoveMark,
    Node,
    SetEdge,
    SetNode,
    Shade,
    Sign,
    Step,
    Storyboard,
    Values,
)

if TYPE_CHECKING:
    from cnnviz.operation import Operation

MOST_NODES = 8
"""Nodes a side: of more, neither the edges nor their numbers can be told apart."""

_MOST_WRITTEN = 16
"""Edges that carry their weight all the time; of more, each does while its product is added."""

_FEW_INPUTS = 5
"""Up to here the cells have room for four letters, else for three."""

_MOST_LETTERS = 8
"""Letters of a bias up to which its edge has it in full."""

_LARGEST = 1e5
_RANDOM_VALUES = np.array([-2.0, -1.0, 1.0, 2.0])
_MADE_TO_MEASURE = frozenset({"random", "arange", "ones", "zeros", "box", "gaussian", "identity"})
_WEIGHTS_TAG, _BIAS_TAG = 2, 3


@dataclass(frozen=True, kw_only=True)
class FullyConnected(Scene):
    """A fully connected layer, y = W x + b: one step for each product w·x and each bias.

    A row of W holds the weights of one output, as in torch.nn.Linear. Goodfellow, Bengio and Courville (2016), "Deep
    Learning", §6.1 and §9.2, where it is what convolution is held against.
    """

    examples: ClassVar = (
        "cnnviz fully-connected --inputs 3 --outputs 2",
        'cnnviz fully-connected --input "2 3 1" --weights "0.5 1 -1; 2 0 1" --bias "1 -1"',
        "cnnviz fully-connected --inputs 5 --outputs 4 --seed 7",
    )

    inputs: int | None = param(
        None, help="Input nodes.", lo=1, hi=MOST_NODES, shown_default="3, or the data's own", always_named=True
    )
    outputs: int | None = param(
        None, help="Output nodes.", lo=1, hi=MOST_NODES, shown_default="2, or the data's own", always_named=True
    )
    input: ArrayLike = param(
        "random", group="Data", help='Values of x: a literal such as "2 3 1", a file, random, arange, ones or zeros.'
    )
    weights: ArrayLike = param(
        "random", group="Data",
        help='Weights W, a row an output: a literal such as "1 0 2; 3 1 1", a file, ones, or random: whole '
        "numbers from −2 to 2, never 0."
    )
    bias: ArrayLike = param(
        "random", group="Data",
        help="Bias b, one value an output or one for all: as for the input; random as for the weights."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        outputs, inputs = self._weights.shape
        if max(outputs, inputs) > MOST_NODES:
            raise UsageError(
                f"a layer of {inputs} inputs and {outputs} outputs is too crowded to read: use {MOST_NODES} or less "
                "of each"
            )
        for values, what in ((self._x, "input"), (self._weights, "weights"), (self._bias, "bias")):
            if (largest := float(np.abs(values).max())) >= _LARGEST:
                raise UsageError(f"{what} holds ±{largest:.6g}, too long to write: use numbers below {_LARGEST:.0f}")
        if inputs != len(self._x):
            raise UsageError(
                f"weights are {outputs}×{inputs}, outputs × inputs, but there are {len(self._x)} inputs: give "
                f"{len(self._x)} columns"
            )
        if self.outputs not in (None, outputs):
            raise UsageError(
                f"weights are {outputs}×{inputs}, outputs × inputs, but --outputs asks for {self.outputs}: leave "
                "--outputs out"
            )
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "outputs", outputs)
        if len(self._bias) not in (1, outputs):
            raise UsageError(
                f"bias has {len(self._bias)} values, but the weights give {outputs} outputs: give {outputs}, or one "
                "for all"
            )

    @cached_property
    def _x(self) -> Values:
        known = self.inputs or self._given_weights_shape[1]
        values = _row(load_map(self.input, None, seed=self.seed, default_size=(1, known or 3)).values, "input")
        if known is not None and len(values) != known:
            source = f"--inputs asks for {known}" if self.inputs else f"a row of the weights has {known}"
            raise UsageError(f"input has {len(values)} values, but {source}: make them the same")
        return values

    @cached_property
    def _given_weights_shape(self) -> tuple[int | None, int | None]:
        """Outputs and inputs where the weights are data and not made to measure."""
        if _is_name(self.weights):
            return None, None
        rows, columns = load_kernel(self.weights, None, seed=self.seed, what="weights", option="--weights").values.shape
        return rows, columns

    @cached_property
    def _weights(self) -> Values:
        size = self.outputs or self._given_weights_shape[0] or self._outputs_of_bias, len(self._x)
        if isinstance(self.weights, str) and self.weights.strip().lower() == "random":
            return _random(size, self.seed, _WEIGHTS_TAG)
        asked = size if _is_name(self.weights) else None
        values: Values = load_kernel(self.weights, asked, seed=self.seed, what="weights", option="--weights").values
        return values

    @property
    def _outputs_of_bias(self) -> int:
        return 2 if _is_name(self.bias) else max(2, len(self._bias))

    @cached_property
    def _bias(self) -> Values:
        if isinstance(self.bias, str) and self.bias.strip().lower() == "random":
            return _random((1, len(self._weights)), self.seed, _BIAS_TAG).ravel()
        size = (1, len(self._weights)) if _is_name(self.bias) else (1, 1)
        data = load_map(self.bias, None, seed=self.seed, default_size=size, what="bias", option="--bias")
        return _row(data.values, "bias")

    @cached_property
    def _offsets(self) -> Values:
        return np.broadcast_to(self._bias, len(self._weights))

    @cached_property
    def _result(self) -> Values:
        return np.asarray(linear(self._x, self._weights, self._offsets), np.float64)

    @cached_property
    def _sums(self) -> Values:
        """What has been added up after each input, and at last with the bias: (outputs, inputs + 1)."""
        partial = np.cumsum(self._weights * self._x, axis=1)
        return np.concatenate([partial, self._result[:, None]], axis=1)

    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """The vectorised layer."""
        return {"output": self._result[:, None]}

    def operation(self) -> Operation:
        """The layer."""
        from cnnviz.scenes._operations import fully_connected

        return fully_connected(self._x, self._weights, self._offsets)

    def storyboard(self) -> Storyboard:
        """One step for each weight and each bias."""
        outputs, inputs = self._weights.shape
        count = outputs * (inputs + 1)
        return Storyboard(
            scene="fully-connected",
            parameters=self.public(),
            title="Fully connected layer",
            settings=f"{_many(inputs, 'input')}     {_many(outputs, 'output')}",
            formula=rf"$y_j=\Sigma_i\, w_{{ji}}\,x_i+b_j$    {count} parameters: {outputs}·{inputs} weights, "
            f"{_many(outputs, 'bias', 'biases')}",
            convention="grids rounded" if self._rounded else "a row of W is one output",
            alt=f"Animation of a fully connected layer: {_many(inputs, 'input node')}, each tied to each of "
            f"{_many(outputs, 'output node')}; {count} steps add one product of weight and input, or one bias, at a "
            f"time, and light up its edge, until y is {', '.join(map(self._short, self._result))}.",
            rows=((self._graph(), self._grid("weights", self._weights, "kernel", "Weights $W$"),
                   self._grid("input", self._x[:, None], "input", "$x$"), Sign(name="plus", text="+"),
                   self._grid("bias", self._offsets[:, None], "bias", "$b$"), Sign(name="equals", text="="),
                   self._output_panel()),),
            steps=self._steps,
            count=count,
            step_roles=("output", "active", "added"),
        )  # fmt: skip

    @cached_property
    def _digits(self) -> int:
        """Decimals of the sums."""
        return digits_for(self._sums, most=self._most())

    def _graph(self) -> Graph:
        outputs, inputs = self._weights.shape
        sums = [number(value, self._digits) for value in self._sums.ravel()]
        nodes = [
            Node(name=f"x{i}", x=0, y=i / inputs, role="input", text=self._short(x), label=f"$x_{{{i + 1}}}$")
            for i, x in enumerate(self._x)
        ]
        nodes.append(Node(name="bias", x=0, y=1, role="bias", text="1", label="bias"))
        nodes += [
            Node(name=f"y{j}", x=1, y=(j + 0.5) / outputs, role="pending", label=f"$y_{{{j + 1}}}$",
                 widest=max(sums, key=len))
            for j in range(outputs)
        ]  # fmt: skip
        edges = [
            Edge(source=_source(i, inputs), target=f"y{j}", text=self._edge_text(i, j) if self._written else "")
            for j in range(outputs)
            for i in range(inputs + 1)
        ]
        return Graph(name="network", nodes=tuple(nodes), edges=tuple(edges))

    @cached_property
    def _factors(self) -> Values:
        """The number on each edge, those from the bias node last: (outputs, inputs + 1)."""
        return np.column_stack([self._weights, self._offsets])

    @property
    def _written(self) -> bool:
        return self._factors.size <= _MOST_WRITTEN

    def _edge_text(self, i: int, j: int) -> str:
        value = float(self._factors[j, i])
        whole = as_given(value)
        return whole if i == len(self._x) and len(whole) <= _MOST_LETTERS else self._short(value)

    def _grid(self, name: str, values: Values, role: str, label: str) -> Grid:
        digits = self._grid_digits(values)
        shade = shade_for(values, picture=False, always=False) if name == "weights" else None
        return Grid(
            name=name, label=f"{label} {size_text(*values.shape)}", values=values, roles=np.full(values.shape, role),
            digits=digits or 0, numbers=digits is not None or name == "weights", shade=shade,
            marks=(Mark(name="current", role="window"),),
        )  # fmt: skip

    def _output_panel(self) -> Grid:
        size, digits = (len(self._weights), 1), self._grid_digits(self._sums)
        # The range tells the renderer how small the numbers must be that steps will bring.
        shade = Shade(scale="diverging", lo=float(self._sums.min()), hi=float(self._sums.max()))
        return Grid(
            name="output", label=f"$y$ {size_text(*size)}", values=np.full(size, np.nan),
            roles=np.full(size, "pending"), digits=digits or 0, numbers=digits is not None,
            shade=None if digits is None else shade, marks=(Mark(name="current", role="result"),),
        )  # fmt: skip

    def _grid_digits(self, values: Values) -> int | None:
        """Decimals with which every value fits a cell beside the graph; None where none does."""
        letters = 4 if len(self._x) <= _FEW_INPUTS else 3
        for digits in range(digits_for(values, most=self._most()), -1, -1):
            if max(len(number(value, digits)) for value in values.ravel()) <= letters:
                return digits
        return None

    @property
    def _rounded(self) -> bool:
        shown = (self._weights, self._x, self._offsets, self._sums)
        bias = self._grid_digits(self._offsets)
        # Captions and edges have the bias as it was given.
        if bias is not None and any(written(b, bias) != as_given_exactly(b) for b in self._offsets):
            return True
        return any(self._grid_digits(values) not in (None, digits_for(values, most=self._most())) for values in shown)

    def _steps(self) -> Iterator[Step]:
        outputs, inputs = self._weights.shape
        before: tuple[str, str] | None = None
        for j in range(outputs):
            for i in range(inputs + 1):
                edge = _source(i, inputs), f"y{j}"
                changes: list[Change] = []
                if before is not None:
                    text = None if self._written else ""
                    source, target = before
                    changes.append(SetEdge(panel="network", source=source, target=target, role="added", text=text))
                before = edge
                value = float(self._sums[j, i])
                changes += [
                    SetEdge(panel="network", source=edge[0], target=edge[1], role="active",
                            text=self._edge_text(i, j)),
                    SetNode(panel="network", node=edge[1], role="output", text=number(value, self._digits)),
                    Cell(panel="output", row=j, column=0, role="output", value=value),
                    MoveMark(panel="output", mark="current", row=j, column=0, rows=1, columns=1),
                    *self._pointers(i, j),
                ]
                yield Step(caption=self._caption(i, j), changes=tuple(changes))

    def _pointers(self, i: int, j: int) -> Iterator[Change]:
        """Outlines around the cells that this step multiplies or adds."""
        is_bias = i == len(self._x)
        for panel, row, column, shown in (
            ("weights", j, i, not is_bias), ("input", i, 0, not is_bias), ("bias", j, 0, is_bias),
        ):  # fmt: skip
            yield MoveMark(panel=panel, mark="current", row=row, column=column, rows=int(shown), columns=int(shown))

    def _caption(self, i: int, j: int) -> str:
        taken = min(i + 1, len(self._x))
        pairs = list(zip(self._weights[j, :taken], self._x[:taken], strict=True))
        terms = [f"{self._factor(w)}·{self._factor(x)}" for w, x in pairs]
        shown = sum((self._shown(w) * self._shown(x) for w, x in pairs), Fraction(0))
        done = i == len(self._x)
        if done:
            terms.append(bracketed(as_given(self._offsets[j])))
            shown += as_given_exactly(self._offsets[j])
        value = float(self._sums[j, i])
        sign = equals(shown, value, self._digits)
        left = f"$y_{{{j + 1}}}$" + ("" if done else " so far")
        return f"{left} = {summed(terms)} {sign} **{number(value, self._digits)}**"

    def _shown(self, value: float) -> Fraction:
        """A number as it is written."""
        return written(value, digits_for(value, most=self._most()))

    def _short(self, value: float) -> str:
        return number(value, digits_for(value, most=self._most()))

    def _factor(self, value: float) -> str:
        return factor(value, digits_for(value, most=self._most()))


def _source(i: int, inputs: int) -> str:
    return f"x{i}" if i < inputs else "bias"


def _is_name(given: object) -> bool:
    """Whether the values are made to measure: a name such as random or ones, not data of a size of their own."""
    return isinstance(given, str) and given.strip().lower() in _MADE_TO_MEASURE


def _random(size: tuple[int, int], seed: int, tag: int) -> Values:
    return np.asarray(np.random.default_rng([seed, tag]).choice(_RANDOM_VALUES, size))


def _row(values: Values, what: str) -> Values:
    if min(values.shape) != 1:
        raise UsageError(f"{what} is {size_text(*values.shape)}: give one row of values such as '2 3 1'")
    return values.ravel()


def _many(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
