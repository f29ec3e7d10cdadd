"""Animated SVG: every look of every slot once, shown and hidden by CSS at the film's times.

It plays wherever a browser shows it, in <img> too; who wants no motion, and programs that know none, see the last step.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._stage import Stage, words_of
from cnnviz.export.svg import document, used
from cnnviz.render.scenery import Spot
from cnnviz.render.vector import STYLE, Defs

Steps = tuple[tuple[int, int], ...]
"""From which steps on something is shown, and before which it no longer is."""

Item = tuple[str, tuple[int, int], Steps, int | None]
"""Markup, where it stands and when; and its slot if that glides."""

Way = list[tuple[int, Spot, int]]
"""From which steps on something stands where, and as which fragment."""

TWEEN = 6
# Seconds of a picture in which a window glides, and the least that is left of the step before it.
_GLIDE, _SETTLED = 0.04, 0.02
# Shorter fragments are written again, where they are wanted again.
_LEAST_SHARED = 60


def write(job: Job, file: BinaryIO) -> Written:
    """Write all steps as one animation."""
    film, defs = job.film(TWEEN), Defs()
    stage = Stage(film, defs, gliding=film.tween > 0)
    begins, width, height = stage.begins(), *film.size
    acts = _Acts(stage)
    last = job.storyboard.count - 1
    body = "" if job.transparent else stage.ground(width, height)
    body += stage.figure.page + "".join(acts.markup(last))

    def style(own: str) -> str:
        shown = f"{begins[-1]:g}s step-end {'1' if job.once else 'infinite'}"
        moves = {f"{own}a{number}": _shown(steps, begins) for steps, number in acts.timelines.items()}
        glides = {f"{own}g{slot}": _glides(way, begins, film.tween * _GLIDE) for slot, way in acts.ways.items()}
        moves |= {name: frames for name, frames in glides.items() if len(frames) > 1}
        names = "".join(f".{name}{{animation-name:{name}}}" for name in moves)
        frames = "".join(_keyframes(name, frames, begins[-1]) for name, frames in moves.items())
        moving = f"[class^={own}]{{animation:{shown}}}{names}"
        return f"<style>{STYLE}@media (prefers-reduced-motion:no-preference){{{moving}}}{frames}</style>\n"

    shared = "".join(acts.shared)
    shared = used(defs.markup, shared + body) + shared
    file.write(document(job, film.size, words_of(job, stage), shared, body, style).encode("utf-8"))
    return Written(size=film.size, steps=last + 1, milliseconds=round(1000 * begins[-1]))


class _Acts:
    """What stands where and when, in the order in which it is drawn."""

    def __init__(self, stage: Stage) -> None:
        figure, last = stage.figure, len(stage.figure.beats) - 1
        told: list[list[tuple[int, int]]] = [[(0, number)] for number in figure.initial]
        for place, beat in enumerate(figure.beats):
            for slot, number in beat.changes:
                told[slot].append((place, number))
        self.ways = {
            slot: _way(told[len(stage.spots) + place], told[slot], figure.spots, stage.spots[slot])
            for place, slot in enumerate(figure.gliders)
        }
        places = [((0, 0), slot) if slot in self.ways else (at, None) for slot, at in enumerate(stage.spots)]
        self._items: list[Item] = [
            (figure.fragments[number], at, steps, glider)
            for (at, glider), changes in zip(places, told, strict=False)
            for number, steps in _looks(changes, last + 1).items()
        ]
        captions = [(place, beat.caption) for place, beat in enumerate(figure.beats)]
        self._items += [(figure.fragments[n], (0, 0), steps, None) for n, steps in _looks(captions, last + 1).items()]
        ends = [stage.counter(place) + stage.progress(place) for place in range(last + 1)]
        self._items += [(markup, (0, 0), ((place, place + 1),), None) for place, markup in enumerate(ends)]
        count = Counter(markup for markup, *_ in self._items)
        often = [markup for markup, times in count.items() if times > 1 and len(markup) > _LEAST_SHARED]
        self._names = {markup: f"f{number}" for number, markup in enumerate(often)}
        self.shared = [f'<g id="{name}">{markup}</g>' for markup, name in self._names.items()]
        always = ((0, last + 1),)
        different = dict.fromkeys(steps for _, _, steps, _ in self._items if steps != always)
        self.timelines: dict[Steps, int] = {steps: number for number, steps in enumerate(different)}

    def markup(self, last: int) -> Iterator[str]:
        """Each thing with the class of its times; what is not there in the last step is hidden without them."""
        for slot, items in itertools.groupby(self._items, key=lambda item: item[3]):
            markup = "".join(self._standing(items, last))
            if slot is None:
                yield markup
                continue
            x, y = self.ways[slot][-1][1][:2]
            yield f'<g class="g{slot}" transform="translate({x} {y})">{markup}</g>'

    def _standing(self, items: Iterable[Item], last: int) -> Iterator[str]:
        for (shared, (x, y), steps), group in itertools.groupby(items, key=self._alike):
            look = ""
            if steps in self.timelines:
                look = f' class="a{self.timelines[steps]}"' + ("" if steps[-1][1] > last else ' visibility="hidden"')
            if shared:
                place = "".join(f' {axis}="{at}"' for axis, at in (("x", x), ("y", y)) if at)
                yield from (f'<use href="#{shared}"{place}{look}/>' for _ in group)
                continue
            markup = "".join(markup for markup, *_ in group)
            place = f' transform="translate({x} {y})"' if x or y else ""
            yield f"<g{place}{look}>{markup}</g>" if place or look else markup

    def _alike(self, item: Item) -> tuple[str, tuple[int, int], Steps]:
        """What things that stand one upon the other at the same times have in common; each shared one is by itself."""
        markup, spot, steps, _ = item
        return self._names.get(markup, ""), spot, steps


def _looks(changes: Sequence[tuple[int, int]], count: int) -> dict[int, Steps]:
    """The fragments of a slot, each with the steps in which it is shown; nothing is left out."""
    found: dict[int, list[tuple[int, int]]] = {}
    ends = [place for place, _ in changes[1:]] + [count]
    for (start, number), end in zip(changes, ends, strict=True):
        if number and start < end:
            spans = found.setdefault(number, [])
            if spans and spans[-1][1] == start:
                spans[-1] = spans[-1][0], end
            else:
                spans.append((start, end))
    return {number: tuple(spans) for number, spans in found.items()}


def _way(
    spots: Sequence[tuple[int, int]], looks: Sequence[tuple[int, int]], known: Sequence[Spot], origin: Spot
) -> Way:
    """Where something stands, on the page, from which step on, and as which fragment; 0 is none."""
    at, as_ = dict(spots), dict(looks)
    spot, number, found = 0, 0, []
    for place in sorted({*at, *as_}):
        spot, number = at.get(place, spot), as_.get(place, number)
        # Before it is shown for the first time, there may be no spot.
        x, y, *sheet = known[spot] if known else (0, 0)
        found.append((place, (origin[0] + x, origin[1] + y, *sheet), number))
    return found


def _shown(steps: Steps, begins: Sequence[float]) -> dict[float, str]:
    """When something is shown and hidden."""
    found = {0.0: "hidden"}
    for start, end in steps:
        found |= {begins[start]: "visible"} | ({begins[end]: "hidden"} if end < len(begins) - 1 else {})
    return {time: f"visibility:{look}" for time, look in found.items()}


def _glides(way: Way, begins: Sequence[float], lasts: float) -> dict[float, str]:
    """When something stands where: it glides to where the next step has it if it looks the same there."""
    found: dict[float, str] = {}
    for (_, spot, number), (place, to, then) in itertools.pairwise(way):
        found.setdefault(0.0, _at(spot))
        if spot == to:
            continue
        if number == then and spot[2:] == to[2:]:
            start = max(begins[place] - lasts, begins[place - 1] + _SETTLED)
            found[start] = f"{_at(spot)};animation-timing-function:ease-in-out"
        found[begins[place]] = _at(to)
    return found


def _at(spot: Spot) -> str:
    return f"transform:translate({spot[0]}px,{spot[1]}px)"


def _keyframes(name: str, looks: Mapping[float, str], whole: float) -> str:
    return f"@keyframes {name}{{" + "".join(f"{100 * at / whole:.6g}%{{{look}}}" for at, look in looks.items()) + "}"
