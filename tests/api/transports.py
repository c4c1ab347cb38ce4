# SPDX-License-Identifier: MIT
"""The two ways to the route table: over HTTP to a real server, and in this process through the extension."""

from __future__ import annotations

import http.client
import json
from typing import Any, Optional, Protocol
from urllib.parse import urlsplit

JSON_TYPE = "application/json"


class Transport(Protocol):
    """Sends one request; the status and the body."""

    name: str

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]: ...

    def close(self) -> None: ...


class HttpTransport:
    name = "http"

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self._connection.request(method, target, body or None, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self._connection.close()


class ProcessTransport:
    name = "process"

    def __init__(self, database_url: str, artifact_root: str) -> None:
        import _tracseq  # type: ignore[import-not-found]

        options = {"database_url": database_url, "artifact_root": artifact_root}
        self._core = _tracseq.Core(json.dumps(options).encode())

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        lower = {name.lower(): value for name, value in headers.items()}
        status, answer, _ = self._core.call(method, target, lower, body, "", "", 30_000)
        return status, answer

    def close(self) -> None:
        self._core.close(5_000)


def call_json(transport: Transport, method: str, target: str, body: Optional[Any] = None) -> tuple[int, Any]:
    payload = b"" if body is None else json.dumps(body).encode()
    status, answer = transport.send(method, target, {"Content-Type": JSON_TYPE} if payload else {}, payload)
    return status, json.loads(answer) if answer else None
