"""Running programs that figures give, and holding what they print against the figure."""

from __future__ import annotations

import numpy as np

TOLERANCE = {"rtol": 2e-4, "atol": 2e-5}
"""Programs compute in float32, figures in float64."""


def run(source):
    """Everything that a program prints, in order, as arrays; it runs in this process."""
    printed = []
    exec(compile(source, "<program>", "exec"), {"print": printed.append, "__name__": "program"})
    return [_array(value) for value in printed]


def _array(value):
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, dtype=np.float64)


def check(figure, framework, source=None):
    """Run a figure's program in a framework, and compare each number that it prints with the figure's."""
    operation = figure.scene.operation()
    printed = run(source or figure.code(framework))
    assert len(printed) == len(operation.shown) > 0
    every = _wanted(figure.scene, operation, framework)
    for values, wanted, shown in zip(printed, every, operation.shown, strict=True):
        if shown.size:
            assert values.tolist() == list(np.shape(wanted))
            continue
        scale = max(1.0, float(np.abs(wanted).max()))
        values, wanted = values.reshape(np.shape(wanted)) / scale, wanted / scale
        np.testing.assert_allclose(values, wanted, **_tolerance(operation, shown, scale), err_msg=f"{shown.panel}\n")


def _tolerance(operation, shown, scale):
    call = next((call for call in operation.calls if call.result == shown.name), None)
    if call is not None and call.options.get("rule") == "RMSprop":
        # Near a minimum it jumps to and fro by its rate, and the last bit decides where it lands.
        return {"rtol": 0, "atol": 2 * call.options["lr"] / scale}
    return TOLERANCE


def _wanted(scene, operation, framework):
    """What the figure shows for each thing that is printed."""
    expected = scene.expected()
    if framework == "onnx" and operation.training is not None:
        # It learns nothing: what the figure shows on the way forward.
        expected = {"softmax": scene._run.probabilities, "loss": np.array([scene._run.loss])}
    for place, shown in enumerate(operation.shown):
        descends = operation.calls[0].function == "descend"
        yield expected[shown.panel][place // 2] if descends else expected[shown.panel]
