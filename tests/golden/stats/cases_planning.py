# SPDX-License-Identifier: MIT
"""Corrections for many tests; power, sample size, what can be detected."""

from __future__ import annotations

import numpy as np
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower

from tests.golden.stats.suite import CLOSE, Suite

METHODS = {"bonferroni": "bonferroni", "sidak": "sidak", "holm": "holm", "hochberg": "simes-hochberg",
           "benjamini_hochberg": "fdr_bh", "benjamini_yekutieli": "fdr_by"}  # fmt: skip


def corrections(suite: Suite) -> None:
    rng = np.random.default_rng(8)
    lists = [np.array([0.005, 0.01, 0.03, 0.04]), np.array([0.2]), np.array([0.5, 0.5, 0.01, 0.01]), np.array([0.0, 1.0, 0.3]),
             rng.uniform(0, 1, 12).round(4), (rng.uniform(0, 1, 30) ** 4).round(6)]  # fmt: skip
    for p in lists:
        for ours, theirs in METHODS.items():
            suite.case("correct", {"p_values": multipletests(p, method=theirs)[1], "dropped": 0}, f"statsmodels multipletests {theirs}",
                       arrays={"p_values": p}, correction=ours)  # fmt: skip
        suite.case("correct", {"p_values": p}, "none", arrays={"p_values": p}, correction="none")
    # R: p.adjust(c(.01, NA, .04), "holm") drops the missing one from the family.
    suite.case("correct", {"p_values": [0.02, np.nan, 0.04], "dropped": 1}, "definitions.md D26, R p.adjust",
               arrays={"p_values": [0.01, np.nan, 0.04]}, correction="holm")  # fmt: skip
    suite.case("correct", {"p_values": []}, "nothing", arrays={"p_values": []})
    suite.refuses("correct", "p_values", arrays={"p_values": [1.5]})
    suite.refuses("correct", "correction", arrays={"p_values": [0.5]}, correction="tukey")
    suite.case("reject_e_values", {"values": [1, 1, 1, 0]}, "Wang and Ramdas 2022, by hand: 39 is above 4/(3·.05)",
               arrays={"e_values": [50, 39, 41, 1]})  # fmt: skip
    suite.case("reject_e_values", {"values": [0, 0]}, "by hand", arrays={"e_values": [19, 20]})
    suite.refuses("reject_e_values", "e_values", arrays={"e_values": [-1]})


def means(suite: Suite) -> None:
    solver = TTestIndPower()
    for effect, sd, n, alpha, ratio in [(0.5, 1, 64, 0.05, 1), (0.1, 2, 500, 0.01, 1), (1.0, 1.5, 20, 0.05, 2), (0.3, 1, 100, 0.1, 0.5), (2.0, 1, 4, 0.05, 1)]:
        for one_sided in (False, True):
            power = solver.power(effect / sd, n, alpha, ratio, alternative="larger" if one_sided else "two-sided")
            suite.case("power_means", {"value": power}, "statsmodels TTestIndPower", tolerance=CLOSE, effect=effect, sd=sd, n=n,
                       alpha=alpha, ratio=ratio, one_sided=one_sided)  # fmt: skip
        n_exact = optimize.brentq(lambda v: solver.power(effect / sd, v, alpha, ratio) - 0.8, max(2, 2 / ratio), 60 * (sd / effect) ** 2, xtol=1e-12, rtol=1e-14)  # noqa: B023
        if n_exact * ratio > 2:
            suite.case("sample_size_means", {"n_exact": n_exact, "treatment": np.ceil(n_exact)}, "statsmodels TTestIndPower, brentq",
                       tolerance=CLOSE, effect=effect, sd=sd, power=0.8, alpha=alpha, ratio=ratio)  # fmt: skip
        mde = optimize.brentq(lambda d: solver.power(d, n, alpha, ratio) - 0.8, 1e-6, 4.6 * np.sqrt((1 + 1 / ratio) / n), xtol=1e-14, rtol=1e-14)  # noqa: B023
        suite.case("detectable_means", {"value": mde * sd}, "statsmodels TTestIndPower, brentq", tolerance=CLOSE, sd=sd, n=n,
                   alpha=alpha, ratio=ratio)  # fmt: skip
    suite.refuses("power_means", "sd", effect=1, sd=0, n=10)
    suite.refuses("power_means", "n", effect=1, sd=1, n=1)
    # 1e6 times as many units as at 1000 times the effect, to the order of 1/n.
    suite.case("sample_size_means", {"n_exact": 2 * (stats.norm.isf(0.05) + stats.norm.isf(0.2)) ** 2 * 1e8}, "normal formula",
               tolerance=1e-8, effect=1e-4, sd=1, power=0.8, one_sided=True)  # fmt: skip
    suite.refuses("sample_size_means", "effect", effect=0, sd=1)
    suite.refuses("detectable_means", "power", sd=1, n=10, power=0.01)


