# SPDX-License-Identifier: MIT
"""The stock client of the Open Inference Protocol, with its default settings, against the real process."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from .serving_peers import ModelServer, Registry


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[triton.InferenceServerClient]:
    registry = Registry()
    for name, file in {"m": "linear", "text": "linear_text", "exact": "threshold64", "all": "identity_all"}.items():
        registry.promote(name, "1.0.0", file)
    registry.start()
    server = ModelServer(registry.url, tmp_path_factory.mktemp("serving") / "cache").start()
    for name in ("m", "text", "exact", "all"):
        server.wait_for(name, "1.0.0")
    client = triton.InferenceServerClient(server.address)
    yield client
    client.close()
    server.stop()
    registry.stop()


def tensor(name: str, values: np.ndarray, kind: str, binary: bool = True) -> triton.InferInput:
    made = triton.InferInput(name, list(values.shape), kind)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def test_server_and_model_metadata(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("m")
    assert client.is_model_ready("m", "1.0.0")
    assert not client.is_model_ready("nobody")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    described = client.get_model_metadata("m")
    assert described["inputs"] == [{"name": "input", "datatype": "FP32", "shape": [-1, 3]}]


@pytest.mark.parametrize("kind", ["FP32", "FP64"])
@pytest.mark.parametrize("binary", [True, False])
def test_default_settings(client: triton.InferenceServerClient, kind: str, binary: bool) -> None:
    rows = np.array([[1, 1, 0], [-1, -1, 0]], dtype=np.float32 if kind == "FP32" else np.float64)
    result = client.infer("m", [tensor("input", rows, kind, binary)], request_id="r")
    assert result.as_numpy("label").tolist() == [1, 0]
    assert result.as_numpy("probabilities").shape == (2, 2)
    assert result.get_response()["id"] == "r"


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("packing", [None, "gzip", "deflate"])
def test_listed_outputs_and_compression(client: triton.InferenceServerClient, binary: bool, packing: str) -> None:
    wanted = [triton.InferRequestedOutput("label", binary_data=binary)]
    result = client.infer(
        "text",
        [tensor("input", np.array([[1, 1, 0]], dtype=np.float32), "FP32")],
        outputs=wanted,
        request_compression_algorithm=packing,
        response_compression_algorithm=packing,
    )
    assert result.as_numpy("label").tolist() in (["approve"], [b"approve"])
    assert result.as_numpy("probabilities") is None


@pytest.mark.parametrize("binary", [True, False])
def test_one_unit_in_the_last_place_decides(client: triton.InferenceServerClient, binary: bool) -> None:
    rows = np.array([[0.1], [np.nextafter(0.1, 1)], [np.nextafter(0.1, 0)]])
    result = client.infer("exact", [tensor("input", rows, "FP64", binary)])
    assert result.as_numpy("label").tolist() == [0, 1, 0]


KINDS = {
    "BOOL": np.array([[True, False]]),
    "UINT8": np.array([[0, 255]], np.uint8),
    "INT8": np.array([[-128, 127]], np.int8),
    "UINT16": np.array([[0, 65535]], np.uint16),
    "INT16": np.array([[-32768, 32767]], np.int16),
    "INT32": np.array([[-(2**31), 2**31 - 1]], np.int32),
    "UINT32": np.array([[0, 2**32 - 1]], np.uint32),
    "INT64": np.array([[-(2**63), 2**63 - 1]], np.int64),
    "UINT64": np.array([[0, 2**64 - 1]], np.uint64),
    "FP16": np.array([[1.5, -2]], np.float16),
    "FP32": np.array([[np.inf, 0.1]], np.float32),
    "FP64": np.array([[-np.inf, 5e-324]], np.float64),
    "BYTES": np.array([["a", "grün"]], np.object_),
}


@pytest.mark.parametrize("binary", [True, False])
def test_every_type_comes_back_as_it_went(client: triton.InferenceServerClient, binary: bool) -> None:
    inputs = [tensor(f"in_{kind}", values, kind, binary or kind == "FP16") for kind, values in KINDS.items()]
    wanted = [triton.InferRequestedOutput(f"out_{kind}", binary_data=binary or kind == "FP16") for kind in KINDS]
    result = client.infer("all", inputs, outputs=wanted)
    for kind, values in KINDS.items():
        answer = result.as_numpy(f"out_{kind}")
        if kind == "BYTES":
            texts = [t.decode() if isinstance(t, bytes) else t for t in answer.ravel()]
            assert texts == values.ravel().tolist()
        else:
            assert np.array_equal(answer, values), kind


def test_nan_goes_through_json(client: triton.InferenceServerClient) -> None:
    rows = np.array([[np.nan, 1, 0]])
    result = client.infer(
        "m",
        [tensor("input", rows, "FP64", False)],
        outputs=[triton.InferRequestedOutput("probabilities", binary_data=False)],
    )
    assert np.isnan(result.as_numpy("probabilities")).all()


def test_errors_carry_the_servers_words(client: triton.InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match=r"shape \[1,2\]"):
        client.infer("m", [tensor("input", np.zeros((1, 2), np.float32), "FP32")])
    with pytest.raises(InferenceServerException, match="no model 'nobody'"):
        client.infer("nobody", [tensor("input", np.zeros((1, 3), np.float32), "FP32")])
