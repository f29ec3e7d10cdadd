"""Render figure sets: TOML files, or folders of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cnnviz.commands._common import OUTPUT_FOLDER, UserPath, jobs_option, print_reports
from cnnviz.sets import shipped_sets


def _list_sets(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    for name in shipped_sets():
        click.echo(name)
    context.exit()


@click.command()
@click.argument("sets", nargs=-1, required=True, metavar="SETS...", type=UserPath())
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_sets,
    help="Name the figure sets that come with cnnviz.",
)
@click.option(
    "-o",
    "--out",
    default=str(OUTPUT_FOLDER),
    show_default=True,
    metavar="FOLDER",
    type=UserPath(),
    help="Where the figures go.",
)
@jobs_option
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Dask cluster to work on, such as tcp://127.0.0.1:8786.  [default: this machine]",
)
@click.option("--force", is_flag=True, help="Make figures again that are up to date.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--check", is_flag=True, help="Then compute every figure's numbers again with ONNX Runtime.")
def command(
    sets: Sequence[str], out: str, jobs: int | None, scheduler: str | None, force: bool, quiet: bool, check: bool
) -> None:
    """Render figure sets: TOML files, folders of them, or sets that come with cnnviz.

    For example: cnnviz render article --out output/
    """
    from cnnviz.batch import core_count, render_sets

    paths = list(map(Path, sets))
    failed = render_sets(paths, Path(out), jobs=jobs, force=force, quiet=quiet, scheduler=scheduler)
    if check:
        from cnnviz.check import check_sets

        reports = check_sets(paths, "onnxruntime", jobs or core_count())
        # Rendering has already reported what cannot be made.
        failed += print_reports((report for report in reports if not report.not_made), quiet)
    if failed:
        raise SystemExit(1)
