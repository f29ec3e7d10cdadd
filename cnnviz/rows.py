"""Numbers as people and spreadsheets write them: rows of a literal or a text file."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_LINES
from cnnviz.parameters import THOUSANDS, quote

Row = tuple[str, list[str]]
"""Where a row stands, for messages, and its fields."""

_LITERAL = re.compile(r"\s*[-+.\d\[](?:[-+.\de\s,;/\[\]]|nan|inf)*", re.ASCII | re.IGNORECASE)
_PATH_START = re.compile(r"\s*\.{1,2}/")
_REAL = r"[-+]?(?:\d{1,999}(?:\.\d{0,999})?|\.\d{1,999})(?:e[-+]?\d{1,9})?"
_NUMBER = re.compile(rf"({_REAL})(?:/({_REAL}))?", re.ASCII | re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[-+]?\d{0,99},\d{1,99}(?:e[-+]?\d{1,9})?", re.ASCII | re.IGNORECASE)
_TRUTH = {"true": "1", "false": "0"}
# Minus signs and blanks of typography, which text pasted from documents has.
_PASTED = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " "})


def unpasted(text: str) -> str:
    """A text with the minus signs and blanks of a keyboard."""
    return text.translate(_PASTED)


def is_literal(text: str, kinds: Collection[str]) -> bool:
    """Are numbers written in the text, perhaps with a slip among them, rather than a name or a path of some `kinds`?"""
    if _PATH_START.match(text):
        return False
    if _LITERAL.fullmatch(text) and re.search(r"[\d\[]", text):
        return True
    fields = [field for field in re.split(r"[\s,;\[\]]+", text) if field]
    numbers = [field for field in fields if _means_number(field)]
    kind = Path(text.strip()).suffix.lower()
    return len(fields) > 1 and 2 * len(numbers) >= len(fields) and kind not in kinds and not os.path.exists(text)


def parse_rows(rows: Iterable[Row], subject: str, limit: int) -> list[list[float]]:
    """Turn rows (their place, their fields) into numbers; `subject` leads every message."""
    grid: list[list[float]] = []
    first = ""
    for place, fields in rows:
        where = f"{subject}, {place}"
        if len(fields) > limit or len(grid) == limit:
            many = "numbers" if len(fields) > limit else "rows"
            raise UsageError(f"{where}: there are more than {limit} {many}, the most that a grid may have")
        if grid:
            check_even(where, len(fields), first, len(grid[0]))
        first = first or place
        grid.append([_number(field, f"{where}, column {column}") for column, field in enumerate(fields, 1)])
    if not grid:
        raise UsageError(f"{subject} holds no numbers: give at least one")
    return grid


def check_even(where: str, count: int, first: str, expected: int) -> None:
    """Refuse rows of different lengths; raises UsageError."""
    if count != expected:
        numbers = "number" if count == 1 else "numbers"
        raise UsageError(f"{where} has {count} {numbers}, but {first} has {expected}: make all rows the same length")


def _means_number(text: str) -> bool:
    """Is a text a number in a form that people or spreadsheets write?"""
    return bool(_NUMBER.fullmatch(text) or _DECIMAL_COMMA.fullmatch(text)) or text.lower() in _TRUTH


def _number(text: str, where: str) -> float:
    plain = text.translate(_PASTED)
    if re.fullmatch(THOUSANDS, plain):
        readings = f"{plain.replace(',', '')} or {plain.replace(',', '.')}"
        raise UsageError(f"{where} is {quote(text)}, which may mean {readings}: write one of these")
    plain = plain.replace(",", ".") if _DECIMAL_COMMA.fullmatch(plain) else _TRUTH.get(plain.lower(), plain)
    if match := _NUMBER.fullmatch(plain):
        numerator, denominator = float(match[1]), float(match[2] or 1)
        if denominator and math.isfinite(value := numerator / denominator):
            return value
    raise UsageError(f"{where}: {quote(text)} is no finite number: write it as -2, 0.5, 1e-3 or 1/9")


def literal_rows(text: str, what: str, limit: int) -> Iterator[Row]:
    """The rows of a literal; raises UsageError."""
    body = text.strip()
    if re.search(r"\[\s*\]", body):
        raise UsageError(f"{what} {quote(text)} has an empty row: give at least one number in each")
    for _ in range(2):
        if body.startswith("[") and body.endswith("]"):
            body = re.sub(r"\][\s,;]*\[", ";", body[1:-1]).strip()
    rows = re.split(r"[;\n]\s*", body.removesuffix(";"))
    separator = _literal_separator(rows, text, what)
    groups = [group.split() for group in rows[0].split(",")]
    if len(rows) == 1 and len(groups) > 1 and all(len(group) > 1 for group in groups):
        wanted = quote("; ".join(map(" ".join, groups)))
        raise UsageError(f"{what} {quote(text)} is one row: put ; between rows, as in {wanted}")
    for number, row in enumerate((row.strip() for row in rows), 1):
        yield f"row {number}", re.split(separator, row, maxsplit=limit)


def _literal_separator(rows: list[str], text: str, what: str) -> str:
    """What separates the numbers of a row: blanks where these leave nothing but numbers, else commas too."""
    fields = [field for row in rows for field in row.split()]
    if any(_DECIMAL_COMMA.fullmatch(field.removesuffix(",")) for field in fields if field.endswith(",")):
        raise UsageError(f"{what} {quote(text)} has two kinds of commas: put blanks between numbers, points in them")
    # Of `1,2; 3,4` commas separate, of `0,5 1,5` they do not.
    blanks = len(fields) > len(rows) and all(map(_means_number, fields))
    return r"\s+" if blanks else r"\s*,\s*|\s+"


def file_rows(file: BinaryIO, subject: str, limit: int) -> Iterator[Row]:
    """The rows of a text file, without empty lines and comments; raises UsageError."""
    separator: str | None = None
    started = False
    try:
        with io.TextIOWrapper(file, encoding="utf-8-sig") as lines:
            for number, line in enumerate(map(str.strip, lines), 1):
                if number > MAX_LINES:
                    raise UsageError(f"{subject} has more than {MAX_LINES} lines: remove those without numbers")
                if not line or line.startswith("#"):
                    continue
                if not started:
                    separator, started = _file_separator(line), True
                yield f"line {number}", _fields(line, separator, limit)
    except UnicodeDecodeError as error:
        raise UsageError(f"{subject} is not UTF-8 text: save it as UTF-8") from error


def _file_separator(line: str) -> str | None:
    """What separates the numbers of a file, from its first line: a tab, ; or comma, or blanks (None)."""
    bare = re.sub(r'"[^"]*"', '""', line)
    if all(map(_means_number, bare.split())) and len(bare.split()) > 1:
        # Tabs, too; a comma in a number is decimal.
        return "\t" if "\t" in bare else None
    return next((sign for sign in "\t;," if sign in bare), None)


def _fields(line: str, separator: str | None, limit: int) -> list[str]:
    if separator is not None and '"' in line:
        # Spreadsheets may quote numbers, and have to where these hold the separator.
        with suppress(csv.Error):
            return [field.strip() for field in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]
    return [field.strip() for field in line.split(separator, limit)]
