# SPDX-License-Identifier: MIT
"""Runs every case of cases/ against both transports and both databases, and holds the cases against the route table."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

import pytest

from tests.api.conversation import Case, Exchange, fill, mismatch, parse_pattern, read_cases
from tests.api.transports import JSON_TYPE, HttpTransport, ProcessTransport, Transport, call_json
from tests.services.postgres import PostgresServer
from tests.services.tracseq import TracseqServer

# Routes that succeed in no case: what they answer depends on time or on a driver. Each is held by a test beside the code, in
# the words given.
ELSEWHERE = {
    ("GET", "/api/v1/events"): ("tests/system/test_events.py", '"GET", "/api/v1/events"'),
    ("GET", "/api/v1/alerts/{alert_id}"): ("src/api/monitoring_routes_test.cpp", "Method::get, alert_path, 200"),
    ("POST", "/api/v1/alerts/{alert_id}/acknowledge"): ("src/api/monitoring_routes_test.cpp", '"/acknowledge", 200'),
    ("POST", "/api/v1/alerts/{alert_id}/resolve"): ("src/api/monitoring_routes_test.cpp", '"/resolve", 200'),
    **{
        (method, f"/api/v1/deployments/{{deployment_id}}/{word}"): (
            "src/api/deployment_routes_test.cpp",
            f'"/{word}"), 200',
        )
        for method, word in (
            ("POST", "rollback"),
            ("POST", "promote"),
            ("POST", "pause"),
            ("POST", "resume"),
            ("POST", "abort"),
            ("POST", "stop"),
            ("PUT", "traffic"),
        )
    },
    ("GET", "/api/v1/pipeline-runs/{run_id}/output"): (
        "tests/system/test_commands.py",
        'client.run("data", "output", made["run_id"]',
    ),
    ("GET", "/api/v1/pipeline-runs/{run_id}/transformation"): (
        "mlops/tests/integration/test_data_pipeline.py",
        '_get(f"/api/v1/pipeline-runs/{run_id}/transformation")',
    ),
}
# Extend a lease: they say nothing but that the caller lives, so they leave no entry.
UNAUDITED = {("POST", "/api/v1/jobs/{job_id}/heartbeat"), ("POST", "/api/v1/job-hosts/{host_id}/heartbeat")}
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


def routes(transport: Transport) -> dict[tuple[str, str], str]:
    """What each route of the table does to the state, by method and path."""
    status, document = call_json(transport, "GET", "/openapi.json")
    if transport.name == "process" and status == 404:
        pytest.fail("the in-process transport has no /openapi.json")
    return {
        (method.upper(), path): operation["x-effect"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def route_of(table: dict[tuple[str, str], str], exchange: Exchange) -> Optional[tuple[str, str]]:
    """The route that answers: among those that fit, the one with the fewest parameters."""
    target = exchange.target.split("?")[0]
    fitting = [
        (method, path) for method, path in table if method == exchange.method and route_pattern(path).match(target)
    ]
    return min(fitting, key=lambda route: route[1].count("{") + 10 * route[1].count("...}"), default=None)


def test_every_route_succeeds_in_a_case(transport: Transport) -> None:
    table = routes(transport)
    exchanges = [exchange for case in CASES for exchange in case.exchanges if 200 <= exchange.status < 300]
    missing = set(table) - {route_of(table, exchange) for exchange in exchanges} - set(ELSEWHERE)
    assert not missing, f"no case that succeeds for: {sorted(missing)}"


def test_what_is_held_elsewhere_is_there(transport: Transport) -> None:
    root = FOLDER.parents[2]
    assert set(ELSEWHERE) | UNAUDITED <= set(routes(transport))
    for route, (file, words) in ELSEWHERE.items():
        assert words in (root / file).read_text(), f"{file} does not ask for {route}"


def test_every_change_leaves_an_audit_entry(tmp_path: Path) -> None:
    """Runs all cases on a fresh database, looking at the newest entry before and after each successful change."""
    transport = ProcessTransport(f"sqlite:///{tmp_path / 'audit.db'}", str(tmp_path / "artifacts"))
    table = routes(transport)

    def newest() -> dict[str, str]:
        items = call_json(transport, "GET", "/api/v1/audit?limit=1")[1]["items"]
        return items[0] if items else {"entry_id": "", "action": ""}

    keys: set[str] = set()
    audited: set[tuple[str, str]] = set()
    for case in CASES:
        if any(exchange.role for exchange in case.exchanges):
            continue
        talk = Talk(transport)
        for exchange in case.exchanges:
            route = route_of(table, exchange)
            key = exchange.headers.get("Idempotency-Key", "")
            before = newest()
            talk.run(exchange)
            after = newest()
            fresh = not key or key not in keys
            keys.add(key)
            if route is None or table[route] == "reads" or not fresh or not 200 <= exchange.status < 300:
                continue
            if after["entry_id"] == before["entry_id"]:
                assert route in UNAUDITED, f"{case.name}: {exchange.method} {exchange.target} left no audit entry"
                continue
            appended = after["action"].endswith(".append")
            assert appended == (table[route] == "appends"), f"{route} left the entry {after['action']}"
            audited.add(route)
    transport.close()
    changing = {route for route, effect in table.items() if effect != "reads"}
    assert changing - audited == UNAUDITED | {route for route in ELSEWHERE if route in changing}
