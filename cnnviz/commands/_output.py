"""What `-o` may be, told before anything is printed or drawn."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cnnviz.errors import UsageError
from cnnviz.pipeline import Figure, names_folder


def check_output(figure: Figure, output: str, formats: Sequence[str], code: str | None) -> None:
    """Refuse what cannot be the path of a figure's picture; raises UsageError."""
    from cnnviz.export import extension_of
    from cnnviz.export import formats as known

    instead = figure.file_name(figure.place.format if figure.place else "gif")
    if not output.strip():
        raise UsageError(f"-o {output!r} names no file: give one such as -o {instead}")
    if not formats and not figure.place and _is_around(output):
        raise UsageError(f"-o {output} is the folder you are in, or around it: give a file such as -o {instead}")
    if code is not None and not (formats or names_folder(output) or extension_of(Path(output)) in known()):
        use = f"{figure.command()} --code {code} > {output}"
        raise UsageError(f"-o {output} is for the picture, and the program is printed: use {use}")


def _is_around(output: str) -> bool:
    """Is a path the folder where the program runs, or one that this lies in?"""
    here = Path.cwd()
    return os.path.isdir(output) and Path(os.path.realpath(output)) in (here, *here.parents)
