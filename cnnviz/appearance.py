"""What all figures have in common: how they look and how they play."""

from __future__ import annotations

import re
from dataclasses import dataclass
from numbers import Integral

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
)
from cnnviz.parameters import Parameters, Size, param, quote

# Without `--step` a figure is slow enough to be read and still over before a talk's audience looks away.
LONGEST_STEP, SHORTEST_STEP, WHOLE = 1.0, 0.05, 24.0


@dataclass(frozen=True, kw_only=True)
class Appearance(Parameters):
    """What all figures have in common: how they look and how they play."""

    title: str | None = param(
        None, help="Title instead of the figure's own.", shown_default="the figure's own", group="Look"
    )
    theme: str = param("article", help="Colours: a theme's name or a TOML file.", group="Look")
    lang: str = param("en", help="Language of all words, such as en or zh.", group="Look")
    notation: str = param(
        "ikspo", help="Symbols: the article's i, k, s, p, o, or H, W, K, S, P.", choices=("ikspo", "HWKSP"),
        group="Look",
    )  # fmt: skip
    width: int = param(960, help="Width of the picture, 16:9.", lo=MIN_WIDTH, hi=MAX_WIDTH, unit="px", group="Look")
    font_scale: float = param(
        1.0, help="Size of all text, for the back row.", lo=MIN_FONT_SCALE, hi=MAX_FONT_SCALE, group="Look"
    )
    transparent: bool = param(False, help="Leave the ground out, for GIF, WebP, APNG, PNG and SVG.", group="Look")
    values: bool = param(True, help="Show numbers in the cells, and the arithmetic.", group="Look")
    step: float | None = param(
        None, help="How long a step is shown.", lo=0.02, hi=MAX_SECONDS, unit="s", group="Timing",
        shown_default=f"{LONGEST_STEP:g}, less where there are many steps",
    )  # fmt: skip
    hold: float = param(2.0, help="How long the last step is held.", lo=0.02, hi=MAX_SECONDS, unit="s", group="Timing")
    tween: int | None = param(
        None, help="Pictures in which a window glides to its next place; 0 jumps.", lo=0, hi=MAX_TWEEN,
        shown_default="0; 6 in video and HTML", group="Timing",
    )  # fmt: skip
    once: bool = param(False, help="Play once instead of for ever.", group="Timing")
    frame: str = param(
        "last", help="Step that a still shows: last, first, its number; all for .svg and .pdf.", group="Still"
    )
    sheet: Size | None = param(
        None, help="Steps on one contact sheet, rows x columns, each as wide as --width; for .png.",
        lo=1, hi=MAX_SHEET, group="Still",
    )  # fmt: skip

    def __post_init__(self) -> None:
        if isinstance(self.frame, Integral):
            object.__setattr__(self, "frame", str(self.frame))
        super().__post_init__()
        _check_title(self.title or "")
        _check_frame(self.frame)
        if self.sheet is not None and self.frame != "last":
            raise UsageError(f"--frame {self.frame} is one step and --sheet many: leave one of them out")


def _check_title(title: str) -> None:
    if len(title) > MAX_TITLE:
        raise UsageError(f"--title has {len(title)} characters: use at most {MAX_TITLE}")
    if not title.isprintable():
        raise UsageError(f"--title {quote(title)} holds a sign that cannot be drawn: use one line of plain text")


def _check_frame(frame: str) -> None:
    if frame not in ("first", "last", "all") and not re.fullmatch("[1-9][0-9]{0,8}", frame):
        raise UsageError(f"--frame {quote(frame)} is not a step: use last, first, a number from 1 on, or all")
