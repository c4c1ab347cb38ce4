# SPDX-License-Identifier: MIT
"""Experiments: what was tried, with which parameters, and what came out."""

from __future__ import annotations

import contextlib
import datetime as _dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

from . import _artifacts, _files, _json, _points
from ._buffer import buffer_of
from ._log import logger
from ._records import choice, from_wire, number, optional_choice, record, to_wire, utc_now
from ._service import STREAM_SECONDS, Service, folder_of
from ._transport import target
from .errors import InvalidArgument, NotFound

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExperimentArtifact", "ExperimentConfig", "ExperimentMetrics", "ExperimentStatus", "ExperimentTracker"]

_log = logger("mlops.experiment_tracker")
_RUNS = "/api/v1/runs"
_ARTIFACT_TYPES = ("model", "plot", "data", "config", "log")
_SUFFIXES = {"pickle": ".pkl", "text": ".txt", "bytes": ""}
# What an artifact's metadata holds beside the caller's own.
_NAME = "mlops.name"
_ENCODING = "mlops.encoding"
_PAGE = 1000  # most rows a list answers at once
# Fields of the record that a run keeps in its free document.
_IN_CONFIG = (
    "train_split",
    "validation_split",
    "test_split",
    "training_config",
    "python_version",
    "requirements",
    "gpu_enabled",
)
_PLAIN = (
    "name",
    "description",
    "model_type",
    "framework",
    "algorithm",
    "dataset_name",
    "dataset_version",
    "created_by",
)


class ExperimentStatus(enum.Enum):
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@record
@dataclass
class ExperimentConfig:
    """What a run sets out with. An empty `experiment_id` is filled in when it starts."""

    experiment_id: str = ""
    name: str = ""
    description: str = ""
    tags: list[str] = field(default_factory=list)
    model_type: str = ""
    framework: str = ""
    algorithm: str = ""
    dataset_name: str = ""
    dataset_version: str = ""
    train_split: float = 0.8
    validation_split: float = 0.1
    test_split: float = 0.1
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    training_config: dict[str, Any] = field(default_factory=dict)
    python_version: str = ""
    requirements: list[str] = field(default_factory=list)
    gpu_enabled: bool = False
    created_at: _dt.datetime = field(default_factory=utc_now)
    created_by: str = ""
    parent_experiment_id: Optional[str] = None


@record
@dataclass
class ExperimentMetrics:
    """The values of one step. An empty `experiment_id` means the experiment started last."""

    experiment_id: str = ""
    step: int = 0
    epoch: Optional[int] = None
    train_loss: Optional[float] = None
    train_accuracy: Optional[float] = None
    train_precision: Optional[float] = None
    train_recall: Optional[float] = None
    train_f1: Optional[float] = None
    val_loss: Optional[float] = None
    val_accuracy: Optional[float] = None
    val_precision: Optional[float] = None
    val_recall: Optional[float] = None
    val_f1: Optional[float] = None
    custom_metrics: dict[str, float] = field(default_factory=dict)
    memory_usage_mb: Optional[float] = None
    gpu_usage_percent: Optional[float] = None
    training_time_seconds: Optional[float] = None
    timestamp: _dt.datetime = field(default_factory=utc_now)


@record
@dataclass
class ExperimentArtifact:
    """A stored file of a run; `file_path` is a local file that can be read."""

    artifact_id: str
    experiment_id: str
    name: str
    artifact_type: str
    file_path: str
    file_size_bytes: int
    description: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    created_at: _dt.datetime = field(default_factory=utc_now)


def _start_body(config: ExperimentConfig) -> dict[str, Any]:
    wire = to_wire(config)
    body = {name: wire[name] for name in _PLAIN if name in wire}
    body["run_id"] = wire.get("experiment_id") or ""
    body["params"] = wire.get("hyperparameters", {})
    body["config"] = {name: wire[name] for name in _IN_CONFIG if name in wire}
    body["tags"] = [{"key": tag, "value": ""} for tag in dict.fromkeys(wire.get("tags", []))]
    body["created_at"] = wire.get("created_at")
    body["parent_run_id"] = wire.get("parent_experiment_id") or None
    return {name: value for name, value in body.items() if value is not None}


