# SPDX-License-Identifier: MIT
"""Servers that ask who calls."""

from __future__ import annotations

from typing import Any

import pytest

from mlops import sync
from mlops.errors import PermissionDenied, Unauthenticated, Unavailable
from mlops.experiment_tracker import ExperimentConfig


def test_the_key_of_the_environment_is_sent(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve("--no-worker", "--auth", "on")
    with pytest.raises(Unauthenticated):
        sync.ExperimentTracker("./e", server.url).list_experiments()
    monkeypatch.setenv("MLOPS_API_KEY", "mlp_live_of_somebody_else")
    with pytest.raises(PermissionDenied):
        sync.ExperimentTracker("./e", server.url).list_experiments()
    monkeypatch.setenv("MLOPS_API_KEY", server.token)
    tracker = sync.ExperimentTracker("./e", server.url)
    run_id = tracker.start_experiment(ExperimentConfig("", "allowed"))
    artifact_id = tracker.log_artifact("x", "data", b"bytes")
    assert tracker.load_artifact(artifact_id) == b"bytes"
    assert [row["experiment_id"] for row in tracker.list_experiments()] == [run_id]
    assert server.token not in repr(tracker)


def test_a_server_that_comes_back_is_used_again(serve: Any) -> None:
    server = serve("--no-worker")
    tracker = sync.ExperimentTracker("./e", server.url)
    tracker.start_experiment(ExperimentConfig("", "before"))
    port = int(server.url.rsplit(":", 1)[1])
    server.stop()
    from mlops import timeout

    with timeout(0.5), pytest.raises(Unavailable, match="cannot be reached"):
        tracker.list_experiments()
    serve("--no-worker", port=port)
    assert [row["name"] for row in tracker.list_experiments()] == ["before"]
