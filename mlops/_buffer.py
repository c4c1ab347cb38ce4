# SPDX-License-Identifier: MIT
"""Points that are accepted now and committed within 20 ms.

One bounded buffer and one background thread per database and kind of point. `add` waits while the buffer is full;
`flush` returns after the commit of everything added before it, and what failed raises in the next call. A batch that is
refused for its content is split until only what is at fault is left out.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from typing import Any, Callable, Optional

from . import _embedded as _embedded  # its hooks for fork and exit must run after ours
from . import _exit
from ._log import logger
from ._transport import Request, Transport
from .errors import (
    DeadlineExceeded,
    InternalError,
    InvalidArgument,
    MLOpsError,
    NotFound,
    TooLarge,
    Unprocessable,
    Unsupported,
)

CAPACITY = 65_536  # points
_GATHER_SECONDS = 0.004  # lets a group form; the rest of the 20 ms is the commit's
BATCH_POINTS = 16_384  # committed together unless a buffer says otherwise
_COMMIT_SECONDS = 60.0
_FORK_SECONDS = 8.0  # that a fork, or the end of a forked worker, waits
_POSTS_MAX = 256  # that look for what is at fault in one batch; a hundred bad ones among thousands are found
_ERRORS_KEPT = 20  # until somebody is told; further ones are counted
# Of the content of a batch: its other entries may be good.
_CONTENT = (InvalidArgument, NotFound, TooLarge, Unprocessable, Unsupported, InternalError)

_log = logger("mlops.buffer")

# (what the points belong to, how many they are, what the encoder needs)
Entry = tuple[str, int, Any]
Encoder = Callable[[Sequence[Entry]], bytes]

_all: weakref.WeakSet[Buffer] = weakref.WeakSet()


class Buffer:
    """Thread-safe; forked children start with an empty one."""

    def __init__(
        self,
        transport: Transport,
        target: str,
        encode: Encoder,
        batch_points: int = BATCH_POINTS,
        after_commit: Optional[Callable[[], None]] = None,
    ) -> None:
        self._transport = transport
        self._target = target
        self._encode = encode
        self._batch_points = batch_points
        self._after_commit = after_commit
        self._reset()
        _all.add(self)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)  # something to commit
        self._room = threading.Condition(self._lock)  # something was committed
        self._entries: list[Entry] = []
        self._points = 0  # waiting or being committed
        self._added = 0  # entries ever
        self._done = 0  # entries ever committed or failed
        self._idle = True
        self._hurry = False
        self._errors: list[MLOpsError] = []
        self._errors_more = 0
        self._thread: Optional[threading.Thread] = None

    def try_add(self, entry: Entry) -> bool:
        """False: the buffer is full, and nothing was added. Raises what earlier commits left behind. An entry without
        points is nothing to commit.
        """
        with self._lock:
            if self._errors:
                self._raise()
            return self._take_in(entry)

    def add_quietly(self, entry: Entry) -> bool:
        """As `try_add`, for a thread of our own: failures are left to be raised to the user."""
        with self._lock:
            return self._take_in(entry)

    def _take_in(self, entry: Entry) -> bool:
        """With the lock held."""
        if entry[1] == 0:
            return True
        if self._points >= CAPACITY:
            return False
        self._entries.append(entry)
        self._points += entry[1]
        self._added += 1
        if self._idle:
            self._wake()
        return True

    @property
    def database(self) -> str:
        return self._transport.url.split("@")[-1]

    def wait_for_room(self, seconds: float = _COMMIT_SECONDS) -> None:
        """Returns when there may be room, or when the time is over."""
        end = time.monotonic() + seconds
        with self._lock:
            while self._points >= CAPACITY and not self._errors:
                self._hurry = True
                left = end - time.monotonic()
                if left <= 0:
                    return
                self._room.wait(min(left, 1.0))

    def add(self, entry: Entry) -> None:
        while not self.try_add(entry):
            self.wait_for_room()

    @property
    def empty(self) -> bool:
        return self._done == self._added and not self._errors

    @property
    def mark(self) -> int:
        """What was added so far, as a goal for `settle`."""
        return self._added

    def flush(self, seconds: float = _COMMIT_SECONDS) -> None:
        """Returns when everything added so far is committed; raises what failed."""
        left = self.settle(seconds)
        if left:
            raise DeadlineExceeded(f"{left} calls are still uncommitted after {seconds:.3g} s")
        self.check()

    def settle(self, seconds: float, goal: Optional[int] = None) -> int:
        """Waits until what was added so far, or up to the mark, is committed or has failed, and leaves the failures to
        be raised. How much is still under way: 0 unless the time was over.
        """
        end = time.monotonic() + seconds
        with self._lock:
            if goal is None:
                goal = self._added
            while self._done < goal:
                self._hurry = True
                if self._idle:
                    self._wake()
                left = end - time.monotonic()
                if left <= 0:
                    return goal - self._done
                self._room.wait(min(left, 1.0))
            return 0

    def check(self) -> None:
        """Raises what failed."""
        with self._lock:
            if self._errors:
                self._raise()

    def _raise(self) -> None:
        """One error that names all: of the kind of the first."""
        errors, self._errors = self._errors, []
        more, self._errors_more = self._errors_more, 0
        words = list(dict.fromkeys(error.message for error in errors))
        if more:
            words.append(f"and {more} more failures")
        errors[0].message = "; ".join(words)
        raise errors[0]

    def _keep(self, errors: list[MLOpsError]) -> None:
        """With the lock held."""
        room = max(0, _ERRORS_KEPT - len(self._errors))
        self._errors.extend(errors[:room])
        self._errors_more += len(errors[room:])

    def _wake(self) -> None:
        """With the lock held: makes the thread look."""
        self._idle = False
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="mlops-buffer", daemon=True)
            self._thread.start()
        self._work.notify()

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._entries:
                    self._idle = True
                    self._work.wait()
                hurry = self._hurry
            if not hurry:
                time.sleep(_GATHER_SECONDS)
            with self._lock:
                batch, points = self._take()
                self._hurry = False
            errors = self._commit(batch)
            with self._lock:
                self._done += len(batch)
                self._points -= points
                self._keep(errors)
                self._room.notify_all()
            if self._after_commit is not None:
                self._after_commit()

    def _take(self) -> tuple[list[Entry], int]:
        points = 0
        for index, entry in enumerate(self._entries):
            points += entry[1]
            if points >= self._batch_points:
                batch, self._entries = self._entries[: index + 1], self._entries[index + 1 :]
                return batch, points
        batch, self._entries = self._entries, []
        return batch, points

    def _commit(self, batch: list[Entry]) -> list[MLOpsError]:
        """Commits all in one. What is refused for its content is split, by owner and then by entry, until only what
        is at fault is left out.
        """
        end = time.monotonic() + _COMMIT_SECONDS
        owners: dict[str, list[Entry]] = {}
        for entry in batch:
            owners.setdefault(entry[0], []).append(entry)
        todo = [list(owners.values())]
        failed: list[MLOpsError] = []
        posts = 0
        while todo:
            parts = todo.pop()
            error = self._post([entry for part in parts for entry in part], end)
            posts += 1
            if error is None:
                continue
            if len(parts) == 1 and not isinstance(error, NotFound):  # an owner that is gone is so for all its entries
                parts = [[entry] for entry in parts[0]]
            if len(parts) == 1 or posts + len(todo) >= _POSTS_MAX or not isinstance(error, _CONTENT):
                failed.append(self._failed([entry for part in parts for entry in part], error))
                continue
            middle = len(parts) // 2
            todo += [parts[middle:], parts[:middle]]  # the earlier ones are committed first
        return failed

    def _failed(self, batch: list[Entry], error: MLOpsError) -> MLOpsError:
        points = sum(entry[1] for entry in batch)
        _log.error("commit_failed", owner=batch[0][0], points=points, reason=str(error))
        error.message = f"{points} points could not be committed: {error.message}"
        return error

    def _post(self, batch: list[Entry], end: float) -> Optional[MLOpsError]:
        left = end - time.monotonic()
        if left <= 0:
            return DeadlineExceeded(f"they were not committed within {_COMMIT_SECONDS:g} s")
        try:
            headers = {"content-type": "application/json"}
            body = self._encode(batch)
            self._transport.send(Request("POST", self._target, headers, body, None, left)).check()
        except MLOpsError as error:
            return error
        except Exception as error:
            return InternalError(f"{type(error).__name__}: {error}")
        return None


_shared_lock = threading.Lock()
_shared: weakref.WeakKeyDictionary[Transport, dict[str, Buffer]] = weakref.WeakKeyDictionary()


def buffer_of(
    transport: Transport,
    target: str,
    encode: Encoder,
    batch_points: int = BATCH_POINTS,
    after_commit: Optional[Callable[[], None]] = None,
) -> Buffer:
    """The buffer of that kind of point, shared by all services of the process on that database."""
    with _shared_lock:
        kinds = _shared.setdefault(transport, {})
        if target not in kinds:
            kinds[target] = Buffer(transport, target, encode, batch_points, after_commit)
        return kinds[target]


def flush_all(seconds: float = _FORK_SECONDS) -> None:
    """Commits what every buffer of this process holds, all at once within the time; what fails is logged."""
    for buffer, waiting in _settle_all(seconds):
        if waiting:
            _log.error("flush_failed", database=buffer.database, uncommitted=waiting, seconds=round(seconds, 3))
        try:
            buffer.check()
        except MLOpsError as error:
            _log.error("flush_failed", database=buffer.database, reason=str(error))


def _settle_all(seconds: float) -> list[tuple[Buffer, int]]:
    """Each buffer with what it could not commit in the time."""
    end = time.monotonic() + seconds
    buffers = list(_all)
    for buffer in buffers:  # each has a thread of its own: they commit side by side
        buffer.settle(0)
    return [(buffer, buffer.settle(max(0.0, end - time.monotonic()))) for buffer in buffers]


def _at_exit() -> None:
    flush_all(_exit.seconds_left())


def _before_fork() -> None:
    """Nothing may be half committed in a child. What failed raises in the parent's next call."""
    for buffer, waiting in _settle_all(_FORK_SECONDS):
        if waiting:
            _log.warning("fork_with_uncommitted_points", database=buffer.database)


def _after_fork_in_child() -> None:
    global _shared_lock
    _shared_lock = threading.Lock()
    for buffer in list(_all):
        buffer._reset()
    _flush_at_the_end_of_a_worker()


def _flush_at_the_end_of_a_worker() -> None:
    """A forked worker of multiprocessing ends with os._exit, which runs no atexit: its own finalizers it does run."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        # Called by the worker once it has forgotten its parent's finalizers.
        util.register_after_fork(flush_all, lambda flush: util.Finalize(None, flush, exitpriority=10))


os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
