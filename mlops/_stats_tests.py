# SPDX-License-Identifier: MIT
"""Tests of two samples (see `mlops.stats`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Optional

import numpy as np
import numpy.typing as npt

from ._stats_call import Answer, Numbers, call

Alternative = Literal["two_sided", "less", "greater"]


def welch(a: Numbers, b: Numbers, *, alternative: Alternative = "two_sided", confidence: float = 0.95) -> Answer:
    """Welch's t test of the means (Welch 1947): t = Δ/√(s₁²/n₁ + s₂²/n₂) with Welch's degrees of freedom.

    `effect` is mean(a) − mean(b), [`low`, `high`] its two-sided interval. Where nothing can be tested (an arm with one value,
    no variance in both) `testable` is False, `reason` says why and the p-value is NaN.
    """
    return call("welch", {"a": a, "b": b}, alternative=alternative, confidence=confidence)


def student(a: Numbers, b: Numbers, *, alternative: Alternative = "two_sided", confidence: float = 0.95) -> Answer:
    """Student's t test with the pooled variance and n₁ + n₂ − 2 degrees of freedom; answers as `welch`."""
    return call("student", {"a": a, "b": b}, alternative=alternative, confidence=confidence)


def welch_from_moments(
    a: Sequence[float], b: Sequence[float], *, alternative: Alternative = "two_sided", confidence: float = 0.95
) -> Answer:
    """`welch` of arms of which only (count, mean, Σ(x − mean)²) is kept."""
    return call("welch", {"a": a, "b": b}, moments=True, alternative=alternative, confidence=confidence)


def estimate_test(
    effect: float,
    std_error: float,
    *,
    dof: float = np.inf,
    alternative: Alternative = "two_sided",
    confidence: float = 0.95,
) -> Answer:
    """Tests an estimate with a standard error against 0: Student's law with `dof`, infinite is the normal law."""
    return call(
        "estimate_test", effect=effect, std_error=std_error, dof=dof, alternative=alternative, confidence=confidence
    )


def two_proportions(
    successes_a: int,
    trials_a: int,
    successes_b: int,
    trials_b: int,
    *,
    alternative: Alternative = "two_sided",
    confidence: float = 0.95,
) -> Answer:
    """z test of two rates with the pooled standard error; the interval is Newcombe's. 0/n v 0/n gives z 0, p 1."""
    return call(
        "two_proportions",
        successes_a=successes_a,
        trials_a=trials_a,
        successes_b=successes_b,
        trials_b=trials_b,
        alternative=alternative,
        confidence=confidence,
    )


def newcombe_interval(
    successes_a: int, trials_a: int, successes_b: int, trials_b: int, *, confidence: float = 0.95
) -> Answer:
    """Interval of p₁ − p₂ (Newcombe 1998, method 10): {low, high}. Never degenerate."""
    return call(
        "newcombe_interval",
        successes_a=successes_a,
        trials_a=trials_a,
        successes_b=successes_b,
        trials_b=trials_b,
        confidence=confidence,
    )


def miettinen_nurminen_interval(
    successes_a: int, trials_a: int, successes_b: int, trials_b: int, *, confidence: float = 0.95
) -> Answer:
    """Score interval of p₁ − p₂ (Miettinen and Nurminen 1985), by bisection on the restricted likelihood."""
    return call(
        "miettinen_nurminen_interval",
        successes_a=successes_a,
        trials_a=trials_a,
        successes_b=successes_b,
        trials_b=trials_b,
        confidence=confidence,
    )


def wilson_interval(successes: int, trials: int, *, confidence: float = 0.95) -> Answer:
    """Score interval of one rate (Wilson 1927)."""
    return call("wilson_interval", successes=successes, trials=trials, confidence=confidence)


def clopper_pearson_interval(successes: int, trials: int, *, confidence: float = 0.95) -> Answer:
    """Exact interval of one rate (Clopper and Pearson 1934)."""
    return call("clopper_pearson_interval", successes=successes, trials=trials, confidence=confidence)


