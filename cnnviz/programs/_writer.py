"""What all frameworks share in writing a program: its order, its arrays, its options, its long lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from cnnviz.operation import PACKAGED, PLAIN, Call, Operand, Operation, Shown, Training
from cnnviz.programs._formulas import FORMULAS, SURFACES, expand
from cnnviz.programs._lines import broken
from cnnviz.programs._literals import literal

_LONGEST = 240
_DEFAULTS = {
    "stride": (1, 1),
    "padding": (0, 0),
    "dilation": (1, 1),
    "groups": 1,
    "output_padding": (0, 0),
    "ceil_mode": False,
    "count_include_pad": True,
    "eps": 1e-5,
    "is_causal": False,
    "align_corners": None,
    "mode": "constant",
}
"""Those of torch, which need not be written."""
_CORRELATION = "# A cross-correlation: the kernel is not flipped.\n"


class Writer:
    """Writes one operation as a program; a framework has a template or a method, `_conv2d`, for each function.

    Such a method returns an expression, and may `note` and `put` lines before it; where one of these says more than
    the expression does it is left in `main_expression`. A template's last line is the expression. `modules` are
    its imports by the words that need them,
    `array` how it makes an array of numbers, `dtypes` its float32 and float64, `functions` its names of what formulas
    call, `tracked` what gradients need beforehand, `inner_gradients` whether layers' outputs have gradients too, and
    `descent` the source of `descend(rule, steps)`, which gives every place on the way from START, and `epochs` that of
    a training of the function `forward`, whose last result is the loss.
    """

    modules: ClassVar[Mapping[str, str]]
    array: ClassVar[str] = "np.array"
    dtypes: ClassVar[tuple[str, str]]
    functions: ClassVar[Mapping[str, str]] = {}
    templates: ClassVar[Mapping[str, str]] = {}
    tracked: ClassVar[tuple[str, ...]] = ()
    inner_gradients: ClassVar[bool] = False
    descent: ClassVar[str] = ""
    epochs: ClassVar[str] = ""
    trains_in_double: ClassVar[bool] = False

    def __init__(self, operation: Operation) -> None:
        double = operation.double and (self.trains_in_double or operation.training_call is None)
        self.operation = replace(operation, double=double)
        self.lines: list[str] = []
        self.expressions: list[str] = []
        self.main_expression = ""
        self._write()

    def program(self, command: str) -> str:
        """The source text."""
        body = "\n".join(self.lines)
        modules = {"files(": "from importlib.resources import files", **self.modules}
        imports = [line for word, line in modules.items() if re.search(rf"(?<![\w.]){re.escape(word)}", body)]
        # A literal of data may be long, and hold line breaks.
        words = " ".join(command.split())
        words = words if len(words) <= _LONGEST else f"{words[:_LONGEST]} …"
        head = "\n# ".join([f"# {words}", *self.remarks()])
        return "\n".join([head, *imports, "", body, ""])

    def line(self) -> str:
        """The call that matters."""
        return self.expressions[self.operation.main_call]

    def remarks(self) -> Iterator[str]:
        """What is to be said of the whole, at the top."""
        yield from ()

    def _write(self) -> None:
        if self.operation.calls[0].function == "descend":
            self.descents(self.operation.calls)
        else:
            self.operands()
            self.put("")
            if self.operation.training_call is not None:
                self.train(self.operation.training_call)
            elif self.operation.training is not None:
                self.training(self.operation.training)
            else:
                self.calls()
        self.put("")
        for shown in self.printed():
            self.put(f"print({self.shown(shown)})")

    def printed(self) -> list[Shown]:
        """What the program prints: what panels show, or all results; of gradients that none shows that of the input."""
        operation = self.operation
        if operation.training_call is not None:
            return [Shown(name=operation.training_call.result, panel="", kind=PLAIN)]
        if found := [shown for shown in operation.shown if shown.printed]:
            return found
        if operation.training is not None:
            return [Shown(name="grad_x", panel="", kind=operation.operands["x"].kind)]
        return [Shown(name=call.result, panel="", kind=PLAIN) for call in operation.calls]

    def calls(self) -> None:
        """All calls, one after another."""
        for call in self.operation.calls:
            self.main_expression = ""
            written = self.expression(call)
            self.expressions.append(self.main_expression or written)
            self.put(f"{self.results(call)} = {written}")

    def expression(self, call: Call) -> str:
        """A call in this framework."""
        if method := getattr(self, f"_{call.function}", None):
            return str(method(call))
        template = self.templates.get(call.function)
        # Only torch has a softplus with a β.
        if template and (call.options.get("beta", 1) == 1 or call.function != "softplus" or "{beta}" in template):
            return self.fill(template, call)
        return self.formula(call) if call.function in FORMULAS else self.default(call)

    def default(self, call: Call) -> str:
        """What has neither a method nor a template, and no formula."""
        raise NotImplementedError

    def fill(self, template: str, call: Call, **more: Any) -> str:
        """Put all lines of a filled template but the last ahead, and give that back."""
        *lines, last = self.filled(template, call, **more)
        self.put(*lines)
        return last

    def filled(self, template: str, call: Call, **more: Any) -> list[str]:
        """The lines of a template with a call's operands and options; `keywords` are those that it does not name."""
        o = call.options
        values = {name: self.plain(value) for name, value in o.items()}
        values["keywords"] = "".join(
            f", {name}={value!r}" if isinstance(value, str) else f", {name}={values[name]}"
            for name, value in self.options(call, *re.findall(r"{(?:o\[)?(\w+)", template)).items()
        )
        values["correlation"] = _CORRELATION * (call is self.operation.calls[0])
        if "alpha_over_n" in o:
            n = o["size"]
            cells = n * n if call.function.endswith("within") else n
            values["per_sum"] = values["alpha"] + (f" / {cells}" if o["alpha_over_n"] else "")
            values["per_mean"] = values["alpha"] + ("" if o["alpha_over_n"] else f" * {cells}")
            values |= {"before": str(n // 2), "after": str((n - 1) // 2)}
        values |= {"operands": ", ".join(call.operands), "dtype": self.dtype, **more}
        return template.format(*call.operands, o=o, shape=call.shape, **values).split("\n")

    def results(self, call: Call) -> str:
        """The names that a call's result is given to."""
        return call.result

    def put(self, *lines: str) -> None:
        """Lines of the program, broken where they are long."""
        for line in lines:
            self.lines += broken(line)

    def note(self, text: str) -> None:
        """A comment."""
        self.lines.append(f"# {text}")

    # Training

    def descents(self, calls: Sequence[Call]) -> None:
        """Optimizers on a surface, each call one of them."""
        self.put("def f(x, y):", f"    return {SURFACES[calls[0].options['surface']]}", "", "")
        self.put(self.descent.replace("START", self.array_text(self.operation.operands["start"])), "")
        for call in calls:
            if call.function == "descend":
                self.expressions.append(self.rule(call))
                self.put(f"{call.result} = descend({self.expressions[-1]}, {call.options['steps']})")
            else:
                self.expressions.append(f"f(*{call.operands[0]}.T)")
                self.put(f"{call.result} = {self.expressions[-1]}")

    def rule(self, call: Call) -> str:
        """An optimizer, or what makes one."""
        return self.optimizer(call, "")

    def train(self, call: Call) -> None:
        """The network as a function of examples and weights, then its training over several epochs."""
        weights = [name for name in self.operation.operands if name not in call.operands]
        self.forward([*call.operands, *weights])
        self.expressions.append(self.optimizer(call, "weights"))
        self.put(f"weights = {tupled(weights)}", f"rates = {literal(call.options['rates'], True)[0]}")
        self.put(*self.epochs.format(optimizer=self.expressions[-1], **call.options).rstrip().split("\n"))

    def optimizer(self, call: Call, weights: str) -> str:
        """An optimizer with its hyper-parameters, of these weights where it takes them."""
        raise NotImplementedError

    def training(self, training: Training) -> None:
        """The network as a function of input and weights, then one step of gradient descent."""
        names = [name for name in self.operation.operands if name not in ("x", training.grad)]
        results = self.forward(["x", *names])
        self.put(f"weights = {tupled(names)}", *self.tracked)
        self.put(f"[{', '.join(results)}] = forward(x, *weights)")
        self.learn(training, results)
        if training.rate:
            learned = [f"after_{name}" for name in names]
            self.put(f"[{', '.join(f'after_{result}' for result in results)}] = forward(x, {', '.join(learned)})")

    def forward(self, names: Sequence[str]) -> list[str]:
        """All calls as a function of what goes in; the names of what it returns."""
        outside, self.lines = self.lines, []
        self.calls()
        inside, self.lines = self.lines, outside
        results = [call.result for call in self.operation.calls]
        self.put("", f"def forward({', '.join(names)}):")
        self.put(*(f"    {line}" for line in "\n".join(inside).split("\n")))
        self.put(f"    return {tupled(results)}", "", "")
        return results

    def learn(self, training: Training, results: Sequence[str]) -> None:
        """Compute the gradient, as `grad_name`, and where there is a rate the weights after the step."""
        inner = (name for name in results if name not in ("probabilities", training.loss))
        names = ["x", *training.weights, *inner]
        names = names[: None if self.inner_gradients else 1 + len(training.weights)]
        self.put(f"[{', '.join(f'grad_{name}' for name in names)}] = {self.gradient(training, names)}")
        if training.rate:
            for name in training.weights:
                self.put(f"after_{name} = {name} - {self.plain(training.rate)} * grad_{name}")

    def gradient(self, training: Training, names: Sequence[str]) -> str:
        """The gradient of the loss by values of these names."""
        raise NotImplementedError

    # Arrays

    def operands(self) -> None:
        """All arrays that go in."""
        if any(operand.std for operand in self.operation.operands.values()):
            self.put(f"rng = np.random.default_rng({list(self.operation.seed)})")
        for name, operand in self.operation.operands.items():
            self.put(f"{name} = {self.array_text(operand)}")

    @property
    def dtype(self) -> str:
        """The type of all numbers."""
        return self.dtypes[self.operation.double]

    def order(self, operand: Operand) -> tuple[int, ...] | None:
        """The order of an array's axes where it is not torch's."""
        return None

    def array_text(self, operand: Operand) -> str:
        """An operand as an array of the framework."""
        order = self.order(operand)
        if operand.source or operand.file is not None or operand.std is not None:
            shape = operand.values.shape
            if operand.source:
                *lines, made = operand.source.split("\n")
                self.put(*lines)
            elif operand.file is not None:
                file, key = operand.file
                name = file.removeprefix(PACKAGED)
                path = repr(file) if name == file else f"files({PACKAGED[:-1]!r}) / {name!r}"
                made = f"np.load({path})[{key!r}]"
            else:
                made = f"rng.normal(0, (2 / {2 / (operand.std or 1) ** 2:.12g}) ** 0.5, {shape})"
            return f"{self.array}({made}, dtype={self.dtype})" + ("" if order is None else f".transpose{order}")
        values = operand.values if order is None else operand.values.transpose(order)
        text, shape, divisor = literal(values, self.operation.double)
        made = f"{self.array}({text}, dtype={self.dtype})"
        made += "" if shape == values.shape else f".reshape({', '.join(map(str, values.shape))})"
        return made if divisor == 1 else f"{made} / {divisor}"

    def shown(self, shown: Shown) -> str:
        """A result as the figure shows it."""
        if shown.size:
            return f"{shown.name}.shape[{len(shown.index)}:]"
        return shown.name + (f"[{', '.join(map(str, shown.index))}]" if shown.index else "")

    # Expressions

    def formula(self, call: Call) -> str:
        """A function by its formula."""
        options = {name: self.plain(value) for name, value in call.options.items()}
        return expand(FORMULAS[call.function], {"x": call.operands[0], **options, **self.functions})

    @staticmethod
    def plain(value: Any) -> str:
        """An option's value: one number where it is the same on all axes."""
        if isinstance(value, tuple):
            if len(value) <= 3 and len(set(value)) == 1 and isinstance(value[0], int):
                return str(value[0])
            return "(" + ", ".join(map(Writer.plain, value)) + ("," if len(value) == 1 else "") + ")"
        return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)

    def options(self, call: Call, *left_out: str) -> dict[str, Any]:
        """A call's options but for those that have their default, which for a pooling's stride is its window."""
        defaults = _DEFAULTS | ({"stride": call.options["kernel_size"]} if "kernel_size" in call.options else {})
        given = call.options.items()
        return {k: v for k, v in given if k not in left_out and (k not in defaults or not _equal(v, defaults[k]))}

    def called(self, function: str, *arguments: str, **options: Any) -> str:
        """A call as it is written."""
        return f"{function}({', '.join([*arguments, *(f'{k}={self.plain(v)}' for k, v in options.items())])})"


def sample_places(call: Call, kernel: Sequence[int], xp: str) -> tuple[str, ...]:
    """Lines for where the weights of a deformable convolution sample one input: `rows` and `columns` of its places."""
    o, offset = call.options, call.operands[1]
    lines = [f"by = {offset}[0].reshape({kernel[0]}, {kernel[1]}, 2, *{offset}.shape[2:])"]
    for n, (name, behind) in enumerate((("rows", "[:, None]"), ("columns", ""))):
        outs = f"{o['stride'][n]} * {xp}.arange(by.shape[{3 + n}]){behind} - {o['padding'][n]}"
        taps = f"{o['dilation'][n]} * {xp}.arange({kernel[n]})[:{', None' * (3 - n)}]"
        lines.append(f"{name} = by[:, :, {n}] + {outs} + {taps}")
    return tuple(lines)


def tupled(names: Sequence[str]) -> str:
    """Names in parentheses, a tuple however few they are."""
    return f"({', '.join(names)}{',' * (len(names) == 1)})"


def _equal(value: Any, default: Any) -> bool:
    """Whether an option has its default, on however many axes."""
    return set(value) == set(default) if isinstance(value, tuple) and isinstance(default, tuple) else value == default


def pad_sides(call: Call) -> list[tuple[int, int]]:
    """Cells that `pad` adds before and after, for every axis in torch's order."""
    pad = call.options["pad"]
    ends = list(zip(pad[-2::-2], pad[::-2], strict=True))
    return [(0, 0)] * (len(call.shape) - len(ends)) + ends


def nearest(call: Call) -> tuple[list[int], list[int]]:
    """The rows and the columns that samples of the nearest cells are taken from."""
    rows, columns = (
        [at * i // n for at in range(n)] for i, n in zip(call.shape[-2:], call.options["size"], strict=True)
    )
    return rows, columns


def hats(call: Call, module: str) -> Iterator[str]:
    """The weights of bilinear samples for rows and for columns, (samples, cells)."""
    sizes = zip(("rows", "columns"), call.shape[2:], call.options["size"], strict=True)
    for name, i, o in sizes:
        place = f"{module}.clip(({module}.arange({o}) + 0.5) * ({i} / {o}) - 0.5, 0, {i - 1})"
        if call.options.get("align_corners"):
            place = f"{module}.linspace(0, {i - 1}, {o})"
        yield f"place = {place}"
        yield f"{name} = {module}.maximum(0, 1 - abs(place[:, None] - {module}.arange({i})))"


def hyperparameters(call: Call, names: Mapping[str, str], extra: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """An optimizer's numbers under a framework's `names`, and by rule the `extra` ones that make all as in torch."""
    o = call.options
    found = {"learning_rate": o["lr"]}
    found |= {names.get(name, name): o[name] for name in ("momentum", "nesterov", "alpha") if name in o}
    found |= zip(names["betas"].split(), o.get("betas", ()), strict=False)
    return {**found, **extra.get(o["rule"], {})}


def overhang(call: Call) -> list[int]:
    """Rows and columns that a pooling's last window has beyond the padding on both sides."""
    o = call.options
    if not o["ceil_mode"]:
        return [0, 0]
    found = []
    sizes = call.shape[2:], o["kernel_size"], o["stride"], o["padding"], o.get("dilation", (1, 1))
    for i, k, s, p, d in zip(*sizes, strict=True):
        room = i + 2 * p - d * (k - 1) - 1
        last = -(-room // s)
        # A window that would start in the padding behind the input is left out.
        last -= last * s >= i + p
        found.append(max(0, last * s - room))
    return found


def unpool_rest(call: Call) -> tuple[int, int]:
    """What a window's strides leave over of the map that was pooled."""
    sizes = zip(call.options["output_size"], call.options["kernel_size"], call.options["stride"], strict=True)
    rows, columns = ((size - k) % s for size, k, s in sizes)
    return rows, columns
