# SPDX-License-Identifier: MIT
"""Runs jobs that need this program's own Python functions: claims them, keeps them by heartbeats, answers them."""

from __future__ import annotations

import atexit
import ctypes
import os
import socket
import threading
import time
import traceback
import uuid
from typing import Any, Callable, Optional

from . import _exit, _json
from ._log import logger
from ._transport import Request, Transport, target
from .errors import Conflict, MLOpsError, NotFound

LEASE_SECONDS = 30
_BEAT_SECONDS = 8.0
_LOOK_SECONDS = 1.0  # between two looks whether a job was cancelled
_IDLE_SECONDS = 0.3  # between two looks for a job
_AWAY_SECONDS = 5.0  # after the database could not be reached
_HOST_BEAT_SECONDS = 10.0
_CALL_SECONDS = 30.0
_STOP_SECONDS = 5.0
_FAREWELL_SECONDS = 2.0
_EXIT_SECONDS = 1.0  # for each of the two at the end of the program: points are committed after it
_log = logger("mlops.hosting")

# Does the job and returns its result; raising fails it.
Work = Callable[["JobInHand"], Any]


class JobCancelled(BaseException):
    """Raised inside a function whose job was cancelled or lost, at its next line of Python: no `except Exception` of its
    own keeps it going.
    """


class JobInHand:
    """A claimed job. `cancelled` is set when it was cancelled or lost; work that waits looks at it."""

    def __init__(self, host: JobHost, job: dict[str, Any], token: int) -> None:
        self._host = host
        self.job_id = str(job["job_id"])
        self.payload: dict[str, Any] = job.get("payload") or {}
        self.token = token
        self.cancelled = threading.Event()
        self._lock = threading.Lock()
        self._worker: Optional[int] = None  # the thread inside the function

    def run(self, work: Work) -> Any:
        """The work's result. `JobCancelled` where it was cancelled meanwhile."""
        with self._lock:
            self._worker = threading.get_ident()
        try:
            if self.cancelled.is_set():
                raise JobCancelled
            return work(self)
        finally:
            with self._lock:
                worker, self._worker = self._worker, None
                _raise_in(worker, None)  # what was not raised yet is not wanted any more

    def cancel(self) -> None:
        """Tells the function, once."""
        with self._lock:
            if not self.cancelled.is_set():
                self.cancelled.set()
                _raise_in(self._worker, JobCancelled)

    @property
    def transport(self) -> Transport:
        return self._host.transport

    def log(self, *lines: str) -> None:
        self._host.tell(self, "logs", lines=list(lines))


def _raise_in(thread: Optional[int], error: Optional[type[BaseException]]) -> None:
    if thread is not None:
        kind = None if error is None else ctypes.py_object(error)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind)


