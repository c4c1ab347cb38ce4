# SPDX-License-Identifier: MIT
"""A throw-away PostgreSQL for tests: on loopback, on a free port, removed afterwards.

In Python:      with PostgresServer() as server: connect(server.url)
As a command:   python tests/services/postgres.py CMD ARG...
                runs CMD with TRACSEQ_TEST_POSTGRES_URL set and ends with CMD's exit code.

Life cycle: start() makes a cluster in a temporary folder, stop() ends the server and removes the folder; the
server also ends when this process dies, however it dies. Run by root, the server runs as user `postgres`,
because PostgreSQL refuses root. Not for durability tests unless durable=True: fsync is off otherwise.
Not thread-safe.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

URL_VARIABLE = "TRACSEQ_TEST_POSTGRES_URL"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0
PORT_ATTEMPTS_MAX = 5
USER = "tracseq"


class PostgresError(RuntimeError):
    """The server could not be started; the message holds what it said."""


def find_bin_dir() -> Path:
    """The newest Debian installation's program folder, or the one on PATH."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]), reverse=True
    )
    if versions:
        return versions[0].parent
    on_path = shutil.which("postgres")
    if on_path is None:
        raise PostgresError("no PostgreSQL server is installed; on Debian: apt-get install postgresql-15")
    return Path(on_path).resolve().parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgresServer:
    def __init__(self, *, durable: bool = False, connections_max: int = 200) -> None:
        self._durable = durable
        self._connections_max = connections_max
        self._bin = find_bin_dir()
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._password = secrets.token_hex(16)
        self.port = 0

    @property
    def url(self) -> str:
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tracseq-pg-"))
        try:
            self._init_cluster()
            self._start_on_free_port()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server at once (the data is thrown away) and removes its files. Harmless when repeated."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGINT)  # fast shutdown: open sessions are ended
                try:
                    self._process.wait(STOP_SECONDS_MAX)
                except subprocess.TimeoutExpired:
                    self._process.send_signal(signal.SIGQUIT)
                    self._process.wait(STOP_SECONDS_MAX)
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    def restart(self) -> None:
        """Comes back on the same port with the same data: PostgreSQL gone and back."""
        self.crash()
        self.resume()

    def crash(self) -> None:
        """Ends the server without ceremony and keeps its data."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_SECONDS_MAX)
            self._process = None

    def freeze(self) -> None:
        """Stops every process of it where it is: connections stay open and are not answered. stop() needs thaw()."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        for pid in [self._process.pid, *map(int, children.split())]:
            with contextlib.suppress(ProcessLookupError):  # one that ended and is reaped meanwhile
                os.kill(pid, number)

    def resume(self) -> None:
        self._launch()
        self._wait_ready()

    def __enter__(self) -> PostgresServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _as_postgres(self, command: list[str]) -> list[str]:
        # --pdeathsig is set after the change of user, which would clear it.
        prefix = ["setpriv", "--pdeathsig", "INT"]
        if os.geteuid() == 0:
            prefix += ["--reuid=postgres", "--regid=postgres", "--init-groups"]
        return [*prefix, "--", *command]

    def _init_cluster(self) -> None:
        assert self._folder is not None
        password_file = self._folder / "password"
        password_file.write_text(self._password)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
            os.chown(password_file, owner.pw_uid, owner.pw_gid)
        command = [str(self._bin / "initdb"), "-D", str(self._folder / "data"), "-U", USER, "--no-sync"]
        command += ["-A", "scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8", "--locale=C.UTF-8"]
        done = subprocess.run(
            self._as_postgres(command), cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise PostgresError(f"initdb failed: {done.stdout}{done.stderr}")

    def _start_on_free_port(self) -> None:
        for attempt in range(1, PORT_ATTEMPTS_MAX + 1):
            self.port = free_port()
            self._launch()
            try:
                self._wait_ready()
                return
            except PostgresError:
                # Somebody else may have taken the port between the probe and the start.
                if attempt == PORT_ATTEMPTS_MAX or "could not bind" not in self._log():
                    raise

    def _launch(self) -> None:
        assert self._folder is not None
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self._folder),
            "max_connections": str(self._connections_max),
            "timezone": "UTC",
            "max_wal_size": "256MB",
        }
        if not self._durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        command = [str(self._bin / "postgres"), "-D", str(self._folder / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (self._folder / "log").open("ab") as log:
            # A session of its own: Ctrl-C reaches the tests first, which then still have their database.
            self._process = subprocess.Popen(
                self._as_postgres(command),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS_MAX
        probe = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise PostgresError(f"PostgreSQL ended while starting:\n{self._log()}")
            if subprocess.run(probe, check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise PostgresError(f"PostgreSQL was not ready after {START_SECONDS_MAX:.0f} s:\n{self._log()}")

    def _log(self) -> str:
        assert self._folder is not None
        return (self._folder / "log").read_text(errors="replace")[-4000:]


def run_with_postgres(command: list[str]) -> int:
    """Runs a command beside a fresh server; a signal to this process reaches the command, then the server ends."""
    with PostgresServer() as server:
        child = subprocess.Popen(command, env=os.environ | {URL_VARIABLE: server.url})

        def hand_on(number: int, _frame: object) -> None:
            child.send_signal(number)

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, hand_on)
        code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: postgres.py CMD [ARG...]")
    try:
        sys.exit(run_with_postgres(sys.argv[1:]))
    except PostgresError as error:
        sys.exit(f"error: {error}")
