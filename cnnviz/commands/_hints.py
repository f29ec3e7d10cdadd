"""What somebody may have meant by a word, or by an option, that a command does not know."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import click

from cnnviz.parameters import Parameter, Size, closest, quote

_LONG_DASHES = "–—−"
_SIZE: object = Size
_ALIKE = 0.7
"""How much of an option another one must share to be named, as difflib counts."""

COMMANDS = MappingProxyType({
    "help": "--help", "version": "--version", "slides": "deck", "pptx": "deck", "ppt": "deck", "powerpoint": "deck",
    "make": "render", "build": "render", "figures": "list", "ls": "list", "show": "describe", "alt": "describe",
    "theme": "themes", "language": "languages", "lang": "languages", "verify": "check", "test": "check",
})  # fmt: skip
"""Other words for the tools, and for the program's own options."""

_MEANT: Mapping[str, Sequence[str]] = MappingProxyType({
    "weight": ["--kernel", "--weights"], "weights": ["--kernel"], "filter": ["--kernel"], "filters": ["--kernel"],
    "window": ["--k"], "pool-size": ["--k"], "strides": ["--s"], "dilations": ["--d"], "dilation-rate": ["--d"],
    "pad": ["--p"], "padding-size": ["--p"], "size": ["--i"], "input-shape": ["--i"],
    "in-features": ["--inputs"], "out-features": ["--outputs"], "units": ["--outputs"],
    "num-features": ["--channels"], "num-channels": ["--channels"], "in-channels": ["--channels"],
    "num-groups": ["--groups"], "batch-size": ["--batch"], "epsilon": ["--eps"],
    "negative-slope": ["--alpha"], "slope": ["--alpha"], "rate": ["--lr"], "betas": ["--beta1"], "rho": ["--alpha"],
    "target": ["--label"], "iterations": ["--steps"], "epochs": ["--steps"], "mode": ["--view"],
    "dark": ["--theme dark"], "light": ["--theme light"], "color": ["--theme"], "colour": ["--theme"],
    "colors": ["--theme"], "size-limit": ["--max-size"], "limit": ["--max-size"], "language": ["--lang"],
    "fps": ["--step 0.5, the seconds of a step"], "speed": ["--step 0.5, the seconds of a step"],
    "delay": ["--step 0.5, the seconds of a step"], "duration": ["--step 0.5, the seconds of a step"],
    "interval": ["--step 0.5, the seconds of a step"], "pause": ["--hold 2, the seconds of the last step"],
    "no-loop": ["--once"], "loop": ["--no-once, which is how figures play unless told otherwise"],
    "repeat": ["--no-once, which is how figures play unless told otherwise"],
    "height": ["--width: pictures are 16:9"], "dpi": ["--width, in pixels"], "font-size": ["--font-scale"],
    "fontsize": ["--font-scale"], "precision": ["--digits"], "decimals": ["--digits"], "no-numbers": ["--no-values"],
    "out": ["--output"], "file": ["--output"], "filename": ["--output"], "place": ["--for"], "smooth": ["--tween"],
})  # fmt: skip
"""Options by the names that they have elsewhere: the first one that a command has is told, with what stands behind."""

_SINGLE = "this figure has one channel and one kernel, so leave it out (cnnviz cnn has more)"
_UNKNOWN: Mapping[str, tuple[str, str]] = MappingProxyType({
    **dict.fromkeys(("channels", "in-channels", "out-channels", "num-channels", "groups"), ("--k", _SINGLE)),
    "return-indices": ("--ceil-mode", "cnnviz unpool shows where the maxima stood"),
})  # fmt: skip
"""Options that there are not, of figures that have a certain other one, and what to do instead."""

_KINDS = ("kind", "mode", "type", "name", "variant", "method", "function", "kernel-type")

_OF_TOOLS: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "deck": {
        "--for": "the extension chooses the kind of deck, as in -o deck.pptx",
        "--format": "the extension chooses the kind of deck, as in -o deck.pptx",
        "--max-size": "a smaller --width makes a smaller deck, as in --width 960",
        "--out": "use -o deck.pptx",
    },
    "gallery": dict.fromkeys(("-o", "--output", "--out"), "the page is index.html in the folder that it shows"),
    "render": {
        "--output": "use --out FOLDER", "--format": 'a figure\'s format stands in its set, as in format = "gif,mp4"',
        "--theme": 'a figure\'s look stands in its set, as in theme = "dark"', "--check-only": "use cnnviz check SETS",
    },
})  # fmt: skip


def dashed(name: str) -> str:
    """An option as it is declared: Python writes `kernel_size` what the command line calls `kernel-size`."""
    return name.replace("_", "-")


