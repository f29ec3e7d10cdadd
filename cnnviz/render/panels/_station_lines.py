"""Lines of a maps panel: outlines of stations, arrows between them, and the ways past them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels._stations import Point
from cnnviz.render.panels.base import Item
from cnnviz.render.pen import Pen
from cnnviz.render.theme import Color
from cnnviz.storyboard import LayerView

# Role: the line's role, its width, its style.
OUTLINES = {
    "idle": ("edge", 1.5, "solid"),
    "active": ("forward", 4.5, "solid"),
    "done": ("forward", 1.5, "solid"),
    "gradient": ("gradient", 4.5, "dashed"),
    "returned": ("gradient", 1.5, "dashed"),
    "updated": ("result", 3.0, "solid"),
}
_ON_THE_WAY_BACK = ("gradient", "returned")
_HEAD = 9


def outline(role: str, box: Box, look: Look) -> Item:
    """Around a station, by its role."""
    line, width, style = OUTLINES[role]
    stroke = max(1, round(width * look.unit))
    color, out = look.theme.line(line), stroke // 2
    right, bottom = box.width + out, box.height + out
    near, far = stroke - stroke // 2, stroke // 2
    corners = np.array((far - out, far - out, right - near, bottom - near))
    ring = corners[[[0, 1], [2, 1], [2, 3], [0, 3], [0, 1]]]

    def draw(pen: Pen) -> None:
        if style == "solid":
            pen.frame(-out, -out, right + out, bottom + out, color, stroke)
        else:
            _draw_dashes(pen, ring, color, stroke)

    return Item(role, Box(-out, -out, right, bottom).grown(stroke + 1), draw, box[:2])


def arrow(a: str, b: str, path: Sequence[Point], look: Look) -> Item:
    """Between stations of two roles: forward, or turned round where the way back has led through it."""
    back = a in _ON_THE_WAY_BACK
    passed = back or "idle" not in (a, b)
    fresh = a == "gradient" if back else b == "active"
    color = look.theme.line(("gradient" if back else "forward") if passed else "edge")
    stroke = look.px(3.5 if fresh else 2)
    points = path[::-1] if back else path
    head = look.px(_HEAD)
    (x, y), (before_x, before_y) = points[-1], points[-2]
    along = (x > before_x) - (x < before_x), (y > before_y) - (y < before_y)
    neck = x - along[0] * head, y - along[1] * head
    side = along[1] * head * 0.6, along[0] * head * 0.6
    triangle = np.array([(x, y), (neck[0] + side[0], neck[1] + side[1]), (neck[0] - side[0], neck[1] - side[1])])
    across, down = zip(*points, strict=True)
    # On whole pixels.
    line = np.array((*points[:-1], neck)) + stroke % 2 / 2

    def draw(pen: Pen) -> None:
        if back and len(points) > 2:
            _draw_dashes(pen, line.astype(int), color, stroke)
        else:
            pen.polyline(line, color, stroke)
        pen.polygon(triangle + 0.5, color)

    box = Box(min(across), min(down), max(across), max(down)).grown(head + 2)
    return Item((color, stroke, back), box, draw)


def past(station: LayerView, role: str, box: Box, look: Look) -> Item:
    """The ways past a station: its input's to a +, or those of branches to where they are joined."""
    px = look.px
    color = look.theme.line("edge" if role == "idle" else "forward")
    y, left, right = (box.top + box.bottom) // 2, box.left - px(13), box.right + px(9)
    stroke, arm, radius = px(2), px(4), px(7)
    heights = [11] if station.residual else [12, 8, 4][: station.branches - 1]
    tops = [box.top - px(height) for height in heights]
    lines = [np.array([(left, y), (left, top), (right, top), (right, y)]) + stroke % 2 / 2 for top in tops]
    turn = np.linspace(0, 2 * np.pi, 33)
    ring = np.stack([right + radius * np.cos(turn), y + radius * np.sin(turn)], axis=1)
    across, up = [(right - arm, y), (right + arm, y)], [(right, y - arm), (right, y + arm)]
    apart = px(2)
    sign = [across, up] if station.residual else [[(x + side, y) for x, y in up] for side in (-apart, apart)]

    def draw(pen: Pen) -> None:
        for line in lines:
            pen.polyline(line, color, stroke)
        pen.polygon(ring, look.theme.page["ground"])
        pen.polyline(ring, color, stroke)
        for ends in sign:
            pen.polyline(np.array(ends), color, stroke)

    return Item((color,), Box(left, min(tops), right, y).grown(radius + stroke + 1), draw)


def _draw_dashes(pen: Pen, points: npt.NDArray[np.int_], color: Color, stroke: int) -> None:
    """A dashed line through whole pixels, along the axes: the same dashes wherever it is cut."""
    for a, b in pairwise(points):
        (left, top), (right, bottom) = np.minimum(a, b).tolist(), np.maximum(a, b).tolist()
        across, long = top == bottom, max(right - left, bottom - top) + stroke
        for start in range(0, long, 4 * stroke + max(3, 3 * stroke)):
            end = min(start + 4 * stroke, long)
            x, y = (left + start, top) if across else (left, top + start)
            wide, tall = (end - start, stroke) if across else (stroke, end - start)
            pen.rect(x - stroke // 2, y - stroke // 2, wide, tall, color)
