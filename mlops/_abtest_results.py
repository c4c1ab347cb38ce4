# SPDX-License-Identifier: MIT
"""From the report of an A/B test to the records users know."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Optional

from ._json import to_float

# Metrics with a field of their own in ABTestResult.
_OWN = ("accuracy", "precision", "recall", "f1_score", "conversion", "value", "latency", "error_rate", "success")


def result_fields(report: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of ABTestResult of one variant."""
    metrics = {one["metric"]: one for one in report["metrics"] if one["variant"] == variant["name"]}
    estimates = {name: _finite(one.get("estimate")) for name, one in metrics.items()}
    primary = metrics.get(report["primary_metric"], {})
    accuracy = estimates.get("accuracy")
    return {
        "test_id": report["test_id"],
        "variant_id": variant["name"],
        "sample_size": variant["interactions"],
        "users": variant["users"],
        "conversion_rate": estimates.get("conversion"),
        "mean_value": estimates.get("value"),
        "std_deviation": _finite(metrics.get("value", primary).get("std_dev")),
        "accuracy": accuracy if accuracy is not None else estimates.get("success"),
        "precision": estimates.get("precision"),
        "recall": estimates.get("recall"),
        "f1_score": estimates.get("f1_score"),
        "custom_metrics": {n: v for n, v in estimates.items() if n not in _OWN and v is not None},
        "average_latency_ms": estimates.get("latency") or 0.0,
        "error_rate": estimates.get("error_rate") or 0.0,
        "throughput_rps": to_float(variant["throughput_rps"]),
        **_comparison(primary),
        "calculated_at": report["calculated_at"],
    }


def _comparison(primary: Mapping[str, Any]) -> dict[str, Any]:
    if "effect" not in primary:
        return {"not_testable_reason": primary.get("reason") or None}
    fixed = primary.get("fixed") or {}
    return {
        "p_value": _finite(primary.get("p_value")),
        "confidence_interval": _interval(primary.get("low"), primary.get("high")),
        "effect_size": _finite(primary.get("effect")),
        "is_statistically_significant": bool(primary.get("significant")),
        "fixed_p_value": _finite(fixed.get("p_value")),
        "fixed_confidence_interval": _interval(fixed.get("low"), fixed.get("high")),
        "not_testable_reason": primary.get("reason") or None,
    }


def _finite(value: Any) -> Optional[float]:
    if value is None:
        return None
    number = float(to_float(value))
    return None if math.isnan(number) else number


def _interval(low: Any, high: Any) -> Optional[tuple[float, float]]:
    ends = (_finite(low), _finite(high))
    return None if ends[0] is None or ends[1] is None else (ends[0], ends[1])
