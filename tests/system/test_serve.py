# SPDX-License-Identifier: MIT
"""The life of `tracseq serve`: start, wait, refuse, drain."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.api.transports import HttpTransport, call_json
from tests.services.postgres import PostgresServer, free_port
from tests.services.tracseq import TracseqServer, program


def run(*arguments: str, folder: Path, seconds: float = 30) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program()), *arguments], cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
    )


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
    }.items():
        refused = run("serve", "--no-worker", *arguments, folder=tmp_path)
        assert refused.returncode == 2, (arguments, refused.stderr)
        assert words in refused.stderr, (arguments, refused.stderr)


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


def test_it_waits_for_its_database_and_says_so(tmp_path: Path) -> None:
    port = free_port()
    address = f"postgresql://tracseq@127.0.0.1:{free_port()}/tracseq"
    process = subprocess.Popen(
        [str(program()), "serve", "--database-url", address, "--port", str(port), "--no-worker"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                assert get(f"http://127.0.0.1:{port}/livez")[0] == 200
                break
            except urllib.error.URLError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        status, answer = get(f"http://127.0.0.1:{port}/readyz")
        assert status == 503
        assert "waiting for the database" in answer["error"]["message"]
    finally:
        process.terminate()
        process.wait(20)


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


def test_ps_and_stop_show_and_end_what_runs(tmp_path: Path) -> None:
    with TracseqServer() as server:
        listed = json.loads(run("ps", "--json", folder=tmp_path).stdout)["items"]
        mine = [item for item in listed if item["database"] == server.database_url]
        assert {item["what"] for item in mine} == {"serve", "worker"}
        assert run("stop", "--pid", str(server.pid), folder=tmp_path, seconds=60).returncode == 0
        left = json.loads(run("ps", "--json", folder=tmp_path).stdout)["items"]
        assert not [item for item in left if item["database"] == server.database_url]
