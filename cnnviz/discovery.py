"""How scenes are found: files in `cnnviz/scenes/`, in the user's own folders, and from installed packages.

A user's folders are `animations/` where the program runs and those that `--scenes` or CNNVIZ_SCENES name; a package
offers scenes under the entry-point group `cnnviz.scenes`. A file is imported only when its figure is made.
"""

from __future__ import annotations

import copyreg
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from cnnviz.alone import ALONE
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.parameters import choose, closest, parameters_of
from cnnviz.scene import Scene

SCENES_FOLDER = Path(__file__).with_name("scenes")
USER_FOLDER = Path("animations")
VARIABLE = "CNNVIZ_SCENES"
GROUP = "cnnviz.scenes"

_ALSO_CALLED = MappingProxyType({
    "convolution": "conv", "conv1d": "conv", "conv2d": "conv", "cross-correlation": "conv", "correlation": "conv",
    "deconv": "transposed-conv", "deconvolution": "transposed-conv", "deconv2d": "transposed-conv",
    "convtranspose": "transposed-conv", "convtranspose2d": "transposed-conv", "conv2dtranspose": "transposed-conv",
    "upconv": "transposed-conv", "up-convolution": "transposed-conv",
    "dense": "fully-connected", "linear": "fully-connected", "fc": "fully-connected", "mlp": "fully-connected",
    "maxpool": "pool max", "maxpool2d": "pool max", "maxpooling2d": "pool max", "max-pooling": "pool max",
    "avgpool": "pool avg", "avgpool2d": "pool avg", "averagepooling2d": "pool avg", "average-pooling": "pool avg",
    "mean": "pool avg", "subsampling": "pool", "maxunpool": "unpool max", "maxunpool2d": "unpool max",
    "bn": "batch-norm", "batchnorm2d": "batch-norm", "layernorm": "norm layer", "groupnorm": "norm group",
    "instancenorm": "norm instance", "localresponsenorm": "lrn", "softmax2d": "activation softmax",
    "optimizer": "gradient-descent", "optimiser": "gradient-descent", "gd": "gradient-descent",
    "network": "cnn", "lenet": "cnn", "backprop": "cnn", "backpropagation": "cnn",
    "size": "output-size", "formula": "output-size", "shape": "output-size",
})  # fmt: skip
"""What people call figures."""

_ALMOST = 0.75
"""A name so much like a command's (as difflib counts) is a slip of the finger: no scene is imported to know more."""


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
    if not SCENES_FOLDER.is_dir():
        raise CnnvizError(f"cnnviz cannot run from inside a zip ({_archive()}): install it with pip, or unpack it")
    own = _folder_scenes(SCENES_FOLDER)
    others = dict(_entry_point_scenes(tuple(sys.path)))
    folders = [USER_FOLDER, *(Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part)]
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        for name, file in _folder_scenes(folder).items():
            if (twin := own.get(name) or others.get(name)) is not None:
                raise CnnvizError(f"scene files {twin} and {file} are both named {name}: rename yours")
            others[name] = file
    return own | dict(sorted(others.items()))


def _archive() -> Path:
    return next((folder for folder in SCENES_FOLDER.parents if folder.is_file()), SCENES_FOLDER)


def summary(file: Path) -> str:
    """The first line of a scene file's docstring, read without importing it: `--help` must not wait for NumPy."""
    match = re.match(r'"""(.+?)(?:"""|\n)', file.read_text(encoding="utf-8"))
    if match is None:
        raise CnnvizError(f"scene file {file} does not open with a docstring: its first line is the scene's summary")
    return match[1].strip()


def load_scene(name: str) -> type[Scene]:
    """The scene class of a command; raises UsageError for an unknown name, CnnvizError for a file that fails."""
    files = find_scenes()
    name = name.replace("_", "-")
    if name not in files:
        raise UsageError(f"there is no scene {name!r}: {hint_for(name)}")
    # Threads that import parts of one package at once find it half done.
    with ALONE:
        return _load(files[name])


def hint_for(name: str, more: Iterable[str] = (), near: Mapping[str, str] = MappingProxyType({})) -> str:
    """What would work where no scene has a name: the figure, or the kind of one, that is meant.

    `more` are other names that would, and `near` other words for what would.
    """
    known, near = (*find_scenes(), *more), {**_ALSO_CALLED, **near}
    meant = closest(name, (*known, *near.values()), near, _ALMOST) or _of_kind(name)
    return f"did you mean {meant}?" if meant else choose(name, known)


def _of_kind(word: str) -> str | None:
    """The figure with the option, or the word behind its name, that a word stands for; the latter first."""
    named = None
    for scene, file in find_scenes().items():
        try:
            declared = parameters_of(_load(file))
        except CnnvizError:
            continue
        for parameter in declared:
            choice = closest(word, parameter.spec.choices, parameter.spec.near, 1)
            if choice and parameter.spec.positional:
                return f"{scene} {choice}"
            named = named or (f"{scene} {parameter.option} {choice}" if choice else None)
    return named


@cache
def _load(file: Path) -> type[Scene]:
    try:
        module = _import(file)
    except Exception as error:
        raise CnnvizError(f"scene file {file} cannot be loaded: {type(error).__name__}: {error}") from error
    found = [
        thing for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Scene) and thing.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise CnnvizError(f"scene file {file} must define exactly one Scene, not {len(found)}")
    if file.parent != SCENES_FOLDER:
        # It belongs to no package that another process could import.
        copyreg.pickle(found[0], lambda scene: (_rebuild, (file, _given(scene))))
    return found[0]


def _given(scene: Scene) -> dict[str, Any]:
    return {field.name: getattr(scene, field.name) for field in fields(scene)}


def _rebuild(file: Path, given: Mapping[str, Any]) -> Scene:
    with ALONE:
        return _load(file)(**given)


def _import(file: Path) -> ModuleType:
    if file.parent == SCENES_FOLDER:
        return importlib.import_module(f"cnnviz.scenes.{file.stem}")
    name = f"cnnviz_scenes_of_user.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up there while the file runs.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _folder_scenes(folder: Path) -> dict[str, Path]:
    return {file.stem.replace("_", "-"): file for file in sorted(folder.glob("[!_]*.py"))}


@lru_cache(maxsize=1)
def _entry_point_scenes(_places: tuple[str, ...]) -> Mapping[str, Path]:
    # Kept, for looking through all that is installed takes a tenth of the time in which a figure is made.
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
