"""Numbered PNG frames, one a step, more with `tween`, for video editors: in a .zip or a folder.

`durations.csv` tells how long each stays.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from cnnviz.errors import CnnvizError
from cnnviz.export import Job, Written
from cnnviz.export._amount import check_amount
from cnnviz.export.png import still
from cnnviz.limits import MAX_WHOLE_PIXELS
from cnnviz.render.frames import settled

DURATIONS = "durations.csv"
SUPPORTED_OPTIONS = ("transparent",)
HAS_PIXELS = True
_LEVEL = 6
# The earliest date that the format knows: a real one would make each file another.
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX, _READABLE = 3, 0o100644 << 16


def write(job: Job, file: BinaryIO) -> Written:
    """Write the frames as they come; only names and times are kept."""
    with ZipFile(file, "w") as archive:
        return _write(job, lambda name, content: archive.writestr(_entry(name), content))


def write_folder(job: Job, folder: Path) -> tuple[Written, int]:
    """Write the frames into a folder; returns how many bytes they take, too."""
    written = _write(job, lambda name, content: (folder / name).write_bytes(content))
    return written, sum(path.stat().st_size for path in folder.iterdir())


def _write(job: Job, put: Callable[[str, bytes], object]) -> Written:
    """Hand on the frames one at a time, each with its name; `durations.csv` comes last."""
    film, texts, lasts = job.film(0), job.metadata(), 0
    check_amount(film, MAX_WHOLE_PIXELS)
    digits = len(str(job.storyboard.count * (film.tween + 1)))
    lines = ["file,milliseconds"]
    for number, frame in enumerate(film if film.tween else settled(film), start=1):
        name = f"{job.storyboard.scene}_{number:0{digits}}.png"
        put(name, still(frame.pixels, film.palette, texts, _LEVEL))
        lines.append(f"{name},{frame.milliseconds}")
        lasts += frame.milliseconds
    put(DURATIONS, ("\n".join(lines) + "\n").encode("ascii"))
    return Written(size=film.size, steps=job.storyboard.count, milliseconds=lasts)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _DATE)
    # PNG is compressed already.
    entry.compress_type, entry.create_system, entry.external_attr = ZIP_STORED, _UNIX, _READABLE
    return entry


def check_place(folder: Path) -> None:
    """Refuse a place where something else is than an empty folder or frames; raises CnnvizError."""
    if folder.name in ("", "..") or (folder.is_dir() and not _is_ours(folder)):
        raise CnnvizError(f"cannot write frames to {folder}: it is a folder that holds something else, give a new one")
    if os.path.lexists(folder) and not folder.is_dir():
        raise CnnvizError(f"cannot write frames to {folder}: it is a file, give a folder another name")


def _is_ours(folder: Path) -> bool:
    names = [path.name for path in folder.iterdir()]
    return not names or (DURATIONS in names and all(name.endswith((".png", DURATIONS)) for name in names))
