# SPDX-License-Identifier: MIT
"""Estimates and effects: ratio, lift, CUPED, quantiles, margins; Cramér–von Mises, Anderson–Darling, Epps–Singleton."""

from __future__ import annotations

import warnings

import mpmath as mp
import numpy as np
import statsmodels.api as sm
from scipy import stats

from tests.golden.stats.cases_tests import PAIRS, data
from tests.golden.stats.suite import CLOSE, Suite

SCIPY = "scipy.stats."


def omnibus(suite: Suite, named: dict[str, np.ndarray]) -> None:
    for a, b in PAIRS:
        x, y = named[a], named[b]
        r = stats.cramervonmises_2samp(x, y, method="asymptotic")
        suite.case("cramer_von_mises", {"statistic": r.statistic, "p_value": r.pvalue}, SCIPY + "cramervonmises_2samp",
                   arrays={"a": a, "b": b}, tolerance=CLOSE)  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            r = stats.anderson_ksamp([x, y], variant="midrank")
        expect = {"statistic": r.statistic}
        if 0.0011 < r.pvalue < 0.249:  # scipy clips to these
            expect["p_value"] = r.pvalue
        suite.case("anderson_darling", expect, SCIPY + "anderson_ksamp", tolerance=CLOSE,
                   arrays={"values": np.concatenate([x, y]), "sizes": [len(x), len(y)]})  # fmt: skip
        if not a.startswith("far"):  # cosines of 1e8 radians: rounding of the argument decides
            r = stats.epps_singleton_2samp(x, y)
            suite.case("epps_singleton", {"statistic": r.statistic, "p_value": r.pvalue}, SCIPY + "epps_singleton_2samp",
                       arrays={"a": a, "b": b}, tolerance=CLOSE)  # fmt: skip
    # Scholz and Stephens 1987, §7.1: smoothness of paper by four laboratories; A²akN = 4.480, p about .0023 (R kSamples).
    labs = [[38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0], [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8],
            [34.0, 35.0, 39.0, 40.0, 43.0, 43.0, 44.0, 45.0], [34.0, 34.8, 34.8, 35.4, 37.2, 37.8, 41.2, 42.8]]  # fmt: skip
    r = stats.anderson_ksamp(labs, variant="midrank")
    suite.case("anderson_darling", {"statistic": r.statistic, "p_value": r.pvalue}, "Scholz and Stephens 1987, " + SCIPY + "anderson_ksamp",
               tolerance=CLOSE, arrays={"values": np.concatenate(labs), "sizes": [8, 8, 8, 8]})  # fmt: skip
    suite.case("anderson_darling", {"statistic": 4.480}, "Scholz and Stephens 1987, section 7.1", tolerance=5e-4,
               arrays={"values": np.concatenate(labs), "sizes": [8, 8, 8, 8]})  # fmt: skip
    suite.case("anderson_darling", {"testable": False}, "all the same", arrays={"values": [1] * 6, "sizes": [3, 3]})
    suite.case("epps_singleton", {"testable": False}, "no scale", arrays={"a": [1] * 6, "b": [1] * 6})
    suite.refuses("anderson_darling", "sizes", arrays={"values": [1, 2, 3], "sizes": [2, 2]})
    suite.refuses("cramer_von_mises", "a", arrays={"a": [1], "b": [1, 2]})
    suite.refuses("epps_singleton", "b", arrays={"a": [1, 2, 3, 4, 5], "b": [1, 2]})


