# SPDX-License-Identifier: MIT
"""The life of `tracseq serve`: start, wait, refuse, drain."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api.transports import HttpTransport, call_json
from tests.services.postgres import PostgresServer, free_port
from tests.services.tracseq import TracseqServer
from tests.system.programs import eventually, run, started


def get(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_second_server_on_the_same_file_is_refused_by_name() -> None:
    with TracseqServer(arguments=["--no-worker"]) as server:
        second = run("serve", "--database-url", server.database_url, "--port", "0", folder=server.folder)
        assert second.returncode == 4
        assert str(server.pid) in second.stderr
        assert server.url.rsplit(":", 1)[1] in second.stderr


def test_a_second_server_is_refused_whatever_name_leads_to_the_file(tmp_path: Path) -> None:
    """Under a second name it would have a second journal, and each server would overwrite the other's rows."""
    link = tmp_path / "link.db"
    link.symlink_to("lab.db")  # there before the file is
    with TracseqServer(f"sqlite:///{link}", ["--no-worker"], tmp_path) as server:
        assert (tmp_path / "lab.db.serve").exists()
        for name in ("lab.db", "link.db"):
            second = run("serve", "--database-url", f"sqlite:///{name}", "--port", "0", folder=tmp_path)
            assert (second.returncode, f"pid {server.pid}" in second.stderr) == (4, True), second.stderr
        (tmp_path / "hard.db").hardlink_to(tmp_path / "lab.db")
        second = run("serve", "--database-url", "sqlite:///hard.db", "--port", "0", folder=tmp_path)
        assert second.returncode == 1
        assert f"{tmp_path}/hard.db has 2 names" in second.stderr
    assert sorted(path.name for path in tmp_path.glob("*.turn")) == ["lab.db.turn"]


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        refused = run("serve", "--database-url", "sqlite:///x.db", "--port", port, "--no-worker", folder=tmp_path)
    assert refused.returncode == 1
    assert port in refused.stderr


def test_wrong_flags_say_what_is_allowed(tmp_path: Path) -> None:
    for arguments, words in {
        ("--port", "70000"): "0 to 65535",
        ("--auth", "maybe"): "auto, on or off",
        ("--auth", "off", "--host", "0.0.0.0"): "--auth off is refused",
        ("--require-tls",): "--tls-cert",
        ("--tls-cert", "x.pem"): "give both",
        ("--database-url", "mysql://x"): "sqlite",
        ("--data-root", "/nonexistent/data"): "/nonexistent/data",
        ("--database-url", "postgresql://u:hunter2@127.0.0.1:1/x?bogus=1"): "bogus",
    }.items():
        refused = run("serve", "--no-worker", *arguments, folder=tmp_path)
        assert refused.returncode == 2, (arguments, refused.stderr)
        assert words in refused.stderr, (arguments, refused.stderr)
        assert "hunter2" not in refused.stderr


def test_metrics_tell_of_the_process() -> None:
    with (
        TracseqServer(arguments=["--no-worker"]) as server,
        urllib.request.urlopen(f"{server.url}/metrics", timeout=5) as answer,
    ):
        lines = answer.read().decode().splitlines()
    values = {line.split()[0]: float(line.split()[1]) for line in lines if not line.startswith("#")}
    assert values["process_resident_memory_bytes"] > 1e6
    assert values["process_cpu_seconds_total"] > 0
    assert values["process_open_fds"] >= 3
    assert abs(values["process_start_time_seconds"] - time.time()) < 60
    assert values["tracseq_log_lines_lost_total"] == 0


def test_sigterm_lets_calls_finish_and_ends_with_zero() -> None:
    with TracseqServer(arguments=["--no-worker"]) as server:
        answers: list[int] = []

        def log_until_refused() -> None:
            transport = HttpTransport(server.url)
            run_id = call_json(transport, "POST", "/api/v1/runs", {"name": "drain"})[1]["run_id"]
            step = 0
            while True:
                step += 1
                try:
                    body = {"points": [{"key": "m", "step": step, "value": 1}]}
                    answers.append(call_json(transport, "POST", f"/api/v1/runs/{run_id}/metrics", body)[0])
                except (OSError, ValueError):
                    return
                except Exception:
                    return

        clients = [threading.Thread(target=log_until_refused) for _ in range(4)]
        for client in clients:
            client.start()
        time.sleep(0.5)
        assert server.stop() == 0
        for client in clients:
            client.join(10)
        assert len(answers) > 20
        assert set(answers) <= {200, 503}


