"""Maps and kernels of several channels: how they are given, and what fits together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnviz.data import KERNEL_NAMES, MAP_NAMES, Data, load_kernel, load_map
from cnnviz.errors import UsageError
from cnnviz.parameters import ArrayLike, Numbers
from cnnviz.story import Axis, MapAndKernel, input_map, load_sheets
from cnnviz.storyboard import Values


@dataclass(frozen=True, kw_only=True)
class MapsAndFilters(MapAndKernel):
    """A scene with an input of some channels and with filters, each of which has a kernel for each channel it sees."""

    if TYPE_CHECKING:
        # Declared by each scene, in its own order.
        channels: int | None
        filters: int | None
        groups: int
        bias: Numbers

    input: ArrayLike = input_map(None, shown_default="edge; small-random for several channels")

    def prepare(self) -> None:
        """What is given is loaded, and its sizes become `i` and `k`, `channels` and `filters`; raises UsageError."""
        if self.input is None:
            self.fill_in(input=self.defaults()["input"])
        channels, *i = self.maps.values.shape
        filters, _, *k = self.weight.values.shape
        self.fill_in(i=tuple(i), k=tuple(k))
        if (channels, filters) != (1, 1):
            self.fill_in(channels=channels, filters=filters)

    def defaults(self) -> Mapping[str, Any]:
        """The input depends on the number of channels."""
        return {"input": "edge" if (self.channels or self._taken) in (None, 1) else "small-random"}

    @cached_property
    def maps(self) -> Data:
        """The input, (channels, rows, columns); raises UsageError."""
        named = self.input in MAP_NAMES if isinstance(self.input, str) else False
        channels = self.channels or (self._taken if named else None)
        found = load_sheets(load_map, self.input, [channels], self.i, seed=self.seed, default_size=self.default_size)
        _check_count(len(found.values), channels, "channels")
        # Checked before a kernel is made for the channels of each group.
        Axis.grouped(len(found.values), self.filters or self.groups, self.groups)
        return found

    @cached_property
    def weight(self) -> Data:
        """The kernels, (filters, channels of a group, rows, columns); raises UsageError."""
        seen = len(self.maps.values) // self.groups
        single = seen == self.groups == (self.filters or 1) == 1
        spec = self.kernel_spec if single or self.kernel is not None else "random"
        found = load_sheets(load_kernel, spec, [self.filters or self.groups, seen], self.k, seed=self.seed)
        filters, given = found.values.shape[:2]
        _check_count(filters, self.filters, "filters")
        if given != seen:
            raise UsageError(
                f"the filters of --kernel have {given} channels, but each sees {seen} of the input: use --channels "
                f"{given * self.groups}, or kernels for {seen}"
            )
        Axis.grouped(len(self.maps.values), filters, self.groups)
        return found

    @property
    def _taken(self) -> int | None:
        """The channels that filters from a file or an array take."""
        if self.kernel is None or (isinstance(self.kernel, str) and self.kernel in KERNEL_NAMES):
            return None
        shape = load_kernel(self.kernel_spec, self.k, seed=self.seed, axes=4).values.shape
        return shape[-3] * self.groups if len(shape) > 2 else None

    @cached_property
    def map(self) -> Data:
        """The input of one channel."""
        return replace(self.maps, values=self.maps.values[0])

    @cached_property
    def weights(self) -> Data:
        """The kernel of one filter for one channel."""
        return replace(self.weight, values=self.weight.values[0, 0])

    @cached_property
    def offsets(self) -> Values:
        """One for each filter; raises UsageError."""
        given = np.atleast_1d(np.asarray(self.bias, np.float64))
        if len(given) not in (1, len(self.weight.values)):
            raise UsageError(
                f"--bias has {len(given)} numbers, but --filters is {len(self.weight.values)}: give one number, or "
                f"--filters {len(given)}"
            )
        return np.resize(given, len(self.weight.values))


def _check_count(found: int, asked: int | None, what: str) -> None:
    if asked not in (None, found):
        raise UsageError(f"the data has {found} {what}, but --{what} asks for {asked}: leave --{what} out")
