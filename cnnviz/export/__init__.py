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


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a written file holds: pixels (0×0 for data), steps, and how long it plays."""

    size: tuple[int, int]
    steps: int
    milliseconds: int


_INSTEAD = {
    "frame": "a still such as .png, .svg or .pdf holds one step", "sheet": "a .png holds a contact sheet",
    "transparent": "use .gif, .webp, .apng, .png or .svg",
}  # fmt: skip

Writer = Callable[[Job, BinaryIO], Written]


def formats() -> tuple[str, ...]:
    """The extensions that can be written."""
    return tuple(sorted(file.stem.rstrip("_") for file in Path(__file__).parent.glob("[!_]*.py")))


def writer_for(path: Path, given: Iterable[str] = ()) -> Writer:
    """The writer of a file's extension; raises UsageError for one that is not known.

    `given` names the parameters that only some formats heed: a format lists its own in `HEEDS`.
    """
    extension = path.suffix.lower().removeprefix(".")
    if extension not in formats():
        listed = ", ".join("." + name for name in formats())
        what = f"extension .{extension}" if extension else "a file without an extension"
        hint = choose("." + extension, tuple("." + name for name in formats())) if extension else f"use one of {listed}"
        raise UsageError(f"{path.name}: {what} is not a known format: {hint}")
    module = importlib.import_module(f"cnnviz.export.{extension}")
    for name in given:
        if name not in getattr(module, "HEEDS", ()):
            raise UsageError(f"--{name} is not for .{extension}: {_INSTEAD[name]}, as in -o {path.stem}.png")
    writer: Writer = module.write
    return writer
