"""Running a program in this process."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np

from cnnviz.errors import CnnvizError
from cnnviz.installation import install_hint
from cnnviz.operation import Operation, Values

_PACKAGES = {"onnx": "cnnviz[check]"}


def results_of(source: str, operation: Operation, framework: str) -> dict[str, Values]:
    """What a program computes, by name: results, their gradients (grad_…), and what they are after a step (after_…)."""
    names = {*operation.operands, *(call.result for call in operation.calls)}
    space: dict[str, Any] = {"__name__": "program"}
    try:
        if framework == "onnx":
            _quiet()
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source, f"<{framework}>", "exec"), space)
    except ImportError as error:
        how = install_hint(_PACKAGES.get(framework, error.name or framework))
        raise CnnvizError(f"{framework} needs {error.name}, which is not installed: {how}") from error
    found = {}
    for name, value in space.items():
        bare = name.removeprefix("after_").removeprefix("grad_")
        if bare in names and (bare != name or name not in operation.operands):
            found[name] = np.asarray(value.detach().numpy() if hasattr(value, "detach") else value, np.float64)
    return found


def _quiet() -> None:
    """ONNX Runtime warns of shapes that it has inferred itself."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
