"""The base class of scenes: parameters, and the story that becomes a storyboard."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from cnnviz.parameters import Parameters, jsonable, param, parameters_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from cnnviz.operation import Operation
    from cnnviz.story import Story
    from cnnviz.storyboard import Storyboard


@dataclass(frozen=True, kw_only=True)
class Scene(Parameters):
    """A kind of figure: a frozen dataclass of its parameters, with a story.

    `examples` are command lines for its help. `live` maps parameters to the largest values that redraw fast enough
    while a slider is dragged.
    """

    examples: ClassVar[tuple[str, ...]] = ()
    live: ClassVar[Mapping[str, float]] = MappingProxyType({})

    seed: int = param(0, help="Seed of everything random.", lo=0, hi=2**31 - 1, group="Data")
    digits: int | None = param(
        None,
        help="Most decimals of a number, 0 to 6; parameters are shown as given.",
        lo=0,
        hi=6,
        shown_default="depends on the figure",
        group="Look",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.prepare()
        # Raises for parameters that do not fit together.
        _ = self._story

    def prepare(self) -> None:
        """Load data and fill in the parameters that follow from it, before `story` runs."""

    @abstractmethod
    def story(self) -> Story:
        """The panels and steps of the figure; raises UsageError for parameters that do not fit together."""

    @cached_property
    def _story(self) -> Story:
        return self.story()

    def storyboard(self) -> Storyboard:
        """The figure as data, its text not yet formatted."""
        return self._story.storyboard()

    def expected(self) -> Mapping[str, npt.NDArray[np.float64]]:
        """The results of the operation, by the name of the panel that shows them at the end."""
        return self._story.graph.expected()

    def operation(self) -> Operation | None:
        """The recorded operation, for programs that compute the same; None if nothing is computed."""
        return self._story.graph.operation()

    def max_decimals(self, default: int = 2) -> int:
        """The most decimals to show: `--digits`, or else `default`."""
        return default if self.digits is None else self.digits

    def fill_in(self, **values: Any) -> None:
        """Set parameters of this frozen dataclass that follow from the data."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def jsonable_parameters(self) -> dict[str, Any]:
        """All parameters as JSON values, for the storyboard."""
        return {p.name: jsonable(getattr(self, p.name)) for p in parameters_of(type(self))}


def scene_name(scene: type[Scene]) -> str:
    """The name of a scene's command: that of its file."""
    return scene.__module__.rpartition(".")[2].replace("_", "-")
