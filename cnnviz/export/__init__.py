"""From frames to files: each file here is a format, named by its extension, and offers `write(job, file)`.

What else a format's module says: SUPPORTED_OPTIONS (of those that not all formats support), HAS_PIXELS (a smaller width
makes its files smaller) and AUTOPLAYS (nobody can pause it; "all" if only --frame all moves).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from cnnviz import __version__
from cnnviz.errors import UsageError
from cnnviz.parameters import Size, quote, suggest
from cnnviz.record import Record

if TYPE_CHECKING:
    from cnnviz.render.frames import Film
    from cnnviz.storyboard import Storyboard


class Job(Record, kw_only=True):
    """One file to write: the storyboard, how to get its film (only if wanted), and what the file says of itself.

    `film` takes the pictures in which a window glides where the figure does not say how many.
    """

    storyboard: Storyboard
    film: Callable[[int], Film]
    command: str
    once: bool
    caption: str = ""
    frame: str = "last"
    sheet: Size | None = None
    transparent: bool = False
    lang: str = "en"

    def texts(self) -> dict[str, str]:
        """What the file says of itself, by PNG's keywords and one of ours, Caption; Comment makes the figure again."""
        from cnnviz.words.plain import spoken

        said = {
            "Title": spoken(self.storyboard.title),
            "Description": self.storyboard.alt,
            "Caption": self.caption,
            "Comment": self.command,
            "Software": f"cnnviz {__version__}",
        }
        return {key: text for key, text in said.items() if text}

    def as_still(self) -> Job:
        """The job of a picture that does not move: its alt text says which steps it shows; raises as `still_place`."""
        from cnnviz.words.plain import of_still

        board, place = self.storyboard, self.storyboard.count - 1
        steps = 1 if self.sheet is None else min(board.count, self.sheet[0] * self.sheet[1])
        if self.frame == "all" and self.sheet is None:
            steps = board.count
        elif self.sheet is None:
            place = self.still_place()
        return replace(self, storyboard=replace(board, alt=of_still(board, steps, place)))

    def still_place(self) -> int:
        """The step that a still shows, counted from 0; raises UsageError for one that is not there."""
        count = self.storyboard.count
        if self.frame == "all":
            raise UsageError("--frame all is for .svg and .pdf: use .gif, .zip or --sheet for more than one step")
        place = {"first": 1, "last": count}.get(self.frame) or int(self.frame)
        if place > count:
            some = f"1 to {count}" if count > 1 else "1"
            raise UsageError(f"--frame {self.frame} is beyond the last step: use {some}, first or last")
        return place - 1


class Written(Record, kw_only=True):
    """What a written file holds: pixels (0×0 for data), steps, how long it plays, and what made it fit a limit."""

    size: tuple[int, int]
    steps: int
    milliseconds: int
    fitted: str = ""


_INSTEAD = {
    "frame": "it has all steps; a still such as .png, .svg or .pdf holds one",
    "sheet": "a .png, .svg or .pdf holds a contact sheet",
    "transparent": "use .gif, .webp, .apng, .png, .svg or .pdf",
}

FRAMES = "frames"
"""What --format calls a folder of numbered frames."""


@cache
def formats() -> tuple[str, ...]:
    """The extensions that can be written."""
    return tuple(sorted(file.stem.rstrip("_") for file in Path(__file__).parent.glob("[!_]*.py")))


def formats_of(given: Iterable[str]) -> tuple[str, ...]:
    """The formats that texts such as `gif,mp4` name, each once, or only `frames`; raises UsageError for others."""
    words = [word.strip() for text in given for word in text.split(",") if word.strip()]
    names = {}
    for word in words:
        names[name := word.lower().removeprefix(".")] = word
        if name != FRAMES and name not in formats():
            raise UsageError(f"--format {quote(word)} is not a known format: {suggest(name, formats())}")
    if FRAMES in names and len(names) > 1:
        raise UsageError(f"--format {','.join(names)}: frames are a folder of their own, use zip beside other formats")
    if not names:
        raise UsageError(f"--format names none: use one or more of {', '.join(formats())}")
    return tuple(names)


def extension_of(path: Path) -> str:
    """The extension as formats are named."""
    return path.suffix.lower().removeprefix(".")


def known_extension(path: Path, known: Iterable[str], what: str) -> str:
    """The extension of a path; raises UsageError for one that is not `known` as a `what`."""
    extension, listed = extension_of(path), tuple("." + name for name in known)
    if "." + extension not in listed:
        found = f"extension .{extension}" if extension else "a file without an extension"
        hint = suggest("." + extension, listed) if extension else f"use one of {', '.join(listed)}"
        raise UsageError(f"{path.name}: {found} is not a known {what}: {hint}")
    return extension


def module_for(path: Path, given: Iterable[str] = ()) -> ModuleType:
    """The module of a file's extension; raises UsageError for one that is not known.

    `given` names options that not all formats support.
    """
    extension = known_extension(path, formats(), "format")
    module = importlib.import_module(f"cnnviz.export.{extension}")
    check_options(f".{extension}", getattr(module, "SUPPORTED_OPTIONS", ()), given, path.stem)
    return module


def check_options(what: str, supported: Iterable[str], given: Iterable[str], stem: str) -> None:
    """Refuse an option that a format does not support; raises UsageError."""
    for name in given:
        if name not in supported:
            raise UsageError(f"--{name} is not for {what}: {_INSTEAD[name]}, as in -o {stem}.png")


def moves(path: Path, frame: str, sheet: Size | None) -> bool:
    """Is a file of the path's extension an animation, or data of one, rather than a still, pages or a sheet?"""
    module = module_for(path)
    if "sheet" not in getattr(module, "SUPPORTED_OPTIONS", ()):
        return True
    return sheet is None and frame == getattr(module, "AUTOPLAYS", None)
