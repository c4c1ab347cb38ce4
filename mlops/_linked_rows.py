# SPDX-License-Identifier: MIT
"""Samples of the pipeline run a model was trained on, to compare the converted model with."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Optional

from ._log import logger
from ._onnx_rows import ROWS
from ._service import STREAM_SECONDS, Service
from ._transport import target
from .errors import MLOpsError

_RUNS = "/api/v1/pipeline-runs"
_RUNS_LOOKED_AT = 1000
_READ_MAX = 50_000  # rows the samples are taken from
_SEED = 7
_log = logger("mlops.model_registry")


async def linked_rows(
    service: Service, model: Any, run_id: Optional[str], training_data_hash: str, feature_columns: list[str]
) -> Optional[Any]:
    """Rows of the run's output in the order of the model's features; None without a run or where they do not fit."""
    try:
        run = await _find(service, run_id, training_data_hash)
        if run is None:
            return None
        with tempfile.TemporaryDirectory(prefix="mlops-") as folder:
            copy = Path(folder) / "output.csv"
            query = target(_RUNS + "/{}/output", run["run_id"])
            await service._request("GET", query, sink=copy, seconds=STREAM_SECONDS)
            return await service._io.run(_sample, copy, model, feature_columns)
    except MLOpsError as error:
        _log.warning("linked_rows_not_readable", run_id=run_id or "", reason=str(error))
        return None


async def _find(service: Service, run_id: Optional[str], digest: str) -> Optional[dict[str, Any]]:
    if run_id:
        return dict(await service._get(target(_RUNS + "/{}", run_id)))
    if not digest:
        return None
    page = await service._get(target(_RUNS, status="completed", limit=_RUNS_LOOKED_AT))
    return next((run for run in page["items"] if run.get("output_data_hash") == digest), None)


def _sample(path: Path, model: Any, feature_columns: list[str]) -> Optional[Any]:
    import pandas as pd

    frame = pd.read_csv(path, nrows=_READ_MAX)
    wanted = [str(name) for name in getattr(model, "feature_names_in_", [])] or feature_columns
    if len(wanted) != getattr(model, "n_features_in_", None) or not set(wanted) <= set(frame.columns):
        return None
    if len(frame) > ROWS:
        frame = frame.sample(ROWS, random_state=_SEED)
    return frame[wanted].to_numpy(dtype=float)
