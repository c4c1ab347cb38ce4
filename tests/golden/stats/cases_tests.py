# SPDX-License-Identifier: MIT
"""Two-sample tests: means, proportions, tables, ranks, Kolmogorov–Smirnov."""

from __future__ import annotations

import itertools

import mpmath as mp
import numpy as np
from scipy import special, stats
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from tests.golden.stats.suite import CLOSE, EXACT, Suite

SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
ALTERNATIVES = {"two_sided": "two-sided", "less": "less", "greater": "greater"}
SCIPY = "scipy.stats."


def data(suite: Suite) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(20261123)
    return {
        "sleep_1": suite.named("sleep_1", SLEEP_1),
        "sleep_2": suite.named("sleep_2", SLEEP_2),
        "normal_40": suite.named("normal_40", rng.normal(0, 1, 40).round(6)),
        "normal_60": suite.named("normal_60", rng.normal(0.4, 1.7, 60).round(6)),
        "lognormal_120": suite.named("lognormal_120", rng.lognormal(0, 1.2, 120).round(6)),
        "normal_150": suite.named("normal_150", rng.normal(1.5, 1, 150).round(6)),
        "ties_30": suite.named("ties_30", rng.integers(0, 5, 30)),
        "ties_45": suite.named("ties_45", rng.integers(1, 7, 45)),
        "far_25": suite.named("far_25", rng.normal(1e6, 1e-2, 25)),
        "far_20": suite.named("far_20", rng.normal(1e6 + 0.01, 2e-2, 20)),
        "few_5": suite.named("few_5", [1.5, 2.5, 2.5, 4.0, 9.0]),
        "few_7": suite.named("few_7", [0.5, 2.5, 3.0, 3.5, 4.0, 4.0, 5.0]),
    }


PAIRS = [
    ("sleep_1", "sleep_2"), ("normal_40", "normal_60"), ("normal_60", "lognormal_120"), ("ties_30", "ties_45"),
    ("lognormal_120", "normal_150"), ("few_5", "few_7"), ("far_25", "far_20"), ("normal_150", "sleep_1"),
]  # fmt: skip


def means(suite: Suite, named: dict[str, np.ndarray]) -> None:
    for a, b in PAIRS:
        x, y = named[a], named[b]
        # Means near 1e6 with a spread of 1e-2 lose digits in scipy's own differences.
        tolerance = 1e-8 if a.startswith("far") else EXACT
        for call, equal in (("welch", False), ("student", True)):
            for ours, theirs in ALTERNATIVES.items():
                r = stats.ttest_ind(x, y, equal_var=equal, alternative=theirs)
                two = stats.ttest_ind(x, y, equal_var=equal)
                expect = {"testable": True, "statistic": r.statistic, "dof": r.df, "p_value": r.pvalue,
                          "effect": x.mean() - y.mean()}  # fmt: skip
                confidence = {"two_sided": 0.95, "less": 0.9, "greater": 0.99}[ours]
                ci = two.confidence_interval(confidence)
                expect |= {"low": ci.low, "high": ci.high}
                suite.case(call, expect, SCIPY + "ttest_ind", arrays={"a": a, "b": b}, tolerance=tolerance,
                           alternative=ours, confidence=confidence)  # fmt: skip
    suite.case("welch", {"testable": False, "effect": 1.0}, "definitions.md D3", arrays={"a": [2, 2, 2], "b": [1, 1]})
    suite.case("welch", {"testable": False, "effect": -0.5}, "definitions.md D3", arrays={"a": [1], "b": [1, 2]})
    suite.case("student", {"testable": False}, "definitions.md D3", arrays={"a": [1, 1], "b": [1, 1]})
    r = stats.ttest_ind_from_stats(3.0, 1.5, 100, 2.5, 2.0, 300, equal_var=False)
    suite.case("welch", {"statistic": r.statistic, "p_value": r.pvalue}, SCIPY + "ttest_ind_from_stats",
               arrays={"a": [100, 3.0, 1.5**2 * 99], "b": [300, 2.5, 4.0 * 299]}, moments=True)  # fmt: skip
    suite.refuses("welch", "a", arrays={"a": [1, np.nan, 2], "b": [1, 2]})
    suite.refuses("welch", "b", arrays={"a": [1, 2], "b": []})
    suite.refuses("welch", "confidence", arrays={"a": [1, 2], "b": [3, 4]}, confidence=1.0)
    suite.refuses("welch", "alternative", arrays={"a": [1, 2], "b": [3, 4]}, alternative="smaller")
    suite.refuses("welch", "equal_var", arrays={"a": [1, 2], "b": [3, 4]}, equal_var=True)


