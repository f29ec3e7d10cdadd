"""Words as data: arithmetic, sentences and formulas, and the formatter that turns them into text at the very end."""

from cnnviz.words.algebra import derivative, substitute, with_decimals
from cnnviz.words.arithmetic import (
    Cases,
    Condition,
    Equation,
    Expression,
    Function,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Ref,
    Scientific,
    Sum,
    Symbol,
    Vector,
    call,
    dot,
    equation,
    evaluate,
    exact,
    relation,
    total,
)
from cnnviz.words.formulas import Assigned, ByCases, Defined, Filled, Interval, size
from cnnviz.words.printer import NOTATIONS, Printer
from cnnviz.words.texts import (
    Extent,
    Joined,
    Math,
    PerAxis,
    Phrase,
    Shape,
    Strong,
    Text,
    Words,
    counted,
    joined,
    lines,
    listed,
    sentences,
    walk,
)

__all__ = [
    "NOTATIONS", "Assigned", "ByCases", "Cases", "Condition", "Defined", "Equation", "Expression", "Extent", "Filled",
    "Function", "Interval", "Joined", "Math", "Negative", "Number", "PerAxis", "Phrase", "Power", "Printer", "Product",
    "Quotient", "Ref", "Scientific", "Shape", "Strong", "Sum", "Symbol", "Text", "Vector", "Words", "call", "counted",
    "derivative", "dot", "equation", "evaluate", "exact", "joined", "lines", "listed", "relation", "sentences", "size",
    "substitute", "total", "walk", "with_decimals",
]
