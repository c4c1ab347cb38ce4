# SPDX-License-Identifier: MIT
"""Calls a program's own functions for alerts."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Optional

from ._json import format_time
from ._log import logger
from ._records import utc_now
from ._transport import Request, Transport, target
from .errors import MLOpsError

if TYPE_CHECKING:
    from .monitoring import Alert

_log = logger("mlops.monitoring")
_LOOK_SECONDS = 1.0
_CALL_SECONDS = 10.0
_STOP_SECONDS = 10.0
_SEEN_MAX = 10_000
_EARLIER_SECONDS = 10.0  # alerts raised this long before the start are still told


class AlertHost:
    """Looks for new alerts and calls the handlers of their channels, one after the other, on a daemon thread."""

    def __init__(
        self, transport: Transport, handlers: dict[str, Callable[..., Any]], alert_of: Callable[[Any], Alert]
    ) -> None:
        self._transport = transport
        self._handlers = handlers
        self._alert_of = alert_of
        self._stop = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._seen: dict[str, str] = {}  # alert -> severity last told
        self._since = utc_now().timestamp() - _EARLIER_SECONDS

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Without handlers there is nothing to call, and nothing is asked."""
        self._thread = threading.Thread(target=self._run, name="mlops-alerts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        unreachable = False
        while not self._stop.wait(_LOOK_SECONDS):
            if not self._handlers:
                continue
            try:
                self._look()
                unreachable = False
            except MLOpsError as error:
                if not unreachable:
                    _log.warning("alerts_not_readable", reason=str(error))
                unreachable = True

    def _get(self, path: str) -> Any:
        return self._transport.send(Request("GET", path, {}, b"", None, _CALL_SECONDS)).json()

    def _look(self) -> None:
        rows = self._get(target("/api/v1/alerts", is_resolved=False, limit=1000))["items"]
        new = [row for row in rows if self._seen.get(row["alert_id"]) != row["severity"]]
        if not new:
            return
        thresholds = self._get(target("/api/v1/thresholds", limit=1000))["items"]
        channels = {one["threshold_id"]: one.get("alert_channels", []) for one in thresholds}
        for row in reversed(new):  # oldest first
            self._seen[row["alert_id"]] = row["severity"]
            alert = self._alert_of(row)
            if alert.created_at.timestamp() >= self._since:
                for channel in channels.get(alert.threshold_id, []):
                    if channel in self._handlers and not self._stop.is_set():
                        self._call(channel, alert)
        while len(self._seen) > _SEEN_MAX:
            self._seen.pop(next(iter(self._seen)))

    def _call(self, channel: str, alert: Alert) -> None:
        started = time.monotonic()
        try:
            result = self._handlers[channel](alert)
            if inspect.isawaitable(result):
                asyncio.run(_wait_for(result))
        except Exception as error:
            _log.error("alert_handler_failed", channel=channel, alert_id=alert.alert_id, reason=repr(error))
            return
        _log.info(
            "alert_handled",
            channel=channel,
            alert_id=alert.alert_id,
            at=format_time(utc_now()),
            milliseconds=round(1000 * (time.monotonic() - started)),
        )


async def _wait_for(result: Any) -> None:
    await result
