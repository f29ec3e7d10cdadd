"""What a user gives for a map or a kernel (a name, a literal, an array, a file) as a checked grid of numbers."""

from __future__ import annotations

import csv
import errno
import io
import math
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from cnnviz import kernels, limits
from cnnviz.errors import UsageError
from cnnviz.images import read_grey
from cnnviz.parameters import THOUSANDS, Size, quote, suggest

if TYPE_CHECKING:
    import numpy.typing as npt
    Grid = npt.NDArray[np.float64]

MAP_NAMES = ("random", "arange", "ones", "zeros")
KERNEL_NAMES = kernels.KERNEL_NAMES

_TEXT_KINDS = (".csv", ".tsv", ".txt")
_IMAGE_KINDS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
_KINDS = (".npy", *_TEXT_KINDS, *_IMAGE_KINDS)

_LITERAL = re.compile(r"\s*[-+.\d\[](?:[-+.\de\s,;/\[\]]|nan|inf)*", re.ASCII | re.IGNORECASE)
_PATH_START = re.compile(r"\s*\.{1,2}/")
_REAL = r"[-+]?(?:\d{1,999}(?:\.\d{0,999})?|\.\d{1,999})(?:e[-+]?\d{1,9})?"
_NUMBER = re.compile(rf"({_REAL})(?:/({_REAL}))?", re.ASCII | re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[-+]?\d{0,99},\d{1,99}(?:e[-+]?\d{1,9})?", re.ASCII | re.IGNORECASE)
_PERCENT = re.compile(r"[-+]?\d{1,99}(?:[.,]\d{1,99})?\s*%", re.ASCII)
_TRUTH = {"true": "1", "false": "0"}
_WEB = re.compile(r"https?://|ftp://", re.IGNORECASE)
# Minus signs and blanks of typography, which text pasted from documents has.
_PASTED = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " "})
_NOT_FINITE = re.compile(r"[-+]?(?:nan|inf|infinity)", re.IGNORECASE)
_KIND_OF_VALUES = {"c": "complex numbers", "U": "text", "S": "text", "O": "Python objects", "V": "records"}
_NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
_RANDOM_TAG = 0


@dataclass(frozen=True, eq=False)
class Data:
    """A checked grid of numbers and where it comes from.

    `values` is 2-D, finite, C-contiguous and read-only; `source` is "literal", "array", "file", "image" or the name
    that was asked for; `name` is a short label for captions: that name, the file's name, or "".
    """

    values: Grid
    source: str
    name: str


@dataclass(frozen=True)
class _Request:
    """What is the same for every way of giving the numbers."""

    size: Size | None
    image_size: Size
    limit: int
    names: tuple[str, ...]
    what: str
    option: str
    size_option: str

    def __post_init__(self) -> None:
        if self.size is not None and not all(1 <= side <= self.limit for side in self.size):
            raise UsageError(
                f"{self.size_option} asks for {_times(self.size)}: use 1 to {self.limit} rows and columns"
            )


def load_map(
    spec: object,
    size: Size | None,
    *,
    seed: int,
    default_size: Size = (5, 5),
    default_image_size: Size = (16, 16),
    what: str = "input",
    option: str = "--input",
    size_option: str = "--i",
) -> Data:
    """Load an input map.

    `spec` is None (random), a name of MAP_NAMES, a literal such as "1 2; 3 4", a file (.npy, text, image), nested
    sequences or an array; `size` is rows, columns or None for the data's own. Random values are 0, 1, 2 and 3, from
    `seed` >= 0; an image becomes grey levels 0..255. Raises UsageError, in one line, for whatever is wrong.
    """
    request = _Request(size, default_image_size, limits.MAX_SIDE, MAP_NAMES, what, option, size_option)
    return _load(spec, request, lambda name: _make_map(name, size or default_size, seed))


def load_kernel(
    spec: object,
    size: Size | None,
    *,
    seed: int,
    default_size: Size = (3, 3),
    what: str = "kernel",
    option: str = "--kernel",
    size_option: str = "--k",
) -> Data:
    """Load a kernel.

    As `load_map`, with the names and the values of `kernels.make_kernel`. Raises UsageError, in one line, for
    whatever is wrong.
    """
    request = _Request(size, default_size, limits.MAX_KERNEL, KERNEL_NAMES, what, option, size_option)
    return _load(
        spec,
        request,
        lambda name: kernels.make_kernel(
            name, size, seed=seed, default_size=default_size, what=what, size_option=size_option
        ),
    )


