"""Sweeps: lists of values for some parameters of a figure, each combination of which becomes a figure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_SWEEP
from cnnviz.parameters import quote

SWEEP, SKIP = "sweep", "skip_invalid"
_FILLED = ("title", "subtitle", "caption", "section")
_MAX_SLUG = 40


def skips_invalid(where: str, figure: Mapping[str, Any]) -> bool:
    """Whether combinations that the scene refuses are left out; raises UsageError."""
    sweep = figure.get(SWEEP)
    if sweep is None and SKIP in figure:
        raise UsageError(f"{where}: {SKIP} belongs to a sweep: write it under [figure.{SWEEP}]")
    found = [table[SKIP] for table in (figure, sweep) if isinstance(table, dict) and SKIP in table]
    for value in found:
        if not isinstance(value, bool):
            raise UsageError(f"{where}: {SKIP} {quote(value)} is neither true nor false")
    return any(found)


def expanded(where: str, figure: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The figures of a sweep, the last parameter changing fastest; raises UsageError.

    In texts `{s}` is replaced by the value; behind the name stand the values that it does not mention. Whether there
    are parameters of these names shows when the figures are made: a check would load the scene, and NumPy with it.
    """
    if SWEEP not in figure:
        yield dict(figure)
        return
    lists = _lists(where, figure[SWEEP])
    for values in product(*lists.values()):
        chosen = dict(zip(lists, values, strict=True))
        one = {**figure, **chosen}
        for key, value in chosen.items():
            gap = f"{{{key}}}"
            if gap not in figure["name"]:
                one["name"] += f"-{key.replace('_', '-')}{gap}"
            one["name"] = one["name"].replace(gap, _slug(value))
            one |= {text: one[text].replace(gap, _text(value)) for text in _FILLED if isinstance(one.get(text), str)}
        yield one


def _lists(where: str, sweep: Any) -> dict[str, list[Any]]:
    """The values of each swept parameter, checked."""
    if not isinstance(sweep, dict):
        raise UsageError(f"{where}: {SWEEP} {quote(sweep)} is not a table: write [figure.{SWEEP}] and s = [1, 2] below")
    lists = {key: values for key, values in sweep.items() if key != SKIP}
    if not lists:
        raise UsageError(f"{where}: {SWEEP} names no parameter: give one with its values, such as s = [1, 2]")
    for key, values in lists.items():
        if not isinstance(values, list):
            raise UsageError(f"{where}: {SWEEP}.{key} {quote(values)} is not a list: give one such as [1, 2]")
        if not values:
            raise UsageError(f"{where}: {SWEEP}.{key} is an empty list: give it a value, or leave it out")
        for value in values:
            if not isinstance(value, str | int | float):
                hint = 'give numbers, texts such as "3x5", or true and false'
                raise UsageError(f"{where}: {SWEEP}.{key} holds {quote(value)}: {hint}")
    count = math.prod(map(len, lists.values()))
    if count > MAX_SWEEP:
        raise UsageError(f"{where}: {SWEEP} has {count} combinations: use at most {MAX_SWEEP}")
    return lists


def _text(value: Any) -> str:
    """A value as in TOML, texts without quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _slug(value: Any) -> str:
    """A value as part of a file name; a path becomes its stem."""
    text = _text(value)
    text = Path(text).stem if re.search(r"\.[A-Za-z]\w*$", text) else text
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).rstrip("-.")[:_MAX_SLUG]
