"""What a figure is made from, in short: its parameters, input files, theme, fonts, and the code that makes it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cnnviz import __version__
from cnnviz.batch.entries import Entry
from cnnviz.discovery import SCENES_FOLDER, find_scenes
from cnnviz.errors import CnnvizError

PACKAGE = Path(__file__).parents[1]
# Another release of what draws and encodes may draw otherwise; films have an encoder of their own.
_RELEASES, _FILMS = ("numpy", "matplotlib", "contourpy", "fonttools", "pillow"), (".mp4", ".webm")

_SMALL = 1 << 20


class Sources:
    """What the figures of one run are made from; each file is read once."""

    def __init__(self) -> None:
        self._contents: dict[str, str] = {}

    def digest(self, entry: Entry) -> str:
        """Of all that decides a figure's bytes.

        Not of where it was declared, nor of its name and caption: no file holds these. But of the paths of what it is
        made from: its command has them.
        """
        kinds = [Path(file).suffix for file in entry.files]
        parts = [self.ground(entry), json.dumps([entry.scene, kinds, entry.resolved()], sort_keys=True, default=str)]
        parts += [f"{key} {self._content(path)}" for key, path in sorted(entry.inputs().items())]
        return _sum(parts)

    def ground(self, entry: Entry) -> str:
        """Of what the machine gives a figure: the package, the libraries that draw, its scene's file, its fonts."""
        parts = [self.code, *self._scene(entry.scene), *self._fonts(entry)]
        if any(file.endswith(_FILMS) for file in entry.files):
            parts.append(_release("av"))
        return _sum(parts)

    @cached_property
    def code(self) -> str:
        """Of the package and the libraries that draw."""
        files = (f"{file.relative_to(PACKAGE).as_posix()} {self._content(str(file))}" for file in _files(PACKAGE))
        return _sum([__version__, *map(_release, _RELEASES), *files])

    @cached_property
    def _scenes(self) -> dict[str, Path]:
        return find_scenes()

    def _scene(self, name: str) -> Iterator[str]:
        """A scene that is not ours is code, too, and so is what it shares with others beside it."""
        file = self._scenes.get(name.replace("_", "-"))
        if file is not None and file.parent != SCENES_FOLDER:
            for one in (file, *sorted(file.parent.glob("_*.py"))):
                yield f"{one.name} {self._content(str(one))}"

    def _fonts(self, entry: Entry) -> Iterator[str]:
        """The font files, beside matplotlib's own, that a figure's words need."""
        texts = [value for value in entry.parameters.values() if isinstance(value, str)]
        lang = str(entry.resolved().get("lang", "en"))
        if lang.endswith(".toml"):
            with suppress(OSError):
                texts.append(Path(lang).read_text(encoding="utf-8", errors="replace"))
        signs = set(filter(_is_rare, "".join(texts))) | ({"中"} if lang == "zh" else set())
        yield from sorted({self._content(path) for path in _font_files(signs)})

    def _content(self, path: str) -> str:
        if path not in self._contents:
            self._contents[path] = ""
            # A file that cannot be read is for the figure to tell.
            with suppress(OSError):
                self._contents[path] = content_digest(path)
        return self._contents[path]


def content_digest(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's content; raises OSError."""
    with open(path, "rb", buffering=0) as file:
        # Most are small: a buffer for each would take longer than its digest.
        if os.fstat(file.fileno()).st_size <= _SMALL:
            return hashlib.sha256(file.read()).hexdigest()
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sum(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _release(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} none"


def _files(folder: Path) -> Iterator[Path]:
    """All files of the package but figure sets and compiled ones: its pages, styles and tables are code as well."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in ("__pycache__", "animations"))
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def _is_rare(sign: str) -> bool:
    """Whether matplotlib's own font may lack a sign: it has European letters, signs and arrows."""
    return not (sign < "\u0500" or "\u2000" <= sign < "\u2c00")


def _font_files(signs: Iterable[str]) -> set[str]:
    if not signs:
        return set()
    from cnnviz.render.fonts import font_of, is_fallback

    found = set()
    for sign in sorted(signs):
        for bold in (False, True):
            # That there is no font is for the figure to tell.
            with suppress(CnnvizError):
                face = font_of(sign, bold)
                found |= {face[0]} if is_fallback(face) else set()
    return found
