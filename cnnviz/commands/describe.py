"""Say a figure in words: title, point, alt text, caption, convention, command."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.commands._common import print_facts
from cnnviz.commands._options import figure_tool
from cnnviz.commands._stored import given, refuse_files, scene_context


@figure_tool()
def command(figure: str, options: Sequence[str]) -> None:
    """Say a figure in words: title, point, alt text, caption, convention, command.

    For example: cnnviz describe conv --k 3 --s 2 --lang en

    All options of the figure can be given; nothing is drawn. `cnnviz info` tells of a file.
    """
    from cnnviz.pipeline import make
    from cnnviz.words.plain import caption, spoken

    context = scene_context(f"describe {figure}", figure, options)
    refuse_files(context, "describe")
    made = make(figure, **given(context))
    board = made.storyboard()
    print_facts(
        {
            "title": spoken(board.title),
            "point": spoken(board.point),
            "alt": board.alt,
            "caption": caption(board),
            "convention": spoken(board.convention),
            "command": made.command(),
        }
    )
