# SPDX-License-Identifier: MIT
"""Tracking: durable metrics over HTTP and from Python, memory, start."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from bench.common import Bench, micros, rate
from tests.services.tracseq import TracseqServer

SECONDS = 5


def post(url: str, body: object) -> dict[str, str]:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, str] = json.load(answer)
    return found


def resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


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
            micros(one["p50_us"]),
            f"raw sqlite3 FULL {micros(floor)}",
            f"≤ {micros(goal)}",
            one["p50_us"] <= goal,
        )
        before = count_points(folder / "bench.db")
        many = bench.run_json("http_load", port, 20, SECONDS, "batch", run_id)
        stored = count_points(folder / "bench.db") - before
        memory = resident_mib(server.pid)
        direct = bench.run_json("tracking_floor", "writer", bench.folder, SECONDS)["points_per_second"]
        per_second = stored / many["seconds"]
        bench.add(
            "distinct metric points over HTTP, 20 clients, batches of 500",
            rate(per_second),
            f"own writer called directly {rate(direct)}",
            "≥ 50 % of it and ≥ 100,000/s",
            per_second >= 0.5 * direct and per_second >= 100_000,
        )
        bench.add(
            "resident memory of `tracseq serve` under that load", f"{memory:.1f} MiB", "–", "≤ 40 MiB", memory <= 40
        )


def empty_route(bench: Bench) -> None:
    echo = subprocess.Popen([str(bench.program("beast_echo"))], stdout=subprocess.PIPE, text=True)
    try:
        assert echo.stdout is not None
        echo_port = int(echo.stdout.readline().rsplit(":", 1)[1])
        floor = bench.run_json("http_load", echo_port, 8, SECONDS, "get", "/")
    finally:
        echo.terminate()
        echo.wait()
    folder = bench.folder / "empty"
    folder.mkdir()
    with TracseqServer(f"sqlite:///{folder / 'bench.db'}", ["--no-worker"], folder) as server:
        ours = bench.run_json("http_load", int(server.url.rsplit(":", 1)[1]), 8, SECONDS, "get", "/livez")
    floor_rate, our_rate = floor["requests"] / floor["seconds"], ours["requests"] / ours["seconds"]
    bench.add(
        "empty route, 8 clients",
        rate(our_rate),
        f"bare Beast echo {rate(floor_rate)}",
        "≥ 80 %",
        our_rate >= 0.8 * floor_rate,
    )


def cold_start(bench: Bench) -> None:
    folder = bench.folder / "cold"
    folder.mkdir()
    times = []
    for _ in range(5):
        began = time.monotonic()
        with TracseqServer(f"sqlite:///{folder / 'bench.db'}", ["--no-worker"], folder) as server:
            urllib.request.urlopen(f"{server.url}/livez", timeout=5).close()
            times.append((time.monotonic() - began) * 1000)
    middle = sorted(times)[2]
    bench.add("cold start of `tracseq serve` to the first answer", f"{middle:.0f} ms", "–", "≤ 100 ms", middle <= 100)


PYTHON_CALLS = """
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
    calls = 100_000
    folder = bench.folder / "python"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PYTHON_CALLS, str(folder), str(calls)], capture_output=True, text=True, check=True
    )
    middle, per_second = map(float, done.stdout.split())
    stored = count_points(folder / "python.db")
    bench.add(
        "`log_metrics` from Python, embedded, one metric a call",
        f"{micros(middle)} a call, {rate(per_second)}, {stored:,} rows read back",
        "–",
        "≤ 30 µs, ≥ 20,000/s, all rows",
        middle <= 30 and per_second >= 20_000 and stored == calls,
    )


def measure(bench: Bench) -> None:
    fsync = bench.run_json("tracking_floor", "fsync", bench.folder)["p50_us"]
    bench.add("fsync of this disk, p50", micros(fsync), "–", "–", None)
    server_numbers(bench)
    empty_route(bench)
    cold_start(bench)
    python_calls(bench)
