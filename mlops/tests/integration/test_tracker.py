# SPDX-License-Identifier: MIT
"""The experiment tracker, embedded and against a server."""

from __future__ import annotations

import asyncio
import datetime
import logging
import math
import struct
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlops.errors import Conflict, InvalidArgument, NotFound
from mlops.experiment_tracker import ExperimentConfig, ExperimentMetrics, ExperimentStatus, ExperimentTracker

ODD = [math.nan, math.inf, -math.inf, 5e-324, -0.0, 0.1, 1e308, 2.0**53 + 2]


def same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or struct.pack("<d", a) == struct.pack("<d", b)


@pytest.fixture
def tracker(database_url: str) -> ExperimentTracker:
    return ExperimentTracker("./experiments", database_url)


async def start(tracker: ExperimentTracker, **fields: object) -> str:
    return await tracker.start_experiment(ExperimentConfig("", "tuning", "a test", **fields))  # type: ignore[arg-type]


async def test_an_experiment_comes_back_as_it_was_given(tracker: ExperimentTracker) -> None:
    naive = datetime.datetime(2026, 3, 4, 5, 6, 7, 89)
    config = ExperimentConfig(
        "", "tuning", "d", ["a", "b"], "forest", "sklearn", "rf", "lab", "2", np.float64(0.7), 0.2, 0.1,
        {"n": np.int64(100), "lr": math.nan, "deep": {"x": [1, math.inf]}, "none": None}, {"epochs": 3}, "3.11",
        ["numpy"], True, naive, "me",
    )  # fmt: skip
    run_id = await tracker.start_experiment(config)
    assert config.experiment_id == run_id
    assert tracker.current_experiment == run_id
    assert len(run_id) == 32
    assert run_id[12] == "7"
    back = await tracker.get_experiment(run_id)
    assert back is not None
    assert (back.name, back.tags, back.model_type, back.algorithm) == ("tuning", ["a", "b"], "forest", "rf")
    assert math.isnan(back.hyperparameters.pop("lr"))
    assert back.hyperparameters == {"n": 100, "deep": {"x": [1, math.inf]}, "none": None}
    assert (back.training_config, back.requirements, back.gpu_enabled) == ({"epochs": 3}, ["numpy"], True)
    assert (back.train_split, back.created_by, back.dataset_version) == (0.7, "me", "2")
    assert back.created_at == naive.replace(tzinfo=datetime.timezone.utc)
    assert await tracker.get_experiment("0" * 32) is None


async def test_a_tag_given_twice_is_one_tag(tracker: ExperimentTracker) -> None:
    run_id = await start(tracker, tags=["a", "b", "a"])
    kept = await tracker.get_experiment(run_id)
    assert kept is not None
    assert kept.tags == ["a", "b"]


async def test_every_double_comes_back_bit_for_bit(tracker: ExperimentTracker) -> None:
    run_id = await start(tracker)
    for step, value in enumerate(ODD):
        await tracker.log_metrics(ExperimentMetrics(run_id, step, train_loss=value, custom_metrics={"mine": value}))
    frame = await tracker.get_experiment_metrics(run_id)
    assert list(frame["step"]) == list(range(len(ODD)))
    for step, value in enumerate(ODD):
        assert same(frame["train_loss"][step], value)
        assert same(frame["mine"][step], value)


async def test_one_row_per_step_with_the_last_value(tracker: ExperimentTracker) -> None:
    run_id = await start(tracker)
    late = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
    early = late - datetime.timedelta(hours=1)
    await tracker.log_metrics(ExperimentMetrics(run_id, 1, epoch=1, val_loss=1.0, timestamp=late))
    await tracker.log_metrics(ExperimentMetrics(run_id, 1, epoch=1, val_loss=2.0, timestamp=early))
    await tracker.log_metrics(ExperimentMetrics(run_id, 0, val_loss=3.0, custom_metrics={"z": np.float64(0.5)}))
    frame = await tracker.get_experiment_metrics(run_id)
    assert list(frame["val_loss"]) == [3.0, 1.0]
    assert list(frame.columns[:2]) == ["step", "epoch"]
    assert list(frame.columns[-2:]) == ["timestamp", "z"]
    assert frame["timestamp"].dt.tz is not None
    assert frame["epoch"].isna().tolist() == [True, False]
    empty = await tracker.get_experiment_metrics(await start(tracker))
    assert len(empty) == 0
    with pytest.raises(NotFound):
        await tracker.get_experiment_metrics("0" * 32)


