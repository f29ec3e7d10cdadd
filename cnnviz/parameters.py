"""How a parameter is declared, once: the command line, the Python call, TOML keys, help and docs all derive from it."""

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
"""Cells around an array: (rows, columns) on both sides, or (rows, columns) before and (rows, columns) after."""

_SIDES = re.compile(r"\s*(\d{1,9})\s*,\s*(\d{1,9})\s*(?:[x×]\s*(\d{1,9})\s*,\s*(\d{1,9})\s*)?")
_SIZE = re.compile(r"\s*(\d{1,9})\s*(?:[x×*]\s*(\d{1,9})\s*)?", re.IGNORECASE)


class Spec(Record, kw_only=True):
    """What is known of one parameter beside its type and default.

    `names` gives values that a shell may complete, and `files` says that it may be a file; neither limits the values.
    A `positional` one needs no name; an `unnamed` one only in Python, behind those.
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
    """Declare a parameter: its default, what it means, and (see `Spec`) its bounds, unit, choices and long alias."""
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
        """Turn a value from any surface into the parameter's type, within its bounds; raises UsageError."""
        if value is None and self.optional:
            return None
        if self.type is not ArrayLike:
            value = _unboxed(value)
        try:
            checked = _CONVERTERS[self.type](self, value)
            if self.spec.choices:
                checked = self._chosen(checked)
            for part in checked if isinstance(checked, tuple) else [checked] * (type(checked) is not str):
                self._check_bounds(part)
        except UsageError as error:
            error.parameter = self.name
            raise
        return checked

    @property
    def label(self) -> str:
        """How messages name it."""
        return self.name.replace("_", "-") if self.spec.positional else self.option

    def _chosen(self, value: Any) -> Any:
        """A choice as it is declared, in whatever case and with whichever dashes it is written."""
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


def _unboxed(value: Any) -> Any:
    """A NumPy scalar as Python has it."""
    return value.tolist() if hasattr(value, "tolist") else value


def with_decimal_point(text: str, where: str) -> str:
    """A number with a decimal point for a comma; raises UsageError where the comma may divide thousands."""
    # Text pasted from documents has minus signs of typography.
    text = text.replace("\u2212", "-")
    if re.fullmatch(r"\s*[-+]?[1-9]\d{0,2},\d{3}\s*", text):
        readings = f"{text.replace(',', '')} or {text.replace(',', '.')}"
        raise UsageError(f"{where}: {quote(text)} may mean {readings}: write one of these")
    return re.sub(r",(?=\d)", ".", text)


def _to_number(convert: type, wanted: str, parameter: Parameter, value: Any) -> Any:
    try:
        found = convert(with_decimal_point(value, parameter.label) if isinstance(value, str) else value)
        if isinstance(value, bool) or not math.isfinite(found) or (not isinstance(value, str) and found != value):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{parameter.label} {quote(value)} is not a {wanted}") from None
    return found


_to_int = functools.partial(_to_number, int, "whole number: give one such as 3")
_to_float = functools.partial(_to_number, float, "number: give one such as 0.5")


