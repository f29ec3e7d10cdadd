"""A graph that computes operations and records them, for `--code`, `check` and the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.functions.compute import compute, evaluate
from cnnviz.operation import KERNEL, MAP, PLAIN, Call, Input, Operand, Operation, Shown, Training

Values = npt.NDArray[np.float64]

_KINDS = {"unfold": PLAIN, "tokens": PLAIN}
"""Operations whose result is a different kind of array than their input."""

_RELATIVE_ERROR = 1e-12


@dataclass(frozen=True, eq=False)
class Tensor:
    """An input or a result in torch's layout.

    `rounding_error` is the largest value that may be a rounded 0, for sums of products with kernels.
    """

    name: str
    values: Values
    kind: str = MAP
    rounding_error: float = 0.0


class Graph:
    """Records inputs, the operations on them, and which panel shows each result."""

    def __init__(self, *, double: bool = False, seed: tuple[int, ...] = ()) -> None:
        self._operands: dict[str, Operand] = {}
        self._calls: list[Call] = []
        self._shown: list[Shown] = []
        self._expected: dict[str, Values] = {}
        self._inputs: dict[str, Input] = {}
        self._double, self._seed = double, seed
        self.training: Training | None = None
        self.training_call: Call | None = None
        self.main_call = -1

    def input(self, name: str, values: npt.ArrayLike, kind: str = PLAIN, **source: Any) -> Tensor:
        """An input; `source` says where it came from (see `Operand`)."""
        array = np.asarray(values, np.float64)
        self._operands[name] = Operand(values=array, kind=kind, **source)
        return Tensor(name, array, kind)

    def map(self, name: str, values: npt.ArrayLike) -> Tensor:
        """An input map, with missing axes for samples and channels added in front."""
        return self.input(name, _with_four_axes(values), MAP)

    def kernel(self, name: str, values: npt.ArrayLike) -> Tensor:
        """An input kernel, with missing axes for channels added in front."""
        return self.input(name, _with_four_axes(values), KERNEL)

    def compute(self, function: str, *tensors: Tensor | None, result: str = "y", **options: Any) -> Tensor:
        """Call a function of `torch.nn.functional`, or of cnnviz if torch has none; tensors that are None are left out.

        If there are several results, the first one is returned.
        """
        return self.compute_several(function, *tensors, names=(result,), **options)[0]

    def compute_several(
        self, function: str, *tensors: Tensor | None, names: tuple[str, ...], **options: Any
    ) -> tuple[Tensor, ...]:
        """Like `compute`, for a function with several results, which get these names."""
        used = [tensor for tensor in tensors if tensor is not None]
        computed = compute(function, *(tensor.values for tensor in used), **options)
        self._call(function, used, names[0], options)
        results = computed if isinstance(computed, tuple) else (computed,)
        kind = _KINDS.get(function, used[0].kind)
        error = max(
            (rounding_error(used[0].values, each.values) for each in used if each.kind == KERNEL),
            default=used[0].rounding_error,
        )
        return tuple(Tensor(name, np.asarray(each), kind, error) for name, each in zip(names, results, strict=False))

    def descend(self, loss: Tensor, rate: float) -> Mapping[str, Tensor]:
        """Take one step of gradient descent, with all inputs except maps as weights; see `Training`.

        Returns all tensors by name: values, gradients, and, if the rate is not 0, the weights after the step.
        """
        weights = tuple(name for name, operand in self._operands.items() if operand.kind != MAP and name != "x")
        return self._trained(Training(loss=loss.name, weights=weights, rate=rate))

    def backward(self, result: Tensor, grad: Tensor) -> Mapping[str, Tensor]:
        """Backpropagate from a result to all inputs, given the result's gradient, which must be the last input.

        Returns all tensors by name; the gradient of x is `grad_x`.
        """
        weights = tuple(name for name in self._operands if name not in ("x", grad.name))
        return self._trained(Training(loss=result.name, weights=weights, rate=0, grad=grad.name))

    def _trained(self, training: Training) -> Mapping[str, Tensor]:
        self.training = training
        operation = self.operation()
        assert operation is not None
        arrays = {name: operand.values for name, operand in self._operands.items()} | evaluate(operation)
        return {name: Tensor(name, values, self._kind(name, values)) for name, values in arrays.items()}

    def _kind(self, name: str, values: Values) -> str:
        operand = self._operands.get(name.removeprefix("grad_").removeprefix("after_"))
        return operand.kind if operand else MAP if values.ndim == 4 else PLAIN

    def record(self, function: str, tensor: Tensor, values: npt.ArrayLike, result: str, **options: Any) -> Tensor:
        """Record a call whose result has been computed already."""
        self._call(function, [tensor], result, options)
        return Tensor(result, np.asarray(values, np.float64), tensor.kind)

    def _call(self, function: str, tensors: Sequence[Tensor], result: str, options: Mapping[str, Any]) -> None:
        operands, shape = tuple(tensor.name for tensor in tensors), tensors[0].values.shape
        self._calls.append(Call(function=function, operands=operands, result=result, shape=shape, options=options))

    def show(
        self,
        tensor: Tensor,
        panel: str,
        index: tuple[int, ...] = (),
        shape: tuple[int, ...] | None = None,
        **more: Any,
    ) -> None:
        """Record that a panel shows a tensor, or its part at `index`, reshaped to `shape`.

        `more` are fields of `Shown`. If a panel shows several tensors one after the other, the last one is expected at
        the end; with `as_row` each is another row of what is expected.
        """
        shown = Shown(name=tensor.name, panel=panel, index=index, kind=tensor.kind, **more)
        self._shown.append(shown)
        if shown.size:
            return
        expected = shown.of(tensor.values)
        expected = expected if shape is None else expected.reshape(shape)
        if shown.as_row:
            others = [self._expected[panel]] if panel in self._expected else []
            expected = np.concatenate([*others, expected[None]])
        self._expected[panel] = expected

    def show_input(self, panel: str, drawn: Values, shape: tuple[int, ...]) -> None:
        """Record that a panel shows an input of this shape, `drawn` with its padding."""
        self._inputs[panel] = Input(drawn, shape)

    def is_input(self, tensor: Tensor) -> bool:
        """Whether a tensor is an input."""
        return tensor.name in self._operands

    def expected(self) -> Mapping[str, Values]:
        """What the panels show at the end, by name."""
        return self._expected

    def operation(self) -> Operation | None:
        """The recorded graph as plain data; None if nothing is computed."""
        if not self._calls:
            return None
        return Operation(
            operands=self._operands,
            calls=tuple(self._calls),
            shown=tuple(self._shown),
            main_call=self.main_call,
            double=self._double,
            seed=self._seed,
            training=self.training,
            training_call=self.training_call,
            inputs=self._inputs,
        )


def rounding_error(values: Values, weights: Values | float = 1.0) -> float:
    """A bound on the rounding error of a weighted sum of values."""
    return _RELATIVE_ERROR * float(np.abs(values).max() * np.abs(weights).sum())


def _with_four_axes(values: npt.ArrayLike) -> Values:
    array = np.asarray(values, np.float64)
    return array.reshape((1,) * (4 - array.ndim) + array.shape)
