r"""What a text may hold of mathtext, between dollar signs: matplotlib's parser recurses for a `{…}` in another."""

from __future__ import annotations

from cnnviz.errors import UsageError

_DEEPEST = 8


def check_nesting(text: str, what: str) -> None:
    """Refuse formulas nested deeper than can be typeset; `what` leads the message. Raises UsageError."""
    for formula in text.split("$")[1::2]:
        depth = 0
        for char in formula:
            depth += (char == "{") - (char == "}")
            if depth > _DEEPEST:
                raise UsageError(f"{what} has a formula nested more than {_DEEPEST} deep: use a simpler one")
