"""Animated SVG: every look of every slot once, shown and hidden by CSS at the film's times.

It plays wherever a browser shows it, in <img> too; who wants no motion, and programs that know none, see the last step.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO, NamedTuple

from cnnviz.export import Job, Written
from cnnviz.export._stills import begins_of, words_of
from cnnviz.export.svg import document
from cnnviz.limits import TWEEN
from cnnviz.render.svg_pen import OWN, SvgDefs
from cnnviz.render.vector import Spot, Vectors, vectors

Steps = tuple[tuple[int, int], ...]
"""From which steps on something is shown, and before which it no longer is."""

Times = tuple[Steps, bool]
"""Steps, and whether what is shown goes before the next one, when others set off."""

Event = tuple[int, int]
"""From which step on a slot holds what number."""

# Seconds of a picture in which a window glides.
_GLIDE = 0.04
# Shorter fragments are written again, where they are wanted again.
_LEAST_SHARED = 60


class _Look(NamedTuple):
    """Markup, where it stands and when; its slot if that glides, and whether it goes when others set off."""

    markup: str
    at: Spot
    steps: Steps
    glider: int | None = None
    leaves: bool = False

    @property
    def times(self) -> Times:
        """When it is there."""
        return self.steps, self.leaves


def write(job: Job, file: BinaryIO) -> Written:
    """Write all steps as one animation."""
    film, defs = job.film(TWEEN), SvgDefs()
    figure = vectors(film, defs)
    begins = begins_of(film, [beat.step for beat in figure.beats])
    if figure.asked:
        first = figure.beats[0]
        figure.beats.insert(0, replace(first, caption=0, changes=figure.asked, flights=[]))
        begins = [0.0, *(film.timing.opening + begin for begin in begins)]
    count, ground = len(figure.beats), defs.pen()
    if not job.transparent:
        ground.rect(0, 0, *film.size, film.theme.page["ground"])
    events = _events_of(figure)
    gliders = enumerate(figure.gliders, len(figure.corners))
    ways = {slot: _way(events[n], events[slot], figure, slot) for n, slot in gliders}
    looks = list(_looks(figure, events, ways))
    always = ((0, count),)
    seen = dict.fromkeys(look.times for look in looks if look.steps != always)
    timelines = {times: number for number, times in enumerate(seen)}
    times = Counter(look.markup for look in looks)
    often = [markup for markup, number in times.items() if number > 1 and len(markup) > _LEAST_SHARED]
    shared = {markup: f"{OWN}f{number}" for number, markup in enumerate(often)}
    leaves = _departures(figure, ways, begins, film.tween)
    moves = {f"{OWN}a{n}": _shown(steps, begins, leaves if early else {}) for (steps, early), n in timelines.items()}
    glides = {f"{OWN}g{slot}": _glides(way, begins, leaves) for slot, way in ways.items()}
    moves |= {name: frames for name, frames in glides.items() if len(frames) > 1}
    drawn = "".join(_placed(looks, ways, _Writer(shared, timelines, count)))
    flown, flights = _flights(figure, begins, leaves)
    definitions = "".join([*defs.markup, *(f'<g id="{name}">{markup}</g>' for markup, name in shared.items())])
    style = _style(moves | flights, begins[-1], job.once)
    body = f"{style}<defs>{definitions}</defs>\n{ground.take()}{figure.page}{drawn}{flown}"
    file.write(document(job, film.size, words_of(job), body))
    return Written(size=film.size, steps=count, milliseconds=round(1000 * begins[-1]))


def _events_of(figure: Vectors) -> list[list[Event]]:
    """What each slot holds from which step on."""
    events: list[list[Event]] = [[(0, number)] for number in figure.initial]
    for place, beat in enumerate(figure.beats):
        for slot, number in beat.changes:
            events[slot].append((place, number))
    return events


def _looks(figure: Vectors, events: Sequence[Sequence[Event]], ways: Mapping[int, object]) -> Iterator[_Look]:
    """What stands where and when, in the order in which it is drawn."""
    count = len(figure.beats)
    for slot, corner in enumerate(figure.corners):
        at, glider = ((0, 0), slot) if slot in ways else (corner, None)
        for number, steps in _spans(events[slot], count).items():
            yield _Look(figure.fragments[number], at, steps, glider, slot in figure.lines)
    captions = [(place, beat.caption) for place, beat in enumerate(figure.beats)]
    for number, steps in _spans(captions, count).items():
        yield _Look(figure.fragments[number], (0, 0), steps)
    for place, beat in enumerate(figure.beats):
        yield _Look(beat.counter + beat.progress, (0, 0), ((place, place + 1),))


def _spans(events: Sequence[Event], count: int) -> dict[int, Steps]:
    """The fragments of a slot, each with the steps in which it is shown; nothing is left out."""
    found: dict[int, list[tuple[int, int]]] = {}
    ends = [place for place, _ in events[1:]] + [count]
    for (start, number), end in zip(events, ends, strict=True):
        if number and start < end:
            spans = found.setdefault(number, [])
            if spans and spans[-1][1] == start:
                spans[-1] = spans[-1][0], end
            else:
                spans.append((start, end))
    return {number: tuple(spans) for number, spans in found.items()}


class _Writer(NamedTuple):
    """Names for markup that stands at several places, and numbers for the times at which something is shown."""

    shared: Mapping[str, str]
    timelines: Mapping[Times, int]
    last: int

    def written(self, looks: Iterable[_Look]) -> Iterator[str]:
        """Each thing with the class of its times; what is not there in the last step is hidden without them."""
        for (name, (x, y), times), group in itertools.groupby(looks, key=self._alike):
            how = ""
            if times in self.timelines:
                hidden = "" if times[0][-1][1] == self.last else ' visibility="hidden"'
                how = f' class="{OWN}a{self.timelines[times]}"{hidden}'
            if name:
                place = "".join(f' {axis}="{at}"' for axis, at in (("x", x), ("y", y)) if at)
                yield from (f'<use xlink:href="#{name}"{place}{how}/>' for _ in group)
                continue
            markup = "".join(look.markup for look in group)
            place = f' transform="translate({x} {y})"' if x or y else ""
            yield f"<g{place}{how}>{markup}</g>" if place or how else markup

    def _alike(self, look: _Look) -> tuple[str, Spot, Times]:
        """What things that stand one upon the other at the same times have in common; each shared one is by itself."""
        return self.shared.get(look.markup, ""), look.at, look.times


def _placed(
    looks: Iterable[_Look], ways: Mapping[int, Sequence[tuple[int, Spot, int]]], writer: _Writer
) -> Iterator[str]:
    for slot, group in itertools.groupby(looks, key=lambda look: look.glider):
        markup = "".join(writer.written(group))
        if slot is None:
            yield markup
        else:
            x, y = ways[slot][-1][1]
            yield f'<g class="{OWN}g{slot}" transform="translate({x} {y})">{markup}</g>'


def _way(spots: Sequence[Event], held: Sequence[Event], figure: Vectors, slot: int) -> list[tuple[int, Spot, int]]:
    """From which steps on a slot stands where on the page, and holds which fragment; 0 is none."""
    at, fragment, (left, top) = dict(spots), dict(held), figure.corners[slot]
    spot, number, found = 0, 0, []
    for place in sorted({*at, *fragment}):
        spot, number = at.get(place, spot), fragment.get(place, number)
        x, y = figure.spots[spot]
        found.append((place, (left + x, top + y), number))
    return found


def _style(moves: Mapping[str, Mapping[float, str]], whole: float, once: bool) -> str:
    shown = f"{whole:g}s step-end {'1' if once else 'infinite'}"
    names = "".join(f".{name}{{animation-name:{name}}}" for name in moves)
    frames = "".join(_keyframes(name, frames, whole) for name, frames in moves.items())
    moving = f"[class^={OWN}]{{animation:{shown}}}{names}"
    return f"<style>@media (prefers-reduced-motion:no-preference){{{moving}}}{frames}</style>\n"


def _departures(
    figure: Vectors, ways: Mapping[int, Sequence[tuple[int, Spot, int]]], begins: Sequence[float], tween: int
) -> dict[int, tuple[float, float]]:
    """When windows set off for a step, and when they have arrived and results fly: in half of the time before it."""
    glide = {place for way in ways.values() for place in _gliding(way)} if tween else set()
    found = {}
    for place, beat in enumerate(figure.beats[1:], start=1):
        glides, flies = place in glide, bool(beat.flights)
        if parts := glides + flies:
            each = min(tween * _GLIDE, (begins[place] - begins[place - 1]) / 2 / parts)
            arrived = begins[place] - flies * each
            found[place] = arrived - glides * each, arrived
    return found


def _gliding(way: Sequence[tuple[int, Spot, int]]) -> Iterator[int]:
    """The steps to which something glides: where it looks the same as before, at another place."""
    return (place for (_, a, number), (place, b, then) in itertools.pairwise(way) if a != b and number == then)


def _flights(
    figure: Vectors, begins: Sequence[float], leaves: Mapping[int, tuple[float, float]]
) -> tuple[str, dict[str, dict[float, str]]]:
    """What flies, above all else, and when: the same markup of several steps is there but once."""
    drawn: dict[tuple[str, Spot | None], str] = {}
    moves: dict[str, dict[float, str]] = {}
    for place, beat in enumerate(figure.beats):
        flown: Counter[int] = Counter()
        for number, spots, growing in beat.flights:
            flown[number] += 1
            # What grows does so with all others of its step, each where it is.
            turn = f"g{place}" if growing else f"n{flown[number]}"
            name = f"{OWN}h{number}{turn}"
            looks = ["transform:scale(0)", "transform:scale(1)"] if growing else [_at(spot) for spot in spots]
            start, end = leaves[place][1], begins[place]
            frames = moves.setdefault(name, {0.0: "visibility:hidden"})
            pace = "linear" if len(looks) > 2 else "ease-in-out"
            for part, look in enumerate(looks):
                time = start + (end - start) * part / len(looks[1:] or looks)
                frames[time] = f"visibility:visible;{look};animation-timing-function:{pace}"
            frames[end] = f"visibility:hidden;{looks[-1]}"
            drawn[name, spots[0] if growing else None] = (
                f'<g class="{name}" visibility="hidden">{figure.fragments[number]}</g>'
            )
    return "".join(
        markup if spot is None else f'<g transform="translate({spot[0]} {spot[1]})">{markup}</g>'
        for (_, spot), markup in drawn.items()
    ), moves


def _shown(steps: Steps, begins: Sequence[float], leaves: Mapping[int, tuple[float, float]]) -> dict[float, str]:
    """When something is shown and hidden, the latter when others set off."""
    found = {0.0: "hidden"}
    for start, end in steps:
        gone = leaves[end][0] if end in leaves else begins[end]
        found |= {begins[start]: "visible"} | ({gone: "hidden"} if end < len(begins) - 1 else {})
    return {time: f"visibility:{look}" for time, look in found.items()}


def _glides(
    way: Sequence[tuple[int, Spot, int]], begins: Sequence[float], leaves: Mapping[int, tuple[float, float]]
) -> dict[float, str]:
    """When something stands where: it glides to where the next step has it if it looks the same there."""
    glide = set(_gliding(way))
    found: dict[float, str] = {}
    for (_, spot, _), (place, to, _) in itertools.pairwise(way):
        found.setdefault(0.0, _at(spot))
        if spot == to:
            continue
        arrived = begins[place]
        if place in glide and place in leaves:
            start, arrived = leaves[place]
            found[start] = f"{_at(spot)};animation-timing-function:ease-in-out"
        found[arrived] = _at(to)
    return found


def _at(spot: Spot) -> str:
    return f"transform:translate({spot[0]}px,{spot[1]}px)"


def _keyframes(name: str, looks: Mapping[float, str], whole: float) -> str:
    return f"@keyframes {name}{{" + "".join(f"{100 * at / whole:.6g}%{{{look}}}" for at, look in looks.items()) + "}"
