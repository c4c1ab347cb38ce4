# SPDX-License-Identifier: MIT
"""Data pipelines, embedded (a worker is started) and against a server."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from mlops.data_pipeline import DataPipeline, DataSchema, FeatureEngineeringConfig, PipelineRun, PipelineStatus
from mlops.errors import InvalidArgument, NotFound

COLUMNS: dict[str, dict[str, Any]] = {
    "sample_id": {"type": "string", "nullable": False},
    "sample_type": {"type": "string"},
    "concentration": {"type": "float", "nullable": True, "min": 0},
    "approved": {"type": "boolean", "nullable": False},
}


@pytest.fixture(params=["embedded", "remote"])
def pipeline(request: pytest.FixtureRequest, tmp_path: Path) -> DataPipeline:
    if request.param == "embedded":
        return DataPipeline(f"sqlite:///{tmp_path}/data/mlops.db", "./data_pipeline")
    return DataPipeline(request.getfixturevalue("serve")().url, "./data_pipeline")


def write_samples(path: Path, rows: int = 300, **more: Any) -> Path:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "sample_id": [f"S{i}" for i in range(rows)],
            "sample_type": rng.choice(["blood", "urine"], rows),
            "concentration": rng.normal(5, 1, rows).round(3),
            "approved": rng.random(rows) > 0.5,
            **more,
        }
    )
    frame.loc[::50, "concentration"] = np.nan
    frame.to_csv(path, index=False)
    return path


async def set_up(pipeline: DataPipeline, **features: Any) -> tuple[str, str]:
    schema_id = await pipeline.create_schema(DataSchema("", "Lab", "1.0", COLUMNS))
    config = FeatureEngineeringConfig(
        "", "f", **{"numeric_features": ["concentration"], "categorical_features": ["sample_type"], **features}
    )
    return schema_id, await pipeline.create_feature_config(config)


async def finish(pipeline: DataPipeline, run_id: str, seconds: float = 40) -> PipelineRun:
    end = time.monotonic() + seconds
    while True:
        run = await pipeline.get_pipeline_run(run_id)
        assert run is not None
        if run.status in (PipelineStatus.COMPLETED, PipelineStatus.FAILED):
            return run
        assert time.monotonic() < end, run
        await asyncio.sleep(0.05)


async def log_of(pipeline: DataPipeline, run_id: str) -> list[str]:
    """A run's log; the worker writes its last lines just after the run is completed."""
    end = time.monotonic() + 20
    while True:
        run = await pipeline.get_pipeline_run(run_id)
        assert run is not None
        if run.processing_logs or time.monotonic() > end:
            return run.processing_logs
        await asyncio.sleep(0.05)


async def test_schemas_and_configs_come_back(pipeline: DataPipeline) -> None:
    schema = DataSchema(
        "", "Lab", "1.0", COLUMNS, [{"rule": "unique_together", "columns": ["sample_id", "sample_type"]}], "d"
    )
    schema_id = await pipeline.create_schema(schema)
    assert schema.schema_id == schema_id
    known = await pipeline.get_schema(schema_id)
    assert known is not None
    assert (known.name, known.version, known.description) == ("Lab", "1.0", "d")
    assert {name: column["type"] for name, column in known.columns.items()} == {
        name: column["type"] for name, column in COLUMNS.items()
    }
    config = FeatureEngineeringConfig("", "f", ["concentration"], max_features=np.int64(7), scaling_method="robust")  # type: ignore[arg-type]
    config_id = await pipeline.create_feature_config(config)
    kept = await pipeline.get_feature_config(config_id)
    assert kept is not None
    assert (kept.max_features, kept.scaling_method, kept.encoding_method) == (7, "robust", "label")
    assert await pipeline.get_schema("0" * 32) is None
    assert await pipeline.get_feature_config("0" * 32) is None
    with pytest.raises(InvalidArgument, match="scaling_method"):
        await pipeline.create_feature_config(FeatureEngineeringConfig("", "f", scaling_method="loud"))
    with pytest.raises(InvalidArgument, match="type"):
        await pipeline.create_schema(DataSchema("", "x", "1", {"a": {"type": "colour"}}))


