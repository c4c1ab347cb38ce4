# SPDX-License-Identifier: MIT
"""What the services share. Their methods are coroutines written once over an `Io`: under asyncio a call goes to a pool
and the loop goes on; in `mlops.sync` the same coroutine runs to its end on the caller's thread, without any loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import math
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union

from . import _json
from ._transport import (
    ANSWER_SECONDS,
    Body,
    Cancel,
    Reply,
    Request,
    Transport,
    connect,
    current_timeout,
    error_reply,
    no_answer,
    timed,
)
from .errors import DeadlineExceeded, InvalidArgument

if TYPE_CHECKING:
    from ._buffer import Buffer, Entry

T = TypeVar("T")

# Uploads and downloads take as long as they take; this only bounds a peer that is gone.
STREAM_SECONDS = 3600.0
_SLICE_SECONDS = 0.25  # a wait on a helper thread looks that often whether it is still wanted


class Io:
    """How a coroutine of a service waits."""

    async def send(self, transport: Transport, request: Request) -> Reply:
        raise NotImplementedError

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Work that would hold up a loop: pickling, converting, drawing."""
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


class BlockingIo(Io):
    """Every wait happens on the caller's thread, so a coroutine over this never suspends."""

    async def send(self, transport: Transport, request: Request) -> Reply:
        return transport.send(request)

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        return function(*args)

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - there is no loop to hold up


class AsyncIo(Io):
    """Waits in whichever loop the coroutine runs; bound to none."""

    _helpers: Optional[ThreadPoolExecutor] = None

    async def send(self, transport: Transport, request: Request) -> Reply:
        loop = asyncio.get_running_loop()
        if not transport.ready:
            await self.run(transport.open)
        future: asyncio.Future[Reply] = loop.create_future()

        def settle(reply: Reply) -> None:
            if not future.done():
                future.set_result(reply)

        def give_up() -> None:
            settle(error_reply(no_answer(request)))
            cancel()

        def done(reply: Reply) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended and nobody waits
                loop.call_soon_threadsafe(settle, reply)

        cancel = self._start(transport, request, done)
        late = loop.call_later(request.seconds + ANSWER_SECONDS, give_up)
        try:
            return await future
        except asyncio.CancelledError:
            cancel()
            raise
        finally:
            late.cancel()

    @staticmethod
    def _start(transport: Transport, request: Request, done: Callable[[Reply], None]) -> Cancel:
        try:
            return transport.submit(request, done)
        except Exception as error:
            done(error_reply(error))
            return lambda: None

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(None, lambda: function(*args))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


BLOCKING = BlockingIo()
ASYNC = AsyncIo()


def run_blocking(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine that never suspends to its end."""
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    work.close()
    raise RuntimeError("a coroutine of mlops.sync tried to suspend")


class Service:
    """A service over one database."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Each public call has one deadline over all it does."""
        super().__init_subclass__(**kwargs)
        for name, method in list(vars(cls).items()):
            if not name.startswith("_") and inspect.iscoroutinefunction(method):
                setattr(cls, name, timed(method))

    def __init__(self, database_url: str) -> None:
        self._transport = connect(database_url)
        self._io: Io = ASYNC

    @property
    def database_url(self) -> str:
        """The database as it was resolved when this service was made."""
        return self._transport.url

    async def _add(self, buffer: Buffer, entry: Entry) -> None:
        """Accepts an entry, after waiting for room where there is none."""
        if buffer.try_add(entry):
            return
        end = time.monotonic() + current_timeout(math.inf)
        while not buffer.try_add(entry):
            left = end - time.monotonic()
            if left <= 0:
                raise DeadlineExceeded("the buffer stayed full for the time the call was given; the value is not taken")
            await self._io.run(buffer.wait_for_room, min(left, _SLICE_SECONDS))

    async def _flush(self, buffer: Buffer) -> None:
        """Returns after the commit of what the buffer holds; raises what failed. Waits in slices: a thread that waits
        ends soon after its call is cancelled.
        """
        if buffer.empty:
            return
        goal = buffer.mark
        seconds = current_timeout()
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            waiting = await self._io.run(buffer.settle, max(0.0, min(left, _SLICE_SECONDS)), goal)
            if not waiting:
                break
            if left <= 0:
                raise DeadlineExceeded(f"{waiting} calls are still uncommitted after {seconds:.3g} s")
        buffer.check()

    async def _request(
        self,
        method: str,
        target: str,
        *,
        body: Body = b"",
        headers: Optional[Mapping[str, str]] = None,
        sink: Optional[Path] = None,
        seconds: Optional[float] = None,
    ) -> Reply:
        kept: dict[str, str] = dict(headers or {})
        limit = current_timeout() if seconds is None else current_timeout(seconds)
        reply = await self._io.send(self._transport, Request(method, target, kept, body, sink, limit))
        return reply.check()

    async def _get(self, target: str) -> Any:
        return (await self._request("GET", target)).json()

    async def _send(self, method: str, target: str, document: Any = None) -> Any:
        body = _json.dumps({} if document is None else document, "body") if method != "DELETE" else b""
        headers = {"content-type": "application/json"} if body else {}
        return (await self._request(method, target, body=body, headers=headers)).json()


def folder_of(given: Union[str, Path], field: str) -> Path:
    """A folder a service was given: absolute against the working directory of now, and made."""
    try:
        folder = Path(given).expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True)
    except (TypeError, ValueError, OSError) as error:
        raise InvalidArgument(
            f"{field} is {given!r}; it must be a folder that can be made: {error}", field=field
        ) from None
    return folder
