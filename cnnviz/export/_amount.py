"""How much may be drawn into one file, told before the first picture is."""

from __future__ import annotations

from cnnviz.errors import UsageError
from cnnviz.limits import LEAST_PIXELS, MAX_PIXELS, MIN_WIDTH
from cnnviz.render.frames import GLIDE_MILLISECONDS, Film

_GRAIN = 10


def check_amount(film: Film, most: int = MAX_PIXELS) -> None:
    """Refuse a film whose pictures have more than `most` pixels together; raises UsageError."""
    steps, (width, height) = film.storyboard.count, film.size
    glides = min(film.tween, int(film.timing.step * 1000) // GLIDE_MILLISECONDS)
    pictures = (steps - 1) * (glides + 1) + 1
    pixels = pictures * max(width * height, LEAST_PIXELS)
    if pixels <= most:
        return
    raise UsageError(
        f"{pictures} pictures of {width}×{height} pixels are too many for one file, more than {most // 10**6} million "
        f"pixels: use {_instead(film, most // pictures, glides)}"
    )


def _instead(film: Film, pixels: int, glides: int) -> str:
    """What would make it fewer, where each picture may have so many pixels."""
    width, height = film.size
    ways = ["--tween 0"] if glides else []
    if pixels >= LEAST_PIXELS:
        narrower = int((pixels * width / height) ** 0.5) // _GRAIN * _GRAIN
        ways += [f"--width {narrower}"] if MIN_WIDTH <= narrower < width else []
    return ", ".join([*ways, "fewer steps"]) + ", or .html or .svg, which have no pixels"
