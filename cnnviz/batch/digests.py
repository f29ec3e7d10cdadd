"""Digests of what decides a figure's bytes: parameters, input files, theme and code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cnnviz import __version__
from cnnviz.batch.entries import Entry
from cnnviz.batch.manifest import content_digest
from cnnviz.discovery import SCENES_FOLDER, find_scenes

PACKAGE = Path(__file__).parents[1]
# Another release may draw differently; videos also depend on their encoder.
_RELEASES, _VIDEOS = ("numpy", "matplotlib", "contourpy", "fonttools", "pillow"), (".mp4", ".webm")


class Sources:
    """What the figures of one run are made from; reads each file once."""

    def __init__(self) -> None:
        self._contents: dict[str, str] = {}

    def digest(self, entry: Entry) -> str:
        """The digest of all that decides a figure's bytes.

        Its set and name do not count, since no file holds them; the paths of its inputs do, since its command
        names them.
        """
        kinds = [Path(file).suffix for file in entry.files]
        return _digest(
            [
                code_digest(),
                *(_release("av") for kind in kinds if kind in _VIDEOS),
                *(f"{file.name} {self._content(str(file))}" for file in self._scene_files(entry.scene)),
                json.dumps([entry.scene, kinds, entry.resolved()], sort_keys=True, default=str),
                *(f"{key} {self._content(path)}" for key, path in sorted(entry.inputs().items())),
            ]
        )

    @cached_property
    def _scenes(self) -> dict[str, Path]:
        return find_scenes()

    def _scene_files(self, name: str) -> list[Path]:
        """A user's scene is code too, and so are the modules `_*.py` beside it."""
        file = self._scenes.get(name.replace("_", "-"))
        return [] if file is None or file.parent == SCENES_FOLDER else [file, *sorted(file.parent.glob("_*.py"))]

    def _content(self, path: str) -> str:
        if path not in self._contents:
            self._contents[path] = ""
            # The figure itself reports a file that cannot be read.
            with suppress(OSError):
                self._contents[path] = content_digest(path)
        return self._contents[path]


@cache
def code_digest() -> str:
    """The digest of the package and the libraries that draw, which a process has imported for good.

    Pages, styles and tables are code as well; figure sets and compiled files are not.
    """
    files = (file.relative_to(PACKAGE) for file in sorted(PACKAGE.rglob("*.*")))
    ours = [file for file in files if not {"__pycache__", "animations"} & {*file.parts}]
    digests = (f"{file.as_posix()} {content_digest(PACKAGE / file)}" for file in ours)
    return _digest([__version__, *map(_release, _RELEASES), *digests])


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _release(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} none"
