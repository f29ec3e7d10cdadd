"""One lock for libraries that are not thread-safe: they remember between two calls what they were last asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

LOCK = RLock()
"""Held for a word, not for a whole figure, so that no thread waits long."""

if hasattr(os, "register_at_fork"):
    # A child that is forked while another thread holds the lock would never get it.
    os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release)


def synchronized(function: Callable[P, R]) -> Callable[P, R]:
    """Let one thread at a time call a function."""

    @wraps(function)
    def locked(*args: P.args, **kwargs: P.kwargs) -> R:
        with LOCK:
            return function(*args, **kwargs)

    return locked
