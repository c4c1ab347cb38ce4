# SPDX-License-Identifier: MIT
"""Live events over HTTP: what changes is told at once, and a reader that was away resumes where it was."""

from __future__ import annotations

import http.client
import json
import time
from pathlib import Path
from typing import Optional
from urllib.parse import urlsplit

from tests.api.transports import HttpTransport, call_json
from tests.services.tracseq import TracseqServer
from tests.system.programs import run

TOLD_SECONDS_MAX = 5.0  # generous: the promise is half a second, the machine may be busy


class Reader:
    """One open stream."""

    def __init__(self, url: str, last_id: Optional[str] = None) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TOLD_SECONDS_MAX)
        self._connection.request("GET", "/api/v1/events", headers={"Last-Event-ID": last_id} if last_id else {})
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200
        assert self._answer.getheader("Content-Type") == "text/event-stream"

    def until(self, words: str) -> str:
        """The id of the first event whose text holds these words."""
        event = ""
        end = time.monotonic() + TOLD_SECONDS_MAX
        while time.monotonic() < end:
            line = self._answer.readline().decode()
            event += line
            if line != "\n":
                continue
            if words in event:
                return next(part[3:].strip() for part in event.splitlines() if part.startswith("id:"))
            event = ""
        raise AssertionError(f"no event told of {words}")

    def close(self) -> None:
        self._connection.close()


def test_changes_are_told_and_a_reader_resumes() -> None:
    with TracseqServer(arguments=["--no-worker"]) as server:
        caller = HttpTransport(server.url)
        reader = Reader(server.url)
        run = call_json(caller, "POST", "/api/v1/runs", {"name": "first"})[1]["run_id"]
        seen = reader.until(run)
        reader.close()
        missed = call_json(caller, "POST", "/api/v1/runs", {"name": "second"})[1]["run_id"]
        again = Reader(server.url, seen)
        assert int(again.until(missed)) > int(seen)
        again.close()
        caller.close()


def test_what_another_process_changed_is_told_too(tmp_path: Path) -> None:
    with TracseqServer(arguments=["--no-worker"]) as server:
        reader = Reader(server.url)
        made = run(
            "experiment", "create", "from elsewhere", "--database-url", server.database_url, "--json", folder=tmp_path
        )
        assert made.returncode == 0, made.stderr
        # Only that it is told, within TOLD_SECONDS_MAX: when the other process committed is not known here.
        reader.until(f'"{json.loads(made.stdout)["experiment_id"]}"')
        reader.close()
