"""What is given for data: arrays of any library, copied into NumPy's, and files that are known by another path."""

from __future__ import annotations

from typing import Any

from cnnviz.errors import UsageError


def copied(value: Any, name: str) -> Any:
    """A copy of an array, which messages call `name`; raises UsageError where it gives no numbers, or hides some."""
    try:
        array, hides = _array(value), _hides(value)
    except Exception as error:
        kind, why = type(value).__name__, " ".join(str(error).split())[:80]
        raise UsageError(f"{name} is a {kind} that gives no numbers: give a NumPy array ({why})") from None
    if hides:
        raise UsageError(f"{name} masks some of its values: fill them in, as its .filled(0) does")
    return array


def _hides(value: Any) -> bool:
    """Whether an array masks some of its values; a data frame's mask is a method."""
    any_ = getattr(getattr(value, "mask", None), "any", None)
    return any_ is not None and bool(any_())


def _array(value: Any) -> Any:
    """A copy of what an array holds, of a tensor too that is being trained or lies on another device."""
    for step in ("detach", "cpu"):
        value = getattr(value, step)() if hasattr(value, step) else value
    try:
        return value.__array__().copy()
    except TypeError:
        # NumPy lacks a kind of number such as bfloat16, and single precision holds it.
        if not hasattr(value, "float"):
            raise
        return value.float().__array__().copy()


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
