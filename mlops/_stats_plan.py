# SPDX-License-Identifier: MIT
"""Corrections, power, sequential tests, Bayes and assignment (see `mlops.stats`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from ._stats_call import Answer, Numbers, call, value, values

Correction = Literal["none", "bonferroni", "sidak", "holm", "hochberg", "benjamini_hochberg", "benjamini_yekutieli"]
Spending = Literal["obrien_fleming", "pocock", "power"]
Hash = Literal["v1", "v2", "murmur"]
Units = Literal["utf8", "utf16"]


def correct(p_values: Numbers, correction: Correction = "holm") -> Answer:
    """Adjusted `p_values` in their order. NaN stays NaN and leaves the family (as R); `dropped` says how many."""
    return call("correct", {"p_values": p_values}, correction=correction)


def reject_e_values(e_values: Numbers, *, alpha: float = 0.05) -> npt.NDArray[np.bool_]:
    """e-BH (Wang and Ramdas 2022): which are rejected at that false discovery rate, under any dependence."""
    return values("reject_e_values", {"e_values": e_values}, alpha=alpha).astype(bool)


def power_means(
    effect: float, sd: float, n: float, *, alpha: float = 0.05, ratio: float = 1.0, one_sided: bool = False
) -> float:
    """Power of Student's t test (noncentral t); n in the treatment, n·ratio in the control."""
    return value("power_means", effect=effect, sd=sd, n=n, alpha=alpha, ratio=ratio, one_sided=one_sided)


def power_proportions(
    p_treatment: float,
    p_control: float,
    n: float,
    *,
    pooled: bool = True,
    alpha: float = 0.05,
    ratio: float = 1.0,
    one_sided: bool = False,
) -> float:
    """Power of the z test of two rates; pooled is R's power.prop.test."""
    return value(
        "power_proportions",
        p_treatment=p_treatment,
        p_control=p_control,
        n=n,
        pooled=pooled,
        alpha=alpha,
        ratio=ratio,
        one_sided=one_sided,
    )


def sample_size_means(
    effect: float,
    sd: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    ratio: float = 1.0,
    one_sided: bool = False,
) -> Answer:
    """Units for that power: `treatment`, `control`, `total`, exact `n_exact`, and the `power` they have."""
    return call("sample_size_means", effect=effect, sd=sd, power=power, alpha=alpha, ratio=ratio, one_sided=one_sided)


def sample_size_proportions(
    p_treatment: float,
    p_control: float,
    *,
    power: float = 0.8,
    pooled: bool = True,
    alpha: float = 0.05,
    ratio: float = 1.0,
    one_sided: bool = False,
) -> Answer:
    """The same for two rates: .10 → .12 needs 3841 an arm (pooled)."""
    return call(
        "sample_size_proportions",
        p_treatment=p_treatment,
        p_control=p_control,
        power=power,
        pooled=pooled,
        alpha=alpha,
        ratio=ratio,
        one_sided=one_sided,
    )


def detectable_means(
    sd: float,
    n: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    ratio: float = 1.0,
    one_sided: bool = False,
) -> float:
    """The least difference of means that a test of that size finds with that power."""
    return value("detectable_means", sd=sd, n=n, power=power, alpha=alpha, ratio=ratio, one_sided=one_sided)


def detectable_proportion(
    p_control: float,
    n: float,
    *,
    power: float = 0.8,
    pooled: bool = True,
    alpha: float = 0.05,
    ratio: float = 1.0,
    one_sided: bool = False,
) -> float:
    """The least rise above the control's rate that a test of that size finds with that power."""
    return value(
        "detectable_proportion",
        p_control=p_control,
        n=n,
        power=power,
        pooled=pooled,
        alpha=alpha,
        ratio=ratio,
        one_sided=one_sided,
    )


def duration_days(total: float, per_day: float, *, share: float = 1.0) -> float:
    """Days until `total` units have come, at `per_day` a day of which `share` enter the test."""
    return value("duration_days", total=total, per_day=per_day, share=share)


def mixture_sprt(
    effects: Numbers, std_errors: Numbers, tau: float, *, alpha: float = 0.05, intersect: bool = False
) -> Answer:
    """Mixture sequential probability ratio test (Johari et al. 2022), one entry for each look: p-values (running
    minimum), e-values and a confidence sequence [`low`, `high`] that hold at all looks at once. `tau` is the size of
    effect it is tuned for, chosen before the start."""
    arrays = {"effects": effects, "std_errors": std_errors}
    return call("mixture_sprt", arrays, tau=tau, alpha=alpha, intersect=intersect)


def confidence_sequence(
    effects: Numbers,
    std_errors: Numbers,
    units: Numbers,
    *,
    tuned_for: float = 5000,
    alpha: float = 0.05,
    intersect: bool = False,
) -> Answer:
    """Asymptotic confidence sequence (Waudby-Smith et al., arXiv 2103.06476), tightest at `tuned_for` units."""
    arrays = {"effects": effects, "std_errors": std_errors, "units": units}
    return call("confidence_sequence", arrays, tuned_for=tuned_for, alpha=alpha, intersect=intersect)


def rate_sequence(
    successes: int, trials: int, *, alpha: float = 0.05, prior_a: float = 1.0, prior_b: float = 1.0
) -> Answer:
    """Interval of one rate that holds at every look at once (Beta mixture; exact at every n)."""
    return call("rate_sequence", successes=successes, trials=trials, alpha=alpha, prior_a=prior_a, prior_b=prior_b)