def _config_of(run: dict[str, Any]) -> ExperimentConfig:
    wire = {name: run[name] for name in _PLAIN if name in run}
    wire.update({name: value for name, value in run.get("config", {}).items() if name in _IN_CONFIG})
    wire.update(
        experiment_id=run["run_id"],
        hyperparameters=run.get("params", {}),
        tags=_tags_of(run),
        created_at=run["created_at"],
        parent_experiment_id=run.get("parent_run_id"),
    )
    return from_wire(ExperimentConfig, wire)


def _tags_of(run: dict[str, Any]) -> list[str]:
    return [f"{tag['key']}={tag['value']}" if tag.get("value") else tag["key"] for tag in run.get("tags", [])]


class ExperimentTracker(Service):
    """Tracks experiments of one database. Usable from any thread and any event loop.

    `current_experiment` is the experiment started last; an empty or left-out id means it.
    """

    def __init__(self, tracking_dir: Union[str, Path], database_url: str) -> None:
        super().__init__(database_url)
        self.tracking_dir = folder_of(tracking_dir, "tracking_dir")
        self.current_experiment: Optional[str] = None
        self._buffer = buffer_of(self._transport, "/api/v1/metrics", _points.encode)
        self._known: dict[str, None] = {}  # experiments seen to exist

    def _id(self, experiment_id: Optional[str]) -> str:
        chosen = experiment_id or self.current_experiment
        if not chosen:
            raise InvalidArgument("experiment_id is empty and no experiment was started here", field="experiment_id")
        if not isinstance(chosen, str):
            raise InvalidArgument(f"experiment_id is {chosen!r}; it must be text", field="experiment_id")
        return chosen

    def _remember(self, experiment_id: str) -> None:
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[experiment_id] = None

    async def start_experiment(self, config: ExperimentConfig) -> str:
        """Starts an experiment and returns its id, which is written back into the record."""
        run = await self._send("POST", _RUNS, _start_body(config))
        experiment_id = str(run["run_id"])
        config.experiment_id = experiment_id
        self.current_experiment = experiment_id
        self._remember(experiment_id)
        _log.info("experiment_started", experiment_id=experiment_id, name=run["name"])
        return experiment_id

    async def log_metrics(self, metrics: ExperimentMetrics) -> None:
        """Accepts the values of a step; they are committed within 20 ms. `NotFound` for an unknown experiment."""
        run_id = self._id(metrics.experiment_id)
        if run_id not in self._known:
            await self._check(run_id)
        entry = _points.entry_of(metrics, run_id)
        if entry[1] == 0:
            _log.warning("metrics_without_values", experiment_id=run_id, step=metrics.step)
        await self._add(self._buffer, entry)

    async def log_metrics_batch(self, metrics: Sequence[ExperimentMetrics]) -> None:
        """Commits the values of all steps, or of none; returns after the commit."""
        await self.flush()
        batch = [_points.entry_of(one, self._id(one.experiment_id)) for one in metrics]
        if sum(entry[1] for entry in batch) > 0:
            headers = {"content-type": "application/json"}
            await self._request("POST", "/api/v1/metrics", body=_points.encode(batch), headers=headers)

    async def flush(self) -> None:
        """Returns after everything this process logged on this database is committed."""
        await self._flush(self._buffer)

    async def _check(self, run_id: str) -> None:
        await self._get(target(_RUNS + "/{}", self._id(run_id)))
        self._remember(run_id)

    async def complete_experiment(
        self,
        experiment_id: Optional[str] = None,
        final_metrics: Optional[dict[str, float]] = None,
        notes: Optional[str] = None,
        status: ExperimentStatus = ExperimentStatus.COMPLETED,
    ) -> None:
        """Ends an experiment; returns after everything of it is committed."""
        run_id = self._id(experiment_id)
        await self.flush()
        body: dict[str, Any] = {"status": choice(ExperimentStatus, status, "status")}
        if final_metrics is not None:
            body["final_metrics"] = {k: number(v, f"final_metrics.{k}") for k, v in final_metrics.items()}
        if notes is not None:
            body["notes"] = notes
        await self._send("PATCH", target(_RUNS + "/{}", run_id), body)
        _log.info("experiment_completed", experiment_id=run_id, status=body["status"])

    async def get_experiment(self, experiment_id: str) -> Optional[ExperimentConfig]:
        """What the experiment set out with; None for an unknown one."""
        try:
            return _config_of(await self._get(target(_RUNS + "/{}", self._id(experiment_id))))
        except NotFound:
            return None

    async def get_experiment_metrics(self, experiment_id: str) -> pd.DataFrame:
        """One row per step: step, epoch, the fixed metrics, timestamp, each custom metric."""
        run_id = self._id(experiment_id)
        await self.flush()
        if run_id not in self._known:
            await self._check(run_id)
        from ._frames import metrics_frame

        return await self._io.run(metrics_frame, await self._series(run_id))

    async def _series(self, run_id: str) -> list[dict[str, Any]]:
        """Every point of a run's metrics; long ones come by pages that go on in the middle of a series."""
        series: dict[str, dict[str, Any]] = {}
        token: Optional[str] = None
        while True:
            page = await self._get(target("/api/v1/metrics/series", run_id=run_id, page_token=token))
            for one in page["items"]:
                begun = series.setdefault(one["key"], one)
                if begun is not one:
                    for column in ("steps", "epochs", "times", "values"):
                        begun[column].extend(one[column])
            token = page.get("next_page_token")
            if not token:
                return list(series.values())

    async def list_experiments(
        self,
        limit: int = 50,
        status: Optional[ExperimentStatus] = None,
        model_type: Optional[str] = None,
        tags: Optional[list[str]] = None,
        offset: int = 0,
    ) -> list[dict[str, Any]]:
        """Experiments, newest first; `tags` are those that have any of them."""
        await self.flush()
        wanted = optional_choice(ExperimentStatus, status, "status")
        rows: list[dict[str, Any]] = []
        while len(rows) < limit:
            query = target(
                _RUNS,
                limit=min(limit - len(rows), _PAGE),
                offset=offset + len(rows),
                status=wanted,
                model_type=model_type,
                tag=list(tags) if tags else None,
            )
            page = (await self._get(query))["items"]
            rows.extend(_row_of(run) for run in page)
            if len(page) < min(limit, _PAGE):
                break
        return rows

    async def compare_experiments(self, experiment_ids: list[str], metrics: Optional[list[str]] = None) -> pd.DataFrame:
        """One row per experiment: its parameters as `hp_<name>` and the last value of each metric."""
        await self.flush()
        runs = [await self._get(target(_RUNS + "/{}", self._id(one))) for one in experiment_ids]
        from ._frames import comparison_frame

        return comparison_frame(runs, metrics)

    async def plot_experiment_metrics(
        self, experiment_id: str, metrics: Optional[list[str]] = None, save_path: Optional[str] = None
    ) -> str:
        """Draws the metrics over their steps into a PNG, which is also logged as an artifact. Returns its path."""
        run_id = self._id(experiment_id)
        frame = await self.get_experiment_metrics(run_id)
        drawn = [name for name in frame.columns if name not in ("step", "epoch", "timestamp")]
        unknown = sorted(set(metrics or []).difference(drawn))
        if unknown:
            raise InvalidArgument(
                f"metrics names {', '.join(unknown)}; this experiment has {', '.join(drawn)}", field="metrics"
            )
        names = list(metrics) if metrics else [name for name in drawn if frame[name].notna().any()]
        path = _picture_path(save_path, self.tracking_dir / "plots" / f"{run_id}_metrics.png")
        run = await self._get(target(_RUNS + "/{}", run_id))
        from ._plots import plot_metrics

        await self._io.run(plot_metrics, frame, names, run["name"], path)
        picture = await self._io.run(path.read_bytes)
        await self.log_artifact(path.name, "plot", picture, run_id, "metrics over steps", {"metrics": names})
        return str(path)

    async def log_artifact(
        self,
        name: str,
        artifact_type: str,
        content: Any,
        experiment_id: Optional[str] = None,
        description: str = "",
        metadata: Optional[dict[str, Any]] = None,
    ) -> str:
        """Stores bytes as they are, a str as text, any other object as a plain pickle. Returns the artifact's id."""
        run_id = self._id(experiment_id)
        if not isinstance(name, str) or not name:
            raise InvalidArgument(f"name is {name!r}; it must be text", field="name")
        if artifact_type not in _ARTIFACT_TYPES:
            raise InvalidArgument(
                f"artifact_type is {artifact_type!r}; it must be one of {', '.join(_ARTIFACT_TYPES)}",
                field="artifact_type",
            )
        with contextlib.ExitStack() as kept:
            stored = await self._io.run(kept.enter_context, _files.content_of(content))
            own = {**(metadata or {}), _NAME: name, _ENCODING: stored.encoding}
            query = target(
                _RUNS + "/{}/artifacts",
                run_id,
                path=_files.safe_path(name, _SUFFIXES[stored.encoding]),
                artifact_type=artifact_type,
                description=description or None,
                metadata=_json.dumps(own, "metadata").decode(),
                digest=stored.digest,
                root=None if self._transport.remote else str(self.tracking_dir),
            )
            reply = await self._request("PUT", query, body=stored.path, seconds=STREAM_SECONDS)
        artifact_id = str(reply.json()["artifact_id"])
        _log.info("artifact_logged", artifact_id=artifact_id, experiment_id=run_id, name=name, type=artifact_type)
        return artifact_id

    async def list_artifacts(self, experiment_id: str) -> list[ExperimentArtifact]:
        """The files of an experiment in order of their names; each with a local file that can be read."""
        found: list[ExperimentArtifact] = []
        token: Optional[str] = None
        while True:
            path = target(_RUNS + "/{}/artifacts", self._id(experiment_id), limit=_PAGE, page_token=token)
            page = await self._get(path)
            for info in page["items"]:
                found.append(_artifact_of(info, await _artifacts.local_file(self, info)))
            token = page.get("next_page_token")
            if not token:
                return found

    async def load_artifact(self, artifact_id: str) -> Any:
        """The content as it was logged: bytes, text or the object. Unpickling runs code of whoever logged it."""
        info = await self._get(target("/api/v1/artifacts/{}", artifact_id))
        path = Path(await _artifacts.local_file(self, info))
        encoding = (info.get("metadata") or {}).get(_ENCODING, "bytes")
        return await self._io.run(_files.read, path, encoding)


