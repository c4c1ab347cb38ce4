# SPDX-License-Identifier: MIT
"""The model registry, embedded and against a server."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from mlops.errors import Conflict, InvalidArgument, NotFound, Unavailable
from mlops.model_registry import ModelMetadata, ModelRegistry, ModelStatus

X, Y = load_breast_cancer(return_X_y=True)


def metadata_of(version: str = "", model_id: str = "lab_classifier", **more: Any) -> ModelMetadata:
    return ModelMetadata(model_id, version, "Lab", "d", "classification", "sklearn", 0.95, 0.93, 0.97, 0.95, **more)


def fitted(seed: int = 0) -> RandomForestClassifier:
    return RandomForestClassifier(n_estimators=5, random_state=seed).fit(X, Y)


@pytest.fixture
def registry(database_url: str) -> ModelRegistry:
    return ModelRegistry("./models", database_url)


async def test_the_guides_block(registry: ModelRegistry) -> None:
    """An unfitted model, as the guide has it."""
    metadata = metadata_of("1.0.0", created_by="data_scientist")
    made = await registry.register_model(
        model=RandomForestClassifier(n_estimators=100), metadata=metadata, config={"n_estimators": 100}
    )
    assert made == "lab_classifier:1.0.0"
    assert await registry.promote_model("lab_classifier", "1.0.0", ModelStatus.PRODUCTION)
    model, known = await registry.get_model("lab_classifier", "1.0.0")
    assert model.n_estimators == 100
    assert known.status is ModelStatus.PRODUCTION
    assert known.created_by == "data_scientist"


async def test_registration_fills_the_record_and_the_files_are_readable(registry: ModelRegistry) -> None:
    metadata = metadata_of(hyperparameters={"depth": np.int64(3), "odd": float("inf")}, feature_columns=["a"] * 30)
    made = await registry.register_model(fitted(), metadata, {"lr": np.float64(0.5), "nan": float("nan")}, ["numpy>=1"])
    assert (made, metadata.version) == ("lab_classifier:1.0.0", "1.0.0")
    assert json.loads(Path(metadata.config_path).read_text()) == {"lr": 0.5, "nan": {"$number": "NaN"}}
    assert Path(metadata.requirements_path or "").read_text() == "numpy>=1\n"
    assert Path(metadata.model_path).stat().st_size > 0
    if not registry.database_url.startswith("http"):
        assert Path(metadata.model_path).is_relative_to(registry.registry_path)
    known = await registry.get_model_metadata("lab_classifier")
    assert known == metadata or (known is not None and known.hyperparameters == {"depth": 3, "odd": float("inf")})
    model, _ = await registry.get_model("lab_classifier")
    assert np.array_equal(model.predict(X), fitted().predict(X))
    assert await registry.get_model_metadata("lab_classifier", "9.9.9") is None
    assert await registry.get_model_metadata("nobody") is None
    with pytest.raises(NotFound):
        await registry.get_model("nobody")


async def test_versions_follow_one_another_and_content_is_kept(registry: ModelRegistry) -> None:
    first = metadata_of()
    await registry.register_model(fitted(0), first, {})
    again = metadata_of("1.0.0")
    assert await registry.register_model(fitted(0), again, {}) == "lab_classifier:1.0.0"
    with pytest.raises(Conflict):
        await registry.register_model(fitted(1), metadata_of("1.0.0"), {})
    assert np.array_equal((await registry.get_model("lab_classifier"))[0].predict(X), fitted(0).predict(X))
    second = metadata_of()
    await registry.register_model(fitted(1), second, {})
    odd = metadata_of("spring-model")
    await registry.register_model(fitted(2), odd, {})
    assert (second.version, odd.version) == ("1.0.1", "spring-model")
    assert [m.version for m in await registry.list_models()] == ["spring-model", "1.0.1", "1.0.0"]
    assert [m.version for m in await registry.list_models(limit=1)] == ["spring-model"]
    assert await registry.list_models(model_type="regression") == []
    assert len(await registry.list_models("classification", ModelStatus.STAGING)) == 3


async def test_stages(registry: ModelRegistry, caplog: pytest.LogCaptureFixture) -> None:
    for seed in range(3):
        await registry.register_model(fitted(seed), metadata_of(), {})
    name, one, two, three = "lab_classifier", "1.0.0", "1.0.1", "1.0.2"
    assert await registry.get_production_model(name) is None
    assert await registry.promote_model(name, one, ModelStatus.PRODUCTION)
    assert await registry.promote_model(name, two, ModelStatus.PRODUCTION)
    status = {m.version: m.status for m in await registry.list_models()}
    assert status == {one: ModelStatus.STAGING, two: ModelStatus.PRODUCTION, three: ModelStatus.STAGING}
    assert await registry.rollback_model(name)
    found = await registry.get_production_model("classification")
    assert found is not None
    assert found[1].version == one
    assert await registry.update_performance_metrics(name, three, 100, 1.5, 0.2)
    with caplog.at_level(logging.WARNING):
        assert not await registry.promote_model(name, three, ModelStatus.PRODUCTION)
    assert "error" in caplog.text
    known = await registry.get_model_metadata(name, three)
    assert known is not None
    assert (known.prediction_count, known.average_inference_time_ms, known.error_rate) == (100, 1.5, 0.2)
    assert not await registry.delete_model(name, one)
    assert await registry.delete_model(name, three)
    assert not await registry.delete_model(name, three)
    assert not await registry.promote_model(name, "7.7.7", ModelStatus.PRODUCTION)
    assert not await registry.update_performance_metrics("nobody", "1", 1, 1.0, 0.0)
    assert await registry.update_model_status(name, two, ModelStatus.ARCHIVED)
    with pytest.raises(InvalidArgument, match="training, validating, staging"):
        await registry.promote_model(name, two, "best")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument):
        await registry.update_performance_metrics(name, two, 1, "fast", 0.0)  # type: ignore[arg-type]


async def test_what_cannot_be_served_is_registered_and_says_why(
    registry: ModelRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await registry.register_model({"weights": [1]}, metadata_of(model_id="own", feature_columns=["a"]), {})
        await registry.register_model(fitted(), metadata_of(feature_columns=["a", "b"]), {})
    assert "model_not_servable" in caplog.text
    assert "is not a scikit-learn model" in caplog.text
    assert "feature_columns name 2 columns; the model takes 30" in caplog.text
    assert (await registry.get_model("own"))[0] == {"weights": [1]}


async def test_a_damaged_file_is_never_unpickled(registry: ModelRegistry) -> None:
    metadata = metadata_of()
    await registry.register_model(fitted(), metadata, {})
    path = Path(metadata.model_path)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    if registry.database_url.startswith("http"):  # the copy is fetched again
        assert (await registry.get_model("lab_classifier"))[0] is not None
    else:
        with pytest.raises(Unavailable, match="damaged"):
            await registry.get_model("lab_classifier")


def test_the_plain_twin(database_url: str) -> None:
    from mlops import sync

    registry = sync.ModelRegistry("./m", database_url)
    metadata = metadata_of()
    assert registry.register_model(fitted(), metadata, {}) == "lab_classifier:1.0.0"
    assert registry.promote_model("lab_classifier", "1.0.0", ModelStatus.PRODUCTION)
    found = registry.get_production_model("lab_classifier")
    assert found is not None
    assert found[1].version == "1.0.0"
    assert "scikit-learn==" in Path(metadata.requirements_path or "").read_text()


@pytest.mark.parametrize("model_id", ["a/b", "..", "a\nb", "", "\ud800"])
async def test_a_model_id_that_no_address_reaches_is_refused_by_name(registry: ModelRegistry, model_id: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^model_id ") as refused:
        await registry.register_model(fitted(), metadata_of(model_id=model_id), {})
    assert refused.value.field == "model_id"
    assert "api/v1" not in str(refused.value)
