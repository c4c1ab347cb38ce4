# SPDX-License-Identifier: MIT
"""Data: schemas, quality, features, and the runs that make a table a model can learn from."""

from __future__ import annotations

import datetime as _dt
import enum
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar, Union

from . import _files, _transformations
from ._driver import ensure_driver
from ._hosting import host_of
from ._log import logger
from ._records import from_wire, number, optional_choice, record, to_wire, utc_now
from ._service import STREAM_SECONDS, Service, folder_of
from ._transport import current_timeout, target
from .errors import Conflict, DeadlineExceeded, InvalidArgument, MLOpsError, NotFound

__all__ = [
    "DataPipeline",
    "DataQualityIssue",
    "DataQualityReport",
    "DataSchema",
    "FeatureEngineeringConfig",
    "PipelineRun",
    "PipelineStatus",
]

T = TypeVar("T")
_log = logger("mlops.data_pipeline")
_SCHEMAS = "/api/v1/schemas"
_CONFIGS = "/api/v1/feature-configs"
_REPORTS = "/api/v1/quality-reports"
_RUNS = "/api/v1/pipeline-runs"
_PAGE = 1000  # most rows a list answers at once
_REPORT_SECONDS = 3600.0  # an assessment may take that long
_LOOK_SECONDS_FIRST, _LOOK_SECONDS_MAX = 0.05, 1.0
_WORKER_SECONDS = 1.5  # a worker that runs has taken its job by then


