"""Write figures and figure sets as one deck, rendered in parallel."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cnnviz.appearance import Appearance
from cnnviz.batch import Entry, core_count, progress, read_sets, run_all
from cnnviz.decks import DeckOptions, Part, WrittenDeck, write_deck
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.parameters import changed, parameters_of, suggest
from cnnviz.pipeline import Figure, make
from cnnviz.scene import scene_name
from cnnviz.words.plain import phrase

Source = Figure | str | os.PathLike[str]
"""A figure, a figure set, or a folder of sets."""


# The title is the deck's, and a figure has the background of its slide.
_NOT_SHARED = ("title", "transparent")
LOOKS = tuple(p for p in parameters_of(Appearance) if p.spec.group in ("Look", "Timing") and p.name not in _NOT_SHARED)
"""The parameters of appearance that all figures of a deck can share."""


def write_talk(
    sources: Source | Sequence[Source],
    path: Path,
    *,
    figures: Sequence[str] = (),
    jobs: int | None = 1,
    quiet: bool = True,
    **options: Any,
) -> WrittenDeck:
    """Write a deck of figures and figure sets.

    `figures` are names or patterns with *; `options` are the deck's, and looks that override the figures' own. Raises
    UsageError, CnnvizError.
    """
    given = [sources] if isinstance(sources, str | os.PathLike | Figure) else list(sources)
    of_deck, of_look = ({p.name for p in declared} for declared in (parameters_of(DeckOptions), LOOKS))
    if unknown := [name for name in options if name not in of_deck | of_look]:
        hint = suggest(unknown[0], tuple(sorted(of_deck | of_look)))
        raise UsageError(f"a deck has no option {unknown[0]!r}: {hint}")
    look = {name: value for name, value in options.items() if name in of_look}
    entries = _picked([_restyled(entry, look) for entry in read_entries(given)], figures)
    parts = [to_part(entry) for entry in entries]

    def run(render: Callable[[Part], None], parts: Sequence[Part]) -> Iterator[None]:
        return progress(run_all(render, parts, jobs or core_count()), len(parts), quiet)

    chosen = {"title": _title(given, look.get("lang", "en"))} | {k: v for k, v in options.items() if k in of_deck}
    return write_deck(parts, path, DeckOptions(**chosen), run)


def to_part(entry: Entry) -> Part:
    """An entry of a set for a deck; raises UsageError, CnnvizError."""
    where = f"{entry.source}, figure {entry.name}: " if entry.source else f"figure {entry.name}: "
    try:
        figure = make(entry.scene, **entry.resolved())
    except CnnvizError as error:
        raise type(error)(f"{where}{error}") from None
    return Part(name=entry.name, figure=figure, section=entry.section, caption=entry.caption, where=where)


def read_entries(sources: Sequence[Source]) -> list[Entry]:
    """The figures in order, under different names."""
    if not sources:
        raise UsageError("a deck needs a figure: give figures or figure sets")
    found = [entry for source in sources for entry in _entries_of(source)]
    if not found:
        raise UsageError(f"figure set {', '.join(map(str, sources))} holds no figure: add one under [[figure]]")
    seen = Counter[str]()
    named = []
    for entry in found:
        seen[entry.name] += 1
        again = seen[entry.name] > 1
        named.append(replace(entry, name=f"{entry.name}-{seen[entry.name]}") if again else entry)
    return named


def _entries_of(source: Source) -> list[Entry]:
    if not isinstance(source, Figure):
        return read_sets([Path(source)])
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", source.file_name().removesuffix(".gif"))
    parameters = {**changed(source.scene), **changed(source.appearance)}
    return [Entry(source="", name=name, scene=scene_name(type(source.scene)), file=name, parameters=parameters)]


def _restyled(entry: Entry, look: Mapping[str, Any]) -> Entry:
    """The figure with the deck's looks; in another language than its set, it loses the set's caption and section."""
    restyled = replace(entry, parameters={**entry.parameters, **look})
    own, wanted = (one.parameters.get("lang", "en") for one in (entry, restyled))
    return restyled if own == wanted else replace(restyled, caption="", section="")


def _picked(entries: Sequence[Entry], names: Sequence[str]) -> Sequence[Entry]:
    if not names:
        return entries
    known = tuple(entry.name for entry in entries)
    for name in names:
        if not any(fnmatchcase(one, name) for one in known):
            raise UsageError(f"there is no figure {name!r}: {suggest(name, known)}")
    return [entry for entry in entries if any(fnmatchcase(entry.name, name) for name in names)]


def _title(sources: Sequence[Source], lang: str) -> str | None:
    """A set's name as a title; a deck of figures has none."""
    sets = [source for source in sources if not isinstance(source, Figure)]
    if len(sets) != 1:
        return phrase(lang, "Figures") if sets else None
    words = re.sub(r"[\s_-]+", " ", Path(os.path.abspath(sets[0])).stem).strip()
    return words[:1].upper() + words[1:]
