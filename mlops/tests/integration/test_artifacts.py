# SPDX-License-Identifier: MIT
"""Artifacts of experiments: what is logged comes back, as a file and as the object."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from mlops.errors import InvalidArgument, NotFound
from mlops.experiment_tracker import ExperimentConfig, ExperimentMetrics, ExperimentTracker


@pytest.fixture
async def tracker(database_url: str) -> ExperimentTracker:
    made = ExperimentTracker("./experiments", database_url)
    await made.start_experiment(ExperimentConfig("", "artifacts"))
    return made


async def test_bytes_text_and_objects_come_back(tracker: ExperimentTracker) -> None:
    model = LogisticRegression().fit(np.array([[0.0], [1.0]]), [0, 1])
    frame = pd.DataFrame({"a": [1, 2]})
    ids = {
        "model": await tracker.log_artifact("model", "model", model, metadata={"epoch": np.int64(3), "loss": np.nan}),
        "text": await tracker.log_artifact("notes", "log", "./not/a/path\nümlaut", description="said"),
        "bytes": await tracker.log_artifact("raw.bin", "data", b"\x00\xff" * 100_000),
        "frame": await tracker.log_artifact("frames/train", "data", frame),
        "empty": await tracker.log_artifact("empty", "config", b""),
    }
    assert (await tracker.load_artifact(ids["model"])).predict([[1.0]]).tolist() == [1]
    assert await tracker.load_artifact(ids["text"]) == "./not/a/path\nümlaut"
    assert await tracker.load_artifact(ids["bytes"]) == b"\x00\xff" * 100_000
    assert (await tracker.load_artifact(ids["frame"])).equals(frame)
    assert await tracker.load_artifact(ids["empty"]) == b""
    listed = {item.artifact_id: item for item in await tracker.list_artifacts("")}
    assert set(listed) == set(ids.values())
    first = listed[ids["model"]]
    assert (first.name, first.artifact_type, first.experiment_id) == ("model", "model", tracker.current_experiment)
    assert first.metadata["epoch"] == 3
    assert np.isnan(first.metadata["loss"])
    assert isinstance(pickle.loads(Path(first.file_path).read_bytes()), LogisticRegression)
    assert Path(first.file_path).stat().st_size == first.file_size_bytes
    assert listed[ids["text"]].description == "said"
    remote = tracker.database_url.startswith("http")
    place = Path("cache").absolute() if remote else tracker.tracking_dir
    assert all(Path(item.file_path).is_relative_to(place) for item in listed.values())
    assert listed[ids["frame"]].name == "frames/train"


async def test_odd_names_are_kept_and_reach_no_other_place(tracker: ExperimentTracker) -> None:
    names = ["../../etc/passwd", "a\\b", "with space", "ünïcode", "C:/x", "x" * 600, "..", "50%41"]
    for name in names:
        await tracker.log_artifact(name, "data", name.encode())
    listed = await tracker.list_artifacts(tracker.current_experiment or "")
    assert {item.name for item in listed} == set(names)
    assert [path.parts[-6:-4] for path in Path.cwd().rglob("passwd")] in ([], [("cache", "tracseq")])


async def test_a_second_artifact_of_a_name_is_a_new_version(tracker: ExperimentTracker) -> None:
    first = await tracker.log_artifact("weights", "model", b"one")
    second = await tracker.log_artifact("weights", "model", b"two")
    assert first != second
    assert [item.artifact_id for item in await tracker.list_artifacts("")] == [second]
    assert await tracker.load_artifact(first) == b"one"


async def test_refusals(tracker: ExperimentTracker) -> None:
    with pytest.raises(InvalidArgument, match="artifact_type is 'picture'; it must be one of model, plot"):
        await tracker.log_artifact("x", "picture", b"")
    with pytest.raises(InvalidArgument, match="cannot be pickled"):
        await tracker.log_artifact("x", "model", lambda: 1)
    with pytest.raises(InvalidArgument, match="name is ''"):
        await tracker.log_artifact("", "model", b"")
    with pytest.raises(NotFound):
        await tracker.log_artifact("x", "model", b"", experiment_id="0" * 32)
    with pytest.raises(NotFound):
        await tracker.load_artifact("0" * 32)


async def test_a_plot_is_a_png_and_an_artifact(tracker: ExperimentTracker, tmp_path: Path) -> None:
    run_id = tracker.current_experiment or ""
    for step in range(20):
        await tracker.log_metrics(ExperimentMetrics(run_id, step, val_loss=1.0 / (step + 1), val_accuracy=step / 20))
    path = await tracker.plot_experiment_metrics(run_id)
    assert Path(path).read_bytes().startswith(b"\x89PNG")
    chosen = await tracker.plot_experiment_metrics(run_id, ["val_loss"], str(tmp_path / "deep" / "loss.png"))
    assert Path(chosen).read_bytes().startswith(b"\x89PNG")
    listed = await tracker.list_artifacts(run_id)
    assert {(item.name, item.artifact_type) for item in listed} == {
        (f"{run_id}_metrics.png", "plot"),
        ("loss.png", "plot"),
    }
    with pytest.raises(InvalidArgument, match="names colour; this experiment has"):
        await tracker.plot_experiment_metrics(run_id, ["colour"])


async def test_a_service_that_knows_only_the_database_finds_the_artifacts(tracker: ExperimentTracker) -> None:
    artifact_id = await tracker.log_artifact("model", "model", {"weights": [1, 2]})
    other = ExperimentTracker("./elsewhere", tracker.database_url)
    assert await other.load_artifact(artifact_id) == {"weights": [1, 2]}