@dataclass(frozen=True)
class Hints:
    """The parameters of a figure, and commands that show how to give them."""

    parameters: Sequence[Parameter]
    examples: Sequence[str]

    def of_option(self, error: click.NoSuchOption, command: click.Command, words: Sequence[str]) -> click.UsageError:
        """The error for an unknown option among the words of a command, told with the one that was meant."""
        known, name = _names(command), dashed(error.option_name.lstrip("-"))
        if f"-{error.option_name}" in known:
            meant = [f"use -{error.option_name}"]
        else:
            likely = _MEANT.get(name, ())
            meant = [f"use {option}" for option in likely if re.split("[ :,]", option)[0] in known]
            needed, instead = _UNKNOWN.get(name, ("", ""))
            meant += [instead] if needed in known else []
            meant += self._positional(name, error, command, words)
            # A negative number looks like an option.
            meant += filter(None, (self._joined(word, words) for word in words if word.startswith(error.option_name)))
        if not meant:
            alike = closest(error.option_name, sorted(option for option in known if len(option) > 3), None, _ALIKE)
            return click.NoSuchOption(error.option_name, possibilities=[alike] if alike else None, ctx=error.ctx)
        return click.UsageError(f"No such option '{error.option_name}': {meant[0]}")

    def of_words(self, stray: Sequence[str], command: click.Command, words: Sequence[str]) -> str:
        """The message for words of a command that belong to no option."""
        several = "s" if len(stray) > 1 else ""
        instead = self._joined(stray[0], words) or self._instead(stray[0], command)
        return f"unexpected extra argument{several} {' '.join(map(quote, stray))}: {instead}"

    def _positional(
        self, name: str, error: click.NoSuchOption, command: click.Command, words: Sequence[str]
    ) -> list[str]:
        """Where a figure's kind is given as if it were an option."""
        for parameter in self.parameters:
            if parameter.spec.positional and name in (*_KINDS, parameter.name, command.name):
                place = next(at for at, word in enumerate(words) if word.startswith(error.option_name))
                given = re.split("=", words[place])[1:] or words[place + 1 : place + 2] or [parameter.shown_default]
                return [f"the {parameter.name} stands by itself, as in cnnviz {command.name} {given[0]}"]
        return []

    def _joined(self, stray: str, words: Sequence[str]) -> str:
        """An option of which only the first of several numbers was taken for its value."""
        for at, _ in enumerate(words):
            end = next((to for to in range(at, len(words)) if not _is_number(words[to])), len(words))
            if stray not in words[at + 1 : end]:
                continue
            option, numbers = words[at - 1] if at else "", [word.rstrip(",") for word in words[at:end]]
            for parameter in self.parameters:
                if dashed(option) not in (parameter.option, f"--{parameter.spec.alias}"):
                    continue
                if parameter.type is _SIZE:
                    return f"use {option} {'x'.join(numbers[:2])}"
                if parameter.type.__name__ == "ArrayLike":
                    return f'use {option} "{" ".join(numbers)}"'
        return ""

    def _instead(self, word: str, command: click.Command) -> str:
        from cnnviz.export import extension_of, formats

        bare = word.lstrip(_LONG_DASHES)
        name, equals, value = bare.partition("=")
        option = f"--{dashed(name).lstrip('-')}"
        if option in _names(command) and (equals or bare != word):
            return f"use {option} {value}".rstrip()
        for parameter in self.parameters:
            choice = closest(word, parameter.spec.choices, parameter.spec.near, 1)
            if choice and not parameter.spec.positional:
                return f"use {parameter.option} {choice}"
        if extension_of(Path(word)) in formats():
            return f"use -o {word}"
        if word.lower() in formats():
            return f"use --format {word.lower()}"
        if (look := _MEANT.get(word.lower(), [""])[0]).startswith("--theme "):
            return f"use {look}"
        known = f"cnnviz {command.name} --help"
        return f"name each value, as in {next((line for line in self.examples if ' --' in line), known)}"


def of_program(error: click.NoSuchOption, command: click.Command) -> click.UsageError:
    """The error for an option before the command's name, where only the program's own may stand."""
    if closest(error.option_name, sorted({"--help", *_names(command)}), None, _ALIKE):
        return error
    return click.UsageError(f"{error.option_name} comes too early: cnnviz FIGURE {error.option_name} …")


def of_tool(error: click.NoSuchOption | click.MissingParameter) -> click.UsageError:
    """The error for what a tool does not know, or lacks, with what would work if that can be said."""
    command = error.ctx.command if error.ctx else None
    if command is None:
        return error
    if isinstance(error, click.NoSuchOption):
        instead = _OF_TOOLS.get(command.name or "", {}).get(dashed(error.option_name))
        if error.possibilities and not instead:
            return error
        help_of = " ".join(word for word in ("cnnviz", command.name or "") if word != "cli")
        return click.UsageError(f"No such option '{error.option_name}': {instead or f'see {help_of} --help'}")
    example = re.search(r"For example: (.+)", command.help or "")
    if example is None or error.param is None:
        return error
    return click.UsageError(f"{_named(error.param)} is missing: give it, as in {example[1]}")


def _named(parameter: click.Parameter) -> str:
    return str(parameter.metavar or parameter.name or "").removesuffix("...").strip("[]")


def _is_number(word: str) -> bool:
    return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?,?", word, re.ASCII | re.IGNORECASE) is not None


def _names(command: click.Command) -> set[str]:
    """All names of a command's options."""
    options = [option for option in command.params if isinstance(option, click.Option)]
    return {name for option in options for name in (*option.opts, *option.secondary_opts)}
