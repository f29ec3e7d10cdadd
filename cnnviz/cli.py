"""The command line: one command a scene, made from its declared parameters, and a few tools beside them."""

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
from cnnviz.commands._common import OUTPUT_FOLDER, UserPath, dashed, describe_output
from cnnviz.commands._completion import completing
from cnnviz.commands._drawing import drawing
from cnnviz.commands._output import check_output, write_files
from cnnviz.discovery import add_folder, docstring, find_scene, find_scenes, load_scene, summary
from cnnviz.errors import CnnvizError
from cnnviz.parameters import ArrayLike, Parameter, closest, suggest
from cnnviz.pipeline import Figure, make
from cnnviz.programs import frameworks

_TOOLS_FOLDER = Path(__file__).with_name("commands")
_HELP: Any = {"help_option_names": ["-h", "--help"], "token_normalize_func": dashed}
# Younger than the oldest click that does; that one prints the help itself.
_NO_ARGUMENTS: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
_SELDOM = 200_000
_GROUPS = ("Operation", "Data", "Look", "Timing", "Still", "Output")


def tools() -> dict[str, Path]:
    """The tools beside the scenes, and the files that hold them."""
    return {file.stem: file for file in sorted(_TOOLS_FOLDER.glob("[!_]*.py"))}


class SceneCommand(click.Command):
    """A scene as a command; its help keeps the groups in which parameters are declared."""

    def __init__(self, name: str, options: list[click.Parameter], groups: dict[str, list[str]], **more: Any) -> None:
        super().__init__(name, params=options, **more)
        self._groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options group by group."""
        records = {param.name: param.get_help_record(ctx) for param in self.get_params(ctx)}
        for group, names in self._groups.items():
            rows = [record for name in names if (record := records.pop(name, None)) is not None]
            if rows:
                with formatter.section(group):
                    formatter.write_dl(rows)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does it; a positional parameter may be given as an option instead."""
        rest = super().parse_args(ctx, args)
        for param in self.params:
            if isinstance(param, Positional) and (named := ctx.params.pop(param.twin, None)) is not None:
                if ctx.params.get(str(param.name)) is not None:
                    raise click.UsageError(f"{param.name} is given twice, by its place and as --{param.name}", ctx)
                ctx.params[str(param.name)] = named
        return rest

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they are."""
        if self.epilog:
            with formatter.section("Examples"):
                formatter.write("\n".join("  " + line for line in self.epilog.splitlines()) + "\n")


class Positional(click.Argument):
    """A parameter given by its place; unlike click's own it has a line in the help, and an option for a twin."""

    def __init__(self, parameter: Parameter, text: str, complete: Any) -> None:
        name = parameter.name
        super().__init__([name], required=False, default=None, metavar=f"[{name.upper()}]", shell_complete=complete)
        self.twin = f"{name}_option"
        self._text, self._complete = text, complete

    def option(self) -> click.Option:
        """The option that may be given instead."""
        return click.Option([self.twin, f"--{self.name}"], hidden=True, shell_complete=self._complete)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """What stands in the help."""
        return f"{str(self.name).upper()}, --{self.name}", self._text


