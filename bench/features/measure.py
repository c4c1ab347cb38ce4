# SPDX-License-Identifier: MIT
"""Features: fit and transform beside scikit-learn, one row, a CSV file to Parquet beside DuckDB's own read of it."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from bench.common import Bench, micros
from mlops._columns import read_table, write_table

TABLE_ROWS = 1_000_000
CSV_ROWS = 2_460_000  # about 300 MB: 122 bytes a row
ROW_CALLS = 200_000
SKLEARN_ROW_CALLS = 200
LETTERS = np.array(["blood", "urine", "tissue", "saliva", "plasma", "serum", "swab", "other"], dtype=object)


def table(rows: int, numbers: int, categories: int) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    columns: dict[str, Any] = {}
    for i in range(numbers):
        values = rng.normal(50, 15, rows)
        values[rng.random(rows) < 0.02] = np.nan
        columns[f"number_{i}"] = values
    for i in range(categories):
        columns[f"category_{i}"] = LETTERS[rng.integers(0, len(LETTERS), rows)]
    return pd.DataFrame(columns)


def numeric(frame: pd.DataFrame) -> list[str]:
    return [str(c) for c in frame if str(c).startswith("number_")]


def categorical(frame: pd.DataFrame) -> list[str]:
    return [str(c) for c in frame if str(c).startswith("category_")]


def config_of(frame: pd.DataFrame, folder: Path) -> Path:
    config = {
        "config_id": "bench",
        "name": "bench",
        "numeric_features": numeric(frame),
        "categorical_features": categorical(frame),
        "encoding_method": "onehot",
        "feature_selection_enabled": False,
        "clip_outliers": False,
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


def sklearn_transformer(frame: pd.DataFrame) -> ColumnTransformer:
    numbers, categories = numeric(frame), categorical(frame)
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (
                "categories",
                make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")),
                categories,
            ),
        ],
        sparse_threshold=0,
    )


def compare(ours: pd.DataFrame, theirs: np.ndarray) -> float:
    return float(np.max(np.abs(ours.to_numpy(dtype=float) - theirs)))


def in_memory(bench: Bench) -> None:
    frame = table(TABLE_ROWS, 10, 10)
    source, made = bench.folder / "table.columns", bench.folder / "made.columns"
    write_table(frame, source)
    config = config_of(frame, bench.folder)
    transformer = sklearn_transformer(frame)
    began = time.perf_counter()
    theirs = transformer.fit_transform(frame)
    sklearn_seconds = time.perf_counter() - began
    times = bench.run_json("features_bench", "fit_transform", source, config, made)
    ours_seconds = times["fit"] + times["transform"]
    worst = compare(read_table(made), theirs)
    ratio = sklearn_seconds / ours_seconds
    bench.add(
        "fit and transform, 1 M × 20",
        f"{ours_seconds:.2f} s, largest difference {worst:.1e}",
        f"scikit-learn {sklearn_seconds:.2f} s",
        "≥ 5 × faster, same to 1e-9",
        ratio >= 5 and worst < 1e-9,
    )
    one = frame.iloc[[0]]
    began = time.perf_counter()
    for _ in range(SKLEARN_ROW_CALLS):
        transformer.transform(one)
    sklearn_row = (time.perf_counter() - began) / SKLEARN_ROW_CALLS * 1e6
    row = bench.run_json("features_bench", "row", source, config, ROW_CALLS)["microseconds"]
    bench.add("one row through it", micros(row), f"scikit-learn {micros(sklearn_row)}", "≤ 10 µs", row <= 10)


def write_csv(path: Path) -> pd.DataFrame:
    frame = table(CSV_ROWS, 10, 3)
    for column in frame.columns[:10]:
        frame[column] = frame[column].round(5)
    text = np.array(["a note of the technician", "checked", "sent back once"], dtype=object)
    frame["remark"] = text[np.arange(CSV_ROWS) % 3]
    frame.to_csv(path, index=False, quoting=csv.QUOTE_MINIMAL)
    return frame


def from_csv(bench: Bench) -> None:
    path = bench.folder / "table.csv"
    frame = write_csv(path)
    config = config_of(frame, bench.folder)
    schema = bench.folder / "schema.json"
    schema.write_text(json.dumps({c: {"type": "float" if c in numeric(frame) else "string"} for c in frame}))
    folder = bench.folder / "csv"
    folder.mkdir()
    floor = min(bench.run_json("duckdb_floor", path, 2, "1GiB")["seconds"] for _ in range(2))
    times = bench.run_json("features_bench", "csv", path, schema, config, folder)
    ours = times["inspect"] + times["load"] + times["fit"] + times["parquet"]
    size = path.stat().st_size / 1e6
    bench.add(
        f"CSV of {size:.0f} MB to fitted features in Parquet",
        f"{ours:.2f} s (check {times['inspect']:.2f}, load {times['load']:.2f}, fit {times['fit']:.2f}, "
        f"transform and write {times['parquet']:.2f})",
        f"DuckDB's read into a table {floor:.2f} s",
        "≤ 2 ×",
        ours <= 2 * floor,
    )
    bench.add("quality report of that file", f"{times['quality']:.2f} s", f"{floor:.2f} s", "shown", None)
    bench.add("transform and export as CSV", f"{times['csv']:.2f} s", f"{floor:.2f} s", "shown", None)


def measure(bench: Bench) -> None:
    in_memory(bench)
    from_csv(bench)
