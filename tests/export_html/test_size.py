"""The player page stays small for every figure: scenes, their variants, and the article's."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from cnnviz.batch import read_set
from cnnviz.discovery import find_scenes
from cnnviz.export.html import LIMIT, write
from cnnviz.pipeline import make
from tests.figures import all_figures, make_figure

ARTICLE = Path(__file__).parents[2] / "animations" / "article.toml"


@pytest.mark.parametrize("scene", sorted(find_scenes()))
def test_every_page_is_small(scene):
    figures = [make_figure(figure) for figure in all_figures() if figure[0] == scene]
    figures += [make(scene, **entry.resolved()) for entry in read_set(ARTICLE) if entry.scene == scene]
    sizes = {}
    for command, figure in {figure.command(): figure for figure in figures}.items():
        file = io.BytesIO()
        write(figure.job(), file)
        sizes[command] = len(file.getvalue())
    assert sizes
    assert {command: size for command, size in sizes.items() if size > LIMIT} == {}


def test_the_bound_is_sixty_kibibytes():
    assert LIMIT == 60 * 1024
