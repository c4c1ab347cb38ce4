# SPDX-License-Identifier: MIT
"""Watching models in use: metrics, thresholds, alerts, health, dashboards."""

from __future__ import annotations

import datetime as _dt
import enum
import functools
import hashlib
import math
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from . import _json, _monitor_report, _monitor_values
from ._alerts import AlertHost
from ._buffer import buffer_of
from ._driver import ensure_driver
from ._log import logger
from ._records import choice, from_wire, number, optional_choice, record, to_wire, utc_now
from ._service import Service, folder_of
from ._system_metrics import SystemReporter, reporter_of
from ._transport import target
from .errors import Conflict, InvalidArgument, NotFound

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Alert",
    "AlertSeverity",
    "MetricThreshold",
    "MetricType",
    "ModelHealthStatus",
    "ModelMonitor",
    "MonitoringMetric",
]

_log = logger("mlops.monitoring")
_VALUES = "/api/v1/monitoring/metrics"
_PREDICTIONS = "/api/v1/predictions"
_THRESHOLDS = "/api/v1/thresholds"
_ALERTS = "/api/v1/alerts"
_HEALTH = "/api/v1/monitoring/models/{}/health"
_NAMES = "/api/v1/monitoring/models/{}/metrics"
_PREDICTIONS_TOGETHER = 4000  # a call takes 5,000
_PAGE = 1000  # most rows a list answers at once


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


