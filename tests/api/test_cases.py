# SPDX-License-Identifier: MIT
"""Runs every case of cases/ against both transports and both databases, and holds the cases against the route table."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.conversation import Case, Exchange, fill, mismatch, parse_pattern, read_cases
from tests.api.transports import JSON_TYPE, HttpTransport, ProcessTransport, Transport, call_json
from tests.services.postgres import PostgresServer
from tests.services.tracseq import TracseqServer

LIVENESS = "/heartbeat"  # extends a lease: says nothing but that the caller lives, so it leaves no entry
FOLDER = Path(__file__).parent / "cases"
CASES = [case for path in sorted(FOLDER.glob("*.http-test")) for case in read_cases(path)]


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module", params=["http-sqlite", "http-postgres", "process-sqlite", "process-postgres"])
def transport(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    kind, database = request.param.split("-")
    folder = tmp_path_factory.mktemp("api")
    url = f"sqlite:///{folder / 'api.db'}"
    if database == "postgres":
        server = request.getfixturevalue("postgres")
        url = server.url + ("&" if "?" in server.url else "?") + f"options=-csearch_path%3Dapi_{uuid.uuid4().hex}"
    if kind == "process":
        inside = ProcessTransport(url, str(folder / "artifacts"))
        yield inside
        inside.close()
        return
    with TracseqServer(url, ["--no-worker"], folder) as running:
        outside = HttpTransport(running.url)
        yield outside
        outside.close()


class Talk:
    """One case under way: what was kept from earlier replies, and a token per role."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.names: dict[str, str] = {}
        self._tokens: dict[str, str] = {}

    def token(self, role: str) -> str:
        if role not in self._tokens:
            status, answer = call_json(self._transport, "POST", "/api/v1/tokens", {"name": role, "role": role})
            assert status == 201, answer
            self._tokens[role] = answer["token"]
        return self._tokens[role]

    def run(self, exchange: Exchange) -> None:
        headers = dict(exchange.headers)
        body = fill(exchange.body, self.names).encode()
        if body and "Content-Type" not in headers:
            headers["Content-Type"] = JSON_TYPE
        if exchange.role:
            headers["Authorization"] = f"Bearer {self.token(exchange.role)}"
        status, answer = self._transport.send(exchange.method, fill(exchange.target, self.names), headers, body)
        place = f"line {exchange.line}: {exchange.method} {exchange.target}"
        assert status == exchange.status, f"{place} answers {status}: {answer[:600]!r}"
        if exchange.pattern:
            pattern = parse_pattern(fill(exchange.pattern, self.names))
            problem = mismatch(pattern, json.loads(answer), self.names)
            assert not problem, f"{place}: {problem}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.path.stem}: {case.name}")
def test_case(transport: Transport, case: Case) -> None:
    if any(exchange.role for exchange in case.exchanges) and transport.name != "http":
        return  # roles are a matter of credentials, which calls in the process do not have
    talk = Talk(transport)
    for exchange in case.exchanges:
        talk.run(exchange)


def route_pattern(path: str) -> re.Pattern[str]:
    escaped = re.sub(r"\{\w+\.\.\.\}", ".+", path)
    return re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", escaped) + "$")


def test_every_route_has_a_case_and_every_change_succeeds_in_one(transport: Transport) -> None:
    status, document = call_json(transport, "GET", "/openapi.json")
    if transport.name == "process" and status == 404:
        pytest.fail("the in-process transport has no /openapi.json")
    asked = [(e.method, e.target.split("?")[0], e.status) for case in CASES for e in case.exchanges]
    missing = []
    for path, methods in document["paths"].items():
        if (
            not path.startswith("/api/") or path == "/api/v1/events"
        ):  # the event stream never ends; its tests stand beside it
            continue
        pattern = route_pattern(path)
        for method, operation in methods.items():
            found = [s for m, target, s in asked if m == method.upper() and pattern.match(target)]
            changes = operation.get("x-effect") in ("changes", "appends")
            if not found or (changes and not any(200 <= s < 300 for s in found)):
                missing.append(f"{method.upper()} {path}")
    assert not missing, f"no case for: {', '.join(missing)}"


def test_every_change_leaves_an_audit_entry(transport: Transport) -> None:
    """Runs the successful changes of all cases again, counting entries before and after each."""
    status, document = call_json(transport, "GET", "/openapi.json")
    assert status == 200
    changing = [
        (method.upper(), route_pattern(path))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation.get("x-effect") in ("changes", "appends") and not path.endswith(LIVENESS)
    ]

    def entries() -> str:
        answer = call_json(transport, "GET", "/api/v1/audit?limit=1")[1]
        return str(answer["items"][0]["entry_id"]) if answer["items"] else ""

    for case in CASES:
        if any(exchange.role for exchange in case.exchanges):
            continue
        talk = Talk(transport)
        seen_keys: set[str] = set()
        for exchange in case.exchanges:
            key = exchange.headers.get("Idempotency-Key", "")
            exchange = Exchange(
                **vars(exchange)
                | {"headers": {k: v + "-audit" for k, v in exchange.headers.items() if k == "Idempotency-Key"}}
            )
            path = exchange.target.split("?")[0]
            changes = any(method == exchange.method and pattern.match(path) for method, pattern in changing)
            before = entries()
            try:
                talk.run(exchange)
            except AssertionError:
                break  # a name taken by the first round; the first test holds the reply itself
            repeated = key != "" and key in seen_keys
            seen_keys.add(key)
            if changes and 200 <= exchange.status < 300 and not repeated:
                assert entries() != before, f"{exchange.method} {exchange.target} left no audit entry"
