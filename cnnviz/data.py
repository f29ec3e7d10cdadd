"""What a user gives for a map or a kernel (a name, a literal, an array, a file) as a checked grid of numbers."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.images import read_image
from cnnviz.inputs import read_input
from cnnviz.kernels import KERNEL_NAMES as KERNEL_NAMES
from cnnviz.kernels import make_kernel
from cnnviz.limits import MAX_FILE_BYTES, MAX_KERNEL, MAX_SHEETS, MAX_SIDE, MAX_VALUE
from cnnviz.maps import MAP_NAMES as MAP_NAMES
from cnnviz.maps import PICTURE, make_map
from cnnviz.parameters import Size, quote, suggest, to_cli
from cnnviz.record import Record
from cnnviz.rows import check_even, file_rows, is_literal, literal_rows, parse_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    Grid = npt.NDArray[np.float64]

_TEXT_KINDS = (".csv", ".tsv", ".txt")
_IMAGE_KINDS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
KINDS = (".npy", *_TEXT_KINDS, *_IMAGE_KINDS)

_WEB = re.compile(r"https?://|ftp://", re.IGNORECASE)
_KIND_OF_VALUES = {"c": "complex numbers", "U": "text", "S": "text", "O": "Python objects", "V": "records"}


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
    said = {"what": more["what"], "size_option": more["size_option"]}

    def make(name: str) -> Grid:
        return make_kernel(name, size, seed=seed, default_size=default_size, **said)

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
        grid = np.array(parse_rows(literal_rows(spec, request.what), request.what, request.limit), dtype=np.float64)
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
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        if isinstance(spec, (list, tuple)):
            lengths = [len(row) if isinstance(row, (list, tuple, np.ndarray)) else 1 for row in spec]
            for place, length in enumerate(lengths, 1):
                check_even(f"{request.what}, row {place}", length, "row 1", lengths[0])
        raise UsageError(
            f"{request.what} is no grid of numbers: give {request.option} rows of the same length"
        ) from error


def _checked(array: npt.NDArray[Any], subject: str, request: _Request) -> Grid:
    """Copy to a float64 array of the size asked for, all of it finite."""
    _check_kind(array.dtype, subject)
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


def _check_kind(dtype: np.dtype[Any], subject: str) -> None:
    if dtype.kind not in "biuf":
        found = _KIND_OF_VALUES.get(dtype.kind, f"{dtype.name} values")
        raise UsageError(f"{subject} holds {found}: use whole or real numbers")


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
    high, rest = (rows, 0) if sheets else divmod(rows, request.sheets)
    if request.size is not None and (rest or request.size != (high, columns)):
        asked, many = _times(request.size), request.sheets > 1 and not sheets
        wanted = f"{asked}, {request.sheets} times" if many else asked
        fits = f"use {request.size_option} {to_cli((high, columns))}"
        if rest:
            fits = f"give {_times((request.size[0] * request.sheets, request.size[1]))}, one below the other"
        size = request.size_option.lstrip("-").replace("-", "_")
        remedy = {} if rest else {size: (high, columns)}
        message = f"{subject} is {_times(shape)}, but {request.size_option} asks for {wanted}: {fits}"
        raise UsageError(message, remedy=remedy)
    return shape


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


# Files


def _load_file(text: str, request: _Request) -> Data:
    if _WEB.match(text):
        raise UsageError(f"{request.what} {quote(text)} is a web address: download it first")
    subject, kind = f"{request.what} file {quote(text)}", Path(text).suffix.lower()
    if kind not in KINDS and os.sep not in text and not os.path.lexists(text):
        hint = suggest(text.strip().lower(), request.names)
        raise UsageError(f"{request.what} {quote(text)} is neither a name nor a file: {hint}") from FileNotFoundError(
            text
        )
    file = io.BytesIO(read_input(text, subject, MAX_FILE_BYTES))
    if kind not in KINDS:
        raise UsageError(f"{subject} is of an unknown kind: use one that ends in {', '.join(KINDS)}")
    if kind in _IMAGE_KINDS:
        color, size = request.color and request.axes > 2, request.size or request.image_size
        values, source = read_image(file, subject, size, color=color), "image"
    else:
        read = _read_npy if kind == ".npy" else _read_text
        values, source = _checked(read(file, subject, request), subject, request), "file"
    label = "".join(char if char.isprintable() else "?" for char in Path(text).name)
    return _data(values, source, label if len(label) <= 40 else label[:28] + "…" + label[-11:])


def _read_text(file: BinaryIO, subject: str, request: _Request) -> Grid:
    return np.array(parse_rows(file_rows(file, subject), subject, request.limit), dtype=np.float64)


def _read_npy(file: BinaryIO, subject: str, request: _Request) -> npt.NDArray[Any]:
    try:
        return np.lib.format.read_array(file, allow_pickle=False)
    except Exception as error:
        raise UsageError(f"{subject} holds no array of numbers, or is cut short: save it with numpy.save") from error
