# SPDX-License-Identifier: MIT
"""A real gateway before real replicas, told what to do by a control plane of a few lines."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops.tests.e2e.gateway_peers import BODY, MODEL, Caller, ControlPlane, Gateway, Load, Replica, ended, target
from mlops.tests.e2e.serving_peers import ModelServer, find_program, until


@pytest.fixture
def plane() -> Iterator[ControlPlane]:
    plane = ControlPlane()
    plane.start()
    plane.promote(MODEL, "1.0.0", "linear")
    plane.promote(MODEL, "2.0.0", "linear_v2")
    try:
        yield plane
    finally:
        plane.stop()


def test_fifty_switches_of_version_under_load_fail_nobody(plane: ControlPlane, tmp_path: Path) -> None:
    old = Replica(plane.url, tmp_path, "old", "1.0.0")
    new = Replica(plane.url, tmp_path, "new", "2.0.0")
    gateway = Gateway(plane.url, tmp_path)
    with ended(old, new, gateway):
        old.start()
        new.start()
        generation = plane.route(target("d-old", 100, old))
        gateway.start()
        port = plane.wait_for(generation)
        with Load(port) as load:
            for switch in range(50):
                if switch % 2 == 0:
                    generation = plane.route(target("d-old", 0, old), target("d-new", 100, new))
                else:
                    generation = plane.route(target("d-old", 100, old), target("d-new", 0, new))
                assert plane.wait_for(generation) == port
        assert load.failures == []
        assert load.statuses[200] > 1_000
        assert load.versions["1.0.0"] > 100
        assert load.versions["2.0.0"] > 100
        assert sum(load.versions.values()) == load.statuses[200]
        until(lambda: sum(plane.requests.values()) == load.total, what="every request is reported once")
        assert not any(plane.errors.values())
        assert gateway.stop() == 0


def test_the_split_is_as_asked_for_and_keys_stay(plane: ControlPlane, tmp_path: Path) -> None:
    old = Replica(plane.url, tmp_path, "old", "1.0.0")
    new = Replica(plane.url, tmp_path, "new", "2.0.0")
    gateway = Gateway(plane.url, tmp_path)
    with ended(old, new, gateway):
        old.start()
        new.start()
        generation = plane.route(target("d-old", 75, old), target("d-new", 25, new, role="candidate"))
        gateway.start()
        caller = Caller(plane.wait_for(generation))
        total = 2_000
        versions = [caller.call()[1]["x-tracseq-version"] for _ in range(total)]
        assert abs(versions.count("2.0.0") - total * 0.25) < 4 * math.sqrt(total * 0.25 * 0.75)

        keys = [f"patient-{number}" for number in range(400)]

        def placed() -> dict[str, str]:
            return {key: caller.call(x_tracseq_sticky_key=key)[1]["x-tracseq-version"] for key in keys}

        before = placed()
        assert placed() == before
        share = list(before.values()).count("2.0.0")
        assert abs(share - len(keys) * 0.25) < 4 * math.sqrt(len(keys) * 0.25 * 0.75)
        plane.wait_for(plane.route(target("d-old", 50, old), target("d-new", 50, new, role="candidate")))
        after = placed()
        assert all(after[key] == "2.0.0" for key in keys if before[key] == "2.0.0")
        assert list(after.values()).count("2.0.0") > share

        for name, version in {"stable": "1.0.0", "candidate": "2.0.0", "1.0.0": "1.0.0", "d-new": "2.0.0"}.items():
            status, headers, body = caller.call(x_tracseq_target=name)
            assert status == 200
            assert headers["x-tracseq-version"] == version
            assert json.loads(body)["model_version"] == version
        status, _, body = caller.call(x_tracseq_target="3.0.0")
        assert status == 400
        assert b"no target '3.0.0'" in body


def test_a_killed_replica_is_no_failure_of_anybodys(plane: ControlPlane, tmp_path: Path) -> None:
    first = Replica(plane.url, tmp_path, "first", "1.0.0")
    second = Replica(plane.url, tmp_path, "second", "1.0.0")
    gateway = Gateway(plane.url, tmp_path)
    with ended(first, second, gateway):
        first.start()
        second.start()
        generation = plane.route(target("d", 100, first, second))
        gateway.start()
        port = plane.wait_for(generation)
        plane.wait_until_healthy(2)
        with Load(port) as load:
            time.sleep(0.5)
            first.kill()
            time.sleep(1.5)
        assert load.failures == []
        plane.wait_until_healthy(1)
        caller = Caller(port)
        assert caller.call("/health", None)[0] == 200
        second.kill()
        plane.wait_until_healthy(0)
        status, _, body = caller.call("/health", None)
        assert status == 503
        assert "none of the 2 replicas" in json.loads(body)["reason"]
        status, _, body = caller.call()
        assert status == 503
        assert "none of the 2 replicas" in json.loads(body)["error"]


def test_a_draining_replica_gets_nothing_new_and_says_when_it_may_end(plane: ControlPlane, tmp_path: Path) -> None:
    first = Replica(plane.url, tmp_path, "first", "1.0.0")
    second = Replica(plane.url, tmp_path, "second", "1.0.0")
    gateway = Gateway(plane.url, tmp_path)
    with ended(first, second, gateway):
        first.start()
        second.start()
        generation = plane.route(target("d", 100, first, second))
        gateway.start()
        port = plane.wait_for(generation)
        with Load(port) as load:
            time.sleep(0.3)
            draining = target("d", 100, first, second)
            draining["replicas"][0]["draining"] = True
            plane.wait_for(plane.route(draining))

            def under_way() -> int:
                return next(int(r["in_flight"]) for r in plane.state()["replicas"] if r["replica_id"] == "first")

            until(lambda: under_way() == 0, what="nothing is under way at the draining replica")
            assert first.stop() == 0
            plane.wait_for(plane.route(target("d", 100, second)))
            time.sleep(0.3)
        assert load.failures == []


def test_a_killed_gateway_comes_back_on_its_port_without_the_control_plane(plane: ControlPlane, tmp_path: Path) -> None:
    replica = Replica(plane.url, tmp_path, "only", "1.0.0")
    gateway = Gateway(plane.url, tmp_path)
    with ended(replica, gateway):
        replica.start()
        generation = plane.route(target("d", 100, replica))
        gateway.start()
        port = plane.wait_for(generation)
        assert Caller(port).call()[0] == 200
        plane.stop()
        assert Caller(port).call()[0] == 200
        gateway.kill()
        gateway.start()
        assert Caller(port).call()[0] == 200
        plane.start()
        plane.reports.clear()
        generation = plane.route(target("d2", 100, replica))  # port 0: it has the one it had
        assert plane.wait_for(generation) == port
        assert Caller(port).call()[1]["x-tracseq-deployment"] == "d2"
        assert gateway.stop() == 0


def test_a_port_held_by_somebody_is_said_and_taken_when_free(plane: ControlPlane, tmp_path: Path) -> None:
    replica = Replica(plane.url, tmp_path, "only", "1.0.0")
    gateway = Gateway(plane.url, tmp_path)
    with ended(replica, gateway), socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = int(holder.getsockname()[1])
        replica.start()
        plane.route(target("d", 100, replica), port=port)
        plane.route(target("d", 100, replica), name="other")
        gateway.start()
        until(lambda: "cannot listen" in plane.state().get("error", ""), what="the report says why")
        assert plane.state()["port"] == 0
        assert str(port) in plane.state()["error"]
        assert Caller(plane.wait_for(1, "other")).call()[0] == 200
        holder.close()
        until(lambda: plane.state()["port"] == port, what="the port is taken")
        assert plane.state()["error"] == ""
        assert Caller(port).call()[0] == 200


def test_a_table_that_is_none_changes_nothing(plane: ControlPlane, tmp_path: Path) -> None:
    replica = Replica(plane.url, tmp_path, "only", "1.0.0")
    gateway = Gateway(plane.url, tmp_path)
    with ended(replica, gateway):
        replica.start()
        generation = plane.route(target("d", 100, replica))
        gateway.start()
        port = plane.wait_for(generation)
        good = dict(plane.routes)
        plane.routes[MODEL]["targets"][0]["model_version"] = "1.0.0\r\nset-cookie: x"
        until(lambda: "not plain text" in gateway.log(), what="the log says why")
        assert Caller(port).call()[0] == 200
        good[MODEL]["targets"][0]["model_version"] = "1.0.0"
        plane.wait_for(plane.route(target("d", 100, replica)))
        plane.routes.clear()
        until(lambda: not plane.reports[-1]["routes"], what="the route is gone")
        with pytest.raises(ConnectionRefusedError):
            Caller(port).call()


def test_a_model_server_forwards_what_has_a_deployment(plane: ControlPlane, tmp_path: Path) -> None:
    plane.promote("alone", "1.0.0", "linear")  # in production, without a deployment
    replica = Replica(plane.url, tmp_path, "one", "1.0.0")  # 2.0.0 is in production
    gateway = Gateway(plane.url, tmp_path)
    server = ModelServer(plane.url, tmp_path / "cache")
    with ended(replica, gateway):
        replica.start()
        gateway.start()
        server.start()
        try:
            server.wait_for(MODEL, "2.0.0")
            server.wait_for("alone", "1.0.0")
            caller = Caller(int(server.url.rpartition(":")[2]))

            def version(model: str) -> str:
                status, _, body = caller.call(f"/v2/models/{model}/infer", BODY)
                return str(json.loads(body).get("model_version", status))

            assert version(MODEL) == "2.0.0"
            port = plane.wait_for(plane.route(target("d", 100, replica)))
            plane.route(target("d", 100, replica), port=port)  # the control plane has noted the port
            until(lambda: version(MODEL) == "1.0.0", what="the deployment answers")
            headers = caller.call()[1]
            assert headers["x-tracseq-deployment"] == "d"
            assert version("alone") == "1.0.0"
            plane.routes.clear()
            until(lambda: version(MODEL) == "2.0.0", what="the model server answers itself again")
        finally:
            server.kill()


# ---- the replica


def test_a_replica_serves_its_version_whatever_is_in_production(plane: ControlPlane, tmp_path: Path) -> None:
    plane.models.clear()
    replica = Replica(plane.url, tmp_path, "one", "1.0.0", "--health-path", "/alive", "--threads", "1")
    with ended(replica):
        replica.start()
        assert replica.process is not None
        assert replica.said["pid"] == replica.process.pid
        stat = Path(f"/proc/{replica.process.pid}/stat").read_text()
        assert replica.said["start_time"] == int(stat.rpartition(")")[2].split()[19])
        assert replica.said["state"] == "ready"
        caller = Caller(replica.port)
        for path in ("/alive", "/health", "/livez", "/readyz", "/metrics", f"/v2/models/{MODEL}/versions/1.0.0/ready"):
            assert caller.call(path, None)[0] == 200, path
        status, _, body = caller.call()
        assert status == 200
        assert json.loads(body)["model_version"] == "1.0.0"
        until(lambda: len(plane.recorded) == 1, what="the prediction is recorded")
        # The same version registered anew with other content is another model: not this replica's.
        plane.promote(MODEL, "1.0.0", "linear_v2")
        plane.stop()
        assert replica.stop() == 0
        replica.start()  # from its cache
        assert Caller(replica.port).call()[0] == 200
        assert replica.stop() == 0


@pytest.mark.parametrize(
    ("version", "reason"), [("9.9.9", "there is no such version"), ("3.0.0", "nest deeper"), ("4.0.0", "was converted")]
)
def test_a_replica_that_cannot_load_says_why_and_ends(
    plane: ControlPlane, tmp_path: Path, version: str, reason: str
) -> None:
    plane.promote(MODEL, "3.0.0", "deep")
    plane.promote(MODEL, "4.0.0", "linear", not_servable_reason="none was converted")
    replica = Replica(plane.url, tmp_path, "bad", version)
    with ended(replica):
        replica.start()
        assert replica.said["state"] == "failed"
        assert reason in replica.said["reason"]
        assert replica.process is not None
        assert replica.process.wait(10) != 0
        assert replica.said["pid"] == replica.process.pid


def test_roles_name_what_they_lack(tmp_path: Path) -> None:

    def message(*arguments: str) -> str:
        done = subprocess.run(
            [str(find_program()), "model-server", *arguments], capture_output=True, text=True, cwd=tmp_path, timeout=30
        )
        assert done.returncode != 0
        return done.stderr

    url = ["--registry-url", f"sqlite:///{tmp_path / 'none.db'}"]
    assert "--model MODEL_ID" in message("--role", "replica", *url)
    assert "--model-version VERSION" in message("--role", "replica", "--model", "m", *url)
    path = ["--role", "replica", "--model", "m", "--model-version", "1", "--health-path", "alive"]
    assert "it must begin with '/'" in message(*path, *url)
    assert "--gateway-id is ''" in message("--role", "gateway", *url)
    assert "it must be production, replica or gateway" in message("--role", "router", *url)
    assert list(tmp_path.iterdir()) == []
