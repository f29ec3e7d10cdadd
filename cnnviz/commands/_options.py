"""Options of click from declared parameters, and what a shell offers to complete a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from cnnviz.discovery import find_scenes
from cnnviz.parameters import ArrayLike, Parameter

_METAVARS = {"int": "N", "float": "X", "str": "TEXT", "ArrayLike": "DATA", "Numbers": "NUMBERS"}

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def completing(names: Callable[[], Iterable[str]], files: bool = False) -> Complete:
    """A completion of some names, and of files where no name matches."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        matching = [name for name in names() if name.lower().startswith(incomplete.lower())]
        # Bash drops the completions that come before a file.
        return [CompletionItem(incomplete, type="file")] * files + [CompletionItem(name) for name in matching]

    return complete


def option(parameter: Parameter) -> click.Parameter:
    """A parameter as click has it. Texts pass as they are: the dataclass converts and checks them."""
    spec = parameter.spec
    names = [parameter.name, parameter.option]
    if spec.alias:
        names.append("--" + spec.alias)
    unit = f" in {spec.unit}" if spec.unit else ""
    listed = f" ({', '.join(spec.choices)})" if spec.choices else ""
    text = spec.help.rstrip(".") + unit + listed + "."
    if parameter.type is bool:
        if parameter.default or spec.negatable:
            names[1] = f"{parameter.option}/{parameter.option.replace('--', '--no-', 1)}"
        return click.Option(names, is_flag=True, default=None, help=text)
    text += f"  [default: {parameter.shown_default}]" if parameter.shown_default else ""
    metavar = _METAVARS.get(parameter.type.__name__, "SIZE")
    return click.Option(names, metavar=metavar, help=text, shell_complete=completion(parameter))


def completion(parameter: Parameter) -> Complete:
    """A completion of what a parameter may be."""
    spec = parameter.spec
    return completing(spec.names or (lambda: spec.choices), spec.files or parameter.type is ArrayLike)


def figure_tool(**settings: Any) -> Callable[[Callable[..., None]], click.Command]:
    """Make a function of `figure` and `options` a command that takes a figure and options of that."""

    def made(function: Callable[..., None]) -> click.Command:
        words = click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS]...")
        figure = click.argument("figure", shell_complete=completing(find_scenes))
        settings.setdefault("allow_interspersed_args", False)
        return click.command(context_settings=settings, options_metavar="")(figure(words(function)))

    return made
