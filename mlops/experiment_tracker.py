# SPDX-License-Identifier: MIT
"""Experiments: what was tried, with which parameters, and what came out."""

from __future__ import annotations

import datetime as _dt
import enum
from dataclasses import dataclass, field
from typing import Any, Optional

from ._records import record, utc_now

__all__ = ["ExperimentArtifact", "ExperimentConfig", "ExperimentMetrics", "ExperimentStatus"]


class ExperimentStatus(enum.Enum):
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@record
@dataclass
class ExperimentConfig:
    """What a run sets out with. An empty `experiment_id` is filled in when it starts."""

    experiment_id: str
    name: str
    description: str = ""
    tags: list[str] = field(default_factory=list)
    model_type: str = ""
    framework: str = ""
    algorithm: str = ""
    dataset_name: str = ""
    dataset_version: str = ""
    train_split: float = 0.8
    validation_split: float = 0.1
    test_split: float = 0.1
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    training_config: dict[str, Any] = field(default_factory=dict)
    python_version: str = ""
    requirements: list[str] = field(default_factory=list)
    gpu_enabled: bool = False
    created_at: _dt.datetime = field(default_factory=utc_now)
    created_by: str = ""
    parent_experiment_id: Optional[str] = None


@record
@dataclass
class ExperimentMetrics:
    """The values of one step."""

    experiment_id: str
    step: int
    epoch: Optional[int] = None
    train_loss: Optional[float] = None
    train_accuracy: Optional[float] = None
    train_precision: Optional[float] = None
    train_recall: Optional[float] = None
    train_f1: Optional[float] = None
    val_loss: Optional[float] = None
    val_accuracy: Optional[float] = None
    val_precision: Optional[float] = None
    val_recall: Optional[float] = None
    val_f1: Optional[float] = None
    custom_metrics: dict[str, float] = field(default_factory=dict)
    memory_usage_mb: Optional[float] = None
    gpu_usage_percent: Optional[float] = None
    training_time_seconds: Optional[float] = None
    timestamp: _dt.datetime = field(default_factory=utc_now)


@record
@dataclass
class ExperimentArtifact:
    """A stored file of a run; `file_path` is a local file that can be read."""

    artifact_id: str
    experiment_id: str
    name: str
    artifact_type: str
    file_path: str
    file_size_bytes: int
    description: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    created_at: _dt.datetime = field(default_factory=utc_now)