def sequential_ratio(counts: npt.ArrayLike, shares: Numbers, *, kappa: float = 1000) -> Answer:
    """Sample ratio mismatch under continuous looks (Lindon and Malek 2022). `counts`: one row of cumulative counts for
    each look."""
    return call("sequential_ratio", {"counts": counts, "shares": shares}, kappa=kappa)


def sequential_bounds(
    information: Numbers,
    *,
    spending: Spending = "obrien_fleming",
    alpha: float = 0.05,
    phi: float = 2.0,
    one_sided: bool = False,
) -> Answer:
    """Group-sequential bounds with error spending (Lan and DeMets 1983) at the looks' observed shares of information:
    critical `z`, `nominal_p`, cumulative `spent`. `power` spends alpha·t^phi (Kim and DeMets 1987)."""
    return call(
        "sequential_bounds", {"information": information}, spending=spending, alpha=alpha, phi=phi, one_sided=one_sided
    )


def stopping_probabilities(
    information: Numbers, bounds: Numbers, *, theta: float = 0.0, one_sided: bool = False
) -> npt.NDArray[np.float64]:
    """P(stopped until each look) with given bounds; theta is the expected z at full information."""
    arrays = {"information": information, "bounds": bounds}
    return values("stopping_probabilities", arrays, theta=theta, one_sided=one_sided)


def sequential_power(
    information: Numbers,
    *,
    power: float = 0.8,
    spending: Spending = "obrien_fleming",
    alpha: float = 0.05,
    phi: float = 2.0,
    one_sided: bool = False,
) -> Answer:
    """The `drift` that gives the plan that power, the `inflation` of a fixed test's sample size, and the
    `expected_information`."""
    return call(
        "sequential_power",
        {"information": information},
        power=power,
        spending=spending,
        alpha=alpha,
        phi=phi,
        one_sided=one_sided,
    )


def stopped_estimate(
    information: Numbers,
    effect: float,
    std_error: float,
    *,
    spending: Spending = "obrien_fleming",
    alpha: float = 0.05,
    phi: float = 2.0,
    one_sided: bool = False,
    confidence: float = 0.95,
) -> Answer:
    """The effect after a sequential test has stopped at the last of these looks: `median_unbiased`, [`low`, `high`] and
    `p_value` by stagewise ordering (Tsiatis, Rosner and Mehta 1984), and the repeated interval."""
    return call(
        "stopped_estimate",
        {"information": information},
        effect=effect,
        std_error=std_error,
        spending=spending,
        alpha=alpha,
        phi=phi,
        one_sided=one_sided,
        confidence=confidence,
    )


def bayes_rates(a_alpha: float, a_beta: float, b_alpha: float, b_beta: float) -> Answer:
    """Two Beta posteriors: P(a > b), expected losses of either choice. Not valid evidence under repeated looks."""
    return call("bayes_rates", a_alpha=a_alpha, a_beta=a_beta, b_alpha=b_alpha, b_beta=b_beta)


def probability_best(alphas: Numbers, betas: Numbers) -> npt.NDArray[np.float64]:
    """P(this arm has the greatest rate) for each of several Beta posteriors."""
    return values("probability_best", {"a": alphas, "b": betas})


def bayes_normal(
    effect: float,
    std_error: float,
    *,
    prior_mean: float = 0.0,
    prior_sd: float = np.inf,
    confidence: float = 0.95,
) -> Answer:
    """A normal estimate with a normal prior: posterior mean and interval, P(effect > 0), expected losses."""
    return call(
        "bayes_normal",
        effect=effect,
        std_error=std_error,
        prior_mean=prior_mean,
        prior_sd=prior_sd,
        confidence=confidence,
    )


def fnv1a_32(ids: Sequence[str], *, units: Units = "utf8") -> npt.NDArray[np.float64]:
    """FNV-1a, 32 bits (RFC 9923), of UTF-8 bytes or UTF-16 units."""
    return values("fnv1a_32", ids=list(ids), units=units)


def murmur3_32(ids: Sequence[str], *, seed: int = 0) -> npt.NDArray[np.float64]:
    """MurmurHash3_x86_32 of UTF-8 bytes."""
    return values("murmur3_32", ids=list(ids), seed=seed)


def buckets(ids: Sequence[str], *, seed: str = "", hash: Hash = "v2", units: Units = "utf8") -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each unit in a test: GrowthBook's v1 and v2, or murmur. `utf16` hashes as its JavaScript SDK."""
    return values("buckets", ids=list(ids), seed=seed, hash=hash, units=units)


def bucket_ranges(shares: Numbers, *, coverage: float = 1.0) -> npt.NDArray[np.float64]:
    """[low, high) of each variant, one row each; a ramp-up (coverage) only extends them."""
    return values("bucket_ranges", {"shares": shares}, coverage=coverage).reshape(-1, 2)


def variants(
    ids: Sequence[str],
    shares: Numbers,
    *,
    seed: str = "",
    coverage: float = 1.0,
    hash: Hash = "v2",
    units: Units = "utf8",
) -> npt.NDArray[np.int64]:
    """Index of the variant each unit gets; −1 if it is in none."""
    found = values("variants", {"shares": shares}, ids=list(ids), seed=seed, coverage=coverage, hash=hash, units=units)
    return found.astype(np.int64)


def in_namespace(
    ids: Sequence[str], name: str, low: float, high: float, *, units: Units = "utf8"
) -> npt.NDArray[np.bool_]:
    """Whether each unit belongs to the part [low, high) of a group of tests that exclude each other."""
    return values("in_namespace", ids=list(ids), name=name, low=low, high=high, units=units).astype(bool)
