# SPDX-License-Identifier: MIT
"""The Python face of the settings."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

from mlops import config as settings
from mlops.config import ConfigManager, Environment
from mlops.errors import InvalidArgument

GUIDE_FILE = {
    "production": {
        "database": {"url": "postgresql://user:pass@prod-db:5432/mlops", "max_connections": 50, "pool_size": 20},
        "model_registry": {"registry_path": "/data/models", "backup_enabled": True, "backup_interval_hours": 6},
        "monitoring": {"health_check_interval_seconds": 15, "alert_cooldown_minutes": 5},
        "deployment": {"container_registry_url": "registry.company.com", "default_replicas": 3},
    }
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("MLOPS_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("environment", list(Environment))
def test_defaults_of_the_dataclasses_are_the_cores(environment: Environment) -> None:
    config = ConfigManager().load_config(environment)
    if environment is Environment.STAGING:
        assert config == settings.MLOpsConfig(environment=Environment.STAGING)
    assert config.environment is environment
    assert ConfigManager().validate_config(config)


def test_the_guides_block(capsys: pytest.CaptureFixture[str]) -> None:
    config_manager = ConfigManager()
    assert config_manager.get_config() is None
    config = config_manager.load_config(Environment.DEVELOPMENT)
    assert config.database.url == "sqlite:///mlops_dev.db"
    assert config.model_registry.registry_path == "./mlops_data/model_registry"
    assert config_manager.get_config() is config


def test_the_guides_file_and_variables() -> None:
    Path("mlops_config.json").write_text(json.dumps(GUIDE_FILE))
    manager = ConfigManager()
    config = manager.load_config(Environment.PRODUCTION)
    assert config.database.url.endswith("/mlops")
    assert config.deployment.default_replicas == 3
    assert config.data_pipeline.data_dir == "./mlops_data/data_pipeline"
    assert "section production" in manager.get_origins()["database.url"]
    os.environ["MLOPS_DATABASE_URL"] = "sqlite:///v.db"
    try:
        assert manager.load_config(Environment.PRODUCTION).database.url == "sqlite:///v.db"
        assert manager.get_origins()["database.url"] == "variable MLOPS_DATABASE_URL"
    finally:
        del os.environ["MLOPS_DATABASE_URL"]


def test_save_and_load(tmp_path: Path) -> None:
    manager = ConfigManager(str(tmp_path / "new" / "file.json"))
    config = manager.load_config(Environment.STAGING)
    config.cache.redis_url = "redis://cache:6379"
    config.security.jwt_secret_key = "secret"
    config.monitoring.default_error_threshold = 0.125
    manager.save_config(config)
    assert ConfigManager(manager.config_path).load_config(Environment.STAGING) == config
    assert "secret" not in repr(config)


def test_faults_are_all_listed_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    manager = ConfigManager()
    config = manager.load_config()
    config.monitoring.default_error_threshold = 7.0
    config.database.pool_size = 10_000
    with caplog.at_level(logging.WARNING):
        assert not manager.validate_config(config)
    assert "default_error_threshold is 7" in caplog.text
    assert "pool_size" in caplog.text
    with pytest.raises(InvalidArgument, match="default_error_threshold"):
        manager.save_config(config)
    assert not Path("mlops_config.json").exists()
    config.database.max_connections = "many"  # type: ignore[assignment]
    assert not settings.validate_config(config)


def test_a_wrong_file_is_an_error_that_names_it() -> None:
    Path("mlops_config.json").write_text('{"production": {"databse": {}}}')
    with pytest.raises(InvalidArgument, match=r"mlops_config.json.*databse.*allowed: database"):
        settings.get_config()


def test_the_environment_variable_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_ENVIRONMENT", "production")
    assert settings.get_config().environment is Environment.PRODUCTION
    assert settings.get_config("staging").environment is Environment.STAGING
    monkeypatch.setenv("MLOPS_ENVIRONMENT", "prod")
    with pytest.raises(InvalidArgument, match="development, staging, production"):
        settings.get_config()
