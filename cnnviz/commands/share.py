"""Write a page on which a figure's parameters can be chosen, for any web host."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cnnviz.commands._completion import figure_tool
from cnnviz.commands._stored import given, scene_context


@figure_tool()
def command(figure: str, options: Sequence[str]) -> None:
    """Write a page on which a figure's parameters can be chosen, for any web host.

    For example: cnnviz share conv --i 7 --vary k=3,5 --vary s=1,2 -o page/

    All options of the figure can be given, and --vary for each parameter of the form; -o names the folder. All
    combinations are made beforehand: the page needs no server.
    """
    from cnnviz.share import varied, write_shared

    vary, rest = _split(options)
    context = scene_context(f"share {figure}", figure, rest)
    if context.params["formats"] or context.params["code"] is not None:
        raise click.UsageError("share writes pages alone: leave --format and --code out")
    if not vary:
        raise click.UsageError("share needs a parameter to choose: give one and its values, such as --vary s=1,2")
    choices = [varied(text) for text in vary]
    if twice := [name for at, (name, _) in enumerate(choices) if name in dict(choices[:at])]:
        raise click.UsageError(f"--vary {twice[0]} is given twice: give all its values at once, as in {twice[0]}=1,2,3")
    folder = context.params["output"] or f"output/{figure}-shared"
    click.echo(write_shared(figure, given(context), dict(choices), Path(folder)))


def _split(options: Sequence[str]) -> tuple[list[str], list[str]]:
    """What --vary names, and the other options."""
    vary: list[str] = []
    rest, words = [], iter(options)
    for word in words:
        name, equals, value = word.partition("=")
        if name == "--vary":
            vary.append(value if equals else next(words, ""))
        else:
            rest.append(word)
    return vary, rest
