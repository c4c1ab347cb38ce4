# SPDX-License-Identifier: MIT
"""The settings of an installation.

The rules (order of sources, ranges, messages) live in the C++ core, `src/base/config`; this module is their Python
face. Order: defaults of the environment < `mlops_config.json` < `MLOPS_...` variables.
"""

from __future__ import annotations

import dataclasses
import enum
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Union

from . import _json
from ._log import logger
from ._native import answered, native
from ._records import choice, from_wire, record, to_wire
from .errors import InvalidArgument

__all__ = [
    "ABTestingConfig",
    "CacheConfig",
    "ConfigManager",
    "ContinuousLearningConfig",
    "DataPipelineConfig",
    "DatabaseConfig",
    "DeploymentConfig",
    "Environment",
    "ExperimentTrackingConfig",
    "MLOpsConfig",
    "ModelRegistryConfig",
    "MonitoringConfig",
    "SecurityConfig",
    "get_config",
    "save_config",
    "validate_config",
]

_log = logger("mlops.config")


class Environment(enum.Enum):
    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


@record
@dataclass
class DatabaseConfig:
    url: str = "sqlite:///mlops.db"
    max_connections: int = 20
    connection_timeout: int = 30
    pool_size: int = 10


@record
@dataclass
class ModelRegistryConfig:
    registry_path: str = "./mlops_data/model_registry"
    max_model_versions: int = 10
    automatic_cleanup: bool = True
    backup_enabled: bool = True
    backup_interval_hours: int = 24


@record
@dataclass
class ExperimentTrackingConfig:
    tracking_dir: str = "./mlops_data/experiments"
    max_experiments: int = 1000
    artifact_retention_days: int = 90
    metrics_batch_size: int = 100


@record
@dataclass
class ABTestingConfig:
    results_dir: str = "./mlops_data/ab_tests"
    default_confidence_level: float = 0.95
    default_statistical_power: float = 0.8
    max_concurrent_tests: int = 10
    automatic_stopping: bool = True


@record
@dataclass
class ContinuousLearningConfig:
    data_dir: str = "./mlops_data/continuous_learning"
    monitoring_interval_minutes: int = 60
    max_training_time_hours: int = 4
    quality_threshold: float = 0.8
    improvement_threshold: float = 0.01


@record
@dataclass
class MonitoringConfig:
    dashboard_dir: str = "./mlops_data/dashboards"
    metrics_retention_days: int = 30
    health_check_interval_seconds: int = 30
    alert_cooldown_minutes: int = 15
    default_error_threshold: float = 0.05


@record
@dataclass
class DeploymentConfig:
    container_registry_url: str = "localhost:5000"
    kubernetes_config_path: Optional[str] = None
    default_health_timeout: int = 300
    default_replicas: int = 2
    rollback_enabled: bool = True


@record
@dataclass
class DataPipelineConfig:
    data_dir: str = "./mlops_data/data_pipeline"
    batch_size: int = 1000
    validation_enabled: bool = True
    quality_threshold: float = 0.7
    feature_store_enabled: bool = False


@record
@dataclass
class SecurityConfig:
    api_key_required: bool = True
    jwt_secret_key: str = field(default="", repr=False)
    session_timeout_minutes: int = 60
    encryption_enabled: bool = True
    audit_logging: bool = True
    api_key: str = field(default="", repr=False)


@record
@dataclass
class CacheConfig:
    redis_url: Optional[str] = None


