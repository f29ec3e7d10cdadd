"""Numbered PNG frames, one a step, more with `tween`, for video editors; `durations.csv` tells how long each stays."""

from __future__ import annotations

from typing import BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from cnnviz.export import Job, Written
from cnnviz.export._frames import SUPPORTED_OPTIONS, QUALITY_KNOBS, Entries

__all__ = ["SUPPORTED_OPTIONS", "QUALITY_KNOBS", "write"]
# The earliest date that the format knows: a real one would make each file another.
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX, _READABLE = 3, 0o100644 << 16


def write(job: Job, file: BinaryIO) -> Written:
    """Write the frames as they come; only names and times are kept."""
    entries = Entries(job, job.film(0))
    with ZipFile(file, "w") as archive:
        for name, content in entries:
            archive.writestr(_entry(name), content)
    return entries.written()


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _DATE)
    # PNG is compressed already.
    entry.compress_type, entry.create_system, entry.external_attr = ZIP_STORED, _UNIX, _READABLE
    return entry
