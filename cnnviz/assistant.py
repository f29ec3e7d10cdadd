"""Tools for assistants, over the Model Context Protocol: figures whose numbers were checked before they are written.

Nothing is read but names and numbers, and nothing is written but into one folder.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from cnnviz import __version__
from cnnviz.check import check_figure
from cnnviz.discovery import find_scenes, summary
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.export import formats
from cnnviz.parameters import quote, suggest
from cnnviz.schema import scene_schema
from cnnviz.studio.values import figure_of
from cnnviz.words.plain import caption, spoken

_INSTRUCTIONS = (
    "Animated figures of what a convolutional network computes. List the figures, look up the parameters of one, then "
    "render it: its numbers are computed again by another engine before the file is written."
)


def make_server(folder: Path) -> MCPServer:
    """A server whose figures go into `folder`."""
    server = MCPServer("cnnviz", version=__version__, instructions=_INSTRUCTIONS)

    def list_figures() -> dict[str, str]:
        """All figures, each with one line that says what it shows."""
        return {name: summary(file) for name, file in find_scenes().items()}

    def parameters(figure: str) -> dict[str, Any]:
        """The parameters of a figure as JSON Schema."""
        return scene_schema(figure)

    def describe(figure: str, parameters: dict[str, Any] | None = None) -> dict[str, str]:
        """A figure in words, without drawing it: title, point, alt text, caption, and the command that makes it."""
        made = figure_of(figure, parameters or {})
        board = made.storyboard()
        texts = {
            "title": spoken(board.title),
            "point": spoken(board.point),
            "alt": board.alt,
            "caption": caption(board),
        }
        return {**texts, "command": made.command()}

    def check(figure: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """Compute a figure's numbers again with ONNX Runtime, and compare."""
        report = check_figure(figure_of(figure, parameters or {}))
        return {"agrees": not report.failed, "report": str(report)}

    def render(figure: str, parameters: dict[str, Any] | None = None, format: str = "gif") -> dict[str, Any]:
        """Check a figure's numbers, then write it as gif, mp4, webp, svg, pdf, png, html …; says where it is."""
        if format not in formats():
            raise UsageError(f"there is no format {quote(format)}: {suggest(format, formats())}")
        made = figure_of(figure, parameters or {})
        report = check_figure(made)
        if report.failed:
            raise CnnvizError(str(report))
        path = folder / made.file_name(format)
        folder.mkdir(parents=True, exist_ok=True)
        written = made.save(path)
        return {
            "file": str(path.resolve()),
            "alt": made.alt(path),
            "steps": written.steps,
            "report": str(report),
            "command": made.command(),
        }

    for tool in (list_figures, parameters, describe, check, render):
        server.add_tool(_telling(tool))
    return server


def _telling(tool: Callable[..., Any]) -> Callable[..., Any]:
    """A tool whose errors are told as one line, which an assistant can act upon."""

    @wraps(tool)
    def answer(*args: Any, **given: Any) -> Any:
        try:
            return tool(*args, **given)
        except CnnvizError as error:
            raise ToolError(str(error)) from None

    return answer
