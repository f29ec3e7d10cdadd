"""Compute the figures' numbers again with an engine that is not ours, and compare."""

from __future__ import annotations

from collections.abc import Sequence

import click

from cnnviz.commands._common import tell_reports


@click.command()
@click.argument("scenes", nargs=-1, metavar="[SCENE]...")
@click.option("--against", default="onnxruntime", show_default=True, metavar="ENGINE", help="onnxruntime or torch.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but differences.")
def command(scenes: Sequence[str], against: str, quiet: bool) -> None:
    """Compute the figures' numbers again with an engine that is not ours, and compare.

    For example: cnnviz check conv pool
    """
    from cnnviz.check import check_scenes

    if tell_reports(check_scenes(scenes, against), quiet):
        raise SystemExit(1)
