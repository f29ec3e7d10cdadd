"""A network's weights from an .npz file."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_ENTRIES, MAX_FILE_BYTES
from cnnviz.network.layers import Array, Shape
from cnnviz.notation import size_text
from cnnviz.parameters import quote, suggest


def load_weights(path: str, shapes: Mapping[str, Shape]) -> dict[str, Array]:
    """Load the arrays of these names and shapes from an .npz file; raises UsageError, in one line."""
    subject, file = f"--weights file {quote(path)}", Path(path).expanduser()
    if not file.is_file():
        how = "is a folder" if file.is_dir() else "does not exist"
        raise UsageError(f"{subject} {how}: give an .npz file, or random") from FileNotFoundError(path)
    try:
        if (size := os.path.getsize(file)) > MAX_FILE_BYTES:
            raise UsageError(f"{subject} has {size} bytes: use at most {MAX_FILE_BYTES}")
        with zipfile.ZipFile(file) as archive:
            _check_names([name.removesuffix(".npy") for name in archive.namelist()], shapes, subject)
            return {name: _read(archive, name, shape, subject) for name, shape in shapes.items()}
    except OSError as error:
        raise UsageError(f"{subject} cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise UsageError(f"{subject} is no .npz file: save the arrays with numpy.savez") from error


def _check_names(held: list[str], shapes: Mapping[str, Shape], subject: str) -> None:
    if len(held) > MAX_ENTRIES:
        raise UsageError(f"{subject} has more than {MAX_ENTRIES} entries: keep the network's own arrays alone")
    for name in shapes:
        if name not in held:
            raise UsageError(f"{subject} lacks {name}: the network needs {', '.join(shapes)}")
    for name in held:
        if name not in shapes:
            raise UsageError(f"{subject} holds {quote(name)}, which no layer has: {suggest(name, tuple(shapes))}")


def _read(archive: zipfile.ZipFile, name: str, shape: Shape, subject: str) -> Array:
    # The header is checked by itself: a few bytes can promise more numbers than there is memory.
    fault = "is no array: save the arrays with numpy.savez"
    try:
        with archive.open(f"{name}.npy") as file:
            newer = np.lib.format.read_magic(file) != (1, 0)
            header = np.lib.format.read_array_header_2_0 if newer else np.lib.format.read_array_header_1_0
            found, _, dtype = header(file)
            if found != shape:
                given = size_text(*found) or "a single number"
                raise UsageError(f"{subject}: {name} is {given}, but the network needs {size_text(*shape)}")
            if dtype.kind not in "biuf":
                raise UsageError(f"{subject}: {name} holds {dtype.name} values: use whole or real numbers")
            fault = f"is cut short or damaged: its header says {size_text(*shape)}"
            file.seek(0)
            values = np.asarray(np.lib.format.read_array(file, allow_pickle=False), np.float64)
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(f"{subject}: {name} {fault}") from error
    if not np.isfinite(values).all():
        raise UsageError(f"{subject}: {name} holds numbers that are not finite: use finite numbers only")
    return values
