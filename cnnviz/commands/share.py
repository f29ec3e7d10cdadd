"""Write a page on which a figure's parameters can be chosen, for any web host."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cnnviz.commands._options import figure_tool
from cnnviz.commands._stored import given, scene_context


@figure_tool(ignore_unknown_options=True, allow_interspersed_args=True)
@click.option("--vary", multiple=True, metavar="NAME=VALUES", help="A parameter of the form and its values, s=1,2.")
def command(figure: str, options: Sequence[str], vary: Sequence[str]) -> None:
    """Write a page on which a figure's parameters can be chosen, for any web host.

    For example: cnnviz share conv --i 7 --vary k=3,5 --vary s=1,2 -o page/

    All options of the figure can be given, and --vary for each parameter of the form; -o names the folder. All
    combinations are made beforehand: the page needs no server.
    """
    from cnnviz.share import varied, write_shared

    context = scene_context(f"share {figure}", figure, options)
    if context.params["formats"] or context.params["code"] is not None:
        raise click.UsageError("share writes pages alone: leave --format and --code out")
    if not vary:
        raise click.UsageError("share needs a parameter to choose: give one and its values, such as --vary s=1,2")
    choices = dict(map(varied, vary))
    if len(choices) < len(vary):
        raise click.UsageError("--vary names a parameter twice: give all its values at once, as in --vary s=1,2,3")
    folder = context.params["output"] or f"output/{figure}-shared"
    click.echo(write_shared(figure, given(context), choices, Path(folder)))
