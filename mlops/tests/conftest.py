# SPDX-License-Identifier: MIT
"""What the tests of the package share: a folder of their own, and the ways to a database."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from mlops._program import find_program


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test works in a folder of its own and without settings of the machine."""
    for name in list(os.environ):
        if name.startswith("MLOPS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    yield
    _forget_databases()


def _forget_databases() -> None:
    """Closes what the test opened, so that it leaves no file open below its folder."""
    from mlops import _buffer, _embedded, _hosting, _system_metrics, _transport

    _system_metrics.stop_all()
    _buffer.flush_all(5)
    _hosting.forget_all()
    for transport in list(_embedded._all):
        transport.close(5_000)
        _end_driver(transport.url)
    _transport._transports.clear()


def _end_driver(url: str) -> None:
    """Ends the driver that a test's calls started on its database, and waits for it."""
    from mlops._driver import working_on

    told: set[int] = set()
    end = time.monotonic() + 15
    while pids := working_on(url):
        for pid in set(pids) - told:  # one that was just started may not be seen at the first look
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            told.add(pid)
        assert time.monotonic() < end, f"the driver {pids} does not end"
        time.sleep(0.02)


def environment() -> dict[str, str]:
    """Of a program that a test starts: it uses the same packages and the same extension as the test, never those of
    another checkout, whose schema may be another one.
    """
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


class Server:
    """A `tracseq serve` of the test's own."""

    def __init__(self, folder: Path, *flags: str, port: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.database = f"sqlite:///{folder}/server.db"
        self._log = (folder / "server.log").open("ab")
        command = [str(find_program()), "serve", "--database-url", self.database, "--port", str(port), *flags]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=self._log, text=True)
        assert self.process.stdout is not None
        self.token = ""
        lines: list[str] = []
        while not (lines and lines[-1].startswith("listening on ")):
            lines.append(self.process.stdout.readline())
            if lines[-1].strip().startswith("mlp_"):
                self.token = lines[-1].strip()
            if not lines[-1]:
                self.stop()
                raise AssertionError(f"serve did not start: {lines} {(folder / 'server.log').read_text()[-2000:]}")
        self.url = lines[-1].split()[-1]

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self._log.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers that end with the test."""
    servers: list[Server] = []

    def start(*flags: str, **options: Any) -> Server:
        servers.append(Server(tmp_path / "server", *flags, **options))
        return servers[-1]

    yield start
    _forget_databases()  # while there is still somebody to tell
    for server in servers:
        server.stop()


@pytest.fixture(params=["embedded", "remote"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The two ways to a database: the core in this process, and a server."""
    if request.param == "embedded":
        return f"sqlite:///{tmp_path}/data/mlops.db"
    server: Server = request.getfixturevalue("serve")("--no-worker")
    return server.url


@pytest.fixture
def embedded_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/mlops.db"
