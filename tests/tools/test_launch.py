# SPDX-License-Identifier: MIT
"""The launchers of ./run demo and ./run dev: one demo at a time, plain words about a taken port, nothing left behind."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.services.postgres import free_port
from tools.lib.processes import end_marked, marked, port_holder

MARK = "TRACSEQ_LAUNCH_TEST"
WAIT_SECONDS_MAX = 30.0

# Runs the launcher with another data folder, program and demo script than those of the checkout.
# Whoever started the tests in the background has made Ctrl-C a signal that is ignored: here it counts again.
DRIVER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from tools.demo import launch
folder = Path({folder!r})
launch.DATA, launch.STATE, launch.LOCK = folder, folder / "demo.json", folder / ".lock"
launch.PROGRAM, launch.SCRIPT = folder / "tracseq", folder / "script.py"
sys.exit(launch.main())
"""


# The same for ./run dev, with its own npm.
DEV_DRIVER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from tools.demo import dev_server
dev_server.ROOT = Path({folder!r})
dev_server.DATA = dev_server.ROOT / "data"
sys.exit(dev_server.main())
"""


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = secrets.token_hex(8)
        self.ports = [free_port(), free_port()]
        program = folder / "tracseq"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/tools/fake_tracseq.py "$@"\n')
        program.chmod(0o755)
        self.script("pass")

    def script(self, text: str) -> None:
        (self.folder / "script.py").write_text(text)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return self.launch(DRIVER, "--port", str(self.ports[0]), "--model-port", str(self.ports[1]), *words)

    def launch(self, driver: str, *words: str) -> subprocess.Popen[str]:
        """In a group of its own, as a terminal starts it."""
        return subprocess.Popen(
            [sys.executable, "-c", driver.format(folder=str(self.folder)), *words],
            cwd=ROOT,
            env=os.environ | {MARK: self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self, demo: subprocess.Popen[str]) -> tuple[int, str, str]:
        out, err = demo.communicate(timeout=WAIT_SECONDS_MAX)
        return demo.returncode, out, err

    def wait_started(self, sign: str = "demo.json") -> None:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not (self.folder / sign).exists():
            assert time.monotonic() < deadline, f"nothing started: {sign} is missing"
            time.sleep(0.05)

    def wait_stays(self, demo: subprocess.Popen[str]) -> None:
        """Until its script is through: Ctrl-C before that is an interruption, after it the ordinary end."""
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith("Dashboard:"):
                return
        raise AssertionError(f"the demo ended instead of staying up: {demo.communicate()[1]}")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    left = marked(MARK, bench.mark)
    end_marked(MARK, bench.mark)  # a test that failed leaves nothing either
    assert left == []


def test_exit_ends_with_success_and_nothing_left(bench: Bench) -> None:
    code, out, err = bench.finish(bench.start("--exit"))
    assert (code, err) == (0, "")
    assert "the model server is up" in out
    assert not (bench.folder / "demo.json").exists()


def test_a_failing_script_fails_the_demo(bench: Bench) -> None:
    bench.script("import sys; sys.exit(3)")
    code, _, err = bench.finish(bench.start("--exit"))
    assert code == 1
    assert "exit code 3" in err


def test_a_taken_port_is_said_with_its_holder(bench: Bench) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", bench.ports[0]))
        holder.listen()
        code, _, err = bench.finish(bench.start("--exit"))
    assert code == 1
    assert f"port {bench.ports[0]} is held by pid {os.getpid()}" in err
    assert "--port" in err


def test_a_second_demo_uses_the_running_one_and_ctrl_c_ends_all(bench: Bench) -> None:
    first = bench.start()
    bench.wait_started()
    code, out, _ = bench.finish(bench.start())
    assert code == 0
    assert f"running already (pid {first.pid})" in out
    assert f"http://127.0.0.1:{bench.ports[0]}" in out
    assert "Not used: --port, --model-port." in out
    bench.wait_stays(first)
    first.send_signal(signal.SIGINT)
    code, out, _ = bench.finish(first)
    assert code == 0
    assert port_holder(bench.ports[0]) is None


def test_checks_asked_for_beside_a_running_demo_are_no_success(bench: Bench) -> None:
    first = bench.start()
    bench.wait_started()
    code, _, err = bench.finish(bench.start("--exit"))
    assert code == 1
    assert f"end the demo that runs (pid {first.pid})" in err
    bench.wait_stays(first)
    first.send_signal(signal.SIGINT)
    assert bench.finish(first)[0] == 0


def test_a_demo_that_is_just_ending_is_waited_for(bench: Bench) -> None:
    with (bench.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        demo = bench.start("--exit")
        time.sleep(1)
        assert demo.poll() is None
    code, out, err = bench.finish(demo)
    assert (code, err) == (0, "")
    assert "the model server is up" in out


def test_ctrl_c_reaches_the_script_through_its_starter(bench: Bench) -> None:
    bench.script(f"import pathlib, time; pathlib.Path({str(bench.folder)!r}, 'going').touch(); time.sleep(300)")
    demo = bench.start()
    bench.wait_started("going")
    os.killpg(demo.pid, signal.SIGINT)  # what a terminal does
    code, _, err = bench.finish(demo)
    assert (code, err) == (130, "")


def test_the_demo_script_ends_on_ctrl_c_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("lab_demo", ROOT / "examples" / "lab_demo.py")
    assert spec is not None
    assert spec.loader is not None
    demo = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "lab_demo", demo)
    spec.loader.exec_module(demo)

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", interrupted)
    monkeypatch.setattr(sys, "argv", ["lab_demo.py", "--server=a", "--model-server=b", "--data-dir=c"])
    assert demo.main() == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_however_dev_is_ended_its_server_ends(bench: Bench, number: signal.Signals) -> None:
    (bench.folder / "bin").mkdir()
    (bench.folder / "tracseq").rename(bench.folder / "bin" / "tracseq")
    (bench.folder / "web").mkdir()
    npm = bench.folder / "npm"
    npm.write_text("#!/bin/sh\ntouch ../going\nexec sleep 300\n")
    npm.chmod(0o755)
    dev = bench.launch(DEV_DRIVER, "--npm", str(npm), "--port", str(bench.ports[0]))
    bench.wait_started("going")
    os.killpg(dev.pid, number)
    code, out, err = bench.finish(dev)
    assert (code, err) == (0, "")
    assert f"http://127.0.0.1:{bench.ports[0]}" in out
    assert port_holder(bench.ports[0]) is None


def test_ended_before_its_script_was_through_is_no_success(bench: Bench) -> None:
    bench.script("import time; time.sleep(300)")
    demo = bench.start()
    bench.wait_started()
    demo.send_signal(signal.SIGTERM)
    code, _, _ = bench.finish(demo)
    assert code == 130


def test_a_server_that_dies_ends_the_demo_with_its_words(bench: Bench) -> None:
    (bench.folder / "tracseq").write_text("#!/bin/sh\necho the database is locked >&2\nexit 4\n")
    code, _, err = bench.finish(bench.start("--exit"))
    assert code == 1
    assert "exit code 4" in err
    assert "the database is locked" in err


@pytest.mark.parametrize("bad", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused(bench: Bench, bad: str) -> None:
    code, _, err = bench.finish(bench.start(f"--model-port={bad}"))
    assert code == 2
    assert "allowed is 1 to 65535" in err
