# SPDX-License-Identifier: MIT
"""A few servers started together and ended together, whatever way their starter ends.

Each carries a mark in its environment, so that what they start in turn is found and ended too. Used as a
context: leaving it ends everything. Not thread-safe.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NoReturn

from tools.lib.processes import end_marked

MARK = "TRACSEQ_STACK"
READY_SECONDS_MAX = 60.0


class StackError(Exception):
    """Said to the user as it is."""


def end_as_by_ctrl_c(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def heed_ends() -> None:
    """Being asked to end, and the end of the terminal, come as KeyboardInterrupt, so that a Stack is left in order."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_as_by_ctrl_c)


def healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


class Stack:
    def __init__(self, folder: Path, extra_environment: dict[str, str]) -> None:
        """`folder` is the servers' working directory; the log of each is NAME.log there."""
        self._folder = folder
        self._mark = secrets.token_hex(8)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = os.environ | extra_environment | {MARK: self._mark}

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it behind
        for child in self._children.values():
            child.terminate()
        for name, child in self._children.items():
            self._end(name, child)
        for process in end_marked(MARK, self._mark):
            print(f"warning: {process} did not end when asked and was killed", flush=True)

    def start(self, name: str, command: list[str], ready_url: str) -> None:
        """Starts a server and waits until `ready_url`/health answers 200; StackError with its log's end if not."""
        with (self._folder / f"{name}.log").open("wb") as log:
            # Out of the terminal's group: Ctrl-C reaches the starter, which ends them in order.
            child = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._children[name] = child
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not healthy(ready_url):
            self.check_alive()
            if time.monotonic() > deadline:
                raise StackError(f"the {name} was not ready after {READY_SECONDS_MAX:.0f} s:\n{self._log_end(name)}")
            time.sleep(0.05)

    def check_alive(self) -> None:
        for name, child in self._children.items():
            if child.poll() is not None:
                raise StackError(f"the {name} ended with exit code {child.returncode}:\n{self._log_end(name)}")

    def _end(self, name: str, child: subprocess.Popen[bytes]) -> None:
        try:
            child.wait(READY_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            print(f"warning: the {name} did not end when asked and is killed", flush=True)
            child.kill()
            child.wait()

    def _log_end(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text(errors="replace")[-2000:]
