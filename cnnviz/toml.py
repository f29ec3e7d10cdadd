"""TOML files, which come from anywhere: read within bounds, and whatever is wrong with one is a line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.inputs import read_input
from cnnviz.limits import MAX_TOML_BYTES

# tomllib's time grows with the square of a key's dots.
_LONG_KEY = re.compile(r"""(?<![\w."'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){50}""")


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The table that a TOML file holds; `what` leads every message. Raises UsageError."""
    content = read_input(path, what, MAX_TOML_BYTES)
    try:
        text = content.decode("utf-8-sig")
        if _LONG_KEY.search(text):
            raise ValueError("a key has more than 50 parts")
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what} is not valid TOML: {error}") from None
