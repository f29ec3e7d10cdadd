"""Several figures on one command line, each followed by its own options."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem

from cnnviz.commands._common import dashed
from cnnviz.commands._completion import FigureTool, figures_options, figures_or_files
from cnnviz.discovery import find_scenes, load_scene
from cnnviz.parameters import parameters_of


class Target(NamedTuple):
    """A figure by its name, or a path, and the words behind it that are options of its own."""

    name: str
    options: Sequence[str] = ()


class Targets(FigureTool):
    """A tool whose first parameter are targets; its own options may stand anywhere between them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does it with what is the tool's own; `targets` become `Target`s."""
        own, found = _split(ctx, args)
        rest = super().parse_args(ctx, own)
        ctx.params[str(self.params[0].name)] = found
        return rest

    def figure(self, ctx: click.Context) -> tuple[str, Sequence[str]]:
        """The last target."""
        targets: Sequence[Target] = ctx.params.get("targets") or [Target("")]
        return targets[-1]


def complete_target(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a target, or a value among the options of a figure."""
    return [*figures_options(ctx, param, incomplete), *figures_or_files(ctx, param, incomplete)]


def _options(command: click.Command) -> dict[str, bool]:
    """A command's options by all their names, and whether they take a value."""
    options = [option for option in command.params if isinstance(option, click.Option)]
    return {name: not o.is_flag for o in options for name in (*o.opts, *o.secondary_opts) if name.startswith("-")}


def _split(ctx: click.Context, args: Sequence[str]) -> tuple[list[str], list[Target]]:
    """The words of the tool, and those of each target."""
    own: list[str] = []
    found: list[Target] = []
    mine, options, words = _options(ctx.command), dict[str, bool](), iter(args)
    for word in words:
        if word == "--":
            found += [Target(name) for name in words]
        elif dashed(word.partition("=")[0]) in mine or (word.startswith("-") and not found):
            own += [word, *_value(mine, word, words)]
        elif word.startswith("-"):
            found[-1] = Target(found[-1].name, [*found[-1].options, word, *_value(options, word, words)])
        elif found and _completes(found[-1], word):
            found[-1] = Target(found[-1].name, [*found[-1].options, word])
        else:
            root = ctx.find_root()
            command = root.command.get_command(root, word) if word in find_scenes() else None  # type: ignore[attr-defined]
            options = _options(command) if command else {}
            found.append(Target(word))
    return own, found


def _value(options: dict[str, bool], word: str, words: Iterator[str]) -> list[str]:
    """What follows an option that takes a value and has none yet."""
    value = next(words, None) if options.get(dashed(word)) else None
    return [] if value is None else [value]


def _completes(target: Target, word: str) -> bool:
    """Whether a word says which kind of a figure is meant."""
    if target.name not in find_scenes():
        return False
    places = [parameter.spec for parameter in parameters_of(load_scene(target.name)) if parameter.spec.positional]
    if not places or not places[0].choices:
        return False
    if word in places[0].choices:
        return True
    given = any(option in places[0].choices for option in target.options)
    return not (given or word in find_scenes() or is_path(word))


def is_path(word: str) -> bool:
    """Whether a word that is no figure's name looks like a file or a folder."""
    return os.path.exists(word) or Path(word).suffix != "" or "/" in word
