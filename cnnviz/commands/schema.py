"""Print the parameters of a figure, or of all, as JSON Schema."""

from __future__ import annotations

import json

import click

from cnnviz.commands._options import completing
from cnnviz.discovery import find_scenes


@click.command()
@click.argument("figure", required=False, shell_complete=completing(find_scenes))
def command(figure: str | None) -> None:
    """Print the parameters of a figure, or of all, as JSON Schema.

    For example: cnnviz schema conv
    """
    from cnnviz.schema import scene_schema, schemas

    click.echo(json.dumps(scene_schema(figure) if figure else schemas(), ensure_ascii=False, indent=2))
