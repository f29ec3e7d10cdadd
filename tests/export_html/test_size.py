"""The player page stays small and asks for nothing: of each scene, and where it came nearest to the bound."""

from __future__ import annotations

import io
import re
from html import escape

import pytest

from cnnviz.discovery import find_scenes
from cnnviz.export.html import write
from cnnviz.pipeline import make
from tests.figures import make_figure, named

LARGE = [
    ("activation", {"kind": "table"}), ("lrn", {"alpha_over_n": True, "n": 2}),
    ("pool", {"i": 7, "k": 2, "d": 2, "s": 1}),
    ("transposed-conv", {"view": "scatter", "p": 1}), ("unpool", {"i": 24}), ("conv-relation", {"i": 24}),
]  # fmt: skip
FIGURES = [(name, {}) for name in find_scenes()] + LARGE


@pytest.mark.parametrize("figure", FIGURES, ids=map(named, FIGURES))
def test_every_page_is_small_and_asks_for_nothing(figure):
    file, made = io.BytesIO(), make_figure(figure)
    write(made.job(), file)
    assert len(file.getvalue()) <= 60 * 1024
    page = file.getvalue().decode("utf-8")
    assert not re.search(r"https?://|\bsrc=|@import|url\(", page)
    assert escape(make(figure[0], **figure[1]).command(), quote=True) in page
