# SPDX-License-Identifier: MIT
"""Deployments with the real program: replicas, gateway and detached driver on one SQLite file."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable
from urllib import request as urls

import pytest

from mlops import (
    DeploymentConfig,
    DeploymentEnvironment,
    DeploymentRecord,
    DeploymentStatus,
    DeploymentStrategy,
    ModelMetadata,
)
from mlops._program import find_program
from mlops.errors import Conflict, InvalidArgument, Unsupported
from mlops.sync import ModelDeploymentManager, ModelRegistry
from mlops.tests.conftest import environment

MODEL = "churn"
UNDER_WAY = (DeploymentStatus.PENDING, DeploymentStatus.DEPLOYING, DeploymentStatus.ROLLING_BACK)


def processes_of(folder: Path) -> dict[int, str]:
    """The replicas and gateways whose files lie below the folder, by pid."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if "--role" in words and any(word.startswith(str(folder)) for word in words):
            found[int(entry.name)] = words[words.index("--role") + 1]
    return found


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


class Lab:
    """A database with a small model in several versions."""

    def __init__(self, folder: Path) -> None:
        from sklearn.linear_model import LogisticRegression

        self.folder = folder
        self.url = f"sqlite:///{folder}/lab.db"
        self.registry = ModelRegistry(folder / "models", self.url)
        self.deployments = ModelDeploymentManager(self.url, "localhost:5000")
        rows = [[float(i % 7), float(i % 3)] for i in range(60)]
        for version in ("1.0.0", "1.1.0"):
            model = LogisticRegression(C=float(len(version))).fit(rows, [int(a > 3) for a, _ in rows])
            self.register(version, model)

    def register(self, version: str, model: Any) -> None:
        self.registry.register_model(model, ModelMetadata(MODEL, version, framework="sklearn"), {})

    def config(self, version: str, strategy: DeploymentStrategy = DeploymentStrategy.IMMEDIATE, **more: Any) -> Any:
        return DeploymentConfig(
            model_id=MODEL, model_version=version, environment=DeploymentEnvironment.STAGING, strategy=strategy, **more
        )

    def deploy(self, config: Any) -> DeploymentRecord:
        made = self.deployments.deploy_model(config)
        until(lambda: self.record(made).status not in UNDER_WAY)
        return self.record(made)

    def record(self, deployment_id: str) -> DeploymentRecord:
        found = self.deployments.get_deployment_record(deployment_id)
        assert found is not None
        return found

    def predict(self, url: str) -> str:
        """The version that answers."""
        with urls.urlopen(f"{url}/v2/models/{MODEL}", timeout=10) as answer:
            inputs = json.loads(answer.read())["inputs"]
        body = {
            "inputs": [{"name": inputs[0]["name"], "shape": [1, 2], "datatype": inputs[0]["datatype"], "data": [5, 1]}]
        }
        asked = urls.Request(
            f"{url}/v2/models/{MODEL}/infer", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urls.urlopen(asked, timeout=10) as answer:
            return str(json.loads(answer.read())["model_version"])

    def end(self) -> None:
        from mlops._driver import working_on

        for pid in working_on(self.url):
            os.kill(pid, signal.SIGTERM)
        until(lambda: not working_on(self.url))
        for kind in ("gateway", "replica"):
            for pid in [pid for pid, role in processes_of(self.folder).items() if role == kind]:
                os.kill(pid, signal.SIGTERM)
        until(lambda: not processes_of(self.folder), 30)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.end()


def test_a_model_is_deployed_followed_and_rolled_back(lab: Lab) -> None:
    started = time.monotonic()
    first = lab.deploy(lab.config("1.0.0"))
    assert first.status is DeploymentStatus.DEPLOYED, first.deployment_logs
    assert time.monotonic() - started < 8
    assert first.health_check_passed
    assert first.performance_validated
    assert set(first.validation_metrics) == {"avg_latency_ms", "throughput_rps", "error_rate"}
    assert first.replicas_deployed == 1
    assert lab.predict(first.endpoint_url) == "1.0.0"
    with urls.urlopen(first.endpoint_url + "/health", timeout=10) as answer:
        assert answer.status == 200

    second = lab.deploy(lab.config("1.1.0", DeploymentStrategy.ROLLING, replicas=2))
    assert second.status is DeploymentStatus.DEPLOYED, second.deployment_logs
    assert second.endpoint_url == first.endpoint_url
    assert second.previous_deployment_id == first.deployment_id
    assert lab.predict(second.endpoint_url) == "1.1.0"

    assert lab.deployments.rollback_deployment(second.deployment_id, "worse")
    assert lab.record(second.deployment_id).status is DeploymentStatus.ROLLED_BACK
    assert lab.predict(first.endpoint_url) == "1.0.0"
    (service,) = lab.deployments.get_active_services(DeploymentEnvironment.STAGING)
    assert (service.model_version, service.traffic_percentage) == ("1.0.0", 100.0)

    assert [d.deployment_id for d in lab.deployments.list_deployments(model_id=MODEL)] == [
        second.deployment_id,
        first.deployment_id,
    ]
    assert lab.deployments.stop_deployment(first.deployment_id, "over")
    until(lambda: not processes_of(lab.folder))
    assert not lab.deployments.stop_deployment(first.deployment_id)


def test_a_canary_without_traffic_waits_and_is_promoted_by_a_person(lab: Lab) -> None:
    lab.deploy(lab.config("1.0.0"))
    config = lab.config("1.1.0", DeploymentStrategy.CANARY, canary_step_minutes=0.02)
    canary = lab.deployments.deploy_model(config)
    until(lambda: lab.record(canary).paused)
    record = lab.record(canary)
    assert record.status is DeploymentStatus.DEPLOYING
    assert record.verdict == "inconclusive"
    assert "no traffic" in record.pause_reason
    shares = {s.model_version: s.traffic_percentage for s in lab.deployments.get_active_services()}
    assert shares == {"1.0.0": 90.0, "1.1.0": 10.0}
    assert lab.deployments.update_traffic_routing(record.service_name, 40.0)
    answers = [lab.predict(record.endpoint_url) for _ in range(200)]
    assert 40 <= answers.count("1.1.0") <= 120  # 80 expected; more than five standard errors to each side
    assert lab.deployments.promote_deployment(canary, "looks good")
    assert lab.predict(record.endpoint_url) == "1.1.0"
    assert lab.record(canary).status is DeploymentStatus.DEPLOYED


def test_two_at_once_a_bad_model_and_a_target_that_is_not_there(lab: Lab, tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    lab.register("2.0.0", LogisticRegression())  # not fitted
    failed = lab.deploy(lab.config("2.0.0"))
    assert failed.status is DeploymentStatus.FAILED
    assert failed.error_message
    assert "fit" in failed.error_message

    config = lab.config("1.0.0", DeploymentStrategy.CANARY)
    first = lab.deployments.deploy_model(config)
    with pytest.raises(Conflict, match=first):
        lab.deployments.deploy_model(lab.config("1.1.0"))
    assert lab.deployments.deploy_model(config) == first  # the same again is the one that is there
    until(lambda: lab.record(first).status is DeploymentStatus.DEPLOYED)

    with pytest.raises(InvalidArgument, match="replicas"):
        lab.deployments.deploy_model(lab.config("1.0.0", replicas=0))
    elsewhere = ModelDeploymentManager(lab.url, "localhost:5000", kubernetes_config_path="~/.kube/config")
    with pytest.raises(Unsupported, match="kubernetes"):
        elsewhere.deploy_model(lab.config("1.1.0"))


def test_what_is_killed_is_started_again(lab: Lab) -> None:
    from mlops._driver import working_on

    record = lab.deploy(lab.config("1.0.0", replicas=2))
    assert record.status is DeploymentStatus.DEPLOYED, record.deployment_logs
    before = processes_of(lab.folder)
    replica = next(pid for pid, role in before.items() if role == "replica")
    os.kill(replica, signal.SIGKILL)
    for _ in range(50):
        assert lab.predict(record.endpoint_url) == "1.0.0"
    until(lambda: len(processes_of(lab.folder)) == 3 and replica not in processes_of(lab.folder))
    until(lambda: lab.record(record.deployment_id).replicas_deployed == 2)

    # Without anybody who looks after them the replicas answer; who comes next finds them.
    living = processes_of(lab.folder)
    for pid in working_on(lab.url):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not working_on(lab.url))
    assert lab.predict(record.endpoint_url) == "1.0.0"
    lab.deployments.start_monitoring()
    gateway = next(pid for pid, role in living.items() if role == "gateway")
    os.kill(gateway, signal.SIGKILL)
    until(lambda: "gateway" in processes_of(lab.folder).values() and gateway not in processes_of(lab.folder), 30)
    after = processes_of(lab.folder)
    assert {pid for pid, role in after.items() if role == "replica"} == {
        pid for pid, role in living.items() if role == "replica"
    }

    def answers() -> bool:
        try:
            return lab.predict(record.endpoint_url) == "1.0.0"  # at the same port
        except OSError:
            return False

    until(answers)


def test_a_script_that_deploys_and_exits_leaves_a_healthy_deployment(lab: Lab) -> None:
    script = textwrap.dedent(f"""
        import asyncio
        from mlops.deployment_manager import DeploymentConfig, DeploymentEnvironment, DeploymentStrategy
        from mlops.deployment_manager import ModelDeploymentManager

        async def main():
            manager = ModelDeploymentManager(database_url={lab.url!r}, container_registry_url="localhost:5000")
            await manager.start_monitoring()
            config = DeploymentConfig(deployment_id="", model_id={MODEL!r}, model_version="1.0.0",
                environment=DeploymentEnvironment.STAGING, strategy=DeploymentStrategy.BLUE_GREEN, replicas=2)
            print(await manager.deploy_model(config))

        asyncio.run(main())
    """)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**environment(), "TRACSEQ_BIN": str(find_program())},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    made = done.stdout.strip().splitlines()[-1]
    until(lambda: lab.record(made).status is DeploymentStatus.DEPLOYED)
    assert lab.record(made).replicas_deployed == 2
    assert lab.predict(lab.record(made).endpoint_url) == "1.0.0"


def test_the_asynchronous_manager_is_the_same(lab: Lab) -> None:
    import mlops

    async def main() -> None:
        manager = mlops.ModelDeploymentManager(lab.url, "localhost:5000")
        assert await manager.get_deployment_record("nobody") is None
        assert not await manager.rollback_deployment("nobody")
        assert not await manager.update_traffic_routing("nobody", 10)
        assert await manager.get_active_services() == []
        await manager.stop_monitoring()

    asyncio.run(main())
