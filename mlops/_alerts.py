# SPDX-License-Identifier: MIT
"""Calls a program's own functions for alerts."""

from __future__ import annotations

import asyncio
import collections
import inspect
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Optional

from ._json import format_time
from ._log import logger
from ._records import utc_now
from ._transport import Request, Transport, target
from .errors import MLOpsError, NotFound

if TYPE_CHECKING:
    from .monitoring import Alert

_log = logger("mlops.monitoring")
_LOOK_SECONDS = 1.0
_CALL_SECONDS = 10.0
_STOP_SECONDS = 10.0
_HANDLER_SECONDS = 30.0  # a function may take that long; then the next alert no longer waits for it
_HUNG_MAX = 3  # calls of one channel that hang; with more of them its alerts wait
_WAITING_MAX = 1000  # alerts of one channel; the oldest gives way
_PAGE = 1000
_PAGES_MAX = 20  # of open alerts, looked at together
_EARLIER_SECONDS = 10.0  # alerts raised this long before the start are still told

Handler = Callable[..., Any]


class Channel:
    """The function of one channel and its alerts, called one after the other on a daemon thread of its own: one that
    hangs or fails holds up no other channel.
    """

    def __init__(self, name: str, handler: Handler) -> None:
        self._name = name
        self._handler = handler
        self._given = threading.Condition()
        self._waiting: collections.deque[Alert] = collections.deque()
        self._stopping = False
        self._caller: Optional[threading.Thread] = None
        self._hung: list[threading.Thread] = []
        self._calling_since: Optional[float] = None

    def tell(self, alert: Alert) -> None:
        with self._given:
            if len(self._waiting) >= _WAITING_MAX:
                lost = self._waiting.popleft()
                _log.error("alert_not_told", channel=self._name, alert_id=lost.alert_id, reason="too many wait")
            self._waiting.append(alert)
            if self._caller is None:
                self._start()
            self._given.notify()

    def tend(self) -> None:
        """Gives up waiting for a call that takes too long."""
        with self._given:
            self._hung = [thread for thread in self._hung if thread.is_alive()]
            since = self._calling_since
            if since is None or time.monotonic() - since < _HANDLER_SECONDS or len(self._hung) >= _HUNG_MAX:
                return
            _log.error("alert_handler_hangs", channel=self._name, seconds=_HANDLER_SECONDS)
            if self._caller is not None:
                self._hung.append(self._caller)
            self._calling_since = None
            self._start()

    def ask_to_stop(self) -> None:
        with self._given:
            self._stopping = True
            self._waiting.clear()
            self._given.notify_all()

    def join(self, seconds: float) -> None:
        """Waits for the call that runs."""
        caller = self._caller
        if caller is not None and caller is not threading.current_thread():
            caller.join(seconds)

    def _start(self) -> None:
        """With the lock held."""
        self._caller = threading.Thread(target=self._run, name=f"mlops-alerts-{self._name}", daemon=True)
        self._caller.start()

    def _run(self) -> None:
        me = threading.current_thread()
        while True:
            with self._given:
                while not self._waiting and not self._stopping and self._caller is me:
                    self._given.wait()
                if self._stopping or self._caller is not me:  # another has taken over
                    return
                alert = self._waiting.popleft()
                self._calling_since = time.monotonic()
            self._call(alert)
            with self._given:
                if self._caller is me:
                    self._calling_since = None

    def _call(self, alert: Alert) -> None:
        started = time.monotonic()
        try:
            result = self._handler(alert)
            if inspect.isawaitable(result):
                asyncio.run(_wait_for(result))
        except BaseException as error:  # sys.exit() of a function must end no thread of ours
            _log.error("alert_handler_failed", channel=self._name, alert_id=alert.alert_id, reason=repr(error))
            return
        _log.info(
            "alert_handled",
            channel=self._name,
            alert_id=alert.alert_id,
            at=format_time(utc_now()),
            milliseconds=round(1000 * (time.monotonic() - started)),
        )


async def _wait_for(result: Any) -> None:
    await asyncio.wait_for(result, _HANDLER_SECONDS)


class AlertHost:
    """Looks for new alerts on a daemon thread and hands them to the channels their thresholds name."""

    def __init__(self, transport: Transport, handlers: dict[str, Handler], alert_of: Callable[[Any], Alert]) -> None:
        self._transport = transport
        self._channels = {name: Channel(name, handler) for name, handler in handlers.items()}
        self._alert_of = alert_of
        self._stop = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._seen: dict[str, str] = {}  # open alert -> severity last told
        self._since = utc_now().timestamp() - _EARLIER_SECONDS

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Without handlers there is nothing to call, and nothing is asked."""
        self._thread = threading.Thread(target=self._run, name="mlops-alerts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Waits for the calls that run, within one time for all."""
        end = time.monotonic() + _STOP_SECONDS
        self._stop.set()
        for channel in self._channels.values():
            channel.ask_to_stop()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_STOP_SECONDS)
        for channel in self._channels.values():
            channel.join(max(0.0, end - time.monotonic()))

    def _run(self) -> None:
        away = False
        while not self._stop.wait(_LOOK_SECONDS):
            if not self._channels:
                continue
            for channel in self._channels.values():
                channel.tend()
            try:
                self._look()
                away = False
            except Exception as error:  # whatever it is, the next look may succeed
                if not away:
                    reason = str(error) if isinstance(error, MLOpsError) else repr(error)
                    _log.warning("alerts_not_readable", reason=reason)
                away = True

    def _get(self, path: str) -> Any:
        return self._transport.send(Request("GET", path, {}, b"", None, _CALL_SECONDS)).json()

    def _open_alerts(self) -> list[dict[str, Any]]:
        """Newest first."""
        rows: list[dict[str, Any]] = []
        token: Optional[str] = None
        for _ in range(_PAGES_MAX):
            page = self._get(target("/api/v1/alerts", is_resolved=False, limit=_PAGE, page_token=token))
            rows.extend(page["items"])
            token = page.get("next_page_token")
            if not token:
                break
        return rows

    def _look(self) -> None:
        rows = self._open_alerts()
        new = [row for row in rows if self._seen.get(row["alert_id"]) != row["severity"]]
        channels: dict[str, list[str]] = {}
        for row in reversed(new):  # oldest first
            alert = self._alert_of(row)
            if alert.created_at.timestamp() >= self._since:
                if alert.threshold_id not in channels:
                    channels[alert.threshold_id] = self._channels_of(alert.threshold_id)
                for name in channels[alert.threshold_id]:
                    if name in self._channels and not self._stop.is_set():
                        self._channels[name].tell(alert)
            self._seen[row["alert_id"]] = row["severity"]
        self._seen = {row["alert_id"]: row["severity"] for row in rows}

    def _channels_of(self, threshold_id: str) -> list[str]:
        try:
            threshold = self._get(target("/api/v1/thresholds/{}", threshold_id))
        except NotFound:  # deleted meanwhile
            return []
        return list(dict.fromkeys(threshold.get("alert_channels", [])))
