"""A graph of ONNX as source text: nodes, constants, and formulas of several nodes."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnnviz.operation import Call
from cnnviz.programs._writer import broken

_OPERATORS: Mapping[type[ast.AST], str] = {
    ast.Add: "Add",
    ast.Sub: "Sub",
    ast.Mult: "Mul",
    ast.Div: "Div",
    ast.Pow: "Pow",
    ast.Lt: "Less",
    ast.LtE: "LessOrEqual",
}
_FUNCTIONS = {
    "abs": "Abs",
    "where": "Where",
    "maximum": "Max",
    "log": "Log",
    "softplus": "Softplus",
    "sigmoid": "Sigmoid",
}
_ATTRIBUTES = {
    "stride": ("strides", 1),
    "dilation": ("dilations", 1),
    "groups": ("group", 1),
    "output_padding": ("output_padding", 0),
}


class Graph:
    """Nodes in their order; `last` is the text of the last one."""

    def __init__(self, double: bool) -> None:
        self.double = double
        self.lines: list[str] = []
        self.last = ""
        self._made: dict[str, str] = {}

    def node(self, operator: str, inputs: Sequence[str], output: str | Sequence[str], **attributes: Any) -> str:
        """Add a node; returns the name of its first output."""
        outputs = [output] if isinstance(output, str) else list(output)
        texts = [_names(inputs), _names(outputs), *(f"{k}={_attribute(v)}" for k, v in attributes.items())]
        text = f'helper.make_node("{operator}", {", ".join(texts)})'
        self.lines += broken(f"{text},")
        self.last = f"onnx.{text}"
        return outputs[0]

    def remark(self, text: str) -> None:
        """A comment ahead of the next node."""
        self.lines.append(f"# {text}")

    def constant(self, value: float | tuple[int, ...]) -> str:
        """A number, or whole numbers, that a node takes as an input."""
        name = str(list(value)) if isinstance(value, tuple) else f"{value:.9g}"
        if name not in self._made:
            last = self.last
            self._made[name] = name
            if isinstance(value, tuple):
                self.node("Constant", [], name, value_ints=value)
            elif self.double:
                text = f'helper.make_tensor("", TensorProto.DOUBLE, [], [{value!r}])'
                self.node("Constant", [], name, value=text)
            else:
                self.node("Constant", [], name, value_float=float(value))
            self.last = last
        return name

    def formula(self, source: str, output: str) -> None:
        """Nodes that compute an expression of earlier names."""
        self._compile(ast.parse(source, mode="eval").body, output)

    def _compile(self, tree: ast.expr, output: str = "") -> str:
        key = ast.unparse(tree)
        if isinstance(tree, ast.Name):
            return tree.id
        if not output and key in self._made:
            return self._made[key]
        match tree:
            case ast.Constant(value=value):
                return self.constant(float(value))  # type: ignore[arg-type]
            case ast.UnaryOp(operand=ast.Constant(value=value)):
                return self.constant(-float(value))  # type: ignore[arg-type]
            case ast.UnaryOp(operand=operand):
                operator, operands = "Neg", [operand]
            case ast.BinOp(left=left, op=op, right=right):
                operator, operands = _OPERATORS[type(op)], [left, right]
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                operator, operands = _OPERATORS[type(op)], [left, right]
            case ast.Call(func=ast.Name(id=name), args=operands):
                operator = _FUNCTIONS[name]
        inputs = [self._compile(operand) for operand in operands]
        self._made[key] = output or key
        return self.node(operator, inputs, output or key)


def window_attributes(call: Call) -> dict[str, Any]:
    """Strides, pads and the like, but for those that have their default."""
    o = call.options
    found: dict[str, Any] = {"kernel_shape": o["kernel_size"]} if "kernel_size" in o else {}
    for name, (attribute, default) in _ATTRIBUTES.items():
        value = o.get(name, default)
        if np.any(np.not_equal(value, default)):
            found[attribute] = value
    if any(o.get("padding", ())):
        found["pads"] = (*o["padding"], *o["padding"])
        if o.get("count_include_pad"):
            found["count_include_pad"] = 1
    if o.get("ceil_mode"):
        found["ceil_mode"] = 1
    return found


def _names(names: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def _attribute(value: Any) -> str:
    if isinstance(value, tuple):
        return str([int(part) for part in value])
    if isinstance(value, float):
        # Attributes are float32.
        value = np.float32(value)
        short = value == 0 or 1e-4 <= abs(value) < 1e6
        return np.format_float_positional(value, trim="0") if short else f"{value:g}"
    return str(value)