def proportion_power(p1: float, p2: float, n: float, alpha: float, ratio: float, pooled: bool, one_sided: bool = False) -> float:
    m = n * ratio
    bar = (n * p1 + m * p2) / (n + m)
    effect = np.sqrt(p1 * (1 - p1) / n + p2 * (1 - p2) / m)
    null = np.sqrt(bar * (1 - bar) * (1 / n + 1 / m)) if pooled else effect
    return float(stats.norm.cdf((abs(p1 - p2) - stats.norm.isf(alpha if one_sided else alpha / 2) * null) / effect))


def proportions(suite: Suite) -> None:
    for p1, p2, n, alpha, ratio in [(0.12, 0.10, 3841, 0.05, 1), (0.5, 0.4, 300, 0.01, 1), (0.02, 0.03, 5000, 0.05, 3), (0.9, 0.8, 150, 0.1, 0.5)]:
        for pooled in (True, False):
            for one_sided in (False, True):
                suite.case("power_proportions", {"value": proportion_power(p1, p2, n, alpha, ratio, pooled, one_sided)},
                           "normal formula (R power.prop.test), scipy.stats.norm", p_treatment=p1, p_control=p2, n=n, alpha=alpha, ratio=ratio,
                           pooled=pooled, one_sided=one_sided)  # fmt: skip
            size = optimize.brentq(lambda v: proportion_power(p1, p2, v, alpha, ratio, pooled) - 0.9, 4, 1e7, xtol=1e-10, rtol=1e-14)  # noqa: B023
            suite.case("sample_size_proportions", {"n_exact": size, "treatment": np.ceil(size)}, "the same, brentq", tolerance=CLOSE,
                       p_treatment=p1, p_control=p2, power=0.9, alpha=alpha, ratio=ratio, pooled=pooled)  # fmt: skip
            mde = optimize.brentq(lambda d: proportion_power(p2 + d, p2, n, alpha, ratio, pooled) - 0.8, 1e-9, 1 - p2 - 1e-9, xtol=1e-15)  # noqa: B023
            suite.case("detectable_proportion", {"value": mde}, "the same, brentq", tolerance=CLOSE, p_control=p2, n=n, alpha=alpha,
                       ratio=ratio, pooled=pooled)  # fmt: skip
    known = {"p_treatment": 0.12, "p_control": 0.10, "power": 0.8}
    suite.case("sample_size_proportions", {"treatment": 3841, "total": 7682}, "R power.prop.test; definitions.md D25", pooled=True, **known)
    suite.case("sample_size_proportions", {"treatment": 3839}, "definitions.md D25", pooled=False, **known)
    suite.refuses("sample_size_proportions", "p_treatment", p_treatment=0.1, p_control=0.1)
    suite.refuses("power_proportions", "p_control", p_treatment=0.1, p_control=0.0, n=10)
    suite.refuses("detectable_proportion", "n", p_control=0.99, n=5)
    suite.case("duration_days", {"value": 76.82}, "by hand", total=7682, per_day=200, share=0.5)
    suite.refuses("duration_days", "share", total=10, per_day=10, share=0)


def make(suite: Suite) -> None:
    corrections(suite)
    means(suite)
    proportions(suite)
