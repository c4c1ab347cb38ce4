# SPDX-License-Identifier: MIT
"""The core in this process.

SQLite must not be carried across fork(), so the core is closed before the fork and opened anew, on first use, by parent
and child: neither has threads or locks of the core at the moment of the fork.
"""

from __future__ import annotations

import atexit
import os
import queue
import threading
import time
import weakref
from pathlib import Path
from typing import Any, Optional

from . import _exit, _json
from ._log import logger
from ._native import native
from ._transport import ANSWER_SECONDS, Cancel, Done, Reply, Request, Transport, error_of, error_reply, no_answer
from .errors import Unavailable

_log = logger("mlops.database")
_FORK_PATIENCE_MS = 10_000  # that a fork waits for calls under way

CONFIG_FILE = "mlops_config.json"  # in the working directory of the moment a service is made

_all: weakref.WeakSet[EmbeddedTransport] = weakref.WeakSet()


class EmbeddedTransport(Transport):
    remote = False

    def __init__(self, url: str) -> None:
        self.url = url
        # Resolved now, for the core and for the driver alike: the program may change its directory later, and a
        # driver has another one.
        self.config_path = str(Path(CONFIG_FILE).absolute())
        self.artifact_root = "" if url.startswith("sqlite:") else str(Path("mlops_data/artifacts").absolute())
        self._lock = threading.Lock()
        self._core: Optional[Any] = None
        self._pid = os.getpid()
        self._lost: list[Any] = []  # cores of a parent that could not be closed; never touched
        _all.add(self)

    @property
    def ready(self) -> bool:
        return self._core is not None and self._pid == os.getpid()

    def open(self) -> None:
        self.core()

    def core(self) -> Any:
        """The core of this process, opened if need be."""
        core = self._core
        if core is not None and self._pid == os.getpid():
            return core
        with self._lock:
            if self._pid != os.getpid():  # a fork that Python did not see
                self._lost.append(self._core)
                self._core = None
                self._pid = os.getpid()
            if self._core is None:
                self._core = self._open()
            return self._core

    def send(self, request: Request) -> Reply:
        # Signals are handled on the main thread alone, and not while it is in the core.
        on_main = threading.current_thread() is threading.main_thread()
        for _ in range(2):
            core = self.core()
            reply = _call_on_thread(core, request) if on_main else Reply(*core.call(*_arguments(request)))
            if not self._closed(reply):
                break
        return reply

    def submit(self, request: Request, done: Done) -> Cancel:
        core = self.core()

        def answered(status: int, body: bytes, headers: dict[str, str]) -> None:
            reply = Reply(status, body, headers)
            if self._closed(reply):
                threading.Thread(target=self._again, args=(request, done), daemon=True).start()
            else:
                done(reply)

        number = core.submit(*_arguments(request), answered)
        return lambda: core.cancel(number)

    def _open(self) -> Any:
        _make_folder(self.url)
        options = {
            "database_url": self.url,
            "artifact_root": self.artifact_root,
            "config_path": self.config_path,
            "environment": "",
        }
        try:
            return native().Core(_json.dumps(options))
        except RuntimeError as error:
            raise error_of(503, str(error).encode()) from None

    def _again(self, request: Request, done: Done) -> None:
        try:
            reply = self.send(request)
        except BaseException as error:
            reply = error_reply(error)
        done(reply)

    def _closed(self, reply: Reply) -> bool:
        """Whether another thread closed the core for a fork between our taking it and our call."""
        return reply.status == 503 and self._core is None and b"closed" in reply.body

    def close(self, patience_ms: int) -> bool:
        """Ends the core; the next call opens it again. False: calls are still under way, or it is being opened."""
        end = time.monotonic() + patience_ms / 1000
        if not self._lock.acquire(timeout=max(0.0, patience_ms / 1000)):
            return False
        try:
            core, self._core = self._core, None
            if core is None or self._pid != os.getpid():
                return True
            if core.close(max(0, int(1000 * (end - time.monotonic())))):
                return True
            self._lost.append(core)
            return False
        finally:
            self._lock.release()

    def close_all(self, patience_ms: int) -> bool:
        """Ends the core, and those that had calls under way when they should have ended."""
        closed = [self.close(patience_ms)]
        closed += [core.close(0) for core in self._lost if core is not None]
        return all(closed)


def _call_on_thread(core: Any, request: Request) -> Reply:
    """The call on a thread of the core, while this one waits where Ctrl-C ends the wait."""
    replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
    number = core.submit(*_arguments(request), lambda *answer: replies.put(Reply(*answer)))
    try:
        return replies.get(timeout=request.seconds + ANSWER_SECONDS)
    except queue.Empty:
        core.cancel(number)
        raise no_answer(request) from None
    except BaseException:
        core.cancel(number)
        raise


def _arguments(request: Request) -> tuple[str, str, Any, bytes, str, str, int]:
    in_file = isinstance(request.body, Path)
    return (
        request.method,
        request.target,
        dict(request.headers),
        b"" if in_file else request.body,  # type: ignore[return-value]
        str(request.body) if in_file else "",
        "" if request.sink is None else str(request.sink),
        max(1, int(request.seconds * 1000)),
    )


def _make_folder(url: str) -> None:
    path = url[len("sqlite:///") :] if url.startswith("sqlite:///") else ""
    if path and not path.startswith(":memory:"):
        folder = Path(path.split("?", 1)[0]).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"the folder {folder} of the database cannot be made: {error}") from None


def _before_fork() -> None:
    for transport in list(_all):
        if not transport.close(_FORK_PATIENCE_MS):
            _log.warning("fork_with_calls_under_way", database=transport.url.split("@")[-1])


def _after_fork_in_child() -> None:
    for transport in list(_all):
        transport._lock = threading.Lock()
        transport._pid = os.getpid()


def _at_exit() -> None:
    """Closes the databases. Calls that hang are left behind: their threads never come back to an interpreter that is
    being taken apart.
    """
    closed = [transport.close_all(int(1000 * _exit.seconds_left())) for transport in list(_all)]
    if not all(closed):
        _log.warning("exit_with_calls_under_way", databases=closed.count(False))
        native().abandon()


os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
