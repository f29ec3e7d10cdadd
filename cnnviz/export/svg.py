"""SVG: a still, or a sheet of steps (`sheet`), as vectors with text as text; `frame` all is an animation."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from functools import reduce
from typing import BinaryIO

from cnnviz.export import Job, Written
from cnnviz.export._stage import Sheet, Stage, words_of
from cnnviz.render.vector import PLAIN_STYLE, Defs, escaped
from cnnviz.words.plain import tag_of

SUPPORTED_OPTIONS = ("frame", "sheet", "transparent")
AUTOPLAYS = "all"
_TOLD = {"Comment": "", "Caption": ' data-of="caption"', "Software": ' data-of="software"'}
# DejaVu Sans or its twin by width; then what has signs that these lack.
_FONTS = "DejaVu Sans, Verdana, Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif"
_TEXT = re.compile("<text [^>]*>")
_LOOKS = re.compile(r' font-size="[^"]*"'), re.compile(r' fill="[^"]*"')
_PATH = re.compile("<path [^>]*/>")
# Shorter paths are written again, where they are wanted again.
_LEAST_SHARED = 40
_NAME = re.compile(r' id="(\w+)"')
_NAMED = re.compile(r'( id="|href="#| class="(?=[ag]\d))(\w+)')


def write(job: Job, file: BinaryIO) -> Written:
    """Write the picture with its title, its words and the command that makes it."""
    if job.frame == "all" and job.sheet is None:
        from cnnviz.export._animated_svg import write as write_animated

        return write_animated(job, file)
    job = job.as_still()
    film = job.film(0)
    defs = Defs(plain=True)
    stage = Stage(film, defs)
    sheet = Sheet(job, film.size)
    drawn = dict(stage.steps(sheet.places))
    body = "" if job.transparent else stage.ground(*sheet.size)
    body += "".join(
        defs.moved(drawn[place], *spot) for place, spot in zip(sheet.places, sheet.spots, strict=True)
    )  # fmt: skip
    said = words_of(job, stage, sheet.places[0] if len(sheet.places) == 1 else None)
    shared, body = _shared(body)
    look, body = _common(body)
    body = f"<g {PLAIN_STYLE}{look}>\n{body}\n</g>"
    file.write(document(job, sheet.size, said, used(defs.markup, body) + shared, body).encode("utf-8"))
    return Written(size=sheet.size, steps=len(sheet.places), milliseconds=0)


def _shared(body: str) -> tuple[str, str]:
    """Paths that stand at several places, written once, and the body with references to them."""
    count = Counter(_PATH.findall(body))
    often = [path for path, times in count.items() if times > 2 and len(path) > _LEAST_SHARED]
    names = {path: f"p{number}" for number, path in enumerate(often)}
    markup = "".join(path.replace("<path", f'<path id="{name}"') for path, name in names.items())
    return markup, _PATH.sub(lambda at: f'<use xlink:href="#{names[at[0]]}"/>' if at[0] in names else at[0], body)


def _common(body: str) -> tuple[str, str]:
    """What most texts have in common, and the body where they do not say it themselves."""
    texts = _TEXT.findall(body)
    looks = [Counter(found for text in texts for found in look.findall(text)) for look in _LOOKS]
    most = [look.most_common(1)[0][0] for look in looks if look]

    def lighter(text: re.Match[str]) -> str:
        return reduce(lambda found, look: found.replace(look, ""), most, text[0])

    return "".join(most), _TEXT.sub(lighter, body)


def used(defs: list[str], body: str) -> str:
    """Those definitions that a body refers to, and those that these refer to."""
    named = {found[1]: markup for markup in defs if (found := _NAME.search(markup))}
    wanted, fresh = set[str](), {name for _, name in _NAMED.findall(body)}
    while fresh:
        wanted |= fresh
        fresh = {name for key in fresh if key in named for _, name in _NAMED.findall(named[key])} - wanted
    return "".join(markup for name, markup in named.items() if name in wanted)


def document(
    job: Job, size: tuple[int, int], said: str, defs: str, body: str, style: Callable[[str], str] = lambda own: ""
) -> str:
    """The whole file; its names begin with a sign of their own, so that several may stand in one page."""
    own = "c" + hashlib.sha256((job.command + defs + body).encode("utf-8", "replace")).hexdigest()[:5]
    width, height = size
    told = job.texts()
    metadata = "".join(
        f"<metadata{kind}>{escaped(told[key])}</metadata>\n" for key, kind in _TOLD.items() if key in told
    )
    xlink = ' xmlns:xlink="http://www.w3.org/1999/xlink"' if "xlink:" in defs + body else ""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg"{xlink} width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" lang="{tag_of(job.storyboard.lang)}" role="img" aria-labelledby="t d" '
        f'font-family="{_FONTS}">\n'
        f'<title id="t">{escaped(told.get("Title", ""))}</title>\n<desc id="d">{escaped(said)}</desc>\n'
        f"{metadata}{style(own)}"
    ).replace('"t d"', f'"{own}t {own}d"')
    return _NAMED.sub(rf"\g<1>{own}\g<2>", f"{head}<defs>{defs}</defs>\n{body}\n</svg>\n")
