"""The command line: a command for each scene, made from its declared parameters, and a few tools."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from cnnviz import __version__
from cnnviz.appearance import declared
from cnnviz.commands._common import OUTPUT_FOLDER, UserPath, describe_output
from cnnviz.commands._drawing import drawing
from cnnviz.commands._options import completing, completion, option
from cnnviz.commands._output import STDOUT, write_files
from cnnviz.discovery import add_folder, docstring, find_scene, find_scenes, load_scene, summary
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.export import formats as known_formats
from cnnviz.parameters import suggest
from cnnviz.pipeline import make
from cnnviz.programs import frameworks

_TOOLS_FOLDER = Path(__file__).with_name("commands")
_GC_THRESHOLD = 200_000
_GROUPS = ("Operation", "Data", "Look", "Timing", "Still", "Output")
_POSITIONAL = "_positional"


def tools() -> dict[str, Path]:
    """The commands that are not scenes, with their files."""
    return {file.stem: file for file in sorted(_TOOLS_FOLDER.glob("[!_]*.py"))}


class SceneCommand(click.Command):
    """The command of a scene, with its options in groups."""

    def __init__(
        self, name: str, arguments: list[click.Parameter], groups: dict[str, list[click.Parameter]], **kwargs: Any
    ) -> None:
        super().__init__(name, params=sum(groups.values(), arguments), **kwargs)
        self._groups = groups

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, and use a positional argument as the value of its option."""
        rest = super().parse_args(ctx, args)
        for key in [key for key in ctx.params if key.endswith(_POSITIONAL)]:
            name, value = key.removesuffix(_POSITIONAL), ctx.params.pop(key)
            if value is not None:
                if ctx.params[name] is not None:
                    raise click.UsageError(f"{name} is given twice, as an argument and as --{name}", ctx)
                ctx.params[name] = value
        return rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section for each group of options."""
        for group, options in self._groups.items():
            with formatter.section(group):
                formatter.write_dl([record for option in options if (record := option.get_help_record(ctx))])


class Commands(click.Group):
    """All scenes and tools, imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Scenes, then tools."""
        return [*find_scenes(), *tools()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A tool, or the command for a scene."""
        if cmd_name in tools():
            module = importlib.import_module(f"cnnviz.commands.{cmd_name}")
            tool: click.Command = module.command
            tool.name = cmd_name
            # Python started with -OO has no docstrings.
            tool.help = tool.help or summary(tools()[cmd_name])
            return tool
        return scene_command(cmd_name) if find_scene(cmd_name) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve as click does, with a hint for a mistyped name."""
        if not (args[0] in tools() or find_scene(args[0])):
            hint = suggest(args[0], tuple(self.list_commands(ctx)))
            raise click.UsageError(f"there is no command {args[0]!r}: {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List figures and tools with one line each, without importing them."""
        for heading, files in (("Figures", find_scenes()), ("Tools", tools())):
            with formatter.section(heading):
                formatter.write_dl([(name, summary(file)) for name, file in files.items()])


@click.group(
    cls=Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        # Python writes `kernel_size` what the command line calls `kernel-size`.
        "token_normalize_func": lambda name: name.replace("_", "-"),
    },
    epilog="See `cnnviz FIGURE --help`.",
    help="""Accurate, animated figures of what a convolutional network computes.

    For example: cnnviz conv --k 3 --s 2 --p 1
    """,
)
@click.version_option(__version__, prog_name="cnnviz")
@click.option(
    "--scenes",
    multiple=True,
    metavar="FOLDER",
    is_eager=True,
    expose_value=False,
    help="Folder with your own scenes.",
    callback=lambda _context, _option, folders: list(map(add_folder, folders)),
)
def cli() -> None:
    """The main command."""


