"""Declarations of parameters, from which the command line, Python API, TOML keys, help and docs are derived."""

from __future__ import annotations

import dataclasses
import functools
import keyword
import math
import os
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnviz.errors import UsageError
from cnnviz.given import RemotePath, copied
from cnnviz.record import Record

Size = tuple[int, int]
"""Rows and columns."""

Sides = tuple[int, ...]
"""Padding: (rows, columns) on both sides, or (rows, columns) before followed by (rows, columns) after."""

_SIDES = re.compile(r"\s*(\d{1,9})\s*,\s*(\d{1,9})\s*(?:[x×]\s*(\d{1,9})\s*,\s*(\d{1,9})\s*)?")
_SIZE = re.compile(r"\s*(\d{1,9})\s*(?:[x×*]\s*(\d{1,9})\s*)?", re.IGNORECASE)


class Spec(Record, kw_only=True):
    """The declaration of a parameter, apart from its type and default.

    `names` lists values for shell completion, and `files` says that a file may be given; neither restricts the values.
    A `positional` parameter can be given without its name; an `unnamed` one only in Python, after the positional ones.
    """

    help: str
    alias: str | None = None
    lo: float | None = None
    hi: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    shown_default: str | None = None
    always_named: bool = False
    positional: bool = False
    unnamed: bool = False
    negatable: bool = False
    names: Callable[[], Iterable[str]] | None = None
    files: bool = False
    group: str = "Operation"


def param(default: Any, *, help: str, **spec: Any) -> Any:
    """Declare a parameter: its default, its help, and the fields of `Spec`, such as bounds, unit and choices."""
    return dataclasses.field(default=default, metadata={"spec": Spec(help=help, **spec)})


class Parameter(Record, kw_only=True):
    """A declared parameter with its resolved type."""

    name: str
    type: type
    optional: bool
    default: Any
    spec: Spec

    @property
    def option(self) -> str:
        """As written on the command line."""
        return "--" + self.name.rstrip("_").replace("_", "-")

    @property
    def shown_default(self) -> str:
        """The default as help shows it."""
        if self.spec.shown_default is not None:
            return self.spec.shown_default
        return "" if self.default is None else to_cli(self.default)

    def check(self, value: Any) -> Any:
        """Convert a value to the parameter's type and check it; raises UsageError."""
        if value is None and self.optional:
            return None
        if self.type is not ArrayLike:
            value = _to_python(value)
        try:
            checked = _CONVERTERS[self.type](self, value)
            if self.spec.choices:
                checked = self._match_choice(checked)
            for part in checked if isinstance(checked, tuple) else [checked] * (type(checked) is not str):
                self._check_bounds(part)
        except UsageError as error:
            error.parameter = self.name
            raise
        return checked

    @property
    def label(self) -> str:
        """The name to use in messages."""
        return self.name.replace("_", "-") if self.spec.positional else self.option

    def _match_choice(self, value: Any) -> Any:
        """The declared choice that a value means, regardless of case, dashes and underscores."""
        for choice in self.spec.choices:
            if str(value).strip().lower().replace("_", "-") == choice.lower():
                return choice
        meant, hint = closest(str(value), self.spec.choices), suggest(str(value), self.spec.choices)
        remedy = {self.name: meant} if meant else {}
        raise UsageError(f"{self.label} {quote(value)} is not known: {hint}", remedy=remedy)

    def _check_bounds(self, value: Any) -> None:
        lo, hi = self.spec.lo, self.spec.hi
        if lo is not None and value < lo:
            message = f"{self.label} {to_cli(value)} is too small: use {to_cli(lo)} or more"
            raise UsageError(message, remedy={self.name: lo})
        if hi is not None and value > hi:
            message = f"{self.label} {to_cli(value)} is too large: use {to_cli(hi)} or less"
            raise UsageError(message, remedy={self.name: hi})


def _to_python(value: Any) -> Any:
    """A NumPy scalar or array as a Python object."""
    return value.tolist() if hasattr(value, "tolist") else value


def with_decimal_point(text: str, where: str) -> str:
    """A number with a decimal point instead of a comma; raises UsageError if the comma may separate thousands."""
    # Text pasted from documents has typographic minus signs.
    text = text.replace("\u2212", "-")
    if re.fullmatch(r"\s*[-+]?[1-9]\d{0,2},\d{3}\s*", text):
        readings = f"{text.replace(',', '')} or {text.replace(',', '.')}"
        raise UsageError(f"{where}: {quote(text)} may mean {readings}: write one of these")
    return re.sub(r",(?=\d)", ".", text)