COUNTS = [
    (100, 1000, 120, 1000), (5, 50, 9, 50), (0, 20, 0, 20), (20, 20, 20, 20), (0, 100, 5, 100), (99, 100, 95, 100),
    (1, 10, 3, 8), (56, 70, 48, 80), (9, 10, 3, 10), (5, 56, 0, 29), (10, 10, 0, 20), (0, 10, 10, 10),
    (4821, 50000, 5011, 50000), (123456, 1000000, 124001, 1000000), (3, 40, 9, 38), (6, 7, 2, 7), (1, 1, 0, 1),
]  # fmt: skip


def newcombe(x1: int, n1: int, x2: int, n2: int, confidence: float) -> tuple[mp.mpf, mp.mpf]:
    z = mp.sqrt(2) * mp.erfinv(mp.mpf(confidence))

    def wilson(x: int, n: int) -> tuple[mp.mpf, mp.mpf]:
        p = mp.mpf(x) / n
        half = z * mp.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
        centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        return centre - half, centre + half

    (l1, u1), (l2, u2), p1, p2 = wilson(x1, n1), wilson(x2, n2), mp.mpf(x1) / n1, mp.mpf(x2) / n2
    return p1 - p2 - mp.sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2), p1 - p2 + mp.sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)


def miettinen_nurminen(x1: int, n1: int, x2: int, n2: int, confidence: float) -> tuple[mp.mpf, mp.mpf]:
    """The paper's closed form of the restricted estimate (its appendix I), inverted by bisection at 40 digits."""
    z = mp.sqrt(2) * mp.erfinv(mp.mpf(confidence))
    n = n1 + n2

    def score(delta: mp.mpf) -> mp.mpf:
        l3, l2 = n, (n1 + 2 * n2) * delta - n - (x1 + x2)
        l1 = (n2 * delta - n - 2 * x2) * delta + (x1 + x2)
        l0 = x2 * delta * (1 - delta)
        q = mp.mpf(l2) ** 3 / (3 * l3) ** 3 - l1 * l2 / (6 * mp.mpf(l3) ** 2) + l0 / (2 * mp.mpf(l3))
        p = mp.sign(q) * mp.sqrt(max(mp.mpf(0), l2**2 / (3 * mp.mpf(l3)) ** 2 - l1 / (3 * mp.mpf(l3))))
        if p == 0:
            r2 = -l2 / (3 * mp.mpf(l3))
        else:
            r2 = 2 * p * mp.cos((mp.pi + mp.acos(max(-1, min(1, q / p**3)))) / 3) - l2 / (3 * mp.mpf(l3))
        r1 = r2 + delta
        variance = (r1 * (1 - r1) / n1 + r2 * (1 - r2) / n2) * n / (n - 1)
        distance = mp.mpf(x1) / n1 - mp.mpf(x2) / n2 - delta
        return distance / mp.sqrt(variance) if variance > 0 else mp.sign(distance) * mp.inf

    def solve(wanted: mp.mpf, low: mp.mpf, high: mp.mpf) -> mp.mpf:
        for _ in range(120):
            middle = (low + high) / 2
            if score(middle) > wanted:
                low = middle
            else:
                high = middle
        return (low + high) / 2

    seen = mp.mpf(x1) / n1 - mp.mpf(x2) / n2
    tiny = mp.mpf(10) ** -35
    return (solve(z, mp.mpf(-1) + tiny, seen) if seen > -1 else mp.mpf(-1),
            solve(-z, seen, mp.mpf(1) - tiny) if seen < 1 else mp.mpf(1))  # fmt: skip


