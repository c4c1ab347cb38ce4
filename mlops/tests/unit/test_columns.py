# SPDX-License-Identifier: MIT
"""Tables cross as columns and come back the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops._columns import read_table, write_table
from mlops._transformations import work_of
from mlops.errors import InvalidArgument, Unavailable, Unprocessable


def there_and_back(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    write_table(frame, folder / "t")
    return read_table(folder / "t")


def test_every_type_comes_back(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "float": [1.5, np.nan, np.inf], "int": [1, 2, -(2**63)], "flag": [True, False, True],
            "text": ["a", None, "ünï"], "empty": ["", "", ""],
            "time": pd.to_datetime(pd.Series(["2026-01-02", None, "2026-01-04"])),
            "nullable": pd.array([1, None, 3], dtype="Int64"), "maybe": [True, None, False],
            "mixed": [1, 2.5, None], "category": pd.Categorical(["x", "y", "x"]),
        }
    )  # fmt: skip
    back = there_and_back(frame, tmp_path)
    assert list(back.columns) == list(frame.columns)
    assert back["float"].tolist()[0::2] == [1.5, np.inf]
    assert back["int"].dtype == np.int64
    assert back["int"].tolist() == [1, 2, -(2**63)]
    assert back["flag"].tolist() == [True, False, True]
    assert back["text"].tolist() == ["a", None, "ünï"]
    assert back["empty"].tolist() == ["", "", ""]
    assert back["time"].isna().tolist() == [False, True, False]
    assert str(back["time"].dt.tz) == "UTC"
    assert back["nullable"].tolist()[0::2] == [1.0, 3.0]
    assert back["maybe"].tolist() == [True, None, False]
    assert back["mixed"].tolist()[:2] == [1.0, 2.5]
    assert back["category"].tolist() == ["x", "y", "x"]


def test_many_rows_and_none(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": np.arange(200_000) * 0.5, "t": [f"row {i}" for i in range(200_000)]})
    frame.loc[::7, "x"] = np.nan
    back = there_and_back(frame, tmp_path)
    assert np.array_equal(back["x"], frame["x"], equal_nan=True)
    assert (back["t"] == frame["t"]).all()
    assert list(there_and_back(frame.iloc[:0], tmp_path).columns) == ["x", "t"]


def test_what_has_no_form_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="column 'x' holds a dict"):
        write_table(pd.DataFrame({"x": [{"a": 1}]}), tmp_path / "t")
    with pytest.raises(InvalidArgument, match="'x' twice"):
        write_table(pd.DataFrame([[1, 2]], columns=["x", "x"]), tmp_path / "t")
    (tmp_path / "bad").write_bytes(b"nothing of the kind" * 3)
    with pytest.raises(InvalidArgument, match="no table of columns"):
        read_table(tmp_path / "bad")


class Job:
    def __init__(self, folder: Path, **transformation: Any) -> None:
        places = {"input": str(folder / "in"), "output": str(folder / "out")}
        self.payload = {**places, "transformation": transformation}


def test_functions_of_one_and_two_parameters(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"x": [1.0, 2.0]}), tmp_path / "in")
    work_of("double", lambda df: df * 2)(Job(tmp_path))  # type: ignore[arg-type]
    assert read_table(tmp_path / "out")["x"].tolist() == [2.0, 4.0]
    work_of("times", lambda df, t: df * t["by"])(Job(tmp_path, name="times", by=5))  # type: ignore[arg-type]
    assert read_table(tmp_path / "out")["x"].tolist() == [5.0, 10.0]


def test_what_goes_wrong_in_a_function_is_told(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"x": [1.0]}), tmp_path / "in")
    with pytest.raises(Unprocessable, match="ZeroDivisionError"):
        work_of("f", lambda df: 1 / 0)(Job(tmp_path))  # type: ignore[arg-type]
    with pytest.raises(Unprocessable, match="must be a DataFrame"):
        work_of("f", lambda df: 3)(Job(tmp_path))  # type: ignore[arg-type]
    with pytest.raises(Unprocessable, match="no rows"):
        work_of("f", lambda df: df.iloc[:0])(Job(tmp_path))  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match="not on this machine"):
        work_of("f", lambda df: df)(Job(tmp_path / "elsewhere"))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="func"):
        work_of("f", "no function")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="must take"):
        work_of("f", lambda a, b, c: a)
