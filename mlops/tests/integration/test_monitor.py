# SPDX-License-Identifier: MIT
"""The model monitor, embedded and against a server."""

from __future__ import annotations

import asyncio
import datetime
import logging
import math
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

from mlops.errors import InvalidArgument
from mlops.monitoring import (
    Alert,
    AlertSeverity,
    MetricThreshold,
    MetricType,
    ModelMonitor,
    MonitoringMetric,
)
from mlops.tests.conftest import environment

MODEL = "lab_classifier"


@pytest.fixture
def monitor(database_url: str) -> Iterator[ModelMonitor]:
    made = ModelMonitor(database_url, "./dashboards")
    yield made
    asyncio.run(made.stop_monitoring())


async def record(monitor: ModelMonitor, count: int, **more: Any) -> None:
    for index in range(count):
        await monitor.record_prediction_metrics(
            MODEL, "1.0.0", **{"prediction_latency_ms": 250.0 + index, "prediction_success": True, **more}
        )


async def within(seconds: float, look: Callable[[], Any]) -> Any:
    end = time.monotonic() + seconds
    while True:
        found = await look()
        if found or time.monotonic() > end:
            return found
        await asyncio.sleep(0.2)


async def test_recorded_values_come_back_newest_first(monitor: ModelMonitor) -> None:
    await record(monitor, 3, accuracy=0.94, confidence_score=np.float64(0.9), tags={"site": "a"}, user_id="u")
    metric = MonitoringMetric(
        model_id=MODEL, model_version="1.0.0", metric_name="mine", value=math.inf, tags={"k": "v"}
    )
    await monitor.record_metric(metric)
    assert metric.metric_id
    frame = await monitor.get_metrics(MODEL)
    assert set(frame["metric_name"]) >= {"prediction_latency", "prediction_error", "prediction_accuracy", "mine"}
    assert frame["timestamp"].is_monotonic_decreasing
    assert frame.loc[frame["metric_name"] == "mine", "value"].tolist() == [math.inf]
    assert frame.loc[frame["metric_name"] == "mine", "k"].tolist() == ["v"]
    assert frame.loc[frame["metric_name"] == "mine", "metric_type"].tolist() == ["custom"]
    for name in ("accuracy", "prediction_accuracy"):
        assert (await monitor.get_metrics(MODEL, name))["value"].tolist() == [0.94] * 3
    assert (await monitor.get_metrics(MODEL, "latency"))["value"].tolist() == [252.0, 251.0, 250.0]
    assert (await monitor.get_metrics(MODEL, "confidence_score"))["value"].tolist() == [0.9] * 3
    assert len(await monitor.get_metrics(MODEL, "latency", limit=2)) == 2
    early = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    assert len(await monitor.get_metrics(MODEL, end_time=early)) == 0
    assert list((await monitor.get_metrics("nobody")).columns)[:2] == ["metric_id", "model_id"]


async def test_wrong_values_are_named(monitor: ModelMonitor) -> None:
    with pytest.raises(InvalidArgument, match="prediction_latency_ms is 'slow'"):
        await record(monitor, 1, prediction_latency_ms="slow")
    with pytest.raises(InvalidArgument, match="model_id is ''"):
        await monitor.record_metric(MonitoringMetric(metric_name="x", value=1.0))
    with pytest.raises(InvalidArgument, match="gt, lt, eq, ge, le"):
        await monitor.create_threshold(MetricThreshold("latency", operator="above"))
    with pytest.raises(InvalidArgument, match="alert_handlers"):
        ModelMonitor(monitor.database_url, "./d", {"email": "me@x"})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"prediction_latency_ms": -1.0}, "prediction_latency_ms is -1; it must be 0 to 1e\\+09"),
        ({"prediction_latency_ms": math.inf}, "prediction_latency_ms is inf"),
        ({"user_id": 7}, "user_id is 7; it must be text"),
        ({"request_id": 7}, "request_id is 7; it must be text"),
        ({"request_id": "é" * 126}, "request_id has 252 bytes; at most 250"),
        ({"user_id": "\ud83e"}, "user_id holds half a surrogate pair"),
        ({"user_id": "a\0b"}, "user_id holds a NUL"),
        ({"tags": {str(i): "" for i in range(51)}}, "tags has 51 items; at most 50"),
        ({"tags": {"a": "\ud83e"}}, "tags"),
        ({"accuracy": "good"}, "accuracy is 'good'"),
    ],
)
async def test_what_the_server_would_refuse_is_refused_at_the_call(
    embedded_url: str, wrong: dict[str, Any], words: str
) -> None:
    monitor = ModelMonitor(embedded_url, "./dashboards")
    with pytest.raises(InvalidArgument, match=words):
        await record(monitor, 1, **wrong)
    await record(monitor, 1, user_id="x" * 250, request_id="", tags={str(i): "v" for i in range(50)})
    await record(monitor, 1, prediction_latency_ms=1e9, accuracy=0.5)
    assert len(await monitor.get_metrics(MODEL, "latency")) == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"metric_name": "x" * 251}, "metric_name has 251 bytes"),
        ({"metric_id": 5}, "metric_id is 5"),
        ({"model_version": None}, "model_version is None"),
        ({"user_id": 5}, "user_id is 5"),
        ({"timestamp": "now"}, "timestamp is 'now'; it must be a datetime"),
    ],
)
async def test_wrong_values_of_metrics_are_refused_at_the_call(
    embedded_url: str, wrong: dict[str, Any], words: str
) -> None:
    monitor = ModelMonitor(embedded_url, "./dashboards")
    with pytest.raises(InvalidArgument, match=words):
        await monitor.record_metric(MonitoringMetric(**{"model_id": MODEL, "metric_name": "x", **wrong}))
    await monitor.flush()


