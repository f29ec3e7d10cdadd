"""Scenes as Python functions, whose signatures and docstrings are made from the declared parameters."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cnnviz.appearance import declared
from cnnviz.discovery import docstring, load_scene
from cnnviz.parameters import Parameter
from cnnviz.pipeline import Figure, make


def python_line(scene: str, parameters: Mapping[str, Any], file: str) -> str:
    """The Python call that makes a figure's file; empty if the scene's name is not a valid identifier."""
    name = scene.replace("-", "_")
    if not name.isidentifier():
        return ""
    names = {key: re.sub(r"\W", "_", key) + "_" * keyword.iskeyword(key) for key in parameters}
    given = ", ".join(f"{names[key]}={value!r}" for key, value in parameters.items())
    return f"cnnviz.{name}({given}).save({file!r})"


@cache
def scene_function(name: str) -> Callable[..., Figure]:
    """The function of a scene: `conv(k=3, s=2)` gives a `Figure`."""
    scene = load_scene(name)
    parameters = declared(scene).values()
    positional = sorted((p for p in parameters if p.spec.positional or p.spec.unnamed), key=lambda p: p.spec.unnamed)

    passing = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    ordered = positional + [p for p in parameters if p not in positional]
    signature = inspect.Signature(
        [inspect.Parameter(p.name, passing[p not in positional], default=p.default) for p in ordered],
        return_annotation=Figure,
    )

    def function(*args: Any, **given: Any) -> Figure:
        return make(name, **signature.bind_partial(*args).arguments, **given)

    function.__name__ = function.__qualname__ = name
    function.__module__ = "cnnviz"
    lines = "\n".join(f"{p.name} : {_type_text(p)}\n    {_description(p)}" for p in parameters)
    function.__doc__ = f"{docstring(scene)}\n\nParameters\n----------\n{lines}\n"
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def _type_text(parameter: Parameter) -> str:
    names = {"int": "int", "float": "float", "str": "str", "bool": "bool", "ArrayLike": "str, path or array"}
    text = names.get(parameter.type.__name__, "int or (rows, columns)")
    return text + (f", default {parameter.shown_default}" if parameter.shown_default else "")


def _description(parameter: Parameter) -> str:
    spec = parameter.spec
    unit = f" In {spec.unit}." if spec.unit else ""
    alias = f" Also `{spec.alias.replace('-', '_')}`." if spec.alias else ""
    listed = f" One of {', '.join(spec.choices)}." if spec.choices else ""
    return spec.help + unit + listed + alias
