# SPDX-License-Identifier: MIT
"""A control plane of a few lines, real replicas and a real gateway, for the gateway's tests and its benchmark."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Optional

from mlops.tests.e2e.serving_peers import Registry, find_program, until

MODEL = "blood"
BODY = json.dumps({"inputs": [{"name": "input", "shape": [1, 3], "datatype": "FP32", "data": [1.0, 2.0, 3.0]}]})


class ControlPlane(Registry):
    """A registry that also has a traffic table and takes reports."""

    def __init__(self) -> None:
        super().__init__()
        self.routes: dict[str, dict[str, Any]] = {}
        self.reports: list[dict[str, Any]] = []
        self.requests: Counter[str] = Counter()  # by deployment, as reported
        self.errors: Counter[str] = Counter()
        self._seen: set[tuple[int, int]] = set()
        self.tables["/api/v1/traffic"] = lambda: json.dumps({"routes": list(self.routes.values())}).encode()
        self.takers["report"] = self._take

    def _take(self, report: dict[str, Any]) -> None:
        self.reports.append(report)
        if (report["pid"], report["sequence"]) in self._seen:
            return
        self._seen.add((report["pid"], report["sequence"]))
        for route in report["routes"]:
            for counts in route["counts"]:
                self.requests[counts["deployment_id"]] += counts["requests"]
                self.errors[counts["deployment_id"]] += counts["errors"]

    def route(self, *targets: dict[str, Any], port: int = 0, name: str = MODEL) -> int:
        """Puts a route into the table; its generation."""
        generation = int(self.routes[name]["generation"]) + 1 if name in self.routes else 1
        self.routes[name] = {
            "service_name": name,
            "model_id": MODEL,
            "environment": "production",
            "port": port or (self.routes[name]["port"] if name in self.routes else 0),
            "generation": generation,
            "health_check_path": "/health",
            "targets": list(targets),
        }
        return generation

    def state(self, name: str = MODEL) -> dict[str, Any]:
        """What the last report says of a route; empty before there was one."""
        for report in reversed(self.reports):
            for route in report["routes"]:
                if route["service_name"] == name:
                    return dict(route)
        return {}

    def wait_for(self, generation: int, name: str = MODEL) -> int:
        """The port, once that generation is in force."""
        until(lambda: self.state(name).get("generation") == generation, what=f"{name} generation {generation}")
        return int(self.state(name)["port"])

    def wait_until_healthy(self, count: int, name: str = MODEL) -> None:
        def healthy() -> bool:
            states = self.state(name).get("replicas", [])
            return len([one for one in states if one["healthy"]]) == count

        until(healthy, what=f"{count} replicas are healthy")


class Process:
    """A role of the model server that says in a ready file that it runs."""

    def __init__(self, folder: Path, name: str, *arguments: str) -> None:
        self.ready_file = folder / f"{name}.ready"
        self._log = folder / f"{name}.log"
        self._arguments = [str(find_program()), "model-server", "--ready-file", str(self.ready_file), *arguments]
        self.process: Optional[subprocess.Popen[bytes]] = None
        self.said: dict[str, Any] = {}

    def start(self) -> Process:
        self.ready_file.unlink(missing_ok=True)
        env = {**os.environ}
        env.setdefault("TRACSEQ_MODULE_DIR", str(find_program().parent.parent / "lib"))
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._arguments, stdout=log, stderr=log, env=env)
        until(self.ready_file.exists, 30, f"{self.ready_file}; the log: {self._log.read_text()}")
        self.said = json.loads(self.ready_file.read_text())
        return self

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.process = None
        return status

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


class Replica(Process):
    def __init__(self, url: str, folder: Path, name: str, version: str, *options: str, model: str = MODEL) -> None:
        self.name = name
        self.version = version
        role = ["--role", "replica", "--registry-url", url, "--model", model, "--model-version", version]
        super().__init__(folder, name, *role, "--port", "0", *options)

    @property
    def port(self) -> int:
        return int(self.said["port"])

    def address(self, draining: bool = False) -> dict[str, Any]:
        return {"replica_id": self.name, "host": "127.0.0.1", "port": self.port, "draining": draining}


class Gateway(Process):
    def __init__(self, url: str, folder: Path, name: str = "gateway", *options: str) -> None:
        super().__init__(folder, name, "--role", "gateway", "--registry-url", url, "--gateway-id", name, *options)


def target(deployment_id: str, weight: float, *replicas: Replica, role: str = "stable", **extra: Any) -> dict[str, Any]:
    return {
        "deployment_id": deployment_id,
        "model_version": replicas[0].version if replicas else "",
        "role": role,
        "weight": weight,
        "replicas": [replica.address() for replica in replicas],
        **extra,
    }


class Caller:
    """One kept-alive connection, opened again when the other side went away."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection: Optional[http.client.HTTPConnection] = None

    def call(
        self, path: str = f"/v2/models/{MODEL}/infer", body: Optional[str] = BODY, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        for again in (True, False):
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                names = {name.replace("_", "-"): value for name, value in headers.items()}
                self._connection.request("GET" if body is None else "POST", path, body, names)
                answer = self._connection.getresponse()
                found = {name.lower(): value for name, value in answer.getheaders()}
                return answer.status, found, answer.read()
            except (OSError, http.client.HTTPException):
                self.close()
                if not again:
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Load:
    """Callers that send predictions one after the other, at about so many a second, until told to stop."""

    def __init__(self, port: int, callers: int = 4, per_second: float = 1_000) -> None:
        self.statuses: Counter[int] = Counter()
        self.versions: Counter[str] = Counter()
        self.failures: list[str] = []
        self.times: list[tuple[float, float]] = []  # of each request: begun and over, by time.monotonic
        self._pause = callers / per_second
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(port,), daemon=True) for _ in range(callers)]

    def _run(self, port: int) -> None:
        caller = Caller(port)
        due = time.monotonic()
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                status, headers, body = caller.call()
                with self._lock:
                    self.statuses[status] += 1
                    self.versions[headers.get("x-tracseq-version", "")] += 1
                    if status != 200:
                        self.failures.append(f"{status}: {body[:200]!r}")
            except Exception as error:  # every way to fail counts
                with self._lock:
                    self.failures.append(repr(error))
            with self._lock:
                self.times.append((began, time.monotonic()))
            due = max(due + self._pause, time.monotonic() - 0.05)
            time.sleep(max(0.0, due - time.monotonic()))
        caller.close()

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(20)

    @property
    def total(self) -> int:
        return sum(self.statuses.values()) + len([one for one in self.failures if not one[:3].isdigit()])


@contextlib.contextmanager
def ended(*processes: Process) -> Any:
    """Whatever happens, none is left."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
