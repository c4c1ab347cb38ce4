# SPDX-License-Identifier: MIT
"""The names, fields and orders that programs rely on, module by module."""

from __future__ import annotations

ENUMS: dict[str, dict[str, dict[str, str]]] = {
    "config": {
        "Environment": {"DEVELOPMENT": "development", "STAGING": "staging", "PRODUCTION": "production"},
    },
    "data_pipeline": {
        "PipelineStatus": {"PENDING": "pending", "RUNNING": "running", "COMPLETED": "completed", "FAILED": "failed"},
        "DataQualityIssue": {
            "MISSING_VALUES": "missing_values",
            "OUTLIERS": "outliers",
            "DUPLICATES": "duplicates",
            "SCHEMA_MISMATCH": "schema_mismatch",
            "DATA_DRIFT": "data_drift",
        },
    },
    "deployment_manager": {
        "DeploymentStatus": {
            "PENDING": "pending",
            "DEPLOYING": "deploying",
            "DEPLOYED": "deployed",
            "FAILED": "failed",
            "ROLLING_BACK": "rolling_back",
            "ROLLED_BACK": "rolled_back",
        },
        "DeploymentEnvironment": {
            "STAGING": "staging",
            "PRODUCTION": "production",
            "CANARY": "canary",
            "DEVELOPMENT": "development",
        },
        "DeploymentStrategy": {
            "BLUE_GREEN": "blue_green",
            "ROLLING": "rolling",
            "CANARY": "canary",
            "IMMEDIATE": "immediate",
        },
    },
    "experiment_tracker": {
        "ExperimentStatus": {
            "RUNNING": "running",
            "COMPLETED": "completed",
            "FAILED": "failed",
            "CANCELLED": "cancelled",
        },
    },
    "model_registry": {
        "ModelStatus": {
            "TRAINING": "training",
            "VALIDATING": "validating",
            "STAGING": "staging",
            "PRODUCTION": "production",
            "ARCHIVED": "archived",
            "FAILED": "failed",
        },
    },
    "monitoring": {
        "AlertSeverity": {"INFO": "info", "WARNING": "warning", "CRITICAL": "critical"},
        "MetricType": {
            "ACCURACY": "accuracy",
            "LATENCY": "latency",
            "THROUGHPUT": "throughput",
            "ERROR_RATE": "error_rate",
            "MEMORY_USAGE": "memory_usage",
            "CPU_USAGE": "cpu_usage",
            "CUSTOM": "custom",
        },
    },
}

