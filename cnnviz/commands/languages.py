"""Name every language, or list the English texts that one lacks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import click

from cnnviz.commands._completion import completing
from cnnviz.discovery import find_scenes, load_scene
from cnnviz.errors import UsageError
from cnnviz.parameters import Size, parameters_of
from cnnviz.pipeline import Figure, make

_SIZES = ("3x2", "1x2")
_SIZE: object = Size


def _codes() -> Iterator[str]:
    from cnnviz.wording.language import languages

    return iter(languages())


@click.command()
@click.argument("lang", required=False, shell_complete=completing(_codes, files=True))
def command(lang: str | None) -> None:
    """Name every language, or list the English texts that LANG lacks, as lines for its file.

    For example: cnnviz languages ours.toml
    """
    from cnnviz.wording.lacking import lacking
    from cnnviz.wording.language import languages

    if lang is not None:
        for line in lacking(lang, texts()):
            click.echo(line)
        return
    for code, name in {"en": "English", **languages()}.items():
        click.echo(f"{code}  {name}")


def texts() -> Iterator[str]:
    """Every English text of all figures, once."""
    from cnnviz.wording.rewording import with_words

    found: dict[str, None] = {}

    def note(text: str, _: str) -> str:
        found[text] = None
        return text

    for figure in figures():
        deque(with_words(figure.scene.storyboard(), note).steps(), maxlen=0)
    yield from found


def figures() -> Iterator[Figure]:
    """Every scene as it comes, and with each of its choices, switches and sizes changed, one at a time."""
    for name in find_scenes():
        yield make(name)
        for parameter in parameters_of(load_scene(name)):
            values: tuple[Any, ...] = parameter.spec.choices
            if parameter.type is bool:
                values = (not parameter.default,)
            elif parameter.type is _SIZE:
                values = _SIZES
            for value in values:
                try:
                    yield make(name, **{parameter.name: value})
                except UsageError:
                    # Some only go together with others.
                    continue
