"""Where a figure goes: what `-o` and `--format` ask for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnnviz.commands._common import OUTPUT_FOLDER
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.pipeline import Figure, is_folder

if TYPE_CHECKING:
    from cnnviz.export import Written

STDOUT = "-"


def leaves_format_open(output: str | None) -> bool:
    """Does `-o` name no file that chooses a format: none, a folder, or standard output?"""
    return output is None or output == STDOUT or is_folder(output)


def write_files(figure: Figure, output: str | None, formats: Sequence[str]) -> dict[Path, Written]:
    """Write what `-o` and `--format` ask for; returns the files, none for standard output. Raises as `Figure.save`."""
    from cnnviz.export import FRAMES, parse_formats

    if output is not None and not formats and not leaves_format_open(output):
        return {Path(output): figure.save(output)}
    names = parse_formats(formats or [figure.default_format])
    if output == STDOUT:
        if len(names) > 1 or FRAMES in names:
            raise UsageError(f"-o - writes one file: use one format, as in --format {names[0].replace(FRAMES, 'zip')}")
        if sys.stdout.isatty():
            raise UsageError("-o - is standard output, which is a terminal: use -o FILE, or -o - > FILE")
        ((_, content),) = figure.contents([figure.file_name(names[0])])
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return {}
    if output is None:
        folder = OUTPUT_FOLDER if OUTPUT_FOLDER.exists() else Path()
        if not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise CnnvizError(f"cannot write to folder {OUTPUT_FOLDER}: use -o FILE for another place")
        output = f"{OUTPUT_FOLDER}/"
        if FRAMES in names:
            output += Path(figure.file_name()).stem
    return figure.save_all(output, names)
