"""Normalization layers: which values share a mean and a variance; LRN vs. BN."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from cnnviz.data import Data
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_SIDE
from cnnviz.parameters import ArrayLike, Size, param
from cnnviz.scene import Scene
from cnnviz.scenes import _norms
from cnnviz.scenes._comparison import comparison
from cnnviz.story import Story, check_magnitude, choice, input_maps, input_size, load_maps


@dataclass(frozen=True, kw_only=True)
class Norm(Scene):
    """Normalization layers: the values that share a mean and a variance light up, group after group.

    Batch (Ioffe and Szegedy 2015), layer (Ba, Kiros and Hinton 2016), instance (Ulyanov, Vedaldi and Lempitsky 2016)
    and group normalization (Wu and He 2018, whose figure 2 is `all`); `compare` is the article's table of local
    response against batch normalization.
    """

    examples: ClassVar = (
        "cnnviz norm batch --batch 3 --channels 4",
        "cnnviz norm group --groups 2",
        "cnnviz norm all",
        "cnnviz norm compare",
    )

    kind: str = choice(
        "batch", (*_norms.KINDS, "all", "compare"), "Which normalization, all four, or LRN vs. batch in a table."
    )
    batch: int = param(3, alias="batch-size", help="Samples in the batch.", lo=1, hi=MAX_SIDE)
    channels: int = param(4, help="Channels of a sample.", lo=1, hi=4096)
    i: Size | None = input_size(
        help="Size of a channel.", shown_default="2x1, or the data's own; 2 for all and compare", always_named=False
    )
    groups: int = param(2, help="Groups of channels, for the kind `group`.", lo=1, hi=4096)
    eps: float = param(1e-5, help="ε, added to the variance.", lo=1e-12, hi=1)
    input: ArrayLike = input_maps("all channels of all samples")

    @cached_property
    def maps(self) -> Data:
        """The channels of all samples, one after the other."""
        sheets = self.batch * self.channels
        texts = {"what": "maps", "option": "--batch times --channels"}
        return load_maps(self.input, sheets, self.i, seed=self.seed, default=(sheets, (2, 1)), **texts)

    def prepare(self) -> None:
        """The maps are loaded, and their size becomes `i`."""
        if self.kind in ("group", "all") and self.channels % self.groups:
            fits = " or ".join(str(g) for g in range(1, self.channels + 1) if self.channels % g == 0)
            raise UsageError(f"groups {self.groups} do not divide {self.channels} channels: use --groups {fits}")
        if self.kind in _norms.KINDS:
            self.fill_in(i=self.maps.values.shape[1:])
            check_magnitude(self.maps.values)
        else:
            self.fill_in(i=self.i or _norms.SIZE)

    def story(self) -> Story:
        """Group after group its mean, its variance, its values normalized; or four in one, or the table row by row."""
        if self.kind == "compare":
            return comparison(self, self.batch, self.channels, self.i or _norms.SIZE)
        return _norms.all_norms(self) if self.kind == "all" else _norms.one_norm(self)
