"""Accurate, animated figures of what a convolutional network computes.

Every scene is a function here, such as `cnnviz.conv(k=3, s=2, p=1).save("conv.gif")`; `scene_names()` lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnviz.errors import CnnvizError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnviz.pipeline import Figure

__version__ = "0.1.0"
__all__ = ["CnnvizError", "UsageError", "__version__", "scene_names"]


def scene_names() -> tuple[str, ...]:
    """The names of all scenes, each a function of this module."""
    from cnnviz.discovery import find_scenes

    return tuple(name.replace("-", "_") for name in find_scenes())


def __getattr__(name: str) -> Callable[..., Figure]:
    # Scenes are files: what exists is known when it is asked for, and `import cnnviz` stays cheap.
    if name.startswith("_") or name not in scene_names():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from cnnviz.api import scene_function

    return scene_function(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *scene_names()})


