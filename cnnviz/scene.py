"""What a scene is: parameters, and how they become a storyboard."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from cnnviz.parameters import Parameters, jsonable, param, parameters_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from cnnviz.storyboard import Storyboard


@dataclass(frozen=True, kw_only=True)
class Scene(Parameters):
    """A figure: a frozen dataclass of its parameters that tells its storyboard.

    `examples` are command lines that its help shows.
    """

    examples: ClassVar[tuple[str, ...]] = ()

    seed: int = param(0, help="Seed of everything random.", lo=0, hi=2**31 - 1, group="Data")

    @abstractmethod
    def storyboard(self) -> Storyboard:
        """The figure as data."""

    @abstractmethod
    def expected(self) -> dict[str, npt.NDArray[np.float64]]:
        """What the vectorised operation gives, by the name of the panel that shows it at the end."""

    def public(self) -> dict[str, Any]:
        """Every parameter as JSON can hold it, for the storyboard."""
        return {p.name: jsonable(getattr(self, p.name)) for p in parameters_of(type(self))}


def scene_name(scene: type[Scene]) -> str:
    """The command of a scene class: its file's name."""
    return scene.__module__.rpartition(".")[2].replace("_", "-")
