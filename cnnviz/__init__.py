"""Accurate, animated figures of what a convolutional network computes.

Every scene is a function here, such as `cnnviz.conv(k=3, s=2, p=1).save("conv.gif")`; `scene_names()` lists them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.errors import CnnvizError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnviz.decks import WrittenDeck
    from cnnviz.export.apng import ApngPlugin as ApngPlugin
    from cnnviz.export.gif import GifPlugin as GifPlugin
    from cnnviz.export.mp4 import Mp4Plugin as Mp4Plugin
    from cnnviz.export.webm import WebmPlugin as WebmPlugin
    from cnnviz.export.webp import WebpPlugin as WebpPlugin
    from cnnviz.pipeline import Figure
    from cnnviz.talk import Source
    from cnnviz.widget import Explorer

__version__ = "0.1.0"
__all__ = ["CnnvizError", "UsageError", "__version__", "deck", "explore", "scene_names"]

_PLUGINS = {"ApngPlugin": "apng", "GifPlugin": "gif", "Mp4Plugin": "mp4", "WebmPlugin": "webm", "WebpPlugin": "webp"}
"""The writers as imageio plugins, and their formats: `iio.imwrite("x.gif", frames, plugin=cnnviz.GifPlugin)`."""


def scene_names() -> tuple[str, ...]:
    """The names of all scenes, each a function of this module."""
    from cnnviz.discovery import find_scenes

    return tuple(name.replace("-", "_") for name in find_scenes())


def deck(
    sources: Source | Sequence[Source], path: str | os.PathLike[str], *, jobs: int = 1, **options: Any
) -> WrittenDeck:
    """Write a deck of figures, figure sets or folders of sets; the path's extension chooses its kind.

    `options` are those of `cnnviz deck`: title, theme and so on; `jobs` are the processes that render. Raises
    UsageError, CnnvizError.
    """
    from cnnviz.talk import write_talk

    return write_talk(sources, Path(path), jobs=jobs, **options)


def explore(scene: str, /, **parameters: Any) -> Explorer:
    """A figure with its form, in a notebook: each parameter is a trait, as in `w.k = 5`; `w.figure` is the figure.

    Raises UsageError, and CnnvizError where anywidget is not installed.
    """
    from cnnviz.installation import load_extra

    explorer: Explorer = load_extra("cnnviz.widget", "anywidget", "widget", "explore").explorer(scene, parameters)
    return explorer


def __getattr__(name: str) -> Callable[..., Figure]:
    # Scenes are files: what exists is known when it is asked for, and `import cnnviz` stays cheap.
    if name in _PLUGINS:
        from importlib import import_module

        plugin: Callable[..., Any] = getattr(import_module(f"cnnviz.export.{_PLUGINS[name]}"), name)
        return plugin
    if name.startswith("_") or name not in scene_names():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from cnnviz.api import scene_function

    return scene_function(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *scene_names(), *_PLUGINS})
