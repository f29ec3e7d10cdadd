"""The two kinds of error: a bad request (exit code 2), and a failure to carry out a good one (exit code 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CnnvizError(Exception):
    """An error that the user sees as one line; `exit_code` is that of the process."""

    exit_code = 1


class UsageError(CnnvizError, ValueError):
    """A bad request: an invalid value, a contradiction, an unknown name.

    `parameter` names the invalid one, if there is just one, and `remedy` maps parameters to values that would work.
    """

    exit_code = 2

    def __init__(self, message: str, parameter: str | None = None, remedy: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.parameter, self.remedy = parameter, dict(remedy or {})
