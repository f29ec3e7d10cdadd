"""A network's weights from an .npz file, checked before they are read."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_ENTRIES, MAX_FILE_BYTES
from cnnviz.network.layers import Array, Shape
from cnnviz.notation import size_text
from cnnviz.parameters import quote, suggest

# What an archive ends in, a comment of 64 KiB at most behind it; and the record of one with more than 65535 entries.
_END_BYTES, _END_SIGN, _END_SIGN_64 = 22 + 0xFFFF, re.compile(b"PK\x05\x06"), b"PK\x06\x07"
_LONGEST_ENTRY = 512
_TOO_MANY = f"{{}} has more than {MAX_ENTRIES} entries: keep the network's own arrays alone"


def load_weights(path: str, shapes: Mapping[str, Shape]) -> dict[str, Array]:
    """Load the arrays of these names and shapes from an .npz file; raises UsageError, in one line."""
    subject = f"--weights file {quote(path)}"
    path = os.path.expanduser(path)
    if not Path(path).is_file():
        how = "is a folder" if Path(path).is_dir() else "does not exist"
        raise UsageError(f"{subject} {how}: give an .npz file, or random") from FileNotFoundError(path)
    try:
        if os.path.getsize(path) > MAX_FILE_BYTES:
            raise UsageError(f"{subject} has {os.path.getsize(path)} bytes: use at most {MAX_FILE_BYTES}")
        _check_directory(path, subject)
        with zipfile.ZipFile(path) as archive:
            _check_names(archive, shapes, subject)
            arrays = {}
            for name, shape in shapes.items():
                with archive.open(name + ".npy") as file:
                    arrays[name] = _read(file, name, shape, subject)
            return arrays
    except OSError as error:
        raise UsageError(f"{subject} cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise UsageError(f"{subject} is no .npz file: save the arrays with numpy.savez") from error


def _check_directory(path: str, subject: str) -> None:
    """Refuse a long list of entries before it is read: an archive's last record, 4.3.16 of PKWARE's APPNOTE, tells."""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - _END_BYTES))
        end = file.read()
    lengths = [int.from_bytes(end[found.end() + 8 : found.end() + 12], "little") for found in _END_SIGN.finditer(end)]
    if max(lengths, default=0) > MAX_ENTRIES * _LONGEST_ENTRY or _END_SIGN_64 in end:
        raise UsageError(_TOO_MANY.format(subject))


def _check_names(archive: zipfile.ZipFile, shapes: Mapping[str, Shape], subject: str) -> None:
    if len(archive.namelist()) > MAX_ENTRIES:
        raise UsageError(_TOO_MANY.format(subject))
    held = [name.removesuffix(".npy") for name in archive.namelist()]
    for name in shapes:
        if name not in held:
            raise UsageError(f"{subject} lacks {name}: the network needs {', '.join(shapes)}")
    for name in held:
        if name not in shapes:
            raise UsageError(f"{subject} holds {quote(name)}, which no layer has: {suggest(name, tuple(shapes))}")


def _read(file: IO[bytes], name: str, shape: Shape, subject: str) -> Array:
    # The header is checked by itself: a few bytes can promise more numbers than there is memory.
    try:
        version = np.lib.format.read_magic(file)
        newer = np.lib.format.read_array_header_2_0
        found, _, dtype = (np.lib.format.read_array_header_1_0 if version == (1, 0) else newer)(file)
    except ValueError as error:
        raise UsageError(f"{subject}: {name} is no array: save the arrays with numpy.savez") from error
    if found != shape:
        given = size_text(*found) or "a single number"
        raise UsageError(f"{subject}: {name} is {given}, but the network needs {size_text(*shape)}")
    if dtype.kind not in "biuf":
        raise UsageError(f"{subject}: {name} holds {dtype.name} values: use whole or real numbers")
    file.seek(0)
    try:
        values = np.asarray(np.lib.format.read_array(file, allow_pickle=False), np.float64)
    except ValueError as error:
        raise UsageError(f"{subject}: {name} is cut short or damaged: its header says {size_text(*shape)}") from error
    if not np.isfinite(values).all():
        raise UsageError(f"{subject}: {name} holds numbers that are not finite: use finite numbers only")
    return values