def fisher_exact(table: npt.ArrayLike, *, alternative: Alternative = "two_sided") -> Answer:
    """Fisher's exact test of a 2 × 2 table; two-sided sums what is no likelier than what was seen (as R)."""
    return call("fisher_exact", {"counts": table}, alternative=alternative)


def _rows(table: npt.ArrayLike) -> int:
    shape = np.shape(table)
    return int(shape[0]) if len(shape) == 2 else 1


def chi2_homogeneity(table: npt.ArrayLike) -> Answer:
    """Pearson's χ² of a rows × columns table of counts; empty rows and columns are left out. `sparse`: Cochran's rule is
    broken, take `chi2_permutation` or `fisher_exact`."""
    return call("chi2_homogeneity", {"counts": table}, rows=_rows(table))


def chi2_permutation(table: npt.ArrayLike, *, permutations: int = 9999, seed: int = 0) -> Answer:
    """The same by permutation: (1 + as extreme)/(1 + permutations); the same answer for the same seed."""
    return call("chi2_permutation", {"counts": table}, rows=_rows(table), permutations=permutations, seed=seed)


def g_test(table: npt.ArrayLike) -> Answer:
    """Likelihood-ratio test 2Σ O ln(O/E) of a table of counts (Wilks 1938)."""
    return call("g_test", {"counts": table}, rows=_rows(table))


def chi2_goodness(counts: Numbers, shares: Numbers) -> Answer:
    """χ² of counts against known shares, e.g. a fixed sample-ratio check. Anything seen where the share is 0: p 0."""
    return call("chi2_goodness", {"counts": counts, "shares": shares})


def mann_whitney(
    a: Numbers,
    b: Numbers,
    *,
    alternative: Alternative = "two_sided",
    method: Literal["automatic", "exact", "normal"] = "automatic",
) -> Answer:
    """Mann and Whitney's U₁ (1947): the exact law given the ties up to 50 values, else the normal law with mid-ranks and a
    continuity correction. `superiority` is P(X > Y) + P(X = Y)/2, `shift` Hodges and Lehmann's estimate."""
    return call("mann_whitney", {"a": a, "b": b}, alternative=alternative, method=method)


def ks(a: Numbers, b: Numbers, *, method: Literal["automatic", "exact", "limit"] = "automatic") -> Answer:
    """Two-sample Kolmogorov–Smirnov: D is exact at every size; p is exact (given ties) up to n·m = 10,000, else
    Kolmogorov's limit 2Σ(−1)^(j−1) e^(−2j²λ²), λ = D√(nm/(n+m))."""
    return call("ks", {"a": a, "b": b}, method=method)


def cramer_von_mises(a: Numbers, b: Numbers) -> Answer:
    """Two-sample Cramér–von Mises (Anderson 1962), limit law."""
    return call("cramer_von_mises", {"a": a, "b": b})


def anderson_darling(samples: Sequence[Numbers]) -> Answer:
    """k-sample Anderson–Darling (Scholz and Stephens 1987), mid-ranks; p by interpolation, not clipped."""
    arrays = [np.asarray(sample, dtype=np.float64).ravel() for sample in samples]
    flat = np.concatenate(arrays) if arrays else np.empty(0)
    return call("anderson_darling", {"values": flat, "sizes": [len(a) for a in arrays]})


def epps_singleton(a: Numbers, b: Numbers) -> Answer:
    """Epps and Singleton (1986): characteristic functions at two places, χ² with 4 degrees of freedom."""
    return call("epps_singleton", {"a": a, "b": b})


def non_inferiority(
    effect: float, std_error: float, margin: float, *, confidence: float = 0.95, dof: float = np.inf
) -> Answer:
    """Whether the effect is above −margin, one-sided at 1 − confidence."""
    return call("non_inferiority", effect=effect, std_error=std_error, margin=margin, confidence=confidence, dof=dof)


