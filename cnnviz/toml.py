"""TOML files, which come from anywhere: read within bounds, and whatever is wrong with one is a line."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_TOML_BYTES

_DEEPEST = 50
# tomllib's time grows with the square of a key's dots.
_LONG_KEY = re.compile(rf"""(?<![\w."'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{_DEEPEST}}}""")
_MOST = 2**63


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The table that a TOML file holds; `what` leads every message. Raises UsageError."""
    try:
        status = path.stat()
        # Before opening: a pipe would block forever.
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise UsageError(f"{what} is no regular file: save it as one")
        if status.st_size > MAX_TOML_BYTES:
            raise UsageError(f"{what} has {status.st_size} bytes: use at most {MAX_TOML_BYTES}")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{what} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(f"{what} is not valid TOML: {error}") from None
    if _LONG_KEY.search(text):
        raise UsageError(f"{what} has a key of more than {_DEEPEST} parts: nothing is nested that deep")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{what} is not valid TOML: {error}") from None
    except RecursionError:
        raise UsageError(f"{what} is nested too deep: give values, or lists of them") from None
    except ValueError:
        # Python's own limit of digits.
        table = {"number": _MOST}
    if not all(-_MOST <= number < _MOST for number in _numbers(table)):
        raise UsageError(f"{what} has a whole number of more than 64 bits, TOML's largest")
    return table


def _numbers(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _numbers(part)
