"""What is given for data: arrays of any library, copied into NumPy's, and files that are known by another path."""

from __future__ import annotations

from typing import Any

from cnnviz.errors import UsageError


def copied(value: Any, name: str) -> Any:
    """A copy of an array of any library, which messages call `name`.

    Raises UsageError where it gives no numbers, or masks some.
    """
    # A data frame's mask is a method.
    if getattr(getattr(value, "mask", None), "any", bool)():
        raise UsageError(f"{name} masks some of its values: fill them in, as its .filled(0) does")
    try:
        # A tensor may be in training, on another device, or of a kind of number that NumPy lacks.
        steps = ("detach", "cpu", "float") if "bfloat16" in str(getattr(value, "dtype", "")) else ("detach", "cpu")
        for step in steps:
            value = getattr(value, step)() if hasattr(value, step) else value
        return value.__array__().copy()
    except Exception as error:
        kind, why = type(value).__name__, " ".join(str(error).split())[:80]
        raise UsageError(f"{name} is a {kind} that gives no numbers: give a NumPy array ({why})") from None


class RemotePath(str):
    """A file that messages and commands show under another path than it has here."""

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
