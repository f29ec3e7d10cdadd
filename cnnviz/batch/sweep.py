"""Sweeps: lists of values for some parameters of a figure, each combination of which becomes a figure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.limits import MAX_SWEEP
from cnnviz.parameters import quote, to_cli
from cnnviz.pipeline import slug

SWEEP, SKIP = "sweep", "skip_invalid"
_FILLED = ("title", "subtitle", "caption", "section")


def expanded(where: str, figure: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The figures of a sweep, the last parameter changing fastest; raises UsageError.

    In texts `{s}` is replaced by the value; behind the name stand the values that it does not mention. Whether there
    are parameters of these names shows when the figures are made: a check would load the scene, and NumPy with it.
    """
    lists = _lists(where, figure[SWEEP]) if SWEEP in figure else {}
    for values in product(*lists.values()):
        chosen = dict(zip(lists, values, strict=True))
        one = {**figure, **chosen}
        for key, value in chosen.items():
            gap = f"{{{key}}}"
            if gap not in figure["name"]:
                one["name"] += f"-{key.replace('_', '-')}{gap}"
            one["name"] = one["name"].replace(gap, slug(_text(value)))
            one |= {text: one[text].replace(gap, _text(value)) for text in _FILLED if isinstance(one.get(text), str)}
        yield one


def _lists(where: str, sweep: Any) -> dict[str, list[Any]]:
    """The values of each swept parameter, checked."""
    lists = {key: values for key, values in sweep.items() if key != SKIP} if isinstance(sweep, dict) else {}
    if not lists:
        raise UsageError(f"{where}: {SWEEP} names no parameter: write [figure.{SWEEP}] and s = [1, 2] below")
    for key, values in lists.items():
        if not isinstance(values, list) or not values:
            raise UsageError(f"{where}: {SWEEP}.{key} {quote(values)} is no list of values: give one such as [1, 2]")
    count = math.prod(map(len, lists.values()))
    if count > MAX_SWEEP:
        raise UsageError(f"{where}: {SWEEP} has {count} combinations: use at most {MAX_SWEEP}")
    return lists


def _text(value: Any) -> str:
    """A value as in TOML, texts without quotes."""
    return to_cli(value).lower() if isinstance(value, bool) else to_cli(value)
