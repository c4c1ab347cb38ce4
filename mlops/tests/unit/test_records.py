# SPDX-License-Identifier: MIT
"""Every record and enum has the names, the order and the defaults of the contract."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import enum
import importlib
import re
from typing import Any

import pytest

import mlops
from mlops.tests.unit.contract import ENUMS, RECORDS

NOW = "now"
# Left out by an example of the guide, so optional although the list gives no default; and what they then are.
LEFT_OUT_DEFAULTS = {"str": "", "float": 0.0, "Dict[str, Any]": {}, "List[str]": []}


def entries() -> list[tuple[str, str, str]]:
    return [(module, name, text) for module, names in RECORDS.items() for name, text in names.items()]


def parse(text: str) -> list[tuple[str, str, str]]:
    fields = []
    for line in text.strip().splitlines():
        match = re.fullmatch(r"(\w+): (.+?)(?: = (.*))?", line.strip())
        assert match, line
        fields.append((match[1], match[2], match[3] or ""))
    return fields


def record_class(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"mlops.{module}"), name)


def sample(hint: str) -> Any:
    return {"str": "x", "int": 3, "float": 0.5, "bool": True}.get(hint)


@pytest.mark.parametrize(("module", "name", "text"), entries(), ids=lambda v: v if len(str(v)) < 40 else "")
def test_fields_stand_in_the_listed_order(module: str, name: str, text: str) -> None:
    cls = record_class(module, name)
    listed = [field for field, _, _ in parse(text)]
    have = [field.name for field in dataclasses.fields(cls)]
    assert have[: len(listed)] == listed
    added = [field for field in dataclasses.fields(cls) if field.name not in listed]
    for field in added:
        assert field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


@pytest.mark.parametrize(("module", "name", "text"), entries(), ids=lambda v: v if len(str(v)) < 40 else "")
def test_defaults_are_the_listed_ones(module: str, name: str, text: str) -> None:
    cls = record_class(module, name)
    namespace = {**vars(importlib.import_module(f"mlops.{module}")), "now": NOW}
    required = {
        f.name: sample("str")
        for f in dataclasses.fields(cls)
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    made = cls(**required)
    for field, _, default in parse(text):
        if not default:
            continue
        expected = eval(default, namespace)
        value = getattr(made, field)
        if expected is NOW:
            assert isinstance(value, datetime.datetime)
            assert value.tzinfo is not None
        else:
            assert value == expected, field


@pytest.mark.parametrize(("module", "name", "text"), entries(), ids=lambda v: v if len(str(v)) < 40 else "")
def test_positions_keywords_equality_and_mutation(module: str, name: str, text: str) -> None:
    cls = record_class(module, name)
    values = [object() if sample(hint) is None else sample(hint) for _, hint, _ in parse(text)]
    by_position = cls(*values)
    by_keyword = cls(**dict(reversed(list(zip((f for f, _, _ in parse(text)), values)))))
    assert by_position.__dict__.keys() == by_keyword.__dict__.keys()
    for field, value in zip((f for f, _, _ in parse(text)), values):
        assert getattr(by_position, field) is value
        assert getattr(by_keyword, field) is value
    changed = dataclasses.replace(by_position, **{parse(text)[0][0]: "other"})
    assert changed != by_position
    setattr(by_position, parse(text)[0][0], "other")
    assert name in repr(by_position)
    assert copy.copy(by_position) == by_position


@pytest.mark.parametrize(("module", "name", "text"), entries(), ids=lambda v: v if len(str(v)) < 40 else "")
def test_an_unknown_name_is_refused_with_the_names_there_are(module: str, name: str, text: str) -> None:
    cls = record_class(module, name)
    first = parse(text)[0][0]
    with pytest.raises(TypeError, match=rf"{name} has no field 'colour'; its fields are .*{first}"):
        cls(colour="red")


@pytest.mark.parametrize(
    ("module", "name", "members"), [(m, n, v) for m, names in ENUMS.items() for n, v in names.items()]
)
def test_enums_have_the_listed_members(module: str, name: str, members: dict[str, str]) -> None:
    cls = record_class(module, name)
    assert issubclass(cls, enum.Enum)
    assert {member.name: member.value for member in cls} == members


def test_everything_of_the_modules_is_exported_by_the_package() -> None:
    for module in ("model_registry", "experiment_tracker", "monitoring", "data_pipeline", "deployment_manager"):
        for name in [*RECORDS[module], *ENUMS.get(module, {})]:
            assert getattr(mlops, name) is record_class(module, name)
            assert name in mlops.__all__
    assert {name for name in mlops.__all__ if name.endswith("Config")} >= {"MLOpsConfig", "ExperimentConfig"}
    assert mlops.DeploymentConfig is record_class("deployment_manager", "DeploymentConfig")


def test_the_guides_short_forms_work() -> None:
    from mlops import MetricThreshold, MetricType, ModelMetadata, ModelStatus

    metadata = ModelMetadata(
        model_id="lab_classifier", version="1.0.0", name="n", description="d", model_type="classification",
        framework="sklearn", accuracy=0.95, precision=0.93, recall=0.97, f1_score=0.95, created_by="data_scientist",
    )  # fmt: skip
    assert metadata.status is ModelStatus.STAGING
    assert ModelMetadata("m").version == ""
    latency = MetricThreshold(model_id="m", metric_name="prediction_latency", warning_threshold=500.0)
    assert latency.metric_type is MetricType.LATENCY
    assert MetricThreshold(metric_name="accuracy").metric_type is MetricType.ACCURACY
    assert MetricThreshold("mine").metric_type is MetricType.CUSTOM
    assert MetricThreshold("accuracy", MetricType.CUSTOM).metric_type is MetricType.CUSTOM


def test_ids_may_be_left_out() -> None:
    from mlops import DataSchema, ExperimentConfig, ExperimentMetrics, FeatureEngineeringConfig, MonitoringMetric

    assert ExperimentConfig(name="x").experiment_id == ""
    assert ExperimentMetrics(step=3, val_loss=0.5).experiment_id == ""
    assert DataSchema(name="x", columns={}).schema_id == ""
    assert FeatureEngineeringConfig(name="x").config_id == ""
    assert MonitoringMetric(model_id="m", metric_name="latency", value=1.0).metric_id == ""
