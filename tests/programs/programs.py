"""Running programs that figures give, and holding what they print against the figure's operation."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from cnnviz.functions.compute import evaluate

TOLERANCE = {"rtol": 2e-4, "atol": 2e-5}
"""Programs compute in float32, figures in float64."""


def printed(source):
    """Everything that a program prints, in order, as arrays; it runs in this process."""
    found = []
    if "torchvision" in source:
        pytest.importorskip("torchvision")
    exec(compile(source, "<program>", "exec"), {"print": found.append, "__name__": "program"})
    return [np.asarray(value.cpu() if hasattr(value, "cpu") else value, dtype=np.float64) for value in found]


def check(figure, framework, source=None):
    """Run a figure's program in a framework, and compare each number that it prints with the operation's results."""
    operation = figure.scene.operation()
    found, results = printed(source or figure.code(framework)), evaluate(operation)
    if operation.training_call is not None:
        results["losses"] = figure.scene._training.loss
    every = importlib.import_module(f"cnnviz.programs.{framework}").Framework(operation).printed()
    assert len(found) == len(every) > 0
    for values, shown in zip(found, every, strict=True):
        # ONNX Runtime learns nothing: its results are those before the step.
        wanted = results[shown.name.removeprefix("after_") if framework == "onnx" else shown.name]
        if shown.size:
            assert values.tolist() == list(wanted.shape[len(shown.index) :])
            continue
        wanted = wanted[shown.index] if shown.index else wanted
        scale = max(1.0, float(np.abs(wanted).max()))
        tolerance = TOLERANCE
        if "rmsprop" in shown.name:
            # Near a minimum it jumps to and fro by its rate, and the last bit decides where it lands.
            tolerance = {"rtol": 0, "atol": 0.1 / scale}
        np.testing.assert_allclose(values / scale, wanted / scale, **tolerance, err_msg=f"{shown.panel}\n")