class JobHost:
    """One daemon thread per process and database, started with the first function."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._lock = threading.Lock()
        self._work: dict[str, Work] = {}
        self._thread: Optional[threading.Thread] = None
        self._pid = 0
        self._host_id = ""
        self._announced: list[str] = []
        self._stop = threading.Event()

    def stop(self, patience: float = _STOP_SECONDS, farewell: float = _FAREWELL_SECONDS) -> None:
        """Finishes the job in hand, and says that nothing is hosted here any more: nobody waits for it then."""
        self._stop.set()
        if self._thread is None or self._pid != os.getpid():
            return
        self._thread.join(patience)
        if not self._announced:
            return
        self._announced = []
        try:
            self._send("DELETE", target("/api/v1/job-hosts/{}", self._host_id), None, farewell)
        except MLOpsError as error:  # it is forgotten once it has been silent for a minute
            _log.warning("host_not_removed", reason=str(error))

    def renew_lock(self) -> None:
        """In a forked child: a thread that is not there may have held it."""
        self._lock = threading.Lock()

    def serve(self, kind: str, work: Work) -> None:
        """Jobs of that kind are done by `work` from now on."""
        _stop_at_exit()
        with self._lock:
            self._work[kind] = work
            if self._thread is None or self._pid != os.getpid():
                self._pid = os.getpid()
                self._host_id = uuid.uuid4().hex
                self._announced = []
                self._stop = threading.Event()
                self._thread = threading.Thread(target=self._run, name="mlops-host", daemon=True)
                self._thread.start()

    def _send(self, method: str, path: str, body: Optional[dict[str, Any]], seconds: float = _CALL_SECONDS) -> Any:
        headers = {} if body is None else {"content-type": "application/json"}
        request = Request(method, path, headers, b"" if body is None else _json.dumps(body), None, seconds)
        return self.transport.send(request).json()

    def tell(self, job: JobInHand, what: str, **body: Any) -> Any:
        return self._send("POST", target("/api/v1/jobs/{}/" + what, job.job_id), {"token": job.token, **body})

    def _run(self) -> None:
        away = False
        while not self._stop.is_set():
            try:
                self._announce()
                done = self._once()
                away = False
            except MLOpsError as error:
                if not away:
                    _log.warning("jobs_not_reachable", reason=str(error))
                away, done = True, False
            except Exception as error:  # the thread must outlive a bug in one job
                _log.error("host_failed", reason=repr(error))
                done = False
            if not done:
                self._stop.wait(_AWAY_SECONDS if away else _IDLE_SECONDS)

    def _announce(self) -> None:
        kinds = sorted(self._work)
        if kinds != self._announced:
            body = {"name": f"{socket.gethostname()}:{os.getpid()}", "pid": os.getpid(), "kinds": kinds}
            self._send("PUT", target("/api/v1/job-hosts/{}", self._host_id), body)
            self._announced = kinds
            beat = threading.Thread(target=self._beat_host, args=(self._host_id, kinds), daemon=True)
            beat.start()

    def _beat_host(self, host_id: str, kinds: list[str]) -> None:
        while self._host_id == host_id and self._announced == kinds and not self._stop.wait(_HOST_BEAT_SECONDS):
            try:
                self._send("POST", target("/api/v1/job-hosts/{}/heartbeat", host_id), {})
            except NotFound:
                self._announced = []
                return
            except MLOpsError:
                continue

    def _once(self) -> bool:
        """Does one job; False if there was none."""
        body = {"worker": self._host_id, "kinds": self._announced, "lease_seconds": LEASE_SECONDS}
        claimed = self._send("POST", "/api/v1/jobs/claim", body).get("claimed")
        if not claimed:
            return False
        job = JobInHand(self, claimed["job"], int(claimed["token"]))
        beating = threading.Event()
        beat = threading.Thread(target=self._beat_job, args=(job, beating), daemon=True)
        beat.start()
        try:
            self._do(job, self._work[claimed["job"]["kind"]])
        finally:
            beating.set()
        return True

    def _do(self, job: JobInHand, work: Work) -> None:
        try:
            result = job.run(work)
        except JobCancelled:
            _log.info("job_cancelled", job_id=job.job_id)
            self._end(job, "fail", code="cancelled", message="the job was cancelled", retry=False)
            return
        except BaseException as error:  # sys.exit() of a function must not end the host
            code = error.code if isinstance(error, MLOpsError) else "invalid"
            place = "".join(traceback.format_exception_only(type(error), error)).strip()
            _log.warning("job_failed", job_id=job.job_id, reason=place)
            self._end(job, "fail", code=code, message=place[:2000], retry=False)
            return
        self._end(job, "complete", result=result)

    def _end(self, job: JobInHand, what: str, **body: Any) -> None:
        try:
            self.tell(job, what, **body)
        except (Conflict, NotFound) as error:  # cancelled, or claimed by another after a pause of ours
            _log.warning("job_lost", job_id=job.job_id, reason=str(error))

    def _beat_job(self, job: JobInHand, ended: threading.Event) -> None:
        """Keeps the lease, and looks every second whether the job was cancelled."""
        beat_at = time.monotonic() + _BEAT_SECONDS
        while not ended.wait(_LOOK_SECONDS):
            try:
                if time.monotonic() >= beat_at:
                    beat_at = time.monotonic() + _BEAT_SECONDS
                    answer = self.tell(job, "heartbeat", lease_seconds=LEASE_SECONDS)
                    wanted = not answer.get("cancel_requested")
                else:
                    answer = self._look_at(job)
                    wanted = answer["state"] == "running" and not answer.get("cancel_requested_at")
                if not wanted:
                    job.cancel()
            except (Conflict, NotFound):
                job.cancel()
                return
            except MLOpsError:
                continue

    def _look_at(self, job: JobInHand) -> Any:
        path = target("/api/v1/jobs/{}", job.job_id)
        return self.transport.send(Request("GET", path, {}, b"", None, _CALL_SECONDS)).json()


_hosts_lock = threading.Lock()
_hosts: dict[Transport, JobHost] = {}


def forget_all() -> None:
    """Ends the hosts of this process: they finish the job in hand and claim no other."""
    with _hosts_lock:
        hosts = list(_hosts.values())
        _hosts.clear()
    for host in hosts:
        host.stop()


_hooked = False


def _at_exit() -> None:
    for host in list(_hosts.values()):
        host.stop(min(_EXIT_SECONDS, _exit.seconds_left()), min(_EXIT_SECONDS, _exit.seconds_left()))


def _stop_at_exit() -> None:
    """Registered with the first function: after what closes the databases, and so run before it."""
    global _hooked
    with _hosts_lock:
        if not _hooked:
            atexit.register(_at_exit)
            _hooked = True


def host_of(transport: Transport) -> JobHost:
    """The host of this process on that database."""
    with _hosts_lock:
        if transport not in _hosts:
            _hosts[transport] = JobHost(transport)
        return _hosts[transport]


def _after_fork_in_child() -> None:
    global _hosts_lock
    _hosts_lock = threading.Lock()
    for host in _hosts.values():
        host.renew_lock()


os.register_at_fork(after_in_child=_after_fork_in_child)