def _to_number(convert: type, wanted: str, parameter: Parameter, value: Any) -> Any:
    try:
        number = convert(with_decimal_point(value, parameter.label) if isinstance(value, str) else value)
        if isinstance(value, bool) or not math.isfinite(number) or (not isinstance(value, str) and number != value):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{parameter.label} {quote(value)} is not a {wanted}") from None
    return number


_to_int = functools.partial(_to_number, int, "whole number: give one such as 3")
_to_float = functools.partial(_to_number, float, "number: give one such as 0.5")


def _to_bool(parameter: Parameter, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{parameter.label} {quote(value)} is neither true nor false")
    return value


def _to_str(parameter: Parameter, value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{parameter.label} {quote(value)} is not a text: put it in quotation marks")
    return value


def _to_size(parameter: Parameter, value: Any) -> Size:
    if isinstance(value, str) and (match := _SIZE.fullmatch(value)):
        rows = int(match[1])
        return rows, int(match[2]) if match[2] else rows
    if isinstance(value, str) and re.fullmatch(r"\s*-\d+\s*", value):
        value = int(value)
    if isinstance(value, (tuple, list)) and len(value) == 2:
        rows, columns = map(_to_python, value)
        if type(rows) is int and type(columns) is int:
            return rows, columns
    if type(value) is int:
        return value, value
    raise UsageError(
        f"{parameter.label} {quote(value)} is not a size: give a whole number such as 3, or rows x columns such as 3x2"
    )


def _to_numbers(parameter: Parameter, value: Any) -> Any:
    if isinstance(value, str):
        if lone := re.fullmatch(r"\s*([-+\u2212]?\d*),(\d+)\s*", value):
            one, two = ".".join(lone.groups()), " ".join(lone.groups())
            raise UsageError(f"{parameter.label} {quote(value)} is one number or two: write {one!r} or {two!r}")
        # Without spaces commas separate numbers; with them they are decimal commas.
        value = re.split(r",?\s+" if re.search(r"\S\s+\S", value) else ",", value.strip())
    if isinstance(value, (tuple, list)):
        numbers = tuple(_to_float(parameter, part) for part in value)
        return numbers if len(numbers) != 1 else numbers[0]
    return _to_float(parameter, value)


def _to_data(parameter: Parameter, value: Any) -> Any:
    # `data` checks it when loading the array. It is copied because the caller may change the array before the figure is
    # drawn.
    if isinstance(value, (tuple, list)):
        return jsonable(value)
    return copied(value, parameter.name) if hasattr(value, "__array__") else value


class ArrayLike:
    """Type of a parameter that holds a name, a literal, a file or an array; `data` turns it into numbers."""


def _to_sides(parameter: Parameter, value: Any) -> Sides | str:
    """Parse a size, or padding before and after such as `0,1` or `0,1x1,2`; `same` and `valid` are kept."""
    if isinstance(value, str) and (name := value.strip().lower()) in ("same", "valid"):
        return name
    if isinstance(value, str) and (match := _SIDES.fullmatch(value)):
        rows = int(match[1]), int(match[2])
        return sides_of(rows, (int(match[3]), int(match[4])) if match[3] else rows)
    if isinstance(value, (tuple, list)) and len(value) == 4:
        top, left, bottom, right = (_to_int(parameter, part) for part in value)
        return sides_of((top, bottom), (left, right))
    try:
        return _to_size(parameter, value)
    except UsageError:
        examples = "1, or 0,1 for 0 before and 1 after, or same, or valid"
        raise UsageError(f"{parameter.label} {quote(value)} is not a padding: give one such as {examples}") from None


def sides_of(rows: Sequence[int], columns: Sequence[int]) -> Sides:
    """Cells before and after along rows and columns as `Sides`, abbreviated if both ends are equal."""
    before, after = zip(rows, columns, strict=True)
    return before if before == after else (*before, *after)


class Numbers:
    """Type of a parameter that holds a number or a tuple of numbers, such as `1 -2`."""


_CONVERTERS: dict[Any, Callable[[Parameter, Any], Any]] = {
    int: _to_int,
    float: _to_float,
    bool: _to_bool,
    str: _to_str,
    Size: _to_size,
    Sides: _to_sides,
    Numbers: _to_numbers,
    ArrayLike: _to_data,
}


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Base class of parameter sets, whose fields are converted and checked."""

    def __post_init__(self) -> None:
        for parameter in parameters_of(type(self)):
            object.__setattr__(self, parameter.name, parameter.check(getattr(self, parameter.name)))

    def __getstate__(self) -> dict[str, Any]:
        # Cached properties are left out: they may not be picklable, and can be recomputed.
        return {parameter.name: getattr(self, parameter.name) for parameter in parameters_of(type(self))}

    def defaults(self) -> Mapping[str, Any]:
        """Defaults that differ from the declared ones."""
        return {}


def parameters_of(cls: type[Parameters]) -> Iterator[Parameter]:
    """The parameters of a class in order of declaration."""
    return iter(_declared(cls))  # type: ignore[arg-type]  # mypy takes no class with fields for hashable


@functools.cache
def _declared(cls: type[Parameters]) -> tuple[Parameter, ...]:
    # Cached because resolving type hints is the slowest part of checking a figure's parameters.
    return tuple(_resolved(cls))


def _resolved(cls: type[Parameters]) -> Iterator[Parameter]:
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        hint, optional = hints[field.name], False
        if isinstance(hint, types.UnionType):
            inner = [part for part in typing.get_args(hint) if part is not type(None)]
            hint, optional = inner[0], True
        yield Parameter(
            name=field.name, type=hint, optional=optional, default=field.default, spec=field.metadata["spec"]
        )


def normalise(cls: type[Parameters], given: Mapping[str, Any]) -> dict[str, Any]:
    """Replace aliases by parameter names, keeping unknown keys; raises UsageError if both are given."""
    aliases = {p.spec.alias.replace("-", "_"): p.name for p in parameters_of(cls) if p.spec.alias}
    result: dict[str, Any] = {}
    for key, value in given.items():
        name = aliases.get(key.replace("-", "_"), key.replace("-", "_"))
        # A parameter whose name is a Python keyword is declared with a trailing underscore.
        name += "_" * keyword.iskeyword(name)
        if name in result:
            raise UsageError(f"{key} is given twice: {name} and its long form are the same")
        result[name] = value
    return result


def changed(parameters: Parameters) -> dict[str, Any]:
    """The parameters that differ from their defaults, in order of declaration."""
    result, defaults = {}, parameters.defaults()
    for parameter in parameters_of(type(parameters)):
        value = getattr(parameters, parameter.name)
        default = defaults.get(parameter.name, parameter.default)
        default = default if default is None else parameter.check(default)
        if type(value) is not type(default) or value != default:
            result[parameter.name] = value
    return result


def to_cli(value: Any) -> str:
    """Format a parameter's value for the command line: `3`, `3x2`, `0.5`."""
    if isinstance(value, tuple) and isinstance(value[0], float):
        return " ".join(map(to_cli, value))
    if isinstance(value, tuple) and len(value) == 4:
        rows, columns = (f"{value[axis]},{value[axis + 2]}" for axis in (0, 1))
        return rows if rows == columns else f"{rows}x{columns}"
    if isinstance(value, tuple):
        return str(value[0]) if value[0] == value[1] else "x".join(map(str, value))
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if hasattr(value, "tolist") or isinstance(value, list):
        # The plus turns booleans into numbers.
        return "; ".join(" ".join(to_cli(+part) for part in row) for row in _rows(jsonable(value)))
    return value.display_path if isinstance(value, RemotePath) else str(value)


def _rows(value: list[Any]) -> list[list[Any]]:
    """The rows of nested lists: a list of numbers is one row, and a single channel is unwrapped."""
    if not isinstance(value[0], list):
        return [value]
    return _rows(value[0]) if isinstance(value[0][0], list) else value


def jsonable(value: Any) -> Any:
    """A parameter's value for JSON: sizes and arrays become lists, paths strings."""
    value = _to_python(value)
    if isinstance(value, (tuple, list)):
        return [jsonable(part) for part in value]
    if isinstance(value, RemotePath):
        return value.display_path
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def quote(value: Any) -> str:
    """A user's value for a message, shortened to one line."""
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 60 else text[:50] + "…" + text[-6:]


def suggest(given: str, choices: Sequence[str], otherwise: str = "") -> str:
    """A hint for an unknown name: the closest choice, or else all of them and `otherwise`."""
    meant = closest(given, choices)
    return f"did you mean {meant}?" if meant else f"choose from {', '.join(choices)}{otherwise}"


def closest(given: str, choices: Sequence[str]) -> str | None:
    """The choice closest to a mistyped name, if any is close."""
    import difflib

    by_simplified = {_simplified(choice): choice for choice in reversed(choices)}
    matches = difflib.get_close_matches(_simplified(given), by_simplified, n=1)
    return by_simplified[matches[0]] if matches else None


def _simplified(name: str) -> str:
    """A name without case, spaces and dashes: `LeakyReLU` and `leaky-relu` are the same."""
    return re.sub(r"[\s_-]+", "", name).lower()
