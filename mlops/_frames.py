# SPDX-License-Identifier: MIT
"""Series and runs as pandas tables. pandas is imported when the first table is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Optional

from . import _json
from ._points import FIXED

if TYPE_CHECKING:
    import pandas as pd


def metrics_frame(series: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per step: of each metric the last value by (time, arrival).

    Columns step, epoch, the fixed metrics, timestamp, each custom metric. Series come ordered by step, time, arrival.
    """
    import numpy as np
    import pandas as pd

    columns: dict[str, pd.Series[Any]] = {}
    epochs: dict[int, Any] = {}
    times: dict[int, str] = {}
    for one in series:
        steps = np.asarray(one["steps"], dtype=np.int64)
        last = np.flatnonzero(np.append(steps[1:] != steps[:-1], True)) if len(steps) else np.empty(0, dtype=np.int64)
        values = one["values"]
        columns[one["key"]] = pd.Series([_json.to_float(values[i]) for i in last], index=steps[last], dtype="float64")
        for i in last:
            step, time, epoch = int(steps[i]), one["times"][i], one["epochs"][i]
            if step not in times or time >= times[step]:
                times[step] = time
                epochs[step] = epoch if epoch is not None else epochs.get(step)
    index = pd.Index(sorted(times), dtype="int64")
    data: dict[str, Any] = {"step": index.to_numpy(), "epoch": _integers([epochs[step] for step in index])}
    for name in FIXED:
        data[name] = _column(columns.pop(name, None), index)
    data["timestamp"] = pd.to_datetime([times[step] for step in index], utc=True, format="ISO8601")
    for name in sorted(columns):
        data[name] = _column(columns[name], index)
    return pd.DataFrame(data)


def _column(values: Optional[pd.Series[Any]], index: pd.Index[Any]) -> Any:
    import numpy as np

    return np.full(len(index), np.nan) if values is None else values.reindex(index).to_numpy()


def _integers(values: list[Any]) -> Any:
    import pandas as pd

    complete = all(value is not None for value in values)
    return pd.array(values, dtype="int64" if complete else "Int64")


def comparison_frame(runs: Sequence[Mapping[str, Any]], metrics: Optional[Sequence[str]]) -> pd.DataFrame:
    """One row per run: experiment_id, name, model_type, algorithm, its last metrics, `hp_<name>`."""
    import pandas as pd

    names = list(metrics) if metrics is not None else _metric_names(runs)
    parameters = list(dict.fromkeys(name for run in runs for name in run.get("params", {})))
    rows = []
    for run in runs:
        last = run.get("metrics", {})
        row = {"experiment_id": run["run_id"], **{key: run.get(key, "") for key in ("name", "model_type", "algorithm")}}
        row.update((name, _json.to_float(last[name]) if name in last else float("nan")) for name in names)
        row.update((f"hp_{name}", run.get("params", {}).get(name)) for name in parameters)
        rows.append(row)
    columns = ["experiment_id", "name", "model_type", "algorithm", *names, *(f"hp_{name}" for name in parameters)]
    return pd.DataFrame(rows, columns=columns)


def _metric_names(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    present = {name for run in runs for name in run.get("metrics", {})}
    return [name for name in FIXED if name in present] + sorted(present.difference(FIXED))
