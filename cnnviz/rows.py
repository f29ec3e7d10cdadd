"""Numbers in rows, as they are typed or as a text file has them."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_LINES
from cnnviz.parameters import quote, with_decimal_point

Row = tuple[str, list[str]]
"""Where a row stands, for messages, and its fields."""

_BEGINNING = re.compile(r"\s*(?:[-+\u2212]|\.?\d|\[)")
_REAL = r"[-+]?(?:\d{1,999}(?:\.\d{0,999})?|\.\d{1,999})(?:e[-+]?\d{1,9})?"
_NUMBER = re.compile(rf"({_REAL})(?:/({_REAL}))?", re.ASCII | re.IGNORECASE)
_FORMS = "write it as -2, 0.5, 1e-3 or 1/9, with blanks or commas between numbers and ; between rows"


def is_literal(text: str, kinds: Collection[str]) -> bool:
    """Does a text begin as numbers do, and end as no file of some `kinds` does?"""
    return _BEGINNING.match(text) is not None and Path(text.strip()).suffix.lower() not in kinds


def parse_rows(rows: Iterable[Row], subject: str, limit: int) -> list[list[float]]:
    """Turn rows (their place, their fields) into numbers; `subject` leads every message."""
    grid: list[list[float]] = []
    first = ""
    for place, fields in rows:
        where = f"{subject}, {place}"
        if len(fields) > limit or len(grid) == limit:
            many = "numbers" if len(fields) > limit else "rows"
            raise UsageError(f"{where}: there are more than {limit} {many}, the most that a grid may have")
        if grid and len(fields) != len(grid[0]):
            counts = f"has {len(fields)} numbers, but {first} has {len(grid[0])}"
            raise UsageError(f"{where} {counts}: make all rows the same length")
        first = first or place
        grid.append([_number(field, f"{where}, column {column}") for column, field in enumerate(fields, 1)])
    if not grid:
        raise UsageError(f"{subject} holds no numbers: give at least one")
    return grid


def _number(text: str, where: str) -> float:
    if match := _NUMBER.fullmatch(with_decimal_point(text.strip(), where)):
        numerator, denominator = float(match[1]), float(match[2] or 1)
        if denominator and math.isfinite(value := numerator / denominator):
            return value
    raise UsageError(f"{where}: {quote(text.strip())} is no finite number: {_FORMS}")


def literal_rows(text: str, subject: str) -> Iterator[Row]:
    """The rows of a literal; raises UsageError."""
    body = re.sub(r"\]\s*,?\s*\[", ";", text).strip("[] \n").removesuffix(";")
    return _divided([(f"row {number}", row) for number, row in enumerate(re.split(r"[;\n]", body), 1)], subject)


def file_rows(content: bytes, subject: str) -> Iterator[Row]:
    """The rows of a text file, without empty lines and comments; raises UsageError."""
    try:
        lines = [line.strip() for line in content.decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError as error:
        raise UsageError(f"{subject} is not UTF-8 text: save it as UTF-8") from error
    if len(lines) > MAX_LINES:
        raise UsageError(f"{subject} has more than {MAX_LINES} lines: remove those without numbers")
    rows = [(f"line {number}", line) for number, line in enumerate(lines, 1)]
    return _divided([row for row in rows if row[1] and not row[1].startswith("#")], subject)


def _divided(rows: Sequence[tuple[str, str]], subject: str) -> Iterator[Row]:
    """Rows in fields. Commas divide where no tab, ; or blank does; else they are decimal commas."""
    text = re.sub(r'"[^"\n]*"', "0", "\n".join(row for _, row in rows))
    mark = next((mark for mark in "\t;" if mark in text), None)
    if mark is None and not re.search(r"[^\s,][^\S\n]+[^\s,]", text):
        mark = ","
        if twofold := re.search(r"(?<!\S)([^\s,]+),([^\s,]+), ", text):
            found, other = twofold.groups()
            raise UsageError(
                f"{subject}: '{found},{other}' before a comma may mean {found}.{other} or {found} {other}: "
                "put blanks between numbers"
            )
    for place, row in rows:
        # Spreadsheets may quote numbers.
        quoted = csv.reader([row], delimiter=mark or " ", skipinitialspace=True)
        try:
            yield place, next(quoted) if '"' in row else row.split(mark)
        except csv.Error as error:
            raise UsageError(f"{subject}, {place} is no CSV: {error}") from None