async def test_thresholds(monitor: ModelMonitor) -> None:
    threshold = MetricThreshold(
        threshold_id="", model_id=MODEL, metric_name="prediction_latency", metric_type=MetricType.LATENCY,
        warning_threshold=500.0, critical_threshold=1000.0, operator="gt", alert_channels=["email"], description="d",
    )  # fmt: skip
    made = await monitor.create_threshold(threshold)
    assert threshold.threshold_id == made
    (known,) = [one for one in await monitor.list_thresholds(MODEL) if one.threshold_id == made]
    assert known == threshold or (known.threshold_id, known.operator, known.critical_threshold) == (made, "gt", 1000.0)
    assert known.alert_channels == ["email"]
    assert known.metric_type is MetricType.LATENCY
    assert await monitor.delete_threshold(made)
    assert not await monitor.delete_threshold(made)
    assert made not in [one.threshold_id for one in await monitor.list_thresholds()]


async def test_health_and_dashboard(monitor: ModelMonitor) -> None:
    assert await monitor.generate_dashboard(MODEL) == ""
    assert await monitor.get_model_health(MODEL) is None
    await record(monitor, 20, accuracy=0.94)
    await record(monitor, 1, prediction_success=False)
    health = await monitor.get_model_health(MODEL)
    assert health is not None
    assert (health.model_id, health.model_version, health.predictions_last_hour) == (MODEL, "1.0.0", 21)
    assert health.overall_health in ("healthy", "degraded", "unhealthy")
    assert 0 <= health.health_score <= 1
    assert health.error_rate_last_hour == pytest.approx(1 / 21)
    path = await monitor.generate_dashboard(MODEL)
    text = Path(path).read_text()
    assert Path(path).is_relative_to(monitor.dashboard_dir)
    assert "<svg" in text
    assert "prefers-color-scheme:dark" in text
    assert not re.search(r"(src|href)\s*=|url\(|@import|<script|<link", text)
    with pytest.raises(InvalidArgument, match="hours"):
        await monitor.generate_dashboard(MODEL, hours=0)


