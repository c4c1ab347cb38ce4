# SPDX-License-Identifier: MIT
"""A time-out is one for all a call does; and the end of a program waits for nobody who does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mlops
import mlops.sync
from mlops import _buffer, _exit
from mlops.data_pipeline import DataPipeline, DataSchema
from mlops.errors import DeadlineExceeded
from mlops.experiment_tracker import ExperimentConfig, ExperimentMetrics, ExperimentTracker
from mlops.monitoring import ModelMonitor
from mlops.tests.conftest import environment

HANGS = 50  # seconds: below the 60 of a call without a time-out


@pytest.fixture
def deaf_url() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def test_a_flush_ends_at_the_time_out(deaf_url: str) -> None:
    monitor = ModelMonitor(deaf_url, "./d")
    await monitor.record_prediction_metrics("m", "1", 1.0, True)
    with mlops.timeout(0.3), pytest.raises(DeadlineExceeded, match=r"1 calls are still uncommitted after 0\.3"):
        await asyncio.wait_for(monitor.flush(), HANGS)
    with mlops.timeout(0.3), pytest.raises(DeadlineExceeded):
        await asyncio.wait_for(monitor.get_metrics("m"), HANGS)
    _forget(monitor._predictions)


async def test_the_wait_for_room_ends_at_the_time_out(deaf_url: str) -> None:
    tracker = ExperimentTracker("./e", deaf_url)
    tracker._remember("run")
    full = {str(n): 1.0 for n in range(_buffer.CAPACITY // 2)}
    for step in range(2):
        await tracker.log_metrics(ExperimentMetrics("run", step, custom_metrics=full))
    with mlops.timeout(0.3), pytest.raises(DeadlineExceeded, match="the value is not taken"):
        await asyncio.wait_for(tracker.log_metrics(ExperimentMetrics("run", 2, val_loss=1.0)), HANGS)
    _forget(tracker._buffer)


def _forget(buffer: Any) -> None:
    """What hangs in it would hold up the next test's end."""
    buffer._reset()


async def test_a_call_that_is_cancelled_leaves_no_thread_waiting(deaf_url: str) -> None:
    monitor = ModelMonitor(deaf_url, "./d")
    await monitor.record_prediction_metrics("m", "1", 1.0, True)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(monitor.flush(), 0.05)
    # Hangs for the 60 s of the flush where a thread waits for all of it.
    await asyncio.wait_for(asyncio.get_running_loop().shutdown_default_executor(), HANGS)
    _forget(monitor._predictions)