def _load(spec: object, request: _Request, make: Callable[[str], Grid]) -> Data:
    if spec is None:
        spec = "random"
    if isinstance(spec, os.PathLike):
        return _load_file(os.fsdecode(spec), request)
    if not isinstance(spec, str):
        return _data(_checked(_array(spec, request), request.what, request), "array", "")
    name = spec.strip().lower().replace("_", "-")
    if name in request.names:
        return _data(make(name), name, name)
    if _is_literal(typed := spec.translate(_PASTED)):
        grid = _parse(_literal_rows(typed, request), request.what, request)
        return _data(_checked(grid, request.what, request), "literal", "")
    return _load_file(spec, request)


def _is_literal(text: str) -> bool:
    """Are numbers written in the text, be it with a slip among them, rather than a name or a path?"""
    if _PATH_START.match(text):
        return False
    if _LITERAL.fullmatch(text) and re.search(r"[\d\[]", text):
        return True
    fields = [field for field in re.split(r"[\s,;\[\]]+", text) if field]
    numbers = [field for field in fields if _is_number(field) or _PERCENT.fullmatch(field)]
    kind = Path(text.strip()).suffix.lower()
    return len(fields) > 1 and 2 * len(numbers) >= len(fields) and kind not in _KINDS and not os.path.exists(text)


def _make_map(name: str, size: Size, seed: int) -> Grid:
    if name == "random":
        return np.random.default_rng([seed, _RANDOM_TAG]).integers(0, 4, size=size).astype(np.float64)
    if name == "arange":
        return np.arange(size[0] * size[1], dtype=np.float64).reshape(size)
    return np.full(size, 1.0 if name == "ones" else 0.0)


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
                _check_even(f"{request.what}, row {place}", length, "row 1", lengths[0])
        raise UsageError(
            f"{request.what} is no grid of numbers: give {request.option} rows of the same length"
        ) from error


def _checked(array: npt.NDArray[Any], subject: str, request: _Request) -> Grid:
    """Copy to a 2-D float64 array of the size asked for, all of it finite."""
    _check_kind(array.dtype, subject)
    shape = _grid_shape(array.shape, subject, request)
    with np.errstate(over="ignore"):
        values = np.array(array, dtype=np.float64, order="C", subok=False).reshape(shape)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise UsageError(
            f"{subject}, row {row + 1}, column {column + 1} is {values[row, column]}: use finite numbers only"
        )
    large = np.argwhere(np.abs(values) > limits.MAX_VALUE)
    if len(large):
        row, column = large[0]
        raise UsageError(
            f"{subject}, row {row + 1}, column {column + 1} is {values[row, column]:g}: "
            f"use numbers up to {limits.MAX_VALUE:g}"
        )
    return values


def _check_kind(dtype: np.dtype[Any], subject: str) -> None:
    if dtype.kind not in "biuf":
        found = _KIND_OF_VALUES.get(dtype.kind, f"{dtype.name} values")
        raise UsageError(f"{subject} holds {found}: use whole or real numbers")


def _grid_shape(shape: tuple[int, ...], subject: str, request: _Request) -> Size:
    """The rows and columns of an array's shape, known before the array is."""
    given = shape
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) == 1:
        shape = (1, *shape)
    if len(shape) != 2:
        found = f"has {len(given)} dimensions ({_times(given)})" if given else "is a single number"
        raise UsageError(f"{subject} {found}: give {request.option} rows and columns, such as '1 2; 3 4'")
    rows, columns = shape
    if rows < 1 or columns < 1:
        raise UsageError(f"{subject} is empty ({_times(given)}): give at least one number")
    if rows > request.limit or columns > request.limit:
        raise UsageError(f"{subject} is {_times(shape)}: use at most {request.limit} rows and columns")
    if request.size not in (None, (rows, columns)):
        raise UsageError(
            f"{subject} is {_times(shape)}, but {request.size_option} asks for {_times(request.size)}: "
            f"leave {request.size_option} out"
        )
    return rows, columns


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


# Text: literals and files