async def test_a_config_has_every_field_of_the_core_with_its_default(pipeline: DataPipeline) -> None:
    plain = FeatureEngineeringConfig("", "f", ["concentration"])
    config_id = await pipeline.create_feature_config(plain)
    wire = await pipeline._get(f"/api/v1/feature-configs/{config_id}")
    names = {one.name for one in dataclasses.fields(FeatureEngineeringConfig)}
    assert set(wire) - names == set()
    unset = names - set(wire)
    assert unset <= {"max_features", "target_smoothing"}  # absent where None
    bare = await pipeline._send("POST", "/api/v1/feature-configs", {"name": "f", "numeric_features": ["concentration"]})
    own = {"config_id", "created_at", "created_by"}
    assert {k: v for k, v in bare.items() if k not in own} == {k: v for k, v in wire.items() if k not in own}

    full = FeatureEngineeringConfig(
        "", "f", ["a"], ["b"], ["c"], "minmax", "target", False, 3, 0.5, "tfidf", 7, [{"name": "x"}],
        numeric_imputation="constant", categorical_imputation="constant", numeric_fill_value=np.float64(1.5),
        categorical_fill_value="none", clip_outliers=False, drop_duplicates=False, unknown_categories="error",
        target_column="y", target_smoothing=2.0, variance_threshold=0.25,
    )  # fmt: skip
    await pipeline.create_feature_config(full)
    kept = await pipeline.get_feature_config(full.config_id)
    assert kept is not None
    changed = [one.name for one in dataclasses.fields(full) if getattr(full, one.name) == getattr(plain, one.name)]
    assert set(changed) <= {"name", "text_vectorization", "created_by"}  # the rest differs from its default
    assert dataclasses.replace(kept, created_at=full.created_at, created_by="") == full
    for wrong in ({"numeric_imputation": "guess"}, {"unknown_categories": "skip"}, {"variance_threshold": -1.0}):
        with pytest.raises(InvalidArgument, match=next(iter(wrong))):
            await pipeline.create_feature_config(FeatureEngineeringConfig("", "f", ["a"], **wrong))


async def test_preprocessing_is_as_configured(pipeline: DataPipeline, tmp_path: Path) -> None:
    schema_id, config_id = await set_up(
        pipeline,
        scaling_method="none",
        encoding_method="target",
        target_column="approved",
        numeric_imputation="constant",
        numeric_fill_value=-7.0,
        clip_outliers=False,
        drop_duplicates=False,
        feature_selection_enabled=False,
    )
    path = write_samples(tmp_path / "data.csv")
    path.write_text(path.read_text() + path.read_text().splitlines()[3] + "\nS9,blood,1000,True\n")
    run = await finish(pipeline, await pipeline.run_pipeline("lab", str(path), schema_id, config_id))
    assert run.status is PipelineStatus.COMPLETED, run.error_message
    frame = pd.read_csv(run.output_data_path or "")
    assert len(frame) == 302
    assert (frame["concentration"] == -7.0).sum() == 6
    assert frame["concentration"].max() == 1000
    assert frame["sample_type"].between(0, 1).all()


async def test_a_run_from_a_file_to_features(pipeline: DataPipeline, tmp_path: Path) -> None:
    schema_id, config_id = await set_up(pipeline)
    path = write_samples(tmp_path / "data.csv", 1000)
    started = time.monotonic()
    run_id = await pipeline.run_pipeline("lab", str(path), schema_id, config_id)
    run = await finish(pipeline, run_id)
    assert run.status is PipelineStatus.COMPLETED, run.error_message
    took = time.monotonic() - started
    assert 0 < run.processing_time_seconds < took
    print(f"1,000 rows took {took:.2f} s, of which the run itself {run.processing_time_seconds:.2f} s")
    assert (run.pipeline_id, run.input_rows, run.output_rows, run.feature_count) == ("lab", 1000, 1000, 2)
    assert run.input_data_hash == hashlib.sha256(path.read_bytes()).hexdigest()
    fitted = await pipeline._get(f"/api/v1/pipeline-runs/{run_id}/transformation")
    assert (fitted["format"], fitted["fitted_rows"]) == ("tracseq.transformation", 1000)
    output = Path(run.output_data_path or "")
    assert output.is_relative_to(pipeline.data_dir / run_id)
    assert run.output_data_hash == hashlib.sha256(output.read_bytes()).hexdigest()
    frame = pd.read_csv(output)
    assert not frame.isna().any().any()
    assert {"concentration", "approved"} <= set(frame.columns)
    assert "sample_id" not in frame.columns
    RandomForestClassifier(n_estimators=2).fit(frame.drop(columns="approved"), frame["approved"])
    assert run.processing_steps
    assert await log_of(pipeline, run_id)
    assert [one.run_id for one in await pipeline.list_pipeline_runs("lab", PipelineStatus.COMPLETED)] == [run_id]
    assert await pipeline.list_pipeline_runs("other") == []
    assert not await pipeline.cancel_pipeline_run(run_id)
    assert not await pipeline.cancel_pipeline_run("0" * 32)
    assert await pipeline.get_pipeline_run("0" * 32) is None


