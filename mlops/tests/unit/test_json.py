# SPDX-License-Identifier: MIT
"""Numbers, times and odd values go over the wire exactly."""

from __future__ import annotations

import datetime
import math
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops import _json
from mlops._records import from_wire, number, to_wire, whole
from mlops.errors import InvalidArgument
from mlops.experiment_tracker import ExperimentConfig, ExperimentStatus


def there_and_back(value: object) -> Any:
    return _json.loads(_json.dumps(value))


def test_doubles_come_back_bit_for_bit() -> None:
    rng = random.Random(7)
    values = [struct.unpack("<d", rng.getrandbits(64).to_bytes(8, "little"))[0] for _ in range(20_000)]
    values += [5e-324, -0.0, 1e308, 0.1, 2**53 + 1.0]
    for value, back in zip(values, there_and_back(values)):
        if math.isnan(value):
            assert math.isnan(back)
        else:
            assert struct.pack("<d", value) == struct.pack("<d", back)


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinities_come_back_from_any_depth(value: float) -> None:
    assert there_and_back({"a": [value, {"b": np.float32(value)}]}) == {"a": [value, {"b": value}]}


def test_numpy_and_pandas_values_are_plain_afterwards() -> None:
    value = {
        "int": np.int32(4), "bool": np.bool_(True), "half": np.float16(0.5), "text": np.str_("x"), 3: "three",
        "array": np.arange(3), "series": pd.Series([1, 2]).tolist(), "time": pd.Timestamp("2026-01-02", tz="UTC"),
        "missing": pd.NA, "nat": pd.NaT, "path": Path("a/b"), "set": {2, 1}, "enum": ExperimentStatus.FAILED,
        np.int64(5): 1, "day": datetime.date(2026, 1, 2),
    }  # fmt: skip
    back = there_and_back(value)
    assert back == {
        "int": 4, "bool": True, "half": 0.5, "text": "x", "3": "three", "array": [0, 1, 2], "series": [1, 2],
        "time": "2026-01-02T00:00:00.000000Z", "missing": None, "nat": None, "path": "a/b", "set": [1, 2],
        "enum": "failed", "5": 1, "day": "2026-01-02",
    }  # fmt: skip
    assert type(back["int"]) is int
    assert type(back["bool"]) is bool


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"seed": 1 << 63}, "value.seed"),
        ({"a": object()}, "value.a is a object"),
        ({("a", 1): 2}, "keys must be text"),
        ("\ud800", "surrogate"),
    ],
)
def test_what_has_no_json_form_is_named(value: object, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        _json.dumps(value)


def test_depth_is_bounded() -> None:
    value: object = 1
    for _ in range(100):
        value = [value]
    with pytest.raises(InvalidArgument, match="deeper than"):
        _json.dumps(value)


def test_times_are_utc_and_naive_ones_are_read_as_utc() -> None:
    naive = datetime.datetime(2026, 11, 23, 12, 0, 0, 5)
    assert _json.format_time(naive) == "2026-11-23T12:00:00.000005Z"
    zone = datetime.timezone(datetime.timedelta(hours=2))
    assert _json.format_time(naive.replace(tzinfo=zone)) == "2026-11-23T10:00:00.000005Z"
    assert _json.parse_time("2026-11-23T12:00:00.000005Z") == naive.replace(tzinfo=datetime.timezone.utc)


def test_records_go_to_the_wire_and_back() -> None:
    config = ExperimentConfig(
        "", "n", "d", tags=["a"], hyperparameters={"lr": np.float64("nan"), "deep": {"x": [math.inf]}},
        train_split=np.float64(0.5), created_at=datetime.datetime(2026, 1, 1),
    )  # fmt: skip
    back = from_wire(ExperimentConfig, _json.loads(_json.encode(to_wire(config))))
    assert math.isnan(back.hyperparameters["lr"])
    assert back.hyperparameters["deep"] == {"x": [math.inf]}
    assert back.train_split == 0.5
    assert back.created_at == datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    assert back.tags == ["a"]


def test_typed_numbers_are_checked() -> None:
    assert number(np.float32(0.5), "x") == 0.5
    assert whole(np.int64(3), "x") == 3
    assert whole(3.0, "x") == 3
    for bad in ("1", None, object(), [1]):
        with pytest.raises(InvalidArgument, match="x is"):
            number(bad, "x")
    for bad in (1.5, "1", math.nan, 1 << 70):
        with pytest.raises(InvalidArgument, match="x is"):
            whole(bad, "x")