def _parse(rows: Iterable[tuple[str, list[str]]], subject: str, request: _Request) -> Grid:
    """Turn rows (their place, their fields) into numbers; `subject` leads every message."""
    grid: list[list[float]] = []
    first = ""
    for place, fields in rows:
        where = f"{subject}, {place}"
        if len(fields) > request.limit or len(grid) == request.limit:
            many = "numbers" if len(fields) > request.limit else "rows"
            raise UsageError(f"{where}: there are more than {request.limit} {many}, the most that a grid may have")
        if not grid:
            first = place
            if place.startswith("line") and not any(map(_begins_like_number, fields)):
                raise UsageError(f"{where} is no row of numbers but {quote(' '.join(fields))}: remove such a header")
        else:
            _check_even(where, len(fields), first, len(grid[0]))
        grid.append([_number(field, f"{where}, column {column}") for column, field in enumerate(fields, 1)])
    if not grid:
        raise UsageError(f"{subject} holds no numbers: give at least one")
    return np.array(grid, dtype=np.float64)


def _check_even(where: str, count: int, first: str, expected: int) -> None:
    if count != expected:
        numbers = "number" if count == 1 else "numbers"
        raise UsageError(f"{where} has {count} {numbers}, but {first} has {expected}: make all rows the same length")


def _is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text) or _NOT_FINITE.fullmatch(text))


def _means_number(text: str) -> bool:
    """Is a text a number in a form that people or spreadsheets write?"""
    return _is_number(text) or bool(_DECIMAL_COMMA.fullmatch(text)) or text.lower() in _TRUTH


def _begins_like_number(text: str) -> bool:
    return re.match(r"[-+.\d]", text) is not None or _means_number(text.translate(_PASTED))


def _number(text: str, where: str) -> float:
    plain = text.translate(_PASTED)
    if re.fullmatch(THOUSANDS, plain):
        readings = f"{plain.replace(',', '')} or {plain.replace(',', '.')}"
        raise UsageError(f"{where} is {quote(text)}, which may mean {readings}: write one of these")
    plain = plain.replace(",", ".") if _DECIMAL_COMMA.fullmatch(plain) else _TRUTH.get(plain.lower(), plain)
    match = _NUMBER.fullmatch(plain)
    if match:
        numerator, denominator = float(match[1]), float(match[2] or 1)
        if denominator == 0:
            raise UsageError(f"{where}: {quote(text)} divides by zero")
        if math.isfinite(value := numerator / denominator):
            return value
    if match or _NOT_FINITE.fullmatch(text):
        raise UsageError(f"{where} is {quote(text)}: use finite numbers only")
    if _PERCENT.fullmatch(plain):
        raise UsageError(f"{where} is {quote(text)}, a percentage: write it as a fraction such as 0.1")
    wrong = f"{quote(text)} is not a number" if text else "a number is missing"
    raise UsageError(f"{where}: {wrong}: write it as -2, 0.5, 1e-3 or 1/9")


def _literal_rows(text: str, request: _Request) -> Iterator[tuple[str, list[str]]]:
    body = text.strip()
    if re.search(r"\[\s*\]", body):
        raise UsageError(f"{request.what} {quote(text)} has an empty row: give at least one number in each")
    for _ in range(2):
        if body.startswith("[") and body.endswith("]"):
            body = re.sub(r"\][\s,;]*\[", ";", body[1:-1]).strip()
    rows = re.split(r"[;\n]\s*", body.removesuffix(";"))
    separator = _literal_separator(rows, text, request)
    groups = [group.split() for group in rows[0].split(",")]
    if len(rows) == 1 and len(groups) > 1 and all(len(group) > 1 for group in groups):
        wanted = quote("; ".join(map(" ".join, groups)))
        raise UsageError(f"{request.what} {quote(text)} is one row: put ; between rows, as in {wanted}")
    for number, row in enumerate((row.strip() for row in rows), 1):
        yield f"row {number}", re.split(separator, row, maxsplit=request.limit)


