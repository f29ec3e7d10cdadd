"""Writers: each module here is a format, named after its extension, with a function `write(job, file)`.

It may also define SUPPORTED_OPTIONS (those that only some formats support), HAS_PIXELS (a smaller width makes its files
smaller) and AUTOPLAYS (it cannot be paused; "all" if only --frame all is animated).
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
    """One file to write: the storyboard, a function that makes its film, and the file's metadata.

    `film` takes the default number of frames in which a window glides.
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

    def metadata(self) -> dict[str, str]:
        """The metadata by PNG's keywords, and Caption; Comment is the command that makes the figure again."""
        from cnnviz.words.plain import spoken

        entries = {
            "Title": spoken(self.storyboard.title),
            "Description": self.storyboard.alt,
            "Caption": self.caption,
            "Comment": self.command,
            "Software": f"cnnviz {__version__}",
        }
        return {key: text for key, text in entries.items() if text}

    def as_still(self) -> Job:
        """The job of a still, whose alt text says which steps it shows; raises UsageError as `still_place` does."""
        from cnnviz.words.plain import of_still

        board, place = self.storyboard, self.storyboard.count - 1
        steps = 1 if self.sheet is None else min(board.count, self.sheet[0] * self.sheet[1])
        if self.frame == "all" and self.sheet is None:
            steps = board.count
        elif self.sheet is None:
            place = self.still_place()
        return replace(self, storyboard=replace(board, alt=of_still(board, steps, place)))

    def still_place(self) -> int:
        """The step that a still shows, counted from 0; raises UsageError if there is no such step."""
        count = self.storyboard.count
        if self.frame == "all":
            raise UsageError("--frame all is for .svg and .pdf: use .gif, .zip or --sheet for more than one step")
        place = {"first": 1, "last": count}.get(self.frame) or int(self.frame)
        if place > count:
            some = f"1 to {count}" if count > 1 else "1"
            raise UsageError(f"--frame {self.frame} is beyond the last step: use {some}, first or last")
        return place - 1


class Written(Record, kw_only=True):
    """A written file: its size in pixels (0×0 for data), steps, duration, and what was changed to fit a limit."""

    size: tuple[int, int]
    steps: int
    milliseconds: int
    fitted: str = ""


_ALTERNATIVES = {
    "frame": "it has all steps; a still such as .png, .svg or .pdf holds one",
    "sheet": "a .png, .svg or .pdf holds a contact sheet",
    "transparent": "use .gif, .webp, .apng, .png, .svg or .pdf",
}

FRAMES = "frames"
"""What --format calls a folder of numbered frames."""


@cache
def formats() -> tuple[str, ...]:
    """The formats, by extension."""
    return tuple(sorted(file.stem.rstrip("_") for file in Path(__file__).parent.glob("[!_]*.py")))


def parse_formats(given: Iterable[str]) -> tuple[str, ...]:
    """The formats in texts such as `gif,mp4`, without duplicates, or `frames` alone; raises UsageError for others."""
    words = [word.strip() for text in given for word in text.split(",") if word.strip()]
    names = {}
    for word in words:
        names[name := word.lower().removeprefix(".")] = word
        if name != FRAMES and name not in formats():
            raise UsageError(f"--format {quote(word)} is not a known format: {suggest(name, formats())}")
    if FRAMES in names and len(names) > 1:
        raise UsageError(
            f"--format {','.join(names)}: frames are written as a folder: use zip together with other formats"
        )
    if not names:
        raise UsageError(f"--format names none: use one or more of {', '.join(formats())}")
    return tuple(names)


def extension_of(path: Path) -> str:
    """The extension in lower case, without its dot."""
    return path.suffix.lower().removeprefix(".")


def check_extension(path: Path, known: Iterable[str], what: str) -> str:
    """The extension of a path; raises UsageError if it is not one of `known`, which messages call `what`."""
    extension, listed = extension_of(path), tuple("." + name for name in known)
    if "." + extension not in listed:
        found = f"extension .{extension}" if extension else "a file without an extension"
        hint = suggest("." + extension, listed) if extension else f"use one of {', '.join(listed)}"
        raise UsageError(f"{path.name}: {found} is not a known {what}: {hint}")
    return extension


def module_for(path: Path, given: Iterable[str] = ()) -> ModuleType:
    """The module that writes files with this extension; raises UsageError for an unknown one.

    `given` are options that only some formats support.
    """
    extension = check_extension(path, formats(), "format")
    module = importlib.import_module(f"cnnviz.export.{extension}")
    check_options(f".{extension}", getattr(module, "SUPPORTED_OPTIONS", ()), given, path.stem)
    return module


def check_options(what: str, supported: Iterable[str], given: Iterable[str], stem: str) -> None:
    """Refuse an option that a format does not support; raises UsageError."""
    for name in given:
        if name not in supported:
            raise UsageError(f"--{name} is not for {what}: {_ALTERNATIVES[name]}, as in -o {stem}.png")


def is_animation(path: Path, frame: str, sheet: Size | None) -> bool:
    """Whether a file is an animation (or its data), not a still, pages or a contact sheet."""
    module = module_for(path)
    if "sheet" not in getattr(module, "SUPPORTED_OPTIONS", ()):
        return True
    return sheet is None and frame == getattr(module, "AUTOPLAYS", None)
