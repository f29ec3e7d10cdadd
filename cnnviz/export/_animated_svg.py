"""Animated SVG: every look of every slot once, shown and hidden by CSS at the film's times.

It plays wherever a browser shows it, in <img> too; who wants no motion, and programs that know none, see the last step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import BinaryIO, NamedTuple

from cnnviz.export import Job, Written
from cnnviz.export._stills import begins_of, words_of
from cnnviz.export.svg import document
from cnnviz.limits import TWEEN
from cnnviz.render.svg_pen import OWN, SvgDefs
from cnnviz.render.vector import Spot, Vectors, vectors

Times = tuple[tuple[float, float], ...]
"""From when on something is shown, and until when, in seconds."""

# Seconds of a picture in which a window glides.
_GLIDE = 0.04
# Shorter fragments are written again, where they are wanted again.
_LEAST_SHARED = 60


class _Look(NamedTuple):
    """Markup, where it stands and when; its slot, if that glides."""

    markup: str
    at: Spot
    times: Times
    glider: int | None = None


class _Stay(NamedTuple):
    """From which step on a slot that glides stands where on the page, and holds which fragment; 0 is none."""

    place: int
    spot: Spot
    fragment: int

    def glides_to(self, other: _Stay) -> bool:
        """Whether it looks the same there, at another place."""
        return self.spot != other.spot and self.fragment == other.fragment


def write(job: Job, file: BinaryIO) -> Written:
    """Write all steps as one animation."""
    film, defs = job.film(TWEEN), SvgDefs()
    figure = vectors(film, defs)
    begins = begins_of(film, [beat.step for beat in figure.beats])
    if figure.asked:
        first = figure.beats[0]
        figure.beats.insert(0, replace(first, caption=0, changes=figure.asked, flights=[]))
        begins = [0.0, *(film.timing.opening + begin for begin in begins)]
    ground = defs.pen()
    if not job.transparent:
        ground.rect(0, 0, *film.size, film.theme.page["ground"])
    animation = _Animation(figure, begins, film.tween)
    drawn = animation.drawn() + animation.flown()
    definitions = "".join(
        [*defs.markup, *(f'<g id="{name}">{markup}</g>' for markup, name in animation.shared.items())]
    )
    body = f"{animation.style(job.once)}<defs>{definitions}</defs>\n{ground.take()}{figure.page}{drawn}"
    file.write(document(job, film.size, words_of(job), body))
    return Written(size=film.size, steps=len(figure.beats), milliseconds=round(1000 * begins[-1]))


class _Animation:
    """Markup with classes, and keyframes by class and second; `shared` names what stands at several places."""

    def __init__(self, figure: Vectors, begins: Sequence[float], tween: int) -> None:
        self._figure, self._begins = figure, begins
        self._keyframes: dict[str, dict[float, str]] = {}
        self._timelines: dict[Times, str] = {}
        self._held: list[dict[int, int]] = [{0: number} for number in figure.initial]
        for place, beat in enumerate(figure.beats):
            for slot, number in beat.changes:
                self._held[slot][place] = number
        spots = enumerate(figure.gliders, len(figure.corners))
        self._ways = {slot: self._way(slot, self._held[at]) for at, slot in spots}
        self._leaves = self._departures(tween)
        self._looks = list(self._all_looks())
        times = Counter(look.markup for look in self._looks)
        often = [markup for markup, number in times.items() if number > 1 and len(markup) > _LEAST_SHARED]
        self.shared = {markup: f"{OWN}f{number}" for number, markup in enumerate(often)}

    def drawn(self) -> str:
        """All looks, in the order in which they are drawn; those of a slot that glides do so together."""
        found = []
        for slot, looks in groupby(self._looks, key=lambda look: look.glider):
            markup = "".join(map(self._placed, looks))
            if slot is not None:
                (x, y), name = self._ways[slot][-1].spot, f"{OWN}g{slot}"
                markup = f'<g class="{name}" transform="translate({x} {y})">{markup}</g>'
                self._keyframes[name] = self._glides(self._ways[slot])
            found.append(markup)
        return "".join(found)

    def flown(self) -> str:
        """What flies, above all else: the same markup of several steps is there but once."""
        drawn: dict[tuple[str, Spot], str] = {}
        for place, beat in enumerate(self._figure.beats):
            flown: Counter[int] = Counter()
            for number, spots, growing in beat.flights:
                flown[number] += 1
                # What grows does so with all others of its step, each where it is.
                name = f"{OWN}h{number}" + (f"g{place}" if growing else f"n{flown[number]}")
                looks = ["transform:scale(0)", "transform:scale(1)"] if growing else [_at(spot) for spot in spots]
                start, end = self._leaves[place][1], self._begins[place]
                frames = self._keyframes.setdefault(name, {0.0: "visibility:hidden"})
                pace = "linear" if len(looks) > 2 else "ease-in-out"
                for part, look in enumerate(looks):
                    time = start + (end - start) * part / len(looks[1:] or looks)
                    frames[time] = f"visibility:visible;{look};animation-timing-function:{pace}"
                frames[end] = f"visibility:hidden;{looks[-1]}"
                markup = f'<g class="{name}" visibility="hidden">{self._figure.fragments[number]}</g>'
                drawn[name, spots[0] if growing else (0, 0)] = markup
        return "".join(f"<g{_translated(at)}>{look}</g>" if any(at) else look for (_, at), look in drawn.items())

    def style(self, once: bool) -> str:
        """The keyframes, for those who want motion."""
        whole = self._begins[-1]
        shown = f"{whole:g}s step-end {'1' if once else 'infinite'}"
        names = "".join(f".{name}{{animation-name:{name}}}" for name in self._keyframes)
        frames = "".join(_keyframes(name, frames, whole) for name, frames in self._keyframes.items())
        moving = f"[class^={OWN}]{{animation:{shown}}}{names}"
        return f"<style>@media (prefers-reduced-motion:no-preference){{{moving}}}{frames}</style>\n"

    def _all_looks(self) -> Iterator[_Look]:
        figure = self._figure
        for slot, corner in enumerate(figure.corners):
            at, glider = ((0, 0), slot) if slot in self._ways else (corner, None)
            for number, times in self._shown(self._held[slot], slot in figure.lines).items():
                yield _Look(figure.fragments[number], at, times, glider)
        captions = {place: beat.caption for place, beat in enumerate(figure.beats)}
        for number, times in self._shown(captions).items():
            yield _Look(figure.fragments[number], (0, 0), times)
        for beat, span in zip(figure.beats, pairwise(self._begins), strict=True):
            yield _Look(figure.fragments[beat.progress], (0, 0), (span,))

    def _shown(self, held: Mapping[int, int], leaves: bool = False) -> dict[int, Times]:
        """When the fragments that a slot holds are shown; what `leaves` goes before a step, when others set off."""
        found: dict[int, Times] = {}
        for (place, number), (end, _) in pairwise([*held.items(), (len(self._begins) - 1, 0)]):
            if number and place < end:
                gone = self._leaves[end][0] if leaves and end in self._leaves else self._begins[end]
                times, begin = found.get(number, ()), self._begins[place]
                if times and times[-1][1] == begin:
                    times, begin = times[:-1], times[-1][0]
                found[number] = (*times, (begin, gone))
        return found

    def _placed(self, look: _Look) -> str:
        """A look with the class of its times; what is not there in the last step is hidden without them."""
        whole, how = self._begins[-1], ""
        if look.times != ((0, whole),):
            if look.times not in self._timelines:
                self._timelines[look.times] = f"{OWN}a{len(self._timelines)}"
                frames = {0.0: "hidden"}
                for begin, end in look.times:
                    frames |= {begin: "visible"} | ({end: "hidden"} if end < whole else {})
                name = self._timelines[look.times]
                self._keyframes[name] = {time: f"visibility:{shown}" for time, shown in frames.items()}
            hidden = "" if look.times[-1][1] == whole else ' visibility="hidden"'
            how = f' class="{self._timelines[look.times]}"{hidden}'
        if look.markup in self.shared:
            (x, y), name = look.at, self.shared[look.markup]
            return f'<use xlink:href="#{name}" x="{x}" y="{y}"{how}/>'
        return f"<g{_translated(look.at)}{how}>{look.markup}</g>"

    def _way(self, slot: int, spots: Mapping[int, int]) -> list[_Stay]:
        fragments, (left, top) = self._held[slot], self._figure.corners[slot]
        spot, number, found = 0, 0, []
        for place in sorted({*spots, *fragments}):
            spot, number = spots.get(place, spot), fragments.get(place, number)
            x, y = self._figure.spots[spot]
            found.append(_Stay(place, (left + x, top + y), number))
        return found

    def _departures(self, tween: int) -> dict[int, tuple[float, float]]:
        """When windows set off for a step, and when they arrive and results fly: in half of the time before it."""
        ways = self._ways.values() if tween else ()
        glide = {after.place for way in ways for before, after in pairwise(way) if before.glides_to(after)}
        found = {}
        for place, beat in enumerate(self._figure.beats[1:], start=1):
            glides, flies, begin = place in glide, bool(beat.flights), self._begins[place]
            if parts := glides + flies:
                each = min(tween * _GLIDE, (begin - self._begins[place - 1]) / 2 / parts)
                found[place] = begin - parts * each, begin - flies * each
        return found

    def _glides(self, way: Iterable[_Stay]) -> dict[float, str]:
        """When a slot stands where: it glides to where the next step has it if it looks the same there."""
        found: dict[float, str] = {}
        for before, after in pairwise(way):
            found.setdefault(0.0, _at(before.spot))
            arrived = self._begins[after.place]
            if before.glides_to(after) and after.place in self._leaves:
                start, arrived = self._leaves[after.place]
                found[start] = f"{_at(before.spot)};animation-timing-function:ease-in-out"
            if before.spot != after.spot:
                found[arrived] = _at(after.spot)
        return found


def _translated(spot: Spot) -> str:
    return f' transform="translate({spot[0]} {spot[1]})"' if any(spot) else ""


def _at(spot: Spot) -> str:
    return f"transform:translate({spot[0]}px,{spot[1]}px)"


def _keyframes(name: str, looks: Mapping[float, str], whole: float) -> str:
    return f"@keyframes {name}{{" + "".join(f"{100 * at / whole:.6g}%{{{look}}}" for at, look in looks.items()) + "}"