async def test_wrong_metrics_are_named_and_unknown_experiments_refused(tracker: ExperimentTracker) -> None:
    run_id = await start(tracker)
    with pytest.raises(InvalidArgument, match="train_loss is 'high'"):
        await tracker.log_metrics(ExperimentMetrics(run_id, 0, train_loss="high"))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match=r"step is 1\.5"):
        await tracker.log_metrics(ExperimentMetrics(run_id, 1.5))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="custom_metrics has the name"):
        await tracker.log_metrics(ExperimentMetrics(run_id, 1, custom_metrics={"a\nb": 1.0}))
    with pytest.raises(InvalidArgument, match="train_loss"):
        await tracker.log_metrics(ExperimentMetrics(run_id, 1, custom_metrics={"train_loss": 1.0}))
    with pytest.raises(NotFound):
        await tracker.log_metrics(ExperimentMetrics("0" * 32, 1, train_loss=1.0))
    with pytest.raises(InvalidArgument, match="no experiment was started"):
        await ExperimentTracker("./other", tracker.database_url).log_metrics(ExperimentMetrics("", 1, train_loss=1.0))


async def test_a_step_without_values_is_nothing_to_commit(
    tracker: ExperimentTracker, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = await start(tracker)
    await tracker.log_metrics(ExperimentMetrics(run_id, 1, epoch=1))
    assert "metrics_without_values" in caplog.text
    await tracker.flush()
    await tracker.log_metrics(ExperimentMetrics(run_id, 2, val_loss=1.0))
    assert list((await tracker.get_experiment_metrics(run_id))["step"]) == [2]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"epoch": 1 << 63}, "epoch is 9223372036854775808; it must fit 64 bits"),
        ({"step": -(1 << 63) - 1}, "step"),
        ({"timestamp": "now"}, "timestamp is 'now'; it must be a datetime"),
        ({"experiment_id": 7}, "experiment_id is 7"),
        ({"custom_metrics": {str(n): 1.0 for n in range(50_001)}}, "custom_metrics has 50001 values; at most 50000"),
    ],
)
async def test_what_the_server_would_refuse_is_refused_at_the_call(
    embedded_url: str, wrong: dict[str, Any], words: str
) -> None:
    tracker = ExperimentTracker("./experiments", embedded_url)
    run_id = await start(tracker)
    with pytest.raises(InvalidArgument, match=words):
        await tracker.log_metrics(ExperimentMetrics(**{"experiment_id": run_id, "val_loss": 1.0, **wrong}))
    far = datetime.datetime(1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=14)))
    with pytest.raises(InvalidArgument, match="timestamp"):
        await tracker.log_metrics(ExperimentMetrics(run_id, 1, val_loss=1.0, timestamp=far))
    await tracker.flush()


async def test_a_batch_is_all_or_nothing(tracker: ExperimentTracker) -> None:
    run_id = await start(tracker)
    good = [ExperimentMetrics(run_id, step, val_loss=float(step)) for step in range(5)]
    await tracker.log_metrics_batch(good)
    with pytest.raises(NotFound):
        await tracker.log_metrics_batch(
            [ExperimentMetrics(run_id, 9, val_loss=9.0), ExperimentMetrics("f" * 32, 1, val_loss=1.0)]
        )
    assert list((await tracker.get_experiment_metrics(run_id))["step"]) == list(range(5))
    await tracker.log_metrics_batch([])


