# SPDX-License-Identifier: MIT
"""Distances between data and their null laws (see `mlops.stats`)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._stats_call import Answer, Numbers, call, value, values


def cell_distances(current: Numbers, reference: Numbers) -> Answer:
    """Distances of two histograms over the same cells: PSI (of (c + ½)/(n + k/2), and raw), KL both ways, Jensen–Shannon
    divergence and distance in base e and 2, Hellinger, total variation, L∞."""
    return call("cell_distances", {"current": current, "reference": reference})


def sample_distances(current: Numbers, reference: Numbers) -> Answer:
    """Exact distances of two samples: Wasserstein-1 (also over the reference's standard deviation), energy distance
    √(2∫(F−G)²) and its square, Kolmogorov–Smirnov's D."""
    return call("sample_distances", {"current": current, "reference": reference})


def null_thresholds(n: float, m: float, occupied: int, *, alpha: float = 0.05) -> Answer:
    """What each distance exceeds with probability alpha although nothing changed: (1/n + 1/m)·χ² and an eighth of it."""
    return call("null_thresholds", n=n, m=m, occupied=occupied, alpha=alpha)


def distance_p_values(current: Numbers, reference: Numbers, *, draws: int = 9999, seed: int = 0) -> Answer:
    """P-values of the distances by drawing both sides from the pooled shares; right for sparse cells too."""
    return call("distance_p_values", {"current": current, "reference": reference}, draws=draws, seed=seed)


def ks_critical(n: float, m: float, *, alpha: float = 0.05) -> float:
    """Critical distance of Kolmogorov–Smirnov's limit law."""
    return value("ks_critical", n=n, m=m, alpha=alpha)


def reference_cells(reference: Numbers, *, cells: int = 10) -> Answer:
    """The cells a feature is counted in: quantile `edges`, and `masses` for values that hold more than a cell's share."""
    return call("reference_cells", {"reference": reference}, cells=cells)


def count_cells(cells: Answer, sample: Numbers) -> npt.NDArray[np.float64]:
    """Counts of a sample in `reference_cells`: below, the ranges, above, then the masses."""
    return values("count_cells", {"edges": cells["edges"], "masses": cells["masses"], "values": sample})