def arms(seed: int, n: int, m: int, effect: float, far: float = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    xa, xb = rng.gamma(2, 2, n) + far, rng.gamma(2, 2, m) + far
    ya = 0.8 * xa + rng.normal(effect, 1.5, n)
    yb = 0.8 * xb + rng.normal(0, 1.5, m)
    return tuple(v.round(6) for v in (ya, xa, yb, xb))


def paired(suite: Suite) -> None:
    for seed, (n, m, effect) in enumerate([(30, 40, 0.5), (100, 80, 0.0), (12, 15, 2.0), (60, 60, -0.7)]):
        ya, xa, yb, xb = arms(seed, n, m, effect)
        given = {"a": ya, "a_x": xa, "b": yb, "b_x": xb}
        # The pooled within-arm slope is the covariate's coefficient in y ~ 1 + arm + x.
        design = np.column_stack([np.ones(n + m), np.r_[np.ones(n), np.zeros(m)], np.r_[xa, xb]])
        fit = sm.OLS(np.r_[ya, yb], design).fit()
        theta = fit.params[2]
        welch = stats.ttest_ind(ya - theta * xa, yb - theta * xb, equal_var=False)
        expect = {"theta": theta, "test": {"effect": fit.params[1], "p_value": welch.pvalue, "dof": welch.df}}
        suite.case("cuped_test", expect, "statsmodels OLS, scipy.stats.ttest_ind", arrays=given, tolerance=1e-11)
        cov_a, cov_b = np.cov(ya, xa), np.cov(yb, xb)
        rows = []
        for y, x, c in ((ya, xa, cov_a), (yb, xb, cov_b)):
            ratio = y.sum() / x.sum()
            gradient = np.array([1, -ratio]) / x.mean()
            rows.append((ratio, np.sqrt(gradient @ c @ gradient / len(y))))
        suite.case("ratio_estimate", {"ratio": rows[0][0], "std_error": rows[0][1]}, "numpy.cov, delta method",
                   arrays={"a": ya, "a_x": xa})  # fmt: skip
        z = (rows[0][0] - rows[1][0]) / np.hypot(rows[0][1], rows[1][1])
        suite.case("ratio_test", {"statistic": z, "p_value": 2 * stats.norm.sf(abs(z))}, "numpy.cov, delta method",
                   arrays=given)  # fmt: skip
        far_y, far_x, _, _ = arms(seed, n, m, effect, far=1e9)
        suite.case("moments", {"count": n, "mean_y": np.mean(far_y - 1e9) + 1e9, "m2_y": np.var(far_y - 1e9) * n,
                               "m2_x": np.var(far_x - 1e9) * n}, "numpy on shifted values", arrays={"a": far_y, "a_x": far_x},
                   tolerance=1e-7)  # fmt: skip
    suite.case("cuped_test", {"theta": 0.0, "test": {"effect": -1.0}}, "a covariate that does not vary",
               arrays={"a": [1, 2, 3], "a_x": [5, 5, 5], "b": [2, 3, 4], "b_x": [5, 5, 5]})  # fmt: skip
    suite.refuses("ratio_estimate", "denominator", arrays={"a": [1, 2], "a_x": [1, -1]})
    suite.refuses("cuped_test", "a", arrays={"a": [1, 2], "a_x": [1], "b": [1, 2], "b_x": [1, 2]})
    suite.refuses("ratio_test", "b", arrays={"a": [1, 2], "a_x": [1, 2], "b": [1], "b_x": [1]})


def lifts(suite: Suite) -> None:
    mp.mp.dps = 40
    values = [(0.12, 0.0102762, 0.10, 0.0094868), (5.0, 0.3, 4.0, 0.25), (-2.0, 0.1, -3.0, 0.4), (0.01, 0.2, 1.0, 0.1),
              (1e6, 10.0, 1e6 + 5, 12.0), (3.0, 0.0, 2.0, 0.5), (0.3, 0.02, 0.31, 0.02)]  # fmt: skip
    for ma, sa, mb, sb in values:
        for confidence, dof in ((0.95, np.inf), (0.9, 17.5)):
            t = mp.mpf(stats.t.isf((1 - confidence) / 2, dof) if np.isfinite(dof) else stats.norm.isf((1 - confidence) / 2))
            a, b, va, vb = mp.mpf(ma), mp.mpf(mb), mp.mpf(sa) ** 2, mp.mpf(sb) ** 2
            roots = mp.polyroots([b * b - t * t * vb, -2 * a * b, a * a - t * t * va], maxsteps=500, extraprec=200)
            low, high = sorted(float(mp.re(r) - 1) for r in roots)
            options = {"mean_a": ma, "se_a": sa, "mean_b": mb, "se_b": sb, "confidence": confidence}
            if np.isfinite(dof):
                options["dof"] = dof
            suite.case("fieller_lift", {"lift": ma / mb - 1, "low": low, "high": high, "bounded": True},
                       "Fieller 1954, roots by mpmath", tolerance=1e-11, **options)  # fmt: skip
        half = stats.norm.isf(0.025) * np.sqrt(sa**2 / mb**2 + sb**2 * ma**2 / mb**4)
        suite.case("delta_lift", {"low": ma / mb - 1 - half, "high": ma / mb - 1 + half}, "GrowthBook's formula, numpy",
                   mean_a=ma, se_a=sa, mean_b=mb, se_b=sb)  # fmt: skip
    # definitions.md D4: 100/1000 v 120/1000, variance p(1 − p)
    se = [np.sqrt(p * (1 - p) / 1000) for p in (0.12, 0.10)]
    suite.case("delta_lift", {"low": -0.101, "high": 0.501}, "definitions.md D4, GrowthBook", tolerance=6e-4, mean_a=0.12,
               se_a=se[0], mean_b=0.10, se_b=se[1])  # fmt: skip
    suite.case("fieller_lift", {"bounded": False, "low": -np.inf, "high": np.inf}, "the control may be 0", mean_a=1.0,
               se_a=0.1, mean_b=0.1, se_b=0.1)  # fmt: skip
    suite.refuses("fieller_lift", "se_b", mean_a=1.0, se_a=0.1, mean_b=0.1, se_b=-0.1)
    suite.refuses("delta_lift", "mean_b", mean_a=1.0, se_a=0.1, mean_b=0.0, se_b=0.1)


def margins(suite: Suite) -> None:
    for effect, se, margin, dof in [(0.1, 0.2, 0.5, 30), (-0.3, 0.1, 0.4, 12.5), (0.45, 0.03, 0.5, 200), (-0.9, 0.2, 0.5, 9)]:
        t = stats.t.isf(0.05, dof)
        low, high = effect - t * se, effect + t * se
        ni = stats.t.sf((effect + margin) / se, dof)
        eq = max(ni, stats.t.cdf((effect - margin) / se, dof))
        given = {"effect": effect, "std_error": se, "margin": margin, "dof": dof}
        suite.case("non_inferiority", {"p_value": ni, "passed": bool(ni < 0.05), "bound_low": low}, SCIPY + "t",
                   tolerance=CLOSE, **given)  # fmt: skip
        suite.case("equivalence", {"p_value": eq, "passed": bool(eq < 0.05), "bound_low": low, "bound_high": high}, SCIPY + "t",
                   tolerance=CLOSE, **given)  # fmt: skip
        p = 2 * stats.t.sf(abs(effect / se), dof)
        ci = stats.t.interval(0.9, dof, effect, se)
        suite.case("estimate_test", {"p_value": p, "low": ci[0], "high": ci[1]}, SCIPY + "t", effect=effect,
                   std_error=se, dof=dof, confidence=0.9)  # fmt: skip
    suite.refuses("equivalence", "margin", effect=0.0, std_error=1.0, margin=0.0)
    suite.case("estimate_test", {"testable": False}, "definitions.md D3", effect=1.0, std_error=0.0)


def rank_interval(n: int, q: float, confidence: float) -> tuple[int, int, float]:
    tail = (1 - confidence) / 2
    cdf = stats.binom.cdf(np.arange(-1, n + 1), n, q)  # P(B ≤ k − 1) at k
    low = max(k for k in range(n + 1) if k == 0 or cdf[k] <= tail)
    high = min(k for k in range(1, n + 2) if k == n + 1 or stats.binom.sf(k - 1, n, q) <= tail)
    missed = (cdf[low] if low else 0.0) + (stats.binom.sf(high - 1, n, q) if high <= n else 0.0)
    return low, high, 1 - missed


def quantiles(suite: Suite, named: dict[str, np.ndarray]) -> None:
    for n, q, confidence in [(10, 0.5, 0.95), (100, 0.5, 0.95), (100, 0.9, 0.99), (50, 0.99, 0.95), (5, 0.5, 0.99), (1000, 0.05, 0.9), (1, 0.5, 0.5)]:
        low, high, coverage = rank_interval(n, q, confidence)
        suite.case("quantile_ranks", {"low": low, "high": high, "coverage": coverage}, SCIPY + "binom", tolerance=CLOSE, n=n,
                   q=q, confidence=confidence)  # fmt: skip
    z = stats.norm.isf(0.025)

    def estimate(x: np.ndarray, q: float) -> dict[str, float]:
        low, high, _ = rank_interval(len(x), q, 0.95)
        s = np.sort(x)
        reach = z * np.sqrt(q * (1 - q) / len(x))
        lower, upper = int(np.floor(len(x) * (q - reach))), int(np.ceil(len(x) * (q + reach)))
        known = lower >= 1 and upper <= len(x)
        return {
            "value": np.quantile(x, q),
            "low": s[low - 1] if low >= 1 else -np.inf,
            "high": s[high - 1] if high <= len(x) else np.inf,
            "std_error": (s[upper - 1] - s[lower - 1]) / (2 * z) if known else np.nan,
        }

    for name in ("normal_60", "lognormal_120", "ties_45", "sleep_1"):
        for q in (0.5, 0.1, 0.9):
            suite.case("quantile", estimate(named[name], q), "numpy.quantile, scipy.stats.binom", arrays={"values": name}, q=q)
    for a, b in (("normal_60", "lognormal_120"), ("normal_150", "lognormal_120")):
        one, two = estimate(named[a], 0.5), estimate(named[b], 0.5)
        t = (one["value"] - two["value"]) / np.hypot(one["std_error"], two["std_error"])
        suite.case("quantile_difference", {"statistic": t, "p_value": 2 * stats.norm.sf(abs(t))}, "Deng et al. 2018, numpy",
                   arrays={"a": a, "b": b}, q=0.5)  # fmt: skip
    x = named["lognormal_120"]
    clusters = np.arange(120) // 4
    one = estimate(x, 0.5)
    below = np.array([np.sum(x[clusters == c] <= one["value"]) for c in range(30)])
    cluster_variance = np.var(below - below.mean(), ddof=1) / (4**2 * 30)  # equal sizes: a mean of means
    se = one["std_error"] * np.sqrt(cluster_variance / (0.25 / 120))
    suite.case("quantile", {"value": one["value"], "std_error": se, "low": one["value"] - z * se},
               "Deng et al. 2018, numpy", arrays={"values": "lognormal_120", "clusters": clusters}, q=0.5)  # fmt: skip
    suite.case("quantile_difference", {"testable": False}, "definitions.md D3", arrays={"a": "sleep_1", "b": "sleep_2"}, q=0.99)
    suite.case("winsorize", {"values": np.clip(x, 0.5, 2.0)}, "numpy.clip", arrays={"values": "lognormal_120"}, low=0.5,
               high=2.0)  # fmt: skip
    suite.refuses("quantile", "q", arrays={"values": "sleep_1"}, q=1.0)
    suite.refuses("winsorize", "low", arrays={"values": [1, 2]}, low=2.0, high=1.0)


def make(suite: Suite) -> None:
    named = data(suite)
    omnibus(suite, named)
    paired(suite)
    lifts(suite)
    margins(suite)
    quantiles(suite, named)
