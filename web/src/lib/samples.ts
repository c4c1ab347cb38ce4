// SPDX-License-Identifier: MIT
// The few lines that fill an empty page, for this server (%URL%) and, where it is about one run, for it (%RUN%).
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

export const deployModel: Sample = {
  python: `from mlops.sync import ModelDeploymentManager
from mlops import DeploymentConfig, DeploymentEnvironment, DeploymentStrategy

deployments = ModelDeploymentManager("%URL%", "localhost:5000")
deployments.deploy_model(DeploymentConfig(
    model_id="sample-quality", model_version="1.0.0",
    environment=DeploymentEnvironment.STAGING, strategy=DeploymentStrategy.CANARY))`,
  cli: `tracseq deploy sample-quality --model-version 1.0.0 --to staging --strategy canary --server %URL%`,
};

export const startTest: Sample = {
  python: `from mlops.sync import ABTestManager
from mlops import ABTestConfig, TestType

tests = ABTestManager("%URL%", "results")
test = tests.create_test(ABTestConfig(
    name="1.1.0 against 1.0.0", test_type=TestType.CHAMPION_CHALLENGER,
    control_model_id="sample-quality", control_model_version="1.0.0",
    treatment_models=[{"model_id": "sample-quality", "model_version": "1.1.0"}],
    traffic_allocation={"control": 0.5, "treatment_1": 0.5},
    primary_metric="conversion_rate"))
tests.start_test(test)`,
  cli: `tracseq abtest list --server %URL%`,
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

export const logMetric: Sample = {
  python: `from mlops.sync import ExperimentTracker
from mlops import ExperimentMetrics

tracker = ExperimentTracker("runs", "%URL%")
for step in range(100):
    tracker.log_metrics(
        ExperimentMetrics("%RUN%", step=step, val_loss=1 / (step + 1)))`,
  curl: `curl -X POST %URL%/api/v1/runs/%RUN%/metrics -H 'Content-Type: application/json' \\
  -d '{"points": [{"key": "val_loss", "step": 0, "value": 0.7}]}'`,
};

export const keepFile: Sample = {
  python: `from mlops.sync import ExperimentTracker

tracker = ExperimentTracker("runs", "%URL%")
tracker.log_artifact(
    "confusion.csv", "data", "actual,benign\\nbenign,70\\n",
    "%RUN%")`,
  curl: `curl -X PUT '%URL%/api/v1/runs/%RUN%/artifacts?path=confusion.csv' \\
  -H 'Content-Type: text/csv' --data-binary @confusion.csv`,
};

export const setThreshold: Sample = {
  python: `from mlops.sync import ModelMonitor
from mlops import MetricThreshold

monitor = ModelMonitor("%URL%", "dashboards")
monitor.create_threshold(
    MetricThreshold(model_id="sample-quality", metric_name="prediction_latency",
                    warning_threshold=50.0, critical_threshold=200.0))`,
};

/** A sample for one run. */
export function forRun(sample: Sample, runId: string): Sample {
  const filled = Object.entries(sample).map(([language, text]) => [language, String(text).replaceAll('%RUN%', runId)]);
  return Object.fromEntries(filled) as Sample;
}
