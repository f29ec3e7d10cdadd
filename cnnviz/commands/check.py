"""Compute the figures' numbers again with an engine that is not ours, and compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnviz.commands._common import tell_reports
from cnnviz.commands._completion import completing
from cnnviz.commands._stored import given, scene_context, stored
from cnnviz.commands._targets import Target, Targets, complete_target, is_path
from cnnviz.discovery import find_scenes, load_scene

if TYPE_CHECKING:
    from cnnviz.check import Report


@click.command(cls=Targets)
@click.argument("targets", nargs=-1, metavar="[TARGET [ITS OPTIONS]]...", shell_complete=complete_target)
@click.option(
    "--against",
    default="onnxruntime",
    show_default=True,
    metavar="ENGINE",
    shell_complete=completing(lambda: ("onnxruntime", "torch")),
    help="onnxruntime or torch.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but differences.")
def command(targets: Sequence[Target], against: str, quiet: bool) -> None:
    """Compute the figures' numbers again with an engine that is not ours, and compare.

    For example: cnnviz check conv --k 3 --s 2 pool animations/ fig.gif

    A target is a figure, a figure set or a folder of them, or a file that was made; without one all figures are
    checked. All options of a figure can follow its name; without any each of its kinds is checked. Of a file the
    figure of its command is computed again: its pixels are not read.
    """
    from cnnviz.check import check_scenes

    # Refuse a mistyped name or option before anything is checked.
    found = [_reports(target, against) for target in targets] if targets else [check_scenes((), against)]
    if tell_reports(chain.from_iterable(found), quiet):
        raise SystemExit(1)


def _reports(target: Target, against: str) -> Iterable[Report]:
    """Of a figure by its name, else of what a path holds."""
    from cnnviz.batch import job_count
    from cnnviz.check import check_scenes, check_sets

    path, figure = Path(target.name), target.name in find_scenes() or not is_path(target.name)
    if target.options and not figure:
        raise click.UsageError(f"{target.name} takes no options: {target.options[0]} goes behind a figure's name")
    if target.options:
        return _with_options(target, against)
    if figure:
        load_scene(target.name)
        return check_scenes((target.name,), against)
    if path.is_dir() or path.suffix == ".toml":
        return check_sets([path], against, job_count(None))
    return _of_file(path, against)


def _with_options(target: Target, against: str) -> Iterable[Report]:
    from cnnviz.check import check_figure
    from cnnviz.pipeline import make

    context = scene_context(f"check {target.name}", target.name, target.options)
    if context.params["output"] is not None or context.params["formats"] or context.params["code"] is not None:
        raise click.UsageError("check writes no file: leave -o, --format and --code out")
    return map(check_figure, [make(target.name, **given(context))], [against])


def _of_file(path: Path, against: str) -> Iterator[Report]:
    from cnnviz.check import check_figure
    from cnnviz.pipeline import make
    from cnnviz.reading import read

    scene, parameters = stored(read(path), path)
    yield check_figure(make(scene, **parameters), against, str(path))
