"""Maps of several channels or samples: how they are given, and how they stand on the stage."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cnnviz.data import KERNEL_NAMES, MAP_NAMES, Data, load_map
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_SIDE
from cnnviz.maps import PICTURE
from cnnviz.notation import digits_for, size_text
from cnnviz.parameters import Size
from cnnviz.story.cells import Cells
from cnnviz.storyboard import Values

# The stage is about this many times as wide as it is high, labels taken off, and its largest cell a quarter of that.
_ASPECT, _LARGEST = 2.6, 1 / 4
_LARGEST_VALUE = 1e6
_DIGITS = 10
_RANDOM_TAG = 2


@dataclass(frozen=True, eq=False)
class Maps:
    """Maps of one size, (sheets, rows, columns), read-only; `source` says where they came from, as `Data` has it."""

    values: Values
    source: str = "values"


def load_maps(
    spec: object,
    sheets: int | None,
    size: Size | None,
    *,
    seed: int,
    default: tuple[int, Size],
    what: str = "channels",
    option: str = "--channels",
) -> Maps:
    """Load `sheets` maps of `size`.

    As `data.load_map`, whose grids are cut into `sheets` (1 for None) maps of equal height, one below the other; an
    array may have three axes or more itself. Random values are 0 to 9, from `seed`; names have the `default` number and
    size. Raises UsageError; `what` and `option` name the sheets.
    """
    name = spec.strip().lower() if isinstance(spec, str) else "random" if spec is None else ""
    if name in MAP_NAMES:
        count, (rows, columns) = sheets or default[0], size or default[1]
        if count * rows > MAX_SIDE:
            raise UsageError(
                f"{count} {what} of {size_text(rows, columns)} are more than {MAX_SIDE} rows of cells: "
                f"use fewer {option} or a smaller --i"
            )
        if name == "random":
            drawn = np.random.default_rng([seed, _RANDOM_TAG]).integers(0, _DIGITS, (count, rows, columns))
            return _maps(drawn.astype(np.float64))
        if name == PICTURE:
            return _maps(np.repeat(load_map(name, (rows, columns), seed=seed).values[None], count, axis=0), "image")
        return _maps(load_map(name, (count * rows, columns), seed=seed).values.reshape(count, rows, columns))
    axes = np.shape(spec) if hasattr(spec, "shape") else ()
    if len(axes) >= 3:
        count = math.prod(axes[:-2])
        if sheets not in (None, count):
            raise UsageError(f"input has {count} {what}, but {option} asks for {sheets}: make them equal")
        sheets, spec = count, np.reshape(spec, (-1, axes[-1]))  # type: ignore[call-overload]
    return _cut(spec, sheets or 1, size, seed, what, option)


def load_sheets(
    load: Callable[..., Data], spec: object, counts: Sequence[int | None], size: Size | None, *, seed: int, **more: Any
) -> Data:
    """Load maps or kernels with `load`, as many along each axis before rows and columns as `counts` say (None: any).

    Names are loaded for each, random ones from seeds of their own. Rows and columns alone hold one below the other, of
    equal height. Raises UsageError.
    """
    shape = tuple(count or 1 for count in counts)
    number = math.prod(shape)
    if spec is None or (
        isinstance(spec, str) and spec.strip().lower().replace("_", "-") in (*MAP_NAMES, *KERNEL_NAMES)
    ):
        each = [load(spec, size, seed=seed + n, **more) for n in range(number)]
        values = np.reshape([data.values for data in each], (*shape, *each[0].values.shape))
        return replace(each[0], values=_read_only(values))
    # One grid alone is asked for: of a picture the grey levels.
    color = any(count != 1 for count in counts)
    data = load(spec, size, seed=seed, axes=2 + len(shape), sheets=number, color=color, **more)
    *sheets, rows, columns = data.values.shape
    if data.source == "image" and not sheets:
        # Grey levels are the same in each.
        return replace(data, values=_read_only(np.broadcast_to(data.values, (*shape, rows, columns)).copy()))
    if not sheets and rows % number:
        what, least = more.get("what", "input"), -(-rows // number) * number
        raise UsageError(f"{what} has {rows} rows, which {number} grids cannot share evenly: give {least} rows")
    if not sheets:
        return replace(data, values=_read_only(data.values.reshape(*shape, rows // number, columns)))
    values = data.values.reshape((1,) * (len(shape) - len(sheets)) + data.values.shape)
    return replace(data, values=_read_only(values))


def _read_only(values: Values) -> Values:
    values.setflags(write=False)
    return values


def _cut(spec: object, count: int, size: Size | None, seed: int, what: str, option: str) -> Maps:
    whole = (count * size[0], size[1]) if size else None
    data = load_map(spec, whole, seed=seed)
    rows, columns = data.values.shape
    if rows % count:
        raise UsageError(
            f"input has {rows} rows, which {count} {what} cannot share evenly: use --i, or {option} "
            f"{' or '.join(str(n) for n in range(1, rows + 1) if rows % n == 0)}"
        )
    return _maps(data.values.reshape(count, rows // count, columns), data.source)


def _maps(values: Values, source: str = "values") -> Maps:
    return Maps(_read_only(values), source)


def check_squares(values: Values, what: str = "the input value") -> None:
    """Refuse values whose squares are nothing to write out; raises UsageError."""
    most = float(values.flat[np.abs(values).argmax()])
    if abs(most) > _LARGEST_VALUE:
        raise UsageError(f"{what} {most:g} is too large: use {-_LARGEST_VALUE:.0f} to {_LARGEST_VALUE:.0f}")


def stage_of_two(X: Cells, Y: Cells, across: int, down: int) -> list[tuple[Cells | str, ...]]:
    """Two equal blocks, each `across` × `down` cells with all its sheets: in one row or two, where cells are larger."""
    beside = min(_LARGEST, _ASPECT / (2 * across), 1 / down)
    return [(X, "→", Y)] if beside >= min(_LARGEST, _ASPECT / across, 1 / (2 * down)) else [(X,), (Y,)]


def short_digits(values: Values, most: int | None = None) -> int:
    """Decimals with which values still fit a cell: two, or one where a sign or a second digit takes room.

    `most` are others that are asked for.
    """
    usual = 2 if values.min() >= 0 and values.max() < 10 else 1
    return digits_for(values, most=usual if most is None else most)
