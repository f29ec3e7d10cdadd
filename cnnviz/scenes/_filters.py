"""Maps and kernels of several channels: how they are given, and what fits together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cnnviz.data import KERNEL_NAMES, MAP_NAMES, Data, load_kernel, load_map
from cnnviz.errors import UsageError
from cnnviz.limits import MAX_CHANNELS
from cnnviz.parameters import ArrayLike, Numbers, param
from cnnviz.story import Axis, MapAndKernel, input_map, load_sheets
from cnnviz.storyboard import Values


def sheet_count(help: str) -> Any:
    """Declare a number of channels or filters."""
    return param(None, help=help, lo=1, hi=MAX_CHANNELS, shown_default="1, or the data's own")


def channel_groups() -> Any:
    """Declare groups."""
    return param(1, help="Groups of channels; a filter sees those of one.", lo=1, hi=MAX_CHANNELS)


def biases() -> Any:
    """Declare a bias for each filter."""
    return param(0.0, help="Added to every output: a number, or one a filter.", lo=-1e9, hi=1e9, group="Data")


@dataclass(frozen=True, kw_only=True)
class MapsAndFilters(MapAndKernel):
    """A scene with an input of some channels and with filters, each of which has a kernel for each channel it sees."""

    if TYPE_CHECKING:
        # Declared by each scene, in its own order.
        channels: int | None
        filters: int | None
        groups: int
        bias: Numbers

    transposed: ClassVar[bool] = False
    usual_map: ClassVar[str] = "edge"

    input: ArrayLike = input_map(None, shown_default="edge; small-random for several channels")

    def prepare(self) -> None:
        """What is given is loaded, and its sizes become `i` and `k`, `channels` and `filters`; raises UsageError."""
        if self.input is None:
            self.fill_in(input=self._named_input)
        channels, *i = self.maps.values.shape
        self.fill_in(i=tuple(i), k=self.weight.values.shape[2:])
        # Data may have more than can be asked for.
        if self.several and max(channels, self.count) <= MAX_CHANNELS:
            self.fill_in(channels=channels, filters=self.count)

    def defaults(self) -> Mapping[str, Any]:
        """The input depends on the number of channels."""
        return {"input": self._named_input}

    @property
    def _named_input(self) -> str:
        return "small-random" if (self.channels or self._taken) not in (None, 1) else self.usual_map

    @cached_property
    def several(self) -> bool:
        """Whether there is more than one channel or filter."""
        return (len(self.maps.values), self.count) != (1, 1)

    @property
    def count(self) -> int:
        """Filters."""
        return self._sizes_of(self.weight.values.shape)[1]

    def _sizes_of(self, weight: tuple[int, ...]) -> tuple[int, int]:
        """The channels and filters of a weight of a shape; of three axes, which have no filters, there is one."""
        first, second = weight[:-2] if len(weight) == 4 else (1, *weight[:-2])
        return (first, second * self.groups) if self.transposed else (second * self.groups, first)

    @cached_property
    def maps(self) -> Data:
        """The input, (channels, rows, columns); raises UsageError."""
        named = isinstance(self.input, str) and self.input in MAP_NAMES
        channels = self.channels or (self._taken if named else None)
        found = load_sheets(load_map, self.input, [channels], self.i, seed=self.seed, default_size=self.default_size)
        check_count(len(found.values), channels, "channels")
        # Checked before a kernel is made for the channels of each group.
        Axis.grouped(len(found.values), self.filters or self.groups, self.groups)
        return found

    @cached_property
    def weight(self) -> Data:
        """The kernels; raises UsageError.

        (filters, channels of a group, rows, columns), or `transposed` (channels, filters of a group, rows, columns).
        """
        channels, wanted, groups = len(self.maps.values), self.filters or self.groups, self.groups
        spec = self.kernel_spec if channels == wanted == 1 or self.kernel is not None else "random"
        counts = [channels, wanted // groups] if self.transposed else [wanted, channels // groups]
        found = load_sheets(load_kernel, spec, counts, self.k, seed=self.seed)
        given, filters = self._sizes_of(found.values.shape)
        check_count(filters, self.filters, "filters")
        if given != channels:
            raise UsageError(
                f"the filters of --kernel take {given} channels, but the input has {channels}: give it {given}, or "
                f"kernels for {channels // groups}"
            )
        Axis.grouped(channels, filters, groups)
        return found

    @property
    def _taken(self) -> int | None:
        """The channels that filters from a file or an array take."""
        if self.kernel is None or (isinstance(self.kernel, str) and self.kernel in KERNEL_NAMES):
            return None
        shape = load_kernel(self.kernel_spec, self.k, seed=self.seed, axes=4).values.shape
        return self._sizes_of(shape)[0] if len(shape) > 2 else None

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
        if len(given) not in (1, self.count):
            raise UsageError(
                f"--bias has {len(given)} numbers, but --filters is {self.count}: give one number, or "
                f"--filters {len(given)}"
            )
        return np.resize(given, self.count)


def check_count(found: int, asked: int | None, what: str) -> None:
    """Refuse data with another number of channels or filters than is asked for; raises UsageError."""
    if asked not in (None, found):
        raise UsageError(f"the data has {found} {what}, but --{what} asks for {asked}: leave --{what} out")
