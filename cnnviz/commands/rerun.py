"""Make a figure again from its file alone, with other options if any are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from cnnviz.commands._common import UserPath
from cnnviz.commands._output import leaves_format_open
from cnnviz.commands._stored import given, scene_context, stored
from cnnviz.export import FRAMES, formats, formats_of, module_for
from cnnviz.pipeline import SOME_FORMATS_ONLY
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
    changes = given(context)
    place = PLACES.get(str(changes.get("for_")).lower())
    if leaves_format_open(context.params["output"]) and not context.params["formats"] and not place:
        context.params["formats"] = (metadata.format if metadata.format in (*formats(), FRAMES) else "png",)
    kept = {key: value for key, value in before.items() if key not in _dropped(context.params, changes)}
    for key, value in kept.items():
        if context.params.get(key) is None:
            context.params[key] = value
    with context:
        context.command.invoke(context)


def _dropped(params: Mapping[str, Any], changes: Mapping[str, Any]) -> set[str]:
    """What the file said that does not hold any longer: what another place decides, or another format cannot do."""
    place = PLACES.get(str(changes.get("for_")).lower())
    dropped = {*place.look, *(["step"] if place.motion else [])} if place else set()
    dropped |= {_EITHER[name] for name in changes if name in _EITHER}
    if params["output"] is not None and not params["formats"]:
        paths = [Path(params["output"])]
    else:
        names = params["formats"] or (place.format if place else "gif",)
        # Frames support what a .zip of them does.
        paths = [Path(f"x.{'zip' if name == FRAMES else name}") for name in formats_of(names)]
    supported = {name for path in paths if path.suffix for name in getattr(module_for(path), "SUPPORTED_OPTIONS", ())}
    return dropped | (set(SOME_FORMATS_ONLY) - supported)
