# SPDX-License-Identifier: MIT
"""Distances of histograms and samples, their null laws, reference cells."""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

from tests.golden.stats.cases_tests import PAIRS, data
from tests.golden.stats.suite import CLOSE, Suite

TABLES = [
    ([60, 40], [50, 50]), ([10, 0], [5, 5]), ([12, 30, 8, 50], [20, 25, 5, 50]), ([0, 3, 7, 0], [1, 3, 6, 0]),
    ([1000, 2000, 3000, 500, 20], [900, 2100, 3050, 480, 0]), ([0.2, 0.3, 0.5], [0.25, 0.25, 0.5]), ([5, 5, 5], [5, 5, 5]),
    ([1, 0, 0], [0, 0, 1]), (list(range(1, 21)), list(range(20, 0, -1))),
]  # fmt: skip


def cells(suite: Suite) -> None:
    for current, reference in TABLES:
        c, r = np.array(current, float), np.array(reference, float)
        p, q = c / c.sum(), r / r.sum()
        k = len(c)
        sp, sq = (c + 0.5) / (c.sum() + k / 2), (r + 0.5) / (r.sum() + k / 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            raw = np.nansum((p - q) * np.log(p / q)) if not np.any((p == 0) ^ (q == 0)) else np.inf
        expect = {
            "psi": np.sum((sp - sq) * np.log(sp / sq)),
            "psi_raw": raw,
            "kl": stats.entropy(sp, sq),
            "kl_reverse": stats.entropy(sq, sp),
            "js_distance": jensenshannon(p, q),
            "js_distance_2": jensenshannon(p, q, base=2),
            "js_divergence": jensenshannon(p, q) ** 2,
            "js_divergence_2": jensenshannon(p, q, base=2) ** 2,
            "hellinger": np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2),
            "total_variation": np.abs(p - q).sum() / 2,
            "l_infinity": np.abs(p - q).max(),
            "cells_occupied": int(np.sum((c > 0) | (r > 0))),
        }
        # A distance near 0 is a root of what cancels: 1e-9 there.
        suite.case("cell_distances", expect, "scipy jensenshannon, entropy; numpy", tolerance=CLOSE,
                   arrays={"current": c, "reference": r})  # fmt: skip
    statistics_md = {"js_divergence": 0.215762, "js_divergence_2": 0.311278, "js_distance": 0.464501, "js_distance_2": 0.557923}
    suite.case("cell_distances", statistics_md, "statistics.md 1.4", tolerance=6e-7, arrays={"current": [1, 0], "reference": [1, 1]})
    suite.case("cell_distances", {"psi_raw": 0.0405465, "hellinger": 0.071161, "l_infinity": 0.1}, "statistics.md 1.4",
               tolerance=6e-7, arrays={"current": [6, 4], "reference": [5, 5]})  # fmt: skip
    suite.refuses("cell_distances", "reference", arrays={"current": [1, 2], "reference": [1, 2, 3]})
    suite.refuses("cell_distances", "current", arrays={"current": [1, -2], "reference": [1, 2]})
    suite.refuses("cell_distances", "reference", arrays={"current": [1, 2], "reference": [0, 0]})


def samples(suite: Suite, named: dict[str, np.ndarray]) -> None:
    for a, b in PAIRS:
        x, y = named[a], named[b]
        w, e = stats.wasserstein_distance(x, y), stats.energy_distance(x, y)
        expect = {"wasserstein": w, "wasserstein_scaled": w / np.std(y), "energy": e, "energy_squared": e**2,
                  "ks": stats.ks_2samp(x, y).statistic}  # fmt: skip
        # Energy and σ of values near 1e6 ± 1e-2 keep 9 digits in numpy.
        suite.case("sample_distances", expect, "scipy wasserstein_distance, energy_distance, ks_2samp",
                   tolerance=1e-7 if a.startswith("far") else 1e-11, arrays={"current": a, "reference": b})  # fmt: skip
    suite.case("sample_distances", {"wasserstein": 5.0}, "statistics.md 1.4", arrays={"current": [0, 1, 3], "reference": [5, 6, 8]})
    suite.case("sample_distances", {"wasserstein": 1.0, "wasserstein_scaled": np.nan}, "definitions.md D11",
               arrays={"current": [2, 2], "reference": [1, 1]})  # fmt: skip
    suite.refuses("sample_distances", "current", arrays={"current": [np.nan], "reference": [1]})


