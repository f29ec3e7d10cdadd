"""One lock for libraries that are not thread-safe: they remember between two calls what they were last asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

LOCK = RLock()
"""Held for a word, not for a whole figure, so that no thread waits long."""


def synchronized(function: Callable[P, R]) -> Callable[P, R]:
    """Let one thread at a time call a function."""

    @wraps(function)
    def locked(*args: P.args, **kwargs: P.kwargs) -> R:
        with LOCK:
            return function(*args, **kwargs)

    return locked
