"""Loading maps of several channels or samples, and placing them on the stage."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
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

# The stage's width and its largest cell, relative to its height without labels.
_ASPECT, _LARGEST = 2.6, 1 / 4
_LARGEST_VALUE = 1e6
_DIGITS = 10
_RANDOM_TAG = 2


def load_maps(
    spec: object,
    sheets: int | None,
    size: Size | None,
    *,
    seed: int,
    default: tuple[int, Size],
    what: str = "channels",
    option: str = "--channels",
) -> Data:
    """Load `sheets` maps of `size` as an array (sheets, rows, columns); None allows any number of sheets.

    Like `load_sheets`, but random values are 0 to 9, and named maps have the `default` number and size. Raises
    UsageError, whose message calls the sheets `what` and `option`.
    """
    name = spec.strip().lower() if isinstance(spec, str) else "random" if spec is None else ""
    if name not in MAP_NAMES:
        # Samples and channels of an array both become sheets.
        spec = np.reshape(spec, (-1, *np.shape(spec)[-2:])) if getattr(spec, "ndim", 0) > 3 else spec  # type: ignore[call-overload]
        found = load_sheets(load_map, spec, [sheets], size, seed=seed)
        if sheets not in (None, len(found.values)):
            count = len(found.values)
            raise UsageError(f"input has {count} {what}, but {option} asks for {sheets}: make them equal")
        return found
    count, (rows, columns) = sheets or default[0], size or default[1]
    if count * rows > MAX_SIDE:
        raise UsageError(
            f"{count} {what} of {size_text(rows, columns)} are more than {MAX_SIDE} rows of cells: "
            f"use fewer {option} or a smaller --i"
        )
    shape = (count, rows, columns)
    if name == "random":
        values = np.random.default_rng([seed, _RANDOM_TAG]).integers(0, _DIGITS, shape).astype(np.float64)
    elif name == PICTURE:
        values = np.repeat(load_map(name, (rows, columns), seed=seed).values[None], count, axis=0)
    else:
        values = load_map(name, (count * rows, columns), seed=seed).values.reshape(shape)
    return Data(_read_only(values), "image" if name == PICTURE else name, name)


def load_sheets(
    load: Callable[..., Data], spec: object, counts: Sequence[int | None], size: Size | None, *, seed: int, **more: Any
) -> Data:
    """Load maps or kernels with `load`; `counts` are the sizes of the axes before rows and columns (None: any).

    A name is loaded for each, a random one with different seeds. A 2-D array holds them one below the other, with equal
    heights. Raises UsageError.
    """
    shape = tuple(count or 1 for count in counts)
    number = math.prod(shape)
    if spec is None or (
        isinstance(spec, str) and spec.strip().lower().replace("_", "-") in (*MAP_NAMES, *KERNEL_NAMES)
    ):
        each = [load(spec, size, seed=seed + n, **more) for n in range(number)]
        values = np.reshape([data.values for data in each], (*shape, *each[0].values.shape))
        return replace(each[0], values=_read_only(values))
    # For a single grid a picture is loaded in grey.
    color = any(count != 1 for count in counts)
    data = load(spec, size, seed=seed, axes=2 + len(shape), sheets=number, color=color, **more)
    *sheets, rows, columns = data.values.shape
    if data.source == "image" and not sheets:
        # A grey picture is repeated.
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


def check_magnitude(values: Values, what: str = "the input value") -> None:
    """Raise UsageError for values whose squares are too long to write."""
    most = float(values.flat[np.abs(values).argmax()])
    if abs(most) > _LARGEST_VALUE:
        raise UsageError(f"{what} {most:g} is too large: use {-_LARGEST_VALUE:.0f} to {_LARGEST_VALUE:.0f}")


def two_panel_stage(X: Cells, Y: Cells, across: int, down: int) -> list[tuple[Cells | str, ...]]:
    """A stage of two equal blocks, `across` × `down` cells each: in one row or two, whichever gives larger cells."""
    beside = min(_LARGEST, _ASPECT / (2 * across), 1 / down)
    return [(X, "→", Y)] if beside >= min(_LARGEST, _ASPECT / across, 1 / (2 * down)) else [(X,), (Y,)]


def short_digits(values: Values, most: int | None = None) -> int:
    """Decimals with which values fit a cell: at most two, or one if a sign or a second digit takes room.

    `most` overrides this maximum.
    """
    fit = 2 if values.min() >= 0 and values.max() < 10 else 1
    return digits_for(values, most=fit if most is None else most)
