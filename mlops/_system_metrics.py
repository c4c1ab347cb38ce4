# SPDX-License-Identifier: MIT
"""CPU and memory of the process that reports a model: within 10 s of the model's first value, then at an interval."""

from __future__ import annotations

import atexit
import os
import resource
import sys
import threading
import time
import uuid
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from . import _json
from ._log import logger
from ._records import utc_now
from .errors import MLOpsError

if TYPE_CHECKING:
    from ._buffer import Buffer
    from ._transport import Transport

_FIRST_SECONDS = 3.0
_STOP_SECONDS = 1.0  # it adds to a buffer and waits for nobody
_MODELS_MAX = 1000
_log = logger("mlops.monitoring")
_lock = threading.Lock()
_reporters: weakref.WeakKeyDictionary[Transport, SystemReporter] = weakref.WeakKeyDictionary()


def reporter_of(transport: Transport, buffer: Buffer) -> SystemReporter:
    """The reporter of this process on that database."""
    with _lock:
        found = _reporters.get(transport)
        if found is None:
            found = _reporters[transport] = SystemReporter(buffer)
        return found


def memory_mb() -> float:
    """Resident memory of this process now; where the system does not tell, its peak."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def stop_all() -> None:
    """Ends the reporters of this process; the next value of a model starts one again."""
    with _lock:
        reporters = list(_reporters.values())
        _reporters.clear()
    for reporter in reporters:
        reporter.ask_to_stop()
    for reporter in reporters:
        reporter.stop()


class SystemReporter:
    """Starts its thread with the first reported model. The thread ends with the process and holds nothing up."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._lock = threading.Lock()
        self._models: dict[str, str] = {}
        self._thread: Optional[threading.Thread] = None
        self._pid = os.getpid()
        self._interval: Optional[float] = None
        self._stop = threading.Event()

    def ask_to_stop(self) -> None:
        self._stop.set()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None and self._pid == os.getpid():
            self._thread.join(_STOP_SECONDS)

    def reported(self, model_id: str, model_version: str) -> None:
        """A value of the model was recorded here."""
        if self._models.get(model_id) == model_version and self._pid == os.getpid():
            return
        if self._pid != os.getpid():  # forked: the thread is not here
            self.__init__(self._buffer)  # type: ignore[misc]
        with self._lock:
            if len(self._models) < _MODELS_MAX:
                self._models[model_id] = model_version
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mlops-system", daemon=True)
                self._thread.start()

    def _seconds(self) -> float:
        if self._interval is None:
            try:
                from .config import get_config

                self._interval = float(get_config().monitoring.health_check_interval_seconds)
            except (MLOpsError, ImportError, OSError):
                self._interval = 30.0
        return self._interval

    def _run(self) -> None:
        last_wall, last_cpu = time.monotonic(), time.process_time()
        known: set[str] = set()
        due = 0.0
        while not self._stop.wait(_FIRST_SECONDS):
            new = set(self._models) - known
            if not new and time.monotonic() < due:
                continue
            wall, cpu = time.monotonic(), time.process_time()
            share = 100.0 * (cpu - last_cpu) / max(wall - last_wall, 1e-6)
            last_wall, last_cpu = wall, cpu
            known = set(self._models)
            due = wall + self._seconds()
            self._report(share)

    def _report(self, cpu_percent: float) -> None:
        now = _json.format_time(utc_now())
        for model_id, version in list(self._models.items()):
            for name, kind, value in (
                ("cpu_usage_percent", "cpu_usage", cpu_percent),
                ("memory_usage_mb", "memory_usage", memory_mb()),
            ):
                wire = {
                    "metric_id": uuid.uuid4().hex,
                    "model_id": model_id,
                    "model_version": version,
                    "metric_name": name,
                    "metric_type": kind,
                    "value": value,
                    "tags": {},
                    "timestamp": now,
                }
                if not self._buffer.add_quietly((model_id, 1, wire)):
                    _log.warning("system_metrics_not_recorded", model_id=model_id, reason="the buffer is full")
                    return


# Before the buffers' last flush, which nothing may add to any more.
atexit.register(stop_all)


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork_in_child)