def _picture_path(given: Optional[str], otherwise: Path) -> Path:
    return Path(given).absolute() if given else otherwise


def _artifact_of(info: dict[str, Any], file_path: str) -> ExperimentArtifact:
    metadata = dict(info.get("metadata") or {})
    name = metadata.pop(_NAME, info["path"])
    metadata.pop(_ENCODING, None)
    return ExperimentArtifact(
        artifact_id=info["artifact_id"],
        experiment_id=info["owner_id"],
        name=name,
        artifact_type=info.get("artifact_type", ""),
        file_path=file_path,
        file_size_bytes=int(info["size_bytes"]),
        description=info.get("description", ""),
        metadata=metadata,
        created_at=_json.parse_time(info["created_at"]),
    )


def _row_of(run: dict[str, Any]) -> dict[str, Any]:
    return {
        "experiment_id": run["run_id"],
        "name": run["name"],
        "description": run.get("description", ""),
        "model_type": run.get("model_type", ""),
        "status": run["status"],
        "created_at": _json.parse_time(run["created_at"]),
        "completed_at": _json.parse_time(run["completed_at"]) if run.get("completed_at") else None,
        "created_by": run.get("created_by", ""),
        "tags": _tags_of(run),
        "final_metrics": {key: _json.to_float(value) for key, value in (run.get("final_metrics") or {}).items()},
    }