def scene_command(name: str) -> click.Command:
    """The command for a scene, from its dataclass and `Appearance`."""
    scene = load_scene(name)
    parameters = declared(scene).values()
    groups: dict[str, list[click.Parameter]] = {group: [] for group in _GROUPS}
    for parameter in parameters:
        groups.setdefault(parameter.spec.group, []).append(option(parameter))
    groups["Output"] += _output_options()
    arguments: list[click.Parameter] = [
        click.Argument(
            [p.name + _POSITIONAL], required=False, metavar=f"[{p.name.upper()}]", shell_complete=completion(p)
        )
        for p in parameters
        if p.spec.positional
    ]
    doc = docstring(scene)
    return SceneCommand(
        name,
        arguments,
        {group: options for group, options in groups.items() if options},
        help=doc,
        short_help=doc.splitlines()[0],
        callback=_runner(name),
        # click leaves the lines of a paragraph as they are after \b.
        epilog="\n".join(["\b", "Examples:", *("  " + line for line in scene.examples)]),
    )


def _output_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["-o", "--output"],
            metavar="FILE",
            type=UserPath(),
            help="File to write; its extension chooses the format. "
            "In a folder the file is named after the parameters; - is standard output.  "
            f"[default: in {OUTPUT_FOLDER}/, named after the parameters]",
        ),
        click.Option(
            ["formats", "--format"],
            multiple=True,
            metavar="FORMATS",
            shell_complete=completing(known_formats),
            help="Formats, such as gif,mp4,html: "
            "a file for each, from one rendering; frames is a folder of numbered PNGs.  [default: gif]",
        ),
        click.Option(
            ["--code"],
            metavar="FRAMEWORK",
            shell_complete=completing(frameworks),
            help=f"Print a program that computes the same ({', '.join(frameworks())}); a picture only with -o.",
        ),
        click.Option(["-q", "--quiet"], is_flag=True, help="Print errors only."),
        click.Option(["-v", "--verbose"], is_flag=True, help="Also print the command and the alt text."),
    ]


def _runner(name: str) -> Callable[..., None]:
    def run(
        output: str | None, formats: Sequence[str], code: str | None, quiet: bool, verbose: bool, **given: Any
    ) -> None:
        figure = make(name, **{key: value for key, value in given.items() if value is not None})
        if code is not None and output == STDOUT:
            raise UsageError("-o - and --code both write to standard output: give a file, as in -o conv.gif")
        program = figure.code(code) if code is not None else ""
        quiet, files = quiet or code is not None, {}
        if code is None or output is not None or formats:
            with drawing(figure, quiet) as watched:
                files = write_files(watched, output, formats)
        click.echo(program, nl=False)
        if quiet or not files:
            return
        for path, written in files.items():
            click.echo(describe_output(path, written))
        if verbose:
            click.echo(figure.command())
            click.echo(figure.alt(next(iter(files))))
            if figure.place:
                click.echo(figure.place.advice)

    return run


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; an error is one line and exits with 2 for bad usage, 1 for a failure, 130 for Ctrl-C."""
    # Imports create no garbage, but looking for it took a tenth of the time of a figure.
    gc.set_threshold(_GC_THRESHOLD)
    # Otherwise the next file to be opened would take the place of a stream that the shell has closed (`2>&-`).
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r+"))  # noqa: SIM115
    # A file name may not be valid UTF-8, and a terminal may be unable to show it.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(arguments, prog_name="cnnviz", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        if isinstance(error, click.NoSuchOption) and context and not error.possibilities:
            # `-k 3` probably means `--k 3`.
            options = [name for param in context.command.params for name in param.opts]
            meant = [name for name in options if name == f"-{error.option_name}"]
            error = click.NoSuchOption(error.option_name, possibilities=meant)
        hint = f" (see `{context.command_path} --help`)" if context else ""
        _fail(error.format_message() + hint, error.exit_code)
    except CnnvizError as error:
        _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _fail("interrupted", 130)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        _fail(f"cannot write: {(error.strerror or str(error)).lower()}", 1)


def _fail(message: str, code: int) -> NoReturn:
    click.echo("cnnviz: " + " ".join(message.split("\n")), err=True)
    sys.exit(code)
