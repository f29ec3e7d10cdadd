"""Put a figure's steps on one page, for paper and handouts."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.commands._options import figure_tool
from cnnviz.commands._output import leaves_format_open
from cnnviz.commands._stored import given, scene_context

_ROWS, _COLUMNS = 4, 3


@figure_tool()
def command(figure: str, options: Sequence[str]) -> None:
    """Put a figure's steps on one page, for paper and handouts.

    For example: cnnviz sheet conv --k 3 --s 2 --theme print -o handout.png

    All options of the figure can be given. Up to twelve steps are all shown, of more nine that lie evenly; --sheet 4x5
    (rows x columns) has it otherwise. Without -o it is a .png in output/.
    """
    from cnnviz.pipeline import make

    context = scene_context(f"sheet {figure}", figure, options)
    if context.params["sheet"] is None:
        context.params["sheet"] = layout(make(figure, **given(context)).storyboard().count)
    if leaves_format_open(context.params["output"]) and not context.params["formats"]:
        context.params["formats"] = ("png",)
    with context:
        context.command.invoke(context)


def layout(count: int) -> tuple[int, int]:
    """Rows and columns for so many steps: all of them if they stay large enough to be read, else nine."""
    columns = 1 if count == 1 else 2 if count in (2, 4) else _COLUMNS
    rows = -(-count // columns)
    return (rows, columns) if rows <= _ROWS else (_COLUMNS, _COLUMNS)
