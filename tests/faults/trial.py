# SPDX-License-Identifier: MIT
"""One trial: clients work while a fault strikes again and again; afterwards everything acknowledged must be there.

Only a loss is told as a loss. Whatever else goes wrong (a program that is missing, a disk that cannot be mounted, an
answer that never comes) is raised as it is: a build that is broken on purpose is not found out by it.
"""

from __future__ import annotations

import random
import time
from typing import Callable

from tests.faults.clients import Load, Lost
from tests.services.tracseq import TracseqError, TracseqServer

CLIENTS = 4
# A build that acknowledges too early has committed by then (it holds a commit back for 50 ms): only a strike loses work.
SETTLE_SECONDS = 0.5
DAMAGED = b"the database file is damaged"  # src/storage/sql/sqlite/errors.cpp


def kill_and_restart(server: TracseqServer) -> None:
    server.kill()
    server.start()


def start_again(server: TracseqServer) -> None:
    """Starts on what a disk gave back: Lost if that is no database any more, any other failure as it is."""
    log = server.folder / "serve.log"
    before = log.stat().st_size
    try:
        server.start()
    except TracseqError as error:
        if DAMAGED in log.read_bytes()[before:]:
            raise Lost(str(error)) from error
        raise


def lost_under(
    strike: Callable[[TracseqServer], None],
    server: TracseqServer,
    *,
    times: int,
    pause: tuple[float, float],
    seed: int,
) -> str:
    """What clients lost while `strike` came so often, so many seconds apart; empty: nothing.

    The clients work on for such a pause after the last strike. What is late but comes is not lost.
    """
    chooser = random.Random(seed)
    try:
        with Load(server.url, CLIENTS) as load:
            for _ in range(times):
                time.sleep(chooser.uniform(*pause))
                with load.strikes.one():
                    strike(server)
                load.raise_error()
            time.sleep(chooser.uniform(*pause))
            load.finish()
        assert load.acknowledged > times, "the clients hardly came to work"
        time.sleep(SETTLE_SECONDS)
        load.check()
        assert server.stop() == 0
        server.start()
        load.check()
    except Lost as lost:
        return str(lost)
    return ""
