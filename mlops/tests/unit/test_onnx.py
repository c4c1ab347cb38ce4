# SPDX-License-Identifier: MIT
"""Converted models answer as their originals do, or say why they cannot be served."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier

from mlops._onnx import INPUT, convert
from mlops._onnx_rows import ROWS, comparison_rows

X, Y = load_breast_cancer(return_X_y=True)
MODELS: list[Any] = [
    RandomForestClassifier(n_estimators=100, random_state=0),
    ExtraTreesClassifier(n_estimators=20, random_state=0),
    GradientBoostingClassifier(n_estimators=30, random_state=0),
    DecisionTreeClassifier(random_state=0),
    make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=20, random_state=0)),
    make_pipeline(MinMaxScaler(), DecisionTreeClassifier(random_state=0)),
    make_pipeline(PCA(3), StandardScaler(), RandomForestClassifier(n_estimators=5, random_state=0)),
    make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    make_pipeline(StandardScaler(), SVC(probability=False, random_state=0)),
    SGDClassifier(loss="log_loss", random_state=1),
    KNeighborsClassifier(),
    AdaBoostClassifier(n_estimators=20, random_state=0),  # its graph of FP64 does not run
    make_pipeline(StandardScaler(), LinearSVC(random_state=0)),
]


def name_of(model: Any) -> str:
    return "+".join(type(step).__name__ for _, step in model.steps) if hasattr(model, "steps") else type(model).__name__


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_classifiers_agree_on_their_own_thresholds_and_on_the_data(model: Any) -> None:
    model.fit(X, Y)
    done = convert(model)
    assert done.reason == ""
    assert done.onnx is not None
    assert (done.features, done.classes) == (30, ["0", "1"])
    session = onnxruntime.InferenceSession(done.onnx, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    assert (given.name, given.type, given.shape[1]) == (INPUT, "tensor(double)", 30)
    outputs = session.run(None, {INPUT: X})
    assert np.array_equal(outputs[0], model.predict(X))
    if hasattr(model, "predict_proba"):
        assert outputs[1].shape == (len(X), 2)
        assert np.abs(outputs[1] - model.predict_proba(X)).max() < 1e-5


def test_float32_rounding_at_a_split_is_the_originals() -> None:
    values = np.array([[0.1], [np.float64(np.float32(0.1))], [0.3], [0.7]])
    model = DecisionTreeClassifier().fit(values, [0, 0, 1, 1])
    threshold = float(model.tree_.threshold[0])
    near = np.array([[threshold], [np.nextafter(threshold, 1)], [np.nextafter(threshold, 0)], [threshold + 1e-9]])
    done = convert(model)
    assert done.onnx is not None
    session = onnxruntime.InferenceSession(done.onnx, providers=["CPUExecutionProvider"])
    assert np.array_equal(session.run(None, {INPUT: near})[0], model.predict(near))


def test_several_classes_with_names_and_columns() -> None:
    data = load_iris(as_frame=True)
    names = np.asarray(data.target_names)[data.target]
    model = RandomForestClassifier(n_estimators=10, random_state=0).fit(data.data, names)
    done = convert(model)
    assert done.reason == ""
    assert done.classes == ["setosa", "versicolor", "virginica"]
    assert done.feature_names == list(data.data.columns)


@pytest.mark.parametrize("model", [LinearRegression(), RandomForestRegressor(n_estimators=10, random_state=0)])
def test_regressors(model: Any) -> None:
    done = convert(model.fit(X, X[:, 3] * 2 + X[:, 1]))
    assert done.reason == ""
    assert done.onnx is not None


@pytest.mark.parametrize("model", [IsolationForest(n_estimators=30, random_state=1), OneClassSVM()], ids=name_of)
def test_outlier_detectors_agree(model: Any) -> None:
    done = convert(model.fit(X))
    assert (done.reason, done.classes) == ("", [])
    session = onnxruntime.InferenceSession(done.onnx, providers=["CPUExecutionProvider"])
    assert np.array_equal(session.run(None, {INPUT: X})[0].ravel(), model.predict(X))


def test_a_converter_that_fails_is_not_called_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("Unable to create node") from TypeError("expected an int, got a boolean")

    monkeypatch.setattr("mlops._onnx._to_onnx", broken)
    reason = convert(DecisionTreeClassifier(random_state=0).fit(X, Y)).reason
    assert reason == (
        "the converter for DecisionTreeClassifier failed: ValueError: Unable to create node "
        "(TypeError: expected an int, got a boolean)"
    )


def test_neither_graph_agreeing_says_both_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = iter(["it cannot be run", "it differs on 3 of 9 samples"])
    monkeypatch.setattr("mlops._onnx._difference", lambda *_: next(reasons))
    done = convert(DecisionTreeClassifier(random_state=0).fit(X, Y))
    assert (done.onnx, done.reason) == (None, "it cannot be run; in FP32: it differs on 3 of 9 samples")


class NoEstimator:
    def predict(self, rows: Any) -> Any:
        return rows


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (RandomForestClassifier(), "is not fitted"),
        (NoEstimator(), "is not a scikit-learn model"),
        ({"weights": [1, 2]}, "is not a scikit-learn model"),
        (StandardScaler().fit(X), "has no predict"),
        (NearestCentroid().fit(X, Y), "there is no converter for NearestCentroid"),
        (make_pipeline(FunctionTransformer(np.log1p), LogisticRegression(max_iter=5000)).fit(abs(X), Y), "converter"),
    ],
)
def test_what_cannot_be_served_says_why(model: Any, words: str) -> None:
    done = convert(model)
    assert done.onnx is None
    assert words in done.reason


def test_a_model_that_cannot_predict_the_drawn_rows_says_why_instead_of_raising() -> None:
    places = np.array([[1.0], [2.0], [3.0], [1.0]])
    model = make_pipeline(OneHotEncoder(handle_unknown="error"), DecisionTreeClassifier()).fit(places, [0, 1, 1, 0])
    done = convert(model)
    assert done.onnx is None
    assert "unknown categories" in done.reason
    assert "pipeline_run_id" in done.reason
    assert convert(model, places).reason == ""


@pytest.mark.parametrize("part", ["_describe", "comparison_rows", "_difference"])
def test_whatever_fails_after_the_conversion_becomes_the_reason(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    def broken(*_: Any) -> Any:
        raise IndexError("index 3 is out of bounds")

    monkeypatch.setattr(f"mlops._onnx.{part}", broken)
    done = convert(DecisionTreeClassifier(random_state=0).fit(X, Y))
    assert done.onnx is None
    assert "IndexError: index 3 is out of bounds" in done.reason


def test_a_conversion_that_differs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = DecisionTreeClassifier(random_state=0).fit(X, Y)
    monkeypatch.setattr(type(model), "predict", lambda self, rows: np.zeros(len(rows), dtype=int))
    done = convert(model)
    assert done.onnx is None
    assert f"of {ROWS} samples" in done.reason


def test_rows_of_a_pipeline_run_are_used_where_they_fit() -> None:
    model = KMeans(n_clusters=2, n_init=1, random_state=0).fit(X)
    assert convert(model, X[:50]).reason == ""
    frame = pd.DataFrame(X[:, :2], columns=["a", "b"])
    assert convert(DecisionTreeClassifier().fit(frame, Y), X[:50, :2]).reason == ""


def test_comparison_rows_are_the_same_every_time_and_lie_on_thresholds() -> None:
    model = RandomForestClassifier(n_estimators=5, random_state=0).fit(X, Y)
    rows = comparison_rows(model)
    assert rows.shape == (ROWS, 30)
    assert np.array_equal(rows, comparison_rows(model))
    used = model.estimators_[0].tree_.feature[0]
    known = {t for e in model.estimators_ for f, t in zip(e.tree_.feature, e.tree_.threshold) if f == used}
    assert known & set(rows[:, used])
