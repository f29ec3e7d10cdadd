"""Where the axes of a plot stand: data to pixels, ticks, and lines cut to what the axes show; nothing is drawn here."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnviz.notation import number
from cnnviz.render.canvas import Box
from cnnviz.render.mpl import Outline, nice_ticks, plain_style
from cnnviz.render.panels.base import LEAST_TEXT, Fit
from cnnviz.storyboard import Plot

Points = npt.NDArray[np.float64]

TICK = 5
TICK_GAP = 4
_TEXT_HEIGHT = 20
_X_APART, _Y_APART = 76, 46
_LEAST_TICKS = 2
_FAR = 1e12


@dataclass(frozen=True)
class Axis:
    """One axis: the data from `lo` to `hi` lie on the middles of the pixels `first` to `last`."""

    lo: float
    hi: float
    first: int
    last: int

    def at(self, values: npt.ArrayLike) -> Points:
        """The pixel coordinates of data values."""
        share = (np.asarray(values, np.float64) - self.lo) / (self.hi - self.lo)
        return self.first + 0.5 + share * (self.last - self.first)

    def pixel(self, value: float) -> int:
        """The pixel that holds a data value."""
        return int(np.floor(self.at(value)))


@dataclass(frozen=True)
class Ticks:
    """The values marked on an axis and their texts."""

    values: tuple[float, ...]
    texts: tuple[str, ...]

    @classmethod
    @plain_style()
    def between(cls, lo: float, hi: float, most: int, least: int = 1) -> Ticks:
        """At most `most` + 1 round values within a range, or more where these would be fewer than `least`."""
        margin, found = 1e-9 * (hi - lo), nice_ticks(lo, hi, max(1, most), least)
        values = [float(v) for v in found if lo - margin <= v <= hi + margin]
        digits = _digits(float(found[1] - found[0]))
        return cls(tuple(values), tuple(number(v, digits) for v in values))


@dataclass(frozen=True, kw_only=True)
class Axes:
    """A plot's axes in its panel: the ticks, and where the data lie, in pixels from the panel's corner."""

    x: Axis
    y: Axis
    x_ticks: Ticks
    y_ticks: Ticks

    @classmethod
    def of(cls, plot: Plot, width: int, height: int, fit: Fit, beside: int = 0) -> Axes:
        """Fit axes into a panel of some size, leaving `beside` pixels at the right for texts."""
        x_ticks = Ticks.between(*plot.x_range, width // fit.tx(_X_APART), _LEAST_TICKS)
        y_ticks = Ticks.between(*plot.y_range, height // fit.tx(_Y_APART), _LEAST_TICKS)
        left, top, right, bottom = _margins(plot, x_ticks, y_ticks, fit)
        spans = width - left - max(right, beside), height - top - bottom
        if plot.square:
            units = plot.x_range[1] - plot.x_range[0], plot.y_range[1] - plot.y_range[0]
            scale = min(spans[0] / units[0], spans[1] / units[1])
            taken = round(units[0] * scale), round(units[1] * scale)
            left, top = left + (spans[0] - taken[0]) // 2, top + (spans[1] - taken[1]) // 2
            spans = taken
        x = Axis(*plot.x_range, left, left + max(1, spans[0]) - 1)
        y = Axis(*plot.y_range, top + max(1, spans[1]) - 1, top)
        return cls(x=x, y=y, x_ticks=x_ticks, y_ticks=y_ticks)

    @property
    def unit_ratio(self) -> float:
        """Units of y that are as long as one of x."""
        x, y = ((axis.last - axis.first) / (axis.hi - axis.lo) for axis in (self.x, self.y))
        return abs(x / y)

    @property
    def area(self) -> Box:
        """The pixels that the data range covers."""
        return Box(self.x.first, self.y.last, self.x.last + 1, self.y.first + 1)

    def points(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Points:
        """Data to (n, 2) pixel coordinates."""
        return np.stack([self.x.at(x), self.y.at(y)], axis=-1)

    def shows(self, x: float, y: float) -> bool:
        """Whether a data point lies within the axes; one that is not known does not."""
        shares = (x - self.x.lo) / (self.x.hi - self.x.lo), (y - self.y.lo) / (self.y.hi - self.y.lo)
        return all(-1e-6 <= share <= 1 + 1e-6 for share in shares)

    def runs(self, points: Points) -> Iterator[Points]:
        """The unbroken parts of a line through (n, 2) pixel points that lie within the axes; NaN breaks a line."""
        if len(points) < 2:
            return
        area = self.area
        # Infinities have no direction, and farther out doubles no longer tell one pixel from the next.
        near = np.clip(points, -_FAR, _FAR)
        # Agg adds a pixel on every side of what it clips to.
        clip = (area.left + 1, area.top + 1, area.right - 1, area.bottom - 1)
        cut = Outline(near).cleaned(clip=clip, remove_nans=True)
        vertices, codes = np.asarray(cut.vertices, np.float64), np.asarray(cut.codes)
        edges = [*np.flatnonzero(codes == Outline.MOVETO), np.flatnonzero(codes == Outline.STOP)[0]]
        for start, end in itertools.pairwise(edges):
            if end - start >= 2:
                yield vertices[start:end]


def strokes(points: Points, lengths: Sequence[float], begun: float = 0.0) -> Iterator[Points]:
    """The strokes of a line through (n, 2) points whose strokes and gaps take turns in `lengths`, of which a length of
    `begun` was drawn before."""
    along, edges = _along(points), [0.0, *itertools.accumulate(lengths)]
    whole, period = along[-1], edges[-1]
    for turn in range(int(begun // period), int((begun + whole) // period) + 1):
        for on, off in zip(edges[::2], edges[1::2], strict=False):
            start, end = max(0.0, turn * period + on - begun), min(whole, turn * period + off - begun)
            if start < end:
                within = (along > start) & (along < end)
                yield _points_at(points, along, np.concatenate([[start], along[within], [end]]))


def _along(points: Points) -> Points:
    """How far each point is along a line."""
    return np.concatenate([[0.0], np.nancumsum(np.hypot(*np.diff(points, axis=0).T))])


def _points_at(points: Points, along: Points, at: Points) -> Points:
    return np.stack([np.interp(at, along, points[:, axis]) for axis in range(2)], axis=1)


def length(points: Points) -> float:
    """How long a line through (n, 2) points is; parts next to NaN count for nothing."""
    return float(_along(points)[-1])


def _digits(step: float) -> int:
    """Decimals that tell ticks `step` apart from each other."""
    return max(0, -int(np.floor(np.log10(step) + 1e-9)))


def _margins(plot: Plot, x_ticks: Ticks, y_ticks: Ticks, fit: Fit) -> tuple[int, int, int, int]:
    """Left, top, right and bottom room for what stands outside of the data range."""

    def widest(ticks: Ticks) -> int:
        return max((fit.typesetter.line(text, fit.size(LEAST_TEXT)).width for text in ticks.texts), default=0)

    least, text, half = fit.px(9), fit.px(_TEXT_HEIGHT * fit.text + TICK), widest(x_ticks) // 2 + 1
    left, bottom = widest(y_ticks) + fit.px(TICK + TICK_GAP + 1), text + (fit.tx(_TEXT_HEIGHT) if plot.x_text else 0)
    return max(left, half, least), text if plot.y_text else least, max(half, least), max(bottom, least)
