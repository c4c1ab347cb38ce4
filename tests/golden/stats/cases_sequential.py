# SPDX-License-Identifier: MIT
"""Always-valid tests, group-sequential bounds (R rpact), sample ratio, Bayes."""

from __future__ import annotations

import subprocess
from typing import Any

import mpmath as mp
import numpy as np
from scipy import integrate, optimize, special, stats

from tests.golden.stats.suite import CLOSE, Suite


def looks(seed: int, count: int, effect: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    units = np.cumsum(rng.integers(50, 400, count)).astype(float)
    errors = 2 / np.sqrt(units)
    effects = effect + np.cumsum(rng.normal(0, 2, count)) / units * np.sqrt(100)
    return {"effects": effects.round(8), "std_errors": errors.round(8), "units": units}


def always_valid(suite: Suite) -> None:
    mp.mp.dps = 30
    for seed, (count, effect, tau, alpha) in enumerate(
        [(6, 0.2, 0.1, 0.05), (10, 0.0, 0.3, 0.01), (4, -0.5, 1.0, 0.1)]
    ):
        given = looks(seed, count, effect)
        v, d, t = given["std_errors"] ** 2, given["effects"], tau**2
        evidence = np.array(
            [float(mp.sqrt(mp.mpf(a) / (a + t)) * mp.exp(mp.mpf(t) * b * b / (2 * a * (a + t)))) for a, b in zip(v, d)]
        )
        half = np.sqrt(2 * v * (v + t) / t * np.log(np.sqrt((v + t) / v) / alpha))
        expect = {
            "e_values": evidence,
            "p_values": np.minimum.accumulate(np.minimum(1, 1 / evidence)),
            "low": d - half,
            "high": d + half,
        }
        arrays = {"effects": d, "std_errors": given["std_errors"]}
        suite.case("mixture_sprt", expect, "Johari et al. 2022, mpmath", arrays=arrays, tau=tau, alpha=alpha)
        low, high = np.maximum.accumulate(d - half), np.minimum.accumulate(d + half)
        if np.all(low <= high):
            suite.case("mixture_sprt", {"low": low, "high": high, "empty": False}, "the same, intersected", arrays=arrays, tau=tau,
                       alpha=alpha, intersect=True)  # fmt: skip
        tuned = 1000.0
        n, se = given["units"], given["std_errors"]
        rho2 = (-2 * np.log(alpha) + np.log(1 - 2 * np.log(alpha))) / tuned
        half = se * np.sqrt(n) * np.sqrt(2 * (n * rho2 + 1) / (n**2 * rho2) * np.log(np.sqrt(n * rho2 + 1) / alpha))
        p = np.minimum(1, np.sqrt(n * rho2 + 1) * np.exp(-rho2 * n * (d / se) ** 2 / (2 * (n * rho2 + 1))))
        suite.case("confidence_sequence", {"low": d - half, "high": d + half, "p_values": np.minimum.accumulate(p)},
                   "Waudby-Smith et al. eq. 9, numpy", arrays=given, tuned_for=tuned, alpha=alpha)  # fmt: skip
    suite.case("mixture_sprt", {"e_values": [6.70884], "p_values": [0.149057]}, "statistics.md 2.6", tolerance=1e-6,
               arrays={"effects": [3], "std_errors": [1]}, tau=1.0)  # fmt: skip
    suite.case("confidence_sequence", {"low": [-0.55844], "high": [1.56515]}, "GrowthBook's test, statistics.md 2.6", tolerance=2e-5,
               arrays={"effects": [0.503355], "std_errors": [0.33341], "units": [6461]}, tuned_for=1000)  # fmt: skip
    half = np.sqrt(2 * 0.01 * 1.01 * np.log(np.sqrt(101) / 0.05))
    suite.case("mixture_sprt", {"empty": True, "low": [-half, np.nan], "high": [half, np.nan]}, "definitions.md D16",
               arrays={"effects": [0, 100], "std_errors": [0.1, 0.1]}, tau=1.0, intersect=True)  # fmt: skip
    suite.refuses("mixture_sprt", "tau", arrays={"effects": [1], "std_errors": [1]}, tau=0)
    suite.refuses("mixture_sprt", "std_errors", arrays={"effects": [1], "std_errors": [0]}, tau=1)
    suite.refuses("confidence_sequence", "units", arrays={"effects": [1], "std_errors": [1], "units": [0]})


def rates(suite: Suite) -> None:
    for s, n, alpha in [(3, 10, 0.05), (0, 20, 0.05), (20, 20, 0.1), (480, 1000, 0.01), (12, 100000, 0.05)]:
        mixture = special.betaln(1 + s, 1 + n - s)

        def gap(p: float) -> float:
            return float(mixture - special.xlogy(s, p) - special.xlog1py(n - s, -p) + np.log(alpha))

        low = 0.0 if s == 0 else optimize.brentq(gap, 1e-300, s / n, xtol=1e-16, rtol=1e-15)
        high = 1.0 if s == n else optimize.brentq(gap, s / n, 1 - 1e-16, xtol=1e-16, rtol=1e-15)
        suite.case("rate_sequence", {"low": low, "high": high}, "Beta mixture, scipy betaln and brentq", tolerance=CLOSE, successes=s, trials=n,
                   alpha=alpha)  # fmt: skip
    suite.refuses("rate_sequence", "successes", successes=3, trials=2)
    ratios: list[tuple[Any, Any, float]] = [
        ([[400, 600]], [1, 1], 10000),
        ([[4800, 5200]], [1, 1], 1000),
        ([[10, 12, 9], [100, 130, 80], [1000, 1010, 1005]], [0.3, 0.4, 0.3], 100),
    ]
    for counts, shares, kappa in ratios:
        p = np.array(shares) / np.sum(shares)
        logs = []
        for row in np.array(counts, float):
            a = kappa * p
            logs.append(
                special.gammaln(kappa)
                - special.gammaln(kappa + row.sum())
                + np.sum(special.gammaln(a + row) - special.gammaln(a) - row * np.log(p))
            )
        suite.case("sequential_ratio", {"log_bayes_factors": logs, "p_values": np.minimum.accumulate(np.minimum(1, np.exp(-np.array(logs))))},
                   "Lindon and Malek 2022, scipy gammaln", tolerance=CLOSE, arrays={"counts": np.ravel(counts), "shares": shares}, kappa=kappa)  # fmt: skip
    suite.case(
        "sequential_ratio",
        {"p_values": [0.026]},
        "definitions.md D13",
        tolerance=6e-4,
        arrays={"counts": [4800, 5200], "shares": [1, 1]},
        kappa=10000,
    )
    suite.case(
        "sequential_ratio",
        {"p_values": [0.0]},
        "definitions.md D13",
        arrays={"counts": [100, 100, 5], "shares": [0.5, 0.5, 0]},
    )
    suite.refuses("sequential_ratio", "counts", arrays={"counts": [5, 5, 4, 6], "shares": [1, 1]})


R = """suppressMessages(library(rpact)); options(digits=17)
d <- getDesignGroupSequential(kMax={k}, alpha={alpha}, sided={sided}, typeOfDesign="{kind}"{extra}, informationRates=c({t}), beta=0.2)
cat(d$criticalValues, sep=","); cat(";"); cat(d$alphaSpent, sep=","); cat(";")
cat(getDesignCharacteristics(d)$inflationFactor)
"""


def rpact(times: list[float], alpha: float, sided: int, kind: str, phi: float) -> tuple[np.ndarray, np.ndarray, float]:
    # The grid's default accuracy is 1e-8 or so.
    extra = f", gammaA={phi}" if kind == "asKD" else ""
    text = R.format(k=len(times), alpha=alpha, sided=sided, kind=kind, extra=extra, t=",".join(map(repr, times)))
    out = subprocess.run(["Rscript", "-e", text], capture_output=True, text=True, check=True).stdout.strip()
    z, spent, inflation = out.split(";")
    return np.array(z.split(","), float), np.array(spent.split(","), float), float(inflation)


def group_sequential(suite: Suite) -> None:
    designs: list[Any] = [
        [1 / 3, 2 / 3, 1.0],
        [0.25, 0.5, 0.75, 1.0],
        [0.2, 0.4, 0.6, 0.8, 1.0],
        [0.1, 0.45, 0.5, 1.0],
        [0.5, 1.0],
        list(np.arange(1, 11) / 10),
    ]
    for design in designs:
        times = [float(share) for share in design]
        for kind, ours, phi in (("asOF", "obrien_fleming", 2.0), ("asP", "pocock", 2.0), ("asKD", "power", 2.0)):
            for sided, alpha in ((1, 0.025), (2, 0.05)):
                if kind == "asOF" and len(times) == 10:
                    continue  # the second bound lies where rpact's grid ends: it gives 4.87702, the tail alone 4.87688
                z, spent, inflation = rpact(times, alpha, sided, kind, phi)
                source = f"R rpact 3.3.4 {kind}, whose grid is good to about 1e-7"
                options = {"spending": ours, "alpha": alpha, "phi": phi, "one_sided": sided == 1}
                suite.case(
                    "sequential_bounds",
                    {"z": z, "spent": spent},
                    source,
                    tolerance=5e-7,
                    arrays={"information": times},
                    **options,
                )
                suite.case(
                    "sequential_power",
                    {"inflation": inflation},
                    source,
                    tolerance=2e-5,
                    arrays={"information": times},
                    **options,
                )
    one_and_two_looks(suite)
    published_constants(suite)
    suite.refuses("sequential_bounds", "information", arrays={"information": [0.5, 0.4]})
    suite.refuses("sequential_bounds", "alpha", arrays={"information": [0.5]}, alpha=0.7)
    suite.refuses("stopping_probabilities", "bounds", arrays={"information": [0.5], "bounds": [0.0]})
    suite.refuses("sequential_power", "information", arrays={"information": [0.5]})


def published_constants(suite: Suite) -> None:
    published = {"obrien_fleming": [4.8769, 3.3570, 2.6803, 2.2898, 2.0310], "pocock": [2.4380, 2.4268, 2.4102, 2.3966, 2.3860],
                 "power": [3.0902, 2.7141, 2.4728, 2.2799, 2.1140]}  # fmt: skip
    for ours, z in published.items():
        suite.case(
            "sequential_bounds",
            {"z": z},
            "statistics.md 2.6",
            tolerance=3e-5,
            arrays={"information": [0.2, 0.4, 0.6, 0.8, 1.0]},
            spending=ours,
        )
    peeking = {2: 0.0831, 3: 0.1073, 4: 0.1262, 5: 0.1417, 10: 0.1934, 20: 0.2479, 50: 0.3204}
    for k, rate in peeking.items():
        t = np.arange(1, k + 1) / k
        out = np.full(k, 1.959963984540054)
        suite.cases.append({"call": "stopping_probabilities", "source": "Armitage, McPherson and Rowe 1969", "tolerance": 6e-5,
                            "arrays": {"information": [float(v) for v in t], "bounds": out.tolist()}, "last": rate, "expect": {}})  # fmt: skip
    for k, c in {2: 2.1783, 3: 2.2895, 4: 2.3613, 5: 2.4132}.items():
        suite.cases.append({"call": "stopping_probabilities", "source": "Pocock 1977, constants of four digits", "tolerance": 1e-5,
                            "arrays": {"information": [(i + 1) / k for i in range(k)], "bounds": [c] * k}, "last": 0.05, "expect": {}})  # fmt: skip


def one_and_two_looks(suite: Suite) -> None:
    # Two looks: the bivariate normal law, an independent integral to 1e-12.
    for t1, alpha in ((0.5, 0.025), (0.3, 0.01), (0.9, 0.05)):
        first = 2 * stats.norm.sf(stats.norm.isf(alpha / 2) / np.sqrt(t1))
        b1 = stats.norm.isf(first)

        def second(b2: float) -> float:
            def inner(x: float) -> float:
                return float(stats.norm.pdf(x) * stats.norm.sf((b2 - x * np.sqrt(t1)) / np.sqrt(1 - t1)))

            return float(integrate.quad(inner, -12, b1, epsabs=1e-15, epsrel=1e-13, limit=400)[0])

        b2 = optimize.brentq(lambda b: second(b) - (alpha - first), 0.5, 6, xtol=1e-13)
        suite.case("sequential_bounds", {"z": [b1, b2]}, "scipy quad and brentq", tolerance=CLOSE, arrays={"information": [t1, 1.0]}, alpha=alpha,
                   one_sided=True)  # fmt: skip
    suite.case(
        "sequential_bounds", {"z": [stats.norm.isf(0.025)]}, "one look", arrays={"information": [1.0]}, tolerance=CLOSE
    )


def stopped(suite: Suite) -> None:
    """Stop at the second of two looks: the ordering's tail is one bivariate integral."""
    t1, alpha, se = 0.5, 0.05, 0.2
    side = alpha / 2
    b1 = stats.norm.isf(2 * stats.norm.sf(stats.norm.isf(side / 2) / np.sqrt(t1)))
    for z in (2.5, 0.3, -1.0):

        def tail(theta: float) -> float:
            mean1, root = theta * np.sqrt(t1), np.sqrt(1 - t1)

            def inner(x: float) -> float:
                return float(stats.norm.pdf(x - mean1) * stats.norm.sf((z - x * np.sqrt(t1) - theta * (1 - t1)) / root))

            return float(
                stats.norm.sf(b1 - mean1) + integrate.quad(inner, -b1, b1, epsabs=1e-15, epsrel=1e-13, limit=400)[0]
            )

        roots = [se * optimize.brentq(lambda v, p=p: tail(v) - p, -12, 12, xtol=1e-13) for p in (0.5, 0.025, 0.975)]
        p = 2 * min(tail(0), 1 - tail(0))
        suite.case("stopped_estimate", {"estimate": z * se, "median_unbiased": roots[0], "low": roots[1], "high": roots[2], "p_value": p},
                   "Tsiatis, Rosner and Mehta 1984, scipy quad and brentq", tolerance=CLOSE, arrays={"information": [t1, 1.0]}, effect=z * se,
                   std_error=se)  # fmt: skip
    # At the first look there is nothing to correct.
    suite.case("stopped_estimate", {"median_unbiased": 0.9, "low": 0.9 - 0.2 * stats.norm.isf(0.025)}, "one look", tolerance=CLOSE,
               arrays={"information": [0.4]}, effect=0.9, std_error=0.2)  # fmt: skip
    suite.refuses("stopped_estimate", "std_error", arrays={"information": [0.4]}, effect=0.9, std_error=0)


def beats(a1: float, b1: float, a2: float, b2: float) -> float:
    """P(A > B) by the finite sum (statistics.md 2.8), exact for a whole a1, at 60 digits."""
    mp.mp.dps = 60
    return float(
        mp.fsum(mp.beta(a2 + i, b1 + b2) / ((b1 + i) * mp.beta(1 + i, b1) * mp.beta(a2, b2)) for i in range(int(a1)))
    )


def bayes(suite: Suite) -> None:
    for a1, b1, a2, b2 in [
        (2, 1, 1, 1),
        (13, 89, 11, 91),
        (121, 881, 101, 901),
        (1, 1, 1, 1),
        (3, 0.5, 2.5, 4),
        (40, 60, 4, 6),
        (1201, 98801, 1101, 98901),
        (5, 60, 12, 90),
    ]:
        p = beats(a1, b1, a2, b2)
        # E[max(A − B, 0)] by the same sum on size-weighted laws: P(A' > B) and P(A > B').
        mean_a, mean_b = a1 / (a1 + b1), a2 / (a2 + b2)
        gain = mean_a * beats(a1 + 1, b1, a2, b2) - mean_b * beats(a1, b1, a2 + 1, b2)
        expect = {
            "probability_better": p,
            "expected_loss_control": gain,
            "expected_loss": gain - (mean_a - mean_b),
            "mean": mean_a - mean_b,
        }
        suite.case(
            "bayes_rates",
            expect,
            "Evan Miller's sum, mpmath",
            tolerance=1e-11,
            a_alpha=a1,
            a_beta=b1,
            b_alpha=a2,
            b_beta=b2,
        )
        suite.case(
            "probability_best",
            {"values": [p, 1 - p]},
            "Evan Miller's sum, mpmath",
            tolerance=1e-11,
            arrays={"a": [a1, a2], "b": [b1, b2]},
        )
    arms = [(12, 90), (15, 87), (9, 95)]
    probability = [integrate.quad(lambda x, i=i: float(stats.beta.pdf(x, *arms[i]) * np.prod([stats.beta.cdf(x, *arms[j]) for j in range(3) if j != i])),
                                  0, 1, points=[0.05, 0.1, 0.15, 0.2, 0.3], epsabs=1e-14, epsrel=1e-13, limit=500)[0] for i in range(3)]  # fmt: skip
    suite.case(
        "probability_best",
        {"values": probability},
        "scipy quad",
        tolerance=1e-10,
        arrays={"a": [a for a, _ in arms], "b": [b for _, b in arms]},
    )
    for effect, se, mean, sd in [
        (0.05, 0.03, 0.0, 0.3),
        (-0.2, 0.1, 0.0, np.inf),
        (1.0, 2.0, 0.5, 1.0),
        (0.5, 0.05, 0.0, 0.3),
    ]:
        w, v = 1 / se**2, (0 if np.isinf(sd) else 1 / sd**2)
        m, s = (effect * w + mean * v) / (w + v), 1 / np.sqrt(w + v)
        loss = s * stats.norm.pdf(m / s) - m * stats.norm.cdf(-m / s)
        options = {"effect": effect, "std_error": se, "prior_mean": mean}
        if np.isfinite(sd):
            options["prior_sd"] = sd
        suite.case("bayes_normal", {"probability_better": stats.norm.cdf(m / s), "expected_loss": loss, "mean": m, "low": stats.norm.isf(0.975, m, s)},
                   "closed form, scipy.stats.norm", **options)  # fmt: skip
    suite.refuses("bayes_rates", "a", a_alpha=0, a_beta=1, b_alpha=1, b_beta=1)
    suite.refuses("probability_best", "arms", arrays={"a": [1], "b": [1]})
    suite.refuses("bayes_normal", "prior_sd", effect=1, std_error=1, prior_sd=0)


def make(suite: Suite) -> None:
    always_valid(suite)
    rates(suite)
    group_sequential(suite)
    stopped(suite)
    bayes(suite)
