# SPDX-License-Identifier: MIT
"""Starts the lab demo: the server, the model server, then examples/lab_demo.py against them.

The demo script is called as
    lab_demo.py --server URL --model-server URL --data-dir DIR [--exit]
and ends with 0 when all its checks held. The servers then stay up until Ctrl-C, unless --exit was given. A second
call finds the running demo by demo_data/demo.json (pid, start time, addresses) and uses it; with --exit it is refused,
because two scripts on one server would spoil each other's checks.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.lib.processes import port_holder, start_ticks  # noqa: E402
from tools.lib.stack import READY_SECONDS_MAX, Stack, StackError, healthy, heed_ends  # noqa: E402

DATA = ROOT / "demo_data"
STATE = DATA / "demo.json"
LOCK = DATA / ".lock"
PROGRAM = ROOT / "bin" / "tracseq"
SCRIPT = ROOT / "examples" / "lab_demo.py"
PORT = 8080
MODEL_PORT = 8081
PORT_MAX = 65535
INTERRUPTED = 130
SCRIPT_END_SECONDS_MAX = 5.0


@dataclass(frozen=True)
class Running:
    pid: int
    started: int
    server: str
    model_server: str


def say(text: str) -> None:
    print(text, flush=True)


def find_running() -> Running | None:
    """The demo that another terminal runs; None when there is none or it is only a state file left behind."""
    try:
        running = Running(**json.loads(STATE.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    if start_ticks(running.pid) != running.started or not healthy(running.server):
        return None
    return running


def require_free(port: int, option: str) -> None:
    holder = port_holder(port)
    if holder is not None:
        raise StackError(f"port {port} is held by {holder}; end it, or choose another: ./run demo {option} {port + 10}")


def start_servers(stack: Stack, running: Running, options: argparse.Namespace) -> None:
    where = ["--database-url", f"sqlite:///{DATA / 'tracseq.db'}", "--artifact-root", str(DATA / "artifacts")]
    serve = [str(PROGRAM), "serve", *where, "--host", "127.0.0.1", "--port", str(options.port)]
    stack.start("server", serve, running.server)
    say(f"   the server is up: {running.server}")
    model_server = [str(PROGRAM), "model-server", "--registry-url", running.server, "--port", str(options.model_port)]
    stack.start("model-server", model_server, running.model_server)
    say(f"   the model server is up: {running.model_server}")
    STATE.write_text(json.dumps(asdict(running)))


def run_script(stack: Stack, running: Running, leave: bool) -> int:
    command = [sys.executable, str(SCRIPT), "--server", running.server, "--model-server", running.model_server]
    command += ["--data-dir", str(DATA)] + (["--exit"] if leave else [])
    # Out of the terminal's group, as the servers are: Ctrl-C reaches the starter, which ends the script first.
    script = subprocess.Popen(command, cwd=ROOT, env=stack.environment, start_new_session=True)
    try:
        while script.poll() is None:
            stack.check_alive()
            time.sleep(0.1)
    finally:
        script.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):  # the stack insists
            script.wait(SCRIPT_END_SECONDS_MAX)
    return script.returncode


def stay(stack: Stack, running: Running) -> None:
    try:  # from the first word on: whoever reads "Ctrl-C" may press it
        say(f"\nDashboard: {running.server}\nCtrl-C ends the server and everything else the demo started.")
        while True:
            stack.check_alive()
            time.sleep(0.5)
    except KeyboardInterrupt:
        say("\nending …")


def run_demo(options: argparse.Namespace) -> int:
    if options.fresh:
        for path in DATA.iterdir():
            if path != LOCK:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    require_free(options.port, "--port")
    require_free(options.model_port, "--model-port")
    running = Running(
        pid=os.getpid(),
        started=start_ticks(os.getpid()) or 0,
        server=f"http://127.0.0.1:{options.port}",
        model_server=f"http://127.0.0.1:{options.model_port}",
    )
    with Stack(DATA, {"TRACSEQ_BIN": str(PROGRAM)}) as stack:
        try:
            say("\n== Starting TracSeq MLOps")
            start_servers(stack, running, options)
            code = run_script(stack, running, options.exit)
            if code != 0:
                raise StackError(f"the demo script ended with exit code {code}; the servers' logs are in demo_data/")
            if not options.exit:
                stay(stack, running)
        finally:
            STATE.unlink(missing_ok=True)
    say("The demo has ended; its data stays in demo_data/.")
    return 0


def use_running(running: Running, options: argparse.Namespace) -> int:
    say(f"A demo is running already (pid {running.pid}); it is used as it is.")
    if options.exit:
        raise StackError(
            f"--exit makes its checks on servers of its own; end the demo that runs (pid {running.pid}) first"
        )
    if options.without_use:
        say(f"Not used: {', '.join(options.without_use)}.")
    say(f"Dashboard:    {running.server}\nModel server: {running.model_server}")
    return 0


def port_number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= PORT_MAX:
        raise argparse.ArgumentTypeError(f"'{text}' is no port; allowed is 1 to {PORT_MAX}")
    return int(text)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run demo", description="The lab demo, end to end on real data.")
    parser.add_argument("--port", type=port_number, help=f"the server's port (default {PORT})")
    parser.add_argument("--model-port", type=port_number, help=f"the model server's (default {MODEL_PORT})")
    parser.add_argument("--exit", action="store_true", help="end after the demo's own checks")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier demos left in demo_data/")
    options = parser.parse_args()
    given = {"--port": options.port, "--model-port": options.model_port, "--fresh": options.fresh}
    options.without_use = [name for name, value in given.items() if value]  # when a demo runs already
    options.port = options.port or PORT
    options.model_port = options.model_port or MODEL_PORT
    if options.port == options.model_port:
        parser.error(f"--port and --model-port are both {options.port}; they must differ")
    return options


def take_lock() -> IO[str] | None:
    """Held while a demo starts and runs; None when another one holds it."""
    DATA.mkdir(exist_ok=True)
    lock = LOCK.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def take_lock_or_find() -> IO[str] | Running:
    """Another demo that holds the lock may be up, only just starting, or just ending."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while (lock := take_lock()) is None:
        if (running := find_running()) is not None:
            return running
        if time.monotonic() > deadline:
            raise StackError("another ./run demo neither came up nor ended; look at its terminal")
        time.sleep(0.2)
    return lock


def main() -> int:
    options = parse_options()
    heed_ends()
    lock: IO[str] | None = None
    try:
        found = take_lock_or_find()
        if isinstance(found, Running):
            return use_running(found, options)
        lock = found
        return run_demo(options)
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("\nThe demo was ended before it was through; its data stays in demo_data/.")
        return INTERRUPTED
    finally:
        if lock is not None:
            lock.close()


if __name__ == "__main__":
    sys.exit(main())
