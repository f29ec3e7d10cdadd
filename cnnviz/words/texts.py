"""Words as data: templates, names, sizes and lists, which a printer formats as text at the very end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cnnviz.record import Record


class Phrase(Record):
    """Words of a figure that are not formatted as text yet."""


Words = Phrase | str
"""A phrase, or a str that is the same in every language, such as a file name."""


class Text(Phrase):
    """A sentence or part of one: an English template, also the key of its translations, and the values in it.

    `Text("row {row}, column {column}", row=2, column=1)`; a value is a phrase, a str or an int.
    """

    def __init__(self, template: str, /, **values: Any) -> None:
        self.template, self.values = template, values

    def __hash__(self) -> int:
        return hash((self.template, tuple(self.values.items())))


class Strong(Phrase):
    """Highlighted words."""

    inner: Words


class Joined(Phrase):
    """Words joined by a separator, which a language may replace."""

    parts: tuple[Words, ...]
    between: str = ", "
    end: str = ""


NAMES = "names"
"""The separator between names in a list: a comma, or what a language uses instead."""


class Math(Phrase):
    """A formula in mathtext, without dollar signs, that is never evaluated."""

    source: str


class Shape(Phrase):
    """The shape of an array, such as `5×5`; `ref` names the panel of that shape."""

    sizes: tuple[int, ...]
    ref: str | None = None


class Extent(Phrase):
    """A parameter for rows and columns: `2`, or `2×1` if they differ; `ref` is its letter.

    Four sizes are two before an array and two after it: `0,1`, or `0,1×2,1`.
    """

    sizes: tuple[int, ...]
    ref: str | None = None


class PerAxis(Phrase):
    """Words about rows and about columns, written once if they are the same."""

    rows: Words
    columns: Words


def joined(parts: Iterable[Words | None], between: str = ", ", end: str = "") -> Words:
    """The parts that are not empty, joined by a separator."""
    given = tuple(part for part in parts if part is not None and part != "")
    return given[0] if len(given) == 1 and not end else Joined(given, between, end) if given else ""


def listed(names: Iterable[Words]) -> Words:
    """A list of names."""
    return joined(names, NAMES)


def lines(*parts: Words | None) -> Words:
    """Parts on separate lines."""
    return joined(parts, "\n")


def sentences(*parts: Words | None) -> Words:
    """Parts as sentences, each with a full stop."""
    return joined(parts, ". ", ".")


def counted(count: Any, one: str, many: str, **values: Any) -> Text:
    """A text in the singular or plural, depending on `count` (an int or `Number`), which is `{n}` in the template."""
    return Text(one if getattr(count, "value", count) == 1 else many, n=count, **values)


def children(words: Any) -> tuple[Any, ...]:
    """The parts of some words, such as phrases."""
    if isinstance(words, tuple):
        return words
    if isinstance(words, Text):
        return tuple(words.values.values())
    if isinstance(words, Phrase):
        return tuple(vars(words).values())
    return ()


def walk(words: Any) -> Iterator[Phrase]:
    """Every phrase in some words, starting with the words themselves."""
    stack = [words]
    while stack:
        each = stack.pop()
        if isinstance(each, Phrase):
            yield each
        stack += [child for child in reversed(children(each)) if isinstance(child, (Phrase, tuple))]