# Each entry: name: type [= default], in order.
RECORDS: dict[str, dict[str, str]] = {
    "config": {
        "DatabaseConfig": """
            url: str
            max_connections: int = 20
            connection_timeout: int = 30
            pool_size: int = 10
        """,
        "ModelRegistryConfig": """
            registry_path: str
            max_model_versions: int = 10
            automatic_cleanup: bool = True
            backup_enabled: bool = True
            backup_interval_hours: int = 24
        """,
        "ExperimentTrackingConfig": """
            tracking_dir: str
            max_experiments: int = 1000
            artifact_retention_days: int = 90
            metrics_batch_size: int = 100
        """,
        "ABTestingConfig": """
            results_dir: str
            default_confidence_level: float = 0.95
            default_statistical_power: float = 0.8
            max_concurrent_tests: int = 10
            automatic_stopping: bool = True
        """,
        "ContinuousLearningConfig": """
            data_dir: str
            monitoring_interval_minutes: int = 60
            max_training_time_hours: int = 4
            quality_threshold: float = 0.8
            improvement_threshold: float = 0.01
        """,
        "MonitoringConfig": """
            dashboard_dir: str
            metrics_retention_days: int = 30
            health_check_interval_seconds: int = 30
            alert_cooldown_minutes: int = 15
            default_error_threshold: float = 0.05
        """,
        "DeploymentConfig": """
            container_registry_url: str
            kubernetes_config_path: Optional[str] = None
            default_health_timeout: int = 300
            default_replicas: int = 2
            rollback_enabled: bool = True
        """,
        "DataPipelineConfig": """
            data_dir: str
            batch_size: int = 1000
            validation_enabled: bool = True
            quality_threshold: float = 0.7
            feature_store_enabled: bool = False
        """,
        "SecurityConfig": """
            api_key_required: bool = True
            jwt_secret_key: str = ''
            session_timeout_minutes: int = 60
            encryption_enabled: bool = True
            audit_logging: bool = True
        """,
        "MLOpsConfig": """
            environment: Environment
            database: DatabaseConfig
            model_registry: ModelRegistryConfig
            experiment_tracking: ExperimentTrackingConfig
            ab_testing: ABTestingConfig
            continuous_learning: ContinuousLearningConfig
            monitoring: MonitoringConfig
            deployment: DeploymentConfig
            data_pipeline: DataPipelineConfig
            security: SecurityConfig
        """,
    },
    "data_pipeline": {
        "DataSchema": """
            schema_id: str
            name: str
            version: str
            columns: Dict[str, Dict[str, Any]]
            validation_rules: List[Dict[str, Any]] = []
            description: str = ''
            created_at: datetime = now
            created_by: str = ''
        """,
        "DataQualityReport": """
            report_id: str
            dataset_hash: str
            schema_id: str
            total_rows: int
            total_columns: int
            missing_value_percentage: float
            duplicate_rows: int
            issues: List[Dict[str, Any]] = []
            column_stats: Dict[str, Dict[str, Any]] = {}
            quality_score: float = 1.0
            created_at: datetime = now
        """,
        "FeatureEngineeringConfig": """
            config_id: str
            name: str
            numeric_features: List[str] = []
            categorical_features: List[str] = []
            text_features: List[str] = []
            scaling_method: str = 'standard'
            encoding_method: str = 'label'
            feature_selection_enabled: bool = True
            max_features: Optional[int] = None
            correlation_threshold: float = 0.95
            text_vectorization: str = 'tfidf'
            max_vocab_size: int = 10000
            custom_transformations: List[Dict[str, Any]] = []
            created_at: datetime = now
            created_by: str = ''
        """,
        "PipelineRun": """
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
            processing_steps: List[str] = []
            feature_count: int = 0
            status: PipelineStatus = PipelineStatus.PENDING
            started_at: Optional[datetime] = None
            completed_at: Optional[datetime] = None
            processing_time_seconds: float = 0.0
            processing_logs: List[str] = []
            error_message: Optional[str] = None
            created_at: datetime = now
        """,
    },
    "deployment_manager": {
        "DeploymentConfig": """
            deployment_id: str
            model_id: str
            model_version: str
            environment: DeploymentEnvironment
            strategy: DeploymentStrategy
            replicas: int = 1
            resource_requests: Dict[str, str] = ({'cpu': '500m', 'memory': '1Gi'})
            resource_limits: Dict[str, str] = ({'cpu': '1000m', 'memory': '2Gi'})
            health_check_path: str = '/health'
            health_check_timeout_seconds: int = 30
            ready_timeout_seconds: int = 300
            traffic_percentage: float = 100.0
            canary_traffic_percentage: float = 10.0
            auto_rollback_enabled: bool = True
            rollback_error_threshold: float = 0.1
            rollback_latency_threshold_ms: float = 2000
            monitoring_window_minutes: int = 15
            environment_variables: Dict[str, str] = {}
            created_at: datetime = now
            created_by: str = ''
            description: str = ''
        """,
        "DeploymentRecord": """
            deployment_id: str
            model_id: str
            model_version: str
            environment: DeploymentEnvironment
            strategy: DeploymentStrategy
            status: DeploymentStatus
            started_at: Optional[datetime] = None
            completed_at: Optional[datetime] = None
            service_name: str = ''
            endpoint_url: str = ''
            replicas_deployed: int = 0
            previous_deployment_id: Optional[str] = None
            health_check_passed: bool = False
            performance_validated: bool = False
            deployment_logs: List[str] = []
            error_message: Optional[str] = None
            deployment_duration_seconds: float = 0.0
            validation_metrics: Dict[str, float] = {}
            created_at: datetime = now
        """,
        "ServiceEndpoint": """
            service_name: str
            model_id: str
            model_version: str
            environment: DeploymentEnvironment
            url: str
            port: int
            protocol: str = 'http'
            is_healthy: bool = True
            last_health_check: Optional[datetime] = None
            traffic_percentage: float = 0.0
            created_at: datetime = now
            updated_at: datetime = now
        """,
    },
    "experiment_tracker": {
        "ExperimentConfig": """
            experiment_id: str
            name: str
            description: str
            tags: List[str] = []
            model_type: str = ''
            framework: str = ''
            algorithm: str = ''
            dataset_name: str = ''
            dataset_version: str = ''
            train_split: float = 0.8
            validation_split: float = 0.1
            test_split: float = 0.1
            hyperparameters: Dict[str, Any] = {}
            training_config: Dict[str, Any] = {}
            python_version: str = ''
            requirements: List[str] = []
            gpu_enabled: bool = False
            created_at: datetime = now
            created_by: str = ''
            parent_experiment_id: Optional[str] = None
        """,
        "ExperimentMetrics": """
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
            custom_metrics: Dict[str, float] = {}
            memory_usage_mb: Optional[float] = None
            gpu_usage_percent: Optional[float] = None
            training_time_seconds: Optional[float] = None
            timestamp: datetime = now
        """,
        "ExperimentArtifact": """
            artifact_id: str
            experiment_id: str
            name: str
            artifact_type: str
            file_path: str
            file_size_bytes: int
            description: str = ''
            metadata: Dict[str, Any] = {}
            created_at: datetime = now
        """,
    },
    "model_registry": {
        "ModelMetadata": """
            model_id: str
            version: str
            name: str
            description: str
            model_type: str
            framework: str
            accuracy: float
            precision: float
            recall: float
            f1_score: float
            confidence_score: float
            training_data_hash: str
            training_duration_seconds: float
            hyperparameters: Dict[str, Any]
            feature_columns: List[str]
            status: ModelStatus
            created_at: datetime
            updated_at: datetime
            created_by: str
            model_path: str
            config_path: str
            requirements_path: Optional[str] = None
            prediction_count: int = 0
            average_inference_time_ms: float = 0.0
            error_rate: float = 0.0
            traffic_percentage: float = 0.0
            ab_test_id: Optional[str] = None
        """,
    },
    "monitoring": {
        "MetricThreshold": """
            metric_name: str
            metric_type: MetricType
            warning_threshold: Optional[float] = None
            critical_threshold: Optional[float] = None
            operator: str = 'gt'
            evaluation_window_minutes: int = 5
            minimum_samples: int = 10
            alert_enabled: bool = True
            alert_channels: List[str] = []
            description: str = ''
            created_at: datetime = now
        """,
        "MonitoringMetric": """
            metric_id: str
            model_id: str
            model_version: str
            metric_name: str
            metric_type: MetricType
            value: float
            tags: Dict[str, str] = {}
            request_id: Optional[str] = None
            user_id: Optional[str] = None
            timestamp: datetime = now
        """,
        "Alert": """
            alert_id: str
            threshold_id: str
            model_id: str
            metric_name: str
            severity: AlertSeverity
            message: str
            current_value: float
            threshold_value: float
            triggered_by_values: List[float] = []
            evaluation_window: int = 5
            is_resolved: bool = False
            acknowledged: bool = False
            acknowledged_by: Optional[str] = None
            acknowledged_at: Optional[datetime] = None
            created_at: datetime = now
            resolved_at: Optional[datetime] = None
        """,
        "ModelHealthStatus": """
            model_id: str
            model_version: str
            overall_health: str
            health_score: float
            current_metrics: Dict[str, float] = {}
            active_alerts: List[str] = []
            predictions_last_hour: int = 0
            average_latency_ms: float = 0.0
            error_rate_last_hour: float = 0.0
            memory_usage_mb: float = 0.0
            cpu_usage_percent: float = 0.0
            last_prediction: Optional[datetime] = None
            last_updated: datetime = now
        """,
    },
}

