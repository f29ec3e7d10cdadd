"""A network's weights from an .npz file."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.inputs import read_input
from cnnviz.limits import MAX_ENTRIES, MAX_FILE_BYTES
from cnnviz.network.layers import Array, Shape
from cnnviz.notation import size_text
from cnnviz.parameters import quote, suggest


def load_weights(path: str, shapes: Mapping[str, Shape]) -> dict[str, Array]:
    """Load the arrays of these names and shapes from an .npz file; raises UsageError, in one line."""
    subject = f"--weights file {quote(path)}"
    content = read_input(path, subject, MAX_FILE_BYTES, "give an .npz file, or random")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_names([name.removesuffix(".npy") for name in archive.namelist()], shapes, subject)
            return {name: _read(archive, name, shape, subject) for name, shape in shapes.items()}
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
    try:
        with archive.open(f"{name}.npy") as file:
            values = np.lib.format.read_array(file, allow_pickle=False)
    except (ValueError, MemoryError) as error:
        raise UsageError(f"{subject}: {name} is no array of numbers, or is cut short: use numpy.savez") from error
    if values.shape != shape:
        given = size_text(*values.shape) or "a single number"
        raise UsageError(f"{subject}: {name} is {given}, but the network needs {size_text(*shape)}")
    if values.dtype.kind not in "biuf":
        raise UsageError(f"{subject}: {name} holds {values.dtype.name} values: use whole or real numbers")
    if not np.isfinite(values).all():
        raise UsageError(f"{subject}: {name} holds numbers that are not finite: use finite numbers only")
    return values.astype(np.float64)
