r"""What a text may hold of mathtext, between dollar signs: matplotlib's parser recurses for each `\hat{…}` or `{…}`."""

from __future__ import annotations

import re

from cnnviz.errors import UsageError

_DEEPEST = 8
# Accents need no braces: \hat\hat x.
_ACCENT = r"\\(?:hat|breve|bar|grave|acute|tilde|d{1,4}ot|vec|over\w+arrow|wide\w+|mathring)(?![a-zA-Z])\s*"
_NESTING = re.compile(rf"\\left\b|\\right\b|(?:{_ACCENT})+|\\.|[{{}}$]")


def check_nesting(text: str, what: str) -> None:
    """Refuse formulas nested deeper than can be typeset; `what` leads the message. Raises UsageError."""
    depth, inside = 0, False
    for match in _NESTING.finditer(text):
        found = match[0]
        if found == "$":
            depth, inside = 0, not inside
        elif found in ("{", r"\left"):
            depth += 1
        elif found in ("}", r"\right"):
            depth = max(0, depth - 1)
        if inside and depth + found.count("\\") > _DEEPEST:
            raise UsageError(f"{what} has a formula nested more than {_DEEPEST} deep: use a simpler one")
