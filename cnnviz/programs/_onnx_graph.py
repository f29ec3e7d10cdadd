"""A graph of ONNX as source text: nodes, constants, and formulas of several nodes."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnnviz.operation import Call
from cnnviz.programs._lines import broken

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

    def _node(self, operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: str) -> str:
        texts = [_names(inputs), _names(outputs), *(f"{name}={text}" for name, text in attributes.items())]
        text = f'helper.make_node("{operator}", {", ".join(texts)})'
        self.lines += broken(f"{text},")
        self.last = f"onnx.{text}"
        return outputs[0]

    def remark(self, text: str) -> None:
        """A comment ahead of the next node."""
        self.lines.append(text)

    def _constant(self, value: float | tuple[int, ...]) -> str:
        """A number, or whole numbers, that a node takes as an input."""
        if isinstance(value, tuple):
            name, attributes = str(list(value)), {"value_ints": _attribute(value)}
        else:
            value = float(value)
            name, attributes = f"{value:.9g}", {"value_float": _attribute(value)}
            if self.double:
                attributes = {"value": f'helper.make_tensor("", TensorProto.DOUBLE, [], [{value!r}])'}
        if name not in self._made:
            last, self._made[name] = self.last, name
            self._node("Constant", [], [name], **attributes)
            self.last = last
        return name

    def formula(self, source: str, *outputs: str) -> None:
        """Nodes that compute an expression of earlier names; a capital letter begins an operator of ONNX.

        Its arguments are inputs, tuples of whole numbers among them, its keywords attributes.
        """
        self._compile(ast.parse(source, mode="eval").body, outputs)

    def _compile(self, tree: ast.expr, outputs: Sequence[str] = ()) -> str:
        key, attributes = ast.unparse(tree), {}
        if isinstance(tree, ast.Name):
            return tree.id
        if not outputs and key in self._made:
            return self._made[key]
        match tree:
            case ast.Tuple() | ast.Constant() | ast.UnaryOp(operand=ast.Constant()):
                return self._constant(value) if (value := ast.literal_eval(tree)) != "" else ""
            case ast.UnaryOp(operand=operand):
                operator, operands = "Neg", [operand]
            case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
                operator, operands = _OPERATORS[type(op)], [left, right]
            case ast.Call(func=ast.Name(id=name), args=operands, keywords=keywords):
                operator = _FUNCTIONS.get(name, name)
                attributes = {str(each.arg): _attribute(ast.literal_eval(each.value)) for each in keywords}
        inputs = [self._compile(operand) for operand in operands]
        self._made[key] = self._node(operator, inputs, outputs or [key], **attributes)
        return self._made[key]


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
    if isinstance(value, tuple | list):
        return str(list(value))
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float):
        # Attributes are float32.
        value = np.float32(value)
        short = value == 0 or 1e-4 <= abs(value) < 1e6
        return np.format_float_positional(value, trim="0") if short else f"{value:g}"
    return str(value)