def proportions(suite: Suite) -> None:
    mp.mp.dps = 40
    for x1, n1, x2, n2 in COUNTS:
        given = {"successes_a": x1, "trials_a": n1, "successes_b": x2, "trials_b": n2}
        for confidence in (0.95, 0.8):
            low, high = newcombe(x1, n1, x2, n2, confidence)
            suite.case("newcombe_interval", {"low": float(low), "high": float(high)}, "Newcombe 1998 method 10, mpmath",
                       confidence=confidence, **given)  # fmt: skip
            low, high = miettinen_nurminen(x1, n1, x2, n2, confidence)
            suite.case("miettinen_nurminen_interval", {"low": float(low), "high": float(high)},
                       "Miettinen and Nurminen 1985, closed form, mpmath", tolerance=CLOSE,
                       confidence=confidence, **given)  # fmt: skip
        for ours, theirs in {"two_sided": "two-sided", "less": "smaller", "greater": "larger"}.items():
            if 0 < x1 + x2 < n1 + n2:
                z, p = proportions_ztest([x1, x2], [n1, n2], alternative=theirs)
            else:
                z, p = 0.0, 1.0
            suite.case("two_proportions", {"statistic": z, "p_value": p, "effect": x1 / n1 - x2 / n2},
                       "statsmodels proportions_ztest; D3", alternative=ours, **given)  # fmt: skip
        for method, call in (("wilson", "wilson_interval"), ("beta", "clopper_pearson_interval")):
            low, high = proportion_confint(x1, n1, 0.05, method)
            low, high = (0.0 if x1 == 0 else low), (1.0 if x1 == n1 else high)
            suite.case(call, {"low": low, "high": high}, f"statsmodels proportion_confint {method}", tolerance=1e-11,
                       successes=x1, trials=n1)  # fmt: skip
    paper = "Newcombe 1998 table II, four digits"
    given = {"successes_a": 56, "trials_a": 70, "successes_b": 48, "trials_b": 80}
    suite.case("newcombe_interval", {"low": 0.0524, "high": 0.3339}, paper, tolerance=5e-5, **given)
    suite.case("miettinen_nurminen_interval", {"low": 0.0528, "high": 0.3382}, paper, tolerance=5e-5, **given)
    suite.refuses("two_proportions", "b", successes_a=1, trials_a=2, successes_b=3, trials_b=2)
    suite.refuses("newcombe_interval", "a", successes_a=0, trials_a=0, successes_b=1, trials_b=2)
    suite.refuses("two_proportions", "trials_b", successes_a=1, trials_a=2, successes_b=3)


TABLES = [
    ([[10, 20, 30], [20, 20, 20]], 2), ([[8, 2], [1, 5]], 2), ([[0, 20], [0, 20]], 2), ([[500, 300, 200], [480, 330, 190]], 2),
    ([[1, 2, 3, 4, 0], [2, 2, 2, 3, 1]], 2), ([[10, 0, 5], [7, 0, 9]], 2), ([[5, 5], [7, 8], [20, 3]], 3), ([[100000, 99000], [101000, 99900]], 2),
]  # fmt: skip


