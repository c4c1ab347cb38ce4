# SPDX-License-Identifier: MIT
"""A registry of a few lines and the real model server, for the serving tests."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Optional
from urllib import request as urls
from urllib.error import HTTPError

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "tests" / "golden" / "onnx"


def find_program() -> Path:
    """The built program: $TRACSEQ_BIN, the checkout's bin/, a build folder."""
    given = os.environ.get("TRACSEQ_BIN")
    places = [Path(given)] if given else []
    places += [
        ROOT / "bin" / "tracseq",
        ROOT / "build" / "dev" / "bin" / "tracseq",
        ROOT / "build" / "release" / "bin" / "tracseq",
    ]
    for place in places:
        if place.is_file():
            return place
    raise AssertionError("there is no program: ./run build makes it")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(check: Callable[[], Any], seconds: float = 15.0, what: str = "") -> Any:
    """Waits until `check` gives something true."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds} s: {what or check}"
        time.sleep(0.02)


class Registry:
    """What a model server asks of a registry; it can go away and come back on the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.lock = threading.Lock()
        self.models: dict[str, dict[str, Any]] = {}
        self.versions: dict[tuple[str, str], dict[str, Any]] = {}  # what replicas load, by model and version
        self.tables: dict[str, Callable[[], bytes]] = {}  # further documents with an entity tag, by path
        self.takers: dict[str, Callable[[Any], None]] = {}  # what is done with bodies posted, by the path's end
        self.files: dict[str, bytes] = {}
        self.recorded: dict[str, dict[str, Any]] = {}  # by request id
        self.times: Counter[str] = Counter()  # how often each was recorded
        self.keys: set[str] = set()
        self.metrics: list[dict[str, Any]] = []
        self.token = ""
        self._server: Optional[ThreadingHTTPServer] = None
        self.connections: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def promote(self, model_id: str, version: str, file: str, **extra: Any) -> None:
        self.promote_bytes(model_id, version, (MODELS / f"{file}.onnx").read_bytes(), **extra)

    def promote_bytes(self, model_id: str, version: str, content: bytes, **extra: Any) -> None:
        digest = hashlib.sha256(content).hexdigest()
        entry = {
            "model_id": model_id,
            "version": version,
            "format": "onnx",
            "artefact": {"artifact_id": digest[:32], "digest": digest, "size_bytes": len(content)},
            "feature_columns": [],
            "not_servable_reason": "",
            **extra,
        }
        with self.lock:
            self.files[digest[:32]] = content
            self.models[model_id] = entry
            self.versions[model_id, version] = entry

    def start(self) -> None:
        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

        handler = type("Handler", (RegistryHandler,), {"registry": self})
        self._server = Server(("127.0.0.1", self.port), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in self.connections:  # kept-alive ones go too, as with a process that ends
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()


class RegistryHandler(BaseHTTPRequestHandler):
    """Answers for a Registry, which `registry` is set to."""

    registry: Registry
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.registry.connections.append(self.connection)

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refused(self) -> bool:
        if not self.registry.token or self.headers.get("Authorization") == f"Bearer {self.registry.token}":
            return False
        self.answer(401, b'{"error":{"code":"unauthenticated","message":"a token is needed"}}')
        return True

    def answer_tagged(self, body: bytes) -> None:
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self.answer(304, b"", ETag=tag)
        else:
            self.answer(200, body, ETag=tag)

    def answer_version(self, model_id: str, version: str) -> None:
        with self.registry.lock:
            found = self.registry.versions.get((model_id, version))
        if found is None:
            self.answer(404, b'{"error":{"code":"not_found","message":"there is no such version"}}')
        else:
            self.answer(200, json.dumps(found).encode())

    def do_GET(self) -> None:
        if self.refused():
            return
        if self.path.split("?")[0] in self.registry.tables:
            self.answer_tagged(self.registry.tables[self.path]())
            return
        if self.path == "/api/v1/production-models":
            with self.registry.lock:
                body = json.dumps({"change": 1, "items": list(self.registry.models.values())}).encode()
            self.answer_tagged(body)
            return
        if self.path.startswith("/api/v1/models/"):
            self.answer_version(*self.path.split("/")[4:8:2])
            return
        artifact_id = self.path.split("/")[4]
        self.answer(200, self.registry.files[artifact_id], Content_Type="application/octet-stream")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.refused():
            return
        taker = self.registry.takers.get(self.path.rsplit("/", 1)[-1])
        with self.registry.lock:
            if taker is not None:
                taker(body)
            elif self.path == "/api/v1/predictions":
                key = self.headers["Idempotency-Key"]
                fresh = key not in self.registry.keys
                self.registry.keys.add(key)
                for one in body["predictions"] if fresh else []:
                    self.registry.recorded[one["request_id"]] = one
                    self.registry.times[one["request_id"]] += 1
            else:
                self.registry.metrics += body["metrics"]
        self.answer(200, b'{"recorded":1}')


class ModelServer:
    """The real process."""

    def __init__(self, registry_url: str, cache: Path, *options: str, env: Optional[dict[str, str]] = None) -> None:
        self._arguments = [
            str(find_program()),
            "model-server",
            "--registry-url",
            registry_url,
            "--port",
            "0",
            "--cache-dir",
            str(cache),
            *options,
        ]
        self._env = {**os.environ, **(env or {})}
        self._env.setdefault("TRACSEQ_MODULE_DIR", str(find_program().parent.parent / "lib"))
        self._log = cache.parent / f"{cache.name}.log"
        self.process: Optional[subprocess.Popen[str]] = None
        self.url = ""

    def start(self) -> ModelServer:
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                self._arguments, stdout=subprocess.PIPE, stderr=log, text=True, env=self._env
            )
        atexit.register(self._end_with_the_tests, self.process)  # a test that failed did not stop it
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), f"{line!r}; the log: {self._log.read_text()}"
        self.url = line.split()[-1]
        return self

    @staticmethod
    def _end_with_the_tests(process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            process.kill()
            process.wait(10)

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")

    def call(self, path: str, body: Optional[Any] = None, headers: Optional[dict[str, str]] = None) -> tuple[int, Any]:
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        asked = urls.Request(self.url + path, data, {"Content-Type": "application/json", **(headers or {})})
        try:
            with urls.urlopen(asked, timeout=10) as answer:
                return answer.status, self._content(answer.read())
        except HTTPError as error:
            return error.code, self._content(error.read())

    @staticmethod
    def _content(text: bytes) -> Any:
        return json.loads(text) if text[:1] in (b"{", b"[") else text.decode()

    def serves(self, model: str, version: str) -> bool:
        return self.call(f"/v2/models/{model}/versions/{version}/ready")[0] == 200

    def wait_for(self, model: str, version: str) -> None:
        until(lambda: self.serves(model, version), what=f"{model} {version} is served")

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self._log.read_text()
        self.process = None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None
