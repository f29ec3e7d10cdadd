"""What a scene is: parameters, and how they become a storyboard."""

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
    """A figure: a frozen dataclass of its parameters that tells its story.

    `examples` are command lines that its help shows. `live` names parameters of which more than so much takes longer
    than whoever drags a slider waits.
    """

    examples: ClassVar[tuple[str, ...]] = ()
    live: ClassVar[Mapping[str, float]] = MappingProxyType({})

    seed: int = param(0, help="Seed of everything random.", lo=0, hi=2**31 - 1, group="Data")
    digits: int | None = param(
        None,
        help="Decimals at most, 0 to 6, of every number but the parameters given.",
        lo=0,
        hi=6,
        shown_default="each figure's own",
        group="Look",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.prepare()
        # Parameters that do not fit together are refused here.
        _ = self._story

    def prepare(self) -> None:
        """Load data and fill in what follows from it, before the story is told."""

    @abstractmethod
    def story(self) -> Story:
        """What happens in the figure, in which order; raises UsageError for parameters that do not fit together."""

    @cached_property
    def _story(self) -> Story:
        return self.story()

    def storyboard(self) -> Storyboard:
        """The figure as data, its words not yet printed."""
        return self._story.storyboard()

    def expected(self) -> Mapping[str, npt.NDArray[np.float64]]:
        """What the vectorised operation gives, by the name of the panel that shows it at the end."""
        return self._story.graph.expected()

    def operation(self) -> Operation | None:
        """What the figure computes, for programs that compute the same; None where that is nothing."""
        return self._story.graph.operation()

    def max_decimals(self, default: int = 2) -> int:
        """Decimals at most, which are `default` unless `--digits` gives others."""
        return default if self.digits is None else self.digits

    def fill_in(self, **values: Any) -> None:
        """Set parameters that follow from the data, once and for all."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def jsonable_parameters(self) -> dict[str, Any]:
        """Every parameter as JSON can hold it, for the storyboard."""
        return {p.name: jsonable(getattr(self, p.name)) for p in parameters_of(type(self))}


def scene_name(scene: type[Scene]) -> str:
    """The command of a scene class: its file's name."""
    return scene.__module__.rpartition(".")[2].replace("_", "-")
