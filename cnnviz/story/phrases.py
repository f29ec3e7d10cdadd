"""What several scenes say in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnnviz.words import Joined, Number, Text, Words, counted


def times(weights: Sequence[Number]) -> list[Words]:
    """The notes in covered cells: what each is multiplied by."""
    return [Joined(("×", weight), "") for weight in weights]


def steps_fill(count: int) -> Text:
    """The steps of a figure with their verb, for a sentence about them."""
    return counted(Number(count, 0, ("output", "size")), "1 step fills", "{n} steps fill")


def shared_weights(count: int) -> Text:
    """What a convolution is about: each output has the same weights."""
    return counted(
        Number(count, 0, ("kernel", "size")),
        "The same weight made every output",
        "The same {n} weights made every output",
    )


def note_zeros(caption: Words, weights: Iterable[Number], at: Sequence[int]) -> Words:
    """The caption of a sum of products; at the first place it says that those with weights of 0 are left out."""
    if any(at) or all(weight.value for weight in weights):
        return caption
    return Joined((caption, Text("(weights 0 left out)")), "   ")