async def test_quality(pipeline: DataPipeline, tmp_path: Path) -> None:
    schema_id, _ = await set_up(pipeline)
    path = write_samples(tmp_path / "data.csv", 100)
    path.write_text(path.read_text() + path.read_text().splitlines()[3] + "\n")
    report = await pipeline.assess_data_quality(str(path), schema_id)
    assert (report.total_rows, report.total_columns, report.duplicate_rows) == (101, 4, 1)
    assert report.missing_value_percentage == pytest.approx(100 * 2 / 404)
    assert {"count", "mean", "std", "min", "max"} <= set(report.column_stats["concentration"])
    assert 0 < report.quality_score < 1
    assert {"type", "severity", "description", "columns"} <= set(report.issues[0])
    with pytest.raises(NotFound):
        await pipeline.assess_data_quality(str(tmp_path / "none.csv"), schema_id)
    with pytest.raises(NotFound):
        await pipeline.assess_data_quality(str(path), "0" * 32)


async def test_bad_files_fail_with_the_reason(pipeline: DataPipeline, tmp_path: Path) -> None:
    schema_id, config_id = await set_up(pipeline)
    path = tmp_path / "short.csv"
    path.write_text("sample_id,sample_type,concentration\na,b,1\n")
    run = await finish(pipeline, await pipeline.run_pipeline("lab", str(path), schema_id, config_id))
    assert run.status is PipelineStatus.FAILED
    assert "approved" in (run.error_message or "")
    with pytest.raises(NotFound, match=r"none\.csv"):
        await pipeline.run_pipeline("lab", str(tmp_path / "none.csv"), schema_id, config_id)
    with pytest.raises(NotFound):
        await pipeline.run_pipeline("lab", str(path), "0" * 32, config_id)


async def test_registered_functions_run_here(pipeline: DataPipeline, tmp_path: Path) -> None:
    seen = []

    def ratio(df: pd.DataFrame, transformation: dict[str, Any]) -> pd.DataFrame:
        seen.append(transformation)
        df["double"] = df["concentration"] * transformation["factor"]
        return df

    pipeline.register_transformation("ratio", ratio)
    schema_id, config_id = await set_up(
        pipeline,
        numeric_features=["concentration", "double"],
        custom_transformations=[{"name": "ratio", "factor": 2}],
        feature_selection_enabled=False,
    )
    path = write_samples(tmp_path / "data.csv")
    run = await finish(pipeline, await pipeline.run_pipeline("lab", str(path), schema_id, config_id))
    assert run.status is PipelineStatus.COMPLETED, run.error_message
    assert seen[0]["factor"] == 2
    frame = pd.read_csv(run.output_data_path or "")
    assert np.allclose(frame["double"], frame["concentration"])  # both are scaled

    def broken(df: pd.DataFrame) -> pd.DataFrame:
        raise KeyError("no such column")

    pipeline.register_transformation("broken", broken)
    _, config_id = await set_up(pipeline, custom_transformations=[{"name": "broken"}])
    run = await finish(pipeline, await pipeline.run_pipeline("lab", str(path), schema_id, config_id))
    assert run.status is PipelineStatus.FAILED
    assert "no such column" in (run.error_message or "")


async def test_a_function_is_told_that_its_run_was_cancelled(pipeline: DataPipeline, tmp_path: Path) -> None:
    begun, told = threading.Event(), threading.Event()

    def endless(df: pd.DataFrame) -> pd.DataFrame:
        begun.set()
        try:
            while True:
                time.sleep(0.01)
        finally:
            told.set()

    pipeline.register_transformation("endless", endless)
    schema_id, config_id = await set_up(pipeline, custom_transformations=[{"name": "endless"}])
    path = write_samples(tmp_path / "data.csv")
    run_id = await pipeline.run_pipeline("lab", str(path), schema_id, config_id)
    loop = asyncio.get_running_loop()
    assert await loop.run_in_executor(None, begun.wait, 40)
    assert await pipeline.cancel_pipeline_run(run_id)
    assert await loop.run_in_executor(None, told.wait, 40)
    run = await finish(pipeline, run_id)
    assert run.status is PipelineStatus.FAILED
    assert "cancelled" in (run.error_message or "")


