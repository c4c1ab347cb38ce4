# SPDX-License-Identifier: MIT
"""A/B tests, embedded and against a server."""

from __future__ import annotations

import asyncio
import datetime
import random
import sqlite3
from typing import Any

import pytest

from mlops import sync
from mlops.ab_testing import ABTestConfig, ABTestInteraction, ABTestManager, TestStatus, TestType
from mlops.errors import Conflict, InvalidArgument, NotFound


@pytest.fixture
def manager(database_url: str) -> ABTestManager:
    return ABTestManager(database_url, "./ab_tests")


def config(**more: Any) -> ABTestConfig:
    given: dict[str, Any] = {
        "name": "Model v1.1 vs v1.0",
        "test_type": TestType.CHAMPION_CHALLENGER,
        "control_model_id": "lab_classifier",
        "control_model_version": "1.0.0",
        "treatment_models": [{"model_id": "lab_classifier", "version": "1.1.0"}],
        "traffic_allocation": {"control": 0.5, "treatment_1": 0.5},
        "primary_metric": "conversion",
    }
    return ABTestConfig(**{**given, **more})


async def begin(manager: ABTestManager, **more: Any) -> str:
    test_id = await manager.create_test(config(**more))
    assert await manager.start_test(test_id)
    return test_id


def interaction(test_id: str, number: int, variant: str, **more: Any) -> ABTestInteraction:
    given: dict[str, Any] = {
        "interaction_id": f"int_{number}",
        "test_id": test_id,
        "variant_id": variant,
        "user_id": f"user_{number}",
        "latency_ms": 150,
        "success": True,
    }
    return ABTestInteraction(**{**given, **more})


async def experiment(manager: ABTestManager, test_id: str, users: int, rates: dict[str, float], seed: int) -> None:
    """A simulated experiment whose truth is known: each user converts at his variant's rate."""
    draw = random.Random(seed)
    for number in range(users):
        variant = await manager.assign_variant(test_id, f"user_{number}")
        assert variant is not None
        converted = draw.random() < rates[variant]
        await manager.log_interaction(interaction(test_id, number, variant, conversion=converted))


