"""How scenes are found: files in `cnnviz/scenes/`, in the user's own folders, and from installed packages.

A user's folders are `animations/` where the program runs and those that `--scenes` or CNNVIZ_SCENES name; a package
offers scenes under the entry-point group `cnnviz.scenes`. A file is imported only when its figure is made.
"""

from __future__ import annotations

import copyreg
import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from cnnviz.errors import CnnvizError, UsageError
from cnnviz.locking import LOCK
from cnnviz.parameters import suggest
from cnnviz.scene import Scene, scene_name

SCENES_FOLDER = Path(__file__).with_name("scenes")
USER_FOLDER = Path("animations")
VARIABLE = "CNNVIZ_SCENES"
GROUP = "cnnviz.scenes"


def add_folder(folder: str) -> Path:
    """Look for scenes in one more folder, in this process and those that it starts; raises UsageError."""
    if not Path(folder).is_dir():
        raise UsageError(f"--scenes {folder!r} is not a folder: give one that holds scene files")
    known = os.environ.get(VARIABLE, "")
    added = Path(folder).resolve()
    os.environ[VARIABLE] = os.pathsep.join(part for part in (known, str(added)) if part)
    return added


def find_scenes() -> dict[str, Path]:
    """The commands and the files that hold them: ours, then the others by name; raises CnnvizError for a twin."""
    return _added(_scenes_in_folders(), _entry_point_scenes(tuple(sys.path)))


def find_scene(name: str) -> Path | None:
    """The file of a command, if there is one; raises CnnvizError for a twin."""
    # To look through all that is installed takes longer than to import a scene.
    return _scenes_in_folders().get(name) or find_scenes().get(name)


def _scenes_in_folders() -> dict[str, Path]:
    found = _own_scenes()
    folders = [USER_FOLDER, *(Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part)]
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        found = _added(found, _folder_scenes(folder))
    return found


def _added(found: dict[str, Path], more: dict[str, Path]) -> dict[str, Path]:
    for name in found.keys() & more.keys():
        raise CnnvizError(f"scene files {found[name]} and {more[name]} are both named {name}: rename yours")
    return found | more


def summary(file: Path) -> str:
    """The first line of a scene file's docstring, read without importing it: `--help` must not wait for NumPy."""
    match = re.match(r'"""(.+?)(?:"""|\n)', file.read_text(encoding="utf-8"))
    if match is None:
        raise CnnvizError(f"scene file {file} does not open with a docstring: its first line is the scene's summary")
    return match[1].strip()


def docstring(scene: type[Scene]) -> str:
    """What a scene says of itself; only its file's summary where Python was started with -OO, which drops the rest."""
    if sys.flags.optimize < 2 and scene.__doc__:
        return inspect.cleandoc(scene.__doc__)
    return summary(find_scenes()[scene_name(scene)])


def load_scene(name: str) -> type[Scene]:
    """The scene class of a command; raises UsageError for an unknown name, CnnvizError for a file that fails."""
    name = name.replace("_", "-")
    file = find_scene(name)
    if file is None:
        raise UsageError(f"there is no figure {name!r}: {suggest(name, tuple(find_scenes()))}")
    # Threads that import parts of one package at once find it half done.
    with LOCK:
        return _load(file)


@cache
def _load(file: Path) -> type[Scene]:
    try:
        module = _import(file)
    except Exception as error:
        raise CnnvizError(f"scene file {file} cannot be loaded: {type(error).__name__}: {error}") from error
    found = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Scene) and thing.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise CnnvizError(f"scene file {file} must define exactly one Scene, not {len(found)}")
    if file.parent != SCENES_FOLDER:
        # It belongs to no package that another process could import.
        copyreg.pickle(found[0], lambda scene: (_rebuild, (file, scene.__getstate__())))
    return found[0]


def _rebuild(file: Path, given: Mapping[str, Any]) -> Scene:
    return _load(file)(**given)


def _import(file: Path) -> ModuleType:
    if file.parent == SCENES_FOLDER:
        return importlib.import_module(f"cnnviz.scenes.{file.stem}")
    name = f"cnnviz_scenes_of_user.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up there while the file runs.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@cache
def _own_scenes() -> dict[str, Path]:
    if not SCENES_FOLDER.is_dir():
        archive = SCENES_FOLDER.parents[1]
        raise CnnvizError(f"cnnviz cannot run from inside a zip ({archive}): install it with pip, or unpack it")
    return _folder_scenes(SCENES_FOLDER)


def _folder_scenes(folder: Path) -> dict[str, Path]:
    return {file.stem.replace("_", "-"): file for file in sorted(folder.glob("[!_]*.py"))}


@lru_cache(maxsize=1)
def _entry_point_scenes(_places: tuple[str, ...]) -> dict[str, Path]:
    from importlib.metadata import entry_points

    found = {}
    for point in entry_points(group=GROUP):
        try:
            spec = importlib.util.find_spec(point.value.partition(":")[0])
        except ImportError:
            spec = None
        if spec is None or spec.origin is None:
            raise CnnvizError(f"the scene {point.name!r} of an installed package is not there: {point.value}")
        found[Path(spec.origin).stem.replace("_", "-")] = Path(spec.origin)
    return found
