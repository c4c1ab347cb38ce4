# SPDX-License-Identifier: MIT
"""Monitoring values as a table, and what a dashboard shows of them."""

from __future__ import annotations

import datetime as _dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional

from . import _json
from ._dashboard import Row, Series, Tile, number, page

if TYPE_CHECKING:
    import pandas as pd

    from .monitoring import Alert, ModelHealthStatus

ALERTS_SHOWN = 50
METRICS_SHOWN = 100
_FIELDS = (
    "metric_id",
    "model_id",
    "model_version",
    "metric_name",
    "metric_type",
    "value",
    "request_id",
    "user_id",
    "timestamp",
)
_UNITS = {"prediction_latency": "ms", "throughput": "/s", "cpu_usage_percent": "%", "memory_usage_mb": "MB"}
_LABELS = {
    "prediction_latency": "prediction latency, median to 95th percentile",
    "cpu_usage_percent": "CPU of the serving process",
    "memory_usage_mb": "memory of the serving process",
    "prediction_error": "share of failed predictions",
}
# What a dashboard shows first.
ORDER = (
    "prediction_latency",
    "throughput",
    "error_rate",
    "prediction_error",
    "prediction_accuracy",
    "confidence_score",
    "cpu_usage_percent",
    "memory_usage_mb",
)


def values_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The record's fields, then each tag as a column; a tag with the name of a field is `tag_<name>`."""
    import pandas as pd

    table = []
    for row in rows:
        line = {name: row.get(name) for name in _FIELDS}
        line["value"] = _json.to_float(row["value"])
        for tag, value in (row.get("tags") or {}).items():
            line[f"tag_{tag}" if tag in _FIELDS else tag] = value
        table.append(line)
    names = list(dict.fromkeys([*_FIELDS, *(name for line in table for name in line)]))
    frame = pd.DataFrame(table, columns=names)
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], utc=True, format="ISO8601")
    frame["value"] = frame["value"].astype("float64")
    return frame


def document(
    model_id: str,
    health: Optional[ModelHealthStatus],
    span: tuple[_dt.datetime, _dt.datetime],
    buckets: dict[str, list[dict[str, Any]]],
    alerts: Sequence[Alert],
) -> str:
    """The dashboard's HTML."""
    shown = [
        Row(alert.severity.value, alert.message, alert.created_at, alert.resolved_at)
        for alert in alerts
        if alert.resolved_at is None or alert.resolved_at >= span[0]
    ]
    series = [_series(name, items) for name, items in buckets.items() if items]
    state = health.overall_health if health else "unknown"
    version = health.model_version if health else ""
    return page(model_id, version, state, span, _tiles(health, buckets, shown), series, shown)


def shown_from(
    span: tuple[_dt.datetime, _dt.datetime], buckets: dict[str, list[dict[str, Any]]]
) -> Optional[_dt.datetime]:
    """Where the charts should begin instead, if the values fill only the last third of the period."""
    first = min((_json.parse_time(items[0]["time"]) for items in buckets.values() if items), default=span[0])
    if first - span[0] < (span[1] - span[0]) * 2 / 3:
        return None
    return max(span[0], first - (span[1] - first) * 0.05 - _dt.timedelta(seconds=10))


def _number(value: Any) -> Optional[float]:
    return None if value is None else _json.to_float(value)


def _series(name: str, items: Sequence[dict[str, Any]]) -> Series:
    times = [_json.parse_time(item["time"]).timestamp() for item in items]
    means = [_number(item.get("mean")) for item in items]
    label = _LABELS.get(name, name)
    if name != "prediction_latency":
        return Series(label, _UNITS.get(name, ""), times, means)
    return Series(
        label,
        "ms",
        times,
        means,
        [_number(item.get("p50")) for item in items],
        [_number(item.get("p95")) for item in items],
    )


def _tiles(
    health: Optional[ModelHealthStatus], buckets: dict[str, list[dict[str, Any]]], alerts: Sequence[Row]
) -> list[Tile]:
    open_alerts = sum(1 for alert in alerts if alert.resolved is None)
    tiles = []
    if health is not None:
        tone = {"healthy": "good", "degraded": "warn", "unhealthy": "bad"}.get(health.overall_health, "")
        tiles = [
            Tile("Health", f"{health.health_score:.0%}", health.overall_health, tone),
            Tile("Predictions", number(health.predictions_last_hour), "in the last hour"),
            Tile("Latency", f"{number(health.average_latency_ms)} ms", "mean of the last hour"),
            Tile("Errors", f"{health.error_rate_last_hour:.2%}", "of the last hour's predictions"),
        ]
    accuracy = _mean(buckets.get("prediction_accuracy", []))
    if accuracy is not None:
        tiles.append(Tile("Accuracy", f"{accuracy:.1%}", "in this period"))
    tiles.append(Tile("Open alerts", str(open_alerts), "", "bad" if open_alerts else "good"))
    return tiles


def _mean(items: Sequence[dict[str, Any]]) -> Optional[float]:
    known = [(int(item["count"]), _number(item.get("mean"))) for item in items if item.get("mean") is not None]
    total = sum(count for count, _ in known)
    return sum(count * (mean or 0.0) for count, mean in known) / total if total else None
