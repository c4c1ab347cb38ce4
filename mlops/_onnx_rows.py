# SPDX-License-Identifier: MIT
"""Samples to compare a converted model with its original: drawn with a fixed seed where a model decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ROWS = 200
_SEED = 20_261_123
_THRESHOLDS_MAX = 1000  # of a feature, to draw from


def comparison_rows(model: Any) -> Any:
    """ROWS samples around the model's own thresholds; where it has none, around what its first step was fitted on."""
    import numpy as np

    rng = np.random.default_rng(_SEED)
    features = int(model.n_features_in_)
    thresholds = _thresholds(model, features)
    center, scale = _spread(model, features)
    rows = center + scale * rng.standard_normal((ROWS, features)) * rng.choice([0.3, 1.0, 3.0], size=(ROWS, 1))
    for column in range(features):
        known = thresholds[column]
        if not known:
            continue
        values = rng.choice(np.asarray(known), size=ROWS)
        offsets = rng.choice([0.0, 0.0, 1e-9, -1e-9, 1e-6, -1e-6, 0.05, -0.05], size=ROWS)
        rows[:, column] = values + offsets * (np.ptp(known) or abs(values) + 1.0)
    return rows


def _steps(model: Any) -> list[Any]:
    return [step for _, step in getattr(model, "steps", [])]


def thresholds_of_trees(model: Any) -> list[list[float]]:
    """Per feature the thresholds of the model's trees, in the terms of the trees' own input."""
    steps = _steps(model)
    found: dict[int, dict[float, None]] = {}
    for tree in _trees(steps[-1] if steps else model):
        for feature, threshold in zip(tree.feature.tolist(), tree.threshold.tolist()):
            if feature >= 0:
                found.setdefault(feature, {})[threshold] = None
    return [list(found.get(feature, {})) for feature in range(max(found, default=-1) + 1)]


def _thresholds(model: Any, features: int) -> list[list[float]]:
    """Per feature the thresholds of the model's trees, in the terms of the model's input."""
    found = [known[:_THRESHOLDS_MAX] for known in thresholds_of_trees(model)]
    for step in reversed(_steps(model)[:-1]):
        found = _undo(step, found)
    return found[:features] + [[] for _ in range(features - len(found))]


def _undo(step: Any, thresholds: list[list[float]]) -> list[list[float]]:
    """The thresholds before a scaling step; none where a step does something else to the columns."""
    center = getattr(step, "mean_", getattr(step, "center_", None))
    scale = getattr(step, "scale_", None)
    lowest = getattr(step, "min_", None)
    width = min((len(part) for part in (center, scale, lowest) if part is not None), default=len(thresholds))
    columns = list(enumerate(thresholds[:width]))
    if type(step).__name__ == "MinMaxScaler" and scale is not None and lowest is not None:
        return [[(v - float(lowest[i])) / float(scale[i]) for v in known] for i, known in columns]
    if type(step).__name__ in ("StandardScaler", "RobustScaler"):
        undone = []
        for i, known in columns:
            by = float(scale[i]) if scale is not None else 1.0
            to = float(center[i]) if center is not None else 0.0
            undone.append([v * by + to for v in known])
        return undone
    return []


def _trees(model: Any, depth: int = 0) -> Iterator[Any]:
    tree = getattr(model, "tree_", None)
    if tree is not None and hasattr(tree, "threshold"):
        yield tree
        return
    if depth > 4:
        return
    parts = getattr(model, "estimators_", None)
    if parts is None:
        parts = [getattr(model, name) for name in ("estimator_", "best_estimator_") if hasattr(model, name)]
    flat = list(parts.ravel()) if hasattr(parts, "ravel") else list(parts)
    for part in flat:
        yield from _trees(part, depth + 1)


def _spread(model: Any, features: int) -> tuple[Any, Any]:
    """Where the values of the first step lay when it was fitted, else around zero."""
    import numpy as np

    first = (_steps(model) or [model])[0]
    center: Any = getattr(first, "mean_", getattr(first, "center_", None))
    scale: Any = getattr(first, "scale_", None)
    low, high = getattr(first, "data_min_", None), getattr(first, "data_max_", None)
    if low is not None and high is not None and np.shape(low) == (features,):
        return (np.asarray(low) + np.asarray(high)) / 2, np.maximum(np.asarray(high) - np.asarray(low), 1e-6) / 4
    if np.shape(center) == (features,):
        spread = np.abs(scale) if np.shape(scale) == (features,) else np.ones(features)
        return np.asarray(center, dtype=float), np.where(spread > 0, spread, 1.0)
    return np.zeros(features), np.ones(features)
