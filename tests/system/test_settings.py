# SPDX-License-Identifier: MIT
"""Where settings come from: defaults < mlops_config.json < MLOPS_... < flags, for every process that is started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

import pytest

from tests.services.postgres import PostgresServer
from tests.system.programs import eventually, run, started

FILE = {
    "default": {"database": {"url": "sqlite:///from_file.db", "max_connections": 7, "pool_size": 3}},
    "production": {"database": {"url": "sqlite:///from_production.db"}},
}


def write_settings(folder: Path, document: Optional[dict[str, Any]] = None, name: str = "mlops_config.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(FILE if document is None else document))
    return path


@pytest.mark.parametrize(
    ("source", "arguments", "variables", "database"),
    [
        ("default", [], {}, "mlops_dev.db"),
        ("default", [], {"MLOPS_ENVIRONMENT": "production"}, "mlops.db"),
        ("file", [], {}, "from_file.db"),
        ("file", ["--environment", "production"], {}, "from_production.db"),
        ("file", [], {"MLOPS_DATABASE_URL": "sqlite:///from_variable.db"}, "from_variable.db"),
        (
            "file",
            ["--database-url", "sqlite:///from_flag.db"],
            {"MLOPS_DATABASE_URL": "sqlite:///x.db"},
            "from_flag.db",
        ),
    ],
)
def test_serve_and_its_worker_use_the_strongest_source(
    source: str, arguments: list[str], variables: dict[str, str], database: str, tmp_path: Path
) -> None:
    if source == "file":
        write_settings(tmp_path)
    with started("serve", "--port", "0", *arguments, folder=tmp_path, variables=variables) as server:
        server.await_address()
        eventually(lambda: bool(server.events("worker.started")), 20, "a worker")
        begun = server.events("serve.started")[0]
        assert begun["database"] == server.events("worker.started")[0]["database"]
        assert Path(begun["database"].removeprefix("sqlite:///")) == tmp_path / database
        assert begun["connections"] == (7 if source == "file" else 50 if "production" in str(variables) else 20)
        listed = json.loads(run("ps", "--json", folder=tmp_path).stdout)["items"]
        mine = {item["what"] for item in listed if item["database"] == f"sqlite:///{tmp_path / database}"}
        assert mine == {"serve", "worker"}
    assert {path.name for path in tmp_path.glob("*.db")} == {database}
    shown = run(
        "config",
        "show",
        "--json",
        *[a for a in arguments if "database" not in a and "sqlite" not in a],
        folder=tmp_path,
        variables=variables,
    )
    if "--database-url" not in arguments:
        rows = {row["key"]: row["value"] for row in json.loads(shown.stdout)["items"]}
        assert rows["database.url"] == f"sqlite:///{database}"


def test_a_settings_file_elsewhere_reaches_a_worker_in_another_folder(tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    settings = write_settings(tmp_path, {"default": {"database": {"url": f"sqlite:///{tmp_path}/far.db"}}}, "lab.json")
    with started("worker", "--config", str(settings), folder=away) as worker:
        eventually(lambda: bool(worker.events("worker.started")), 20, "the worker")
        assert worker.events("worker.started")[0]["database"] == f"sqlite:///{tmp_path}/far.db"


def test_the_model_server_follows_the_registry_of_the_settings(tmp_path: Path) -> None:
    write_settings(tmp_path)
    assert run("experiment", "create", "x", folder=tmp_path).returncode == 0  # makes the database
    with started("model-server", "--port", "0", folder=tmp_path) as server:
        server.await_address()
        listed = json.loads(run("ps", "--json", folder=tmp_path).stdout)["items"]
        assert [item["database"] for item in listed if item["pid"] == server.pid] == [
            f"sqlite:///{tmp_path / 'from_file.db'}"
        ]
    assert {path.name for path in tmp_path.glob("*.db")} == {"from_file.db"}


def test_wrong_settings_stop_every_program_by_name(tmp_path: Path) -> None:
    write_settings(tmp_path, {"default": {"database": {"max_connection": 3}}})
    for command in (["serve", "--port", "0"], ["worker"], ["model-server", "--port", "0"], ["run", "list"]):
        refused = run(*command, folder=tmp_path)
        assert refused.returncode == 2, (command, refused.stderr)
        assert "max_connection" in refused.stderr


def test_no_password_is_shown_to_others(tmp_path: Path) -> None:
    with PostgresServer() as postgres:
        password = postgres.url.split(":")[2].split("@")[0]
        variables = {
            "MLOPS_DATABASE_URL": postgres.url,
            "MLOPS_REDIS_URL": "redis://:hidden-cache@cache:6379/0",
            "MLOPS_API_KEY": "a-key-that-is-long-enough",
        }
        shown = run("config", "show", folder=tmp_path, variables=variables).stdout
        assert "***@127.0.0.1" in shown
        assert "***@cache:6379" in shown
        for secret in (password, "hidden-cache", "a-key-that-is-long-enough"):
            assert secret not in shown
        with started("serve", "--port", "0", "--database-url", postgres.url, folder=tmp_path) as server:
            server.await_address()
            eventually(lambda: bool(server.events("worker.started")), 20, "a worker")
            listed = run("ps", folder=tmp_path).stdout
            assert listed.count(f":***@127.0.0.1:{postgres.port}") == 2, listed
            assert password not in listed
            children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
            assert children
            for child in children:
                assert password.encode() not in Path(f"/proc/{child}/cmdline").read_bytes()
            assert password not in server.log_text()
