"""One thread at a time, where libraries remember between two calls what they were last asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")

ALONE = RLock()
"""Held for as long as a word takes, not for a whole figure: a thread that draws a long one keeps no other waiting."""

if hasattr(os, "register_at_fork"):
    # A process that is copied while another thread holds it would never get it.
    os.register_at_fork(before=ALONE.acquire, after_in_parent=ALONE.release, after_in_child=ALONE.release)


def alone(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The same function, for one thread at a time."""

    @wraps(function)
    def called(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        with ALONE:
            return function(*args, **kwargs)

    return called