def _to_bool(parameter: Parameter, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{parameter.label} {quote(value)} is neither true nor false")
    return value


def _to_str(parameter: Parameter, value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{parameter.label} {quote(value)} is not a text: write it in quotation marks")
    return value


def _to_size(parameter: Parameter, value: Any) -> Size:
    if isinstance(value, str) and (match := _SIZE.fullmatch(value)):
        rows = int(match[1])
        return rows, int(match[2]) if match[2] else rows
    if isinstance(value, str) and re.fullmatch(r"\s*-\d+\s*", value):
        value = int(value)
    if isinstance(value, (tuple, list)) and len(value) == 2:
        rows, columns = map(_unboxed, value)
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
        # Commas divide where no blank does; else they are decimal commas.
        value = re.split(r",?\s+" if re.search(r"\S\s+\S", value) else ",", value.strip())
    if isinstance(value, (tuple, list)):
        numbers = tuple(_to_float(parameter, part) for part in value)
        return numbers if len(numbers) != 1 else numbers[0]
    return _to_float(parameter, value)


def _to_data(parameter: Parameter, value: Any) -> Any:
    # Checked by `data` when the array is loaded: only there it is known what a text means. Copied, as the figure may
    # be drawn after its caller has gone on to change the array.
    if isinstance(value, (tuple, list)):
        return jsonable(value)
    return copied(value, parameter.name) if hasattr(value, "__array__") else value


class ArrayLike:
    """Type of a parameter that holds a name, a literal, a file or an array; `data` turns it into numbers."""


def _to_sides(parameter: Parameter, value: Any) -> Sides | str:
    """As a size, or with a comma before and after: `0,1`, `0,1x1,2`; the names `same` and `valid` stay as they are."""
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
        wanted = "1, or 0,1 for 0 before and 1 after, or same, or valid"
        raise UsageError(f"{parameter.label} {quote(value)} is no padding: give one such as {wanted}") from None


def sides_of(rows: Sequence[int], columns: Sequence[int]) -> Sides:
    """Cells before and after as `Sides`, short where they are as many."""
    before, after = zip(rows, columns, strict=True)
    return before if before == after else (*before, *after)


class Numbers:
    """Type of a parameter that holds a number, or several as a tuple: `1 -2`."""


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
    """Base of every set of parameters: checks and converts each field, then the rules across them."""

    def __post_init__(self) -> None:
        for parameter in parameters_of(type(self)):
            object.__setattr__(self, parameter.name, parameter.check(getattr(self, parameter.name)))

    def __getstate__(self) -> dict[str, Any]:
        # What was worked out once for all is worked out anew: it may be anything, and need not travel.
        return {parameter.name: getattr(self, parameter.name) for parameter in parameters_of(type(self))}

    def defaults(self) -> Mapping[str, Any]:
        """The values that parameters have where nothing is said, if these are not the declared ones."""
        return {}


def parameters_of(cls: type[Parameters]) -> Iterator[Parameter]:
    """The declared parameters of a class in the order of their declaration."""
    return iter(_declared(cls))  # type: ignore[arg-type]  # mypy takes no class with fields for hashable


@functools.cache
def _declared(cls: type[Parameters]) -> tuple[Parameter, ...]:
    # Kept, for resolving the hints takes longer than all else in checking a figure's parameters.
    return tuple(_found(cls))


def _found(cls: type[Parameters]) -> Iterator[Parameter]:
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        kind, optional = hints[field.name], False
        if isinstance(kind, types.UnionType):
            inner = [part for part in typing.get_args(kind) if part is not type(None)]
            kind, optional = inner[0], True
        yield Parameter(
            name=field.name, type=kind, optional=optional, default=field.default, spec=field.metadata["spec"]
        )


def normalise(cls: type[Parameters], given: Mapping[str, Any]) -> dict[str, Any]:
    """Map long aliases to the parameters' own names, leaving unknown keys as they are; raises UsageError for a pair."""
    aliases = {p.spec.alias.replace("-", "_"): p.name for p in parameters_of(cls) if p.spec.alias}
    result: dict[str, Any] = {}
    for key, value in given.items():
        name = aliases.get(key.replace("-", "_"), key.replace("-", "_"))
        # What Python keeps for itself is declared with an underscore behind it.
        name += "_" * keyword.iskeyword(name)
        if name in result:
            raise UsageError(f"{key} is given twice: {name} and its long form mean the same")
        result[name] = value
    return result


def changed(parameters: Parameters) -> dict[str, Any]:
    """The parameters that differ from their defaults, in the order of their declaration."""
    result, defaults = {}, parameters.defaults()
    for parameter in parameters_of(type(parameters)):
        value = getattr(parameters, parameter.name)
        default = defaults.get(parameter.name, parameter.default)
        default = default if default is None else parameter.check(default)
        if type(value) is not type(default) or value != default:
            result[parameter.name] = value
    return result


def to_cli(value: Any) -> str:
    """Write a parameter's value as the command line takes it: `3`, `3x2`, `0.5`."""
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
        # Plus turns truth values into numbers.
        return "; ".join(" ".join(to_cli(+part) for part in row) for row in _rows(jsonable(value)))
    return value.display_path if isinstance(value, RemotePath) else str(value)


def _rows(value: list[Any]) -> list[list[Any]]:
    """The rows of nested lists: a list of numbers is one row, a lone channel its own rows."""
    if not isinstance(value[0], list):
        return [value]
    return _rows(value[0]) if isinstance(value[0][0], list) else value


def jsonable(value: Any) -> Any:
    """A parameter's value as JSON can hold it: sizes and arrays become lists, paths text."""
    value = _unboxed(value)
    if isinstance(value, (tuple, list)):
        return [jsonable(part) for part in value]
    if isinstance(value, RemotePath):
        return value.display_path
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def quote(value: Any) -> str:
    """Show a user's value in a message: on one line, shortened."""
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 60 else text[:50] + "…" + text[-6:]


def suggest(given: str, choices: Sequence[str], otherwise: str = "") -> str:
    """Say what would work instead of an unknown name: the closest choice, else all of them and `otherwise`."""
    meant = closest(given, choices)
    return f"did you mean {meant}?" if meant else f"choose from {', '.join(choices)}{otherwise}"


def closest(given: str, choices: Sequence[str]) -> str | None:
    """The choice that a mistyped name may mean, None if there is none like it."""
    import difflib

    bare = {_bare(choice): choice for choice in reversed(choices)}
    alike = difflib.get_close_matches(_bare(given), bare, n=1)
    return bare[alike[0]] if alike else None


def _bare(name: str) -> str:
    """The letters and digits of a name: `LeakyReLU` and `leaky-relu` are the same."""
    return re.sub(r"[\s_-]+", "", name).lower()
