# SPDX-License-Identifier: MIT
"""`mlops.stats` gives what the golden cases say, through the same binding that every function uses."""

from __future__ import annotations

import inspect
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops import _stats_call, errors, stats

GOLDEN = Path(__file__).resolve().parents[3] / "tests" / "golden" / "stats"
FUNCTIONS = [name for name in stats.__all__ if name != "Answer"]


def number(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"$number"}:
        return float(value["$number"].replace("Infinity", "inf"))
    return value


def same(got: Any, wanted: Any, tolerance: float) -> bool:
    wanted = number(wanted)
    if isinstance(wanted, dict):
        return all(same(got[key], item, tolerance) for key, item in wanted.items())
    if isinstance(wanted, list):
        return len(got) == len(wanted) and all(same(a, b, tolerance) for a, b in zip(got, wanted))
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        if math.isnan(wanted) or math.isinf(wanted):
            return str(float(got)) == str(float(wanted))
        return bool(abs(got - wanted) <= tolerance * max(1.0, abs(wanted)))
    return bool(got == wanted)


def cases() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(GOLDEN.glob("*.json"))]
    return [(case, file["data"]) for file in files for case in file["cases"]]


def test_every_golden_case_is_met_through_the_binding() -> None:
    wrong = []
    for case, data in cases():
        arrays = {
            k: data[v] if isinstance(v, str) else [number(x) for x in v] for k, v in case.get("arrays", {}).items()
        }
        options = {key: number(item) for key, item in case.get("options", {}).items()}
        if "error" in case:
            with pytest.raises(errors.InvalidArgument) as caught:
                _stats_call.call(case["call"], arrays, **options)
            assert caught.value.field == case["error"]
        elif not same(_stats_call.call(case["call"], arrays, **options), case["expect"], case["tolerance"]):
            wrong.append(case)
    assert wrong == []


def test_every_function_of_the_core_has_one_here() -> None:
    assert {case["call"] for case, _ in cases()} == set(FUNCTIONS) - {"welch_from_moments"}
    for name in FUNCTIONS:
        assert inspect.getdoc(getattr(stats, name)), f"{name} says nothing"


def test_functions_take_what_numpy_takes() -> None:
    a, b = [1.0, 2.0, 3.0, 4.0], pd.Series([2, 3, 5, 9])
    answer = stats.welch(a, b)
    assert answer.p_value == pytest.approx(0.2506, abs=1e-4)
    assert answer["effect"] == pytest.approx(-2.25)
    assert stats.welch(iter(a), np.array(b)) == answer
    table = stats.chi2_homogeneity([[10, 20], [30, 5], [7, 8]])
    assert table.dof == 2
    cells = stats.reference_cells(np.r_[np.zeros(95), 1:6], cells=10)
    assert stats.count_cells(cells, [0.0, 0.0, 3.0, 99.0]).tolist() == [0, 1, 1, 2]
    assert stats.variants(["user-1", ""], [1.0]).tolist() == [0, -1]
    assert stats.bucket_ranges([0.5, 0.5], coverage=0.5).tolist() == [[0, 0.25], [0.5, 0.75]]
    assert stats.reject_e_values([1000.0, 1.0]).tolist() == [True, False]
    assert stats.anderson_darling([a, b, [1.0, 2.0]]).testable
    assert stats.sequential_ratio([[5, 6], [10, 12]], [1, 1]).p_values[-1] <= 1
    assert stats.welch_from_moments((4, 2.5, 5.0), (4, 4.75, 28.75)).p_value == pytest.approx(answer.p_value)
    assert stats.in_namespace(["a"], "group", 0.0, 1.0).tolist() == [True]


def test_what_is_wrong_is_named() -> None:
    with pytest.raises(errors.InvalidArgument, match=r"a\[1\] is nan") as caught:
        stats.ks(np.array([1.0, None, 2.0]), [1.0])
    assert caught.value.field == "a"
    with pytest.raises(errors.InvalidArgument, match="not an array of numbers"):
        stats.ks(["x"], [1.0])
    with pytest.raises(errors.InvalidArgument, match="alternative"):
        stats.welch([1, 2], [3, 4], alternative="more")  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="there is no field 'pvalue'; there are method"):
        _ = stats.welch([1, 2], [3, 4]).pvalue
    with pytest.raises(errors.NotFound):
        _stats_call.call("no_such_function")


def test_large_samples_agree_with_a_full_sort() -> None:
    rng = np.random.default_rng(1)
    pairs = [
        (rng.normal(0, 1, 300_000), rng.normal(0.003, 1, 250_000)),
        (rng.integers(0, 5, 200_000).astype(float), rng.integers(0, 5, 200_000).astype(float)),
        (np.r_[rng.normal(0, 1, 200_000), 1e300, -1e300], rng.standard_cauchy(200_000)),
        (np.full(150_000, 3.0), np.r_[np.full(149_999, 3.0), 4.0]),
    ]
    for a, b in pairs:
        values = np.sort(np.concatenate([a, b]))
        gap = np.searchsorted(np.sort(a), values, "right") / len(a) - np.searchsorted(
            np.sort(b), values, "right"
        ) / len(b)
        assert stats.ks(a, b).statistic == pytest.approx(np.abs(gap).max(), abs=1e-14)
