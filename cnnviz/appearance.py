"""Options that all figures share: how they look and how they play."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.limits import (
    MAX_FONT_SCALE,
    MAX_SECONDS,
    MAX_SHEET,
    MAX_TITLE,
    MAX_TWEEN,
    MAX_WIDTH,
    MIN_FONT_SCALE,
    MIN_WIDTH,
    MOST_TWEENED,
    TWEEN,
)
from cnnviz.mathtext import check_nesting
from cnnviz.parameters import Parameter, Parameters, Size, param, parameters_of, quote
from cnnviz.places import PLACES
from cnnviz.programs import frameworks

_BYTES = re.compile(r"(\d{1,12}(?:[.,]\d{1,6})?) ?([KMG]?)(i?)B?", re.IGNORECASE)
# Without `--step` a figure is slow enough to read and over before an audience looks away. A bare figure has nothing to
# read, so its steps are shorter.
MAX_STEP_SECONDS, MIN_STEP_SECONDS, TARGET_SECONDS, BARE_STEP_FACTOR = 1.0, 0.05, 24.0, 0.45

_look, _timing = partial(param, group="Look"), partial(param, group="Timing")
_FRAMES = ("first", "last", "all")

# Defaults of a bare figure: there is nothing to read, and the file should be small.
_BARE: Mapping[str, Any] = {"width": 320, "hold": 2.0, "tween": 2}


def _themes() -> Iterable[str]:
    from cnnviz.render.theme import theme_names

    return theme_names()


def _languages() -> Iterable[str]:
    from cnnviz.words.language import languages

    return ("en", *languages())


@dataclass(frozen=True, kw_only=True)
class Appearance(Parameters):
    """Options that all figures share: how they look and how they play."""

    title: str | None = _look(None, help="Title instead of the figure's own.", shown_default="the figure's own")
    subtitle: str | None = _look(
        None, help='Sentence under the title, "" for none.', shown_default="what the figure shows"
    )
    theme: str = _look("article", help="Colours: a theme's name or a TOML file.", names=_themes, files=True)
    lang: str = _look("en", help="Language of all words: en, zh, or a TOML file.", names=_languages, files=True)
    notation: str = _look(
        "ikspo",
        help="Symbols: the article's i, k, s, p, o, or H, W, K, S, P.",
        choices=("ikspo", "HWKSP"),
    )
    width: int = _look(960, help="Width of the picture, 16:9.", lo=MIN_WIDTH, hi=MAX_WIDTH, unit="px")
    font_scale: float = _look(
        1.0,
        help=f"Size of all text, for the back row: up to {MAX_FONT_SCALE:g}.",
        lo=MIN_FONT_SCALE,
        hi=MAX_FONT_SCALE,
    )
    transparent: bool = _look(
        False,
        help="No background; for dark slides add --theme dark or blueprint.",
    )
    bare: bool = _look(
        False,
        help="Only grids and windows: no words, numbers or operators; 360 px wide, half a second a step.",
        negatable=True,
    )
    values: bool = _look(True, help="Show numbers in the cells, and the arithmetic.")
    code_line: str | None = _look(
        None,
        help="Show the call that computes this in a framework.",
        choices=frameworks(),
        shown_default="none",
    )
    step: float | None = _timing(
        None,
        help="Shortest time to show a step.",
        lo=0.02,
        hi=MAX_SECONDS,
        unit="s",
        shown_default=f"{MAX_STEP_SECONDS:g}, less where there are many steps",
    )
    hold: float = _timing(3.0, help="How long to hold the last step.", lo=0.02, hi=MAX_SECONDS, unit="s")
    tween: int | None = _timing(
        None,
        help=f"Frames in which a window glides to its next position, up to {MAX_TWEEN}; 0 jumps.",
        lo=0,
        hi=MAX_TWEEN,
        shown_default=f"{TWEEN}; 0 where steps are short, and in GIF, APNG and WebP of more than {MOST_TWEENED}",
    )
    once: bool = _timing(False, help="Play once instead of looping.", negatable=True)
    for_: str | None = param(
        None,
        help="Where the figure goes; sets the format, size, timing and file limit for it.",
        choices=tuple(PLACES),
        group="Output",
    )
    max_size: str | None = param(
        None,
        help="Largest file, such as 5MB: a picture that is too large is made narrower.",
        shown_default="no limit",
        group="Output",
    )
    frame: str = param(
        "last",
        help="Step to show in a still: last, first or its number; all for .svg and .pdf.",
        group="Still",
        names=lambda: _FRAMES,
    )
    sheet: Size | None = param(
        None,
        help="Steps on one contact sheet, rows x columns, each as wide as --width; for .png, .svg, .pdf.",
        lo=1,
        hi=MAX_SHEET,
        group="Still",
    )

    def __post_init__(self) -> None:
        for name in ("frame", "max_size"):
            if isinstance(getattr(self, name), Integral):
                object.__setattr__(self, name, str(getattr(self, name)))
        for name in ("theme", "frame"):
            # A theme of the user's own is a path.
            if isinstance(word := getattr(self, name), str) and "." not in word:
                object.__setattr__(self, name, word.strip().lower())
        super().__post_init__()
        _check_line(self.title or "", "--title")
        _check_line(self.subtitle or "", "--subtitle")
        _check_frame(self.frame)
        if self.sheet is not None and self.frame != "last":
            raise UsageError(f"--frame {self.frame} is one step and --sheet is many: leave one out")
        if self.max_size is not None:
            bytes_of(self.max_size)

    def defaults(self) -> Mapping[str, Any]:
        """The defaults of a bare figure and of its destination."""
        return default_look(bare=self.bare, for_=self.for_)


def default_look(*, bare: Any = False, for_: Any = None, **_: Any) -> Mapping[str, Any]:
    """The defaults of `Appearance` that change with `bare` and `for_`."""
    place = PLACES.get(str(for_).lower())
    return {**(_BARE if bare is True else {}), **(place.look if place else {})}


def declared(scene: type[Parameters]) -> dict[str, Parameter]:
    """The parameters of a figure by their names: those of its scene, then those of its appearance."""
    return {parameter.name: parameter for cls in (scene, Appearance) for parameter in parameters_of(cls)}


def bytes_of(size: str) -> int:
    """The bytes of a size such as 5MB, 300 KiB or 2500; raises UsageError."""
    count = 0
    if found := _BYTES.fullmatch(size):
        count = int(
            float(found[1].replace(",", ".")) * (1024 if found[3] else 1000) ** " KMG".index(found[2].upper() or " ")
        )
    if not count:
        raise UsageError(f"--max-size {quote(size)} is not a size: give one such as 5MB, 300KB or 2MiB")
    return count


def _check_line(text: str, option: str) -> None:
    if len(text) > MAX_TITLE:
        raise UsageError(f"{option} has {len(text)} characters: use at most {MAX_TITLE}")
    if not text.isprintable():
        raise UsageError(
            f"{option} {quote(text)} contains a character that cannot be drawn: use one line of plain text"
        )
    check_nesting(text, option)


def _check_frame(frame: str) -> None:
    if frame not in _FRAMES and not re.fullmatch("[1-9][0-9]{0,8}", frame):
        raise UsageError(f"--frame {quote(frame)} is not a step: use last, first, a number from 1 on, or all")
