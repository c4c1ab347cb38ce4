# SPDX-License-Identifier: MIT
"""Registered, promoted, served, recorded: the model server beside the real registry, over HTTP and on the database."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from urllib import request as urls

import pytest

from tests.services.tracseq import TracseqServer

from .serving_peers import MODELS, ModelServer, find_program, until

RECORD = {"a": 1, "b": 1, "c": 0}


class Lab:
    """A server and what a laboratory does with it."""

    def __init__(self, server: TracseqServer) -> None:
        self.server = server

    def call(self, method: str, path: str, body: Any = None) -> Any:
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        asked = urls.Request(self.server.url + path, content, {"Content-Type": kind}, method=method)
        with urls.urlopen(asked, timeout=30) as answer:
            return json.loads(answer.read())

    def promote(self, file: str | bytes, **extra: Any) -> str:
        content = file if isinstance(file, bytes) else (MODELS / f"{file}.onnx").read_bytes()
        stored = self.call("PUT", "/api/v1/uploads?name=model.onnx", content)
        files = [{"name": "model.onnx", "role": "onnx", "artifact_id": stored["artifact_id"]}]
        model = {"model_id": "m", "name": "m", "model_type": "demo", "framework": "onnx", "files": files, **extra}
        version = str(self.call("POST", "/api/v1/models", model)["version"])
        self.call("POST", f"/api/v1/models/m/versions/{version}/promote", {"to_status": "production", "reason": "test"})
        return version

    def predictions(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "/api/v1/predictions?model_id=m")["items"])


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    folder = tmp_path / "serve"
    folder.mkdir()
    with (
        mock.patch.dict(os.environ, {"TRACSEQ_BIN": str(find_program())}),
        TracseqServer(arguments=["--no-worker"], folder=folder) as server,
    ):
        yield Lab(server)


@pytest.mark.parametrize("transport", ["server", "database"])
def test_a_promoted_model_is_served_and_its_predictions_are_recorded(lab: Lab, tmp_path: Path, transport: str) -> None:
    first = lab.promote("linear")
    url = lab.server.url if transport == "server" else lab.server.database_url
    model_server = ModelServer(url, tmp_path / "cache").start()
    try:
        model_server.wait_for("m", first)
        status, answer = model_server.call("/v1/models/m/predict", {"records": [RECORD], "request_id": "q1"})
        assert (status, answer["predictions"][0]["label"]) == (200, 1)
        recorded = until(lab.predictions, 10, "the prediction is in the log")[0]
        assert (recorded["request_id"], recorded["model_version"]) == ("q1", first)
        assert recorded["inputs"] == RECORD

        second = lab.promote("linear_v2")
        model_server.wait_for("m", second)
        assert model_server.call("/v1/models/m/predict", {"records": [RECORD]})[1]["predictions"][0]["label"] == 11
        lab.call("POST", "/api/v1/models/m/rollback", {"reason": "test"})
        until(lambda: model_server.call("/v1/models/m/predict", {"records": [RECORD]})[1]["version"] == first)
    finally:
        model_server.stop()


def test_the_registry_is_killed_and_comes_back(lab: Lab, tmp_path: Path) -> None:
    version = lab.promote("linear")
    model_server = ModelServer(lab.server.url, tmp_path / "cache").start()
    try:
        model_server.wait_for("m", version)
        lab.server.kill()
        for n in range(50):
            assert model_server.call("/v1/models/m/predict", {"records": [RECORD], "request_id": f"k{n}"})[0] == 200
        lab.server.start()
        until(lambda: len(lab.predictions()) == 50, 30, "what was spooled is delivered once")
    finally:
        model_server.stop()


def test_a_model_that_cannot_be_served_says_why(lab: Lab, tmp_path: Path) -> None:
    stored = lab.call("PUT", "/api/v1/uploads?name=model.pkl", b"\x80\x04opaque")
    files = [{"name": "model.pkl", "role": "original", "artifact_id": stored["artifact_id"]}]
    reason = "the RandomForestClassifier is not fitted"
    model = {"model_id": "m", "name": "m", "model_type": "demo", "files": files, "not_servable_reason": reason}
    version = lab.call("POST", "/api/v1/models", model)["version"]
    lab.call("POST", f"/api/v1/models/m/versions/{version}/promote", {"to_status": "production", "reason": "test"})
    model_server = ModelServer(lab.server.url, tmp_path / "cache").start()
    try:
        until(lambda: model_server.call("/v1/models/m/predict", {"records": [RECORD]})[0] == 501)
        assert reason in model_server.call("/v1/models/m/predict", {"records": [RECORD]})[1]["error"]["message"]
        assert model_server.call("/health")[0] == 200
    finally:
        model_server.stop()


@pytest.mark.parametrize("columns", [["a", "b"], ["c", "b", "a"], ["p", "q", "r"]])
def test_feature_columns_describe_and_keep_no_model_from_being_served(
    lab: Lab, tmp_path: Path, columns: list[str]
) -> None:
    version = lab.promote("linear", feature_columns=columns)
    model_server = ModelServer(lab.server.url, tmp_path / "cache").start()
    try:
        model_server.wait_for("m", version)
        assert model_server.call("/health")[1]["status"] == "ok"
    finally:
        model_server.stop()


def test_a_file_that_is_no_model_is_answered_with_the_reason(lab: Lab, tmp_path: Path) -> None:
    lab.promote(b"no protobuf")
    model_server = ModelServer(lab.server.url, tmp_path / "cache").start()
    try:
        until(lambda: model_server.call("/v1/models/m/predict", {"records": [RECORD]})[0] == 501)
        said = model_server.call("/v1/models/m/predict", {"records": [RECORD]})[1]["error"]["message"]
        assert "no ONNX model" in said
        status, health = model_server.call("/health")
        assert (status, health["models"][0]["state"]) == (200, "broken")
        model_server.wait_for("m", lab.promote("linear"))
    finally:
        model_server.stop()


def test_a_model_that_does_not_fit_its_signature_is_answered_with_the_reason(lab: Lab, tmp_path: Path) -> None:
    first = lab.promote("linear", feature_columns=["a", "b", "c"])
    model_server = ModelServer(lab.server.url, tmp_path / "cache").start()
    try:
        model_server.wait_for("m", first)

        def answer() -> Any:
            status, body = model_server.call("/v1/models/m/predict", {"records": [RECORD]})
            return body["error"]["message"] if status == 501 else ""

        wide = {"inputs": [{"name": "input", "datatype": "FP64", "shape": [-1, 30]}]}
        lab.promote("linear_v2", signature=wide)
        until(lambda: "the shape [-1,30] in the signature, [-1,3] in the model" in answer())
        (model,) = model_server.call("/health")[1]["models"]
        assert (model["state"], "does not fit" in model["reason"]) == ("not_servable", True)
        fits = {"inputs": [{"name": "input", "datatype": "FP64", "shape": [-1, 3]}]}
        model_server.wait_for("m", lab.promote("linear_v2", signature=fits))
    finally:
        model_server.stop()
