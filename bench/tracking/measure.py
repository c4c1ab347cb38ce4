# SPDX-License-Identifier: MIT
"""Tracking: durable metrics over HTTP and from Python, memory, start."""

from __future__ import annotations

import json
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.common import Bench, generator_share, micros, peak_memory_mib, rate
from tests.services.tracseq import TracseqServer

SECONDS = 5
LOAD_SECONDS = 30  # memory is that of the process after this long
CLIENTS = 20
BATCH = 500
EMPTY_ROUNDS = 3
EMPTY_CLIENTS = 8
PYTHON_CALLS = 100_000


def post(url: str, body: object) -> dict[str, str]:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, str] = json.load(answer)
    return found


def count_points(database: Path) -> int:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    with connection:
        found = connection.execute("SELECT COUNT(*) FROM metric_points").fetchone()
    connection.close()
    return int(found[0])


def server_numbers(bench: Bench) -> None:
    folder = bench.folder / "serve"
    folder.mkdir()
    floor = bench.run_json("tracking_floor", "sqlite", bench.folder, SECONDS)["p50_us"]
    with TracseqServer(f"sqlite:///{folder / 'bench.db'}", ["--no-worker"], folder) as server:
        port = int(server.url.rsplit(":", 1)[1])
        run_id = post(f"{server.url}/api/v1/runs", {"name": "bench"})["run_id"]
        one = bench.run_json("http_load", port, 1, SECONDS, "metric", run_id)
        goal = max(1.5 * floor, floor + 150)
        bench.add(
            "log one metric over HTTP, one client, durable, p50",
            f"{micros(one['p50_us'])}; {generator_share(one['cpu_seconds'], one['seconds'])}",
            f"raw sqlite3 FULL {micros(floor)}",
            f"≤ {micros(goal)}",
            one["p50_us"] <= goal,
        )
        before = count_points(folder / "bench.db")
        many = bench.run_json("http_load", port, CLIENTS, LOAD_SECONDS, "batch", run_id)
        stored = count_points(folder / "bench.db") - before
        memory = peak_memory_mib(server.pid)
    direct = bench.run_json("tracking_floor", "writer", bench.folder, LOAD_SECONDS, CLIENTS, BATCH)["points_per_second"]
    work = f"distinct metric points over HTTP, {CLIENTS} clients, batches of {BATCH}"
    per_second = stored / many["seconds"]
    if stored != many["points"]:
        raise RuntimeError(f"{many['points']:,} points were acknowledged, {stored:,} rows are there")
    bench.add(
        work,
        f"{rate(per_second)} ({per_second / direct:.0%}); {generator_share(many['cpu_seconds'], many['seconds'])}",
        f"own writer called directly {rate(direct)}",
        "≥ 50 % of it and ≥ 100,000/s",
        per_second >= 0.5 * direct and per_second >= 100_000,
    )
    bench.note_generator(work, many["cpu_seconds"], many["seconds"], CLIENTS)
    bench.add(
        f"resident memory of `tracseq serve`, peak over {LOAD_SECONDS} s of that load",
        f"{memory:.1f} MiB",
        f"bare Beast echo {echo_memory(bench):.1f} MiB",
        "≤ 40 MiB",
        memory <= 40,
    )


@contextmanager
def echo(bench: Bench) -> Iterator[tuple[int, int]]:
    """The bare Beast program: its process and its port."""
    process = subprocess.Popen([str(bench.program("beast_echo"))], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline().rsplit(":", 1)[1])
    finally:
        process.terminate()
        process.wait()


def echo_memory(bench: Bench) -> float:
    with echo(bench) as (pid, port):
        bench.run_json("http_load", port, CLIENTS, 1, "get", "/")
        return peak_memory_mib(pid)


def requests_per_second(bench: Bench, port: int, path: str) -> tuple[float, float]:
    """And the cores the load generator took."""
    found = bench.run_json("http_load", port, EMPTY_CLIENTS, SECONDS, "get", path)
    bench.note_generator(f"empty route ({path})", found["cpu_seconds"], found["seconds"], EMPTY_CLIENTS)
    seconds = float(found["seconds"])
    return float(found["requests"]) / seconds, float(found["cpu_seconds"]) / seconds


