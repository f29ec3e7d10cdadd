"""What a user gives for a map or a kernel (a name, a literal, an array, a file) as a checked grid of numbers."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.images import read_image
from cnnviz.inputs import is_web, read_input
from cnnviz.kernels import KERNEL_NAMES as KERNEL_NAMES
from cnnviz.kernels import make_kernel
from cnnviz.limits import MAX_FILE_BYTES, MAX_KERNEL, MAX_SHEETS, MAX_SIDE, MAX_VALUE
from cnnviz.maps import MAP_NAMES as MAP_NAMES
from cnnviz.maps import PICTURE, make_map
from cnnviz.parameters import Size, quote, suggest, to_cli
from cnnviz.record import Record
from cnnviz.rows import Row, file_rows, is_literal, literal_rows, parse_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    Grid = npt.NDArray[np.float64]

_TEXT_KINDS = (".csv", ".tsv", ".txt")
_IMAGE_KINDS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
KINDS = (".npy", *_TEXT_KINDS, *_IMAGE_KINDS)


@dataclass(frozen=True, eq=False)
class Data:
    """A checked grid of numbers and where it comes from.

    `values` is finite, C-contiguous and read-only, and 2-D unless more axes were asked for; `source` is "literal",
    "array", "file", "image" or the name that was asked for; `name` is a short label for captions: that name, the file's
    name, or "".
    """

    values: Grid
    source: str
    name: str


class _Request(Record, kw_only=True):
    """What is the same for every way of giving the numbers; `make` makes those of a name."""

    size: Size | None
    image_size: Size | None
    limit: int
    names: tuple[str, ...]
    make: Callable[[str], Grid]
    what: str
    option: str
    size_option: str
    axes: int = 2
    sheets: int = 1
    color: bool = True

    def __post_init__(self) -> None:
        if self.size is not None and not all(1 <= side <= self.limit for side in self.size):
            raise UsageError(f"{self.size_option} asks for {_times(self.size)}: use 1 to {self.limit} rows and columns")


def load_map(
    spec: object,
    size: Size | None,
    *,
    seed: int,
    default_size: Size = (5, 5),
    default_image_size: Size | None = (16, 16),
    **more: Any,
) -> Data:
    """Load an input map.

    `spec` is None (random), a name of MAP_NAMES, a literal such as "1 2; 3 4", a file (.npy, text, image), nested
    sequences or an array; `size` is rows, columns or None for the data's own, an image's with no `default_image_size`
    up to `MAX_SIDE` pixels a side. Names have the values of `make_map`, random ones from `seed` >= 0; an
    image becomes grey levels 0..255. With three `axes` an array may have channels, and an image in colour becomes its
    three if `color` is; of rows and columns alone there are those of so many `sheets`, one below the other. Messages
    speak of `what`, `option` and `size_option`. Raises UsageError, in one line, for whatever is wrong.
    """

    def make(name: str) -> Grid:
        return make_map(name, size or ((name == PICTURE and default_image_size) or default_size), seed)

    more = {"what": "input", "option": "--input", "size_option": "--i"} | more
    image_size, limit = default_image_size, MAX_SIDE
    return _load(spec, _Request(size=size, image_size=image_size, limit=limit, names=MAP_NAMES, make=make, **more))


def load_kernel(spec: object, size: Size | None, *, seed: int, default_size: Size = (3, 3), **more: Any) -> Data:
    """Load a kernel.

    As `load_map`, with the names and the values of `make_kernel`; with four `axes` an array may be the weight
    of a layer. Raises UsageError, in one line, for whatever is wrong.
    """
    more = {"what": "kernel", "option": "--kernel", "size_option": "--k"} | more
    names_in_messages = {"what": more["what"], "size_option": more["size_option"]}

    def make(name: str) -> Grid:
        return make_kernel(name, size, seed=seed, default_size=default_size, **names_in_messages)

    limit, names = MAX_KERNEL, KERNEL_NAMES
    return _load(spec, _Request(size=size, image_size=default_size, limit=limit, names=names, make=make, **more))


def _load(spec: object, request: _Request) -> Data:
    try:
        return _loaded(spec, request)
    except UsageError as error:
        error.parameter = error.parameter or request.option.removeprefix("--").replace("-", "_")
        raise


def _loaded(spec: object, request: _Request) -> Data:
    if spec is None:
        spec = "random"
    if isinstance(spec, os.PathLike):
        return _load_file(os.fsdecode(spec), request)
    if not isinstance(spec, str):
        return _data(_checked(_array(spec, request), request.what, request), "array", "")
    name = spec.strip().lower().replace("_", "-")
    if name in request.names:
        return _data(request.make(name), "image" if name == PICTURE else name, name)
    if is_literal(spec, KINDS):
        grid = _numbers(literal_rows(spec, request.what), request.what, request)
        return _data(_checked(grid, request.what, request), "literal", "")
    return _load_file(spec, request)


def reads_no_file(text: str) -> bool:
    """Is a text a name or numbers? For those who may not read the files of this machine."""
    # A file that can be read has an extension, and what is a literal here is one where it is loaded.
    return re.fullmatch(r"\s*[A-Za-z][\w-]*\s*", text) is not None or is_literal(text, KINDS)


def _data(values: Grid, source: str, name: str) -> Data:
    values.setflags(write=False)
    return Data(values, source, name)


# Arrays


def _array(spec: object, request: _Request) -> npt.NDArray[Any]:
    try:
        return np.asarray(spec)
    except (ValueError, TypeError, RuntimeError, OverflowError):
        rows = f"give {request.option} rows of the same length"
        raise UsageError(f"{request.what} is no grid of numbers: {rows}") from None


def _checked(array: npt.NDArray[Any], subject: str, request: _Request) -> Grid:
    """Copy to a float64 array of the size asked for, all of it finite."""
    if array.dtype.kind not in "biuf":
        raise UsageError(f"{subject} holds values of type {array.dtype.name}: use whole or real numbers")
    shape = _grid_shape(array.shape, subject, request)
    with np.errstate(over="ignore"):
        values = np.array(array, dtype=np.float64, order="C", subok=False).reshape(shape)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise UsageError(f"{_cell(subject, bad[0])} is {values[tuple(bad[0])]}: use finite numbers only")
    large = np.argwhere(np.abs(values) > MAX_VALUE)
    if len(large):
        cell, value = _cell(subject, large[0]), values[tuple(large[0])]
        raise UsageError(f"{cell} is {value:g}: use numbers up to {MAX_VALUE:g}")
    return values


def _cell(subject: str, place: npt.NDArray[np.int_]) -> str:
    """What messages call a cell: by its row and column."""
    return f"{subject}, row {place[-2] + 1}, column {place[-1] + 1}"


def _grid_shape(shape: tuple[int, ...], subject: str, request: _Request) -> tuple[int, ...]:
    """Rows and columns of an array's shape, and what axes it may have before them."""
    given = shape
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) == 1:
        shape = (1, *shape)
    if not 2 <= len(shape) <= request.axes:
        found = f"has {len(given)} dimensions ({_times(given)})" if given else "is a single number"
        raise UsageError(f"{subject} {found}: give {request.option} rows and columns, such as '1 2; 3 4'")
    *sheets, rows, columns = shape
    if min(shape) < 1:
        raise UsageError(f"{subject} is empty ({_times(given)}): give at least one number")
    if max(sheets, default=0) > MAX_SHEETS:
        raise UsageError(f"{subject} is {_times(shape)}: use at most {MAX_SHEETS} channels and filters")
    if rows > request.limit or columns > request.limit:
        raise UsageError(f"{subject} is {_times(shape)}: use at most {request.limit} rows and columns")
    if request.size is not None:
        stacked = 1 if sheets else request.sheets
        asked, fits = (request.size[0] * stacked, request.size[1]), (rows // stacked, columns)
        if asked != (rows, columns):
            option, whole = request.size_option, rows % stacked == 0
            hint = f"use {option} {to_cli(fits)}" if whole else f"give {stacked} maps, one below the other"
            message = f"{subject} is {_times(shape)}, but {option} asks for {_times(asked)}: {hint}"
            raise UsageError(message, remedy={option.lstrip("-").replace("-", "_"): fits} if whole else {})
    return shape


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


# Files


def _load_file(text: str, request: _Request) -> Data:
    subject, kind = f"{request.what} file {quote(text)}", Path(text).suffix.lower()
    if kind not in KINDS and not is_web(text):
        hint = suggest(text.strip().lower(), request.names, otherwise=f", or a file that ends in {', '.join(KINDS)}")
        raise UsageError(f"{request.what} {quote(text)} is neither a name nor a file that can be read: {hint}")
    content = read_input(text, subject, MAX_FILE_BYTES)
    if kind in _IMAGE_KINDS:
        color, size = request.color and request.axes > 2, request.size or request.image_size
        values, source = read_image(io.BytesIO(content), subject, size, color=color), "image"
    else:
        is_npy = kind == ".npy"
        array = _read_npy(content, subject) if is_npy else _numbers(file_rows(content, subject), subject, request)
        values, source = _checked(array, subject, request), "file"
    label = "".join(char if char.isprintable() else "?" for char in Path(text).name)
    return _data(values, source, label[:40])


def _numbers(rows: Iterable[Row], subject: str, request: _Request) -> Grid:
    return np.array(parse_rows(rows, subject, request.limit), np.float64)


def _read_npy(content: bytes, subject: str) -> npt.NDArray[Any]:
    try:
        return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except Exception as error:
        raise UsageError(f"{subject} holds no array of numbers, or is cut short: save it with numpy.save") from error
