# SPDX-License-Identifier: MIT
"""A few threads that never hold up the end of the program, as those of `concurrent.futures` do."""

from __future__ import annotations

import collections
import threading
from typing import Callable


class DaemonPool:
    """Runs work in the order it was given, on at most `size` threads, each started when it is needed. Thread-safe. What
    the work raises is its own affair: it must not.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._given = threading.Condition()
        self._work: collections.deque[Callable[[], None]] = collections.deque()
        self._threads = 0
        self._idle = 0

    def submit(self, work: Callable[[], None]) -> None:
        with self._given:
            self._work.append(work)
            if len(self._work) <= self._idle or self._threads >= self._size:
                self._given.notify()
                return
            self._threads += 1
        threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._given:
                while not self._work:
                    self._idle += 1
                    self._given.wait()
                    self._idle -= 1
                work = self._work.popleft()
            work()
