"""SVG: a still, or a sheet of steps (`sheet`), as vectors with text as text; `frame` all is an animation."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._stills import Sheet
from cnnviz.render.svg_pen import ENDS, OWN, SvgDefs, escaped
from cnnviz.words.plain import tag_of

SUPPORTED_OPTIONS = ("frame", "sheet", "transparent")
AUTOPLAYS = "all"
_METADATA = {"Comment": "", "Caption": ' data-of="caption"', "Software": ' data-of="software"'}
# DejaVu Sans or its twin by width; then what has characters that these lack.
_FONTS = "DejaVu Sans, Verdana, Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif"


def write(job: Job, file: BinaryIO) -> Written:
    """Write the picture with its title, its words and the command that makes it."""
    if job.frame == "all" and job.sheet is None:
        from cnnviz.export._animated_svg import write as write_animated

        return write_animated(job, file)
    job = job.as_still()
    film, defs = job.film(0), SvgDefs()
    sheet, pen = Sheet(job, film.size), defs.pen()
    said = sheet.draw(job, film, pen)
    drawn = pen.take()
    file.write(document(job, sheet.size, said, f"<defs>{''.join(defs.markup)}</defs>\n{drawn}"))
    return Written(size=sheet.size, steps=len(sheet.places), milliseconds=0)


def document(job: Job, size: tuple[int, int], said: str, body: str) -> bytes:
    """The whole file; its names begin with a prefix of their own, so that one page can hold several."""
    width, height = size
    texts = job.metadata()
    metadata = "".join(
        f"<metadata{kind}>{escaped(texts[key])}</metadata>\n" for key, kind in _METADATA.items() if key in texts
    )
    page = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" lang="{tag_of(job.storyboard.lang)}" '
        f'role="img" aria-labelledby="{OWN}t {OWN}d" font-family="{_FONTS}" {ENDS}>\n'
        f'<title id="{OWN}t">{escaped(texts.get("Title", ""))}</title>\n<desc id="{OWN}d">{escaped(said)}</desc>\n'
        f"{metadata}{body}\n</svg>\n"
    )
    own = "c" + hashlib.sha256((job.command + body).encode("utf-8", "replace")).hexdigest()[:5]
    return page.replace(OWN, own).encode("utf-8")
