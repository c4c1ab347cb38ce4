# SPDX-License-Identifier: MIT
"""The way to the route table: in this process or over HTTP, behind one interface.

A service is given a `database_url`; `connect` gives the transport for it. Transports are shared by all services of a
process on the same database. Everything here is thread-safe.
"""

from __future__ import annotations

import abc
import contextlib
import contextvars
import functools
import os
import threading
import time
from collections.abc import Coroutine, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, TypeVar, Union
from urllib.parse import quote, urlencode, urlsplit

from . import _json
from .errors import DeadlineExceeded, InvalidArgument, MLOpsError, error_from

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    P = ParamSpec("P")
T = TypeVar("T")
Body = Union[bytes, Path]
# Seconds a call may take when nobody says otherwise.
TIMEOUT_DEFAULT = 60.0
# What a call is given past its time, for the answer that says so.
ANSWER_SECONDS = 0.25

_timeout: contextvars.ContextVar[Optional[float]] = contextvars.ContextVar("mlops_timeout", default=None)
# Of the call under way, where a time-out was chosen: when it must end.
_end: contextvars.ContextVar[Optional[float]] = contextvars.ContextVar("mlops_end", default=None)


@contextlib.contextmanager
def timeout(seconds: float) -> Iterator[None]:
    """Calls made inside take at most that long each, all they do included, or raise `DeadlineExceeded`."""
    if not seconds > 0:
        raise InvalidArgument(f"timeout is {seconds}; it must be more than 0 seconds", field="timeout")
    token = _timeout.set(seconds)
    try:
        yield
    finally:
        _timeout.reset(token)


def timed(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The method with one deadline over all it does, where `timeout` chose one."""

    @functools.wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        seconds = _timeout.get()
        if seconds is None or _end.get() is not None:
            return await method(*args, **kwargs)
        token = _end.set(time.monotonic() + seconds)
        try:
            return await method(*args, **kwargs)
        finally:
            _end.reset(token)

    return call


def current_timeout(default: float = TIMEOUT_DEFAULT) -> float:
    """Seconds that are left to the call under way; `DeadlineExceeded` if none are."""
    end = _end.get()
    if end is None:
        chosen = _timeout.get()
        return default if chosen is None else chosen
    left = end - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded(f"the call took longer than the {_timeout.get():g} s it was given")
    return left


class Request(NamedTuple):
    """One call. `body` is JSON bytes or, for uploads, bytes or a file; `sink` is a file the answer streams into."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: Body
    sink: Optional[Path]
    seconds: float


class Reply(NamedTuple):
    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        """The document of the answer, or its error raised."""
        self.check()
        return _json.loads(self.body) if self.body else {}

    def check(self) -> Reply:
        if self.status >= 400:
            raise error_of(self.status, self.body)
        return self


# Called once with the reply, on any thread.
Done = Callable[[Reply], None]
# Asks a call under way to stop.
Cancel = Callable[[], None]


class Transport(abc.ABC):
    """One database, reached one way."""

    url: str
    remote: bool

    @property
    def ready(self) -> bool:
        """Whether a call starts at once; if not, `open` makes it so, which may take a while."""
        return True

    def open(self) -> None:  # noqa: B027 - most transports have nothing to do
        """Reaches the database."""

    @abc.abstractmethod
    def send(self, request: Request) -> Reply:
        """The answer, on this thread. Raises only where no answer came."""

    @abc.abstractmethod
    def submit(self, request: Request, done: Done) -> Cancel:
        """The answer to `done`, on another thread; what goes wrong on the way becomes a reply, too."""


def error_of(status: int, body: bytes) -> MLOpsError:
    """The error of an answer; also of one that is not from our server (a proxy's page)."""
    try:
        error = _json.loads(body)["error"]
        return error_from(
            error["code"], error["message"], field=error.get("field", ""), request_id=error.get("request_id", "")
        )
    except (ValueError, KeyError, TypeError):
        text = body[:200].decode("utf-8", "replace")
        code = "unavailable" if status in (502, 503, 504) else "internal"
        return error_from(code, f"the server answered {status}: {text}")


def error_reply(error: BaseException) -> Reply:
    """A reply that raises the error again where it is looked at."""
    code = error.code if isinstance(error, MLOpsError) else "internal"
    words = str(error) if isinstance(error, MLOpsError) else f"{type(error).__name__}: {error}"
    return Reply(599, _json.dumps({"error": {"code": code, "message": words}}), {})


def no_answer(request: Request) -> DeadlineExceeded:
    """No thread has come to it in its time, or what it waits for does not look at the clock."""
    return DeadlineExceeded(f"no answer came in {request.seconds:.3g} s")


def target(path: str, /, *parts: str, **query: Any) -> str:
    """A path with its `{}` filled and quoted, and a query of what is not None; lists repeat their name."""
    filled = path.format(*(quote(part, safe="") for part in parts))
    pairs = []
    for name, value in query.items():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if item is not None:
                pairs.append((name, str(item).lower() if isinstance(item, bool) else str(item)))
    return f"{filled}?{urlencode(pairs)}" if pairs else filled


def resolve_url(database_url: str) -> str:
    """The URL with a relative SQLite path made absolute, against the working directory of now."""
    if not isinstance(database_url, str) or not database_url:
        raise InvalidArgument(
            f"database_url is {database_url!r}; it must be sqlite:///…, postgresql://… or the URL of a server",
            field="database_url",
        )
    prefix = "sqlite:///"
    if database_url.startswith(prefix):
        path = database_url[len(prefix) :]
        if path and not path.startswith(":memory:"):
            return prefix + str(Path(path).absolute())
        return database_url
    scheme = urlsplit(database_url).scheme
    if scheme in ("http", "https"):
        return database_url.rstrip("/")
    if scheme in ("postgresql", "postgres"):
        return database_url
    raise InvalidArgument(
        f"database_url begins with '{scheme or database_url[:20]}'; allowed are sqlite:///, postgresql://, http:// "
        "and https://",
        field="database_url",
    )


_lock = threading.Lock()
_transports: dict[tuple[str, str], Transport] = {}


def connect(database_url: str) -> Transport:
    """The transport of a database, shared inside this process. Opens nothing yet."""
    url = resolve_url(database_url)
    key = os.environ.get("MLOPS_API_KEY", "") if url.startswith("http") else ""
    with _lock:
        found = _transports.get((url, key))
        if found is None:
            found = _make(url, key)
            _transports[(url, key)] = found
        return found


def _make(url: str, key: str) -> Transport:
    if url.startswith("http"):
        from ._remote import RemoteTransport

        return RemoteTransport(url, key)
    from ._embedded import EmbeddedTransport

    return EmbeddedTransport(url)


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork_in_child)
