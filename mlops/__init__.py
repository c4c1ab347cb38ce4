# SPDX-License-Identifier: MIT
"""TracSeq MLOps: a laboratory's models from data to watched predictions.

Importing this package loads nothing heavy; each name below comes from its module on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_EXPORTS: dict[str, list[str]] = {
    "ab_testing": [
        "ABTestConfig",
        "ABTestInteraction",
        "ABTestManager",
        "ABTestResult",
        "TestStatus",
        "TestType",
    ],
    "config": ["ConfigManager", "Environment", "MLOpsConfig"],
    "data_pipeline": [
        "DataPipeline",
        "DataQualityIssue",
        "DataQualityReport",
        "DataSchema",
        "FeatureEngineeringConfig",
        "PipelineRun",
        "PipelineStatus",
    ],
    "deployment_manager": [
        "DeploymentConfig",
        "DeploymentEnvironment",
        "DeploymentRecord",
        "DeploymentStatus",
        "DeploymentStrategy",
        "ModelDeploymentManager",
        "ServiceEndpoint",
    ],
    "experiment_tracker": [
        "ExperimentArtifact",
        "ExperimentConfig",
        "ExperimentMetrics",
        "ExperimentStatus",
        "ExperimentTracker",
    ],
    "model_registry": ["ModelRegistry", "ModelMetadata", "ModelStatus"],
    "monitoring": [
        "ModelMonitor",
        "Alert",
        "AlertSeverity",
        "MetricThreshold",
        "MetricType",
        "ModelHealthStatus",
        "MonitoringMetric",
    ],
}
_EXPORTS["_transport"] = ["timeout"]
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}

if TYPE_CHECKING:
    from ._transport import timeout
    from .ab_testing import (
        ABTestConfig,
        ABTestInteraction,
        ABTestManager,
        ABTestResult,
        TestStatus,
        TestType,
    )
    from .config import ConfigManager, Environment, MLOpsConfig
    from .data_pipeline import (
        DataPipeline,
        DataQualityIssue,
        DataQualityReport,
        DataSchema,
        FeatureEngineeringConfig,
        PipelineRun,
        PipelineStatus,
    )
    from .deployment_manager import (
        DeploymentConfig,
        DeploymentEnvironment,
        DeploymentRecord,
        DeploymentStatus,
        DeploymentStrategy,
        ModelDeploymentManager,
        ServiceEndpoint,
    )
    from .experiment_tracker import (
        ExperimentArtifact,
        ExperimentConfig,
        ExperimentMetrics,
        ExperimentStatus,
        ExperimentTracker,
    )
    from .model_registry import ModelMetadata, ModelRegistry, ModelStatus
    from .monitoring import (
        Alert,
        AlertSeverity,
        MetricThreshold,
        MetricType,
        ModelHealthStatus,
        ModelMonitor,
        MonitoringMetric,
    )

__all__ = [
    "ABTestConfig",
    "ABTestInteraction",
    "ABTestManager",
    "ABTestResult",
    "Alert",
    "AlertSeverity",
    "ConfigManager",
    "DataPipeline",
    "DataQualityIssue",
    "DataQualityReport",
    "DataSchema",
    "DeploymentConfig",
    "DeploymentEnvironment",
    "DeploymentRecord",
    "DeploymentStatus",
    "DeploymentStrategy",
    "Environment",
    "ExperimentArtifact",
    "ExperimentConfig",
    "ExperimentMetrics",
    "ExperimentStatus",
    "ExperimentTracker",
    "FeatureEngineeringConfig",
    "MLOpsConfig",
    "MetricThreshold",
    "MetricType",
    "ModelDeploymentManager",
    "ModelHealthStatus",
    "ModelMetadata",
    "ModelMonitor",
    "ModelRegistry",
    "ModelStatus",
    "MonitoringMetric",
    "PipelineRun",
    "PipelineStatus",
    "ServiceEndpoint",
    "TestStatus",
    "TestType",
    "__version__",
    "timeout",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'mlops' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
