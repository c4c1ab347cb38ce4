# SPDX-License-Identifier: MIT
"""The gateway: what its hop adds to a prediction, and how long a killed replica is felt."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from bench.common import Bench, micros
from bench.serving.measure import Load as Wrk
from mlops.tests.e2e.gateway_peers import BODY, MODEL, ControlPlane, Gateway, Load, Replica, ended, target

ROUNDS = 5
HOP_US_MAX = 100.0
FAILOVER_SECONDS_MAX = 1.0
KILLS = 5
PER_SECOND = 1_000
SETTLE_SECONDS = 1.0


def measure(bench: Bench) -> None:
    folder = bench.folder / "gateway"
    folder.mkdir()
    plane = ControlPlane()
    plane.start()
    try:
        plane.promote(MODEL, "1.0.0", "linear")
        hop(bench, plane, folder)
        kills(bench, plane, folder)
    finally:
        plane.stop()


def hop(bench: Bench, plane: ControlPlane, folder: Path) -> None:
    replica = Replica(plane.url, folder, "hop", "1.0.0")
    gateway = Gateway(plane.url, folder, "hop-gateway")
    load = Wrk(folder)
    load.body.write_text(BODY)
    with ended(replica, gateway):
        replica.start()
        generation = plane.route(target("d", 100, replica))
        gateway.start()
        port = plane.wait_for(generation)
        path = f"/v2/models/{MODEL}/infer"
        direct: list[float] = []
        through: list[float] = []
        for _ in range(ROUNDS):  # in turns, so that a busy moment of the machine meets both
            direct.append(load(f"http://127.0.0.1:{replica.port}{path}", 1)[1])
            through.append(load(f"http://127.0.0.1:{port}{path}", 1)[1])
        gateway.stop()
        replica.stop()
    added = statistics.median(through) - statistics.median(direct)
    bench.add(
        "a prediction through the gateway, 1 client, keep-alive: p50 added",
        f"{micros(added)} (p50 {micros(statistics.median(through))})",
        f"the replica itself: p50 {micros(statistics.median(direct))}",
        f"≤ {micros(HOP_US_MAX)}",
        added <= HOP_US_MAX,
    )


def longest_wait(load: Load, killed: float) -> float:
    """The longest anybody waited for an answer since the kill."""
    return max((over - max(began, killed) for began, over in load.times if over > killed), default=0.0)


def kills(bench: Bench, plane: ControlPlane, folder: Path) -> None:
    waits: list[float] = []
    failed = 0
    requests = 0
    for number in range(KILLS):
        first = Replica(plane.url, folder, f"first-{number}", "1.0.0")
        second = Replica(plane.url, folder, f"second-{number}", "1.0.0")
        gateway = Gateway(plane.url, folder, f"gateway-{number}")
        with ended(first, second, gateway):
            first.start()
            second.start()
            generation = plane.route(target("d", 100, first, second))
            gateway.start()
            port = plane.wait_for(generation)
            plane.wait_until_healthy(2)
            with Load(port, per_second=PER_SECOND) as load:
                time.sleep(SETTLE_SECONDS)
                killed = time.monotonic()
                first.kill()
                time.sleep(SETTLE_SECONDS)
        waits.append(longest_wait(load, killed))
        failed += len(load.failures)
        requests += load.total
    bench.add(
        f"kill -9 of one of two replicas under about {PER_SECOND:,} requests/s, {KILLS} times: longest wait for an answer",
        f"{max(waits) * 1000:,.1f} ms, {failed} of {requests:,} requests failed",
        "none",
        f"≤ {FAILOVER_SECONDS_MAX:g} s, 0 failed",
        max(waits) <= FAILOVER_SECONDS_MAX and failed == 0,
    )
