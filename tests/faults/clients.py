# SPDX-License-Identifier: MIT
"""Clients that keep their own record of what a server acknowledged, and hold the server to it afterwards.

Each request carries an idempotency key and is sent until it is answered: what got no answer is repeated with the same key.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Optional
from urllib.parse import quote, urlsplit

RETRY_SECONDS = 0.02
GIVE_UP_SECONDS = 90.0


class Lost(AssertionError):
    """Something acknowledged is not there, or something is there twice."""


class Connection:
    """One keep-alive connection that is made anew after every failure."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._connection: Optional[http.client.HTTPConnection] = None

    def send(
        self, method: str, target: str, body: bytes = b"", headers: Optional[dict[str, str]] = None
    ) -> tuple[int, bytes]:
        """The answer; ConnectionError if there is none."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self._address, timeout=15)
        try:
            self._connection.request(method, target, body or None, headers or {})
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            raise ConnectionError(str(error)) from error

    def insist(
        self, method: str, target: str, body: bytes, content_type: str, stop_after: float = GIVE_UP_SECONDS
    ) -> bytes:
        """Sends with one key until it is answered 2xx; any refusal that a retry cannot mend is a failure."""
        headers = {"Content-Type": content_type, "Idempotency-Key": uuid.uuid4().hex}
        deadline = time.monotonic() + stop_after
        while time.monotonic() < deadline:
            try:
                status, answer = self.send(method, target, body, headers)
            except ConnectionError:
                time.sleep(RETRY_SECONDS)
                continue
            if 200 <= status < 300:
                return answer
            if status in (409, 429, 503):
                time.sleep(RETRY_SECONDS)
                continue
            raise AssertionError(f"{method} {target} answered {status}: {answer[:300]!r}")
        raise AssertionError(f"{method} {target} was not answered within {stop_after} s")


@dataclass
class Record:
    """What one client was told is safe."""

    runs: dict[str, str] = field(default_factory=dict)  # id -> name
    points: dict[str, dict[int, float]] = field(default_factory=dict)  # run -> step -> value
    artifacts: dict[str, str] = field(default_factory=dict)  # id -> sha256


class Client(threading.Thread):
    """Starts runs, logs batches of points and uploads artifacts until told to stop."""

    def __init__(self, url: str, number: int, stop: threading.Event) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self._connection = Connection(url)
        self._random = random.Random(number)
        self._halt = stop
        self._number = number
        self.record = Record()
        self.error: Optional[BaseException] = None
        self.acknowledged = 0

    def run(self) -> None:
        try:
            while not self._halt.is_set():
                self._one_run()
        except BaseException as error:
            self.error = error

    def _json(self, target: str, body: Any) -> Any:
        answer = json.loads(self._connection.insist("POST", target, json.dumps(body).encode(), "application/json"))
        self.acknowledged += 1
        return answer

    def _one_run(self) -> None:
        name = f"client {self._number} run {len(self.record.runs)}"
        run_id = self._json("/api/v1/runs", {"name": name})["run_id"]
        self.record.runs[run_id] = name
        points = self.record.points.setdefault(run_id, {})
        for _ in range(self._random.randint(5, 15)):
            if self._halt.is_set():
                return
            batch = {len(points) + i: self._random.random() for i in range(self._random.randint(1, 40))}
            body = [{"key": "m", "step": step, "value": value} for step, value in batch.items()]
            self._json(f"/api/v1/runs/{run_id}/metrics", {"points": body})
            points.update(batch)
            if self._random.random() < 0.2:
                self._upload(run_id)

    def _upload(self, run_id: str) -> None:
        content = self._random.randbytes(self._random.randint(1, 200_000))
        path = quote(f"files/{uuid.uuid4().hex}.bin")
        target = f"/api/v1/runs/{run_id}/artifacts?path={path}&artifact_type=data"
        answer = json.loads(self._connection.insist("PUT", target, content, "application/octet-stream"))
        self.acknowledged += 1
        self.record.artifacts[answer["artifact_id"]] = hashlib.sha256(content).hexdigest()


def check(url: str, records: list[Record]) -> None:
    """Raises Lost unless everything acknowledged is there, whole and once."""
    connection = Connection(url)
    expected = {run_id: name for record in records for run_id, name in record.runs.items()}
    stored = _all_runs(connection)
    names = list(stored.values())
    if missing := set(expected) - set(stored):
        raise Lost(f"{len(missing)} acknowledged runs are gone")
    if len(names) != len(set(names)):
        raise Lost("a run exists twice: a repeated call did its work again")
    for record in records:
        for run_id, points in record.points.items():
            if points:
                _check_points(connection, run_id, points)
        for artifact_id, digest in record.artifacts.items():
            status, content = connection.send("GET", f"/api/v1/artifacts/{artifact_id}/content")
            if status != 200 or hashlib.sha256(content).hexdigest() != digest:
                raise Lost(f"artifact {artifact_id} answers {status} and is not what was uploaded")


def _all_runs(connection: Connection) -> dict[str, str]:
    found: dict[str, str] = {}
    token = ""
    while True:
        status, body = connection.send("GET", f"/api/v1/runs?limit=1000&page_token={token}")
        assert status == 200, body
        page = json.loads(body)
        found.update({run["run_id"]: run["name"] for run in page["items"]})
        token = page.get("next_page_token", "")
        if not token:
            return found


def _check_points(connection: Connection, run_id: str, points: dict[int, float]) -> None:
    status, body = connection.send("GET", f"/api/v1/metrics/series?run_id={run_id}&key=m")
    items = json.loads(body)["items"] if status == 200 else []
    stored = dict(zip(items[0]["steps"], items[0]["values"])) if items else {}
    lost = {step: value for step, value in points.items() if stored.get(step) != value}
    if lost:
        raise Lost(f"run {run_id}: {len(lost)} of {len(points)} acknowledged points are gone or changed")
    if len(items[0]["steps"]) != len(stored):
        raise Lost(f"run {run_id}: a step is stored twice")
