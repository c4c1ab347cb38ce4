# SPDX-License-Identifier: MIT
"""Alert functions: one that hangs, fails or ends its thread stops no other; every alert is told once."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from typing import Any, Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from mlops import _alerts
from mlops._alerts import AlertHost
from mlops._records import from_wire, utc_now
from mlops._transport import Cancel, Done, Reply, Request, Transport
from mlops.monitoring import Alert

WAIT = 20.0  # seconds until a test gives up


class Fake(Transport):
    """Has open alerts in pages of two; `broken` answers come first."""

    url = "fake"
    remote = True

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        self.broken: list[bytes] = []
        self.looks = 0
        self.channels = ["slack", "email"]

    def add(self, alert_id: str, severity: str = "warning") -> None:
        row = {
            "alert_id": alert_id, "threshold_id": "t", "model_id": "m", "metric_name": "x", "severity": severity,
            "message": "", "current_value": 1.0, "threshold_value": 1.0, "created_at": utc_now().isoformat(),
        }  # fmt: skip
        self.alerts = [row, *(one for one in self.alerts if one["alert_id"] != alert_id)]

    def send(self, request: Request) -> Reply:
        parts = urlsplit(request.target)
        if parts.path == "/api/v1/thresholds/t":
            return Reply(200, json.dumps({"alert_channels": self.channels}).encode(), {})
        assert parts.path == "/api/v1/alerts"
        if self.broken:
            return Reply(200, self.broken.pop(), {})
        first = int(parse_qs(parts.query).get("page_token", ["0"])[0])
        page: dict[str, Any] = {"items": self.alerts[first : first + 2]}
        if len(self.alerts) > first + 2:
            page["next_page_token"] = str(first + 2)
        else:
            self.looks += 1
        return Reply(200, json.dumps(page).encode(), {})

    def submit(self, request: Request, done: Done) -> Cancel:
        raise NotImplementedError


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    monkeypatch.setattr(_alerts, "_LOOK_SECONDS", 0.01)
    return Fake()


@pytest.fixture
def watch(fake: Fake) -> Iterator[Callable[..., AlertHost]]:
    hosts: list[AlertHost] = []

    def start(**handlers: Any) -> AlertHost:
        hosts.append(AlertHost(fake, handlers, lambda row: from_wire(Alert, row)))
        hosts[-1].start()
        return hosts[-1]

    yield start
    for host in hosts:
        host.stop()


class Told:
    """A function that remembers what it was told."""

    def __init__(self) -> None:
        self.alerts: list[str] = []
        self._more = threading.Condition()

    def __call__(self, alert: Alert) -> None:
        with self._more:
            self.alerts.append(alert.alert_id)
            self._more.notify_all()

    def until(self, count: int) -> list[str]:
        with self._more:
            assert self._more.wait_for(lambda: len(self.alerts) >= count, WAIT), self.alerts
            return list(self.alerts)


def until(condition: Callable[[], bool]) -> None:
    done = threading.Event()
    for _ in range(int(WAIT * 100)):
        if condition():
            return
        done.wait(0.01)
    raise AssertionError("it did not come about")


def test_a_function_that_hangs_holds_up_no_other_channel(fake: Fake, watch: Callable[..., AlertHost]) -> None:
    release = threading.Event()
    told = Told()
    watch(slack=lambda alert: release.wait(WAIT), email=told)
    for number in range(3):
        fake.add(f"a{number}")
    assert sorted(told.until(3)) == ["a0", "a1", "a2"]
    release.set()


def test_after_its_time_a_hanging_call_no_longer_holds_up_its_own_channel(
    fake: Fake, watch: Callable[..., AlertHost], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_alerts, "_HANDLER_SECONDS", 0.05)
    release = threading.Event()
    told = Told()

    def first_hangs(alert: Alert) -> None:
        told(alert)
        if alert.alert_id == "a0":
            release.wait(WAIT)

    watch(slack=first_hangs)
    fake.add("a0")
    told.until(1)
    fake.add("a1")
    assert told.until(2) == ["a0", "a1"]
    assert "alert_handler_hangs" in caplog.text
    release.set()


async def forever(alert: Alert) -> None:
    await asyncio.sleep(WAIT)


def test_an_async_function_is_cancelled_after_its_time(
    fake: Fake, watch: Callable[..., AlertHost], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_alerts, "_HANDLER_SECONDS", 0.05)
    watch(slack=forever)
    fake.add("a0")
    until(lambda: "alert_handler_failed" in caplog.text and "TimeoutError" in caplog.text)


def test_what_a_function_raises_ends_no_thread(fake: Fake, watch: Callable[..., AlertHost]) -> None:
    told = Told()

    def leaves(alert: Alert) -> None:
        told(alert)
        sys.exit(3)

    watch(email=leaves)
    fake.add("a0")
    told.until(1)
    fake.add("a1")
    assert told.until(2) == ["a0", "a1"]


def test_an_answer_nobody_expected_does_not_end_the_looking(
    fake: Fake, watch: Callable[..., AlertHost], caplog: pytest.LogCaptureFixture
) -> None:
    fake.broken = [b"not json", b'{"items": [{"alert_id": "x"}]}', b"[]"]
    told = Told()
    host = watch(email=told)
    fake.add("a0")
    assert told.until(1) == ["a0"]
    assert host.running
    assert "alerts_not_readable" in caplog.text


def test_each_alert_of_all_pages_is_told_once_and_again_when_it_gets_worse(
    fake: Fake, watch: Callable[..., AlertHost]
) -> None:
    told = Told()
    for number in range(7):
        fake.add(f"a{number}")
    watch(email=told)
    assert told.until(7) == [f"a{number}" for number in range(7)]
    looks = fake.looks
    until(lambda: fake.looks > looks + 3)
    fake.add("a3", "critical")
    assert told.until(8)[7:] == ["a3"]


def test_stopping_waits_for_the_call_that_runs_and_makes_no_other(fake: Fake, watch: Callable[..., AlertHost]) -> None:
    begun, release, told = threading.Event(), threading.Event(), Told()

    def slow(alert: Alert) -> None:
        begun.set()
        release.wait(WAIT)
        told(alert)

    host = watch(email=slow)
    fake.add("a0")
    fake.add("a1")
    assert begun.wait(WAIT)
    threading.Timer(0.1, release.set).start()
    host.stop()
    assert told.alerts == ["a0"]
