"""Local response against batch normalization, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnnviz.parameters import Size
from cnnviz.storyboard import Change, SetEntry, Step, Storyboard, Table

Line = tuple[str, str, str, str]
"""A property, what it is for either, and what the caption says of it."""


def comparison(parameters: Mapping[str, Any], batch: int, channels: int, size: Size) -> Storyboard:
    """The storyboard: the rows light up one after the other; the counts are those of a batch of maps of some size.

    Krizhevsky, Sutskever and Hinton (2012), §3.3; Ioffe and Szegedy (2015), §3.2 and Algorithms 1 and 2.
    """
    lines = _lines(batch, channels, size)
    entries = tuple(line[:3] for line in lines)
    table = Table(name="comparison", header=("", "Local response (LRN)", "Batch (BN)"), entries=entries, size=17)
    return Storyboard(
        scene="norm",
        parameters=parameters,
        title="LRN against batch normalization",
        settings=rf"$N={batch}$     $C={channels}$     pixels ${size[0]}\times{size[1]}$",
        formula=r"LRN  $b=a/(k+\alpha\,\Sigma\,a^2)^\beta$     BN  $y=\gamma\,(x-\mu)/\sqrt{\sigma^2+\epsilon}+\beta$",
        alt="Table that compares local response normalization (LRN) with batch normalization (BN) row by row. "
        + " ".join(f"{_begun(line[0])}: LRN {line[1]}; BN {line[2]}.".replace("\n", " ") for line in lines),
        rows=((table,),),
        steps=lambda: _steps(lines),
        count=len(lines),
    )


def _lines(batch: int, channels: int, size: Size) -> tuple[Line, ...]:
    shared = batch * size[0] * size[1]
    return (
        ("trainable", "no", "yes: scale γ, shift β", "LRN learns nothing; BN learns a scale γ and a shift β a channel"),
        ("learned parameters", "0", f"2·C = {2 * channels}", f"BN: 2·C = 2·{channels} = **{2 * channels}**"),
        ("constants to choose", "k, n, α, β", "ε, momentum", "k, n, α, β of LRN are the same for all channels"),
        ("normalised over", "n channels at one pixel,\nor n×n pixels of a channel",
         f"a channel in the whole batch:\nN·H·W = {shared} values",
         f"BN: N·H·W = {batch}·{size[0]}·{size[1]} = **{shared}** values share a mean and a variance"),
        ("computed from", "sum of squares", "mean and variance", "LRN subtracts no mean: 0 stays 0"),
        ("once trained", "the same", "running mean and variance\nof the training",
         "BN of a trained network does not depend on the other samples of the batch"),
        ("where", "after the activation", "between convolution and activation",
         "AlexNet normalises after the ReLU, BN stands before the activation"),
        ("used in", "AlexNet 2012, GoogLeNet 2014", "Inception v2 2015, ResNet 2015",
         "VGG found no gain from LRN in 2014; batch normalization has taken its place"),
    )  # fmt: skip


def _steps(lines: tuple[Line, ...]) -> Iterator[Step]:
    for row, (name, _, _, caption) in enumerate(lines):
        changes: list[Change] = []
        for column in range(3):
            if row:
                changes.append(SetEntry(panel="comparison", row=row - 1, column=column, role="plain"))
            changes.append(SetEntry(panel="comparison", row=row, column=column, role="selected"))
        yield Step(caption=f"{_begun(name)}:   {caption}", changes=tuple(changes))


def _begun(text: str) -> str:
    """With a capital letter."""
    return text[0].upper() + text[1:]
