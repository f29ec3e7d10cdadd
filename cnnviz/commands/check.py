"""Compute the figures' numbers again with an engine that is not ours, and compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnviz.commands._common import tell_reports
from cnnviz.commands._stored import stored
from cnnviz.discovery import find_scenes

if TYPE_CHECKING:
    from cnnviz.check import Report


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("--against", default="onnxruntime", show_default=True, metavar="ENGINE", help="onnxruntime or torch.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but differences.")
def command(targets: Sequence[str], against: str, quiet: bool) -> None:
    """Compute the figures' numbers again with an engine that is not ours, and compare.

    For example: cnnviz check conv animations/ fig.gif

    A target is a figure, a figure set or a folder of them, or a file that was made; without one all figures are
    checked. Of a file the figure of its command is computed again: its pixels are not read.
    """
    from cnnviz.check import check_scenes

    if tell_reports(
        chain.from_iterable(_reports(target, against) for target in targets) if targets else check_scenes((), against),
        quiet,
    ):
        raise SystemExit(1)


def _reports(target: str, against: str) -> Iterator[Report]:
    """Of a figure by its name, else of what a path holds."""
    from cnnviz.check import check_figure, check_scenes, check_sets
    from cnnviz.pipeline import make
    from cnnviz.reading import read

    path = Path(target)
    if target in find_scenes() or not (path.exists() or path.suffix or "/" in target):
        yield from check_scenes((target,), against)
    elif path.is_dir() or path.suffix == ".toml":
        yield from check_sets([path], against)
    else:
        scene, parameters = stored(read(path), path)
        yield check_figure(make(scene, **parameters), against, str(path))
