# SPDX-License-Identifier: MIT
"""Hosted functions: none ends the host, a cancelled one is told, and a fork does not lock them out."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any, Callable, Optional

import pytest

from mlops import _hosting
from mlops._hosting import JobHost, JobInHand
from mlops._transport import Cancel, Done, Reply, Request, Transport

WAIT = 20.0


class Fake(Transport):
    """Has jobs to claim and remembers how they ended."""

    url = "fake"
    remote = True

    def __init__(self) -> None:
        self.jobs: list[str] = []
        self.ended: dict[str, tuple[str, dict[str, Any]]] = {}
        self.cancel_requested = False
        self._more = threading.Condition()

    def send(self, request: Request) -> Reply:
        assert isinstance(request.body, bytes)
        body = json.loads(request.body or b"{}")
        words = request.target.split("/")
        answer: dict[str, Any] = {}
        with self._more:
            if request.target.endswith("/claim"):
                if self.jobs:
                    answer = {"claimed": {"job": {"job_id": self.jobs.pop(0), "kind": "k"}, "token": 1}}
            elif words[-1] in ("complete", "fail"):
                self.ended[words[-2]] = (words[-1], body)
                self._more.notify_all()
            elif request.method == "GET":
                answer = {"state": "running"}
                if self.cancel_requested:
                    answer["cancel_requested_at"] = "2026-01-01T00:00:00Z"
        return Reply(200, json.dumps(answer).encode(), {})

    def submit(self, request: Request, done: Done) -> Cancel:
        raise NotImplementedError

    def end_of(self, job_id: str) -> tuple[str, dict[str, Any]]:
        with self._more:
            assert self._more.wait_for(lambda: job_id in self.ended, WAIT)
            return self.ended[job_id]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    monkeypatch.setattr(_hosting, "_IDLE_SECONDS", 0.01)
    monkeypatch.setattr(_hosting, "_LOOK_SECONDS", 0.01)
    return Fake()


@pytest.fixture
def host(fake: Fake) -> Iterator[JobHost]:
    made = JobHost(fake)
    yield made
    made.stop()


def test_a_function_that_exits_ends_only_its_job(fake: Fake, host: JobHost) -> None:
    def leaves_once(job: JobInHand) -> Any:
        if job.job_id == "first":
            sys.exit("enough")
        return {"rows": 1}

    fake.jobs = ["first", "second"]
    host.serve("k", leaves_once)
    what, body = fake.end_of("first")
    assert what == "fail"
    assert "SystemExit: enough" in body["message"]
    assert fake.end_of("second") == ("complete", {"token": 1, "result": {"rows": 1}})


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_cancelled_function_is_told(fake: Fake, host: JobHost, stubborn: bool) -> None:
    begun = threading.Event()

    def works_on(job: JobInHand) -> Any:
        if job.job_id == "next":
            return {}
        begun.set()
        while True:
            try:
                threading.Event().wait(0.005)
            except Exception:
                if not stubborn:
                    raise

    fake.jobs = ["long"]
    host.serve("k", works_on)
    assert begun.wait(WAIT)
    fake.cancel_requested = True
    what, body = fake.end_of("long")
    assert (what, body["code"]) == ("fail", "cancelled")
    fake.cancel_requested = False
    fake.jobs = ["next"]
    assert fake.end_of("next")[0] == "complete"


def test_functions_that_ended_are_not_disturbed_by_a_late_cancellation(fake: Fake, host: JobHost) -> None:
    jobs: list[JobInHand] = []
    fake.jobs = ["a", "b"]
    host.serve("k", lambda job: jobs.append(job) or {})  # type: ignore[func-returns-value]
    assert fake.end_of("b")[0] == "complete"
    for job in jobs:
        job.cancel()
    fake.jobs = ["c"]
    assert fake.end_of("c")[0] == "complete"


def in_a_child(work: Callable[[], None]) -> Optional[int]:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_lock_that_was_held_at_a_fork_locks_no_child_out(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    host = _hosting.host_of(fake)

    def serve() -> None:
        if not host._lock.acquire(timeout=5):
            os._exit(3)
        host._lock.release()
        host.serve("k", lambda job: {})

    with host._lock:
        assert in_a_child(serve) == 0
    monkeypatch.delitem(_hosting._hosts, fake)