def free_address() -> str:
    return f"postgresql://tracseq:secret@127.0.0.1:{free_port()}/tracseq"


def status_of(url: str) -> int:
    try:
        return get(url)[0]
    except urllib.error.URLError:
        return 0


def test_it_waits_for_its_database_says_so_and_serves_once_it_is_there(tmp_path: Path) -> None:
    with PostgresServer() as postgres:
        postgres.crash()
        port = free_port()
        arguments = ["--database-url", postgres.url, "--port", str(port), "--no-worker"]
        with started("serve", *arguments, folder=tmp_path) as server:
            address = f"http://127.0.0.1:{port}"
            eventually(lambda: status_of(f"{address}/livez") == 200, 20, "it lives")
            eventually(lambda: bool(server.events("serve.waiting_for_database")), 20, "it waits")
            status, answer = get(f"{address}/readyz")
            assert status == 503
            assert "waiting for the database" in answer["error"]["message"]
            assert get(f"{address}/api/v1/runs")[0] == 503
            kept = HttpTransport(address)  # a connection from before is served afterwards, too
            assert call_json(kept, "GET", "/api/v1/runs")[0] == 503
            assert call_json(kept, "POST", "/api/v1/runs", {"name": "early"})[0] == 503
            postgres.resume()
            assert server.await_address() == address
            assert get(f"{address}/readyz")[0] == 200
            assert call_json(kept, "POST", "/api/v1/runs", {"name": "after"})[0] == 201


def test_it_ends_when_its_database_does_not_come(tmp_path: Path) -> None:
    begun = time.monotonic()
    ended = run(
        "serve", "--database-url", free_address(), "--port", "0", "--database-wait", "1", "--no-worker", folder=tmp_path
    )
    assert ended.returncode == 1
    assert "does not answer" in ended.stderr
    assert "secret" not in ended.stderr
    assert 1 <= time.monotonic() - begun < 20


def test_it_ends_at_once_when_told_so_while_waiting(tmp_path: Path) -> None:
    with started("serve", "--database-url", free_address(), "--port", "0", folder=tmp_path) as server:
        eventually(lambda: bool(server.events("serve.waiting_for_database")), 20, "it waits")
        server.process.terminate()
        assert server.process.wait(5) == 1


def test_beyond_loopback_authentication_is_on_by_itself(tmp_path: Path) -> None:
    with started("serve", "--host", "0.0.0.0", "--port", "0", "--no-worker", folder=tmp_path) as server:
        token = server.await_line(re.compile(r"^\s+(mlp_\S+)$")).group(1)
        address = server.await_address()
        assert get(f"{address}/livez")[0] == 200
        assert get(f"{address}/api/v1/runs")[0] == 401
        request = urllib.request.Request(f"{address}/api/v1/whoami", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert json.load(answer)["permissions"] == ["*"]
        forged = token[:-4] + ("aaaa" if not token.endswith("aaaa") else "bbbb")
        request = urllib.request.Request(f"{address}/api/v1/whoami", headers={"Authorization": f"Bearer {forged}"})
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=5)


def test_every_loopback_address_is_its_own_name_and_no_name_counts_as_one(tmp_path: Path) -> None:
    with started("serve", "--host", "127.0.0.2", "--port", "0", "--no-worker", folder=tmp_path) as server:
        address = server.await_address()
        assert address.startswith("http://127.0.0.2:")
        assert get(f"{address}/api/v1/runs")[0] == 200
    refused = run("serve", "--host", "127.attacker.invalid", "--auth", "off", "--port", "0", folder=tmp_path)
    assert refused.returncode == 1
    assert "127.attacker.invalid" in refused.stderr