async def test_completion_lists_and_comparison(tracker: ExperimentTracker, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        first = await start(tracker, tags=["x"], model_type="forest", hyperparameters={"n": 1})
        await tracker.log_metrics(ExperimentMetrics("", 3, val_accuracy=0.75))
        await tracker.complete_experiment(final_metrics={"auc": np.float64(0.5), "bad": math.nan}, notes="fine")
    assert f"experiment_completed experiment_id={first}" in caplog.text
    second = await start(tracker, tags=["y"], model_type="tree", hyperparameters={"n": 2, "depth": None})
    await tracker.complete_experiment(second, status=ExperimentStatus.FAILED)
    rows = await tracker.list_experiments()
    assert [row["experiment_id"] for row in rows] == [second, first]
    assert rows[0]["status"] == "failed"
    assert rows[1]["final_metrics"]["auc"] == 0.5
    assert math.isnan(rows[1]["final_metrics"]["bad"])
    assert rows[1]["completed_at"] >= rows[1]["created_at"]
    assert list(rows[0]) == [
        "experiment_id", "name", "description", "model_type", "status", "created_at", "completed_at", "created_by",
        "tags", "final_metrics",
    ]  # fmt: skip
    assert [r["experiment_id"] for r in await tracker.list_experiments(limit=1, offset=1)] == [first]
    assert [r["experiment_id"] for r in await tracker.list_experiments(tags=["x", "q"])] == [first]
    assert [r["experiment_id"] for r in await tracker.list_experiments(status=ExperimentStatus.FAILED)] == [second]
    assert [r["experiment_id"] for r in await tracker.list_experiments(model_type="forest")] == [first]
    frame = await tracker.compare_experiments([first, second])
    assert list(frame.columns) == [
        "experiment_id",
        "name",
        "model_type",
        "algorithm",
        "val_accuracy",
        "hp_n",
        "hp_depth",
    ]
    assert frame["val_accuracy"][0] == 0.75
    assert list(frame["hp_n"]) == [1, 2]
    with pytest.raises(Conflict):
        await tracker.complete_experiment(second, status=ExperimentStatus.COMPLETED)
    with pytest.raises(InvalidArgument, match="running, completed, failed, cancelled"):
        await tracker.complete_experiment(second, status="done")  # type: ignore[arg-type]


async def test_another_service_on_the_database_sees_the_points_within_100_ms(tracker: ExperimentTracker) -> None:
    run_id = await start(tracker)
    await tracker.log_metrics(ExperimentMetrics(run_id, 0, val_loss=0.5))
    await asyncio.sleep(0.1)
    from mlops import _transport

    reply = _transport.connect(tracker.database_url).send(
        _transport.Request("GET", f"/api/v1/metrics/series?run_id={run_id}", {}, b"", None, 5)
    )
    assert reply.json()["items"][0]["values"] == [0.5]


def test_several_loops_and_threads_share_one_tracker(tracker: ExperimentTracker) -> None:
    run_id = asyncio.run(start(tracker))
    errors = []

    async def log(thread: int) -> None:
        for step in range(50):
            await tracker.log_metrics(ExperimentMetrics(run_id, thread * 1000 + step, val_loss=float(step)))
        await tracker.flush()

    def work(thread: int) -> None:
        try:
            asyncio.run(log(thread))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(asyncio.run(tracker.get_experiment_metrics(run_id))) == 200


def test_the_plain_twin_needs_no_loop(database_url: str) -> None:
    from mlops import sync

    tracker = sync.ExperimentTracker("./plain", database_url)
    run_id = tracker.start_experiment(ExperimentConfig("", "plain"))
    tracker.log_metrics(ExperimentMetrics(run_id, 0, val_loss=0.25))
    tracker.complete_experiment()
    assert tracker.get_experiment_metrics(run_id)["val_loss"][0] == 0.25
    assert tracker.current_experiment == run_id
    assert Path("plain").is_dir()
    assert tracker.get_experiment("0" * 32) is None


async def test_a_long_run_comes_whole_by_pages(tracker: ExperimentTracker) -> None:
    run_id = await start(tracker)
    count = 120_000  # more than one answer holds
    for begin in range(0, count, count // 2):
        points = [{"key": "loss", "step": step, "value": float(step)} for step in range(begin, begin + count // 2)]
        await tracker._send("POST", f"/api/v1/runs/{run_id}/metrics", {"points": points})
    await tracker.log_metrics(ExperimentMetrics(run_id, 7, custom_metrics={"zeal": 0.5}))
    frame = await tracker.get_experiment_metrics(run_id)
    assert list(frame["step"]) == list(range(count))
    assert (frame["loss"] == frame["step"]).all()
    assert frame["zeal"].dropna().to_dict() == {7: 0.5}


async def test_calls_can_be_cancelled(tracker: ExperimentTracker) -> None:
    from mlops import _transport

    await start(tracker)
    task = asyncio.ensure_future(tracker.list_experiments())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(InvalidArgument), _transport.timeout(0):
        pass
    assert await tracker.list_experiments()
