"""One palette for a whole animation, known before its first frame: no quantisation per frame, hence no flicker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnviz.render.theme import Color

Pixels = npt.NDArray[np.uint8]

MOST_COLORS = 63
"""64 less the one that a GIF frame keeps for "unchanged"."""

# Colours between ink and ground: with these the eye sees a smooth line.
_STEPS = 4
_NEAR_ENOUGH = 14.0
# A shade of an edge takes a lighter or darker colour rather than one of another hue: grey text has no coloured fringe.
_BESIDE = 4.0
# Where the ground is left out: less than a byte's values, most of them for what is opaque.
_MOST_INDICES, _MOST_INKS, _NEAR = 255, 48, 10.0


class Palette:
    """At most `MOST_COLORS` colours and the nearest of them for any pixel.

    Of a picture without a ground `alphas` tells how opaque each colour is; `hard` gives, for a format in which pixels
    are opaque or not there, the index to take instead: an opaque colour or the ground, whose index is `ground`.
    """

    def __init__(self, colors: npt.NDArray[np.uint8]) -> None:
        self.colors = colors
        self._drawn: npt.NDArray[Any] = colors
        # The index that stands for each of the colours that are drawn.
        self._stands: npt.NDArray[np.uint8] = np.arange(len(colors), dtype=np.uint8)
        self.alphas: npt.NDArray[np.uint8] | None = None
        self.hard: npt.NDArray[np.uint8] = np.arange(len(colors), dtype=np.uint8)
        self.ground = 0
        # One byte for each of 2**24 colours, filled as they are met; untouched pages of zeros take no memory.
        self._known = np.zeros(1 << 24, dtype=np.uint8)
        self._single: dict[Color, int] = {}

    def index(self, rgb: Pixels) -> Pixels:
        """The palette index of each pixel of an (h, w, 3) picture."""
        # Three bytes as one number, the quickest way: copied to their places in it.
        quads = np.zeros((*rgb.shape[:2], 4), np.uint8)
        quads[..., 2], quads[..., 1], quads[..., 0] = rgb[..., 0], rgb[..., 1], rgb[..., 2]
        packed = quads.view("<u4")[..., 0]
        found: Pixels = self._known.take(packed)
        if not found.all():
            new = np.unique(packed[found == 0])
            parts = np.stack([new >> 16, (new >> 8) & 255, new & 255], axis=1).astype(np.float64)
            distance = ((parts[:, None, :] - self._drawn[None, :, :]) ** 2).sum(axis=2)
            self._known[new] = self._stands[distance.argmin(axis=1)] + 1
            found = self._known.take(packed)
        found -= np.uint8(1)
        return found

    def index_of(self, color: Color) -> int:
        """The palette index of one colour."""
        if color not in self._single:
            self._single[color] = int(self.index(np.array([[color]], dtype=np.uint8))[0, 0])
        return self._single[color]

    def know_edge(self, under: Color, over: Color) -> None:
        """Give each shade between two colours the index of one that lies between them too."""
        cover = np.arange(1, 255)[:, None]
        shades = (np.array(under) * (255 - cover) + np.array(over) * cover + 127) // 255
        way = np.subtract(over, under, dtype=np.float64)
        length = float(np.linalg.norm(way)) or 1.0
        from_under = self.colors - np.array(under, np.float64)
        along = from_under @ way / length
        beside = (from_under**2).sum(axis=1) - along**2
        distance = (cover / 255 * length - along) ** 2 + _BESIDE**2 * beside
        packed = shades @ (1 << 16, 1 << 8, 1)
        new = self._known[packed] == 0
        self._known[packed[new]] = distance.argmin(axis=1)[new] + 1

    def on_nothing(self, ground: Color, shown: Color, inks: Sequence[Color]) -> Palette:
        """These colours, which have not the `ground`, and the edges of `inks` to a ground that is not there.

        The edges are drawn as if on `ground`; `shown` is what programs see there that know no transparency.
        """
        count, edge, last = len(self.colors), np.array(inks, np.float64), _STEPS + 1
        opaque = np.array([self.index_of(ink) for ink in inks])
        # Along an edge shades are drawn closer to each other than they are kept, so that none is nearer to a colour
        # that happens to lie beside.
        fine = np.arange(1, 4 * last) / (4 * last)
        kept = (fine * last).round().astype(int)
        indices = [
            np.zeros(len(inks)) + count,
            *(count + 1 + len(inks) * n + np.arange(len(inks)) for n in range(last - 1)),
            opaque,
        ]
        found = Palette(np.concatenate([self.colors, [shown], *[edge] * (last - 1)]).astype(np.uint8))
        found._drawn = np.concatenate([self.colors, [ground], *(ground + (edge - ground) * t for t in fine)]).round()
        found._stands = np.concatenate([np.arange(count + 1), *(indices[n] for n in kept)]).astype(np.uint8)
        alphas = [255 * n / last for n in range(1, last)]
        found.alphas = np.repeat([255, 0, *alphas], [count, 1] + [len(inks)] * (last - 1)).round().astype(np.uint8)
        hard = [opaque if alpha >= 128 else indices[0] for alpha in alphas]
        found.hard = np.concatenate([np.arange(count + 1), *hard]).astype(np.uint8)
        found.ground = count
        found._known = self._known
        return found


def build_clear_palette(
    solid: Iterable[Color], ramps: Iterable[tuple[Color, Color]], ground: Color, shown: Color
) -> Palette:
    """A palette for pictures drawn on the key colour `ground`, which is left out of them."""
    pairs = list(dict.fromkeys(ramps))
    inks = list(dict.fromkeys(color for pair in pairs if ground in pair for color in pair if color != ground))
    inks = inks[:_MOST_INKS]
    within = [pair for pair in pairs if ground not in pair]
    solid = [color for color in (*solid, *inks, *(color for pair in within for color in pair)) if color != ground]
    # No edge within a cell may find its nearest colour among those to the ground.
    room = _MOST_INDICES - 1 - _STEPS * len(inks)
    opaque = build_palette(solid, within, room, _NEAR)
    return opaque.on_nothing(ground, shown, inks)


def key_color(colors: Iterable[Color]) -> Color:
    """A colour that stands for the ground while pictures without one are drawn: far from all others."""
    sides = (0, 85, 170, 255)
    candidates, others = np.array(list(product(sides, sides, sides))), np.array(list(dict.fromkeys(colors)))
    apart = np.linalg.norm(candidates[:, None] - others, axis=2).min(axis=1)
    red, green, blue = candidates[apart.argmax()].tolist()
    return red, green, blue


def build_palette(
    solid: Iterable[Color], ramps: Iterable[tuple[Color, Color]], most: int = MOST_COLORS, near: float = _NEAR_ENOUGH
) -> Palette:
    """A palette that holds every `solid` colour and the steps between the two colours of each ramp as well as it can.

    The steps enter farthest first, so what is left out when room runs out, at `most` colours, is what some other colour
    comes close to. The solid colours do so too where there are more of them: a scale's neighbours become one.
    """
    chosen = np.array(list(dict.fromkeys(tuple(int(v) for v in color) for color in solid)), dtype=np.float64)
    if len(chosen) > most:
        chosen = _joined(chosen[:1], chosen[1:], most, 0)
    t = np.linspace(0, 1, _STEPS + 2)[1:-1, None]
    pairs = list(dict.fromkeys(ramps))
    wanted = [np.array(a) * (1 - t) + np.array(b) * t for a, b in pairs]
    if wanted:
        chosen = _joined(chosen, np.concatenate(wanted).round(), most, near)
    found = Palette(chosen.astype(np.uint8))
    # The colours themselves are known before the shades between them.
    found.index(found.colors[None])
    for pair in pairs:
        found.know_edge(*pair)
    return found


def _joined(
    chosen: npt.NDArray[np.float64], rest: npt.NDArray[np.float64], most: int, near: float
) -> npt.NDArray[np.float64]:
    """The chosen colours and, farthest first, those of the rest that lie farther than `near` from all of them."""
    found = list(chosen)
    nearest = np.full(len(rest), np.inf)
    for color in found:
        nearest = np.minimum(nearest, np.sqrt(((rest - color) ** 2).sum(axis=1)))
    while len(found) < most and nearest.max() > near:
        found.append(rest[nearest.argmax()])
        nearest = np.minimum(nearest, np.sqrt(((rest - found[-1]) ** 2).sum(axis=1)))
    return np.array(found)
