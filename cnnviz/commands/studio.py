"""Open a page on which parameters are changed and the figure follows."""

from __future__ import annotations

import webbrowser

import click

from cnnviz.commands._options import completing
from cnnviz.discovery import find_scenes, load_scene
from cnnviz.installation import load_extra


@click.command()
@click.argument("scene", metavar="[FIGURE]", required=False, shell_complete=completing(find_scenes))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on this machine.  [default: a free one]")
@click.option("--browser/--no-browser", default=True, help="Open the page in a browser; else only print its address.")
def command(scene: str | None, port: int, browser: bool) -> None:
    """Open a page on which parameters are changed and the figure follows; Ctrl-C ends it.

    For example: cnnviz studio conv
    """
    if scene is not None:
        load_scene(scene)
    server = load_extra("cnnviz.studio.server", "Starlette and uvicorn", "studio", "studio")

    def announce(address: str) -> None:
        click.echo(f"{address}  (Ctrl-C ends it)")
        if browser:
            webbrowser.open(address)

    server.serve(scene, port, announce)
