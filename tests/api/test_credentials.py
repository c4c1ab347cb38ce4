# SPDX-License-Identifier: MIT
"""Every route of the table with no, a wrong, an expired, a revoked, a too weak and the right credential."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from tests.api.transports import HttpTransport, call_json
from tests.services.tracseq import TracseqServer

TOKEN = re.compile(r"mlp_live_\S+")
WEAK_FOR = {"changes": "viewer", "appends": "viewer"}


@pytest.fixture(scope="module")
def server() -> Iterator[TracseqServer]:
    with TracseqServer(arguments=["--auth", "on", "--no-worker"]) as running:
        yield running


@pytest.fixture(scope="module")
def admin(server: TracseqServer) -> str:
    found = [TOKEN.search(line) for line in server.lines]
    tokens = [match[0] for match in found if match]
    assert len(tokens) == 1, "the first start prints one administrator token before it listens"
    return tokens[0]


class Caller:
    """Calls with one credential over one connection."""

    def __init__(self, server: TracseqServer, token: str) -> None:
        self._transport = HttpTransport(server.url)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def status(self, method: str, target: str) -> int:
        headers = dict(self._headers)
        body = b""
        if method in ("POST", "PUT", "PATCH"):
            headers["Content-Type"], body = "application/json", b"{}"
        try:
            return self._transport.send(method, target, headers, body)[0]
        except OSError:  # the server closes after an answer to a body it did not want
            self._transport.close()
            return self._transport.send(method, target, headers, body)[0]

    def call(self, method: str, target: str, body: object) -> tuple[int, dict[str, str]]:
        headers = self._headers | {"Content-Type": "application/json"}
        status, answer = self._transport.send(method, target, headers, json.dumps(body).encode())
        return status, json.loads(answer)


def routes(caller: Caller, server: TracseqServer) -> list[tuple[str, str, str, str]]:
    document = call_json(HttpTransport(server.url), "GET", "/openapi.json")[1]
    found = []
    for path, methods in document["paths"].items():
        target = re.sub(r"\{\w+(\.\.\.)?\}", "0", path)
        for method, operation in methods.items():
            found.append((method.upper(), target, operation["x-permission"], operation["x-effect"]))
    return found


@pytest.fixture(scope="module")
def table(server: TracseqServer, admin: str) -> list[tuple[str, str, str, str]]:
    every = routes(Caller(server, admin), server)
    assert len(every) > 40
    return [route for route in every if route[1] != "/api/v1/events"]  # endless; asked for below


def guarded(table: list[tuple[str, str, str, str]]) -> list[tuple[str, str, str, str]]:
    return [route for route in table if route[2] != "public"]


def test_without_a_credential_nothing_is_told(server: TracseqServer, table: list[tuple[str, str, str, str]]) -> None:
    nobody = Caller(server, "")
    open_routes = {target for _, target, permission, _ in table if permission == "public"}
    # Who has no credential yet may ask to be let in: tests/system/test_pairing.py.
    pairing = {"/api/v1/pairings", "/api/v1/pairings/0/claim"}
    assert {target for target in open_routes if target.startswith("/api/")} == pairing
    wrong = {
        (method, target): status
        for method, target, _, _ in guarded(table)
        if (status := nobody.status(method, target)) != 401
    }
    assert not wrong


def test_bad_credentials_are_all_answered_alike(
    server: TracseqServer, admin: str, table: list[tuple[str, str, str, str]]
) -> None:
    boss = Caller(server, admin)
    soon = (datetime.now(timezone.utc) + timedelta(seconds=1)).isoformat()
    expired = boss.call("POST", "/api/v1/tokens", {"name": "brief", "role": "admin", "expires_at": soon})[1]["token"]
    revoked = boss.call("POST", "/api/v1/tokens", {"name": "gone", "role": "admin"})[1]
    assert boss.status("DELETE", f"/api/v1/tokens/{revoked['token_id']}") == 200
    time.sleep(1.2)
    for kind, token in {
        "expired": expired,
        "revoked": revoked["token"],
        "forged": admin[:-1] + "x",
        "nonsense": "admin",
    }.items():
        caller = Caller(server, token)
        wrong = {
            (method, target): status
            for method, target, _, _ in guarded(table)
            if (status := caller.status(method, target)) != 401
        }
        assert not wrong, kind


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_an_open_event_stream_ends_with_its_credential(server: TracseqServer, admin: str, how: str) -> None:
    boss = Caller(server, admin)
    wanted = {"name": "listener", "role": "viewer"}
    if how == "expired":
        wanted["expires_at"] = (datetime.now(timezone.utc) + timedelta(seconds=2)).isoformat()
    token = boss.call("POST", "/api/v1/tokens", wanted)[1]
    headers = {"Authorization": f"Bearer {token['token']}"}
    with urllib.request.urlopen(
        urllib.request.Request(server.url + "/api/v1/events", headers=headers), timeout=8
    ) as feed:
        assert feed.readline().startswith(b"retry:")
        if how == "revoked":
            assert boss.status("DELETE", f"/api/v1/tokens/{token['token_id']}") == 200
        began = time.monotonic()
        feed.read()  # to its end; the time limit of the socket ends a wait for one that does not come
        assert time.monotonic() - began < 7


def test_too_weak_credentials_are_refused(
    server: TracseqServer, admin: str, table: list[tuple[str, str, str, str]]
) -> None:
    boss = Caller(server, admin)
    viewer = Caller(server, boss.call("POST", "/api/v1/tokens", {"name": "viewer", "role": "viewer"})[1]["token"])
    for method, target, permission, _ in guarded(table):
        status = viewer.status(method, target)
        if permission.endswith(":read"):
            assert status not in (401, 403), (method, target, status)
        else:
            assert status == 403, (method, target, permission, status)


def test_the_right_credential_reaches_every_route(
    server: TracseqServer, admin: str, table: list[tuple[str, str, str, str]]
) -> None:
    boss = Caller(server, admin)
    for method, target, _, _ in guarded(table):
        if target.startswith("/api/v1/tokens/"):
            continue
        assert boss.status(method, target) not in (401, 403), (method, target)
