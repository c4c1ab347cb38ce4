# SPDX-License-Identifier: MIT
"""The HTTP transport against a small server that misbehaves on demand."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from mlops import _service, _transport
from mlops._transport import Request
from mlops.errors import Cancelled, DeadlineExceeded, NotFound, PermissionDenied, Unavailable

Answer = Callable[["Handler"], None]
BODY_BYTES_MAX = 1 << 20  # of a larger body the rest is left unread


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Fake

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(min(length, BODY_BYTES_MAX))
        self.server.seen.append((self.command, self.path, dict(self.headers), self.body))
        self.server.next_answer()(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def reply(self, status: int, body: bytes, headers: Optional[dict[str, str]] = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


class Fake(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[Any] = []
        self.answers: list[Answer] = []
        self.connections = 0

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if self.answers else (lambda handler: handler.reply(200, b'{"ok": true}'))

    def get_request(self) -> Any:
        self.connections += 1
        return super().get_request()


def error(status: int, code: str, **headers: str) -> Answer:
    body = json.dumps({"error": {"code": code, "message": "words", "request_id": "r1"}}).encode()
    return lambda handler: handler.reply(status, body, {k.replace("_", "-"): v for k, v in headers.items()})


def refuse_the_rest(handler: Handler) -> None:
    error(507, "storage_full", Connection="close")(handler)


def hang_up(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def server() -> Iterator[Fake]:
    fake = Fake()
    thread = threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield fake
    fake.shutdown()
    thread.join()
    fake.server_close()


def url_of(server: Fake) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def send(server: Fake, method: str = "GET", body: Any = b"", seconds: float = 5.0, **more: Any) -> _transport.Reply:
    request = Request(method, "/api/v1/x", more.get("headers", {}), body, more.get("sink"), seconds)
    return _transport.connect(url_of(server)).send(request)


def test_connections_are_kept_and_the_key_is_sent(server: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_API_KEY", "secret")
    for _ in range(5):
        assert send(server).json() == {"ok": True}
    assert server.connections == 1
    assert server.seen[0][2]["Authorization"] == "Bearer secret"


def test_an_answer_that_came_before_the_body_was_sent_is_heard(server: Fake, tmp_path: Path) -> None:
    server.answers = [refuse_the_rest, refuse_the_rest]
    big = b"b" * (64 << 20)
    path = tmp_path / "big"
    path.write_bytes(big)
    for body in (big, path):
        reply = send(server, "PUT", body)
        assert reply.status == 507
        assert json.loads(reply.body)["error"]["code"] == "storage_full"
    assert send(server).json() == {"ok": True}


def test_a_call_without_an_answer_is_repeated_with_the_same_key(server: Fake) -> None:
    send(server)
    server.answers = [hang_up, hang_up, error(503, "unavailable"), error(429, "resource_exhausted")]
    assert send(server, "POST", b"{}").json() == {"ok": True}
    keys = {headers["Idempotency-Key"] for method, _, headers, _ in server.seen if method == "POST"}
    assert len(keys) == 1
    assert len([1 for seen in server.seen if seen[0] == "POST"]) == 5


def test_retry_after_is_respected(server: Fake) -> None:
    server.answers = [error(503, "unavailable", Retry_After="0.3")]
    started = time.monotonic()
    send(server)
    assert time.monotonic() - started >= 0.3


def test_errors_are_typed_and_not_repeated(server: Fake) -> None:
    server.answers = [error(404, "not_found"), error(403, "forbidden"), lambda h: h.reply(500, b"<html>oops")]
    with pytest.raises(NotFound, match="words") as caught:
        send(server).check()
    assert caught.value.request_id == "r1"
    with pytest.raises(PermissionDenied):
        send(server).check()
    with pytest.raises(Exception, match="answered 500: <html>oops"):
        send(server).check()
    assert len(server.seen) == 3


def test_a_deadline_ends_the_call_in_time(server: Fake) -> None:
    release = threading.Event()

    def late(handler: Handler) -> None:
        release.wait(60)
        handler.reply(200, b"{}")

    server.answers = [late]
    with pytest.raises(DeadlineExceeded):
        send(server, seconds=0.3)  # it ends before there is an answer
    release.set()
    with pytest.raises(Unavailable, match="cannot be reached"):
        _transport.connect("http://127.0.0.1:1").send(Request("GET", "/", {}, b"", None, 0.3))


def test_cancelling_the_task_ends_the_retries(server: Fake) -> None:
    server.answers = [error(503, "unavailable")] * 1000
    transport = _transport.connect(url_of(server))

    async def main() -> None:
        call = _service.ASYNC.send(transport, Request("GET", "/x", {}, b"", None, 30))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call, 0.3)

    asyncio.run(main())
    time.sleep(0.3)
    seen = len(server.seen)
    time.sleep(0.5)
    assert len(server.seen) <= seen + 1
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Cancelled):
        transport._send(Request("GET", "/x", {}, b"", None, 30), stopped)  # type: ignore[attr-defined]
    server.answers = []


def test_files_are_streamed_both_ways(server: Fake, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4000
    source, sink = tmp_path / "in", tmp_path / "out"
    source.write_bytes(content)
    server.answers = [hang_up, lambda h: h.reply(201, b"{}"), lambda h: h.reply(200, content)]
    assert send(server, "PUT", source).status == 201
    assert server.seen[-1][3] == content
    send(server, sink=sink).check()
    assert sink.read_bytes() == content


def test_a_torn_download_is_repeated(server: Fake, tmp_path: Path) -> None:
    def torn(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")
        hang_up(handler)

    server.answers = [torn, lambda h: h.reply(200, b"whole")]
    send(server, sink=tmp_path / "out").check()
    assert (tmp_path / "out").read_bytes() == b"whole"


def test_targets_are_quoted() -> None:
    made = _transport.target("/runs/{}/x", "a/b c?", tag=["x&y", "z"], limit=3, none=None, flag=True)
    assert made == "/runs/a%2Fb%20c%3F/x?tag=x%26y&tag=z&limit=3&flag=true"


@pytest.mark.parametrize("url", ["", "mysql://x", "data.db", None, 3])
def test_other_urls_are_refused(url: Any) -> None:
    with pytest.raises(ValueError, match="database_url"):
        _transport.connect(url)
