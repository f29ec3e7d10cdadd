"""From frames to files: each file here is a format, named by its extension, and offers `write(job)`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cnnviz.errors import UsageError
from cnnviz.parameters import Size, choose

if TYPE_CHECKING:
    from cnnviz.render.frames import Film
    from cnnviz.storyboard import Storyboard


@dataclass(frozen=True, kw_only=True)
class Job:
    """One file to write: the storyboard, how to get its film (only if wanted), and what the file says of itself."""

    storyboard: Storyboard
    film: Callable[[], Film]
    command: str
    once: bool
    frame: str = "last"
    sheet: Size | None = None

    def still_place(self) -> int:
        """The step that a still shows, counted from 0; raises UsageError for one that is not there."""
        count = self.storyboard.count
        place = {"first": 1, "last": count}.get(self.frame) or int(self.frame)
        if place > count:
            some = f"1 to {count}" if count > 1 else "1"
            raise UsageError(f"--frame {self.frame} is beyond the last step: use {some}, first or last")
        return place - 1


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a written file holds: pixels (0×0 for data), steps, and how long it plays."""

    size: tuple[int, int]
    steps: int
    milliseconds: int


Writer = Callable[[Job, BinaryIO], Written]


def formats() -> tuple[str, ...]:
    """The extensions that can be written."""
    return tuple(sorted(file.stem.rstrip("_") for file in Path(__file__).parent.glob("[!_]*.py")))


def writer_for(path: Path, still: Iterable[str] = ()) -> Writer:
    """The writer of a file's extension; raises UsageError for one that is not known.

    `still` names the parameters for stills that were given: a format lists those that it heeds in `STILL`.
    """
    extension = path.suffix.lower().removeprefix(".")
    if extension not in formats():
        listed = ", ".join("." + name for name in formats())
        what = f"extension .{extension}" if extension else "a file without an extension"
        hint = choose("." + extension, tuple("." + name for name in formats())) if extension else f"use one of {listed}"
        raise UsageError(f"{path.name}: {what} is not a known format: {hint}")
    module = importlib.import_module(f"cnnviz.export.{extension}")
    for name in still:
        if name not in getattr(module, "STILL", ()):
            raise UsageError(f"--{name} is for stills, which .{extension} does not hold: use -o {path.stem}.png")
    writer: Writer = module.write
    return writer
