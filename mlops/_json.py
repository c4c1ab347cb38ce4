# SPDX-License-Identifier: MIT
"""JSON as it goes over the wire: any number a scientist has, exactly.

Non-finite numbers are `{"$number": "NaN" | "Infinity" | "-Infinity"}` in free documents, and the bare names in typed
fields of answers. numpy scalars and arrays, pandas missing values, enums, paths, dates and sets are taken as the plain
values they stand for.
"""

from __future__ import annotations

import datetime as _dt
import enum
import json
import math
import os
from dataclasses import fields, is_dataclass
from typing import Any

from .errors import InvalidArgument

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_INT64 = 1 << 63
_DEPTH_MAX = 60


def format_time(value: _dt.datetime) -> str:
    """RFC 3339 UTC with microseconds. A time without a zone is read as UTC."""
    value = value.replace(tzinfo=_dt.timezone.utc) if value.tzinfo is None else value.astimezone(_dt.timezone.utc)
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if value.year >= 1000 else value.isoformat()


def parse_time(text: str) -> _dt.datetime:
    """The aware UTC time of an RFC 3339 text."""
    if text.endswith(("Z", "z")):
        text = text[:-1] + "+00:00"
    return _dt.datetime.fromisoformat(text).astimezone(_dt.timezone.utc)


def number_name(value: float) -> str:
    """The wire name of a non-finite number."""
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def plain(value: Any, place: str = "value", depth: int = 0) -> Any:
    """The value in terms of None, bool, int, float, str, list and dict; `InvalidArgument` names what has none."""
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return _integer(value, place)
    if kind is float:
        return value if math.isfinite(value) else {"$number": number_name(value)}
    if depth > _DEPTH_MAX:
        raise InvalidArgument(f"{place} is nested deeper than {_DEPTH_MAX} levels", field=place)
    if isinstance(value, dict):
        return {_key(key, place): plain(item, f"{place}.{key}", depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, place, depth + 1) for item in value]
    return _unusual(value, place, depth)


def _integer(value: int, place: str) -> int:
    if -_INT64 <= value < _INT64:
        return value
    raise InvalidArgument(f"{place} is {value}; integers must fit 64 bits (give a float or text)", field=place)


def _key(key: Any, place: str) -> str:
    if isinstance(key, enum.Enum):
        key = key.value
    if isinstance(key, str):
        return key
    if hasattr(key, "item") and hasattr(key, "dtype"):
        key = key.item()
    if isinstance(key, (bool, int, float)) or key is None:
        return str(key)
    raise InvalidArgument(f"{place} has the key {key!r}; keys must be text", field=place)


def _unusual(value: Any, place: str, depth: int) -> Any:
    if isinstance(value, enum.Enum):
        return plain(value.value, place, depth + 1)
    if isinstance(value, _dt.datetime):
        return None if value != value else format_time(value)  # NaT is unequal to itself
    if isinstance(value, (str, bool, int, float)):  # subclasses, numpy.float64 among them
        base = next(kind for kind in (str, bool, int, float) if isinstance(value, kind))
        return plain(base(value), place, depth + 1)
    if isinstance(value, (_dt.date, _dt.time)):
        return value.isoformat()
    if isinstance(value, _dt.timedelta):
        return value.total_seconds()
    if isinstance(value, (set, frozenset)):
        return [plain(item, place, depth + 1) for item in sorted(value, key=repr)]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name), f"{place}.{f.name}", depth + 1) for f in fields(value)}
    if hasattr(value, "dtype") and hasattr(value, "tolist"):  # numpy scalars and arrays
        return plain(value.tolist(), place, depth + 1)
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "to_dict"):  # pandas
        return plain(value.to_dict(), place, depth + 1)
    raise InvalidArgument(f"{place} is a {type(value).__name__}, which has no JSON form", field=place)


def dumps(value: Any, place: str = "value") -> bytes:
    """The value as UTF-8 JSON."""
    return encode(plain(value, place))


def encode(value: Any) -> bytes:
    """A value that is plain already, as UTF-8 JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidArgument("a text holds half a surrogate pair, which UTF-8 cannot carry") from None


def _revive(members: dict[str, Any]) -> Any:
    if len(members) == 1:
        name = members.get("$number")
        if isinstance(name, str) and name in _NON_FINITE:
            return _NON_FINITE[name]
    return members


def loads(text: bytes) -> Any:
    """The value of JSON text, non-finite numbers of free documents included."""
    if b"$number" in text:
        return json.loads(text, object_hook=_revive)
    return json.loads(text)


def to_float(value: Any) -> float:
    """A number of a typed field of an answer."""
    if isinstance(value, str):
        return _NON_FINITE[value]
    return float(value)
