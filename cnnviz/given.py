"""Data that users pass in: arrays of any library, and files that are shown under another path."""

from __future__ import annotations

from typing import Any

from cnnviz.errors import UsageError


def copied(value: Any, name: str) -> Any:
    """A NumPy copy of any library's array, called `name` in messages.

    Raises UsageError if it has no numbers, or if some are masked.
    """
    # The mask of a data frame is a method.
    if getattr(getattr(value, "mask", None), "any", bool)():
        raise UsageError(f"{name} masks some of its values: fill them in, as its .filled(0) does")
    try:
        # A tensor may require gradients, be on another device, or have a dtype that NumPy lacks.
        steps = ("detach", "cpu", "float") if "bfloat16" in str(getattr(value, "dtype", "")) else ("detach", "cpu")
        for step in steps:
            value = getattr(value, step)() if hasattr(value, step) else value
        return value.__array__().copy()
    except Exception as error:
        kind, why = type(value).__name__, " ".join(str(error).split())[:80]
        raise UsageError(f"{name} is a {kind} that cannot be read as numbers: give a NumPy array ({why})") from None


class RemotePath(str):
    """The path of a file that messages and commands show as `display_path`."""

    display_path: str

    def __new__(cls, path: str, display_path: str) -> RemotePath:  # noqa: D102
        made = super().__new__(cls, path)
        made.display_path = display_path
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return RemotePath, (str(self), self.display_path)

    def __repr__(self) -> str:
        return repr(self.display_path)

    def __format__(self, spec: str) -> str:
        return format(self.display_path, spec)
