# SPDX-License-Identifier: MIT
"""Work that goes on when there is no server: one detached `tracseq worker --drive` per local database.

A call that leaves background work behind asks for it here. The driver ends by itself after 60 s with nothing to do; it
shares no descriptor with the program that started it and writes to a log of its own.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Optional

from . import _json
from ._embedded import CONFIG_FILE, EmbeddedTransport
from ._files import cache_folder
from ._log import logger
from ._native import native
from ._program import find_program
from ._transport import Transport
from .errors import MLOpsError

_LOOK_SECONDS = 10.0  # between two looks whether somebody drives
_WORKING = ("serve", "worker")
_log = logger("mlops.driver")
_lock = threading.Lock()
_looked: dict[str, float] = {}


def ensure_driver(transport: Transport, *, now: bool = False, drives: bool = False) -> None:
    """Starts a driver if nobody works on this local database. Looks at most every 10 s unless `now`.

    `drives`: a worker that only runs jobs is not enough.
    """
    if not isinstance(transport, EmbeddedTransport):
        return
    with _lock:
        last = _looked.get(transport.url)
        if not now and last is not None and time.monotonic() - last < _LOOK_SECONDS:
            return
        if not working_on(transport.url, drives=drives):
            try:
                _start(transport)
            except (MLOpsError, OSError) as error:
                _log.warning("driver_not_started", reason=str(error))
        _looked[transport.url] = time.monotonic()


def working_on(url: str, *, drives: bool = False) -> list[int]:
    """The pids of this user's servers and workers on the database; with `drives`, those of workers that also drive."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            if len(words) < 2 or not Path(words[0]).name.startswith("tracseq") or words[1] not in _WORKING:
                continue
            if drives and words[1] == "worker" and "--drive" not in words:
                continue
            if _database_of(words, folder) == url:
                found.append(int(folder.name))
        except OSError:
            continue  # ended meanwhile, or another user's
    return found


def _database_of(words: list[str], folder: Path) -> Optional[str]:
    """The database of a process: from its arguments, its variables or its settings file, as the program reads them."""
    directory = (folder / "cwd").readlink()
    url = _option(words, "--database-url")
    if url is None:
        texts = (folder / "environ").read_bytes().decode("utf-8", "surrogateescape").split("\0")
        variables = dict(text.split("=", 1) for text in texts if "=" in text)
        environment = _option(words, "--environment") or variables.get("MLOPS_ENVIRONMENT") or "development"
        file = str(directory / (_option(words, "--config") or CONFIG_FILE))
        status, body = native().load_config(file, environment, variables, {})
        url = _json.loads(body)["config"]["database"]["url"] if status < 400 else None
    prefix = "sqlite:///"
    if url is not None and url.startswith(prefix):
        return prefix + str(directory / url[len(prefix) :])
    return url


def _option(words: list[str], name: str) -> Optional[str]:
    for index, word in enumerate(words):
        if word.startswith(name + "="):
            return word[len(name) + 1 :]
        if word == name and index + 1 < len(words):
            return words[index + 1]
    return None


def _start(transport: EmbeddedTransport) -> None:
    log = _log_file(transport.url)
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [str(find_program()), "worker", "--drive", "--config", transport.config_path]
    if transport.artifact_root:
        command += ["--artifact-root", transport.artifact_root]
    with log.open("ab") as output:
        # The shell ends at once, so the driver is nobody's child here and leaves no zombie. The address may hold a
        # password: everybody can read a process's arguments, only its user its variables.
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            check=False,
            cwd="/",
            env={**os.environ, "MLOPS_DATABASE_URL": transport.url},
        )
    _log.info("driver_started", log=str(log))


def _log_file(url: str) -> Path:
    if url.startswith("sqlite:///"):
        return Path(url[len("sqlite:///") :].split("?", 1)[0] + ".driver.log")
    return cache_folder().parent / "driver.log"


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork_in_child)
