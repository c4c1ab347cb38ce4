# SPDX-License-Identifier: MIT
"""The model server as a process: its protocol, taking over versions, life without its registry, recording."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .serving_peers import ModelServer, Registry, until

ROW = {"id": "r1", "inputs": [{"name": "input", "shape": [1, 3], "datatype": "FP64", "data": [1, 1, 0]}]}


@pytest.fixture
def registry() -> Iterator[Registry]:
    registry = Registry()
    registry.promote("m", "1.0.0", "linear")
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture
def server(registry: Registry, tmp_path: Path) -> Iterator[ModelServer]:
    server = ModelServer(registry.url, tmp_path / "cache").start()
    server.wait_for("m", "1.0.0")
    yield server
    server.stop()


def test_health_tells_models_and_registry(server: ModelServer) -> None:
    status, health = server.call("/health")
    assert status == 200
    assert (health["status"], health["registry"]["registry"]) == ("ok", "reachable")
    assert health["models"][0]["serving_version"] == "1.0.0"
    assert server.call("/v2/health/ready")[0] == 200


def test_predicts_by_column_name(server: ModelServer) -> None:
    records = [{"a": 1, "b": 1, "c": 0, "note": "passed over"}, {"a": -1, "b": -1, "c": 0}]
    status, answer = server.call("/v1/models/m/predict", {"records": records, "request_id": "mine"})
    assert status == 200, answer
    assert [one["label"] for one in answer["predictions"]] == [1, 0]
    assert sum(answer["predictions"][0]["probabilities"].values()) == pytest.approx(1)
    assert (answer["version"], answer["request_id"]) == ("1.0.0", "mine")
    status, answer = server.call("/v1/models/m/predict", {"records": [{"a": 1, "b": 1}]})
    assert status == 400
    assert "'c'" in answer["error"]["message"]


def test_every_route_is_described_and_answers(server: ModelServer) -> None:
    asked: dict[tuple[str, str], tuple[str, Any]] = {
        ("POST", "/v1/models/{name}/predict"): ("/v1/models/m/predict", {"records": [{"a": 1, "b": 1, "c": 0}]})
    }
    for path in ("/health", "/livez", "/readyz", "/metrics", "/openapi.json"):
        asked["GET", path] = (path, None)
    for path in ("/v2", "/v2/health/live", "/v2/health/ready"):
        asked["GET", path] = (path, None)
    for version in ("", "/versions/{version}"):
        model = "/v2/models/{model}" + version
        target = model.replace("{model}", "m").replace("{version}", "1.0.0")
        asked["GET", model] = (target, None)
        asked["GET", model + "/ready"] = (target + "/ready", None)
        asked["POST", model + "/infer"] = (target + "/infer", ROW)
    status, document = server.call("/openapi.json")
    assert status == 200
    table = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert table == set(asked)
    for (method, path), (target, body) in asked.items():
        assert server.call(target, body)[0] == 200, f"{method} {path}"


def test_predictions_are_recorded_by_column(server: ModelServer, registry: Registry) -> None:
    assert server.call("/v2/models/m/infer", ROW)[0] == 200
    recorded = until(lambda: registry.recorded.get("r1"), 5)
    assert recorded["inputs"] == {"a": 1, "b": 1, "c": 0}
    assert recorded["outputs"]["label"] == 1
    assert recorded["success"]
    assert recorded["latency_ms"] > 0
    assert (recorded["model_id"], recorded["model_version"]) == ("m", "1.0.0")


def test_usage_is_reported_within_ten_seconds(server: ModelServer, registry: Registry) -> None:
    names = until(lambda: {metric["metric_name"] for metric in registry.metrics}, 12)
    assert {"cpu_usage_percent", "memory_usage_mb"} <= names


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"[" * 100_000 + b"]" * 100_000, {}),
        (b"{", {}),
        (b'{"inputs": 1}', {}),
        (json.dumps(ROW).encode(), {"Inference-Header-Content-Length": "999999"}),
        (json.dumps(ROW).encode(), {"Inference-Header-Content-Length": "-1"}),
        (json.dumps(ROW).encode(), {"Content-Encoding": "gzip"}),
        (b'{"inputs":[{"name":"input","shape":[4611686018427387904,4],"datatype":"FP64","data":[1]}]}', {}),
        (b'{"inputs":[{"name":"input","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}]}', {}),
    ],
)
def test_hostile_requests_get_an_error_and_no_crash(server: ModelServer, body: bytes, headers: dict[str, str]) -> None:
    status, answer = server.call("/v2/models/m/infer", body, headers)
    assert status in (400, 413)
    assert answer["error"]
    assert server.call("/v2/models/m/infer", ROW)[0] == 200


class Load:
    """Callers that never stop asking; every answer but 200 is kept."""

    def __init__(self, server: ModelServer, callers: int = 4) -> None:
        self.failures: list[Any] = []
        self.labels: list[int] = []
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(server, n)) for n in range(callers)]

    def wait_for(self, answers: int) -> None:
        until(lambda: len(self.labels) > answers, 30, f"{answers} answers")

    def _ask(self, server: ModelServer, caller: int) -> None:
        number = 0
        while not self._end.is_set():
            number += 1
            try:
                status, answer = server.call("/v2/models/m/infer", {**ROW, "id": f"{caller}-{number}"})
            except OSError as error:
                self.failures.append(repr(error))
                continue
            if status == 200:
                self.labels.append(answer["outputs"][0]["data"][0])
            else:
                self.failures.append(answer)

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()


def test_a_new_version_is_taken_over_without_a_failed_request(server: ModelServer, registry: Registry) -> None:
    with Load(server) as load:
        for turn in range(6):
            load.wait_for(50 * (turn + 1))
            version = f"{turn + 2}.0.0"
            registry.promote("m", version, "linear_v2" if turn % 2 == 0 else "linear")
            server.wait_for("m", version)
    assert load.failures == []
    assert {1, 11} <= set(load.labels)  # both were asked


def test_a_version_that_does_not_load_leaves_the_old_one(server: ModelServer, registry: Registry) -> None:
    registry.promote("m", "2.0.0", "external_data")
    until(lambda: server.call("/health")[1]["models"][0]["state"] == "broken", what="the failure is seen")
    status, health = server.call("/health")
    model = health["models"][0]
    assert (status, health["status"], model["serving_version"]) == (200, "degraded", "1.0.0")
    assert "outside the file" in model["reason"]
    assert server.call("/v2/models/m/infer", ROW)[0] == 200
    registry.promote_bytes("m", "3.0.0", b"torn", not_servable_reason="the model is not fitted")
    until(lambda: server.call("/v2/models/m/infer", ROW)[0] == 501, what="it says that it cannot")
    assert "not fitted" in server.call("/v2/models/m/infer", ROW)[1]["error"]


def test_the_registry_may_go_away_and_nothing_is_lost(registry: Registry, tmp_path: Path) -> None:
    server = ModelServer(registry.url, tmp_path / "cache").start()
    server.wait_for("m", "1.0.0")
    registry.stop()
    sent = [f"away-{n}" for n in range(200)]
    for name in sent[:100]:
        assert server.call("/v2/models/m/infer", {**ROW, "id": name})[0] == 200
    until(lambda: server.call("/health")[1]["recording"]["spooled"] == 100, what="the spool has them")
    server.kill()  # no farewell

    server.start()  # without its registry
    assert server.serves("m", "1.0.0")
    assert server.call("/health")[1]["recording"]["spooled"] == 100
    for name in sent[100:]:
        assert server.call("/v2/models/m/infer", {**ROW, "id": name})[0] == 200
    registry.promote("m", "2.0.0", "linear_v2")
    registry.start()
    server.wait_for("m", "2.0.0")
    until(lambda: set(sent) <= set(registry.recorded), 30, "all of them are recorded")
    until(lambda: server.call("/health")[1]["recording"]["spooled"] == 0)
    assert all(registry.times[name] == 1 for name in sent)
    server.stop()


def test_a_registry_that_wants_a_key(tmp_path: Path) -> None:
    registry = Registry()
    registry.token = "s3cret-of-the-registry"
    registry.promote("m", "1.0.0", "linear")
    registry.start()
    locked_out = ModelServer(registry.url, tmp_path / "a", env={"MLOPS_API_KEY": ""}).start()
    health = until(lambda: (h := locked_out.call("/health"))[0] == 503 and "credential" in h[1]["reason"] and h)
    assert "MLOPS_API_KEY" in health[1]["reason"]
    locked_out.stop()
    let_in = ModelServer(registry.url, tmp_path / "b", env={"MLOPS_API_KEY": registry.token}).start()
    let_in.wait_for("m", "1.0.0")
    let_in.stop()
    registry.stop()


def test_beyond_loopback_predictions_need_the_key(registry: Registry, tmp_path: Path) -> None:
    key = "a-key-that-nobody-guesses"
    server = ModelServer(registry.url, tmp_path / "cache", "--auth", "on", env={"MLOPS_API_KEY": key}).start()
    server.wait_for("m", "1.0.0")
    assert server.call("/v2/models/m/infer", ROW)[0] == 401
    assert server.call("/v2/models/m/infer", ROW, {"Authorization": "Bearer wrong"})[0] == 401
    assert server.call("/v2/models/m/infer", ROW, {"Authorization": f"Bearer {key}"})[0] == 200
    server.stop()


def test_two_servers_do_not_share_a_cache(server: ModelServer, registry: Registry, tmp_path: Path) -> None:
    second = ModelServer(registry.url, tmp_path / "cache")
    with pytest.raises(AssertionError, match="used by another model server"):
        second.start()
    second.kill()
