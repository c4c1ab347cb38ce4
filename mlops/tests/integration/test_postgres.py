# SPDX-License-Identifier: MIT
"""The services on PostgreSQL, with the core in this process. The address comes from TRACSEQ_TEST_POSTGRES_URL."""

from __future__ import annotations

import math
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from sklearn.tree import DecisionTreeClassifier

from mlops import sync
from mlops._driver import working_on
from mlops.data_pipeline import DataSchema, FeatureEngineeringConfig, PipelineStatus
from mlops.errors import Unavailable
from mlops.experiment_tracker import ExperimentConfig, ExperimentMetrics
from mlops.model_registry import ModelMetadata, ModelStatus

URL = os.environ.get("TRACSEQ_TEST_POSTGRES_URL", "")


def _execute(statement: str) -> None:
    """Outside of a transaction, as making and dropping a database must be."""
    import psycopg2

    connection = psycopg2.connect(URL)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A database of the test's own."""
    assert URL, "run this with tools/services/with_postgres.sh"
    name = f"python_{uuid.uuid4().hex}"
    _execute(f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(URL)._replace(path=f"/{name}"))
    from mlops.tests.conftest import _forget_databases

    _forget_databases()
    _execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_all_services_and_a_fork(postgres_url: str) -> None:
    tracker = sync.ExperimentTracker("./experiments", postgres_url)
    run_id = tracker.start_experiment(ExperimentConfig("", "pg", hyperparameters={"x": math.inf}))
    for step, value in enumerate((0.1, math.nan, -math.inf)):
        tracker.log_metrics(ExperimentMetrics(run_id, step, val_loss=value))
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            tracker.log_metrics(ExperimentMetrics(run_id, 9, val_loss=9.0))
            tracker.flush()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    tracker.complete_experiment()
    values = tracker.get_experiment_metrics(run_id)["val_loss"].tolist()
    assert (values[0], values[2], values[3]) == (0.1, -math.inf, 9.0)
    assert math.isnan(values[1])
    registry = sync.ModelRegistry("./models", postgres_url)
    model = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1])
    assert registry.register_model(model, ModelMetadata("m", "", "n"), {}) == "m:1.0.0"
    assert registry.promote_model("m", "1.0.0", ModelStatus.PRODUCTION)
    assert registry.get_model("m")[0].predict([[1.0]]).tolist() == [1]
    monitor = sync.ModelMonitor(postgres_url, "./dashboards")
    monitor.record_prediction_metrics("m", "1.0.0", 3.5, True)
    assert monitor.get_metrics("m", "latency")["value"].tolist() == [3.5]
    assert monitor.generate_dashboard("m")


def test_a_database_that_is_not_there_is_unavailable() -> None:
    tracker = sync.ExperimentTracker("./e", "postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(Unavailable) as caught:
        tracker.list_experiments()
    assert "secret" not in str(caught.value)


def test_a_pipeline_run_by_the_driver_finds_the_artifacts_of_this_program(postgres_url: str, tmp_path: Path) -> None:
    pipeline = sync.DataPipeline(postgres_url, "./data")
    schema_id = pipeline.create_schema(
        DataSchema("", "Lab", "1.0", {"id": {"type": "string"}, "x": {"type": "float"}, "y": {"type": "boolean"}})
    )
    config_id = pipeline.create_feature_config(FeatureEngineeringConfig("", "f", numeric_features=["x"]))
    table = tmp_path / "lab.csv"
    table.write_text("id,x,y\n" + "".join(f"S{i},{i}.5,{'true' if i % 3 else 'false'}\n" for i in range(200)))
    run_id = pipeline.run_pipeline("lab", str(table), schema_id, config_id)
    end = time.monotonic() + 60
    while (run := pipeline.get_pipeline_run(run_id)) is not None and run.completed_at is None:
        assert time.monotonic() < end, run
        time.sleep(0.1)
    assert run is not None
    assert run.status is PipelineStatus.COMPLETED, run.error_message
    assert run.output_data_path is not None
    assert len(Path(run.output_data_path).read_text().splitlines()) == run.output_rows + 1
    assert any((tmp_path / "mlops_data" / "artifacts").rglob("*"))
    assert not Path("/mlops_data").exists()
    drivers = working_on(postgres_url)
    assert drivers
    password = urlsplit(postgres_url).password
    assert password
    for pid in drivers:
        assert password.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