async def test_a_model_is_linked_to_the_run_it_learned_from(pipeline: DataPipeline, tmp_path: Path) -> None:
    from mlops._linked_rows import linked_rows
    from mlops.model_registry import ModelMetadata, ModelRegistry

    schema_id, config_id = await set_up(pipeline)
    path = write_samples(tmp_path / "data.csv")
    run = await finish(pipeline, await pipeline.run_pipeline("lab", str(path), schema_id, config_id))
    frame = pd.read_csv(run.output_data_path or "")
    model = RandomForestClassifier(n_estimators=3).fit(frame.drop(columns="approved"), frame["approved"])
    registry = ModelRegistry("./models", pipeline.database_url)
    await registry.register_model(model, ModelMetadata("m", "", "n"), {}, pipeline_run_id=run.run_id)
    by_hash = ModelMetadata("m", "", "n", training_data_hash=run.output_data_hash or "")
    await registry.register_model(model, by_hash, {})
    rows = await linked_rows(registry, model, None, run.output_data_hash or "", [])
    assert rows is not None
    assert len(rows) == 200
    assert not set(map(tuple, rows)).difference(map(tuple, frame.drop(columns="approved").to_numpy(dtype=float)))
    for version in ("1.0.0", "1.0.1"):
        wire = await registry._find("m", version)
        assert wire["transformation"]["pipeline_run_id"] == run.run_id
        assert wire["servable"], wire["not_servable_reason"]


async def test_the_run_of_a_hash_is_found_however_many_came_later(pipeline: DataPipeline, tmp_path: Path) -> None:
    schema_id, config_id = await set_up(pipeline)
    runs = []
    for rows in (50, 60, 70):
        path = write_samples(tmp_path / f"{rows}.csv", rows)
        runs.append(await finish(pipeline, await pipeline.run_pipeline("lab", str(path), schema_id, config_id)))
    for run in runs:
        page = await pipeline._get(f"/api/v1/pipeline-runs?output_data_hash={run.output_data_hash}&limit=1")
        assert [one["run_id"] for one in page["items"]] == [run.run_id]
    assert (await pipeline._get(f"/api/v1/pipeline-runs?output_data_hash={'0' * 64}"))["items"] == []


async def test_of_a_long_output_only_the_beginning_is_read(
    serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from mlops import _linked_rows
    from mlops.model_registry import ModelRegistry

    pipeline = DataPipeline(serve().url, "./data_pipeline")
    schema_id, config_id = await set_up(pipeline)
    path = write_samples(tmp_path / "data.csv", 3000)
    run = await finish(pipeline, await pipeline.run_pipeline("lab", str(path), schema_id, config_id))
    frame = pd.read_csv(run.output_data_path or "")
    model = RandomForestClassifier(n_estimators=3).fit(frame.drop(columns="approved"), frame["approved"])
    registry = ModelRegistry("./models", pipeline.database_url)
    sizes = []
    sample = _linked_rows._sample

    def measured(path: Path, *more: Any) -> Any:
        sizes.append(path.stat().st_size)
        return sample(path, *more)

    monkeypatch.setattr(_linked_rows, "_READ_BYTES_MAX", 10_000)
    monkeypatch.setattr(_linked_rows, "_sample", measured)
    rows = await _linked_rows.linked_rows(registry, model, run.run_id, "", [])
    assert sizes == [10_000]
    assert rows is not None
    assert len(rows) == 200
    assert set(map(tuple, rows)) <= set(map(tuple, frame.drop(columns="approved").to_numpy(dtype=float)))

    def no_table(*_: Any) -> Any:
        raise pd.errors.ParserError("no table")

    monkeypatch.setattr(_linked_rows, "_sample", no_table)
    assert await _linked_rows.linked_rows(registry, model, run.run_id, "", []) is None
    assert "linked_rows_not_readable" in caplog.text
