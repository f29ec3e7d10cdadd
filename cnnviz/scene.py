"""What a scene is, and how scenes are found: each file in `cnnviz/scenes/` holds one."""

from __future__ import annotations

import importlib
import re
from abc import abstractmethod
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cnnviz.errors import CnnvizError, UsageError
from cnnviz.parameters import Parameters, choose, jsonable, param, parameters_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from cnnviz.storyboard import Storyboard

SCENES_FOLDER = Path(__file__).with_name("scenes")


@dataclass(frozen=True, kw_only=True)
class Scene(Parameters):
    """A figure's parameters and how they become a storyboard."""

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


def find_scenes() -> dict[str, Path]:
    """The commands and the files that hold them, by name."""
    files = sorted(SCENES_FOLDER.glob("[!_]*.py"))
    return {file.stem.replace("_", "-"): file for file in files}


def summary(file: Path) -> str:
    """The first line of a scene file's docstring, read without importing it: `--help` must not wait for NumPy."""
    match = re.match(r'"""(.+?)(?:"""|\n)', file.read_text(encoding="utf-8"))
    if match is None:
        raise CnnvizError(f"scene file {file} does not open with a docstring: its first line is the scene's summary")
    return match[1].strip()


@cache
def load_scene(name: str) -> type[Scene]:
    """The scene class of a command; raises UsageError for an unknown name, CnnvizError for a file that fails."""
    files = find_scenes()
    name = name.replace("_", "-")
    if name not in files:
        raise UsageError(f"there is no scene {name!r}: {choose(name, tuple(files))}")
    try:
        module = importlib.import_module(f"cnnviz.scenes.{files[name].stem}")
    except Exception as error:
        raise CnnvizError(f"scene file {files[name]} cannot be loaded: {type(error).__name__}: {error}") from error
    found = [
        thing for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Scene) and thing.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise CnnvizError(f"scene file {files[name]} must define exactly one Scene, not {len(found)}")
    return found[0]


def scene_name(scene: type[Scene]) -> str:
    """The command of a scene class: its file's name."""
    return scene.__module__.rpartition(".")[2].replace("_", "-")
