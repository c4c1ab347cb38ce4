# SPDX-License-Identifier: MIT
"""What the records of this package have in common: clear construction, and the way to and from the wire."""

from __future__ import annotations

import dataclasses
import datetime as _dt
import enum
import functools
from collections.abc import Mapping
from typing import Any, Callable, Optional, TypeVar, Union, get_type_hints

from . import _json
from .errors import InvalidArgument

T = TypeVar("T")
_Convert = Callable[[Any], Any]
_NONE_TYPE = type(None)


def utc_now() -> _dt.datetime:
    return _dt.datetime.now(_dt.timezone.utc)


def record(cls: type[T]) -> type[T]:
    """Put on top of `@dataclass`: an unknown name is refused with the names there are."""
    original = cls.__init__
    names = [f.name for f in dataclasses.fields(cls)]  # type: ignore[arg-type]

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            original(self, *args, **kwargs)
        except TypeError:
            unknown = [name for name in kwargs if name not in names]
            if not unknown:
                raise
            raise TypeError(
                f"{cls.__name__} has no field {', '.join(map(repr, unknown))}; its fields are {', '.join(names)}"
            ) from None

    cls.__init__ = __init__  # type: ignore[method-assign]
    return cls


def to_wire(value: Any, *, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """A record as a plain dict; fields that are None are left out."""
    name = type(value).__name__
    wire = {}
    for field in dataclasses.fields(value):
        if field.name in leave_out:
            continue
        item = getattr(value, field.name)
        if item is not None:
            wire[field.name] = _json.plain(item, f"{name}.{field.name}")
    return wire


def from_wire(cls: type[T], wire: Mapping[str, Any]) -> T:
    """A record of an answer; fields it does not know are passed over, absent ones keep their default."""
    converters = _converters(cls)  # type: ignore[arg-type]  # a class is hashable
    return cls(**{name: convert(wire[name]) for name, convert in converters.items() if name in wire})


@functools.cache
def _converters(cls: type) -> dict[str, _Convert]:
    hints = get_type_hints(cls)
    return {f.name: _converter(hints[f.name]) for f in dataclasses.fields(cls) if f.init}


def _same(value: Any) -> Any:
    return value


def _converter(hint: Any) -> _Convert:
    origin = getattr(hint, "__origin__", None)
    if origin is Union:
        inner = [_converter(arg) for arg in hint.__args__ if arg is not _NONE_TYPE]
        return _optional(inner[0])
    if origin is dict:
        return _mapping(_converter(hint.__args__[1]))
    if origin in (list, tuple):
        return _sequence(_converter(hint.__args__[0]), origin)
    if hint is float:
        return _json.to_float
    if hint is _dt.datetime:
        return _json.parse_time
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint
    if dataclasses.is_dataclass(hint):
        return functools.partial(from_wire, hint)  # type: ignore[arg-type]
    return _same


def _optional(inner: _Convert) -> _Convert:
    return lambda value: None if value is None else inner(value)


def _mapping(inner: _Convert) -> _Convert:
    if inner is _same:
        return dict
    return lambda value: {key: inner(item) for key, item in value.items()}


def _sequence(inner: _Convert, make: Callable[[Any], Any]) -> _Convert:
    return lambda value: make(inner(item) for item in value)


def number(value: Any, place: str) -> float:
    """A float from anything that is a number; `InvalidArgument` names the place."""
    if isinstance(value, (str, bytes)) or value is None:
        raise InvalidArgument(f"{place} is {value!r}; it must be a number", field=place)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidArgument(f"{place} is {value!r}; it must be a number", field=place) from None


def whole(value: Any, place: str) -> int:
    """An int from anything that is a whole number."""
    try:
        result = int(value)
        if isinstance(value, (str, bytes)) or result != value:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise InvalidArgument(f"{place} is {value!r}; it must be a whole number", field=place) from None
    if not -(1 << 63) <= result < 1 << 63:
        raise InvalidArgument(f"{place} is {value!r}; it must fit 64 bits", field=place)
    return result


def choice(kind: type[enum.Enum], value: Any, place: str) -> str:
    """The wire name of an enum member given as itself or as its value."""
    try:
        return str(kind(value).value)
    except ValueError:
        allowed = ", ".join(str(member.value) for member in kind)
        raise InvalidArgument(f"{place} is {value!r}; it must be one of {allowed}", field=place) from None


def optional_choice(kind: type[enum.Enum], value: Any, place: str) -> Optional[str]:
    return None if value is None else choice(kind, value, place)
