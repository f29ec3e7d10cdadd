"""The command that a file holds, which is anybody's text: it may name a figure and its parameters, nothing else."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cnnviz.appearance import Appearance, declared
from cnnviz.discovery import find_scenes, load_scene
from cnnviz.errors import CnnvizError
from cnnviz.parameters import quote, suggest
from cnnviz.reading import FileMetadata

_LONGEST = 64 * 1024


def scene_context(tool: str, scene: str, options: Sequence[str]) -> click.Context:
    """A figure's own command with options, parsed as it parses them; raises click's usage errors and UsageError."""
    here = click.get_current_context()
    command = _scene_command(here, scene)
    context = command.make_context(tool, list(options), parent=here.find_root())
    # A theme and a language are read when a figure is drawn, which these tools need not do.
    if theme := context.params.get("theme"):
        from cnnviz.render.theme import load_theme

        load_theme(Appearance(theme=theme).theme)
    if lang := context.params.get("lang"):
        from cnnviz.words.language import load_language

        load_language(lang)
    return context


def given(context: click.Context) -> dict[str, Any]:
    """The figure's parameters among what was parsed."""
    names = declared(load_scene(str(context.command.name)))
    return {key: value for key, value in context.params.items() if key in names and value is not None}


def stored(metadata: FileMetadata, path: Path) -> tuple[str, dict[str, Any]]:
    """The figure that a file's command names, and the parameters that it gives; raises CnnvizError."""
    text = metadata.texts["Comment"]
    if len(text) > _LONGEST:
        raise CnnvizError(f"{path} holds a command of {len(text)} characters: cnnviz writes none that long")
    try:
        program, scene, *words = shlex.split(text)
    except ValueError:
        program, scene, words = "", "", []
    if program != "cnnviz":
        raise CnnvizError(f"{path} holds no command of cnnviz: {quote(text)}")
    if scene not in find_scenes():
        raise CnnvizError(f"{path} was made by {quote(scene)}, and there is no such figure here (--scenes FOLDER?)")
    command = _scene_command(click.get_current_context(), scene)
    names = declared(load_scene(scene))
    parser = click.Command(scene, params=[p for p in command.params if p.name in names], add_help_option=False)
    try:
        context = parser.make_context(scene, words)
    except click.ClickException as error:
        message = error.format_message().splitlines()[0]
        raise CnnvizError(f"{path} holds a command that does not work: {message}") from None
    return scene, {key: _found(value, path) for key, value in given(context).items()}


def _scene_command(here: click.Context, scene: str) -> click.Command:
    known = find_scenes()
    root = here.find_root().command
    command = root.get_command(here.find_root(), scene) if isinstance(root, click.Group) and scene in known else None
    if command is None:
        raise click.UsageError(f"there is no figure {scene!r}: {suggest(scene, tuple(known))}")
    return command


def _found(value: Any, path: Path) -> Any:
    """A value as it is, or the path of a file that is not here but beside the figure."""
    if not isinstance(value, str) or not 0 < len(value) < 4096 or "\0" in value or os.path.isfile(value):
        return value
    beside = path.parent / value
    return str(beside) if os.path.isfile(beside) else value
