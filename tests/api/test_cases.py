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

# Routes whose replies depend on work done by others (a worker's claim, an evaluated threshold): held by tests beside the code.
ELSEWHERE = {
    "/api/v1/jobs": "src/api/job_routes_test.cpp",
    "/api/v1/alerts": "src/api/monitoring_routes_test.cpp",
    "/api/v1/events": "src/api/events_test.cpp",
}
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
        if not path.startswith("/api/") or path.startswith(tuple(ELSEWHERE)):
            continue
        pattern = route_pattern(path)
        for method, operation in methods.items():
            found = [s for m, target, s in asked if m == method.upper() and pattern.match(target)]
            changes = operation.get("x-effect") in ("changes", "appends")
            if not found or (changes and not any(200 <= s < 300 for s in found)):
                missing.append(f"{method.upper()} {path}")
    assert not missing, f"no case for: {', '.join(missing)}"


def test_what_is_held_elsewhere_is_there() -> None:
    root = FOLDER.parents[2]
    for prefix, file in ELSEWHERE.items():
        assert prefix.rsplit("/", 1)[1] in (root / file).read_text(), f"{file} does not ask for {prefix}"


def test_every_change_leaves_an_audit_entry(tmp_path: Path) -> None:
    """Runs all cases on a fresh database, looking at the newest entry before and after each successful change."""
    transport = ProcessTransport(f"sqlite:///{tmp_path / 'audit.db'}", str(tmp_path / "artifacts"))
    document = call_json(transport, "GET", "/openapi.json")[1]
    changing = [
        (method.upper(), route_pattern(path))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation.get("x-effect") in ("changes", "appends") and not path.endswith(LIVENESS)
    ]

    def newest() -> str:
        items = call_json(transport, "GET", "/api/v1/audit?limit=1")[1]["items"]
        return str(items[0]["entry_id"]) if items else ""

    keys: set[str] = set()
    audited = 0
    for case in CASES:
        if any(exchange.role for exchange in case.exchanges):
            continue
        talk = Talk(transport)
        for exchange in case.exchanges:
            path = exchange.target.split("?")[0]
            key = exchange.headers.get("Idempotency-Key", "")
            changes = any(method == exchange.method and pattern.match(path) for method, pattern in changing)
            before = newest()
            talk.run(exchange)
            if changes and 200 <= exchange.status < 300 and (not key or key not in keys):
                assert newest() != before, f"{case.name}: {exchange.method} {exchange.target} left no audit entry"
                audited += 1
            keys.add(key)
    transport.close()
    assert audited > 30
