"""What a plot of an axis shows, as data: lines over numbers, or bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Point = tuple[float, float]


@dataclass(frozen=True)
class Chart:
    """What a plot shows: lines over numbers, on logarithmic axes with `log`, or a bar a name and a line at `target`."""

    title: str
    y: str
    x: str = ""
    lines: dict[str, Sequence[Point]] = field(default_factory=dict)
    bars: dict[str, float] = field(default_factory=dict)
    log: bool = False
    target: float | None = None

    def stored(self) -> dict[str, Any]:
        """As JSON can hold it, in numbers of four digits."""
        lines = {name: [[short(x), short(y)] for x, y in points] for name, points in self.lines.items()}
        return asdict(self) | {"lines": lines, "bars": {name: short(value) for name, value in self.bars.items()}}


def short(value: float) -> float:
    """In three digits, four from 1,000 on."""
    return float(f"{value:.4g}" if value >= 1000 else f"{value:.3g}")
