# SPDX-License-Identifier: MIT
"""A laboratory's model from data to watched predictions, on real data, through a running server.

    python examples/lab_demo.py --server http://127.0.0.1:8080 --model-server http://127.0.0.1:8081 --data-dir demo_data

The data are the Wisconsin diagnostic breast-cancer measurements that scikit-learn carries: 569 real samples, 30 numbers
each, benign or malignant. `./run demo` starts the two servers and calls this script.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import random
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_score, recall_score

from mlops import (
    DataSchema,
    ExperimentConfig,
    ExperimentMetrics,
    FeatureEngineeringConfig,
    MetricThreshold,
    MetricType,
    ModelMetadata,
    ModelStatus,
    MonitoringMetric,
    PipelineStatus,
)
from mlops.sync import DataPipeline, ExperimentTracker, ModelMonitor, ModelRegistry

MODEL = "lab_classifier"
LABEL = "malignant"
HELD_OUT_ROWS = 113
PREDICTIONS = 2_000
PREDICTIONS_PER_SECOND = 20.0
MISCALIBRATED = range(300, 700)  # these predictions get measurements from a badly calibrated instrument
WAIT_SECONDS_MAX = 120


def say(text: str) -> None:
    print(text, flush=True)


def step(number: int, title: str) -> None:
    say(f"\n{number}. {title}")


class CheckFailed(Exception):
    """A promise of the demo that did not hold."""


def check(condition: bool, what: str) -> None:
    if not condition:
        raise CheckFailed(what)


def wait_for(what: str, probe: Callable[[], Any], seconds: float = WAIT_SECONDS_MAX) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        check(time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s")
        time.sleep(0.25)


@dataclass
class Samples:
    """The measurements, split once: what is trained on, and rows no model has seen."""

    features: list[str]
    train: pd.DataFrame
    held_out: pd.DataFrame


def load_samples() -> Samples:
    data = load_breast_cancer(as_frame=True)
    frame = data.frame.rename(columns=lambda name: name.replace(" ", "_"))
    frame[LABEL] = frame.pop("target") == 0
    frame.insert(0, "sample_id", [f"S{i:04d}" for i in range(len(frame))])
    shuffled = frame.sample(frac=1.0, random_state=7).reset_index(drop=True)
    features = [c for c in frame.columns if c not in ("sample_id", LABEL)]
    return Samples(features, shuffled.iloc[HELD_OUT_ROWS:], shuffled.iloc[:HELD_OUT_ROWS])


def write_dirty_csv(samples: Samples, path: Path) -> int:
    """The training rows as a laboratory would export them: some cells empty, two rows doubled, one value off by far."""
    chooser = random.Random(11)
    rows = samples.train.astype(object).values.tolist()
    columns = list(samples.train.columns)
    for row in chooser.sample(rows, 12):
        row[columns.index(chooser.choice(samples.features))] = ""
    rows[5][columns.index("mean_area")] = 250_000.0
    rows[17][columns.index("mean_texture")] = "n/a"
    rows += [list(rows[3]), list(rows[40])]
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows([[str(v).lower() if isinstance(v, bool) else v for v in row] for row in rows])
    return len(rows)


def describe_data(pipeline: DataPipeline, samples: Samples, path: Path) -> tuple[str, str]:
    columns: dict[str, dict[str, Any]] = {"sample_id": {"type": "string", "nullable": False, "pattern": "^S[0-9]{4}$"}}
    columns.update({name: {"type": "float", "nullable": True, "min": 0} for name in samples.features})
    columns["mean_area"]["max"] = 10_000
    columns[LABEL] = {"type": "boolean", "nullable": False}
    schema_id = pipeline.create_schema(DataSchema(schema_id="", name="Breast samples", version="1.0", columns=columns))
    report = pipeline.assess_data_quality(str(path), schema_id)
    say(f"   {report.total_rows} rows, {report.total_columns} columns, quality score {report.quality_score:.3f}")
    for issue in report.issues[:6]:
        say(f"   - {issue['severity']}: {issue['description']}")
    check(report.duplicate_rows == 2, f"the quality report finds the 2 doubled rows (it found {report.duplicate_rows})")
    check(report.missing_value_percentage > 0, "the quality report finds the empty cells")
    feature_id = pipeline.create_feature_config(
        FeatureEngineeringConfig(
            config_id="",
            name="Breast features",
            numeric_features=samples.features,
            scaling_method="standard",
            correlation_threshold=0.98,
        )
    )
    return schema_id, feature_id


def engineer(pipeline: DataPipeline, path: Path, schema_id: str, feature_id: str) -> Any:
    run_id = pipeline.run_pipeline("breast_pipeline", str(path), schema_id, feature_id)

    def finished() -> Optional[Any]:
        run = pipeline.get_pipeline_run(run_id)
        done = run is not None and run.status in (PipelineStatus.COMPLETED, PipelineStatus.FAILED)
        return run if done else None

    run = wait_for("the pipeline run", finished)
    check(run.status == PipelineStatus.COMPLETED, f"the pipeline run completes ({run.error_message})")
    say(
        f"   {run.input_rows} rows in, {run.output_rows} out, {run.feature_count} features: {', '.join(run.processing_steps)}"
    )
    return run


def staged_models() -> list[tuple[str, dict[str, Any], list[Any]]]:
    """Three kinds of model; each is fitted in growing stages, so that its curve can be watched."""
    stages = (5, 10, 20, 40, 60, 80, 100)
    forest: dict[str, Any] = {"max_depth": 8, "random_state": 1}
    boosted: dict[str, Any] = {"max_depth": 3, "learning_rate": 0.1, "random_state": 1}
    linear: dict[str, Any] = {"loss": "log_loss", "alpha": 1e-3, "random_state": 1}
    return [
        ("random_forest", forest, [RandomForestClassifier(n_estimators=n, **forest) for n in stages]),
        ("gradient_boosting", boosted, [GradientBoostingClassifier(n_estimators=n, **boosted) for n in stages]),
        ("logistic_sgd", linear, [SGDClassifier(max_iter=n, tol=None, **linear) for n in stages]),
    ]


@dataclass
class Trained:
    name: str
    experiment_id: str
    model: Any
    hyperparameters: dict[str, Any]
    accuracy: float
    precision: float
    recall: float
    f1: float


def train_one(
    tracker: ExperimentTracker, frame: pd.DataFrame, name: str, params: dict[str, Any], stages: list[Any]
) -> Trained:
    features = [c for c in frame.columns if c != LABEL]
    cut = int(len(frame) * 0.8)
    x, y = frame[features].to_numpy(), frame[LABEL].astype(int).to_numpy()
    config = ExperimentConfig(
        experiment_id="",
        name=f"{name} on breast samples",
        description="One of three candidates of the lab demo",
        model_type="classification",
        framework="sklearn",
        algorithm=name,
        dataset_name="breast samples",
        tags=["lab-demo", name],
        hyperparameters=params,
    )
    experiment_id = tracker.start_experiment(config)
    for index, model in enumerate(stages):
        began = time.monotonic()
        model.fit(x[:cut], y[:cut])
        predicted = model.predict(x[cut:])
        tracker.log_metrics(
            ExperimentMetrics(
                experiment_id=experiment_id,
                step=index,
                train_accuracy=accuracy_score(y[:cut], model.predict(x[:cut])),
                train_loss=log_loss(y[:cut], model.predict_proba(x[:cut])),
                val_accuracy=accuracy_score(y[cut:], predicted),
                val_loss=log_loss(y[cut:], model.predict_proba(x[cut:])),
                val_f1=f1_score(y[cut:], predicted),
                training_time_seconds=time.monotonic() - began,
            )
        )
    model, truth = stages[-1], y[cut:]
    predicted = model.predict(x[cut:])
    scores = [float(f(truth, predicted)) for f in (accuracy_score, precision_score, recall_score, f1_score)]
    tracker.plot_experiment_metrics(experiment_id, ["train_accuracy", "val_accuracy"])
    tracker.log_artifact("model", "model", model, experiment_id=experiment_id)
    tracker.complete_experiment(experiment_id, final_metrics={"accuracy": scores[0], "f1_score": scores[3]})
    say(f"   {name:18} accuracy {scores[0]:.3f}  f1 {scores[3]:.3f}")
    return Trained(name, experiment_id, model, params, *scores)


def register_best(registry: ModelRegistry, best: Trained, features: list[str], run: Any) -> str:
    metadata = ModelMetadata(
        model_id=MODEL,
        version="",
        name="Lab sample classifier",
        description=f"{best.name}, the best of three candidates",
        model_type="classification",
        framework="sklearn",
        accuracy=best.accuracy,
        precision=best.precision,
        recall=best.recall,
        f1_score=best.f1,
        training_data_hash=run.output_data_hash,
        hyperparameters=best.hyperparameters,
        feature_columns=features,
        created_by="lab_demo",
    )
    registry.register_model(best.model, metadata, config=best.hyperparameters, pipeline_run_id=run.run_id)
    check(registry.promote_model(MODEL, metadata.version, ModelStatus.PRODUCTION), "the best model is promoted")
    say(f"   {MODEL} {metadata.version} ({best.name}) is in production")
    return metadata.version


class ModelServer:
    """One keep-alive connection to the model server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._connection = http.client.HTTPConnection(self._host, self._port, timeout=10)

    def request(self, method: str, path: str, body: Optional[dict[str, Any]] = None) -> tuple[int, Any]:
        payload = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, payload, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=10)
            return 0, None
        return answer.status, json.loads(text) if text else None

    def serves(self, version: str) -> bool:
        return self.request("GET", f"/v2/models/{MODEL}/versions/{version}/ready")[0] == 200

    def predict(self, record: dict[str, Any]) -> tuple[int, Any]:
        return self.request("POST", f"/v1/models/{MODEL}/predict", {"records": [record]})


