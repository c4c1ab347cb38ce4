# SPDX-License-Identifier: MIT
"""Statistics: two-sample KS beside scipy, sequential bounds, the rate of assignment, each exact."""

from __future__ import annotations

import time

import numpy as np
from scipy import stats as scipy_stats

from bench.common import Bench, rate

KS_ROWS = 10_000_000
KS_TIMES = 3.0
LOOKS = 200
BOUNDS_SECONDS = 0.050
IDS = 5_000_000
IDS_A_SECOND = 10_000_000
PURE_PYTHON_IDS = 20_000


def kolmogorov(bench: Bench) -> None:
    rng = np.random.default_rng(11)
    shapes = {
        "normal": (rng.normal(0, 1, KS_ROWS), rng.normal(0.001, 1, KS_ROWS)),
        "lognormal": (rng.lognormal(0, 2, KS_ROWS), rng.lognormal(0, 2, KS_ROWS)),
    }
    for name, (a, b) in shapes.items():
        files = [bench.folder / f"{name}_{side}.f64" for side in "ab"]
        for path, values in zip(files, (a, b)):
            values.tofile(path)
        ours = bench.run_json("stats_bench", "ks", *files)
        start = time.perf_counter()
        theirs = scipy_stats.ks_2samp(a, b, method="asymp")
        seconds = time.perf_counter() - start
        if abs(theirs.statistic - ours["statistic"]) > 1e-12:
            raise AssertionError(f"the statistics differ: {ours['statistic']} and scipy's {theirs.statistic}")
        times = seconds / ours["seconds"]
        bench.add(
            f"two-sample KS, 10⁷ v 10⁷ {name}, exact statistic",
            f"{ours['seconds']:.3f} s ({times:.1f} ×)",
            f"scipy {seconds:.2f} s",
            f"≥ {KS_TIMES:.0f} ×",
            times >= KS_TIMES,
        )
        for path in files:
            path.unlink()


def fnv(text: str) -> int:
    value = 2166136261
    for byte in text.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def measure(bench: Bench) -> None:
    kolmogorov(bench)
    for name, found in zip(("O'Brien–Fleming", "Pocock", "power"), bench.run_json("stats_bench", "bounds", LOOKS)):
        bench.add(
            f"sequential bounds, {LOOKS} looks, {name} spending",
            f"{1000 * found['seconds']:.1f} ms",
            "Spotify's library 38 s (issue 4)",
            f"≤ {1000 * BOUNDS_SECONDS:.0f} ms",
            found["seconds"] <= BOUNDS_SECONDS,
        )
    found = bench.run_json("stats_bench", "assignment", IDS)
    ours = IDS / found["seconds"]
    start = time.perf_counter()
    first = sum(fnv(str(fnv(f"benchuser-{i:08}"))) % 10000 < 5000 for i in range(PURE_PYTHON_IDS))
    theirs = PURE_PYTHON_IDS / (time.perf_counter() - start)
    if not 0.45 < found["first"] / IDS < 0.55 or not 0.45 < first / PURE_PYTHON_IDS < 0.55:
        raise AssertionError("the split is not even")
    bench.add(
        "assignment of 13-byte ids, v2, one core",
        rate(ours),
        f"the same in Python, as GrowthBook's SDK hashes, {rate(theirs)}",
        f"≥ {rate(IDS_A_SECOND)}",
        ours >= IDS_A_SECOND,
    )