@record
@dataclass
class MLOpsConfig:
    environment: Environment = Environment.DEVELOPMENT
    database: DatabaseConfig = field(default_factory=DatabaseConfig)
    model_registry: ModelRegistryConfig = field(default_factory=ModelRegistryConfig)
    experiment_tracking: ExperimentTrackingConfig = field(default_factory=ExperimentTrackingConfig)
    ab_testing: ABTestingConfig = field(default_factory=ABTestingConfig)
    continuous_learning: ContinuousLearningConfig = field(default_factory=ContinuousLearningConfig)
    monitoring: MonitoringConfig = field(default_factory=MonitoringConfig)
    deployment: DeploymentConfig = field(default_factory=DeploymentConfig)
    data_pipeline: DataPipelineConfig = field(default_factory=DataPipelineConfig)
    security: SecurityConfig = field(default_factory=SecurityConfig)
    cache: CacheConfig = field(default_factory=CacheConfig)


def _sections(config: MLOpsConfig) -> bytes:
    wire: dict[str, Any] = {}
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        if isinstance(value, Environment) or item.name == "environment":
            wire[item.name] = choice(Environment, value, "environment")
        elif dataclasses.is_dataclass(value):
            wire[item.name] = to_wire(value)
        else:
            raise InvalidArgument(f"{item.name} is {value!r}; it must be a {item.type}", field=item.name)
    return _json.encode(wire)


class ConfigManager:
    """Loads, saves and checks the settings of one file. Without a path: `mlops_config.json` in the working directory.

    Thread-safe but for `get_config`, which gives what this manager loaded or saved last.
    """

    def __init__(self, config_path: Optional[str] = None) -> None:
        # Resolved now: the program may change its directory later.
        self.config_path = str(Path(config_path if config_path is not None else "mlops_config.json").absolute())
        self._config: Optional[MLOpsConfig] = None
        self._origins: dict[str, str] = {}

    def load_config(self, environment: Union[Environment, str] = Environment.DEVELOPMENT) -> MLOpsConfig:
        """The settings of an environment. `InvalidArgument` lists every wrong key and value."""
        name = choice(Environment, environment, "environment")
        loaded = answered(native().load_config(self.config_path, name, dict(os.environ), {}))
        self._config = from_wire(MLOpsConfig, loaded["config"])
        self._origins = dict(loaded["origins"])
        for warning in loaded["warnings"]:
            _log.warning("config_slip", warning=warning)
        return self._config

    def save_config(self, config: MLOpsConfig) -> None:
        """Writes the settings into the file's section of their environment; the other sections stay."""
        answered(native().save_config(self.config_path, _sections(config)))
        self._config = config
        _log.info("config_saved", path=self.config_path, environment=choice(Environment, config.environment, ""))

    def get_config(self) -> Optional[MLOpsConfig]:
        """What was loaded or saved last; None before."""
        return self._config

    def validate_config(self, config: MLOpsConfig) -> bool:
        """Whether the settings have no fault; every fault there is goes to the log."""
        faults = self.list_faults(config)
        for fault in faults:
            _log.warning("config_fault", fault=fault)
        return not faults

    def list_faults(self, config: MLOpsConfig) -> list[str]:
        """Every fault of the settings in words, in the order of the keys."""
        try:
            return list(answered(native().validate_config(_sections(config)))["faults"])
        except InvalidArgument as error:
            return [str(error)]

    def get_origins(self) -> dict[str, str]:
        """Where each value of the last `load_config` came from, by dotted key."""
        return dict(self._origins)


def current_environment() -> Environment:
    """MLOPS_ENVIRONMENT, else development."""
    name = os.environ.get("MLOPS_ENVIRONMENT") or Environment.DEVELOPMENT.value
    return Environment(choice(Environment, name, "MLOPS_ENVIRONMENT"))


def get_config(environment: Optional[Union[Environment, str]] = None) -> MLOpsConfig:
    """The settings that hold here and now; left out, the environment is the one of MLOPS_ENVIRONMENT."""
    return ConfigManager().load_config(current_environment() if environment is None else environment)


def save_config(config: MLOpsConfig) -> None:
    """Saves into `mlops_config.json` of the working directory."""
    ConfigManager().save_config(config)


def validate_config(config: MLOpsConfig) -> bool:
    """Whether the settings have no fault."""
    return ConfigManager().validate_config(config)
