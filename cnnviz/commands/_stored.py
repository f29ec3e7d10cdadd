"""The command that a file holds, which is anybody's text: it may name a figure and its parameters, nothing else."""

from __future__ import annotations

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


def scene_context(tool: str, scene: str, options: Sequence[str], **settings: Any) -> click.Context:
    """A figure's own command with options, parsed as it parses them; raises click's usage errors."""
    root = click.get_current_context().find_root()
    command = root.command.get_command(root, scene) if scene in find_scenes() else None  # type: ignore[attr-defined]
    if command is None:
        raise click.UsageError(f"there is no figure {scene!r}: {suggest(scene, tuple(find_scenes()))}")
    context: click.Context = command.make_context(tool, list(options), parent=root, **settings)
    # A theme and a language are read when a figure is drawn, which these tools need not do.
    if theme := context.params["theme"]:
        from cnnviz.render.theme import load_theme

        load_theme(Appearance(theme=theme).theme)
    if lang := context.params["lang"]:
        from cnnviz.words.language import load_language

        load_language(lang)
    return context


def refuse_files(context: click.Context, tool: str) -> None:
    """Refuse options that ask for a file, or for a program, where a tool writes none; raises click's usage error."""
    if any(context.params[name] for name in ("output", "formats", "code")):
        raise click.UsageError(f"{tool} writes no file: leave -o, --format and --code out")


def given(context: click.Context) -> dict[str, Any]:
    """The figure's parameters among what was parsed."""
    names = declared(load_scene(str(context.command.name)))
    return {key: value for key, value in context.params.items() if key in names and value is not None}


def command_words(metadata: FileMetadata, path: Path) -> list[str]:
    """The words of a file's command, the figure's first; raises CnnvizError where it is another program's."""
    text = metadata.texts["Comment"]
    try:
        program, *words = shlex.split(text)
    except ValueError:
        program, words = "", []
    if program != "cnnviz" or not words:
        raise CnnvizError(f"{path} holds no command of cnnviz: {quote(text)}")
    return words


def stored(metadata: FileMetadata, path: Path) -> tuple[str, dict[str, Any]]:
    """The figure that a file's command names, and the parameters that it gives; raises CnnvizError."""
    scene, *words = command_words(metadata, path)
    if scene not in find_scenes():
        raise CnnvizError(f"{path} was made by {quote(scene)}, and there is no such figure here (--scenes FOLDER?)")
    try:
        context = scene_context(scene, scene, words, help_option_names=[])
        refuse_files(context, "a stored command")
        return scene, given(context)
    except click.ClickException as error:
        message = error.format_message().splitlines()[0]
        raise CnnvizError(f"{path} holds a command that does not work: {message}") from None
