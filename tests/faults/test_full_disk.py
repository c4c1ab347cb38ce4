# SPDX-License-Identifier: MIT
"""A full disk: a clear refusal, reads go on, nothing half-written, and work resumes once there is space, no restart."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.clients import Connection, Record, check
from tests.faults.disk import BoundedFolder, Disk, Room
from tests.services.tracseq import TracseqServer

DISK_MIB = 64
CALLS_MAX = 20_000
RECOVERY_SECONDS_MAX = 10.0
JOB_SECONDS_MAX = 90.0
ROWS = 120_000
JSON = {"Content-Type": "application/json"}


# The folder always runs; the file system needs root and loop devices.
@pytest.fixture(params=[BoundedFolder, Disk], ids=["folder", "ext4"])
def disk(request: pytest.FixtureRequest) -> Iterator[Room]:
    with request.param(DISK_MIB) as found:
        yield found


class Lab:
    """A connection, and the record of what it was told is safe."""

    def __init__(self, url: str) -> None:
        self.connection = Connection(url)
        self.record = Record()

    def post(self, target: str, body: Any) -> tuple[int, Any]:
        status, answer = self.connection.send("POST", target, json.dumps(body).encode(), JSON)
        return status, json.loads(answer)

    def get(self, target: str) -> tuple[int, Any]:
        status, answer = self.connection.send("GET", target)
        return status, json.loads(answer)

    def start_run(self) -> str:
        status, run = self.post("/api/v1/runs", {"name": "on a small disk"})
        assert status == 201, run
        run_id: str = run["run_id"]
        self.record.runs[run_id] = "on a small disk"
        self.record.points[run_id] = {}
        self.record.artifacts[run_id] = {}
        return run_id

    def log(self, run_id: str, points: int = 500) -> tuple[int, Any]:
        stored = self.record.points[run_id]
        batch = {len(stored) + i: 1 / (len(stored) + i + 1) for i in range(points)}
        body = {"points": [{"key": "m", "step": step, "value": value} for step, value in batch.items()]}
        status, answer = self.post(f"/api/v1/runs/{run_id}/metrics", body)
        if status == 200:
            stored.update(batch)
        return status, answer

    def put(self, run_id: str, path: str, content: bytes) -> tuple[int, Any]:
        target = f"/api/v1/runs/{run_id}/artifacts?path={path}"
        status, body = self.connection.send("PUT", target, content)
        answer = json.loads(body)
        if status == 201:
            digest = hashlib.sha256(content).hexdigest()
            self.record.artifacts[run_id].setdefault(path, []).append((answer["artifact_id"], digest))
        return status, answer


def until(done: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.1)


def check_refusal(server: TracseqServer, lab: Lab, run_id: str) -> None:
    """507 with Retry-After; reads go on; the probes tell one from the other."""
    connection = lab.connection
    body = json.dumps({"points": [{"key": "other", "step": s, "value": 1.5} for s in range(900)]}).encode()
    status, answer = connection.send("POST", f"/api/v1/runs/{run_id}/metrics", body, JSON)
    assert status == 507, answer
    assert connection.headers["retry-after"].isdigit()
    error = json.loads(answer)["error"]
    assert error["code"] == "storage_full"
    assert "full" in error["message"]
    check(server.url, [lab.record])
    assert lab.get("/livez")[0] == 200
    assert lab.get("/readyz?for=read")[0] == 200
    status, answer = connection.send("GET", "/readyz?for=write")
    assert status == 507, answer


def test_a_full_disk_refuses_writes_and_lets_reads_go_on_until_there_is_space(disk: Room) -> None:
    folder = disk.path / "lab"
    folder.mkdir()
    with TracseqServer(arguments=["--no-worker"], folder=folder) as server:
        lab = Lab(server.url)
        run_id = lab.start_run()
        assert lab.log(run_id)[0] == 200
        assert lab.put(run_id, "kept.bin", b"kept" * 1000)[0] == 201
        ballast = disk.fill(leave_bytes=2 << 20)
        for _ in range(CALLS_MAX):
            status, answer = lab.log(run_id)
            if status != 200:
                break
        assert status == 507, answer
        disk.fill()
        while lab.log(run_id, 1)[0] == 200:  # a small write may yet fit into what the log holds
            assert len(lab.record.points[run_id]) < CALLS_MAX * 500
        check_refusal(server, lab, run_id)

        ballast.unlink()
        until(lambda: lab.log(run_id)[0] == 200, RECOVERY_SECONDS_MAX, "a write after space came back")
        until(lambda: lab.get("/readyz?for=write")[0] == 200, RECOVERY_SECONDS_MAX, "readiness")
        check(server.url, [lab.record])
        assert server.stop() == 0
        server.start()
        check(server.url, [lab.record])
        lab.connection.close()


def test_an_upload_that_does_not_fit_leaves_nothing_and_stops_nobody(disk: Room) -> None:
    with TracseqServer(arguments=["--no-worker", "--artifact-root", str(disk.path)]) as server:
        lab = Lab(server.url)
        run_id = lab.start_run()
        small = b"small" * 1000
        assert lab.put(run_id, "small.bin", small)[0] == 201
        free = disk.free_bytes
        status, answer = lab.put(run_id, "big.bin", b"b" * (DISK_MIB << 20))
        assert status == 507, answer
        assert lab.connection.headers["retry-after"].isdigit()
        assert answer["error"]["code"] == "storage_full"
        until(lambda: disk.free_bytes >= free - (64 << 10), RECOVERY_SECONDS_MAX, "the space of the torn upload")
        assert lab.log(run_id)[0] == 200
        assert lab.put(run_id, "fits.bin", b"f" * (1 << 20))[0] == 201
        check(server.url, [lab.record])
        lab.connection.close()


def pipeline_run(lab: Lab, rows: int) -> str:
    """Starts a pipeline whose output takes several times the room of its input."""
    lines = "\n".join(f"{i},{i * 7919 % 1000 / 10},{'abcdefghij'[i % 10]}" for i in range(rows))
    content = f"sample_id,concentration,kind\n{lines}\n".encode()
    status, body = lab.connection.send("PUT", "/api/v1/uploads?name=data.csv", content)
    assert status == 201, body
    columns = {"sample_id": {"type": "integer"}, "concentration": {"type": "float"}, "kind": {"type": "string"}}
    status, answer = lab.post("/api/v1/schemas", {"schema_id": "lab", "name": "lab", "columns": columns})
    assert status == 201, answer
    config = {"config_id": "wide", "name": "wide", "numeric_features": ["sample_id", "concentration"]}
    config |= {"categorical_features": ["kind"], "encoding_method": "onehot"}
    status, answer = lab.post("/api/v1/feature-configs", config)
    assert status == 201, answer
    start = {"pipeline_id": "daily", "schema_id": "lab", "feature_config_id": "wide"}
    status, answer = lab.post("/api/v1/pipeline-runs", start | {"upload_id": json.loads(body)["artifact_id"]})
    assert status == 201, answer
    run_id: str = answer["run_id"]
    return run_id


@pytest.mark.timeout(240)
@pytest.mark.parametrize("full", ["temporary files", "artifacts"])
def test_a_pipeline_without_space_says_so_and_goes_on_once_there_is(
    disk: Room, full: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if full == "temporary files":
        monkeypatch.setenv("TMPDIR", str(disk.path))
        arguments = []
    else:
        arguments = ["--artifact-root", str(disk.path)]
    with TracseqServer(arguments=arguments, folder=tmp_path) as server:
        lab = Lab(server.url)
        if full == "artifacts":  # where the input must find room first
            run_id = pipeline_run(lab, ROWS)
            ballast = disk.fill(leave_bytes=1 << 20)
        else:
            ballast = disk.fill(leave_bytes=1 << 20)
            run_id = pipeline_run(lab, ROWS)

        def told() -> bool:
            lines = [item["text"] for item in lab.get(f"/api/v1/pipeline-runs/{run_id}/logs")[1]["items"]]
            return any("No space left" in line or "the disk is full" in line for line in lines)

        until(told, JOB_SECONDS_MAX, "a line that names the full disk")
        ballast.unlink()

        def completed() -> bool:
            run = lab.get(f"/api/v1/pipeline-runs/{run_id}")[1]
            assert run["status"] != "failed", run
            return bool(run["status"] == "completed")

        until(completed, JOB_SECONDS_MAX, "the end of the run")
        assert lab.get(f"/api/v1/pipeline-runs/{run_id}")[1]["output_rows"] == ROWS
        lab.connection.close()
    if full == "temporary files":
        assert disk.names() == []
