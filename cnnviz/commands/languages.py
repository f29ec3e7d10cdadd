"""Name every language, or list what one has no translation for."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from cnnviz.commands._options import completing
from cnnviz.discovery import find_scenes, load_scene
from cnnviz.errors import UsageError
from cnnviz.parameters import Size, parameters_of
from cnnviz.pipeline import Figure, make

if TYPE_CHECKING:
    from cnnviz.words.language import Language

_SIZES = ("3x2", "1x2")
_SIZE: object = Size


def _codes() -> Iterator[str]:
    from cnnviz.words.language import languages

    return iter(languages())


@click.command()
@click.argument("lang", required=False, shell_complete=completing(_codes, files=True))
def command(lang: str | None) -> None:
    """Name every language, or list what LANG has no translation for, as lines for its file.

    For example: cnnviz languages ours.toml
    """
    from cnnviz.words.language import languages, load_language

    if lang is None:
        for code, name in {"en": "English", **languages()}.items():
            click.echo(f"{code}  {name}")
        return
    language = load_language(lang)
    if language is None:
        raise UsageError("en is the language that all others translate: give another one, such as zh")
    for line in lines(language):
        click.echo(line)


def lines(language: Language) -> Iterator[str]:
    """Lines for a language's file: the templates of all figures, and the phrases, that it has not."""
    from cnnviz.storyboard.printing import printed
    from cnnviz.words import Printer
    from cnnviz.words.language import languages, load_language

    language.missing.clear()
    printer = Printer(language)
    for figure in figures():
        deque(printed(figure.scene.storyboard(), printer).steps(), maxlen=0)
    references = [reference for code in languages() if (reference := load_language(code))]
    phrases = dict.fromkeys(english for reference in references for english in reference.phrases)
    untranslated = {"texts": language.missing, "phrases": [each for each in phrases if each not in language.phrases]}
    for name, missing in untranslated.items():
        if missing:
            yield f"[{name}]"
            yield from (f'{json.dumps(english, ensure_ascii=False)} = ""' for english in missing)


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
