"""Sphinx, MyST and Jupyter Book: `.. cnnviz:: conv` with the figure's options, `:caption:` and `:name:`.

Pages get the player (`:view: svg` an animated SVG, `gif` a GIF), what is printed a still. A figure is made once: its
file is named after all that it depends on. Add "cnnviz.sphinx" to the extensions in conf.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from cnnviz import __version__
from cnnviz.appearance import declared
from cnnviz.discovery import load_scene
from cnnviz.errors import CnnvizError
from cnnviz.given import RemotePath
from cnnviz.parameters import ArrayLike, Parameter, normalise
from cnnviz.pipeline import Figure, make

VIEWS = ("html", "svg", "gif")
_ARRAY: object = ArrayLike


class _Everything(dict[str, Callable[[str], Any]]):
    """Options of any name: which exist depends on the scene, and `make` says what is wrong with one."""

    def __contains__(self, _: object) -> bool:
        return True

    def __getitem__(self, _: str) -> Callable[[str], Any]:
        return directives.unchanged


class FigureNode(nodes.General, nodes.Element):
    """A figure in a document, drawn when it is written."""


class FigureDirective(SphinxDirective):
    """`.. cnnviz:: SCENE`."""

    required_arguments = 1
    final_argument_whitespace = False
    option_spec: ClassVar = _Everything(caption=directives.unchanged)

    def run(self) -> list[nodes.Node]:
        """The figure, with its caption where it has one: such a figure is numbered."""
        given = {name: text or "" for name, text in self.options.items() if name not in ("caption", "name", "view")}
        view = self.options.get("view", VIEWS[0])
        if view not in VIEWS:
            raise self.error(f"cnnviz: there is no view {view!r}: choose from {', '.join(VIEWS)}")
        try:
            made = figure_of(self.arguments[0], given, Path(self.env.doc2path(self.env.docname)).parent)
            alt = made.alt("x.png")
        except CnnvizError as error:
            raise self.error(f"cnnviz: {error}") from None
        node = FigureNode("", nodes.paragraph("", alt), figure=made, view=view)
        outer = nodes.figure("", node)
        if caption := self.options.get("caption"):
            parsed, messages = self.state.inline_text(caption, self.lineno)
            outer += [nodes.caption(caption, "", *parsed), *messages]
        self.add_name(outer)
        self.set_source_info(outer)
        return [outer]


def figure_of(scene: str, given: dict[str, str], folder: Path) -> Figure:
    """A figure from texts; files are found beside the page. Raises CnnvizError."""
    cls = load_scene(scene)
    known, values = declared(cls), normalise(cls, given)
    return make(scene, **{name: _value(known.get(name), text, folder) for name, text in values.items()})


def _value(parameter: Parameter | None, text: str, folder: Path) -> Any:
    if parameter is not None and parameter.type is bool:
        return {"": True, "true": True, "false": False}.get(text.lower(), text)
    if parameter is not None and (parameter.type is _ARRAY or parameter.spec.files) and (folder / text).is_file():
        return RemotePath(str(folder / text), text)
    return text


def written(figure: Figure, extension: str, folder: Path) -> Path:
    """The figure's file in `folder`, made where it is not there yet."""
    plain = replace(figure, appearance=replace(figure.appearance, frame="last", sheet=None, transparent=False))
    told = plain.contents(["x.json"])[0][1], figure.command().encode(), __version__.encode()
    path = folder / f"cnnviz-{hashlib.sha256(b' '.join(told)).hexdigest()[:16]}.{extension}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        figure.save(path)
    return path


def visit_html(translator: Any, node: FigureNode) -> None:
    """The player in a frame, or a picture; an e-book gets a still."""
    builder, figure = translator.builder, node["figure"]
    view = "png" if builder.name == "epub" else node["view"]
    if view == "svg":
        figure = replace(figure, appearance=replace(figure.appearance, frame="all"))
    path = written(figure, view, Path(builder.outdir) / builder.imagedir)
    source = escape(f"{getattr(builder, 'imgpath', '') or builder.imagedir}/{path.name}")
    alt = escape(figure.alt(path))
    translator.body.append(
        f'<iframe class="cnnviz" src="{source}" title="{alt}" loading="lazy" '
        f'style="width:100%;max-width:{figure.appearance.width}px;aspect-ratio:960/596;border:0"></iframe>'
        if view == "html"
        else f'<img class="cnnviz" src="{source}" alt="{alt}" style="max-width:100%" />'
    )
    raise nodes.SkipNode


def visit_latex(translator: Any, node: FigureNode) -> None:
    """The last step, in vectors."""
    path = written(node["figure"], "pdf", Path(translator.builder.outdir))
    translator.body.append(f"\\noindent\\sphinxincludegraphics[width=\\linewidth]{{{{{path.stem}}}.pdf}}\n")
    raise nodes.SkipNode


def visit_words(translator: Any, node: FigureNode) -> None:
    """The figure in words, its child, for what is neither a page nor printed."""


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    html, latex, words = (visit_html, None), (visit_latex, None), (visit_words, visit_words)
    app.add_node(FigureNode, html=html, epub=html, latex=latex, text=words, man=words, texinfo=words)
    app.add_directive("cnnviz", FigureDirective)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