async def test_a_test_lives(manager: ABTestManager) -> None:
    made = config()
    test_id = await manager.create_test(made)
    assert made.test_id == test_id
    assert await manager.assign_variant(test_id, "u") is None
    assert await manager.start_test(test_id)
    assert not await manager.start_test(test_id)
    assert not await manager.start_test("unknown")
    first = await manager.assign_variant(test_id, "u")
    assert first in ("control", "treatment_1")
    assert await manager.assign_variant(test_id, "u") == first
    assert await manager.pause_test(test_id, "a look")
    assert await manager.assign_variant(test_id, "u") is None
    assert await manager.resume_test(test_id)
    rows = await manager.list_tests(TestStatus.RUNNING)
    assert [row["test_id"] for row in rows] == [test_id]
    assert set(rows[0]) == {
        "test_id",
        "name",
        "test_type",
        "status",
        "created_at",
        "start_date",
        "end_date",
        "winner_variant",
        "statistical_significance",
    }
    assert await manager.stop_test(test_id)
    assert not await manager.stop_test(test_id)
    back = await manager.get_test_config(test_id)
    assert back is not None
    assert back.status is TestStatus.COMPLETED
    assert back.traffic_allocation == {"control": 0.5, "treatment_1": 0.5}
    assert back.treatment_models == [{"model_id": "lab_classifier", "version": "1.1.0"}]
    assert back.start_date is not None
    assert back.start_date.tzinfo is not None
    assert await manager.get_test_config("unknown") is None
    assert await manager.assign_variant("unknown", "u") is None


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"traffic_allocation": {"control": 0.5, "treatment_1": 0.6}}, "traffic_allocation"),
        ({"traffic_allocation": {"a": 0.5, "b": 0.5}}, "traffic_allocation"),
        ({"traffic_allocation": {"control": 1.5, "treatment_1": -0.5}}, "traffic_allocation"),
        ({"treatment_models": []}, "treatment_models"),
        ({"plan": {"winsor": 1}}, "plan.winsor"),
    ],
)
async def test_a_wrong_plan_is_refused(manager: ABTestManager, more: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await manager.create_test(config(**more))
    assert refused.value.field == field


async def test_only_users_with_the_attributes_are_assigned(manager: ABTestManager) -> None:
    test_id = await begin(manager, user_filters={"site": "north", "level": 2})
    assert await manager.assign_variant(test_id, "u") is None
    assert await manager.assign_variant(test_id, "u", {"site": "north"}) is None
    assert await manager.assign_variant(test_id, "u", {"site": "north", "level": 2, "more": 1}) is not None


async def test_what_is_no_interaction_is_refused_at_the_call(manager: ABTestManager) -> None:
    test_id = await begin(manager)
    with pytest.raises(NotFound):
        await manager.log_interaction(interaction("unknown", 1, "control"))
    with pytest.raises(InvalidArgument):
        await manager.log_interaction(interaction(test_id, 1, "treatment_2"))
    planned = await manager.create_test(config())
    with pytest.raises(Conflict):
        await manager.log_interaction(interaction(planned, 1, "control"))


async def test_results_hold_what_was_logged(manager: ABTestManager) -> None:
    test_id = await begin(manager, primary_metric="accuracy")
    for number in range(40):
        variant = "control" if number % 2 else "treatment_1"
        answer = {"prediction": "approved", "confidence": 0.5 + number % 4 / 10}
        one = interaction(test_id, number, variant, response_data=answer, success=number % 8 != 0, value=number)
        await manager.log_interaction(one)
        await manager.log_interaction(one)  # a repeat is the same interaction
    results = await manager.calculate_results(test_id)
    assert set(results) == {"control", "treatment_1"}
    control, treatment = results["control"], results["treatment_1"]
    assert control.sample_size == treatment.sample_size == 20
    assert control.accuracy == 1.0
    assert treatment.accuracy == pytest.approx(0.75)  # the share of successes
    assert treatment.error_rate == pytest.approx(0.25)
    assert control.average_latency_ms == pytest.approx(150)
    assert control.mean_value == pytest.approx(20)
    assert control.custom_metrics["confidence"] == pytest.approx(0.7)
    assert control.precision is None
    assert control.p_value is None
    assert treatment.p_value is not None
    assert 0 <= treatment.p_value <= 1
    assert treatment.effect_size == pytest.approx(-0.25)
    assert treatment.confidence_interval is not None
    assert treatment.confidence_interval[0] < -0.25 < treatment.confidence_interval[1]
    assert treatment.fixed_p_value is not None
    assert treatment.fixed_p_value < treatment.p_value


async def test_an_effect_is_found_and_ends_the_test(manager: ABTestManager) -> None:
    test_id = await begin(manager, minimum_sample_size=300)
    assert not await manager.check_for_early_stopping(test_id)
    await experiment(manager, test_id, 1500, {"control": 0.3, "treatment_1": 0.6}, seed=1)
    results = await manager.calculate_results(test_id)
    treatment = results["treatment_1"]
    assert treatment.is_statistically_significant
    assert treatment.confidence_interval is not None
    assert treatment.confidence_interval[0] < 0.3 < treatment.confidence_interval[1]
    assert await manager.check_for_early_stopping(test_id)
    (row,) = await manager.list_tests(TestStatus.COMPLETED)
    assert row["winner_variant"] == "treatment_1"
    assert row["statistical_significance"]


async def test_without_an_effect_nothing_stops(manager: ABTestManager) -> None:
    test_id = await begin(manager, minimum_sample_size=50)
    for part in range(5):
        draw = random.Random(part)
        for number in range(part * 200, (part + 1) * 200):
            variant = await manager.assign_variant(test_id, f"user_{number}")
            assert variant is not None
            await manager.log_interaction(interaction(test_id, number, variant, conversion=draw.random() < 0.4))
        assert not await manager.check_for_early_stopping(test_id)


async def test_a_split_that_is_off_blocks_the_verdict(manager: ABTestManager) -> None:
    test_id = await begin(manager, minimum_sample_size=10)
    for number in range(1000):
        variant = "control" if number % 4 else "treatment_1"
        await manager.log_interaction(interaction(test_id, number, variant, conversion=variant != "control"))
    report = await manager.get_results(test_id)
    assert report["split"]["mismatch"]
    assert report["verdict"]["decision"] == "blocked"
    assert not await manager.check_for_early_stopping(test_id)


async def test_a_guardrail_pauses_the_test(manager: ABTestManager) -> None:
    test_id = await begin(manager, guardrail_metrics=["error_rate", "latency"], error_rate_threshold=0.2)
    for number in range(30):
        await manager.log_interaction(interaction(test_id, number, "treatment_1", success=number % 2 == 0))
    back = await manager.get_test_config(test_id)
    assert back is not None
    assert back.status is TestStatus.PAUSED
    assert await manager.assign_variant(test_id, "u") is None
    await manager.log_interaction(interaction(test_id, 99, "control"))  # taken while it is paused


async def test_a_design_becomes_a_size(manager: ABTestManager) -> None:
    size = await manager.plan_test(baseline=0.1, effect=0.2, method="fixed")
    assert size["users_per_variant"] == 3841
    always = await manager.plan_test(baseline=0.1, effect=0.2)
    assert always["users_per_variant"] > 3841


async def test_group_sequential_stops_at_a_planned_look(manager: ABTestManager) -> None:
    plan = {"method": "group_sequential", "looks": 4}
    test_id = await begin(manager, minimum_sample_size=100, maximum_sample_size=2000, plan=plan)
    await experiment(manager, test_id, 520, {"control": 0.2, "treatment_1": 0.7}, seed=3)
    assert await manager.check_for_early_stopping(test_id)
    report = await manager.get_results(test_id)
    (primary,) = [m for m in report["metrics"] if m["role"] == "primary" and m["variant"] == "treatment_1"]
    stopped = primary["at_stop"]
    assert stopped["low"] < stopped["median_unbiased"] < stopped["high"]
    assert stopped["median_unbiased"] <= stopped["estimate"] + 1e-12


def test_the_plain_twin_does_the_same(database_url: str) -> None:
    manager = sync.ABTestManager(database_url, "./ab_tests")
    test_id = manager.create_test(config())
    assert manager.start_test(test_id)
    variant = manager.assign_variant(test_id, "u")
    assert variant is not None
    manager.log_interaction(interaction(test_id, 1, variant, conversion=True))
    assert manager.calculate_results(test_id)[variant].conversion_rate == 1.0


def test_interactions_outlive_the_program(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/mlops.db"

    async def work() -> str:
        manager = ABTestManager(url, tmp_path / "ab")
        test_id = await begin(manager)
        for number in range(500):
            await manager.log_interaction(
                interaction(test_id, number, "control", timestamp=datetime.datetime(2026, 1, 1))
            )
        await manager.flush()
        return test_id

    asyncio.run(work())
    with sqlite3.connect(tmp_path / "mlops.db") as rows:
        assert rows.execute("SELECT COUNT(*) FROM abtest_interactions").fetchone() == (500,)
