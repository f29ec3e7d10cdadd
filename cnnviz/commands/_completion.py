"""What a shell offers to complete a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

from cnnviz.discovery import find_scenes

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def completing(names: Callable[[], Iterable[str]], files: bool = False) -> Complete:
    """A completion of some names, and of files where no name matches."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        matching = [name for name in names() if name.lower().startswith(incomplete.lower())]
        # Bash drops the completions that come before a file.
        return [CompletionItem(incomplete, type="file")] * files + [CompletionItem(name) for name in matching]

    return complete


def figure_tool(**settings: Any) -> Callable[[Callable[..., None]], click.Command]:
    """Make a function of `figure` and `options` a command that takes a figure and options of that."""

    def made(function: Callable[..., None]) -> click.Command:
        words = click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS]...")
        figure = click.argument("figure", shell_complete=completing(find_scenes))
        settings.setdefault("allow_interspersed_args", False)
        return click.command(context_settings=settings, options_metavar="")(figure(words(function)))

    return made