def test_postgres_gone_and_back_is_survived() -> None:
    with PostgresServer() as postgres, TracseqServer(postgres.url, ["--no-worker"]) as server:
        transport = HttpTransport(server.url)
        assert call_json(transport, "POST", "/api/v1/runs", {"name": "before"})[0] == 201
        postgres.crash()
        status, answer = call_json(transport, "POST", "/api/v1/runs", {"name": "during"})
        assert status == 503, answer
        assert get(f"{server.url}/livez")[0] == 200
        assert get(f"{server.url}/readyz")[0] == 503
        postgres.restart()
        deadline = time.monotonic() + 15
        while call_json(transport, "POST", "/api/v1/runs", {"name": "after"})[0] != 201:
            assert time.monotonic() < deadline, "not back 15 s after PostgreSQL"
            time.sleep(0.2)
        names = [run["name"] for run in call_json(transport, "GET", "/api/v1/runs")[1]["items"]]
        assert "before" in names
        assert names.count("after") == 1


def test_a_frozen_postgres_is_told_of_in_time_though_every_worker_waits_for_it() -> None:
    with PostgresServer() as postgres, TracseqServer(postgres.url, ["--no-worker"]) as server:
        assert get(f"{server.url}/readyz")[0] == 200
        postgres.freeze()
        waiting = [socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0)) for _ in range(20)]
        try:
            for client in waiting:  # more than there are workers
                client.sendall(b"GET /api/v1/runs HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(1.5)  # what a probe found holds for a second
            for path in ("/readyz", "/readyz?for=read", "/health"):
                began = time.monotonic()
                status, text = get(f"{server.url}{path}")
                assert time.monotonic() - began < 4, path
                assert status == (200 if path == "/health" else 503), text
                assert "has not answered for" in json.dumps(text), path
        finally:
            postgres.thaw()
            for client in waiting:
                client.close()
        deadline = time.monotonic() + 15
        while get(f"{server.url}/readyz")[0] != 200:
            assert time.monotonic() < deadline, "not ready 15 s after PostgreSQL answers again"
            time.sleep(0.2)


def test_a_server_that_waits_for_a_frozen_postgres_says_how_long(tmp_path: Path) -> None:
    port = str(free_port())
    with PostgresServer() as postgres:
        postgres.freeze()
        arguments = ("--port", port, "--no-worker", "--database-url", postgres.url)
        with started("serve", *arguments, folder=tmp_path):
            try:
                deadline = time.monotonic() + 15
                said = ""
                while "has not answered for 2 s" not in said:
                    assert time.monotonic() < deadline, said
                    time.sleep(0.2)
                    with contextlib.suppress(OSError):
                        said = str(get(f"http://127.0.0.1:{port}/readyz")[1])
                assert get(f"http://127.0.0.1:{port}/livez") == (200, {"status": "alive"})
            finally:
                postgres.thaw()


def test_what_a_killed_worker_left_is_removed_while_another_runs(tmp_path: Path) -> None:
    work = tmp_path / "work"
    left = work / "tracseq-data-left00"
    arguments = ("serve", "--database-url", "sqlite:///x.db", "--port", "0", "--work-dir", str(work))
    with started(*arguments, folder=tmp_path) as server:
        server.await_address()
        eventually(lambda: bool(server.events("worker.started")), 20, "a worker")
        left.mkdir(parents=True)
        (left / "spill.tmp").write_bytes(b"x" * 1000)
        before = time.time() - 120
        os.utime(left, (before, before))
        eventually(lambda: not left.exists(), 25, "the folder is removed")


def test_ps_and_stop_show_and_end_what_runs(tmp_path: Path) -> None:
    with TracseqServer() as server:
        deadline = time.monotonic() + 10
        mine: set[str] = set()
        while mine != {"serve", "worker"}:  # the server answers before its worker has begun
            assert time.monotonic() < deadline, mine
            listed = json.loads(run("ps", "--json", folder=tmp_path).stdout)["items"]
            mine = {item["what"] for item in listed if item["database"] == server.database_url}
        assert run("stop", "--pid", str(server.pid), folder=tmp_path, seconds=60).returncode == 0
        left = json.loads(run("ps", "--json", folder=tmp_path).stdout)["items"]
        assert not [item for item in left if item["database"] == server.database_url]