def empty_route(bench: Bench) -> None:
    """In turns, so that a busy moment of the machine meets both."""
    folder = bench.folder / "empty"
    folder.mkdir()
    ours, floor = [], []
    serving = TracseqServer(f"sqlite:///{folder / 'bench.db'}", ["--no-worker"], folder)
    with echo(bench) as (_, echo_port), serving as server:
        port = int(server.url.rsplit(":", 1)[1])
        for _ in range(EMPTY_ROUNDS):
            floor.append(requests_per_second(bench, echo_port, "/"))
            ours.append(requests_per_second(bench, port, "/livez"))
    own, own_load = (statistics.median(column) for column in zip(*ours))
    bare, bare_load = (statistics.median(column) for column in zip(*floor))
    share = own / bare
    bench.add(
        f"empty route, keep-alive, {EMPTY_CLIENTS} clients",
        f"{rate(own)} ({share:.0%}); {generator_share(own_load, 1)}",
        f"bare Beast echo {rate(bare)}; {generator_share(bare_load, 1)}",
        "≥ 80 %",
        share >= 0.8,
    )


def started_ms(bench: Bench, folder: Path) -> tuple[float, float]:
    """Until the first answer, in milliseconds: ours on a new database, and the bare program."""
    began = time.monotonic()
    with TracseqServer(f"sqlite:///{folder / 'bench.db'}", ["--no-worker"], folder) as server:
        urllib.request.urlopen(f"{server.url}/livez", timeout=5).close()
        ours = (time.monotonic() - began) * 1000
    began = time.monotonic()
    with echo(bench) as (_, port):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
        bare = (time.monotonic() - began) * 1000
    return ours, bare


def cold_start(bench: Bench) -> None:
    times = []
    for i in range(5):
        folder = bench.folder / f"cold-{i}"
        folder.mkdir()
        times.append(started_ms(bench, folder))
    ours, bare = (statistics.median(column) for column in zip(*times))
    bench.add(
        "cold start of `tracseq serve` (a new database) to the first answer",
        f"{ours:.0f} ms",
        f"bare Beast echo {bare:.0f} ms",
        "≤ 100 ms",
        ours <= 100,
    )


PYTHON_SCRIPT = """
import sqlite3, sys, time
from mlops.sync import ExperimentTracker
from mlops import ExperimentConfig, ExperimentMetrics
folder, calls = sys.argv[1], int(sys.argv[2])
tracker = ExperimentTracker(folder, f"sqlite:///{folder}/python.db")
run = tracker.start_experiment(ExperimentConfig(experiment_id="", name="bench", description=""))
points = [ExperimentMetrics(experiment_id=run, step=i, custom_metrics={"m": float(i)}) for i in range(calls)]
samples = []
began = time.perf_counter()
for point in points:
    at = time.perf_counter()
    tracker.log_metrics(point)
    samples.append(time.perf_counter() - at)
tracker.flush()
seconds = time.perf_counter() - began
samples.sort()
print(samples[len(samples) // 2] * 1e6, calls / seconds)
"""


def python_calls(bench: Bench) -> None:
    folder = bench.folder / "python"
    folder.mkdir()
    command = [sys.executable, "-c", PYTHON_SCRIPT, str(folder), str(PYTHON_CALLS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    middle, per_second = map(float, done.stdout.split())
    stored = count_points(folder / "python.db")
    direct = bench.run_json("tracking_floor", "writer", folder, SECONDS, 1, 1)["points_per_second"]
    bench.add(
        "`log_metrics` from Python, embedded, one metric a call",
        f"{micros(middle)} a call, {rate(per_second)}, {stored:,} rows read back",
        f"own writer from C++, one point a durable call {rate(direct)}",
        "≤ 30 µs, ≥ 20,000/s, all rows",
        middle <= 30 and per_second >= 20_000 and stored == PYTHON_CALLS,
    )


def measure(bench: Bench) -> None:
    server_numbers(bench)
    empty_route(bench)
    cold_start(bench)
    python_calls(bench)
