# SPDX-License-Identifier: MIT
"""The client commands: work on tables, alerts, exports, completion."""

from __future__ import annotations

import csv
import http.server
import io
import json
import os
import pty
import shlex
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.services.tracseq import TracseqServer, program
from tests.system.programs import eventually, run, started, variables_of

SCHEMA = {
    "name": "Lab",
    "version": "1.0",
    "columns": {"id": {"type": "string"}, "x": {"type": "float"}, "y": {"type": "boolean"}},
}
FEATURES = {"name": "plain", "numeric_features": ["x"]}


def write_table(folder: Path, rows: int = 200) -> None:
    lines = [f"S{i},{i}.5,{'true' if i % 3 else 'false'}\n" for i in range(rows)]
    (folder / "lab.csv").write_text("id,x,y\n" + "".join(lines))


class Client:
    """Commands with one way to the data."""

    def __init__(self, folder: Path, *way: str) -> None:
        self.folder = folder
        self.way = way

    def run(self, *words: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        return run(*words, *self.way, folder=self.folder, seconds=seconds)

    def json(self, *words: str, seconds: float = 60) -> Any:
        done = self.run(*words, "--json", seconds=seconds)
        assert done.returncode == 0, (words, done.stderr)
        return json.loads(done.stdout)

    def prepare(self) -> tuple[str, str]:
        write_table(self.folder)
        (self.folder / "schema.json").write_text(json.dumps(SCHEMA))
        (self.folder / "features.json").write_text(json.dumps(FEATURES))
        schema = self.json("data", "create-schema", "schema.json")["schema_id"]
        return schema, self.json("data", "create-features", "features.json")["config_id"]


@pytest.fixture(params=["server", "database"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "database":
        yield Client(tmp_path, "--database-url", "sqlite:///own.db")
        return
    with TracseqServer() as server:
        yield Client(tmp_path, "--server", server.url)


def test_from_a_file_to_a_report_and_features(client: Client) -> None:
    schema, features = client.prepare()
    report = client.json("data", "assess", "lab.csv", "--schema", schema)
    assert (report["status"], report["total_rows"]) == ("completed", 200)
    made = client.json("data", "start", "lab.csv", "--schema", schema, "--features", features, "--pipeline", "nightly")
    assert (made["status"], made["pipeline_id"], made["input_rows"]) == ("completed", "nightly", 200)
    assert client.json("data", "watch", made["run_id"])["status"] == "completed"
    assert client.run("data", "output", made["run_id"], "--output", "features.csv").returncode == 0
    rows = list(csv.DictReader((client.folder / "features.csv").open()))
    assert len(rows) == made["output_rows"]
    assert {"x", "y"} <= set(rows[0])
    assert [run["run_id"] for run in client.json("data", "runs")["items"]] == [made["run_id"]]


def test_a_run_that_fails_says_why_and_so_does_its_exit_status(client: Client) -> None:
    schema, features = client.prepare()
    (client.folder / "lab.csv").write_text("id,y\nS1,true\n")
    failed = client.run("data", "start", "lab.csv", "--schema", schema, "--features", features, "--json")
    assert failed.returncode == 1
    assert "x" in json.loads(failed.stderr.splitlines()[-1])["error"]["message"]
    assert json.loads(failed.stdout)["status"] == "failed"
    missing = client.run("data", "assess", "nowhere.csv", "--schema", schema)
    assert missing.returncode == 2
    assert "nowhere.csv" in missing.stderr
    assert client.run("data", "assess", "lab.csv", "--schema", "unknown").returncode == 3
    (client.folder / "bad.json").write_text("[]")
    assert client.run("data", "create-schema", "bad.json").returncode == 2


def test_ctrl_c_cancels_what_was_started(tmp_path: Path) -> None:
    with TracseqServer(arguments=["--no-worker"]) as server:  # nobody works, so it waits
        client = Client(tmp_path, "--server", server.url)
        schema, features = client.prepare()
        words = ["data", "start", "lab.csv", "--schema", schema, "--features", features, "--server", server.url]
        process = subprocess.Popen(
            [str(program()), *words], cwd=tmp_path, env=variables_of({}), stderr=subprocess.PIPE, text=True
        )
        try:
            eventually(lambda: bool(client.json("data", "runs")["items"]), 20, "the run is there")
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            message = process.communicate(timeout=10)[1]
        finally:
            process.kill()
            process.wait()
        assert process.returncode == 1
        assert "cancelled" in message
        assert client.json("data", "runs")["items"][0]["status"] in ("cancelled", "failed")


def test_progress_is_shown_on_a_terminal_alone(client: Client) -> None:
    schema, _ = client.prepare()
    words = ["data", "assess", "lab.csv", "--schema", schema, *client.way]
    plain = client.run(*words[:5])
    assert "\x1b" not in plain.stderr + plain.stdout
    assert "%" not in plain.stderr
    reader, writer = pty.openpty()
    try:
        done = subprocess.run(
            [str(program()), *words],
            cwd=client.folder,
            env={**variables_of({}), "TERM": "xterm"},
            stdout=subprocess.PIPE,
            stderr=writer,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0
        seen = os.read(reader, 65536).decode()
    finally:
        os.close(reader)
        os.close(writer)
    assert "%" in seen
    assert "[" in seen


def test_alerts_and_thresholds(client: Client) -> None:
    made = client.json("threshold", "create", "prediction_latency", "--model", "m", "--warning", "200", "--if", "ge")
    assert (made["model_id"], made["warning_threshold"], made["operator"]) == ("m", 200, "ge")
    assert made["threshold_id"] in {item["threshold_id"] for item in client.json("threshold", "list")["items"]}
    assert client.json("threshold", "get", made["threshold_id"])["evaluation_window_minutes"] == 5
    assert client.json("alert", "list")["items"] == []
    assert client.run("alert", "acknowledge", "unknown").returncode == 3
    assert client.run("threshold", "create", "m", "--warning", "much").returncode == 2
    assert client.run("threshold", "delete", made["threshold_id"]).returncode == 0
    assert made["threshold_id"] not in {item["threshold_id"] for item in client.json("threshold", "list")["items"]}


def test_lists_are_exported_whole(client: Client) -> None:
    for name in ("first", "second, with a comma"):
        client.json("experiment", "create", name)
    text = client.run("export", "experiments").stdout
    names = {row["name"] for row in csv.DictReader(io.StringIO(text))}
    assert {"first", "second, with a comma"} <= names
    lines = client.run("export", "experiments", "--format", "json").stdout.splitlines()
    assert {json.loads(line)["name"] for line in lines} == names
    assert client.run("export", "experiments", "--format", "parquet", "--output", "all.parquet").returncode == 0
    assert (client.folder / "all.parquet").read_bytes()[:4] == b"PAR1"
    assert client.run("export", "nothing-like-this", "--output", "none.csv").returncode == 2
    assert client.run("export", "experiments", "--format", "xml").returncode == 2
    assert client.run("export", "experiments", "--filter", "oops").returncode == 2
    assert not list(client.folder.glob("none*"))
    assert not list(client.folder.glob("*.part"))


def complete(folder: Path, *words: str) -> set[str]:
    """What bash offers for the last word."""
    typed = " ".join(shlex.quote(word) for word in words)
    script = (
        f'source <("{program()}" completion); COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; '
        'COMPREPLY=(); _tracseq; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=True, timeout=20)
    assert not done.stderr
    return set(done.stdout.split())


def test_bash_completes_commands_options_and_values(tmp_path: Path) -> None:
    assert complete(tmp_path, "tracseq", "exp") == {"experiment", "export"}
    assert {"list", "get", "metrics"} <= complete(tmp_path, "tracseq", "run", "")
    assert complete(tmp_path, "tracseq", "run", "list", "--sta") == {"--status"}
    assert complete(tmp_path, "tracseq", "serve", "--auth", "") == {"auto", "on", "off"}
    assert {"--host", "--config"} <= complete(tmp_path, "tracseq", "serve", "--port", "1", "--")
    assert complete(tmp_path, "tracseq", "serve", "--config", "") == set()  # then bash offers files


def test_other_shells_get_every_command_and_option(tmp_path: Path) -> None:
    for shell, words in {
        "zsh": ["#compdef tracseq", "--quality-threshold", '"run list") found=', "compadd"],
        "fish": ["-a experiment", "-l quality-threshold", "-f -a 'auto on off'", "complete -c tracseq"],
    }.items():
        script = run("completion", "--shell", shell, folder=tmp_path)
        assert script.returncode == 0
        for word in words:
            assert word in script.stdout, (shell, word)
    refused = run("completion", "--shell", "tcsh", folder=tmp_path)
    assert refused.returncode == 2
    assert "bash, zsh or fish" in refused.stderr


def test_a_mistyped_variable_is_warned_of(tmp_path: Path) -> None:
    variables = {"MLOPS_DATABSE_URL": "sqlite:///x.db"}
    shown = run("config", "show", folder=tmp_path, variables=variables)
    assert shown.returncode == 0
    assert "did you mean MLOPS_DATABASE_URL?" in shown.stderr
    with started("worker", folder=tmp_path, variables=variables) as worker:
        eventually(lambda: bool(worker.events("worker.started")), 20, "the worker")
        assert "MLOPS_DATABASE_URL" in worker.events("settings.slip")[0]["message"]


def test_a_worker_sweeps_what_a_killed_one_left(tmp_path: Path) -> None:
    work = tmp_path / "work"
    stale = work / "tracseq-data-killed"
    stale.mkdir(parents=True)
    (stale / "spilled").write_text("much")
    os.utime(stale, (time.time() - 3600,) * 2)
    (work / "mine").mkdir()
    flags = ["--work-dir", str(work), "--memory-limit-mb", "128"]
    with started("worker", "--database-url", "sqlite:///w.db", *flags, folder=tmp_path) as worker:
        eventually(lambda: bool(worker.events("worker.started")), 20, "the worker")
        assert worker.events("worker.started")[0]["memory_mb"] == 128
    assert {path.name for path in work.iterdir()} == {"mine"}
    refused = run("worker", "--memory-limit-mb", "1", folder=tmp_path)
    assert refused.returncode == 2
    assert "64 to" in refused.stderr


def test_doctor_finds_a_sound_installation_sound(tmp_path: Path) -> None:
    done = run("doctor", "--database-url", "sqlite:///lab.db", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert {row["check"]: row["ok"] for row in answer["items"]} == dict.fromkeys(
        ("program", "postgres", "duckdb", "onnx", "settings", "database or server"), True
    )
    broken = run("doctor", "--server", "http://127.0.0.1:9", "--json", folder=tmp_path)
    assert broken.returncode == 1
    assert [row["check"] for row in json.loads(broken.stdout)["items"] if not row["ok"]] == ["database or server"]


def test_what_cannot_be_printed_is_a_failure(client: Client) -> None:
    client.json("experiment", "create", "x")
    for words in (["experiment", "list"], ["export", "experiments"], ["experiment", "list", "--json"], ["--help"]):
        way = [] if words == ["--help"] else client.way
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [str(program()), *words, *way],
                cwd=client.folder,
                env=variables_of({}),
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
            )
        assert done.returncode == 1, (words, done.stderr)
        assert "No space left" in done.stderr, (words, done.stderr)


def test_more_than_a_buffer_that_cannot_be_printed_is_a_failure(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)  # nobody reads any more, and nothing kills the program for it
    with Path("/dev/full").open("wb") as full, os.fdopen(writer, "wb") as broken:
        for to, message in (
            (full, "tracseq: standard output cannot be written: No space left on device\n"),
            (broken, ""),
        ):
            done = subprocess.run(
                [str(program()), "completion"],
                cwd=tmp_path,
                env=variables_of({}),
                stdout=to,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
                restore_signals=False,  # Python's own ignoring of SIGPIPE
            )
            assert (done.returncode, done.stderr) == (1, message)


def test_issues_are_rows(client: Client) -> None:
    schema, _ = client.prepare()
    (client.folder / "lab.csv").write_text("id,x,y,z\nS1,,true,1\nS2,oops,true,2\n")
    shown = client.run("data", "assess", "lab.csv", "--schema", schema).stdout
    issues = client.json("data", "reports")["items"][0]["issues"]
    assert len(issues) > 1
    for issue in issues:
        assert [line for line in shown.splitlines() if issue["description"] in line and issue["severity"] in line], (
            shown
        )
    assert "DESCRIPTION" in shown
    assert max(map(len, shown.splitlines())) < 300, shown


def test_who_deletes_is_told_of_the_trash(client: Client) -> None:
    made = client.json("experiment", "create", "x")["experiment_id"]
    words = client.run("experiment", "delete", str(made)).stderr
    assert f"tracseq experiment restore {made}" in words
    assert client.run("experiment", "restore", str(made)).returncode == 0


def test_an_export_takes_o(client: Client) -> None:
    client.json("experiment", "create", "x")
    assert client.run("export", "experiments", "-o", "all.csv").returncode == 0
    assert "x" in (client.folder / "all.csv").read_text()


class Foreign(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: Any) -> None:
        pass


def test_another_kind_of_server_is_named_as_such(tmp_path: Path) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Foreign) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = run("run", "list", "--server", f"http://127.0.0.1:{server.server_port}", folder=tmp_path)
        server.shutdown()
    assert done.returncode == 1
    assert "no TracSeq server" in done.stderr


def test_who_only_asks_makes_no_database(tmp_path: Path) -> None:
    for words in (
        ["run", "list"],
        ["run", "get", "x"],
        ["run", "metrics", "x"],
        ["export", "runs"],
        ["run", "delete", "x"],
    ):
        done = run(*words, "--database-url", f"sqlite:///{tmp_path}/none/x.db", folder=tmp_path)
        assert done.returncode == 3, (words, done.stderr)
        assert f"there is no database {tmp_path}/none/x.db" in done.stderr
    assert not list(tmp_path.iterdir())
