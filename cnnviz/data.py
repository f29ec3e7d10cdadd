"""What a user gives for a map or a kernel (a name, a literal, an array, a file) as a checked grid of numbers."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from cnnviz import kernels, limits, maps
from cnnviz.errors import UsageError
from cnnviz.images import read_image
from cnnviz.parameters import Size, quote, suggest, to_cli
from cnnviz.rows import check_even, file_rows, is_literal, literal_rows, parse_rows, unpasted

if TYPE_CHECKING:
    import numpy.typing as npt

    Grid = npt.NDArray[np.float64]

MAP_NAMES = maps.MAP_NAMES
KERNEL_NAMES = kernels.KERNEL_NAMES

_TEXT_KINDS = (".csv", ".tsv", ".txt")
_IMAGE_KINDS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
KINDS = (".npy", *_TEXT_KINDS, *_IMAGE_KINDS)

_WEB = re.compile(r"https?://|ftp://", re.IGNORECASE)
_KIND_OF_VALUES = {"c": "complex numbers", "U": "text", "S": "text", "O": "Python objects", "V": "records"}
_NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


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


@dataclass(frozen=True)
class _Request:
    """What is the same for every way of giving the numbers."""

    size: Size | None
    image_size: Size | None
    limit: int
    names: tuple[str, ...]
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
    what: str = "input",
    option: str = "--input",
    size_option: str = "--i",
    axes: int = 2,
    sheets: int = 1,
    color: bool = True,
) -> Data:
    """Load an input map.

    `spec` is None (random), a name of MAP_NAMES, a literal such as "1 2; 3 4", a file (.npy, text, image), nested
    sequences or an array; `size` is rows, columns or None for the data's own, an image's with no `default_image_size`
    up to `limits.MAX_SIDE` pixels a side. Names have the values of `maps.make_map`, random ones from `seed` >= 0; an
    image becomes grey levels 0..255. With three `axes` an array may have channels, and an image in colour becomes its
    three if `color` is; of rows and columns alone there are those of so many `sheets`, one below the other. Raises
    UsageError, in one line, for whatever is wrong.
    """
    request = _Request(
        size, default_image_size, limits.MAX_SIDE, MAP_NAMES, what, option, size_option, axes, sheets, color
    )

    def make(name: str) -> Grid:
        return maps.make_map(name, size or ((name == maps.PICTURE and default_image_size) or default_size), seed)

    return _load(spec, request, make)


def load_kernel(
    spec: object,
    size: Size | None,
    *,
    seed: int,
    default_size: Size = (3, 3),
    what: str = "kernel",
    option: str = "--kernel",
    size_option: str = "--k",
    axes: int = 2,
    sheets: int = 1,
    color: bool = True,
) -> Data:
    """Load a kernel.

    As `load_map`, with the names and the values of `kernels.make_kernel`; with four `axes` an array may be the weight
    of a layer. Raises UsageError, in one line, for whatever is wrong.
    """
    request = _Request(
        size, default_size, limits.MAX_KERNEL, KERNEL_NAMES, what, option, size_option, axes, sheets, color
    )
    return _load(
        spec,
        request,
        lambda name: kernels.make_kernel(
            name, size, seed=seed, default_size=default_size, what=what, size_option=size_option
        ),
    )


def _load(spec: object, request: _Request, make: Callable[[str], Grid]) -> Data:
    try:
        return _loaded(spec, request, make)
    except UsageError as error:
        error.parameter = error.parameter or request.option.removeprefix("--").replace("-", "_")
        raise


def _loaded(spec: object, request: _Request, make: Callable[[str], Grid]) -> Data:
    if spec is None:
        spec = "random"
    if isinstance(spec, os.PathLike):
        return _load_file(os.fsdecode(spec), request)
    if not isinstance(spec, str):
        return _data(_checked(_array(spec, request), request.what, request), "array", "")
    name = spec.strip().lower().replace("_", "-")
    if name in request.names:
        return _data(make(name), "image" if name == maps.PICTURE else name, name)
    if is_literal(typed := unpasted(spec), KINDS):
        rows = literal_rows(typed, request.what, request.limit)
        grid = np.array(parse_rows(rows, request.what, request.limit), dtype=np.float64)
        return _data(_checked(grid, request.what, request), "literal", "")
    return _load_file(spec, request)


def reads_no_file(text: str) -> bool:
    """Is a text a name or numbers? For those who may not read the files of this machine."""
    # A file that can be read has an extension, and what is a literal here is one where it is loaded.
    return re.fullmatch(r"\s*[A-Za-z][\w-]*\s*", text) is not None or is_literal(unpasted(text), KINDS)


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
    large = np.argwhere(np.abs(values) > limits.MAX_VALUE)
    if len(large):
        cell, value = _cell(subject, large[0]), values[tuple(large[0])]
        raise UsageError(f"{cell} is {value:g}: use numbers up to {limits.MAX_VALUE:g}")
    return values


def _cell(subject: str, place: npt.NDArray[np.int_]) -> str:
    """What messages call a cell: by its row and column."""
    return f"{subject}, row {place[-2] + 1}, column {place[-1] + 1}"


def _check_kind(dtype: np.dtype[Any], subject: str) -> None:
    if dtype.kind not in "biuf":
        found = _KIND_OF_VALUES.get(dtype.kind, f"{dtype.name} values")
        raise UsageError(f"{subject} holds {found}: use whole or real numbers")


def _grid_shape(shape: tuple[int, ...], subject: str, request: _Request) -> tuple[int, ...]:
    """Rows and columns of an array's shape, known before the array is, and what axes it may have before them."""
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
    if max(sheets, default=0) > limits.MAX_SHEETS:
        raise UsageError(f"{subject} is {_times(shape)}: use at most {limits.MAX_SHEETS} channels and filters")
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
    text = os.path.expanduser(text)
    try:
        with _opened(text, subject, request) as file:
            if kind in _IMAGE_KINDS:
                color, size = request.color and request.axes > 2, request.size or request.image_size
                values, source = read_image(file, subject, size, color=color), "image"
            else:
                read = _read_npy if kind == ".npy" else _read_text
                values, source = _checked(read(file, subject, request), subject, request), "file"
    except OSError as error:
        raise UsageError(f"{subject} cannot be read: {error.strerror or error}") from error
    label = "".join(char if char.isprintable() else "?" for char in Path(text).name)
    return _data(values, source, label if len(label) <= 40 else label[:28] + "…" + label[-11:])


