"""What all frameworks share in writing a program: its order, its arrays, its numbers, its long lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from cnnviz.operation import MAP, Call, Operand, Operation, Shown, Training, Values
from cnnviz.ops.pooling import pool_output_size

_WIDTH, _LONGEST = 100, 240
_FEW, _EVEN, _MANY = 9, 5, 64
"""Numbers from which a map is made by a function rather than written, a row of evenly spread ones, a picture."""

_ALIGNED, _LONG = 6, 1e6
"""Letters of a number up to which columns are aligned, and from which whole numbers are too long."""


class RefusalError(Exception):
    """Why a framework has no such operation: what follows its name in a sentence."""


class Writer:
    """Writes one operation as a program; a framework has a method for each function that calls name.

    Such a method returns an expression, and may `note` and `put` lines ahead of it; where one of these tells more than
    the expression does it is left in `telling`. `title` is the framework's name, and `modules` its
    imports by the words that need them.
    """

    title: ClassVar[str]
    modules: ClassVar[Mapping[str, str]]

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self._lines: list[str] = []
        self._expressions: list[str] = []
        self.telling = ""
        self._write()

    # The whole

    def program(self, command: str) -> str:
        """The source text."""
        body = "\n".join(self._lines)
        imports = [line for word, line in self.modules.items() if re.search(rf"(?<![\w.]){re.escape(word)}", body)]
        # A literal of data may be long, and hold line breaks.
        told = " ".join(command.split())
        told = told if len(told) <= _LONGEST else f"{told[:_LONGEST]} …"
        head = "\n# ".join([f"# {told}", *self._remarks()])
        return "\n".join([head, *imports, "", body, ""])

    def line(self) -> str:
        """The call that matters."""
        return self._expressions[self.operation.essential]

    def _remarks(self) -> Iterator[str]:
        """What is to be said of the whole, at the top."""
        yield from ()

    def _write(self) -> None:
        if self.operation.training is not None:
            self._operands()
            self.network(self.operation.training)
        elif self.operation.calls[0].function == "descend":
            self.descents(self.operation.calls)
        else:
            self._operands()
            self.put("")
            for call in self.operation.calls:
                written = self.expression(call)
                self._expressions.append(self.telling or written)
                self.telling = ""
                self.put(f"{self._results(call)} = {written}")
            self.put("")
            for shown in self.operation.shown:
                self.put(f"print({self.shown(shown)})")

    def expression(self, call: Call) -> str:
        """A call in this framework; raises RefusalError where it has none."""
        written: str = getattr(self, call.function)(call)
        return written

    def _results(self, call: Call) -> str:
        return f"{call.result}, indices" if call.options.get("return_indices") else call.result

    def put(self, line: str) -> None:
        """A line of the program, broken where it is long."""
        self._lines += broken(line)

    def note(self, text: str) -> None:
        """A comment."""
        self._lines.append(f"# {text}")

    # What a framework must tell

    def network(self, training: Training) -> None:
        """Write the calls as a model, with its training."""
        raise NotImplementedError

    def descents(self, calls: Sequence[Call]) -> None:
        """Write optimizers on a surface."""
        raise NotImplementedError

    def array(self, operand: Operand, made: str) -> str:
        """An array of numbers: `made` are brackets of rows, perhaps of whole numbers, or an expression of NumPy's."""
        raise NotImplementedError

    def made(self, operand: Operand, function: str, *arguments: str) -> str:
        """An array by a function: zeros, ones or full of a shape, arange or linspace of a length."""
        raise NotImplementedError

    # Results

    def shown(self, shown: Shown) -> str:
        """A result as the figure shows it: leading axes of length 1 left out."""
        if shown.size:
            return f"{shown.name}.shape[{shown.drop}:]"
        return shown.name + (f"[{', '.join('0' * shown.drop)}]" if shown.drop else "")

    # Arrays

    @property
    def dtype(self) -> type[np.floating[Any]]:
        """The type of all numbers."""
        return np.float64 if self.operation.double else np.float32

    def _operands(self) -> None:
        if any(operand.drawn for operand in self.operation.operands.values()):
            self.put(f"rng = np.random.default_rng({list(self.operation.seed)})")
        for name, operand in self.operation.operands.items():
            self.put(f"{name} = {self._operand(operand)}")

    def _operand(self, operand: Operand) -> str:
        values, shape = operand.values, operand.values.shape
        flat = values.ravel()
        if operand.file is not None:
            path, key = operand.file
            return self.array(operand, f"np.load({path!r})[{key!r}]")
        if operand.drawn is not None:
            return self.array(operand, f"rng.normal(0, (2 / {round(2 / operand.drawn**2)}) ** 0.5, {shape})")
        if flat.size >= _FEW and (flat == flat[0]).all():
            name = {0.0: "zeros", 1.0: "ones"}.get(float(flat[0]), "full")
            return self.made(operand, name, *([self.number(flat[0])] if name == "full" else []))
        if flat.size >= _FEW and np.array_equal(flat, np.arange(flat.size)):
            return self.made(operand, "arange", str(flat.size))
        if values.ndim == 1 and len(values) >= _EVEN and flat[0] != flat[-1]:
            ends = float(values[0]), float(values[-1])
            if np.abs(values - np.linspace(*ends, len(values))).max() <= 1e-9 * abs(ends[1] - ends[0]):
                return self.made(operand, "linspace", *map(self.plain, ends), str(len(values)))
        if flat.size >= _MANY and flat.max() <= 1 and np.abs(255 * flat - np.round(255 * flat)).max() < 1e-9:
            return self.array(operand, self._rows(np.round(255 * values))) + " / 255"
        return self.array(operand, self._rows(values))

    def _rows(self, values: Values) -> str:
        """Nested brackets: a line a row."""
        whole = values.size >= _MANY and np.array_equal(values, np.round(values)) and np.abs(values).max() < _LONG
        write = (lambda value: str(int(value))) if whole else self.number
        texts = [[write(value) for value in row] for row in values.reshape(-1, values.shape[-1])]
        if values.ndim == 1 or len(texts) == 1:
            return "[" + _filled(texts[0], "    ") + "]"
        wide = max(len(text) for row in texts for text in row)
        wide = wide if wide <= _ALIGNED else 0
        rows = (_filled([text.rjust(wide) for text in row], "     ") for row in texts)
        return "[\n" + "".join(f"    [{row}],\n" for row in rows) + "]"

    def number(self, value: float) -> str:
        """A number with the fewest digits that give it again: `3.`, `0.25`, `1e-12`."""
        exact = self.dtype(value + 0.0)
        if exact == 0 or 1e-4 <= abs(exact) < 1e9:
            return np.format_float_positional(exact, trim=".")
        return np.format_float_scientific(exact, trim=".").replace("e-0", "e-").replace("e+0", "e")

    @staticmethod
    def plain(value: Any) -> str:
        """An option's value: rows and columns that are equal are one number."""
        if isinstance(value, tuple):
            if len(value) == 2 and value[0] == value[1] and isinstance(value[0], int):
                return str(value[0])
            return "(" + ", ".join(map(Writer.plain, value)) + ("," if len(value) == 1 else "") + ")"
        return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)

    def options(self, call: Call, **usual: Any) -> dict[str, Any]:
        """A call's options but for those that have their usual value."""
        return {k: v for k, v in call.options.items() if k not in usual or v != usual[k]}

    def called(self, function: str, *arguments: str, **options: Any) -> str:
        """A call as it is written."""
        return f"{function}({', '.join([*arguments, *(f'{k}={self.plain(v)}' for k, v in options.items())])})"


