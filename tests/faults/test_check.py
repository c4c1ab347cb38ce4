# SPDX-License-Identifier: MIT
"""The check behind the fault tests can fail: what is lost, changed or doubled is found, one kind at a time."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import pytest

from tests.faults.clients import Connection, Lost, Record, Strikes, check
from tests.faults.trial import kill_and_restart, lost_under, start_again
from tests.services.tracseq import TracseqError, TracseqServer, beside_program

JSON = {"Content-Type": "application/json"}
NAME = "checked"


def _send(connection: Connection, method: str, target: str, body: bytes = b"", expected: int = 201) -> dict[str, str]:
    status, answer = connection.send(method, target, body, JSON if body.startswith(b"{") else {})
    assert status == expected, (target, status, answer)
    found: dict[str, str] = json.loads(answer)
    return found


def _log(connection: Connection, run: str, step: int, value: float) -> None:
    point = {"key": "m", "step": step, "value": value}
    _send(connection, "POST", f"/api/v1/runs/{run}/metrics", json.dumps({"points": [point]}).encode(), 200)


def _put(connection: Connection, run: str, content: bytes) -> str:
    return _send(connection, "PUT", f"/api/v1/runs/{run}/artifacts?path=f.bin", content)["artifact_id"]


def _double_a_run(connection: Connection, run: str, artifact: str) -> None:
    _send(connection, "POST", "/api/v1/runs", json.dumps({"name": NAME}).encode())


def _delete_the_run(connection: Connection, run: str, artifact: str) -> None:
    _send(connection, "DELETE", f"/api/v1/runs/{run}", expected=200)


def _double_a_point(connection: Connection, run: str, artifact: str) -> None:
    _log(connection, run, 1, 0.5)


def _double_an_upload(connection: Connection, run: str, artifact: str) -> None:
    _put(connection, run, b"other")
    _put(connection, run, b"content")


def _delete_an_artifact(connection: Connection, run: str, artifact: str) -> None:
    _send(connection, "DELETE", f"/api/v1/artifacts/{artifact}", expected=200)


@pytest.mark.parametrize(
    "harm",
    [_double_a_run, _delete_the_run, _double_a_point, _double_an_upload, _delete_an_artifact],
    ids=lambda harm: harm.__name__.strip("_"),
)
def test_harm_is_found(harm: Callable[[Connection, str, str], None]) -> None:
    digest = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"  # SHA-256 of b"content"
    with TracseqServer(arguments=["--no-worker"]) as server:
        connection = Connection(server.url)
        run = _send(connection, "POST", "/api/v1/runs", json.dumps({"name": NAME}).encode())["run_id"]
        _log(connection, run, 1, 0.5)
        artifact = _put(connection, run, b"content")
        record = Record({run: NAME}, {run: {1: 0.5}}, {run: {"f.bin": [(artifact, digest)]}})
        check(server.url, [record])
        harm(connection, run, artifact)
        with pytest.raises(Lost):
            check(server.url, [record])
        connection.close()


def test_a_changed_value_and_a_changed_content_are_found() -> None:
    with TracseqServer(arguments=["--no-worker"]) as server:
        connection = Connection(server.url)
        run = _send(connection, "POST", "/api/v1/runs", json.dumps({"name": NAME}).encode())["run_id"]
        _log(connection, run, 1, 0.5)
        artifact = _put(connection, run, b"content")
        connection.close()
        with pytest.raises(Lost, match="points are gone or changed"):
            check(server.url, [Record({run: NAME}, {run: {1: 0.25}})])
        with pytest.raises(Lost, match="is not what was uploaded"):
            check(server.url, [Record({run: NAME}, {run: {1: 0.5}}, {run: {"f.bin": [(artifact, "0" * 64)]}})])


def test_a_build_that_acknowledges_early_loses_nothing_until_it_is_struck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACSEQ_BIN", str(beside_program("tracseq_early_ack")))
    with TracseqServer(arguments=["--no-worker"]) as server:
        assert lost_under(kill_and_restart, server, times=0, pause=(1.0, 1.0), seed=7) == ""


def test_a_database_that_does_not_open_again_is_a_loss() -> None:
    with TracseqServer(arguments=["--no-worker"]) as server:
        assert server.stop() == 0
        (server.folder / "test.db").write_bytes(b"what a disk made up " * 1000)
        with pytest.raises(Lost, match="is damaged"):
            start_again(server)
        server.kill()


def test_a_server_that_does_not_start_for_another_reason_is_no_loss() -> None:
    with TracseqServer(arguments=["--no-worker"]) as server, socket.socket() as taken:
        port = int(server.url.rsplit(":", 1)[1])
        assert server.stop() == 0
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(TracseqError):
            start_again(server)
        server.kill()


def test_only_an_answer_given_while_a_fault_struck_is_doubted() -> None:
    strikes = Strikes()
    before = strikes.mark()
    assert not strikes.struck_since(before)
    with strikes.one():
        within = strikes.mark()
        assert strikes.struck_since(before)
        assert strikes.struck_since(within)
    assert strikes.struck_since(before)
    assert not strikes.struck_since(strikes.mark())
