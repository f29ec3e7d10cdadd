"""A network's weights from an .npz file, and those that have learned handwritten digits."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cnnviz.errors import UsageError
from cnnviz.inputs import read_input
from cnnviz.limits import MAX_FILE_BYTES
from cnnviz.network.layers import Array, Shape
from cnnviz.notation import size_text
from cnnviz.parameters import quote

LAYERS = "conv 4@5x5, relu, maxpool 2, conv 12@5x5, relu, maxpool 2, fc 10"
"""The layers that have learned digits; `docs/train_digits.py` trained them."""

TRAINED = str(Path(__file__).with_name("digits.npz"))
"""The file of their weights, by the names that `Network.named_shapes` gives."""


def load_weights(path: str, shapes: Mapping[str, Shape]) -> dict[str, Array]:
    """Load the arrays of these names and shapes from an .npz file; raises UsageError, in one line."""
    subject = f"--weights file {quote(path)}"
    content = read_input(path, subject, MAX_FILE_BYTES, "give an .npz file, or random")
    try:
        archive = np.load(io.BytesIO(content), allow_pickle=False)
        held = archive.files
    except Exception as error:
        raise UsageError(f"{subject} is no .npz file: save the arrays with numpy.savez") from error
    if wrong := sorted({*shapes} ^ {*held}):
        needed = ", ".join(shapes)
        raise UsageError(f"{subject} differs in {quote(wrong[0])}: the network needs {needed}, and nothing else")
    arrays = dict[str, Array]()
    for name, shape in shapes.items():
        try:
            values = archive[name]
        except Exception as error:
            raise UsageError(f"{subject}: {name} is no array of numbers, or is cut short: use numpy.savez") from error
        if values.shape != shape:
            given = size_text(*values.shape) or "a single number"
            raise UsageError(f"{subject}: {name} is {given}, but the network needs {size_text(*shape)}")
        if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
            raise UsageError(f"{subject}: {name} holds {values.dtype.name} values: use finite numbers only")
        arrays[name] = values.astype(np.float64)
    return arrays