def has_shape(made: str, shape: tuple[int, ...]) -> bool:
    """Whether what makes an array gives it its shape: an expression does, and so do brackets of rows."""
    return not made.startswith("[") or len(shape) == 1 or (len(shape) == 2 and shape[0] > 1)


def is_map(shown: Shown) -> bool:
    """Whether a result has channels, which some frameworks put last."""
    return shown.of == MAP


def overhang(call: Call) -> list[int]:
    """Rows and columns that a pooling's last window has beyond the padding on both sides."""
    o, found = call.options, []
    if not o["ceil_mode"]:
        return [0, 0]
    dilation = o.get("dilation", (1, 1))
    for axis, i in enumerate(call.shape[2:]):
        k, s, p, d = o["kernel_size"][axis], o["stride"][axis], o["padding"][axis], dilation[axis]
        out = pool_output_size(i, k, s, p, d, True)
        found.append(max(0, (out - 1) * s + d * (k - 1) + 1 - i - 2 * p))
    return found


def unpool_rest(call: Call) -> tuple[int, int]:
    """What a window's strides leave over of the map that was pooled."""
    sizes = zip(call.options["output_size"], call.options["kernel_size"], call.options["stride"], strict=True)
    rows, columns = ((size - k) % s for size, k, s in sizes)
    return rows, columns


def surface_source(equation: str) -> str:
    r"""An equation in mathtext as Python: `x\,y^{2}` as `x * y ** 2`."""
    text = equation.replace(r"\frac{1}{2}\,", "0.5 * ").replace(r"\,", " * ")
    return re.sub(r"\^\{(\d)\}", r" ** \1", text)


def _filled(texts: Sequence[str], indent: str) -> str:
    """Numbers in a row, over several lines where they are many."""
    lines, line = [], ""
    for text in texts:
        more = f"{line}, {text}" if line else text
        if len(more) > _WIDTH - 10:
            lines.append(line)
            more = text
        line = more
    return f",\n{indent}".join([*lines, line])


def broken(line: str) -> list[str]:
    """A line as it is, or where it is long with what its longest brackets hold below one another."""
    if "\n" in line or len(line) <= _WIDTH:
        return line.split("\n")
    depth, opened, groups = 0, 0, [(0, 0)]
    for place, letter in enumerate(line):
        if letter in "([{":
            opened = place if depth == 0 else opened
            depth += 1
        elif letter in ")]}":
            depth -= 1
            groups += [(opened, place)] if depth == 0 else []
    start, end = max(groups, key=lambda group: group[1] - group[0])
    if start == end:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    comma = "" if " for " in line[start:end] else ","
    inner = [f"{indent}    {part}{comma}" for part in _parts(line[start + 1 : end])]
    return [line[: start + 1], *inner, indent + line[end:]]


def _parts(text: str) -> Iterator[str]:
    """What stands between the commas of an argument list, brackets within kept whole."""
    depth, start = 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()
