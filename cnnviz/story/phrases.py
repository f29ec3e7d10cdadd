"""Phrases that several scenes share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnnviz.words import Joined, Number, Text, Words, counted


def times(weights: Sequence[Number]) -> list[Words]:
    """Notes for covered cells: the weight that multiplies each, such as ×2."""
    return [Joined(("×", weight), "") for weight in weights]


def steps_fill(count: int) -> Text:
    """The number of steps with a verb, as part of a sentence: `9 steps fill`."""
    return counted(Number(count, 0, ("output", "size")), "1 step fills", "{n} steps fill")


def shared_weights(count: int) -> Text:
    """The closing sentence of a convolution: all outputs share the same weights."""
    return counted(
        Number(count, 0, ("kernel", "size")),
        "The same weight made every output",
        "The same {n} weights made every output",
    )


def note_zeros(caption: Words, weights: Iterable[Number], at: Sequence[int]) -> Words:
    """Add a note to the first caption if products with zero weights are left out."""
    if any(at) or all(weight.value for weight in weights):
        return caption
    return Joined((caption, Text("(weights 0 left out)")), "   ")
