# SPDX-License-Identifier: MIT
"""The services on PostgreSQL, with the core in this process. The address comes from TRACSEQ_TEST_POSTGRES_URL."""

from __future__ import annotations

import math
import os
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest
from sklearn.tree import DecisionTreeClassifier

from mlops import sync
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
