"""A kernel or a window that slides over an input: its windows, the size of its result, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.parameters import Size
from cnnviz.story.parameters import convolved_size, filled
from cnnviz.story.windows import Windows
from cnnviz.words import Filled, Shape, Text, Words, call, size


@dataclass(frozen=True, kw_only=True)
class Sliding:
    """What slides, of size `k`, over an input of size `i`; `p` is None where there is no padding to choose."""

    i: Size
    k: Size
    s: Size = (1, 1)
    p: Size | None = None
    d: Size = (1, 1)
    ceil_mode: bool = False

    @cached_property
    def windows(self) -> Windows:
        """The windows; raises UsageError where none fits."""
        return Windows.sliding(self.i, self.k, self.s, self.p or (None, None), self.d, ceil_mode=self.ceil_mode)

    @property
    def given(self) -> dict[str, Size]:
        """The sizes by their letters."""
        return {"i": self.i, "k": self.k, "s": self.s, "p": self.p or (0, 0), "d": self.d}

    @property
    def options(self) -> dict[str, Any]:
        """The options of a convolution."""
        return {"stride": self.s, "padding": self.p or (0, 0), "dilation": self.d}

    def formula(self, panel: str = "output", *, padded: bool = True) -> Filled:
        """The size of the result, which a panel shows; without p where it is not `padded`."""
        general, out = convolved_size(self.d != (1, 1), self.ceil_mode, padded), self.windows.out
        found = filled(general, out, panel, **self.given)
        if all(found.value(axis) == o for axis, o in enumerate(out)):
            return found
        # A last window that would begin in the padding behind the input is left out.
        starts = size("i") + size("p") if padded else size("i")
        return filled(call("min", general, call("ceil", starts / size("s"))), out, panel, **self.given)

    def told(self, settings: Words, what: str = "kernel") -> Text:
        """What slides over what, with the other settings in words, for alt texts."""
        template = f"a {{k}} {what} slides over a {{i}} input with {{settings}}"
        return Text(template, k=Shape(self.k), i=Shape(self.i), settings=settings)


def refuse(rules: Mapping[str, object]) -> None:
    """Refuse parameters that do not fit together: messages, each with what makes it true; raises UsageError."""
    for message, broken in rules.items():
        if broken:
            raise UsageError(message)
