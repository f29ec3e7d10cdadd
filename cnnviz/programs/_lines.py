"""Long lines of a program, broken as a formatter does."""

from __future__ import annotations

from collections.abc import Iterator

_WIDTH = 100


def broken(line: str) -> list[str]:
    """A line as it is, or where it is long with what its longest brackets hold below one another."""
    if "\n" in line or len(line) <= _WIDTH:
        return line.split("\n")
    depth, opened, groups = 0, 0, [(0, 0)]
    for place, letter in enumerate(line):
        if letter in "([{":
            opened = place if depth == 0 else opened
            depth += 1
        elif letter in ")]}":
            depth -= 1
            groups += [(opened, place)] if depth == 0 else []
    start, end = max(groups, key=lambda group: group[1] - group[0])
    indent = line[: len(line) - len(line.lstrip())]
    inner = [text for part in _parts(line[start + 1 : end]) for text in broken(f"{indent}    {part}")]
    if start == end:
        return [line]
    rest = broken(line[end + 1 :])
    return [line[: start + 1], *inner, indent + line[end] + rest[0], *rest[1:]]


def _parts(text: str) -> Iterator[str]:
    """What stands between the commas of an argument list, brackets within kept whole."""
    depth, start = 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            yield text[start : place + 1].strip()
            start = place + 1
    yield text[start:].strip()
