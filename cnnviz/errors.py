"""The two ways in which a request can fail: the request is wrong, or the world is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CnnvizError(Exception):
    """A failure that the user sees as one line; `exit_code` is the process's."""

    exit_code = 1


class UsageError(CnnvizError, ValueError):
    """What was asked for cannot be: a bad value, a contradiction, an unknown name.

    `parameter` is the one that is wrong, if it is one alone, and `remedy` holds values that would work instead.
    """

    exit_code = 2

    def __init__(self, message: str, parameter: str | None = None, remedy: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.parameter, self.remedy = parameter, dict(remedy or {})
