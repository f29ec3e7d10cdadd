"""Lines of a maps panel: outlines of stations, arrows between them, and the ways past them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnviz.render.canvas import Box, Look
from cnnviz.render.panels._stations import Point
from cnnviz.render.panels.base import Item, box_around
from cnnviz.render.pen import Pen
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
    stroke, color = max(1, round(width * look.unit)), look.theme.line(line)
    half = stroke % 2 / 2
    right, bottom = box.width - half, box.height - half
    ring = np.array([(half, half), (right, half), (right, bottom), (half, bottom), (half, half)])
    reach = Box(0, 0, box.width, box.height).grown(stroke + 1)
    return Item(role, reach, lambda pen: pen.polyline(ring, color, stroke, style), box[:2])


def arrow(a: str, b: str, path: Sequence[Point], look: Look) -> Item:
    """Between stations of two roles: forward, or turned round where the way back has led through it."""
    back = a in _ON_THE_WAY_BACK
    passed = back or "idle" not in (a, b)
    fresh = a == "gradient" if back else b == "active"
    color = look.theme.line(("gradient" if back else "forward") if passed else "edge")
    stroke, head = look.px(3.5 if fresh else 2), look.px(_HEAD)
    # On whole pixels.
    points = np.array(path[::-1] if back else path) + stroke % 2 / 2
    along = np.sign(points[-1] - points[-2])
    neck = points[-1] - head * along
    side = 0.6 * head * along[::-1]
    triangle = np.array([points[-1], neck + side, neck - side])
    line, style = np.array([*points[:-1], neck]), "dashed" if back and len(points) > 2 else "solid"

    def draw(pen: Pen) -> None:
        pen.polyline(line, color, stroke, style)
        pen.polygon(triangle, color)

    return Item((color, stroke, back), box_around(points, head + 2), draw)


def past(station: LayerView, box: Box, look: Look) -> Item:
    """The ways past a station: its input's to a +, or those of branches to where they are joined."""
    px = look.px
    color = look.theme.line("edge" if station.role == "idle" else "forward")
    y, left, right = (box.top + box.bottom) // 2, box.left - px(13), box.right + px(9)
    stroke, arm, radius = px(2), px(4), px(7)
    heights = [11] if station.residual else [12, 8, 4][: station.branches - 1]
    tops = [box.top - px(height) for height in heights]
    lines = [np.array([(left, y), (left, top), (right, top), (right, y)]) + stroke % 2 / 2 for top in tops]
    across, up = [(right - arm, y), (right + arm, y)], [(right, y - arm), (right, y + arm)]
    apart = px(2)
    sign = [across, up] if station.residual else [[(x + side, y) for x, y in up] for side in (-apart, apart)]

    def draw(pen: Pen) -> None:
        for line in lines:
            pen.polyline(line, color, stroke)
        pen.disc(right, y, radius + stroke / 2, color)
        pen.disc(right, y, radius - stroke / 2, look.theme.page["ground"])
        for ends in sign:
            pen.polyline(np.array(ends), color, stroke)

    return Item((color,), box_around(np.concatenate(lines), radius + stroke + 1), draw)
