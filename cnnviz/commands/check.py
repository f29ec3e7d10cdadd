"""Compute the figures' numbers again with an engine that is not ours, and compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnviz.commands._common import print_reports
from cnnviz.commands._options import completing
from cnnviz.commands._stored import given, refuse_files, scene_context, stored
from cnnviz.discovery import find_scenes, load_scene

if TYPE_CHECKING:
    from cnnviz.check import Report


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument(
    "targets",
    nargs=-1,
    type=click.UNPROCESSED,
    metavar="[TARGETS | FIGURE [OPTIONS]]...",
    shell_complete=completing(find_scenes, files=True),
)
@click.option(
    "--against",
    default="onnxruntime",
    show_default=True,
    metavar="ENGINE",
    shell_complete=completing(lambda: ("onnxruntime", "torch")),
    help="onnxruntime or torch.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but differences.")
def command(targets: Sequence[str], against: str, quiet: bool) -> None:
    """Compute the figures' numbers again with an engine that is not ours, and compare.

    For example: cnnviz check pool animations/ fig.gif; cnnviz check conv --k 3 --s 2

    A target is a figure, a figure set or a folder of them, or a file that was made; without one all figures are
    checked. Options of a single figure can follow its name; without any each of its kinds is checked. Of a file the
    figure of its command is computed again: its pixels are not read.
    """
    from cnnviz.check import check_scenes

    figure, *options = targets or [""]
    if all(word in find_scenes() or _is_path(word) for word in options):
        # Refuse a mistyped name before anything is checked.
        found = [_reports(target, against) for target in targets] or [check_scenes((), against)]
    else:
        found = [_with_options(figure, options, against)]
    if print_reports(chain.from_iterable(found), quiet):
        raise SystemExit(1)


def _is_path(word: str) -> bool:
    """Whether a word that is no figure's name looks like a file or a folder."""
    return Path(word).exists() or Path(word).suffix != "" or "/" in word


def _reports(target: str, against: str) -> Iterable[Report]:
    """Of a figure by its name, else of what a path holds."""
    from cnnviz.batch import core_count
    from cnnviz.check import check_scenes, check_sets
    from cnnviz.reading import read

    path = Path(target)
    if target in find_scenes() or not _is_path(target):
        load_scene(target)
        return check_scenes((target,), against)
    if path.is_dir() or path.suffix == ".toml":
        return check_sets([path], against, core_count())
    return _checked(*stored(read(path), path), against, target)


def _with_options(figure: str, options: Sequence[str], against: str) -> Iterator[Report]:
    context = scene_context(f"check {figure}", figure, options)
    refuse_files(context, "check")
    return _checked(figure, given(context), against)


def _checked(figure: str, parameters: Mapping[str, Any], against: str, name: str = "") -> Iterator[Report]:
    from cnnviz.check import check_figure
    from cnnviz.pipeline import make

    yield check_figure(make(figure, **parameters), against, name)
