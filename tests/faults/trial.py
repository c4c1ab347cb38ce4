# SPDX-License-Identifier: MIT
"""One trial: clients work while a fault strikes again and again; afterwards everything acknowledged must be there.

Only a loss is told as a loss. Whatever else goes wrong (a program that is missing, a disk that cannot be mounted, an
answer that never comes) is raised as it is: a build that is broken on purpose is not found out by it.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Callable

from tests.faults.clients import Load, Lost
from tests.services.tracseq import TracseqServer, program

CLIENTS = 4


def broken_program(name: str) -> Path:
    """A build that is broken on purpose; it stands beside the program under test (src/cli/CMakeLists.txt)."""
    path = program().resolve().parent / name
    assert path.is_file(), f"{path} is missing; build it first: ./run build"
    return path


def kill_and_restart(server: TracseqServer) -> None:
    server.kill()
    server.start()


def lost_under(
    strike: Callable[[TracseqServer], None],
    server: TracseqServer,
    *,
    times: int,
    pause: tuple[float, float],
    seed: int,
) -> str:
    """What clients lost while `strike` came so often, so many seconds apart; empty: nothing."""
    chooser = random.Random(seed)
    try:
        with Load(server.url, CLIENTS) as load:
            for _ in range(times):
                time.sleep(chooser.uniform(*pause))
                with load.strikes.one():
                    strike(server)
                load.raise_error()
            load.finish()
        assert load.acknowledged > times, "the clients hardly came to work"
        load.check()
        assert server.stop() == 0
        server.start()
        load.check()
    except Lost as lost:
        return str(lost)
    return ""
