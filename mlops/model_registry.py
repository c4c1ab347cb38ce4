# SPDX-License-Identifier: MIT
"""Models and their versions: registration, stages, the Python object back."""

from __future__ import annotations

import datetime as _dt
import enum
from dataclasses import dataclass, field
from typing import Any, Optional

from ._records import record, utc_now

__all__ = ["ModelMetadata", "ModelStatus"]


class ModelStatus(enum.Enum):
    TRAINING = "training"
    VALIDATING = "validating"
    STAGING = "staging"
    PRODUCTION = "production"
    ARCHIVED = "archived"
    FAILED = "failed"


@record
@dataclass
class ModelMetadata:
    """One version of a model. `model_path`, `config_path`, `requirements_path` and the times are filled in."""

    model_id: str
    version: str
    name: str
    description: str = ""
    model_type: str = ""
    framework: str = ""
    accuracy: float = 0.0
    precision: float = 0.0
    recall: float = 0.0
    f1_score: float = 0.0
    confidence_score: float = 0.0
    training_data_hash: str = ""
    training_duration_seconds: float = 0.0
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    feature_columns: list[str] = field(default_factory=list)
    status: ModelStatus = ModelStatus.STAGING
    created_at: _dt.datetime = field(default_factory=utc_now)
    updated_at: _dt.datetime = field(default_factory=utc_now)
    created_by: str = ""
    model_path: str = ""
    config_path: str = ""
    requirements_path: Optional[str] = None
    prediction_count: int = 0
    average_inference_time_ms: float = 0.0
    error_rate: float = 0.0
    traffic_percentage: float = 0.0
    ab_test_id: Optional[str] = None
