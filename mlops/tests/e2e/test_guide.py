# SPDX-License-Identifier: MIT
"""The guide's examples run as written, given only what its reader supplies."""

from __future__ import annotations

import ast
import asyncio
import csv
import inspect
import json
import logging
import time
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from mlops import sync
from mlops.ab_testing import ABTestInteraction
from mlops.experiment_tracker import ExperimentConfig, ExperimentMetrics, ExperimentTracker
from mlops.tests.e2e.guide_blocks import BLOCKS

DATABASE = "sqlite:///mlops.db"


def run_block(name: str, given: Optional[dict[str, Any]] = None) -> dict[str, Any]:
    """Runs a block as a notebook would: `await` is allowed at its top."""
    namespace: dict[str, Any] = dict(given or {})
    code = compile(BLOCKS[name], f"guide block {name}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, namespace)
    if inspect.iscoroutine(result):
        asyncio.run(result)
    return namespace


def test_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    run_block("configuration")
    out = capsys.readouterr().out
    assert "Database URL: sqlite:///mlops_dev.db" in out
    assert "Model Registry Path: ./mlops_data/model_registry" in out


def test_model_registry_and_loading_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    run_block("registry")
    assert "Model registered: lab_classifier:1.0.0" in capsys.readouterr().out
    loaded = run_block("loading")
    assert isinstance(loaded["model"], RandomForestClassifier)
    assert loaded["metadata"].status.value == "production"
    assert Path("models").is_dir()
    assert Path("mlops.db").is_file()


def test_experiment_tracking() -> None:
    model = RandomForestClassifier(n_estimators=3).fit(np.eye(4), [0, 1, 0, 1])
    run_block("tracking", {"model": model})
    tracker = sync.ExperimentTracker("./experiments", DATABASE)
    (row,) = tracker.list_experiments()
    assert (row["name"], row["status"]) == ("Hyperparameter Tuning", "completed")
    frame = tracker.get_experiment_metrics(row["experiment_id"])
    assert frame["train_accuracy"].tolist() == [0.8 + epoch * 0.02 for epoch in range(10)]
    (artifact,) = tracker.list_artifacts(row["experiment_id"])
    assert (artifact.name, artifact.artifact_type) == ("model", "model")
    assert isinstance(tracker.load_artifact(artifact.artifact_id), RandomForestClassifier)


def test_batch_operations() -> None:
    tracker = ExperimentTracker("./experiments", DATABASE)
    run_id = asyncio.run(tracker.start_experiment(ExperimentConfig("", "batch")))
    metrics = [ExperimentMetrics(run_id, step, val_loss=float(step)) for step in range(30)]
    found = run_block("batch", {"tracker": tracker, "metrics_list": metrics})
    assert found["experiments"] == []  # there are fewer than the offset
    assert len(asyncio.run(tracker.get_experiment_metrics(run_id))) == 30


def test_monitoring(capsys: pytest.CaptureFixture[str]) -> None:
    run_block("monitoring")
    out = capsys.readouterr().out
    path = out.strip().split("Dashboard: ")[1]
    assert Path(path).read_text().startswith("<!doctype html>")
    monitor = sync.ModelMonitor(DATABASE, "./dashboards")
    assert monitor.get_metrics("lab_classifier", "accuracy")["value"].tolist() == [0.94]
    assert [t.critical_threshold for t in monitor.list_thresholds("lab_classifier") if t.model_id] == [1000.0]


def test_alert_definitions() -> None:
    from mlops.monitoring import MetricThreshold, MetricType

    made = run_block("alerts", {"MetricThreshold": MetricThreshold})
    assert made["latency_alert"].metric_type is MetricType.LATENCY
    assert (made["accuracy_alert"].operator, made["accuracy_alert"].alert_channels) == ("lt", ["email", "pagerduty"])
    monitor = sync.ModelMonitor(DATABASE, "./dashboards")
    assert monitor.create_threshold(made["accuracy_alert"])


def test_data_pipeline() -> None:
    with Path("data.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sample_id", "sample_type", "concentration", "approved"])
        for index in range(200):
            writer.writerow([f"S{index}", ["blood", "urine"][index % 2], index / 7, "true" if index % 3 else "false"])
    run_block("data")
    pipeline = sync.DataPipeline(DATABASE, "./data_pipeline")
    end = time.monotonic() + 30
    while True:
        (run,) = pipeline.list_pipeline_runs()
        if run.status.value in ("completed", "failed"):
            break
        assert time.monotonic() < end
        time.sleep(0.1)
    done = pipeline.get_pipeline_run(run.run_id)
    assert done is not None
    assert done.status.value == "completed", done.error_message
    assert done.output_rows == 200
    with Path(done.output_data_path or "").open() as file:
        columns = next(csv.reader(file))
    assert "concentration" in columns
    assert "approved" in columns
    assert "sample_id" not in columns


def test_ab_test(capsys: pytest.CaptureFixture[str]) -> None:
    run_block("abtest", {"ABTestInteraction": ABTestInteraction})
    lines = sorted(capsys.readouterr().out.splitlines())
    assert lines == ["control: 1.000 accuracy", "treatment_1: 1.000 accuracy"]
    (row,) = sync.ABTestManager(DATABASE, "./ab_tests").list_tests()
    assert (row["name"], row["status"]) == ("Model v1.1 vs v1.0", "running")


def test_events_are_json_lines_after_the_logging_block(capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    import structlog

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        root.handlers.clear()
        run_block("logging", {"sys": sys})
        tracker = sync.ExperimentTracker("./experiments", DATABASE)
        run_id = tracker.start_experiment(ExperimentConfig("", "logged"))
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    finally:
        root.handlers[:], root.level = handlers, level
        structlog.reset_defaults()
    (event,) = [line for line in lines if line["event"] == "experiment_started"]
    assert event["experiment_id"] == run_id
    assert event["logger"] == "mlops.experiment_tracker"
    assert event["level"] == "info"