class Commands(click.Group):
    """All scenes and tools; each is imported only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Scenes, then tools."""
        return [*find_scenes(), *tools()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A tool, or the command of a scene."""
        if cmd_name in tools():
            module = importlib.import_module(f"cnnviz.commands.{cmd_name}")
            tool: click.Command = module.command
            tool.name = cmd_name
            known = {param.name for param in tool.params}
            # Python started with -OO has no docstrings.
            tool.help = tool.help or summary(tools()[cmd_name])
            tool.params += [_option(p) for p in getattr(module, "PARAMETERS", ()) if p.name not in known]
            return tool
        return scene_command(cmd_name) if find_scene(cmd_name) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with a hint for a mistyped name."""
        if args and not (args[0] in tools() or find_scene(args[0])):
            hint = suggest(args[0], tuple(self.list_commands(ctx)))
            raise click.UsageError(f"there is no command {args[0]!r}: {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write figures and tools with one line each, without importing any scene."""
        with formatter.section("Figures"):
            formatter.write_dl([(name, summary(file)) for name, file in find_scenes().items()])
        with formatter.section("Tools"):
            formatter.write_dl([(name, summary(file)) for name, file in tools().items()])


@click.group(
    cls=Commands,
    context_settings=_HELP,
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
    """The whole program."""


def scene_command(name: str) -> click.Command:
    """The command of a scene, from its dataclass and `Appearance`."""
    scene = load_scene(name)
    parameters = declared(scene).values()
    groups: dict[str, list[str]] = {}
    for parameter in parameters:
        groups.setdefault(parameter.spec.group, []).append(parameter.name)
    options = [_option(parameter) for parameter in parameters]
    options += [option.option() for option in options if isinstance(option, Positional)]
    shared = len(options)
    options += [
        click.Option(
            ["-o", "--output"],
            metavar="FILE",
            type=UserPath(),
            help="File to write; its extension chooses the format. "
            "A folder gets a file named after the parameters, - is standard output.  "
            f"[default: in {OUTPUT_FOLDER}/, named after the parameters]",
        ),
        click.Option(
            ["formats", "--format"],
            multiple=True,
            metavar="FORMATS",
            shell_complete=completing(_formats),
            help="Formats, such as gif,mp4,html: "
            "one rendering, a file each; frames for a folder of numbered PNGs.  [default: gif]",
        ),
        click.Option(
            ["--code"],
            metavar="FRAMEWORK",
            shell_complete=completing(frameworks),
            help=f"Print the operation as a program ({', '.join(frameworks())}); a picture only with -o.",
        ),
        click.Option(["-q", "--quiet"], is_flag=True, help="Say nothing but errors."),
        click.Option(["-v", "--verbose"], is_flag=True, help="Say more: the command, and the picture in words."),
    ]
    own = [option.name for option in options[shared:] if option.name]
    groups["Output"] = [*own[:2], *groups.get("Output", []), *own[2:]]
    groups = {group: groups[group] for group in (*_GROUPS, *groups) if group in groups}
    doc = docstring(scene)
    return SceneCommand(
        name,
        options,
        groups,
        help=doc,
        short_help=doc.splitlines()[0],
        callback=_runner(name),
        epilog="\n".join(scene.examples),
        context_settings=_HELP,
    )


def _option(parameter: Parameter) -> click.Parameter:
    """A parameter as click has it. Texts pass as they are: the dataclass converts and checks them."""
    spec = parameter.spec
    names = [parameter.name, parameter.option]
    if spec.alias:
        names.append("--" + spec.alias)
    unit = f" in {spec.unit}" if spec.unit else ""
    listed = f" ({', '.join(spec.choices)})" if spec.choices else ""
    default = parameter.shown_default
    complete = completing(spec.names or (lambda: spec.choices), spec.files or parameter.type is ArrayLike)
    text = spec.help.rstrip(".") + unit + listed + "."
    if spec.positional:
        return Positional(parameter, f"{text}  [default: {default}]", complete)
    if parameter.type is bool:
        if parameter.default or spec.negatable:
            names[1] = f"{parameter.option}/{parameter.option.replace('--', '--no-', 1)}"
        return click.Option(names, is_flag=True, default=None, help=text)
    text += f"  [default: {default}]" if default else ""
    metavar = _METAVARS.get(parameter.type.__name__, "SIZE")
    return click.Option(names, metavar=metavar, help=text, shell_complete=complete)


def _formats() -> Sequence[str]:
    from cnnviz.export import formats

    return formats()


_METAVARS = {"int": "N", "float": "X", "str": "TEXT", "ArrayLike": "DATA", "Numbers": "NUMBERS"}


def _runner(name: str) -> Callable[..., None]:
    def run(
        output: str | None, formats: Sequence[str], code: str | None, quiet: bool, verbose: bool, **given: Any
    ) -> None:
        figure = make(name, **{key: value for key, value in given.items() if value is not None})
        if output is not None:
            check_output(figure, output, formats, code)
        if code is not None:
            click.echo(figure.code(code), nl=False)
            if output is None and not formats:
                return
            quiet, verbose = True, False
        _write(figure, output, formats, quiet, verbose)

    return run


def _write(figure: Figure, output: str | None, formats: Sequence[str], quiet: bool, verbose: bool) -> None:
    try:
        with drawing(figure, quiet) as watched:
            made = write_files(watched, output, formats)
    except CnnvizError as error:
        if output is None and not _is_writable(OUTPUT_FOLDER):
            raise CnnvizError(f"{error}: use -o FILE for another place") from error
        raise
    if not made:
        return
    if not quiet:
        for path, written in made.items():
            click.echo(describe_output(path, written))
    if verbose and not quiet:
        click.echo(figure.command())
        click.echo(figure.alt(next(iter(made))))
        if figure.place:
            click.echo(figure.place.advice)


def _is_writable(folder: Path) -> bool:
    there = folder if folder.exists() else Path()
    return there.is_dir() and os.access(there, os.W_OK)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; errors are one line, 2 for bad usage, 1 for a failure, 130 for Ctrl-C."""
    _open_closed_streams()
    # A tenth of the time of a figure went by looking for garbage while modules were imported, which leave none.
    gc.set_threshold(_SELDOM)
    # A file's name, or a terminal of few characters, need not be able to show what is said: that is no reason to fail.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(arguments, prog_name="cnnviz", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except _NO_ARGUMENTS as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _fail(_worded(error), error.exit_code)
    except CnnvizError as error:
        _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _fail("interrupted", 130)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        _fail(f"cannot write: {(error.strerror or str(error)).lower()}", 1)


def _open_closed_streams() -> None:
    """Give streams that a shell has closed (`2>&-`) to nothing: the next file opened would take their place."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115


def _worded(error: click.ClickException) -> str:
    """click's message; suggests one option, `--k` for `-k` too, and the help where nothing says what would work."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None and isinstance(error, click.NoSuchOption):
        meant = closest(error.option_name, [name for param in context.command.params for name in param.opts])
        if meant is not None:
            return click.NoSuchOption(error.option_name, possibilities=[meant]).format_message()
        error = click.NoSuchOption(error.option_name)
    message = error.format_message()
    if context is None or ": " in message:
        return message
    return f"{message.rstrip('.')}: see `{context.command_path} --help`"


def _fail(message: str, code: int) -> NoReturn:
    click.echo("cnnviz: " + " ".join(message.split("\n")), err=True)
    sys.exit(code)
