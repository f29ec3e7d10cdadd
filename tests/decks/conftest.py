"""A figure set with three figures in two sections, and texts that would break what does not escape them."""

import pytest

from cnnviz.pipeline import make
from cnnviz.talk import write_talk

EVIL = '<b>&amp;</b> {{ x }} $5 100% #1 \\alpha _u_ ~ ^ "q" --> -- *s* `c` [a](b) | </script><!--'
LISTED = "1. Not a list, 3 × 4 → x̂."
SET = f"""
[[figure]]
scene = "conv"
name = "first.one"
section = "One & <two>"
caption = '''{EVIL}'''
title = '''T {EVIL}'''
width = 320
step = 0.5
tween = 0
i = 3
k = 2

[[figure]]
scene = "pool"
name = "second"
section = "One & <two>"
caption = "{LISTED}"
width = 320
tween = 0
once = true

[[figure]]
scene = "unpool"
name = "third"
section = "Three"
width = 320
tween = 0
"""


FIGURES = (
    make("conv", i=3, k=2, subtitle=EVIL, step=0.5, tween=0),
    make("pool", subtitle=LISTED, tween=0),
    make("unpool", tween=0),
)
"""The set's figures, whose captions are their subtitles."""


@pytest.fixture(scope="session")
def figure_set(tmp_path_factory):
    path = tmp_path_factory.mktemp("set") / "my-talk.toml"
    path.write_text(SET, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def deck_of(figure_set, tmp_path_factory):
    """Make the set's deck once for each name and options: its path."""
    made = {}

    def make(name, **options):
        key = name, tuple(sorted(options.items()))
        if key not in made:
            made[key] = tmp_path_factory.mktemp("deck") / name
            write_talk(figure_set, made[key], **options)
        return made[key]

    return make
