"""TOML files, which come from anywhere: read within bounds, and whatever is wrong with one is a line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.inputs import read_input
from cnnviz.limits import MAX_TOML_BYTES


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The table that a TOML file holds; `what` leads every message. Raises UsageError."""
    content = read_input(path, what, MAX_TOML_BYTES)
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what} is not valid TOML: {error}") from None
