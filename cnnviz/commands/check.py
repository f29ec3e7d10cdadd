"""Recompute the numbers of figures with another engine and compare them."""

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
@click.option("-q", "--quiet", is_flag=True, help="Print differences only.")
def command(targets: Sequence[str], against: str, quiet: bool) -> None:
    """Recompute the numbers of figures with another engine and compare them.

    For example: cnnviz check pool animations/ fig.gif; cnnviz check conv --k 3 --s 2

    A target is a figure, a figure set, a folder of sets, or a file made by cnnviz; without targets all figures are
    checked. The name of a single figure may be followed by its options; without options each of its kinds is checked.
    For a file the figure is recomputed from the command that it contains; its pixels are not read.
    """
    from cnnviz.check import check_scenes

    figure, *options = targets or [""]
    if all(word in find_scenes() or _is_path(word) for word in options):
        # A mistyped name raises before anything is checked.
        reports = [_reports(target, against) for target in targets] or [check_scenes((), against)]
    else:
        reports = [_with_options(figure, options, against)]
    if print_reports(chain.from_iterable(reports), quiet):
        raise SystemExit(1)


def _is_path(word: str) -> bool:
    """Whether a word that is not the name of a figure looks like a file or folder."""
    return Path(word).exists() or Path(word).suffix != "" or "/" in word


def _reports(target: str, against: str) -> Iterable[Report]:
    """The reports on a figure, or on the figures in a file or folder."""
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
