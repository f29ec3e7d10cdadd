"""One painter on a page of its own, as the raster shows it."""

from __future__ import annotations

from cnnviz.render.canvas import Box, Look
from cnnviz.render.frames import Film
from cnnviz.render.palette import Palette, build_palette
from cnnviz.render.panels import painter_class
from cnnviz.render.panels.base import Fit, Painter, Place
from cnnviz.render.raster import Raster
from cnnviz.render.stage import Stage
from cnnviz.render.text import Typesetter
from cnnviz.render.theme import load_theme
from cnnviz.render.timing import Timing
from cnnviz.storyboard import Step, Storyboard

THEME = load_theme("article")
TYPESETTER = Typesetter()


class Shown:
    """What a painter shows on a page of that size; `apply` brings changes in and returns the boxes painted."""

    def __init__(self, painter: Painter, palette: Palette, size: tuple[int, int]) -> None:
        self.palette, self.painter = palette, painter
        self._stage = Stage((painter,))
        self._raster = Raster(self._stage, palette, THEME.page["ground"], size)
        self._raster.draw(self._stage.changes())
        self.pixels = self._raster.pixels

    def apply(self, changes) -> list[Box]:
        for change in changes:
            self.painter.take(change)
        return list(self._raster.show(self._stage.changes()))

    def colors(self):
        return self.palette.colors[self.pixels]


def fit_of(unit=1.0, numbers=True):
    return Fit(typesetter=TYPESETTER, unit=unit, height=round(386 * unit), numbers=numbers)


def shown(panel, size, corner=(0, 0), *, numbers=True, roles=()):
    """A panel of that size on a page with margins."""
    kind, fit = painter_class(panel.kind), fit_of(numbers=numbers)
    colors = kind.colors(panel, 46, fit, THEME, roles)
    palette = build_palette([*THEME.page.values(), *colors.solid], colors.ramps)
    look = Look(theme=THEME, typesetter=TYPESETTER, unit=1.0)
    place = Place(x=corner[0], y=corner[1], width=size[0], height=size[1], cell=46)
    return Shown(kind(panel, place, look, fit), palette, (size[0] + 2 * corner[0], size[1] + 2 * corner[1]))


def film_of(*row, steps=(), numbers=False, **more):
    """A film of panels side by side, without words."""
    steps = steps or [Step(caption="a step")]
    words = dict.fromkeys(("scene", "title", "settings", "formula", "alt"), "")
    board = Storyboard(parameters={}, rows=(row,), steps=lambda: iter(steps), count=len(steps), **words, **more)
    return Film(board, THEME, 960, Timing(step=1, hold=1), numbers=numbers)


def assert_apart(film):
    """Panels and their labels stand on the stage, none on another."""
    layout, width = film.layout, film.size[0]
    unit = width / 960
    boxes = []
    for panel in film.storyboard.panels():
        place = layout.places[panel.name]
        bottom = place.y + place.height
        if place.label:
            lines = len(layout.fit.label_lines(place.label, place.width)) - 1
            bottom = place.label_baseline + round((21 * lines + 4) * unit * layout.fit.text)
        assert place.x >= 36 * unit
        assert place.x + place.width <= width - 36 * unit
        assert place.y >= layout.lines.stage_top - 1
        assert bottom <= layout.lines.band, f"{panel.name} runs into the band"
        boxes.append((place.x, place.y, place.x + place.width, bottom))
    for n, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[n + 1 :]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, "two panels overlap"
