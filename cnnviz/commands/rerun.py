"""Make a figure again from its file alone, with other options if any are given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cnnviz.commands._common import UserPath
from cnnviz.commands._output import leaves_format_open
from cnnviz.commands._stored import given, scene_context, stored
from cnnviz.export import FRAMES, extension_of, module_for, parse_formats
from cnnviz.pipeline import FORMAT_SPECIFIC_OPTIONS
from cnnviz.places import PLACES

_EITHER = {"frame": "sheet", "sheet": "frame"}
"""What is given takes the place of the other one, which the file may have said."""


@click.command(context_settings={"allow_interspersed_args": False}, options_metavar="")
@click.argument("file", metavar="FILE", type=UserPath())
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS]...")
def command(file: str, options: Sequence[str]) -> None:
    """Make a figure again from its file alone, with other options if any are given.

    For example: cnnviz rerun fig.gif --theme dark -o fig-dark.mp4

    All options of the figure can be given: they win over what the file says. Without -o the figure goes to output/, in
    the file's own format.
    """
    from cnnviz.reading import read

    path = Path(file)
    metadata = read(path)
    figure, before = stored(metadata, path)
    context = scene_context(f"rerun {file}", figure, options)
    params, changes = context.params, given(context)
    if leaves_format_open(params["output"]) and not params["formats"]:
        place = PLACES.get(str(changes.get("for_")).lower())
        params["formats"] = (place.format if place else metadata.format,)
    names = parse_formats(params["formats"] or [extension_of(Path(params["output"]))])
    dropped = {_EITHER.get(name) for name in changes}
    dropped |= {name for name in FORMAT_SPECIFIC_OPTIONS if not _supported(name, names)}
    for key, value in before.items():
        if params.get(key) is None and key not in dropped:
            params[key] = value
    with context:
        context.command.invoke(context)


def _supported(option: str, names: Sequence[str]) -> bool:
    """Does one of several formats support an option that not all do? Frames support what a .zip of them does."""
    modules = [module_for(Path(f"x.{name.replace(FRAMES, 'zip')}")) for name in names]
    return any(option in getattr(module, "SUPPORTED_OPTIONS", ()) for module in modules)
