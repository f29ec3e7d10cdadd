"""TeX: a Beamer deck whose figures play by the animate package, each a PDF of vectors with a page for a step."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from cnnviz.decks import Deck, DeckOptions, FigureSlide, SectionSlide, Showable, Slide, Staging
from cnnviz.decks._files import beside, hex_color, write_as
from cnnviz.decks._tex_signs import beyond_latin, escaped, pdf_string, verbatim
from cnnviz.render.theme import load_theme

HEEDS = ()
_TEMPLATE = Path(__file__).with_name("deck.tex")
_GAP = re.compile(r"%<(\w+)>")
_SIGNS = """\
% These texts have signs that pdfTeX cannot set.
\\ifPDFTeX
  \\errmessage{pdflatex cannot set the signs of this deck: compile it with xelatex or lualatex}
  \\expandafter\\stop
\\fi
\\IfFileExists{ctex.sty}{\\usepackage[UTF8,scheme=plain]{ctex}}{
  \\usepackage{fontspec}
  \\setsansfont{Noto Sans CJK SC}
  \\ifXeTeX\\XeTeXlinebreaklocale "zh"\\XeTeXlinebreakskip=0pt plus 1pt\\fi
}"""


def prepare(options: DeckOptions) -> None:
    """Nothing is needed: TeX is called by whoever has it."""


def render(figure: Showable, stem: Path, options: DeckOptions) -> None:
    """A PDF with a page for a step, and how long each is shown."""
    write_as("pdf", figure, stem, frame="all")
    film = figure.film()
    beats = [step.beats for step in film.storyboard.steps()]
    seconds = [*(film.timing.step * beat for beat in beats[:-1]), film.timing.hold]
    beside(stem, "txt").write_text(timeline(seconds), encoding="ascii")


def timeline(seconds: Iterable[float]) -> str:
    """A line a picture, as animate takes it: nothing before it, how many such pictures a second, which picture."""
    return "".join(f":{1 / max(length, 0.02):.5g}:{place}\n" for place, length in enumerate(seconds))


def write(deck: Deck, drawn: Path, staging: Staging, options: DeckOptions) -> None:
    """Write the text, and move the pictures beside it."""
    staging.beside.mkdir()
    for slide in deck.slides:
        if isinstance(slide, FigureSlide):
            for extension in ("pdf", "txt"):
                shutil.move(beside(drawn / slide.name, extension), staging.beside)
    page = load_theme(deck.theme).page
    body = "\n\n".join("\n".join(_slide(slide)) for slide in deck.slides)
    special = beyond_latin(body)
    filled = {
        "engine": "xelatex" if special else "pdflatex", "name": _printable(staging.file.name),
        "signs": _SIGNS if special else "",
        "colors": "\n".join(f"\\definecolor{{{name}}}{{HTML}}{{{hex_color(page[name])}}}" for name in _COLORS),
        "buttons": ":".join(f"{value / 255:.2f}" for value in page["muted"]), "title": escaped(deck.title),
        "lang": deck.tag, "folder": staging.beside.name, "slides": body,
    }  # fmt: skip
    text = _GAP.sub(lambda gap: filled[gap[1]], _TEMPLATE.read_text(encoding="utf-8"))
    staging.file.write_text(text, encoding="utf-8", newline="\n", errors="backslashreplace")


def _printable(name: str) -> str:
    """A file's name in a comment, which a new line would end."""
    return "".join(sign if sign.isprintable() else "?" for sign in name)


_COLORS = ("ground", "ink", "muted", "accent")


def _slide(slide: Slide) -> Iterator[str]:
    if not isinstance(slide, FigureSlide):
        if isinstance(slide, SectionSlide):
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
