"""Words as data: arithmetic, sentences and formulas, which a printer formats as text at the very end."""

from cnnviz.words.algebra import derivative, dot, precise, substitute, with_decimals
from cnnviz.words.arithmetic import (
    Cases,
    Condition,
    Expression,
    Function,
    Named,
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
    leaves,
    total,
)
from cnnviz.words.expressions import NOTATIONS
from cnnviz.words.formulas import Assigned, ByCases, Defined, Equation, Filled, Interval, equation, size
from cnnviz.words.printer import Printer
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
from cnnviz.words.values import evaluate, exact, relation
