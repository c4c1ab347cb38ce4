# SPDX-License-Identifier: MIT
"""Samples of the pipeline run a model was trained on, to compare the converted model with."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Optional

from ._log import logger
from ._onnx_rows import ROWS
from ._service import STREAM_SECONDS, Service
from ._transport import Reply, target

_RUNS = "/api/v1/pipeline-runs"
_READ_BYTES_MAX = 8 << 20  # of the output: thousands of rows, of which the samples are taken
_READ_ROWS_MAX = 50_000
_SEED = 7
_log = logger("mlops.model_registry")


async def linked_rows(
    service: Service, model: Any, run_id: Optional[str], training_data_hash: str, feature_columns: list[str]
) -> Optional[Any]:
    """Rows of the run's output in the order of the model's features; None without a run, where they do not fit, and
    where they cannot be read: a model is registered all the same.
    """
    try:
        run = await _find(service, run_id, training_data_hash)
        if run is None:
            return None
        here = Path(run.get("output_data_path") or "")
        if not service._transport.remote and here.name:
            return await service._io.run(_sample, here, False, model, feature_columns)
        with tempfile.TemporaryDirectory(prefix="mlops-") as folder:
            copy = Path(folder) / "output.csv"
            reply = await service._request(
                "GET",
                target(_RUNS + "/{}/output", run["run_id"]),
                headers={"range": f"bytes=0-{_READ_BYTES_MAX - 1}"},
                sink=copy,
                seconds=STREAM_SECONDS,
            )
            return await service._io.run(_sample, copy, _is_cut(reply), model, feature_columns)
    except Exception as error:  # a file that is no table, text where numbers are wanted, …
        _log.warning("linked_rows_not_readable", run_id=run_id or "", reason=f"{type(error).__name__}: {error}")
        return None


async def _find(service: Service, run_id: Optional[str], digest: str) -> Optional[dict[str, Any]]:
    if run_id:
        return dict(await service._get(target(_RUNS + "/{}", run_id)))
    if not digest:
        return None
    page = await service._get(target(_RUNS, status="completed", output_data_hash=digest, limit=1))
    return next(iter(page["items"]), None)


def _is_cut(reply: Reply) -> bool:
    """Whether the answer is the beginning of something longer."""
    sent, _, total = reply.headers.get("content-range", "").rpartition("/")
    return reply.status == 206 and bool(total) and int(total) != int(sent.rpartition("-")[2]) + 1


def _sample(path: Path, cut: bool, model: Any, feature_columns: list[str]) -> Optional[Any]:
    import pandas as pd

    if cut:
        whole = path.read_bytes()
        path.write_bytes(whole[: whole.rfind(b"\n") + 1])
    frame = pd.read_csv(path, nrows=_READ_ROWS_MAX)
    wanted = [str(name) for name in getattr(model, "feature_names_in_", [])] or feature_columns
    if len(wanted) != getattr(model, "n_features_in_", None) or not set(wanted) <= set(frame.columns):
        return None
    if len(frame) > ROWS:
        frame = frame.sample(ROWS, random_state=_SEED)
    return frame[wanted].to_numpy(dtype=float)