def tables(suite: Suite) -> None:
    for table, rows in TABLES:
        counts = np.array(table, float)
        kept = counts[:, counts.sum(0) > 0]
        flat = {"counts": counts.ravel()}
        if kept.shape[1] < 2:
            suite.case("chi2_homogeneity", {"testable": False}, "definitions.md D3", arrays=flat, rows=rows)
            continue
        for call, law in (("chi2_homogeneity", None), ("g_test", "log-likelihood")):
            r = stats.chi2_contingency(kept, correction=False, lambda_=law)
            v = stats.contingency.association(kept.astype(int), method="cramer", correction=False)
            suite.case(call, {"statistic": r.statistic, "p_value": r.pvalue, "dof": r.dof, "cramers_v": v},
                       SCIPY + "chi2_contingency", arrays=flat, rows=rows)  # fmt: skip
    fisher = [[8, 2, 1, 5], [10, 10, 10, 10], [0, 5, 5, 0], [3, 17, 9, 11], [1, 9, 11, 3], [120, 880, 100, 900], [0, 0, 3, 4],
              [2, 3, 6, 4], [1000, 99000, 1100, 98900], [7, 0, 0, 7], [190, 800, 200, 900], [60, 10, 30, 25]]  # fmt: skip
    for cells in fisher:
        for ours, theirs in ALTERNATIVES.items():
            r = stats.fisher_exact(np.reshape(cells, (2, 2)), alternative=theirs)
            suite.case("fisher_exact", {"p_value": r.pvalue}, SCIPY + "fisher_exact", arrays={"counts": cells},
                       tolerance=CLOSE, alternative=ours)  # fmt: skip
    for counts, shares in [([5000, 5200], [1, 1]), ([90, 60, 104, 95], [29, 21, 26, 24]), ([33, 33, 34], [0.2, 0.3, 0.5])]:
        expected = np.sum(counts) * np.array(shares) / np.sum(shares)
        r = stats.chisquare(counts, expected)
        suite.case("chi2_goodness", {"statistic": r.statistic, "p_value": r.pvalue, "dof": len(counts) - 1},
                   SCIPY + "chisquare", arrays={"counts": counts, "shares": shares})  # fmt: skip
    suite.case("chi2_goodness", {"p_value": 0.0, "dof": 1.0}, "definitions.md D13",
               arrays={"counts": [100, 100, 5], "shares": [0.5, 0.5, 0]})  # fmt: skip
    suite.case("chi2_goodness", {"testable": False}, "definitions.md D3", arrays={"counts": [7, 0], "shares": [1, 0]})
    exact = stats.fisher_exact([[8, 2], [1, 5]]).pvalue  # on one χ² value per table the permutation law is Fisher's
    suite.case("chi2_permutation", {"p_value": exact}, SCIPY + "fisher_exact, within the Monte-Carlo error",
               arrays={"counts": [8, 2, 1, 5]}, tolerance=4e-3, permutations=20000, seed=7)  # fmt: skip
    suite.refuses("chi2_homogeneity", "counts", arrays={"counts": [1, 2, 3]})
    suite.refuses("chi2_goodness", "shares", arrays={"counts": [1, 2], "shares": [0, 0]})
    suite.refuses("fisher_exact", "counts", arrays={"counts": [1, 2, 3.5, 4]})
    suite.refuses("chi2_permutation", "permutations", arrays={"counts": [8, 2, 1, 5]}, permutations=3)


def conditional_p(x: np.ndarray, y: np.ndarray, alternative: str) -> float:
    """By looking at every choice of ranks."""
    ranks = stats.rankdata(np.concatenate([x, y]))
    seen, mean = ranks[: len(x)].sum(), len(x) * (len(ranks) + 1) / 2
    sums = np.array([sum(choice) for choice in itertools.combinations(ranks, len(x))])
    if alternative == "less":
        return float(np.mean(sums <= seen))
    if alternative == "greater":
        return float(np.mean(sums >= seen))
    return float(np.mean(np.abs(sums - mean) >= abs(seen - mean)))


