"""TeX: a Beamer deck whose figures play by the animate package, each a PDF of vectors with a page for a step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cnnviz.decks import FIGURE, SECTION, Deck, DeckOptions, Slide, Staging
from cnnviz.decks._files import fill, hex_color, with_extension, write_as
from cnnviz.decks._tex_text import beyond_latin, escaped, pdf_string, verbatim
from cnnviz.render.theme import load_theme

if TYPE_CHECKING:
    from cnnviz.pipeline import Figure

SUPPORTED_OPTIONS = ()
_UNICODE = """\
% These texts have characters that pdfTeX cannot set.
\\ifPDFTeX
  \\errmessage{pdflatex cannot set the characters of this deck: compile it with xelatex or lualatex}
  \\expandafter\\stop
\\fi
\\IfFileExists{ctex.sty}{\\usepackage[UTF8,scheme=plain]{ctex}}{
  \\usepackage{fontspec}
  \\setsansfont{Noto Sans CJK SC}
  \\ifXeTeX\\XeTeXlinebreaklocale "zh"\\XeTeXlinebreakskip=0pt plus 1pt\\fi
}"""


def render(figure: Figure, stem: Path, options: DeckOptions) -> None:
    """A PDF with a page for each step, and their durations."""
    write_as("pdf", figure, stem, frame="all")
    film = figure.film()
    beats = [step.beats for step in film.storyboard.steps()]
    seconds = [*(film.timing.step * beat for beat in beats[:-1]), film.timing.hold]
    with_extension(stem, "txt").write_text(timeline(seconds), encoding="ascii")


def timeline(seconds: Iterable[float]) -> str:
    """The animate package's timeline, a line for each picture: its frame rate and its number."""
    return "".join(f":{1 / max(length, 0.02):.5g}:{place}\n" for place, length in enumerate(seconds))


def write(deck: Deck, staging: Staging, options: DeckOptions) -> None:
    """Write the text, and keep the pictures beside it."""
    staging.drawn.rename(staging.beside)
    page = load_theme(deck.theme).page
    body = "\n\n".join("\n".join(_slide(slide)) for slide in deck.slides)
    special = beyond_latin(body)
    filled = {
        "engine": "xelatex" if special else "pdflatex",
        "unicode": _UNICODE if special else "",
        "colors": "\n".join(f"\\definecolor{{{name}}}{{HTML}}{{{hex_color(page[name])}}}" for name in _COLORS),
        "buttons": ":".join(f"{value / 255:.2f}" for value in page["muted"]),
        "title": escaped(deck.title),
        "lang": deck.tag,
        "folder": staging.beside.name,
        "slides": body,
    }
    text = fill("deck.tex", r"%<(\w+)>", filled.__getitem__)
    staging.file.write_text(text, encoding="utf-8", newline="\n", errors="backslashreplace")


_COLORS = ("ground", "ink", "muted", "accent")


def _slide(slide: Slide) -> Iterator[str]:
    if slide.kind != FIGURE:
        if slide.kind == SECTION:
            yield f"\\section{{{escaped(slide.title)}}}"
        yield f"\\opening{{{escaped(slide.title)}}}"
        return
    play = "" if slide.once else "loop"
    yield f"\\begin{{frame}}{{{escaped(slide.title)}}}"
    yield f"  \\explained{{{escaped(slide.caption)}}}"
    yield f"  \\played[{play}]{{{slide.name}}}{{{pdf_string(slide.alt)}}}"
    yield "  \\note{"
    for word, text in slide.notes:
        shown = verbatim(text) if text == slide.command else escaped(text)
        yield f"    {escaped(word)} {shown}\\par" if word else f"    {shown}\\par"
    yield from ("  }", "\\end{frame}")
