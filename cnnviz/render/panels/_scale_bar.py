"""The scale of a panel whose cells are coloured by value."""

from __future__ import annotations

import math

import numpy as np

from cnnviz.notation import in_cell
from cnnviz.render.canvas import Box, Look
from cnnviz.render.palette import Pixels
from cnnviz.render.panels.base import LABEL_LEADING, TICK_SIZE, Fit, Item, Place
from cnnviz.render.pen import Pen
from cnnviz.storyboard import Block, Grid

SCALE_HEIGHT = 26
"""Pixels wanted under the label."""

_BAR = 12


def scale_bar(panel: Grid | Block, scale: Pixels, place: Place, look: Look, fit: Fit) -> Item:
    """A bar of the scale's colours between its two ends."""
    shade, page, px = panel.shade, look.theme.page, fit.tx
    assert shade is not None
    # Three figures are enough to read a colour by.
    digits = min(panel.digits, max(0, 2 - math.floor(math.log10(max(abs(shade.lo), abs(shade.hi)) or 1))))
    low, high = (look.typesetter.line(in_cell(v, digits), fit.size(TICK_SIZE)) for v in (shade.lo, shade.hi))
    bar = min(px(120), max(px(48), place.width - low.width - high.width - px(12)))
    height, width = max(low.ascent, px(_BAR)) + px(6), low.width + high.width + bar + px(12)
    baseline, start = height - px(3), low.width + px(6)
    top = baseline - px(_BAR) + 1
    colors = np.tile(scale[np.arange(bar) * len(scale) // bar], (px(_BAR), 1, 1))

    def draw(pen: Pen) -> None:
        pen.text(low, 0, baseline, page["muted"])
        pen.rect(start - 1, top - 1, bar + 2, px(_BAR) + 2, page["muted"])
        pen.image(colors, start, top)
        pen.text(high, start + bar + px(6), baseline, page["muted"])

    under = (len(fit.label_lines(place.label, place.width)) - 1) * px(LABEL_LEADING)
    y = place.label_baseline - place.y + px(10) + under if place.label else place.height + px(4)
    return Item("", Box(0, 0, width, height), draw, ((place.width - width) // 2, y))
