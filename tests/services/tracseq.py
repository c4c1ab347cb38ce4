# SPDX-License-Identifier: MIT
"""A real `tracseq serve` for tests: on loopback, on a free port, in a temporary folder, gone afterwards.

    with TracseqServer() as server:
        server.url                      "http://127.0.0.1:43121"
        server.kill()                   kill -9; start() brings it back on the same data

Not thread-safe.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Optional

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 40.0
LISTENING = re.compile(r"listening on (https?://\S+)")


class TracseqError(RuntimeError):
    """The program could not be started or did not end; the message holds the end of its log."""


def program() -> Path:
    """The program under test: $TRACSEQ_BIN, else the one `./run build` left."""
    given = os.environ.get("TRACSEQ_BIN")
    path = Path(given) if given else ROOT / "bin" / "tracseq"
    if not path.exists():
        raise TracseqError(f"{path} is missing; build first: ./run build")
    return path


def beside_program(name: str) -> Path:
    """What the build made for tests; it stands beside the program under test (src/cli/CMakeLists.txt)."""
    path = program().resolve().parent / name
    if not path.is_file():
        raise TracseqError(f"{path} is missing; build it first: ./run build")
    return path


class TracseqServer:
    """One `tracseq serve` process."""

    def __init__(
        self, database_url: str = "", arguments: Optional[list[str]] = None, folder: Optional[Path] = None
    ) -> None:
        self._own_folder = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="tracseq-serve-")) if folder is None else folder
        self.database_url = database_url or f"sqlite:///{self.folder / 'test.db'}"
        self._arguments = arguments if arguments is not None else []
        self._process: Optional[subprocess.Popen[str]] = None
        self._port = 0
        self.url = ""
        self.lines: list[str] = []

    def start(self) -> TracseqServer:
        command = [str(program()), "serve", "--database-url", self.database_url, "--host", "127.0.0.1"]
        command += ["--artifact-root", str(self.folder / "artifacts"), "--port", str(self._port), *self._arguments]
        log = (self.folder / "serve.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._await_address()
        return self

    def _await_address(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        timer = threading.Timer(START_SECONDS_MAX, process.kill)
        timer.start()
        try:
            for line in process.stdout:
                self.lines.append(line.rstrip())
                if found := LISTENING.search(line):
                    self.url = found.group(1)
                    self._port = int(self.url.rsplit(":", 1)[1])
                    return
        finally:
            timer.cancel()
        raise TracseqError(f"tracseq serve did not start:\n{self.log_end()}")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """kill -9, and the end of it."""
        assert self._process is not None
        self._process.kill()
        self._reap()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        return self._reap()

    def _reap(self) -> int:
        assert self._process is not None
        process, self._process = self._process, None
        try:
            status = process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired as late:
            process.kill()
            process.wait()
            raise TracseqError(f"tracseq serve did not end within {STOP_SECONDS_MAX} s:\n{self.log_end()}") from late
        finally:
            if process.stdout is not None:
                process.stdout.close()
        return status

    def log_end(self) -> str:
        path = self.folder / "serve.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def __enter__(self) -> TracseqServer:
        return self.start()

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        try:
            if self._process is not None:
                self.stop()
        finally:
            deadline = time.monotonic() + 5
            while self._own_folder and self.folder.exists():
                shutil.rmtree(self.folder, ignore_errors=time.monotonic() < deadline)