def _literal_separator(rows: list[str], text: str, request: _Request) -> str:
    """What separates the numbers of a row: blanks or commas, but only blanks where commas are decimal."""
    fields = [field for row in rows for field in row.split()]
    # Commas within numbers, as in `0,5 1,5`; those of `1,2; 3,4` separate, as do all that a blank follows.
    inner = [field for field in fields if re.search(r"\d,\d", field)]
    if not inner or len(fields) == len(rows):
        return r"\s*,\s*|\s+"
    if all(map(_means_number, fields)):
        return r"\s+"
    if any("," in field and not field.endswith(",") and not _means_number(field) for field in fields):
        # Such as 1,2,3: no number has two commas.
        return r"\s*,\s*|\s+"
    if all(_means_number(field.rstrip(",")) for field in fields):
        row = next(row for row in rows if set(row.split()) & set(inner))
        readings = " ".join(re.split(r"[\s,]+", row)), " ".join(re.split(r",?\s+", row)).replace(",", ".")
        raise UsageError(f"{request.what} {quote(text)} may mean {readings[0]} or {readings[1]}: write one of these")
    return r"\s*,\s*|\s+"


def _file_rows(file: BinaryIO, subject: str, request: _Request) -> Iterator[tuple[str, list[str]]]:
    separator: str | None = None
    started = False
    try:
        with io.TextIOWrapper(file, encoding="utf-8-sig") as lines:
            for number, line in enumerate(map(str.strip, lines), 1):
                if number > limits.MAX_LINES:
                    raise UsageError(f"{subject} has more than {limits.MAX_LINES} lines: remove those without numbers")
                if not line or line.startswith("#"):
                    continue
                if not started:
                    separator, started = _file_separator(line), True
                yield f"line {number}", _fields(line, separator, request.limit)
    except UnicodeDecodeError as error:
        raise UsageError(f"{subject} is not UTF-8 text: save it as UTF-8") from error


def _file_separator(line: str) -> str | None:
    """What separates the numbers of a file, from its first line: a tab, ; or comma, or blanks (None)."""
    bare = re.sub(r'"[^"]*"', '""', line)
    if all(map(_means_number, bare.split())) and len(bare.split()) > 1:
        # Tabs, too; a comma in a number is decimal.
        return "\t" if "\t" in bare else None
    return next((sign for sign in "\t;," if sign in bare), None)


def _fields(line: str, separator: str | None, limit: int) -> list[str]:
    if separator is not None and '"' in line:
        # Spreadsheets may quote numbers, and have to where these hold the separator.
        with suppress(csv.Error):
            return [field.strip() for field in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]
    return [field.strip() for field in line.split(separator, limit)]


# Files


def _load_file(text: str, request: _Request) -> Data:
    if _WEB.match(text):
        raise UsageError(f"{request.what} {quote(text)} is a web address: download it first")
    subject, kind = f"{request.what} file {quote(text)}", Path(text).suffix.lower()
    text = os.path.expanduser(text)
    try:
        with _opened(text, subject, request) as file:
            if kind in _IMAGE_KINDS:
                values, source = read_grey(file, subject, request.size or request.image_size), "image"
            else:
                read = _read_npy if kind == ".npy" else _read_text
                values, source = _checked(read(file, subject, request), subject, request), "file"
    except OSError as error:
        raise UsageError(f"{subject} cannot be read: {error.strerror or error}") from error
    label = "".join(sign if sign.isprintable() else "?" for sign in Path(text).name)
    return _data(values, source, label if len(label) <= 40 else label[:28] + "…" + label[-11:])


def _opened(text: str, subject: str, request: _Request) -> BinaryIO:
    try:
        status = os.stat(text)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_SUCH_FILE:
            raise
        if Path(text).suffix.lower() in _KINDS or os.sep in text:
            raise UsageError(f"{subject} does not exist: check the path, or use {', '.join(request.names)}") from error
        hint = suggest(text.strip().lower(), request.names)
        raise UsageError(f"{request.what} {quote(text)} is neither a name nor a file: {hint}") from error
    if stat.S_ISDIR(status.st_mode):
        raise UsageError(f"{subject} is a folder: give a file in it")
    if Path(text).suffix.lower() not in _KINDS:
        raise UsageError(f"{subject} is of an unknown kind: use one that ends in {', '.join(_KINDS)}")
    # Before opening: a pipe would block for ever.
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{subject} is no regular file: save it as one")
    if status.st_size == 0:
        raise UsageError(f"{subject} is empty: give one with at least one number")
    if status.st_size > limits.MAX_FILE_BYTES:
        raise UsageError(f"{subject} has {status.st_size} bytes: use at most {limits.MAX_FILE_BYTES}")
    return open(text, "rb")


def _read_text(file: BinaryIO, subject: str, request: _Request) -> Grid:
    return _parse(_file_rows(file, subject, request), subject, request)


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
