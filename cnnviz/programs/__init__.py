"""A figure's operation as a program: each file here is a framework, named as `--code` takes it, with its `Writer`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from cnnviz.errors import UsageError
from cnnviz.parameters import quote, suggest

if TYPE_CHECKING:
    from cnnviz.operation import Operation, Values
    from cnnviz.programs._writer import Writer


def frameworks() -> tuple[str, ...]:
    """The frameworks in which a program can be written."""
    return tuple(sorted(file.stem for folder in __path__ for file in Path(folder).glob("[!_]*.py")))


def check_framework(name: str) -> str:
    """The framework of a name, in whatever case; raises UsageError for one that is not there."""
    known = str(name).strip().lower()
    if known in frameworks():
        return known
    raise UsageError(f"--code {quote(str(name))} is not known: {suggest(known, frameworks())}")


def program(operation: Operation | None, framework: str, command: str) -> str:
    """Source text that computes what the figure of a command shows, and prints it; raises UsageError."""
    return _written(operation, framework, command).program(command)


def line(operation: Operation | None, framework: str, what: str) -> str:
    """The one call that matters to a figure, on one line; raises UsageError."""
    return _written(operation, framework, what).line()


def run(operation: Operation, framework: str) -> dict[str, Values]:
    """Everything that an operation's program computes in "onnx" or "pytorch", by name, in torch's layout.

    With training also the gradients, grad_name, and what follows the step, after_name, where the framework has them.
    Raises CnnvizError where it is not installed.
    """
    from cnnviz.programs._running import results_of

    return results_of(program(operation, framework, ""), operation, framework)


def _written(operation: Operation | None, framework: str, what: str) -> Writer:
    if operation is None:
        raise UsageError(f"{what} computes nothing that a program could print: leave --code or --code-line out")
    writer: type[Writer] = importlib.import_module(f"cnnviz.programs.{framework}").Framework
    return writer(operation)
