"""Numbered PNG frames, one a step, for video editors; `durations.csv` tells how long each stays."""

from __future__ import annotations

from typing import BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from cnnviz.export import Job, Written
from cnnviz.export._png import still, texts_of

DURATIONS = "durations.csv"
_LEVEL = 6
# The earliest date that the format knows: a real one would make each file another.
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX, _READABLE = 3, 0o100644 << 16


def write(job: Job, file: BinaryIO) -> Written:
    """Write the frames as they come; only names and times are kept."""
    film, texts = job.film(0), texts_of(job)
    digits = len(str(job.storyboard.count))
    lines, total = ["file,milliseconds"], 0
    with ZipFile(file, "w") as archive:
        for number, frame in enumerate(film, start=1):
            name = f"{job.storyboard.scene}_{number:0{digits}}.png"
            archive.writestr(_entry(name), still(frame.pixels, film.palette.colors, texts, _LEVEL))
            lines.append(f"{name},{frame.milliseconds}")
            total += frame.milliseconds
        archive.writestr(_entry(DURATIONS), "\n".join(lines) + "\n")
    return Written(size=film.size, steps=job.storyboard.count, milliseconds=total)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _DATE)
    # PNG is compressed already.
    entry.compress_type, entry.create_system, entry.external_attr = ZIP_STORED, _UNIX, _READABLE
    return entry
