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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Optional
from urllib.parse import quote, urlsplit

RETRY_SECONDS = 0.02
GIVE_UP_SECONDS = 90.0
JOIN_SECONDS_MAX = 120.0


class Lost(AssertionError):
    """Something acknowledged is not there, or something is there twice."""


class Strikes:
    """How often a fault has struck. The number is odd while one strikes."""

    def __init__(self) -> None:
        self._number = 0
        self.abandoned = threading.Event()  # nobody waits for answers any more

    @contextmanager
    def one(self) -> Iterator[None]:
        self._number += 1
        yield
        self._number += 1

    def mark(self) -> int:
        return self._number

    def struck_since(self, mark: int) -> bool:
        return mark % 2 == 1 or self._number != mark


class Connection:
    """One keep-alive connection that is made anew after every failure."""

    def __init__(self, url: str, strikes: Optional[Strikes] = None) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._connection: Optional[http.client.HTTPConnection] = None
        self.headers: dict[str, str] = {}  # of the last answer, by name in lower case
        self._strikes = strikes if strikes is not None else Strikes()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def send(
        self, method: str, target: str, body: bytes = b"", headers: Optional[dict[str, str]] = None
    ) -> tuple[int, bytes]:
        """The answer; ConnectionError if there is none."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self._address, timeout=15)
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # a refused body is answered before all of it is sent
                self._connection.request(method, target, body or None, headers or {})
            answer = self._connection.getresponse()
            self.headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            raise ConnectionError(str(error)) from error

    def insist(
        self, method: str, target: str, body: bytes, content_type: str, stop_after: float = GIVE_UP_SECONDS
    ) -> bytes:
        """Sends with one key until it is answered 2xx; any refusal that a retry cannot mend is a failure.

        Clients name only what was acknowledged to them, so 404 means that it is gone.
        """
        headers = {"Content-Type": content_type, "Idempotency-Key": uuid.uuid4().hex}
        deadline = time.monotonic() + stop_after
        while time.monotonic() < deadline and not self._strikes.abandoned.is_set():
            mark = self._strikes.mark()
            try:
                status, answer = self.send(method, target, body, headers)
            except ConnectionError:
                time.sleep(RETRY_SECONDS)
                continue
            if 200 <= status < 300:
                return answer
            # A thread may answer 500 in the moment between its disk's end and its own.
            if status in (409, 429, 503) or (status == 500 and self._strikes.struck_since(mark)):
                time.sleep(RETRY_SECONDS)
                continue
            if status == 404:
                raise Lost(f"{method} {target} answered 404 and names what was acknowledged: {answer[:300]!r}")
            raise AssertionError(f"{method} {target} answered {status}: {answer[:300]!r}")
        raise AssertionError(f"{method} {target} was not answered within {stop_after} s")


@dataclass
class Record:
    """What one client was told is safe."""

    runs: dict[str, str] = field(default_factory=dict)  # id -> name
    points: dict[str, dict[int, float]] = field(default_factory=dict)  # run -> step -> value
    # run -> path -> the versions in order, each with its id and SHA-256
    artifacts: dict[str, dict[str, list[tuple[str, str]]]] = field(default_factory=dict)


class Client(threading.Thread):
    """Starts runs, logs batches of points and uploads artifacts until told to stop. Its last call is answered, too."""

    def __init__(self, url: str, number: int, stop: threading.Event, strikes: Strikes) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self._connection = Connection(url, strikes)
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
        finally:
            self._connection.close()

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
        """A new path, or new content at a path that is there: that makes a second version."""
        content = self._random.randbytes(self._random.randint(1, 200_000))
        paths = self.record.artifacts.setdefault(run_id, {})
        again = paths and self._random.random() < 0.3
        path = self._random.choice(sorted(paths)) if again else f"files/{uuid.uuid4().hex}.bin"
        target = f"/api/v1/runs/{run_id}/artifacts?path={quote(path)}&artifact_type=data"
        answer = json.loads(self._connection.insist("PUT", target, content, "application/octet-stream"))
        self.acknowledged += 1
        paths.setdefault(path, []).append((answer["artifact_id"], hashlib.sha256(content).hexdigest()))


class Load:
    """Several clients at work between enter and `finish`."""

    def __init__(self, url: str, clients: int) -> None:
        self._url = url
        self._stop = threading.Event()
        self.strikes = Strikes()
        self._clients = [Client(url, number, self._stop, self.strikes) for number in range(clients)]

    def __enter__(self) -> Load:
        for client in self._clients:
            client.start()
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.strikes.abandoned.set()
        self._stop.set()
        self._join()

    def _join(self) -> None:
        for client in self._clients:
            client.join(timeout=JOIN_SECONDS_MAX)
            assert not client.is_alive(), f"{client.name} is still at work"

    @property
    def acknowledged(self) -> int:
        return sum(client.acknowledged for client in self._clients)

    def raise_error(self) -> None:
        """Raises what a client was told, a loss first."""
        errors = [client.error for client in self._clients if client.error is not None]
        for error in sorted(errors, key=lambda error: not isinstance(error, Lost)):
            raise error

    def finish(self) -> None:
        """Every client ends with its last call answered."""
        self._stop.set()
        self._join()
        self.raise_error()

    def check(self) -> None:
        check(self._url, [client.record for client in self._clients])


def check(url: str, records: list[Record]) -> None:
    """Raises Lost unless the server holds exactly what was acknowledged: everything, whole and once."""
    connection = Connection(url)
    try:
        _check(connection, records)
    finally:
        connection.close()


def _check(connection: Connection, records: list[Record]) -> None:
    expected = {run_id: name for record in records for run_id, name in record.runs.items()}
    stored = {run["run_id"]: run["name"] for run in _pages(connection, "/api/v1/runs")}
    if missing := set(expected) - set(stored):
        raise Lost(f"{len(missing)} acknowledged runs are gone")
    if extra := set(stored) - set(expected):
        raise Lost(f"{len(extra)} runs exist that nobody was told of: a repeated call did its work again")
    for record in records:
        for run_id, name in record.runs.items():
            if stored[run_id] != name:
                raise Lost(f"run {run_id} is called {stored[run_id]!r}, not {name!r}")
            _check_points(connection, run_id, record.points.get(run_id, {}))
            _check_artifacts(connection, run_id, record.artifacts.get(run_id, {}))


def _pages(connection: Connection, target: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        status, body = connection.send("GET", f"{target}?limit=1000&page_token={quote(token)}")
        assert status == 200, (target, status, body[:300])
        page = json.loads(body)
        found += page["items"]
        token = page.get("next_page_token", "")
        if not token:
            return found


def _check_points(connection: Connection, run_id: str, points: dict[int, float]) -> None:
    status, body = connection.send("GET", f"/api/v1/metrics/series?run_id={run_id}&key=m")
    assert status == 200, (run_id, status, body[:300])
    items = json.loads(body)["items"]
    steps: list[int] = items[0]["steps"] if items else []
    stored = dict(zip(steps, items[0]["values"])) if items else {}
    lost = {step: value for step, value in points.items() if stored.get(step) != value}
    if lost:
        raise Lost(f"run {run_id}: {len(lost)} of {len(points)} acknowledged points are gone or changed")
    if len(steps) != len(points):
        raise Lost(f"run {run_id}: {len(points)} points were acknowledged, {len(steps)} are stored")


def _check_artifacts(connection: Connection, run_id: str, paths: dict[str, list[tuple[str, str]]]) -> None:
    stored = {item["path"]: item for item in _pages(connection, f"/api/v1/runs/{run_id}/artifacts")}
    if set(stored) != set(paths):
        raise Lost(f"run {run_id}: {len(paths)} paths were acknowledged, {len(stored)} are stored")
    for path, versions in paths.items():
        current = stored[path]
        if current["version"] != len(versions) or current["artifact_id"] != versions[-1][0]:
            raise Lost(
                f"run {run_id}, {path}: {len(versions)} uploads were acknowledged, the last as {versions[-1][0]};"
                f" stored is version {current['version']}, {current['artifact_id']}"
            )
        for artifact_id, digest in versions:
            status, content = connection.send("GET", f"/api/v1/artifacts/{artifact_id}/content")
            if status != 200 or hashlib.sha256(content).hexdigest() != digest:
                raise Lost(f"artifact {artifact_id} answers {status} and is not what was uploaded")
