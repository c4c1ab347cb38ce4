// SPDX-License-Identifier: MIT
// The few lines that fill an empty page, for this server (%URL%).
import type { Sample } from '../parts/CodeSample.svelte';

export const trackRun: Sample = {
  python: `from mlops.sync import ExperimentTracker
from mlops import ExperimentConfig, ExperimentMetrics

tracker = ExperimentTracker("runs", "%URL%")
run = tracker.start_experiment(
    ExperimentConfig(name="first run", hyperparameters={"lr": 0.01}))
for step in range(100):
    tracker.log_metrics(
        ExperimentMetrics(run, step=step, val_loss=1 / (step + 1)))
tracker.complete_experiment(run)`,
  curl: `curl -X POST %URL%/api/v1/runs -H 'Content-Type: application/json' \\
  -d '{"name": "first run", "params": {"lr": 0.01}}'`,
  cli: `tracseq run list`,
};

export const registerModel: Sample = {
  python: `from mlops.sync import ModelRegistry
from mlops import ModelMetadata, ModelStatus

registry = ModelRegistry("models", "%URL%")
registry.register_model(
    model, ModelMetadata(model_id="sample-quality", model_type="classifier"), {})
registry.promote_model("sample-quality", "1.0.0", ModelStatus.PRODUCTION)`,
  cli: `tracseq model list`,
};

export const runPipeline: Sample = {
  python: `from mlops.sync import DataPipeline
from mlops import DataSchema, FeatureEngineeringConfig

pipeline = DataPipeline("%URL%", "data")
schema = pipeline.create_schema(
    DataSchema(name="samples", columns={"concentration": {"type": "float"}}))
features = pipeline.create_feature_config(
    FeatureEngineeringConfig(name="features", numeric_features=["concentration"]))
pipeline.run_pipeline("daily", "samples.csv", schema, features)`,
};

export const recordPrediction: Sample = {
  python: `from mlops.sync import ModelMonitor

monitor = ModelMonitor("%URL%", "dashboards")
monitor.record_prediction_metrics(
    "sample-quality", "1.0.0", prediction_latency_ms=4.2, prediction_success=True)`,
  cli: `tracseq model-server --registry-url %URL%`,
};
