"""What a figure computes, as plain data: arrays and calls, under torch's names, for programs that compute the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.record import Record

Values = npt.NDArray[np.float64]

MAP, KERNEL, PLAIN = "map", "kernel", "plain"
"""What an array is: maps (samples, channels, rows, columns), kernels (out, in, rows, columns) or anything else."""

PACKAGED = "cnnviz.network:"


class Operand(Record, kw_only=True):
    """An array that goes in, in torch's layout.

    `std` is the standard deviation of normal numbers that the operation's seed draws, and `file` the path and the key
    of an .npz file, where the values came from there: one of cnnviz's own is PACKAGED with its name. `source` is Python
    that makes the same values with NumPy, its last line an expression.
    """

    values: Values
    kind: str = MAP
    std: float | None = None
    file: tuple[str, str] | None = None
    source: str = ""


class Call(Record, kw_only=True):
    """One call of an operation by its name in `cnnviz.functions.compute`.

    `operands` are the names of arrays or of earlier results, in the order of the function's arguments; `options` its
    other arguments, all of them; `shape` is that of the first operand. A pooling with `return_indices` also gives
    `indices`.
    """

    function: str
    operands: tuple[str, ...]
    result: str
    shape: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


class Shown(Record, kw_only=True):
    """A result, or the part of it at `index`, as a figure's panel shows it; with `size` only its shape is shown.

    `name` may also be that of an operand, or with training grad_v or after_v. A panel that shows several things one
    after the other has them in this order. `kind` is MAP where channels are an axis of it, which some frameworks put
    last; `printed` says whether a program prints it; with `as_row` it is one of several rows that the panel shows.
    The panel has only the channels of `sheets`, where there are any.
    """

    name: str
    panel: str
    index: tuple[int, ...] = ()
    size: bool = False
    kind: str = MAP
    printed: bool = True
    as_row: bool = False
    sheets: tuple[int, ...] = ()

    def of(self, values: Values) -> Values:
        """What the panel shows of the array."""
        found = np.asarray(np.asarray(values, np.float64)[self.index])
        return found[list(self.sheets)] if self.sheets else found


class Input(Record):
    """An operand as a panel shows it at the start: `drawn` with its padding, and its own shape."""

    drawn: Values
    shape: tuple[int, ...]


class Training(Record, kw_only=True):
    """One step of gradient descent: how the result `loss` depends on every value, and what it does to `weights`.

    The gradient of a value v is called grad_v, and what it is after the step after_v; at a rate of 0 there is no step.
    Where `loss` is a layer's output rather than a loss, `grad` names the operand that holds its gradient.
    """

    loss: str
    weights: tuple[str, ...]
    rate: float
    grad: str = ""


class Operation(Record, kw_only=True):
    """Everything that a figure computes; `main_call` is the index of the call that a code line shows.

    `double` asks for float64, where float32 would show other digits. `seed` starts the generator of operands that have
    a `std`, in their order. `inputs` are the operands that panels show at the start.

    `training_call` trains a network on the loss, the last result, in batches of its first operands, with a learning
    rate for each epoch. Every other operand is a weight; its result is the loss before and after each epoch.
    """

    operands: Mapping[str, Operand]
    calls: tuple[Call, ...]
    shown: tuple[Shown, ...]
    main_call: int = -1
    double: bool = False
    seed: tuple[int, ...] = ()
    training: Training | None = None
    training_call: Call | None = None
    inputs: Mapping[str, Input] = field(default_factory=dict)