def ranks(suite: Suite, named: dict[str, np.ndarray]) -> None:
    for a, b in PAIRS:
        x, y = named[a], named[b]
        shift = float(np.median(np.subtract.outer(x, y)))
        for ours, theirs in ALTERNATIVES.items():
            r = stats.mannwhitneyu(x, y, alternative=theirs, method="asymptotic")
            expect = {"statistic": r.statistic, "p_value": r.pvalue, "superiority": r.statistic / (len(x) * len(y)),
                      "shift": shift}  # fmt: skip
            suite.case("mann_whitney", expect, SCIPY + "mannwhitneyu", arrays={"a": a, "b": b}, alternative=ours,
                       method="normal")  # fmt: skip
    rng = np.random.default_rng(5)
    for n, m, ties in [(4, 5, False), (6, 6, False), (8, 8, False), (5, 7, True), (6, 8, True), (3, 9, True), (7, 7, True)]:
        x, y = (rng.integers(0, 6, k).astype(float) if ties else rng.normal(0, 1, k).round(4) for k in (n, m))
        for ours in ALTERNATIVES:
            suite.case("mann_whitney", {"p_value": conditional_p(x, y, ours), "method": "exact conditional"},
                       "every choice of ranks", arrays={"a": x, "b": y}, alternative=ours)  # fmt: skip
    x, y = rng.normal(0, 1, 25).round(5), rng.normal(0.6, 1, 24).round(5)
    for ours, theirs in ALTERNATIVES.items():
        r = stats.mannwhitneyu(x, y, alternative=theirs, method="exact")
        suite.case("mann_whitney", {"p_value": r.pvalue}, SCIPY + "mannwhitneyu exact", arrays={"a": x, "b": y},
                   alternative=ours)  # fmt: skip
    suite.case("mann_whitney", {"testable": False}, "definitions.md D3", arrays={"a": [1, 1], "b": [1]})
    suite.refuses("mann_whitney", "method", arrays={"a": "normal_40", "b": "normal_60"}, method="exact")


def tied_ks_p(x: np.ndarray, y: np.ndarray) -> float:
    """By looking at every way to call n of the pooled values the first sample."""
    pooled = np.sort(np.concatenate([x, y]))
    ends = np.append(pooled[1:] != pooled[:-1], True)
    n, m = len(x), len(y)
    seen = np.max(np.abs(np.searchsorted(np.sort(x), pooled, "right") * m - np.searchsorted(np.sort(y), pooled, "right") * n))
    count = total = 0
    for choice in itertools.combinations(range(n + m), n):
        first = np.zeros(n + m)
        first[list(choice)] = 1
        i = np.cumsum(first)
        j = np.arange(1, n + m + 1) - i
        count += np.max(np.abs(i * m - j * n)[ends]) >= seen
        total += 1
    return count / total


def kolmogorov(suite: Suite, named: dict[str, np.ndarray]) -> None:
    for a, b in PAIRS:
        x, y = named[a], named[b]
        d = stats.ks_2samp(x, y).statistic
        n, m = len(x), len(y)
        suite.case("ks", {"statistic": d, "p_value": special.kolmogorov(d * np.sqrt(n * m / (n + m)))},
                   "scipy.stats.ks_2samp statistic, scipy.special.kolmogorov", arrays={"a": a, "b": b}, method="limit")  # fmt: skip
        if len(set(x) | set(y)) == n + m:
            r = stats.ks_2samp(x, y, method="exact")
            suite.case("ks", {"statistic": r.statistic, "p_value": r.pvalue, "n": n, "m": m}, SCIPY + "ks_2samp exact",
                       arrays={"a": a, "b": b}, method="exact", tolerance=CLOSE)  # fmt: skip
    rng = np.random.default_rng(6)
    for n, m in [(3, 4), (5, 5), (4, 7), (6, 6), (2, 2)]:
        x, y = rng.integers(0, 4, n).astype(float), rng.integers(1, 5, m).astype(float)
        suite.case("ks", {"p_value": tied_ks_p(x, y)}, "every order of the pooled values", arrays={"a": x, "b": y})
    suite.case("ks", {"p_value": 1 / 3, "statistic": 1.0}, "definitions.md D1", arrays={"a": [1, 2], "b": [3, 4]})
    suite.case("ks", {"p_value": 1.0, "statistic": 0.0}, "same samples", arrays={"a": [1, 2], "b": [2, 1]})
    suite.refuses("ks", "b", arrays={"a": [1], "b": [np.inf]})


def make(suite: Suite) -> None:
    named = data(suite)
    means(suite, named)
    proportions(suite)
    tables(suite)
    ranks(suite, named)
    kolmogorov(suite, named)