def nulls(suite: Suite) -> None:
    for n, m, occupied, alpha in [(100, 100, 10, 0.05), (1000, 300, 6, 0.001), (1e6, 1e6, 20, 0.01), (50, 1e5, 2, 0.5)]:
        psi = (1 / n + 1 / m) * stats.chi2.isf(alpha, occupied - 1)
        expect = {"psi": psi, "js_divergence": psi / 8, "js_distance_2": np.sqrt(psi / 8 / np.log(2)), "hellinger": np.sqrt(psi / 8)}
        suite.case("null_thresholds", expect, "scipy.stats.chi2", n=n, m=m, occupied=occupied, alpha=alpha)
        suite.case("ks_critical", {"value": np.sqrt(-np.log(alpha / 2) / 2) * np.sqrt((n + m) / (n * m))}, "closed form",
                   n=n, m=m, alpha=alpha)  # fmt: skip
    suite.case("ks_critical", {"value": 1.3581}, "statistics.md 1.4", tolerance=5e-5, n=2, m=2, alpha=0.05)
    suite.refuses("null_thresholds", "occupied", n=10, m=10, occupied=1)
    # Two cells: |p − q| decides all distances, and its law is known (binomials with the pooled share).
    c, r = np.array([30, 70]), np.array([45, 55])
    share = (c + r)[0] / 200
    k = stats.binom.pmf(np.arange(101), 100, share)
    both = np.outer(k, k)
    gap = np.abs(np.subtract.outer(np.arange(101), np.arange(101)))
    suite.case("distance_p_values", {"total_variation": both[gap >= 15].sum(), "l_infinity": both[gap >= 15].sum()},
               "scipy.stats.binom, within the Monte-Carlo error", tolerance=4e-3, arrays={"current": c, "reference": r},
               draws=20000, seed=3)  # fmt: skip
    suite.refuses("distance_p_values", "draws", arrays={"current": c, "reference": r}, draws=5)


def edges(suite: Suite, named: dict[str, np.ndarray]) -> None:
    x = named["lognormal_120"]
    inner = np.quantile(x, np.arange(1, 10) / 10)
    suite.case("reference_cells", {"edges": np.concatenate([[x.min()], inner, [x.max()]]), "masses": []}, "numpy.quantile",
               arrays={"reference": "lognormal_120"}, cells=10)  # fmt: skip
    mostly_zero = np.concatenate([np.zeros(95), [1, 2, 3, 4, 5]])
    suite.case("reference_cells", {"edges": [0, 5], "masses": [0]}, "definitions.md D28", arrays={"reference": mostly_zero}, cells=10)
    suite.case("count_cells", {"values": [0, 5, 0, 95]}, "definitions.md D28",
               arrays={"edges": [0, 5], "masses": [0], "values": mostly_zero})  # fmt: skip
    suite.case("count_cells", {"values": [1, 2, 2, 1]}, "by hand",
               arrays={"edges": [0, 1, 2], "values": [-1, 0, 0.5, 1, 2, 3]})  # fmt: skip
    suite.case("reference_cells", {"edges": [7], "masses": [7]}, "a constant", arrays={"reference": [7, 7, 7]}, cells=4)
    five = named["ties_30"]
    found, counts = np.unique(five, return_counts=True)
    suite.case("reference_cells", {"masses": found[counts > 3]}, "numpy.unique, more than a tenth", arrays={"reference": "ties_30"}, cells=10)
    suite.refuses("reference_cells", "cells", arrays={"reference": [1, 2]}, cells=1)
    suite.refuses("count_cells", "edges", arrays={"edges": [1, 0], "values": [1]})


def make(suite: Suite) -> None:
    named = data(suite)
    cells(suite)
    samples(suite, named)
    nulls(suite)
    edges(suite, named)
