# SPDX-License-Identifier: MIT
"""Monitoring values on their way into the buffer and onto the wire."""

from __future__ import annotations

import datetime as _dt
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional

from . import _json
from ._buffer import Entry
from ._records import choice, number
from .errors import InvalidArgument

if TYPE_CHECKING:
    from .monitoring import MonitoringMetric

# What the server takes; checked at the call, because a batch is committed later.
TEXT_BYTES_MAX = 250
TAGS_MAX = 50
LATENCY_MS_MAX = 1e9
TAG_BYTES_MAX = 4000  # name and value


def value_entry(metric: MonitoringMetric) -> Entry:
    """What the buffer keeps of a value; `InvalidArgument` names the field that is wrong."""
    from .monitoring import MetricType

    model_id = text(metric.model_id, "model_id")
    wire: dict[str, Any] = {
        "metric_id": text(metric.metric_id, "metric_id"),
        "model_id": model_id,
        "model_version": text(metric.model_version, "model_version", empty=True),
        "metric_name": text(metric.metric_name, "metric_name"),
        "metric_type": choice(MetricType, metric.metric_type, "metric_type"),
        "value": number(metric.value, "value"),
        "tags": tags_of(metric.tags),
        "timestamp": time_text(metric.timestamp, "timestamp"),
    }
    if metric.request_id is not None:
        wire["request_id"] = text(metric.request_id, "request_id", empty=True)
    if metric.user_id is not None:
        wire["user_id"] = text(metric.user_id, "user_id", empty=True)
    return model_id, 1, plain_numbers(wire)


def text(value: Any, place: str, *, empty: bool = False) -> str:
    """The value, if it is text of at most TEXT_BYTES_MAX bytes."""
    if type(value) is not str and not isinstance(value, str):
        raise InvalidArgument(f"{place} is {value!r}; it must be text", field=place)
    if not value and not empty:
        raise InvalidArgument(f"{place} is ''; it must be text", field=place)
    if 4 * len(value) > TEXT_BYTES_MAX or not value.isascii():
        _check_bytes(value, place)
    if "\0" in value:
        raise InvalidArgument(f"{place} holds a NUL character, which no database takes", field=place)
    return value


def _check_bytes(value: str, place: str) -> None:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidArgument(
            f"{place} holds half a surrogate pair, which UTF-8 cannot carry: {value[:80]!r}", field=place
        ) from None
    if size > TEXT_BYTES_MAX:
        raise InvalidArgument(
            f"{place} has {size} bytes; at most {TEXT_BYTES_MAX} are allowed: {value[:80]!r}…", field=place
        )


def latency(value: Any, place: str) -> float:
    result = number(value, place)
    if result < 0 or result > LATENCY_MS_MAX:
        raise InvalidArgument(f"{place} is {result:g}; it must be 0 to {LATENCY_MS_MAX:g}", field=place)
    return result


def time_text(value: Any, place: str) -> str:
    """RFC 3339 of a datetime; `InvalidArgument` for anything else."""
    try:
        if isinstance(value, _dt.datetime) and value == value:  # NaT is unequal to itself
            return _json.format_time(value)
    except (ValueError, OverflowError):
        pass  # beyond the years a time zone can be applied to
    raise InvalidArgument(f"{place} is {value!r}; it must be a datetime", field=place)


def tags_of(tags: Optional[dict[str, Any]]) -> dict[str, str]:
    if not tags and (tags is None or isinstance(tags, dict)):
        return {}
    if not isinstance(tags, dict):
        raise InvalidArgument(f"tags is {tags!r}; it must be a dict of texts", field="tags")
    if len(tags) > TAGS_MAX:
        raise InvalidArgument(f"tags has {len(tags)} items; at most {TAGS_MAX} are allowed", field="tags")
    wire = {str(name): str(value) for name, value in tags.items()}
    for name, value in wire.items():
        _check_tag(name + value, name)
    return wire


def _check_tag(both: str, name: str) -> None:
    try:
        size = len(both.encode())
    except UnicodeEncodeError:
        raise InvalidArgument(f"tags.{name!r} holds half a surrogate pair", field="tags") from None
    if size > TAG_BYTES_MAX or "\0" in both:
        raise InvalidArgument(
            f"tags.{name[:80]} has {size} bytes; at most {TAG_BYTES_MAX} without NUL are allowed", field="tags"
        )


def plain_numbers(wire: dict[str, Any]) -> dict[str, Any]:
    """Non-finite numbers by their names."""
    for name, value in wire.items():
        if type(value) is float and not math.isfinite(value):
            wire[name] = _json.number_name(value)
    return wire


def encode_values(batch: Sequence[Entry]) -> bytes:
    return _json.encode({"metrics": [entry[2] for entry in batch]})


def encode_predictions(batch: Sequence[Entry]) -> bytes:
    return _json.encode({"predictions": [entry[2] for entry in batch]})
