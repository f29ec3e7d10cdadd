"""MkDocs and Zensical: a fenced block ```cnnviz with the command's words becomes the player.

In mkdocs.yml:

    markdown_extensions:
      - pymdownx.superfences:
          custom_fences:
            - name: cnnviz
              class: cnnviz
              format: !!python/name:cnnviz.mkdocs.fence
"""

from __future__ import annotations

import html
import shlex
from collections.abc import Sequence
from typing import Any

import click

from cnnviz.appearance import declared
from cnnviz.cli import scene_command
from cnnviz.discovery import load_scene
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.pipeline import Figure, make


def fence(source: str, language: str, css_class: str, options: Any, md: Any, **more: Any) -> str:
    """What a block such as `conv --k 3 --s 2` becomes; one that is wrong says so in its place."""
    try:
        figure = figure_of_words(shlex.split(source, comments=True))
    except (click.ClickException, CnnvizError, ValueError) as error:
        said = error.format_message() if isinstance(error, click.ClickException) else str(error)
        return f'<p class="{html.escape(css_class)}"><strong>cnnviz: {html.escape(said)}</strong></p>'
    return block(figure, css_class)


def figure_of_words(words: Sequence[str]) -> Figure:
    """The figure of a command's words; raises UsageError, and click's for an option that does not exist."""
    scene, *options = words[1:] if words[:1] == ["cnnviz"] else words or [""]
    cls = load_scene(scene)
    params = scene_command(scene).make_context(scene, options).params
    names = declared(cls)
    if unsupported := [name for name, value in params.items() if name not in names and value]:
        raise UsageError(f"--{unsupported[0]} writes a file, and a page has the figure itself: leave it out")
    return make(scene, **{name: value for name, value in params.items() if name in names and value is not None})


def block(figure: Figure, css_class: str) -> str:
    """The player in a frame of its own, which loads nothing."""
    width = figure.appearance.width
    # Of a page within an attribute, only these two characters would end it or be read as others.
    page = figure.to_html().replace("&", "&amp;").replace('"', "&quot;")
    return (
        f'<iframe class="{html.escape(css_class)}" srcdoc="{page}" loading="lazy" '
        f'title="{html.escape(figure.alt("x.html"))}" sandbox="allow-scripts" '
        f'style="width:100%;max-width:{width}px;aspect-ratio:960/596;border:0"></iframe>'
    )
