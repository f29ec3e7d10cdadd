"""Say a figure in words: title, point, alt text, caption, convention, command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cnnviz.commands._common import tell_facts
from cnnviz.commands._completion import figure_tool
from cnnviz.commands._stored import given, scene_context
from cnnviz.discovery import find_scenes


@figure_tool("FIGURE|FILE", files=True)
def command(figure: str, options: Sequence[str]) -> None:
    """Say a figure in words: title, point, alt text, caption, convention, command.

    For example: cnnviz describe conv --k 3 --s 2 --lang en

    All options of the figure can be given; nothing is drawn. A file that cnnviz wrote can be named in its place.
    """
    path = Path(figure)
    if figure not in find_scenes() and (path.suffix or path.exists()):
        if options:
            raise click.UsageError(f"describe {figure} takes no options: cnnviz rerun makes the figure otherwise")
        _tell_file(path)
        return
    from cnnviz.pipeline import make
    from cnnviz.words.plain import caption, spoken

    context = scene_context(f"describe {figure}", figure, options)
    if context.params["output"] is not None or context.params["formats"]:
        raise click.UsageError("describe writes no file: leave -o and --format out")
    made = make(figure, **given(context))
    board = made.storyboard()
    tell_facts(
        {
            "title": spoken(board.title),
            "point": spoken(board.point),
            "alt": board.alt,
            "caption": caption(board),
            "convention": spoken(board.convention),
            "command": made.command(),
        }
    )


def _tell_file(path: Path) -> None:
    from cnnviz.reading import read

    texts = read(path).texts
    keys = {"title": "Title", "alt": "Description", "caption": "Caption", "command": "Comment"}
    tell_facts({name: texts.get(key) for name, key in keys.items()})