class PipelineStatus(enum.Enum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class DataQualityIssue(enum.Enum):
    MISSING_VALUES = "missing_values"
    OUTLIERS = "outliers"
    DUPLICATES = "duplicates"
    SCHEMA_MISMATCH = "schema_mismatch"
    DATA_DRIFT = "data_drift"


@record
@dataclass
class DataSchema:
    """The columns a file must have. An empty `schema_id` is filled in."""

    schema_id: str = ""
    name: str = ""
    version: str = "1.0"
    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    validation_rules: list[dict[str, Any]] = field(default_factory=list)
    description: str = ""
    created_at: _dt.datetime = field(default_factory=utc_now)
    created_by: str = ""


@record
@dataclass
class DataQualityReport:
    """What is wrong with a file, and how much."""

    report_id: str
    dataset_hash: str
    schema_id: str
    total_rows: int
    total_columns: int
    missing_value_percentage: float
    duplicate_rows: int
    issues: list[dict[str, Any]] = field(default_factory=list)
    column_stats: dict[str, dict[str, Any]] = field(default_factory=dict)
    quality_score: float = 1.0
    created_at: _dt.datetime = field(default_factory=utc_now)


@record
@dataclass
class FeatureEngineeringConfig:
    """How columns become features. An empty `config_id` is filled in.

    `scaling_method`: standard, minmax, robust, none. `encoding_method`: label, onehot, ordinal, target; target encoding
    and supervised selection learn from `target_column`, where several columns could be it. `numeric_imputation`: median,
    mean, mode, constant (`numeric_fill_value`). `categorical_imputation`: mode, constant (`categorical_fill_value`).
    `unknown_categories`, not seen in fitting: ignore (one-hot zeros, label and ordinal -1, target the mean) or error.
    `target_smoothing` is the weight of the overall mean; None: from the data.
    """

    config_id: str = ""
    name: str = ""
    numeric_features: list[str] = field(default_factory=list)
    categorical_features: list[str] = field(default_factory=list)
    text_features: list[str] = field(default_factory=list)
    scaling_method: str = "standard"
    encoding_method: str = "label"
    feature_selection_enabled: bool = True
    max_features: Optional[int] = None
    correlation_threshold: float = 0.95
    text_vectorization: str = "tfidf"
    max_vocab_size: int = 10000
    custom_transformations: list[dict[str, Any]] = field(default_factory=list)
    created_at: _dt.datetime = field(default_factory=utc_now)
    created_by: str = ""
    numeric_imputation: str = "median"
    categorical_imputation: str = "mode"
    numeric_fill_value: float = 0.0
    categorical_fill_value: str = "missing"
    clip_outliers: bool = True
    drop_duplicates: bool = True
    unknown_categories: str = "ignore"
    target_column: str = ""
    target_smoothing: Optional[float] = None
    variance_threshold: float = 0.0


@record
@dataclass
class PipelineRun:
    """One run of a pipeline over one file."""

    run_id: str
    pipeline_id: str
    trigger_type: str
    input_data_path: str
    input_data_hash: str
    input_rows: int
    schema_id: str
    feature_config_id: str
    output_data_path: Optional[str] = None
    output_data_hash: Optional[str] = None
    output_rows: int = 0
    quality_report_id: Optional[str] = None
    data_quality_score: float = 0.0
    processing_steps: list[str] = field(default_factory=list)
    feature_count: int = 0
    status: PipelineStatus = PipelineStatus.PENDING
    started_at: Optional[_dt.datetime] = None
    completed_at: Optional[_dt.datetime] = None
    processing_time_seconds: float = 0.0
    processing_logs: list[str] = field(default_factory=list)
    error_message: Optional[str] = None
    created_at: _dt.datetime = field(default_factory=utc_now)


class DataPipeline(Service):
    """Data of one database: schemas, quality, features. Usable from any thread and any event loop.

    Files are worked on by a worker process: the server's, or one that is started on its own for a local database.
    With a server's URL input files are sent there and outputs are fetched into `data_dir`.
    """

    def __init__(self, database_url: str, data_dir: Union[str, Path]) -> None:
        super().__init__(database_url)
        self.data_dir = folder_of(data_dir, "data_dir")

    def register_transformation(self, name: str, func: Callable[..., Any]) -> None:
        """Makes a function known for `custom_transformations`: `func(df, transformation)`, or of the DataFrame alone.
        This process runs it whenever a run of this database needs it.
        """
        if not isinstance(name, str) or not name:
            raise InvalidArgument(f"name is {name!r}; it must be text", field="name")
        work = _transformations.work_of(name, func)
        host_of(self._transport).serve(_transformations.kind_of(name), work)
        _log.info("transformation_registered", name=name)

    async def create_schema(self, schema: DataSchema) -> str:
        """Stores a schema and returns its id, which is written back into the record."""
        made = await self._send("POST", _SCHEMAS, to_wire(schema))
        schema.schema_id = str(made["schema_id"])
        _log.info("schema_created", schema_id=schema.schema_id, name=schema.name)
        return schema.schema_id

    async def create_feature_config(self, config: FeatureEngineeringConfig) -> str:
        """Stores a feature configuration and returns its id, which is written back into the record."""
        made = await self._send("POST", _CONFIGS, to_wire(config))
        config.config_id = str(made["config_id"])
        _log.info("feature_config_created", config_id=config.config_id, name=config.name)
        return config.config_id

    async def get_schema(self, schema_id: str) -> Optional[DataSchema]:
        """A schema; None for an unknown id."""
        return await self._one(DataSchema, target(_SCHEMAS + "/{}", _id(schema_id, "schema_id")))

    async def get_feature_config(self, config_id: str) -> Optional[FeatureEngineeringConfig]:
        """A feature configuration; None for an unknown id."""
        return await self._one(FeatureEngineeringConfig, target(_CONFIGS + "/{}", _id(config_id, "config_id")))

    async def _one(self, kind: type[T], path: str) -> Optional[T]:
        try:
            return from_wire(kind, await self._get(path))
        except NotFound:
            return None

    async def run_pipeline(
        self,
        pipeline_id: str,
        input_data_path: str,
        schema_id: str,
        feature_config_id: str,
        trigger_type: str = "manual",
    ) -> str:
        """Starts a run over a file and returns its id at once; `get_pipeline_run` tells how it goes."""
        body: dict[str, Any] = {
            "pipeline_id": pipeline_id,
            "schema_id": schema_id,
            "feature_config_id": feature_config_id,
            "trigger_type": trigger_type,
            "input_data_path": str(input_data_path),
            **await self._input(input_data_path),
        }
        if not self._transport.remote:
            body["output_folder"] = str(self.data_dir)
        threshold = await self._io.run(_quality_threshold)
        if threshold is not None:
            body["quality_threshold"] = threshold
        run = await self._send("POST", _RUNS, body)
        run_id = str(run["run_id"])
        _log.info("pipeline_started", run_id=run_id, pipeline_id=pipeline_id)
        await self._io.run(_drive, self._transport)
        return run_id

    async def _input(self, given: Union[str, Path]) -> dict[str, str]:
        """Where the worker finds the file: its path on this machine, else an upload."""
        path = _existing(given)
        if not self._transport.remote:
            return {"path": str(path)}
        digest = await self._io.run(_files.digest_of, path)
        name = _files.safe_path(path.name)
        try:
            info = await self._send("POST", "/api/v1/uploads", {"name": name, "digest": digest})
        except NotFound:
            query = target("/api/v1/uploads", name=name, digest=digest)
            info = (await self._request("PUT", query, body=path, seconds=STREAM_SECONDS)).json()
        return {"upload_id": str(info["artifact_id"])}

    async def get_pipeline_run(self, run_id: str) -> Optional[PipelineRun]:
        """A run and how far it is; None for an unknown id. With a server, its output is fetched into `data_dir`."""
        try:
            wire = await self._get(target(_RUNS + "/{}", _id(run_id, "run_id")))
        except NotFound:
            return None
        run = from_wire(PipelineRun, {name: value for name, value in wire.items() if value is not None})
        if run.status is PipelineStatus.COMPLETED and run.output_data_hash:
            run.output_data_path = await self._output(run)
        return run

    async def _output(self, run: PipelineRun) -> str:
        """The run's CSV on this machine."""
        given = Path(run.output_data_path) if run.output_data_path else None
        if given is not None and not self._transport.remote:
            return str(given)
        place = self.data_dir / run.run_id / "features.csv"
        digest = run.output_data_hash or ""
        good: bool = await self._io.run(_files.is_good_copy, place, digest, None)
        if good:
            return str(place)
        temporary = await self._io.run(_files.new_temporary, place)
        try:
            query = target(_RUNS + "/{}/output", run.run_id)
            await self._request("GET", query, sink=temporary, seconds=STREAM_SECONDS)
            return str(await self._io.run(_files.keep, temporary, digest, place))
        finally:
            temporary.unlink(missing_ok=True)

    async def list_pipeline_runs(
        self, pipeline_id: Optional[str] = None, status: Optional[PipelineStatus] = None, limit: int = 50
    ) -> list[PipelineRun]:
        """Runs, newest first, without their logs."""
        wanted = optional_choice(PipelineStatus, status, "status")
        runs: list[PipelineRun] = []
        token: Optional[str] = None
        while len(runs) < limit:
            size = min(limit - len(runs), _PAGE)
            page = await self._get(target(_RUNS, pipeline_id=pipeline_id, status=wanted, limit=size, page_token=token))
            runs.extend(
                from_wire(PipelineRun, {k: v for k, v in one.items() if v is not None}) for one in page["items"]
            )
            token = page.get("next_page_token")
            if not token:
                break
        return runs

    async def cancel_pipeline_run(self, run_id: str) -> bool:
        """Stops a run; False for an unknown or finished one."""
        try:
            await self._send("POST", target(_RUNS + "/{}/cancel", _id(run_id, "run_id")), {})
        except (NotFound, Conflict) as refusal:
            _log.warning("pipeline_cancel_refused", run_id=run_id, reason=str(refusal))
            return False
        _log.info("pipeline_cancelled", run_id=run_id)
        return True

    async def assess_data_quality(self, data_path: str, schema_id: str) -> DataQualityReport:
        """What is wrong with a file under a schema; returns when a worker has looked at it."""
        body = {"report_id": uuid.uuid4().hex, "schema_id": schema_id, **await self._input(data_path)}
        wire = await self._send("POST", _REPORTS, body)
        await self._io.run(_drive, self._transport)
        wire = await self._assessed(wire)
        if wire.get("status") == "failed":
            raise InvalidArgument(f"{data_path} cannot be assessed: {wire.get('error_message')}", field="data_path")
        report = from_wire(DataQualityReport, wire)
        _log.info("data_quality_assessed", report_id=report.report_id, schema_id=schema_id, score=report.quality_score)
        return report

    async def _assessed(self, wire: dict[str, Any]) -> dict[str, Any]:
        """The report once it is no longer pending. Says in the log, and where the time is over, that nobody works."""
        started = time.monotonic()
        seconds = current_timeout(_REPORT_SECONDS)
        pause, idle = _LOOK_SECONDS_FIRST, ""
        while wire.get("status") == "pending":
            waited = time.monotonic() - started
            if waited > _WORKER_SECONDS:
                before, idle = idle, await self._unclaimed(wire.get("job_id"), waited)
                if idle and not before:
                    _log.warning("no_worker_seen", report_id=wire["report_id"], reason=idle)
            if waited + pause >= seconds:
                words = f"the assessment {wire['report_id']} did not end in {seconds:.3g} s"
                raise DeadlineExceeded(f"{words}: {idle}" if idle else words)
            await self._io.sleep(pause)
            pause = min(pause * 1.5, _LOOK_SECONDS_MAX)
            wire = await self._get(target(_REPORTS + "/{}", wire["report_id"]))
        return wire

    async def _unclaimed(self, job_id: Optional[str], waited: float) -> str:
        """That no worker has taken the job, and how one is started; "" if one has."""
        if not job_id:
            return ""
        job = await self._get(target("/api/v1/jobs/{}", job_id))
        if job.get("state") != "queued":
            return ""
        return (
            f"no worker has taken it for {waited:.0f} s; is one running? (tracseq worker --database-url …, or "
            "tracseq serve without --no-worker)"
        )


def _drive(transport: Any) -> None:
    ensure_driver(transport, now=True)


def _id(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidArgument(f"{place} is {value!r}; it must be text", field=place)
    return value


def _existing(given: Union[str, Path]) -> Path:
    try:
        path = Path(given).expanduser().absolute()
    except (TypeError, RuntimeError):
        raise InvalidArgument(f"the path is {given!r}; it must be a file", field="input_data_path") from None
    if not path.is_file():
        raise NotFound(f"there is no file {path}", field="input_data_path")
    return path


def _quality_threshold() -> Optional[float]:
    """What the settings of here and now say; the core's own default where they cannot be read."""
    from .config import get_config

    try:
        return number(get_config().data_pipeline.quality_threshold, "quality_threshold")
    except MLOpsError as error:
        _log.warning("settings_not_readable", reason=str(error))
        return None
