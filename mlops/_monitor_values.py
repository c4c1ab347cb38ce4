# SPDX-License-Identifier: MIT
"""Monitoring values on their way into the buffer and onto the wire."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional

from . import _json
from ._buffer import Entry
from ._records import choice, number
from .errors import InvalidArgument

if TYPE_CHECKING:
    from .monitoring import MonitoringMetric


def value_entry(metric: MonitoringMetric) -> Entry:
    """What the buffer keeps of a value; `InvalidArgument` names the field that is wrong."""
    from .monitoring import MetricType

    model_id = text(metric.model_id, "model_id")
    wire: dict[str, Any] = {
        "metric_id": metric.metric_id,
        "model_id": model_id,
        "model_version": metric.model_version,
        "metric_name": text(metric.metric_name, "metric_name"),
        "metric_type": choice(MetricType, metric.metric_type, "metric_type"),
        "value": number(metric.value, "value"),
        "tags": tags_of(metric.tags),
        "timestamp": _json.format_time(metric.timestamp),
    }
    if metric.request_id is not None:
        wire["request_id"] = metric.request_id
    if metric.user_id is not None:
        wire["user_id"] = metric.user_id
    return model_id, 1, plain_numbers(wire)


def text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidArgument(f"{place} is {value!r}; it must be text", field=place)
    return value


def tags_of(tags: Optional[dict[str, Any]]) -> dict[str, str]:
    if tags is None:
        return {}
    if not isinstance(tags, dict):
        raise InvalidArgument(f"tags is {tags!r}; it must be a dict of texts", field="tags")
    return {str(name): str(value) for name, value in tags.items()}


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