def equivalence(
    effect: float, std_error: float, margin: float, *, confidence: float = 0.95, dof: float = np.inf
) -> Answer:
    """Whether the effect lies within ±margin: two one-sided tests (Schuirmann 1987)."""
    return call("equivalence", effect=effect, std_error=std_error, margin=margin, confidence=confidence, dof=dof)


def ratio_estimate(numerator: Numbers, denominator: Numbers) -> Answer:
    """Σy/Σx over units with its standard error by the delta method."""
    return call("ratio_estimate", {"a": numerator, "a_x": denominator})


def ratio_test(
    a: Numbers,
    a_denominator: Numbers,
    b: Numbers,
    b_denominator: Numbers,
    *,
    alternative: Alternative = "two_sided",
    confidence: float = 0.95,
) -> Answer:
    """The difference of two ratios of sums, delta method, normal law."""
    arrays = {"a": a, "a_x": a_denominator, "b": b, "b_x": b_denominator}
    return call("ratio_test", arrays, alternative=alternative, confidence=confidence)


def cuped_test(
    a: Numbers,
    a_covariate: Numbers,
    b: Numbers,
    b_covariate: Numbers,
    *,
    alternative: Alternative = "two_sided",
    confidence: float = 0.95,
) -> Answer:
    """Welch on values adjusted by a covariate that precedes exposure (CUPED, Deng et al. 2013); θ is pooled within the
    arms, so that a real effect cannot leak into it. `test` is the comparison, `variance_kept` what is left."""
    arrays = {"a": a, "a_x": a_covariate, "b": b, "b_x": b_covariate}
    return call("cuped_test", arrays, alternative=alternative, confidence=confidence)


def moments(values: Numbers, second: Optional[Numbers] = None) -> Answer:
    """Mergeable moments: count, means, centred second moments and cross product with a second value of each unit."""
    return call("moments", {"a": values, "a_x": second})


def fieller_lift(
    mean_a: float, se_a: float, mean_b: float, se_b: float, *, confidence: float = 0.95, dof: float = np.inf
) -> Answer:
    """Interval of mean_a/mean_b − 1 (Fieller 1954); `bounded` is False where the control's mean may be 0."""
    return call("fieller_lift", mean_a=mean_a, se_a=se_a, mean_b=mean_b, se_b=se_b, confidence=confidence, dof=dof)


def delta_lift(mean_a: float, se_a: float, mean_b: float, se_b: float, *, confidence: float = 0.95) -> Answer:
    """The same by the first-order delta method, GrowthBook's interval: covers too little for small control means."""
    return call("delta_lift", mean_a=mean_a, se_a=se_a, mean_b=mean_b, se_b=se_b, confidence=confidence)


def quantile(values: Numbers, q: float, *, confidence: float = 0.95, clusters: Optional[Numbers] = None) -> Answer:
    """A quantile (numpy's linear rule) with its order-statistic interval, or with the clusters' variance (Deng 2018)."""
    return call("quantile", {"values": values, "clusters": clusters}, q=q, confidence=confidence)


def quantile_ranks(n: int, q: float, *, confidence: float = 0.95) -> Answer:
    """Ranks from 1 that enclose the quantile of n values with at least that probability; 0 and n + 1: unbounded."""
    return call("quantile_ranks", n=n, q=q, confidence=confidence)


def quantile_difference(
    a: Numbers,
    b: Numbers,
    q: float,
    *,
    alternative: Alternative = "two_sided",
    confidence: float = 0.95,
    a_clusters: Optional[Numbers] = None,
    b_clusters: Optional[Numbers] = None,
) -> Answer:
    """The difference of two quantiles, normal law with the standard errors of `quantile`."""
    arrays = {"a": a, "b": b, "a_clusters": a_clusters, "b_clusters": b_clusters}
    return call("quantile_difference", arrays, q=q, alternative=alternative, confidence=confidence)


def winsorize(values: Numbers, low: float, high: float) -> npt.NDArray[np.float64]:
    """Values below `low` become low, above `high` high; NaN stays."""
    return np.asarray(call("winsorize", {"values": values}, low=low, high=high)["values"], dtype=np.float64)
