"""What a shell offers to complete a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import click
from click.shell_completion import CompletionItem, ShellComplete

from cnnviz.discovery import find_scenes

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def completing(names: Callable[[], Iterable[str]], files: bool = False) -> Complete:
    """A completion of some names, and of files where no name matches."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        matching = [name for name in names() if name.lower().startswith(incomplete.lower())]
        # Bash drops the completions that come before a file.
        return [CompletionItem(incomplete, type="file")] * files + [CompletionItem(name) for name in matching]

    return complete


figures, figures_or_files = completing(find_scenes), completing(find_scenes, files=True)


def of_figure(ctx: click.Context, figure: str, words: Sequence[str], incomplete: str) -> list[CompletionItem]:
    """Complete a word as the figure's own command does after the same words."""
    return ShellComplete(ctx.find_root().command, {}, "cnnviz", "").get_completions([figure, *words], incomplete)


class FigureTool(click.Command):
    """A tool that takes a figure and then options of that figure."""

    def figure(self, ctx: click.Context) -> tuple[str, Sequence[str]]:
        """The figure that was named so far, and the words after it."""
        return ctx.params.get("figure") or "", ctx.params.get("options") or ()

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete an option: the figure's once it is named."""
        figure, words = self.figure(ctx)
        if figure in find_scenes():
            return of_figure(ctx, figure, words, incomplete)
        return super().shell_complete(ctx, incomplete)


def figures_options(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a value among the options of a `FigureTool`'s figure."""
    assert isinstance(ctx.command, FigureTool)
    figure, words = ctx.command.figure(ctx)
    return of_figure(ctx, figure, words, incomplete) if figure in find_scenes() else []


def figure_tool(
    metavar: str = "FIGURE", complete: Complete = figures
) -> Callable[[Callable[..., None]], click.Command]:
    """Make a function of `figure` and `options` a command that takes a figure and options of that."""

    def made(function: Callable[..., None]) -> click.Command:
        words = click.argument(
            "options", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS]...", shell_complete=figures_options
        )
        figure = click.argument("figure", metavar=metavar, shell_complete=complete)
        settings = {"allow_interspersed_args": False}
        return click.command(cls=FigureTool, context_settings=settings, options_metavar="")(figure(words(function)))

    return made
