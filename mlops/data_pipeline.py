# SPDX-License-Identifier: MIT
"""Data: schemas, quality, features, and the runs that make a table a model can learn from."""

from __future__ import annotations

import datetime as _dt
import enum
from dataclasses import dataclass, field
from typing import Any, Optional

from ._records import record, utc_now

__all__ = [
    "DataQualityIssue",
    "DataQualityReport",
    "DataSchema",
    "FeatureEngineeringConfig",
    "PipelineRun",
    "PipelineStatus",
]


class PipelineStatus(enum.Enum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class DataQualityIssue(enum.Enum):
    MISSING_VALUES = "missing_values"
    OUTLIERS = "outliers"
    DUPLICATES = "duplicates"
    SCHEMA_MISMATCH = "schema_mismatch"
    DATA_DRIFT = "data_drift"


@record
@dataclass
class DataSchema:
    """The columns a file must have. An empty `schema_id` is filled in."""

    schema_id: str
    name: str
    version: str
    columns: dict[str, dict[str, Any]]
    validation_rules: list[dict[str, Any]] = field(default_factory=list)
    description: str = ""
    created_at: _dt.datetime = field(default_factory=utc_now)
    created_by: str = ""


@record
@dataclass
class DataQualityReport:
    """What is wrong with a file, and how much."""

    report_id: str
    dataset_hash: str
    schema_id: str
    total_rows: int
    total_columns: int
    missing_value_percentage: float
    duplicate_rows: int
    issues: list[dict[str, Any]] = field(default_factory=list)
    column_stats: dict[str, dict[str, Any]] = field(default_factory=dict)
    quality_score: float = 1.0
    created_at: _dt.datetime = field(default_factory=utc_now)


@record
@dataclass
class FeatureEngineeringConfig:
    """How columns become features. An empty `config_id` is filled in."""

    config_id: str
    name: str
    numeric_features: list[str] = field(default_factory=list)
    categorical_features: list[str] = field(default_factory=list)
    text_features: list[str] = field(default_factory=list)
    scaling_method: str = "standard"
    encoding_method: str = "label"
    feature_selection_enabled: bool = True
    max_features: Optional[int] = None
    correlation_threshold: float = 0.95
    text_vectorization: str = "tfidf"
    max_vocab_size: int = 10000
    custom_transformations: list[dict[str, Any]] = field(default_factory=list)
    created_at: _dt.datetime = field(default_factory=utc_now)
    created_by: str = ""


@record
@dataclass
class PipelineRun:
    """One run of a pipeline over one file."""

    run_id: str
    pipeline_id: str
    trigger_type: str
    input_data_path: str
    input_data_hash: str
    input_rows: int
    schema_id: str
    feature_config_id: str
    output_data_path: Optional[str] = None
    output_data_hash: Optional[str] = None
    output_rows: int = 0
    quality_report_id: Optional[str] = None
    data_quality_score: float = 0.0
    processing_steps: list[str] = field(default_factory=list)
    feature_count: int = 0
    status: PipelineStatus = PipelineStatus.PENDING
    started_at: Optional[_dt.datetime] = None
    completed_at: Optional[_dt.datetime] = None
    processing_time_seconds: float = 0.0
    processing_logs: list[str] = field(default_factory=list)
    error_message: Optional[str] = None
    created_at: _dt.datetime = field(default_factory=utc_now)
