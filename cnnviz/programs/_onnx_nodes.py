"""What nodes of ONNX are made of, and the losses of single pairs, of which it has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from cnnviz.programs.onnx import Framework
    from cnnviz.operation import Call

Options = Mapping[str, Any]


def _distance(g: Framework, call: Call, label: float) -> str:
    """y − ŷ, once for all losses of an estimate."""
    x = call.operands[0]
    name = f"{x}_to_label"
    if not any(f'["{name}"]' in node[0] for node in g._nodes):
        g.constant("y", label)
        g.node("Sub", ["y", x], name)
    return name


def _l1(g: Framework, call: Call, o: Options) -> None:
    g.node("Abs", [_distance(g, call, o["label"])], call.result)


def _mse(g: Framework, call: Call, o: Options) -> None:
    distance = _distance(g, call, o["label"])
    g.node("Mul", [distance, distance], call.result)


def _bent(g: Framework, call: Call, o: Options) -> None:
    """Huber's, and smooth L1, which is Huber's over β."""
    bound = o.get("delta", o.get("beta"))
    g.node("Abs", [_distance(g, call, o["label"])], "size")
    g.node("Mul", ["size", "size"], "square")
    g.node("Mul", ["square", g.constant("half", 0.5)], "parabola")
    g.node("Sub", ["size", g.constant("half_bound", bound / 2)], "beyond")
    g.node("Mul", ["beyond", g.constant("bound", bound)], "line")
    g.node("LessOrEqual", ["size", "bound"], "near")
    if call.function == "huber_loss":
        g.node("Where", ["near", "parabola", "line"], call.result)
    else:
        g.node("Where", ["near", "parabola", "line"], "huber")
        g.node("Div", ["huber", "bound"], call.result)


def _hinge(g: Framework, call: Call, o: Options) -> None:
    g.node("Mul", [call.operands[0], g.constant("sign", o["label"])], "signed")
    g.node("Sub", [g.constant("margin", o["margin"]), "signed"], "short_of")
    g.node("Relu", ["short_of"], call.result)


def _cross_entropy(g: Framework, call: Call, o: Options) -> None:
    p = call.operands[0]
    g.node("Sub", [g.constant("one", 1), p], "rest")
    g.node("Log", [p], "log_p")
    g.node("Log", ["rest"], "log_rest")
    g.node("Mul", ["log_p", g.constant("minus_y", -o["label"])], "first")
    g.node("Mul", ["log_rest", g.constant("other", 1 - o["label"])], "second")
    g.node("Sub", ["first", "second"], call.result)


def _logits(g: Framework, call: Call, o: Options) -> None:
    x = call.operands[0]
    g.node("Softplus", [x], "soft")
    g.node("Mul", [x, g.constant("y", o["label"])], "product")
    g.node("Sub", ["soft", "product"], call.result)


LOSSES: Mapping[str, Callable[[Framework, Call, Options], None]] = {
    "l1_loss": _l1, "mse_loss": _mse, "huber_loss": _bent, "smooth_l1_loss": _bent, "hinge_loss": _hinge,
    "binary_cross_entropy": _cross_entropy, "binary_cross_entropy_with_logits": _logits,
}  # fmt: skip
"""By torch's names."""


def attributes(call: Call) -> dict[str, Any]:
    """Strides, pads and the like, but for those that have their usual value."""
    o = call.options
    found: dict[str, Any] = {"kernel_shape": o["kernel_size"]} if "kernel_size" in o else {}
    for name, attribute, usual in (("stride", "strides", (1, 1)), ("dilation", "dilations", (1, 1)),
                                   ("output_padding", "output_padding", (0, 0))):  # fmt: skip
        if o.get(name, usual) != usual:
            found[attribute] = o[name]
    if o.get("padding", (0, 0)) != (0, 0):
        found["pads"] = (*o["padding"], *o["padding"])
    if o.get("ceil_mode"):
        found["ceil_mode"] = 1
    if o.get("count_include_pad") and "pads" in found:
        found["count_include_pad"] = 1
    return found


def names_text(names: Sequence[str]) -> str:
    """Names as a node takes them."""
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def attribute_text(value: Any) -> str:
    """An attribute as a node takes it."""
    if isinstance(value, tuple):
        return str([int(part) for part in value])
    if isinstance(value, float):
        # Attributes are float32.
        value = np.float32(value)
        short = value == 0 or 1e-4 <= abs(value) < 1e6
        return np.format_float_positional(value, trim="0") if short else f"{value:g}"
    return str(value)
