"""TOML files, which come from anywhere: read within bounds, and whatever is wrong with one is a line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.inputs import read_input
from cnnviz.limits import MAX_TOML_BYTES

_DEEPEST = 50
# tomllib's time grows with the square of a key's dots.
_LONG_KEY = re.compile(rf"""(?<![\w."'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{_DEEPEST}}}""")


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The table that a TOML file holds; `what` leads every message. Raises UsageError."""
    content = read_input(path, what, MAX_TOML_BYTES)
    try:
        text = content.decode("utf-8-sig")
        table = {} if (deep := _LONG_KEY.search(text)) else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what} is not valid TOML: {error}") from None
    if deep:
        raise UsageError(f"{what} has a key of more than {_DEEPEST} parts: nothing is nested that deep")
    if any(abs(number) >= 2**63 for number in _numbers(table)):
        raise UsageError(f"{what} has a whole number of more than 64 bits, TOML's largest")
    return table


def _numbers(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _numbers(part)
