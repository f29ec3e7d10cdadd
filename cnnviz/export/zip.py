"""Numbered PNG frames, one a step, more with `tween`, for video editors: in a .zip or a folder.

`durations.csv` tells how long each stays.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from cnnviz.errors import CnnvizError
from cnnviz.export import Job, Written
from cnnviz.export._amount import check_amount
from cnnviz.export.png import still
from cnnviz.limits import MAX_WHOLE_PIXELS
from cnnviz.render.frames import Film, settled

DURATIONS = "durations.csv"
SUPPORTED_OPTIONS = ("transparent",)
HAS_PIXELS = True
_LEVEL = 6
# The earliest date that the format knows: a real one would make each file another.
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX, _READABLE = 3, 0o100644 << 16


def write(job: Job, file: BinaryIO) -> Written:
    """Write the frames as they come; only names and times are kept."""
    entries = _Entries(job, job.film(0))
    with ZipFile(file, "w") as archive:
        for name, content in entries:
            archive.writestr(_entry(name), content)
    return entries.written()


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _DATE)
    # PNG is compressed already.
    entry.compress_type, entry.create_system, entry.external_attr = ZIP_STORED, _UNIX, _READABLE
    return entry


class _Entries:
    """The files of a job's frames, one at a time as name and content; `durations.csv` comes last."""

    def __init__(self, job: Job, film: Film) -> None:
        check_amount(film, MAX_WHOLE_PIXELS)
        self._job, self._film = job, film
        self._count = self._milliseconds = 0

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        film, texts = self._film, self._job.texts()
        digits = len(str(self._job.storyboard.count * (film.tween + 1)))
        lines = ["file,milliseconds"]
        for number, frame in enumerate(film if film.tween else settled(film), start=1):
            name = f"{self._job.storyboard.scene}_{number:0{digits}}.png"
            yield name, still(frame.pixels, film.palette, texts, _LEVEL)
            lines.append(f"{name},{frame.milliseconds}")
            self._milliseconds += frame.milliseconds
        yield DURATIONS, ("\n".join(lines) + "\n").encode("ascii")

    def written(self) -> Written:
        """What all of them hold, once they are through."""
        return Written(size=self._film.size, steps=self._job.storyboard.count, milliseconds=self._milliseconds)


def write_folder(job: Job, folder: Path) -> tuple[Written, int]:
    """Write the frames into a folder; returns how many bytes they take, too."""
    entries, total = _Entries(job, job.film(0)), 0
    for name, content in entries:
        (folder / name).write_bytes(content)
        total += len(content)
    return entries.written(), total


def check_place(folder: Path) -> None:
    """Refuse a place where something else is than an empty folder or frames; raises CnnvizError."""
    if folder.name in ("", "..") or (folder.is_dir() and not _is_ours(folder)):
        raise CnnvizError(f"cannot write frames to {folder}: it is a folder that holds something else, give a new one")
    if os.path.lexists(folder) and not folder.is_dir():
        raise CnnvizError(f"cannot write frames to {folder}: it is a file, give a folder another name")


def _is_ours(folder: Path) -> bool:
    names = [path.name for path in folder.iterdir()]
    return not names or (DURATIONS in names and all(name.endswith((".png", DURATIONS)) for name in names))
