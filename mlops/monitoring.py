# SPDX-License-Identifier: MIT
"""Watching models in use: metrics, thresholds, alerts, health, dashboards."""

from __future__ import annotations

import datetime as _dt
import enum
from dataclasses import dataclass, field
from typing import Optional

from ._records import record, utc_now

__all__ = ["Alert", "AlertSeverity", "MetricThreshold", "MetricType", "ModelHealthStatus", "MonitoringMetric"]


class AlertSeverity(enum.Enum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class MetricType(enum.Enum):
    ACCURACY = "accuracy"
    LATENCY = "latency"
    THROUGHPUT = "throughput"
    ERROR_RATE = "error_rate"
    MEMORY_USAGE = "memory_usage"
    CPU_USAGE = "cpu_usage"
    CUSTOM = "custom"


_TYPE_OF_NAME = {
    "accuracy": MetricType.ACCURACY,
    "prediction_accuracy": MetricType.ACCURACY,
    "latency": MetricType.LATENCY,
    "prediction_latency": MetricType.LATENCY,
    "throughput": MetricType.THROUGHPUT,
    "error_rate": MetricType.ERROR_RATE,
    "prediction_error": MetricType.ERROR_RATE,
    "memory_usage_mb": MetricType.MEMORY_USAGE,
    "memory_usage": MetricType.MEMORY_USAGE,
    "cpu_usage_percent": MetricType.CPU_USAGE,
    "cpu_usage": MetricType.CPU_USAGE,
}


def _metric_type(name: str, given: Optional[MetricType]) -> MetricType:
    return given if given is not None else _TYPE_OF_NAME.get(name, MetricType.CUSTOM)


@record
@dataclass
class MetricThreshold:
    """When a metric is bad. `metric_type` left out follows from the name; an empty `threshold_id` is filled in."""

    metric_name: str
    metric_type: MetricType = None  # type: ignore[assignment]  # never None after construction
    warning_threshold: Optional[float] = None
    critical_threshold: Optional[float] = None
    operator: str = "gt"
    evaluation_window_minutes: int = 5
    minimum_samples: int = 10
    alert_enabled: bool = True
    alert_channels: list[str] = field(default_factory=list)
    description: str = ""
    created_at: _dt.datetime = field(default_factory=utc_now)
    threshold_id: str = ""
    model_id: str = ""

    def __post_init__(self) -> None:
        self.metric_type = _metric_type(self.metric_name, self.metric_type)


@record
@dataclass
class MonitoringMetric:
    """One value. An empty `metric_id` is filled in; `metric_type` left out follows from the name."""

    metric_id: str = ""
    model_id: str = ""
    model_version: str = ""
    metric_name: str = ""
    metric_type: MetricType = None  # type: ignore[assignment]  # never None after construction
    value: float = 0.0
    tags: dict[str, str] = field(default_factory=dict)
    request_id: Optional[str] = None
    user_id: Optional[str] = None
    timestamp: _dt.datetime = field(default_factory=utc_now)

    def __post_init__(self) -> None:
        self.metric_type = _metric_type(self.metric_name, self.metric_type)


@record
@dataclass
class Alert:
    """A threshold that was crossed."""

    alert_id: str
    threshold_id: str
    model_id: str
    metric_name: str
    severity: AlertSeverity
    message: str
    current_value: float
    threshold_value: float
    triggered_by_values: list[float] = field(default_factory=list)
    evaluation_window: int = 5
    is_resolved: bool = False
    acknowledged: bool = False
    acknowledged_by: Optional[str] = None
    acknowledged_at: Optional[_dt.datetime] = None
    created_at: _dt.datetime = field(default_factory=utc_now)
    resolved_at: Optional[_dt.datetime] = None


@record
@dataclass
class ModelHealthStatus:
    """How a model does now. `overall_health` is healthy, degraded or unhealthy; `health_score` is 0 to 1."""

    model_id: str
    model_version: str
    overall_health: str
    health_score: float
    current_metrics: dict[str, float] = field(default_factory=dict)
    active_alerts: list[str] = field(default_factory=list)
    predictions_last_hour: int = 0
    average_latency_ms: float = 0.0
    error_rate_last_hour: float = 0.0
    memory_usage_mb: float = 0.0
    cpu_usage_percent: float = 0.0
    last_prediction: Optional[_dt.datetime] = None
    last_updated: _dt.datetime = field(default_factory=utc_now)
