"""Parameters as JSON Schema (2020-12), from their declarations: for forms, editors and other programs."""

from __future__ import annotations

import inspect
from typing import Any

from cnnviz.appearance import declared
from cnnviz.discovery import find_scenes, load_scene
from cnnviz.parameters import Parameter, Sides, jsonable

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TYPES = {"int": "integer", "float": "number", "bool": "boolean", "str": "string"}


def scene_schema(name: str) -> dict[str, Any]:
    """The parameters of a scene and of its appearance as the properties of an object; raises UsageError."""
    scene = load_scene(name)
    return {
        "$schema": DIALECT,
        "title": name,
        "description": inspect.getdoc(scene),
        "type": "object",
        "properties": {parameter.name.rstrip("_"): _property(parameter) for parameter in declared(scene).values()},
        "additionalProperties": False,
    }


def schemas() -> dict[str, Any]:
    """The schemas of all scenes as definitions by their names, of which an object fits one."""
    found = {name: scene_schema(name) for name in find_scenes()}
    for each in found.values():
        del each["$schema"]
    references = [{"$ref": f"#/$defs/{name}"} for name in found]
    return {"$schema": DIALECT, "title": "cnnviz", "anyOf": references, "$defs": found}


def _property(parameter: Parameter) -> dict[str, Any]:
    """One parameter; `group`, `unit`, `suggestions` and `usual` (what stands for no value) are annotations of ours."""
    spec, default = parameter.spec, jsonable(parameter.default)
    limits = {key: bound for key, bound in (("minimum", spec.lo), ("maximum", spec.hi)) if bound is not None}
    kind = _TYPES.get(parameter.type.__name__)
    whole: dict[str, Any] = {"type": "integer", **limits}
    if kind is not None:
        shape: dict[str, Any] = {"type": kind, **limits}
    elif parameter.type.__name__ == "ArrayLike":
        shape = {"type": ["string", "number", "array"]}
    elif parameter.type.__name__ == "Numbers":
        number = {"type": "number", **limits}
        shape = {"anyOf": [number, {"type": "array", "items": number}, {"type": "string"}]}
    elif parameter.type == Sides:
        several = {"type": "array", "items": whole, "minItems": 2, "maxItems": 4}
        shape = {"anyOf": [whole, several, {"type": "string", "pattern": r"^(same|valid|\d+(,\d+)?(x\d+(,\d+)?)?)$"}]}
    else:
        pair = {"type": "array", "items": whole, "minItems": 2, "maxItems": 2}
        shape = {"anyOf": [whole, pair, {"type": "string", "pattern": r"^\d+(x\d+)?$"}]}
    found = {"description": spec.help, **shape, "group": spec.group}
    if spec.choices:
        found["enum"] = list(spec.choices)
    if spec.names:
        found["suggestions"] = list(spec.names())
    if default is not None:
        found["default"] = default
    elif spec.shown_default:
        found["usual"] = spec.shown_default
    if spec.unit:
        found["unit"] = spec.unit
    return found
