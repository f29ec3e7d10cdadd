"""What a figure computes, computed and recorded at once: for `--code`, `check` and the tests."""

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
"""Operations whose result is another kind of array than what goes in."""

_RELATIVE_ERROR = 1e-12


@dataclass(frozen=True, eq=False)
class Tensor:
    """An array of the graph in torch's layout: what was given, or what a call makes.

    `rounding_error` is what floats may have left of 0 in it, where it adds up products with kernels.
    """

    name: str
    values: Values
    kind: str = MAP
    rounding_error: float = 0.0


class Graph:
    """Records what is given, what is computed of it, and which panel shows it."""

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
        """An array that goes in as it is; `source` says where it came from (see `Operand`)."""
        array = np.asarray(values, np.float64)
        self._operands[name] = Operand(values=array, kind=kind, **source)
        return Tensor(name, array, kind)

    def map(self, name: str, values: npt.ArrayLike) -> Tensor:
        """Maps, with axes for samples and channels put before those that they have."""
        return self.input(name, _with_four_axes(values), MAP)

    def kernel(self, name: str, values: npt.ArrayLike) -> Tensor:
        """Kernels, with axes for channels put before those that they have."""
        return self.input(name, _with_four_axes(values), KERNEL)

    def compute(self, function: str, *tensors: Tensor | None, result: str = "y", **options: Any) -> Tensor:
        """Call a function of `torch.nn.functional`, or one of cnnviz's own where torch has none; None is left out.

        Of several results the first; the others are those of `more`.
        """
        return self.compute_several(function, *tensors, names=(result,), **options)[0]

    def compute_several(
        self, function: str, *tensors: Tensor | None, names: tuple[str, ...], **options: Any
    ) -> tuple[Tensor, ...]:
        """As `compute`, of a function with several results, each by its name."""
        used = [tensor for tensor in tensors if tensor is not None]
        found = compute(function, *(tensor.values for tensor in used), **options)
        self._call(function, used, names[0], options)
        values = found if isinstance(found, tuple) else (found,)
        kind = _KINDS.get(function, used[0].kind)
        error = max(
            (rounding_error(used[0].values, each.values) for each in used if each.kind == KERNEL),
            default=used[0].rounding_error,
        )
        return tuple(Tensor(name, np.asarray(each), kind, error) for name, each in zip(names, values, strict=False))

    def descend(self, loss: Tensor, rate: float) -> Mapping[str, Tensor]:
        """Take one step of gradient descent, with all that goes in but maps as weights; see `Training`.

        Every tensor by its name: those so far, their gradients, and with a rate above 0 what they are after the step.
        """
        weights = tuple(name for name, operand in self._operands.items() if operand.kind != MAP and name != "x")
        return self._trained(Training(loss=loss.name, weights=weights, rate=rate))

    def backward(self, result: Tensor, grad: Tensor) -> Mapping[str, Tensor]:
        """Go back from a result to all that goes in, given the result's gradient, the last operand of all.

        Every gradient by its name, `grad_x` that of x.
        """
        weights = tuple(name for name in self._operands if name not in ("x", grad.name))
        return self._trained(Training(loss=result.name, weights=weights, rate=0, grad=grad.name))

    def _trained(self, training: Training) -> Mapping[str, Tensor]:
        self.training = training
        operation = self.operation()
        assert operation is not None
        found = {name: operand.values for name, operand in self._operands.items()} | evaluate(operation)
        return {name: Tensor(name, values, self._kind(name, values)) for name, values in found.items()}

    def _kind(self, name: str, values: Values) -> str:
        own = self._operands.get(name.removeprefix("grad_").removeprefix("after_"))
        return own.kind if own else MAP if values.ndim == 4 else PLAIN

    def record(self, function: str, tensor: Tensor, values: npt.ArrayLike, result: str, **options: Any) -> Tensor:
        """A call whose result is known, for it was computed on the way."""
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
        """A panel shows a tensor, in the end the last one, or the part of it at `index`, in a `shape` of its own.

        `more` are fields of `Shown`. `among` others, it is the next row of what is expected there.
        """
        shown = Shown(name=tensor.name, panel=panel, index=index, kind=tensor.kind, **more)
        self._shown.append(shown)
        if shown.size:
            return
        found = shown.of(tensor.values)
        found = found if shape is None else found.reshape(shape)
        if shown.as_row:
            others = [self._expected[panel]] if panel in self._expected else []
            found = np.concatenate([*others, found[None]])
        self._expected[panel] = found

    def show_input(self, panel: str, drawn: Values, shape: tuple[int, ...]) -> None:
        """A panel shows an array of a shape that goes in, as it is drawn: with padding."""
        self._inputs[panel] = Input(drawn, shape)

    def is_input(self, tensor: Tensor) -> bool:
        """Whether a tensor goes in as it is."""
        return tensor.name in self._operands

    def expected(self) -> Mapping[str, Values]:
        """What the panels show at the end, by their names."""
        return self._expected

    def operation(self) -> Operation | None:
        """All of it as plain data; None where nothing is computed."""
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
    """What floats may leave of 0 where values are added up with weights."""
    return _RELATIVE_ERROR * float(np.abs(values).max() * np.abs(weights).sum())


def _with_four_axes(values: npt.ArrayLike) -> Values:
    array = np.asarray(values, np.float64)
    return array.reshape((1,) * (4 - array.ndim) + array.shape)
