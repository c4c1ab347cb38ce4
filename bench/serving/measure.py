# SPDX-License-Identifier: MIT
"""Serving: one-row predictions over REST with recording on, beside a program of Beast and ONNX Runtime alone."""

from __future__ import annotations

import json
import re
import resource
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from bench.common import ROOT, Bench, generator_share, micros, rate
from mlops.tests.e2e.serving_peers import ModelServer
from tests.services.tracseq import TracseqServer

SECONDS = 4
ROUNDS = 3
FEATURES = 30
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = io.open(os.getenv("BENCH_BODY")):read("*a")
"""


def make_model(folder: Path) -> Path:
    """The model of 100 trees, made by the tests' own script."""
    model = folder / "forest.onnx"
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import make_onnx;"
        "make_onnx.forest(100, 6, path=Path(sys.argv[2]))"
    )
    subprocess.run([sys.executable, "-c", code, str(ROOT / "tests" / "golden"), str(model)], check=True)
    return model


def register(url: str, model: Path) -> str:
    def call(method: str, path: str, body: Any) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        asked = urllib.request.Request(url + path, content, {"Content-Type": kind}, method=method)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.loads(answer.read())

    stored = call("PUT", "/api/v1/uploads?name=model.onnx", model.read_bytes())
    files = [{"name": "model.onnx", "role": "onnx", "artifact_id": stored["artifact_id"]}]
    version = str(call("POST", "/api/v1/models", {"model_id": "forest", "name": "forest", "files": files})["version"])
    call(
        "POST", f"/api/v1/models/forest/versions/{version}/promote", {"to_status": "production", "reason": "benchmark"}
    )
    return version


def children_seconds() -> float:
    """Processor time of the programs that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Load:
    """wrk with one request, made beforehand."""

    def __init__(self, folder: Path) -> None:
        self.script = folder / "post.lua"
        self.script.write_text(SCRIPT)
        self.body = folder / "body.json"
        values = [round(0.25 + 0.01 * i, 6) for i in range(FEATURES)]
        row = {"name": "input", "shape": [1, FEATURES], "datatype": "FP64", "data": values}
        self.body.write_text(json.dumps({"inputs": [row]}))

    def __call__(self, url: str, clients: int) -> tuple[float, float, float]:
        """Requests a second, the median in microseconds, the cores wrk took; anything but success is an error."""
        command = ["wrk", "-t1", f"-c{clients}", f"-d{SECONDS}s", "--latency", "-s", str(self.script), url]
        before, began = children_seconds(), time.monotonic()
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            env={"BENCH_BODY": str(self.body), "PATH": "/usr/bin:/bin"},
        )
        cores = (children_seconds() - before) / (time.monotonic() - began)
        if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
            raise RuntimeError(done.stdout)
        per_second = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])  # type: ignore[index]
        middle, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)", done.stdout).groups()  # type: ignore[union-attr]
        return per_second, float(middle) * {"us": 1, "ms": 1e3, "s": 1e6}[unit], cores


Measured = list[tuple[float, float, float]]


def compare(load: Load, ours: str, bare: str, clients: int) -> tuple[Measured, Measured]:
    """Both in turns, so that a busy moment of the machine meets both."""
    found: tuple[Measured, Measured] = ([], [])
    for _ in range(ROUNDS):
        found[0].append(load(ours, clients))
        found[1].append(load(bare, clients))
    return found


def middle(numbers: Measured, index: int) -> float:
    return statistics.median(number[index] for number in numbers)


def measure(bench: Bench) -> None:
    folder = bench.folder / "serving"
    folder.mkdir()
    model = make_model(folder)
    load = Load(folder)
    library = ROOT / "third_party_build" / "ort" / "libonnxruntime.so.1.28.0"
    bare = subprocess.Popen(
        [str(bench.program("bench_bare_onnx")), str(library), str(model), str(FEATURES)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert bare.stdout is not None
        bare_url = bare.stdout.readline().split()[-1] + "/run"
        with TracseqServer(f"sqlite:///{folder / 'bench.db'}", ["--no-worker"], folder) as server:
            version = register(server.url, model)
            ours = ModelServer(server.url, folder / "cache").start()
            try:
                ours.wait_for("forest", version)
                numbers(bench, load, ours, bare_url)
                recorded(bench, ours)
            finally:
                ours.stop()
    finally:
        bare.terminate()
        bare.wait()


def numbers(bench: Bench, load: Load, ours: ModelServer, bare_url: str) -> None:
    url = ours.url + "/v2/models/forest/infer"
    for clients in (1, 16):
        own, floor = compare(load, url, bare_url, clients)
        share = middle(own, 0) / middle(floor, 0)
        who = "1 client" if clients == 1 else f"{clients} clients"
        work = f"one-row prediction over REST, keep-alive, 100 trees, recording on, {who}"
        bench.note_generator(work, middle(own, 2), 1, 1)  # wrk has one thread
        bench.add(
            work,
            f"{rate(middle(own, 0))}, p50 {micros(middle(own, 1))} ({share:.0%}); {generator_share(middle(own, 2), 1)}",
            f"bare Beast + ONNX Runtime {rate(middle(floor, 0))}, p50 {micros(middle(floor, 1))};"
            f" {generator_share(middle(floor, 2), 1)}",
            "≥ 70 %",
            share >= 0.7,
        )


def recorded(bench: Bench, ours: ModelServer) -> None:
    end = time.monotonic() + 60
    health = ours.call("/health")[1]["recording"]
    while health["spooled"] > 0 and time.monotonic() < end:
        time.sleep(0.5)
        health = ours.call("/health")[1]["recording"]
    total = health["delivered"] + health["overflowed"] + health["spooled"] + health["rejected"]
    bench.add(
        "of those predictions recorded",
        f"{health['delivered']:,} of {total:,}, {health['overflowed']:,} overflowed",
        "none",
        "shown",
        None,
    )
