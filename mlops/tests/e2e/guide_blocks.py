# SPDX-License-Identifier: MIT
"""The user guide's examples for the parts that are here, word for word."""

from __future__ import annotations

BLOCKS = {
    "configuration": """
from mlops.config import ConfigManager, Environment

# Load default development configuration
config_manager = ConfigManager()
config = config_manager.load_config(Environment.DEVELOPMENT)

print(f"Database URL: {config.database.url}")
print(f"Model Registry Path: {config.model_registry.registry_path}")
""",
    "registry": """
from mlops.model_registry import ModelRegistry, ModelMetadata, ModelStatus
from sklearn.ensemble import RandomForestClassifier
import asyncio

async def register_model_example():
    registry = ModelRegistry(
        registry_path="./models",
        database_url="sqlite:///mlops.db"
    )
    
    # Train a model
    model = RandomForestClassifier(n_estimators=100)
    # ... training code ...
    
    # Create metadata
    metadata = ModelMetadata(
        model_id="lab_classifier",
        version="1.0.0",
        name="Lab Sample Classifier",
        description="Classifies lab samples for approval",
        model_type="classification",
        framework="sklearn",
        accuracy=0.95,
        precision=0.93,
        recall=0.97,
        f1_score=0.95,
        created_by="data_scientist"
    )
    
    # Register model
    model_id = await registry.register_model(
        model=model,
        metadata=metadata,
        config={"n_estimators": 100}
    )
    
    print(f"Model registered: {model_id}")
    
    # Promote to production
    await registry.promote_model("lab_classifier", "1.0.0", ModelStatus.PRODUCTION)

asyncio.run(register_model_example())
""",
    "tracking": """
from mlops.experiment_tracker import ExperimentTracker, ExperimentConfig, ExperimentMetrics
import asyncio

async def experiment_tracking_example():
    tracker = ExperimentTracker(
        tracking_dir="./experiments",
        database_url="sqlite:///mlops.db"
    )
    
    # Start experiment
    config = ExperimentConfig(
        experiment_id="",
        name="Hyperparameter Tuning",
        description="Testing different n_estimators values",
        model_type="random_forest",
        hyperparameters={"n_estimators": 100, "max_depth": 10}
    )
    
    experiment_id = await tracker.start_experiment(config)
    
    # Log metrics during training
    for epoch in range(10):
        metrics = ExperimentMetrics(
            experiment_id=experiment_id,
            step=epoch,
            train_accuracy=0.8 + epoch * 0.02,
            val_accuracy=0.75 + epoch * 0.015
        )
        await tracker.log_metrics(metrics)
    
    # Log artifacts
    await tracker.log_artifact(
        name="model",
        artifact_type="model", 
        content=model,
        experiment_id=experiment_id
    )
    
    # Complete experiment
    await tracker.complete_experiment(experiment_id)

asyncio.run(experiment_tracking_example())
""",
    "monitoring": """
from mlops.monitoring import ModelMonitor, MetricThreshold, MetricType
import asyncio

async def monitoring_example():
    monitor = ModelMonitor(
        database_url="sqlite:///mlops.db",
        dashboard_dir="./dashboards"
    )
    
    await monitor.start_monitoring()
    
    # Create threshold
    threshold = MetricThreshold(
        threshold_id="",
        model_id="lab_classifier",
        metric_name="prediction_latency",
        metric_type=MetricType.LATENCY,
        warning_threshold=500.0,
        critical_threshold=1000.0,
        operator="gt"
    )
    
    threshold_id = await monitor.create_threshold(threshold)
    
    # Record metrics
    await monitor.record_prediction_metrics(
        model_id="lab_classifier",
        model_version="1.0.0",
        prediction_latency_ms=250.0,
        prediction_success=True,
        accuracy=0.94
    )
    
    # Generate dashboard
    dashboard_path = await monitor.generate_dashboard("lab_classifier")
    print(f"Dashboard: {dashboard_path}")

asyncio.run(monitoring_example())
""",
    "data": """
from mlops.data_pipeline import DataPipeline, DataSchema, FeatureEngineeringConfig
import asyncio

async def data_pipeline_example():
    pipeline = DataPipeline(
        database_url="sqlite:///mlops.db",
        data_dir="./data_pipeline"
    )
    
    # Define schema
    schema = DataSchema(
        schema_id="",
        name="Lab Data Schema",
        version="1.0",
        columns={
            "sample_id": {"type": "string", "nullable": False},
            "concentration": {"type": "float", "nullable": True},
            "approved": {"type": "boolean", "nullable": False}
        }
    )
    
    schema_id = await pipeline.create_schema(schema)
    
    # Define feature engineering
    feature_config = FeatureEngineeringConfig(
        config_id="",
        name="Lab Feature Engineering",
        numeric_features=["concentration"],
        categorical_features=["sample_type"],
        scaling_method="standard"
    )
    
    feature_config_id = await pipeline.create_feature_config(feature_config)
    
    # Run pipeline
    run_id = await pipeline.run_pipeline(
        pipeline_id="lab_pipeline",
        input_data_path="./data.csv",
        schema_id=schema_id,
        feature_config_id=feature_config_id
    )

asyncio.run(data_pipeline_example())
""",
    "alerts": """
# High latency alert
latency_alert = MetricThreshold(
    model_id="lab_classifier",
    metric_name="prediction_latency",
    warning_threshold=500.0,
    critical_threshold=1000.0,
    alert_channels=["email", "slack"]
)

# Low accuracy alert
accuracy_alert = MetricThreshold(
    model_id="lab_classifier", 
    metric_name="accuracy",
    warning_threshold=0.85,
    critical_threshold=0.80,
    operator="lt",
    alert_channels=["email", "pagerduty"]
)
""",
    "batch": """
# Use batch operations
await tracker.log_metrics_batch(metrics_list)

# Implement pagination
experiments = await tracker.list_experiments(limit=50, offset=100)
""",
    "loading": """
# Debug model loading
from mlops.model_registry import ModelRegistry
registry = ModelRegistry("./models", "sqlite:///mlops.db")
model, metadata = await registry.get_model("lab_classifier", "1.0.0")
""",
    "logging": """
import structlog
import logging

# Configure structured logging
logging.basicConfig(
    format="%(message)s",
    stream=sys.stdout,
    level=logging.INFO,
)

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
        structlog.processors.JSONRenderer()
    ],
    context_class=dict,
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
""",
    "abtest": """
from mlops.ab_testing import ABTestManager, ABTestConfig, TestType
import asyncio

async def ab_testing_example():
    ab_manager = ABTestManager(
        database_url="sqlite:///mlops.db",
        results_dir="./ab_tests"
    )
    
    # Create A/B test
    config = ABTestConfig(
        test_id="",
        name="Model v1.1 vs v1.0",
        description="Testing improved model performance",
        test_type=TestType.CHAMPION_CHALLENGER,
        control_model_id="lab_classifier",
        control_model_version="1.0.0",
        treatment_models=[{"model_id": "lab_classifier", "version": "1.1.0"}],
        traffic_allocation={"control": 0.5, "treatment_1": 0.5},
        hypothesis="New model improves accuracy by 2%",
        primary_metric="accuracy"
    )
    
    test_id = await ab_manager.create_test(config)
    await ab_manager.start_test(test_id)
    
    # Simulate interactions
    for i in range(100):
        user_id = f"user_{i}"
        variant = await ab_manager.assign_variant(test_id, user_id)
        
        # Log interaction
        interaction = ABTestInteraction(
            interaction_id=f"int_{i}",
            test_id=test_id,
            variant_id=variant,
            user_id=user_id,
            request_data={"sample_type": "blood"},
            response_data={"prediction": "approved", "confidence": 0.95},
            latency_ms=150,
            success=True
        )
        await ab_manager.log_interaction(interaction)
    
    # Calculate results
    results = await ab_manager.calculate_results(test_id)
    for variant, result in results.items():
        print(f"{variant}: {result.accuracy:.3f} accuracy")

asyncio.run(ab_testing_example())
""",
}
