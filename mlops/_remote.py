# SPDX-License-Identifier: MIT
"""The route table of a running server, over HTTP.

Connections are kept and reused. A call that got no answer, or 429, 502, 503 or 504, is repeated with the same
Idempotency-Key until its time is over, so a repeat never does anything twice.
"""

from __future__ import annotations

import http.client
import os
import random
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import IO, Optional
from urllib.parse import urlsplit

from ._daemon_pool import DaemonPool
from ._transport import Cancel, Done, Reply, Request, Transport, error_reply
from .errors import Cancelled, DeadlineExceeded, InvalidArgument, MLOpsError, Unavailable

_RETRIED = frozenset({429, 502, 503, 504})
_IDLE_MAX = 16  # connections kept
_THREADS = 8
_CHUNK = 256 * 1024
_BACKOFF_FIRST = 0.05
_BACKOFF_MAX = 2.0
_CONNECT_SECONDS = 10.0


class _Connection:
    """One kept connection. `fresh` until its first answer: only an older one may have been closed by its idle limit."""

    def __init__(self, raw: http.client.HTTPConnection) -> None:
        self.raw = raw
        self.fresh = True


class RemoteTransport(Transport):
    remote = True

    def __init__(self, url: str, api_key: str = "") -> None:
        parts = urlsplit(url)
        if not parts.hostname:
            raise InvalidArgument(f"database_url {url!r} names no host", field="database_url")
        self.url = url
        self._host = parts.hostname
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._prefix = parts.path.rstrip("/")
        self._headers: dict[str, str] = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []
        self._pool: Optional[DaemonPool] = None

    def send(self, request: Request) -> Reply:
        return self._send(request, threading.Event())

    def submit(self, request: Request, done: Done) -> Cancel:
        cancelled = threading.Event()

        def work() -> None:
            try:
                reply = self._send(request, cancelled)
            except BaseException as error:
                reply = error_reply(error)
            done(reply)

        self._threads().submit(work)
        return cancelled.set

    def _threads(self) -> DaemonPool:
        if self._pid != os.getpid():
            self._reset()
        with self._lock:
            if self._pool is None:
                self._pool = DaemonPool(_THREADS, "mlops-http")
            return self._pool

    def _send(self, request: Request, cancelled: threading.Event) -> Reply:
        if self._pid != os.getpid():
            self._reset()
        headers = {**self._headers, **request.headers}
        if request.method != "GET":
            headers.setdefault("Idempotency-Key", uuid.uuid4().hex)
        end = time.monotonic() + request.seconds
        backoff = _BACKOFF_FIRST
        while True:
            failure: Optional[MLOpsError] = None
            reply: Optional[Reply] = None
            try:
                reply = self._once(request, headers, end)
                if reply.status not in _RETRIED:
                    return reply
            except (OSError, http.client.HTTPException) as error:
                failure = self._failure(error)
            if cancelled.is_set():
                raise Cancelled("the call was cancelled")
            wait = _wait(reply, backoff)
            if time.monotonic() + wait >= end:
                if reply is not None:
                    return reply
                raise failure or DeadlineExceeded(f"no answer from {self.url} in {request.seconds:g} s")
            cancelled.wait(wait)
            backoff = min(backoff * 2, _BACKOFF_MAX)

    def _failure(self, error: Exception) -> MLOpsError:
        if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
            raise Unavailable(f"no trusted connection to {self.url}: {error}") from None
        if isinstance(error, socket.gaierror):
            return Unavailable(f"the host of {self.url} is not known: {error}")
        if isinstance(error, socket.timeout):
            return DeadlineExceeded(f"{self.url} did not answer in time")
        return Unavailable(f"{self.url} cannot be reached: {error or type(error).__name__}")

    def _once(self, request: Request, headers: Mapping[str, str], end: float) -> Reply:
        while True:
            connection = self._take(end)
            try:
                return self._exchange(connection, request, headers, end)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                connection.raw.close()
                if connection.fresh:
                    raise
            except BaseException:
                connection.raw.close()
                raise

    def _exchange(self, connection: _Connection, request: Request, headers: Mapping[str, str], end: float) -> Reply:
        raw = connection.raw
        if raw.sock is not None:
            raw.sock.settimeout(max(0.001, end - time.monotonic()))
        try:
            if isinstance(request.body, bytes):
                raw.request(request.method, self._prefix + request.target, request.body or None, dict(headers))
            else:
                with request.body.open("rb") as file:
                    sized = {**headers, "Content-Length": str(os.fstat(file.fileno()).st_size)}
                    raw.request(request.method, self._prefix + request.target, _chunks(file), sized)
        except (BrokenPipeError, ConnectionResetError) as error:
            response = _early_answer(raw, error)
        else:
            response = raw.getresponse()
        answered = {name.lower(): value for name, value in response.getheaders()}
        body = b""
        if request.sink is not None and response.status < 300:
            with request.sink.open("wb") as sink:
                for chunk in iter(lambda: response.read(_CHUNK), b""):
                    sink.write(chunk)
                    if time.monotonic() > end:
                        raise socket.timeout
            _check_length(response, answered, request.sink.stat().st_size)
        else:
            body = response.read()
        connection.fresh = False
        if response.will_close:
            raw.close()
        else:
            self._give(connection)
        return Reply(response.status, body, answered)

    def _take(self, end: float) -> _Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        seconds = max(0.001, min(_CONNECT_SECONDS, end - time.monotonic()))
        raw: http.client.HTTPConnection
        if self._tls is not None:
            raw = http.client.HTTPSConnection(self._host, self._port, timeout=seconds, context=self._tls)
        else:
            raw = http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        raw.connect()
        raw.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Connection(raw)

    def _give(self, connection: _Connection) -> None:
        with self._lock:
            if len(self._idle) < _IDLE_MAX:
                self._idle.append(connection)
                return
        connection.raw.close()


def _early_answer(raw: http.client.HTTPConnection, broken: OSError) -> http.client.HTTPResponse:
    """What a server that refuses a body answered before it hung up on the rest; without an answer, `broken` is raised."""
    try:
        response = raw.getresponse()
    except (OSError, http.client.HTTPException):
        raise broken from None
    response.will_close = True  # the rest of the body would be taken for a request
    return response


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(_CHUNK), b"")


def _wait(reply: Optional[Reply], backoff: float) -> float:
    """Full jitter, but at least what the server asks for."""
    asked = 0.0
    if reply is not None:
        try:
            asked = min(float(reply.headers.get("retry-after", "0")), 30.0)
        except ValueError:
            asked = 0.0
    return max(asked, random.uniform(0, backoff))


def _check_length(response: http.client.HTTPResponse, headers: Mapping[str, str], received: int) -> None:
    announced = headers.get("content-length")
    if announced is not None and int(announced) != received:
        raise http.client.IncompleteRead(b"", int(announced) - received)
