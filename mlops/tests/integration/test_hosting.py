# SPDX-License-Identifier: MIT
"""Processes that host functions, as the database sees them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from mlops._hosting import JobHost
from mlops._transport import Request
from mlops.data_pipeline import DataPipeline

PROGRAM = """
import sys
from mlops.data_pipeline import DataPipeline

pipeline = DataPipeline(sys.argv[1], "./data_pipeline")
pipeline.register_transformation("dilute", lambda df: df)
print("hosting", flush=True)
sys.stdin.readline()
"""


def _kinds(pipeline: DataPipeline) -> list[str]:
    answer: Any = pipeline._transport.send(Request("GET", "/api/v1/job-hosts", {}, b"", None, 10)).json()
    return [kind for host in answer["items"] for kind in host["kinds"]]


def test_a_program_that_ends_hosts_nothing_any_more(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/mlops.db"
    pipeline = DataPipeline(url, "./data_pipeline")
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == b"hosting\n"
        end = time.monotonic() + 20
        while _kinds(pipeline) != ["python.transform:dilute"]:
            assert time.monotonic() < end, "the function is not announced"
            time.sleep(0.05)
        program.communicate(b"\n", timeout=20)
    finally:
        program.kill()
        program.wait()
    assert program.returncode == 0
    assert _kinds(pipeline) == []


def test_a_stopped_host_is_gone_at_once(tmp_path: Path) -> None:
    pipeline = DataPipeline(f"sqlite:///{tmp_path}/mlops.db", "./data_pipeline")
    host = JobHost(pipeline._transport)
    host.serve("python.transform:once", lambda job: None)
    end = time.monotonic() + 20
    while _kinds(pipeline) != ["python.transform:once"]:
        assert time.monotonic() < end, "the function is not announced"
        time.sleep(0.05)
    host.stop()
    assert _kinds(pipeline) == []