def _opened(text: str, subject: str, request: _Request) -> BinaryIO:
    try:
        status = os.stat(text)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_SUCH_FILE:
            raise
        if Path(text).suffix.lower() in KINDS or os.sep in text:
            raise UsageError(f"{subject} does not exist: check the path, or use {', '.join(request.names)}") from error
        hint = suggest(text.strip().lower(), request.names)
        raise UsageError(f"{request.what} {quote(text)} is neither a name nor a file: {hint}") from error
    if stat.S_ISDIR(status.st_mode):
        raise UsageError(f"{subject} is a folder: give a file in it")
    if Path(text).suffix.lower() not in KINDS:
        raise UsageError(f"{subject} is of an unknown kind: use one that ends in {', '.join(KINDS)}")
    # Before opening: a pipe would block forever.
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{subject} is no regular file: save it as one")
    if status.st_size == 0:
        raise UsageError(f"{subject} is an empty file: give one with at least one number or pixel")
    if status.st_size > limits.MAX_FILE_BYTES:
        raise UsageError(f"{subject} has {status.st_size} bytes: use at most {limits.MAX_FILE_BYTES}")
    return open(text, "rb")


def _read_text(file: BinaryIO, subject: str, request: _Request) -> Grid:
    return np.array(parse_rows(file_rows(file, subject, request.limit), subject, request.limit), dtype=np.float64)


def _read_npy(file: BinaryIO, subject: str, request: _Request) -> npt.NDArray[Any]:
    # The header is checked by itself: a few bytes can promise more numbers than there is memory.
    try:
        version = np.lib.format.read_magic(file)
        newer = np.lib.format.read_array_header_2_0
        shape, _, dtype = (np.lib.format.read_array_header_1_0 if version == (1, 0) else newer)(file)
    except Exception as error:
        raise UsageError(f"{subject} is no .npy file: save the array with numpy.save") from error
    _check_kind(dtype, subject)
    _grid_shape(shape, subject, request)
    file.seek(0)
    try:
        array: npt.NDArray[Any] = np.load(file, allow_pickle=False)
    except Exception as error:
        raise UsageError(f"{subject} is cut short or damaged: its header says {_times(shape)}") from error
    return array
