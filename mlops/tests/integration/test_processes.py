# SPDX-License-Identifier: MIT
"""Several processes on one database, fork() included; and what the end of a program leaves behind."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mlops import sync
from mlops.experiment_tracker import ExperimentConfig, ExperimentMetrics, ExperimentTracker
from mlops.tests.conftest import environment


def log_some(url: str, run_id: str, first: int, count: int) -> None:
    tracker = sync.ExperimentTracker("./w", url)
    for step in range(first, first + count):
        tracker.log_metrics(ExperimentMetrics(run_id, step, val_loss=float(step)))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_processes_log_into_the_parents_experiment(database_url: str, method: str) -> None:
    tracker = sync.ExperimentTracker("./p", database_url)
    run_id = tracker.start_experiment(ExperimentConfig("", "parallel"))
    tracker.log_metrics(ExperimentMetrics(run_id, 0, val_loss=0.0))
    context: Any = multiprocessing.get_context(method)
    workers = [context.Process(target=log_some, args=(database_url, run_id, 1 + 50 * n, 50)) for n in range(3)]
    for worker in workers:
        worker.start()
    for step in range(1000, 1050):
        tracker.log_metrics(ExperimentMetrics(run_id, step, val_loss=1.0))
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    steps = set(tracker.get_experiment_metrics(run_id)["step"])
    assert steps == {0, *range(1, 151), *range(1000, 1050)}


def test_a_forked_child_uses_the_parents_objects(database_url: str) -> None:
    tracker = ExperimentTracker("./p", database_url)
    run_id = asyncio.run(tracker.start_experiment(ExperimentConfig("", "forked")))

    async def log(step: int) -> None:
        await tracker.log_metrics(ExperimentMetrics(run_id, step, val_loss=1.0))
        await tracker.flush()

    asyncio.run(log(0))
    for child in range(1, 4):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                asyncio.run(log(child))
                code = 0
            finally:
                os._exit(code)
        asyncio.run(log(10 + child))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    frame = asyncio.run(tracker.get_experiment_metrics(run_id))
    assert list(frame["step"]) == [0, 1, 2, 3, 11, 12, 13]


def run_program(text: str, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", text, *args], capture_output=True, text=True, timeout=60, env=environment()
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def test_points_of_a_program_that_just_ends_are_committed(database_url: str) -> None:
    program = """
import asyncio, sys
from mlops import ExperimentConfig, ExperimentMetrics, ExperimentTracker

async def main():
    tracker = ExperimentTracker("./e", sys.argv[1])
    run_id = await tracker.start_experiment(ExperimentConfig("", "short"))
    for step in range(500):
        await tracker.log_metrics(ExperimentMetrics(run_id, step, val_loss=float(step)))
    print(run_id)

asyncio.run(main())
"""
    started = time.monotonic()
    run_id = run_program(program, database_url).strip()
    print(f"the program took {time.monotonic() - started:.2f} s from its start to its end")
    assert len(sync.ExperimentTracker("./e", database_url).get_experiment_metrics(run_id)) == 500


def test_another_process_sees_the_points_within_100_ms(database_url: str) -> None:
    program = """
import sys, time
from mlops import sync
tracker = sync.ExperimentTracker("./r", sys.argv[1])
tracker.get_experiment_metrics(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
time.sleep(0.1)
print(len(tracker.get_experiment_metrics(sys.argv[2])))
"""
    tracker = sync.ExperimentTracker("./e", database_url)
    run_id = tracker.start_experiment(ExperimentConfig("", "seen"))
    tracker.log_metrics(ExperimentMetrics(run_id, 0, val_loss=1.0))
    tracker.flush()
    reader = subprocess.Popen(
        [sys.executable, "-c", program, database_url, run_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert reader.stdout is not None
    assert reader.stdout.readline().strip() == "ready"
    tracker.log_metrics(ExperimentMetrics(run_id, 1, val_loss=1.0))
    out, _ = reader.communicate("go\n", timeout=30)
    assert out.strip() == "2"


def test_relative_paths_are_resolved_when_a_service_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = sync.ExperimentTracker("./here", "sqlite:///sub/lab.db")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    tracker.start_experiment(ExperimentConfig("", "first"))
    assert (tmp_path / "sub" / "lab.db").is_file()
    assert (tmp_path / "here").is_dir()
    assert not (elsewhere / "sub").exists()
    assert [row["name"] for row in tracker.list_experiments()] == ["first"]