def label_of(answer: Any) -> bool:
    return str(answer["predictions"][0]["label"]).lower() in ("1", "true", "1.0")


def watch(monitor: ModelMonitor, version: str) -> str:
    """Sets the demo's threshold. The one of an earlier demo goes first: there is never more than one, and the pause
    after its alert does not hold for the new one.
    """
    threshold = MetricThreshold(
        threshold_id="",
        model_id=MODEL,
        metric_name="accuracy",
        metric_type=MetricType.ACCURACY,
        warning_threshold=0.85,
        critical_threshold=0.75,
        operator="lt",
        evaluation_window_minutes=1,
        minimum_samples=10,
        description=f"Accuracy of {MODEL} {version} on samples with a known diagnosis",
    )
    for known in monitor.list_thresholds(MODEL):
        same = replace(
            threshold,
            threshold_id=known.threshold_id,
            description=known.description,
            created_at=known.created_at,
        )
        if known == same:
            monitor.delete_threshold(known.threshold_id)
    return monitor.create_threshold(threshold)


class AlertWatch:
    """Tells when the alert fires and when it is resolved."""

    def __init__(self, monitor: ModelMonitor, threshold_id: str) -> None:
        self._monitor, self._threshold_id = monitor, threshold_id
        self.fired = self.resolved = False
        self._next = 0.0

    def look(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 1.0
        active = [a for a in self._monitor.get_active_alerts(MODEL) if a.threshold_id == self._threshold_id]
        if active and not self.fired:
            self.fired = True
            say(f"   ALERT {active[0].severity.value}: {active[0].message}")
        if self.fired and not active and not self.resolved:
            self.resolved = True
            say("   the alert is resolved: accuracy is back")


def predict_all(server: ModelServer, monitor: ModelMonitor, samples: Samples, version: str, alert: AlertWatch) -> float:
    rows = samples.held_out[samples.features].to_dict("records")
    records = [{str(name): value for name, value in row.items()} for row in rows]
    truths = samples.held_out[LABEL].tolist()
    began = time.monotonic()
    right = 0
    for index in range(PREDICTIONS):
        record = dict(records[index % len(records)])
        if index in MISCALIBRATED:
            record = {name: value * 2.2 for name, value in record.items()}
        status, answer = server.predict(record)
        check(status == 200, f"prediction {index} answers 200 (it answered {status}: {answer})")
        correct = label_of(answer) == truths[index % len(truths)]
        right += correct and index not in MISCALIBRATED
        monitor.record_metric(
            MonitoringMetric(
                metric_id="",
                model_id=MODEL,
                model_version=version,
                metric_name="prediction_accuracy",
                metric_type=MetricType.ACCURACY,
                value=float(correct),
            )
        )
        alert.look()
        if (index + 1) % 200 == 0:
            say(f"   {index + 1:5} of {PREDICTIONS} predictions")
        time.sleep(max(0.0, began + (index + 1) / PREDICTIONS_PER_SECOND - time.monotonic()))
    return right / (PREDICTIONS - len(MISCALIBRATED))


def run(options: argparse.Namespace) -> None:
    folder = Path(options.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    url = options.server
    pipeline = DataPipeline(url, folder / "pipeline")
    tracker = ExperimentTracker(folder / "experiments", url)
    registry = ModelRegistry(folder / "models", url)
    monitor = ModelMonitor(url, folder / "dashboards")
    samples = load_samples()

    step(1, "A CSV as a laboratory would export it, with a few dirty rows; its schema and its quality")
    path = folder / "breast_samples.csv"
    say(f"   {write_dirty_csv(samples, path)} rows in {path.name}")
    schema_id, feature_id = describe_data(pipeline, samples, path)

    step(2, "Feature engineering: fitted once, the same numbers later for single samples")
    pipeline_run = engineer(pipeline, path, schema_id, feature_id)
    frame = pd.read_csv(pipeline_run.output_data_path)

    step(3, "Three tracked training runs")
    trained = [train_one(tracker, frame, *candidate) for candidate in staged_models()]
    best = max(trained, key=lambda t: (t.f1, t.accuracy))

    step(4, "The best is registered and promoted")
    version = register_best(registry, best, [c for c in frame.columns if c != LABEL], pipeline_run)

    step(5, "The model server takes it over")
    server = ModelServer(options.model_server)
    wait_for(f"the model server to serve {MODEL} {version}", lambda: server.serves(version), 60)
    say(f"   POST {options.model_server}/v1/models/{MODEL}/predict answers")

    step(6, f"{PREDICTIONS} predictions: the {HELD_OUT_ROWS} held-out samples, repeated")
    say(
        f"   from the {MISCALIBRATED.start}th to the {MISCALIBRATED.stop}th as a badly calibrated instrument would report them"
    )
    alert = AlertWatch(monitor, watch(monitor, version))
    accuracy = predict_all(server, monitor, samples, version, alert)
    say(f"   accuracy on well measured samples: {accuracy:.3f}")
    check(accuracy > 0.9, f"held-out accuracy is above 0.9 (it is {accuracy:.3f})")

    step(7, "The alert on a one-minute window")
    monitor.flush()
    check(alert.fired, "the alert fired while the instrument was off")

    def resolved() -> bool:
        alert.look()
        return alert.resolved

    wait_for("the alert to resolve", resolved)
    say(f"   report: {monitor.generate_dashboard(MODEL, hours=1)}")
    health = monitor.get_model_health(MODEL)
    if health is None:
        raise SystemExit("the model has no health record")
    check(health.predictions_last_hour >= PREDICTIONS, "all predictions were recorded")
    say(f"   {health.predictions_last_hour} predictions recorded, average latency {health.average_latency_ms:.2f} ms")
    say(f"\nEverything is on the page: {url}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", required=True, help="the server's URL")
    parser.add_argument("--model-server", required=True, help="the model server's URL")
    parser.add_argument("--data-dir", required=True, help="where files are written")
    parser.add_argument("--exit", action="store_true", help="accepted for ./run demo --exit; the script always ends")
    try:
        run(parser.parse_args())
    except CheckFailed as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
