"""What somebody may have meant by a word that a figure's command does not know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from cnnviz.parameters import Parameter, quote

_LONG_DASHES = "–—−"


@dataclass(frozen=True)
class Hints:
    """The parameters of a figure, and commands that show how to give them."""

    parameters: Iterable[Parameter]
    examples: Sequence[str]

    def of_option(self, error: click.NoSuchOption, command: click.Command) -> click.UsageError:
        """The error for an unknown option; `-k` is told as what it was meant to be."""
        meant = "-" + error.option_name
        if meant in _names(command):
            return click.UsageError(f"No such option '{error.option_name}': use {meant}")
        return error

    def of_words(self, words: Sequence[str], command: click.Command) -> str:
        """The message for words that belong to no option."""
        several = "s" if len(words) > 1 else ""
        return f"unexpected extra argument{several} {' '.join(map(quote, words))}: {self._instead(words[0], command)}"

    def _instead(self, word: str, command: click.Command) -> str:
        from cnnviz.export import extension_of, formats

        bare = word.lstrip(_LONG_DASHES)
        name, equals, value = bare.partition("=")
        if f"--{name}" in _names(command) and (equals or bare != word):
            return f"use --{name} {value}".rstrip()
        for parameter in self.parameters:
            if word.lower() in parameter.spec.choices and not parameter.spec.positional:
                return f"use {parameter.option} {word.lower()}"
        if extension_of(Path(word)) in formats():
            return f"use -o {word}"
        known = f"cnnviz {command.name} --help"
        return f"name each value, as in {next((line for line in self.examples if ' --' in line), known)}"


def _names(command: click.Command) -> set[str]:
    """All names of a command's options."""
    options = [option for option in command.params if isinstance(option, click.Option)]
    return {name for option in options for name in (*option.opts, *option.secondary_opts)}