# Each line: a signature, `async` where it is a coroutine.
SERVICES: dict[str, dict[str, str]] = {
    "config": {
        "ConfigManager": """
            ConfigManager(config_path: Optional[str]=None)
            load_config(environment: Environment=Environment.DEVELOPMENT) -> MLOpsConfig
            save_config(config: MLOpsConfig)
            get_config() -> Optional[MLOpsConfig]
            validate_config(config: MLOpsConfig) -> bool
        """,
    },
    "data_pipeline": {
        "DataPipeline": """
            DataPipeline(database_url: str, data_dir: Union[str, Path])
            register_transformation(name: str, func: Callable)
            async create_schema(schema: DataSchema) -> str
            async create_feature_config(config: FeatureEngineeringConfig) -> str
            async run_pipeline(pipeline_id: str, input_data_path: str, schema_id: str, feature_config_id: str, trigger_type: str='manual') -> str
            async get_pipeline_run(run_id: str) -> Optional[PipelineRun]
            async assess_data_quality(data_path: str, schema_id: str) -> DataQualityReport
            async get_schema(schema_id: str) -> Optional[DataSchema]
            async get_feature_config(config_id: str) -> Optional[FeatureEngineeringConfig]
        """,
    },
    "deployment_manager": {
        "ModelDeploymentManager": """
            ModelDeploymentManager(database_url: str, container_registry_url: str, kubernetes_config_path: Optional[str]=None, docker_client: Optional[docker.DockerClient]=None)
            async start_monitoring()
            async stop_monitoring()
            async deploy_model(config: DeploymentConfig) -> str
            async rollback_deployment(deployment_id: str, reason: str='Manual rollback') -> bool
            async get_deployment_record(deployment_id: str) -> Optional[DeploymentRecord]
            async list_deployments(model_id: Optional[str]=None, environment: Optional[DeploymentEnvironment]=None, status: Optional[DeploymentStatus]=None, limit: int=50) -> List[DeploymentRecord]
            async get_active_services(environment: Optional[DeploymentEnvironment]=None) -> List[ServiceEndpoint]
            async update_traffic_routing(service_name: str, traffic_percentage: float) -> bool
        """,
    },
    "experiment_tracker": {
        "ExperimentTracker": """
            ExperimentTracker(tracking_dir: Union[str, Path], database_url: str)
            async start_experiment(config: ExperimentConfig) -> str
            async log_metrics(metrics: ExperimentMetrics)
            async log_artifact(name: str, artifact_type: str, content: Union[bytes, str, Any], experiment_id: Optional[str]=None, description: str='', metadata: Optional[Dict[str, Any]]=None) -> str
            async complete_experiment(experiment_id: Optional[str]=None, final_metrics: Optional[Dict[str, float]]=None, notes: Optional[str]=None, status: ExperimentStatus=ExperimentStatus.COMPLETED)
            async get_experiment(experiment_id: str) -> Optional[ExperimentConfig]
            async get_experiment_metrics(experiment_id: str) -> pd.DataFrame
            async list_experiments(limit: int=50, status: Optional[ExperimentStatus]=None, model_type: Optional[str]=None, tags: Optional[List[str]]=None) -> List[Dict[str, Any]]
            async compare_experiments(experiment_ids: List[str], metrics: List[str]=None) -> pd.DataFrame
            async plot_experiment_metrics(experiment_id: str, metrics: List[str]=None, save_path: Optional[str]=None) -> str
        """,
    },
    "model_registry": {
        "ModelRegistry": """
            ModelRegistry(registry_path: Union[str, Path], database_url: str)
            async register_model(model: Any, metadata: ModelMetadata, config: Dict[str, Any], requirements: Optional[List[str]]=None) -> str
            async get_model(model_id: str, version: Optional[str]=None) -> tuple[Any, ModelMetadata]
            async get_model_metadata(model_id: str, version: Optional[str]=None) -> Optional[ModelMetadata]
            async list_models(model_type: Optional[str]=None, status: Optional[ModelStatus]=None, limit: int=50) -> List[ModelMetadata]
            async update_model_status(model_id: str, version: str, status: ModelStatus) -> bool
            async update_performance_metrics(model_id: str, version: str, prediction_count: int, inference_time_ms: float, error_rate: float) -> bool
            async promote_model(model_id: str, version: str, to_status: ModelStatus) -> bool
            async delete_model(model_id: str, version: str) -> bool
            async get_production_model(model_type: str) -> Optional[tuple[Any, ModelMetadata]]
        """,
    },
    "monitoring": {
        "ModelMonitor": """
            ModelMonitor(database_url: str, dashboard_dir: Union[str, Path], alert_handlers: Optional[Dict[str, Callable]]=None)
            async start_monitoring()
            async stop_monitoring()
            async record_metric(metric: MonitoringMetric)
            async record_prediction_metrics(model_id: str, model_version: str, prediction_latency_ms: float, prediction_success: bool, confidence_score: Optional[float]=None, accuracy: Optional[float]=None, request_id: Optional[str]=None, user_id: Optional[str]=None, tags: Optional[Dict[str, str]]=None)
            async create_threshold(threshold: MetricThreshold) -> str
            async get_model_health(model_id: str) -> Optional[ModelHealthStatus]
            async get_metrics(model_id: str, metric_name: Optional[str]=None, start_time: Optional[datetime]=None, end_time: Optional[datetime]=None, limit: int=1000) -> pd.DataFrame
            async get_active_alerts(model_id: Optional[str]=None, severity: Optional[AlertSeverity]=None) -> List[Alert]
            async acknowledge_alert(alert_id: str, acknowledged_by: str) -> bool
            async resolve_alert(alert_id: str) -> bool
            async generate_dashboard(model_id: str, hours: int=24) -> str
        """,
    },
}
