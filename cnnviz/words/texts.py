"""Words as data: sentences by template, names, sizes and lists; a formatter turns them into text at the very end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cnnviz.record import Record


class Phrase(Record):
    """Anything that is said in a figure and is not yet text."""


Words = Phrase | str
"""A text: a phrase, or a str that stays as it is in every language, such as the name of a file."""


class Text(Phrase):
    """A sentence or a part of one: an English template, which is its key in every language, and what fills its gaps.

    `Text("row {row}, column {column}", row=2, column=1)`; a value may be a phrase, a str or a whole number.
    """

    def __init__(self, template: str, /, **values: Any) -> None:
        self.template, self.values = template, values

    def __hash__(self) -> int:
        return hash((self.template, tuple(self.values.items())))


class Strong(Phrase):
    """Words that stand out."""

    inner: Words


class Joined(Phrase):
    """Words with a sign between; a language may have another one for it."""

    parts: tuple[Words, ...]
    between: str = ", "
    end: str = ""


NAMES = "names"
"""What stands between names in a list: a comma, in a language maybe something of its own."""


class Math(Phrase):
    """A formula in mathtext without dollar signs that nobody needs to evaluate."""

    source: str


class Shape(Phrase):
    """Sizes along the axes of an array: `5×5`; `ref` names the panel that has it."""

    sizes: tuple[int, ...]
    ref: str | None = None


class Extent(Phrase):
    """A parameter for rows and columns: `2`, or `2×1` where these differ; `ref` is the letter that stands for it.

    Of four sizes two are those before an array, two those after it: `0,1`, or `0,1×2,1`.
    """

    sizes: tuple[int, ...]
    ref: str | None = None


class PerAxis(Phrase):
    """The same about rows and columns: said once where it is the same, else for each."""

    rows: Words
    columns: Words


def joined(parts: Iterable[Words | None], between: str = ", ", end: str = "") -> Words:
    """Those parts that there are, with a sign between."""
    found = tuple(part for part in parts if part is not None and part != "")
    return found[0] if len(found) == 1 and not end else Joined(found, between, end) if found else ""


def listed(names: Iterable[Words]) -> Words:
    """A list of names."""
    return joined(names, NAMES)


def lines(*parts: Words | None) -> Words:
    """One under the other."""
    return joined(parts, "\n")


def sentences(*parts: Words | None) -> Words:
    """One after the other, each with a full stop."""
    return joined(parts, ". ", ".")


def counted(count: Any, one: str, many: str, **values: Any) -> Text:
    """A text whose wording depends on a number, whole or a `Number`: `{n}` in its template."""
    return Text(one if getattr(count, "value", count) == 1 else many, n=count, **values)


def children(words: Any) -> tuple[Any, ...]:
    """What some words are made of, phrases among it."""
    if isinstance(words, tuple):
        return words
    if isinstance(words, Text):
        return tuple(words.values.values())
    if isinstance(words, Phrase):
        return tuple(vars(words).values())
    return ()


def walk(words: Any) -> Iterator[Phrase]:
    """Every phrase within some words, the words themselves first."""
    left = [words]
    while left:
        each = left.pop()
        if isinstance(each, Phrase):
            yield each
        left += [child for child in reversed(children(each)) if isinstance(child, (Phrase, tuple))]
