"""Scenes as Python functions, with a signature and a docstring from their declared parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from cnnviz.appearance import Appearance
from cnnviz.discovery import docstring, load_scene
from cnnviz.parameters import Parameter, parameters_of
from cnnviz.pipeline import Figure, make


@cache
def scene_function(name: str) -> Callable[..., Figure]:
    """The function of a scene: `conv(k=3, s=2)` gives a `Figure`."""
    scene = load_scene(name)
    declared = [*parameters_of(scene), *parameters_of(Appearance)]
    positional = sorted((p for p in declared if p.spec.positional or p.spec.unnamed), key=lambda p: p.spec.unnamed)

    def function(*args: Any, **parameters: Any) -> Figure:
        if len(args) > len(positional):
            raise TypeError(f"{name}() takes {len(positional)} positional arguments, not {len(args)}")
        given = {p.name: value for p, value in zip(positional, args, strict=False)}
        for word in given.keys() & parameters.keys():
            raise TypeError(f"{name}() got multiple values for argument {word!r}")
        return make(name, **given, **parameters)

    function.__name__ = function.__qualname__ = name
    function.__module__ = "cnnviz"
    lines = "\n".join(f"{p.name} : {_kind(p)}\n    {_text(p)}" for p in declared)
    function.__doc__ = f"{docstring(scene)}\n\nParameters\n----------\n{lines}\n"
    kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    ordered = positional + [p for p in declared if p not in positional]
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(p.name, kinds[p not in positional], default=p.default) for p in ordered],
        return_annotation=Figure,
    )
    return function


def _kind(parameter: Parameter) -> str:
    names = {"int": "int", "float": "float", "str": "str", "bool": "bool", "ArrayLike": "str, path or array"}
    kind = names.get(parameter.type.__name__, "int or (rows, columns)")
    return kind + (f", default {parameter.shown_default}" if parameter.shown_default else "")


def _text(parameter: Parameter) -> str:
    spec = parameter.spec
    unit = f" In {spec.unit}." if spec.unit else ""
    alias = f" Also `{spec.alias.replace('-', '_')}`." if spec.alias else ""
    listed = f" One of {', '.join(spec.choices)}." if spec.choices else ""
    return spec.help + unit + listed + alias