async def test_all_steps_of_a_call_share_its_time(embedded_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = ExperimentTracker("./e", embedded_url)
    for number in range(8):
        await tracker.start_experiment(mlops.ExperimentConfig("", str(number)))
    send, seconds = tracker._io.send, []

    async def slow(transport: Any, request: Any) -> Any:
        seconds.append(request.seconds)
        await asyncio.sleep(0.4)
        return await send(transport, request)

    monkeypatch.setattr(type(tracker._io), "send", lambda self, transport, request: slow(transport, request))
    monkeypatch.setattr("mlops.experiment_tracker._PAGE", 1)
    with mlops.timeout(1.0), pytest.raises(DeadlineExceeded, match="longer than the 1 s it was given"):
        await tracker.list_experiments(limit=8)
    assert len(seconds) < 8
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[0] > 0.5 > seconds[-1]
    await tracker.get_experiment("0" * 32)  # the next call has its own time


async def test_an_assessment_that_nobody_makes_says_so(
    serve: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline = DataPipeline(serve("--no-worker").url, "./data")
    schema_id = await pipeline.create_schema(DataSchema("", "s", "1", {"a": {"type": "float"}}))
    path = tmp_path / "data.csv"
    path.write_text("a\n1\n")
    with mlops.timeout(4), pytest.raises(DeadlineExceeded, match=r"did not end in .* no worker has taken it"):
        await pipeline.assess_data_quality(str(path), schema_id)
    assert caplog.text.count("no_worker_seen") == 1


@pytest.fixture
def locked_tracker(embedded_url: str) -> Iterator[tuple[mlops.sync.ExperimentTracker, ExperimentConfig]]:
    """A tracker whose file another program keeps locked."""
    tracker = mlops.sync.ExperimentTracker("./e", embedded_url)
    tracker.start_experiment(ExperimentConfig("", "before"))
    with contextlib.closing(sqlite3.connect(embedded_url[len("sqlite:///") :], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield tracker, ExperimentConfig("", "late")


def test_a_write_to_a_locked_file_ends_at_the_time_out(locked_tracker: Any) -> None:
    tracker, config = locked_tracker
    begun = time.monotonic()
    with mlops.timeout(0.5), pytest.raises(DeadlineExceeded):
        tracker.start_experiment(config)
    assert time.monotonic() - begun < 5  # the database itself gives up after 10 s


async def test_more_calls_than_threads_end_at_the_time_out(locked_tracker: Any) -> None:
    tracker, config = locked_tracker
    patient = ExperimentTracker("./e", tracker.database_url)
    waiting = [asyncio.ensure_future(patient.start_experiment(config)) for _ in range(8)]
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    with mlops.timeout(0.5), pytest.raises(DeadlineExceeded):
        await patient.start_experiment(config)
    assert time.monotonic() - begun < 5
    for call in waiting:
        call.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


def test_ctrl_c_ends_the_wait_for_a_locked_file(locked_tracker: Any) -> None:
    tracker, config = locked_tracker
    begun = time.monotonic()
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            tracker.start_experiment(config)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert time.monotonic() - begun < 5


def end_of(program: str, *args: str) -> tuple[int, str]:
    """How a program ends whose exit waits one second in all."""
    done = subprocess.run(
        [sys.executable, "-c", f"import mlops._exit\nmlops._exit.SECONDS = 1.0\n{program}", *args],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=15,  # several waits of 8 s and more one after the other take longer
    )
    return done.returncode, done.stderr


DEAD = """
import asyncio, sys
from mlops import ExperimentMetrics, ExperimentTracker, ModelMonitor, MonitoringMetric

async def main():
    for url in sys.argv[1:]:
        monitor, tracker = ModelMonitor(url, "./d"), ExperimentTracker("./e", url)
        tracker._remember("run")
        await monitor.record_prediction_metrics("m", "1", 1.0, True)
        await monitor.record_metric(MonitoringMetric(model_id="m", metric_name="x", value=1.0))
        await tracker.log_metrics(ExperimentMetrics("run", 1, val_loss=1.0))
        try:
            await asyncio.wait_for(tracker.get_experiment("0" * 32), 0.1)
        except (asyncio.TimeoutError, Exception):
            pass

asyncio.run(main())
"""


def test_a_program_ends_though_its_server_is_gone(deaf_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refused = f"http://127.0.0.1:{closed.getsockname()[1]}"
    code, errors = end_of(DEAD, deaf_url, refused)
    assert code == 0, errors
    assert errors.count("flush_failed") == 6, errors


LOCKED = """
import sqlite3, sys
from mlops import ExperimentConfig, ExperimentMetrics, MonitoringMetric
from mlops.sync import ExperimentTracker, ModelMonitor

url = sys.argv[1]
tracker, monitor = ExperimentTracker("./e", url), ModelMonitor(url, "./d")
run_id = tracker.start_experiment(ExperimentConfig("", "x"))
monitor.record_metric(MonitoringMetric(model_id="m", metric_name="x", value=1.0))
monitor.flush()
other = sqlite3.connect(url[len("sqlite:///"):], isolation_level=None)
other.execute("BEGIN EXCLUSIVE")
monitor.record_metric(MonitoringMetric(model_id="m", metric_name="x", value=1.0))
tracker.log_metrics(ExperimentMetrics(run_id, 1, val_loss=1.0))
"""


def test_a_program_ends_though_its_file_is_locked(embedded_url: str) -> None:
    code, errors = end_of(LOCKED, embedded_url)
    assert code == 0, errors
    assert "flush_failed" in errors
    assert "exit_with_calls_under_way" in errors
    rows = sqlite3.connect(embedded_url[len("sqlite:///") :]).execute("SELECT count(*) FROM experiments").fetchone()
    assert rows == (1,)


def test_the_waits_of_the_exit_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_exit, "_end", None)
    monkeypatch.setattr(_exit, "SECONDS", 100.0)
    first = _exit.seconds_left()
    second = _exit.seconds_left()
    assert 99 < first <= 100
    assert second <= first
    monkeypatch.setattr(_exit, "_end", 0.0)
    assert _exit.seconds_left() == 0.0
