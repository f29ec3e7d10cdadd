"""One palette for a whole animation, known before its first frame: no quantisation per frame, hence no flicker."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from cnnviz.render.theme import Color

Pixels = npt.NDArray[np.uint8]

MOST_COLORS = 63
"""64 less the one that a GIF frame keeps for "unchanged"."""

# Text edges need few levels between ink and ground before the eye sees a smooth line.
_RAMP_STEPS = 4
_NEAR_ENOUGH = 48.0


class Palette:
    """At most `MOST_COLORS` colours and the nearest of them for any pixel."""

    def __init__(self, colors: npt.NDArray[np.uint8]) -> None:
        self.colors = colors
        # One byte for each of 2**24 colours, filled as they are met; untouched pages of zeros take no memory.
        self._known = np.zeros(1 << 24, dtype=np.uint8)

    def index(self, rgb: Pixels) -> Pixels:
        """The palette index of each pixel of an (h, w, 3) picture."""
        wide = rgb.astype(np.uint32)
        packed = (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
        found: Pixels = self._known[packed]
        if not found.all():
            new = np.unique(packed[found == 0])
            parts = np.stack([new >> 16, (new >> 8) & 255, new & 255], axis=1).astype(np.float64)
            distance = ((parts[:, None, :] - self.colors[None, :, :]) ** 2).sum(axis=2)
            self._known[new] = distance.argmin(axis=1) + 1
            found = self._known[packed]
        found -= np.uint8(1)
        return found

    def index_of(self, color: Color) -> int:
        """The palette index of one colour."""
        return int(self.index(np.array([[color]], dtype=np.uint8))[0, 0])


def build_palette(solid: Iterable[Color], ramps: Iterable[tuple[Color, Color]]) -> Palette:
    """A palette that holds every `solid` colour and the steps between the two colours of each ramp as well as it can.

    The steps enter farthest first, so what is left out when room runs out is what some other colour comes close to.
    """
    chosen = list(dict.fromkeys(tuple(int(v) for v in color) for color in solid))[:MOST_COLORS]
    t = np.linspace(0, 1, _RAMP_STEPS)[1:-1, None]
    wanted = [np.array(a) * (1 - t) + np.array(b) * t for a, b in dict.fromkeys(ramps)]
    if wanted:
        rest = np.concatenate(wanted).round()
        nearest = np.full(len(rest), np.inf)
        for color in chosen:
            nearest = np.minimum(nearest, np.sqrt(((rest - color) ** 2).sum(axis=1)))
        while len(chosen) < MOST_COLORS and nearest.max() > _NEAR_ENOUGH:
            color = rest[nearest.argmax()]
            chosen.append((int(color[0]), int(color[1]), int(color[2])))
            nearest = np.minimum(nearest, np.sqrt(((rest - color) ** 2).sum(axis=1)))
    return Palette(np.array(chosen, dtype=np.uint8))