async def test_thresholds_of_all_pages_are_listed(monitor: ModelMonitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlops.monitoring._PAGE", 2)
    made = [await monitor.create_threshold(MetricThreshold("latency", warning_threshold=1.0)) for _ in range(5)]
    listed = [one.threshold_id for one in await monitor.list_thresholds()]
    assert len(listed) == len(set(listed))
    assert set(made) <= set(listed)


async def test_a_dashboard_shows_rare_metrics_and_throughput(monitor: ModelMonitor) -> None:
    await monitor.record_metric(MonitoringMetric(model_id=MODEL, metric_name="memory_usage_mb", value=12.0))
    await monitor.record_metric(MonitoringMetric(model_id=MODEL, metric_name="seldom", value=1.0))
    await record(monitor, 600)  # two values each: more than one page of them
    text = Path(await monitor.generate_dashboard(MODEL)).read_text()
    for label in ("memory of the serving process", "seldom", "throughput", "prediction latency"):
        assert label in text


async def test_each_model_has_a_dashboard_file_of_its_own(embedded_url: str) -> None:
    monitor = ModelMonitor(embedded_url, "./dashboards")
    names = ["a b", "a_b", "a:b", "plain"]
    for name in names:
        await monitor.record_metric(MonitoringMetric(model_id=name, metric_name="x", value=1.0))
    paths = [await monitor.generate_dashboard(name) for name in names]
    assert len(set(paths)) == len(names)
    assert Path(paths[3]).name == "plain_dashboard.html"
    for name, path in zip(names, paths):
        assert name in Path(path).read_text()
    assert sorted(monitor.dashboard_dir.iterdir()) == sorted(map(Path, paths))


async def test_a_name_that_no_address_reaches_is_refused(embedded_url: str) -> None:
    monitor = ModelMonitor(embedded_url, "./dashboards")
    await monitor.record_metric(MonitoringMetric(model_id="a/b", metric_name="x", value=1.0))
    with pytest.raises(InvalidArgument, match="model_id 'a/b' holds a '/'"):
        await monitor.flush()
    assert await monitor.generate_dashboard("a/b") == ""


def test_the_demo_sets_its_threshold_once(embedded_url: str) -> None:
    import importlib.util
    import sys

    import mlops
    from mlops import sync

    place = Path(mlops.__file__).resolve().parents[1] / "examples" / "lab_demo.py"
    spec = importlib.util.spec_from_file_location("lab_demo", place)
    assert spec is not None
    assert spec.loader is not None
    demo = importlib.util.module_from_spec(spec)
    sys.modules["lab_demo"] = demo
    try:
        spec.loader.exec_module(demo)
        monitor = sync.ModelMonitor(embedded_url, "./d")
        before = {one.threshold_id for one in monitor.list_thresholds()}
        other = monitor.create_threshold(MetricThreshold("accuracy", model_id=demo.MODEL, warning_threshold=0.5))
        first = demo.watch(monitor, "1.0.0")
        second = demo.watch(monitor, "1.0.1")
        assert first != second
        assert {one.threshold_id for one in monitor.list_thresholds()} - before == {other, second}
    finally:
        del sys.modules["lab_demo"]


async def test_cpu_and_memory_of_the_reporting_process_appear(monitor: ModelMonitor) -> None:
    await record(monitor, 1)

    async def look() -> bool:
        names = set((await monitor.get_metrics(MODEL))["metric_name"])
        return {"cpu_usage_percent", "memory_usage_mb"} <= names

    assert await within(60, look)
    memory = (await monitor.get_metrics(MODEL, "memory_usage_mb"))["value"][0]
    assert 10 < memory < 10_000


async def test_an_alert_reaches_the_programs_own_functions(
    monitor: ModelMonitor, serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[tuple[str, Alert]] = []

    async def by_mail(alert: Alert) -> None:
        await asyncio.sleep(0)
        told.append(("email", alert))

    def broken(alert: Alert) -> None:
        raise RuntimeError("no network")

    handlers = {"slack": broken, "email": by_mail, "other": lambda alert: told.append(("other", alert))}
    watcher = ModelMonitor(monitor.database_url, "./dashboards", handlers)
    await watcher.start_monitoring()
    await watcher.start_monitoring()
    threshold = MetricThreshold(
        "latency", model_id=MODEL, warning_threshold=100.0, critical_threshold=200.0, minimum_samples=3,
        alert_channels=["slack", "email"],
    )  # fmt: skip
    await watcher.create_threshold(threshold)
    with caplog.at_level(logging.ERROR):
        await record(watcher, 5)

        async def look() -> bool:
            await asyncio.sleep(0)
            return bool(told)

        # Nobody asks for it: the driver evaluates. The time is for one that never does.
        assert await within(60, look)
    assert [channel for channel, _ in told] == ["email"]
    assert "alert_handler_failed" in caplog.text
    alert = told[0][1]
    values = await watcher.get_metrics(MODEL, "latency")
    assert alert.created_at > values["timestamp"].min()
    print(f"evaluated {(alert.created_at - values['timestamp'].min()).total_seconds():.2f} s after the first value")
    assert (alert.severity, alert.model_id, alert.is_resolved) == (AlertSeverity.CRITICAL, MODEL, False)
    (active,) = await watcher.get_active_alerts(MODEL, AlertSeverity.CRITICAL)
    assert active.alert_id == alert.alert_id
    assert await watcher.acknowledge_alert(alert.alert_id, "me")
    assert (await watcher.get_active_alerts())[0].acknowledged_by == "me"
    assert await watcher.resolve_alert(alert.alert_id)
    assert await watcher.get_active_alerts(MODEL) == []
    assert not await watcher.resolve_alert("0" * 32)
    await watcher.stop_monitoring()
    await watcher.stop_monitoring()


def test_a_dead_handler_thread_never_holds_the_program_up(embedded_url: str) -> None:
    import subprocess
    import sys

    program = f"""
import asyncio
from mlops import ModelMonitor
async def main():
    monitor = ModelMonitor({embedded_url!r}, "./d", {{"email": print}})
    await monitor.start_monitoring()
    await monitor.record_prediction_metrics("m", "1", 1.0, True)
asyncio.run(main())
"""
    started = time.monotonic()
    # The time-out is for one that hangs; a handler's thread that were waited for would never end.
    done = subprocess.run([sys.executable, "-c", program], env=environment(), timeout=60, capture_output=True)
    assert done.returncode == 0, done.stderr
    print(f"the program took {time.monotonic() - started:.2f} s from its start to its end")
    from mlops import sync

    assert len(sync.ModelMonitor(embedded_url, "./d").get_metrics("m", "prediction_latency")) == 1
