# SPDX-License-Identifier: MIT
"""`tracseq` as a user starts it: with a folder, flags and variables of the test's choice, and nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable, Optional

from tests.services.tracseq import program

START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 40.0
LISTENING = re.compile(r"listening on (https?://\S+)")


def variables_of(given: Optional[Mapping[str, str]]) -> dict[str, str]:
    """This process's variables without ours, and the given ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLOPS_", "MODEL_REGISTRY_"))}
    return {**kept, **(given or {})}


def run(
    *arguments: str, folder: Path, variables: Optional[Mapping[str, str]] = None, seconds: float = 30
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program()), *arguments],
        cwd=folder,
        env=variables_of(variables),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


class Program:
    """A running `tracseq serve`, `worker` or `model-server`."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self.log = log
        self.lines: list[str] = []

    @property
    def pid(self) -> int:
        return self.process.pid

    def await_line(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """The first line of standard output that matches."""
        assert self.process.stdout is not None
        timer = threading.Timer(START_SECONDS_MAX, self.process.kill)
        timer.start()
        try:
            for line in self.process.stdout:
                self.lines.append(line.rstrip())
                if found := pattern.search(line):
                    return found
        finally:
            timer.cancel()
        raise AssertionError(f"no line like {pattern.pattern!r}: {self.lines}\n{self.log_text()[-4000:]}")

    def await_address(self) -> str:
        return self.await_line(LISTENING).group(1)

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log's lines of one event."""
        found = []
        for line in self.log_text().splitlines():
            with contextlib.suppress(ValueError):
                document = json.loads(line)
                if isinstance(document, dict) and document.get("event") == name:
                    found.append(document)
        return found


@contextlib.contextmanager
def started(*arguments: str, folder: Path, variables: Optional[Mapping[str, str]] = None) -> Iterator[Program]:
    """Starts the program and ends it afterwards."""
    log = folder / f"{arguments[0]}.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [str(program()), *arguments],
            cwd=folder,
            env=variables_of(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        yield Program(process, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def eventually(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)