class ModelMonitor(Service):
    """Watches the models of one database. Usable from any thread and any event loop.

    `alert_handlers` maps a channel to a function of an `Alert`, async or plain; between `start_monitoring` and
    `stop_monitoring` it is called, on a thread of its own, for each alert whose threshold names the channel.
    """

    def __init__(
        self,
        database_url: str,
        dashboard_dir: Union[str, Path],
        alert_handlers: Optional[dict[str, Callable[..., Any]]] = None,
    ) -> None:
        super().__init__(database_url)
        self.dashboard_dir = folder_of(dashboard_dir, "dashboard_dir")
        self.alert_handlers = dict(alert_handlers or {})
        for channel, handler in self.alert_handlers.items():
            if not callable(handler):
                raise InvalidArgument(f"alert_handlers[{channel!r}] is {handler!r}; it must be a function of an Alert")
        drive = functools.partial(ensure_driver, self._transport)  # thresholds are looked at by whoever drives
        self._values = buffer_of(self._transport, _VALUES, _monitor_values.encode_values, after_commit=drive)
        self._predictions = buffer_of(
            self._transport, _PREDICTIONS, _monitor_values.encode_predictions, _PREDICTIONS_TOGETHER, drive
        )
        self._system: SystemReporter = reporter_of(self._transport, self._values)
        self._host: Optional[AlertHost] = None

    async def start_monitoring(self) -> None:
        """Begins to call the alert handlers; returns at once. A second call is harmless."""
        if self._host is None or not self._host.running:
            self._host = AlertHost(self._transport, self.alert_handlers, _alert_of)
            self._host.start()
            _log.info("monitoring_started", handlers=sorted(self.alert_handlers))

    async def stop_monitoring(self) -> None:
        """Ends the calls of the alert handlers, waiting for one that runs. Harmless when nothing runs."""
        host, self._host = self._host, None
        if host is not None and host.running:
            await self._io.run(host.stop)
            _log.info("monitoring_stopped")

    async def record_metric(self, metric: MonitoringMetric) -> None:
        """Accepts a value; it is committed within 20 ms."""
        if not metric.metric_id:
            metric.metric_id = uuid.uuid4().hex
        await self._add(self._values, _monitor_values.value_entry(metric))
        self._system.reported(metric.model_id, metric.model_version)

    async def record_prediction_metrics(
        self,
        model_id: str,
        model_version: str,
        prediction_latency_ms: float,
        prediction_success: bool,
        confidence_score: Optional[float] = None,
        accuracy: Optional[float] = None,
        request_id: Optional[str] = None,
        user_id: Optional[str] = None,
        tags: Optional[dict[str, str]] = None,
    ) -> None:
        """Accepts one prediction: prediction_latency, prediction_error and, where given, confidence_score and
        prediction_accuracy. Committed within 20 ms.
        """
        prediction: dict[str, Any] = {
            "request_id": _monitor_values.text(request_id or uuid.uuid4().hex, "request_id"),
            "model_id": _monitor_values.text(model_id, "model_id"),
            "model_version": _monitor_values.text(model_version, "model_version"),
            "time": _json.format_time(utc_now()),
            "latency_ms": _monitor_values.latency(prediction_latency_ms, "prediction_latency_ms"),
            "success": bool(prediction_success),
            "tags": _monitor_values.tags_of(tags),
        }
        if confidence_score is not None:
            prediction["confidence_score"] = number(confidence_score, "confidence_score")
        if user_id is not None:
            prediction["user_id"] = _monitor_values.text(user_id, "user_id", empty=True)
        right = None
        if accuracy is not None:
            value = MonitoringMetric(
                metric_id=uuid.uuid4().hex,
                model_id=model_id,
                model_version=model_version,
                metric_name="prediction_accuracy",
                value=number(accuracy, "accuracy"),
                tags=dict(tags or {}),
                request_id=prediction["request_id"],
                user_id=user_id,
            )
            right = _monitor_values.value_entry(value)
        await self._add(self._predictions, (model_id, 1, _monitor_values.plain_numbers(prediction)))
        if right is not None:
            await self._add(self._values, right)
        self._system.reported(model_id, model_version)

    async def flush(self) -> None:
        """Returns after everything this process recorded on this database is committed."""
        for buffer in (self._predictions, self._values):
            await self._flush(buffer)

    async def create_threshold(self, threshold: MetricThreshold) -> str:
        """Stores a threshold and returns its id, which is written back into the record."""
        body = to_wire(threshold)
        body["operator"] = _one_of(_OPERATORS, threshold.operator, "operator")
        body["metric_type"] = choice(MetricType, threshold.metric_type, "metric_type")
        made = await self._send("POST", _THRESHOLDS, body)
        threshold.threshold_id = str(made["threshold_id"])
        _log.info("threshold_created", threshold_id=threshold.threshold_id, model_id=threshold.model_id)
        return threshold.threshold_id

    async def list_thresholds(self, model_id: Optional[str] = None) -> list[MetricThreshold]:
        """The thresholds of a model, those of every model included; left out, all."""
        rows = await self._list(_THRESHOLDS, model_id=model_id or None)
        return [from_wire(MetricThreshold, {k: v for k, v in one.items() if v is not None}) for one in rows]

    async def delete_threshold(self, threshold_id: str) -> bool:
        """Removes a threshold; False for an unknown one."""
        return await self._try(
            "DELETE", target(_THRESHOLDS + "/{}", threshold_id), "threshold_deleted", threshold_id=threshold_id
        )

    async def get_model_health(self, model_id: str) -> Optional[ModelHealthStatus]:
        """How the model does now; None for one nothing was recorded of."""
        await self.flush()
        try:
            wire = await self._get(target(_HEALTH, model_id))
        except NotFound:
            return None
        return from_wire(ModelHealthStatus, wire)

    async def get_metrics(
        self,
        model_id: str,
        metric_name: Optional[str] = None,
        start_time: Optional[_dt.datetime] = None,
        end_time: Optional[_dt.datetime] = None,
        limit: int = 1000,
    ) -> pd.DataFrame:
        """Recorded values, newest first: the record's fields and each tag as a column."""
        await self.flush()
        rows = await self._list(
            _VALUES,
            limit,
            model_id=model_id,
            metric_name=metric_name,
            start=None if start_time is None else _json.format_time(start_time),
            end=None if end_time is None else _json.format_time(end_time),
        )
        return _monitor_report.values_frame(rows)

    async def _list(self, path: str, limit: float = math.inf, **query: Any) -> list[dict[str, Any]]:
        """The rows of all pages, or the first ones."""
        rows: list[dict[str, Any]] = []
        token: Optional[str] = None
        while len(rows) < limit:
            page = await self._get(target(path, limit=int(min(limit - len(rows), _PAGE)), page_token=token, **query))
            rows.extend(page["items"])
            token = page.get("next_page_token")
            if not token:
                break
        return rows

    async def get_active_alerts(
        self, model_id: Optional[str] = None, severity: Optional[AlertSeverity] = None
    ) -> list[Alert]:
        """Alerts that are not resolved, newest first."""
        await self.flush()
        wanted = optional_choice(AlertSeverity, severity, "severity")
        rows = await self._list(_ALERTS, model_id=model_id, severity=wanted, is_resolved=False)
        return [_alert_of(row) for row in rows]

    async def acknowledge_alert(self, alert_id: str, acknowledged_by: str) -> bool:
        """Notes who looks after the alert; False for an unknown one."""
        path = target(_ALERTS + "/{}/acknowledge", alert_id)
        body = {"acknowledged_by": acknowledged_by}
        return await self._try("POST", path, "alert_acknowledged", body, alert_id=alert_id, by=acknowledged_by)

    async def resolve_alert(self, alert_id: str) -> bool:
        """Closes the alert; False for an unknown one."""
        return await self._try(
            "POST", target(_ALERTS + "/{}/resolve", alert_id), "alert_resolved", {}, alert_id=alert_id
        )

    async def _try(self, method: str, path: str, event: str, body: Any = None, **ids: Any) -> bool:
        try:
            await self._send(method, path, body)
        except (NotFound, Conflict) as refusal:
            _log.warning(f"{event}_refused", reason=str(refusal), **ids)
            return False
        _log.info(event, **ids)
        return True

    async def generate_dashboard(self, model_id: str, hours: int = 24) -> str:
        """Writes the model's dashboard as one self-contained HTML file and returns its path; "" without metrics."""
        span = number(hours, "hours")
        if not 0 < span <= 24 * 366:
            raise InvalidArgument(f"hours is {hours}; it must be more than 0 and at most a year", field="hours")
        await self.flush()
        end = utc_now()
        start = end - _dt.timedelta(hours=span)
        health = await self.get_model_health(model_id)
        names = await self._metric_names(model_id, start)
        if not names:
            return ""
        buckets = await self._buckets(model_id, names, start)
        later = _monitor_report.shown_from((start, end), buckets)
        if later is not None:
            start = later
            buckets = await self._buckets(model_id, names, start)
        alerts = await self._list(_ALERTS, _monitor_report.ALERTS_SHOWN, model_id=model_id)
        document = _monitor_report.document(model_id, health, (start, end), buckets, [_alert_of(a) for a in alerts])
        path = self.dashboard_dir / f"{_file_name(model_id)}_dashboard.html"
        await self._io.run(_write, path, document)
        _log.info("dashboard_generated", model_id=model_id, path=str(path))
        return str(path)

    async def _buckets(self, model_id: str, names: list[str], start: _dt.datetime) -> dict[str, list[dict[str, Any]]]:
        """The statistics of each metric by stretches of time."""
        found = {}
        for name in names:
            query = target("/api/v1/monitoring/series", model_id=model_id, name=name, start=_json.format_time(start))
            found[name] = list((await self._get(query))["items"])
        return found

    async def _metric_names(self, model_id: str, start: _dt.datetime) -> list[str]:
        """Names with values in the period, derived ones included, the known ones first."""
        try:
            rows = await self._list(target(_NAMES, model_id), start=_json.format_time(start))
        except NotFound:  # an id that no path can hold: nothing is recorded of it
            return []
        present = {row["metric_name"] for row in rows}
        known = [name for name in _monitor_report.ORDER if name in present]
        names = known + sorted(present.difference(known))
        if len(names) > _monitor_report.METRICS_SHOWN:
            left_out = len(names) - _monitor_report.METRICS_SHOWN
            _log.warning(
                "dashboard_metrics_left_out", model_id=model_id, shown=len(names) - left_out, left_out=left_out
            )
        return names[: _monitor_report.METRICS_SHOWN]


_OPERATORS = ("gt", "lt", "eq", "ge", "le")


def _one_of(allowed: tuple[str, ...], value: Any, place: str) -> str:
    if value not in allowed:
        raise InvalidArgument(f"{place} is {value!r}; it must be one of {', '.join(allowed)}", field=place)
    return str(value)


def _alert_of(wire: dict[str, Any]) -> Alert:
    return from_wire(Alert, wire)


def _file_name(model_id: str) -> str:
    """A file name of the model's own: where characters had to be replaced, with a digest of the id."""
    from ._files import safe_path

    plain = safe_path(model_id).replace("/", "_")
    return plain if plain == model_id else f"{plain}-{hashlib.sha256(model_id.encode()).hexdigest()[:12]}"


def _write(path: Path, document: str) -> None:
    """In one step: who looks at the file never sees half of it."""
    from ._files import new_temporary

    temporary = new_temporary(path)
    try:
        temporary.write_text(document, encoding="utf-8")
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
